//===- EmitSignal.cpp - Fourier transforms and windows in kernels ---------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

constexpr double kPi = llvm::numbers::pi;

/// A complex number.
struct Complex {
  Value real, imaginary;
};

/// Element `index` of a signal: [.., 1] is real, [.., 2] complex.
Complex readComplex(ScalarEmitter &e, Value x, ArrayRef<Value> at) {
  SmallVector<Value> position(at);
  position.push_back(e.index(0));
  Complex result{e.element(x, position), Value()};
  auto type = cast<RankedTensorType>(x.getType());
  if (type.getRank() == int64_t(at.size()) + 1 && type.getShape().back() == 2) {
    position.back() = e.index(1);
    result.imaginary = e.element(x, position);
  }
  return result;
}

/// cos and sin of 2 pi * n * k / length. The angle is reduced to a quarter turn
/// in integers: multiples of it have no rounding error, whatever the length.
Complex unitRoot(ScalarEmitter &e, FloatMath &math, Value n, Value k, Value length) {
  Value quarters = e.mul(indexRem(e, e.mul(n, k), length), e.index(4));
  Value quadrant = indexDiv(e, quarters, length);
  Value rest = math.div(math.from(indexRem(e, quarters, length)), math.from(length));
  Value angle = math.mul(rest, kPi / 2), cosine = math.cos(angle), sine = math.sin(angle);
  auto isOneOf = [&](int64_t first, int64_t second) -> Value {
    auto equals = [&](int64_t value) -> Value {
      return arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq, quadrant, e.index(value));
    };
    return arith::OrIOp::create(e.builder(), e.location(), equals(first), equals(second));
  };
  if (!angle)
    return {};
  Value swaps = isOneOf(1, 3);
  Value real = math.select(swaps, sine, cosine), imaginary = math.select(swaps, cosine, sine);
  return {math.select(isOneOf(1, 2), math.mul(real, -1), real),
          math.select(isOneOf(2, 3), math.mul(imaginary, -1), imaginary)};
}

/// One part of the sum over n of x(n) * exp(-+ 2 pi i n k / length): the real
/// one where `part` is 0. `weight` may scale a term.
Value transform(ScalarEmitter &e, Type type, Value count, Value length, Value k, Value part, bool inverse,
                llvm::function_ref<Complex(Value n)> signal) {
  FloatMath math(e, type);
  Value wantsReal = arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq, part, e.index(0));
  return foldNest(e, {count}, math.constant(0), [&](Value acc, ValueRange loop) -> Value {
    Complex x = signal(loop[0]), root = unitRoot(e, math, loop[0], k, length);
    Value sine = inverse ? root.imaginary : math.mul(root.imaginary, -1);
    // (a + bi)(c + si) = ac - bs + (as + bc)i
    Value real = math.mul(x.real, root.real), imaginary = math.mul(x.real, sine);
    if (x.imaginary) {
      real = math.sub(real, math.mul(x.imaginary, sine));
      imaginary = math.add(imaginary, math.mul(x.imaginary, root.real));
    }
    return math.add(acc, math.select(wantsReal, real, imaginary));
  });
}

/// Operands: signal, dft_length, axis.
Value emitDFT(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0);
  int64_t rank = indices.size(), axis = rank - 2;
  if (hasOperand(op, 2)) {
    std::optional<SmallVector<int64_t>> given = getConstantInts(op->getOperand(2));
    if (!given || given->size() != 1)
      return ScalarEmitter::unsupported(op, "the axis depends on data");
    axis = normalizeAxis(given->front(), rank);
  }
  bool inverse = getInt(op, "inverse", 0), onesided = getInt(op, "onesided", 0);
  Value size = e.size(x, axis), bins = e.size(op->getResult(0), axis), length = bins;
  if (!size || !bins)
    return Value();
  if (hasOperand(op, 1)) {
    std::optional<SmallVector<AffineExpr>> given = getSizeExprs(op->getOperand(1));
    if (!given || given->size() != 1)
      return ScalarEmitter::unsupported(op, "the length depends on data");
    length = e.materialize(given->front());
  } else if (onesided && !inverse) {
    length = size;
  }
  Type type = e.computeTypeOf(x);
  if (!isa<FloatType>(type))
    return ScalarEmitter::unsupported(op, "needs floating-point elements");
  FloatMath math(e, type);
  bool isHermitian = inverse && onesided;
  // Of a real signal's transform, one half is given.
  Value half = e.add(indexDiv(e, length, e.index(2)), e.index(1));
  Value count = indexMin(e, size, isHermitian ? half : length);
  SmallVector<Value> at(indices.drop_back());
  Value sum = transform(e, type, count, length, indices[axis], indices.back(), inverse, [&](Value n) {
    at[axis] = n;
    Complex value = readComplex(e, x, at);
    if (!isHermitian)
      return value;
    // Frequencies between 0 and the middle stand for their mirror image, too.
    auto equals = [&](Value lhs, Value rhs) {
      return arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq, lhs, rhs);
    };
    Value single =
        arith::OrIOp::create(e.builder(), e.location(), equals(n, e.index(0)), equals(e.mul(n, e.index(2)), length));
    Value weight = math.select(single, math.constant(1), math.constant(2));
    value.real = math.mul(value.real, weight);
    if (value.imaginary)
      value.imaginary = math.mul(value.imaginary, weight);
    return value;
  });
  return inverse ? math.div(sum, math.from(length)) : sum;
}

/// Operands: signal [N, L] or [N, L, 1|2], frame_step, window, frame_length.
/// Result [N, frames, bins, 2].
Value emitSTFT(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0);
  std::optional<SmallVector<AffineExpr>> step = getSizeExprs(op->getOperand(1));
  if (!step || step->size() != 1)
    return ScalarEmitter::unsupported(op, "the frame step depends on data");
  Value length;
  if (hasOperand(op, 3)) {
    std::optional<SmallVector<AffineExpr>> given = getSizeExprs(op->getOperand(3));
    if (!given || given->size() != 1)
      return ScalarEmitter::unsupported(op, "the frame length depends on data");
    length = e.materialize(given->front());
  } else {
    length = hasOperand(op, 2) ? e.size(op->getOperand(2), 0) : e.size(x, 1);
  }
  Type type = e.computeTypeOf(x);
  if (!isa<FloatType>(type))
    return ScalarEmitter::unsupported(op, "needs floating-point elements");
  FloatMath math(e, type);
  Value start = e.mul(indices[1], e.materialize(step->front()));
  bool hasParts = cast<RankedTensorType>(x.getType()).getRank() == 3;
  return transform(e, type, length, length, indices[2], indices[3], /*inverse=*/false, [&](Value n) {
    Value at = e.add(start, n);
    Complex value{Value(), Value()};
    if (hasParts)
      value = readComplex(e, x, {indices[0], at});
    else
      value.real = e.element(x, {indices[0], at});
    if (!hasOperand(op, 2))
      return value;
    Value weight = e.element(op->getOperand(2), {n});
    value.real = math.mul(value.real, weight);
    if (value.imaginary)
      value.imaginary = math.mul(value.imaginary, weight);
    return value;
  });
}

/// a0 + a1 cos(2 pi n / N) + a2 cos(4 pi n / N), N the size or, where the window
/// is not periodic, one less.
Value emitWindow(ScalarEmitter &e, Operation *op, ValueRange indices, ArrayRef<double> coefficients) {
  Type type = e.computeTypeOf(op->getResult(0));
  // Integers hold the window's values less their fractions.
  FloatMath math(e, isa<FloatType>(type) ? type : Type(e.builder().getF64Type()));
  Value size = e.size(op->getResult(0), 0);
  if (!size)
    return Value();
  Value length = getInt(op, "periodic", 1) ? size : indexMax(e, e.sub(size, e.index(1)), e.index(1));
  Value sum = math.constant(coefficients[0]);
  for (unsigned i = 1; i < coefficients.size(); ++i) {
    Value turn = indexRem(e, e.mul(indices[0], e.index(i)), length);
    Value angle = math.mul(math.div(math.from(turn), math.from(length)), 2 * kPi);
    sum = math.add(sum, math.mul(math.cos(angle), coefficients[i]));
  }
  if (isa<FloatType>(type))
    return sum;
  return arith::FPToSIOp::create(e.builder(), e.location(), type, sum);
}

Value emitHann(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return emitWindow(e, op, indices, {0.5, -0.5});
}
Value emitHamming(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return emitWindow(e, op, indices, {25.0 / 46, -21.0 / 46});
}
Value emitBlackman(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return emitWindow(e, op, indices, {0.42, -0.5, 0.08});
}

/// Triangular filters, equally far apart on the mel scale. Operands:
/// num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz.
/// Result [dft_length / 2 + 1, num_mel_bins].
Value emitMelWeightMatrix(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  FloatMath math(e, b.getF64Type());
  auto operand = [&](unsigned i) { return math.from(e.element(op->getOperand(i), {})); };
  Value bands = operand(0), length = operand(1), rate = operand(2), low = operand(3), high = operand(4);
  if (!bands || !length || !rate || !low || !high)
    return Value();
  // mel(f) = 2595 log10(1 + f / 700)
  auto toMel = [&](Value hertz) -> Value {
    Value ratio = math.div(hertz, math.constant(700));
    return math.mul(math::Log1pOp::create(b, loc, ratio), 2595 / llvm::numbers::ln10);
  };
  Value lowMel = toMel(low);
  Value step = math.div(math.sub(toMel(high), lowMel), math.add(bands, 2));
  auto edge = [&](int64_t offset) -> Value {
    Value mel = math.add(math.mul(math.add(math.from(indices[1]), double(offset)), step), lowMel);
    Value power = math.mul(mel, llvm::numbers::ln10 / 2595);
    Value hertz = math.mul(math::ExpM1Op::create(b, loc, power), 700);
    return math.floor(math.div(math.mul(math.add(length, 1), hertz), rate));
  };
  Value left = edge(0), centre = edge(1), right = edge(2), bin = math.from(indices[0]);
  Value rising = math.sub(centre, left), falling = math.sub(right, centre);
  Value zero = math.constant(0), one = math.constant(1);
  Value up = math.div(math.sub(bin, left), math.max(rising, one));
  Value down = math.div(math.sub(right, bin), math.max(falling, one));
  // At the centre, the falling side where there is one, else the top.
  Value onFalling = logicalAnd(e, math.lessEqual(centre, bin), math.less(bin, right));
  Value onRising = logicalAnd(e, math.lessEqual(left, bin), math.lessEqual(bin, centre));
  Value isFlat = math.lessEqual(rising, zero);
  Value risen = math.select(onRising, math.select(isFlat, one, up), zero);
  Value weight = math.select(onFalling, down, risen);
  Type type = e.computeTypeOf(op->getResult(0));
  if (isa<FloatType>(type))
    return FloatMath(e, type).from(weight);
  return arith::FPToSIOp::create(b, loc, type, weight);
}

} // namespace

void registerSignal(llvm::StringMap<EmitFn> &table) {
  table["DFT"] = emitDFT;
  table["STFT"] = emitSTFT;
  table["HannWindow"] = emitHann;
  table["HammingWindow"] = emitHamming;
  table["BlackmanWindow"] = emitBlackman;
  table["MelWeightMatrix"] = emitMelWeightMatrix;
}

} // namespace tpo::kernels
