//===- Bench.cpp - Timing -------------------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bench.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

using nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;

// Milliseconds of each repetition. Without a fixed number: at least 5, for
// about two seconds. `prepare` is not timed.
std::vector<double> measure(const std::function<void()> &prepare, const std::function<void()> &run, int repeats) {
  std::vector<double> times;
  double total = 0;
  // The first runs touch memory, compile kernels and pack the arena.
  for (int i = 0; i < 2; ++i) {
    prepare();
    run();
  }
  while (repeats ? static_cast<int>(times.size()) < repeats
                 : times.size() < 5 || (total < 2000 && times.size() < 1000)) {
    prepare();
    Clock::time_point start = Clock::now();
    run();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  return times;
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

ordered_json summary(const std::vector<double> &times, int64_t tokens) {
  double median = times[times.size() / 2];
  ordered_json json;
  json["median_ms"] = rounded(median);
  json["min_ms"] = rounded(times.front());
  json["runs"] = times.size();
  if (tokens)
    json["tokens_per_s"] = rounded(static_cast<double>(tokens) * 1000 / median);
  return json;
}

ordered_json header(Model &model) {
  ordered_json json;
  json["target"] = model.target();
  json["ranks"] = model.ranks();
  return json;
}

void finish(Model &model, ordered_json &json) {
  ordered_json memory = ordered_json::array();
  ordered_json profiles = ordered_json::array();
  for (int r = 0; r < model.ranks(); ++r) {
    tprt_memory_info info;
    check(tprt_session_memory(model.session(), r, &info));
    memory.push_back({{"weights_mapped", info.weights_mapped},
                      {"weights_copied", info.weights_copied},
                      {"arena", info.arena},
                      {"states", info.states}});
    profiles.push_back(ordered_json::parse(tprt_session_profile(model.session(), r)));
  }
  json["memory_bytes_per_rank"] = memory;
  if (!profiles[0].empty())
    json["profile_per_rank"] = profiles;
  std::printf("%s\n", json.dump(2).c_str());
}

} // namespace

std::vector<BenchItem> parseBench(const std::string &text) {
  std::vector<BenchItem> items;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string item = text.substr(begin, end - begin);
    size_t colon = item.find(':');
    std::string name = item.substr(0, colon), number = colon == std::string::npos ? "" : item.substr(colon + 1);
    bool digits = !number.empty() && number.size() < 10 && number.find_first_not_of("0123456789") == std::string::npos;
    if ((name != "prefill" && name != "decode") || !digits || (name == "prefill" && std::stoll(number) == 0))
      throw std::runtime_error("--bench: '" + item + "' is not prefill:N or decode:N");
    items.push_back({name == "prefill" ? BenchItem::Prefill : BenchItem::Decode, std::stoll(number)});
    begin = end + 1;
  }
  return items;
}

void benchDecoder(Model &model, const std::vector<BenchItem> &items, int repeats) {
  int64_t longest = 1;
  for (const BenchItem &item : items)
    longest = std::max(longest, item.tokens + 1);
  Decoder decoder(model, longest);
  int64_t vocabulary = decoder.vocabulary() > 0 ? decoder.vocabulary() : 100;
  auto prompt = [&](int64_t length) {
    std::vector<int64_t> tokens;
    for (int64_t i = 0; i < length; ++i)
      tokens.push_back((i * 7 + 3) % vocabulary);
    return tokens;
  };
  ordered_json json = header(model);
  for (const BenchItem &item : items) {
    decoder.truncate(0);
    if (item.kind == BenchItem::Prefill) {
      std::vector<int64_t> tokens = prompt(item.tokens);
      json["prefill"] = {{"tokens", item.tokens}};
      json["prefill"].update(
          summary(measure([&] { decoder.truncate(0); }, [&] { decoder.feed(tokens); }, repeats), item.tokens));
      continue;
    }
    if (!decoder.hasCache())
      throw std::runtime_error("--bench=decode needs a model with a KV cache");
    if (item.tokens)
      decoder.feed(prompt(item.tokens));
    json["decode"] = {{"past", item.tokens}};
    json["decode"].update(
        summary(measure([&] { decoder.truncate(item.tokens); }, [&] { decoder.feed({1}); }, repeats), 1));
  }
  finish(model, json);
}

void benchRuns(Model &model, const std::function<void()> &run, int repeats) {
  ordered_json json = header(model);
  json["run"] = summary(measure([] {}, run, repeats), 0);
  finish(model, json);
}
