//===- Move.cuh - Copy, gather and reduction kernels ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_MOVE_CUH
#define TPRT_CUDA_KERNELS_MOVE_CUH

#include "Scalar.cuh"
#include "Strided.cuh"

namespace tprt::cuda {

/// to[...] = from[...]. Tensor 0 of the space is `from`, tensor 1 is `to`.
struct CopyArgs {
  const void *from;
  void *to;
  Strided<2> space;
};

/// T is any type of the element's size.
template <typename T, class Block>
TPRT_KERNEL void copyBody(Block &block, const CopyArgs &args) {
  const T *from = static_cast<const T *>(args.from);
  T *to = static_cast<T *>(args.to);
  forEach(block, args.space.count, [&](int64_t i) {
    int64_t at[2];
    args.space.offsets(i, at);
    to[at[1]] = from[at[0]];
  });
}

/// out[...] = table row at indices[...]. The space is that of `out`; its
/// tensors are 0: table (stride 0 along the index dimensions), 1: indices
/// (stride 0 along all others), 2: out. See tprt_op_gather for the rows' rules.
struct GatherArgs {
  const void *table;
  const void *indices;
  void *out;
  Strided<3> space;
  int64_t rowStride; ///< of the table, along the gathered axis
  int64_t rows;      ///< that this rank holds
  int64_t offset;    ///< global number of the first of them
  int64_t globalRows;
  int32_t wideIndices; ///< i64, else i32
  int32_t op;
  DeviceError *error;
};

template <typename T, class Block>
TPRT_KERNEL void gatherBody(Block &block, const GatherArgs &args) {
  forEach(block, args.space.count, [&](int64_t i) {
    int64_t at[3];
    args.space.offsets(i, at);
    int64_t index = args.wideIndices
                        ? static_cast<const int64_t *>(args.indices)[at[1]]
                        : static_cast<const int32_t *>(args.indices)[at[1]];
    T value{};
    if (index < -args.globalRows || index >= args.globalRows) {
      block.fail(args.error, args.op, index, args.globalRows);
    } else {
      int64_t row = (index < 0 ? index + args.globalRows : index) - args.offset;
      if (row >= 0 && row < args.rows)
        value =
            static_cast<const T *>(args.table)[at[0] + row * args.rowStride];
    }
    static_cast<T *>(args.out)[at[2]] = value;
  });
}

constexpr int kMaxPeers = 32;

/// out[...] = reduction over members, in member order, of their tensors. All
/// members' tensors have the strides of tensor 0; `out` is tensor 1.
struct ReduceArgs {
  const void *members[kMaxPeers];
  int32_t numMembers;
  int32_t reduction;
  void *out;
  Strided<2> space;
};

template <typename A> TPRT_KERNEL A combine(int32_t reduction, A a, A b) {
  if (reduction == TPRT_SUM)
    return static_cast<A>(a + b);
  // A NaN on either side is the result.
  if (reduction == TPRT_MAX)
    return a != a || a > b ? a : b;
  return a != a || a < b ? a : b;
}

template <typename T, class Block>
TPRT_KERNEL void reduceBody(Block &block, const ReduceArgs &args) {
  forEach(block, args.space.count, [&](int64_t i) {
    int64_t at[2];
    args.space.offsets(i, at);
    auto sum = toAccumulator(static_cast<const T *>(args.members[0])[at[0]]);
    for (int m = 1; m < args.numMembers; ++m)
      sum = combine(
          args.reduction, sum,
          toAccumulator(static_cast<const T *>(args.members[m])[at[0]]));
    static_cast<T *>(args.out)[at[1]] = fromAccumulator<T>(sum);
  });
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_MOVE_CUH
