//===- Stream.h - What collectives need of a GPU stream ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The peer communicator and the packing around collectives are written against
// this interface: on a GPU it is CudaStream, in the unit tests a queue of
// emulated kernels, so their logic and their ordering are tested without a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_STREAM_H
#define TPRT_CUDA_STREAM_H

#include "kernels/Move.cuh"
#include <memory>

namespace tprt::cuda {

/// A point in a stream's work.
class StreamEvent {
public:
  virtual ~StreamEvent() = default;
};

/// One rank's queue of work. All but allocation enqueue and return. Used by the
/// rank's thread; deallocate() by any.
class Stream {
public:
  virtual ~Stream() = default;

  /// Memory that every rank's kernels can read.
  virtual void *allocate(size_t bytes) = 0;
  virtual void deallocate(void *data) noexcept = 0;

  virtual void copy(const CopyArgs &args, size_t elementBytes) = 0;
  virtual void reduce(const ReduceArgs &args, tprt_dtype dtype) = 0;

  virtual std::unique_ptr<StreamEvent> createEvent() = 0;
  /// `event` now stands for the work enqueued so far on this stream.
  virtual void record(StreamEvent &event) = 0;
  /// Later work of this stream starts after `event`, of any stream, as it was
  /// last recorded before this call; at once if it never was.
  virtual void waitFor(StreamEvent &event) = 0;

  /// Returns when all enqueued work is done, or throws at the time limit.
  virtual void synchronize() = 0;
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_STREAM_H
