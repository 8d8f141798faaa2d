//===- EmitElementwise.cpp - Element-wise operators in kernels ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conversions.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace tpo::kernels {

namespace {

//===----------------------------------------------------------------------===//
// Scalar functions
//===----------------------------------------------------------------------===//

using Scalars = ArrayRef<Value>;
/// A scalar function: operands in compute type, the operator for attributes.
using ScalarFn = Value (*)(ScalarEmitter &e, Operation *op, Scalars in);

bool isFloat(Value value) { return isa<FloatType>(value.getType()); }

/// Unsigned by the ONNX type of operand 0 (kernels compute on signless types).
bool isUnsigned(Operation *op) {
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(op->getOperand(0).getType()));
  return integer && integer.isUnsigned();
}

template <typename FloatOp, typename IntOp>
Value binary(ScalarEmitter &e, Operation *, Scalars in) {
  if (isFloat(in[0]))
    return FloatOp::create(e.builder(), e.location(), in[0], in[1]);
  return IntOp::create(e.builder(), e.location(), in[0], in[1]);
}

template <typename MathOp>
Value unary(ScalarEmitter &e, Operation *op, Scalars in) {
  if (!isFloat(in[0]))
    return ScalarEmitter::unsupported(op, "needs a floating-point operand");
  return MathOp::create(e.builder(), e.location(), in[0]);
}

Value floatBinaryConstant(ScalarEmitter &e, Value lhs, double rhs, bool multiply) {
  Value constant = e.constant(lhs.getType(), rhs);
  if (multiply)
    return arith::MulFOp::create(e.builder(), e.location(), lhs, constant);
  return arith::AddFOp::create(e.builder(), e.location(), lhs, constant);
}

/// The divisor where the processor can divide by it, else 1. Both division by
/// zero, which ONNX leaves open, and that of the least integer by -1 trap.
Value safeDivisor(ScalarEmitter &e, Operation *op, Value divisor) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value one = e.constant(divisor.getType(), 1);
  Value unsafe = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, divisor, e.constant(divisor.getType(), 0));
  if (!isUnsigned(op)) {
    Value isMinusOne =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, divisor, e.constant(divisor.getType(), -1));
    unsafe = arith::OrIOp::create(b, loc, unsafe, isMinusOne);
  }
  return arith::SelectOp::create(b, loc, unsafe, one, divisor);
}

Value divide(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  if (isFloat(in[0]))
    return arith::DivFOp::create(b, loc, in[0], in[1]);
  Value safe = safeDivisor(e, op, in[1]);
  if (isUnsigned(op))
    return arith::DivUIOp::create(b, loc, in[0], safe);
  Type type = in[0].getType();
  Value isMinusOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, in[1], e.constant(type, -1));
  Value negated = arith::SubIOp::create(b, loc, e.constant(type, 0), in[0]);
  Value quotient = arith::DivSIOp::create(b, loc, in[0], safe);
  return arith::SelectOp::create(b, loc, isMinusOne, negated, quotient);
}

/// The remainder of floats with the divisor's sign, as Python has it; a zero has
/// that sign, too.
Value floatModulo(ScalarEmitter &e, Value x, Value y) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value remainder = arith::RemFOp::create(b, loc, x, y), zero = e.constant(x.getType(), 0);
  auto isNegative = [&](Value value) -> Value {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, value, zero);
  };
  Value differs = arith::XOrIOp::create(b, loc, isNegative(remainder), isNegative(y));
  Value moved = arith::SelectOp::create(b, loc, differs, arith::AddFOp::create(b, loc, remainder, y), remainder);
  Value isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, remainder, zero);
  return arith::SelectOp::create(b, loc, isZero, math::CopySignOp::create(b, loc, zero, y), moved);
}

Value modulo(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  bool signOfDividend = getInt(op, "fmod", 0) != 0;
  if (isFloat(in[0]))
    return signOfDividend ? Value(arith::RemFOp::create(b, loc, in[0], in[1])) : floatModulo(e, in[0], in[1]);
  Value safe = safeDivisor(e, op, in[1]);
  if (isUnsigned(op))
    return arith::RemUIOp::create(b, loc, in[0], safe);
  Value remainder = arith::RemSIOp::create(b, loc, in[0], safe);
  if (signOfDividend)
    return remainder;
  Value zero = e.constant(in[1].getType(), 0);
  Value nonZero = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, remainder, zero);
  Value mixed = arith::XOrIOp::create(b, loc, remainder, safe);
  Value differs = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, mixed, zero);
  Value adjust = arith::AndIOp::create(b, loc, nonZero, differs);
  Value adjusted = arith::AddIOp::create(b, loc, remainder, safe);
  return arith::SelectOp::create(b, loc, adjust, adjusted, remainder);
}

/// x^y of integers, by squaring: there are at most 64 steps. Below 0 only 1 and
/// -1 have integer powers; others give 0.
Value integerPower(ScalarEmitter &e, Operation *op, Value base, Value exponent) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type type = base.getType();
  Type exponentType = getElementTypeOrSelf(op->getOperand(1).getType());
  exponent = castScalar(e, exponent, exponentType,
                        exponentType.isUnsignedInteger() ? Type(b.getIntegerType(64, false)) : Type(b.getI64Type()), {});
  Value one = e.constant(type, 1), zero = e.constant(type, 0);
  Value zero64 = e.constant(b.getI64Type(), 0), one64 = e.constant(b.getI64Type(), 1);
  auto isOdd = [&](Value n) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, arith::AndIOp::create(b, loc, n, one64), zero64);
  };
  SmallVector<Value> result =
      e.reduce(e.index(64), {one, base, exponent}, [&](ValueRange state, Value) -> SmallVector<Value> {
        Value times = arith::MulIOp::create(b, loc, state[0], state[1]);
        return {arith::SelectOp::create(b, loc, isOdd(state[2]), times, state[0]),
                arith::MulIOp::create(b, loc, state[1], state[1]), arith::ShRUIOp::create(b, loc, state[2], one64)};
      });
  if (exponentType.isUnsignedInteger())
    return result[0];
  Value isNegative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, exponent, zero64);
  Value minusOne = e.constant(type, -1);
  auto baseIs = [&](Value value) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, base, value);
  };
  Value inverse = arith::SelectOp::create(b, loc, baseIs(one), one, zero);
  if (!isUnsigned(op))
    inverse = arith::SelectOp::create(b, loc, baseIs(minusOne),
                                      arith::SelectOp::create(b, loc, isOdd(exponent), minusOne, one), inverse);
  return arith::SelectOp::create(b, loc, isNegative, inverse, result[0]);
}

/// x^y: the integer exponents of norms and activations as products.
Value power(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value base = in[0], exponent = in[1];
  Type baseType = getElementTypeOrSelf(op->getOperand(0).getType());
  Type exponentType = getElementTypeOrSelf(op->getOperand(1).getType());
  if (!isFloat(base)) {
    if (!isFloat(exponent))
      return integerPower(e, op, base, exponent);
    Type f64 = b.getF64Type();
    Value number = math::PowFOp::create(b, loc, castScalar(e, base, baseType, f64, {}),
                                        castScalar(e, exponent, exponentType, f64, {}));
    return castScalar(e, number, f64, baseType, {});
  }
  if (auto constant = op->getOperand(1).getDefiningOp())
    if (auto elements = constant->getAttrOfType<DenseElementsAttr>("value"); elements && elements.isSplat()) {
      double value = isa<FloatType>(elements.getElementType())
                         ? elements.getSplatValue<APFloat>().convertToDouble()
                         : static_cast<double>(elements.getSplatValue<APInt>().getSExtValue());
      if (value == 2)
        return arith::MulFOp::create(b, loc, base, base);
      if (value == 3)
        return arith::MulFOp::create(b, loc, base, arith::MulFOp::create(b, loc, base, base));
      if (value == 1)
        return base;
      if (value == 0.5)
        return math::SqrtOp::create(b, loc, base);
      if (value == -0.5)
        return arith::DivFOp::create(b, loc, e.constant(base.getType(), 1), math::SqrtOp::create(b, loc, base));
    }
  exponent = castScalar(e, exponent, exponent.getType() == base.getType() ? base.getType() : exponentType,
                        base.getType(), {});
  return math::PowFOp::create(b, loc, base, exponent);
}

Value negate(ScalarEmitter &e, Operation *, Scalars in) {
  if (isFloat(in[0]))
    return arith::NegFOp::create(e.builder(), e.location(), in[0]);
  return arith::SubIOp::create(e.builder(), e.location(), e.constant(in[0].getType(), 0), in[0]);
}

Value absolute(ScalarEmitter &e, Operation *op, Scalars in) {
  if (isFloat(in[0]))
    return math::AbsFOp::create(e.builder(), e.location(), in[0]);
  if (isUnsigned(op))
    return in[0];
  return math::AbsIOp::create(e.builder(), e.location(), in[0]);
}

Value sign(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type type = in[0].getType();
  if (isUnsigned(op)) {
    Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, in[0], e.constant(type, 0));
    return arith::SelectOp::create(b, loc, some, e.constant(type, 1), e.constant(type, 0));
  }
  Value zero = e.constant(type, 0), one = e.constant(type, 1), minus = e.constant(type, -1);
  Value above, below;
  if (isFloat(in[0])) {
    above = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, in[0], zero);
    below = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, in[0], zero);
    // A NaN stays a NaN.
    zero = arith::SelectOp::create(b, loc, arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, in[0], in[0]),
                                   in[0], zero);
  } else {
    above = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, in[0], zero);
    below = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, in[0], zero);
  }
  Value rest = arith::SelectOp::create(b, loc, below, minus, zero);
  return arith::SelectOp::create(b, loc, above, one, rest);
}

Value reciprocal(ScalarEmitter &e, Operation *, Scalars in) {
  return arith::DivFOp::create(e.builder(), e.location(), e.constant(in[0].getType(), 1), in[0]);
}

Value sigmoidOf(ScalarEmitter &e, Value x) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value exponential = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
  Value one = e.constant(x.getType(), 1);
  return arith::DivFOp::create(b, loc, one, arith::AddFOp::create(b, loc, one, exponential));
}

Value sigmoid(ScalarEmitter &e, Operation *, Scalars in) { return sigmoidOf(e, in[0]); }

Value swish(ScalarEmitter &e, Operation *op, Scalars in) {
  double alpha = getFloat(op, "alpha", 1.0);
  Value scaled = alpha == 1.0 ? in[0] : floatBinaryConstant(e, in[0], alpha, true);
  return arith::MulFOp::create(e.builder(), e.location(), in[0], sigmoidOf(e, scaled));
}

/// Hendrycks and Gimpel, "Gaussian Error Linear Units": x * Phi(x), or the tanh form.
Value gelu(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value x = in[0], inner;
  if (getString(op, "approximate", "none") == "tanh") {
    Value cube = arith::MulFOp::create(b, loc, x, arith::MulFOp::create(b, loc, x, x));
    Value sum = arith::AddFOp::create(b, loc, x, floatBinaryConstant(e, cube, 0.044715, true));
    inner = math::TanhOp::create(b, loc, floatBinaryConstant(e, sum, 0.7978845608028654, true));
  } else {
    inner = math::ErfOp::create(b, loc, floatBinaryConstant(e, x, 0.7071067811865476, true));
  }
  Value half = floatBinaryConstant(e, x, 0.5, true);
  return arith::MulFOp::create(b, loc, half, floatBinaryConstant(e, inner, 1.0, false));
}

Value relu(ScalarEmitter &e, Operation *, Scalars in) {
  Value zero = e.constant(in[0].getType(), 0);
  if (isFloat(in[0]))
    return arith::MaximumFOp::create(e.builder(), e.location(), in[0], zero);
  return arith::MaxSIOp::create(e.builder(), e.location(), in[0], zero);
}

/// x < 0 ? negative(x) : x
Value piecewise(ScalarEmitter &e, Value x, Value negative) {
  Value below = arith::CmpFOp::create(e.builder(), e.location(), arith::CmpFPredicate::OLT, x,
                                      e.constant(x.getType(), 0));
  return arith::SelectOp::create(e.builder(), e.location(), below, negative, x);
}

Value leakyRelu(ScalarEmitter &e, Operation *op, Scalars in) {
  return piecewise(e, in[0], floatBinaryConstant(e, in[0], getFloat(op, "alpha", 0.01), true));
}

Value prelu(ScalarEmitter &e, Operation *, Scalars in) {
  return piecewise(e, in[0], arith::MulFOp::create(e.builder(), e.location(), in[0], in[1]));
}

Value elu(ScalarEmitter &e, Operation *op, Scalars in) {
  Value expm1 = math::ExpM1Op::create(e.builder(), e.location(), in[0]);
  return piecewise(e, in[0], floatBinaryConstant(e, expm1, getFloat(op, "alpha", 1.0), true));
}

Value softplus(ScalarEmitter &e, Operation *, Scalars in) {
  // max(x, 0) + log1p(exp(-|x|)) does not overflow.
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value magnitude = math::AbsFOp::create(b, loc, in[0]);
  Value tail = math::Log1pOp::create(b, loc, math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, magnitude)));
  Value positive = arith::MaximumFOp::create(b, loc, in[0], e.constant(in[0].getType(), 0));
  return arith::AddFOp::create(b, loc, positive, tail);
}

Value softsign(ScalarEmitter &e, Operation *, Scalars in) {
  Value magnitude = math::AbsFOp::create(e.builder(), e.location(), in[0]);
  return arith::DivFOp::create(e.builder(), e.location(), in[0], floatBinaryConstant(e, magnitude, 1, false));
}

Value clampTo(ScalarEmitter &e, Value x, double low, double high) {
  OpBuilder &b = e.builder();
  Value above = arith::MaximumFOp::create(b, e.location(), x, e.constant(x.getType(), low));
  return arith::MinimumFOp::create(b, e.location(), above, e.constant(x.getType(), high));
}

Value hardSigmoidOf(ScalarEmitter &e, Value x, double alpha, double beta) {
  return clampTo(e, floatBinaryConstant(e, floatBinaryConstant(e, x, alpha, true), beta, false), 0, 1);
}

Value hardSigmoid(ScalarEmitter &e, Operation *op, Scalars in) {
  return hardSigmoidOf(e, in[0], getFloat(op, "alpha", 0.2), getFloat(op, "beta", 0.5));
}

Value hardSwish(ScalarEmitter &e, Operation *, Scalars in) {
  return arith::MulFOp::create(e.builder(), e.location(), in[0], hardSigmoidOf(e, in[0], 1.0 / 6, 0.5));
}

Value invert(ScalarEmitter &e, Operation *, Scalars in) {
  return arith::XOrIOp::create(e.builder(), e.location(), in[0],
                               arith::ConstantOp::create(e.builder(), e.location(),
                                                         e.builder().getIntegerAttr(in[0].getType(), -1)));
}

Value isNan(ScalarEmitter &e, Operation *, Scalars in) {
  return arith::CmpFOp::create(e.builder(), e.location(), arith::CmpFPredicate::UNO, in[0], in[0]);
}

Value isInf(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  double infinity = std::numeric_limits<double>::infinity();
  Value no = e.constant(b.getI1Type(), 0);
  Value result = no;
  for (auto [attribute, limit] : {std::pair("detect_positive", infinity), std::pair("detect_negative", -infinity)}) {
    if (!getInt(op, attribute, 1))
      continue;
    Value hit = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, in[0], e.constant(in[0].getType(), limit));
    result = arith::OrIOp::create(b, loc, result, hit);
  }
  return result;
}

template <arith::CmpFPredicate floatPredicate, arith::CmpIPredicate signedPredicate,
          arith::CmpIPredicate unsignedPredicate>
Value compare(ScalarEmitter &e, Operation *op, Scalars in) {
  if (isFloat(in[0]))
    return arith::CmpFOp::create(e.builder(), e.location(), floatPredicate, in[0], in[1]);
  // Booleans order as 0 and 1.
  bool asUnsigned = isUnsigned(op) || in[0].getType().isInteger(1);
  return arith::CmpIOp::create(e.builder(), e.location(), asUnsigned ? unsignedPredicate : signedPredicate, in[0],
                               in[1]);
}

template <bool maximum>
Value extremum(ScalarEmitter &e, Operation *op, Scalars in) {
  Value result = in[0];
  OpBuilder &b = e.builder();
  Location loc = e.location();
  for (Value next : in.drop_front()) {
    if (isFloat(result))
      result = maximum ? Value(arith::MaximumFOp::create(b, loc, result, next))
                       : Value(arith::MinimumFOp::create(b, loc, result, next));
    else if (isUnsigned(op))
      result = maximum ? Value(arith::MaxUIOp::create(b, loc, result, next))
                       : Value(arith::MinUIOp::create(b, loc, result, next));
    else
      result = maximum ? Value(arith::MaxSIOp::create(b, loc, result, next))
                       : Value(arith::MinSIOp::create(b, loc, result, next));
  }
  return result;
}

Value sumAll(ScalarEmitter &e, Operation *op, Scalars in) {
  Value result = in[0];
  for (Value next : in.drop_front())
    result = binary<arith::AddFOp, arith::AddIOp>(e, op, {result, next});
  return result;
}

Value meanAll(ScalarEmitter &e, Operation *op, Scalars in) {
  return floatBinaryConstant(e, sumAll(e, op, in), 1.0 / in.size(), true);
}

Value where(ScalarEmitter &e, Operation *, Scalars in) {
  return arith::SelectOp::create(e.builder(), e.location(), in[0], in[1], in[2]);
}

/// Shifts by a negative number or by the width and more give what shifting all
/// bits out gives: 0, or the sign to the right.
Value shift(ScalarEmitter &e, Operation *op, Scalars in) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type type = in[0].getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Value last = e.constant(type, width - 1);
  Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, in[1], last);
  Value by = arith::SelectOp::create(b, loc, inside, in[1], last);
  if (getString(op, "direction", "LEFT") == "RIGHT" && !isUnsigned(op))
    return arith::ShRSIOp::create(b, loc, in[0], by);
  Value shifted = getString(op, "direction", "LEFT") == "LEFT" ? Value(arith::ShLIOp::create(b, loc, in[0], by))
                                                               : Value(arith::ShRUIOp::create(b, loc, in[0], by));
  return arith::SelectOp::create(b, loc, inside, shifted, e.constant(type, 0));
}

Value squareRoot(ScalarEmitter &e, Operation *op, Scalars in) { return unary<math::SqrtOp>(e, op, in); }

//===----------------------------------------------------------------------===//
// Operators with optional operands
//===----------------------------------------------------------------------===//

Value emitClip(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = e.element(op->getOperand(0), indices);
  if (!x)
    return Value();
  OpBuilder &b = e.builder();
  for (unsigned i : {1u, 2u}) {
    if (!hasOperand(op, i))
      continue;
    Value limit = e.element(op->getOperand(i), {});
    if (!limit)
      return Value();
    bool maximum = i == 1;
    x = maximum ? extremum<true>(e, op, {x, limit}) : extremum<false>(e, op, {x, limit});
  }
  (void)b;
  return x;
}

/// The rest: every present operand broadcast, then a scalar function.
struct ElementwiseEntry {
  const char *name;
  ScalarFn function;
};

const ElementwiseEntry elementwiseTable[] = {
    {"Add", binary<arith::AddFOp, arith::AddIOp>},
    {"Sub", binary<arith::SubFOp, arith::SubIOp>},
    {"Mul", binary<arith::MulFOp, arith::MulIOp>},
    {"Div", divide},
    {"Mod", modulo},
    {"Pow", power},
    {"Neg", negate},
    {"Abs", absolute},
    {"Sign", sign},
    {"Reciprocal", reciprocal},
    {"Sqrt", squareRoot},
    {"Exp", unary<math::ExpOp>},
    {"Log", unary<math::LogOp>},
    {"Sin", unary<math::SinOp>},
    {"Cos", unary<math::CosOp>},
    {"Tan", unary<math::TanOp>},
    {"Asin", unary<math::AsinOp>},
    {"Acos", unary<math::AcosOp>},
    {"Atan", unary<math::AtanOp>},
    {"Sinh", unary<math::SinhOp>},
    {"Cosh", unary<math::CoshOp>},
    {"Asinh", unary<math::AsinhOp>},
    {"Acosh", unary<math::AcoshOp>},
    {"Atanh", unary<math::AtanhOp>},
    {"Tanh", unary<math::TanhOp>},
    {"Erf", unary<math::ErfOp>},
    {"Floor", unary<math::FloorOp>},
    {"Ceil", unary<math::CeilOp>},
    {"Round", unary<math::RoundEvenOp>},
    {"Sigmoid", sigmoid},
    {"Swish", swish},
    {"Gelu", gelu},
    {"Relu", relu},
    {"LeakyRelu", leakyRelu},
    {"PRelu", prelu},
    {"Elu", elu},
    {"Softplus", softplus},
    {"Softsign", softsign},
    {"HardSigmoid", hardSigmoid},
    {"HardSwish", hardSwish},
    {"Not", invert},
    {"BitwiseNot", invert},
    {"IsNaN", isNan},
    {"IsInf", isInf},
    {"And", binary<arith::MulFOp, arith::AndIOp>},
    {"Or", binary<arith::AddFOp, arith::OrIOp>},
    {"Xor", binary<arith::AddFOp, arith::XOrIOp>},
    {"BitwiseAnd", binary<arith::MulFOp, arith::AndIOp>},
    {"BitwiseOr", binary<arith::AddFOp, arith::OrIOp>},
    {"BitwiseXor", binary<arith::AddFOp, arith::XOrIOp>},
    {"BitShift", shift},
    {"Equal", compare<arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq, arith::CmpIPredicate::eq>},
    {"Less", compare<arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt, arith::CmpIPredicate::ult>},
    {"LessOrEqual", compare<arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle, arith::CmpIPredicate::ule>},
    {"Greater", compare<arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt, arith::CmpIPredicate::ugt>},
    {"GreaterOrEqual", compare<arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge, arith::CmpIPredicate::uge>},
    {"Max", extremum<true>},
    {"Min", extremum<false>},
    {"Sum", sumAll},
    {"Mean", meanAll},
    {"Where", where},
};

std::string toText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

Value emitElementwise(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  static const llvm::StringMap<ScalarFn> functions = [] {
    llvm::StringMap<ScalarFn> map;
    for (const ElementwiseEntry &entry : elementwiseTable)
      map[entry.name] = entry.function;
    return map;
  }();
  // Classifying a number and choosing between two need no arithmetic.
  bool classifies = getOpName(op) == "IsNaN" || getOpName(op) == "IsInf";
  SmallVector<Value> scalars;
  for (Value operand : op->getOperands()) {
    Value x = e.broadcastElement(operand, indices);
    if (!x)
      return Value();
    Type type = getElementTypeOrSelf(operand.getType());
    if (type.isIntOrFloat() && (type.getIntOrFloatBitWidth() < 8 || isNarrowFloat(type))) {
      if (classifies)
        x = castScalar(e, x, type, e.builder().getF32Type(), {});
      else if (getOpName(op) != "Where" && !type.isInteger(1))
        return ScalarEmitter::unsupported(op, "there is no arithmetic on " + toText(type));
    }
    scalars.push_back(x);
  }
  return functions.lookup(getOpName(op))(e, op, scalars);
}

} // namespace

void registerElementwise(llvm::StringMap<EmitFn> &table) {
  for (const ElementwiseEntry &entry : elementwiseTable)
    table[entry.name] = emitElementwise;
  table["Clip"] = emitClip;
}

} // namespace tpo::kernels
