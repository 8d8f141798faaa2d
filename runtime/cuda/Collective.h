//===- Collective.h - Collectives on strided tensors ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_COLLECTIVE_H
#define TPRT_CUDA_COLLECTIVE_H

#include "Stream.h"
#include "tprt/communicator.h"
#include <functional>

namespace tprt::cuda {

/// tprt_op_collective's arguments.
struct CollectiveArgs {
  int32_t kind;
  int32_t reduction;
  int32_t dim;  ///< broadcast: the root; permute: the shift
  int32_t dim2; ///< all-to-all: the dimension that is concatenated
  const int64_t *memberSizes;
  const tprt_view &in;
  const tprt_view &out;
};

/// Device memory of at least `bytes`; `slot` is 0 (for inputs) or 1 (outputs).
using ScratchMemory = std::function<void *(int slot, size_t bytes)>;

/// Runs the collective, packing what is not as the communicator needs it.
void runCollective(Communicator &communicator, Stream &stream,
                   const ScratchMemory &scratch, const CollectiveArgs &args);

} // namespace tprt::cuda

#endif // TPRT_CUDA_COLLECTIVE_H
