//===- RankThreads.h - One thread per rank ---------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_RANKTHREADS_H
#define TPRT_CORE_RANKTHREADS_H

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tprt {

// One thread per rank, kept between runs: a rank's device state (CUDA settings,
// first-touched memory) belongs to its thread.
class RankThreads {
public:
  explicit RankThreads(int count);
  // Joins the idle threads. One that is still busy cannot be stopped and is
  // left to itself; it shares ownership of all it uses.
  ~RankThreads();

  // Runs job(rank) on every thread. All must be idle. `job` must not throw and
  // must own what it uses.
  void start(std::function<void(int)> job);
  // True when all are idle, waiting at most `limit`.
  bool wait(std::chrono::nanoseconds limit);
  std::vector<int> busy() const;

private:
  struct Shared {
    mutable std::mutex mutex;
    std::condition_variable wake, done;
    std::function<void(int)> job;
    uint64_t generation = 0;
    std::vector<bool> running;
    int remaining = 0;
    bool stop = false;
  };
  static void loop(std::shared_ptr<Shared> shared, int rank);

  std::shared_ptr<Shared> shared;
  std::vector<std::thread> threads;
};

} // namespace tprt

#endif // TPRT_CORE_RANKTHREADS_H
