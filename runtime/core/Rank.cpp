//===- Rank.cpp - One rank's execution ------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Rank.h"

#include "core/Binding.h"
#include "core/View.h"

#include <algorithm>

using namespace tprt;

void *DeviceBuffer::get(size_t bytes) {
  if (!memory || bytes > capacity) {
    release();
    memory = device->allocate(bytes);
    capacity = bytes;
  }
  return memory;
}

void DeviceBuffer::release() {
  if (memory)
    device->deallocate(memory);
  memory = nullptr;
  capacity = 0;
}

Rank::Rank(std::shared_ptr<const Artifact> artifactIn, int rank)
    : artifact(std::move(artifactIn)), manifest(artifact->manifest), rank(rank), arenaPlans(manifest.lifetimes) {
  ctx.rank = rank;
  ctx.ranks = manifest.ranks;
  slotBytes.resize(manifest.lifetimes.size());
  inputViews.resize(manifest.inputs.size());
  outputViews.resize(manifest.outputs.size());
  outputInPlace.resize(manifest.outputs.size());
  for (const TensorSpec &output : manifest.outputs)
    writesOutput.push_back(output.layout.isFirstReplica(manifest.mesh, rank));
}

void Rank::open(Backend &backend, const DeviceOptions &options, bool profiled) {
  device = backend.createDevice(options);
  ctx.device = device.get();
  ctx.ops = device->ops();
  ctx.profile = profiled ? &profile : nullptr;
  weights = std::make_unique<RankWeights>(manifest, artifact->files, rank, *device,
                                          [&] { ctx.progress.fetch_add(1, std::memory_order_relaxed); });
  for (size_t i = 0; i < manifest.inputs.size(); ++i)
    inputBuffers.emplace_back(*device);
  for (size_t i = 0; i < manifest.outputs.size(); ++i)
    outputBuffers.emplace_back(*device);
  for (size_t i = 0; i < manifest.states.size(); ++i)
    states.push_back({DeviceBuffer(*device), {}});
  arena.emplace_back(*device);
  memory.weights_mapped = weights->mappedBytes();
  memory.weights_copied = weights->copiedBytes();
}

void Rank::close() {
  ctx.groups.clear();
  world.reset();
  arena.clear();
  states.clear();
  inputBuffers.clear();
  outputBuffers.clear();
  weights.reset();
  ctx.device = nullptr;
  device.reset();
}

void Rank::connect(std::unique_ptr<Communicator> newWorld) {
  ctx.groups.clear();
  world = std::move(newWorld);
  for (size_t id = 0; id < manifest.groups.size(); ++id)
    for (const std::vector<int> &members : manifest.groups[id])
      if (std::find(members.begin(), members.end(), rank) != members.end())
        ctx.groups.push_back(world->group(static_cast<int>(id), members));
}

tprt_view Rank::piece(const TensorSpec &tensor, const tprt_view &global) const {
  tprt_view local = global;
  int64_t offset = 0;
  for (int32_t d = 0; d < global.rank; ++d) {
    Range range = tensor.layout[d].range(manifest.mesh, rank, global.sizes[d]);
    local.sizes[d] = range.size();
    offset += range.begin * global.strides[d];
  }
  if (local.data)
    local.data = elementPointer(global, offset);
  return local;
}

// Whether a program may use the view as it is.
static bool fits(const TensorSpec &tensor, const tprt_view &view) {
  if (!tensor.strided)
    return isContiguous(view);
  int32_t last = view.rank - 1;
  return last < 0 || view.sizes[last] <= 1 || view.strides[last] == 1;
}

tprt_view Rank::stateView(const RunSpec &spec, int state, const TensorSpec &tensor) {
  const StateSpec &info = manifest.states[state];
  std::vector<int64_t> sizes = evaluateDims(tensor, spec.symbols);
  tprt_view view{};
  view.dtype = tensor.dtype;
  view.rank = static_cast<int32_t>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), view.sizes);
  int64_t length = sizes[info.axis];
  view.sizes[info.axis] = spec.stateCapacity;
  view = piece(tensor, view);
  setContiguousStrides(view);
  KeptState &kept = states[state];
  std::vector<int64_t> shape(view.sizes, view.sizes + view.rank);
  if (shape != kept.shape) {
    if (spec.stateLengths[state] > 0)
      fail(TPRT_INVALID_ARGUMENT, "state '", tensor.name, "' holds ", sizesText(kept.shape.data(), kept.shape.size()),
           " and this run needs ", sizesText(shape.data(), shape.size()), ": truncate the states to 0 first");
    memory.states -= kept.buffer.bytes();
    kept.buffer.get(byteCount(view));
    memory.states += kept.buffer.bytes();
    kept.shape = shape;
  }
  view.data = kept.buffer.get(byteCount(view));
  view.sizes[info.axis] = length;
  return view;
}

void Rank::prepareInput(const RunSpec &spec, size_t index) {
  const TensorSpec &tensor = manifest.inputs[index];
  if (!spec.inputs[index]) {
    inputViews[index] = stateView(spec, tensor.state, tensor);
    return;
  }
  tprt_view local = piece(tensor, *spec.inputs[index]);
  if (device->isHost() && fits(tensor, local)) {
    inputViews[index] = local;
    return;
  }
  tprt_view packed = local;
  setContiguousStrides(packed);
  size_t bytes = byteCount(local);
  void *memory = inputBuffers[index].get(bytes);
  if (device->isHost()) {
    packed.data = memory;
    copyStrided(local, packed);
  } else {
    const void *source = local.data;
    if (!isContiguous(local)) {
      staging.resize(std::max(staging.size(), bytes));
      packed.data = staging.data();
      copyStrided(local, packed);
      source = staging.data();
    }
    device->copyToDevice(memory, source, bytes);
    packed.data = memory;
  }
  inputViews[index] = packed;
}

void Rank::prepareOutput(const RunSpec &spec, size_t index) {
  const TensorSpec &tensor = manifest.outputs[index];
  if (!spec.outputs[index]) {
    outputViews[index] = stateView(spec, tensor.state, tensor);
    return;
  }
  tprt_view local = piece(tensor, *spec.outputs[index]);
  outputInPlace[index] = device->isHost() && writesOutput[index] && fits(tensor, local);
  if (!outputInPlace[index]) {
    setContiguousStrides(local);
    local.data = outputBuffers[index].get(byteCount(local));
  }
  outputViews[index] = local;
}

void Rank::finishOutput(const RunSpec &spec, size_t index) {
  if (!spec.outputs[index] || !writesOutput[index] || outputInPlace[index])
    return;
  tprt_view result = outputViews[index];
  if (!device->isHost()) {
    size_t bytes = byteCount(result);
    staging.resize(std::max(staging.size(), bytes));
    device->copyToHost(staging.data(), result.data, bytes);
    result.data = staging.data();
  }
  copyStrided(result, piece(manifest.outputs[index], *spec.outputs[index]));
}

void Rank::run(const RunSpec &spec) {
  ctx.currentOp.store(-1, std::memory_order_relaxed);
  ctx.progress.fetch_add(1, std::memory_order_relaxed);
  symbols = spec.symbols;
  for (size_t i = 0; i < symbols.size(); ++i)
    if (manifest.symbolAxis[i] >= 0)
      symbols[i] = manifest.mesh.coordinate(rank, manifest.symbolAxis[i]);
  for (size_t i = 0; i < inputViews.size(); ++i)
    prepareInput(spec, i);
  for (size_t i = 0; i < outputViews.size(); ++i)
    prepareOutput(spec, i);
  artifact->program.sizes(symbols.data(), slotBytes.data());
  const ArenaPlan &plan = arenaPlans.plan(slotBytes);
  char *base = static_cast<char *>(arena[0].get(plan.bytes));
  memory.arena = static_cast<int64_t>(arena[0].bytes());

  device->beginRun(&ctx);
  profile.lastEnd = std::chrono::steady_clock::now();
  artifact->program.run(&ctx, symbols.data(), inputViews.data(), outputViews.data(), weights->pointers(), base,
                        plan.offsets.data());
  if (ctx.profile)
    profile.add(OpKind::Kernels, std::chrono::steady_clock::now() - profile.lastEnd);
  device->endRun(&ctx);
  if (ctx.failed())
    return;
  for (size_t i = 0; i < outputViews.size(); ++i)
    finishOutput(spec, i);
}
