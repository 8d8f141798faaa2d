//===- Strategies.h - The ways to split one operation -----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_STRATEGIES_H
#define TP_OPT_PLANNING_STRATEGIES_H

#include "dialects/Tp/Interfaces.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/SetVector.h"

#include <memory>

namespace tpo {

/// The rules of a function's operations; operations without one (or whose rule
/// fails) are replicated.
using RuleMap = llvm::DenseMap<mlir::Operation *, std::shared_ptr<tp::ShardingRule>>;

/// Whether a value is a weight or computed from weights alone: work done at load.
bool isWeightExpression(mlir::Value value);

/// The mesh axes that plans split. One that is absent, or of size 1, splits nothing.
struct PlannedAxes {
  std::optional<unsigned> tensor; ///< "tp": what weights have.
  std::optional<unsigned> expert; ///< "ep": experts, and only these.

  PlannedAxes(unsigned tensor) : tensor(tensor) {}
  PlannedAxes(std::optional<unsigned> tensor, std::optional<unsigned> expert) : tensor(tensor), expert(expert) {}
  /// Those of the mesh that are longer than 1.
  static PlannedAxes find(const tp::Mesh &mesh);
  static int64_t getSize(const tp::Mesh &mesh, std::optional<unsigned> axis) {
    return axis ? mesh.getAxes()[*axis].size : 1;
  }
  static bool isIn(std::optional<unsigned> axis, const tp::AxisRefs &refs) {
    return axis && llvm::any_of(refs, [&](const tp::AxisRef &ref) { return ref.axis == *axis; });
  }
};

/// What a user asks to split, beyond what planning would: dimensions of values,
/// and over parts of the axis that are not all of it.
struct DemandedSplits {
  std::vector<std::pair<mlir::Value, unsigned>> dims;
  std::vector<std::pair<mlir::Value, unsigned>> expertDims; ///< Over the expert axis.
  llvm::SmallVector<tp::AxisRef> parts;
};

/// Whether operand `operand` is a factor of a contraction: of MatMul or Gemm; in
/// other dialects than onnx, whatever their rule says so of: it shares a summed
/// index with another operand and has one of its own in the result.
bool isContracted(mlir::Operation *op, const tp::ShardingRule &rule, unsigned operand);
bool isContraction(mlir::Operation *op, const tp::ShardingRule &rule);

/// Whether sequence parallelism may be planned: operations that read no weight
/// splitting the rows of activations (Korthikanti et al., Reducing Activation
/// Recomputation in Large Transformer Models, 2022). An all-reduce then becomes a
/// reduce-scatter and an all-gather around them.
enum class SequenceParallelism {
  Off,
  Auto,  ///< Where it costs less.
  Always ///< Normalizations split their rows wherever they can.
};
/// "off", "auto", "always"; none for another text.
std::optional<SequenceParallelism> parseSequenceParallelism(llvm::StringRef text);

/// Which dimensions a tensor-parallel axis may split: those that weights have
/// (hidden, heads, ffn, vocabulary) and all that operations link them to. Batch
/// and sequence are not among them: the largest of those that activations bring
/// into products with weights are the rows, which other operations may split.
/// Also collects in how many indivisible pieces a dimension comes (heads of a
/// projection) where devices do not divide that number.
///
/// An expert axis splits less: what batches products with matrices of their own in
/// one weight, [experts, rows, columns], or what looks such matrices up, and what
/// operations link to that.
class SplittableDims {
public:
  /// `symbols` are the sizes at which the largest dimension is found.
  SplittableDims(mlir::func::FuncOp function, const RuleMap &rules, int64_t devices, DemandedSplits demanded = {},
                 llvm::ArrayRef<int64_t> symbols = {});

  bool isSplittable(mlir::Operation *op, unsigned factor) const;
  bool isExpert(mlir::Operation *op, unsigned factor) const;
  /// Whether operands of `group` may hold terms of a sum over experts.
  bool passesExpertSums(mlir::Operation *op, const tp::LinearGroup &group) const;
  /// The most experts of one product; 1 where there are none.
  int64_t getNumExperts() const { return numExperts; }
  /// The factor of an operation that stands for rows, where it may be split.
  std::optional<unsigned> getRows(mlir::Operation *op, const tp::ShardingRule &rule) const;
  /// Numbers of pieces that some operation needs dimensions of this factor's
  /// class to be cut into.
  llvm::ArrayRef<int64_t> getUnits(mlir::Operation *op, unsigned factor) const;
  /// Proper divisors of the number of devices over which heads of this factor's
  /// class split, the rest of the devices holding copies.
  llvm::ArrayRef<int64_t> getSubAxisSizes(mlir::Operation *op, unsigned factor) const;
  llvm::ArrayRef<tp::AxisRef> getDemandedParts() const { return demanded.parts; }

private:
  unsigned node(mlir::Value value, unsigned dim);
  unsigned node(mlir::Operation *op, unsigned factor);
  unsigned find(unsigned node) const;
  std::optional<unsigned> findClass(mlir::Operation *op, unsigned factor) const;
  void unite(unsigned a, unsigned b);
  void seed(mlir::Operation *op, const tp::ShardingRule &rule);
  void findExperts(mlir::func::FuncOp function, const RuleMap &rules);
  void seedExperts(mlir::Operation *op, const tp::ShardingRule &rule);
  void collectUnits(mlir::Operation *op, const tp::ShardingRule &rule, int64_t devices);
  void findRows(mlir::func::FuncOp function, const RuleMap &rules);
  int64_t getSize(const tp::Factor &factor) const;

  llvm::DenseMap<std::pair<void *, unsigned>, unsigned> nodes;
  mutable std::vector<unsigned> parent;
  llvm::DenseSet<unsigned> seeded, experts;
  llvm::DenseSet<mlir::Value> expertSums; ///< That may be partial over experts.
  int64_t numExperts = 1;
  using Numbers = llvm::DenseMap<unsigned, llvm::SmallSetVector<int64_t, 4>>; ///< By class.
  llvm::ArrayRef<int64_t> lookup(const Numbers &numbers, mlir::Operation *op, unsigned factor) const;

  Numbers units, subAxisSizes;
  DemandedSplits demanded;
  llvm::SmallVector<int64_t> symbols;
  std::optional<unsigned> rows; ///< A class of dimensions.
};

/// One way to execute an operation: what every device holds of its operands and
/// results.
struct Strategy {
  tp::ShardingRule rule; ///< The operation's, possibly with a factor cut in two.
  tp::FactorAssignment assignment;
  tp::OpLayouts layouts;
  llvm::SmallVector<tp::LayoutAttr> operands, results;
};

/// All strategies of an operation on the axes of the mesh, without repetitions; the
/// first one replicates everything. Also those that pass on a partial sum, and with
/// `withRows` the one that splits rows.
std::vector<Strategy> enumerateStrategies(mlir::Operation *op, const tp::ShardingRule &rule,
                                          const SplittableDims &splittable, const tp::Mesh &mesh, PlannedAxes axes,
                                          bool withRows = false);

/// The replicated strategy of an operation without a rule.
Strategy getReplicatedStrategy(mlir::Operation *op, const tp::Mesh &mesh);

} // namespace tpo

#endif // TP_OPT_PLANNING_STRATEGIES_H
