//===- Arena.cpp - Memory plan of intermediates ---------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Arena.h"

#include "tprt/error.h"

#include <algorithm>
#include <numeric>

using namespace tprt;

namespace {

constexpr int64_t maxArena = int64_t(1) << 46;
constexpr size_t maxPlans = 16;

int64_t alignUp(int64_t value) { return (value + arenaAlignment - 1) / arenaAlignment * arenaAlignment; }

// The next of 4 steps per power of two: at most a quarter more, and few
// different values while a size grows.
int64_t roomy(int64_t bytes) {
  int64_t step = arenaAlignment;
  while (step * 8 <= bytes)
    step *= 2;
  return (bytes + step - 1) / step * step;
}

} // namespace

ArenaPlan tprt::packArena(const std::vector<int64_t> &sizes, const std::vector<Lifetime> &lifetimes) {
  ArenaPlan plan;
  plan.capacity = sizes;
  plan.offsets.assign(sizes.size(), 0);
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });

  std::vector<size_t> placed; // by offset
  for (size_t slot : order) {
    int64_t size = alignUp(sizes[slot]);
    if (size == 0)
      continue;
    int64_t offset = 0;
    for (size_t other : placed) {
      const Lifetime &a = lifetimes[slot], &b = lifetimes[other];
      if (a.last < b.first || b.last < a.first)
        continue;
      if (plan.offsets[other] >= offset + size)
        break; // the gap before this one is large enough
      offset = std::max(offset, plan.offsets[other] + alignUp(sizes[other]));
    }
    if (offset > maxArena - size)
      fail(TPRT_OUT_OF_MEMORY, "the program's intermediate tensors need more than ", maxArena, " bytes");
    plan.offsets[slot] = offset;
    plan.bytes = std::max(plan.bytes, offset + size);
    auto at = std::upper_bound(placed.begin(), placed.end(), offset,
                               [&](int64_t value, size_t index) { return value < plan.offsets[index]; });
    placed.insert(at, slot);
  }
  return plan;
}

const ArenaPlan &ArenaCache::plan(const std::vector<int64_t> &sizes) {
  int64_t total = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > maxArena)
      fail(TPRT_OUT_OF_MEMORY, "an intermediate tensor of ", size, " bytes cannot be allocated");
    total += alignUp(size);
  }
  for (auto it = plans.begin(); it != plans.end(); ++it) {
    int64_t held = 0;
    bool fits = true;
    for (size_t i = 0; fits && i < sizes.size(); ++i) {
      fits = sizes[i] <= it->capacity[i];
      held += it->capacity[i];
    }
    // A plan made for far larger sizes spreads small tensors over memory.
    if (!fits || held > 2 * total + 65536)
      continue;
    plans.splice(plans.begin(), plans, it);
    return plans.front();
  }
  std::vector<int64_t> capacity;
  for (int64_t size : sizes)
    capacity.push_back(size ? roomy(size) : 0);
  plans.push_front(packArena(capacity, lifetimes));
  if (plans.size() > maxPlans)
    plans.pop_back();
  return plans.front();
}
