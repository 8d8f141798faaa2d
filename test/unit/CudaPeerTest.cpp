//===- CudaPeerTest.cpp - The peer communicator on emulated streams -*- C++
//-*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaEmulatedStream.h"
#include "core/View.h"
#include "cuda/Collective.h"
#include "cuda/PeerCommunicator.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace tprt;
using namespace tprt::cuda;

namespace {

/// One rank of a test: its communicator and its stream.
struct TestRank {
  Communicator &comm;
  EmulatedStream &stream;
  int rank;

  void collective(CollectiveArgs args) {
    std::vector<std::unique_ptr<char[]>> memory;
    runCollective(
        comm, stream,
        [&](int, size_t bytes) {
          memory.push_back(std::make_unique<char[]>(bytes));
          return memory.back().get();
        },
        args);
    stream.synchronize();
  }
};

/// Runs `body` on `size` threads; returns what each threw ("" for nothing).
template <class F>
std::vector<std::string> runRanks(int size, F body, double timeout = 60) {
  std::vector<std::shared_ptr<EmulatedStream>> streams;
  for (int r = 0; r < size; ++r)
    streams.push_back(std::make_shared<EmulatedStream>(r));
  WorldOptions options;
  options.timeoutSeconds = timeout;
  options.describe = [](int r) { return "operation " + std::to_string(r); };
  auto world = createPeerWorld({streams.begin(), streams.end()}, options);
  std::vector<std::string> errors(size);
  std::vector<std::thread> threads;
  for (int r = 0; r < size; ++r)
    threads.emplace_back([&, r] {
      try {
        TestRank rank{*world[r], *streams[r], r};
        body(rank);
      } catch (const Error &error) {
        errors[r] = error.what();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (auto &stream : streams)
    stream->synchronize();
  return errors;
}

std::vector<std::string> noErrors(int size) {
  return std::vector<std::string>(size);
}

TEST(CudaPeer, AllReduceManyTimesInPlaceAndGrowing) {
  for (int size : {1, 2, 4}) {
    auto errors = runRanks(size, [&](TestRank &rank) {
      std::vector<float> data(700);
      for (int round = 1; round <= 40; ++round) {
        int64_t count = round * 17;
        // Nothing waits for the stream between rounds but the reads here.
        rank.stream.synchronize();
        for (int64_t i = 0; i < count; ++i)
          data[i] = static_cast<float>(rank.rank + i * round);
        for (int repeat = 0; repeat < 3; ++repeat)
          rank.comm.allReduce(data.data(), data.data(), count, TPRT_F32,
                              TPRT_SUM);
        rank.stream.synchronize();
        float scale = static_cast<float>(size * size);
        for (int64_t i = 0; i < count; ++i)
          ASSERT_EQ(data[i], scale * (size * (size - 1) / 2 +
                                      static_cast<float>(size * i * round)));
      }
    });
    EXPECT_EQ(errors, noErrors(size));
  }
}

TEST(CudaPeer, SumsInGroupOrderOnEveryRank) {
  const std::vector<float> inputs = {1.0f, 5.9e-8f, 5.9e-8f};
  runRanks(3, [&](TestRank &rank) {
    float in = inputs[rank.rank], out = 0;
    rank.comm.allReduce(&in, &out, 1, TPRT_F32, TPRT_SUM);
    rank.stream.synchronize();
    EXPECT_EQ(out, 1.0f);
    // Reversed, the small ones are added first and count.
    auto reversed = rank.comm.group(0, {2, 1, 0});
    reversed->allReduce(&in, &out, 1, TPRT_F32, TPRT_SUM);
    rank.stream.synchronize();
    EXPECT_GT(out, 1.0f);
  });
}

// A rank's view of [2, n, 3] tensors along dimension 1: member m holds sizes[m]
// indices; element (i, j, k) of the whole is 100 i + 10 j + k.
tprt_view viewOf(std::vector<float> &data, std::vector<int64_t> sizes) {
  tprt_view view{};
  view.dtype = TPRT_F32;
  view.rank = static_cast<int32_t>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), view.sizes);
  setContiguousStrides(view);
  data.resize(elementCount(view));
  view.data = data.data();
  return view;
}

void fillPart(std::vector<float> &data, int64_t start, int64_t size) {
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < size; ++j)
      for (int64_t k = 0; k < 3; ++k)
        data[(i * size + j) * 3 + k] = 100.0f * i + 10.0f * (start + j) + k;
}

TEST(CudaPeer, UnevenGatherAndScatterUndoEachOther) {
  const std::vector<int64_t> sizes = {3, 0, 2};
  auto errors = runRanks(3, [&](TestRank &rank) {
    int64_t start =
        std::accumulate(sizes.begin(), sizes.begin() + rank.rank, int64_t(0));
    int64_t own = sizes[rank.rank];
    std::vector<float> part, whole, wanted, back;
    tprt_view partView = viewOf(part, {2, own, 3});
    tprt_view wholeView = viewOf(whole, {2, 5, 3});
    viewOf(wanted, {2, 5, 3});
    tprt_view backView = viewOf(back, {2, own, 3});
    fillPart(part, start, own);
    fillPart(wanted, 0, 5);
    rank.collective(
        {TPRT_ALL_GATHER, TPRT_SUM, 1, 0, sizes.data(), partView, wholeView});
    EXPECT_EQ(whole, wanted);
    rank.collective({TPRT_REDUCE_SCATTER, TPRT_SUM, 1, 0, sizes.data(),
                     wholeView, backView});
    for (float &value : part)
      value *= 3;
    EXPECT_EQ(back, part);
  });
  EXPECT_EQ(errors, noErrors(3));
}

TEST(CudaPeer, StridedGatherPacks) {
  auto errors = runRanks(2, [&](TestRank &rank) {
    // in is [3, 2] seen as [2, 3]; out is [2, 6] inside of [2, 8].
    std::vector<float> in(6), out(16, -1);
    std::iota(in.begin(), in.end(), 10.0f * rank.rank);
    tprt_view inView{in.data(), TPRT_F32, 2, {2, 3}, {1, 2}};
    tprt_view outView{out.data() + 1, TPRT_F32, 2, {2, 6}, {8, 1}};
    rank.collective(
        {TPRT_ALL_GATHER, TPRT_SUM, 1, 0, nullptr, inView, outView});
    EXPECT_EQ(out, (std::vector<float>{-1, 0, 2, 4, 10, 12, 14, -1, //
                                       -1, 1, 3, 5, 11, 13, 15, -1}));
  });
  EXPECT_EQ(errors, noErrors(2));
}

TEST(CudaPeer, AllToAllMovesTheSplit) {
  // [4, 5] split along 0 (2 each) becomes split along 1 (3 and 2).
  const std::vector<int64_t> sizes = {3, 2, 2, 2};
  auto errors = runRanks(2, [&](TestRank &rank) {
    std::vector<float> in, out;
    tprt_view inView = viewOf(in, {2, 5});
    tprt_view outView = viewOf(out, {4, sizes[rank.rank]});
    for (int64_t i = 0; i < 10; ++i)
      in[i] = static_cast<float>((2 * rank.rank + i / 5) * 10 + i % 5);
    rank.collective(
        {TPRT_ALL_TO_ALL, TPRT_SUM, 1, 0, sizes.data(), inView, outView});
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t j = 0; j < sizes[rank.rank]; ++j)
        EXPECT_EQ(out[i * sizes[rank.rank] + j],
                  i * 10 + j + (rank.rank ? 3 : 0));
  });
  EXPECT_EQ(errors, noErrors(2));
}

TEST(CudaPeer, BroadcastAndPermute) {
  auto errors = runRanks(3, [&](TestRank &rank) {
    std::vector<float> in, out;
    tprt_view inView = viewOf(in, {4}), outView = viewOf(out, {4});
    std::fill(in.begin(), in.end(), static_cast<float>(rank.rank));
    rank.collective({TPRT_BROADCAST, 0, 2, 0, nullptr, inView, outView});
    EXPECT_EQ(out, std::vector<float>(4, 2));
    rank.collective({TPRT_PERMUTE, 0, 1, 0, nullptr, inView, outView});
    EXPECT_EQ(out, std::vector<float>(4, (rank.rank + 2) % 3));
    rank.collective({TPRT_PERMUTE, 0, -1, 0, nullptr, inView, outView});
    EXPECT_EQ(out, std::vector<float>(4, (rank.rank + 1) % 3));
    const std::vector<int64_t> sources = {0, 2, 1};
    rank.collective({TPRT_PERMUTE, 0, 0, 0, sources.data(), inView, outView});
    EXPECT_EQ(out, std::vector<float>(4, sources[rank.rank]));
    rank.comm.barrier();
  });
  EXPECT_EQ(errors, noErrors(3));
}

TEST(CudaPeer, Groups) {
  auto errors = runRanks(4, [&](TestRank &rank) {
    int pair = rank.rank / 2;
    auto row = rank.comm.group(0, {2 * pair, 2 * pair + 1});
    auto column = rank.comm.group(1, {rank.rank % 2, rank.rank % 2 + 2});
    auto again = rank.comm.group(0, {2 * pair, 2 * pair + 1});
    EXPECT_EQ(row->size(), 2);
    EXPECT_EQ(row->rank(), rank.rank % 2);
    int64_t in = 1 << rank.rank, out = 0;
    row->allReduce(&in, &out, 1, TPRT_I64, TPRT_SUM);
    rank.stream.synchronize();
    EXPECT_EQ(out, pair ? 12 : 3);
    column->allReduce(&in, &out, 1, TPRT_I64, TPRT_MAX);
    rank.stream.synchronize();
    EXPECT_EQ(out, rank.rank % 2 ? 8 : 4);
    again->allReduce(&out, &out, 1, TPRT_I64, TPRT_MIN);
    rank.stream.synchronize();
    EXPECT_EQ(out, 4);
  });
  EXPECT_EQ(errors, noErrors(4));
}

TEST(CudaPeer, NamesTheRankThatStalls) {
  auto errors = runRanks(
      3,
      [&](TestRank &rank) {
        float value = 1;
        if (rank.rank != 1)
          rank.comm.allReduce(&value, &value, 1, TPRT_F32, TPRT_SUM);
        rank.stream.synchronize();
      },
      0.2);
  EXPECT_EQ(errors[0], "peer: no sign of rank 1 (in operation 1) within 0.2 s");
  EXPECT_EQ(errors[1], "");
  EXPECT_EQ(errors[2], errors[0]);
}

TEST(CudaPeer, AbortEndsWaits) {
  auto errors = runRanks(3, [&](TestRank &rank) {
    float value = 1;
    if (rank.rank == 2)
      rank.comm.abort("rank 2 failed");
    rank.comm.allReduce(&value, &value, 1, TPRT_F32, TPRT_SUM);
  });
  EXPECT_EQ(errors, std::vector<std::string>(3, "rank 2 failed"));
}

TEST(CudaPeer, DisagreementIsAnError) {
  auto errors = runRanks(2, [&](TestRank &rank) {
    float in[4] = {}, out[4];
    rank.comm.allReduce(in, out, 1 + rank.rank, TPRT_F32, TPRT_SUM);
  });
  EXPECT_NE(errors[0].find("ranks disagree"), std::string::npos) << errors[0];
  EXPECT_NE(errors[1].find("ranks disagree"), std::string::npos) << errors[1];
}

TEST(CudaCollective, RefusesWhatDoesNotFit) {
  auto errors = runRanks(1, [&](TestRank &rank) {
    std::vector<float> in, out;
    tprt_view inView = viewOf(in, {2, 3}), outView = viewOf(out, {2, 4});
    rank.collective(
        {TPRT_ALL_GATHER, TPRT_SUM, 1, 0, nullptr, inView, outView});
  });
  EXPECT_EQ(errors[0],
            "all-gather: the result f32[2, 4] has 8 elements, need 6");
}

} // namespace
