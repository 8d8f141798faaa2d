//===- Manifest.h - What the manifest says about a program ------*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_MANIFEST_H
#define TPOPT_LIB_LOWERING_MANIFEST_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace tpo {

/// The members of manifest.json (docs/artifact.md) that a bufferized module
/// with a planned arena determines: mesh, ranks, symbols, inputs, outputs,
/// states, weights, groups, arena, ops, kernels.
mlir::FailureOr<llvm::json::Object> buildProgramManifest(mlir::ModuleOp module);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_MANIFEST_H
