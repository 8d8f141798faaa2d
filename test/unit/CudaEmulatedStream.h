//===- CudaEmulatedStream.h - A GPU stream emulated by a thread -*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A queue of work that runs later, on a thread of its own, with pauses between
// items: what is not ordered by events happens in varying order, and the thread
// sanitizer sees it.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_TEST_UNIT_CUDAEMULATEDSTREAM_H
#define TPOPT_TEST_UNIT_CUDAEMULATEDSTREAM_H

#include "cuda/Stream.h"
#include "tprt/error.h"
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

class EmulatedStream : public tprt::cuda::Stream {
public:
  explicit EmulatedStream(int seed = 0)
      : random(seed), worker([this] { work(); }) {}

  ~EmulatedStream() override {
    enqueue(nullptr);
    worker.join();
  }

  void *allocate(size_t bytes) override {
    void *data = std::malloc(bytes ? bytes : 1);
    std::memset(data, 0xAB, bytes);
    return data;
  }
  // As cudaFree, waits for what may use the memory.
  void deallocate(void *data) noexcept override {
    synchronize();
    std::free(data);
  }

  void copy(const tprt::cuda::CopyArgs &args, size_t elementBytes) override {
    enqueue([=] {
      using namespace tprt::cuda;
      emulate(2, 0, [&](HostBlock &block) {
        if (elementBytes == 1)
          copyBody<uint8_t>(block, args);
        else if (elementBytes == 2)
          copyBody<uint16_t>(block, args);
        else if (elementBytes == 4)
          copyBody<uint32_t>(block, args);
        else
          copyBody<uint64_t>(block, args);
      });
    });
  }

  void reduce(const tprt::cuda::ReduceArgs &args, tprt_dtype dtype) override {
    enqueue([=] {
      using namespace tprt::cuda;
      emulate(2, 0, [&](HostBlock &block) {
        switch (dtype) {
        case TPRT_F32:
          return reduceBody<float>(block, args);
        case TPRT_F16:
          return reduceBody<Half>(block, args);
        case TPRT_BF16:
          return reduceBody<BFloat16>(block, args);
        case TPRT_F64:
          return reduceBody<double>(block, args);
        case TPRT_I32:
          return reduceBody<int32_t>(block, args);
        case TPRT_I64:
          return reduceBody<int64_t>(block, args);
        default:
          std::abort(); // no test uses it
        }
      });
    });
  }

  std::unique_ptr<tprt::cuda::StreamEvent> createEvent() override {
    return std::make_unique<Event>();
  }

  void record(tprt::cuda::StreamEvent &event) override {
    auto point = std::make_shared<Point>();
    static_cast<Event &>(event).set(point);
    enqueue([point] { point->pass(); });
  }

  void waitFor(tprt::cuda::StreamEvent &event) override {
    if (std::shared_ptr<Point> point = static_cast<Event &>(event).get())
      enqueue([point] { point->wait(); });
  }

  void synchronize() override {
    auto point = std::make_shared<Point>();
    enqueue([point] { point->pass(); });
    point->wait();
  }

private:
  struct Point {
    void pass() {
      std::lock_guard<std::mutex> lock(mutex);
      passed = true;
      changed.notify_all();
    }
    void wait() {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return passed; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    bool passed = false;
  };

  struct Event : tprt::cuda::StreamEvent {
    void set(std::shared_ptr<Point> point) {
      std::lock_guard<std::mutex> lock(mutex);
      last = std::move(point);
    }
    std::shared_ptr<Point> get() {
      std::lock_guard<std::mutex> lock(mutex);
      return last;
    }
    std::mutex mutex;
    std::shared_ptr<Point> last;
  };

  void enqueue(std::function<void()> item) {
    std::lock_guard<std::mutex> lock(mutex);
    items.push_back(std::move(item));
    changed.notify_all();
  }

  void work() {
    while (true) {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return !items.empty(); });
      std::function<void()> item = std::move(items.front());
      items.pop_front();
      lock.unlock();
      if (!item)
        return;
      if (random() % 4 == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
      item();
    }
  }

  std::mt19937 random;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> items;
  std::thread worker;
};

#endif // TPOPT_TEST_UNIT_CUDAEMULATEDSTREAM_H
