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

static LogicalResult inferQuantize(Node &node) {
  Type type = node.has(2)
                  ? node.elem(2)
                  : IntegerType::get(node.context(), 8, IntegerType::Unsigned);
  if (int64_t dataType = node.getInt("output_dtype", 0)) {
    FailureOr<Type> named = resolveElementType(node, dataType);
    if (failed(named))
      return failure();
    type = *named;
  }
  node.setResult(0, type, node.dims(0));
  return success();
}

static LogicalResult inferDequantize(Node &node) {
  Type type = node.elem(1);
  if (int64_t dataType = node.getInt("output_dtype", 0)) {
    FailureOr<Type> named = resolveElementType(node, dataType);
    if (failed(named))
      return failure();
    type = *named;
  }
  node.setResult(0, type, node.dims(0));
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
  if (node.resultTypes[0].elem.getIntOrFloatBitWidth() !=
      node.elem(0).getIntOrFloatBitWidth())
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
