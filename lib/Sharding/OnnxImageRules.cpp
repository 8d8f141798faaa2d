//===- OnnxImageRules.cpp - Images: resizing, sampling, norms -------------===//
//
// Operators on tensors [N, C, spatial...]. What happens along the spatial
// dimensions reaches beyond the border of a split: they stay whole.
//
//===----------------------------------------------------------------------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tpo::rules {

namespace {

using tp::FactorRole;
using tp::ReductionKind;

void wholeRest(tp::ShardingRuleBuilder &builder) {
  Operation *op = builder.getOp();
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
    if (presentOperand(op, operand))
      builder.restOfOperandWhole(operand);
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    if (presentResult(op, result))
      builder.restOfResultWhole(result);
}

/// Gives dimension `dim` of operand 0 and of result 0 one parallel factor, where
/// its size is not 1.
tp::DimFactors parallelDim(tp::ShardingRuleBuilder &builder, unsigned dim, FactorRole role = FactorRole::Other) {
  AffineExpr size = dimsOf(builder.getOp()->getOperand(0))[dim];
  if (isOne(size))
    return {};
  unsigned factor = builder.parallel(size, role);
  builder.operandDim(0, dim, factor);
  builder.resultDim(0, dim, factor);
  return {factor};
}

/// Whether a Resize leaves a dimension as it is: the same size does not say
/// that, scales round.
bool keepsDim(Operation *op, unsigned dim) {
  if (!sameSize(dimsOf(op->getOperand(0))[dim], dimsOf(op->getResult(0))[dim]))
    return false;
  Value scales = presentOperand(op, 2);
  if (!scales)
    return true;
  unsigned position = dim;
  if (auto axes = op->getAttrOfType<ArrayAttr>("axes")) {
    FailureOr<SmallVector<unsigned>> scaled =
        normalizeAxes(op,
                      llvm::map_to_vector(axes.getAsRange<IntegerAttr>(),
                                          [](IntegerAttr axis) { return axis.getValue().getSExtValue(); }),
                      rankOf(op->getOperand(0)));
    if (failed(scaled))
      return false;
    position = llvm::find(*scaled, dim) - scaled->begin();
    if (position == scaled->size())
      return true;
  }
  DenseFPElementsAttr values;
  return matchPattern(scales, m_Constant(&values)) && position < values.getNumElements() &&
         values.getValues<APFloat>()[position].isExactlyValue(1.0);
}

} // namespace

/// Dimensions that are not resized are parallel.
Rule resize(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs from = dimsOf(op->getOperand(0)), to = dimsOf(op->getResult(0));
  // A crop moves what is in a dimension even where its size stays.
  bool crops = stringAttr(op, "coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
  for (unsigned dim = 0; dim < from.size() && !crops && from.size() == to.size(); ++dim)
    if (dim < 2 && keepsDim(op, dim))
      parallelDim(builder, dim, dim == 0 ? FactorRole::Batch : FactorRole::Other);
  wholeRest(builder);
  return builder.build();
}

/// X [N, C, ...] read at the positions grid [N, ...].
Rule gridSample(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  tp::DimFactors batch = parallelDim(builder, 0, FactorRole::Batch);
  setOperandDim(builder, 1, 0, batch);
  parallelDim(builder, 1);
  wholeRest(builder);
  return builder.build();
}

/// x [N, (g c), ...], w [(g c), m, ...], B [(g m)] -> [N, (g m), ...].
Rule convTranspose(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs x = dimsOf(op->getOperand(0)), w = dimsOf(op->getOperand(1));
  if (x.size() < 3 || w.size() != x.size())
    return op->emitOpError("needs a batch, channels and spatial dimensions");
  parallelDim(builder, 0, FactorRole::Batch);
  bool hasBias = presentOperand(op, 2) != nullptr;
  AffineExpr group = getAffineConstantExpr(intAttr(op, "group", 1), op->getContext());
  auto outputChannel = [&](unsigned factor) {
    builder.resultDim(0, 1, factor);
    if (hasBias)
      builder.operandDim(2, 0, factor);
  };
  if (!isOne(group)) {
    AffineExpr perGroup = tp::divideExactly(x[1], group);
    if (!perGroup)
      return op->emitOpError("has input channels that are no multiple of its groups");
    unsigned groups = builder.parallel(group, FactorRole::Hidden);
    builder.operandDim(0, 1, groups);
    builder.operandDim(1, 0, groups);
    outputChannel(groups);
    if (!isOne(perGroup)) {
      unsigned inner = builder.whole(perGroup);
      builder.operandDim(0, 1, inner);
      builder.operandDim(1, 0, inner);
    }
    if (!isOne(w[1])) {
      unsigned outer = builder.whole(w[1]);
      builder.operandDim(1, 1, outer);
      outputChannel(outer);
    }
  } else {
    if (!isOne(w[1])) {
      unsigned outer = builder.parallel(w[1], FactorRole::Hidden);
      builder.operandDim(1, 1, outer);
      outputChannel(outer);
    }
    if (!isOne(x[1])) {
      unsigned inner = builder.reduction(x[1], ReductionKind::Sum, FactorRole::Hidden);
      builder.operandDim(0, 1, inner);
      builder.operandDim(1, 0, inner);
      if (hasBias)
        builder.addend(2);
    }
  }
  wholeRest(builder);
  return builder.build();
}

/// X [N, (g c), ...] with scale and bias per channel, or per group.
Rule groupNormalization(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs x = dimsOf(op->getOperand(0));
  AffineExpr groups = getAffineConstantExpr(intAttr(op, "num_groups", 1), op->getContext());
  AffineExpr perGroup = x.size() > 1 ? tp::divideExactly(x[1], groups) : AffineExpr();
  if (!perGroup)
    return op->emitOpError("has channels that are no multiple of its groups");
  parallelDim(builder, 0, FactorRole::Batch);
  auto channel = [&](unsigned factor, bool isGroup) {
    builder.operandDim(0, 1, factor);
    builder.resultDim(0, 1, factor);
    for (unsigned operand : {1u, 2u})
      if (isGroup || sameSize(dimsOf(op->getOperand(operand))[0], x[1]))
        builder.operandDim(operand, 0, factor);
  };
  if (!isOne(groups))
    channel(builder.parallel(groups), /*isGroup=*/true);
  if (!isOne(perGroup))
    channel(builder.whole(perGroup), /*isGroup=*/false);
  wholeRest(builder);
  return builder.build();
}

/// Every sample is computed by itself; channels mix.
Rule perSample(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  parallelDim(builder, 0, FactorRole::Batch);
  wholeRest(builder);
  return builder.build();
}

/// Statistics over the dimensions that `axes` names.
Rule meanVarianceNormalization(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  SmallVector<int64_t> axes{0, 2, 3};
  if (auto given = op->getAttrOfType<ArrayAttr>("axes")) {
    axes.clear();
    for (auto axis : given.getAsRange<IntegerAttr>())
      axes.push_back(axis.getValue().getSExtValue());
  }
  unsigned rank = rankOf(op->getOperand(0));
  FailureOr<SmallVector<unsigned>> whole = normalizeAxes(op, axes, rank);
  if (failed(whole))
    return failure();
  for (unsigned dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(*whole, dim))
      parallelDim(builder, dim);
  wholeRest(builder);
  return builder.build();
}

} // namespace tpo::rules
