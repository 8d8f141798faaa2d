//===- ShardingRuleTest.cpp - From factors to layouts and back ------------===//

#include "LayoutSimulator.h"

#include "dialects/Tp/Interfaces.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tpo::tp;
using namespace tpo::tp::test;

namespace {

class ShardingRuleTest : public ::testing::Test {
protected:
  ShardingRuleTest() : generate(&context, 5) {
    context.loadDialect<TpDialect>();
    context.allowUnregisteredDialects();
    module = ModuleOp::create(UnknownLoc::get(&context));
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      lastError = diagnostic.str();
      return success();
    });
    mesh = makeMesh({{"dp", 2}, {"tp", 8}});
  }

  static Mesh makeMesh(std::vector<std::pair<std::string, int64_t>> axes) {
    SmallVector<MeshAxis> meshAxes;
    for (auto &[name, size] : axes) {
      MeshAxis axis;
      axis.name = name;
      axis.size = size;
      meshAxes.push_back(axis);
    }
    return Mesh("mesh", meshAxes);
  }

  RankedTensorType makeType(ArrayRef<AffineExpr> dims) {
    return makeTensorType(dims, Float32Type::get(&context));
  }
  RankedTensorType makeType(const Shape &shape) {
    return RankedTensorType::get(shape, Float32Type::get(&context));
  }
  /// An operation of no dialect with these operand and result types.
  Operation *makeOp(TypeRange operands, TypeRange results) {
    OpBuilder builder(&context);
    builder.setInsertionPointToEnd(module->getBody());
    Location loc = builder.getUnknownLoc();
    SmallVector<Value> values;
    for (Type type : operands) {
      OperationState state(loc, "test.source");
      state.addTypes(type);
      values.push_back(builder.create(state)->getResult(0));
    }
    OperationState state(loc, "test.op");
    state.addOperands(values);
    state.addTypes(results);
    return builder.create(state);
  }

  /// C[i, j] = sum over k of A[i, k] B[k, j].
  ShardingRule makeMatMulRule(const Shape &size) {
    Operation *op = makeOp(
        {makeType(Shape{size[0], size[2]}), makeType(Shape{size[2], size[1]})},
        makeType(Shape{size[0], size[1]}));
    ShardingRuleBuilder builder(op);
    unsigned m = builder.parallel(size[0]), n = builder.parallel(size[1]);
    unsigned k = builder.reduction(c(size[2]));
    builder.mapOperand(0, {{m}, {k}});
    builder.mapOperand(1, {{k}, {n}});
    builder.mapResult(0, {{m}, {n}});
    builder.linear({0});
    builder.linear({1});
    return *builder.build();
  }

  /// q [s, h g d], k [t, h d] -> [s, h g d] with h kv heads of g query heads.
  ShardingRule makeAttentionRule(int64_t h, int64_t g, int64_t d) {
    AffineExpr s0 = getAffineSymbolExpr(0, &context);
    AffineExpr s1 = getAffineSymbolExpr(1, &context);
    Operation *op =
        makeOp({makeType({s0, c(h * g * d)}), makeType({s1, c(h * d)})},
               makeType({s0, c(h * g * d)}));
    ShardingRuleBuilder builder(op);
    unsigned s = builder.parallel(s0, FactorRole::Sequence);
    unsigned heads = builder.parallel(h, FactorRole::Heads);
    unsigned group = builder.parallel(g, FactorRole::Heads);
    unsigned dim = builder.whole(d), t = builder.whole(s1);
    builder.mapOperand(0, {{s}, {heads, group, dim}});
    builder.mapOperand(1, {{t}, {heads, dim}});
    builder.mapResult(0, {{s}, {heads, group, dim}});
    return *builder.build();
  }

  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
  AxisRef tp(int64_t preSize, int64_t size) { return {1, preSize, size}; }

  MLIRContext context;
  Generator generate;
  OwningOpRef<ModuleOp> module;
  Mesh mesh;
  std::string lastError;
};

/// What an attribute counts is the same on all devices.
TEST_F(ShardingRuleTest, EvenFactors) {
  Operation *op = makeOp(makeType(Shape{6, 5}), makeType(Shape{6, 5}));
  ShardingRuleBuilder builder(op);
  builder.pointwise();
  builder.setEven(0);
  builder.setEven(1);
  ShardingRule rule = *builder.build();
  EXPECT_EQ(rule.toString(),
            "([i, j]) -> ([i, j]) {i=6 parallel even, j=5 parallel even}");
  FactorAssignment even(rule), uneven(rule);
  even.factorAxes[0] = {tp(1, 2)};
  uneven.factorAxes[1] = {tp(1, 2)};
  EXPECT_TRUE(succeeded(getLayouts(rule, even, mesh, nullptr)));
  EXPECT_TRUE(failed(getLayouts(rule, uneven, mesh, [&] {
    return mlir::emitError(UnknownLoc::get(&context));
  })));
  EXPECT_EQ(lastError,
            "factor j must be divided evenly, which \"tp\":(1)2 does not");
}

TEST_F(ShardingRuleTest, Printing) {
  EXPECT_EQ(makeMatMulRule({4, 6, 8}).toString(),
            "([i, k], [k, j]) -> ([i, j]) {i=4 parallel, j=6 parallel, k=8 "
            "reduction(sum)} linear {0} linear {1}");
  EXPECT_EQ(makeAttentionRule(4, 2, 16).toString(),
            "([i, j*k*l], [m, j*l]) -> ([i, j*k*l]) {i=s0 parallel sequence, "
            "j=4 parallel heads, k=2 parallel heads, l=16 whole, m=s1 whole}");
}

TEST_F(ShardingRuleTest, SubAxesOfGroupedHeads) {
  // 4 kv heads of 2 queries over 8: k is split 4 ways and replicated 2 ways.
  ShardingRule rule = makeAttentionRule(4, 2, 16);
  FactorAssignment assignment(rule);
  assignment.factorAxes[1] = {tp(1, 4)};
  assignment.factorAxes[2] = {tp(4, 2)};
  FailureOr<OpLayouts> layouts = getLayouts(rule, assignment, mesh, nullptr);
  ASSERT_TRUE(succeeded(layouts));
  EXPECT_EQ(toString(layouts->operands[0], mesh), "[{}, {\"tp\"}]");
  EXPECT_EQ(toString(layouts->operands[1], mesh), "[{}, {\"tp\":(1)4}]");
  EXPECT_EQ(toString(layouts->results[0], mesh), "[{}, {\"tp\"}]");
  FailureOr<FactorAssignment> back =
      getAssignment(rule, layouts->operands, layouts->results, mesh, nullptr);
  ASSERT_TRUE(succeeded(back));
  EXPECT_EQ(back->toString(rule, mesh), assignment.toString(rule, mesh));
}

TEST_F(ShardingRuleTest, UnevenHeadsHaveUnits) {
  ShardingRule rule = makeAttentionRule(15, 1, 64);
  FactorAssignment assignment(rule);
  assignment.factorAxes[1] = {AxisRef::whole(mesh, 0)};
  FailureOr<OpLayouts> layouts = getLayouts(rule, assignment, mesh, nullptr);
  ASSERT_TRUE(succeeded(layouts));
  EXPECT_EQ(toString(layouts->operands[0], mesh), "[{}, {\"dp\", units = 15}]");
  EXPECT_TRUE(succeeded(
      getAssignment(rule, layouts->operands, layouts->results, mesh, nullptr)));
  // Without units the middle head would be cut: 480 columns are 7.5 heads.
  for (Layout *layout :
       {&layouts->operands[0], &layouts->operands[1], &layouts->results[0]})
    layout->dims[1].units = nullptr;
  std::string why;
  EXPECT_TRUE(failed(
      getAssignment(rule, layouts->operands, layouts->results, mesh,
                    [&] { return emitError(UnknownLoc::get(&context)); })));
  EXPECT_NE(lastError.find("splits no whole indices of dimension 1"),
            std::string::npos)
      << lastError;
}

TEST_F(ShardingRuleTest, IllegalAssignments) {
  auto explain = [&](const ShardingRule &rule,
                     const FactorAssignment &assignment) -> std::string {
    lastError = "none";
    (void)getLayouts(rule, assignment, mesh,
                     [&] { return emitError(UnknownLoc::get(&context)); });
    return lastError;
  };
  ShardingRule attention = makeAttentionRule(4, 2, 16);
  FactorAssignment assignment(attention);
  assignment.factorAxes[3] = {tp(1, 8)};
  EXPECT_EQ(explain(attention, assignment),
            "factor l must stay whole and is split over \"tp\"");
  assignment = FactorAssignment(attention);
  assignment.factorAxes[2] = {tp(1, 2)};
  EXPECT_EQ(explain(attention, assignment),
            "operand #0: factor k is split under a major factor that is not "
            "split into single indices");
  assignment.factorAxes[1] = {tp(1, 4)};
  EXPECT_EQ(explain(attention, assignment),
            "axis \"tp\":(1)2 has two roles in one operation");

  // A sum that passes through and a maximum that is begun.
  Operation *op = makeOp(makeType(Shape{4, 8}), makeType(Shape{4}));
  ShardingRuleBuilder builder(op);
  unsigned i = builder.parallel(4);
  unsigned k = builder.reduction(c(8), ReductionKind::Max);
  builder.mapOperand(0, {{i}, {k}});
  builder.mapResult(0, {{i}});
  builder.linear({0});
  ShardingRule rule = *builder.build();
  FactorAssignment both(rule);
  both.factorAxes[k] = {tp(1, 8)};
  both.linearAxes[0] = {AxisRef::whole(mesh, 0)};
  EXPECT_EQ(explain(rule, both),
            "result #0: partial with two kinds of reduction, max and sum");
}

TEST_F(ShardingRuleTest, PartialOperands) {
  Operation *op =
      makeOp({makeType(Shape{4}), makeType(Shape{4})}, makeType(Shape{4}));
  ShardingRuleBuilder builder(op);
  builder.pointwise();
  builder.linear({0, 1});
  ShardingRule rule = *builder.build();
  Layout whole = Layout::replicated(1), partial = whole;
  partial.partial = {AxisRef::whole(mesh, 1)};
  EXPECT_TRUE(succeeded(
      getAssignment(rule, {partial, partial}, {partial}, mesh, nullptr)));
  EXPECT_TRUE(
      succeeded(getAssignment(rule, {whole, whole}, {whole}, mesh, nullptr)));
  // One addend whole would be counted once per device.
  EXPECT_TRUE(
      failed(getAssignment(rule, {partial, whole}, {partial}, mesh, nullptr)));
  EXPECT_TRUE(
      failed(getAssignment(rule, {partial, partial}, {whole}, mesh, nullptr)));
  Layout maximum = partial;
  maximum.partialKind = ReductionKind::Max;
  EXPECT_TRUE(failed(
      getAssignment(rule, {maximum, maximum}, {maximum}, mesh, nullptr)));
}

TEST_F(ShardingRuleTest, PointwiseBroadcasting) {
  AffineExpr s0 = getAffineSymbolExpr(0, &context);
  AffineExpr s1 = getAffineSymbolExpr(1, &context);
  Operation *op = makeOp({makeType({s0, s1, c(8)}), makeType({c(1), c(8)})},
                         makeType({s0, s1, c(8)}));
  ShardingRuleBuilder builder(op);
  builder.pointwise();
  EXPECT_EQ(builder.build()->toString(),
            "([i, j, k], [1, k]) -> ([i, j, k]) {i=s0 parallel, j=s1 parallel, "
            "k=8 parallel}");
  // s1 may be 1 in some runs.
  op = makeOp({makeType({s0, c(8)}), makeType({s1, c(8)})},
              makeType({s0, c(8)}));
  ShardingRuleBuilder unsure(op);
  unsure.pointwise();
  EXPECT_EQ(unsure.build()->toString(),
            "([i, j], [k, j]) -> ([i, j]) {i=s0 whole, j=8 parallel, "
            "k=s1 whole}");
}

TEST_F(ShardingRuleTest, WrongRulesAreRefused) {
  Operation *op = makeOp(makeType(Shape{4, 8}), makeType(Shape{4, 8}));
  auto explain = [&](auto describe) {
    lastError = "none";
    ShardingRuleBuilder builder(op);
    describe(builder);
    EXPECT_TRUE(failed(builder.build()));
    return StringRef(lastError)
        .drop_until([](char ch) { return ch == ':'; })
        .str();
  };
  EXPECT_EQ(explain([](ShardingRuleBuilder &) {}),
            ": operand #0 dimension 0 of size 4 has no factor");
  EXPECT_EQ(explain([](ShardingRuleBuilder &b) {
              unsigned i = b.parallel(4), j = b.parallel(7);
              b.mapOperand(0, {{i}, {j}});
              b.mapResult(0, {{i}, {j}});
            }),
            ": operand #0 dimension 1 has size 8, its factors have the product "
            "7");
  EXPECT_EQ(explain([](ShardingRuleBuilder &b) {
              unsigned i = b.parallel(4);
              b.mapOperand(0, {{i}, {i}});
            }),
            ": operand #0 has factor i twice");
  EXPECT_EQ(explain([&](ShardingRuleBuilder &b) {
              unsigned i = b.parallel(4), j = b.reduction(c(8));
              b.mapOperand(0, {{i}, {j}});
              b.mapResult(0, {{i}, {j}});
            }),
            ": reduction factor j is in a result");
  EXPECT_EQ(explain([](ShardingRuleBuilder &b) {
              unsigned i = b.parallel(4), j = b.parallel(8);
              b.mapOperand(0, {{i}, {j}});
              b.mapResult(0, {{i}, {b.whole(8)}});
            }),
            ": parallel factor j is in no result");
}

/// Local A times local B.
Array multiply(const Array &a, const Array &b) {
  Array product({a.shape[0], b.shape[1]});
  forEachIndex(product.shape, [&](const Shape &index) {
    double sum = 0;
    for (int64_t k = 0; k < a.shape[1]; ++k)
      sum += a.at({index[0], k}) * b.at({k, index[1]});
    product.at(index) = sum;
  });
  return product;
}

TEST_F(ShardingRuleTest, MatMulOnSimulatedDevicesIsTheMatMul) {
  for (int round = 0; round < 400; ++round) {
    Mesh mesh = generate.makeMesh();
    Shape size = {1 + generate.pick(9), 1 + generate.pick(9),
                  1 + generate.pick(9)};
    ShardingRule rule = makeMatMulRule(size);
    FactorAssignment assignment(rule);
    for (const AxisRef &atom : generate.makeAtoms(mesh)) {
      int64_t role = generate.pick(6);
      if (role < 3)
        assignment.factorAxes[role].push_back(atom);
      else if (role < 5)
        assignment.linearAxes[role - 3].push_back(atom);
    }
    for (AxisRefs &axes : assignment.factorAxes)
      normalise(axes);
    for (AxisRefs &axes : assignment.linearAxes)
      normaliseSet(axes);
    FailureOr<OpLayouts> layouts = getLayouts(rule, assignment, mesh, nullptr);
    ASSERT_TRUE(succeeded(layouts));
    std::string what = assignment.toString(rule, mesh);

    Array a = generate.makeArray({size[0], size[2]});
    Array b = generate.makeArray({size[2], size[1]});
    Devices left =
        distribute(a, layouts->operands[0], mesh, generate.getRandom());
    Devices right =
        distribute(b, layouts->operands[1], mesh, generate.getRandom());
    Devices result;
    for (int64_t rank = 0; rank < mesh.getNumDevices(); ++rank)
      result.push_back(multiply(left[rank], right[rank]));
    EXPECT_TRUE(holds(result, multiply(a, b), layouts->results[0], mesh))
        << what;

    FailureOr<FactorAssignment> back =
        getAssignment(rule, layouts->operands, layouts->results, mesh, nullptr);
    ASSERT_TRUE(succeeded(back)) << what;
    FailureOr<OpLayouts> again = getLayouts(rule, *back, mesh, nullptr);
    ASSERT_TRUE(succeeded(again)) << what;
    EXPECT_EQ(again->operands[0], layouts->operands[0]) << what;
    EXPECT_EQ(again->operands[1], layouts->operands[1]) << what;
    EXPECT_EQ(again->results[0], layouts->results[0]) << what;
  }
}

TEST_F(ShardingRuleTest, RandomAssignmentsOfCompositeDimensions) {
  // Whatever axes h and g get: where layouts exist, they lead back to an
  // assignment of the same layouts.
  int legal = 0, illegal = 0;
  for (int round = 0; round < 1000; ++round) {
    Mesh mesh = generate.makeMesh();
    ShardingRule rule = makeAttentionRule(
        1 + generate.pick(8), 1 + generate.pick(4), 1 + generate.pick(4));
    FactorAssignment assignment(rule);
    for (const AxisRef &atom : generate.makeAtoms(mesh))
      if (int64_t role = generate.pick(4); role < 3)
        assignment.factorAxes[role].push_back(atom);
    for (AxisRefs &axes : assignment.factorAxes)
      normalise(axes);
    FailureOr<OpLayouts> layouts = getLayouts(rule, assignment, mesh, nullptr);
    if (failed(layouts)) {
      ++illegal;
      continue;
    }
    ++legal;
    std::string what = rule.toString() + " " + assignment.toString(rule, mesh);
    FailureOr<FactorAssignment> back =
        getAssignment(rule, layouts->operands, layouts->results, mesh,
                      [&] { return emitError(UnknownLoc::get(&context)); });
    ASSERT_TRUE(succeeded(back)) << what << ": " << lastError;
  }
  EXPECT_GT(legal, 300);
  EXPECT_GT(illegal, 50);
}

TEST_F(ShardingRuleTest, ContextOfALocalOperation) {
  ShardingRule rule = makeMatMulRule({4, 15, 8});
  Operation *op = &module->getBody()->back();
  FactorAssignment assignment(rule);
  assignment.factorAxes[1] = {AxisRef::whole(mesh, 0)};
  assignment.factorAxes[2] = {AxisRef::whole(mesh, 1)};
  OpLayouts layouts = *getLayouts(rule, assignment, mesh, nullptr);
  RankCoordinates coordinates = addRankCoordinates(*module, mesh);
  PartitionContext partition(op, mesh, coordinates, rule, assignment, layouts);
  EXPECT_EQ(partition.getOperandLocalType(0), makeType(Shape{4, 1}));
  // 15 columns over 2 devices depend on the device.
  auto local = cast<RankedTensorType>(partition.getResultLocalType(0));
  EXPECT_TRUE(local.isDynamicDim(1));
  EXPECT_EQ(evaluate(getDims(local)[1], {0, 3}), 7);
  EXPECT_EQ(evaluate(getDims(local)[1], {1, 3}), 8);
  EXPECT_EQ(evaluate(partition.getFactorRange(1).offset, {1, 3}), 7);
  EXPECT_EQ(getConst(partition.getFactorRange(2).size), 1);
  EXPECT_TRUE(partition.getResultLayout(0).isPartial());
}

} // namespace
