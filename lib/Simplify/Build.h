//===- Build.h - Operations the rewrites make -------------------*- C++ -*-===//

#ifndef TP_OPT_LIB_SIMPLIFY_BUILD_H
#define TP_OPT_LIB_SIMPLIFY_BUILD_H

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"

#include "mlir/IR/PatternMatch.h"

namespace tpo::simplify {

/// A vector of sizes or positions: onnx.Constant when all are constant, else
/// onnx.SymbolicConstant. No element is null.
mlir::Value makeInts(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::ArrayRef<mlir::AffineExpr> values);
mlir::Value makeInts(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::ArrayRef<int64_t> values);
/// A scalar constant (rank 0) of a float or integer type.
mlir::Value makeScalar(mlir::OpBuilder &builder, mlir::Location loc,
                       double value, mlir::Type elementType);

/// Adds `size`, which must not be negative for the model to be valid, to what
/// the program requires of its inputs.
void requireNonNegative(mlir::Operation *op, mlir::AffineExpr size);

/// All sizes of `dims` are known.
mlir::Value makeReshape(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value,
                        llvm::ArrayRef<mlir::AffineExpr> dims);
mlir::Value makeExpand(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value,
                       llvm::ArrayRef<mlir::AffineExpr> dims);
mlir::Value makeTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value value, llvm::ArrayRef<int64_t> perm);
/// Elements start, start + 1, ... of dimension `axis`.
mlir::Value makeSlice(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value, int64_t axis, mlir::AffineExpr start,
                      mlir::AffineExpr size);
mlir::Value makeSlice(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value value, int64_t axis, int64_t start,
                      int64_t size);
/// Replaces the only result of `op` by `value`, the result of an operation just
/// made: it takes the type over, which may spell the same sizes differently.
void replaceByNew(mlir::PatternRewriter &rewriter, mlir::Operation *op,
                  mlir::Value value);

/// An elementwise operation with the shape and type of `like`.
template <typename OpT>
mlir::Value makeLike(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value like, mlir::ValueRange operands,
                     llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
  return OpT::create(builder, loc, mlir::TypeRange{like.getType()}, operands,
                     attributes)
      ->getResult(0);
}

mlir::NamedAttribute intAttr(mlir::OpBuilder &builder, llvm::StringRef name,
                             int64_t value);
mlir::NamedAttribute floatAttr(mlir::OpBuilder &builder, llvm::StringRef name,
                               double value);

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_BUILD_H
