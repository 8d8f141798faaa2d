//===- Selections.h - Choose among the devices' best ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_SELECTIONS_H
#define TP_OPT_PLANNING_SELECTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tpo {

/// Rewrites ArgMax, ArgMin and TopK over a dimension that a product with a weight
/// makes (logits over a vocabulary) to select in each of `devices` equal parts
/// first and then among what was selected there: a device that holds a part of
/// the dimension sends a few candidates instead of all of it. Results are the
/// same, ties included: of equals, parts and elements in them come in order.
/// Leaves alone what is not divisible, or of which much is selected.
void splitSelections(mlir::func::FuncOp function, int64_t devices);

} // namespace tpo

#endif // TP_OPT_PLANNING_SELECTIONS_H
