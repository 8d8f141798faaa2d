//===- Variants.h - Plans for some sizes ------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With many tokens the residual stream is best split along the sequence; with one
// token two all-reduces have half the latency. A plan for both is a compromise in
// all but the weights. So the function is planned for both first, which fixes
// what its variants share (dialects/Tp/Variants.h), then for the prefill alone,
// and a copy of it for decode steps alone; where that gains, the copy is a
// variant that runs for them.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_VARIANTS_H
#define TP_OPT_PLANNING_VARIANTS_H

#include "dialects/Tp/Variants.h"
#include "tp-opt/Planning/Planner.h"

namespace tpo {

/// A second program is worth this part of the modelled time of a prefill or a
/// decode step, if it gains in both together.
inline constexpr double kLeastVariantGain = 0.01;

/// When the sizes are those of the second operating point rather than of the
/// first: the symbols that count tokens tell. Null where none does.
tp::DimsAttr getDecodeCondition(mlir::ModuleOp module, llvm::ArrayRef<OperatingPoint> points);

/// The functions with a body that run for these values of the symbols: all of a
/// module's, but of a program with variants only the one that is chosen.
llvm::SmallVector<mlir::func::FuncOp> selectFunctions(mlir::ModuleOp module, llvm::ArrayRef<int64_t> symbols);

/// A planned function.
struct PlannedFunction {
  PlannedFunction(mlir::func::FuncOp function, const tp::Mesh &mesh, PlannedAxes axes, CostModel costs,
                  const ConstraintSet &constraints, SequenceParallelism sequence)
      : function(function), cost(std::move(costs)), constraints(constraints),
        planner(function, mesh, axes, cost, &this->constraints, sequence) {}

  mlir::func::FuncOp function;
  CostModel cost;
  ConstraintSet constraints;
  Planner planner;
  Plan plan;
};

/// The plans of a prefill and of decode steps with what `planner` and `plan`
/// share, where they are better than `plan`; else nothing. `copy` is the
/// function before its constraints were resolved. Fails with an error only where
/// the copy's constraints do.
mlir::FailureOr<std::vector<std::unique_ptr<PlannedFunction>>>
planVariants(const Planner &planner, const Plan &plan, mlir::func::FuncOp function, mlir::func::FuncOp copy,
             const ConstraintSet &constraints, const tp::Mesh &mesh, PlannedAxes axes, const CostModel &cost);

} // namespace tpo

#endif // TP_OPT_PLANNING_VARIANTS_H
