//===- Positions.h - Values that are affine in their index ------*- C++ -*-===//

#ifndef TP_OPT_LIB_SIMPLIFY_POSITIONS_H
#define TP_OPT_LIB_SIMPLIFY_POSITIONS_H

#include "Match.h"

namespace tpo::simplify {

/// An integer tensor with element (i0, i1, ...) = offset + sum of strides[k] *
/// ik. The stride of a dimension of size one is zero.
struct Positions {
  mlir::AffineExpr offset;
  Dims strides;
};

/// The positions of a table of these numbers, none where it is not affine.
std::optional<Positions> getPositions(llvm::ArrayRef<int64_t> numbers,
                                      llvm::ArrayRef<int64_t> shape,
                                      mlir::MLIRContext *context);

/// Follows Range, Reshape with sizes of one, Expand, Cast, Add, Sub and Mul
/// down from `value`.
std::optional<Positions> getPositions(mlir::Value value);

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_POSITIONS_H
