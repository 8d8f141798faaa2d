//===- EmitActivations.cpp - Less common activations in kernels -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// Arithmetic on one element, with constants of its type.
class Scalar {
public:
  Scalar(ScalarEmitter &emitter) : e(emitter), b(emitter.builder()), loc(emitter.location()) {}

  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value mul(Value x, double y) { return y == 1 ? x : mul(x, constant(x, y)); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value expm1(Value x) { return math::ExpM1Op::create(b, loc, x); }
  Value constant(Value like, double value) { return e.constant(like.getType(), value); }
  Value isAbove(Value x, double limit) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, constant(x, limit));
  }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }

  Value sigmoid(Value x) {
    Value one = constant(x, 1), exponential = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
    return div(one, add(one, exponential));
  }
  /// max(x, 0) + log1p(exp(-|x|)) does not overflow.
  Value softplus(Value x) {
    Value magnitude = arith::NegFOp::create(b, loc, Value(math::AbsFOp::create(b, loc, x)));
    Value tail = math::Log1pOp::create(b, loc, Value(math::ExpOp::create(b, loc, magnitude)));
    return add(arith::MaximumFOp::create(b, loc, x, constant(x, 0)), tail);
  }
  Value tanh(Value x) { return math::TanhOp::create(b, loc, x); }

private:
  ScalarEmitter &e;
  OpBuilder &b;
  Location loc;
};

/// The operand's element, which has to be a floating-point number.
Value floatElement(ScalarEmitter &e, Operation *op, ValueRange indices) {
  Value x = e.element(op->getOperand(0), indices);
  if (x && !isa<FloatType>(x.getType()))
    return ScalarEmitter::unsupported(op, "needs a floating-point operand");
  return x;
}

/// max(0, x) + min(0, alpha * (exp(x / alpha) - 1))
Value emitCelu(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = floatElement(e, op, indices);
  if (!x)
    return Value();
  Scalar s(e);
  double alpha = getFloat(op, "alpha", 1.0);
  Value scaled = alpha == 1 ? x : s.div(x, s.constant(x, alpha));
  return s.select(s.isAbove(x, 0), x, s.mul(s.expm1(scaled), alpha));
}

/// gamma * (x, or alpha * (exp(x) - 1) below 0)
Value emitSelu(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = floatElement(e, op, indices);
  if (!x)
    return Value();
  Scalar s(e);
  double alpha = getFloat(op, "alpha", 1.67326319217681884765625),
         gamma = getFloat(op, "gamma", 1.05070102214813232421875);
  return s.mul(s.select(s.isAbove(x, 0), x, s.mul(s.expm1(x), alpha)), gamma);
}

Value emitThresholdedRelu(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = floatElement(e, op, indices);
  if (!x)
    return Value();
  Scalar s(e);
  return s.select(s.isAbove(x, getFloat(op, "alpha", 1.0)), x, s.constant(x, 0));
}

Value emitMish(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = floatElement(e, op, indices);
  if (!x)
    return Value();
  Scalar s(e);
  return s.mul(x, s.tanh(s.softplus(x)));
}

Value emitSwiGlu(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value gate = floatElement(e, op, indices), linear = e.element(op->getOperand(1), indices);
  if (!gate || !linear)
    return Value();
  Scalar s(e);
  return s.mul(s.mul(gate, s.sigmoid(s.mul(gate, getFloat(op, "alpha", 1.0)))), linear);
}

/// x moved towards 0 by `bias`, 0 within `lambd` of it. Integers are computed
/// on in f64.
Value emitShrink(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = e.element(op->getOperand(0), indices);
  if (!x)
    return Value();
  OpBuilder &b = e.builder();
  Location loc = e.location();
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(op->getOperand(0).getType()));
  Type type = x.getType();
  if (integer)
    x = integer.isUnsigned() ? Value(arith::UIToFPOp::create(b, loc, b.getF64Type(), x))
                             : Value(arith::SIToFPOp::create(b, loc, b.getF64Type(), x));
  Scalar s(e);
  double bias = getFloat(op, "bias", 0.0), limit = getFloat(op, "lambd", 0.5);
  Value below = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, s.constant(x, -limit));
  Value result = s.select(s.isAbove(x, limit), s.add(x, s.constant(x, -bias)), s.constant(x, 0));
  result = s.select(below, s.add(x, s.constant(x, bias)), result);
  if (!integer)
    return result;
  return integer.isUnsigned() ? Value(arith::FPToUIOp::create(b, loc, type, result))
                              : Value(arith::FPToSIOp::create(b, loc, type, result));
}

} // namespace

void registerActivations(llvm::StringMap<EmitFn> &table) {
  table["Celu"] = emitCelu;
  table["Selu"] = emitSelu;
  table["ThresholdedRelu"] = emitThresholdedRelu;
  table["Mish"] = emitMish;
  table["SwiGLU"] = emitSwiGlu;
  table["Shrink"] = emitShrink;
}

} // namespace tpo::kernels
