//===- Norms.h - Norms of what devices hold parts of ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_NORMS_H
#define TP_OPT_PLANNING_NORMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tpo {

/// Rewrites RMSNormalization of all queries' or keys' heads at once (OLMo 2 and
/// others: a product with a weight, normalised, then a Reshape into heads), and of
/// what an output projection reads (BitNet and others: merged heads, or a gated
/// product), as a sum of squares and what is done with it: devices that hold some
/// of the heads then add one number per row instead of gathering the rows. The sum
/// is in f32 at least. Leaves alone what `devices` do not divide, and a norm whose
/// statistics are used.
void splitNorms(mlir::func::FuncOp function, int64_t devices);

} // namespace tpo

#endif // TP_OPT_PLANNING_NORMS_H
