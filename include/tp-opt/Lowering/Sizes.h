//===- Sizes.h - Symbolic sizes as values -----------------------*- C++ -*-===//
//
// Sizes of local tensors are affine expressions over the module's symbols. The
// lowered program computes them from the symbols' values (rt.symbol) by index
// arithmetic, never from tensor.dim chains.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LOWERING_SIZES_H
#define TPOPT_LOWERING_SIZES_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace tpo {

/// The value of `expr`: constants and arithmetic on rt.symbol. Null for a null
/// expression. Equal subexpressions are left to CSE.
mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc, mlir::AffineExpr expr);

/// One value per dynamic dimension of `type`, in order (what tensor.empty
/// takes). Emits an error at `loc` and fails where a size is unknown.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> materializeDynamicSizes(mlir::OpBuilder &builder, mlir::Location loc,
                                                                        mlir::RankedTensorType type);

/// tensor.empty of `type` with its symbolic sizes; null after an error at
/// `loc` where a size is unknown.
mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type);

} // namespace tpo

#endif // TPOPT_LOWERING_SIZES_H
