//===- PackWeights.h - Per-rank safetensors ---------------------*- C++ -*-===//

#ifndef TPOPT_LIB_ARTIFACT_PACKWEIGHTS_H
#define TPOPT_LIB_ARTIFACT_PACKWEIGHTS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/JSON.h"

#include <string>

namespace tpo {

/// Copies every rank's pieces of the weights into `directory`/weights/
/// rankN.safetensors and makes `manifest` (members `files`, `weights`, `ranks`)
/// refer to these files. `files` are the paths of the manifest's files. Memory
/// is bounded: data streams through one buffer.
mlir::LogicalResult packWeights(mlir::Location loc, llvm::json::Object &manifest, llvm::ArrayRef<std::string> files,
                                llvm::StringRef directory);

} // namespace tpo

#endif // TPOPT_LIB_ARTIFACT_PACKWEIGHTS_H
