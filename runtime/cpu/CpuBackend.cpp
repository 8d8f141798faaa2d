//===- CpuBackend.cpp - The CPU as a device -------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "cpu/CpuDevice.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>

using namespace tprt;

namespace {

constexpr size_t hugePage = size_t(2) << 20;

// Large blocks come in huge pages where the system has them: streaming through
// hundreds of megabytes of weights in 4 KiB pages costs a tenth of the time.
void *allocateAligned(size_t bytes) {
  bool large = bytes >= 4 * hugePage;
  size_t alignment = large ? hugePage : 64;
  if (bytes > SIZE_MAX - alignment)
    throw std::bad_alloc();
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, rounded ? rounded : alignment);
  if (!memory)
    throw std::bad_alloc();
  if (large)
    madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

class CpuBackend : public Backend {
public:
  const char *name() const override { return "cpu"; }
  std::unique_ptr<Device> createDevice(const DeviceOptions &) override { return std::make_unique<CpuDevice>(); }
  std::vector<std::unique_ptr<Communicator>> createWorld(int size, const WorldOptions &options) override {
    return createLocalWorld(size, options);
  }
};

constexpr OpTable cpuOps = {cpuMatmul, cpuAttention, cpuCacheAppend, cpuGather, cpuCollective,
                            cpuCopy,   nullptr,      cpuScatter,     cpuTopK};

} // namespace

Scratch::~Scratch() { std::free(memory); }

void *Scratch::bytes(size_t count) {
  if (count > capacity || !memory) {
    std::free(memory);
    memory = nullptr;
    capacity = 0;
    // Room to grow: caches lengthen token by token.
    size_t wanted = count + count / 4;
    memory = allocateAligned(wanted);
    capacity = wanted;
  }
  return memory;
}

CpuDevice::CpuDevice(const CpuKernels &kernels) : kernels(kernels) {}
CpuDevice::~CpuDevice() = default;

void *CpuDevice::allocate(size_t bytes) { return allocateAligned(bytes); }
void CpuDevice::deallocate(void *data) noexcept { std::free(data); }

void CpuDevice::copyToDevice(void *device, const void *host, size_t bytes) {
  if (bytes)
    std::memcpy(device, host, bytes);
}

void CpuDevice::copyToHost(void *host, const void *device, size_t bytes) {
  if (bytes)
    std::memcpy(host, device, bytes);
}

const OpTable &CpuDevice::ops() const { return cpuOps; }

std::unique_ptr<Backend> tprt::createCpuBackend() { return std::make_unique<CpuBackend>(); }
