//===- MatmulMain.cpp - Matmul.cpp against the CPU, with a fake cuBLASLt -*- C++
//-*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Describe.h"
#include "Matmul.h"
#include "check/OpCases.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace tprt;
using namespace tprt::cuda;

extern int fakeFused, fakePlain, fakeStrided, fakeEpilogues, fakeIllegal;

namespace {

class FakeDevice : public Device {
public:
  FakeDevice() { plans.create(nullptr); }
  bool isHost() const override { return true; }
  // As cudaMalloc aligns.
  void *allocate(size_t bytes) override {
    return std::aligned_alloc(256, (bytes / 256 + 1) * 256);
  }
  void deallocate(void *data) noexcept override { std::free(data); }
  void copyToDevice(void *device, const void *host, size_t bytes) override {
    std::memcpy(device, host, bytes);
  }
  void copyToHost(void *host, const void *device, size_t bytes) override {
    std::memcpy(host, device, bytes);
  }
  const OpTable &ops() const override {
    static const OpTable table = {matmul,  nullptr, nullptr, nullptr,
                                  nullptr, nullptr, nullptr};
    return table;
  }

private:
  static void matmul(tprt_ctx *ctx, int32_t, const tprt_view *a,
                     const tprt_view *b, const tprt_view *bias,
                     const tprt_view *residual, const tprt_view *c, float alpha,
                     int32_t activation) {
    static_cast<FakeDevice *>(ctx->device)
        ->plans.run(
            describeMatmul(*a, *b, bias, residual, *c, alpha, activation));
  }

  MatmulPlans plans;
};

class FakeBackend : public Backend {
public:
  const char *name() const override { return "fake"; }
  std::unique_ptr<Device> createDevice(const DeviceOptions &) override {
    return std::make_unique<FakeDevice>();
  }
  std::vector<std::unique_ptr<Communicator>>
  createWorld(int size, const WorldOptions &options) override {
    return createLocalWorld(size, options);
  }
};

} // namespace

int main() {
  int passed = 0, failed = 0;
  for (const check::Result &result : check::checkMatmuls(
           [] { return std::make_unique<FakeBackend>(); }, createCpuBackend)) {
    ++(result.problem.empty() ? passed : failed);
    if (!result.problem.empty())
      std::printf("FAIL %s: %s\n", result.name.c_str(), result.problem.c_str());
  }
  std::printf("by the library %d fused and %d plain, by the strided kernel %d, "
              "epilogues %d\n%d passed, %d failed\n",
              fakeFused, fakePlain, fakeStrided, fakeEpilogues, passed, failed);
  bool allWays = fakeFused && fakePlain && fakeStrided && fakeEpilogues;
  if (fakeIllegal)
    std::printf("FAIL %d products were described wrongly\n", fakeIllegal);
  return failed || fakeIllegal || !allWays ? 1 : 0;
}
