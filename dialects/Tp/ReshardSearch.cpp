//===- ReshardSearch.cpp - The cheapest way between two layouts -----------===//

#include "dialects/Tp/ReshardSearch.h"

#include <functional>
#include <limits>
#include <map>
#include <queue>

using namespace mlir;

namespace tpo::tp {

namespace {

/// Layouts that a search may leave before it gives up.
constexpr unsigned kMaxExpanded = 3000;
/// What a slice, which moves nothing, counts in messages: fewer steps are better.
constexpr double kSliceMessages = 1e-3;

int64_t getNumPieces(const Layout &layout) {
  int64_t pieces = 1;
  for (const DimSplit &split : layout.dims)
    pieces *= getNumShards(split.axes);
  return pieces;
}

/// What the steps of a search cost.
class StepCost {
public:
  StepCost(const Mesh &mesh, ArrayRef<AffineExpr> dims) : mesh(mesh) {
    for (const MeshAxis &axis : mesh.getAxes()) {
      latency = std::max(latency, axis.latency);
      bandwidth = std::max(bandwidth, axis.bandwidth);
    }
    for (AffineExpr size : dims) {
      auto constant = dyn_cast_or_null<AffineConstantExpr>(size);
      bytes *= constant ? constant.getValue() : kSymbolicSize;
    }
    // Sizes are the user's: costs must not turn negative where they are counted
    // in integers, or the search finds ever cheaper cycles.
    bytes = std::min(bytes, 0x1p60);
  }

  /// Of a collective between layouts of so many pieces.
  double get(const Collective &collective, int64_t piecesIn, int64_t piecesOut) const {
    if (collective.kind == CollectiveKind::Slice)
      return kSliceMessages * latency;
    return getCost(collective, mesh, static_cast<int64_t>(bytes / piecesIn), static_cast<int64_t>(bytes / piecesOut))
               .microseconds +
           latency;
  }

  /// At least this is needed where a piece of `in` becomes one of `out`.
  double getLeast(const Layout &in, const Layout &out) const {
    int64_t piecesIn = getNumPieces(in), piecesOut = getNumPieces(out);
    if (in.partial == out.partial && piecesIn <= piecesOut)
      return 0;
    double missing = std::max(0.0, bytes / piecesOut - bytes / piecesIn) / (bandwidth * 1e3);
    return missing + latency;
  }

private:
  const Mesh &mesh;
  double latency = 0, bandwidth = 0, bytes = 4;
};

class ReshardSearch {
public:
  ReshardSearch(const Mesh &mesh, ArrayRef<AffineExpr> dims, ArrayRef<AxisRef> atoms, const Layout &from,
                const Layout &to)
      : mesh(mesh), dims(dims), atoms(atoms), target(to), costs(mesh, dims) {
    visit(from, 0, -1, ReshardStep());
  }

  /// The steps, if there are any that cost less than `bound`.
  std::optional<ReshardSteps> run(double bound);

private:
  using Key = std::vector<const void *>;
  struct Node {
    Layout layout;
    double cost;
    int64_t previous;
    ReshardStep step; ///< From the previous one.
    bool isDone = false;
  };

  void visit(const Layout &layout, double cost, int64_t previous, const ReshardStep &step);
  void expandAtoms(const Layout &in);
  void expandSuffixes(const Layout &in);
  void expandPermutes(const Layout &in);
  void tryStep(const Layout &in, const Collective &collective, int64_t growing = -1);
  /// All sequences of some of `parts`, each at most once.
  static void forEachSequence(ArrayRef<AxisRef> parts, function_ref<void(ArrayRef<AxisRef>)> body,
                              AxisRefs prefix = {});
  AxisRefs cut(ArrayRef<AxisRef> axes) const;

  const Mesh &mesh;
  ArrayRef<AffineExpr> dims;
  ArrayRef<AxisRef> atoms;
  const Layout &target;
  StepCost costs;
  std::vector<Node> nodes;
  std::map<Key, unsigned> indices;
  using Entry = std::pair<double, unsigned>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  unsigned current = 0;
  int64_t pieces = 1; ///< Of the current layout.
  double limit = std::numeric_limits<double>::infinity();
};

void ReshardSearch::visit(const Layout &layout, double cost, int64_t previous, const ReshardStep &step) {
  double least = cost + costs.getLeast(layout, target);
  if (least >= limit)
    return;
  Key key;
  appendKey(layout, key);
  auto [entry, isNew] = indices.try_emplace(std::move(key), nodes.size());
  if (isNew)
    nodes.push_back({layout, cost, previous, step});
  else if (cost < nodes[entry->second].cost)
    nodes[entry->second] = {layout, cost, previous, step};
  else
    return;
  if (layout == target)
    limit = cost;
  queue.push({least, entry->second});
}

AxisRefs ReshardSearch::cut(ArrayRef<AxisRef> axes) const {
  AxisRefs parts;
  for (const AxisRef &ref : axes) {
    size_t begin = parts.size();
    for (const AxisRef &atom : atoms)
      if (ref.contains(atom))
        parts.push_back(atom);
    std::sort(parts.begin() + begin, parts.end());
  }
  return parts;
}

void ReshardSearch::forEachSequence(ArrayRef<AxisRef> parts, function_ref<void(ArrayRef<AxisRef>)> body,
                                    AxisRefs prefix) {
  for (const AxisRef &part : parts) {
    if (llvm::is_contained(prefix, part))
      continue;
    prefix.push_back(part);
    body(prefix);
    forEachSequence(parts, body, prefix);
    prefix.pop_back();
  }
}

/// `growing` is the dimension that the collective splits further.
void ReshardSearch::tryStep(const Layout &in, const Collective &collective, int64_t growing) {
  ReshardStep step;
  step.collective = collective;
  if (collective.kind == CollectiveKind::AllReduce)
    normaliseSet(step.collective.axes);
  else
    normalise(step.collective.axes);
  AffineExpr units = growing < 0 ? AffineExpr() : target.dims[growing].units;
  int64_t moved = getNumShards(collective.axes), piecesOut = pieces;
  if (collective.kind == CollectiveKind::AllGather)
    piecesOut /= moved;
  else if (collective.kind == CollectiveKind::ReduceScatter || collective.kind == CollectiveKind::Slice)
    piecesOut *= moved;
  double cost = nodes[current].cost + costs.get(step.collective, pieces, piecesOut);
  if (cost >= limit)
    return;
  FailureOr<Layout> out = apply(step.collective, in, dims, units, mesh, nullptr);
  if (failed(out))
    return;
  step.in = in;
  step.out = *out;
  visit(*out, cost, current, step);
}

/// Terms are reduced or scattered, replicas cut.
void ReshardSearch::expandAtoms(const Layout &in) {
  AxisRefs terms, replicas, replicated = getReplicatedAxes(in, mesh);
  for (const AxisRef &atom : atoms) {
    if (containsAll(in.partial, {atom}) && !containsAll(target.partial, {atom}))
      terms.push_back(atom);
    if (containsAll(replicated, {atom}))
      replicas.push_back(atom);
  }
  for (unsigned set = 1; set < 1u << terms.size(); ++set) {
    Collective collective = {CollectiveKind::AllReduce, {}, in.partialKind};
    for (auto [index, atom] : llvm::enumerate(terms))
      if (set >> index & 1)
        collective.axes.push_back(atom);
    tryStep(in, collective);
  }
  for (unsigned dim = 0; dim < dims.size(); ++dim) {
    forEachSequence(terms, [&](ArrayRef<AxisRef> axes) {
      tryStep(in, {CollectiveKind::ReduceScatter, AxisRefs(axes), in.partialKind, dim}, dim);
    });
    forEachSequence(replicas, [&](ArrayRef<AxisRef> axes) {
      tryStep(in, {CollectiveKind::Slice, AxisRefs(axes), ReductionKind::Sum, dim}, dim);
    });
  }
}

/// What a dimension is split over at its minor end is gathered or moved.
void ReshardSearch::expandSuffixes(const Layout &in) {
  for (unsigned dim = 0; dim < dims.size(); ++dim) {
    AxisRefs parts = cut(in.dims[dim].axes);
    for (size_t count = 1; count <= parts.size(); ++count) {
      AxisRefs suffix(parts.end() - count, parts.end());
      tryStep(in, {CollectiveKind::AllGather, suffix, ReductionKind::Sum, dim});
      for (unsigned other = 0; other < dims.size(); ++other)
        if (other != dim)
          tryStep(in, {CollectiveKind::AllToAll, suffix, ReductionKind::Sum, dim, other}, other);
    }
  }
}

/// The same pieces on other devices: places in the dimensions are given to
/// other atoms of the same size.
void ReshardSearch::expandPermutes(const Layout &in) {
  AxisRefs usable, places;
  for (const AxisRef &atom : atoms)
    if (!overlap(in.partial, {atom}))
      usable.push_back(atom);
  SmallVector<unsigned> dimOf;
  for (auto [dim, split] : llvm::enumerate(in.dims))
    for (const AxisRef &atom : cut(split.axes)) {
      places.push_back(atom);
      dimOf.push_back(dim);
    }
  ReshardStep step;
  step.collective.kind = CollectiveKind::Permute;
  step.collective.axes = usable;
  double cost = nodes[current].cost + costs.get(step.collective, pieces, pieces);
  if (places.empty() || cost >= limit)
    return;
  step.in = in;
  AxisRefs chosen;
  std::function<void()> choose = [&] {
    if (chosen.size() < places.size()) {
      for (const AxisRef &atom : usable) {
        if (atom.size != places[chosen.size()].size || llvm::is_contained(chosen, atom))
          continue;
        chosen.push_back(atom);
        choose();
        chosen.pop_back();
      }
      return;
    }
    if (chosen == places)
      return;
    Layout out = in;
    for (DimSplit &split : out.dims)
      split.axes.clear();
    for (auto [dim, atom] : llvm::zip_equal(dimOf, chosen))
      out.dims[dim].axes.push_back(atom);
    for (DimSplit &split : out.dims)
      normalise(split.axes);
    if (!isPermutation(in, out, mesh))
      return;
    step.out = out;
    visit(out, cost, current, step);
  };
  choose();
}

std::optional<ReshardSteps> ReshardSearch::run(double bound) {
  limit = bound;
  for (unsigned expanded = 0; !queue.empty() && expanded < kMaxExpanded; ++expanded) {
    unsigned index = queue.top().second;
    queue.pop();
    if (nodes[index].isDone)
      continue;
    nodes[index].isDone = true;
    if (nodes[index].layout == target) {
      ReshardSteps steps;
      for (int64_t at = index; nodes[at].previous >= 0; at = nodes[at].previous) {
        steps.push_back(nodes[at].step);
        if (ReshardStep &step = steps.back(); step.collective.kind == CollectiveKind::Permute)
          step.collective.axes = getPermutedAxes(step.in, step.out, mesh, atoms);
      }
      std::reverse(steps.begin(), steps.end());
      return steps;
    }
    current = index;
    pieces = getNumPieces(nodes[index].layout);
    Layout in = nodes[index].layout;
    expandAtoms(in);
    expandSuffixes(in);
    expandPermutes(in);
  }
  return std::nullopt;
}

} // namespace

void appendKey(const Layout &layout, std::vector<const void *> &key) {
  auto number = [&](int64_t value) { key.push_back(reinterpret_cast<const void *>(intptr_t(value))); };
  auto add = [&](ArrayRef<AxisRef> axes) {
    for (const AxisRef &ref : axes) {
      number(ref.axis);
      number(ref.preSize);
      number(ref.size);
    }
    number(-1);
  };
  for (const DimSplit &split : layout.dims) {
    add(split.axes);
    key.push_back(split.units.getAsOpaquePointer());
  }
  add(layout.partial);
  number(static_cast<int64_t>(layout.partialKind));
}

double getSearchCost(ArrayRef<ReshardStep> steps, const Mesh &mesh, ArrayRef<AffineExpr> dims) {
  StepCost costs(mesh, dims);
  double cost = 0;
  for (const ReshardStep &step : steps)
    cost += costs.get(step.collective, getNumPieces(step.in), getNumPieces(step.out));
  return cost;
}

AxisRefs getPermutedAxes(const Layout &from, const Layout &to, const Mesh &mesh, ArrayRef<AxisRef> atoms) {
  AxisRefs moved;
  SmallVector<int64_t> sources = getPermuteSources(from, to, mesh);
  for (const AxisRef &atom : atoms) {
    for (auto [rank, source] : llvm::enumerate(sources))
      if (getIndex({atom}, mesh, mesh.getCoordinates(rank)) != getIndex({atom}, mesh, mesh.getCoordinates(source))) {
        moved.push_back(atom);
        break;
      }
  }
  normaliseSet(moved);
  return moved;
}

ReshardSteps findCheapestReshard(const Mesh &mesh, ArrayRef<AffineExpr> dims, ArrayRef<AxisRef> atoms,
                                 const Layout &from, const Layout &to, ReshardSteps known) {
  // What costs next to nothing cannot be improved; more atoms than these make
  // too many layouts.
  constexpr size_t kMaxAtoms = 4;
  double bound = getSearchCost(known, mesh, dims);
  bool onlySlices =
      llvm::all_of(known, [](const ReshardStep &step) { return step.collective.kind == CollectiveKind::Slice; });
  if (onlySlices || atoms.size() > kMaxAtoms)
    return known;
  ReshardSearch search(mesh, dims, atoms, from, to);
  std::optional<ReshardSteps> better = search.run(bound * (1 - 1e-9));
  return better ? std::move(*better) : std::move(known);
}

} // namespace tpo::tp
