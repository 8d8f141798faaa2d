//===- Passes.h - Partition passes ------------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PARTITION_PASSES_H
#define TP_OPT_PARTITION_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Partition/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Partition/Passes.h.inc"

/// Registers the passes of this library.
inline void registerPartitionPasses() { registerTpPartitionPasses(); }

/// Attaches PartitionOpInterface to the operations of the onnx dialect.
void registerOnnxPartitionModels(mlir::DialectRegistry &registry);

/// Attaches PartitionOpInterface to linalg, tensor, arith and math.
void registerUpstreamPartitionModels(mlir::DialectRegistry &registry);

/// Both of the above.
void registerPartitionExternalModels(mlir::DialectRegistry &registry);

} // namespace tpo

#endif // TP_OPT_PARTITION_PASSES_H
