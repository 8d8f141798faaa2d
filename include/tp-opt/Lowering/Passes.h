//===- Passes.h - Lowering passes -------------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LOWERING_PASSES_H
#define TP_OPT_LOWERING_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Lowering/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Lowering/Passes.h.inc"

/// Registers the passes of this library.
inline void registerLoweringPasses() { registerTpLoweringPasses(); }

/// The interfaces that lowering needs beyond the dialects' own: bufferization
/// models, translation to LLVM IR.
void registerLoweringExternalModels(mlir::DialectRegistry &registry);

} // namespace tpo

#endif // TP_OPT_LOWERING_PASSES_H
