//===- ScalarMath.cpp - Floating point and loops in kernels ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tpo::kernels {

//===----------------------------------------------------------------------===//
// Floating point
//===----------------------------------------------------------------------===//

namespace {

template <typename OpT, typename... Operands> Value make(ScalarEmitter &e, Operands... operands) {
  if ((!operands || ...))
    return Value();
  return OpT::create(e.builder(), e.location(), operands...);
}

Value compareFloats(ScalarEmitter &e, arith::CmpFPredicate predicate, Value a, Value b) {
  if (!a || !b)
    return Value();
  return arith::CmpFOp::create(e.builder(), e.location(), predicate, a, b);
}

} // namespace

Value FloatMath::add(Value a, Value b) { return make<arith::AddFOp>(e, a, b); }
Value FloatMath::sub(Value a, Value b) { return make<arith::SubFOp>(e, a, b); }
Value FloatMath::mul(Value a, Value b) { return make<arith::MulFOp>(e, a, b); }
Value FloatMath::div(Value a, Value b) { return make<arith::DivFOp>(e, a, b); }
Value FloatMath::min(Value a, Value b) { return make<arith::MinNumFOp>(e, a, b); }
Value FloatMath::max(Value a, Value b) { return make<arith::MaxNumFOp>(e, a, b); }
Value FloatMath::abs(Value a) { return make<math::AbsFOp>(e, a); }
Value FloatMath::floor(Value a) { return make<math::FloorOp>(e, a); }
Value FloatMath::ceil(Value a) { return make<math::CeilOp>(e, a); }
Value FloatMath::round(Value a) { return make<math::RoundEvenOp>(e, a); }
Value FloatMath::sin(Value a) { return make<math::SinOp>(e, a); }
Value FloatMath::cos(Value a) { return make<math::CosOp>(e, a); }
Value FloatMath::sqrt(Value a) { return make<math::SqrtOp>(e, a); }
Value FloatMath::less(Value a, Value b) { return compareFloats(e, arith::CmpFPredicate::OLT, a, b); }
Value FloatMath::lessEqual(Value a, Value b) { return compareFloats(e, arith::CmpFPredicate::OLE, a, b); }
Value FloatMath::select(Value condition, Value a, Value b) { return make<arith::SelectOp>(e, condition, a, b); }

Value FloatMath::pow(Value a, double exponent) {
  if (exponent == 1)
    return a;
  if (exponent == 2)
    return mul(a, a);
  if (exponent == 0.5)
    return sqrt(a);
  return make<math::PowFOp>(e, a, constant(exponent));
}

Value FloatMath::from(Value number, bool isUnsigned) {
  if (!number || number.getType() == type)
    return number;
  OpBuilder &b = e.builder();
  if (number.getType().isIndex())
    number = arith::IndexCastOp::create(b, e.location(), b.getI64Type(), number);
  if (isa<FloatType>(number.getType())) {
    bool widens = number.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth();
    return widens ? make<arith::ExtFOp>(e, type, number) : make<arith::TruncFOp>(e, type, number);
  }
  return isUnsigned || number.getType().isInteger(1) ? make<arith::UIToFPOp>(e, type, number)
                                                     : make<arith::SIToFPOp>(e, type, number);
}

Value FloatMath::toIndex(Value a) {
  if (!a)
    return Value();
  OpBuilder &b = e.builder();
  Value integer = arith::FPToSIOp::create(b, e.location(), b.getI64Type(), a);
  return arith::IndexCastOp::create(b, e.location(), b.getIndexType(), integer);
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Value indexMin(ScalarEmitter &e, Value a, Value b) { return make<arith::MinSIOp>(e, a, b); }
Value indexMax(ScalarEmitter &e, Value a, Value b) { return make<arith::MaxSIOp>(e, a, b); }

Value indexDiv(ScalarEmitter &e, Value a, Value b) { return b == e.index(1) ? a : make<arith::DivUIOp>(e, a, b); }

Value indexRem(ScalarEmitter &e, Value a, Value b) {
  return b == e.index(1) ? e.index(0) : make<arith::RemUIOp>(e, a, b);
}

Value indexCeilDiv(ScalarEmitter &e, Value a, int64_t b) {
  return b == 1 ? a : make<arith::CeilDivSIOp>(e, a, e.index(b));
}

Value isInside(ScalarEmitter &e, Value a, Value size) {
  // One unsigned comparison checks both ends.
  if (!a || !size)
    return Value();
  return arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::ult, a, size);
}

Value logicalAnd(ScalarEmitter &e, Value a, Value b) { return make<arith::AndIOp>(e, a, b); }

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

static SmallVector<Value> reduceFrom(ScalarEmitter &e, ArrayRef<Value> counts, ValueRange init,
                                     SmallVector<Value> &position, NestStep step) {
  if (position.size() == counts.size())
    return step(init, position);
  Value count = counts[position.size()];
  if (!count)
    return {};
  return e.reduce(count, init, [&](ValueRange acc, Value i) {
    position.push_back(i);
    SmallVector<Value> next = reduceFrom(e, counts, acc, position, step);
    position.pop_back();
    return next;
  });
}

SmallVector<Value> reduceNest(ScalarEmitter &e, ArrayRef<Value> counts, ValueRange init, NestStep step) {
  SmallVector<Value> position;
  return reduceFrom(e, counts, init, position, step);
}

Value foldNest(ScalarEmitter &e, ArrayRef<Value> counts, Value init,
               llvm::function_ref<Value(Value acc, ValueRange position)> step) {
  SmallVector<Value> result =
      reduceNest(e, counts, init, [&](ValueRange acc, ValueRange position) -> SmallVector<Value> {
        Value next = step(acc.front(), position);
        if (!next)
          return {};
        return {next};
      });
  return result.empty() ? Value() : result.front();
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

bool hasUnsignedElements(Value tensor) {
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(tensor.getType()));
  return integer && (integer.isUnsigned() || integer.getWidth() == 1);
}

Value resizeInteger(ScalarEmitter &e, Value number, Type type, bool isUnsigned) {
  if (!number || number.getType() == type)
    return number;
  if (number.getType().getIntOrFloatBitWidth() > type.getIntOrFloatBitWidth())
    return make<arith::TruncIOp>(e, type, number);
  return isUnsigned ? make<arith::ExtUIOp>(e, type, number) : make<arith::ExtSIOp>(e, type, number);
}

Value saturate(ScalarEmitter &e, Value number, Type type, bool isUnsigned) {
  if (!number)
    return Value();
  unsigned width = type.getIntOrFloatBitWidth();
  APInt low = isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  APInt high = isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  FloatMath f64(e, e.builder().getF64Type());
  Value bounded = f64.round(f64.from(number));
  bounded = f64.min(bounded, f64.constant(high.roundToDouble(!isUnsigned)));
  bounded = f64.max(bounded, f64.constant(low.roundToDouble(!isUnsigned)));
  return isUnsigned ? make<arith::FPToUIOp>(e, type, bounded) : make<arith::FPToSIOp>(e, type, bounded);
}

Value addElements(ScalarEmitter &e, Value a, Value b) {
  if (!a || !b)
    return Value();
  if (isa<FloatType>(a.getType()))
    return arith::AddFOp::create(e.builder(), e.location(), a, b, arith::FastMathFlags::reassoc);
  return make<arith::AddIOp>(e, a, b);
}

Value mulElements(ScalarEmitter &e, Value a, Value b) {
  if (!a || !b)
    return Value();
  if (isa<FloatType>(a.getType()))
    return make<arith::MulFOp>(e, a, b);
  return make<arith::MulIOp>(e, a, b);
}

} // namespace tpo::kernels
