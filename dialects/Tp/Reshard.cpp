//===- Reshard.cpp - From one layout to another ---------------------------===//

#include "dialects/Tp/Reshard.h"

#include "dialects/Tp/ReshardSearch.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace tpo::tp {

namespace {

/// Sizes after which some layout cuts a mesh axis, ascending: for sub-axes
/// (1)2 and (2)4 of an axis of 8 these are 1, 2, 8.
using Cuts = SmallVector<SmallVector<int64_t>>;

/// Brings one layout step by step to another. All axes are cut into atoms, the
/// parts that both layouts treat as one; each dimension's atoms are a stack
/// whose top is its minor end.
class ReshardPlanner {
public:
  ReshardPlanner(const Mesh &mesh, ArrayRef<AffineExpr> dims,
                 const Layout &from, const Layout &to)
      : mesh(mesh), dims(dims), current(from), target(to) {}

  /// False where the layouts cut an axis in ways that have no common
  /// refinement, as (1)2 and (1)3 of 6.
  bool cutAxes();
  FailureOr<ReshardSteps> run(ErrorFn emitError);
  /// The smallest parts of the mesh axes, those outside of both layouts included.
  AxisRefs getAtoms() const;

private:
  struct DimState {
    AxisRefs pop;  ///< Atoms to leave, the last one first.
    AxisRefs push; ///< Atoms to add, the first one first.
  };

  AxisRefs cut(ArrayRef<AxisRef> axes) const;
  void computeStacks();
  /// One step of its kind, if there is any to do now.
  bool trySlice();
  bool tryReduceScatter();
  bool tryAllToAll();
  bool tryAllReduce();
  bool tryPermute();
  bool tryAllGather();
  bool isReplicated(const AxisRef &atom) const {
    return containsAll(getReplicatedAxes(current, mesh), {atom});
  }
  /// Whether some dimension will be split over the atom later.
  bool isWanted(const AxisRef &atom) const {
    return llvm::any_of(states, [&](const DimState &state) {
      return llvm::is_contained(state.push, atom);
    });
  }
  void emit(CollectiveKind kind, ArrayRef<AxisRef> axes, int64_t dim = 0,
            int64_t splitDim = 0);

  const Mesh &mesh;
  ArrayRef<AffineExpr> dims;
  Layout current, target;
  Cuts cuts;
  SmallVector<DimState, 0> states;
  AxisRefs reduce; ///< Partial atoms to combine.
  ReshardSteps steps;
  bool consistent = true;
};

} // namespace

bool ReshardPlanner::cutAxes() {
  cuts.assign(mesh.getAxes().size(), {});
  auto add = [&](ArrayRef<AxisRef> axes) {
    for (const AxisRef &ref : axes) {
      cuts[ref.axis].push_back(ref.preSize);
      cuts[ref.axis].push_back(ref.preSize * ref.size);
    }
  };
  for (const Layout *layout : {&current, &target}) {
    for (const DimSplit &split : layout->dims)
      add(split.axes);
    add(layout->partial);
  }
  for (SmallVector<int64_t> &axisCuts : cuts) {
    llvm::sort(axisCuts);
    axisCuts.erase(llvm::unique(axisCuts), axisCuts.end());
    for (size_t i = 1; i < axisCuts.size(); ++i)
      if (axisCuts[i] % axisCuts[i - 1] != 0)
        return false;
  }
  return true;
}

AxisRefs ReshardPlanner::cut(ArrayRef<AxisRef> axes) const {
  AxisRefs atoms;
  for (const AxisRef &ref : axes) {
    int64_t begin = ref.preSize;
    for (int64_t end : cuts[ref.axis]) {
      if (end <= begin || end > ref.preSize * ref.size)
        continue;
      atoms.push_back({ref.axis, begin, end / begin});
      begin = end;
    }
  }
  return atoms;
}

AxisRefs ReshardPlanner::getAtoms() const {
  AxisRefs atoms;
  for (auto [index, axis] : llvm::enumerate(mesh.getAxes())) {
    int64_t begin = 1;
    SmallVector<int64_t> ends = cuts[index];
    ends.push_back(axis.size);
    for (int64_t end : ends)
      for (int64_t prime = 2; begin < end; ++prime)
        for (; end / begin % prime == 0 && begin < end; begin *= prime)
          atoms.push_back({static_cast<unsigned>(index), begin, prime});
  }
  return atoms;
}

void ReshardPlanner::computeStacks() {
  for (auto [index, size] : llvm::enumerate(dims)) {
    const DimSplit &from = current.dims[index], &to = target.dims[index];
    AxisRefs fromAtoms = cut(from.axes), toAtoms = cut(to.axes);
    // The longest common prefix with the same piece boundaries stays.
    size_t keep = 0;
    while (keep < fromAtoms.size() && keep < toAtoms.size() &&
           fromAtoms[keep] == toAtoms[keep])
      ++keep;
    for (; keep > 0; --keep) {
      AxisRefs prefix(fromAtoms.begin(), fromAtoms.begin() + keep);
      DimSplit fromPrefix = {prefix, from.units}, toPrefix = {prefix, to.units};
      canonicalise(fromPrefix, size);
      canonicalise(toPrefix, size);
      if (fromPrefix == toPrefix)
        break;
    }
    DimState state;
    state.pop.assign(fromAtoms.begin() + keep, fromAtoms.end());
    state.push.assign(toAtoms.begin() + keep, toAtoms.end());
    states.push_back(state);
  }
  reduce = cut(current.partial);
  for (const AxisRef &atom : cut(target.partial))
    reduce.erase(llvm::find(reduce, atom));
}

void ReshardPlanner::emit(CollectiveKind kind, ArrayRef<AxisRef> axes,
                          int64_t dim, int64_t splitDim) {
  ReshardStep step;
  step.collective.kind = kind;
  step.collective.axes.assign(axes.begin(), axes.end());
  // Reductions sum over a set of devices; elsewhere the order is the pieces'.
  if (kind == CollectiveKind::AllReduce)
    normaliseSet(step.collective.axes);
  else
    normalise(step.collective.axes);
  step.collective.reduction = current.partialKind;
  step.collective.dim = dim;
  step.collective.splitDim = splitDim;
  step.in = current;
  int64_t pushed = kind == CollectiveKind::AllToAll ? splitDim : dim;
  AffineExpr units = dims.empty() ? AffineExpr() : target.dims[pushed].units;
  FailureOr<Layout> out =
      apply(step.collective, current, dims, units, mesh, nullptr);
  if (failed(out)) {
    consistent = false;
    return;
  }
  current = *out;
  step.out = current;
  steps.push_back(step);
}

/// Takes the first `count` elements off.
static AxisRefs takeFront(AxisRefs &axes, size_t count) {
  AxisRefs front(axes.begin(), axes.begin() + count);
  axes.erase(axes.begin(), axes.begin() + count);
  return front;
}

/// Takes the last `count` elements off.
static AxisRefs takeBack(AxisRefs &axes, size_t count) {
  AxisRefs back(axes.end() - count, axes.end());
  axes.erase(axes.end() - count, axes.end());
  return back;
}

bool ReshardPlanner::trySlice() {
  for (auto [dim, state] : llvm::enumerate(states)) {
    size_t count = 0;
    while (state.pop.empty() && count < state.push.size() &&
           isReplicated(state.push[count]))
      ++count;
    if (count == 0)
      continue;
    emit(CollectiveKind::Slice, takeFront(state.push, count), dim);
    return true;
  }
  return false;
}

bool ReshardPlanner::tryReduceScatter() {
  for (auto [dim, state] : llvm::enumerate(states)) {
    size_t count = 0;
    while (state.pop.empty() && count < state.push.size() &&
           llvm::is_contained(reduce, state.push[count]))
      ++count;
    if (count == 0)
      continue;
    AxisRefs axes = takeFront(state.push, count);
    for (const AxisRef &atom : axes)
      reduce.erase(llvm::find(reduce, atom));
    emit(CollectiveKind::ReduceScatter, axes, dim);
    return true;
  }
  return false;
}

bool ReshardPlanner::tryAllToAll() {
  for (auto [dim, from] : llvm::enumerate(states)) {
    for (auto [splitDim, to] : llvm::enumerate(states)) {
      if (dim == splitDim || !to.pop.empty())
        continue;
      size_t most = std::min(from.pop.size(), to.push.size());
      for (size_t count = most; count > 0; --count) {
        if (!std::equal(from.pop.end() - count, from.pop.end(),
                        to.push.begin()))
          continue;
        takeBack(from.pop, count);
        emit(CollectiveKind::AllToAll, takeFront(to.push, count), dim,
             splitDim);
        return true;
      }
    }
  }
  return false;
}

bool ReshardPlanner::tryAllReduce() {
  AxisRefs axes;
  for (const AxisRef &atom : reduce)
    if (!isWanted(atom))
      axes.push_back(atom);
  if (axes.empty())
    return false;
  for (const AxisRef &atom : axes)
    reduce.erase(llvm::find(reduce, atom));
  emit(CollectiveKind::AllReduce, axes);
  return true;
}

bool ReshardPlanner::tryPermute() {
  if (!reduce.empty() || current == target ||
      !isPermutation(current, target, mesh))
    return false;
  AxisRefs axes = getPermutedAxes(current, target, mesh, getAtoms());
  ReshardStep step;
  step.collective.kind = CollectiveKind::Permute;
  step.collective.axes = axes;
  step.in = current;
  step.out = target;
  steps.push_back(step);
  current = target;
  for (DimState &state : states)
    state = DimState();
  return true;
}

bool ReshardPlanner::tryAllGather() {
  for (bool mayBeWanted : {false, true}) {
    for (auto [dim, state] : llvm::enumerate(states)) {
      // An atom that is wanted elsewhere may become an all-to-all once others
      // are out of the way.
      size_t count = 0;
      while (count < state.pop.size() &&
             (!isWanted(state.pop[state.pop.size() - 1 - count]) ||
              (mayBeWanted && count == 0)))
        ++count;
      if (count == 0)
        continue;
      emit(CollectiveKind::AllGather, takeBack(state.pop, count), dim);
      return true;
    }
  }
  return false;
}

FailureOr<ReshardSteps> ReshardPlanner::run(ErrorFn emitError) {
  computeStacks();
  while (consistent && (trySlice() || tryReduceScatter() || tryAllToAll() ||
                        tryAllReduce() || tryPermute() || tryAllGather())) {
  }
  if (!consistent || current != target) {
    if (emitError)
      emitError() << "no sequence of collectives leads to layout "
                  << toString(target, mesh);
    return failure();
  }
  return steps;
}

FailureOr<ReshardSteps> planReshard(const Mesh &mesh, ArrayRef<AffineExpr> dims,
                                    const Layout &from, const Layout &to,
                                    ErrorFn emitError) {
  if (from == to)
    return ReshardSteps();
  if (from.getRank() != dims.size() || to.getRank() != dims.size()) {
    if (emitError)
      emitError() << "layouts of different rank";
    return failure();
  }
  if (to.isPartial() && (!containsAll(from.partial, to.partial) ||
                         from.partialKind != to.partialKind)) {
    if (emitError)
      emitError() << "cannot make layout " << toString(from, mesh)
                  << " partial over " << toString(to.partial, mesh);
    return failure();
  }
  ReshardPlanner planner(mesh, dims, from, to);
  if (planner.cutAxes()) {
    FailureOr<ReshardSteps> steps = planner.run(emitError);
    if (failed(steps))
      return failure();
    return findCheapestReshard(mesh, dims, planner.getAtoms(), from, to,
                               std::move(*steps));
  }
  // Without common parts of an axis, through the whole tensor.
  Layout whole = Layout::replicated(dims.size());
  whole.partial = to.partial;
  whole.partialKind = to.partialKind;
  if (whole == from || whole == to) {
    if (emitError)
      emitError() << "no common parts of the mesh axes of layouts "
                  << toString(from, mesh) << " and " << toString(to, mesh);
    return failure();
  }
  FailureOr<ReshardSteps> steps =
      planReshard(mesh, dims, from, whole, emitError);
  FailureOr<ReshardSteps> rest = planReshard(mesh, dims, whole, to, emitError);
  if (failed(steps) || failed(rest))
    return failure();
  steps->append(rest->begin(), rest->end());
  return steps;
}

const ReshardSteps *ReshardPlans::get(ArrayRef<AffineExpr> dims,
                                      const Layout &from, const Layout &to,
                                      ErrorFn emitError) {
  Key key;
  for (AffineExpr size : dims)
    key.push_back(size.getAsOpaquePointer());
  appendKey(from, key);
  appendKey(to, key);
  if (auto found = known.find(key); found != known.end())
    return &found->second;
  FailureOr<ReshardSteps> steps = planReshard(mesh, dims, from, to, emitError);
  if (failed(steps))
    return nullptr;
  return &known.try_emplace(std::move(key), std::move(*steps)).first->second;
}

Value buildReshard(OpBuilder &builder, Location loc, Value local,
                   RankedTensorType globalType, ArrayRef<ReshardStep> steps,
                   const Mesh &mesh, const RankCoordinates &coordinates) {
  MLIRContext *context = builder.getContext();
  for (const ReshardStep &step : steps) {
    const Collective &collective = step.collective;
    Type type = getLocalType(globalType, step.out, mesh, coordinates);
    AxesAttr axes = toAttr(collective.axes, mesh, context);
    LayoutAttr in = toAttr(step.in, mesh, context);
    LayoutAttr out = toAttr(step.out, mesh, context);
    switch (collective.kind) {
    case CollectiveKind::AllReduce:
      local = AllReduceOp::create(builder, loc, type, collective.reduction,
                                  local, axes, in, out, globalType);
      break;
    case CollectiveKind::ReduceScatter:
      local = ReduceScatterOp::create(builder, loc, type, collective.reduction,
                                      collective.dim, local, axes, in, out,
                                      globalType);
      break;
    case CollectiveKind::AllGather:
      local = AllGatherOp::create(builder, loc, type, collective.dim, local,
                                  axes, in, out, globalType);
      break;
    case CollectiveKind::AllToAll:
      local = AllToAllOp::create(builder, loc, type, collective.dim,
                                 collective.splitDim, local, axes, in, out,
                                 globalType);
      break;
    case CollectiveKind::Slice:
      local = SliceOp::create(builder, loc, type, collective.dim, local, axes,
                              in, out, globalType);
      break;
    case CollectiveKind::Permute:
      local = PermuteOp::create(builder, loc, type, local, axes, in, out,
                                globalType);
      break;
    case CollectiveKind::Broadcast:
      local = BroadcastOp::create(builder, loc, type, /*root=*/0, local, axes,
                                  in, out, globalType);
      break;
    }
  }
  return local;
}

} // namespace tpo::tp
