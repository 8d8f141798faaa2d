//===- Blocks.h - Repeated blocks of a graph --------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the repeated layers of a network from its structure alone: exporters
// rename and drop scopes, the graph stays.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PARTITION_BLOCKS_H
#define TP_OPT_PARTITION_BLOCKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace tpo {

/// Discardable integer attribute: the index of the repeated block that an
/// operation belongs to. Absent outside of the blocks.
inline constexpr llvm::StringLiteral kLayerAttr = "tp.layer";

/// A periodic part of a sequence: `count` blocks of `period` elements each,
/// the first one at `start`.
struct Repetition {
  size_t start, period, count;
};

/// The repetition that covers most of `sequence[begin, end)` with at least two
/// blocks of at least `minPeriod` elements that `accept` allows; among equals
/// the one with the smallest period, then the earliest. None if there is none.
std::optional<Repetition>
findRepetition(llvm::ArrayRef<uint64_t> sequence, size_t begin, size_t end,
               size_t minPeriod,
               llvm::function_ref<bool(const Repetition &)> accept);

/// Sets `tp.layer` on the operations of `func` that belong to a repeated block
/// and removes it from all others. Returns the number of blocks.
///
/// The sequence that is searched are the *anchors*: the operations that read
/// weights. Two anchors are alike if they have the same name and weights of the
/// same types; that is independent of how the exporter interleaves everything
/// else. A block must depend on the one before it (parallel experts are no
/// layers). All other operations belong to the last block they depend on, or,
/// depending on none, to the only block that uses them.
unsigned assignLayers(mlir::func::FuncOp func);

/// The `tp.layer` of `op`, if it has one.
std::optional<int64_t> getLayer(mlir::Operation *op);

} // namespace tpo

#endif // TP_OPT_PARTITION_BLOCKS_H
