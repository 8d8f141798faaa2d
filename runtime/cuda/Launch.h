//===- Launch.h - Starting the kernels of this folder -----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_LAUNCH_H
#define TPRT_CUDA_LAUNCH_H

#include "kernels/Attention.cuh"
#include "kernels/Matmul.cuh"
#include "kernels/Move.cuh"
#include "kernels/Select.cuh"
#include <cuda_runtime_api.h>

namespace tprt::cuda {

// All enqueue on `stream` and throw Error when the launch is refused or the
// element type has no kernel. An empty index space launches nothing.

/// Also a plain memory copy when both sides are dense.
void launchCopy(cudaStream_t stream, const CopyArgs &args, size_t elementBytes);
void launchGather(cudaStream_t stream, const GatherArgs &args,
                  size_t elementBytes);
void launchReduce(cudaStream_t stream, const ReduceArgs &args,
                  tprt_dtype dtype);
void launchScatter(cudaStream_t stream, const ScatterArgs &args, tprt_dtype dtype);
void launchTopK(cudaStream_t stream, const TopKArgs &args);
/// `wide`: accumulate in f64.
void launchMatmul(cudaStream_t stream, const MatmulArgs &args, bool wide);
void launchEpilogue(cudaStream_t stream, const EpilogueArgs &args, bool wide);
void launchAttention(cudaStream_t stream, const AttentionArgs &args,
                     tprt_dtype dtype);

} // namespace tprt::cuda

#endif // TPRT_CUDA_LAUNCH_H
