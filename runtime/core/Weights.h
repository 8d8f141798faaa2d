//===- Weights.h - Loading weights -----------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_WEIGHTS_H
#define TPRT_CORE_WEIGHTS_H

#include "core/Files.h"

#include "tprt/device.h"

#include <functional>
#include <vector>

namespace tprt {

// One rank's weights: contiguous row-major tensors in the manifest's order.
// Those that lie contiguously in a file, aligned to their elements and of the
// right type are used where they are; all others are gathered (and converted)
// into one block of device memory, each aligned to 64 bytes.
class RankWeights {
public:
  // Called on the rank's thread (which thereby touches its memory first).
  // `progress` is called after each weight.
  RankWeights(const Manifest &manifest, const std::vector<MappedFile> &files, int rank, Device &device,
              const std::function<void()> &progress);
  ~RankWeights();
  RankWeights(const RankWeights &) = delete;

  void *const *pointers() const { return data.data(); }
  int64_t mappedBytes() const { return mapped; }
  int64_t copiedBytes() const { return copied; }

private:
  Device &device;
  std::vector<void *> data;
  void *block = nullptr;
  int64_t mapped = 0, copied = 0;
};

// Gathers rank `rank`'s tensor of `weight` into `out` (host memory).
void gatherWeight(const WeightSpec &weight, const std::vector<MappedFile> &files, int rank, void *out);

} // namespace tprt

#endif // TPRT_CORE_WEIGHTS_H
