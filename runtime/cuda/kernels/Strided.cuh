//===- Strided.cuh - Walking several strided tensors in step ----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_STRIDED_CUH
#define TPRT_CUDA_KERNELS_STRIDED_CUH

#include "Block.cuh"
#include "tprt/abi.h"

namespace tprt::cuda {

/// The index space shared by N tensors, each with its own strides (elements).
/// `count` is the product of the sizes.
template <int N> struct Strided {
  int32_t rank = 0;
  int64_t count = 1;
  int64_t sizes[TPRT_MAX_RANK] = {};
  int64_t strides[N][TPRT_MAX_RANK] = {};

  /// Host: appends a dimension at the inner end, merging it with the one before
  /// when all tensors step through both evenly. Dimensions of size 1 vanish.
  void append(int64_t size, const int64_t (&steps)[N]) {
    count *= size;
    if (size == 1)
      return;
    bool merges = rank > 0;
    for (int n = 0; n < N && merges; ++n)
      merges = strides[n][rank - 1] == steps[n] * size;
    int d = merges ? rank - 1 : rank++;
    sizes[d] = merges ? sizes[d] * size : size;
    for (int n = 0; n < N; ++n)
      strides[n][d] = steps[n];
  }

  /// Whether tensor n is one dense run.
  bool dense(int n) const {
    return rank == 0 || (rank == 1 && strides[n][0] == 1);
  }

  /// The N element offsets of the index with row-major number `i`.
  TPRT_KERNEL void offsets(int64_t i, int64_t (&result)[N]) const {
    for (int n = 0; n < N; ++n)
      result[n] = 0;
    if (count <= INT32_MAX) // 64-bit division is slow on a GPU
      walk(static_cast<uint32_t>(i), result);
    else
      walk(static_cast<uint64_t>(i), result);
  }

private:
  template <typename Index>
  TPRT_KERNEL void walk(Index i, int64_t (&result)[N]) const {
    for (int d = rank - 1; d >= 0; --d) {
      Index size = static_cast<Index>(sizes[d]);
      Index quotient = i / size;
      int64_t coordinate = static_cast<int64_t>(i - quotient * size);
      for (int n = 0; n < N; ++n)
        result[n] += coordinate * strides[n][d];
      i = quotient;
    }
  }
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_STRIDED_CUH
