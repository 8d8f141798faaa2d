//===- Select.cuh - Scatter and top-k kernels -------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_SELECT_CUH
#define TPRT_CUDA_KERNELS_SELECT_CUH

#include "Scalar.cuh"
#include "Strided.cuh"
#include "core/Order.h"

namespace tprt::cuda {

/// Updates of a copy of the data. Threads take what is independent, the
/// elements of `space`; each does the updates of `sequence` in order, so that
/// the result is the operator's without atomics. Tensors of `space` are 0:
/// indices, 1: updates, 2: out; of `sequence` 0: indices, 1: updates.
struct ScatterArgs {
  const void *indices;
  const void *updates;
  void *out;
  Strided<3> space; ///< of the fibres
  Strided<2> sequence;
  int32_t depth;         ///< components of an index
  int64_t componentStep; ///< between them, in `indices`
  int64_t extents[TPRT_MAX_RANK];
  int64_t strides[TPRT_MAX_RANK]; ///< of out, along the indexed dimensions
  int32_t reduction;
  int32_t wideIndices; ///< i64, else i32
  int32_t op;
  DeviceError *error;
};

template <typename A> TPRT_KERNEL A combineUpdate(int32_t reduction, A old, A update) {
  switch (reduction) {
  case TPRT_SCATTER_ADD:
    return static_cast<A>(old + update);
  case TPRT_SCATTER_MUL:
    return static_cast<A>(old * update);
  // A NaN on either side is the result.
  case TPRT_SCATTER_MIN:
    return old != old || old < update ? old : update;
  case TPRT_SCATTER_MAX:
    return old != old || old > update ? old : update;
  default:
    return update;
  }
}

template <> TPRT_KERNEL bool combineUpdate(int32_t reduction, bool old, bool update) {
  if (reduction == TPRT_SCATTER_NONE)
    return update;
  bool isUnion = reduction == TPRT_SCATTER_ADD || reduction == TPRT_SCATTER_MAX;
  return isUnion ? old || update : old && update;
}

template <typename T, class Block> TPRT_KERNEL void scatterBody(Block &block, const ScatterArgs &args) {
  forEach(block, args.space.count, [&](int64_t fibre) {
    int64_t base[3];
    args.space.offsets(fibre, base);
    for (int64_t i = 0; i < args.sequence.count; ++i) {
      int64_t at[2], to = base[2];
      args.sequence.offsets(i, at);
      bool inRange = true;
      for (int c = 0; c < args.depth && inRange; ++c) {
        int64_t where = base[0] + at[0] + c * args.componentStep;
        int64_t index = args.wideIndices ? static_cast<const int64_t *>(args.indices)[where]
                                         : static_cast<const int32_t *>(args.indices)[where];
        inRange = index >= -args.extents[c] && index < args.extents[c];
        if (!inRange)
          block.fail(args.error, args.op, index, args.extents[c]);
        to += (index < 0 ? index + args.extents[c] : index) * args.strides[c];
      }
      if (!inRange)
        continue;
      T *element = static_cast<T *>(args.out) + to;
      T update = static_cast<const T *>(args.updates)[base[1] + at[1]];
      if (args.reduction == TPRT_SCATTER_NONE)
        *element = update;
      else
        *element = fromAccumulator<T>(combineUpdate(args.reduction, toAccumulator(*element), toAccumulator(update)));
    }
  });
}

/// One block selects from one row, an element per round: the best of those that
/// come after the one before. Tensors of `rows` are 0: data, 1: values, 2:
/// indices.
struct TopKArgs {
  const void *data;
  void *values;
  int64_t *indices;
  Strided<3> rows;
  int64_t count, k;
  int64_t dataStep, valueStep, indexStep;
  int32_t dtype;
  int32_t elementBytes;
  int32_t largest;
};

/// An element in the order of selection.
struct Candidate {
  int64_t key, index; ///< index -1: none

  TPRT_KERNEL bool isBefore(const Candidate &other) const {
    if (index < 0 || other.index < 0)
      return index >= 0;
    return key != other.key ? key > other.key : index < other.index;
  }
};

constexpr size_t kTopKSharedBytes = kThreads * sizeof(Candidate);

template <class Block> TPRT_KERNEL void topKBody(Block &block, const TopKArgs &args) {
  Candidate *best = block.template shared<Candidate>(0);
  int64_t at[3];
  args.rows.offsets(block.index(), at);
  const char *data = static_cast<const char *>(args.data);
  typename Block::template PerThread<Candidate> last(block);
  block.phase([&](int t) { last[t] = {0, -1}; });
  for (int64_t round = 0; round < args.k; ++round) {
    block.phase([&](int t) {
      Candidate found{0, -1};
      for (int64_t i = t; i < args.count; i += block.threads()) {
        int64_t key = orderKey(args.dtype, data + (at[0] + i * args.dataStep) * args.elementBytes);
        Candidate candidate{args.largest ? key : ~key, i};
        bool isLeft = last[t].index < 0 || last[t].isBefore(candidate);
        if (isLeft && candidate.isBefore(found))
          found = candidate;
      }
      best[t] = found;
    });
    for (int half = kThreads / 2; half > 0; half /= 2)
      block.phase([&](int t) {
        if (t < half && best[t + half].isBefore(best[t]))
          best[t] = best[t + half];
      });
    block.phase([&](int t) {
      last[t] = best[0];
      if (t != 0)
        return;
      args.indices[at[2] + round * args.indexStep] = best[0].index;
      const char *from = data + (at[0] + best[0].index * args.dataStep) * args.elementBytes;
      char *to = static_cast<char *>(args.values) + (at[1] + round * args.valueStep) * args.elementBytes;
      for (int b = 0; b < args.elementBytes; ++b)
        to[b] = from[b];
    });
  }
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_SELECT_CUH
