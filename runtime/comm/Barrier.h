//===- Barrier.h - Barrier among threads -----------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_COMM_BARRIER_H
#define TPRT_COMM_BARRIER_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace tprt {

// A barrier among threads: spins for as long as a balanced partner needs, then
// sleeps. With more ranks than cores it gives its core away almost at once,
// because the partner it waits for may be the one that needs the core.
class Barrier {
public:
  Barrier(int members, bool oversubscribed);

  // Waits for all members. Calls `check` about ten times a second while
  // asleep; what it throws ends the wait.
  void wait(int member, const std::function<void()> &check);

  // True when `member` has arrived at the barrier that others wait at.
  bool hasArrived(int member) const;
  // Makes sleepers call their check now.
  void wakeAll();

private:
  struct alignas(64) Arrival {
    std::atomic<uint32_t> count{0};
  };

  int members;
  bool oversubscribed;
  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<int> arrived{0};
  std::atomic<int> sleepers{0};
  std::unique_ptr<Arrival[]> arrivals;
};

// Cores this process may use.
int availableCores();

} // namespace tprt

#endif // TPRT_COMM_BARRIER_H
