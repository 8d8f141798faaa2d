//===- ShardingPlacementsTest.cpp - Rules of operators, all placements ----===//
//
// What holds for the rule of any operator and any placement of a mesh on it.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Interfaces.h"
#include "lib/Sharding/RuleHelpers.h"
#include "tp-opt/Sharding/ExternalModels.h"
#include "tp-opt/Sharding/Placements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace tpo;

namespace {

class ShardingPlacementsTest : public ::testing::Test {
protected:
  ShardingPlacementsTest() {
    DialectRegistry registry;
    registry.insert<tp::TpDialect, onnx::OnnxDialect, func::FuncDialect, linalg::LinalgDialect, arith::ArithDialect>();
    registerShardingExternalModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// Parses the body of a function of the given arguments.
  OwningOpRef<ModuleOp> parse(StringRef arguments, StringRef body) {
    std::string text = ("func.func @f(" + arguments + ") {\n" + body + "\nreturn\n}").str();
    return parseSourceString<ModuleOp>(text, &context);
  }

  static tp::Mesh makeMesh(ArrayRef<int64_t> sizes) {
    SmallVector<tp::MeshAxis> axes;
    for (auto [index, size] : llvm::enumerate(sizes)) {
      tp::MeshAxis axis;
      axis.name = std::string(1, char('a' + index));
      axis.size = size;
      axes.push_back(axis);
    }
    return tp::Mesh("mesh", axes);
  }

  /// Checks every placement of `mesh` on the last ruled operation of `module`
  /// and returns how many there are.
  int checkPlacements(ModuleOp module, const tp::Mesh &mesh) {
    tp::ShardingRuleOpInterface op;
    module.walk([&](tp::ShardingRuleOpInterface candidate) {
      if (candidate->getParentOp() && isa<func::FuncOp>(candidate->getParentOp()))
        op = candidate;
    });
    FailureOr<tp::ShardingRule> rule = op.getShardingRule();
    EXPECT_TRUE(succeeded(rule));
    int count = 0;
    forEachPlacement(*rule, mesh, [&](const tp::FactorAssignment &assignment, const tp::OpLayouts &layouts) {
      ++count;
      checkLayouts(op->getOperands(), layouts.operands, mesh);
      checkLayouts(op->getResults(), layouts.results, mesh);
      FailureOr<tp::FactorAssignment> back = tp::getAssignment(*rule, layouts.operands, layouts.results, mesh, nullptr);
      EXPECT_TRUE(succeeded(back)) << rule->toString() << "\n" << assignment.toString(*rule, mesh);
    });
    return count;
  }

  static void checkLayouts(ValueRange values, ArrayRef<tp::Layout> layouts, const tp::Mesh &mesh) {
    for (auto [value, layout] : llvm::zip_equal(values, layouts)) {
      AffineExprs dims = dimsOf(value);
      EXPECT_TRUE(succeeded(tp::verifyLayout(layout, mesh, dims, nullptr)));
      tp::Layout canonical = layout;
      tp::canonicalise(canonical, dims);
      EXPECT_EQ(canonical, layout) << tp::toString(layout, mesh);
    }
  }

  MLIRContext context;
};

/// Layouts that come from an assignment are legal, canonical, and enough to
/// find one again: partitioning sees nothing else.
TEST_F(ShardingPlacementsTest, LayoutsLeadBackToAnAssignment) {
  struct Case {
    const char *arguments, *body;
  };
  const Case cases[] = {
      {"%x: tensor<4x6x16xf32>, %w: tensor<16x12xf32>",
       R"(%0 = "onnx.MatMul"(%x, %w) : (tensor<4x6x16xf32>, tensor<16x12xf32>) -> tensor<4x6x12xf32>)"},
      {"%x: tensor<4x6xf32>, %y: tensor<6xf32>",
       R"(%0 = "onnx.Add"(%x, %y) : (tensor<4x6xf32>, tensor<6xf32>) -> tensor<4x6xf32>)"},
      {"%q: tensor<2x8x6x4xf32>, %k: tensor<2x2x6x4xf32>, %n: none",
       R"(%0:4 = "onnx.Attention"(%q, %k, %k, %n, %n, %n, %n) : (tensor<2x8x6x4xf32>, tensor<2x2x6x4xf32>, tensor<2x2x6x4xf32>, none, none, none, none) -> (tensor<2x8x6x4xf32>, none, none, none))"},
      {"%x: tensor<2x6x32xf32>, %s: tensor<4xi64>",
       R"(%0 = "onnx.Reshape"(%x, %s) : (tensor<2x6x32xf32>, tensor<4xi64>) -> tensor<2x6x8x4xf32>)"},
      {"%x: tensor<6x4xf32>, %s: tensor<1xi64>",
       R"(%0 = "onnx.Reshape"(%x, %s) : (tensor<6x4xf32>, tensor<1xi64>) -> tensor<24xf32>)"},
      {"%t: tensor<509x8xf32>, %i: tensor<2x6xi64>",
       R"(%0 = "onnx.Gather"(%t, %i) : (tensor<509x8xf32>, tensor<2x6xi64>) -> tensor<2x6x8xf32>)"},
      {"%x: tensor<4x6xf32>",
       R"(%0 = "onnx.ReduceMax"(%x, %n) {keepdims = 0 : si64} : (tensor<4x6xf32>, none) -> tensor<f32>)"},
      {"%x: tensor<4x6xf32>, %w: tensor<6x8xf32>, %c: tensor<4x8xf32>",
       R"(%0 = linalg.matmul ins(%x, %w : tensor<4x6xf32>, tensor<6x8xf32>) outs(%c : tensor<4x8xf32>) -> tensor<4x8xf32>)"},
  };
  for (const Case &test : cases) {
    std::string body = test.body;
    if (body.find("ReduceMax") != std::string::npos)
      body = "%n = \"onnx.NoValue\"() : () -> none\n" + body;
    OwningOpRef<ModuleOp> module = parse(test.arguments, body);
    ASSERT_TRUE(module) << test.body;
    for (const std::vector<int64_t> &sizes : std::vector<std::vector<int64_t>>{{2}, {4}, {8}, {2, 4}})
      EXPECT_GT(checkPlacements(*module, makeMesh(sizes)), 1) << test.body;
  }
}

/// Four kv heads on eight devices: the axis is cut between heads and groups.
TEST_F(ShardingPlacementsTest, FewKeyValueHeadsCutTheAxis) {
  OwningOpRef<ModuleOp> module = parse(
      "%q: tensor<1x8x6x4xf32>, %k: tensor<1x4x6x4xf32>, %n: none",
      R"(%0:4 = "onnx.Attention"(%q, %k, %k, %n, %n, %n, %n) : (tensor<1x8x6x4xf32>, tensor<1x4x6x4xf32>, tensor<1x4x6x4xf32>, none, none, none, none) -> (tensor<1x8x6x4xf32>, none, none, none))");
  ASSERT_TRUE(module);
  tp::Mesh mesh = makeMesh({8});
  bool found = false;
  module->walk([&](onnx::AttentionOp op) {
    auto rule = cast<tp::ShardingRuleOpInterface>(op.getOperation()).getShardingRule();
    ASSERT_TRUE(succeeded(rule));
    forEachPlacement(*rule, mesh, [&](const tp::FactorAssignment &, const tp::OpLayouts &layouts) {
      found |= tp::toString(layouts.operands[0], mesh) == R"([{}, {"a"}, {}, {}])" &&
               tp::toString(layouts.operands[1], mesh) == R"([{}, {"a":(1)4}, {}, {}])";
    });
  });
  EXPECT_TRUE(found);
}

/// The index of a dimension, taken apart into the indices of its factors.
void takeApart(const tp::ShardingRule &rule, const tp::DimFactors &dim, int64_t index,
               DenseMap<unsigned, int64_t> &indices) {
  for (unsigned factor : llvm::reverse(dim)) {
    int64_t size = *tp::getConst(rule.factors[factor].size);
    indices[factor] = index % size;
    index /= size;
  }
}

SmallVector<int64_t> unflatten(int64_t index, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> result(shape.size());
  for (size_t dim = shape.size(); dim-- > 0;) {
    result[dim] = index % shape[dim];
    index /= shape[dim];
  }
  return result;
}

/// A factor that both shapes of a reshape have means the same index in both,
/// for every element.
TEST_F(ShardingPlacementsTest, RefinementKeepsEveryElement) {
  std::mt19937 random(3);
  auto makeShape = [&](int64_t elements) {
    SmallVector<int64_t> shape;
    while (elements > 1) {
      SmallVector<int64_t> divisors;
      for (int64_t d = 1; d <= elements; ++d)
        if (elements % d == 0)
          divisors.push_back(d);
      shape.push_back(divisors[random() % divisors.size()]);
      elements /= shape.back();
    }
    return shape;
  };
  for (int round = 0; round < 300; ++round) {
    const int64_t counts[] = {12, 24, 36, 60, 64, 72, 210};
    int64_t elements = counts[random() % std::size(counts)];
    SmallVector<int64_t> from = makeShape(elements), to = makeShape(elements);
    auto f32 = Float32Type::get(&context);
    OpBuilder builder(&context);
    OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToEnd(module->getBody());
    OperationState source(builder.getUnknownLoc(), "onnx.NoValue");
    source.addTypes(RankedTensorType::get(from, f32));
    Value value = builder.create(source)->getResult(0);
    OperationState state(builder.getUnknownLoc(), "onnx.Flatten");
    state.addOperands(value);
    state.addTypes(RankedTensorType::get(to, f32));
    FailureOr<tp::ShardingRule> rule = cast<tp::ShardingRuleOpInterface>(builder.create(state)).getShardingRule();
    ASSERT_TRUE(succeeded(rule));
    for (int64_t element = 0; element < elements; ++element) {
      DenseMap<unsigned, int64_t> inFrom, inTo;
      for (auto [dim, index] : llvm::enumerate(unflatten(element, from)))
        takeApart(*rule, rule->operands[0][dim], index, inFrom);
      for (auto [dim, index] : llvm::enumerate(unflatten(element, to)))
        takeApart(*rule, rule->results[0][dim], index, inTo);
      for (auto [factor, index] : inFrom) {
        if (inTo.contains(factor)) {
          ASSERT_EQ(index, inTo[factor]) << rule->toString();
        }
      }
    }
  }
}

} // namespace
