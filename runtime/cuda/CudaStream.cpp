//===- CudaStream.cpp - A rank's queue of work on its GPU -------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaStream.h"
#include "Check.h"
#include "Launch.h"
#include <chrono>
#include <thread>

using namespace tprt;
using namespace tprt::cuda;

namespace {

struct CudaEvent : StreamEvent {
  CudaEvent() {
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming),
          "creating an event");
  }
  ~CudaEvent() override { cudaEventDestroy(event); }
  cudaEvent_t event = nullptr;
};

cudaEvent_t eventOf(StreamEvent &event) {
  return static_cast<CudaEvent &>(event).event;
}

} // namespace

CudaStream::~CudaStream() {
  if (idle)
    cudaEventDestroy(idle);
  if (stream)
    cudaStreamDestroy(stream);
}

void CudaStream::open(const std::set<int> &peers) {
  check(cudaSetDevice(gpuIndex), "choosing the GPU");
  if (stream)
    return;
  for (int peer : peers) {
    if (peer == gpuIndex)
      continue;
    int possible = 0;
    check(cudaDeviceCanAccessPeer(&possible, gpuIndex, peer),
          "asking for peer access");
    if (!possible)
      fail(TPRT_UNSUPPORTED, "peer: GPU ", gpuIndex,
           " cannot read the memory of GPU ", peer,
           "; set TPRT_CUDA_COMM=nccl");
    cudaError_t status = cudaDeviceEnablePeerAccess(peer, 0);
    if (status == cudaErrorPeerAccessAlreadyEnabled)
      cudaGetLastError(); // another rank of this GPU was here
    else
      check(status, "enabling peer access");
  }
  check(cudaEventCreateWithFlags(&idle, cudaEventDisableTiming),
        "creating an event");
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking),
        "creating a stream");
}

void *CudaStream::allocate(size_t bytes) {
  void *data = nullptr;
  check(cudaMalloc(&data, bytes ? bytes : 1), "allocating memory");
  return data;
}

void CudaStream::deallocate(void *data) noexcept { cudaFree(data); }

void CudaStream::copy(const CopyArgs &args, size_t elementBytes) {
  launchCopy(stream, args, elementBytes);
}

void CudaStream::reduce(const ReduceArgs &args, tprt_dtype dtype) {
  launchReduce(stream, args, dtype);
}

std::unique_ptr<StreamEvent> CudaStream::createEvent() {
  return std::make_unique<CudaEvent>();
}

void CudaStream::record(StreamEvent &event) {
  check(cudaEventRecord(eventOf(event), stream), "recording an event");
}

void CudaStream::waitFor(StreamEvent &event) {
  check(cudaStreamWaitEvent(stream, eventOf(event), 0),
        "waiting for another rank");
}

void CudaStream::synchronize(const char *what) {
  check(cudaEventRecord(idle, stream), what);
  auto start = std::chrono::steady_clock::now();
  while (true) {
    cudaError_t status = cudaEventQuery(idle);
    if (status != cudaErrorNotReady)
      return check(status, what);
    auto waited = std::chrono::steady_clock::now() - start;
    if (waited > std::chrono::duration<double>(timeoutSeconds))
      fail(TPRT_STALLED, "cuda: rank ", rank, " on GPU ", gpuIndex, ": ", what,
           " took more than ", timeoutSeconds, " s");
    // Short waits decide the latency of a decoding step; long ones should
    // leave the core to other ranks.
    if (waited < std::chrono::milliseconds(2))
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}
