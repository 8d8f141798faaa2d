//===- OnnxNormalizationRules.cpp - Normalisations and reductions ---------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpo::rules {

namespace {

using tp::FactorRole;
using tp::ReductionKind;

/// One factor per dimension of operand 0, whole where `isWhole`.
SmallVector<tp::DimFactors> makeDims(tp::ShardingRuleBuilder &builder, function_ref<bool(unsigned)> isWhole) {
  SmallVector<tp::DimFactors> dims;
  AffineExprs sizes = dimsOf(builder.getOp()->getOperand(0));
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    dims.emplace_back();
    if (isOne(size))
      continue;
    dims.back().push_back(isWhole(dim) ? builder.whole(size) : builder.parallel(size));
    builder.operandDim(0, dim, dims.back().front());
  }
  return dims;
}

/// Gives a result of the rank of `dims` those factors, except where it has size
/// 1 (statistics of normalised dimensions).
void setResult(tp::ShardingRuleBuilder &builder, unsigned index, ArrayRef<tp::DimFactors> dims) {
  Value result = presentResult(builder.getOp(), index);
  if (!result)
    return;
  for (auto [dim, size] : llvm::enumerate(dimsOf(result)))
    if (!isOne(size) && dim < dims.size())
      setResultDim(builder, index, dim, dims[dim]);
  builder.restOfResultWhole(index);
}

LogicalResult setBroadcast(tp::ShardingRuleBuilder &builder, unsigned index, ArrayRef<tp::DimFactors> dims) {
  Operation *op = builder.getOp();
  if (!presentOperand(op, index))
    return success();
  return broadcastOperand(builder, index, dims, dimsOf(op->getOperand(0)));
}

} // namespace

/// LayerNormalization, RMSNormalization, SimplifiedLayerNormalization: the
/// normalised axes are whole; scale and bias broadcast to them.
Rule layerNormalization(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", -1), rankOf(op->getOperand(0)));
  if (failed(axis))
    return failure();
  SmallVector<tp::DimFactors> dims = makeDims(builder, [&](unsigned dim) { return dim >= *axis; });
  for (unsigned operand = 1; operand < op->getNumOperands(); ++operand)
    if (failed(setBroadcast(builder, operand, dims)))
      return failure();
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    setResult(builder, result, dims);
  return builder.build();
}

/// com.microsoft.Skip(Simplified)LayerNormalization: operands 0 and 1 are
/// added, the last dimension is normalised; the sum is a result too.
Rule skipLayerNormalization(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  unsigned rank = rankOf(op->getOperand(0));
  SmallVector<tp::DimFactors> dims = makeDims(builder, [&](unsigned dim) { return dim + 1 == rank; });
  for (unsigned operand = 1; operand < op->getNumOperands(); ++operand)
    if (failed(setBroadcast(builder, operand, dims)))
      return failure();
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    setResult(builder, result, dims);
  return builder.build();
}

Rule softmax(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", -1), rankOf(op->getOperand(0)));
  if (failed(axis))
    return failure();
  setResult(builder, 0, makeDims(builder, [&](unsigned dim) { return dim == *axis; }));
  return builder.build();
}

/// CumSum, CumProd: the axis is an operand.
Rule alongAxis(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  std::optional<SmallVector<int64_t>> axes = constantInts(op->getOperand(1));
  if (!axes || axes->size() != 1)
    return op->emitOpError("needs a constant axis");
  FailureOr<unsigned> axis = normalizeAxis(op, axes->front(), rankOf(op->getOperand(0)));
  if (failed(axis))
    return failure();
  setResult(builder, 0, makeDims(builder, [&](unsigned dim) { return dim == *axis; }));
  builder.restOfOperandWhole(1);
  if (op->getName().stripDialect() == "CumSum")
    builder.linear(0u, ReductionKind::Sum);
  return builder.build();
}

namespace {

struct Reduction {
  /// How parts combine; none where they do not (a mean of unequal parts).
  std::optional<ReductionKind> kind;
  /// The reductions that pass through the whole operator.
  SmallVector<ReductionKind, 1> linear;
};

Reduction reductionOf(StringRef name) {
  if (name == "ReduceSum")
    return {ReductionKind::Sum, {ReductionKind::Sum}};
  if (name == "ReduceMean")
    return {std::nullopt, {ReductionKind::Sum}};
  if (name == "ReduceMax")
    return {ReductionKind::Max, {ReductionKind::Max}};
  if (name == "ReduceMin")
    return {ReductionKind::Min, {ReductionKind::Min}};
  if (name == "ReduceL1" || name == "ReduceSumSquare")
    return {ReductionKind::Sum, {}};
  return {};
}

/// The reduced dimensions: operand 1 or attribute `axes`, all by default.
FailureOr<SmallVector<unsigned>> reducedAxes(Operation *op, unsigned rank) {
  SmallVector<int64_t> axes;
  if (Value operand = presentOperand(op, 1)) {
    std::optional<SmallVector<int64_t>> constant = constantInts(operand);
    if (!constant) {
      op->emitOpError("needs constant axes");
      return failure();
    }
    axes = *constant;
  } else if (auto attr = op->getAttrOfType<ArrayAttr>("axes")) {
    for (auto axis : attr.getAsRange<IntegerAttr>())
      axes.push_back(axis.getValue().getSExtValue());
  }
  if (axes.empty() && !intAttr(op, "noop_with_empty_axes", 0))
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  return normalizeAxes(op, axes, rank);
}

} // namespace

Rule reduce(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs sizes = dimsOf(op->getOperand(0));
  FailureOr<SmallVector<unsigned>> axes = reducedAxes(op, sizes.size());
  if (failed(axes))
    return failure();
  Reduction reduction = reductionOf(op->getName().stripDialect());
  bool keepDims = intAttr(op, "keepdims", 1);
  unsigned resultDim = 0;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    bool reduced = llvm::is_contained(*axes, dim);
    if (!isOne(size)) {
      unsigned factor = !reduced         ? builder.parallel(size)
                        : reduction.kind ? builder.reduction(size, *reduction.kind)
                                         : builder.whole(size);
      builder.operandDim(0, dim, factor);
      if (!reduced)
        builder.resultDim(0, resultDim, factor);
    }
    resultDim += !reduced || keepDims;
  }
  if (presentOperand(op, 1))
    builder.restOfOperandWhole(1);
  // A mean of integers rounds.
  bool rounds = !reduction.kind && !isa<FloatType>(getElementTypeOrSelf(op->getOperand(0)));
  if (!rounds)
    for (ReductionKind kind : reduction.linear)
      builder.linear(0u, kind);
  return builder.build();
}

/// X [N, C, ...] with one parameter per channel.
Rule batchNormalization(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  if (intAttr(op, "training_mode", 0))
    return op->emitOpError("has no sharding rule in training mode");
  SmallVector<tp::DimFactors> dims = makeDims(builder, [](unsigned) { return false; });
  if (dims.size() < 2)
    return op->emitOpError("needs channels");
  for (unsigned operand = 1; operand < op->getNumOperands(); ++operand)
    setOperandDim(builder, operand, 0, dims[1]);
  setResult(builder, 0, dims);
  for (unsigned result = 1; result < op->getNumResults(); ++result)
    builder.restOfResultWhole(result);
  return builder.build();
}

/// Pooling and instance normalisation: batch and channels are parallel, what
/// is behind them whole. Further operands are per channel.
Rule spatial(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  // The indices of MaxPool are positions in the whole tensor.
  bool hasPositions = op->getNumResults() > 1 && presentResult(op, 1);
  SmallVector<tp::DimFactors> dims = makeDims(builder, [&](unsigned dim) { return dim >= 2 || hasPositions; });
  if (dims.size() < 2)
    return op->emitOpError("needs batch and channels");
  bool perChannel = op->getName().stripDialect() == "InstanceNormalization";
  for (unsigned operand = 1; operand < op->getNumOperands(); ++operand) {
    if (perChannel && presentOperand(op, operand))
      setOperandDim(builder, operand, 0, dims[1]);
    builder.restOfOperandWhole(operand);
  }
  for (unsigned result = 0; result < op->getNumResults(); ++result) {
    if (!presentResult(op, result))
      continue;
    for (unsigned dim : {0u, 1u})
      setResultDim(builder, result, dim, dims[dim]);
    builder.restOfResultWhole(result);
  }
  return builder.build();
}

} // namespace tpo::rules
