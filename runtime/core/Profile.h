//===- Profile.h - Time per kind of operation ------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_PROFILE_H
#define TPRT_CORE_PROFILE_H

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace tprt {

enum class OpKind { Matmul, Attention, CacheAppend, Gather, Collective, Copy, Launch, Kernels, Scatter, TopK };

// Where one rank's time goes. What lies between two operations of the ABI is
// the compiled kernels'.
struct Profile {
  static constexpr size_t numKinds = 10;
  struct Entry {
    int64_t calls = 0, nanoseconds = 0;
  };
  std::array<Entry, numKinds> entries;
  std::chrono::steady_clock::time_point lastEnd;

  void add(OpKind kind, std::chrono::nanoseconds time) {
    Entry &entry = entries[static_cast<size_t>(kind)];
    ++entry.calls;
    entry.nanoseconds += time.count();
  }
  std::string json() const;
};

} // namespace tprt

#endif // TPRT_CORE_PROFILE_H
