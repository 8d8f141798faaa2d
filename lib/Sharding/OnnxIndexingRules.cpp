//===- OnnxIndexingRules.cpp - Operators with data-dependent indices ------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"
#include "tp-opt/Sharding/Weights.h"

using namespace mlir;

namespace tpo::rules {

using tp::FactorRole;
using tp::ReductionKind;

/// data [pre.., axis, post..], indices [i..] -> [pre.., i.., post..]. Where the
/// table is split along its axis, every device looks up the rows it has and
/// puts zero for the others: a partial sum (vocabulary-parallel embedding).
Rule gather(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs data = dimsOf(op->getOperand(0)), indices = dimsOf(op->getOperand(1));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", 0), data.size());
  if (failed(axis))
    return failure();
  bool table = isDerivedFromWeight(op->getOperand(0));
  unsigned resultDim = 0;
  for (auto [dim, size] : llvm::enumerate(data)) {
    if (dim == *axis) {
      for (auto [i, index] : llvm::enumerate(indices)) {
        if (!isOne(index)) {
          FactorRole role = !table                    ? FactorRole::Other
                            : i == 0                  ? FactorRole::Batch
                            : i + 1 == indices.size() ? FactorRole::Sequence
                                                      : FactorRole::Other;
          unsigned factor = builder.parallel(index, role);
          builder.operandDim(1, i, factor);
          builder.resultDim(0, resultDim, factor);
        }
        ++resultDim;
      }
      // What the masked lookup of the runtime does; its zeros are added up.
      auto rowType = dyn_cast<FloatType>(getElementTypeOrSelf(op->getOperand(0)));
      bool masked = dim == 0 && rowType && rowType.getWidth() > 8;
      if (!isOne(size))
        builder.operandDim(
            0, dim,
            masked ? builder.reduction(size, ReductionKind::Sum, table ? FactorRole::Vocabulary : FactorRole::Other)
                   : builder.whole(size));
      continue;
    }
    if (!isOne(size)) {
      unsigned factor = builder.parallel(size, table ? FactorRole::Hidden : FactorRole::Other);
      builder.operandDim(0, dim, factor);
      builder.resultDim(0, resultDim, factor);
    }
    ++resultDim;
  }
  linearInAllKinds(builder, 0u);
  return builder.build();
}

/// The axis of the data is whole; that of the indices is the result's. Other
/// dimensions are shared where data and indices agree on them.
Rule gatherElements(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs data = dimsOf(op->getOperand(0)), to = dimsOf(op->getResult(0));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", 0), data.size());
  if (failed(axis))
    return failure();
  for (auto [dim, size] : llvm::enumerate(to)) {
    if (isOne(size))
      continue;
    bool shared = dim != *axis && sameSize(size, data[dim]);
    unsigned factor = shared || dim == *axis ? builder.parallel(size) : builder.whole(size);
    builder.operandDim(1, dim, factor);
    builder.resultDim(0, dim, factor);
    if (shared)
      builder.operandDim(0, dim, factor);
  }
  builder.restOfOperandWhole(0);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

namespace {

/// The number of indexed dimensions, the last size of the indices.
FailureOr<unsigned> indexDepth(Operation *op, Value indices) {
  AffineExprs sizes = dimsOf(indices);
  std::optional<int64_t> depth = sizes.empty() || !sizes.back() ? std::nullopt : tp::getConst(sizes.back());
  if (!depth || *depth < 0) {
    op->emitOpError("needs indices with a constant last dimension");
    return failure();
  }
  return unsigned(*depth);
}

} // namespace

/// data [batch.., indexed.., rest..], indices [batch.., mid.., depth]
/// -> [batch.., mid.., rest..].
Rule gatherND(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs data = dimsOf(op->getOperand(0)), indices = dimsOf(op->getOperand(1)), to = dimsOf(op->getResult(0));
  FailureOr<unsigned> depth = indexDepth(op, op->getOperand(1));
  if (failed(depth))
    return failure();
  unsigned batch = intAttr(op, "batch_dims", 0);
  unsigned firstRest = batch + *depth;
  if (firstRest > data.size() || batch >= indices.size() || to.size() != indices.size() - 1 + data.size() - firstRest)
    return op->emitOpError("has operands that do not fit");
  for (auto [dim, size] : llvm::enumerate(to)) {
    if (isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.resultDim(0, dim, factor);
    if (dim + 1 < indices.size())
      builder.operandDim(1, dim, factor);
    if (dim < batch)
      builder.operandDim(0, dim, factor);
    if (dim + 1 >= indices.size())
      builder.operandDim(0, firstRest + dim + 1 - indices.size(), factor);
  }
  builder.restOfOperandWhole(0);
  builder.restOfOperandWhole(1);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

/// Everything along the axis may meet; other dimensions are shared where all
/// agree on them.
Rule scatterElements(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs data = dimsOf(op->getOperand(0)), updates = dimsOf(op->getOperand(2));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", 0), data.size());
  if (failed(axis))
    return failure();
  for (auto [dim, size] : llvm::enumerate(data)) {
    if (isOne(size) || dim == *axis || !sameSize(size, updates[dim]))
      continue;
    unsigned factor = builder.parallel(size);
    for (unsigned operand : {0u, 1u, 2u})
      builder.operandDim(operand, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  for (unsigned operand : {0u, 1u, 2u})
    builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  StringRef reduction = stringAttr(op, "reduction", "none");
  if (reduction == "none" || reduction == "add")
    builder.linear({0u, 2u}, ReductionKind::Sum);
  return builder.build();
}

/// data [indexed.., rest..], indices [mid.., depth], updates [mid.., rest..]:
/// every device needs all updates of what it holds.
Rule scatterND(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs data = dimsOf(op->getOperand(0)), indices = dimsOf(op->getOperand(1));
  FailureOr<unsigned> depth = indexDepth(op, op->getOperand(1));
  if (failed(depth))
    return failure();
  if (*depth > data.size() || rankOf(op->getOperand(2)) != indices.size() - 1 + data.size() - *depth)
    return op->emitOpError("has operands that do not fit");
  for (unsigned dim = *depth; dim < data.size(); ++dim) {
    if (isOne(data[dim]))
      continue;
    unsigned factor = builder.parallel(data[dim]);
    builder.operandDim(0, dim, factor);
    builder.operandDim(2, indices.size() - 1 + dim - *depth, factor);
    builder.resultDim(0, dim, factor);
  }
  for (unsigned operand : {0u, 1u, 2u})
    builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  StringRef reduction = stringAttr(op, "reduction", "none");
  if (reduction == "none" || reduction == "add")
    builder.linear({0u, 2u}, ReductionKind::Sum);
  return builder.build();
}

/// past [b .. axis ..], update [b .. n ..], write indices [b]: the axis is
/// whole, the rest shared.
Rule tensorScatter(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs past = dimsOf(op->getOperand(0));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", -2), past.size());
  if (failed(axis))
    return failure();
  for (auto [dim, size] : llvm::enumerate(past)) {
    if (isOne(size) || dim == *axis)
      continue;
    unsigned factor = builder.parallel(size);
    builder.operandDim(0, dim, factor);
    builder.operandDim(1, dim, factor);
    builder.resultDim(0, dim, factor);
    if (dim == 0 && presentOperand(op, 2) && !isOne(dimsOf(op->getOperand(2)).front()))
      builder.operandDim(2, 0, factor);
  }
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
    if (presentOperand(op, operand))
      builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  return builder.build();
}

/// The time axis is whole; lengths go with the batch.
Rule reverseSequence(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs sizes = dimsOf(op->getOperand(0));
  FailureOr<unsigned> time = normalizeAxis(op, intAttr(op, "time_axis", 0), sizes.size());
  FailureOr<unsigned> batch = normalizeAxis(op, intAttr(op, "batch_axis", 1), sizes.size());
  if (failed(time) || failed(batch))
    return failure();
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (isOne(size) || dim == *time)
      continue;
    unsigned factor = builder.parallel(size);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
    if (dim == *batch)
      builder.operandDim(1, 0, factor);
  }
  builder.restOfOperandWhole(0);
  builder.restOfOperandWhole(1);
  builder.restOfResultWhole(0);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

namespace {

/// Operand 0 and all results share their dimensions but `axis`, which is whole
/// (and may be missing in the results).
Rule selectAlong(Operation *op, unsigned axis, bool keepDims) {
  tp::ShardingRuleBuilder builder(op);
  unsigned resultDim = 0;
  for (auto [dim, size] : llvm::enumerate(dimsOf(op->getOperand(0)))) {
    if (dim == axis) {
      resultDim += keepDims;
      continue;
    }
    if (!isOne(size)) {
      unsigned factor = builder.parallel(size);
      builder.operandDim(0, dim, factor);
      for (unsigned i = 0; i < op->getNumResults(); ++i)
        builder.resultDim(i, resultDim, factor);
    }
    ++resultDim;
  }
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
    if (presentOperand(op, operand))
      builder.restOfOperandWhole(operand);
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    builder.restOfResultWhole(i);
  return builder.build();
}

} // namespace

Rule topK(Operation *op) {
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", -1), rankOf(op->getOperand(0)));
  if (failed(axis))
    return failure();
  return selectAlong(op, *axis, /*keepDims=*/true);
}

Rule argReduce(Operation *op) {
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", 0), rankOf(op->getOperand(0)));
  if (failed(axis))
    return failure();
  return selectAlong(op, *axis, intAttr(op, "keepdims", 1));
}

Rule oneHot(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs indices = dimsOf(op->getOperand(0));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", -1), indices.size() + 1);
  if (failed(axis))
    return failure();
  for (auto [dim, size] : llvm::enumerate(indices)) {
    if (isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim < *axis ? dim : dim + 1, factor);
  }
  builder.restOfOperandWhole(1);
  builder.restOfOperandWhole(2);
  builder.restOfResultWhole(0);
  return builder.build();
}

/// Matrices are whole, since the diagonal counts from their corner.
Rule trilu(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs sizes = dimsOf(op->getOperand(0));
  for (unsigned dim = 0; dim + 2 < sizes.size(); ++dim) {
    if (isOne(sizes[dim]))
      continue;
    unsigned factor = builder.parallel(sizes[dim]);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (dim + 2 < sizes.size() || isOne(size))
      continue;
    unsigned factor = builder.whole(size);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  if (presentOperand(op, 1))
    builder.restOfOperandWhole(1);
  builder.linear(0u, ReductionKind::Sum);
  return builder.build();
}

} // namespace tpo::rules
