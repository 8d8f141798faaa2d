//===- ShardingRule.h - Factors of an operation -----------------*- C++ -*-===//
//
// A rule describes an operation by its factors, the indices of its loop nest:
// every operand and result dimension is a product of factors, major to minor.
// Together with an assignment of mesh axes to factors it fixes the layouts of
// all operands and results.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_SHARDINGRULE_H
#define DIALECTS_TP_SHARDINGRULE_H

#include "dialects/Tp/Layout.h"

namespace tpo::tp {

enum class FactorKind {
  Parallel,  ///< In the results; may be split.
  Reduction, ///< Not in the results: splitting it makes them partial.
  Whole      ///< Must not be split.
};

/// What a factor means to a model; planners restrict mesh axes by it.
enum class FactorRole {
  Other,
  Batch,
  Sequence,
  Heads,
  Hidden,
  Vocabulary,
  Expert
};

llvm::StringRef toString(FactorKind kind);
llvm::StringRef toString(FactorRole role);

struct Factor {
  FactorKind kind = FactorKind::Parallel;
  ReductionKind reduction = ReductionKind::Sum; ///< For Reduction.
  mlir::AffineExpr size;                        ///< Null: unknown.
  FactorRole role = FactorRole::Other;
  /// Whether devices must hold equally much of it: an attribute counts it and
  /// has one value for all of them.
  bool even = false;
};

/// Factor indices of one dimension, major to minor; empty for size 1.
using DimFactors = llvm::SmallVector<unsigned, 2>;
/// Of every dimension of a tensor; empty also for a value that is no tensor.
using TensorFactors = llvm::SmallVector<DimFactors, 4>;

/// Operands in which the operation is jointly linear (Sum) or monotone (Max,
/// Min): if each of them holds one term of a reduction along an axis, so does
/// every result. `{0, 1}` for Add, `{0}` and `{1}` for MatMul.
struct LinearGroup {
  ReductionKind kind = ReductionKind::Sum;
  llvm::SmallVector<unsigned, 2> operands;
};

struct ShardingRule {
  llvm::SmallVector<Factor> factors;
  llvm::SmallVector<TensorFactors> operands; ///< One per operand.
  llvm::SmallVector<TensorFactors> results;  ///< One per result.
  llvm::SmallVector<LinearGroup> linear;
  /// Operands added to a sum, the C of Gemm or the initial value of a linalg
  /// operation: where the results are partial sums over axes that the operand
  /// is replicated along, partitioning adds it on one device only.
  llvm::SmallVector<unsigned, 1> addends;

  /// `([i, jk], [k]) -> ([i]) {i=s0 parallel batch, ...} linear {0} {1}`.
  void print(llvm::raw_ostream &os) const;
  std::string toString() const;
  /// The sizes of an operand's or result's dimensions as products of factors;
  /// null for a dimension without factors or of unknown size.
  llvm::SmallVector<mlir::AffineExpr>
  getDims(const TensorFactors &tensor) const;
};

/// Builds the rule of `op`. Every dimension that is not mapped has no factors,
/// which `build` accepts for dimensions of size 1 only.
class ShardingRuleBuilder {
public:
  explicit ShardingRuleBuilder(mlir::Operation *op);

  unsigned parallel(mlir::AffineExpr size, FactorRole role = FactorRole::Other);
  unsigned parallel(int64_t size, FactorRole role = FactorRole::Other);
  unsigned reduction(mlir::AffineExpr size,
                     ReductionKind kind = ReductionKind::Sum,
                     FactorRole role = FactorRole::Other);
  unsigned whole(mlir::AffineExpr size, FactorRole role = FactorRole::Other);
  unsigned whole(int64_t size, FactorRole role = FactorRole::Other);
  void setKind(unsigned factor, FactorKind kind,
               ReductionKind reduction = ReductionKind::Sum);
  void setEven(unsigned factor) { rule.factors[factor].even = true; }

  void mapOperand(unsigned operand, llvm::ArrayRef<DimFactors> dims);
  void mapResult(unsigned result, llvm::ArrayRef<DimFactors> dims);
  void mapOperandDim(unsigned operand, unsigned dim, const DimFactors &factors);
  void mapResultDim(unsigned result, unsigned dim, const DimFactors &factors);

  /// Append a factor to a dimension, as its most minor one.
  void operandDim(unsigned operand, unsigned dim, unsigned factor);
  void resultDim(unsigned result, unsigned dim, unsigned factor);
  /// Give every dimension without factors a whole one, except those of size 1.
  void restOfOperandWhole(unsigned operand);
  void restOfResultWhole(unsigned result);

  void linear(llvm::ArrayRef<unsigned> operands,
              ReductionKind kind = ReductionKind::Sum);
  void addend(unsigned operand) { rule.addends.push_back(operand); }

  /// Maps result dimension d of every result to its own parallel factor, and
  /// the operands by right-aligned broadcasting. A dimension that may or may
  /// not broadcast (sizes not provably equal) is whole.
  void pointwise();

  /// The finished rule, checked by `verifyRule`; errors are located at the op.
  mlir::FailureOr<ShardingRule> build();

  mlir::Operation *getOp() const { return op; }
  ShardingRule &getRule() { return rule; }

private:
  unsigned add(FactorKind kind, mlir::AffineExpr size, FactorRole role,
               ReductionKind reduction = ReductionKind::Sum);

  mlir::Operation *op;
  ShardingRule rule;
};

/// Checks a rule against its operation: tensor ranks, products of factors equal
/// to dimension sizes where both are known, no factor twice in one tensor,
/// reductions absent from results, parallel factors present in one. Emits
/// errors at `op`.
mlir::LogicalResult verifyRule(const ShardingRule &rule, mlir::Operation *op);

//===----------------------------------------------------------------------===//
// Assignments
//===----------------------------------------------------------------------===//

/// Which axes split which factor, and along which axes the operands of a linear
/// group are partial. An axis occurs once in all of it, or not at all.
struct FactorAssignment {
  llvm::SmallVector<AxisRefs> factorAxes; ///< One per factor, major to minor.
  llvm::SmallVector<AxisRefs> linearAxes; ///< One per linear group.
  /// The pieces of a factor that are dealt to its devices, where they are more
  /// than one index (heads in the columns of a projection); else null. One per
  /// factor.
  llvm::SmallVector<mlir::AffineExpr> factorUnits;

  explicit FactorAssignment(const ShardingRule &rule)
      : factorAxes(rule.factors.size()), linearAxes(rule.linear.size()),
        factorUnits(rule.factors.size()) {}
  FactorAssignment() = default;
  bool isReplicated() const;
  std::string toString(const ShardingRule &rule, const Mesh &mesh) const;
};

struct OpLayouts {
  llvm::SmallVector<Layout> operands, results;
};

/// The canonical layouts that an assignment means. Fails, saying why through
/// `emitError`, where
/// - a whole factor is split, an even one unevenly, or an axis used twice;
/// - a dimension's minor factor is split under a major factor of which devices
///   hold more than one index (their pieces would not be contiguous);
/// - the result would be partial with two kinds of reduction.
/// Where the devices along a factor do not divide it, the dimension is split
/// unevenly with `units` = the product of the factors down to that one.
mlir::FailureOr<OpLayouts> getLayouts(const ShardingRule &rule,
                                      const FactorAssignment &assignment,
                                      const Mesh &mesh, ErrorFn emitError);

/// The assignment that gives exactly these canonical layouts; fails where there
/// is none, saying which tensor disagrees.
mlir::FailureOr<FactorAssignment> getAssignment(const ShardingRule &rule,
                                                llvm::ArrayRef<Layout> operands,
                                                llvm::ArrayRef<Layout> results,
                                                const Mesh &mesh,
                                                ErrorFn emitError);

/// The axes that split each factor of one dimension so that the dimension's
/// layout is `split`; fails where it splits no whole indices of the factors.
/// `units`, where asked for, receives their `factorUnits`.
mlir::FailureOr<llvm::SmallVector<AxisRefs>>
getFactorAxes(const ShardingRule &rule, const DimFactors &dim,
              const DimSplit &split,
              llvm::SmallVectorImpl<mlir::AffineExpr> *units = nullptr);

/// A letter per factor, as `print` uses them.
std::string getFactorName(unsigned factor);

} // namespace tpo::tp

#endif // DIALECTS_TP_SHARDINGRULE_H
