//===- Arena.h - Memory plan of intermediates ------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arena holds a program's intermediate tensors. When each is live is fixed;
// how large it is depends on the symbols, so offsets are found at run time.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_ARENA_H
#define TPRT_CORE_ARENA_H

#include "core/Manifest.h"

#include <cstdint>
#include <list>
#include <vector>

namespace tprt {

constexpr int64_t arenaAlignment = 64;

struct ArenaPlan {
  std::vector<int64_t> capacity; // bytes that slot k may use
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
};

// Gives every slot an offset such that slots that live at the same time do not
// overlap: largest first, each at the lowest place that is free during its
// life. Offsets are multiples of arenaAlignment.
ArenaPlan packArena(const std::vector<int64_t> &sizes, const std::vector<Lifetime> &lifetimes);

// Plans made so far. A plan also serves smaller sizes, so while a cache grows
// token by token a new plan is needed only rarely.
class ArenaCache {
public:
  explicit ArenaCache(const std::vector<Lifetime> &lifetimes) : lifetimes(lifetimes) {}

  // Valid until the next call.
  const ArenaPlan &plan(const std::vector<int64_t> &sizes);
  size_t size() const { return plans.size(); }

private:
  const std::vector<Lifetime> &lifetimes;
  std::list<ArenaPlan> plans; // most recently used first
};

} // namespace tprt

#endif // TPRT_CORE_ARENA_H
