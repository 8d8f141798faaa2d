//===- ConstrainPlan.cpp - Plans with demanded layouts --------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerClasses.h"

using namespace mlir;

namespace tpo {

bool Planner::accepts(const DemandedLayout &demanded, tp::LayoutAttr attr) const {
  FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, nullptr);
  return succeeded(layout) && demanded.accepts(*layout);
}

/// Sorts the constraints by what they are about; returns what they split.
DemandedSplits Planner::collectConstraints() {
  DemandedSplits splits;
  if (!constraints)
    return splits;
  for (const ValueConstraint &constraint : constraints->values) {
    if (constraint.use)
      constrainedUses[constraint.use] = &constraint;
    else
      constrained[constraint.value] = &constraint;
    SmallVector<AffineExpr> sizes = tp::getDims(cast<RankedTensorType>(constraint.value.getType()));
    for (auto [dim, split] : llvm::enumerate(constraint.demanded.layout.dims)) {
      if (!split.isSplit() || !sizes[dim] || !tp::getConst(sizes[dim]))
        continue;
      bool isExpert = PlannedAxes::isIn(axes.expert, split.axes);
      if (isExpert)
        splits.expertDims.push_back({constraint.value, dim});
      if (!isExpert || split.axes.size() > 1)
        splits.dims.push_back({constraint.value, dim});
      for (const tp::AxisRef &part : split.axes)
        if (part != tp::AxisRef::whole(mesh, part.axis) && !llvm::is_contained(splits.parts, part))
          splits.parts.push_back(part);
    }
  }
  return splits;
}

/// Readers that must take what they read in a given layout.
void Planner::restrictReaders() {
  for (auto [use, constraint] : constrainedUses) {
    auto variable = variableOf.find(use->getOwner());
    if (variable == variableOf.end())
      continue;
    ArrayRef<Strategy> strategies = getStrategies(use->getOwner());
    network.addCost(variable->second, [&, use = use, constraint = constraint](unsigned state) {
      return accepts(constraint->demanded, strategies[state].operands[use->getOperandNumber()])
                 ? 0
                 : CostNetwork::kInfinity;
    });
  }
}

/// What an operation's operands, if they are weights or demanded for it, leave
/// of its strategies.
LogicalResult Planner::checkReader(Operation *op) {
  ArrayRef<Strategy> strategies = getStrategies(op);
  SmallVector<std::pair<unsigned, const ValueConstraint *>> demands;
  for (OpOperand &operand : op->getOpOperands()) {
    if (const ValueConstraint *use = constrainedUses.lookup(&operand))
      demands.push_back({operand.getOperandNumber(), use});
    else if (const ValueConstraint *value = getConstraint(operand.get());
             value && operand.get().getDefiningOp<tp::WeightOp>())
      demands.push_back({operand.getOperandNumber(), value});
  }
  auto satisfies = [&](const Strategy &strategy, const auto &demand) {
    return accepts(demand.second->demanded, strategy.operands[demand.first]);
  };
  auto report = [&](const ValueConstraint &constraint) {
    return emitError(constraints->getLocation(constraint))
           << constraints->getSource(constraint) << ": tensor '" << constraint.tensor << "' cannot be laid out as "
           << tp::toString(constraint.demanded.layout, mesh) << ": ";
  };
  for (const auto &demand : demands) {
    if (llvm::any_of(strategies, [&](const Strategy &strategy) { return satisfies(strategy, demand); }))
      continue;
    InFlightDiagnostic error = report(*demand.second);
    error << describeNode(op) << " cannot read it that way";
    std::string ways;
    SmallVector<tp::LayoutAttr> seen;
    for (const Strategy &strategy : strategies) {
      tp::LayoutAttr layout = strategy.operands[demand.first];
      FailureOr<tp::Layout> resolved = tp::resolveLayout(layout, mesh, nullptr);
      if (llvm::is_contained(seen, layout) || failed(resolved))
        continue;
      seen.push_back(layout);
      ways += (ways.empty() ? "" : " or ") + tp::toString(*resolved, mesh);
    }
    error.attachNote(op->getLoc()) << "reads it as " << ways;
    return error;
  }
  for (auto [i, first] : llvm::enumerate(demands))
    for (const auto &second : ArrayRef(demands).drop_front(i + 1)) {
      if (llvm::any_of(strategies, [&, &first = first](const Strategy &strategy) {
            return satisfies(strategy, first) && satisfies(strategy, second);
          }))
        continue;
      InFlightDiagnostic error = report(*second.second);
      error << describeNode(op) << " cannot read it that way and '" << first.second->tensor << "' as "
            << tp::toString(first.second->demanded.layout, mesh) << ", which " << constraints->getSource(*first.second)
            << " demands";
      error.attachNote(constraints->getLocation(*first.second))
          << "in conflict with " << constraints->getSource(*first.second);
      return error;
    }
  return success();
}

LogicalResult Planner::checkConstraints() {
  if (!constraints || constraints->values.empty())
    return success();
  llvm::SmallPtrSet<Operation *, 8> readers;
  bool isValid = true;
  for (const ValueConstraint &constraint : constraints->values)
    for (OpOperand &use : constraint.value.getUses())
      if ((constraint.use == &use || constraint.value.getDefiningOp<tp::WeightOp>()) &&
          variableOf.contains(use.getOwner()) && readers.insert(use.getOwner()).second)
        isValid &= succeeded(checkReader(use.getOwner()));
  return success(isValid);
}

/// Names the constraints without any one of which there would be a plan.
LogicalResult Planner::failInfeasible() {
  constexpr size_t kMaxTried = 64;
  InFlightDiagnostic error = function.emitError("no plan satisfies all operations");
  if (!constraints || constraints->values.empty())
    return error;
  error << " and constraints";
  for (size_t left = 0; left < std::min(constraints->constraints.size(), kMaxTried); ++left) {
    ConstraintSet fewer = *constraints;
    llvm::erase_if(fewer.values, [&](const ValueConstraint &value) { return value.constraint == left; });
    Planner planner(function, mesh, axes, cost, &fewer, sequence);
    std::optional<CostNetwork::Solution> solution = planner.network.solve();
    const Constraint &constraint = constraints->constraints[left];
    if (solution && solution->cost < CostNetwork::kInfinity)
      error.attachNote(constraint.getLocation(constraints->fallback))
          << "there is a plan without " << constraint.source;
  }
  return error;
}

tp::LayoutAttr Planner::getDeliveredLayout(Value value, const Plan &plan) const {
  return getDelivery(value, plan).common;
}

std::optional<Planner::Alternative> Planner::getAlternative(Value value, const Plan &plan, bool asMade) {
  auto layoutIn = [&](const Plan &plan) {
    Delivery delivery = getDelivery(value, plan);
    return asMade ? delivery.own : delivery.common;
  };
  tp::LayoutAttr now = layoutIn(plan);
  CostNetwork::Extra extra;
  auto forbid = [&](unsigned variable, llvm::function_ref<tp::LayoutAttr(unsigned)> layout) {
    extra = {variable, network.makeTable(network.getNumStates(variable), [&](unsigned state) {
               return layout(state) == now ? CostNetwork::kInfinity : 0;
             })};
  };
  // The variable that decides: the delivery of a value with several readers,
  // else what the producer makes, else what the only reader wants.
  OpOperand *use = value.hasOneUse() ? &*value.use_begin() : nullptr;
  if (auto entry = entries.find(value); entry != entries.end() && !(asMade && !isFree(value)))
    forbid(entry->second.variable, [&](unsigned state) { return entry->second.made->layouts[state]; });
  else if (!isFree(value))
    forbid(variableOf.lookup(value.getDefiningOp()), [&](unsigned state) {
      return getStrategies(value.getDefiningOp())[state].results[cast<OpResult>(value).getResultNumber()];
    });
  else if (use && variableOf.contains(use->getOwner()))
    forbid(variableOf.lookup(use->getOwner()),
           [&](unsigned state) { return getStrategies(use->getOwner())[state].operands[use->getOperandNumber()]; });
  else
    return std::nullopt;
  std::optional<CostNetwork::Solution> solution = network.solve(extra);
  if (!solution || solution->cost >= CostNetwork::kInfinity)
    return std::nullopt;
  Plan other;
  other.solution = std::move(*solution);
  return Alternative{layoutIn(other), other.solution.cost - plan.solution.cost};
}

} // namespace tpo
