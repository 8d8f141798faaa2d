//===- Execution.h - What of an operation touches memory --------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What lowering will make of an operation, as far as its cost depends on it:
// products, attention and lookups are calls, the rest becomes kernels in which an
// operation with one reader is computed where it is read; views are nothing.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_EXECUTION_H
#define TP_OPT_PLANNING_EXECUTION_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

namespace tpo {

/// How much of a tensor an operation moves between memory and processor.
enum class Traffic : uint8_t {
  None,     ///< It is in no memory, or stays where it is.
  Whole,    ///< All of the device's part.
  AsResult, ///< Of an operand: as many bytes as the first result has.
  AsRead,   ///< Of a result: as many bytes as are read.
};

struct Execution {
  bool launches = true; ///< Whether it is a kernel or a call of its own.
  llvm::SmallVector<Traffic> operands, results;
};

/// Depends on the operation, its producers and its readers.
Execution getExecution(mlir::Operation *op);

/// Whether the result is the operand under another shape, or a constant.
bool isView(mlir::Operation *op);
/// The argument that `op` returns with some of its elements replaced or added, as
/// a cache: it is updated in place. Null where there is none.
mlir::BlockArgument getUpdatedArgument(mlir::Operation *op);

} // namespace tpo

#endif // TP_OPT_PLANNING_EXECUTION_H
