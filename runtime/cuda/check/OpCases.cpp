//===- OpCases.cpp - One backend's operations against another's -*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "check/OpCases.h"
#include "check/Tensor.h"
#include <numeric>
#include <thread>

using namespace tprt;
using namespace tprt::check;

namespace {

double toleranceOf(int32_t dtype) {
  switch (dtype) {
  case TPRT_F64:
    return 1e-11;
  case TPRT_F32:
    return 2e-5;
  case TPRT_F16:
    return 4e-3;
  case TPRT_BF16:
    return 3e-2;
  default:
    return 0;
  }
}

/// One rank of a backend, for operations that need no other.
struct Single {
  explicit Single(const BackendFactory &factory)
      : backend(factory()), device(backend->createDevice({})) {
    ctx.device = device.get();
    ctx.ops = device->ops();
  }

  /// Runs an operation; returns the error that it left in the context or threw.
  template <class F> std::string run(F operation) {
    ctx.failedFlag = false;
    ctx.errorMessage.clear();
    try {
      device->beginRun(&ctx);
      operation();
      device->endRun(&ctx);
    } catch (const std::exception &error) {
      return error.what();
    }
    return ctx.errorMessage;
  }

  std::unique_ptr<Backend> backend;
  std::unique_ptr<Device> device;
  tprt_ctx ctx;
};

class Checker {
public:
  Checker(const BackendFactory &tested, const BackendFactory &reference)
      : tested(tested), reference(reference) {}

  void matmuls();
  void matmul(int32_t dtype, std::vector<int64_t> batch, int64_t m, int64_t n,
              int64_t k, int layout, int32_t activation, int bias,
              int residual);
  void attentions();
  void attention(const std::string &name, int32_t dtype, int64_t queries,
                 int64_t keys, int64_t headSize, tprt_attention_params params,
                 const Tensor *mask);
  void gathers();
  void scatters();
  void selections();
  void moves();

  std::vector<Result> results;

private:
  /// Runs `operation(rank, device tensors)` on both backends and compares the
  /// last tensor; with `mustFail` wants an error.
  template <class F>
  void both(const std::string &name, const std::vector<const Tensor *> &inputs,
            const Tensor &output, double tolerance, F operation,
            bool mustFail = false);

  Single tested, reference;
  std::mt19937 generator{11};
};

template <class F>
void Checker::both(const std::string &name,
                   const std::vector<const Tensor *> &inputs,
                   const Tensor &output, double tolerance, F operation,
                   bool mustFail) {
  Tensor outputs[2] = {output, output};
  std::string errors[2];
  Single *ranks[2] = {&tested, &reference};
  for (int i = 0; i < 2; ++i) {
    errors[i] = ranks[i]->run([&] {
      std::vector<std::unique_ptr<DeviceTensor>> memory;
      std::vector<const tprt_view *> views;
      auto upload = [&](const Tensor *tensor) {
        if (tensor)
          memory.push_back(
              std::make_unique<DeviceTensor>(*ranks[i]->device, *tensor));
        views.push_back(tensor ? &memory.back()->view : nullptr);
      };
      for (const Tensor *input : inputs)
        upload(input);
      upload(&output);
      operation(ranks[i]->ctx, views);
      memory.back()->download(outputs[i]);
    });
  }
  Result result{name, ""};
  if (mustFail)
    result.problem = errors[0].empty() ? "no error, need: " + errors[1] : "";
  else if (!errors[0].empty() || !errors[1].empty())
    result.problem =
        errors[0] +
        (errors[1].empty() ? "" : " (the reference: " + errors[1] + ")");
  else
    result.problem = outputs[0].compare(outputs[1], tolerance);
  results.push_back(result);
}

void Checker::matmul(int32_t dtype, std::vector<int64_t> batch, int64_t m,
                     int64_t n, int64_t k, int layout, int32_t activation,
                     int biasKind, int residualKind) {
  auto shaped = [&](int64_t rows, int64_t columns, bool withBatch) {
    std::vector<int64_t> sizes = withBatch ? batch : std::vector<int64_t>();
    sizes.push_back(rows);
    sizes.push_back(columns);
    return sizes;
  };
  auto transposed = [](size_t rank) {
    std::vector<int> order(rank);
    std::iota(order.begin(), order.end(), 0);
    std::swap(order[rank - 1], order[rank - 2]);
    return order;
  };
  size_t rank = batch.size() + 2;
  // Bit 0: a transposed; 1: b transposed; 2: b has the batch; 3: gaps, so that
  // no leading dimension is a size; 4: a is cut from rows of rows (no unit
  // stride is left when it is transposed too); 5: a and b repeat their first
  // row.
  bool batchedB = layout & 4;
  int64_t gap = layout & 8 ? 3 : 0;
  Tensor a(dtype, shaped(m, k, true),
           layout & 1 ? transposed(rank) : std::vector<int>(), gap);
  Tensor b(dtype, shaped(k, n, batchedB),
           layout & 2 ? transposed(batchedB ? rank : 2) : std::vector<int>(),
           gap);
  if (layout & 16) { // every second column
    a = Tensor(dtype, shaped(m, 2 * k, true));
    a.randomize(generator);
    a.view.sizes[rank - 1] = k;
    a.view.strides[rank - 1] *= 2;
  }
  if (layout & 32) { // one row for all
    a.view.strides[rank - 2] = 0;
    b.view.strides[b.view.rank - 2] = 0;
  }
  Tensor c(dtype, shaped(m, n, true), {}, gap);
  Tensor bias = biasKind == 2 ? Tensor(dtype, {m, 1}) : Tensor(dtype, {n});
  Tensor residual(dtype, shaped(m, n, true), {}, gap);
  for (Tensor *tensor : {&a, &b, &bias, &residual, &c})
    tensor->randomize(generator);
  bool inPlace = residualKind == 2;
  both(concat("matmul ", dtypeName(dtype), " [", batch.size(), " batch, ", m,
              ", ", n, ", ", k, "] layout ", layout, " activation ", activation,
              " bias ", biasKind, " residual ", residualKind),
       {&a, &b, biasKind ? &bias : nullptr,
        residualKind == 1 ? &residual : nullptr},
       c, toleranceOf(dtype) * std::sqrt(1.0 + static_cast<double>(k) / 16),
       [&](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
         ctx.ops.matmul(&ctx, 0, v[0], v[1], v[2], inPlace ? v[4] : v[3], v[4],
                        0.75f, activation);
       });
}

void Checker::matmuls() {
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_BF16, TPRT_F64}) {
    for (int layout = 0; layout < 32; ++layout)
      matmul(dtype, {2, 3}, 5, 24, 40, layout, 0, layout % 3, layout / 3 % 3);
    for (int activation = 0; activation < 5; ++activation)
      for (int bias = 0; bias < 3; ++bias)
        for (int residual = 0; residual < 3; ++residual)
          matmul(dtype, {4}, 8, 64, 48, 0, activation, bias, residual);
    for (int layout : {32, 33, 34, 35})
      matmul(dtype, {2}, 6, 8, 10, layout, 0, 1, 1);
    matmul(dtype, {}, 1, 1, 1, 0, 0, 1, 1);     // degenerate
    matmul(dtype, {}, 1, 97, 51, 2, 3, 1, 1);   // odd: little alignment
    matmul(dtype, {7}, 1, 128, 64, 2, 0, 1, 2); // decoding
    matmul(dtype, {}, 300, 1, 70, 0, 0, 0, 0);  // one column
    matmul(dtype, {}, 129, 260, 515, 0, 4, 1, 0);
    matmul(dtype, {2}, 3, 5, 0, 0, 1, 1, 1); // nothing to sum
    matmul(dtype, {0}, 3, 5, 4, 0, 0, 0, 0); // nothing at all
  }
}

void Checker::attention(const std::string &name, int32_t dtype, int64_t queries,
                        int64_t keys, int64_t headSize,
                        tprt_attention_params params, const Tensor *mask) {
  // [B, S, H, D] in memory, 8 query heads of 2 batches.
  std::vector<int> order = {0, 2, 1, 3};
  int64_t kvHeads = 8 / params.group;
  Tensor q(dtype, {2, 8, queries, headSize}, order);
  Tensor k(dtype, {2, kvHeads, keys, headSize}); // a cache: [B, H, T, D]
  Tensor v(dtype, {2, kvHeads, keys, headSize + 4});
  Tensor out(dtype, {2, 8, queries, headSize + 4}, order);
  for (Tensor *tensor : {&q, &k, &v})
    tensor->randomize(generator);
  both(concat("attention ", dtypeName(dtype), " ", queries, " queries ", keys,
              " keys, ", name),
       {&q, &k, &v, mask}, out, toleranceOf(dtype),
       [&](tprt_ctx &ctx, const std::vector<const tprt_view *> &views) {
         ctx.ops.attention(&ctx, 0, views[0], views[1], views[2], views[3],
                           views[4], &params);
       });
}

void Checker::attentions() {
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_BF16}) {
    for (int64_t queries : {int64_t(1), int64_t(5)}) {
      int64_t keys = 260 + queries;
      tprt_attention_params plain{0.2f, 0, 0, 1, 0, 0, 0, 0};
      attention("plain", dtype, queries, keys, 64, plain, nullptr);
      tprt_attention_params grouped = plain;
      grouped.group = 4;
      attention("grouped", dtype, queries, keys, 20, grouped, nullptr);
      tprt_attention_params causal = grouped;
      causal.causal = 1;
      causal.causal_offset = keys - queries;
      attention("causal", dtype, queries, keys, 16, causal, nullptr);
      attention("one tile", dtype, queries, queries, 16, causal, nullptr);
      tprt_attention_params window = causal;
      window.window = 70;
      window.softcap = 1.5f;
      attention("window, softcap", dtype, queries, keys, 16, window, nullptr);
      Tensor boolMask(TPRT_BOOL, {2, 1, queries, keys});
      attention("bool mask", dtype, queries, keys, 16, plain,
                &boolMask.randomize(generator));
      Tensor floatMask(dtype, {1, 8, 1, keys});
      attention("float mask", dtype, queries, keys, 16, causal,
                &floatMask.randomize(generator));
      causal.causal_offset = -2; // some rows see nothing
      attention("nothing to see", dtype, queries, keys, 16, causal, nullptr);
    }
    attention("prefill", dtype, 130, 130, 32, {0.2f, 0, 1, 2, 0, 0, 0, 0},
              nullptr);
  }
}

void Checker::gathers() {
  for (int32_t dtype : {TPRT_F32, TPRT_BF16, TPRT_I64, TPRT_BOOL})
    for (int32_t indexType : {TPRT_I32, TPRT_I64})
      for (int axis : {0, 1}) {
        Tensor table(dtype, {6, 6, 40}, {}, 2);
        Tensor indices(indexType, {2, 3});
        Tensor out(dtype, axis ? std::vector<int64_t>{6, 2, 3, 40}
                               : std::vector<int64_t>{2, 3, 6, 40});
        table.randomize(generator);
        for (int64_t bad : {0, 14, -15}) {
          indices.fill({0, 13, -14, 5, -1, bad});
          both(
              concat("gather ", dtypeName(dtype), " by ", dtypeName(indexType),
                     " along ", axis, " index ", bad),
              {&table, &indices}, out, 0,
              [&](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
                // Rows 4 to 9 of 14: others give 0.
                ctx.ops.gather(&ctx, 3, v[0], v[1], v[2], axis, 4, 14);
              },
              /*mustFail=*/bad != 0);
        }
      }
}

void Checker::scatters() {
  auto scatter = [&](const std::string &name, const Tensor &data, const Tensor &indices, const Tensor &updates,
                     int32_t axis, int32_t reduction, bool mustFail) {
    Tensor out(data.view.dtype, {4, 5, 6}, {}, 1);
    both(
        name, {&data, &indices, &updates}, out, toleranceOf(data.view.dtype),
        [&](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
          ctx.ops.scatter(&ctx, 3, v[0], v[1], v[2], v[3], axis, reduction);
        },
        mustFail);
  };
  for (int32_t dtype : {TPRT_F32, TPRT_BF16, TPRT_I64, TPRT_BOOL})
    for (int32_t reduction = TPRT_SCATTER_NONE; reduction <= TPRT_SCATTER_MAX; ++reduction)
      for (int64_t bad : {0, 4, -5}) {
        std::string name = concat(dtypeName(dtype), " reduction ", reduction, " index ", bad);
        Tensor data(dtype, {4, 5, 6}, {2, 0, 1}, 2);
        data.randomize(generator);
        // Several updates of one element, in both forms.
        Tensor along(TPRT_I32, {6, 2, 1}), updates(dtype, {6, 2, 1});
        along.fill({0, 1, 0, -4, 3, -1, 3, 1, 2, 1, 0, bad});
        updates.randomize(generator);
        scatter("scatter along 0 " + name, data, along, updates, 0, reduction, bad != 0);
        Tensor tuples(TPRT_I64, {2, 3, 1}), blocks(dtype, {2, 3, 5, 6});
        tuples.fill({0, 3, 0, -1, 0, bad});
        blocks.randomize(generator);
        scatter("scatter blocks " + name, data, tuples, blocks, -1, reduction, bad != 0);
      }
}

void Checker::selections() {
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_F64, TPRT_I64, TPRT_BOOL})
    for (int32_t axis : {0, 1})
      for (int32_t largest : {0, 1})
        for (bool wantIndices : {false, true}) {
          Tensor data(dtype, {300, 3}, {1, 0}, 2);
          data.randomize(generator);
          std::vector<int64_t> sizes = axis ? std::vector<int64_t>{300, 2} : std::vector<int64_t>{7, 3};
          // The last tensor is what is compared.
          Tensor values(dtype, sizes), indices(TPRT_I64, sizes);
          both(concat("top-k ", dtypeName(dtype), " along ", axis, largest ? " largest" : " smallest",
                      wantIndices ? " indices" : " values"),
               {&data, wantIndices ? &values : &indices}, wantIndices ? indices : values, 0,
               [&](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
                 ctx.ops.topk(&ctx, 0, v[0], wantIndices ? v[1] : v[2], wantIndices ? v[2] : v[1], axis, largest);
               });
        }
}

void Checker::moves() {
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_F64, TPRT_BOOL}) {
    Tensor from(dtype, {3, 4, 50}, {1, 2, 0}), to(dtype, {3, 4, 50}, {}, 5);
    from.randomize(generator);
    auto copy = [](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
      ctx.ops.copy(&ctx, 0, v[0], v[1]);
    };
    both(concat("copy strided ", dtypeName(dtype)), {&from}, to, 0, copy);
    Tensor dense(dtype, {3, 4, 50}), target(dtype, {3, 4, 50});
    dense.randomize(generator);
    both(concat("copy dense ", dtypeName(dtype)), {&dense}, target, 0, copy);

    Tensor past(dtype, {2, 3, 7, 16}),
        fresh(dtype, {2, 3, 2, 16}, {0, 2, 1, 3}),
        present(dtype, {2, 3, 9, 16});
    past.randomize(generator);
    fresh.randomize(generator);
    present.randomize(generator);
    both(concat("cache append ", dtypeName(dtype)), {&past, &fresh}, present, 0,
         [](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
           ctx.ops.cacheAppend(&ctx, 0, v[0], v[1], v[2], 2);
         });
    both(concat("cache append in place ", dtypeName(dtype)), {&fresh}, present,
         0, [](tprt_ctx &ctx, const std::vector<const tprt_view *> &v) {
           tprt_view past = *v[1]; // the present without its last two
           past.sizes[2] -= 2;
           ctx.ops.cacheAppend(&ctx, 0, &past, v[0], v[1], 2);
         });
  }
}

/// A collective that every rank takes part in; tensors are made per rank.
struct CollectiveCase {
  std::string name;
  int32_t kind, dtype, dim, dim2;
  std::vector<int64_t> memberSizes; ///< empty: equal
  std::function<Tensor(int rank)> in, out;
  bool inPlace = false;
};

std::vector<CollectiveCase> collectiveCases(int ranks) {
  std::vector<CollectiveCase> cases;
  std::vector<int64_t> uneven;
  for (int r = 0; r < ranks; ++r)
    uneven.push_back(r == 1 ? 0 : 2 * r + 3);
  int64_t total = std::accumulate(uneven.begin(), uneven.end(), int64_t(0));
  auto same = [](int32_t dtype, std::vector<int64_t> sizes) {
    return [=](int) { return Tensor(dtype, sizes); };
  };
  auto ofRank = [=](int32_t dtype, std::vector<int> order = {}) {
    return [=](int r) { return Tensor(dtype, {3, uneven[r], 5}, order); };
  };
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_BF16, TPRT_I64}) {
    auto add = [&](const char *name, int32_t kind, int32_t dim, int32_t dim2,
                   std::vector<int64_t> sizes, std::function<Tensor(int)> in,
                   std::function<Tensor(int)> out, bool inPlace = false) {
      cases.push_back({concat(name, " ", dtypeName(dtype), " of ", ranks), kind,
                       dtype, dim, dim2, sizes, in, out, inPlace});
    };
    auto whole = same(dtype, {3, total, 5});
    add("all-reduce", TPRT_ALL_REDUCE, 0, 0, {}, whole, whole);
    add("all-reduce in place", TPRT_ALL_REDUCE, 0, 0, {}, whole, whole, true);
    add("all-reduce large", TPRT_ALL_REDUCE, 0, 0, {}, same(dtype, {1 << 16}),
        same(dtype, {1 << 16}));
    add("all-gather uneven", TPRT_ALL_GATHER, 1, 0, uneven, ofRank(dtype),
        whole);
    add("all-gather strided", TPRT_ALL_GATHER, 1, 0, uneven,
        ofRank(dtype, {1, 0, 2}), [=](int) {
          return Tensor(dtype, {3, total, 5}, {2, 0, 1});
        });
    add("all-gather equal", TPRT_ALL_GATHER, 0, 0, {}, same(dtype, {4, 6}),
        same(dtype, {4 * ranks, 6}));
    add("reduce-scatter uneven", TPRT_REDUCE_SCATTER, 1, 0, uneven, whole,
        ofRank(dtype));
    add("reduce-scatter equal", TPRT_REDUCE_SCATTER, 0, 0, {},
        same(dtype, {4 * ranks, 6}), same(dtype, {4, 6}));
    std::vector<int64_t> both = uneven;
    for (int r = 0; r < ranks; ++r)
      both.push_back(r + 1);
    add("all-to-all uneven", TPRT_ALL_TO_ALL, 1, 0, both,
        [=](int r) { return Tensor(dtype, {r + 1, total, 5}); },
        [=](int r) {
          return Tensor(dtype, {ranks * (ranks + 1) / 2, uneven[r], 5});
        });
    add("broadcast", TPRT_BROADCAST, ranks - 1, 0, {}, whole, whole);
    add("shift", TPRT_PERMUTE, 1, 0, {}, whole, whole);
    std::vector<int64_t> reversed;
    for (int r = 0; r < ranks; ++r)
      reversed.push_back(ranks - 1 - r);
    add("permute", TPRT_PERMUTE, 0, 0, reversed, whole, whole);
  }
  return cases;
}

struct RankOutput {
  std::vector<Tensor> outputs; ///< by case
  std::string error;
};

/// Runs all cases on `ranks` threads.
std::vector<RankOutput>
runCollectives(const BackendFactory &factory, int ranks,
               const std::vector<CollectiveCase> &cases) {
  std::unique_ptr<Backend> backend = factory();
  WorldOptions options;
  options.timeoutSeconds = 20;
  auto worlds = backend->createWorld(ranks, options);
  std::vector<int> all(ranks);
  std::iota(all.begin(), all.end(), 0);
  std::vector<RankOutput> results(ranks);
  auto runRank = [&](int rank) {
    DeviceOptions deviceOptions;
    deviceOptions.rank = rank;
    deviceOptions.ranks = ranks;
    std::unique_ptr<Device> device = backend->createDevice(deviceOptions);
    tprt_ctx ctx;
    ctx.rank = rank;
    ctx.ranks = ranks;
    ctx.device = device.get();
    ctx.ops = device->ops();
    ctx.groups.push_back(worlds[rank]->group(0, all));
    std::mt19937 generator(100 + rank);
    for (const CollectiveCase &test : cases) {
      Tensor in = test.in(rank), out = test.out(rank);
      in.randomize(generator);
      DeviceTensor input(*device, in), output(*device, test.inPlace ? in : out);
      device->beginRun(&ctx);
      ctx.ops.collective(
          &ctx, 0, test.kind, 0, TPRT_SUM, test.dim, test.dim2,
          test.memberSizes.empty() ? nullptr : test.memberSizes.data(),
          test.inPlace ? &output.view : &input.view, &output.view);
      device->endRun(&ctx);
      output.download(out);
      results[rank].outputs.push_back(out);
    }
    worlds[rank]->barrier(); // no one leaves while others use its memory
    ctx.groups.clear();
  };
  std::vector<std::thread> threads;
  for (int r = 0; r < ranks; ++r)
    threads.emplace_back([&, r] {
      try {
        runRank(r);
      } catch (const std::exception &error) {
        results[r].error = error.what();
        worlds[r]->abort(concat("rank ", r, " failed: ", error.what()));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  return results;
}

std::vector<Result> checkCollectives(const BackendFactory &tested,
                                     const BackendFactory &reference,
                                     int ranks) {
  std::vector<CollectiveCase> cases = collectiveCases(ranks);
  auto got = runCollectives(tested, ranks, cases);
  auto want = runCollectives(reference, ranks, cases);
  std::vector<Result> results;
  for (size_t i = 0; i < cases.size(); ++i) {
    Result result{cases[i].name, ""};
    for (int r = 0; r < ranks && result.problem.empty(); ++r) {
      if (got[r].outputs.size() <= i)
        result.problem = got[r].error;
      else if (want[r].outputs.size() <= i)
        result.problem = "the reference failed: " + want[r].error;
      else
        result.problem = got[r].outputs[i].compare(
            want[r].outputs[i], toleranceOf(cases[i].dtype) * ranks);
    }
    results.push_back(result);
  }
  return results;
}

} // namespace

std::vector<Result>
tprt::check::checkOperations(const BackendFactory &tested,
                             const BackendFactory &reference) {
  Checker checker(tested, reference);
  checker.matmuls();
  checker.attentions();
  checker.gathers();
  checker.scatters();
  checker.selections();
  checker.moves();
  for (int ranks : {1, 2, 4}) {
    auto results = checkCollectives(tested, reference, ranks);
    checker.results.insert(checker.results.end(), results.begin(),
                           results.end());
  }
  return checker.results;
}

std::vector<Result> tprt::check::checkMatmuls(const BackendFactory &tested,
                                              const BackendFactory &reference) {
  Checker checker(tested, reference);
  checker.matmuls();
  return checker.results;
}
