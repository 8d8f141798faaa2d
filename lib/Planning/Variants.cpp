//===- Variants.cpp - Plans for some sizes --------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Variants.h"

#include "tp-opt/Planning/Assumptions.h"

using namespace mlir;

namespace tpo {

tp::DimsAttr getDecodeCondition(ModuleOp module, ArrayRef<OperatingPoint> points) {
  SmallVector<AffineExpr> exprs;
  for (auto [index, name] : llvm::enumerate(tp::getSymbolNames(module)))
    if (getMeaning(name) == SymbolMeaning::Sequence && points[0].symbols[index] != points[1].symbols[index])
      exprs.push_back(getAffineSymbolExpr(index, module.getContext()) - points[1].symbols[index]);
  return exprs.empty() ? nullptr : tp::DimsAttr::get(module.getContext(), exprs);
}

func::FuncOp selectFunction(ModuleOp module, ArrayRef<int64_t> symbols) {
  func::FuncOp program;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    tp::DimsAttr when = tp::getWhen(function);
    if (!when && !program)
      program = function;
    if (when && llvm::all_of(when.getExprs(), [&](AffineExpr expr) { return tp::evaluate(expr, symbols) == 0; }))
      return function;
  }
  return program;
}

FailureOr<std::vector<std::unique_ptr<PlannedFunction>>>
planVariants(const Planner &planner, const Plan &plan, func::FuncOp function, func::FuncOp copy,
             const ConstraintSet &constraints, const tp::Mesh &mesh, unsigned axis, const CostModel &cost) {
  std::vector<std::unique_ptr<PlannedFunction>> variants;
  SharedLayouts shared = planner.getSharedLayouts(plan);
  // Where a better plan is not found the one for all sizes is there.
  auto add = [&](func::FuncOp planned, unsigned point, const ConstraintSet &demands) {
    auto variant = std::make_unique<PlannedFunction>(planned, mesh, axis, cost.at(point), demands,
                                                     SequenceParallelism::Auto);
    variant->planner.share(shared);
    std::optional<Plan> found = variant->planner.find();
    if (!found)
      return false;
    variant->plan = std::move(*found);
    double before = plan.total.times[point].total(), after = variant->plan.total.times[point].total();
    // A decode step has nothing to gain: it is to lose nothing.
    if (point == 0 && before - after < kLeastVariantGain * before)
      return false;
    variants.push_back(std::move(variant));
    return true;
  };
  if (!add(function, 0, constraints))
    return std::vector<std::unique_ptr<PlannedFunction>>();
  FailureOr<ConstraintSet> demands = resolveConstraints(copy, mesh);
  if (failed(demands))
    return failure();
  if (!add(copy, 1, *demands))
    return std::vector<std::unique_ptr<PlannedFunction>>();
  return std::move(variants);
}

} // namespace tpo
