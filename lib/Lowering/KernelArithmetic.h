//===- KernelArithmetic.h - Floating point in kernels -----------*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_KERNELARITHMETIC_H
#define TPOPT_LIB_LOWERING_KERNELARITHMETIC_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tpo {

/// Rewrites the arithmetic of a kernel for compilation:
/// - f16 and bf16 are computed in f32 and rounded once, when stored;
/// - exp, tanh, erf and log of f32 become polynomials that vectorise (errors of
///   a few ulp); the other functions stay for libm;
/// - the sums of a linalg reduction may be taken in any order (`reassoc`), which
///   rt-order-reductions then chooses. Nothing else is left to the compiler:
///   which product an addition swallows (`contract`) depends on the loop around
///   it, and sizes that are known would change results.
/// NaN and infinities keep their meaning.
void prepareArithmetic(mlir::func::FuncOp kernel);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_KERNELARITHMETIC_H
