//===- ScalarMath.h - Floating point and loops in kernels -------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shorthands for emitters that compute positions and weights: arithmetic of one
// floating-point type, conversions from and to indices, nested loops.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_KERNELS_SCALARMATH_H
#define TPOPT_LIB_LOWERING_KERNELS_SCALARMATH_H

#include "ScalarEmitter.h"

namespace tpo::kernels {

/// Arithmetic in the floating-point type `type`. Null operands give null.
class FloatMath {
public:
  FloatMath(ScalarEmitter &e, mlir::Type type) : e(e), type(type) {}

  mlir::Value constant(double value) { return e.constant(type, value); }
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, double b) { return add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, double b) { return sub(a, constant(b)); }
  mlir::Value mul(mlir::Value a, double b) { return mul(a, constant(b)); }
  /// The smaller and the larger of both; a NaN gives way to the other.
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, mlir::Value b);
  mlir::Value abs(mlir::Value a);
  mlir::Value floor(mlir::Value a);
  mlir::Value ceil(mlir::Value a);
  /// To the nearest integer, halves to the even one.
  mlir::Value round(mlir::Value a);
  mlir::Value sin(mlir::Value a);
  mlir::Value cos(mlir::Value a);
  mlir::Value sqrt(mlir::Value a);
  mlir::Value pow(mlir::Value a, double exponent);
  mlir::Value less(mlir::Value a, mlir::Value b);
  mlir::Value lessEqual(mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

  /// Any number (index, integer, float) as this type. Integers are signed,
  /// unless `isUnsigned`.
  mlir::Value from(mlir::Value number, bool isUnsigned = false);
  /// A number that is an integer, as an index.
  mlir::Value toIndex(mlir::Value a);
  mlir::Type getType() const { return type; }

private:
  ScalarEmitter &e;
  mlir::Type type;
};

/// min, max, quotient and remainder of index values; divisors are positive.
mlir::Value indexMin(ScalarEmitter &e, mlir::Value a, mlir::Value b);
mlir::Value indexMax(ScalarEmitter &e, mlir::Value a, mlir::Value b);
/// `a / b` and `a % b` for a >= 0.
mlir::Value indexDiv(ScalarEmitter &e, mlir::Value a, mlir::Value b);
mlir::Value indexRem(ScalarEmitter &e, mlir::Value a, mlir::Value b);
/// ceil(a / b), for any a.
mlir::Value indexCeilDiv(ScalarEmitter &e, mlir::Value a, int64_t b);
/// 0 <= a < size.
mlir::Value isInside(ScalarEmitter &e, mlir::Value a, mlir::Value size);
mlir::Value logicalAnd(ScalarEmitter &e, mlir::Value a, mlir::Value b);

using NestStep = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange acc, mlir::ValueRange position)>;
/// Folds `step(acc, position)` over all positions in the box [0, counts),
/// the last one fastest. Empty after an error.
llvm::SmallVector<mlir::Value> reduceNest(ScalarEmitter &e, llvm::ArrayRef<mlir::Value> counts, mlir::ValueRange init,
                                          NestStep step);
/// The same for one accumulator; null after an error.
mlir::Value foldNest(ScalarEmitter &e, llvm::ArrayRef<mlir::Value> counts, mlir::Value init,
                     llvm::function_ref<mlir::Value(mlir::Value acc, mlir::ValueRange position)> step);

/// Whether the elements of `tensor` are unsigned integers.
bool hasUnsignedElements(mlir::Value tensor);
/// An integer extended (by the sign of `tensor`'s type) or truncated to `type`.
mlir::Value resizeInteger(ScalarEmitter &e, mlir::Value number, mlir::Type type, bool isUnsigned);
/// A float rounded to the nearest integer of `type`, saturated.
mlir::Value saturate(ScalarEmitter &e, mlir::Value number, mlir::Type type, bool isUnsigned);
/// The sum and the product of two elements of one compute type; sums of floats
/// may be taken in any order.
mlir::Value addElements(ScalarEmitter &e, mlir::Value a, mlir::Value b);
mlir::Value mulElements(ScalarEmitter &e, mlir::Value a, mlir::Value b);

} // namespace tpo::kernels

#endif // TPOPT_LIB_LOWERING_KERNELS_SCALARMATH_H
