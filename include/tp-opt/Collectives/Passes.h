//===- Passes.h - Passes on collectives -------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_COLLECTIVES_PASSES_H
#define TP_OPT_COLLECTIVES_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Collectives/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Collectives/Passes.h.inc"

/// Registers the passes of this library.
inline void registerCollectivePasses() { registerTpCollectivePasses(); }

} // namespace tpo

#endif // TP_OPT_COLLECTIVES_PASSES_H
