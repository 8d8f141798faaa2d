//===- ApplyPlan.cpp - Write a plan into the program ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerClasses.h"

using namespace mlir;

namespace tpo {

std::string Planner::explain(Operation *op, const Strategy &strategy) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (strategy.assignment.isReplicated()) {
    bool hasChoice = getStrategies(op).size() > 1;
    os << (!rules.count(op) ? "replicated: no sharding rule"
           : hasChoice      ? "replicated: cheapest"
                            : "replicated: nothing to split");
    return text;
  }
  for (auto [index, axes] : llvm::enumerate(strategy.assignment.factorAxes)) {
    if (axes.empty())
      continue;
    const tp::Factor &factor = strategy.rule.factors[index];
    os << (text.empty() ? "" : "; ") << tp::toString(axes, mesh) << " splits " << tp::toString(factor.role);
    os << " (" << tp::toString(factor.size, tp::getSymbolNames(op)) << ")";
    if (factor.kind == tp::FactorKind::Reduction)
      os << ", leaving a partial sum";
    for (auto [operand, tensor] : llvm::zip(op->getOperands(), strategy.rule.operands)) {
      auto weight = operand.getDefiningOp<tp::WeightOp>();
      if (weight && llvm::any_of(tensor, [&](const tp::DimFactors &dim) { return llvm::is_contained(dim, index); }))
        os << ", dividing " << weight.getName();
    }
  }
  for (const tp::AxisRefs &axes : strategy.assignment.linearAxes)
    if (!axes.empty())
      os << (text.empty() ? "" : "; ") << "passes on a partial sum over " << tp::toString(axes, mesh);
  return text;
}

/// Writes down who demanded the layout of `value`, which `common` has.
void Planner::markConstrained(Value value, Value common) {
  const ValueConstraint *constraint = getConstraint(value);
  if (!constraint)
    return;
  Builder b(function.getContext());
  std::string reason = ("demanded by " + constraints->getSource(*constraint)).str();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    function.setArgAttr(argument.getArgNumber(), kReasonAttr, b.getStringAttr(reason));
    return;
  }
  Operation *op = common.getDefiningOp();
  unsigned result = cast<OpResult>(common).getResultNumber();
  op->setAttr(kConstrainedAttr, b.getUnitAttr());
  SmallVector<Attribute> reasons(op->getNumResults(), b.getStringAttr(""));
  if (auto known = op->getAttrOfType<ArrayAttr>("tp.reasons"))
    llvm::copy(known.getValue().take_front(reasons.size()), reasons.begin());
  StringRef own = cast<StringAttr>(reasons[result]).getValue();
  reasons[result] = b.getStringAttr(own.empty() ? reason : reason + "; " + own);
  op->setAttr("tp.reasons", b.getArrayAttr(reasons));
}

void Planner::apply(const Plan &plan) {
  OpBuilder b(function.getContext());
  for (Operation *op : ops) {
    const Strategy &strategy = getStrategy(op, plan);
    SmallVector<Attribute> layouts(strategy.results.begin(), strategy.results.end());
    op->setAttr("tp.layouts", b.getArrayAttr(layouts));
    SmallVector<Attribute> reasons(layouts.size(), b.getStringAttr(explain(op, strategy)));
    op->setAttr("tp.reasons", b.getArrayAttr(reasons));
  }
  // All of them first: making reshards changes the uses that they are read from.
  std::vector<Delivery> deliveries;
  for (Value value : values)
    deliveries.push_back(getDelivery(value, plan));
  for (auto [value, delivery] : llvm::zip_equal(values, deliveries)) {
    if (isFree(value))
      tp::setLayoutAttr(value, delivery.own);
    // Reshards are made once per layout, right after the value.
    SmallVector<std::pair<tp::LayoutAttr, Value>> made = {{delivery.own, value}};
    auto deliver = [&](Value from, tp::LayoutAttr to) -> Value {
      auto known = llvm::find_if(made, [&](const auto &entry) { return entry.first == to; });
      if (known != made.end())
        return known->second;
      b.setInsertionPointAfterValue(from);
      made.push_back({to, tp::ReshardOp::create(b, value.getLoc(), value.getType(), from, to)});
      return made.back().second;
    };
    Value common = deliver(value, delivery.common);
    markConstrained(value, common);
    for (auto [use, layout] : delivery.uses) {
      use->set(layout == delivery.common ? common : deliver(common, layout));
      if (use->getOwner()->hasTrait<OpTrait::IsTerminator>())
        function.setResultAttr(use->getOperandNumber(), "tp.layout", layout);
    }
  }
}

} // namespace tpo
