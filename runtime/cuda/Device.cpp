//===- Device.cpp - One rank's GPU stream and memory ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "Check.h"
#include <cstring>

using namespace tprt;
using namespace tprt::cuda;

CudaDevice::CudaDevice(const DeviceOptions &options,
                       std::shared_ptr<CudaStream> stream)
    : queue(std::move(stream)) {
  check(cudaHostAlloc(reinterpret_cast<void **>(&errorFlag),
                      sizeof(DeviceError), cudaHostAllocMapped),
        "allocating the error flag");
  std::memset(errorFlag, 0, sizeof(DeviceError));
  matmulPlans.create(queue->handle());
  if (!options.kernels.empty())
    kernels.load(options.artifact + "/kernels.fatbin", options.kernels);
}

CudaDevice::~CudaDevice() {
  // Pending work uses this memory; an error here has been reported before.
  cudaStreamSynchronize(queue->handle());
  for (Buffer &buffer : scratchBuffers)
    cudaFree(buffer.data);
  cudaFreeHost(errorFlag);
}

void *CudaDevice::allocate(size_t bytes) { return queue->allocate(bytes); }

void CudaDevice::deallocate(void *data) noexcept { queue->deallocate(data); }

void CudaDevice::copyToDevice(void *device, const void *host, size_t bytes) {
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice,
                        queue->handle()),
        "copying to the GPU");
  queue->synchronize("copying to the GPU");
}

void CudaDevice::copyToHost(void *host, const void *device, size_t bytes) {
  // A copy to pageable memory blocks without a limit: wait for the stream
  // first.
  queue->synchronize("finishing work before a copy");
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost,
                        queue->handle()),
        "copying from the GPU");
  queue->synchronize("copying from the GPU");
}

void CudaDevice::beginRun(tprt_ctx *) {
  std::memset(errorFlag, 0, sizeof(DeviceError));
  kernels.clearError(queue->handle());
}

void CudaDevice::endRun(tprt_ctx *ctx) {
  queue->synchronize("running the program");
  DeviceError inKernels{};
  kernels.readError(queue->handle(), inKernels);
  queue->synchronize("reading the error flag");
  // As the CPU's gather and tprt_op_fail put it.
  if (errorFlag->set)
    ctx->setError(errorFlag->op, TPRT_RUN_FAILED,
                  concat("index ", errorFlag->got, " is out of range for ",
                         errorFlag->limit, " rows"));
  else if (inKernels.set)
    ctx->setError(inKernels.op, TPRT_RUN_FAILED,
                  concat("value ", inKernels.got, " is out of range (limit ",
                         inKernels.limit, ")"));
}

void *CudaDevice::scratch(int slot, size_t bytes) {
  Buffer &buffer = scratchBuffers[slot];
  if (bytes > buffer.bytes) {
    queue->synchronize("growing a scratch buffer");
    check(cudaFree(buffer.data), "growing a scratch buffer");
    buffer = {};
    buffer.data = allocate(bytes);
    buffer.bytes = bytes;
  }
  return buffer.data;
}

const OpTable &CudaDevice::ops() const {
  static const OpTable table = {opMatmul, opAttention, opCacheAppend, opGather, opCollective,
                                opCopy,   opLaunch,    opScatter,     opTopK};
  return table;
}
