//===- Passes.h - Planning passes -------------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_PASSES_H
#define TP_OPT_PLANNING_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Planning/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Planning/Passes.h.inc"

/// Registers the passes of this library.
inline void registerPlanningPasses() { registerTpPlanningPasses(); }

} // namespace tpo

#endif // TP_OPT_PLANNING_PASSES_H
