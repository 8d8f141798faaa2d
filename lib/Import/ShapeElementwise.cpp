//===- ShapeElementwise.cpp - Elementwise operators -----------------------===//

#include "ShapeInference.h"

using namespace mlir;
using namespace tpo::importer;

static LogicalResult inferSame(Node &node) {
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

static LogicalResult inferPredicate(Node &node) {
  node.setResult(0, IntegerType::get(node.context(), 1), node.dims(0));
  return success();
}

static LogicalResult requireSameElementTypes(Node &node, size_t first) {
  for (size_t i = first + 1; i < node.operands.size(); ++i)
    if (node.has(i) && node.elem(i) != node.elem(first))
      return node.emitError()
             << "operands have different element types: " << node.elem(first)
             << " and " << node.elem(i);
  return success();
}

// Operands from `first` on broadcast against each other.
static FailureOr<Dims> broadcastOperands(Node &node, size_t first = 0) {
  SmallVector<Dims> shapes;
  for (size_t i = first; i < node.operands.size(); ++i)
    if (node.has(i))
      shapes.push_back(node.dims(i));
  return node.broadcast(shapes);
}

static LogicalResult inferBroadcast(Node &node) {
  if (failed(requireSameElementTypes(node, 0)))
    return failure();
  FailureOr<Dims> dims = broadcastOperands(node);
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), *dims);
  return success();
}

// Pow and BitShift take operands of different types; the result has the first.
static LogicalResult inferBroadcastMixed(Node &node) {
  FailureOr<Dims> dims = broadcastOperands(node);
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), *dims);
  return success();
}

static LogicalResult inferComparison(Node &node) {
  if (failed(inferBroadcast(node)))
    return failure();
  node.resultTypes[0].elem = IntegerType::get(node.context(), 1);
  return success();
}

static LogicalResult inferWhere(Node &node) {
  if (!node.elem(0).isInteger(1))
    return node.emitError()
           << "the condition must be bool, got " << node.elem(0);
  if (failed(requireSameElementTypes(node, 1)))
    return failure();
  FailureOr<Dims> dims = broadcastOperands(node);
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(1), *dims);
  return success();
}

static LogicalResult inferCast(Node &node) {
  FailureOr<Type> type = resolveElementType(node, node.getInt("to", 0));
  if (failed(type))
    return failure();
  node.setResult(0, *type, node.dims(0));
  return success();
}

static LogicalResult inferCastLike(Node &node) {
  node.setResult(0, node.elem(1), node.dims(0));
  return success();
}

static LogicalResult inferPRelu(Node &node) {
  FailureOr<Dims> dims = node.broadcast({node.dims(0), node.dims(1)});
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

// The sizes of scale and zero point (operands 1 and 2): those of one number, of
// one number for each index of the axis, or for each block along it.
static LogicalResult checkQuantizationParameters(Node &node) {
  int64_t block = node.getInt("block_size", 0);
  for (size_t i : {1, 2}) {
    if (!node.has(i))
      continue;
    const Dims &own = node.dims(i), &data = node.dims(0);
    if (countElements(own) == 1)
      continue;
    FailureOr<int64_t> axis =
        node.normalizeAxis(node.getInt("axis", 1), data.size());
    if (failed(axis))
      return failure();
    StringRef name = node.info->operands[i].name;
    if (block < 0 || (block == 0 && own.size() != 1) ||
        (block > 0 && own.size() != data.size()))
      return node.emitError()
             << "'" << name << "' has " << own.size() << " dimensions, which "
             << "fits neither one for the axis nor blocks of " << block;
    for (size_t dim = 0; dim < own.size(); ++dim) {
      size_t of = block ? dim : *axis;
      AffineExpr need = node.dims(0)[of];
      if (block && static_cast<int64_t>(dim) == *axis)
        need = need.ceilDiv(block);
      if (failed(node.unify(node.dims(i)[dim], need,
                            ("the sizes of '" + name + "'").str())))
        return failure();
    }
  }
  return success();
}

static FailureOr<Type> namedOutputType(Node &node, Type otherwise) {
  int64_t dataType = node.getInt("output_dtype", 0);
  return dataType ? resolveElementType(node, dataType)
                  : FailureOr<Type>(otherwise);
}

static LogicalResult inferQuantize(Node &node) {
  Type byte = IntegerType::get(node.context(), 8, IntegerType::Unsigned);
  FailureOr<Type> type =
      namedOutputType(node, node.has(2) ? node.elem(2) : byte);
  if (failed(type) || failed(checkQuantizationParameters(node)))
    return failure();
  if (node.has(2) && node.elem(2) != *type)
    return node.emitError() << "output_dtype " << *type
                            << " differs from the zero point's type "
                            << node.elem(2);
  if (type->getIntOrFloatBitWidth() > 16 ||
      isa<Float16Type, BFloat16Type>(*type))
    return node.emitError() << "cannot quantize to " << *type;
  node.setResult(0, *type, node.dims(0));
  return success();
}

static LogicalResult inferDequantize(Node &node) {
  FailureOr<Type> type = namedOutputType(node, node.elem(1));
  if (failed(type) || failed(checkQuantizationParameters(node)))
    return failure();
  if (node.has(2) && node.elem(2) != node.elem(0))
    return node.emitError() << "the zero point is " << node.elem(2)
                            << ", the quantized tensor " << node.elem(0);
  if (!isa<Float32Type, Float16Type, BFloat16Type>(*type))
    return node.emitError() << "cannot dequantize to " << *type;
  node.setResult(0, *type, node.dims(0));
  return success();
}

static LogicalResult inferDynamicQuantize(Node &node) {
  Type byte = IntegerType::get(node.context(), 8, IntegerType::Unsigned);
  node.setResult(0, byte, node.dims(0));
  node.setResult(1, node.elem(0), {});
  node.setResult(2, byte, {});
  return success();
}

static LogicalResult inferBitCast(Node &node) {
  if (failed(inferCast(node)))
    return failure();
  // A bool is a byte.
  auto bits = [](Type type) {
    unsigned width = type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 0;
    return width == 1 ? 8 : width;
  };
  if (!bits(node.elem(0)) ||
      bits(node.resultTypes[0].elem) != bits(node.elem(0)))
    return node.emitError() << "cannot reinterpret " << node.elem(0) << " as "
                            << node.resultTypes[0].elem;
  return success();
}

void tpo::importer::addElementwiseInference(InferTable &table) {
  for (StringRef name : {"Abs",         "Acos",       "Acosh",
                         "Asin",        "Asinh",      "Atan",
                         "Atanh",       "BitwiseNot", "Ceil",
                         "Celu",        "Clip",       "Cos",
                         "Cosh",        "Elu",        "Erf",
                         "Exp",         "Floor",      "Gelu",
                         "HardSigmoid", "HardSwish",  "Identity",
                         "LeakyRelu",   "Log",        "Mish",
                         "Neg",         "Not",        "Reciprocal",
                         "Relu",        "Round",      "Selu",
                         "Shrink",      "Sigmoid",    "Sign",
                         "Sin",         "Sinh",       "Softplus",
                         "Softsign",    "Sqrt",       "Swish",
                         "Tan",         "Tanh",       "ThresholdedRelu"})
    table[("onnx." + name).str()] = inferSame;
  for (StringRef name : {"IsNaN", "IsInf"})
    table[("onnx." + name).str()] = inferPredicate;
  for (StringRef name : {"Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Mean", "Sum", "And", "Or", "Xor", "SwiGLU",
                         "BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    table[("onnx." + name).str()] = inferBroadcast;
  for (StringRef name : {"Pow", "BitShift"})
    table[("onnx." + name).str()] = inferBroadcastMixed;
  for (StringRef name :
       {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"})
    table[("onnx." + name).str()] = inferComparison;
  table["onnx.Where"] = inferWhere;
  table["onnx.Cast"] = inferCast;
  table["onnx.CastLike"] = inferCastLike;
  table["onnx.BitCast"] = inferBitCast;
  table["onnx.PRelu"] = inferPRelu;
  table["onnx.QuantizeLinear"] = inferQuantize;
  table["onnx.DequantizeLinear"] = inferDequantize;
  table["onnx.DynamicQuantizeLinear"] = inferDynamicQuantize;
}
