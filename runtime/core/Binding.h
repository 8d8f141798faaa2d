//===- Binding.h - Matching tensors and signature --------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matches the tensors a caller binds with the signature.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_BINDING_H
#define TPRT_CORE_BINDING_H

#include "core/Manifest.h"

#include <optional>
#include <vector>

namespace tprt {

// Element type, rank, fixed sizes, alignment of one tensor. `kind` is "input"
// or "output". Throws Error(TPRT_INVALID_ARGUMENT).
void checkBinding(const Manifest &manifest, const TensorSpec &tensor, const char *kind, const tprt_view &view);

// The value of every symbol that is no coordinate (those are 0), from the
// inputs' sizes. inputs[i] is empty for an input that is a kept state, of which
// stateLengths[state] entries along the axis exist. Throws
// Error(TPRT_INVALID_ARGUMENT) naming both inputs when two disagree.
std::vector<int64_t> bindSymbols(const Manifest &manifest, const std::vector<std::optional<tprt_view>> &inputs,
                                 const std::vector<int64_t> &stateLengths);

// The sizes of a global tensor.
std::vector<int64_t> evaluateDims(const TensorSpec &tensor, const std::vector<int64_t> &symbols);

} // namespace tprt

#endif // TPRT_CORE_BINDING_H
