//===- CudaOpsTest.cpp - CUDA operations, emulated, against the CPU's -*- C++
//-*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The suite that tprt-cuda-check runs on a GPU, with a backend that describes
// operations as the CUDA backend does and runs its kernels on the host.
//
//===----------------------------------------------------------------------===//

#include "CudaEmulatedStream.h"
#include "core/View.h"
#include "cuda/Collective.h"
#include "cuda/Describe.h"
#include "cuda/PeerCommunicator.h"
#include "cuda/check/OpCases.h"
#include <gtest/gtest.h>

using namespace tprt;
using namespace tprt::cuda;

namespace {

class EmulatedDevice : public Device {
public:
  explicit EmulatedDevice(std::shared_ptr<EmulatedStream> stream)
      : stream(std::move(stream)) {}

  bool isHost() const override { return false; }
  void *allocate(size_t bytes) override { return stream->allocate(bytes); }
  void deallocate(void *data) noexcept override { stream->deallocate(data); }
  void copyToDevice(void *device, const void *host, size_t bytes) override {
    stream->synchronize();
    std::memcpy(device, host, bytes);
  }
  void copyToHost(void *host, const void *device, size_t bytes) override {
    stream->synchronize();
    std::memcpy(host, device, bytes);
  }
  void beginRun(tprt_ctx *) override { error = {}; }
  void endRun(tprt_ctx *ctx) override {
    stream->synchronize();
    if (error.set)
      ctx->setError(error.op, TPRT_RUN_FAILED, "index out of range");
  }
  const OpTable &ops() const override;

  std::shared_ptr<EmulatedStream> stream;
  std::vector<std::unique_ptr<char[]>> scratch;
  DeviceError error{};
};

EmulatedDevice &deviceOf(tprt_ctx *ctx) {
  return static_cast<EmulatedDevice &>(*ctx->device);
}

void matmul(tprt_ctx *, int32_t, const tprt_view *a, const tprt_view *b,
            const tprt_view *bias, const tprt_view *residual,
            const tprt_view *c, float alpha, int32_t activation) {
  MatmulArgs args =
      describeMatmul(*a, *b, bias, residual, *c, alpha, activation);
  emulate(matmulBlocks(args), matmulSharedBytes<double>(),
          [&](HostBlock &block) {
            if (a->dtype == TPRT_F64)
              matmulBody<double>(block, args);
            else
              matmulBody<float>(block, args);
          });
}

template <typename T> void attentionOf(const AttentionArgs &args) {
  emulate(attentionBlocks(args), attentionSharedBytes<T>(args),
          [&](HostBlock &block) { attentionBody<T>(block, args); });
}

void attention(tprt_ctx *, int32_t, const tprt_view *q, const tprt_view *k,
               const tprt_view *v, const tprt_view *mask, const tprt_view *out,
               const tprt_attention_params *params) {
  AttentionArgs args = describeAttention(*q, *k, *v, mask, *out, *params);
  if (q->dtype == TPRT_F32)
    attentionOf<float>(args);
  else if (q->dtype == TPRT_F16)
    attentionOf<Half>(args);
  else
    attentionOf<BFloat16>(args);
}

void gather(tprt_ctx *ctx, int32_t op, const tprt_view *table,
            const tprt_view *indices, const tprt_view *out, int32_t axis,
            int64_t offset, int64_t globalSize) {
  GatherArgs args =
      describeGather(*table, *indices, *out, axis, offset, globalSize, op);
  args.error = &deviceOf(ctx).error;
  emulate(3, 0, [&](HostBlock &block) {
    size_t bytes = dtypeSize(table->dtype);
    if (bytes == 1)
      gatherBody<uint8_t>(block, args);
    else if (bytes == 2)
      gatherBody<uint16_t>(block, args);
    else if (bytes == 4)
      gatherBody<uint32_t>(block, args);
    else
      gatherBody<uint64_t>(block, args);
  });
}

void copyView(tprt_ctx *ctx, const tprt_view &from, const tprt_view &to) {
  deviceOf(ctx).stream->copy(describeCopy(from, to), dtypeSize(from.dtype));
}

void cacheAppend(tprt_ctx *ctx, int32_t, const tprt_view *past,
                 const tprt_view *fresh, const tprt_view *present,
                 int32_t axis) {
  int64_t length = past->sizes[axis];
  if (past->data != present->data)
    copyView(ctx, *past, slice(*present, axis, 0, length));
  copyView(ctx, *fresh, slice(*present, axis, length, fresh->sizes[axis]));
}

void collective(tprt_ctx *ctx, int32_t, int32_t kind, int32_t group,
                int32_t reduction, int32_t dim, int32_t dim2,
                const int64_t *memberSizes, const tprt_view *in,
                const tprt_view *out) {
  EmulatedDevice &device = deviceOf(ctx);
  runCollective(ctx->group(group), *device.stream,
                [&](int, size_t bytes) {
                  device.scratch.push_back(std::make_unique<char[]>(bytes));
                  return device.scratch.back().get();
                },
                {kind, reduction, dim, dim2, memberSizes, *in, *out});
}

void copy(tprt_ctx *ctx, int32_t, const tprt_view *src, const tprt_view *dst) {
  copyView(ctx, *src, *dst);
}

void scatter(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *indices, const tprt_view *updates,
             const tprt_view *out, int32_t axis, int32_t reduction) {
  ScatterArgs args = describeScatter(*data, *indices, *updates, *out, axis, reduction, op);
  args.error = &deviceOf(ctx).error;
  copyView(ctx, *data, *out);
  deviceOf(ctx).stream->synchronize();
  emulate(3, 0, [&](HostBlock &block) {
    if (out->dtype == TPRT_F32)
      scatterBody<float>(block, args);
    else if (out->dtype == TPRT_BF16)
      scatterBody<BFloat16>(block, args);
    else if (out->dtype == TPRT_I64)
      scatterBody<int64_t>(block, args);
    else
      scatterBody<bool>(block, args);
  });
}

void topK(tprt_ctx *, int32_t, const tprt_view *data, const tprt_view *values, const tprt_view *indices, int32_t axis,
          int32_t largest) {
  TopKArgs args = describeTopK(*data, *values, *indices, axis, largest);
  emulate(args.rows.count, kTopKSharedBytes, [&](HostBlock &block) { topKBody(block, args); });
}

const OpTable &EmulatedDevice::ops() const {
  static const OpTable table = {matmul, attention, cacheAppend, gather, collective, copy, nullptr, scatter, topK};
  return table;
}

class EmulatedBackend : public Backend {
public:
  const char *name() const override { return "emulated"; }
  std::unique_ptr<Device> createDevice(const DeviceOptions &options) override {
    return std::make_unique<EmulatedDevice>(
        streams.empty() ? std::make_shared<EmulatedStream>()
                        : streams.at(options.rank));
  }
  std::vector<std::unique_ptr<Communicator>>
  createWorld(int size, const WorldOptions &options) override {
    for (int r = 0; r < size; ++r)
      streams.push_back(std::make_shared<EmulatedStream>(r));
    return createPeerWorld({streams.begin(), streams.end()}, options);
  }

private:
  std::vector<std::shared_ptr<EmulatedStream>> streams;
};

TEST(CudaOps, AgreeWithTheCpu) {
  auto results = check::checkOperations(
      [] { return std::make_unique<EmulatedBackend>(); }, createCpuBackend);
  EXPECT_GT(results.size(), 500u);
  for (const check::Result &result : results)
    EXPECT_EQ(result.problem, "") << result.name;
}

} // namespace
