//===- RefineShapes.cpp - The common refinement of two shapes -------------===//
//
// A reshape keeps the row-major index. Where two prefixes of the shapes have
// the same product of sizes, their indices are the same number; the finest such
// cuts, from the major and from the minor side, give the factors both shapes
// are products of.
//
//===----------------------------------------------------------------------===//

#include "RuleHelpers.h"

#include <numeric>

using namespace mlir;

namespace tpo {

namespace {

/// One shape while it is taken apart from both ends: dimensions in
/// [first, last) are left, with the sizes in `rest`.
struct Remainder {
  explicit Remainder(ArrayRef<AffineExpr> sizes)
      : rest(sizes.begin(), sizes.end()), major(sizes.size()), minor(sizes.size()), last(sizes.size()) {
    skipOnes();
  }

  void skipOnes() {
    while (first < last && isOne(rest[first]))
      ++first;
    while (first < last && isOne(rest[last - 1]))
      --last;
  }

  bool empty() const { return first == last; }
  unsigned end(bool fromMajor) const { return fromMajor ? first : last - 1; }

  /// Takes `factor` of size `size` off the dimension at one end.
  void take(bool fromMajor, unsigned factor, AffineExpr size) {
    unsigned dim = end(fromMajor);
    if (fromMajor)
      major[dim].push_back(factor);
    else
      minor[dim].insert(minor[dim].begin(), factor);
    rest[dim] = tp::divideExactly(rest[dim], size);
    skipOnes();
  }

  AffineExprs rest;
  SmallVector<tp::DimFactors> major, minor;
  unsigned first = 0, last;
};

/// The largest size known to divide both: one of them, or the common divisor
/// of two constants. Null where there is none but 1.
AffineExpr commonSize(AffineExpr lhs, AffineExpr rhs) {
  if (!lhs || !rhs)
    return nullptr;
  if (tp::provablyEqual(lhs, rhs) || tp::divideExactly(rhs, lhs))
    return lhs;
  if (tp::divideExactly(lhs, rhs))
    return rhs;
  std::optional<int64_t> l = tp::getConst(lhs), r = tp::getConst(rhs);
  if (!l || !r || *l <= 0 || *r <= 0)
    return nullptr;
  int64_t divisor = std::gcd(*l, *r);
  if (divisor == 1)
    return nullptr;
  return getAffineConstantExpr(divisor, lhs.getContext());
}

/// A symbol that divides both sizes: `s0 * 8` and `s0 * 2 * 3` share s0.
AffineExpr commonSymbol(AffineExpr lhs, AffineExpr rhs) {
  if (!lhs || !rhs)
    return nullptr;
  AffineExpr found;
  lhs.walk([&](AffineExpr part) {
    if (!found && isa<AffineSymbolExpr>(part) && tp::divideExactly(lhs, part) && tp::divideExactly(rhs, part))
      found = part;
  });
  return found;
}

void takeFromEnd(tp::ShardingRuleBuilder &builder, bool fromMajor, Remainder &from, Remainder &to) {
  while (!from.empty() && !to.empty()) {
    AffineExpr lhs = from.rest[from.end(fromMajor)];
    AffineExpr rhs = to.rest[to.end(fromMajor)];
    AffineExpr size = commonSize(lhs, rhs);
    if (!size)
      size = commonSymbol(lhs, rhs);
    if (!size || isOne(size))
      return;
    unsigned factor = builder.parallel(size);
    from.take(fromMajor, factor, size);
    to.take(fromMajor, factor, size);
  }
}

void collect(tp::ShardingRuleBuilder &builder, Remainder &shape, SmallVectorImpl<tp::DimFactors> &factors) {
  for (unsigned dim = 0; dim < shape.rest.size(); ++dim) {
    factors.push_back(shape.major[dim]);
    // What is left between both ends has no common factor: it stays whole.
    if (dim >= shape.first && dim < shape.last && !isOne(shape.rest[dim]))
      factors.back().push_back(builder.whole(shape.rest[dim]));
    factors.back().append(shape.minor[dim]);
  }
}

} // namespace

void refineShapes(tp::ShardingRuleBuilder &builder, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                  SmallVectorImpl<tp::DimFactors> &fromFactors, SmallVectorImpl<tp::DimFactors> &toFactors) {
  Remainder source(from), target(to);
  takeFromEnd(builder, /*fromMajor=*/true, source, target);
  takeFromEnd(builder, /*fromMajor=*/false, source, target);
  // A single size unknown on both sides, between equal neighbours, is one
  // dimension seen twice.
  if (source.last == source.first + 1 && target.last == target.first + 1 && !source.rest[source.first] &&
      !target.rest[target.first]) {
    unsigned factor = builder.parallel(nullptr);
    source.major[source.first].push_back(factor);
    target.major[target.first].push_back(factor);
    ++source.first;
    ++target.first;
  }
  collect(builder, source, fromFactors);
  collect(builder, target, toFactors);
}

} // namespace tpo
