//===- Attention.cuh - Scaled dot product attention -------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One block per query row. Keys are visited in tiles of one per thread: each
// thread scores its key, the block updates the running maximum and sum (online
// softmax, Milakov and Gimelshein 2018), then threads take one output column
// each. Scores, probabilities and sums are f32 (f64 for f64 tensors).
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_ATTENTION_CUH
#define TPRT_CUDA_KERNELS_ATTENTION_CUH

#include "Scalar.cuh"

namespace tprt::cuda {

/// A tensor of [B, H, S or T, D or E] with its strides in elements.
struct AttentionTensor {
  const void *data;
  int64_t strides[4];
};

struct AttentionArgs {
  AttentionTensor q, k, v;
  AttentionTensor mask; ///< stride 0 where it broadcasts; null data: no mask
  void *out;
  int64_t outStrides[4];
  int64_t batch, qHeads, kvHeads, queries, keys, headSize, valueSize;
  int32_t maskType;
  tprt_attention_params params;
};

inline int64_t attentionBlocks(const AttentionArgs &args) {
  return args.batch * args.qHeads * args.queries;
}

/// Shared memory: the query row, the output row and one tile of probabilities.
template <typename T> size_t attentionSharedBytes(const AttentionArgs &args) {
  return sizeof(Accumulator<T>) * (args.headSize + args.valueSize + kThreads);
}

/// The keys [first, last) that query s can see.
TPRT_KERNEL void visibleKeys(const AttentionArgs &args, int64_t s,
                             int64_t &first, int64_t &last) {
  first = 0;
  last = args.keys;
  int64_t position = s + args.params.causal_offset;
  if (args.params.causal && position + 1 < last)
    last = position + 1 > 0 ? position + 1 : 0;
  if (args.params.window > 0 && position - args.params.window + 1 > first)
    first = position - args.params.window + 1;
}

/// What the mask adds to a score; -infinity hides the key.
template <typename A>
TPRT_KERNEL A maskValue(const AttentionArgs &args, int64_t b, int64_t h,
                        int64_t s, int64_t t) {
  if (!args.mask.data)
    return A(0);
  const int64_t *strides = args.mask.strides;
  int64_t at =
      b * strides[0] + h * strides[1] + s * strides[2] + t * strides[3];
  if (args.maskType == TPRT_BOOL)
    return static_cast<const uint8_t *>(args.mask.data)[at] ? A(0)
                                                            : A(-INFINITY);
  return loadFloat<A>(args.mask.data, args.maskType, at);
}

template <typename T, class Block>
TPRT_KERNEL void attentionBody(Block &block, const AttentionArgs &args) {
  using A = Accumulator<T>;
  int64_t s = block.index() % args.queries;
  int64_t h = block.index() / args.queries % args.qHeads;
  int64_t b = block.index() / args.queries / args.qHeads;
  int64_t kvHead = (h + args.params.q_head_offset) / args.params.group -
                   args.params.kv_head_offset;
  const T *q = static_cast<const T *>(args.q.data) + b * args.q.strides[0] +
               h * args.q.strides[1] + s * args.q.strides[2];
  const T *k = static_cast<const T *>(args.k.data) + b * args.k.strides[0] +
               kvHead * args.k.strides[1];
  const T *v = static_cast<const T *>(args.v.data) + b * args.v.strides[0] +
               kvHead * args.v.strides[1];
  T *out = static_cast<T *>(args.out) + b * args.outStrides[0] +
           h * args.outStrides[1] + s * args.outStrides[2];

  A *query = block.template shared<A>(0);
  A *result = query + args.headSize;
  A *weights = result + args.valueSize;
  block.phase([&](int t) {
    for (int64_t d = t; d < args.headSize; d += kThreads)
      query[d] = toAccumulator(q[d * args.q.strides[3]]);
    for (int64_t e = t; e < args.valueSize; e += kThreads)
      result[e] = A(0);
  });

  int64_t first, last;
  visibleKeys(args, s, first, last);
  A maximum = A(-INFINITY), sum = A(0); // uniform
  typename Block::template PerThread<A> score(block), weight(block);
  for (int64_t tile = first; tile < last; tile += kThreads) {
    block.phase([&](int t) {
      int64_t key = tile + t;
      score[t] = A(-INFINITY);
      if (key >= last)
        return;
      A mask = maskValue<A>(args, b, h, s, key);
      if (mask == A(-INFINITY))
        return;
      const T *row = k + key * args.k.strides[2];
      A dot = A(0);
      for (int64_t d = 0; d < args.headSize; ++d)
        dot += query[d] * toAccumulator(row[d * args.k.strides[3]]);
      dot *= static_cast<A>(args.params.scale);
      if (args.params.softcap != 0) {
        A cap = static_cast<A>(args.params.softcap);
        dot = cap * hyperbolicTangent(dot / cap);
      }
      score[t] = dot + mask;
    });
    A newMaximum = block.allMax(score);
    newMaximum = newMaximum < maximum ? maximum : newMaximum; // keeps a NaN
    if (newMaximum == A(-INFINITY))
      continue; // nothing visible so far
    block.phase([&](int t) {
      weight[t] = exponential(score[t] - newMaximum);
      weights[t] = weight[t];
    });
    A correction = exponential(maximum - newMaximum); // 0 the first time
    sum = sum * correction + block.allSum(weight);
    maximum = newMaximum;
    int64_t keys = last - tile < kThreads ? last - tile : kThreads;
    block.phase([&](int t) {
      for (int64_t e = t; e < args.valueSize; e += kThreads) {
        const T *column = v + tile * args.v.strides[2] + e * args.v.strides[3];
        A value = result[e] * correction;
        for (int64_t j = 0; j < keys; ++j)
          value += weights[j] * toAccumulator(column[j * args.v.strides[2]]);
        result[e] = value;
      }
    });
  }
  block.phase([&](int t) {
    for (int64_t e = t; e < args.valueSize; e += kThreads)
      out[e * args.outStrides[3]] =
          fromAccumulator<T>(sum == A(0) ? A(0) : result[e] / sum);
  });
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_ATTENTION_CUH
