//===- Ops.cpp - The operations of tprt/abi.h on a GPU ----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Collective.h"
#include "Describe.h"
#include "Device.h"
#include "Launch.h"
#include "core/Dtype.h"
#include "core/View.h"

using namespace tprt;
using namespace tprt::cuda;

void tprt::cuda::opMatmul(tprt_ctx *ctx, int32_t, const tprt_view *a,
                          const tprt_view *b, const tprt_view *bias,
                          const tprt_view *residual, const tprt_view *c,
                          float alpha, int32_t activation) {
  deviceOf(ctx).matmuls().run(
      describeMatmul(*a, *b, bias, residual, *c, alpha, activation));
}

void tprt::cuda::opAttention(tprt_ctx *ctx, int32_t, const tprt_view *q,
                             const tprt_view *k, const tprt_view *v,
                             const tprt_view *mask, const tprt_view *out,
                             const tprt_attention_params *params) {
  launchAttention(deviceOf(ctx).stream().handle(),
                  describeAttention(*q, *k, *v, mask, *out, *params),
                  static_cast<tprt_dtype>(q->dtype));
}

void tprt::cuda::opCacheAppend(tprt_ctx *ctx, int32_t, const tprt_view *past,
                               const tprt_view *fresh, const tprt_view *present,
                               int32_t axis) {
  if (axis < 0 || axis >= present->rank || past->rank != present->rank ||
      fresh->rank != present->rank ||
      past->sizes[axis] + fresh->sizes[axis] != present->sizes[axis])
    fail(TPRT_INVALID_ARGUMENT, "cache append along dimension ", axis, ": ",
         viewText(*past), " and ", viewText(*fresh), " do not give ",
         viewText(*present));
  CudaStream &stream = deviceOf(ctx).stream();
  int64_t length = past->sizes[axis];
  if (past->data != present->data)
    stream.copy(describeCopy(*past, slice(*present, axis, 0, length)),
                dtypeSize(past->dtype));
  stream.copy(
      describeCopy(*fresh, slice(*present, axis, length, fresh->sizes[axis])),
      dtypeSize(fresh->dtype));
}

void tprt::cuda::opGather(tprt_ctx *ctx, int32_t op, const tprt_view *table,
                          const tprt_view *indices, const tprt_view *out,
                          int32_t axis, int64_t offset, int64_t globalSize) {
  CudaDevice &device = deviceOf(ctx);
  GatherArgs args =
      describeGather(*table, *indices, *out, axis, offset, globalSize, op);
  args.error = device.error();
  launchGather(device.stream().handle(), args, dtypeSize(table->dtype));
}

void tprt::cuda::opScatter(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *indices,
                           const tprt_view *updates, const tprt_view *out, int32_t axis, int32_t reduction) {
  CudaDevice &device = deviceOf(ctx);
  ScatterArgs args = describeScatter(*data, *indices, *updates, *out, axis, reduction, op);
  args.error = device.error();
  if (data->data != out->data)
    device.stream().copy(describeCopy(*data, *out), dtypeSize(data->dtype));
  launchScatter(device.stream().handle(), args, static_cast<tprt_dtype>(out->dtype));
}

void tprt::cuda::opTopK(tprt_ctx *ctx, int32_t, const tprt_view *data, const tprt_view *values,
                        const tprt_view *indices, int32_t axis, int32_t largest) {
  launchTopK(deviceOf(ctx).stream().handle(), describeTopK(*data, *values, *indices, axis, largest));
}

void tprt::cuda::opCollective(tprt_ctx *ctx, int32_t, int32_t kind,
                              int32_t group, int32_t reduction, int32_t dim,
                              int32_t dim2, const int64_t *memberSizes,
                              const tprt_view *in, const tprt_view *out) {
  CudaDevice &device = deviceOf(ctx);
  runCollective(
      ctx->group(group), device.stream(),
      [&](int slot, size_t bytes) { return device.scratch(slot, bytes); },
      {kind, reduction, dim, dim2, memberSizes, *in, *out});
}

void tprt::cuda::opCopy(tprt_ctx *ctx, int32_t, const tprt_view *src,
                        const tprt_view *dst) {
  deviceOf(ctx).stream().copy(describeCopy(*src, *dst), dtypeSize(src->dtype));
}

void tprt::cuda::opLaunch(tprt_ctx *ctx, int32_t, int32_t kernel,
                          const int64_t grid[3], const int64_t block[3],
                          void **args, int32_t) {
  CudaDevice &device = deviceOf(ctx);
  device.module().launch(device.stream().handle(), kernel, grid, block, args);
}
