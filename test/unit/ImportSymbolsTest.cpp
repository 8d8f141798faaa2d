//===- ImportSymbolsTest.cpp - Symbolic sizes while importing -------------===//

#include "lib/Import/Symbols.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using tpo::importer::Symbols;

namespace {

struct ImportSymbolsTest : ::testing::Test {
  MLIRContext context;
  Symbols symbols{&context};

  std::string text(AffineExpr expr) { return symbols.toString(expr); }
};

TEST_F(ImportSymbolsTest, ParsesNamesAndExpressions) {
  AffineExpr past = symbols.get("past"), seq = symbols.get("seq");
  EXPECT_EQ(symbols.parse("seq"), seq);
  EXPECT_TRUE(symbols.equal(symbols.parse("past + seq"), seq + past));
  EXPECT_TRUE(
      symbols.equal(symbols.parse("2*(past+seq) - 1"), (past + seq) * 2 - 1));
  EXPECT_TRUE(symbols.equal(symbols.parse("seq // 4"), seq.floorDiv(4)));
  EXPECT_TRUE(symbols.equal(symbols.parse("7"), symbols.constant(7)));
}

TEST_F(ImportSymbolsTest, WhatIsNoExpressionIsAName) {
  for (StringRef name : {"batch-size", "a b", "f(x)", "seq +", "3d", "%"}) {
    AffineExpr symbol = symbols.parse(name);
    EXPECT_TRUE(isa<AffineSymbolExpr>(symbol)) << name.str();
    EXPECT_EQ(symbol, symbols.parse(name)) << name.str();
    EXPECT_EQ(text(symbol), name.str());
  }
}

TEST_F(ImportSymbolsTest, DeeplyNestedTextIsAName) {
  std::string deep = std::string(100000, '(') + "a";
  EXPECT_TRUE(isa<AffineSymbolExpr>(symbols.parse(deep)));
}

TEST_F(ImportSymbolsTest, SolvesForTheSumRatherThanAPart) {
  AffineExpr total = symbols.get("total"), past = symbols.get("past"),
             seq = symbols.get("seq");
  ASSERT_TRUE(symbols.unify(past + seq, total));
  EXPECT_TRUE(symbols.equal(total, past + seq));
  EXPECT_TRUE(isa<AffineSymbolExpr>(symbols.canonicalize(past)));
  EXPECT_TRUE(isa<AffineSymbolExpr>(symbols.canonicalize(seq)));
  EXPECT_TRUE(symbols.getRequirements().empty());
}

TEST_F(ImportSymbolsTest, EquationsAreTransitive) {
  AffineExpr a = symbols.get("a"), b = symbols.get("b"), c = symbols.get("c");
  ASSERT_TRUE(symbols.unify(a, b));
  ASSERT_TRUE(symbols.unify(b, c));
  EXPECT_TRUE(symbols.equal(a, c));
  ASSERT_TRUE(symbols.unify(c, symbols.constant(8)));
  EXPECT_TRUE(symbols.equal(a * 2, symbols.constant(16)));
  EXPECT_FALSE(symbols.unify(a, symbols.constant(9)));
}

TEST_F(ImportSymbolsTest, ASizeIsNeverNegative) {
  AffineExpr a = symbols.get("a");
  EXPECT_FALSE(symbols.unify(a + 8, symbols.constant(7)));
  EXPECT_TRUE(symbols.unify(a + 8, symbols.constant(9)));
  EXPECT_TRUE(symbols.equal(a, symbols.constant(1)));
}

TEST_F(ImportSymbolsTest, BoundsFollowFromSizesBeingSizes) {
  AffineExpr a = symbols.get("a"), b = symbols.get("b");
  EXPECT_TRUE(symbols.provablyNonNegative(a * b + 3));
  EXPECT_TRUE(symbols.provablyNegative(a * -2 - 1));
  EXPECT_FALSE(symbols.provablyNonNegative(a - b));
  EXPECT_FALSE(symbols.provablyNegative(a - b));
  EXPECT_TRUE(symbols.provablyNonNegative(a.floorDiv(4) + (b % 3)));
}

TEST_F(ImportSymbolsTest, RequirementsAreWhatIsNotProven) {
  AffineExpr a = symbols.get("a");
  symbols.require(a + 1);
  EXPECT_TRUE(symbols.getRequirements().empty());
  symbols.require(symbols.constant(512) - a);
  symbols.require(symbols.constant(512) - a);
  EXPECT_EQ(symbols.getRequirements().size(), 1u);
}

TEST_F(ImportSymbolsTest, CompactKeepsTheUsedOnes) {
  symbols.get("dropped");
  AffineExpr kept = symbols.get("kept");
  llvm::BitVector used(2);
  used.set(1);
  SmallVector<std::string> names = symbols.compact(used);
  ASSERT_EQ(names.size(), 1u);
  EXPECT_EQ(names[0], "kept");
  EXPECT_EQ(symbols.canonicalize(kept), getAffineSymbolExpr(0, &context));
}

} // namespace
