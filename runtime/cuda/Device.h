//===- Device.h - One rank's GPU stream and memory --------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_DEVICE_H
#define TPRT_CUDA_DEVICE_H

#include "CudaStream.h"
#include "Matmul.h"
#include "Module.h"
#include "tprt/device.h"

namespace tprt::cuda {

class CudaDevice : public Device {
public:
  /// `stream` is open.
  CudaDevice(const DeviceOptions &options, std::shared_ptr<CudaStream> stream);
  ~CudaDevice() override;

  bool isHost() const override { return false; }
  void *allocate(size_t bytes) override;
  void deallocate(void *data) noexcept override;
  void copyToDevice(void *device, const void *host, size_t bytes) override;
  void copyToHost(void *host, const void *device, size_t bytes) override;
  void beginRun(tprt_ctx *ctx) override;
  void endRun(tprt_ctx *ctx) override;
  const OpTable &ops() const override;

  CudaStream &stream() { return *queue; }
  /// Where kernels report; readable by GPU and host.
  DeviceError *error() const { return errorFlag; }
  MatmulPlans &matmuls() { return matmulPlans; }
  Module &module() { return kernels; }

  /// Device memory for one operation's intermediate data; `slot` 0 or 1 tells
  /// two buffers of one operation apart. Contents last until the slot's next
  /// use on this stream. Grows, so that a repeated run allocates nothing.
  void *scratch(int slot, size_t bytes);

private:
  std::shared_ptr<CudaStream> queue;
  DeviceError *errorFlag = nullptr;
  MatmulPlans matmulPlans;
  Module kernels;
  struct Buffer {
    void *data = nullptr;
    size_t bytes = 0;
  } scratchBuffers[2];
};

/// The CUDA device that a program's context belongs to.
inline CudaDevice &deviceOf(tprt_ctx *ctx) {
  return static_cast<CudaDevice &>(*ctx->device);
}

// The operations of tprt/abi.h, in OpTable's order.
void opMatmul(tprt_ctx *ctx, int32_t op, const tprt_view *a, const tprt_view *b,
              const tprt_view *bias, const tprt_view *residual,
              const tprt_view *c, float alpha, int32_t activation);
void opAttention(tprt_ctx *ctx, int32_t op, const tprt_view *q,
                 const tprt_view *k, const tprt_view *v, const tprt_view *mask,
                 const tprt_view *out, const tprt_attention_params *params);
void opCacheAppend(tprt_ctx *ctx, int32_t op, const tprt_view *past,
                   const tprt_view *fresh, const tprt_view *present,
                   int32_t axis);
void opGather(tprt_ctx *ctx, int32_t op, const tprt_view *table,
              const tprt_view *indices, const tprt_view *out, int32_t axis,
              int64_t offset, int64_t globalSize);
void opCollective(tprt_ctx *ctx, int32_t op, int32_t kind, int32_t group,
                  int32_t reduction, int32_t dim, int32_t dim2,
                  const int64_t *memberSizes, const tprt_view *in,
                  const tprt_view *out);
void opScatter(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *indices, const tprt_view *updates,
               const tprt_view *out, int32_t axis, int32_t reduction);
void opTopK(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *values, const tprt_view *indices,
            int32_t axis, int32_t largest);
void opCopy(tprt_ctx *ctx, int32_t op, const tprt_view *src,
            const tprt_view *dst);
void opLaunch(tprt_ctx *ctx, int32_t op, int32_t kernel, const int64_t grid[3],
              const int64_t block[3], void **args, int32_t numArgs);

} // namespace tprt::cuda

#endif // TPRT_CUDA_DEVICE_H
