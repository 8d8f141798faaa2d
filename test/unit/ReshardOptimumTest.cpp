//===- ReshardOptimumTest.cpp - Reshards are as cheap as can be -----------===//
//
// All layouts of a small tensor over a small mesh, and all collectives between
// them: shortest paths in that graph are what planned reshards are held against.
//
//===----------------------------------------------------------------------===//

#include "LayoutSimulator.h"

#include "dialects/Tp/ReshardSearch.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <map>
#include <queue>

using namespace mlir;
using namespace tpo::tp;

namespace {

struct Problem {
  const char *name;
  SmallVector<int64_t> axes;
  SmallVector<int64_t> shape;
  double bandwidth, latency;
};

class LayoutGraph {
public:
  LayoutGraph(const Problem &problem, MLIRContext *context) : shape(problem.shape) {
    SmallVector<MeshAxis> axes;
    for (auto [index, size] : llvm::enumerate(problem.axes)) {
      MeshAxis axis;
      axis.name = std::string(1, 'a' + index);
      axis.size = size;
      axis.bandwidth = problem.bandwidth;
      axis.latency = problem.latency;
      axes.push_back(axis);
    }
    mesh = Mesh("mesh", axes);
    for (int64_t size : shape)
      dims.push_back(getAffineConstantExpr(size, context));
    for (auto [index, size] : llvm::enumerate(problem.axes))
      for (int64_t pre = 1; pre < size; pre *= 2)
        atoms.push_back({unsigned(index), pre, 2});
    addLists({});
    addLayouts(Layout::replicated(shape.size()), 0);
    connect();
  }

  /// Time of the cheapest sequence of collectives from `source` to every layout.
  std::vector<double> getDistances(unsigned source) const {
    std::vector<double> distance(layouts.size(), kFar);
    using Entry = std::pair<double, unsigned>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    distance[source] = 0;
    queue.push({0, source});
    while (!queue.empty()) {
      auto [time, index] = queue.top();
      queue.pop();
      if (time > distance[index])
        continue;
      for (auto [to, cost] : edges[index])
        if (time + cost < distance[to]) {
          distance[to] = time + cost;
          queue.push({distance[to], to});
        }
    }
    return distance;
  }

  double getCostOf(ArrayRef<ReshardStep> steps) const { return getSearchCost(steps, mesh, dims); }

  static constexpr double kFar = 1e30;
  Mesh mesh;
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> dims;
  std::vector<Layout> layouts;

private:
  /// All sequences of different atoms.
  void addLists(AxisRefs list) {
    if (!list.empty())
      lists.push_back(list);
    for (const AxisRef &atom : atoms)
      if (!llvm::is_contained(list, atom)) {
        list.push_back(atom);
        addLists(list);
        list.pop_back();
      }
  }

  /// Gives atom after atom a role: replicated, a term, a place in a dimension.
  void addLayouts(Layout layout, unsigned next) {
    if (next == atoms.size()) {
      for (DimSplit &dim : layout.dims)
        normalise(dim.axes);
      normaliseSet(layout.partial);
      canonicalise(layout, dims);
      if (indices.try_emplace(toString(layout, mesh), layouts.size()).second)
        layouts.push_back(layout);
      return;
    }
    addLayouts(layout, next + 1);
    layout.partial.push_back(atoms[next]);
    addLayouts(layout, next + 1);
    layout.partial.pop_back();
    for (DimSplit &dim : layout.dims)
      for (unsigned place = 0, size = dim.axes.size(); place <= size; ++place) {
        dim.axes.insert(dim.axes.begin() + place, atoms[next]);
        addLayouts(layout, next + 1);
        dim.axes.erase(dim.axes.begin() + place);
      }
  }

  void connect() {
    edges.resize(layouts.size());
    for (unsigned index = 0; index < layouts.size(); ++index) {
      for (const AxisRefs &list : lists) {
        tryEdge(index, {CollectiveKind::AllReduce, list});
        for (unsigned dim = 0; dim < shape.size(); ++dim) {
          for (CollectiveKind kind : {CollectiveKind::AllGather, CollectiveKind::ReduceScatter, CollectiveKind::Slice})
            tryEdge(index, {kind, list, ReductionKind::Sum, dim});
          for (unsigned other = 0; other < shape.size(); ++other)
            if (other != dim)
              tryEdge(index, {CollectiveKind::AllToAll, list, ReductionKind::Sum, dim, other});
        }
      }
      for (unsigned other = 0; other < layouts.size(); ++other)
        if (other != index && isPermutation(layouts[index], layouts[other], mesh))
          addEdge(index, other, {CollectiveKind::Permute, getMoved(layouts[index], layouts[other])});
    }
  }

  /// The axes whose place differs.
  AxisRefs getMoved(const Layout &from, const Layout &to) const {
    AxisRefs moved;
    for (const AxisRef &atom : atoms) {
      auto holds = [&](ArrayRef<AxisRef> axes) {
        return llvm::any_of(axes, [&](const AxisRef &ref) { return ref.contains(atom); });
      };
      for (auto [a, b] : llvm::zip_equal(from.dims, to.dims))
        if (a != b && (holds(a.axes) || holds(b.axes)) && !llvm::is_contained(moved, atom))
          moved.push_back(atom);
    }
    normaliseSet(moved);
    return moved;
  }

  void tryEdge(unsigned index, Collective collective) {
    if (collective.kind == CollectiveKind::AllReduce)
      normaliseSet(collective.axes);
    else
      normalise(collective.axes);
    FailureOr<Layout> out = apply(collective, layouts[index], dims, AffineExpr(), mesh, nullptr);
    if (failed(out))
      return;
    auto found = indices.find(toString(*out, mesh));
    ASSERT_NE(found, indices.end()) << toString(*out, mesh);
    addEdge(index, found->second, collective);
  }

  void addEdge(unsigned from, unsigned to, const Collective &collective) {
    ReshardStep step = {collective, layouts[from], layouts[to]};
    edges[from].push_back({to, getCostOf(step)});
  }

  SmallVector<AxisRef> atoms;
  std::vector<AxisRefs> lists;
  std::map<std::string, unsigned> indices;
  std::vector<std::vector<std::pair<unsigned, double>>> edges;
};

std::string describe(ArrayRef<ReshardStep> steps, const Mesh &mesh) {
  std::string text;
  for (const ReshardStep &step : steps)
    text +=
        (" " + stringifyCollectiveKind(step.collective.kind) + "(" + toString(step.collective.axes, mesh) + ")").str();
  return text;
}

class ReshardOptimumTest : public ::testing::TestWithParam<Problem> {};

TEST_P(ReshardOptimumTest, NoSequenceIsCheaper) {
  MLIRContext context;
  context.loadDialect<TpDialect>();
  LayoutGraph graph(GetParam(), &context);
  int worse = 0, pairs = 0;
  double worst = 1;
  for (unsigned from = 0; from < graph.layouts.size(); ++from) {
    std::vector<double> distances = graph.getDistances(from);
    for (unsigned to = 0; to < graph.layouts.size(); ++to) {
      FailureOr<ReshardSteps> steps =
          planReshard(graph.mesh, graph.dims, graph.layouts[from], graph.layouts[to], nullptr);
      std::string what = toString(graph.layouts[from], graph.mesh) + " -> " + toString(graph.layouts[to], graph.mesh);
      if (failed(steps)) {
        EXPECT_EQ(distances[to], LayoutGraph::kFar) << what;
        continue;
      }
      ++pairs;
      double planned = graph.getCostOf(*steps);
      EXPECT_GE(planned, distances[to] - 1e-9) << what << ": the graph lacks " << describe(*steps, graph.mesh);
      if (planned <= distances[to] + 1e-9)
        continue;
      if (++worse <= 20)
        ADD_FAILURE() << what << ": " << planned << " us by" << describe(*steps, graph.mesh) << ", where "
                      << distances[to] << " us are enough";
      worst = std::max(worst, planned / distances[to]);
    }
  }
  EXPECT_EQ(worse, 0) << "of " << pairs << "; the worst costs " << worst << " times the least";
  RecordProperty("pairs", pairs);
}

INSTANTIATE_TEST_SUITE_P(Meshes, ReshardOptimumTest,
                         ::testing::Values(Problem{"large1x8", {8}, {4096, 4096}, 100, 1},
                                           Problem{"small1x8", {8}, {16, 16}, 100, 5},
                                           Problem{"large2x4", {2, 4}, {4096, 4096}, 100, 1},
                                           Problem{"small2x4", {2, 4}, {16, 16}, 100, 5},
                                           Problem{"cube2x2", {2, 2}, {256, 256, 256}, 100, 1}),
                         [](const auto &info) { return info.param.name; });

} // namespace
