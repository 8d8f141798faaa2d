//===- ShardingRuleLayouts.cpp - From factors to layouts and back ---------===//

#include "dialects/Tp/ShardingRule.h"

using namespace mlir;

namespace tpo::tp {

bool FactorAssignment::isReplicated() const {
  auto isEmpty = [](const AxisRefs &axes) { return axes.empty(); };
  return llvm::all_of(factorAxes, isEmpty) && llvm::all_of(linearAxes, isEmpty);
}

std::string FactorAssignment::toString(const ShardingRule &rule,
                                       const Mesh &mesh) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::ListSeparator separator;
  os << '{';
  for (auto [index, axes] : llvm::enumerate(factorAxes))
    if (!axes.empty())
      os << separator << getFactorName(index) << " over "
         << tp::toString(axes, mesh);
  for (auto [index, axes] : llvm::enumerate(linearAxes))
    if (!axes.empty()) {
      os << separator << "operands {";
      llvm::interleaveComma(rule.linear[index].operands, os);
      os << "} partial over " << tp::toString(axes, mesh);
    }
  os << '}';
  return text;
}

/// Says why in `why` and fails.
static LogicalResult refuse(std::string &why, const Twine &message) {
  why = message.str();
  return failure();
}

//===----------------------------------------------------------------------===//
// Factors to layouts
//===----------------------------------------------------------------------===//

/// The split of a dimension whose factors `dim` are split over `axes`.
static LogicalResult getDimSplit(const ShardingRule &rule,
                                 const DimFactors &dim, ArrayRef<AxisRefs> axes,
                                 ArrayRef<AffineExpr> factorUnits,
                                 DimSplit &split, std::string &why) {
  split = DimSplit();
  // Whether every device holds one index of all factors so far: only then are
  // the pieces of a split minor factor contiguous.
  bool single = true;
  bool sizesKnown = true;
  AffineExpr majorSize, units;
  bool unitsKnown = true;
  for (auto [position, factor] : llvm::enumerate(dim)) {
    AffineExpr size = rule.factors[factor].size;
    AffineExpr pieces = factorUnits[position];
    if (pieces)
      pieces = majorSize ? majorSize * pieces : pieces;
    sizesKnown &= static_cast<bool>(size);
    if (size)
      majorSize = majorSize ? majorSize * size : size;
    const AxisRefs &here = axes[position];
    int64_t count = getNumShards(here);
    if (count > 1) {
      if (!single)
        return refuse(why, "factor " + getFactorName(factor) +
                               " is split under a major factor that is not "
                               "split into single indices");
      split.axes.append(here.begin(), here.end());
      units = pieces ? pieces : majorSize;
      unitsKnown = sizesKnown;
    }
    single &= getConst(size) == count;
  }
  if (!split.isSplit())
    return success();
  // Of a last factor of unknown size the pieces are single elements anyway.
  bool lastIsSplit = getNumShards(axes.back()) > 1 && !factorUnits.back();
  if (!unitsKnown && !lastIsSplit)
    return refuse(why, "a factor of unknown size is split above another");
  split.units = unitsKnown ? simplify(units) : AffineExpr();
  canonicalise(split, sizesKnown ? simplify(majorSize) : AffineExpr());
  // A dimension split down to its last factor has single elements as pieces,
  // whether or not their number is known.
  if (lastIsSplit)
    split.units = nullptr;
  return success();
}

static LogicalResult getTensorLayout(const ShardingRule &rule,
                                     const TensorFactors &tensor,
                                     const FactorAssignment &assignment,
                                     Layout &layout, std::string &why) {
  layout = Layout::replicated(tensor.size());
  for (auto [index, dim] : llvm::enumerate(tensor)) {
    SmallVector<AxisRefs> axes;
    SmallVector<AffineExpr> units;
    for (unsigned factor : dim) {
      axes.push_back(assignment.factorAxes[factor]);
      units.push_back(assignment.factorUnits[factor]);
    }
    if (failed(getDimSplit(rule, dim, axes, units, layout.dims[index], why)))
      return failure();
  }
  return success();
}

/// Adds axes along which a layout is partial.
static LogicalResult addPartial(Layout &layout, const AxisRefs &axes,
                                ReductionKind kind, std::string &why) {
  if (axes.empty())
    return success();
  if (layout.isPartial() && layout.partialKind != kind)
    return refuse(why, "partial with two kinds of reduction, " +
                           stringifyReductionKind(layout.partialKind) +
                           " and " + stringifyReductionKind(kind));
  layout.partial.append(axes.begin(), axes.end());
  layout.partialKind = kind;
  normaliseSet(layout.partial);
  return success();
}

static LogicalResult checkAxes(const ShardingRule &rule,
                               const FactorAssignment &assignment,
                               const Mesh &mesh, std::string &why) {
  AxisRefs used;
  auto use = [&](const AxisRefs &axes) -> LogicalResult {
    for (const AxisRef &ref : axes) {
      if (overlap(used, {ref}))
        return refuse(why, "axis " + toString({ref}, mesh) +
                               " has two roles in one operation");
      used.push_back(ref);
    }
    return success();
  };
  for (auto [index, axes] : llvm::enumerate(assignment.factorAxes)) {
    if (!axes.empty() && rule.factors[index].kind == FactorKind::Whole)
      return refuse(why, "factor " + getFactorName(index) +
                             " must stay whole and is split over " +
                             toString(axes, mesh));
    if (failed(use(axes)))
      return failure();
    if (axes.empty() || !rule.factors[index].even)
      continue;
    AffineExpr pieces = assignment.factorUnits[index];
    std::optional<int64_t> count =
        getConst(pieces ? pieces : rule.factors[index].size);
    if (!count || *count % getNumShards(axes) != 0)
      return refuse(why, "factor " + getFactorName(index) +
                             " must be divided evenly, which " +
                             toString(axes, mesh) + " does not");
  }
  for (const AxisRefs &axes : assignment.linearAxes)
    if (failed(use(axes)))
      return failure();
  return success();
}

static LogicalResult computeLayouts(const ShardingRule &rule,
                                    const FactorAssignment &assignment,
                                    const Mesh &mesh, OpLayouts &layouts,
                                    std::string &why) {
  if (failed(checkAxes(rule, assignment, mesh, why)))
    return failure();
  auto compute = [&](StringRef kind, ArrayRef<TensorFactors> tensors,
                     SmallVectorImpl<Layout> &out) -> LogicalResult {
    for (auto [index, tensor] : llvm::enumerate(tensors))
      if (failed(getTensorLayout(rule, tensor, assignment, out.emplace_back(),
                                 why)))
        return refuse(why, kind + " #" + Twine(index) + ": " + why);
    return success();
  };
  if (failed(compute("operand", rule.operands, layouts.operands)) ||
      failed(compute("result", rule.results, layouts.results)))
    return failure();
  for (auto [group, axes] : llvm::zip_equal(rule.linear, assignment.linearAxes))
    for (unsigned operand : group.operands)
      if (failed(addPartial(layouts.operands[operand], axes, group.kind, why)))
        return refuse(why, "operand #" + Twine(operand) + ": " + why);
  for (auto [index, layout] : llvm::enumerate(layouts.results)) {
    LogicalResult fits = success();
    for (auto [factor, axes] :
         llvm::zip_equal(rule.factors, assignment.factorAxes))
      if (factor.kind == FactorKind::Reduction && succeeded(fits))
        fits = addPartial(layout, axes, factor.reduction, why);
    for (auto [group, axes] :
         llvm::zip_equal(rule.linear, assignment.linearAxes))
      if (succeeded(fits))
        fits = addPartial(layout, axes, group.kind, why);
    if (failed(fits))
      return refuse(why, "result #" + Twine(index) + ": " + why);
  }
  return success();
}

FailureOr<OpLayouts> getLayouts(const ShardingRule &rule,
                                const FactorAssignment &assignment,
                                const Mesh &mesh, ErrorFn emitError) {
  OpLayouts layouts;
  std::string why;
  if (succeeded(computeLayouts(rule, assignment, mesh, layouts, why)))
    return layouts;
  if (emitError)
    emitError() << why;
  return failure();
}

//===----------------------------------------------------------------------===//
// Layouts to factors
//===----------------------------------------------------------------------===//

/// What other tensors already say about the factors: axes and units, none for
/// a factor that no other has.
using KnownAxes = SmallVector<std::optional<std::pair<AxisRefs, AffineExpr>>>;

namespace {

/// Distributes the axes that split one dimension among its factors.
class Distribution {
public:
  Distribution(const ShardingRule &rule, const DimFactors &dim,
               const DimSplit &wanted, const KnownAxes *known)
      : axes(dim.size()), units(dim.size()), rule(rule), dim(dim),
        wanted(wanted), known(known) {}

  bool run() { return !wanted.isSplit() || distribute(0, wanted.axes); }

  SmallVector<AxisRefs> axes;
  SmallVector<AffineExpr> units;

private:
  /// Gives `rest` to the factors from `position` on.
  bool distribute(size_t position, ArrayRef<AxisRef> rest);
  /// Gives all of `rest` to the factor at `position`, in pieces of several
  /// indices where the dimension has such.
  bool giveAll(size_t position, ArrayRef<AxisRef> rest);
  bool isWanted() const {
    DimSplit split;
    std::string why;
    return succeeded(getDimSplit(rule, dim, axes, units, split, why)) &&
           split == wanted;
  }

  const ShardingRule &rule;
  const DimFactors &dim;
  const DimSplit &wanted;
  const KnownAxes *known;
};

} // namespace

bool Distribution::giveAll(size_t position, ArrayRef<AxisRef> rest) {
  const Factor &factor = rule.factors[dim[position]];
  if (factor.kind == FactorKind::Whole)
    return false;
  axes[position].assign(rest.begin(), rest.end());
  if (isWanted())
    return true;
  AffineExpr pieces = wanted.units;
  for (unsigned major : ArrayRef(dim).take_front(position))
    pieces = pieces && rule.factors[major].size
                 ? divideExactly(pieces, rule.factors[major].size)
                 : AffineExpr();
  if (!pieces || !factor.size || !divideExactly(factor.size, pieces))
    return false;
  units[position] = pieces;
  if (isWanted())
    return true;
  units[position] = nullptr;
  return false;
}

bool Distribution::distribute(size_t position, ArrayRef<AxisRef> rest) {
  if (position == dim.size())
    return false;
  const Factor &factor = rule.factors[dim[position]];
  AxisRefs &here = axes[position];
  AxisRefs tail;
  if (known && (*known)[dim[position]]) {
    const auto &[knownAxes, knownUnits] = *(*known)[dim[position]];
    units[position] = knownUnits;
    if (!splitAxes(rest, getNumShards(knownAxes), here, tail) ||
        here != knownAxes)
      return false;
    return tail.empty() ? isWanted() : distribute(position + 1, tail);
  }
  if (giveAll(position, rest))
    return true;
  // Else as many devices as it has indices, and the others further down.
  std::optional<int64_t> size = getConst(factor.size);
  if (size && *size > 0 && splitAxes(rest, *size, here, tail) &&
      (here.empty() || factor.kind != FactorKind::Whole) &&
      distribute(position + 1, tail))
    return true;
  here.clear();
  return false;
}

FailureOr<SmallVector<AxisRefs>>
getFactorAxes(const ShardingRule &rule, const DimFactors &dim,
              const DimSplit &split, SmallVectorImpl<AffineExpr> *units) {
  Distribution distribution(rule, dim, split, /*known=*/nullptr);
  if (!distribution.run())
    return failure();
  if (units)
    units->assign(distribution.units.begin(), distribution.units.end());
  return distribution.axes;
}

namespace {

/// One dimension of one operand or result.
struct DimensionOfTensor {
  const Layout *layout;
  const TensorFactors *tensor;
  unsigned dim;
  std::string tensorName;
  const DimFactors &getFactors() const { return (*tensor)[dim]; }
};

} // namespace

/// Records the axes of every factor of one dimension.
static LogicalResult collectFactorAxes(const ShardingRule &rule,
                                       const DimensionOfTensor &dimension,
                                       const Mesh &mesh, KnownAxes &known,
                                       std::string &why) {
  const DimFactors &dim = dimension.getFactors();
  const DimSplit &split = dimension.layout->dims[dimension.dim];
  Distribution agreeing(rule, dim, split, &known);
  Distribution alone(rule, dim, split, nullptr);
  bool agrees = agreeing.run();
  if (!agrees && !alone.run())
    return refuse(why, dimension.tensorName + ": layout " +
                           toString(*dimension.layout, mesh) +
                           " splits no whole indices of dimension " +
                           Twine(dimension.dim));
  const Distribution &distribution = agrees ? agreeing : alone;
  for (auto [factor, here, pieces] :
       llvm::zip_equal(dim, distribution.axes, distribution.units)) {
    auto &entry = known[factor];
    if (entry && entry->first != here)
      return refuse(why, dimension.tensorName + ": factor " +
                             getFactorName(factor) + " is split over {" +
                             toString(here, mesh) + "}, elsewhere over {" +
                             toString(entry->first, mesh) + "}");
    if (!entry)
      entry = {here, pieces};
  }
  return success();
}

/// Records the axes of all factors, those first that leave no choice: a factor
/// that shares one tensor's dimension may have its own in another.
static LogicalResult
collectFactorAxes(const ShardingRule &rule, ArrayRef<Layout> operands,
                  ArrayRef<Layout> results, const Mesh &mesh,
                  FactorAssignment &assignment, std::string &why) {
  SmallVector<DimensionOfTensor, 0> dimensions;
  auto add = [&](StringRef kind, ArrayRef<TensorFactors> tensors,
                 ArrayRef<Layout> layouts) -> LogicalResult {
    for (auto [index, tensor] : llvm::enumerate(tensors)) {
      std::string name = (kind + " #" + Twine(index)).str();
      if (layouts[index].getRank() != tensor.size())
        return refuse(why, name + ": layout " + toString(layouts[index], mesh) +
                               " does not have rank " + Twine(tensor.size()));
      for (unsigned dim = 0; dim < tensor.size(); ++dim)
        dimensions.push_back({&layouts[index], &tensor, dim, name});
    }
    return success();
  };
  if (failed(add("result", rule.results, results)) ||
      failed(add("operand", rule.operands, operands)))
    return failure();
  llvm::stable_sort(dimensions, [](const DimensionOfTensor &lhs,
                                   const DimensionOfTensor &rhs) {
    return lhs.getFactors().size() < rhs.getFactors().size();
  });
  KnownAxes known(rule.factors.size());
  for (const DimensionOfTensor &dimension : dimensions)
    if (failed(collectFactorAxes(rule, dimension, mesh, known, why)))
      return failure();
  for (auto [index, entry] : llvm::enumerate(known))
    if (entry) {
      assignment.factorAxes[index] = entry->first;
      assignment.factorUnits[index] = entry->second;
    }
  return success();
}

/// Finds the linear group of every axis along which operands are partial.
static LogicalResult collectLinearAxes(const ShardingRule &rule,
                                       ArrayRef<Layout> operands,
                                       const Mesh &mesh,
                                       FactorAssignment &assignment,
                                       std::string &why) {
  AxisRefs all;
  for (const Layout &layout : operands)
    for (const AxisRef &ref : layout.partial)
      if (!llvm::is_contained(all, ref))
        all.push_back(ref);
  for (const AxisRef &ref : all) {
    SmallVector<unsigned> holders;
    std::optional<ReductionKind> kind;
    for (auto [index, layout] : llvm::enumerate(operands)) {
      if (!llvm::is_contained(layout.partial, ref))
        continue;
      holders.push_back(index);
      if (kind && *kind != layout.partialKind)
        return refuse(why, "operands are partial with two kinds of reduction");
      kind = layout.partialKind;
    }
    auto *group = llvm::find_if(rule.linear, [&](const LinearGroup &candidate) {
      SmallVector<unsigned> members(candidate.operands.begin(),
                                    candidate.operands.end());
      llvm::sort(members);
      return candidate.kind == *kind && members == holders;
    });
    if (group == rule.linear.end())
      return refuse(why, "operand #" + Twine(holders.front()) +
                             " is partial over " + toString({ref}, mesh) +
                             ", which the operation does not pass on");
    assignment.linearAxes[group - rule.linear.begin()].push_back(ref);
  }
  return success();
}

static LogicalResult compareLayouts(StringRef kind, ArrayRef<Layout> given,
                                    ArrayRef<Layout> needed, const Mesh &mesh,
                                    std::string &why) {
  for (auto [index, pair] : llvm::enumerate(llvm::zip_equal(given, needed))) {
    auto &[have, need] = pair;
    if (have != need)
      return refuse(why, kind + " #" + Twine(index) + " has layout " +
                             toString(have, mesh) +
                             ", the other layouts need " +
                             toString(need, mesh));
  }
  return success();
}

static LogicalResult
computeAssignment(const ShardingRule &rule, ArrayRef<Layout> operands,
                  ArrayRef<Layout> results, const Mesh &mesh,
                  FactorAssignment &assignment, std::string &why) {
  if (operands.size() != rule.operands.size() ||
      results.size() != rule.results.size())
    return refuse(why, "wrong number of layouts");
  if (failed(collectFactorAxes(rule, operands, results, mesh, assignment, why)))
    return failure();
  if (failed(collectLinearAxes(rule, operands, mesh, assignment, why)))
    return failure();
  OpLayouts layouts;
  if (failed(computeLayouts(rule, assignment, mesh, layouts, why)))
    return failure();
  if (failed(compareLayouts("operand", operands, layouts.operands, mesh, why)))
    return failure();
  return compareLayouts("result", results, layouts.results, mesh, why);
}

FailureOr<FactorAssignment> getAssignment(const ShardingRule &rule,
                                          ArrayRef<Layout> operands,
                                          ArrayRef<Layout> results,
                                          const Mesh &mesh, ErrorFn emitError) {
  FactorAssignment assignment(rule);
  std::string why;
  if (succeeded(
          computeAssignment(rule, operands, results, mesh, assignment, why)))
    return assignment;
  if (emitError)
    emitError() << why;
  return failure();
}

} // namespace tpo::tp
