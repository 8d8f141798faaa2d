//===- ReshardTest.cpp - Resharding does what layouts say -----------------===//

#include "LayoutSimulator.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tpo::tp;
using namespace tpo::tp::test;

namespace {

class ReshardTest : public ::testing::Test {
protected:
  ReshardTest() : generate(&context, 11) {
    context.loadDialect<TpDialect>();
    MeshAxis dp, tp;
    dp.name = "dp";
    dp.size = 2;
    tp.name = "tp";
    tp.size = 4;
    mesh = Mesh("mesh", {dp, tp});
  }
  Layout parse(StringRef text) {
    auto attr = cast<LayoutAttr>(
        parseAttribute(("#tp.layout<@mesh, " + text + ">").str(), &context));
    return *resolveLayout(attr, mesh, nullptr);
  }
  /// The steps as text: "all_gather(0) reduce_scatter(1)".
  std::string plan(StringRef from, StringRef to, const Shape &shape = {4096, 4096}) {
    FailureOr<ReshardSteps> steps = planReshard(
        mesh, generate.makeDims(shape), parse(from), parse(to), nullptr);
    if (failed(steps))
      return "none";
    std::string text;
    for (const ReshardStep &step : *steps)
      text += (text.empty() ? "" : " ") +
              stringifyCollectiveKind(step.collective.kind).str() + "(" +
              toString(step.collective.axes, mesh) + ")";
    return text;
  }
  MLIRContext context;
  Generator generate;
  Mesh mesh;
};

TEST_F(ReshardTest, RandomReshardsMoveTheRightPieces) {
  int planned = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    Mesh mesh = generate.makeMesh();
    Shape shape = generate.makeShape();
    Layout from = generate.makeLayout(mesh, shape, true);
    Layout to = generate.makeLayout(mesh, shape, generate.pick(4) == 0);
    std::string what = toString(from, mesh) + " -> " + toString(to, mesh);
    FailureOr<ReshardSteps> steps =
        planReshard(mesh, generate.makeDims(shape), from, to, nullptr);
    if (failed(steps)) {
      // Only a target with terms that nobody has is out of reach, and one whose
      // terms lie along parts that the source cuts differently.
      EXPECT_TRUE(to.isPartial()) << what;
      ++refused;
      continue;
    }
    ++planned;
    Array global = generate.makeArray(shape);
    Devices devices = distribute(global, from, mesh, generate.getRandom());
    ASSERT_TRUE(holds(devices, global, from, mesh)) << what;
    Layout current = from;
    for (const ReshardStep &step : *steps) {
      ASSERT_EQ(step.in, current) << what;
      ASSERT_TRUE(succeeded(
          verifyLayout(step.out, mesh, generate.makeDims(shape), nullptr)));
      devices = execute(step, devices, mesh, shape);
      ASSERT_TRUE(holds(devices, global, step.out, mesh))
          << what << " at "
          << stringifyCollectiveKind(step.collective.kind).str() << " to "
          << toString(step.out, mesh);
      current = step.out;
    }
    ASSERT_EQ(current, to) << what;
    // Without terms left, pieces are the same bits however they came.
    if (to.isPartial())
      continue;
    ASSERT_TRUE(devices == distribute(global, to, mesh, generate.getRandom()))
        << what;
  }
  EXPECT_GT(planned, 2000);
  EXPECT_GT(refused, 10);
}

TEST_F(ReshardTest, TheExpectedCollectives) {
  EXPECT_EQ(plan("[{}, {}]", "[{}, {}]"), "");
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"tp\"}", "[{}, {}]", {64, 64}),
            "all_reduce(\"tp\")");
  // Every replica along dp reduces its half of a large tensor.
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"tp\"}", "[{}, {}]"),
            "slice(\"dp\") all_reduce(\"tp\") all_gather(\"dp\")");
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"dp\", \"tp\"}", "[{}, {}]"),
            "all_reduce(\"dp\", \"tp\")");
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"tp\"}", "[{}, {\"tp\"}]", {512, 512}),
            "reduce_scatter(\"tp\")");
  EXPECT_EQ(plan("[{\"tp\"}, {}]", "[{}, {}]"), "all_gather(\"tp\")");
  EXPECT_EQ(plan("[{}, {}]", "[{\"tp\"}, {}]"), "slice(\"tp\")");
  EXPECT_EQ(plan("[{\"tp\"}, {}]", "[{}, {\"tp\"}]"), "all_to_all(\"tp\")");
  EXPECT_EQ(plan("[{\"dp\", \"tp\"}, {}]", "[{\"tp\", \"dp\"}, {}]"),
            "permute(\"dp\", \"tp\")");
  EXPECT_EQ(plan("[{\"dp\"}, {\"tp\":(1)2}]", "[{\"tp\":(1)2}, {\"dp\"}]"),
            "permute(\"dp\", \"tp\":(1)2)");
  // Only the minor part of the axis moves.
  EXPECT_EQ(plan("[{\"tp\"}, {}]", "[{\"tp\":(1)2}, {}]"),
            "all_gather(\"tp\":(2)2)");
  EXPECT_EQ(plan("[{\"tp\":(1)2}, {}]", "[{\"tp\"}, {}]"),
            "slice(\"tp\":(2)2)");
  // Part of the reduction stays split, part becomes replicated.
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"dp\", \"tp\"}", "[{\"tp\"}, {}]"),
            "reduce_scatter(\"tp\") all_reduce(\"dp\")");
  // A slice first makes the all-reduce smaller.
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"tp\"}", "[{\"dp\"}, {}]"),
            "slice(\"dp\") all_reduce(\"tp\")");
  // Different piece boundaries.
  EXPECT_EQ(plan("[{\"tp\", units = 3}]", "[{\"tp\"}]", {12}),
            "all_gather(\"tp\") slice(\"tp\")");
  EXPECT_EQ(plan("[{}, {}]", "[{}, {}], partial = sum{\"tp\"}"), "none");
  EXPECT_EQ(plan("[{}, {}], partial = sum{\"tp\"}",
                 "[{}, {}], partial = max{\"tp\"}"),
            "none");
}

TEST_F(ReshardTest, SymbolicSizes) {
  SmallVector<AffineExpr> dims = {getAffineSymbolExpr(0, &context)};
  FailureOr<ReshardSteps> steps = planReshard(mesh, dims, parse("[{\"tp\"}]"),
                                              parse("[{\"dp\"}]"), nullptr);
  ASSERT_TRUE(succeeded(steps));
  EXPECT_EQ(steps->size(), 2u);
}

/// More bytes than an integer counts: costs stay positive, so the search ends.
TEST_F(ReshardTest, HugeSizes) {
  EXPECT_NE(plan("[{\"tp\"}, {}]", "[{}, {\"tp\"}]", {std::numeric_limits<int64_t>::max(), 64}), "none");
}

TEST_F(ReshardTest, CostFormulas) {
  MeshAxis axis;
  axis.name = "tp";
  axis.size = 4;
  axis.bandwidth = 10; // 10^4 bytes per microsecond.
  axis.latency = 2;
  Mesh mesh("mesh", {axis});
  auto cost = [&](CollectiveKind kind, int64_t in, int64_t out) {
    Collective collective;
    collective.kind = kind;
    collective.axes = {AxisRef::whole(mesh, 0)};
    return getCost(collective, mesh, in, out);
  };
  // Large: ring, 1.5 * 4 MB at 10 GB/s and 6 messages, of which five follow another.
  CommunicationCost large = cost(CollectiveKind::AllReduce, 4000000, 4000000);
  EXPECT_EQ(large.wireBytes, 6000000);
  EXPECT_DOUBLE_EQ(large.microseconds, 600 + 2 * (1 + 5 * 0.25));
  // Small: one shot, 3 * 1000 bytes and one message.
  EXPECT_DOUBLE_EQ(cost(CollectiveKind::AllReduce, 1000, 1000).microseconds,
                   0.3 + 2);
  CommunicationCost gather = cost(CollectiveKind::AllGather, 1000000, 4000000);
  EXPECT_EQ(gather.wireBytes, 3000000);
  EXPECT_DOUBLE_EQ(gather.microseconds, 300 + 2 * (1 + 2 * 0.25));
  CommunicationCost scatter =
      cost(CollectiveKind::ReduceScatter, 4000000, 1000000);
  EXPECT_EQ(scatter.wireBytes, 3000000);
  EXPECT_DOUBLE_EQ(scatter.microseconds, gather.microseconds);
  EXPECT_EQ(cost(CollectiveKind::Slice, 4000000, 1000000).microseconds, 0);
  EXPECT_EQ(cost(CollectiveKind::AllToAll, 4000000, 4000000).wireBytes,
            3000000);
}

TEST_F(ReshardTest, CostOfStepsCountsTheLargestPiece) {
  // 5 rows over 4 devices: somebody holds 2.
  Shape shape = {5, 10};
  FailureOr<ReshardSteps> steps =
      planReshard(mesh, generate.makeDims(shape), parse("[{\"tp\"}, {}]"),
                  parse("[{}, {\"tp\"}]"), nullptr);
  ASSERT_TRUE(succeeded(steps));
  EXPECT_EQ(getCost(*steps, mesh, shape, 32).wireBytes, 2 * 10 * 4 * 3 / 4);
}

} // namespace
