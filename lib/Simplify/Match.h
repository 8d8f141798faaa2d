//===- Match.h - Recognising values -----------------------------*- C++ -*-===//
//
// What the rewrites of this library ask about values of the onnx dialect.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_SIMPLIFY_MATCH_H
#define TP_OPT_LIB_SIMPLIFY_MATCH_H

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"

#include <optional>

namespace tpo::simplify {

using Dims = llvm::SmallVector<mlir::AffineExpr>;

/// The sizes of a ranked tensor; an element is null where nothing is known.
Dims getDims(mlir::Value value);
/// The rank, or -1 for a type that is no ranked tensor.
int64_t getRank(mlir::Value value);
mlir::Type getElementType(mlir::Value value);
/// The static size of dimension `dim` (negative: from the end), else none.
std::optional<int64_t> getStaticDim(mlir::Value value, int64_t dim);
bool allKnown(llvm::ArrayRef<mlir::AffineExpr> dims);
/// Whether all sizes are known and equal.
bool sameDims(llvm::ArrayRef<mlir::AffineExpr> lhs,
              llvm::ArrayRef<mlir::AffineExpr> rhs);
/// The shape to which the operands broadcast; none where unknown sizes or a
/// mismatch leave it open.
std::optional<Dims> broadcastDims(mlir::ValueRange operands);
/// Whether `type` is a tensor type with all of these sizes.
bool hasDims(mlir::Type type, llvm::ArrayRef<mlir::AffineExpr> dims);

/// The value of a constant of one element, or of one element repeated.
std::optional<double> getScalar(mlir::Value value);
bool isScalar(mlir::Value value, double expected, double tolerance = 1e-6);
/// The elements of a constant integer vector or scalar.
std::optional<llvm::SmallVector<int64_t>> getInts(mlir::Value value);
/// The elements of a constant or symbolic integer vector or scalar.
std::optional<Dims> getSymbolicInts(mlir::Value value);

/// `axis` counted from the front, none where it is out of range.
std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank);

/// `value` without conversions between float types on the way.
mlir::Value skipFloatCasts(mlir::Value value);

/// `value` is `x * factor` or `x / (1 / factor)` with a constant factor that
/// does not change x's shape.
bool matchScaled(mlir::Value value, mlir::Value &x, double &factor);
/// `value` is `x + constant`, with x's shape.
bool matchOffset(mlir::Value value, mlir::Value &x, double &offset);
/// `value` is `x ** 2`, as Pow or as Mul.
bool matchSquare(mlir::Value value, mlir::Value &x);

/// `value` is a range of one dimension of x. `start` and `step` are constant,
/// and so is the size.
struct ConstantSlice {
  mlir::Value source;
  int64_t axis, start, size, step;
};
std::optional<ConstantSlice> matchConstantSlice(mlir::Value value);

/// Whether the last two of `rank` dimensions are exchanged by `perm`, and no
/// others.
bool swapsLastTwo(llvm::ArrayRef<int64_t> perm);
llvm::SmallVector<int64_t> getPerm(onnx::TransposeOp op);

/// Calls `match` with the operands of a commutative operation in both orders.
template <typename OpT, typename Match>
bool matchCommutative(mlir::Value value, Match match) {
  auto op = value.getDefiningOp<OpT>();
  if (!op)
    return false;
  mlir::Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  return match(lhs, rhs) || match(rhs, lhs);
}

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_MATCH_H
