//===- HostFunctions.h - The functions of a program -------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Beside kernels and declarations a module has the program's own function and
// its variants (dialects/Tp/Variants.h). They share everything that the manifest
// lists: signature, states, weights, groups, kernels, and one numbering of
// operations and of slots.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_HOSTFUNCTIONS_H
#define TPOPT_LIB_LOWERING_HOSTFUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace tpo {

/// The functions with a body that are no kernels, in module order.
llvm::SmallVector<mlir::func::FuncOp> getHostFunctions(mlir::ModuleOp module);

/// The function that is no variant. Fails, with errors where they are, unless
/// there is exactly one, and every bufferized variant has its arguments and a
/// condition that can be computed from the sizes of a run.
mlir::FailureOr<mlir::func::FuncOp> findMainFunction(mlir::ModuleOp module);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_HOSTFUNCTIONS_H
