//===- DimsTest.cpp - Laws of symbolic sizes ------------------------------===//

#include "dialects/Tp/Tp.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace tpo::tp;

namespace {

class DimsTest : public ::testing::Test {
protected:
  DimsTest() { context.loadDialect<TpDialect>(); }
  AffineExpr s(unsigned i) { return getAffineSymbolExpr(i, &context); }
  AffineExpr c(int64_t value) { return getAffineConstantExpr(value, &context); }
  AffineExpr makeRandom(std::mt19937 &random, int depth) {
    if (depth == 0 || random() % 4 == 0)
      return random() % 2 ? s(random() % 3) : c(random() % 13);
    AffineExpr lhs = makeRandom(random, depth - 1);
    switch (random() % 6) {
    case 0:
    case 1:
      return lhs + makeRandom(random, depth - 1);
    case 2:
      return lhs * makeRandom(random, depth - 1);
    case 3:
      return getAffineBinaryOpExpr(AffineExprKind::FloorDiv, lhs,
                                   makeDivisor(random));
    case 4:
      return getAffineBinaryOpExpr(AffineExprKind::CeilDiv, lhs,
                                   makeDivisor(random));
    default:
      return getAffineBinaryOpExpr(AffineExprKind::Mod, lhs,
                                   makeDivisor(random));
    }
  }
  AffineExpr makeDivisor(std::mt19937 &random) {
    AffineExpr divisor = c(1 + random() % 6);
    if (random() % 2)
      divisor = divisor * s(random() % 3);
    return random() % 4 == 0 ? divisor + s(random() % 3) : divisor;
  }
  MLIRContext context;
};

TEST_F(DimsTest, ExactDivisionOfProducts) {
  EXPECT_EQ(simplify((s(0) * s(1) * 128).floorDiv(s(0) * s(1))), c(128));
  EXPECT_EQ(simplify((s(0) * s(1) * 128).floorDiv(s(1) * 64)), s(0) * 2);
  EXPECT_EQ(getConst((s(0) * 12 + 5).floorDiv(4) - s(0) * 3), 1);
  EXPECT_EQ(divideExactly(s(0) * s(0) + s(0) * s(1), s(0) + s(1)), s(0));
  EXPECT_EQ(divideExactly(s(0) * 3, c(2)), AffineExpr());
  EXPECT_EQ(divideExactly(s(0), c(0)), AffineExpr());
}

TEST_F(DimsTest, EqualityByNormalForm) {
  EXPECT_TRUE(provablyEqual((s(0) + s(1)) * s(2), s(2) * s(1) + s(0) * s(2)));
  EXPECT_TRUE(provablyEqual(s(0) % 8, s(0) - s(0).floorDiv(8) * 8));
  EXPECT_TRUE(provablyEqual(s(0).ceilDiv(8), (s(0) + 7).floorDiv(8)));
  EXPECT_TRUE(provablyEqual(s(0).floorDiv(4).floorDiv(2), (s(0)).floorDiv(8)));
  EXPECT_TRUE(provablyEqual((s(0) * 2 + 1).floorDiv(4), s(0).floorDiv(2)));
  EXPECT_FALSE(provablyEqual(s(0), s(1)));
  EXPECT_FALSE(provablyEqual(s(0).floorDiv(2) * 2, s(0)));
  EXPECT_FALSE(provablyEqual(AffineExpr(), AffineExpr()));
}

TEST_F(DimsTest, SimplifyKeepsTheValueAndIsIdempotent) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    AffineExpr expr = makeRandom(random, 4);
    AffineExpr simple = simplify(expr);
    EXPECT_EQ(simplify(simple), simple) << toString(expr);
    EXPECT_TRUE(provablyEqual(expr, simple)) << toString(expr);
    for (int values = 0; values < 4; ++values) {
      int64_t symbols[3];
      for (int64_t &symbol : symbols)
        symbol = 1 + random() % 40;
      std::optional<int64_t> want = evaluate(expr, symbols);
      std::optional<int64_t> got = evaluate(simple, symbols);
      if (!want || !got)
        continue;
      EXPECT_EQ(*want, *got) << toString(expr) << " = " << toString(simple);
    }
  }
}

TEST_F(DimsTest, TextAndJsonRoundTrip) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    AffineExpr expr = simplify(makeRandom(random, 3));
    std::string text = "#tp.dims<[" + toString(expr) + "]>";
    auto dims = dyn_cast_or_null<DimsAttr>(parseAttribute(text, &context));
    ASSERT_TRUE(dims) << text;
    EXPECT_EQ(dims.getExprs()[0], expr) << text;
    EXPECT_EQ(exprFromJSON(toJSON(expr), &context), expr) << text;
  }
  EXPECT_EQ(toJSON(s(1) * 4 + 2),
            llvm::json::Value(llvm::json::Array{"s1", 4, "*", 2, "+"}));
  EXPECT_EQ(toJSON(c(7)), llvm::json::Value(7));
  for (const char *wrong : {"[]", "[1,2]", "[\"+\"]", "[\"s-1\"]", "{}",
                            "[\"s99999999\"]", "null", "[1,2,\"/\"]"})
    EXPECT_FALSE(exprFromJSON(*llvm::json::parse(wrong), &context)) << wrong;
}

TEST_F(DimsTest, EvaluateRefusesWhatHasNoValue) {
  EXPECT_EQ(evaluate(s(0) * 3 + s(1), {4, 5}), 17);
  EXPECT_EQ(evaluate(s(2), {4, 5}), std::nullopt);
  EXPECT_EQ(evaluate(s(0).floorDiv(s(1)), {4, 0}), std::nullopt);
  int64_t big = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(evaluate(s(0) * s(1), {big, 2}), std::nullopt);
  EXPECT_EQ(evaluate(AffineExpr(), {}), std::nullopt);
  EXPECT_EQ(getNumSymbols(s(0) + s(4)), 5u);
}

TEST_F(DimsTest, OverflowingCoefficientsStayAsTheyAre) {
  AffineExpr big = c(std::numeric_limits<int64_t>::max() / 2);
  AffineExpr expr = (s(0) * big + s(0)) * (s(1) * big + s(1));
  EXPECT_EQ(simplify(expr), expr);
  EXPECT_FALSE(provablyEqual(expr, s(0)));
}

TEST_F(DimsTest, TensorTypes) {
  Type f32 = Float32Type::get(&context);
  RankedTensorType type = makeTensorType({s(0), c(8), s(1) * 2}, f32);
  EXPECT_EQ(type.getShape(),
            ArrayRef<int64_t>({ShapedType::kDynamic, 8, ShapedType::kDynamic}));
  SmallVector<AffineExpr> dims = {s(0), c(8), s(1) * 2};
  EXPECT_EQ(getDims(type), dims);
  // What is static after simplification needs no encoding.
  type = makeTensorType({(s(0) * 8).floorDiv(s(0)), c(2)}, f32);
  EXPECT_EQ(type, RankedTensorType::get({8, 2}, f32));
  type = makeTensorType({AffineExpr(), c(2)}, f32);
  EXPECT_EQ(type, RankedTensorType::get({ShapedType::kDynamic, 2}, f32));
  EXPECT_FALSE(getDims(type)[0]);
}

TEST_F(DimsTest, SymbolsOfAModule) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  EXPECT_FALSE(lookupSymbol(*module, "batch"));
  EXPECT_EQ(getOrAddSymbol(*module, "batch"), s(0));
  EXPECT_EQ(getOrAddSymbol(*module, "%tp"), s(1));
  EXPECT_EQ(getOrAddSymbol(*module, "batch"), s(0));
  EXPECT_EQ(toString(s(1) + s(0), getSymbolNames(*module)), "batch + %tp");
}

} // namespace
