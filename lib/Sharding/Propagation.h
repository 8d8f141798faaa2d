//===- Propagation.h - A fixpoint of factor splits --------------*- C++ -*-===//

#ifndef TPOPT_LIB_SHARDING_PROPAGATION_H
#define TPOPT_LIB_SHARDING_PROPAGATION_H

#include "dialects/Tp/Interfaces.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"

#include <deque>

namespace tpo {

/// Where a split comes from: a layout that somebody gave.
struct LayoutOrigin {
  mlir::Location loc;
  std::string what;
};

/// What propagation knows about a tensor.
struct TensorState {
  tp::Layout layout;
  /// Given: propagation does not change it.
  bool fixed = false;
  /// Per mesh axis, who gave its split; null where it splits nothing.
  llvm::SmallVector<const LayoutOrigin *> origins;
};

/// The splits of one operation, or of one tensor that it carries into and out of
/// its regions (`CarriedTensor`).
struct OpState {
  mlir::Operation *op;
  tp::ShardingRule rule;
  llvm::SmallVector<mlir::OpOperand *> operands; ///< Of the rule.
  llvm::SmallVector<mlir::Value> results;        ///< Of the rule.
  bool isCarried = false;
  tp::FactorAssignment assignment;
  llvm::SmallVector<const LayoutOrigin *> origins; ///< Per mesh axis.
};

/// Splits the factors of all operations of a function of one block as the given
/// layouts demand: see tp-propagate in Passes.td. `run` changes nothing;
/// `apply` writes layouts, reshards and reasons.
class Propagation {
public:
  Propagation(mlir::FunctionOpInterface function, const tp::Mesh &mesh) : function(function), mesh(mesh) {}

  mlir::LogicalResult run();
  void apply();

private:
  mlir::LogicalResult collectGiven();
  mlir::LogicalResult give(mlir::Value value, tp::LayoutAttr layout, bool fixed, mlir::Location loc,
                           const llvm::Twine &what);
  mlir::LogicalResult collectRules();
  void addCarried(mlir::Operation *op);

  TensorState &getState(mlir::Value value);
  mlir::FailureOr<bool> sweep(bool forward);
  /// Splits the operation's factors as its operands, then its results are.
  mlir::LogicalResult merge(OpState &state);
  mlir::LogicalResult mergeTensor(OpState &state, const tp::TensorFactors &tensor, mlir::Value value, bool isOperand);
  mlir::LogicalResult mergeFactor(OpState &state, unsigned factor, const tp::AxisRefs &axes, mlir::AffineExpr units,
                                  const TensorState &from, bool isOperand);
  mlir::LogicalResult conflict(OpState &state, unsigned factor, const tp::AxisRefs &axes, const LayoutOrigin *origin,
                               unsigned other, const LayoutOrigin *otherOrigin);
  void dropIllegal(OpState &state);
  bool adopt(mlir::Value value, const tp::Layout &layout, llvm::ArrayRef<const LayoutOrigin *> origins);

  void passPartialSums(OpState &state);
  void finish(OpState &state);
  tp::LayoutAttr need(mlir::OpOperand &operand);
  void setReasons(OpState &state);

  mlir::FunctionOpInterface function;
  const tp::Mesh &mesh;
  std::deque<LayoutOrigin> origins;
  llvm::DenseMap<mlir::Value, TensorState> states;
  std::vector<OpState> ops;
  /// What operands are read as, and which results have their final layouts.
  llvm::DenseMap<mlir::OpOperand *, tp::Layout> needs;
  llvm::DenseSet<mlir::Value> finished;
};

} // namespace tpo

#endif // TPOPT_LIB_SHARDING_PROPAGATION_H
