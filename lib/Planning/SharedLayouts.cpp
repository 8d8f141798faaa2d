//===- SharedLayouts.cpp - What variants of a program share ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerClasses.h"

using namespace mlir;

namespace tpo {

SharedLayouts Planner::getSharedLayouts(const Plan &plan) const {
  SharedLayouts shared;
  func::FuncOp function = this->function;
  auto getLayout = [&](Value value) { return isTensor(value) ? getDeliveredLayout(value, plan) : tp::LayoutAttr(); };
  for (Value argument : function.getArguments())
    shared.arguments.push_back(getLayout(argument));
  Block &block = function.getBody().front();
  for (auto weight : block.getOps<tp::WeightOp>())
    shared.weights.push_back(getLayout(weight.getResult()));
  for (Value result : block.getTerminator()->getOperands())
    shared.results.push_back(isTensor(result) ? withoutPartial(getLayout(result)) : tp::LayoutAttr());
  return shared;
}

/// Demands that `value` is delivered in a layout, or, of a result, returned.
void Planner::demandLayout(Value value, OpOperand *result, tp::LayoutAttr layout) {
  auto isDemanded = [&](tp::LayoutAttr given) {
    return (result ? withoutPartial(given) : given) == layout ? 0 : CostNetwork::kInfinity;
  };
  if (auto entry = entries.find(value); entry != entries.end())
    return network.addCost(entry->second.variable,
                           [&](unsigned state) { return isDemanded(entry->second.made->layouts[state]); });
  if (isFree(value)) {
    // Read by one operation, in whose layout it comes.
    if (!value.hasOneUse() || isReturn(&*value.use_begin()))
      return;
    OpOperand &use = *value.use_begin();
    return network.addCost(variableOf.lookup(use.getOwner()), [&](unsigned state) {
      return isDemanded(getStrategies(use.getOwner())[state].operands[use.getOperandNumber()]);
    });
  }
  network.addCost(variableOf.lookup(value.getDefiningOp()), [&](unsigned state) {
    return isDemanded(getStrategies(value.getDefiningOp())[state].results[cast<OpResult>(value).getResultNumber()]);
  });
}

void Planner::share(const SharedLayouts &layouts) {
  for (auto [argument, layout] : llvm::zip_equal(function.getArguments(), layouts.arguments))
    if (layout)
      demandLayout(argument, nullptr, layout);
  Block &block = function.getBody().front();
  for (auto [weight, layout] : llvm::zip_equal(block.getOps<tp::WeightOp>(), layouts.weights))
    if (layout)
      demandLayout(weight.getResult(), nullptr, layout);
  for (auto [result, layout] : llvm::zip_equal(block.getTerminator()->getOpOperands(), layouts.results))
    if (layout && !isFree(result.get()))
      demandLayout(result.get(), &result, layout);
}

} // namespace tpo
