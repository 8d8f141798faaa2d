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

SmallVector<func::FuncOp> selectFunctions(ModuleOp module, ArrayRef<int64_t> symbols) {
  SmallVector<func::FuncOp> programs;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    tp::DimsAttr when = tp::getWhen(function);
    if (!when)
      programs.push_back(function);
    else if (llvm::all_of(when.getExprs(), [&](AffineExpr expr) { return tp::evaluate(expr, symbols) == 0; }))
      return {function};
  }
  return programs;
}

FailureOr<std::vector<std::unique_ptr<PlannedFunction>>>
planVariants(const Planner &planner, const Plan &plan, func::FuncOp function, func::FuncOp copy,
             const ConstraintSet &constraints, const tp::Mesh &mesh, PlannedAxes axes, const CostModel &cost) {
  std::vector<std::unique_ptr<PlannedFunction>> variants;
  FailureOr<ConstraintSet> copied = resolveConstraints(copy, mesh);
  if (failed(copied))
    return failure();
  SharedLayouts shared = planner.getSharedLayouts(plan);
  double gain = 0;
  bool isWorthIt = false;
  for (unsigned point : {0, 1}) {
    auto variant = std::make_unique<PlannedFunction>(point == 0 ? function : copy, mesh, axes, cost.at(point),
                                                     point == 0 ? constraints : *copied, SequenceParallelism::Auto);
    variant->planner.share(shared);
    // Where none is found the plan for all sizes is there.
    std::optional<Plan> found = variant->planner.find();
    if (!found)
      return std::vector<std::unique_ptr<PlannedFunction>>();
    variant->plan = std::move(*found);
    double before = plan.total.times[point].total(), after = variant->plan.total.times[point].total();
    gain += cost.getPoints()[point].weight * (before - after);
    isWorthIt |= before - after >= kLeastVariantGain * before;
    variants.push_back(std::move(variant));
  }
  if (!isWorthIt || gain <= 0)
    variants.clear();
  return std::move(variants);
}

} // namespace tpo
