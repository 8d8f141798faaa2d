//===- Abi.cpp - Entry points for programs --------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entry points that compiled programs call: one place that skips work after
// an error, records what runs, and keeps exceptions out of compiled code.
//
//===----------------------------------------------------------------------===//

#include "core/Profile.h"

#include "tprt/device.h"

#include <new>

using namespace tprt;

void tprt_ctx::setError(int32_t op, tprt_code code, const std::string &message) {
  if (failedFlag.load(std::memory_order_relaxed))
    return;
  errorOp = op;
  errorCode = code;
  errorMessage = message;
  failedFlag.store(true, std::memory_order_relaxed);
  if (onError)
    onError();
}

namespace {

template <typename Function> void enter(tprt_ctx *ctx, int32_t op, OpKind kind, Function function) {
  if (ctx->failed())
    return;
  ctx->currentOp.store(op, std::memory_order_relaxed);
  // Only this thread writes it.
  ctx->progress.store(ctx->progress.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  std::chrono::steady_clock::time_point start;
  if (ctx->profile) {
    start = std::chrono::steady_clock::now();
    ctx->profile->add(OpKind::Kernels, start - ctx->profile->lastEnd);
  }
  try {
    function();
  } catch (const Error &error) {
    ctx->setError(op, error.code(), error.what());
  } catch (const std::bad_alloc &) {
    ctx->setError(op, TPRT_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    ctx->setError(op, TPRT_INTERNAL, error.what());
  }
  if (ctx->profile) {
    ctx->profile->lastEnd = std::chrono::steady_clock::now();
    ctx->profile->add(kind, ctx->profile->lastEnd - start);
  }
}

} // namespace

std::string Profile::json() const {
  static const char *const names[numKinds] = {"matmul", "attention", "cache_append", "gather",  "collective",
                                              "copy",   "launch",    "kernels",      "scatter", "topk"};
  std::string text = "{";
  for (size_t i = 0; i < numKinds; ++i)
    if (entries[i].calls)
      text += concat(text.size() > 1 ? ", " : "", '"', names[i], "\": {\"calls\": ", entries[i].calls,
                     ", \"ms\": ", static_cast<double>(entries[i].nanoseconds) * 1e-6, "}");
  return text + "}";
}

void tprt_op_matmul(tprt_ctx *ctx, int32_t op, const tprt_view *a, const tprt_view *b, const tprt_view *bias,
                    const tprt_view *residual, const tprt_view *c, float alpha, int32_t activation) {
  enter(ctx, op, OpKind::Matmul, [&] { ctx->ops.matmul(ctx, op, a, b, bias, residual, c, alpha, activation); });
}

void tprt_op_attention(tprt_ctx *ctx, int32_t op, const tprt_view *q, const tprt_view *k, const tprt_view *v,
                       const tprt_view *mask, const tprt_view *out, const tprt_attention_params *params) {
  enter(ctx, op, OpKind::Attention, [&] { ctx->ops.attention(ctx, op, q, k, v, mask, out, params); });
}

void tprt_op_cache_append(tprt_ctx *ctx, int32_t op, const tprt_view *past, const tprt_view *fresh,
                          const tprt_view *present, int32_t axis) {
  enter(ctx, op, OpKind::CacheAppend, [&] { ctx->ops.cacheAppend(ctx, op, past, fresh, present, axis); });
}

void tprt_op_gather(tprt_ctx *ctx, int32_t op, const tprt_view *table, const tprt_view *indices, const tprt_view *out,
                    int32_t axis, int64_t offset, int64_t globalSize) {
  enter(ctx, op, OpKind::Gather, [&] { ctx->ops.gather(ctx, op, table, indices, out, axis, offset, globalSize); });
}

void tprt_op_collective(tprt_ctx *ctx, int32_t op, int32_t kind, int32_t group, int32_t reduction, int32_t dim,
                        int32_t dim2, const int64_t *memberSizes, const tprt_view *in, const tprt_view *out) {
  enter(ctx, op, OpKind::Collective,
        [&] { ctx->ops.collective(ctx, op, kind, group, reduction, dim, dim2, memberSizes, in, out); });
}

void tprt_op_copy(tprt_ctx *ctx, int32_t op, const tprt_view *src, const tprt_view *dst) {
  enter(ctx, op, OpKind::Copy, [&] { ctx->ops.copy(ctx, op, src, dst); });
}

void tprt_op_scatter(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *indices,
                     const tprt_view *updates, const tprt_view *out, int32_t axis, int32_t reduction) {
  enter(ctx, op, OpKind::Scatter, [&] {
    if (!ctx->ops.scatter)
      fail(TPRT_UNSUPPORTED, "this target has no scatter");
    ctx->ops.scatter(ctx, op, data, indices, updates, out, axis, reduction);
  });
}

void tprt_op_topk(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *values, const tprt_view *indices,
                  int32_t axis, int32_t largest) {
  enter(ctx, op, OpKind::TopK, [&] {
    if (!ctx->ops.topk)
      fail(TPRT_UNSUPPORTED, "this target has no top-k");
    ctx->ops.topk(ctx, op, data, values, indices, axis, largest);
  });
}

void tprt_op_launch(tprt_ctx *ctx, int32_t op, int32_t kernel, const int64_t grid[3], const int64_t block[3],
                    void **args, int32_t numArgs) {
  enter(ctx, op, OpKind::Launch, [&] {
    if (!ctx->ops.launch)
      fail(TPRT_UNSUPPORTED, "this target launches no kernels");
    ctx->ops.launch(ctx, op, kernel, grid, block, args, numArgs);
  });
}

void tprt_op_fail(tprt_ctx *ctx, int32_t op, int64_t got, int64_t limit) {
  ctx->setError(op, TPRT_RUN_FAILED, concat("value ", got, " is out of range (limit ", limit, ")"));
}
