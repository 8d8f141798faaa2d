//===- TensorRules.cpp - Rules of tensor, arith and math operations -------===//

#include "RuleHelpers.h"
#include "UpstreamRules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tpo::rules {

namespace {

/// Devices get equally many of every factor: an operand or attribute has its
/// size, and no value for all of them would be right otherwise.
void makeEven(tp::ShardingRuleBuilder &builder) {
  for (unsigned factor = 0; factor < builder.getRule().factors.size(); ++factor)
    if (builder.getRule().factors[factor].kind == tp::FactorKind::Parallel)
      builder.setEven(factor);
}

/// Every group of dimensions of the expanded shape is one of the collapsed.
Rule reassociate(Operation *op, ArrayRef<ReassociationIndices> groups, bool expands) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs collapsed = dimsOf(expands ? op->getOperand(0) : op->getResult(0));
  AffineExprs expanded = dimsOf(expands ? op->getResult(0) : op->getOperand(0));
  auto setDim = [&](bool isOperand, unsigned dim, unsigned factor) {
    if (isOperand)
      builder.operandDim(0, dim, factor);
    else
      builder.resultDim(0, dim, factor);
  };
  for (auto [dim, group] : llvm::enumerate(groups)) {
    SmallVector<unsigned> large;
    for (int64_t index : group)
      if (!isOne(expanded[index]))
        large.push_back(index);
    for (unsigned index : large) {
      // A group of one dimension has the collapsed size, known or not.
      AffineExpr size = large.size() == 1 && !expanded[index] ? collapsed[dim] : expanded[index];
      unsigned factor = builder.parallel(size);
      setDim(!expands, index, factor);
      setDim(expands, dim, factor);
    }
  }
  builder.restOfOperandWhole(0);
  builder.restOfResultWhole(0);
  if (expands)
    makeEven(builder);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

} // namespace

Rule expandShape(Operation *op) {
  return reassociate(op, cast<tensor::ExpandShapeOp>(op).getReassociationIndices(),
                     /*expands=*/true);
}

Rule collapseShape(Operation *op) {
  return reassociate(op, cast<tensor::CollapseShapeOp>(op).getReassociationIndices(),
                     /*expands=*/false);
}

namespace {

/// Whether dimension `dim` of a tensor is covered from its start to its end.
bool coversDim(OffsetSizeAndStrideOpInterface op, unsigned dim, AffineExpr size) {
  return !op.isDynamicOffset(dim) && op.getStaticOffset(dim) == 0 && !op.isDynamicStride(dim) &&
         op.getStaticStride(dim) == 1 && !op.isDynamicSize(dim) && size && tp::getConst(size) == op.getStaticSize(dim);
}

} // namespace

Rule extractSlice(Operation *op) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  tp::ShardingRuleBuilder builder(op);
  AffineExprs sizes = dimsOf(slice.getSource());
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  unsigned resultDim = 0;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (dropped.test(dim))
      continue;
    if (!isOne(size) && coversDim(slice, dim, size)) {
      unsigned factor = builder.parallel(size);
      builder.operandDim(0, dim, factor);
      builder.resultDim(0, resultDim, factor);
    }
    ++resultDim;
  }
  builder.restOfOperandWhole(0);
  builder.restOfResultWhole(0);
  makeEven(builder);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

Rule insertSlice(Operation *op) {
  auto slice = cast<tensor::InsertSliceOp>(op);
  tp::ShardingRuleBuilder builder(op);
  AffineExprs sizes = dimsOf(slice.getDest());
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  unsigned sourceDim = 0;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    bool inSource = !dropped.test(dim);
    if (inSource && !isOne(size) && coversDim(slice, dim, size)) {
      unsigned factor = builder.parallel(size);
      builder.operandDim(0, sourceDim, factor);
      builder.operandDim(1, dim, factor);
      builder.resultDim(0, dim, factor);
    }
    sourceDim += inSource;
  }
  for (unsigned operand : {0u, 1u})
    builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  makeEven(builder);
  linearInAllKinds(builder, {0u, 1u});
  return builder.build();
}

Rule tensorPad(Operation *op) {
  auto pad = cast<tensor::PadOp>(op);
  tp::ShardingRuleBuilder builder(op);
  llvm::SmallBitVector padded = pad.getPaddedDims();
  for (auto [dim, size] : llvm::enumerate(dimsOf(pad.getSource()))) {
    if (padded.test(dim) || isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  builder.restOfOperandWhole(0);
  builder.restOfResultWhole(0);
  return builder.build();
}

/// A size that only one side knows must divide evenly: the other side's piece
/// has no way to say that it depends on the rank.
Rule tensorCast(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs from = dimsOf(op->getOperand(0)), to = dimsOf(op->getResult(0));
  // Ranks that one side does not know: nothing is split.
  for (unsigned dim = 0; dim < std::min(from.size(), to.size()); ++dim) {
    if (isOne(from[dim]) || isOne(to[dim]))
      continue;
    unsigned factor = builder.parallel(from[dim] ? from[dim] : to[dim]);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
    if (!from[dim] || !to[dim])
      builder.setEven(factor);
  }
  builder.restOfOperandWhole(0);
  builder.restOfResultWhole(0);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

Rule tensorConcat(Operation *op) {
  auto concat = cast<tensor::ConcatOp>(op);
  tp::ShardingRuleBuilder builder(op);
  for (auto [dim, size] : llvm::enumerate(dimsOf(concat.getResult()))) {
    if (dim == concat.getDim() || isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.resultDim(0, dim, factor);
    for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
      builder.operandDim(index, dim, factor);
      if (!dimsOf(operand)[dim])
        builder.setEven(factor);
    }
    if (!size)
      builder.setEven(factor);
  }
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
    builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  linearInAllKinds(builder, llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands())));
  return builder.build();
}

Rule tensorReshape(Operation *op) {
  auto reshape = cast<tensor::ReshapeOp>(op);
  auto source = dyn_cast<RankedTensorType>(reshape.getSource().getType());
  auto result = dyn_cast<RankedTensorType>(reshape.getResult().getType());
  tp::ShardingRuleBuilder builder(op);
  // Sizes that are only in the shape operand say nothing about what moves where.
  if (source && result && source.hasStaticShape() && result.hasStaticShape()) {
    SmallVector<tp::DimFactors> from, to;
    refineShapes(builder, dimsOf(reshape.getSource()), dimsOf(reshape.getResult()), from, to);
    for (auto [dim, factors] : llvm::enumerate(from))
      setOperandDim(builder, 0, dim, factors);
    for (auto [dim, factors] : llvm::enumerate(to))
      setResultDim(builder, 0, dim, factors);
    makeEven(builder);
    linearInAllKinds(builder, 0u);
  }
  for (unsigned operand : {0u, 1u})
    builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  return builder.build();
}

Rule uniform(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  parallelResult(builder, 0);
  makeEven(builder);
  return builder.build();
}

Rule arithConstant(Operation *op) {
  auto elements = dyn_cast<DenseElementsAttr>(cast<arith::ConstantOp>(op).getValue());
  if (elements && elements.isSplat())
    return uniform(op);
  tp::ShardingRuleBuilder builder(op);
  builder.restOfResultWhole(0);
  return builder.build();
}

Rule tensorElementwise(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  SmallVector<tp::DimFactors> dims = parallelResult(builder, 0);
  SmallVector<unsigned> tensors;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (!isa<RankedTensorType>(operand.getType()))
      continue;
    tensors.push_back(index);
    for (auto [dim, factors] : llvm::enumerate(dims))
      setOperandDim(builder, index, dim, factors);
  }
  if (isa<arith::AddFOp, arith::AddIOp, arith::SubFOp, arith::SubIOp>(op))
    builder.linear(tensors);
  else if (isa<arith::MulFOp, arith::MulIOp>(op))
    for (unsigned operand : tensors)
      builder.linear(operand);
  else if (isa<arith::DivFOp, arith::NegFOp, arith::ExtFOp>(op))
    builder.linear(0u);
  else if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>(op))
    builder.linear(tensors, tp::ReductionKind::Max);
  else if (isa<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>(op))
    builder.linear(tensors, tp::ReductionKind::Min);
  return builder.build();
}

} // namespace tpo::rules
