//===- Check.h - CUDA status codes as runtime errors ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_CHECK_H
#define TPRT_CUDA_CHECK_H

#include "tprt/error.h"
#include <cuda_runtime_api.h>

namespace tprt::cuda {

/// Throws when a CUDA call failed. `what` says what was being done.
inline void check(cudaError_t status, const char *what) {
  if (status == cudaSuccess)
    return;
  cudaGetLastError(); // clears errors that do not stick to the context
  tprt_code code = status == cudaErrorMemoryAllocation ? TPRT_OUT_OF_MEMORY
                   : status == cudaErrorNoDevice ||
                           status == cudaErrorInsufficientDriver ||
                           status == cudaErrorNoKernelImageForDevice
                       ? TPRT_UNSUPPORTED
                       : TPRT_RUN_FAILED;
  fail(code, "cuda: ", what, ": ", cudaGetErrorString(status), " (",
       cudaGetErrorName(status), ")");
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_CHECK_H
