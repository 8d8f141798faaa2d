//===- Describe.h - Operations of the ABI as kernel arguments ---*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks an operation's tensors and turns them into what the kernels take.
// Nothing here needs CUDA: the unit tests run these descriptions through the
// emulated kernels.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_DESCRIBE_H
#define TPRT_CUDA_DESCRIBE_H

#include "kernels/Attention.cuh"
#include "kernels/Matmul.cuh"
#include "kernels/Move.cuh"
#include "kernels/Select.cuh"
#include "tprt/abi.h"

namespace tprt::cuda {

// All throw Error when shapes or element types do not fit the operation.

CopyArgs describeCopy(const tprt_view &from, const tprt_view &to);

/// `error` is null in the result.
GatherArgs describeGather(const tprt_view &table, const tprt_view &indices,
                          const tprt_view &out, int32_t axis, int64_t offset,
                          int64_t globalRows, int32_t op);

/// Of the updates, after a copy of the data to `out`; `error` is null.
ScatterArgs describeScatter(const tprt_view &data, const tprt_view &indices, const tprt_view &updates,
                            const tprt_view &out, int32_t axis, int32_t reduction, int32_t op);

TopKArgs describeTopK(const tprt_view &data, const tprt_view &values, const tprt_view &indices, int32_t axis,
                      int32_t largest);

AttentionArgs describeAttention(const tprt_view &q, const tprt_view &k,
                                const tprt_view &v, const tprt_view *mask,
                                const tprt_view &out,
                                const tprt_attention_params &params);

/// Batch dimensions are merged with each other, and with the rows when b does
/// not depend on them, as far as strides allow.
MatmulArgs describeMatmul(const tprt_view &a, const tprt_view &b,
                          const tprt_view *bias, const tprt_view *residual,
                          const tprt_view &c, float alpha, int32_t activation);

/// The part [start, start + size) of `view` along `dim`.
tprt_view slice(const tprt_view &view, int dim, int64_t start, int64_t size);

} // namespace tprt::cuda

#endif // TPRT_CUDA_DESCRIBE_H
