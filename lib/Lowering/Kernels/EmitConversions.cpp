//===- EmitConversions.cpp - Conversions of element types in kernels ------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels keep floats of 8 bits or less as their bit patterns and decode them
// where a value is needed. Formats: OCP 8-bit Floating Point (OFP8) and
// Microscaling (MX) 1.0 specifications; Noune et al., "8-bit Numerical Formats
// for Deep Neural Networks" for the FNUZ types. Rules of conversion: ONNX, Cast.
//
//===----------------------------------------------------------------------===//

#include "Conversions.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace tpo::kernels {

bool isNarrowFloat(Type type) { return isa<FloatType>(type) && type.getIntOrFloatBitWidth() <= 8; }

namespace {

/// A float with an implicit leading one. Codes are magnitudes, the bits below
/// the sign.
struct Format {
  int mantissa, bias;
  int signBit;       ///< Position of the sign.
  int largest;       ///< Code of the largest finite number.
  int infinity;      ///< Code, or -1: there is none.
  int nan;           ///< Code of a NaN, or -1: there is none.
  bool unsignedZero; ///< FNUZ: the code of -0 is the NaN.
};

/// None for the type without mantissa, f8E8M0FNU.
std::optional<Format> getFormat(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return Format{3, 7, 7, 0x7e, -1, 0x7f, false};
  if (isa<Float8E4M3FNUZType>(type))
    return Format{3, 8, 7, 0x7f, -1, 0x80, true};
  if (isa<Float8E5M2Type>(type))
    return Format{2, 15, 7, 0x7b, 0x7c, 0x7e, false};
  if (isa<Float8E5M2FNUZType>(type))
    return Format{2, 16, 7, 0x7f, -1, 0x80, true};
  if (isa<Float6E2M3FNType>(type))
    return Format{3, 1, 5, 0x1f, -1, -1, false};
  if (isa<Float6E3M2FNType>(type))
    return Format{2, 3, 5, 0x1f, -1, -1, false};
  if (isa<Float4E2M1FNType>(type))
    return Format{1, 1, 3, 7, -1, -1, false};
  return std::nullopt;
}

/// Arithmetic on 32-bit patterns.
class Bits {
public:
  explicit Bits(ScalarEmitter &e) : b(e.builder()), loc(e.location()), i32(b.getI32Type()) {}

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value number(double value) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }
  Value bitsOf(Value x) { return arith::BitcastOp::create(b, loc, i32, x); }
  Value numberOf(Value x) { return arith::BitcastOp::create(b, loc, b.getF32Type(), x); }
  Value plus(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value plus(Value x, int64_t y) { return plus(x, constant(y)); }
  Value both(Value x, int64_t y) { return arith::AndIOp::create(b, loc, x, constant(y)); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, loc, x, y); }
  Value left(Value x, int64_t by) { return by ? Value(arith::ShLIOp::create(b, loc, x, constant(by))) : x; }
  Value right(Value x, int64_t by) { return by ? Value(arith::ShRUIOp::create(b, loc, x, constant(by))) : x; }
  Value is(arith::CmpIPredicate predicate, Value x, int64_t y) {
    return arith::CmpIOp::create(b, loc, predicate, x, constant(y));
  }
  Value equal(Value x, int64_t y) { return is(arith::CmpIPredicate::eq, x, y); }
  Value less(Value x, int64_t y) { return is(arith::CmpIPredicate::slt, x, y); }
  Value greater(Value x, int64_t y) { return is(arith::CmpIPredicate::sgt, x, y); }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }
  Value select(Value condition, int64_t x, Value y) { return select(condition, constant(x), y); }
  Value widen(Value byte) { return arith::ExtUIOp::create(b, loc, i32, byte); }
  Value toByte(Value x) { return arith::TruncIOp::create(b, loc, b.getI8Type(), x); }

  OpBuilder &b;
  Location loc;
  Type i32;
};

constexpr int32_t kInfinity = 0x7f800000, kQuietNan = 0x7fc00000;

/// The f32 that the pattern `byte` of `type` stands for.
Value decode(ScalarEmitter &e, Value byte, Type type) {
  Bits bits(e);
  Value code = bits.widen(byte);
  std::optional<Format> format = getFormat(type);
  if (!format) {
    // 2^(code - 127); the least is a subnormal f32, 255 is NaN.
    Value number = bits.select(bits.equal(code, 0), 0x00400000, bits.left(code, 23));
    return bits.numberOf(bits.select(bits.equal(code, 255), kQuietNan, number));
  }
  Value magnitude = bits.both(code, (1 << format->signBit) - 1);
  Value normal = bits.plus(bits.left(magnitude, 23 - format->mantissa), int64_t(127 - format->bias) << 23);
  Value count = arith::UIToFPOp::create(bits.b, bits.loc, bits.b.getF32Type(), magnitude);
  Value small =
      arith::MulFOp::create(bits.b, bits.loc, count, bits.number(std::ldexp(1.0, 1 - format->bias - format->mantissa)));
  Value number = bits.select(bits.less(magnitude, 1 << format->mantissa), bits.bitsOf(small), normal);
  if (format->infinity >= 0) {
    Value payload = bits.left(bits.both(magnitude, (1 << format->mantissa) - 1), 23 - format->mantissa);
    number =
        bits.select(bits.less(magnitude, format->infinity), number, bits.either(bits.constant(kInfinity), payload));
  } else if (format->nan >= 0 && !format->unsignedZero) {
    number = bits.select(bits.equal(magnitude, format->nan), kQuietNan, number);
  }
  number = bits.either(number, bits.left(bits.right(bits.both(code, 1 << format->signBit), format->signBit), 31));
  if (format->unsignedZero)
    number = bits.select(bits.equal(code, format->nan), kQuietNan, number);
  return bits.numberOf(number);
}

/// f32 -> f8E8M0FNU: the exponent, rounded as `roundMode` says; the sign has no
/// meaning.
Value encodeExponent(ScalarEmitter &e, Value x, bool saturate, StringRef roundMode) {
  Bits bits(e);
  Value magnitude = bits.both(bits.bitsOf(x), 0x7fffffff);
  Value exponent = bits.right(magnitude, 23), fraction = bits.both(magnitude, 0x7fffff);
  Value up;
  if (roundMode == "up") {
    up = bits.greater(fraction, 0);
  } else if (roundMode == "nearest") {
    // Halves round up, except from the type's least number.
    Value atHalf = arith::AndIOp::create(bits.b, bits.loc, bits.equal(fraction, 0x400000), bits.greater(exponent, 0));
    up = arith::OrIOp::create(bits.b, bits.loc, bits.greater(fraction, 0x400000), atHalf);
  }
  Value code = exponent;
  if (up)
    code = bits.select(up, bits.plus(exponent, 1), exponent);
  if (saturate)
    code = bits.select(bits.greater(code, 0xfe), 0xfe, code);
  Value isInfinite = bits.equal(magnitude, kInfinity);
  code = bits.select(isInfinite, saturate ? 0xfe : 0xff, code);
  code = bits.select(bits.greater(magnitude, kInfinity), 0xff, code);
  return bits.toByte(code);
}

/// The pattern of `type` nearest to the f32 `x`, ties to even.
Value encode(ScalarEmitter &e, Value x, Type type, bool saturate, StringRef roundMode) {
  std::optional<Format> format = getFormat(type);
  if (!format)
    return encodeExponent(e, x, saturate, roundMode);
  Bits bits(e);
  Value pattern = bits.bitsOf(x), magnitude = bits.both(pattern, 0x7fffffff);
  int shift = 23 - format->mantissa;
  Value isOdd = bits.both(bits.right(magnitude, shift), 1);
  Value rounded = bits.right(bits.plus(bits.plus(magnitude, (1 << (shift - 1)) - 1), isOdd), shift);
  Value normal = bits.plus(rounded, -(int64_t(127 - format->bias) << format->mantissa));
  // Below the normal numbers: adding a number whose last bit is that of the
  // result lets the addition round.
  double large = std::ldexp(1.0, 24 - format->bias - format->mantissa);
  Value sum = arith::AddFOp::create(bits.b, bits.loc, bits.numberOf(magnitude), bits.number(large));
  Value small = arith::SubIOp::create(bits.b, bits.loc, bits.bitsOf(sum), bits.bitsOf(bits.number(large)));
  Value code = bits.select(bits.less(magnitude, int64_t(128 - format->bias) << 23), small, normal);
  bool isBounded = saturate || format->nan < 0;
  int beyond = isBounded ? format->largest : format->infinity >= 0 ? format->infinity : format->nan;
  code = bits.select(bits.greater(code, format->largest), beyond, code);
  Value isNan = bits.greater(magnitude, kInfinity);
  // A type without NaN gives the zero of its sign.
  code = bits.select(isNan, std::max(format->nan, 0), code);
  Value sign = bits.both(bits.right(pattern, 31 - format->signBit), 1 << format->signBit);
  if (format->unsignedZero)
    sign = bits.select(bits.equal(code, 0), 0, sign);
  return bits.toByte(bits.either(code, sign));
}

/// A narrower float. The rounding mode, which is the default one, marks a
/// rounding that is meant (see prepareArithmetic).
Value truncate(ScalarEmitter &e, Value x, Type type) {
  auto mode = arith::RoundingModeAttr::get(type.getContext(), arith::RoundingMode::to_nearest_even);
  return arith::TruncFOp::create(e.builder(), e.location(), type, x, mode, arith::FastMathFlagsAttr());
}

/// f64 -> f32 such that rounding the result to a type of at most 22 bits of
/// mantissa equals rounding `x`: inexact results are made odd (Boldo and
/// Melquiond, "Emulation of FMA and correctly rounded sums").
Value roundToOdd(ScalarEmitter &e, Value x) {
  Bits bits(e);
  OpBuilder &b = bits.b;
  Value rounded = truncate(e, x, b.getF32Type());
  Value back = arith::ExtFOp::create(b, bits.loc, b.getF64Type(), rounded);
  // False for a NaN, which stays as it is.
  Value inexact = arith::CmpFOp::create(b, bits.loc, arith::CmpFPredicate::ONE, back, x);
  Value pattern = bits.bitsOf(rounded);
  Value tooLarge = arith::CmpFOp::create(b, bits.loc, arith::CmpFPredicate::OGT,
                                         math::AbsFOp::create(b, bits.loc, back), math::AbsFOp::create(b, bits.loc, x));
  Value neighbour = bits.plus(pattern, bits.select(tooLarge, -1, bits.constant(1)));
  Value isEven = bits.equal(bits.both(pattern, 1), 0);
  Value adjust = arith::AndIOp::create(b, bits.loc, inexact, isEven);
  return bits.numberOf(bits.select(adjust, neighbour, pattern));
}

bool isUnsignedType(Type type) { return type.isInteger(1) || type.isUnsignedInteger(); }

/// Rounds the f32 `x` to f16 or bf16 and back.
Value roundTo(ScalarEmitter &e, Value x, Type type) {
  return arith::ExtFOp::create(e.builder(), e.location(), e.builder().getF32Type(), truncate(e, x, type));
}

Value floatToFloat(ScalarEmitter &e, Value x, Type fromType, Type toType, const CastOptions &options) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type to = getComputeType(toType), from = x.getType();
  if (isNarrowFloat(toType)) {
    Value single = from.isF64() ? roundToOdd(e, x) : x;
    return encode(e, single, toType, options.saturate, options.roundMode);
  }
  if (toType != to) {
    if (fromType == toType)
      return x;
    return roundTo(e, from.isF64() ? roundToOdd(e, x) : x, toType);
  }
  if (from == to)
    return x;
  return from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth() ? Value(arith::ExtFOp::create(b, loc, to, x))
                                                                   : truncate(e, x, to);
}

/// Sign- or zero-extends the low bits that `type` has.
Value wrapToWidth(ScalarEmitter &e, Value x, Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (width >= 8 || width == 1)
    return x;
  Value low = arith::TruncIOp::create(e.builder(), e.location(), e.builder().getIntegerType(width), x);
  return isUnsignedType(type) ? Value(arith::ExtUIOp::create(e.builder(), e.location(), x.getType(), low))
                              : Value(arith::ExtSIOp::create(e.builder(), e.location(), x.getType(), low));
}

/// Towards zero. What does not fit has no defined result in ONNX; narrow
/// integers get the low bits, as processors' wide conversions give them.
Value floatToInt(ScalarEmitter &e, Value x, Type toType) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type to = getComputeType(toType);
  if (to.isInteger(1))
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, e.constant(x.getType(), 0));
  unsigned width = to.getIntOrFloatBitWidth();
  if (width == 64)
    return isUnsignedType(toType) ? Value(arith::FPToUIOp::create(b, loc, to, x))
                                  : Value(arith::FPToSIOp::create(b, loc, to, x));
  if (width == 32 && !isUnsignedType(toType))
    return arith::FPToSIOp::create(b, loc, to, x);
  Type wide = width == 32 ? b.getI64Type() : b.getI32Type();
  Value number = arith::FPToSIOp::create(b, loc, wide, x);
  return wrapToWidth(e, arith::TruncIOp::create(b, loc, to, number), toType);
}

Value intToInt(ScalarEmitter &e, Value x, Type fromType, Type toType) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type to = getComputeType(toType), from = x.getType();
  if (to.isInteger(1))
    return from == to ? x : Value(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, e.constant(from, 0)));
  unsigned fromWidth = from.getIntOrFloatBitWidth(), toWidth = to.getIntOrFloatBitWidth();
  if (fromWidth > toWidth)
    x = arith::TruncIOp::create(b, loc, to, x);
  else if (fromWidth < toWidth)
    x = isUnsignedType(fromType) ? Value(arith::ExtUIOp::create(b, loc, to, x))
                                 : Value(arith::ExtSIOp::create(b, loc, to, x));
  return wrapToWidth(e, x, toType);
}

} // namespace

Value castScalar(ScalarEmitter &e, Value x, Type fromType, Type toType, const CastOptions &options) {
  OpBuilder &b = e.builder();
  if (fromType == toType)
    return x;
  if (isNarrowFloat(fromType)) {
    x = decode(e, x, fromType);
    fromType = x.getType();
  }
  bool toFloat = isa<FloatType>(toType);
  if (isa<FloatType>(fromType))
    return toFloat ? floatToFloat(e, x, fromType, toType, options) : floatToInt(e, x, toType);
  if (!toFloat)
    return intToInt(e, x, fromType, toType);
  Type wide = toType.isF64() ? toType : Type(b.getF32Type());
  Value number = isUnsignedType(fromType) ? Value(arith::UIToFPOp::create(b, e.location(), wide, x))
                                          : Value(arith::SIToFPOp::create(b, e.location(), wide, x));
  return floatToFloat(e, number, wide, toType, options);
}

namespace {

CastOptions getCastOptions(Operation *op) {
  return {getInt(op, "saturate", 1) != 0, getString(op, "round_mode", "up")};
}

Value emitCast(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = e.element(op->getOperand(0), indices);
  if (!x)
    return Value();
  return castScalar(e, x, getElementTypeOrSelf(op->getOperand(0).getType()),
                    getElementTypeOrSelf(op->getResult(0).getType()), getCastOptions(op));
}

/// The same bits as another type of that many bits.
Value emitBitCast(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = e.element(op->getOperand(0), indices);
  if (!x)
    return Value();
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type fromType = getElementTypeOrSelf(op->getOperand(0).getType());
  Type toType = getElementTypeOrSelf(op->getResult(0).getType());
  Type from = x.getType(), to = getComputeType(toType);
  // First the pattern as an integer, then what the other type makes of it.
  if (fromType.isInteger(1)) {
    x = arith::ExtUIOp::create(b, loc, b.getI8Type(), x);
  } else if (isa<FloatType>(from)) {
    if (fromType != from)
      x = arith::TruncFOp::create(b, loc, fromType, x);
    x = arith::BitcastOp::create(b, loc, b.getIntegerType(fromType.getIntOrFloatBitWidth()), x);
  }
  if (isa<FloatType>(to)) {
    x = arith::BitcastOp::create(b, loc, toType, x);
    return toType == to ? x : Value(arith::ExtFOp::create(b, loc, to, x));
  }
  if (to.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, e.constant(x.getType(), 0));
  if (isNarrowFloat(toType))
    return arith::AndIOp::create(
        b, loc, x, arith::ConstantOp::create(b, loc, b.getI8IntegerAttr((1 << toType.getIntOrFloatBitWidth()) - 1)));
  return wrapToWidth(e, x, toType);
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

/// The scale or zero point of the element at `indices`, as a `type`: one for
/// the tensor, one for each index of an axis, or one for each block along it.
Value quantizationParameter(ScalarEmitter &e, Operation *op, unsigned operand, ValueRange indices, Type type) {
  Value parameter = op->getOperand(operand);
  auto tensor = cast<RankedTensorType>(parameter.getType());
  int64_t axis = normalizeAxis(getInt(op, "axis", 1), indices.size());
  int64_t block = getInt(op, "block_size", 0);
  SmallVector<Value> position;
  if (tensor.hasStaticShape() && tensor.getNumElements() == 1) {
    position.assign(tensor.getRank(), e.index(0));
  } else if (block == 0) {
    position.assign(tensor.getRank(), indices[axis]);
  } else {
    position.assign(indices.begin(), indices.end());
    position[axis] = arith::DivUIOp::create(e.builder(), e.location(), indices[axis], e.index(block));
  }
  Value x = e.element(parameter, position);
  return x ? castScalar(e, x, tensor.getElementType(), type, {}) : Value();
}

/// (x - zero point) * scale
Value emitDequantize(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type f32 = b.getF32Type();
  Value x = e.element(op->getOperand(0), indices);
  Value scale = quantizationParameter(e, op, 1, indices, f32);
  if (!x || !scale)
    return Value();
  x = castScalar(e, x, getElementTypeOrSelf(op->getOperand(0).getType()), f32, {});
  if (hasOperand(op, 2)) {
    Value zero = quantizationParameter(e, op, 2, indices, f32);
    if (!zero)
      return Value();
    x = arith::SubFOp::create(b, loc, x, zero);
  }
  return arith::MulFOp::create(b, loc, x, scale);
}

/// round(x / scale) + zero point, within the range of the integer type.
Value quantizeToInt(ScalarEmitter &e, Value quotient, Value zero, IntegerType type) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type wide = quotient.getType();
  Value number = math::RoundEvenOp::create(b, loc, quotient);
  if (zero)
    number = arith::AddFOp::create(b, loc, number, zero);
  unsigned width = type.getWidth();
  double low = type.isUnsigned() ? 0 : -std::ldexp(1.0, width - 1);
  double high = std::ldexp(1.0, type.isUnsigned() ? width : width - 1) - 1;
  // A NaN becomes the lower limit.
  number = arith::MaxNumFOp::create(b, loc, number, e.constant(wide, low));
  number = arith::MinNumFOp::create(b, loc, number, e.constant(wide, high));
  return castScalar(e, number, wide, type, {});
}

/// x / scale is computed in the type of the scale or the one `precision` names.
Value emitQuantize(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type xType = getElementTypeOrSelf(op->getOperand(0).getType());
  Type scaleType = getElementTypeOrSelf(op->getOperand(1).getType());
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  // onnx.TensorProto.DataType
  enum { kUnset = 0, kFloat = 1, kFloat16 = 10, kDouble = 11, kBFloat16 = 16 };
  int64_t named = getInt(op, "precision", kUnset);
  if (named != kUnset && named != kFloat && named != kFloat16 && named != kDouble && named != kBFloat16)
    return ScalarEmitter::unsupported(op, "precision " + Twine(named) + " is no type to divide in");
  Type precision = named == kFloat16             ? Type(b.getF16Type())
                   : named == kBFloat16          ? Type(b.getBF16Type())
                   : named == kDouble            ? Type(b.getF64Type())
                   : named == kFloat             ? Type(b.getF32Type())
                   : isa<IntegerType>(scaleType) ? Type(b.getF64Type())
                   : isNarrowFloat(scaleType)    ? Type(b.getF32Type())
                                                 : scaleType;
  Type wide = getComputeType(precision);
  Value x = e.element(op->getOperand(0), indices);
  Value scale = quantizationParameter(e, op, 1, indices, wide);
  if (!x || !scale)
    return Value();
  x = castScalar(e, x, xType, wide, {});
  Value quotient = arith::DivFOp::create(b, loc, x, scale);
  if (precision != wide)
    quotient = castScalar(e, quotient, wide, precision, {});
  Value zero;
  if (hasOperand(op, 2)) {
    zero = quantizationParameter(e, op, 2, indices, wide);
    if (!zero)
      return Value();
  }
  if (auto integer = dyn_cast<IntegerType>(type))
    return quantizeToInt(e, quotient, zero, integer);
  // The zero point of 8-bit floats is zero.
  if (zero && type.getIntOrFloatBitWidth() < 8)
    quotient = arith::AddFOp::create(b, loc, quotient, zero);
  return castScalar(e, quotient, wide, type, getCastOptions(op));
}

} // namespace

void registerConversions(llvm::StringMap<EmitFn> &table) {
  table["Cast"] = emitCast;
  table["CastLike"] = emitCast;
  table["BitCast"] = emitBitCast;
  table["DequantizeLinear"] = emitDequantize;
  table["QuantizeLinear"] = emitQuantize;
}

} // namespace tpo::kernels
