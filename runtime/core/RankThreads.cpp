//===- RankThreads.cpp - One thread per rank ------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/RankThreads.h"

using namespace tprt;

RankThreads::RankThreads(int count) : shared(std::make_shared<Shared>()) {
  shared->running.assign(count, false);
  try {
    for (int rank = 0; rank < count; ++rank)
      threads.emplace_back(loop, shared, rank);
  } catch (...) {
    // The system refused a thread: end those that exist.
    {
      std::lock_guard<std::mutex> lock(shared->mutex);
      shared->stop = true;
    }
    shared->wake.notify_all();
    for (std::thread &thread : threads)
      thread.join();
    throw;
  }
}

RankThreads::~RankThreads() {
  std::vector<bool> running;
  {
    std::lock_guard<std::mutex> lock(shared->mutex);
    shared->stop = true;
    running = shared->running;
  }
  shared->wake.notify_all();
  for (size_t rank = 0; rank < threads.size(); ++rank) {
    if (running[rank])
      threads[rank].detach();
    else
      threads[rank].join();
  }
}

void RankThreads::loop(std::shared_ptr<Shared> shared, int rank) {
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(shared->mutex);
  while (true) {
    shared->wake.wait(lock, [&] { return shared->stop || shared->generation != seen; });
    if (shared->stop)
      return;
    seen = shared->generation;
    std::function<void(int)> job = shared->job;
    lock.unlock();
    job(rank);
    job = nullptr;
    lock.lock();
    shared->running[rank] = false;
    if (--shared->remaining == 0)
      shared->done.notify_all();
  }
}

void RankThreads::start(std::function<void(int)> job) {
  {
    std::lock_guard<std::mutex> lock(shared->mutex);
    shared->job = std::move(job);
    shared->running.assign(threads.size(), true);
    shared->remaining = static_cast<int>(threads.size());
    ++shared->generation;
  }
  shared->wake.notify_all();
}

bool RankThreads::wait(std::chrono::nanoseconds limit) {
  std::unique_lock<std::mutex> lock(shared->mutex);
  return shared->done.wait_for(lock, limit, [&] { return shared->remaining == 0; });
}

std::vector<int> RankThreads::busy() const {
  std::lock_guard<std::mutex> lock(shared->mutex);
  std::vector<int> ranks;
  for (size_t rank = 0; rank < shared->running.size(); ++rank)
    if (shared->running[rank])
      ranks.push_back(static_cast<int>(rank));
  return ranks;
}
