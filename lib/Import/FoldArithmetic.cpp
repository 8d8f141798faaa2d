//===- FoldArithmetic.cpp - Arithmetic on known elements ------------------===//

#include "Fold.h"

#include "dialects/Tp/Dims.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

double tpo::importer::roundTo(double value, FloatType elem) {
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(elem.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                  &losesInfo);
  return rounded.convertToDouble();
}

//===----------------------------------------------------------------------===//
// Integers and sizes
//===----------------------------------------------------------------------===//

AffineExpr tpo::importer::foldUnary(Symbols &symbols, StringRef op,
                                    AffineExpr value, bool isFloat) {
  if (!value)
    return {};
  if (op == "Neg")
    return symbols.canonicalize(value * -1);
  if (op == "Abs") {
    if (symbols.provablyNonNegative(value))
      return value;
    return symbols.provablyNegative(value) ? symbols.canonicalize(value * -1)
                                           : AffineExpr();
  }
  if (op == "Not") {
    std::optional<int64_t> known = tp::getConst(value);
    return known ? symbols.constant(!*known) : AffineExpr();
  }
  if (op == "Floor" || op == "Ceil" || op == "Round" || op == "Identity")
    return value;
  return {};
}

// a < b, a == b, ... where the symbols do not matter.
static AffineExpr compare(Symbols &symbols, StringRef op, AffineExpr lhs,
                          AffineExpr rhs) {
  Interval difference = symbols.bounds(lhs - rhs);
  bool knownEqual = symbols.equal(lhs, rhs);
  bool less = difference.high && *difference.high < 0;
  bool greater = difference.low && *difference.low > 0;
  bool atMost = knownEqual || (difference.high && *difference.high <= 0);
  bool atLeast = knownEqual || (difference.low && *difference.low >= 0);
  auto decide = [&](bool isTrue, bool isFalse) {
    return isTrue || isFalse ? symbols.constant(isTrue) : AffineExpr();
  };
  if (op == "Equal")
    return decide(knownEqual, less || greater);
  if (op == "Less")
    return decide(less, atLeast);
  if (op == "LessOrEqual")
    return decide(atMost, greater);
  if (op == "Greater")
    return decide(greater, atMost);
  return decide(atLeast, less);
}

// Integer division truncates; a floor division says the same of operands that
// are not negative.
static AffineExpr divide(Symbols &symbols, AffineExpr lhs, AffineExpr rhs,
                         bool isFloat) {
  std::optional<int64_t> a = tp::getConst(lhs), b = tp::getConst(rhs);
  if (b == 0)
    return {};
  if (a && b) {
    if (isFloat && *a % *b != 0)
      return {};
    return symbols.constant(*a / *b);
  }
  if (AffineExpr exact = tp::divideExactly(lhs, rhs))
    return exact;
  if (isFloat || !symbols.provablyNonNegative(lhs) ||
      !symbols.provablyNonNegative(rhs))
    return {};
  return tp::simplify(lhs.floorDiv(rhs));
}

static AffineExpr foldConstants(Symbols &symbols, StringRef op, int64_t a,
                                int64_t b) {
  int64_t result = 0;
  if (op == "Add" || op == "Sum") {
    if (__builtin_add_overflow(a, b, &result))
      return {};
  } else if (op == "Sub") {
    if (__builtin_sub_overflow(a, b, &result))
      return {};
  } else if (op == "Mul") {
    if (__builtin_mul_overflow(a, b, &result))
      return {};
  } else if (op == "Pow") {
    if (b < 0)
      return {};
    result = 1;
    for (; b > 0; --b)
      if (__builtin_mul_overflow(result, a, &result))
        return {};
  } else {
    return {};
  }
  return symbols.constant(result);
}

AffineExpr tpo::importer::foldBinary(Symbols &symbols, StringRef op,
                                     AffineExpr lhs, AffineExpr rhs,
                                     bool isFloat) {
  if (!lhs || !rhs)
    return {};
  std::optional<int64_t> a = tp::getConst(lhs), b = tp::getConst(rhs);
  if (op == "And" || op == "Or" || op == "Xor") {
    if (!a || !b)
      return {};
    return symbols.constant(op == "And"  ? *a && *b
                            : op == "Or" ? *a || *b
                                         : *a != *b);
  }
  if (op == "Equal" || op.starts_with("Less") || op.starts_with("Greater"))
    return compare(symbols, op, lhs, rhs);
  if (op == "Max" || op == "Min") {
    Interval difference = symbols.bounds(lhs - rhs);
    bool lhsLarger = difference.low && *difference.low >= 0;
    bool rhsLarger = difference.high && *difference.high <= 0;
    if (!lhsLarger && !rhsLarger)
      return {};
    return lhsLarger == (op == "Max") ? lhs : rhs;
  }
  if (op == "Div")
    return divide(symbols, lhs, rhs, isFloat);
  // The sign is the divisor's, as in an affine expression.
  if (op == "FloorMod" && b && *b > 0 && !isFloat)
    return a ? symbols.constant(llvm::mod(*a, *b)) : tp::simplify(lhs % rhs);
  if (op == "Mod" || op == "FloorMod") {
    if (b == 0)
      return {};
    if (a && b && *a >= 0 && *b > 0)
      return symbols.constant(*a % *b);
    if (isFloat || !symbols.provablyNonNegative(lhs) ||
        !symbols.provablyNonNegative(rhs))
      return {};
    return tp::simplify(lhs % rhs);
  }
  if (a && b)
    return foldConstants(symbols, op, *a, *b);
  if (op == "Add" || op == "Sum")
    return symbols.canonicalize(lhs + rhs);
  if (op == "Sub")
    return symbols.canonicalize(lhs - rhs);
  if (op == "Mul")
    return symbols.canonicalize(lhs * rhs);
  if (op == "Pow" && b == 2)
    return symbols.canonicalize(lhs * lhs);
  if (op == "Pow" && b == 1)
    return lhs;
  return {};
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

static std::optional<double> foldFloatUnary(StringRef op, double x) {
  return llvm::StringSwitch<std::optional<double>>(op)
      .Case("Identity", x)
      .Case("Neg", -x)
      .Case("Abs", std::fabs(x))
      .Case("Sqrt", std::sqrt(x))
      .Case("Reciprocal", 1.0 / x)
      .Case("Exp", std::exp(x))
      .Case("Log", std::log(x))
      .Case("Floor", std::floor(x))
      .Case("Ceil", std::ceil(x))
      .Case("Round", std::nearbyint(x))
      .Default(std::nullopt);
}

std::optional<double> tpo::importer::foldFloat(StringRef op,
                                               ArrayRef<double> operands) {
  if (operands.size() == 1)
    return foldFloatUnary(op, operands[0]);
  if (operands.size() != 2)
    return std::nullopt;
  double a = operands[0], b = operands[1];
  if (op == "Pow")
    return std::pow(a, b);
  return llvm::StringSwitch<std::optional<double>>(op)
      .Case("Add", a + b)
      .Case("Sub", a - b)
      .Case("Mul", a * b)
      .Case("Div", a / b)
      .Case("Max", std::fmax(a, b))
      .Case("Min", std::fmin(a, b))
      .Default(std::nullopt);
}
