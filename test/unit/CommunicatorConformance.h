//===- CommunicatorConformance.h - What every backend passes ----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The executable part of tprt/communicator.h. A backend instantiates
// CommunicatorConformance with its way to make a world:
//
//   INSTANTIATE_TEST_SUITE_P(Local, CommunicatorConformance,
//                            testing::Combine(testing::Values(test::WorldFactory{...}), testing::Values(1, 2, 8)));
//
// A backend whose buffers are device memory gives `allocate`, `upload` and
// `download` with its factory.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_UNIT_COMMUNICATORCONFORMANCE_H
#define TEST_UNIT_COMMUNICATORCONFORMANCE_H

#include "core/Dtype.h"
#include "tprt/communicator.h"
#include "tprt/error.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>
#include <thread>

namespace test {

struct WorldFactory {
  std::string name;
  std::function<std::vector<std::unique_ptr<tprt::Communicator>>(int, const tprt::WorldOptions &)> create;
  // Called on each rank's thread before and after its work.
  std::function<void(int rank)> enter = [](int) {};
  std::function<void(int rank)> leave = [](int) {};
  std::function<void *(const void *data, size_t bytes)> upload = [](const void *data, size_t bytes) {
    void *copy = std::malloc(bytes ? bytes : 1);
    if (bytes)
      std::memcpy(copy, data, bytes);
    return copy;
  };
  // Copies back (after all enqueued work) and frees.
  std::function<void(void *memory, void *data, size_t bytes)> download = [](void *memory, void *data, size_t bytes) {
    if (bytes)
      std::memcpy(data, memory, bytes);
    std::free(memory);
  };
  // Whether a broken call is seen, and a missing member found, by this backend.
  bool detectsDisagreement = true;
};

inline std::ostream &operator<<(std::ostream &stream, const WorldFactory &factory) { return stream << factory.name; }

class CommunicatorConformance : public testing::TestWithParam<std::tuple<WorldFactory, int>> {
protected:
  const WorldFactory &factory() const { return std::get<0>(GetParam()); }
  int size() const { return std::get<1>(GetParam()); }

  // Runs body(communicator, rank) on one thread per rank. Exceptions end the
  // world, and their messages are returned by rank.
  std::vector<std::string> run(const std::function<void(tprt::Communicator &, int)> &body, double timeout = 30) {
    tprt::WorldOptions options;
    options.timeoutSeconds = timeout;
    options.describe = [](int rank) { return "op of " + std::to_string(rank); };
    auto world = factory().create(size(), options);
    std::vector<std::string> errors(size());
    std::vector<std::thread> threads;
    for (int r = 0; r < size(); ++r)
      threads.emplace_back([&, r] {
        factory().enter(r);
        try {
          body(*world[r], r);
        } catch (const std::exception &error) {
          errors[r] = error.what();
          world[r]->abort("rank " + std::to_string(r) + " failed");
        }
        factory().leave(r);
      });
    for (std::thread &thread : threads)
      thread.join();
    return errors;
  }

  void expectNoErrors(const std::vector<std::string> &errors) {
    for (const std::string &error : errors)
      EXPECT_EQ(error, "");
  }

  // A device copy of `data` during `use`; the result comes back into it.
  template <typename T, typename Use> void withBuffer(std::vector<T> &data, Use use) {
    size_t bytes = data.size() * sizeof(T);
    void *memory = factory().upload(data.data(), bytes);
    try {
      use(memory);
    } catch (...) {
      factory().download(memory, data.data(), bytes);
      throw;
    }
    factory().download(memory, data.data(), bytes);
  }

  // Element i of rank r's input: small integers, exact in every type.
  static int value(int rank, int64_t i) { return static_cast<int>((rank * 5 + i * 3) % 11) - 3; }

  template <typename T> static std::vector<T> input(int rank, int64_t count) {
    std::vector<T> data(count);
    for (int64_t i = 0; i < count; ++i)
      data[i] = static_cast<T>(value(rank, i));
    return data;
  }
};

TEST_P(CommunicatorConformance, RankAndSize) {
  expectNoErrors(run([&](tprt::Communicator &comm, int r) {
    EXPECT_EQ(comm.rank(), r);
    EXPECT_EQ(comm.size(), size());
    EXPECT_STRNE(comm.backend(), "");
  }));
}

TEST_P(CommunicatorConformance, AllReduceSumMaxMin) {
  for (int64_t count : {0, 1, 7, 64, 1000, 100003})
    for (tprt_reduction reduction : {TPRT_SUM, TPRT_MAX, TPRT_MIN})
      expectNoErrors(run([&](tprt::Communicator &comm, int r) {
        std::vector<float> in = input<float>(r, count), out(count, -99);
        withBuffer(in, [&](void *from) {
          withBuffer(out, [&](void *to) { comm.allReduce(from, to, count, TPRT_F32, reduction); });
        });
        for (int64_t i = 0; i < count; ++i) {
          int expected = value(0, i);
          for (int other = 1; other < size(); ++other) {
            int next = value(other, i);
            expected = reduction == TPRT_SUM   ? expected + next
                       : reduction == TPRT_MAX ? std::max(expected, next)
                                               : std::min(expected, next);
          }
          ASSERT_EQ(out[i], expected) << count << " " << i;
        }
      }));
}

TEST_P(CommunicatorConformance, AllReduceInPlace) {
  for (int64_t count : {5, 20000})
    expectNoErrors(run([&](tprt::Communicator &comm, int r) {
      std::vector<double> data = input<double>(r, count);
      withBuffer(data, [&](void *memory) { comm.allReduce(memory, memory, count, TPRT_F64, TPRT_SUM); });
      for (int64_t i = 0; i < count; ++i) {
        int expected = 0;
        for (int other = 0; other < size(); ++other)
          expected += value(other, i);
        ASSERT_EQ(data[i], expected);
      }
    }));
}

TEST_P(CommunicatorConformance, AllReduceOfIntegers) {
  expectNoErrors(run([&](tprt::Communicator &comm, int r) {
    std::vector<int64_t> wide = input<int64_t>(r, 33);
    withBuffer(wide, [&](void *memory) { comm.allReduce(memory, memory, 33, TPRT_I64, TPRT_SUM); });
    std::vector<int32_t> narrow = input<int32_t>(r, 33);
    withBuffer(narrow, [&](void *memory) { comm.allReduce(memory, memory, 33, TPRT_I32, TPRT_MAX); });
    for (int64_t i = 0; i < 33; ++i) {
      int sum = 0, top = value(0, i);
      for (int other = 0; other < size(); ++other) {
        sum += value(other, i);
        top = std::max(top, value(other, i));
      }
      ASSERT_EQ(wide[i], sum);
      ASSERT_EQ(narrow[i], top);
    }
  }));
}

// Half types accumulate in f32: 1 + many small terms is not stuck at 1.
TEST_P(CommunicatorConformance, HalfTypesAccumulateInSingle) {
  for (tprt_dtype dtype : {TPRT_F16, TPRT_BF16})
    expectNoErrors(run([&](tprt::Communicator &comm, int r) {
      float mine = r == 0 ? 1.0f : 1.0f / 1024;
      uint16_t bits = dtype == TPRT_F16 ? tprt::floatToF16(mine) : tprt::floatToBf16(mine);
      std::vector<uint16_t> data(100, bits);
      withBuffer(data, [&](void *memory) { comm.allReduce(memory, memory, 100, dtype, TPRT_SUM); });
      float sum = 1.0f + static_cast<float>(size() - 1) / 1024;
      uint16_t expected = dtype == TPRT_F16 ? tprt::floatToF16(sum) : tprt::floatToBf16(sum);
      for (uint16_t result : data)
        ASSERT_EQ(result, expected);
    }));
}

// The same bits on every member and in every run.
TEST_P(CommunicatorConformance, ReductionIsReproducible) {
  for (int64_t count : {100, 50000}) {
    std::vector<std::vector<float>> results;
    for (int round = 0; round < 3; ++round) {
      std::vector<std::vector<float>> byRank(size());
      expectNoErrors(run([&](tprt::Communicator &comm, int r) {
        std::vector<float> data(count);
        for (int64_t i = 0; i < count; ++i)
          data[i] = 1.0f / static_cast<float>(1 + r * 7 + i) * (r % 2 ? -1e4f : 1.0f);
        withBuffer(data, [&](void *memory) { comm.allReduce(memory, memory, count, TPRT_F32, TPRT_SUM); });
        byRank[r] = data;
      }));
      results.insert(results.end(), byRank.begin(), byRank.end());
    }
    for (const std::vector<float> &result : results)
      ASSERT_EQ(std::memcmp(result.data(), results[0].data(), count * sizeof(float)), 0);
  }
}

TEST_P(CommunicatorConformance, AllGatherUneven) {
  for (int64_t scale : {1, 5000})
    for (int64_t outer : {1, 3}) {
      std::vector<int64_t> pieces;
      for (int r = 0; r < size(); ++r)
        pieces.push_back((r == 1 ? 0 : r + 2) * scale);
      int64_t row = std::accumulate(pieces.begin(), pieces.end(), int64_t(0));
      expectNoErrors(run([&](tprt::Communicator &comm, int r) {
        std::vector<float> in = input<float>(r, outer * pieces[r]), out(outer * row, -99);
        withBuffer(in, [&](void *from) {
          withBuffer(out, [&](void *to) { comm.allGather(from, to, outer, pieces.data(), TPRT_F32); });
        });
        for (int64_t o = 0, at = 0; o < outer; ++o)
          for (int other = 0; other < size(); ++other)
            for (int64_t i = 0; i < pieces[other]; ++i)
              ASSERT_EQ(out[at++], value(other, o * pieces[other] + i));
      }));
    }
}

TEST_P(CommunicatorConformance, ReduceScatterUneven) {
  for (int64_t outer : {1, 4}) {
    std::vector<int64_t> pieces;
    for (int r = 0; r < size(); ++r)
      pieces.push_back(r == 2 ? 0 : 10 * r + 3);
    int64_t row = std::accumulate(pieces.begin(), pieces.end(), int64_t(0));
    expectNoErrors(run([&](tprt::Communicator &comm, int r) {
      std::vector<float> in = input<float>(r, outer * row), out(outer * pieces[r], -99);
      withBuffer(in, [&](void *from) {
        withBuffer(out, [&](void *to) { comm.reduceScatter(from, to, outer, pieces.data(), TPRT_F32, TPRT_SUM); });
      });
      int64_t begin = std::accumulate(pieces.begin(), pieces.begin() + r, int64_t(0));
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t i = 0; i < pieces[r]; ++i) {
          int expected = 0;
          for (int other = 0; other < size(); ++other)
            expected += value(other, o * row + begin + i);
          ASSERT_EQ(out[o * pieces[r] + i], expected);
        }
    }));
  }
}

TEST_P(CommunicatorConformance, AllToAllUneven) {
  // Rank r sends r + 2 * i elements to rank i.
  expectNoErrors(run([&](tprt::Communicator &comm, int r) {
    std::vector<int64_t> send, receive;
    for (int i = 0; i < size(); ++i) {
      send.push_back(r + 2 * i);
      receive.push_back(i + 2 * r);
    }
    int64_t sent = std::accumulate(send.begin(), send.end(), int64_t(0));
    int64_t received = std::accumulate(receive.begin(), receive.end(), int64_t(0));
    std::vector<int32_t> in = input<int32_t>(r, sent), out(received, -99);
    withBuffer(in, [&](void *from) {
      withBuffer(out, [&](void *to) { comm.allToAll(from, send.data(), to, receive.data(), TPRT_I32); });
    });
    int64_t at = 0;
    for (int i = 0; i < size(); ++i) {
      int64_t offset = 0;
      for (int j = 0; j < r; ++j)
        offset += i + 2 * j;
      for (int64_t k = 0; k < receive[i]; ++k)
        ASSERT_EQ(out[at++], value(i, offset + k));
    }
  }));
}

TEST_P(CommunicatorConformance, BroadcastFromEveryRoot) {
  for (int root = 0; root < size(); ++root)
    expectNoErrors(run([&](tprt::Communicator &comm, int r) {
      std::vector<uint8_t> in(1000, static_cast<uint8_t>(r + 1)), out(1000, 99);
      withBuffer(
          in, [&](void *from) { withBuffer(out, [&](void *to) { comm.broadcast(from, to, 1000, TPRT_U8, root); }); });
      for (uint8_t byte : out)
        ASSERT_EQ(byte, root + 1);
    }));
}

TEST_P(CommunicatorConformance, Shift) {
  for (int distance : {1, -1, 3})
    expectNoErrors(run([&](tprt::Communicator &comm, int r) {
      std::vector<float> in = input<float>(r, 77), out(77, -99);
      withBuffer(in,
                 [&](void *from) { withBuffer(out, [&](void *to) { comm.shift(from, to, 77, TPRT_F32, distance); }); });
      int from = ((r - distance) % size() + size()) % size();
      for (int64_t i = 0; i < 77; ++i)
        ASSERT_EQ(out[i], value(from, i));
    }));
}

// Even and odd ranks in groups of their own, in reverse order; and the same
// members twice under different keys.
TEST_P(CommunicatorConformance, Groups) {
  expectNoErrors(run([&](tprt::Communicator &comm, int r) {
    std::vector<int> members;
    for (int i = size() - 1; i >= 0; --i)
      if (i % 2 == r % 2)
        members.push_back(i);
    auto first = comm.group(0, members), second = comm.group(1, members);
    int position = static_cast<int>(std::find(members.begin(), members.end(), r) - members.begin());
    EXPECT_EQ(first->rank(), position);
    EXPECT_EQ(first->size(), static_cast<int>(members.size()));
    for (tprt::Communicator *group : {first.get(), second.get()}) {
      std::vector<float> in(1, static_cast<float>(r)), out(members.size(), -99);
      std::vector<int64_t> pieces(members.size(), 1);
      withBuffer(in, [&](void *from) {
        withBuffer(out, [&](void *to) { group->allGather(from, to, 1, pieces.data(), TPRT_F32); });
      });
      for (size_t i = 0; i < members.size(); ++i)
        EXPECT_EQ(out[i], members[i]);
    }
  }));
}

TEST_P(CommunicatorConformance, BarrierSeparates) {
  std::atomic<int> arrived{0};
  expectNoErrors(run([&](tprt::Communicator &comm, int) {
    for (int round = 1; round <= 20; ++round) {
      ++arrived;
      comm.barrier();
      EXPECT_EQ(arrived.load(), round * size());
      comm.barrier();
    }
  }));
}

// Many calls of changing kind and size back to back: no call sees the data of
// another.
TEST_P(CommunicatorConformance, ManyCallsInARow) {
  expectNoErrors(run([&](tprt::Communicator &comm, int r) {
    for (int call = 0; call < 300; ++call) {
      int64_t count = 1 + call * 37 % 500;
      std::vector<float> in(count, static_cast<float>(r + call)), out(count, -99);
      withBuffer(in, [&](void *from) {
        withBuffer(out, [&](void *to) {
          if (call % 3 == 2)
            comm.broadcast(from, to, count, TPRT_F32, call % size());
          else
            comm.allReduce(from, to, count, TPRT_F32, call % 3 ? TPRT_SUM : TPRT_MAX);
        });
      });
      int expected = call % 3 == 2   ? call % size() + call
                     : call % 3 == 1 ? size() * (size() - 1) / 2 + size() * call
                                     : size() - 1 + call;
      for (float result : out)
        ASSERT_EQ(result, expected) << "call " << call;
    }
  }));
}

TEST_P(CommunicatorConformance, AbortEndsWaits) {
  if (size() == 1)
    GTEST_SKIP() << "a single member never waits";
  auto start = std::chrono::steady_clock::now();
  std::vector<std::string> errors = run([&](tprt::Communicator &comm, int r) {
    if (r == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      comm.abort("the test says so");
      return;
    }
    comm.barrier();
    FAIL() << "the barrier was passed without rank 0";
  });
  for (int r = 1; r < size(); ++r)
    EXPECT_NE(errors[r].find("the test says so"), std::string::npos) << errors[r];
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_P(CommunicatorConformance, MissingMemberIsNamed) {
  if (size() == 1)
    GTEST_SKIP() << "a single member never waits";
  std::vector<std::string> errors = run(
      [&](tprt::Communicator &comm, int r) {
        if (r != 1)
          comm.barrier();
      },
      0.3);
  std::string all;
  for (const std::string &error : errors)
    all += error + "\n";
  EXPECT_NE(all.find("rank 1 (in op of 1)"), std::string::npos) << all;
}

TEST_P(CommunicatorConformance, DisagreementIsSeen) {
  if (size() == 1 || !factory().detectsDisagreement)
    GTEST_SKIP() << "needs two members and a backend that compares calls";
  std::vector<std::string> errors = run([&](tprt::Communicator &comm, int r) {
    std::vector<float> data(64);
    withBuffer(data, [&](void *memory) { comm.allReduce(memory, memory, 10 + (r == 0), TPRT_F32, TPRT_SUM); });
  });
  EXPECT_NE(errors[0].find("disagree"), std::string::npos) << errors[0];
}

} // namespace test

#endif // TEST_UNIT_COMMUNICATORCONFORMANCE_H
