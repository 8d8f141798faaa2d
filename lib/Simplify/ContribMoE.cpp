//===- ContribMoE.cpp - Mixture of experts --------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A token's k experts are rows of their own: [tokens * k, ...] through the two
// products with each row's expert (the form of tp-raise-experts), then weighted
// and summed per token. QMoE's experts are packed in blocks as those of
// MatMulNBits; they are dequantised where a product reads them.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"
#include "PackedWeights.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

using Dims = GraphBuilder::Dims;

namespace {

/// One linear layer of every expert: weights [E, N, K] and bias [E, N]. Packed
/// weights have scales [E, N, blocks], and zero points of that shape or one.
struct ExpertLayer {
  Value weights, bias, scales, zeros;
  int64_t block = 0; ///< Elements along K that share a scale.
};

class MixtureOfExperts {
public:
  MixtureOfExperts(Operation *op, GraphBuilder &g)
      : op(op), g(g), name(op->getName().stripDialect().drop_front(3)), k(getInt(op, "k", 1)) {}

  /// The layers fc1, fc2 and, where there is one, fc3.
  LogicalResult run(ArrayRef<ExpertLayer> layers, Value routerWeights = {});

private:
  LogicalResult checkSupported();
  LogicalResult checkLayer(const ExpertLayer &layer, StringRef label, AffineExpr inner, AffineExpr outer = {});
  LogicalResult route(Value routerWeights);
  Value linear(Value rows, const ExpertLayer &layer);
  ExpertLayer halfOf(const ExpertLayer &layer, AffineExpr half, int64_t i);
  Value activate(Value x);
  FailureOr<Value> gatedUnit(StringRef activation);
  FailureOr<Value> innerUnit();

  Operation *op;
  GraphBuilder &g;
  StringRef name;
  int64_t k;
  ExpertLayer fc1, fc2, fc3;
  AffineExpr tokens, rowCount;
  Value rows;    ///< [tokens * k, hidden]
  Value experts; ///< [tokens * k]
  Value weights; ///< [tokens, k, 1]: of the experts' results.
};

LogicalResult MixtureOfExperts::checkSupported() {
  for (StringRef attribute : {"use_sparse_mixer", "swiglu_limit_after_activation"})
    if (getInt(op, attribute, 0))
      return op->emitError() << name << " with " << attribute << " is not supported";
  if (GraphBuilder::rank(op->getOperand(1)) != 2 || k < 1)
    return op->emitError() << name << " needs router_probs [tokens, experts] and a positive k";
  AffineExpr hidden = GraphBuilder::dims(op->getOperand(0)).back();
  if (failed(checkLayer(fc1, "fc1", hidden)) || failed(checkLayer(fc2, "fc2", {}, hidden)))
    return failure();
  return fc3.weights ? checkLayer(fc3, "fc3", hidden, GraphBuilder::dims(fc1.weights)[1]) : success();
}

/// Whether a layer's weights are [experts, outer, inner]; a null size is any.
LogicalResult MixtureOfExperts::checkLayer(const ExpertLayer &layer, StringRef label, AffineExpr inner,
                                           AffineExpr outer) {
  if (GraphBuilder::rank(layer.weights) != 3)
    return op->emitError() << name << " needs weights of rank 3";
  Dims dims = GraphBuilder::dims(layer.weights);
  auto fits = [](AffineExpr size, AffineExpr wanted) { return !wanted || tp::provablyEqual(size, wanted); };
  if (!fits(dims[0], GraphBuilder::dims(op->getOperand(1))[1]) || !fits(dims[1], outer) || !fits(dims[2], inner))
    return op->emitError() << name << ": " << label << "_experts_weights " << layer.weights.getType()
                           << " do not fit the input and the number of experts";
  if (layer.bias && (GraphBuilder::rank(layer.bias) != 2 || !fits(GraphBuilder::dims(layer.bias)[0], dims[0]) ||
                     !fits(GraphBuilder::dims(layer.bias)[1], dims[1])))
    return op->emitError() << name << ": " << label << "_experts_bias is not [experts, rows of the weights]";
  return success();
}

/// Each token's best k experts and their weights: a softmax over all experts, or
/// numbers that the model computes, renormalised over the chosen ones where that
/// is asked for.
LogicalResult MixtureOfExperts::route(Value routerWeights) {
  Value input = op->getOperand(0);
  Dims dims = GraphBuilder::dims(input);
  AffineExpr hidden = dims.back();
  tokens = tp::product(ArrayRef(dims).drop_back(), op->getContext());
  rowCount = tp::simplify(tokens * k);
  Type element = GraphBuilder::elementType(input);
  Value logits = g.convert(op->getOperand(1), g.builder().getF32Type());
  Value probabilities = g.softmax(logits, 1);
  Dims chosen{tokens, g.size(k)};
  auto topK = onnx::TopKOp::create(g.builder(), g.location(),
                                   TypeRange{tp::makeTensorType(chosen, g.builder().getF32Type()),
                                             tp::makeTensorType(chosen, g.builder().getI64Type())},
                                   ValueRange{probabilities, g.ints(ArrayRef<int64_t>{k})}, {g.intAttr("axis", 1)});
  Value scores = topK->getResult(0);
  if (routerWeights)
    scores = g.convert(g.gatherElements(routerWeights, topK->getResult(1), 1), g.builder().getF32Type());
  if (getInt(op, "normalize_routing_weights", 0))
    scores = g.map<onnx::DivOp>({scores, g.reduce<onnx::ReduceSumOp>(scores, {1})});
  weights = g.convert(g.reshape(scores, {tokens, g.size(k), g.size(1)}), element);
  experts = g.reshape(topK->getResult(1), {rowCount});
  rows = g.reshape(input, {tokens, g.size(1), hidden});
  rows = g.reshape(g.expand(rows, {tokens, g.size(k), hidden}), {rowCount, hidden});
  return success();
}

/// rows x weights[expert]^T + bias[expert]
Value MixtureOfExperts::linear(Value x, const ExpertLayer &layer) {
  Dims dims = GraphBuilder::dims(x), table = GraphBuilder::dims(layer.weights);
  Value weights = layer.weights;
  if (layer.scales)
    weights = onnx::DequantizeLinearOp::create(g.builder(), g.location(),
                                               TypeRange{tp::makeTensorType(table, GraphBuilder::elementType(x))},
                                               ValueRange{layer.weights, layer.scales, layer.zeros},
                                               {g.intAttr("axis", 2), g.intAttr("block_size", layer.block)})
                  ->getResult(0);
  Value column = g.reshape(x, {dims[0], dims[1], g.size(1)});
  Value y = g.matmul(g.gather(weights, experts, 0), column);
  y = g.reshape(y, {rowCount, table[1]});
  return layer.bias ? g.map<onnx::AddOp>({y, g.gather(layer.bias, experts, 0)}) : y;
}

/// Rows `i`, `i` + 2, ... or the `i`-th half of a fused layer's rows.
ExpertLayer MixtureOfExperts::halfOf(const ExpertLayer &layer, AffineExpr half, int64_t i) {
  bool isInterleaved = getInt(op, "swiglu_fusion", 0) == 1;
  auto part = [&](Value value) -> Value {
    if (!value || GraphBuilder::rank(value) < 2)
      return value;
    if (!isInterleaved)
      return g.slice(value, 1, i == 0 ? g.size(0) : half, half);
    Dims full = GraphBuilder::dims(value), split{full[0], half, g.size(2)}, result{full[0], half};
    split.append(full.begin() + 2, full.end());
    result.append(full.begin() + 2, full.end());
    return g.reshape(g.slice(g.reshape(value, split), 2, i, 1), result);
  };
  return {part(layer.weights), part(layer.bias), part(layer.scales), part(layer.zeros), layer.block};
}

Value MixtureOfExperts::activate(Value x) {
  StringRef name = getString(op, "activation_type", "relu");
  if (name == "relu")
    return g.map<onnx::ReluOp>({x});
  if (name == "gelu")
    return g.map<onnx::GeluOp>({x}, {}, g.builder().getNamedAttr("approximate", g.builder().getStringAttr("tanh")));
  if (name == "silu")
    return g.map<onnx::SwishOp>({x}, {}, g.floatAttr("alpha", 1));
  return name == "identity" ? x : Value();
}

/// swish(gate) * (linear + beta), both bounded by swiglu_limit; their weights are
/// interleaved, one behind the other, or apart.
FailureOr<Value> MixtureOfExperts::gatedUnit(StringRef activation) {
  ExpertLayer gateLayer = fc1, upLayer = fc3;
  if (!fc3.weights) {
    int64_t fusion = getInt(op, "swiglu_fusion", 0);
    AffineExpr half = tp::divideExactly(GraphBuilder::dims(fc1.weights)[1], g.size(2));
    if (!half || (fusion != 1 && fusion != 2))
      return op->emitError() << name << " with swiglu needs fc3 weights or swiglu_fusion";
    gateLayer = halfOf(fc1, half, 0);
    upLayer = halfOf(fc1, half, 1);
  }
  Value gate = linear(rows, gateLayer), up = linear(rows, upLayer);
  if (activation != "swiglu") {
    Value activated = activate(gate);
    return activated ? g.map<onnx::MulOp>({activated, up}) : Value();
  }
  if (op->hasAttr("swiglu_limit")) {
    double limit = getFloat(op, "swiglu_limit", 0);
    gate = g.withScalar<onnx::MinOp>(gate, limit);
    up = g.withScalar<onnx::MaxOp>(g.withScalar<onnx::MinOp>(up, limit), -limit);
  }
  gate = g.map<onnx::SwishOp>({gate}, {}, g.floatAttr("alpha", getFloat(op, "activation_alpha", 1)));
  if (double beta = getFloat(op, "activation_beta", 0))
    up = g.withScalar<onnx::AddOp>(up, beta);
  return g.map<onnx::MulOp>({gate, up});
}

/// What fc2 is applied to.
FailureOr<Value> MixtureOfExperts::innerUnit() {
  StringRef activation = getString(op, "activation_type", "relu");
  FailureOr<Value> inner = activation == "swiglu" || fc3.weights ? gatedUnit(activation) : activate(linear(rows, fc1));
  if (failed(inner))
    return failure();
  if (!*inner)
    return op->emitError() << name << " with activation_type '" << activation << "' is not supported";
  if (!tp::provablyEqual(GraphBuilder::dims(*inner)[1], GraphBuilder::dims(fc2.weights)[2]))
    return op->emitError() << name << ": fc2_experts_weights " << fc2.weights.getType() << " do not fit those of fc1";
  return inner;
}

LogicalResult MixtureOfExperts::run(ArrayRef<ExpertLayer> layers, Value routerWeights) {
  fc1 = layers[0];
  fc2 = layers[1];
  fc3 = layers[2];
  if (failed(checkSupported()) || failed(route(routerWeights)))
    return failure();
  FailureOr<Value> inner = innerUnit();
  if (failed(inner))
    return failure();
  Value y = linear(*inner, fc2);
  Dims dims = GraphBuilder::dims(op->getOperand(0));
  Value perToken = g.reshape(y, {tokens, g.size(k), dims.back()});
  Value sum = g.reduce<onnx::ReduceSumOp>(g.map<onnx::MulOp>({perToken, weights}), {1});
  replaceResult(op, 0, g.reshape(sum, dims));
  return success();
}

LogicalResult rewriteMoE(Operation *op, GraphBuilder &g) {
  ExpertLayer layers[] = {{op->getOperand(2), getOperand(op, 3)},
                          {op->getOperand(4), getOperand(op, 5)},
                          {getOperand(op, 6), getOperand(op, 7)}};
  return MixtureOfExperts(op, g).run(layers);
}

//===----------------------------------------------------------------------===//
// Packed experts
//===----------------------------------------------------------------------===//

/// The operands of one layer of QMoE.
struct PackedOperands {
  StringRef label;
  unsigned weights, scales, bias, zeros;
};

/// A layer's packed weights as [E, N, K] of their own width, with a scale for
/// each block of a row, or for each row.
FailureOr<ExpertLayer> unpackLayer(Operation *op, GraphBuilder &g, const PackedOperands &from) {
  ExpertLayer layer;
  layer.bias = getOperand(op, from.bias);
  Value bytes = getOperand(op, from.weights), scales = getOperand(op, from.scales), zeros = getOperand(op, from.zeros);
  if (!bytes)
    return layer;
  std::string widthName = (from.label + "_expert_weight_bits").str();
  int64_t bits = getInt(op, widthName, getInt(op, "expert_weight_bits", 4)), block = getInt(op, "block_size", 0);
  if (bits != 2 && bits != 4 && bits != 8)
    return op->emitError() << "QMoE with " << from.label << " experts of " << bits << " bits ("
                           << (op->hasAttr(widthName) ? StringRef(widthName) : StringRef("expert_weight_bits"))
                           << ") is not supported";
  auto type = cast<RankedTensorType>(bytes.getType());
  if (type.getRank() != 3 || !type.hasStaticShape() || !type.getElementType().isUnsignedInteger(8) || !scales)
    return op->emitError() << "QMoE needs " << from.label << "_experts_weights of three known sizes in bytes and "
                           << from.label << "_scales";
  int64_t experts = type.getDimSize(0), outer = type.getDimSize(1), inner = type.getDimSize(2) * (8 / bits);
  layer.block = block > 0 ? block : inner;
  int64_t rows = experts * outer, blocks = llvm::divideCeil(inner, std::max<int64_t>(layer.block, 1));
  auto shaped = [&](Value value, int64_t last) -> Value {
    return value ? g.reshape(value, {g.size(experts), g.size(outer), g.size(last)}) : Value();
  };
  layer.weights = shaped(unpackRows(g.builder(), bytes, bits, rows, inner), inner);
  layer.scales = shaped(makeBlockMatrix(g.builder(), scales, rows, blocks), blocks);
  if (!zeros)
    layer.zeros = g.scalar(1 << (bits - 1), g.builder().getIntegerType(bits, /*isSigned=*/false));
  else if (block > 0)
    layer.zeros = shaped(unpackRows(g.builder(), zeros, bits, rows, blocks), blocks);
  else // Packed along the rows of an expert.
    layer.zeros = shaped(unpackRows(g.builder(), zeros, bits, experts, outer), 1);
  if (!layer.weights || !layer.scales || !layer.zeros)
    return op->emitError() << "QMoE: the sizes of the weights, scales and zero points of " << from.label
                           << " do not fit each other and block_size " << block;
  return layer;
}

LogicalResult rewriteQMoE(Operation *op, GraphBuilder &g) {
  if (StringRef kind = getString(op, "quant_type", "int"); kind != "int")
    return op->emitError() << "QMoE with quant_type '" << kind << "' is not supported";
  // The default's meaning is the device's; a model for the CPU has plain rows.
  if (getInt(op, "weights_prepacked", -1) == 1)
    return op->emitError("QMoE with weights_prepacked (a layout of one kind of device) is not supported");
  if (failed(rejectOperands(op, {{15, "fc1_global_scale"},
                                 {16, "fc2_global_scale"},
                                 {17, "fc1_act_scale"},
                                 {18, "fc2_act_scale"},
                                 {19, "fc1_act_block_scale"},
                                 {20, "fc2_act_block_scale"}})))
    return failure();
  SmallVector<ExpertLayer> layers;
  for (const PackedOperands &operands :
       {PackedOperands{"fc1", 2, 3, 4, 11}, PackedOperands{"fc2", 5, 6, 7, 12}, PackedOperands{"fc3", 8, 9, 10, 13}}) {
    FailureOr<ExpertLayer> layer = unpackLayer(op, g, operands);
    if (failed(layer))
      return failure();
    layers.push_back(*layer);
  }
  return MixtureOfExperts(op, g).run(layers, getOperand(op, 14));
}

} // namespace

void contrib::addMoERewrites(Rewrites &rewrites) {
  rewrites["MoE"] = rewriteMoE;
  rewrites["QMoE"] = rewriteQMoE;
}
