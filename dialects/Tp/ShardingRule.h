//===- ShardingRule.h - What may be split in an operation -------*- C++ -*-===//
//
// A rule describes an operation by its factors, the indices of its loop nest.
// Every dimension of a tensor operand or result is a product of factors, major
// to minor (row-major order of the merged index). docs/sharding-model.md has
// the theory.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_SHARDINGRULE_H
#define DIALECTS_TP_SHARDINGRULE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <string>

namespace tpo::tp {

/// How the terms of a partial value combine; an enum of TpAttrs.td.
enum class ReductionKind : uint32_t;

enum class FactorKind {
  /// Indexes results: may be split.
  Parallel,
  /// Absent from the results: splitting it makes them partial.
  Reduction,
  /// Must not be split.
  Whole,
};

/// What a factor stands for, as far as the operation itself knows: the planner
/// lets mesh axes split by role.
enum class FactorRole {
  Other,
  Batch,
  Sequence,
  Heads,
  Hidden,
  Vocabulary,
  Expert,
};

struct Factor {
  /// The number of index values; null where unknown.
  mlir::AffineExpr size;
  FactorKind kind = FactorKind::Parallel;
  FactorRole role = FactorRole::Other;
  /// For a reduction: how results of parts combine.
  ReductionKind reduction{};
  /// For a reduction: operands added to the reduced result (the C of Gemm, the
  /// initial value of a linalg operation). Where the factor is split they must
  /// be partial over the same axes, or they would be added once per device.
  llvm::SmallVector<unsigned, 1> addends;

  bool isParallel() const { return kind == FactorKind::Parallel; }
  bool isReduction() const { return kind == FactorKind::Reduction; }
  bool isWhole() const { return kind == FactorKind::Whole; }
};

/// Factors of one dimension, major to minor; none for a dimension of size 1
/// (also one that is broadcast) and for an empty product.
using DimFactors = llvm::SmallVector<unsigned, 2>;

/// The dimensions of one operand or result. Empty for scalars and for values
/// that are no tensors.
using TensorFactors = llvm::SmallVector<DimFactors, 4>;

/// Operands in which the operation is jointly linear: where all of them are
/// partial over an axis and all others are replicated over it, all results are
/// partial over it too. For `max` and `min`: where the reduction distributes
/// over the operation in the same sense. A set without operands says that the
/// results may be declared partial as they are (zero is a sum of zeros).
struct LinearSet {
  llvm::SmallVector<unsigned, 2> operands;
  ReductionKind kind{};

  bool contains(unsigned operand) const {
    return llvm::is_contained(operands, operand);
  }
};

struct ShardingRule {
  llvm::SmallVector<Factor, 6> factors;
  /// One entry per operand and per result of the operation.
  llvm::SmallVector<TensorFactors, 4> operands;
  llvm::SmallVector<TensorFactors, 2> results;
  llvm::SmallVector<LinearSet, 2> linear;

  /// The rule as text, `a=s0:batch b=128 c=64:reduction(sum) | [a c] [c b] ->
  /// [a b] | sum{0} sum{1}`; a dimension of several factors is `(a b)`, one of
  /// none is `1`. `names` are those of the symbols.
  std::string toString(llvm::ArrayRef<llvm::StringRef> names = {}) const;

  /// Checks the rule against the operation: number of operands, results and
  /// dimensions, sizes of dimensions, and that results have no reduction
  /// factors. `error` says what is wrong.
  mlir::LogicalResult check(mlir::Operation *op, std::string &error) const;
};

/// Makes a rule for an operation. All dimensions start without factors.
class ShardingRuleBuilder {
public:
  explicit ShardingRuleBuilder(mlir::Operation *op);

  unsigned parallel(mlir::AffineExpr size, FactorRole role = FactorRole::Other);
  unsigned whole(mlir::AffineExpr size, FactorRole role = FactorRole::Other);
  unsigned reduction(mlir::AffineExpr size, ReductionKind kind,
                     FactorRole role = FactorRole::Other);

  /// Declares operands added to the result of reducing over `factor`.
  void addends(unsigned factor, llvm::ArrayRef<unsigned> operands);

  /// Appends a factor to a dimension, as its most minor one.
  void operandDim(unsigned operand, unsigned dim, unsigned factor);
  void resultDim(unsigned result, unsigned dim, unsigned factor);

  /// Gives every dimension without factors whose size is not 1 a whole factor.
  void restOfOperandWhole(unsigned operand);
  void restOfResultWhole(unsigned result);

  void linear(llvm::ArrayRef<unsigned> operands, ReductionKind kind);

  mlir::Operation *getOp() const { return op; }
  ShardingRule &getRule() { return rule; }

  /// The finished rule. A rule that does not fit the operation is a defect of
  /// whoever built it, reported as an error at the operation.
  mlir::FailureOr<ShardingRule> build();

private:
  mlir::Operation *op;
  ShardingRule rule;
};

llvm::StringRef stringifyFactorRole(FactorRole role);

} // namespace tpo::tp

#endif // DIALECTS_TP_SHARDINGRULE_H
