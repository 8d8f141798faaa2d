//===- OnnxModels.cpp - Which onnx operator has which rule ----------------===//

#include "OnnxRules.h"

#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Sharding/ExternalModels.h"

#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"

// Only the dialect: operators are found by name, their classes not needed.
#include "dialects/Onnx/OnnxDialect.h.inc"

using namespace mlir;

namespace tpo {

namespace {

template <rules::Rule (*function)(Operation *)>
struct RuleModel : tp::ShardingRuleOpInterface::FallbackModel<RuleModel<function>> {
  FailureOr<tp::ShardingRule> getShardingRule(Operation *op) const { return function(op); }
};

template <rules::Rule (*function)(Operation *)>
void attach(MLIRContext *context, StringRef dialect, std::initializer_list<StringRef> names) {
  for (StringRef name : names)
    if (auto op = RegisteredOperationName::lookup((dialect + "." + name).str(), context))
      op->attachInterface<RuleModel<function>>();
}

void attachElementwise(MLIRContext *context) {
  attach<rules::elementwise>(
      context, "onnx",
      {// Arithmetic.
       "Abs", "Add", "Ceil", "Div", "Exp", "Floor", "Log", "Max", "Mean", "Min", "Mod", "Mul", "Neg", "Pow",
       "Reciprocal", "Round", "Sign", "Sqrt", "Sub", "Sum",
       // Trigonometry.
       "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Erf", "Sin", "Sinh", "Tan", "Tanh",
       // Activations.
       "Celu", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "PRelu", "Relu", "Selu", "Shrink",
       "Sigmoid", "Softplus", "Softsign", "SwiGLU", "Swish", "ThresholdedRelu", "ms.BiasAdd", "ms.BiasGelu",
       "ms.FastGelu", "ms.Gelu", "ms.QuickGelu",
       // Logic and comparison.
       "And", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Equal", "Greater", "GreaterOrEqual",
       "IsInf", "IsNaN", "Less", "LessOrEqual", "Not", "Or", "Where", "Xor",
       // Conversion.
       "Cast", "CastLike", "Clip", "Dropout", "Identity"});
}

void attachComputation(MLIRContext *context) {
  attach<rules::matMul>(context, "onnx", {"MatMul"});
  attach<rules::fusedMatMul>(context, "onnx", {"ms.FusedMatMul"});
  attach<rules::gemm>(context, "onnx", {"Gemm", "ms.FusedGemm"});
  attach<rules::quantization>(context, "onnx", {"QuantizeLinear", "DequantizeLinear"});
  attach<rules::matMulNBits>(context, "onnx", {"ms.MatMulNBits"});
  attach<rules::conv>(context, "onnx", {"Conv"});
  attach<rules::attention>(context, "onnx", {"Attention"});
  attach<rules::groupQueryAttention>(context, "onnx", {"ms.GroupQueryAttention"});
  attach<rules::multiHeadAttention>(context, "onnx", {"ms.MultiHeadAttention"});
  attach<rules::rotaryEmbedding>(context, "onnx", {"RotaryEmbedding"});
  attach<rules::msRotaryEmbedding>(context, "onnx", {"ms.RotaryEmbedding"});
  attach<rules::layerNormalization>(context, "onnx",
                                    {"LayerNormalization", "RMSNormalization", "ms.SimplifiedLayerNormalization"});
  attach<rules::skipLayerNormalization>(context, "onnx",
                                        {"ms.SkipLayerNormalization", "ms.SkipSimplifiedLayerNormalization"});
  attach<rules::softmax>(context, "onnx", {"Softmax", "LogSoftmax", "Hardmax", "LpNormalization"});
  attach<rules::alongAxis>(context, "onnx", {"CumSum", "CumProd"});
  attach<rules::reduce>(context, "onnx",
                        {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
                         "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"});
  attach<rules::batchNormalization>(context, "onnx", {"BatchNormalization"});
  attach<rules::spatial>(context, "onnx",
                         {"AveragePool", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "InstanceNormalization",
                          "LpPool", "MaxPool"});
  attach<rules::resize>(context, "onnx", {"Resize"});
  attach<rules::gridSample>(context, "onnx", {"GridSample"});
  attach<rules::convTranspose>(context, "onnx", {"ConvTranspose"});
  attach<rules::groupNormalization>(context, "onnx", {"GroupNormalization"});
  attach<rules::perSample>(context, "onnx", {"DepthToSpace", "LRN", "SpaceToDepth"});
  attach<rules::meanVarianceNormalization>(context, "onnx", {"MeanVarianceNormalization"});
}

void attachMovement(MLIRContext *context) {
  attach<rules::reshape>(context, "onnx", {"Reshape", "Squeeze", "Unsqueeze", "Flatten"});
  attach<rules::transpose>(context, "onnx", {"Transpose"});
  attach<rules::concat>(context, "onnx", {"Concat"});
  attach<rules::split>(context, "onnx", {"Split"});
  attach<rules::slice>(context, "onnx", {"Slice"});
  attach<rules::expand>(context, "onnx", {"Expand"});
  attach<rules::pad>(context, "onnx", {"Pad"});
  attach<rules::tile>(context, "onnx", {"Tile"});
  attach<rules::splat>(context, "onnx", {"ConstantOfShape"});
  attach<rules::constant>(context, "onnx", {"Constant"});
  attach<rules::wholeOp>(context, "onnx",
                         {"EyeLike", "NoValue", "NonZero", "Range", "Shape", "Size", "SymbolicConstant", "Unique"});
  attach<rules::gather>(context, "onnx", {"Gather"});
  attach<rules::gatherElements>(context, "onnx", {"GatherElements"});
  attach<rules::gatherND>(context, "onnx", {"GatherND"});
  attach<rules::scatterElements>(context, "onnx", {"ScatterElements"});
  attach<rules::scatterND>(context, "onnx", {"ScatterND"});
  attach<rules::tensorScatter>(context, "onnx", {"TensorScatter"});
  attach<rules::reverseSequence>(context, "onnx", {"ReverseSequence"});
  attach<rules::topK>(context, "onnx", {"TopK"});
  attach<rules::argReduce>(context, "onnx", {"ArgMax", "ArgMin"});
  attach<rules::oneHot>(context, "onnx", {"OneHot"});
  attach<rules::trilu>(context, "onnx", {"Trilu"});
}

} // namespace

void registerOnnxShardingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::OnnxDialect *) {
    attachElementwise(context);
    attachComputation(context);
    attachMovement(context);
  });
}

void registerTpShardingModels(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, tp::TpDialect *) { attach<rules::weight>(context, "tp", {"weight"}); });
}

void registerShardingExternalModels(DialectRegistry &registry) {
  registerTpShardingModels(registry);
  registerOnnxShardingModels(registry);
  registerUpstreamShardingModels(registry);
}

} // namespace tpo
