//===- Rank.h - One rank's execution ---------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_RANK_H
#define TPRT_CORE_RANK_H

#include "core/Arena.h"
#include "core/Artifact.h"
#include "core/Profile.h"
#include "core/Weights.h"

#include "tprt/device.h"

#include <memory>
#include <optional>
#include <vector>

namespace tprt {

// What all ranks are to do in one run. Global tensors; one without a value is
// the input or output of a kept state.
struct RunSpec {
  std::vector<int64_t> symbols;
  std::vector<std::optional<tprt_view>> inputs, outputs;
  std::vector<int64_t> stateLengths;
  int64_t stateCapacity = 0;
};

// Device memory that grows on demand and is reused.
class DeviceBuffer {
public:
  explicit DeviceBuffer(Device &device) : device(&device) {}
  ~DeviceBuffer() { release(); }
  DeviceBuffer(DeviceBuffer &&other) noexcept : device(other.device), memory(other.memory), capacity(other.capacity) {
    other.memory = nullptr;
    other.capacity = 0;
  }
  DeviceBuffer(const DeviceBuffer &) = delete;

  // At least `bytes`; old content is lost when it grows.
  void *get(size_t bytes);
  void release();
  size_t bytes() const { return capacity; }

private:
  Device *device;
  void *memory = nullptr;
  size_t capacity = 0;
};

// One rank: its device, weights, arena, kept states. All methods but the
// constructor run on the rank's thread.
class Rank {
public:
  Rank(std::shared_ptr<const Artifact> artifact, int rank);

  void open(Backend &backend, const DeviceOptions &options, bool profile);
  // Joins the groups of the manifest.
  void connect(std::unique_ptr<Communicator> world);
  void run(const RunSpec &spec);
  // Frees device objects, which must happen on this thread.
  void close();

  tprt_ctx ctx;
  std::unique_ptr<Communicator> world;
  tprt_memory_info memory{};
  Profile profile;

private:
  void prepareInput(const RunSpec &spec, size_t index);
  void prepareOutput(const RunSpec &spec, size_t index);
  void finishOutput(const RunSpec &spec, size_t index);
  tprt_view stateView(const RunSpec &spec, int state, const TensorSpec &tensor);
  // This rank's piece of a global tensor.
  tprt_view piece(const TensorSpec &tensor, const tprt_view &global) const;

  std::shared_ptr<const Artifact> artifact;
  const Manifest &manifest;
  int rank;
  std::unique_ptr<Device> device;
  std::unique_ptr<RankWeights> weights;
  ArenaCache arenaPlans;

  struct KeptState {
    DeviceBuffer buffer;
    std::vector<int64_t> shape; // with the capacity along the axis
  };
  std::vector<KeptState> states;
  std::vector<DeviceBuffer> inputBuffers, outputBuffers;
  std::vector<DeviceBuffer> arena; // one; a vector because it comes with the device
  std::vector<bool> writesOutput;

  // Reused by every run.
  std::vector<int64_t> symbols, slotBytes;
  std::vector<tprt_view> inputViews, outputViews;
  std::vector<bool> outputInPlace;
  std::vector<char> staging;
};

} // namespace tprt

#endif // TPRT_CORE_RANK_H
