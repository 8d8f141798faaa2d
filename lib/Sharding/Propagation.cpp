//===- Propagation.cpp - A fixpoint of factor splits ----------------------===//
//
// In the manner of Shardy: layouts are projected to the factors of a rule, the
// factors take what all tensors agree on, and the layouts of open tensors grow
// to what their factors have. Splits only grow, so the fixpoint exists.
//
//===----------------------------------------------------------------------===//

#include "Propagation.h"

#include "dialects/Tp/Regions.h"
#include "dialects/Tp/Reshard.h"

using namespace mlir;

namespace tpo {

namespace {

bool isTensor(Value value) { return isa<RankedTensorType>(value.getType()); }

SmallVector<AffineExpr> dimsOf(Value value) { return tp::getDims(cast<RankedTensorType>(value.getType())); }

/// Whether `axes` starts with `prefix`.
bool isPrefix(const tp::AxisRefs &prefix, const tp::AxisRefs &axes) {
  if (prefix.empty())
    return true;
  tp::AxisRefs head, tail;
  return tp::splitAxes(axes, tp::getNumShards(prefix), head, tail) && head == prefix;
}

/// The axes of the factors of a dimension split like `split`; where the factors
/// cannot follow all of it, like as many of its major axes as they can.
SmallVector<tp::AxisRefs> project(const tp::ShardingRule &rule, const tp::DimFactors &dim, const tp::DimSplit &split,
                                  AffineExpr size, SmallVectorImpl<AffineExpr> &units) {
  for (int64_t count = tp::getNumShards(split.axes); count > 1; --count) {
    tp::DimSplit cut;
    tp::AxisRefs tail;
    if (!tp::splitAxes(split.axes, count, cut.axes, tail))
      continue;
    cut.units = split.units;
    tp::canonicalise(cut, size);
    FailureOr<SmallVector<tp::AxisRefs>> axes = tp::getFactorAxes(rule, dim, cut, &units);
    if (succeeded(axes))
      return *axes;
  }
  units.assign(dim.size(), AffineExpr());
  return SmallVector<tp::AxisRefs>(dim.size());
}

} // namespace

TensorState &Propagation::getState(Value value) {
  auto [it, isNew] = states.try_emplace(value);
  if (isNew) {
    it->second.layout = tp::Layout::replicated(cast<RankedTensorType>(value.getType()).getRank());
    it->second.origins.resize(mesh.getAxes().size(), nullptr);
  }
  return it->second;
}

//===----------------------------------------------------------------------===//
// Given layouts
//===----------------------------------------------------------------------===//

LogicalResult Propagation::give(Value value, tp::LayoutAttr attr, bool fixed, Location loc, const Twine &what) {
  auto report = [&] { return mlir::emitError(loc); };
  if (attr.getMesh().getValue() != mesh.getName())
    return report() << what << " has a layout on @" << attr.getMesh().getValue() << ", others are on @"
                    << mesh.getName();
  FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, report);
  if (failed(layout) || failed(tp::verifyLayout(*layout, mesh, dimsOf(value), report)))
    return failure();
  tp::canonicalise(*layout, dimsOf(value));
  origins.push_back({loc, what.str()});
  const LayoutOrigin *origin = &origins.back();
  SmallVector<const LayoutOrigin *> all(mesh.getAxes().size(), origin);
  if (!fixed) {
    adopt(value, *layout, all);
    return success();
  }
  TensorState &state = getState(value);
  state.layout = *layout;
  state.fixed = true;
  for (const tp::DimSplit &dim : layout->dims)
    for (const tp::AxisRef &ref : dim.axes)
      state.origins[ref.axis] = origin;
  return success();
}

LogicalResult Propagation::collectGiven() {
  Block &block = function.getFunctionBody().front();
  for (BlockArgument argument : block.getArguments())
    if (auto layout = tp::getLayoutAttr(argument); layout && isTensor(argument))
      if (failed(
              give(argument, layout, /*fixed=*/true, argument.getLoc(), "argument #" + Twine(argument.getArgNumber()))))
        return failure();
  SmallVector<Operation *> given;
  tp::forEachTransparent(block, [&](Operation &op) {
    if (isa<tp::ConstrainOp, tp::ReshardOp>(op))
      given.push_back(&op);
  });
  for (Operation *op : given)
    if (failed(give(op->getResult(0), tp::getLayoutAttr(op->getResult(0)),
                    /*fixed=*/true, op->getLoc(), "'" + op->getName().getStringRef() + "'")))
      return failure();
  // What is given for a use reaches back to the value, which is free to have
  // another layout.
  for (Operation *op : given)
    if (auto constrain = dyn_cast<tp::ConstrainOp>(op))
      if (!getState(constrain.getInput()).fixed && failed(give(constrain.getInput(), constrain.getLayout(),
                                                               /*fixed=*/false, op->getLoc(), "'tp.constrain'")))
        return failure();
  for (OpOperand &result : block.getTerminator()->getOpOperands()) {
    auto layout = function.getResultAttrOfType<tp::LayoutAttr>(result.getOperandNumber(), tp::TpDialect::kLayoutAttr);
    if (layout && isTensor(result.get()) && !getState(result.get()).fixed &&
        failed(give(result.get(), layout, /*fixed=*/false, function.getLoc(),
                    "function result #" + Twine(result.getOperandNumber()))))
      return failure();
  }
  return success();
}

/// What an operation carries over the boundary of its regions is one tensor.
void Propagation::addCarried(Operation *op) {
  for (tp::CarriedTensor &tensor : tp::getCarriedTensors(op)) {
    OpState state{op, {}, {tensor.sources.begin(), tensor.sources.end()}, {}, /*isCarried=*/true, {}, {}};
    llvm::append_range(state.results, tensor.values);
    tp::TensorFactors dims;
    for (AffineExpr size : dimsOf(tensor.values.front())) {
      tp::DimFactors &dim = dims.emplace_back();
      if (size && tp::getConst(size) == 1)
        continue;
      dim.push_back(state.rule.factors.size());
      state.rule.factors.emplace_back().size = size;
    }
    state.rule.operands.assign(state.operands.size(), dims);
    state.rule.results.assign(state.results.size(), dims);
    ops.push_back(std::move(state));
  }
}

LogicalResult Propagation::collectRules() {
  bool isValid = true;
  tp::forEachTransparent(function.getFunctionBody().front(), [&](Operation &op) {
    if (tp::isTransparent(&op))
      return addCarried(&op);
    auto ruled = dyn_cast<tp::ShardingRuleOpInterface>(op);
    bool anyTensor = llvm::any_of(op.getOperands(), isTensor) || llvm::any_of(op.getResults(), isTensor);
    if (!isValid || !ruled || !anyTensor || isa<tp::ConstrainOp, tp::ReshardOp>(op))
      return;
    FailureOr<tp::ShardingRule> rule = ruled.getShardingRule();
    isValid = succeeded(rule);
    if (!isValid)
      return;
    OpState state{&op, std::move(*rule), {}, llvm::to_vector_of<Value>(op.getResults()), /*isCarried=*/false, {}, {}};
    for (OpOperand &operand : op.getOpOperands())
      state.operands.push_back(&operand);
    ops.push_back(std::move(state));
  });
  return success(isValid);
}

//===----------------------------------------------------------------------===//
// The fixpoint
//===----------------------------------------------------------------------===//

LogicalResult Propagation::conflict(OpState &state, unsigned factor, const tp::AxisRefs &axes,
                                    const LayoutOrigin *origin, unsigned other, const LayoutOrigin *otherOrigin) {
  InFlightDiagnostic diagnostic = state.op->emitError() << "layouts conflict: factor " << tp::getFactorName(factor)
                                                        << " is wanted over " << tp::toString(axes, mesh);
  if (factor == other)
    diagnostic << " and over " << tp::toString(state.assignment.factorAxes[other], mesh);
  else
    diagnostic << ", which splits factor " << tp::getFactorName(other) << " already";
  diagnostic.attachNote() << "rule " << state.rule.toString();
  if (origin)
    diagnostic.attachNote(origin->loc) << "wanted by " << origin->what;
  if (otherOrigin)
    diagnostic.attachNote(otherOrigin->loc) << "in conflict with " << otherOrigin->what;
  return diagnostic;
}

LogicalResult Propagation::mergeFactor(OpState &state, unsigned factor, const tp::AxisRefs &axes, AffineExpr units,
                                       const TensorState &from, bool isOperand) {
  tp::AxisRefs &known = state.assignment.factorAxes[factor];
  if (isPrefix(axes, known))
    return success();
  const LayoutOrigin *origin = from.origins[axes.front().axis];
  // What results would like yields to what operands are: the result is
  // resharded instead.
  if (!isPrefix(known, axes)) {
    if (!isOperand)
      return success();
    return conflict(state, factor, axes, origin, factor, state.origins[known.front().axis]);
  }
  for (auto [other, otherAxes] : llvm::enumerate(state.assignment.factorAxes)) {
    if (other == factor || !tp::overlap(axes, otherAxes))
      continue;
    if (!isOperand)
      return success();
    return conflict(state, factor, axes, origin, other, state.origins[otherAxes.front().axis]);
  }
  known = axes;
  state.assignment.factorUnits[factor] = units;
  for (const tp::AxisRef &ref : axes)
    state.origins[ref.axis] = from.origins[ref.axis];
  return success();
}

LogicalResult Propagation::mergeTensor(OpState &state, const tp::TensorFactors &tensor, Value value, bool isOperand) {
  if (!isTensor(value))
    return success();
  const TensorState &from = getState(value);
  SmallVector<AffineExpr> sizes = dimsOf(value);
  for (auto [index, dim] : llvm::enumerate(tensor)) {
    if (!from.layout.dims[index].isSplit())
      continue;
    SmallVector<AffineExpr> units;
    SmallVector<tp::AxisRefs> axes = project(state.rule, dim, from.layout.dims[index], sizes[index], units);
    for (auto [factor, own, pieces] : llvm::zip_equal(dim, axes, units))
      if (!own.empty() && failed(mergeFactor(state, factor, own, pieces, from, isOperand)))
        return failure();
  }
  return success();
}

/// Unsplits factors that some tensor cannot follow (a minor factor under a
/// major one that is not split there), the last ones first.
void Propagation::dropIllegal(OpState &state) {
  auto isLegal = [&] { return succeeded(tp::getLayouts(state.rule, state.assignment, mesh, nullptr)); };
  if (isLegal())
    return;
  unsigned count = state.assignment.factorAxes.size();
  for (unsigned factor = count; factor-- > 0;) {
    tp::AxisRefs axes = state.assignment.factorAxes[factor];
    state.assignment.factorAxes[factor].clear();
    if (isLegal())
      return;
    state.assignment.factorAxes[factor] = axes;
  }
  state.assignment = tp::FactorAssignment(state.rule);
}

LogicalResult Propagation::merge(OpState &state) {
  state.assignment = tp::FactorAssignment(state.rule);
  state.origins.assign(mesh.getAxes().size(), nullptr);
  for (auto [tensor, operand] : llvm::zip_equal(state.rule.operands, state.operands)) {
    // What a region yields follows what the first source is.
    bool decides = !state.isCarried || operand == state.operands.front();
    if (failed(mergeTensor(state, tensor, operand->get(), decides)))
      return failure();
  }
  for (auto [tensor, value] : llvm::zip_equal(state.rule.results, state.results))
    if (failed(mergeTensor(state, tensor, value, /*isOperand=*/false)))
      return failure();
  dropIllegal(state);
  return success();
}

/// Splits an open tensor further, where `layout` continues what it has.
bool Propagation::adopt(Value value, const tp::Layout &layout, ArrayRef<const LayoutOrigin *> from) {
  if (!isTensor(value))
    return false;
  TensorState &state = getState(value);
  if (state.fixed)
    return false;
  bool changed = false;
  for (auto [index, split] : llvm::enumerate(layout.dims)) {
    tp::DimSplit &own = state.layout.dims[index];
    if (own.axes == split.axes || !isPrefix(own.axes, split.axes))
      continue;
    bool taken = false;
    for (auto [other, otherSplit] : llvm::enumerate(state.layout.dims))
      taken |= other != index && tp::overlap(split.axes, otherSplit.axes);
    if (taken)
      continue;
    own = split;
    for (const tp::AxisRef &ref : split.axes)
      if (!state.origins[ref.axis])
        state.origins[ref.axis] = from[ref.axis];
    changed = true;
  }
  return changed;
}

FailureOr<bool> Propagation::sweep(bool forward) {
  bool changed = false;
  auto visit = [&](OpState &state) -> LogicalResult {
    if (failed(merge(state)))
      return failure();
    FailureOr<tp::OpLayouts> own = tp::getLayouts(state.rule, state.assignment, mesh, nullptr);
    if (forward)
      for (auto [value, layout] : llvm::zip_equal(state.results, own->results))
        changed |= adopt(value, layout, state.origins);
    else
      for (auto [operand, layout] : llvm::zip_equal(state.operands, own->operands))
        changed |= adopt(operand->get(), layout, state.origins);
    return success();
  };
  if (forward) {
    for (OpState &state : ops)
      if (failed(visit(state)))
        return failure();
  } else {
    for (OpState &state : llvm::reverse(ops))
      if (failed(visit(state)))
        return failure();
  }
  return changed;
}

LogicalResult Propagation::run() {
  if (failed(collectGiven()) || failed(collectRules()))
    return failure();
  // Forward as far as it goes before anything flows backward: data decide, and
  // what is left open adapts.
  while (true) {
    FailureOr<bool> changed = sweep(/*forward=*/true);
    if (failed(changed))
      return failure();
    if (*changed)
      continue;
    changed = sweep(/*forward=*/false);
    if (failed(changed))
      return failure();
    if (!*changed)
      break;
  }
  for (OpState &state : ops) {
    if (failed(merge(state)))
      return failure();
    passPartialSums(state);
    finish(state);
  }
  return success();
}

} // namespace tpo
