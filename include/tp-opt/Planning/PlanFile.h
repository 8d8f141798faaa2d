//===- PlanFile.h - Plans as text ------------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan file is JSON: format version, the model's name and fingerprint, the
// mesh, and a layout for each tensor of the ONNX file. Read, it is a list of
// constraints, each with its place in the file. docs/constraints.md describes it.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_PLANFILE_H
#define TP_OPT_PLANNING_PLANFILE_H

#include "tp-opt/Planning/Constraints.h"
#include "tp-opt/Planning/Planner.h"

namespace tpo {

/// The text of a plan file for a plan that has not been applied yet.
std::string formatPlan(const TensorTable &table, const Planner &planner, const Plan &plan, const tp::Mesh &mesh,
                       llvm::StringRef modelName);

/// The constraints in the text of a plan file of this name. What is wrong with
/// it is an error at its line and column. `table` is the model's.
mlir::FailureOr<std::vector<Constraint>> parsePlan(llvm::StringRef text, llvm::StringRef path, const TensorTable &table,
                                                   const tp::Mesh &mesh, mlir::MLIRContext *context);

/// A layout as a plan file has it: "replicated", "tp:1" or all of it.
std::string formatLayout(const tp::Layout &layout, const tp::Mesh &mesh);

} // namespace tpo

#endif // TP_OPT_PLANNING_PLANFILE_H
