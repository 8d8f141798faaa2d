//===- RunVariants.cpp - Run the program of variants.mlir -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunVariants.h"

#include "Model.h"

namespace {

constexpr int64_t kColumns = 4;
/// Inputs and outputs of the program, in order.
enum Input { X, Past };
enum Output { Y, Which, Total, Present };
/// Its functions, as `which` numbers them.
enum Function { Main, One, Start };

using Rows = std::vector<float>;

/// Different small integers: sums are exact in any order.
Rows makeRows(int64_t count, int64_t first) {
  Rows rows;
  for (int64_t i = 0; i < count * kColumns; ++i)
    rows.push_back(static_cast<float>((first * kColumns + i) % 23));
  return rows;
}

void bind(Model &model, int32_t input, Rows &rows) {
  tprt_view view{};
  view.data = rows.data();
  view.dtype = TPRT_F32;
  view.rank = 2;
  view.sizes[0] = static_cast<int64_t>(rows.size()) / kColumns;
  view.sizes[1] = view.strides[0] = kColumns;
  view.strides[1] = 1;
  check(tprt_session_bind_input(model.session(), input, &view));
}

void expect(const std::string &run, const char *name, const Tensor &actual, const Rows &expected) {
  const std::string what = run + ": " + name;
  if (actual.count() != static_cast<int64_t>(expected.size()))
    throw std::runtime_error(what + " has " + std::to_string(actual.count()) + " elements");
  for (size_t i = 0; i < expected.size(); ++i)
    if (double got = actual.get(static_cast<int64_t>(i)); got != expected[i])
      throw std::runtime_error(what + " is " + std::to_string(got) + " at " + std::to_string(i) + ", not " +
                               std::to_string(expected[i]));
}

class Runner {
public:
  explicit Runner(const std::string &artifact) : model(artifact) {
    model.open();
    if (model.numStates() != 1)
      throw std::runtime_error("the program has " + std::to_string(model.numStates()) + " states");
  }

  void keepStates() {
    check(tprt_session_keep_states(model.session(), 16));
    isKept = true;
  }
  void restart() {
    check(tprt_session_truncate_states(model.session(), 0));
    history.clear();
  }

  /// One run on `count` more rows, which `function` must do.
  void run(int64_t count, Function function) {
    int64_t length = static_cast<int64_t>(history.size()) / kColumns;
    std::string name = std::to_string(count) + " rows after " + std::to_string(length);
    Rows past = history, rows = makeRows(count, length), doubled, totals(kColumns);
    history.insert(history.end(), rows.begin(), rows.end());
    for (float value : rows)
      doubled.push_back(2 * value);
    for (size_t i = 0; i < history.size(); ++i)
      totals[i % kColumns] += history[i];
    bind(model, X, rows);
    if (!isKept)
      bind(model, Past, past);
    std::vector<Tensor> outputs;
    model.allocateOutputs(outputs, isKept);
    model.run();
    expect(name, "which", outputs[Which], {static_cast<float>(function)});
    expect(name, "y", outputs[Y], doubled);
    expect(name, "total", outputs[Total], totals);
    if (!isKept)
      expect(name, "present", outputs[Present], history);
  }

  int64_t getArena() {
    tprt_memory_info info{};
    check(tprt_session_memory(model.session(), 0, &info));
    return info.arena;
  }

private:
  Model model;
  bool isKept = false;
  Rows history;
};

/// The same steps with the caller's caches and with kept ones.
void runSteps(Runner &runner) {
  runner.run(4, Start);
  runner.run(1, One);
  runner.run(3, Main);
  runner.run(1, One);
  runner.run(4, Main);
}

} // namespace

std::string runVariants(const std::string &artifact) {
  try {
    Runner separate(artifact);
    runSteps(separate);
    Runner kept(artifact);
    kept.keepStates();
    runSteps(kept);
    kept.restart();
    // Two variants are for these sizes: the first one runs.
    kept.run(1, One);
    kept.restart();
    kept.run(2, Main);
    // Only what runs takes memory: the large product of `start` is 8192 columns
    // on a rank.
    constexpr int64_t kLarge = 4 * 8192 * sizeof(float);
    Runner small(artifact);
    small.run(2, Main);
    small.run(1, One);
    if (small.getArena() >= kLarge || kept.getArena() < kLarge)
      return "the arena has " + std::to_string(small.getArena()) + " bytes, with the large variant " +
             std::to_string(kept.getArena());
    return "";
  } catch (const std::exception &error) {
    return error.what();
  }
}
