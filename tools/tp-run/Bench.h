//===- Bench.h - Timing ----------------------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_RUN_BENCH_H
#define TP_RUN_BENCH_H

#include "Decoder.h"

#include <functional>
#include <string>
#include <vector>

struct BenchItem {
  enum Kind { Prefill, Decode } kind;
  int64_t tokens;
};

// "prefill:256,decode:256". Throws when it is something else.
std::vector<BenchItem> parseBench(const std::string &text);

// Runs the items and prints one JSON object on stdout.
void benchDecoder(Model &model, const std::vector<BenchItem> &items, int repeats);
// The same for `run`, which runs the model once on inputs bound already.
void benchRuns(Model &model, const std::function<void()> &run, int repeats);

#endif // TP_RUN_BENCH_H
