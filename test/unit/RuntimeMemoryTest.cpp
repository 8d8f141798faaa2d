//===- RuntimeMemoryTest.cpp - Arena and weights --------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arena and the loading of weights.
//
//===----------------------------------------------------------------------===//

#include "RuntimeSupport.h"

#include "core/Arena.h"
#include "core/Weights.h"
#include "cpu/CpuDevice.h"
#include "tprt/fingerprint.h"

#include <random>

using namespace test;
using namespace tprt;

namespace {

void expectNoOverlap(const ArenaPlan &plan, const std::vector<int64_t> &sizes, const std::vector<Lifetime> &lifetimes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % arenaAlignment, 0);
    EXPECT_GE(plan.offsets[i], 0);
    EXPECT_LE(plan.offsets[i] + sizes[i], plan.bytes);
    for (size_t j = 0; j < i; ++j) {
      bool together = lifetimes[i].first <= lifetimes[j].last && lifetimes[j].first <= lifetimes[i].last;
      bool overlap = plan.offsets[i] < plan.offsets[j] + sizes[j] && plan.offsets[j] < plan.offsets[i] + sizes[i];
      EXPECT_FALSE(together && overlap && sizes[i] && sizes[j]) << i << " and " << j;
    }
  }
}

TEST(RuntimeArena, LiveSlotsNeverOverlap) {
  std::mt19937 generator(1);
  for (int round = 0; round < 300; ++round) {
    size_t count = 1 + generator() % 60;
    std::vector<int64_t> sizes;
    std::vector<Lifetime> lifetimes;
    for (size_t i = 0; i < count; ++i) {
      sizes.push_back(generator() % 4 ? generator() % 5000 : 0);
      int64_t first = generator() % 40;
      lifetimes.push_back({first, first + static_cast<int64_t>(generator() % 8)});
    }
    ArenaPlan plan = packArena(sizes, lifetimes);
    expectNoOverlap(plan, sizes, lifetimes);
    // Never below what one step holds, seldom far above it.
    int64_t peak = 0;
    for (int64_t step = 0; step < 50; ++step) {
      int64_t live = 0;
      for (size_t i = 0; i < count; ++i)
        if (lifetimes[i].first <= step && step <= lifetimes[i].last)
          live += (sizes[i] + 63) / 64 * 64;
      peak = std::max(peak, live);
    }
    EXPECT_GE(plan.bytes, peak);
    EXPECT_LE(plan.bytes, 2 * peak);
  }
}

TEST(RuntimeArena, ChainReusesTwoPlaces) {
  std::vector<int64_t> sizes(20, 1000);
  std::vector<Lifetime> lifetimes;
  for (int64_t i = 0; i < 20; ++i)
    lifetimes.push_back({i, i + 1});
  EXPECT_EQ(packArena(sizes, lifetimes).bytes, 2 * 1024);
}

TEST(RuntimeArena, CacheServesGrowingSizes) {
  std::vector<Lifetime> lifetimes;
  for (int64_t i = 0; i < 10; ++i)
    lifetimes.push_back({i, i + 2});
  ArenaCache cache(lifetimes);
  std::vector<int64_t> sizes(10, 4000);
  for (int64_t token = 0; token < 1000; ++token) {
    sizes[3] = sizes[4] = 4 * (256 + token);
    expectNoOverlap(cache.plan(sizes), sizes, lifetimes);
  }
  EXPECT_LE(cache.size(), 12u);
  // A prompt's large plan is not used for a single token.
  std::vector<int64_t> prompt(10, 4000000);
  EXPECT_GT(cache.plan(prompt).bytes, 8000000);
  EXPECT_LT(cache.plan(sizes).bytes, 100000);
  sizes[0] = -1;
  EXPECT_THROW(cache.plan(sizes), Error);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

struct WeightFile {
  explicit WeightFile(const std::string &content) {
    writeFile(dir / "w", content);
    files.emplace_back(dir / "w");
  }
  TempDir dir;
  std::vector<MappedFile> files;
};

WeightSpec onePart(int32_t dtype, int32_t stored, WeightPiece piece) {
  WeightSpec weight{"w", dtype, {piece.sizes}, {}};
  weight.parts.push_back({stored, {std::move(piece)}});
  return weight;
}

TEST(RuntimeWeights, GathersViews) {
  std::vector<float> data(60);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<float>(i);
  // One byte in front: nothing in the file is aligned.
  WeightFile file("x" + bytesOf(data));
  std::vector<float> out(12, -1);
  gatherWeight(onePart(TPRT_F32, TPRT_F32, {0, 1 + 4 * 2, {0, 0}, {3, 4}, {10, 1}}), file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<float>{2, 3, 4, 5, 12, 13, 14, 15, 22, 23, 24, 25}));
  gatherWeight(onePart(TPRT_F32, TPRT_F32, {0, 1, {0, 0}, {3, 4}, {1, 10}}), file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<float>{0, 10, 20, 30, 1, 11, 21, 31, 2, 12, 22, 32}));
  gatherWeight(onePart(TPRT_F32, TPRT_F32, {0, 1 + 4 * 11, {0}, {12}, {-1}}), file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<float>{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
}

TEST(RuntimeWeights, JoinsPartsOfDifferentTypes) {
  std::vector<float> singles = {1, 2, 3, 4};
  std::vector<uint16_t> halves;
  for (float value : {5.0f, 6.5f})
    halves.push_back(floatToBf16(value));
  WeightFile file(bytesOf(singles) + bytesOf(halves));
  WeightSpec weight{"w", TPRT_F32, {{2, 3}}, {}};
  weight.parts.push_back({TPRT_F32, {{0, 0, {0, 0}, {2, 2}, {2, 1}}}});
  weight.parts.push_back({TPRT_BF16, {{0, 16, {0, 2}, {2, 1}, {1, 1}}}});
  std::vector<float> out(6);
  gatherWeight(weight, file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<float>{1, 2, 5, 3, 4, 6.5f}));
}

TEST(RuntimeWeights, ConvertsLargeTransposedBoxes) {
  int64_t rows = 300, columns = 1000;
  std::vector<uint16_t> data(rows * columns);
  for (int64_t i = 0; i < rows * columns; ++i)
    data[i] = floatToF16(static_cast<float>(i % 2000));
  WeightFile file(bytesOf(data));
  std::vector<float> out(rows * columns);
  gatherWeight(onePart(TPRT_F32, TPRT_F16, {0, 0, {0, 0}, {columns, rows}, {1, columns}}), file.files, 0, out.data());
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t i = 0; i < rows; ++i)
      ASSERT_EQ(out[j * rows + i], static_cast<float>((i * columns + j) % 2000));
}

TEST(RuntimeWeights, MapsWhatNeedsNoCopy) {
  std::vector<float> data(64, 3);
  WeightFile file(bytesOf(data));
  Manifest manifest;
  manifest.weights.push_back(onePart(TPRT_F32, TPRT_F32, {0, 16, {0, 0}, {2, 8}, {8, 1}}));  // mapped
  manifest.weights.push_back(onePart(TPRT_F32, TPRT_F32, {0, 16, {0, 0}, {2, 8}, {16, 1}})); // strided
  manifest.weights.push_back(onePart(TPRT_F32, TPRT_F32, {0, 17, {0}, {8}, {1}}));           // unaligned
  manifest.weights.push_back(onePart(TPRT_F64, TPRT_F32, {0, 0, {0}, {3}, {1}}));            // converted
  manifest.weights.push_back(onePart(TPRT_F32, TPRT_F32, {0, 0, {0}, {0}, {1}}));            // empty
  CpuDevice device;
  int progress = 0;
  RankWeights weights(manifest, file.files, 0, device, [&] { ++progress; });
  EXPECT_EQ(weights.pointers()[0], file.files[0].data() + 16);
  EXPECT_EQ(weights.mappedBytes(), 64);
  for (int i : {1, 2, 3, 4}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.pointers()[i]) % 64, 0u);
    EXPECT_NE(weights.pointers()[i], nullptr);
  }
  EXPECT_EQ(static_cast<double *>(weights.pointers()[3])[2], 3);
  EXPECT_EQ(progress, 4);
}

TEST(RuntimeWeights, UnpacksNarrowElements) {
  // Nibbles 1, 2, ..., 15, 0 from byte 1 on, the low one of each byte first.
  WeightFile file(std::string("x") + "\x21\x43\x65\x87\xa9\xcb\xed\x0f");
  std::vector<uint8_t> out(6);
  gatherWeight(onePart(TPRT_U4, TPRT_U4, {0, 8 + 4 * 2, {0, 0}, {2, 3}, {5, 1}}), file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<uint8_t>{3, 4, 5, 8, 9, 10}));
  gatherWeight(onePart(TPRT_I4, TPRT_I4, {0, 8 + 4 * 2, {0, 0}, {3, 2}, {1, 5}}), file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<uint8_t>{3, 0xf8, 4, 0xf9, 5, 0xfa}));
  gatherWeight(onePart(TPRT_U2, TPRT_U2, {0, 8, {0}, {6}, {1}}), file.files, 0, out.data());
  EXPECT_EQ(out, (std::vector<uint8_t>{1, 0, 2, 0, 3, 0}));
  // 6-bit elements lie across bytes: 0x654321 from the low end.
  std::vector<uint8_t> three(3);
  gatherWeight(onePart(TPRT_F6E2M3, TPRT_F6E2M3, {0, 8, {0}, {3}, {1}}), file.files, 0, three.data());
  EXPECT_EQ(three, (std::vector<uint8_t>{0x21, 0x0c, 0x14}));
  EXPECT_THROW(gatherWeight(onePart(TPRT_F32, TPRT_U4, {0, 8, {0}, {1}, {1}}), file.files, 0, out.data()), Error);
}

TEST(RuntimeWeights, FloatsDoNotBecomeIntegers) {
  WeightFile file(std::string(64, 'a'));
  std::vector<int64_t> out(4);
  EXPECT_THROW(gatherWeight(onePart(TPRT_I64, TPRT_F32, {0, 0, {0}, {4}, {1}}), file.files, 0, out.data()), Error);
}

TEST(RuntimeWeights, FingerprintSeesChanges) {
  std::string content(1 << 20, 'a');
  char first[17], second[17];
  tprt_fingerprint(content.data(), content.size(), first);
  content.back() = 'b';
  tprt_fingerprint(content.data(), content.size(), second);
  EXPECT_STRNE(first, second);
  WeightFile file(content);
  FileSpec spec{file.dir / "w", "", static_cast<int64_t>(content.size()), second};
  EXPECT_EQ(openWeightFile(spec, "/").bytes(), 1 << 20);
  spec.fingerprint = first;
  EXPECT_THROW(openWeightFile(spec, "/"), Error);
}

} // namespace
