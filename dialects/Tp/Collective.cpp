//===- Collective.cpp - Collectives as arrows between layouts -------------===//

#include "dialects/Tp/Reshard.h"

#include <algorithm>

using namespace mlir;

namespace tpo::tp {

/// Appends `axes` to a split whose pieces the new ones must refine.
static LogicalResult appendAxes(DimSplit &split, ArrayRef<AxisRef> axes,
                                AffineExpr units, AffineExpr size,
                                ErrorFn emitError) {
  DimSplit coarse = {split.axes, units};
  canonicalise(coarse, size);
  if (coarse != split) {
    if (emitError)
      emitError() << "the dimension is already split with other units";
    return failure();
  }
  split.axes.append(axes.begin(), axes.end());
  split.units = units;
  canonicalise(split, size);
  return success();
}

static LogicalResult checkDimension(int64_t dim, const Layout &layout,
                                    ErrorFn emitError) {
  if (dim >= 0 && dim < static_cast<int64_t>(layout.getRank()))
    return success();
  if (emitError)
    emitError() << "dimension " << dim << " is out of range for rank "
                << layout.getRank();
  return failure();
}

static LogicalResult removePartial(const Collective &collective, Layout &layout,
                                   const Mesh &mesh, ErrorFn emitError) {
  if (!layout.isPartial() || layout.partialKind != collective.reduction ||
      !removeFromSet(layout.partial, collective.axes)) {
    if (emitError)
      emitError() << "the input is not partial("
                  << stringifyReductionKind(collective.reduction) << ") over "
                  << toString(collective.axes, mesh);
    return failure();
  }
  if (layout.partial.empty())
    layout.partialKind = ReductionKind::Sum;
  return success();
}

static LogicalResult removeSplit(const Collective &collective, Layout &layout,
                                 const Mesh &mesh, ArrayRef<AffineExpr> dims,
                                 ErrorFn emitError) {
  if (failed(checkDimension(collective.dim, layout, emitError)))
    return failure();
  DimSplit &split = layout.dims[collective.dim];
  if (!removeSuffix(split.axes, collective.axes)) {
    if (emitError)
      emitError() << "dimension " << collective.dim << " is not split over "
                  << toString(collective.axes, mesh) << " at its minor end";
    return failure();
  }
  canonicalise(split, dims[collective.dim]);
  return success();
}

static LogicalResult checkReplicated(const Collective &collective,
                                     const Layout &layout, const Mesh &mesh,
                                     ErrorFn emitError) {
  if (containsAll(getReplicatedAxes(layout, mesh), collective.axes))
    return success();
  if (emitError)
    emitError() << "the input is not replicated over "
                << toString(collective.axes, mesh);
  return failure();
}

FailureOr<Layout> apply(const Collective &collective, const Layout &in,
                        ArrayRef<AffineExpr> dims, AffineExpr units,
                        const Mesh &mesh, ErrorFn emitError) {
  Layout out = in;
  auto append = [&](int64_t dim) -> LogicalResult {
    if (failed(checkDimension(dim, out, emitError)))
      return failure();
    return appendAxes(out.dims[dim], collective.axes, units, dims[dim],
                      emitError);
  };
  LogicalResult fits = success();
  switch (collective.kind) {
  case CollectiveKind::AllReduce:
    fits = removePartial(collective, out, mesh, emitError);
    break;
  case CollectiveKind::ReduceScatter:
    fits = removePartial(collective, out, mesh, emitError);
    if (succeeded(fits))
      fits = append(collective.dim);
    break;
  case CollectiveKind::AllGather:
    fits = removeSplit(collective, out, mesh, dims, emitError);
    break;
  case CollectiveKind::AllToAll:
    if (collective.dim == collective.splitDim) {
      if (emitError)
        emitError() << "an all_to_all needs two different dimensions";
      return failure();
    }
    fits = removeSplit(collective, out, mesh, dims, emitError);
    if (succeeded(fits))
      fits = append(collective.splitDim);
    break;
  case CollectiveKind::Slice:
    fits = checkReplicated(collective, out, mesh, emitError);
    if (succeeded(fits))
      fits = append(collective.dim);
    break;
  case CollectiveKind::Broadcast:
    fits = checkReplicated(collective, out, mesh, emitError);
    break;
  case CollectiveKind::Permute:
    break;
  }
  if (failed(fits))
    return failure();
  return out;
}

//===----------------------------------------------------------------------===//
// Permutations
//===----------------------------------------------------------------------===//

bool isPermutation(const Layout &from, const Layout &to, const Mesh &mesh) {
  if (from.getRank() != to.getRank() || from.partial != to.partial ||
      (from.isPartial() && from.partialKind != to.partialKind))
    return false;
  return llvm::all_of(llvm::zip_equal(from.dims, to.dims), [](auto pair) {
    auto &[a, b] = pair;
    return a.units == b.units && getNumShards(a.axes) == getNumShards(b.axes);
  });
}

/// Adds to `coordinates` what the device of index `index` along `axes` has.
static void addIndex(ArrayRef<AxisRef> axes, int64_t index, const Mesh &mesh,
                     SmallVectorImpl<int64_t> &coordinates) {
  for (const AxisRef &ref : llvm::reverse(axes)) {
    int64_t rest = mesh.getAxes()[ref.axis].size / (ref.preSize * ref.size);
    coordinates[ref.axis] += index % ref.size * rest;
    index /= ref.size;
  }
}

SmallVector<int64_t> getPermuteSources(const Layout &from, const Layout &to,
                                       const Mesh &mesh) {
  SmallVector<int64_t> sources;
  AxisRefs restFrom = getReplicatedAxes(from, mesh);
  AxisRefs restTo = getReplicatedAxes(to, mesh);
  for (int64_t rank = 0; rank < mesh.getNumDevices(); ++rank) {
    SmallVector<int64_t> target = mesh.getCoordinates(rank);
    SmallVector<int64_t> source(target.size(), 0);
    auto copy = [&](ArrayRef<AxisRef> fromAxes, ArrayRef<AxisRef> toAxes) {
      addIndex(fromAxes, getIndex(toAxes, mesh, target), mesh, source);
    };
    for (auto [a, b] : llvm::zip_equal(from.dims, to.dims))
      copy(a.axes, b.axes);
    copy(from.partial, to.partial);
    // Replicas pair up: the products of all other roles are the same in both
    // layouts, so these have the same number of devices too.
    copy(restFrom, restTo);
    sources.push_back(mesh.getRank(source));
  }
  return sources;
}

//===----------------------------------------------------------------------===//
// Cost
//===----------------------------------------------------------------------===//

/// What a message costs after the first, for which the devices must find each
/// other: NCCL's own model has some 7 us for a start and 0.6 to 1.9 us per step.
static constexpr double kFollowingMessage = 0.25;

CommunicationCost getCost(const Collective &collective, const Mesh &mesh,
                          int64_t inputBytes, int64_t outputBytes) {
  int64_t n = getNumShards(collective.axes);
  CommunicationCost cost;
  if (n == 1 || collective.kind == CollectiveKind::Slice)
    return cost;
  double bandwidth = std::numeric_limits<double>::infinity();
  double latency = 0;
  for (const AxisRef &ref : collective.axes) {
    bandwidth = std::min(bandwidth, mesh.getAxes()[ref.axis].bandwidth);
    latency = std::max(latency, mesh.getAxes()[ref.axis].latency);
  }
  // GB/s are 1000 bytes per microsecond.
  auto transfer = [&](double bytes) { return bytes / (bandwidth * 1e3); };
  auto delay = [&](double messages) {
    return latency * (1 + (messages - 1) * kFollowingMessage);
  };
  double share = static_cast<double>(n - 1) / n;
  double bytes = 0, messages = n - 1;
  switch (collective.kind) {
  case CollectiveKind::AllReduce: {
    bytes = 2 * share * inputBytes;
    double ring = transfer(bytes) + delay(2 * (n - 1));
    double oneShot =
        transfer(static_cast<double>(n - 1) * inputBytes) + latency;
    cost.wireBytes = static_cast<int64_t>(bytes);
    cost.microseconds = std::min(ring, oneShot);
    return cost;
  }
  case CollectiveKind::AllGather:
    bytes = share * outputBytes;
    break;
  case CollectiveKind::ReduceScatter:
  case CollectiveKind::AllToAll:
    bytes = share * inputBytes;
    break;
  case CollectiveKind::Permute:
    bytes = inputBytes;
    messages = 1;
    break;
  case CollectiveKind::Broadcast:
    bytes = inputBytes;
    break;
  case CollectiveKind::Slice:
    break;
  }
  cost.wireBytes = static_cast<int64_t>(bytes);
  cost.microseconds = transfer(bytes) + delay(messages);
  return cost;
}

CommunicationCost getCost(ArrayRef<ReshardStep> steps, const Mesh &mesh,
                          ArrayRef<int64_t> shape, int64_t elementBits,
                          ArrayRef<int64_t> symbols) {
  CommunicationCost total;
  auto getBytes = [&](const Layout &layout) {
    return llvm::divideCeil(
        getMaxLocalElements(layout, shape, symbols) * elementBits, 8);
  };
  for (const ReshardStep &step : steps)
    total +=
        getCost(step.collective, mesh, getBytes(step.in), getBytes(step.out));
  return total;
}

FailureOr<Collective> getCollective(CollectiveOpInterface op,
                                    const Mesh &mesh) {
  Collective collective;
  FailureOr<AxisRefs> axes = resolveAxes(op.getAxes().getAxes(), mesh,
                                         [&] { return op->emitOpError(); });
  if (failed(axes))
    return failure();
  collective.kind = op.getCollectiveKind();
  collective.axes = *axes;
  collective.reduction = op.getReductionKind().value_or(ReductionKind::Sum);
  collective.dim = op.getDimension().value_or(0);
  collective.splitDim = op.getSplitDimension().value_or(0);
  return collective;
}

} // namespace tpo::tp
