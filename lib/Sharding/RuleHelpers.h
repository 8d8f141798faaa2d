//===- RuleHelpers.h - What rules of several operators share ----*- C++ -*-===//

#ifndef TPOPT_LIB_SHARDING_RULEHELPERS_H
#define TPOPT_LIB_SHARDING_RULEHELPERS_H

#include "dialects/Tp/ShardingRule.h"
#include "dialects/Tp/Tp.h"

#include "mlir/IR/Operation.h"

#include <optional>

namespace tpo {

using AffineExprs = llvm::SmallVector<mlir::AffineExpr>;

/// Sizes of a tensor; empty for anything else.
AffineExprs dimsOf(mlir::Value value);
/// The rank of a tensor; 0 for anything else.
unsigned rankOf(mlir::Value value);

/// Whether the size is known to be 1: such a dimension has no factor.
bool isOne(mlir::AffineExpr size);
/// Whether both sizes are known and equal.
bool sameSize(mlir::AffineExpr lhs, mlir::AffineExpr rhs);

/// Whether an optional operand or result is absent (type `none`).
bool isAbsent(mlir::Value value);
/// Operand `index` if it exists and is not absent, else null.
mlir::Value presentOperand(mlir::Operation *op, unsigned index);
/// Result `index` if it exists and is not absent, else null.
mlir::Value presentResult(mlir::Operation *op, unsigned index);

/// The elements of a constant or symbolic integer tensor; null where one is not
/// known.
std::optional<AffineExprs> integersOf(mlir::Value value);
/// The elements of a constant integer tensor.
std::optional<llvm::SmallVector<int64_t>> constantInts(mlir::Value value);

int64_t intAttr(mlir::Operation *op, llvm::StringRef name, int64_t otherwise);
llvm::StringRef stringAttr(mlir::Operation *op, llvm::StringRef name, llvm::StringRef otherwise);

/// The axis attribute (or `axis` itself) in [0, rank); an error at the
/// operation if it is not.
mlir::FailureOr<unsigned> normalizeAxis(mlir::Operation *op, int64_t axis, unsigned rank);
mlir::FailureOr<llvm::SmallVector<unsigned>> normalizeAxes(mlir::Operation *op, llvm::ArrayRef<int64_t> axes,
                                                           unsigned rank);

/// The ways a reduction distributes over an operation that only moves values.
void linearInAllKinds(tp::ShardingRuleBuilder &builder, llvm::ArrayRef<unsigned> operands);

/// Gives every dimension of the result its own parallel factor (none to size
/// 1) and returns them by dimension.
llvm::SmallVector<tp::DimFactors> parallelResult(tp::ShardingRuleBuilder &builder, unsigned result);

/// Assigns `dims` to the trailing dimensions of an operand under numpy
/// broadcasting: a dimension of size 1 gets no factors. `sizes` are those of
/// `dims`. An error at the operation where sizes do not fit.
mlir::LogicalResult broadcastOperand(tp::ShardingRuleBuilder &builder, unsigned operand,
                                     llvm::ArrayRef<tp::DimFactors> dims, llvm::ArrayRef<mlir::AffineExpr> sizes);

/// Assigns factors to a dimension of an operand or result.
void setOperandDim(tp::ShardingRuleBuilder &builder, unsigned operand, unsigned dim, llvm::ArrayRef<unsigned> factors);
void setResultDim(tp::ShardingRuleBuilder &builder, unsigned result, unsigned dim, llvm::ArrayRef<unsigned> factors);

/// Factors for the elements of `from` (row-major) rearranged to the shape of
/// `to`: the common refinement of both shapes. Dimensions that have none get
/// whole factors.
void refineShapes(tp::ShardingRuleBuilder &builder, llvm::ArrayRef<mlir::AffineExpr> from,
                  llvm::ArrayRef<mlir::AffineExpr> to, llvm::SmallVectorImpl<tp::DimFactors> &fromFactors,
                  llvm::SmallVectorImpl<tp::DimFactors> &toFactors);

} // namespace tpo

#endif // TPOPT_LIB_SHARDING_RULEHELPERS_H
