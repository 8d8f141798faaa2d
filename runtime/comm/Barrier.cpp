//===- Barrier.cpp - Barrier among threads --------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "comm/Barrier.h"

#include <climits>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

using namespace tprt;

namespace {

// About 10 us of waiting on current processors: long enough for partners in
// step. Longer spinning halves the speed of a machine that others use as well,
// where the partner may need this very core; a yield gives it away and costs
// next to nothing on a quiet machine.
constexpr int spinsAlone = 300;
constexpr int yields = 16;

void pauseCore() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void futexWait(std::atomic<uint32_t> &word, uint32_t expected) {
  timespec limit{0, 100 * 1000 * 1000};
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, expected, &limit, nullptr, 0);
}

void futexWakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace

int tprt::availableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

Barrier::Barrier(int members, bool oversubscribed)
    : members(members), oversubscribed(oversubscribed), arrivals(new Arrival[members]) {}

bool Barrier::hasArrived(int member) const {
  return arrivals[member].count.load(std::memory_order_relaxed) != generation.load(std::memory_order_relaxed);
}

void Barrier::wakeAll() { futexWakeAll(generation); }

void Barrier::wait(int member, const std::function<void()> &check) {
  uint32_t current = generation.load(std::memory_order_acquire);
  arrivals[member].count.store(current + 1, std::memory_order_relaxed);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) == members - 1) {
    arrived.store(0, std::memory_order_relaxed);
    generation.store(current + 1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst))
      futexWakeAll(generation);
    return;
  }
  for (int i = 0; i < (oversubscribed ? 0 : spinsAlone); ++i) {
    pauseCore();
    if (generation.load(std::memory_order_acquire) != current)
      return;
  }
  for (int i = 0; i < yields; ++i) {
    sched_yield();
    if (generation.load(std::memory_order_acquire) != current)
      return;
  }
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  try {
    while (generation.load(std::memory_order_seq_cst) == current) {
      check();
      futexWait(generation, current);
    }
  } catch (...) {
    sleepers.fetch_sub(1);
    throw;
  }
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}
