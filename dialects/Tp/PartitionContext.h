//===- PartitionContext.h - What building a local op needs ------*- C++ -*-===//

#ifndef DIALECTS_TP_PARTITIONCONTEXT_H
#define DIALECTS_TP_PARTITIONCONTEXT_H

#include "dialects/Tp/ShardingRule.h"

namespace tpo::tp {

/// Everything `PartitionOpInterface::partition` may ask about the split of its
/// operation. Lists are parallel to the operands and results of the global
/// operation; layouts of values that are no tensors have rank 0.
class PartitionContext {
public:
  /// `op` is the global operation; the layouts must come from one assignment
  /// (`getLayouts(rule, assignment, mesh)`).
  PartitionContext(mlir::Operation *op, const Mesh &mesh,
                   RankCoordinates coordinates, ShardingRule rule,
                   FactorAssignment assignment, OpLayouts layouts);

  const Mesh &getMesh() const { return mesh; }
  /// Symbols of the executing rank's coordinates along the mesh axes.
  const RankCoordinates &getCoordinates() const { return coordinates; }
  const ShardingRule &getRule() const { return rule; }
  const FactorAssignment &getAssignment() const { return assignment; }

  const Layout &getOperandLayout(unsigned i) const {
    return layouts.operands[i];
  }
  const Layout &getResultLayout(unsigned i) const { return layouts.results[i]; }
  LayoutAttr getOperandLayoutAttr(unsigned i) const;
  LayoutAttr getResultLayoutAttr(unsigned i) const;

  mlir::Type getOperandGlobalType(unsigned i) const;
  mlir::Type getResultGlobalType(unsigned i) const;
  mlir::Type getOperandLocalType(unsigned i) const;
  mlir::Type getResultLocalType(unsigned i) const;
  llvm::SmallVector<mlir::Type> getResultLocalTypes() const;

  /// The number of indices of a factor that the executing rank holds, and the
  /// first of them.
  SymbolicRange getFactorRange(unsigned factor) const;
  bool isSplit(unsigned factor) const {
    return !assignment.factorAxes[factor].empty();
  }
  /// Whether nothing about the operation is split or partial.
  bool isReplicated() const { return assignment.isReplicated(); }
  /// The executing rank's index along `axes`: zero on exactly one device of a
  /// group, where a replicated term is added to a sum that the group shares.
  mlir::AffineExpr getIndexAlong(llvm::ArrayRef<AxisRef> axes) const;

private:
  mlir::Type getLocalType(mlir::Type globalType, const Layout &layout) const;

  mlir::Operation *op;
  Mesh mesh;
  RankCoordinates coordinates;
  ShardingRule rule;
  FactorAssignment assignment;
  OpLayouts layouts;
};

} // namespace tpo::tp

#endif // DIALECTS_TP_PARTITIONCONTEXT_H
