//===- OnnxModels.cpp - Which onnx operator is partitioned how ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxPartition.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Partition/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace tpo {

namespace local {

int64_t intAttr(Operation *op, StringRef name, int64_t otherwise) {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

void setIntAttr(Operation *op, StringRef name, int64_t value) {
  auto type = IntegerType::get(op->getContext(), 64, IntegerType::Signed);
  op->setAttr(name, IntegerAttr::get(type, value));
}

tp::SymbolicRange getRange(const tp::PartitionContext &context, Type globalType,
                           const tp::Layout &layout, unsigned dim) {
  auto type = cast<RankedTensorType>(globalType);
  return tp::getLocalRanges(layout, context.getMesh(), tp::getDims(type),
                            context.getCoordinates(), type.getContext())[dim];
}

Values clone(Operation *op, OpBuilder &builder, ValueRange operands,
             const tp::PartitionContext &context) {
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  Operation *local = builder.clone(*op, mapping);
  // The same value may have been brought to two layouts.
  local->setOperands(operands);
  local->removeAttr(tp::TpDialect::kLayoutsAttr);
  local->removeAttr(tp::TpDialect::kReasonsAttr);
  for (OpResult result : local->getResults())
    result.setType(context.getResultLocalType(result.getResultNumber()));
  return SmallVector<Value>(local->getResults());
}

} // namespace local

namespace {

using Function = local::Values (*)(Operation *, OpBuilder &, ValueRange,
                                   const tp::PartitionContext &);

/// Operators whose attributes and small operands mean the same for a piece.
/// Their rules keep dimensions whole that an attribute or operand refers to.
constexpr StringLiteral kSizeFree[] = {
    // Elementwise.
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh",
    "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "BitShift", "Cast",
    "CastLike", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Div", "Dropout", "Elu", "Equal",
    "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid",
    "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less",
    "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish", "Mod", "Mul", "Neg",
    "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu",
    "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt",
    "Sub", "Sum", "SwiGLU", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor",
    "ms.BiasAdd", "ms.BiasGelu", "ms.FastGelu", "ms.Gelu", "ms.QuickGelu",
    // Products and lookups.
    "MatMul", "ms.FusedMatMul", "GatherElements", "GatherND", "ScatterElements",
    "ScatterND", "TensorScatter",
    // Along axes that stay whole, or reductions that become partial.
    "ArgMax", "ArgMin", "CumProd", "CumSum", "Hardmax", "LayerNormalization", "LogSoftmax",
    "LpNormalization", "OneHot", "RMSNormalization", "ReduceL1", "ReduceL2",
    "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare", "ReverseSequence", "Softmax", "TopK", "Trilu",
    "ms.SimplifiedLayerNormalization", "ms.SkipLayerNormalization",
    "ms.SkipSimplifiedLayerNormalization",
    // Rearrangements.
    "Concat", "Flatten", "Pad", "Slice", "Split", "Squeeze", "Tile",
    "Transpose", "Unsqueeze",
    // Channels, one by one.
    "AveragePool", "BatchNormalization", "GlobalAveragePool", "GlobalLpPool",
    "GlobalMaxPool", "InstanceNormalization", "LpPool", "MaxPool",
    // Sizes that change belong to dimensions that stay whole.
    "DepthToSpace", "GridSample", "LRN", "MeanVarianceNormalization", "Resize",
    "SpaceToDepth",
    // Quantisation.
    "DequantizeLinear", "DynamicQuantizeLinear", "QuantizeLinear"};

const llvm::StringMap<Function> &getFunctions() {
  static const llvm::StringMap<Function> functions = [] {
    llvm::StringMap<Function> map;
    for (StringRef name : kSizeFree)
      map[name] = local::clone;
    map["Reshape"] = local::reshape;
    map["Expand"] = local::expand;
    map["ConstantOfShape"] = local::constantOfShape;
    map["Constant"] = local::constant;
    map["Attention"] = local::attention;
    map["ms.GroupQueryAttention"] = local::groupQueryAttention;
    map["ms.MultiHeadAttention"] = local::multiHeadAttention;
    map["RotaryEmbedding"] = local::rotaryEmbedding;
    map["ms.RotaryEmbedding"] = local::rotaryEmbedding;
    map["Gemm"] = local::gemm;
    map["ms.FusedGemm"] = local::gemm;
    map["Conv"] = local::conv;
    map["ConvTranspose"] = local::conv;
    map["GroupNormalization"] = local::groupNormalization;
    map["ms.MatMulNBits"] = local::matMulNBits;
    map["Gather"] = local::gather;
    return map;
  }();
  return functions;
}

/// One model for all operators, attached to those that have a function.
struct OnnxPartition : tp::PartitionOpInterface::FallbackModel<OnnxPartition> {
  FailureOr<SmallVector<Value>>
  partition(Operation *op, OpBuilder &builder, ValueRange operands,
            const tp::PartitionContext &context) const {
    StringRef name = op->getName().stripDialect();
    return getFunctions().lookup(name)(op, builder, operands, context);
  }
};

} // namespace

void registerOnnxPartitionModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::OnnxDialect *) {
    // Not getRegisteredOperationsByDialect: its binary search (LLVM 22) takes
    // any difference of names for "less".
    for (RegisteredOperationName name : context->getRegisteredOperations())
      if (name.getDialectNamespace() == "onnx" &&
          getFunctions().contains(name.stripDialect()))
        name.attachInterface<OnnxPartition>();
  });
}

void registerPartitionExternalModels(DialectRegistry &registry) {
  registerOnnxPartitionModels(registry);
  registerUpstreamPartitionModels(registry);
}

} // namespace tpo
