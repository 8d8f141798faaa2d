//===- CudaStream.h - A rank's queue of work on its GPU ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_CUDASTREAM_H
#define TPRT_CUDA_CUDASTREAM_H

#include "Stream.h"
#include <cuda_runtime_api.h>
#include <set>

namespace tprt::cuda {

/// Made before the rank's thread runs; open() is that thread's first call.
class CudaStream : public Stream {
public:
  CudaStream(int rank, int gpu, double timeoutSeconds)
      : rank(rank), gpuIndex(gpu), timeoutSeconds(timeoutSeconds) {}
  ~CudaStream() override;

  /// Chooses the GPU for the calling thread and creates the stream. Kernels
  /// here will read the memory of the GPUs in `peers`.
  void open(const std::set<int> &peers);

  int gpu() const { return gpuIndex; }
  cudaStream_t handle() const { return stream; }

  void *allocate(size_t bytes) override;
  void deallocate(void *data) noexcept override;
  void copy(const CopyArgs &args, size_t elementBytes) override;
  void reduce(const ReduceArgs &args, tprt_dtype dtype) override;
  std::unique_ptr<StreamEvent> createEvent() override;
  void record(StreamEvent &event) override;
  void waitFor(StreamEvent &event) override;
  void synchronize() override { synchronize("finishing enqueued work"); }
  /// `what` was being waited for, in the error.
  void synchronize(const char *what);

private:
  int rank;
  int gpuIndex;
  double timeoutSeconds;
  cudaStream_t stream = nullptr;
  cudaEvent_t idle = nullptr;
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_CUDASTREAM_H
