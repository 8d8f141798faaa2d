//===- Block.cuh - One block of threads, on the GPU or emulated -*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel bodies are templates over a block type and are written in phases:
//
//   template <class Block> TPRT_KERNEL void body(Block &block, const Args &a) {
//     float *buffer = block.template shared<float>(0);
//     typename Block::template PerThread<float> x(block);
//     block.phase([&](int t) { buffer[t] = x[t] = ...; });  // all threads
//     block.phase([&](int t) { ... buffer[other] ... });    // after a barrier
//   }
//
// A phase runs the lambda for every thread of the block and ends with a
// barrier. State that lives across phases is shared memory, a PerThread value,
// or uniform (computed the same way by every thread). On the GPU DeviceBlock
// makes a phase a call followed by __syncthreads() and PerThread a register; on
// the CPU HostBlock loops over the threads. So the same source runs under g++
// in the unit tests, without CUDA.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_BLOCK_CUH
#define TPRT_CUDA_KERNELS_BLOCK_CUH

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#define TPRT_KERNEL __device__ inline
#else
#define TPRT_KERNEL inline
#include <cstdlib>
#include <vector>
#endif

namespace tprt::cuda {

/// The first failed check of a run. Lives in memory that the GPU and the host
/// both see; the host clears `set` before a run and reads it after.
struct DeviceError {
  int32_t set;
  int32_t op;
  int64_t got;
  int64_t limit;
};

/// Threads per block of every kernel in this folder.
constexpr int kThreads = 128;

#ifdef __CUDACC__

class DeviceBlock {
public:
  template <typename T> struct PerThread {
    __device__ explicit PerThread(DeviceBlock &) : value() {}
    __device__ T &operator[](int) { return value; }
    T value;
  };

  __device__ int threads() const { return kThreads; }
  __device__ int64_t index() const { return blockIdx.x; }
  __device__ int64_t count() const { return gridDim.x; }

  /// Dynamic shared memory at a byte offset (a multiple of sizeof(T)).
  template <typename T> __device__ T *shared(size_t offset) {
    extern __shared__ __align__(16) char tprtShared[];
    return reinterpret_cast<T *>(tprtShared + offset);
  }

  template <class F> __device__ void phase(F body) {
    body(static_cast<int>(threadIdx.x));
    __syncthreads();
  }

  /// The maximum (sum) over the threads' values, the same in every thread. A
  /// NaN is the result; the order of additions is fixed.
  template <typename T> __device__ T allMax(PerThread<T> &x) {
    return reduce(x.value, [](T a, T b) { return a != a || a > b ? a : b; });
  }
  template <typename T> __device__ T allSum(PerThread<T> &x) {
    return reduce(x.value, [](T a, T b) { return a + b; });
  }

  __device__ void fail(DeviceError *error, int32_t op, int64_t got,
                       int64_t limit) {
    if (atomicCAS(&error->set, 0, 1) != 0)
      return;
    error->op = op;
    error->got = got;
    error->limit = limit;
  }

private:
  template <typename T, class F> __device__ T reduce(T x, F combine) {
    __shared__ T warps[kThreads / 32];
    for (int distance = 16; distance > 0; distance /= 2)
      x = combine(x, __shfl_xor_sync(0xffffffffu, x, distance));
    if (threadIdx.x % 32 == 0)
      warps[threadIdx.x / 32] = x;
    __syncthreads();
    x = warps[0];
    for (int w = 1; w < kThreads / 32; ++w)
      x = combine(x, warps[w]);
    __syncthreads(); // `warps` may be written again right away
    return x;
  }
};

#else

class HostBlock {
public:
  template <typename T> struct PerThread {
    explicit PerThread(HostBlock &) : values(kThreads) {}
    T &operator[](int t) { return values[t]; }
    std::vector<T> values;
  };

  HostBlock(int64_t index, int64_t count, char *sharedMemory)
      : blockIndex(index), blockCount(count), sharedMemory(sharedMemory) {}

  int threads() const { return kThreads; }
  int64_t index() const { return blockIndex; }
  int64_t count() const { return blockCount; }

  template <typename T> T *shared(size_t offset) {
    return reinterpret_cast<T *>(sharedMemory + offset);
  }

  template <class F> void phase(F body) {
    for (int t = 0; t < kThreads; ++t)
      body(t);
  }

  template <typename T> T allMax(PerThread<T> &x) {
    return reduce(x, [](T a, T b) { return a != a || a > b ? a : b; });
  }
  template <typename T> T allSum(PerThread<T> &x) {
    return reduce(x, [](T a, T b) { return a + b; });
  }

  void fail(DeviceError *error, int32_t op, int64_t got, int64_t limit) {
    if (!error->set)
      *error = {1, op, got, limit};
  }

private:
  // The GPU's order: a butterfly within each warp, then warp by warp.
  template <typename T, class F> T reduce(PerThread<T> &x, F combine) {
    std::vector<T> values = x.values, next(kThreads);
    for (int distance = 16; distance > 0; distance /= 2) {
      for (int t = 0; t < kThreads; ++t)
        next[t] = combine(values[t], values[t ^ distance]);
      values.swap(next);
    }
    T result = values[0];
    for (int w = 1; w < kThreads / 32; ++w)
      result = combine(result, values[w * 32]);
    return result;
  }

  int64_t blockIndex;
  int64_t blockCount;
  char *sharedMemory;
};

/// Runs `body` for every block of a grid, as a launch would. Shared memory is
/// filled with a pattern, so that reading it uninitialised shows.
template <class F> void emulate(int64_t blocks, size_t sharedBytes, F body) {
  for (int64_t b = 0; b < blocks; ++b) {
    // Its own heap block: AddressSanitizer sees an overrun.
    std::vector<double> memory(
        (sharedBytes + sizeof(double) - 1) / sizeof(double), 1e300);
    HostBlock block(b, blocks, reinterpret_cast<char *>(memory.data()));
    body(block);
  }
}

#endif

/// Calls `body(i)` for i in [0, count), spread over all threads of the grid.
template <class Block, class F>
TPRT_KERNEL void forEach(Block &block, int64_t count, F body) {
  block.phase([&](int t) {
    int64_t step = block.count() * block.threads();
    for (int64_t i = block.index() * block.threads() + t; i < count; i += step)
      body(i);
  });
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_BLOCK_CUH
