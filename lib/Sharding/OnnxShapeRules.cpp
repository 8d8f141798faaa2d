//===- OnnxShapeRules.cpp - Operators that rearrange elements -------------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"

using namespace mlir;

namespace tpo::rules {

namespace {

/// Operands from `first` on hold shapes, axes and the like: they are needed
/// whole.
void restWhole(tp::ShardingRuleBuilder &builder, unsigned first) {
  for (unsigned i = first; i < builder.getOp()->getNumOperands(); ++i)
    builder.restOfOperandWhole(i);
}

/// Shares a factor between all dimensions `keep` says are unchanged between
/// operand 0 and result 0 of the same rank; the others are whole on both sides.
Rule dimensionwise(Operation *op, function_ref<bool(unsigned)> keep, bool linear) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs from = dimsOf(op->getOperand(0)), to = dimsOf(op->getResult(0));
  if (from.size() != to.size())
    return op->emitOpError("changes the number of dimensions");
  for (auto [dim, size] : llvm::enumerate(from)) {
    if (!keep(dim) || isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  builder.restOfResultWhole(0);
  restWhole(builder, 0);
  if (linear)
    linearInAllKinds(builder, 0u);
  return builder.build();
}

} // namespace

/// Reshape, Squeeze, Unsqueeze, Flatten.
Rule reshape(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  SmallVector<tp::DimFactors> from, to;
  refineShapes(builder, dimsOf(op->getOperand(0)), dimsOf(op->getResult(0)), from, to);
  for (auto [dim, factors] : llvm::enumerate(from))
    setOperandDim(builder, 0, dim, factors);
  for (auto [dim, factors] : llvm::enumerate(to))
    setResultDim(builder, 0, dim, factors);
  restWhole(builder, 1);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

Rule transpose(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs from = dimsOf(op->getOperand(0));
  SmallVector<int64_t> perm;
  if (auto attr = op->getAttrOfType<ArrayAttr>("perm"))
    for (auto axis : attr.getAsRange<IntegerAttr>())
      perm.push_back(axis.getValue().getSExtValue());
  else
    for (unsigned dim = from.size(); dim-- > 0;)
      perm.push_back(dim);
  if (perm.size() != from.size())
    return op->emitOpError("permutes ") << perm.size() << " of " << from.size() << " dimensions";
  for (auto [to, axis] : llvm::enumerate(perm)) {
    FailureOr<unsigned> dim = normalizeAxis(op, axis, from.size());
    if (failed(dim))
      return failure();
    if (isOne(from[*dim]))
      continue;
    unsigned factor = builder.parallel(from[*dim]);
    builder.operandDim(0, *dim, factor);
    builder.resultDim(0, to, factor);
  }
  linearInAllKinds(builder, 0u);
  return builder.build();
}

/// The axis is whole everywhere; the other dimensions are shared by all.
Rule concat(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs to = dimsOf(op->getResult(0));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", 0), to.size());
  if (failed(axis))
    return failure();
  for (auto [dim, size] : llvm::enumerate(to)) {
    if (dim == *axis || isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.resultDim(0, dim, factor);
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      builder.operandDim(i, dim, factor);
  }
  builder.restOfResultWhole(0);
  restWhole(builder, 0);
  linearInAllKinds(builder, llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands())));
  return builder.build();
}

Rule split(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs from = dimsOf(op->getOperand(0));
  FailureOr<unsigned> axis = normalizeAxis(op, intAttr(op, "axis", 0), from.size());
  if (failed(axis))
    return failure();
  for (auto [dim, size] : llvm::enumerate(from)) {
    if (dim == *axis || isOne(size))
      continue;
    unsigned factor = builder.parallel(size);
    builder.operandDim(0, dim, factor);
    for (unsigned i = 0; i < op->getNumResults(); ++i)
      builder.resultDim(i, dim, factor);
  }
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    builder.restOfResultWhole(i);
  restWhole(builder, 0);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

/// A Slice takes dimensions as a whole, but for those that it leaves as they are
/// and those of which it takes every k-th element: they are [size / k, k], of
/// which the minor part is one number (gates and values interleaved).
Rule slice(Operation *op) {
  AffineExprs from = dimsOf(op->getOperand(0)), to = dimsOf(op->getResult(0));
  if (from.size() != to.size())
    return op->emitOpError("changes the number of dimensions");
  std::optional<SmallVector<int64_t>> axes, steps, starts = constantInts(op->getOperand(1));
  if (Value operand = presentOperand(op, 3))
    axes = constantInts(operand);
  else
    axes = llvm::to_vector(llvm::seq<int64_t>(
        0, rankOf(op->getOperand(1)) == 0 ? 0 : tp::getConst(dimsOf(op->getOperand(1))[0]).value_or(from.size())));
  if (!axes)
    return op->emitOpError("needs constant axes");
  FailureOr<SmallVector<unsigned>> dims = normalizeAxes(op, *axes, from.size());
  if (failed(dims))
    return failure();
  if (Value operand = presentOperand(op, 4))
    steps = constantInts(operand);
  else
    steps = SmallVector<int64_t>(dims->size(), 1);
  auto elementOf = [](const std::optional<SmallVector<int64_t>> &list, size_t i) -> std::optional<int64_t> {
    return list && i < list->size() ? std::optional((*list)[i]) : std::nullopt;
  };
  tp::ShardingRuleBuilder builder(op);
  for (unsigned dim = 0; dim < from.size(); ++dim) {
    const unsigned *at = llvm::find(*dims, dim);
    int64_t step = 1;
    if (at != dims->end()) {
      size_t position = at - dims->begin();
      step = elementOf(steps, position).value_or(0);
      std::optional<int64_t> start = elementOf(starts, position), size = tp::getConst(from[dim]);
      bool isEveryKth = step > 1 && start && *start >= 0 && *start < step && size && *size % step == 0 &&
                        tp::getConst(to[dim]) == *size / step;
      if (!isEveryKth && (step != 1 || !sameSize(from[dim], to[dim])))
        continue; // Whole.
    }
    if (isOne(to[dim]))
      continue;
    unsigned factor = builder.parallel(to[dim]);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
    if (step > 1)
      builder.operandDim(0, dim, builder.whole(step));
  }
  builder.restOfResultWhole(0);
  restWhole(builder, 0);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

/// New or enlarged dimensions belong to the result alone.
Rule expand(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  SmallVector<tp::DimFactors> dims = parallelResult(builder, 0);
  if (failed(broadcastOperand(builder, 0, dims, dimsOf(op->getResult(0)))))
    return failure();
  restWhole(builder, 1);
  linearInAllKinds(builder, 0u);
  return builder.build();
}

Rule pad(Operation *op) {
  AffineExprs from = dimsOf(op->getOperand(0));
  SmallVector<bool> padded(from.size(), true);
  // One may depend on a size: up to the next multiple of a block.
  std::optional<AffineExprs> pads = integersOf(op->getOperand(1));
  std::optional<SmallVector<int64_t>> axes;
  if (Value operand = presentOperand(op, 3))
    axes = constantInts(operand);
  else
    axes = llvm::to_vector(llvm::seq<int64_t>(0, from.size()));
  if (axes && pads && pads->size() == 2 * axes->size()) {
    FailureOr<SmallVector<unsigned>> dims = normalizeAxes(op, *axes, from.size());
    if (failed(dims))
      return failure();
    padded.assign(from.size(), false);
    auto isNone = [&](size_t i) { return (*pads)[i] && tp::getConst((*pads)[i]) == 0; };
    for (auto [i, dim] : llvm::enumerate(*dims))
      padded[dim] = !isNone(i) || !isNone(i + dims->size());
  }
  return dimensionwise(
      op, [&](unsigned dim) { return !padded[dim]; }, /*linear=*/false);
}

Rule tile(Operation *op) {
  AffineExprs from = dimsOf(op->getOperand(0)), to = dimsOf(op->getResult(0));
  return dimensionwise(
      op, [&](unsigned dim) { return dim < to.size() && sameSize(from[dim], to[dim]); },
      /*linear=*/true);
}

/// Nothing may be split: Range, Shape, Size, constants that are no splat.
Rule wholeOp(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  restWhole(builder, 0);
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    builder.restOfResultWhole(i);
  return builder.build();
}

/// Every element is the same: any part is as good as any other.
Rule splat(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  parallelResult(builder, 0);
  restWhole(builder, 0);
  return builder.build();
}

Rule constant(Operation *op) {
  auto value = op->getAttrOfType<ElementsAttr>("value");
  return value && value.isSplat() ? splat(op) : wholeOp(op);
}

/// A view of a file can be cut anywhere.
Rule weight(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  parallelResult(builder, 0);
  return builder.build();
}

} // namespace tpo::rules
