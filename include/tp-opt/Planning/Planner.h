//===- Planner.h - The cheapest layout of every tensor ----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Variables of the cost network are operations (states: their strategies) and
// the values that several operations read (states: the layouts in which such a
// value may be delivered, so that a reshard shared by its readers is paid once).
// Weights and arguments come in any layout for free: loading cuts them.
//
// A demanded layout of a tensor is the only one in which it may be delivered;
// how its producer makes it and its readers take it stays a matter of cost. Only
// weights are read as they are: a demand on them says how to multiply, and
// moving them in every step is never meant.
//
// Operations that nothing tells apart (name, attributes, types, what of their
// operands is constant or weight, what may be split) are of one class: its
// strategies and times are computed once, and so are the costs between classes.
// A model costs its distinct layers, not its layers.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_PLANNER_H
#define TP_OPT_PLANNING_PLANNER_H

#include "tp-opt/Planning/Constraints.h"
#include "tp-opt/Planning/CostModel.h"
#include "tp-opt/Planning/CostNetwork.h"
#include "tp-opt/Planning/Strategies.h"

#include "dialects/Tp/Tp.h"

#include <map>

namespace tpo {

/// Modelled microseconds of one device at one operating point.
struct PhaseTime {
  double compute = 0;
  double communication = 0;

  double total() const { return compute + communication; }
  PhaseTime &operator+=(const PhaseTime &other) {
    compute += other.compute;
    communication += other.communication;
    return *this;
  }
};

/// What a part of a program costs a device.
struct PlanCost {
  llvm::SmallVector<PhaseTime, 2> times; ///< One per operating point.
  double weightBytes = 0;                ///< Of the device that holds most.
};

struct Plan {
  CostNetwork::Solution solution;
  PlanCost total;
  /// The same by `tp.layer`; -1 stands for what is outside of the layers.
  std::map<int64_t, PlanCost> layers;
};

/// Layouts of what all variants of a program share: arguments, results, and
/// weights in program order.
struct SharedLayouts {
  llvm::SmallVector<tp::LayoutAttr> arguments, results, weights;
};

/// Plans one function over the axes of a mesh. The function must have one block and
/// its `tp.layer`s; it is not changed before `apply`, and must not be in between.
class Planner {
public:
  /// `constraints`, which may be null, must outlive the planner.
  Planner(mlir::func::FuncOp function, const tp::Mesh &mesh, PlannedAxes axes, CostModel &cost,
          const ConstraintSet *constraints = nullptr, SequenceParallelism sequence = SequenceParallelism::Off);
  ~Planner();

  SharedLayouts getSharedLayouts(const Plan &plan) const;
  /// Leaves only plans with these layouts, which a planner of the same function
  /// or of a copy of it found.
  void share(const SharedLayouts &layouts);

  /// The exact minimum. Fails with an error at the function where there is no
  /// plan, or where elimination would need tables that are too large; at a
  /// constraint that no strategy of a reader satisfies.
  mlir::FailureOr<Plan> solve(llvm::ArrayRef<CostNetwork::Extra> extra = {});
  /// The same without errors: none where there is no plan.
  std::optional<Plan> find() const;
  /// The same among plans whose weights take at most so many bytes of a device:
  /// memory gets the least price at which the plan fits, found by bisection, so
  /// that a plan is found which no other beats in both, though not every such
  /// plan can be. Fails with an error where no plan fits.
  mlir::FailureOr<Plan> solveWithin(double maxWeightBytes);

  /// Writes `tp.layouts`, `tp.reasons`, `tp.layout` and the `tp.reshard`s.
  void apply(const Plan &plan);

  /// Writes what the next best layout of each value costs more, as
  /// `tp.alternatives` of operations and arguments; before `apply`. Of models with
  /// very many values for the first layer and what is outside of layers.
  void recordAlternatives(const Plan &plan);

  /// Warns where the plan divides no weight at all over one of the axes.
  void warnIfNothingIsDivided(const Plan &plan);
  /// Whether some weight is divided over the expert axis.
  bool dividesExperts(const Plan &plan) const;
  /// The most experts of one product; 1 where there are none.
  int64_t getNumExperts() const { return splittable->getNumExperts(); }

  /// Adds the costs of a plan by operation: `of` tells where. A reshard belongs to
  /// the operation whose result it moves, a weight to its first reader.
  void addCosts(const Plan &plan, llvm::function_ref<PlanCost &(mlir::Operation *)> of) const;
  /// Bytes of the largest part of a value that a device holds.
  double getLocalBytes(mlir::Value value, const Plan &plan, unsigned point) const;

  /// The layout from which all readers of a value start.
  tp::LayoutAttr getDeliveredLayout(mlir::Value value, const Plan &plan) const;
  /// What the cheapest plan costs more in which `value` is delivered in any other
  /// layout, or `asMade` made in one; none where there is no such plan.
  struct Alternative {
    tp::LayoutAttr layout;
    double microseconds;
  };
  std::optional<Alternative> getAlternative(mlir::Value value, const Plan &plan, bool asMade = false);

  /// Who demanded the layout of `value`; empty: nobody.
  std::string getDemand(mlir::Value value) const {
    const ValueConstraint *constraint = getConstraint(value);
    return constraint ? constraints->getSource(*constraint).str() : "";
  }
  /// What an operation's strategy splits, in words.
  std::string explain(mlir::Operation *op, const Plan &plan) const { return explain(op, getStrategy(op, plan)); }

  llvm::ArrayRef<mlir::Operation *> getOps() const { return ops; }
  llvm::ArrayRef<Strategy> getStrategies(mlir::Operation *op) const;
  const Strategy &getStrategy(mlir::Operation *op, const Plan &plan) const;
  const CostNetwork &getNetwork() const { return network; }
  unsigned getVariable(mlir::Operation *op) const { return variableOf.lookup(op); }
  /// How many kinds of operations there are.
  unsigned getNumClasses() const;

private:
  struct OpClass;
  struct ValueClass;
  struct Classes;
  struct Delivery;
  /// A value with several readers.
  struct ValueEntry {
    unsigned variable = 0;
    const ValueClass *made = nullptr;
  };

  static bool isFree(mlir::Value value) {
    return mlir::isa<mlir::BlockArgument>(value) || value.getDefiningOp<tp::WeightOp>() != nullptr;
  }
  static bool isTensor(mlir::Value value) { return mlir::isa<mlir::RankedTensorType>(value.getType()); }

  void collect();
  void collectRules();
  const ValueConstraint *getConstraint(mlir::Value value) const { return constrained.lookup(value); }
  bool accepts(const DemandedLayout &demanded, tp::LayoutAttr layout) const;
  DemandedSplits collectConstraints();
  void restrictReaders();
  mlir::LogicalResult failInfeasible();
  mlir::LogicalResult checkConstraints();
  mlir::LogicalResult checkReader(mlir::Operation *op);
  void warnIfUndivided(const Plan &plan);
  void addOperation(mlir::Operation *op);
  std::unique_ptr<OpClass> makeClass(mlir::Operation *op);
  llvm::SmallVector<unsigned> getDividedWeights(mlir::Operation *op) const;
  void requireDivision(mlir::Operation *op, llvm::ArrayRef<Strategy> strategies,
                       llvm::MutableArrayRef<bool> isAllowed) const;
  void addValue(mlir::Value value);
  std::unique_ptr<ValueClass> makeValueClass(mlir::Value value, llvm::ArrayRef<mlir::OpOperand *> uses);
  std::vector<CostNetwork::Extra> priceWeights(double price);
  double returnCost(mlir::Value value, tp::LayoutAttr layout);
  Plan makePlan(CostNetwork::Solution solution) const;
  Delivery getDelivery(mlir::Value value, const Plan &plan) const;
  const OpClass &classOf(mlir::Operation *op) const { return *classes.lookup(op); }
  std::string explain(mlir::Operation *op, const Strategy &strategy) const;
  void markConstrained(mlir::Value value, mlir::Value common);
  void demandLayout(mlir::Value value, mlir::OpOperand *use, tp::LayoutAttr layout);

  mlir::func::FuncOp function;
  tp::Mesh mesh;
  PlannedAxes axes;
  CostModel &cost;
  const ConstraintSet *constraints;
  SequenceParallelism sequence;

  /// Demands on values, and on what one reader takes.
  llvm::DenseMap<mlir::Value, const ValueConstraint *> constrained;
  llvm::DenseMap<mlir::OpOperand *, const ValueConstraint *> constrainedUses;
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<mlir::Value> values;
  RuleMap rules;
  std::unique_ptr<SplittableDims> splittable;
  llvm::DenseMap<mlir::Operation *, int64_t> largestWeight; ///< In the operation's block.
  llvm::DenseMap<mlir::Operation *, const OpClass *> classes;
  llvm::DenseMap<mlir::Operation *, unsigned> variableOf;
  llvm::DenseMap<mlir::Value, ValueEntry> entries;
  std::unique_ptr<Classes> known;
  CostNetwork network;
};

} // namespace tpo

#endif // TP_OPT_PLANNING_PLANNER_H
