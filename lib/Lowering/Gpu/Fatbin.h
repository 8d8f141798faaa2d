//===- Fatbin.h - GPU kernels to PTX and cubins -----------------*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_GPU_FATBIN_H
#define TPOPT_LIB_LOWERING_GPU_FATBIN_H

#include "tp-opt/Lowering/Program.h"

namespace tpo {

/// PTX of a module of kernels in the LLVM and NVVM dialects, for the oldest of
/// the options' architectures.
mlir::FailureOr<std::string> compileToPTX(mlir::ModuleOp kernels, const LoweringOptions &options);

/// kernels.fatbin: cubins for every architecture, assembled by the CUDA
/// toolkit's ptxas, and the PTX for newer ones. An error where the toolkit is
/// missing.
mlir::FailureOr<std::string> assembleFatbin(mlir::Location loc, llvm::StringRef ptx, const LoweringOptions &options);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_GPU_FATBIN_H
