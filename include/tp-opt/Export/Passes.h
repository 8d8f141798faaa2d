//===- Passes.h - Plans in the terms of other systems -----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_EXPORT_PASSES_H
#define TP_OPT_EXPORT_PASSES_H

#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Export/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Export/Passes.h.inc"

/// Registers the passes of this library.
inline void registerExportPasses() { registerTpExportPasses(); }

/// Prints a planned module as StableHLO with Shardy's annotations: see
/// tp-export-sdy in Passes.td. Nothing useful is in `os` after a failure.
mlir::LogicalResult exportSdy(mlir::ModuleOp module, llvm::raw_ostream &os);

} // namespace tpo

#endif // TP_OPT_EXPORT_PASSES_H
