//===- StablehloOperators.cpp - Operators as StableHLO -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What dense transformer blocks are made of. Everything else is an error.

#include "StablehloPrinter.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpo {

namespace {

class OperatorPrinter {
public:
  OperatorPrinter(StablehloPrinter &hlo, Operation *op, HloValues &values) : hlo(hlo), op(op), values(values) {}
  LogicalResult run();

private:
  LogicalResult runOnnx(StringRef name);
  LogicalResult runMovement(StringRef name);
  LogicalResult runLinalg();

  const HloTensor *find(unsigned operand) const {
    auto it = operand < op->getNumOperands() ? values.find(op->getOperand(operand)) : values.end();
    return it == values.end() ? nullptr : &it->second;
  }
  const HloTensor &in(unsigned operand) const { return *find(operand); }
  RankedTensorType resultType() const { return getPlainType(op->getResult(0).getType()); }
  ArrayRef<int64_t> resultShape() const { return cast<RankedTensorType>(op->getResult(0).getType()).getShape(); }
  LogicalResult set(HloTensor result) {
    values[op->getResult(0)] = std::move(result);
    return success();
  }
  LogicalResult reject(const Twine &why) { return op->emitError("is not exported to StableHLO: ") << why; }
  int64_t integer(StringRef name, int64_t otherwise) const {
    auto attr = op->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getValue().getSExtValue() : otherwise;
  }
  double number(StringRef name, double otherwise) const {
    auto attr = op->getAttrOfType<FloatAttr>(name);
    return attr ? attr.getValueAsDouble() : otherwise;
  }
  int64_t axis(int64_t otherwise, int64_t rank) const {
    int64_t value = integer("axis", otherwise);
    return value < 0 ? value + rank : value;
  }
  std::optional<SmallVector<int64_t>> constant(unsigned operand) const;
  HloTensor convert(const HloTensor &x, Type element) {
    return x.type.getElementType() == element
               ? x
               : hlo.emit("stablehlo.convert", x, RankedTensorType::get(x.getShape(), element));
  }

  LogicalResult matMul();
  LogicalResult gelu();
  LogicalResult normalization(bool centred);
  LogicalResult rotary();
  LogicalResult attention();
  LogicalResult gather();
  LogicalResult slice();

  StablehloPrinter &hlo;
  Operation *op;
  HloValues &values;
};

std::optional<SmallVector<int64_t>> OperatorPrinter::constant(unsigned operand) const {
  Operation *def = operand < op->getNumOperands() ? op->getOperand(operand).getDefiningOp() : nullptr;
  auto elements = def ? def->getAttrOfType<DenseIntElementsAttr>("value") : DenseIntElementsAttr();
  if (!elements)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (const APInt &value : elements)
    result.push_back(value.getSExtValue());
  return result;
}

LogicalResult OperatorPrinter::matMul() {
  HloTensor a = in(0), b = in(1);
  int64_t rankA = a.getRank(), rankB = b.getRank();
  if (rankA < 2 || rankB < 2)
    return reject("a product of vectors");
  if (rankB == 2)
    return set(hlo.dot(a, b, {}, {}, rankA - 1, 0));
  if (rankA != rankB || a.getShape().drop_back(2) != b.getShape().drop_back(2))
    return reject("batches of different shape");
  SmallVector<int64_t> batch = llvm::to_vector(llvm::seq<int64_t>(0, rankA - 2));
  return set(hlo.dot(a, b, batch, batch, rankA - 1, rankB - 2));
}

LogicalResult OperatorPrinter::gelu() {
  HloTensor x = in(0);
  auto approximate = op->getAttrOfType<StringAttr>("approximate");
  HloTensor inner;
  if (approximate && approximate.getValue() == "tanh") {
    HloTensor cube = hlo.binary("stablehlo.multiply", hlo.binary("stablehlo.multiply", x, x), x);
    HloTensor sum = hlo.binary("stablehlo.add", x, hlo.binary("stablehlo.multiply", cube, 0.044715));
    inner = hlo.unary("stablehlo.tanh", hlo.binary("stablehlo.multiply", sum, 0.7978845608028654));
  } else {
    inner = hlo.unary("chlo.erf", hlo.binary("stablehlo.multiply", x, 0.7071067811865476));
  }
  HloTensor half = hlo.binary("stablehlo.multiply", x, 0.5);
  return set(hlo.binary("stablehlo.multiply", half, hlo.binary("stablehlo.add", inner, 1.0)));
}

LogicalResult OperatorPrinter::normalization(bool centred) {
  HloTensor x = in(0);
  int64_t last = x.getRank() - 1;
  if (axis(-1, x.getRank()) != last)
    return reject("it normalises over several dimensions");
  for (OpResult result : llvm::drop_begin(op->getResults()))
    if (!result.use_empty())
      return reject("its statistics are used");
  auto mean = [&](const HloTensor &value) {
    HloTensor sum = hlo.reduce("stablehlo.add", value, last);
    return hlo.binary("stablehlo.divide", sum, double(x.getShape()[last]));
  };
  if (centred)
    x = hlo.binary("stablehlo.subtract", x, mean(x));
  HloTensor square = mean(hlo.binary("stablehlo.multiply", x, x));
  HloTensor scale = hlo.unary("stablehlo.rsqrt", hlo.binary("stablehlo.add", square, number("epsilon", 1e-5)));
  HloTensor y = hlo.binary("stablehlo.multiply", hlo.binary("stablehlo.multiply", x, scale), in(1));
  if (find(2))
    y = hlo.binary("stablehlo.add", y, in(2));
  return set(y);
}

LogicalResult OperatorPrinter::rotary() {
  HloTensor x = in(0), cos = in(1), sin = in(2);
  if (x.getRank() != 4 || find(3) || cos.getRank() != 3 || integer("interleaved", 0) != 0)
    return reject("need heads as a dimension, angles per position, and halves that are not interleaved");
  int64_t size = x.getShape()[3], half = cos.getShape()[2];
  SmallVector<int64_t> shape(x.getShape());
  shape[3] = half;
  cos = hlo.broadcast(cos, shape, {0, 2, 3});
  sin = hlo.broadcast(sin, shape, {0, 2, 3});
  HloTensor low = hlo.slice(x, 3, 0, half), high = hlo.slice(x, 3, half, 2 * half);
  auto multiply = [&](const HloTensor &a, const HloTensor &b) { return hlo.binary("stablehlo.multiply", a, b); };
  SmallVector<HloTensor> parts = {hlo.binary("stablehlo.subtract", multiply(low, cos), multiply(high, sin)),
                                  hlo.binary("stablehlo.add", multiply(high, cos), multiply(low, sin))};
  if (2 * half < size)
    parts.push_back(hlo.slice(x, 3, 2 * half, size));
  return set(hlo.concatenate(parts, 3, x.type));
}

/// Query heads are a pair (KV head, query of its group), so that a layout of
/// the KV heads is one of the pair's first part.
LogicalResult OperatorPrinter::attention() {
  HloTensor q = in(0), k = in(1), v = in(2);
  if (q.getRank() != 4 || k.getRank() != 4 || v.getRank() != 4)
    return reject("need heads as a dimension");
  bool plain = integer("is_causal", 0) == 0 && integer("left_window_size", -1) < 0 &&
               integer("right_window_size", -1) < 0 && number("softcap", 0) == 0 && !find(4) && !find(5) && !find(6);
  for (OpResult result : llvm::drop_begin(op->getResults()))
    plain &= result.use_empty();
  if (!plain)
    return reject("need attention without window, cap, cache or causal flag; a mask is an operand");
  int64_t batch = q.getShape()[0], heads = q.getShape()[1], queries = q.getShape()[2];
  int64_t kvHeads = k.getShape()[1], group = heads / kvHeads;
  double scale = number("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(double(q.getShape()[3]));
  HloTensor grouped = hlo.reshape(q, {batch, kvHeads, group, queries, q.getShape()[3]});
  HloTensor scores = hlo.dot(grouped, k, {0, 1}, {0, 1}, 4, 3);
  scores = hlo.binary("stablehlo.multiply", scores, scale);
  if (const HloTensor *mask = find(3)) {
    SmallVector<int64_t> shape(4 - std::min<int64_t>(4, mask->getRank()), 1);
    llvm::append_range(shape, mask->getShape());
    bool perHead = shape[1] != 1;
    HloTensor whole = hlo.reshape(*mask, {shape[0], perHead ? kvHeads : 1, perHead ? group : 1, shape[2], shape[3]});
    whole = hlo.broadcast(whole, scores.getShape());
    scores = whole.type.getElementType().isInteger(1)
                 ? hlo.emit("stablehlo.select", {whole, scores, hlo.splat(-1e9, scores.type)}, scores.type)
                 : hlo.binary("stablehlo.add", scores, whole);
  }
  HloTensor y = hlo.dot(hlo.softmax(scores, 4), v, {0, 1}, {0, 1}, 4, 2);
  return set(hlo.reshape(y, resultShape()));
}

LogicalResult OperatorPrinter::gather() {
  HloTensor table = in(0), indices = in(1);
  if (axis(0, table.getRank()) != 0 || table.getRank() != 2)
    return reject("only rows of a matrix are gathered");
  std::string rank = std::to_string(indices.getRank());
  return set(hlo.emit("stablehlo.gather", {table, indices}, resultType(),
                      "dimension_numbers = #stablehlo.gather<offset_dims = [" + rank +
                          "], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = " + rank +
                          ">, slice_sizes = array<i64: 1, " + Twine(table.getShape()[1]) +
                          ">, indices_are_sorted = false"));
}

LogicalResult OperatorPrinter::slice() {
  auto starts = constant(1), ends = constant(2);
  auto axes = constant(3), steps = constant(4);
  HloTensor x = in(0);
  if (!starts || !ends || (op->getNumOperands() > 3 && !axes))
    return reject("its bounds are not constant");
  if (steps && llvm::any_of(*steps, [](int64_t step) { return step != 1; }))
    return reject("its step is not 1");
  for (auto [index, start] : llvm::enumerate(*starts)) {
    int64_t dim = axes ? (*axes)[index] : int64_t(index);
    dim = dim < 0 ? dim + x.getRank() : dim;
    int64_t size = x.getShape()[dim];
    auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
    x = hlo.slice(x, dim, clamp(start), clamp((*ends)[index]));
  }
  return set(x);
}

/// The StableHLO operation that does the same to every element; empty if there
/// is none.
StringRef getElementwise(StringRef name) {
  return llvm::StringSwitch<StringRef>(name)
      .Cases({"onnx.Add", "arith.addf", "arith.addi"}, "stablehlo.add")
      .Cases({"onnx.Sub", "arith.subf", "arith.subi"}, "stablehlo.subtract")
      .Cases({"onnx.Mul", "arith.mulf", "arith.muli"}, "stablehlo.multiply")
      .Cases({"onnx.Div", "arith.divf"}, "stablehlo.divide")
      .Cases({"onnx.Pow", "math.powf"}, "stablehlo.power")
      .Cases({"onnx.Max", "arith.maximumf"}, "stablehlo.maximum")
      .Cases({"onnx.Min", "arith.minimumf"}, "stablehlo.minimum")
      .Case("onnx.And", "stablehlo.and")
      .Case("onnx.Or", "stablehlo.or")
      .Cases({"onnx.Exp", "math.exp"}, "stablehlo.exponential")
      .Cases({"onnx.Log", "math.log"}, "stablehlo.log")
      .Cases({"onnx.Sqrt", "math.sqrt"}, "stablehlo.sqrt")
      .Cases({"onnx.Tanh", "math.tanh"}, "stablehlo.tanh")
      .Cases({"onnx.Cos", "math.cos"}, "stablehlo.cosine")
      .Cases({"onnx.Sin", "math.sin"}, "stablehlo.sine")
      .Cases({"onnx.Neg", "arith.negf"}, "stablehlo.negate")
      .Case("onnx.Not", "stablehlo.not")
      .Case("onnx.Sigmoid", "stablehlo.logistic")
      .Cases({"onnx.Erf", "math.erf"}, "chlo.erf")
      .Default("");
}

LogicalResult OperatorPrinter::runMovement(StringRef name) {
  if (name == "onnx.Identity")
    return set(in(0));
  if (name == "onnx.Reshape" || name == "onnx.Unsqueeze" || name == "onnx.Squeeze" || name == "onnx.Flatten")
    return set(hlo.reshape(in(0), resultShape()));
  if (name == "onnx.Expand")
    return set(hlo.broadcast(in(0), resultShape()));
  if (name == "onnx.Slice")
    return slice();
  if (name == "onnx.Gather")
    return gather();
  if (name == "onnx.Concat") {
    SmallVector<HloTensor> inputs;
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      inputs.push_back(in(i));
    return set(hlo.concatenate(inputs, axis(0, resultType().getRank()), resultType()));
  }
  if (name == "onnx.Transpose") {
    SmallVector<int64_t> permutation;
    if (auto perm = op->getAttrOfType<ArrayAttr>("perm"))
      for (Attribute dim : perm)
        permutation.push_back(cast<IntegerAttr>(dim).getInt());
    else
      for (int64_t dim = in(0).getRank(); dim-- > 0;)
        permutation.push_back(dim);
    return set(hlo.transpose(in(0), permutation));
  }
  return reject("this operator has no form there");
}

LogicalResult OperatorPrinter::runOnnx(StringRef name) {
  if (name == "onnx.MatMul")
    return matMul();
  if (name == "onnx.Gelu")
    return gelu();
  if (name == "onnx.LayerNormalization" || name == "onnx.RMSNormalization")
    return normalization(/*centred=*/name == "onnx.LayerNormalization");
  if (name == "onnx.RotaryEmbedding")
    return rotary();
  if (name == "onnx.Attention")
    return attention();
  if (name == "onnx.Softmax")
    return set(hlo.softmax(in(0), axis(-1, in(0).getRank())));
  if (name == "onnx.Relu")
    return set(hlo.binary("stablehlo.maximum", in(0), 0.0));
  if (name == "onnx.Swish") {
    double alpha = number("alpha", 1);
    HloTensor scaled = alpha == 1 ? in(0) : hlo.binary("stablehlo.multiply", in(0), alpha);
    return set(hlo.binary("stablehlo.multiply", in(0), hlo.unary("stablehlo.logistic", scaled)));
  }
  if (name == "onnx.Cast") {
    // What is not zero is true, in StableHLO too.
    return set(convert(in(0), resultType().getElementType()));
  }
  if (name == "onnx.Where") {
    SmallVector<HloTensor> operands;
    for (unsigned i = 0; i < 3; ++i)
      operands.push_back(hlo.broadcast(in(i), resultShape()));
    return set(hlo.emit("stablehlo.select", operands, resultType()));
  }
  return runMovement(name);
}

LogicalResult OperatorPrinter::runLinalg() {
  auto matmul = dyn_cast<linalg::MatmulOp>(op);
  if (!matmul || matmul.hasUserDefinedMaps())
    return reject("of linalg only plain products and fills are");
  HloTensor product = hlo.dot(in(0), in(1), {}, {}, 1, 0);
  auto fill = op->getOperand(2).getDefiningOp<linalg::FillOp>();
  bool isZero = fill && matchPattern(fill.getInputs().front(), m_AnyZeroFloat());
  return set(isZero ? product : hlo.binary("stablehlo.add", product, in(2)));
}

LogicalResult OperatorPrinter::run() {
  StringRef name = op->getName().getStringRef();
  if (name == "onnx.NoValue" || name == "tensor.empty" || op->getNumResults() == 0)
    return success();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto elements = op->getAttrOfType<ElementsAttr>("value");
  if (!type) {
    // A scalar is read where it is used.
    return name == "arith.constant" ? success() : reject("makes no tensor");
  }
  if (!type.hasStaticShape())
    return reject("sizes of its result are not static; fix them");
  if ((name == "onnx.Constant" || name == "arith.constant") && elements) {
    std::string text;
    llvm::raw_string_ostream(text) << "value = " << Attribute(elements);
    return set(hlo.emit("stablehlo.constant", {}, resultType(), text));
  }
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    FloatAttr value;
    if (!matchPattern(fill.getInputs().front(), m_Constant(&value)))
      return reject("its value is not constant");
    return set(hlo.splat(value.getValueAsDouble(), resultType()));
  }
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (isa<RankedTensorType>(operand.getType()) && !find(index) && !operand.getDefiningOp<linalg::FillOp>())
      return reject("operand " + Twine(index) + " has no value there");
  if (StringRef same = getElementwise(name); !same.empty()) {
    if (op->getNumOperands() == 1)
      return set(hlo.unary(same, in(0)));
    HloTensor result = in(0);
    for (unsigned i = 1; i < op->getNumOperands(); ++i)
      result = hlo.binary(same, result, in(i));
    return set(result);
  }
  if (isa<linalg::LinalgOp>(op))
    return runLinalg();
  return runOnnx(name);
}

} // namespace

LogicalResult printOperator(StablehloPrinter &printer, Operation *op, HloValues &values) {
  return OperatorPrinter(printer, op, values).run();
}

} // namespace tpo
