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
// and summed per token.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

using Dims = GraphBuilder::Dims;

namespace {

class MixtureOfExperts {
public:
  MixtureOfExperts(Operation *op, GraphBuilder &g) : op(op), g(g), k(getInt(op, "k", 1)) {}

  LogicalResult run();

private:
  LogicalResult checkSupported();
  LogicalResult route();
  Value linear(Value rows, Value weights, Value bias);
  Value activate(Value x);
  FailureOr<Value> feedForward();
  FailureOr<Value> gatedUnit(StringRef activation);

  Operation *op;
  GraphBuilder &g;
  int64_t k;
  AffineExpr tokens, rowCount;
  Value rows;    ///< [tokens * k, hidden]
  Value experts; ///< [tokens * k]
  Value weights; ///< [tokens, k, 1]: of the experts' results.
};

LogicalResult MixtureOfExperts::checkSupported() {
  if (getInt(op, "use_sparse_mixer", 0))
    return op->emitError("MoE with use_sparse_mixer is not supported");
  if (getInt(op, "swiglu_limit_after_activation", 0))
    return op->emitError("MoE with swiglu_limit_after_activation is not supported");
  for (unsigned i : {2u, 4u})
    if (GraphBuilder::rank(op->getOperand(i)) != 3)
      return op->emitError("MoE needs weights of rank 3");
  if (GraphBuilder::rank(op->getOperand(1)) != 2 || k < 1)
    return op->emitError("MoE needs router_probs [tokens, experts] and a positive k");
  return success();
}

/// Each token's best k experts and their weights: a softmax over all experts,
/// renormalised over the chosen ones where that is asked for.
LogicalResult MixtureOfExperts::route() {
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
  if (getInt(op, "normalize_routing_weights", 0))
    scores = g.map<onnx::DivOp>({scores, g.reduce<onnx::ReduceSumOp>(scores, {1})});
  weights = g.convert(g.reshape(scores, {tokens, g.size(k), g.size(1)}), element);
  experts = g.reshape(topK->getResult(1), {rowCount});
  rows = g.reshape(input, {tokens, g.size(1), hidden});
  rows = g.reshape(g.expand(rows, {tokens, g.size(k), hidden}), {rowCount, hidden});
  return success();
}

/// rows x weights[expert]^T + bias[expert]
Value MixtureOfExperts::linear(Value x, Value expertWeights, Value bias) {
  Dims dims = GraphBuilder::dims(x);
  Value column = g.reshape(x, {dims[0], dims[1], g.size(1)});
  Value y = g.matmul(g.gather(expertWeights, experts, 0), column);
  y = g.reshape(y, {rowCount, GraphBuilder::dims(expertWeights)[1]});
  return bias ? g.map<onnx::AddOp>({y, g.gather(bias, experts, 0)}) : y;
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
  Value fc1 = op->getOperand(2), fc1Bias = getOperand(op, 3), fc3 = getOperand(op, 6), fc3Bias = getOperand(op, 7);
  int64_t fusion = getInt(op, "swiglu_fusion", 0);
  Dims dims = GraphBuilder::dims(fc1);
  Value gate, up;
  if (fc3) {
    gate = linear(rows, fc1, fc1Bias);
    up = linear(rows, fc3, fc3Bias);
  } else {
    AffineExpr half = tp::divideExactly(dims[1], g.size(2));
    if (!half || fusion == 0)
      return op->emitError("MoE with swiglu needs fc3 weights or swiglu_fusion");
    auto part = [&](Value value, int64_t i) -> Value {
      if (!value)
        return {};
      if (fusion == 2)
        return g.slice(value, 1, i == 0 ? g.size(0) : half, half);
      Dims full = GraphBuilder::dims(value), split{full[0], half, g.size(2)}, result{full[0], half};
      split.append(full.begin() + 2, full.end());
      result.append(full.begin() + 2, full.end());
      return g.reshape(g.slice(g.reshape(value, split), 2, i, 1), result);
    };
    gate = linear(rows, part(fc1, 0), part(fc1Bias, 0));
    up = linear(rows, part(fc1, 1), part(fc1Bias, 1));
  }
  if (activation != "swiglu")
    return g.map<onnx::MulOp>({activate(gate), up});
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

FailureOr<Value> MixtureOfExperts::feedForward() {
  StringRef activation = getString(op, "activation_type", "relu");
  Value inner;
  if (activation == "swiglu" || getOperand(op, 6)) {
    FailureOr<Value> unit = gatedUnit(activation);
    if (failed(unit))
      return failure();
    inner = *unit;
  } else {
    inner = activate(linear(rows, op->getOperand(2), getOperand(op, 3)));
  }
  if (!inner)
    return op->emitError() << "MoE with activation_type '" << activation << "' is not supported";
  return linear(inner, op->getOperand(4), getOperand(op, 5));
}

LogicalResult MixtureOfExperts::run() {
  if (failed(checkSupported()) || failed(route()))
    return failure();
  FailureOr<Value> y = feedForward();
  if (failed(y))
    return failure();
  AffineExpr hidden = GraphBuilder::dims(*y).back();
  Value perToken = g.reshape(*y, {tokens, g.size(k), hidden});
  Value sum = g.reduce<onnx::ReduceSumOp>(g.map<onnx::MulOp>({perToken, weights}), {1});
  replaceResult(op, 0, g.reshape(sum, GraphBuilder::dims(op->getOperand(0))));
  return success();
}

LogicalResult rewriteMoE(Operation *op, GraphBuilder &g) { return MixtureOfExperts(op, g).run(); }

} // namespace

void contrib::addMoERewrites(Rewrites &rewrites) { rewrites["MoE"] = rewriteMoE; }
