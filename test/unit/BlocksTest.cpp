//===- BlocksTest.cpp - Repetitions in sequences --------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Partition/Blocks.h"

#include "gtest/gtest.h"

using namespace tpo;

namespace {

std::optional<Repetition> find(llvm::StringRef text, size_t minPeriod = 1) {
  std::vector<uint64_t> sequence(text.begin(), text.end());
  return findRepetition(sequence, 0, sequence.size(), minPeriod,
                        [](const Repetition &) { return true; });
}

void expectRepetition(llvm::StringRef text, size_t start, size_t period,
                      size_t count) {
  std::optional<Repetition> rep = find(text);
  ASSERT_TRUE(rep) << text.str();
  EXPECT_EQ(rep->start, start) << text.str();
  EXPECT_EQ(rep->period, period) << text.str();
  EXPECT_EQ(rep->count, count) << text.str();
}

TEST(Blocks, FindsTheLongestRepetition) {
  expectRepetition("abab", 0, 2, 2);
  expectRepetition("eabcabcabcf", 1, 3, 3);
  // The rest of a started block does not count.
  expectRepetition("xabcabca", 1, 3, 2);
  // qkv inside of a layer is shorter than the layers.
  expectRepetition("enqqqonffnqqqonffh", 1, 8, 2);
}

TEST(Blocks, PrefersTheSmallestPeriod) { expectRepetition("aaaa", 0, 1, 4); }

TEST(Blocks, FindsNothingWithoutRepetition) {
  EXPECT_FALSE(find("abcdef"));
  EXPECT_FALSE(find(""));
  EXPECT_FALSE(find("aa", 2));
}

TEST(Blocks, AsksBeforeItAccepts) {
  std::vector<uint64_t> sequence = {1, 1, 1, 2, 3, 2, 3};
  auto rep = findRepetition(sequence, 0, sequence.size(), 1,
                            [](const Repetition &r) { return r.period == 2; });
  ASSERT_TRUE(rep);
  EXPECT_EQ(rep->start, 3u);
}

} // namespace
