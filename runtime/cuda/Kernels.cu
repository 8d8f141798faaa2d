//===- Kernels.cu - The kernels' entry points and launches ------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Launch.h"
#include <algorithm>

using namespace tprt;
using namespace tprt::cuda;

namespace {

template <typename T> __global__ void copyKernel(CopyArgs args) {
  DeviceBlock block;
  copyBody<T>(block, args);
}

template <typename T> __global__ void gatherKernel(GatherArgs args) {
  DeviceBlock block;
  gatherBody<T>(block, args);
}

template <typename T> __global__ void reduceKernel(ReduceArgs args) {
  DeviceBlock block;
  reduceBody<T>(block, args);
}

template <typename T> __global__ void scatterKernel(ScatterArgs args) {
  DeviceBlock block;
  scatterBody<T>(block, args);
}

__global__ void topKKernel(TopKArgs args) {
  DeviceBlock block;
  topKBody(block, args);
}

template <typename A> __global__ void matmulKernel(MatmulArgs args) {
  DeviceBlock block;
  matmulBody<A>(block, args);
}

template <typename A> __global__ void epilogueKernel(EpilogueArgs args) {
  DeviceBlock block;
  epilogueBody<A>(block, args);
}

template <typename T> __global__ void attentionKernel(AttentionArgs args) {
  DeviceBlock block;
  attentionBody<T>(block, args);
}

/// Blocks for a kernel that walks `count` elements with forEach: enough to fill
/// any GPU, few enough that each has work.
unsigned elementBlocks(int64_t count) {
  return static_cast<unsigned>(
      std::min<int64_t>((count + kThreads - 1) / kThreads, 4096));
}

/// Blocks of kernels that need an exact number.
unsigned exactBlocks(int64_t count, const char *what) {
  if (count > INT32_MAX)
    fail(TPRT_UNSUPPORTED, "cuda: ", what, " of ", count,
         " thread blocks; the limit is ", INT32_MAX);
  return static_cast<unsigned>(count);
}

template <typename Args>
void launchElements(cudaStream_t stream, void (*kernel)(Args), const Args &args,
                    const char *what) {
  if (args.space.count == 0)
    return;
  kernel<<<elementBlocks(args.space.count), kThreads, 0, stream>>>(args);
  check(cudaGetLastError(), what);
}

template <typename T>
void launchAttentionOf(cudaStream_t stream, const AttentionArgs &args) {
  size_t shared = attentionSharedBytes<T>(args);
  if (shared > 48 * 1024) // beyond it a kernel must ask
    check(cudaFuncSetAttribute(attentionKernel<T>,
                               cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shared)),
          "attention head size");
  unsigned blocks = exactBlocks(attentionBlocks(args), "attention");
  if (blocks == 0)
    return;
  attentionKernel<T><<<blocks, kThreads, shared, stream>>>(args);
  check(cudaGetLastError(), "attention");
}

} // namespace

void tprt::cuda::launchCopy(cudaStream_t stream, const CopyArgs &args,
                            size_t elementBytes) {
  if (args.space.dense(0) && args.space.dense(1)) {
    if (args.space.count > 0 && args.from != args.to)
      check(cudaMemcpyAsync(args.to, args.from, args.space.count * elementBytes,
                            cudaMemcpyDefault, stream),
            "copy");
    return;
  }
  switch (elementBytes) {
  case 1:
    return launchElements(stream, copyKernel<uint8_t>, args, "copy");
  case 2:
    return launchElements(stream, copyKernel<uint16_t>, args, "copy");
  case 4:
    return launchElements(stream, copyKernel<uint32_t>, args, "copy");
  case 8:
    return launchElements(stream, copyKernel<uint64_t>, args, "copy");
  }
  fail(TPRT_UNSUPPORTED, "cuda: copy of elements of ", elementBytes, " bytes");
}

void tprt::cuda::launchGather(cudaStream_t stream, const GatherArgs &args,
                              size_t elementBytes) {
  switch (elementBytes) {
  case 1:
    return launchElements(stream, gatherKernel<uint8_t>, args, "gather");
  case 2:
    return launchElements(stream, gatherKernel<uint16_t>, args, "gather");
  case 4:
    return launchElements(stream, gatherKernel<uint32_t>, args, "gather");
  case 8:
    return launchElements(stream, gatherKernel<uint64_t>, args, "gather");
  }
  fail(TPRT_UNSUPPORTED, "cuda: gather of elements of ", elementBytes,
       " bytes");
}

void tprt::cuda::launchScatter(cudaStream_t stream, const ScatterArgs &args,
                               tprt_dtype dtype) {
  auto launch = [&](void (*kernel)(ScatterArgs)) {
    launchElements(stream, kernel, args, "scatter");
  };
  switch (dtype) {
  case TPRT_F32:
    return launch(scatterKernel<float>);
  case TPRT_F64:
    return launch(scatterKernel<double>);
  case TPRT_F16:
    return launch(scatterKernel<Half>);
  case TPRT_BF16:
    return launch(scatterKernel<BFloat16>);
  case TPRT_BOOL:
    return launch(scatterKernel<bool>);
  case TPRT_I8:
    return launch(scatterKernel<int8_t>);
  case TPRT_U8:
    return launch(scatterKernel<uint8_t>);
  case TPRT_I16:
    return launch(scatterKernel<int16_t>);
  case TPRT_U16:
    return launch(scatterKernel<uint16_t>);
  case TPRT_I32:
    return launch(scatterKernel<int32_t>);
  case TPRT_U32:
    return launch(scatterKernel<uint32_t>);
  case TPRT_I64:
    return launch(scatterKernel<int64_t>);
  case TPRT_U64:
    return launch(scatterKernel<uint64_t>);
  default:
    fail(TPRT_UNSUPPORTED, "cuda: scatter of elements of type ",
         static_cast<int>(dtype));
  }
}

void tprt::cuda::launchTopK(cudaStream_t stream, const TopKArgs &args) {
  unsigned blocks = exactBlocks(args.rows.count, "top-k");
  if (blocks == 0 || args.k == 0)
    return;
  topKKernel<<<blocks, kThreads, kTopKSharedBytes, stream>>>(args);
  check(cudaGetLastError(), "top-k");
}

void tprt::cuda::launchReduce(cudaStream_t stream, const ReduceArgs &args,
                              tprt_dtype dtype) {
  auto launch = [&](void (*kernel)(ReduceArgs)) {
    launchElements(stream, kernel, args, "reduction");
  };
  switch (dtype) {
  case TPRT_F32:
    return launch(reduceKernel<float>);
  case TPRT_F16:
    return launch(reduceKernel<Half>);
  case TPRT_BF16:
    return launch(reduceKernel<BFloat16>);
  case TPRT_F64:
    return launch(reduceKernel<double>);
  case TPRT_I8:
    return launch(reduceKernel<int8_t>);
  case TPRT_BOOL:
  case TPRT_U8:
    return launch(reduceKernel<uint8_t>);
  case TPRT_I32:
    return launch(reduceKernel<int32_t>);
  case TPRT_U32:
    return launch(reduceKernel<uint32_t>);
  case TPRT_I64:
    return launch(reduceKernel<int64_t>);
  case TPRT_U64:
    return launch(reduceKernel<uint64_t>);
  default:
    fail(TPRT_UNSUPPORTED, "cuda: reduction over elements of type ",
         static_cast<int>(dtype));
  }
}

void tprt::cuda::launchMatmul(cudaStream_t stream, const MatmulArgs &args,
                              bool wide) {
  unsigned blocks = exactBlocks(matmulBlocks(args), "matmul");
  if (blocks == 0)
    return;
  if (wide)
    matmulKernel<double>
        <<<blocks, kThreads, matmulSharedBytes<double>(), stream>>>(args);
  else
    matmulKernel<float>
        <<<blocks, kThreads, matmulSharedBytes<float>(), stream>>>(args);
  check(cudaGetLastError(), "matmul");
}

void tprt::cuda::launchEpilogue(cudaStream_t stream, const EpilogueArgs &args,
                                bool wide) {
  launchElements(stream, wide ? epilogueKernel<double> : epilogueKernel<float>,
                 args, "matmul epilogue");
}

void tprt::cuda::launchAttention(cudaStream_t stream, const AttentionArgs &args,
                                 tprt_dtype dtype) {
  switch (dtype) {
  case TPRT_F32:
    return launchAttentionOf<float>(stream, args);
  case TPRT_F16:
    return launchAttentionOf<Half>(stream, args);
  case TPRT_BF16:
    return launchAttentionOf<BFloat16>(stream, args);
  case TPRT_F64:
    return launchAttentionOf<double>(stream, args);
  default:
    fail(TPRT_UNSUPPORTED, "cuda: attention over elements of type ",
         static_cast<int>(dtype));
  }
}
