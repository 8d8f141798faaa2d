//===- LayoutTest.cpp - Laws of the layout algebra ------------------------===//

#include "LayoutSimulator.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tpo::tp;
using namespace tpo::tp::test;

namespace {

class LayoutTest : public ::testing::Test {
protected:
  LayoutTest() : generate(&context, 7) { context.loadDialect<TpDialect>(); }
  Mesh makeMesh(std::vector<std::pair<std::string, int64_t>> axes) {
    SmallVector<MeshAxis> meshAxes;
    for (auto &[name, size] : axes) {
      MeshAxis axis;
      axis.name = name;
      axis.size = size;
      meshAxes.push_back(axis);
    }
    return Mesh("mesh", meshAxes);
  }
  Layout parse(StringRef text, const Mesh &mesh) {
    auto attr = cast<LayoutAttr>(
        parseAttribute(("#tp.layout<@mesh, " + text + ">").str(), &context));
    return *resolveLayout(attr, mesh, nullptr);
  }
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
  MLIRContext context;
  Generator generate;
};

TEST_F(LayoutTest, PiecesTileTheTensor) {
  for (int round = 0; round < 1000; ++round) {
    Mesh mesh = generate.makeMesh();
    Shape shape = generate.makeShape();
    Layout layout = generate.makeLayout(mesh, shape, /*mayBePartial=*/true);
    ASSERT_TRUE(succeeded(
        verifyLayout(layout, mesh, generate.makeDims(shape), nullptr)));
    // Every element once for every device that only differs in replicated or
    // partial axes.
    Array owners(shape);
    for (int64_t rank = 0; rank < mesh.getNumDevices(); ++rank) {
      auto ranges = getLocalRanges(layout, mesh, shape, rank);
      Shape sizes;
      for (const LocalRange &range : ranges)
        sizes.push_back(range.size);
      forEachIndex(sizes, [&](const Shape &index) {
        Shape global = index;
        for (size_t i = 0; i < global.size(); ++i)
          global[i] += ranges[i].offset;
        owners.at(global) += 1;
      });
    }
    double replicas = getNumShards(getReplicatedAxes(layout, mesh)) *
                      getNumShards(layout.partial);
    for (double count : owners.data)
      ASSERT_EQ(count, replicas) << toString(layout, mesh);
  }
}

TEST_F(LayoutTest, SymbolicPiecesAreTheNumericOnes) {
  for (int round = 0; round < 500; ++round) {
    Mesh mesh = generate.makeMesh();
    Shape shape = generate.makeShape();
    Layout layout = generate.makeLayout(mesh, shape, false);
    RankCoordinates coordinates;
    for (unsigned axis = 0; axis < mesh.getAxes().size(); ++axis)
      coordinates.push_back(getAffineSymbolExpr(axis, &context));
    auto symbolic = getLocalRanges(layout, mesh, generate.makeDims(shape),
                                   coordinates, &context);
    int64_t most = 0;
    for (int64_t rank = 0; rank < mesh.getNumDevices(); ++rank) {
      SmallVector<int64_t> symbols = mesh.getCoordinates(rank);
      auto numeric = getLocalRanges(layout, mesh, shape, rank);
      int64_t elements = 1;
      for (auto [range, want] : llvm::zip_equal(symbolic, numeric)) {
        EXPECT_EQ(evaluate(range.offset, symbols), want.offset);
        EXPECT_EQ(evaluate(range.size, symbols), want.size);
        elements *= want.size;
      }
      most = std::max(most, elements);
    }
    EXPECT_EQ(getMaxLocalElements(layout, shape), most);
  }
}

TEST_F(LayoutTest, UnevenUnitsOfSymbolicSizes) {
  // 15 heads of s0 columns over 2 devices: 7 and 8.
  Mesh mesh = makeMesh({{"tp", 2}});
  AffineExpr s0 = getAffineSymbolExpr(0, &context);
  RankCoordinates coordinates = {getAffineSymbolExpr(1, &context)};
  Layout layout = parse("[{\"tp\", units = 15}]", mesh);
  auto range =
      getLocalRanges(layout, mesh, {s0 * 15}, coordinates, &context)[0];
  EXPECT_EQ(evaluate(range.size, {64, 0}), 7 * 64);
  EXPECT_EQ(evaluate(range.size, {64, 1}), 8 * 64);
  EXPECT_EQ(evaluate(range.offset, {64, 1}), 7 * 64);
  // Without a symbol for the coordinate the size is unknown, not wrong.
  RankCoordinates unknown = {AffineExpr()};
  EXPECT_FALSE(
      getLocalRanges(layout, mesh, {s0 * 15}, unknown, &context)[0].size);
  // An even split does not need one.
  layout = parse("[{\"tp\"}]", mesh);
  EXPECT_EQ(getLocalRanges(layout, mesh, {s0 * 2}, unknown, &context)[0].size,
            s0);
}

TEST_F(LayoutTest, CanonicalForm) {
  Mesh mesh = makeMesh({{"one", 1}, {"tp", 8}, {"dp", 2}});
  struct {
    const char *given, *canonical;
  } cases[] = {
      {"[{\"tp\":(1)4, \"tp\":(4)2}, {}]", "[{\"tp\"}, {}]"},
      {"[{\"one\", \"tp\":(1)2, \"tp\":(2)2}, {}]", "[{\"tp\":(1)4}, {}]"},
      {"[{\"tp\", units = 16}, {}]", "[{\"tp\"}, {}]"},
      {"[{\"tp\", units = 48}, {}]", "[{\"tp\"}, {}]"},
      {"[{\"tp\", units = 12}, {}]", "[{\"tp\", units = 12}, {}]"},
      {"[{units = 12}, {}]", "[{}, {}]"},
      {"[{}, {}], partial = max{\"one\"}", "[{}, {}]"},
      {"[{}, {}], partial = sum{\"dp\", \"tp\"}",
       "[{}, {}], partial = sum{\"tp\", \"dp\"}"},
      {"[{\"tp\":(4)2, \"tp\":(1)4}, {}]", "[{\"tp\":(4)2, \"tp\":(1)4}, {}]"},
  };
  for (auto &[given, canonical] : cases) {
    Layout layout = parse(given, mesh);
    canonicalise(layout, {c(48), c(16)});
    EXPECT_EQ(toString(layout, mesh), canonical);
  }
}

TEST_F(LayoutTest, UnitsAreCanonical) {
  // Two splits of one dimension over the same devices are equal exactly when
  // their canonical forms are.
  for (int64_t size = 1; size <= 24; ++size)
    for (int64_t count : {2, 3, 4, 6})
      for (int64_t a = 1; a <= size; ++a)
        for (int64_t b = 1; b <= size; ++b) {
          if (size % a != 0 || size % b != 0)
            continue;
          DimSplit left = {{AxisRef{0, 1, count}}, c(a)};
          DimSplit right = {{AxisRef{0, 1, count}}, c(b)};
          canonicalise(left, c(size));
          canonicalise(right, c(size));
          bool same = true;
          for (int64_t i = 0; i < count; ++i)
            same &= getLocalRange(size, a, count, i) ==
                    getLocalRange(size, b, count, i);
          EXPECT_EQ(left == right, same)
              << size << " in " << a << " or " << b << " over " << count;
        }
}

TEST_F(LayoutTest, AttributesRoundTrip) {
  for (int round = 0; round < 300; ++round) {
    Mesh mesh = generate.makeMesh();
    Shape shape = generate.makeShape();
    Layout layout = generate.makeLayout(mesh, shape, true);
    LayoutAttr attr = toAttr(layout, mesh, &context);
    EXPECT_EQ(*resolveLayout(attr, mesh, nullptr), layout);
    std::string text;
    llvm::raw_string_ostream os(text);
    Attribute(attr).print(os);
    EXPECT_EQ(parseAttribute(text, &context), attr) << text;
  }
}

TEST_F(LayoutTest, IllegalLayoutsAreRefused) {
  Mesh mesh = makeMesh({{"tp", 8}, {"dp", 2}});
  SmallVector<AffineExpr> dims = {c(48), c(16)};
  auto isValid = [&](const char *text) {
    return succeeded(verifyLayout(parse(text, mesh), mesh, dims, nullptr));
  };
  EXPECT_TRUE(isValid("[{\"tp\":(1)2}, {\"tp\":(2)4}], partial = sum{\"dp\"}"));
  EXPECT_FALSE(isValid("[{\"tp\"}]"));
  EXPECT_FALSE(isValid("[{\"tp\"}, {\"tp\"}]"));
  EXPECT_FALSE(isValid("[{\"tp\":(1)4}, {\"tp\":(2)2}]"));
  EXPECT_FALSE(isValid("[{\"tp\"}, {}], partial = sum{\"tp\":(2)2}"));
  EXPECT_FALSE(isValid("[{\"tp\", units = 5}, {}]"));
  EXPECT_FALSE(isValid("[{\"tp\", units = 0}, {}]"));
  auto resolves = [&](const char *axis) {
    auto attr = cast<LayoutAttr>(parseAttribute(
        "#tp.layout<@mesh, [{" + std::string(axis) + "}]>", &context));
    return succeeded(resolveLayout(attr, mesh, nullptr));
  };
  EXPECT_TRUE(resolves("\"tp\":(2)4"));
  EXPECT_FALSE(resolves("\"pp\""));
  EXPECT_FALSE(resolves("\"tp\":(1)3"));
  EXPECT_FALSE(resolves("\"tp\":(4)4"));
}

TEST_F(LayoutTest, AxisReferences) {
  AxisRefs axes = {{0, 1, 2}, {0, 2, 2}, {1, 1, 1}, {0, 4, 2}};
  normalise(axes);
  EXPECT_EQ(axes, (AxisRefs{{0, 1, 8}}));
  EXPECT_TRUE(AxisRef({0, 1, 4}).overlaps({0, 2, 4}));
  EXPECT_FALSE(AxisRef({0, 1, 4}).overlaps({0, 4, 2}));
  EXPECT_FALSE(AxisRef({0, 1, 4}).overlaps({1, 1, 4}));
  EXPECT_TRUE(AxisRef({0, 1, 2}).overlaps({0, 3, 4}));
  EXPECT_TRUE(AxisRef({0, 2, 4}).contains({0, 4, 2}));
  EXPECT_FALSE(AxisRef({0, 2, 4}).contains({0, 1, 2}));
  AxisRefs rest = axes;
  EXPECT_TRUE(removeSuffix(rest, {AxisRef{0, 4, 2}}));
  EXPECT_EQ(rest, (AxisRefs{{0, 1, 4}}));
  EXPECT_FALSE(removeSuffix(rest, {AxisRef{0, 1, 2}}));
  EXPECT_TRUE(removeFromSet(axes, {AxisRef{0, 2, 2}}));
  EXPECT_EQ(axes, (AxisRefs{{0, 1, 2}, {0, 4, 2}}));
  EXPECT_FALSE(removeFromSet(axes, {AxisRef{0, 2, 2}}));
  AxisRefs head, tail;
  EXPECT_TRUE(splitAxes({{0, 1, 8}, {1, 1, 3}}, 4, head, tail));
  EXPECT_EQ(head, (AxisRefs{{0, 1, 4}}));
  EXPECT_EQ(tail, (AxisRefs{{0, 4, 2}, {1, 1, 3}}));
  EXPECT_FALSE(splitAxes({{0, 1, 8}}, 3, head, tail));
  EXPECT_FALSE(splitAxes({{0, 1, 2}}, 4, head, tail));
}

TEST_F(LayoutTest, GroupsPartitionTheRanks) {
  Mesh mesh = makeMesh({{"dp", 2}, {"tp", 4}});
  using Groups = SmallVector<SmallVector<int64_t>>;
  EXPECT_EQ(getGroups({AxisRef::whole(mesh, 1)}, mesh),
            (Groups{{0, 1, 2, 3}, {4, 5, 6, 7}}));
  EXPECT_EQ(getGroups({AxisRef::whole(mesh, 0)}, mesh),
            (Groups{{0, 4}, {1, 5}, {2, 6}, {3, 7}}));
  EXPECT_EQ(getGroups({AxisRef{1, 2, 2}}, mesh),
            (Groups{{0, 1}, {2, 3}, {4, 5}, {6, 7}}));
  EXPECT_EQ(getGroups({AxisRef{1, 1, 2}}, mesh),
            (Groups{{0, 2}, {1, 3}, {4, 6}, {5, 7}}));
  // Minor part first: index 1 is the neighbour half an axis away.
  EXPECT_EQ(getGroups({AxisRef{1, 2, 2}, AxisRef{1, 1, 2}}, mesh)[0],
            (SmallVector<int64_t>{0, 2, 1, 3}));
  EXPECT_EQ(getGroups({}, mesh).size(), 8u);
}

} // namespace
