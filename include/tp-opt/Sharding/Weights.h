//===- Weights.h - What is computed from a weight ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_SHARDING_WEIGHTS_H
#define TP_OPT_SHARDING_WEIGHTS_H

#include "mlir/IR/Value.h"

namespace tpo {

/// Whether a value is a weight, possibly transposed, converted, cut or joined:
/// rules give the factors of such operands other roles.
bool isDerivedFromWeight(mlir::Value value);

} // namespace tpo

#endif // TP_OPT_SHARDING_WEIGHTS_H
