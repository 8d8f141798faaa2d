//===- KernelPipeline.h - What kernels of all targets share -----*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_KERNELPIPELINE_H
#define TPOPT_LIB_LOWERING_KERNELPIPELINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

namespace tpo {

/// Moves the kernels of `module`, and the constants they read, to a module
/// `name` of their own at its end: what compiles them does not touch the host
/// program.
mlir::ModuleOp extractKernels(mlir::ModuleOp module, llvm::StringRef name);

/// From loops on memrefs (and linalg, which becomes loops) to the LLVM dialect.
/// Reductions have `lanes` partial results each (see rt-order-reductions).
void buildKernelPipeline(mlir::OpPassManager &passes, int64_t lanes);

/// The positions of the data pointers among a kernel's expanded arguments.
llvm::SmallVector<unsigned> getPointerArguments(mlir::func::FuncOp kernel);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_KERNELPIPELINE_H
