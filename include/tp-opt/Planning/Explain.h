//===- Explain.h - Why tensors are laid out as they are ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_EXPLAIN_H
#define TP_OPT_PLANNING_EXPLAIN_H

#include "tp-opt/Planning/Planner.h"

namespace tpo {

/// Prints of each tensor that a pattern names (or that a matching node makes)
/// its layout, what gave it and what the next best would cost. The plan must not
/// have been applied yet. Fails with an error where a pattern names nothing.
mlir::LogicalResult explainTensors(const TensorTable &table, Planner &planner, const Plan &plan, const tp::Mesh &mesh,
                                   llvm::ArrayRef<std::string> patterns, mlir::Location loc, llvm::raw_ostream &os);

} // namespace tpo

#endif // TP_OPT_PLANNING_EXPLAIN_H
