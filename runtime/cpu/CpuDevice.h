//===- CpuDevice.h - The CPU as a device -----------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CPU_CPUDEVICE_H
#define TPRT_CPU_CPUDEVICE_H

#include "cpu/Kernels.h"

#include "tprt/device.h"

#include <memory>

namespace tprt {

// Host memory that grows on demand, 64-byte aligned; content is not kept.
class Scratch {
public:
  ~Scratch();
  Scratch() = default;
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  void *bytes(size_t count);
  float *floats(int64_t count) { return static_cast<float *>(bytes(static_cast<size_t>(count) * sizeof(float))); }

private:
  void *memory = nullptr;
  size_t capacity = 0;
};

class CpuDevice : public Device {
public:
  explicit CpuDevice(const CpuKernels &kernels = cpuKernels());
  ~CpuDevice() override;

  bool isHost() const override { return true; }
  void *allocate(size_t bytes) override;
  void deallocate(void *data) noexcept override;
  void copyToDevice(void *device, const void *host, size_t bytes) override;
  void copyToHost(void *host, const void *device, size_t bytes) override;
  const OpTable &ops() const override;

  const CpuKernels &kernels;
  // Temporaries of the operation that runs; each has one use per operation.
  Scratch scratch[6];
};

inline CpuDevice &cpuDevice(tprt_ctx *ctx) { return *static_cast<CpuDevice *>(ctx->device); }

// The operations, as in tprt/abi.h; they throw.
void cpuMatmul(tprt_ctx *ctx, int32_t op, const tprt_view *a, const tprt_view *b, const tprt_view *bias,
               const tprt_view *residual, const tprt_view *c, float alpha, int32_t activation);
void cpuAttention(tprt_ctx *ctx, int32_t op, const tprt_view *q, const tprt_view *k, const tprt_view *v,
                  const tprt_view *mask, const tprt_view *out, const tprt_attention_params *params);
void cpuCacheAppend(tprt_ctx *ctx, int32_t op, const tprt_view *past, const tprt_view *fresh, const tprt_view *present,
                    int32_t axis);
void cpuGather(tprt_ctx *ctx, int32_t op, const tprt_view *table, const tprt_view *indices, const tprt_view *out,
               int32_t axis, int64_t offset, int64_t globalSize);
void cpuCollective(tprt_ctx *ctx, int32_t op, int32_t kind, int32_t group, int32_t reduction, int32_t dim, int32_t dim2,
                   const int64_t *memberSizes, const tprt_view *in, const tprt_view *out);
void cpuScatter(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *indices, const tprt_view *updates,
                const tprt_view *out, int32_t axis, int32_t reduction);
void cpuTopK(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *values, const tprt_view *indices,
             int32_t axis, int32_t largest);
void cpuCopy(tprt_ctx *ctx, int32_t op, const tprt_view *src, const tprt_view *dst);

} // namespace tprt

#endif // TPRT_CPU_CPUDEVICE_H
