//===- RuntimeSessionTest.cpp - Artifacts run on several ranks ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole artifacts with small programs written in C, run through the embedding
// API on several ranks.
//
//===----------------------------------------------------------------------===//

#include "RuntimeSupport.h"

#include <chrono>
#include <cmath>

using namespace test;
using nlohmann::json;

namespace {

struct Loaded {
  explicit Loaded(const std::string &directory) { error = take(tprt_artifact_load(directory.c_str(), &artifact)); }
  ~Loaded() {
    tprt_session_destroy(session);
    tprt_artifact_release(artifact);
  }
  std::string open(double timeout = 20) {
    tprt_session_options options{sizeof(options), timeout};
    return take(tprt_session_create(artifact, &options, &session));
  }
  tprt_artifact *artifact = nullptr;
  tprt_session *session = nullptr;
  std::string error;
};

// y = x [n, 6] x W [6, 4] + sums over ranks: x arrives split along its columns,
// W along its rows (from a file); the partial products are all-reduced.
json rowParallelManifest(int ranks, const std::string &weights) {
  json manifest = emptyManifest(ranks);
  json split = json::array({{{"axis", "tp"}, {"pre", 1}, {"size", ranks}}});
  manifest["inputs"][0]["dims"] = dims("s0 6");
  manifest["inputs"][0]["layout"] = json::array({json::array(), split});
  manifest["outputs"][0]["dims"] = dims("s0 4");
  manifest["outputs"][0]["layout"] = json::array({json::array(), json::array()});
  manifest["files"] = json::array({{{"path", weights}, {"bytes", 96}}});
  json shapes = json::array(), pieces = json::array();
  for (int r = 0; r < ranks; ++r) {
    int64_t begin = r * 6 / ranks, end = (r + 1) * 6 / ranks;
    shapes.push_back({end - begin, 4});
    pieces.push_back({{"offset", begin * 16}, {"start", {0, 0}}, {"sizes", {end - begin, 4}}, {"strides", {4, 1}}});
  }
  manifest["weights"] =
      json::array({{{"name", "w"},
                    {"dtype", TPRT_F32},
                    {"shapes", shapes},
                    {"parts", json::array({{{"file", 0}, {"stored", TPRT_F32}, {"ranks", pieces}}})}}});
  manifest["arena"] = {{"slots", 1}, {"lifetimes", json::array({json::array({0, 1})})}};
  return manifest;
}

// symbols: n, tp coordinate.
const char *rowParallelProgram = R"(
void tp_sizes(const int64_t *s, int64_t *slots) { slots[0] = s[0] * 16; }
void tp_run(tprt_ctx *ctx, const int64_t *s, const tprt_view *in, const tprt_view *out, void *const *w,
            char *arena, const int64_t *offsets) {
  tprt_view weight = {w[0], TPRT_F32, 2, {in[0].sizes[1], 4}, {4, 1}};
  tprt_view part = out[0];
  part.data = arena + offsets[0];
  tprt_op_matmul(ctx, 0, &in[0], &weight, 0, 0, &part, 1.0f, TPRT_ACT_NONE);
  tprt_op_collective(ctx, 1, TPRT_ALL_REDUCE, 0, TPRT_SUM, 0, 0, 0, &part, &out[0]);
}
)";

struct RowParallel {
  explicit RowParallel(int ranks) {
    for (int i = 0; i < 24; ++i)
      weights.push_back(static_cast<float>(i % 7 - 3));
    writeFile(dir / "w.bin", bytesOf(weights));
    writeArtifact(dir / "m.tpx", rowParallelManifest(ranks, dir / "w.bin"), rowParallelProgram);
  }
  void expectRight(Loaded &model, int64_t n) {
    std::vector<float> x(n * 6), y(n * 4, -99);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(i % 5) - 2;
    tprt_view in = viewOf(x, TPRT_F32, {n, 6}), out{};
    ASSERT_EQ(take(tprt_session_bind_input(model.session, 0, &in)), "");
    ASSERT_EQ(take(tprt_session_output_shape(model.session, 0, &out)), "");
    ASSERT_EQ(out.rank, 2);
    ASSERT_EQ(out.sizes[0], n);
    ASSERT_EQ(out.sizes[1], 4);
    out.data = y.data();
    ASSERT_EQ(take(tprt_session_bind_output(model.session, 0, &out)), "");
    ASSERT_EQ(take(tprt_session_run(model.session)), "");
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < 4; ++j) {
        float expected = 0;
        for (int64_t k = 0; k < 6; ++k)
          expected += x[i * 6 + k] * weights[k * 4 + j];
        ASSERT_EQ(y[i * 4 + j], expected);
      }
  }
  TempDir dir;
  std::vector<float> weights;
};

TEST(RuntimeSession, RowParallelProductOnAllRankCounts) {
  for (int ranks : {1, 2, 3, 4, 8}) { // 8 ranks: some hold nothing
    RowParallel test(ranks);
    Loaded model(test.dir / "m.tpx");
    ASSERT_EQ(model.error, "");
    EXPECT_EQ(tprt_artifact_ranks(model.artifact), ranks);
    ASSERT_EQ(model.open(), "");
    for (int64_t n : {1, 5, 2, 40, 0, 3})
      test.expectRight(model, n);
    tprt_memory_info memory;
    ASSERT_EQ(take(tprt_session_memory(model.session, 0, &memory)), "");
    EXPECT_EQ(memory.weights_mapped, 6 / ranks * 16);
    EXPECT_EQ(memory.weights_copied, 0);
  }
}

TEST(RuntimeSession, QueriesSignature) {
  RowParallel test(2);
  Loaded model(test.dir / "m.tpx");
  tprt_tensor_info info;
  ASSERT_EQ(take(tprt_artifact_input(model.artifact, 0, &info)), "");
  EXPECT_STREQ(info.name, "x");
  EXPECT_EQ(info.rank, 2);
  EXPECT_EQ(info.sizes[0], -1);
  EXPECT_EQ(info.sizes[1], 6);
  EXPECT_STREQ(info.dims[0], "n");
  EXPECT_EQ(info.state, -1);
  EXPECT_NE(take(tprt_artifact_input(model.artifact, 1, &info)), "");
  EXPECT_STREQ(tprt_artifact_target(model.artifact), "cpu");
}

TEST(RuntimeSession, BindingErrorsAreClear) {
  RowParallel test(2);
  Loaded model(test.dir / "m.tpx");
  ASSERT_EQ(model.open(), "");
  EXPECT_EQ(take(tprt_session_run(model.session)), "input 'x' (f32 [n, 6]) is not bound");
  std::vector<double> wide(12);
  std::vector<float> x(12), y(8);
  tprt_view view = viewOf(wide, TPRT_F64, {2, 6});
  EXPECT_EQ(take(tprt_session_bind_input(model.session, 0, &view)), "input 'x': got f64[2, 6]; need f32 [n, 6]");
  view = viewOf(x, TPRT_F32, {12});
  EXPECT_EQ(take(tprt_session_bind_input(model.session, 0, &view)),
            "input 'x': got 1 dimensions [12]; need f32 [n, 6]");
  view = viewOf(x, TPRT_F32, {3, 4});
  EXPECT_EQ(take(tprt_session_bind_input(model.session, 0, &view)), "input 'x': dimension 1 is 4; need f32 [n, 6]");
  EXPECT_NE(take(tprt_session_bind_input(model.session, 7, &view)), "");
  view = viewOf(x, TPRT_F32, {2, 6});
  ASSERT_EQ(take(tprt_session_bind_input(model.session, 0, &view)), "");
  EXPECT_EQ(take(tprt_session_run(model.session)), "output 'y' (f32 [n, 4]) is not bound");
  tprt_view out = viewOf(y, TPRT_F32, {1, 4});
  ASSERT_EQ(take(tprt_session_bind_output(model.session, 0, &out)), "");
  EXPECT_EQ(take(tprt_session_run(model.session)),
            "output 'y' (f32 [n, 4]) has sizes [1, 4], need [2, 4] for the bound inputs");
}

TEST(RuntimeSession, DisagreeingInputsAreNamed) {
  TempDir dir;
  json manifest = emptyManifest(1);
  manifest["symbols"] = json::array({"batch", "past", "seq"});
  json none = json::array();
  auto tensor = [&](const char *name, const json &sizes) {
    json layout = json::array();
    for (size_t i = 0; i < sizes.size(); ++i)
      layout.push_back(none);
    return json{{"name", name}, {"dtype", TPRT_F32}, {"dims", sizes}, {"layout", layout}, {"strided", false}};
  };
  manifest["inputs"] =
      json::array({tensor("ids", dims("s0 s2")), tensor("mask", dims("s0 s1+s2")), tensor("other", dims("s1+s2"))});
  manifest["outputs"] = json::array({tensor("y", dims("s1"))});
  manifest["requires"] = json::parse(R"([["+", ["s", 1], -1]])");
  writeArtifact(
      dir / "m.tpx", manifest,
      "void tp_sizes(const int64_t *s, int64_t *b) {}\nvoid tp_run(tprt_ctx *c, const int64_t *s, const tprt_view "
      "*i, const tprt_view *o, void *const *w, char *a, const int64_t *f) { ((float *)o[0].data)[0] = s[1]; }");
  Loaded model(dir / "m.tpx");
  ASSERT_EQ(model.error, "");
  ASSERT_EQ(model.open(), "");
  std::vector<float> data(100);
  auto bind = [&](int index, std::vector<int64_t> sizes) {
    tprt_view view = viewOf(data, TPRT_F32, sizes);
    ASSERT_EQ(take(tprt_session_bind_input(model.session, index, &view)), "");
  };
  bind(0, {2, 3});
  bind(1, {2, 8});
  bind(2, {8});
  tprt_view out{};
  // past = 8 - 3 follows from a sum.
  ASSERT_EQ(take(tprt_session_output_shape(model.session, 0, &out)), "");
  EXPECT_EQ(out.sizes[0], 5);
  bind(1, {4, 8});
  EXPECT_EQ(take(tprt_session_output_shape(model.session, 0, &out)),
            "input 'mask' (f32 [batch, past + seq]): dimension 0 is 4, need 2 with batch = 2 (by input 'ids')");
  bind(1, {2, 8});
  bind(2, {9});
  EXPECT_EQ(take(tprt_session_output_shape(model.session, 0, &out)),
            "input 'other' (f32 [past + seq]): dimension 0 is 9, need 8 with past = 5 (by input 'mask'), seq = 3 (by "
            "input 'ids')");
  bind(1, {2, 1});
  EXPECT_NE(take(tprt_session_output_shape(model.session, 0, &out)).find("too small"), std::string::npos);
  bind(1, {2, 3});
  bind(2, {3});
  EXPECT_EQ(take(tprt_session_output_shape(model.session, 0, &out)),
            "the model needs past + -1 >= 0, but it is -1 with batch = 2, past = 0, seq = 3");
}

// Elements of inputs are read whenever sizes are bound.
TEST(RuntimeSession, SizesCanDependOnElements) {
  TempDir dir;
  json manifest = emptyManifest(1);
  manifest["symbols"] = json::array({"n", "keep[1]"});
  json none = json::array();
  manifest["inputs"] = json::array({{{"name", "x"},
                                     {"dtype", TPRT_F32},
                                     {"dims", dims("s0")},
                                     {"layout", json::array({none})},
                                     {"strided", false}},
                                    {{"name", "keep"},
                                     {"dtype", TPRT_I32},
                                     {"dims", dims("2")},
                                     {"elements", json::parse(R"([[1, ["s", 1]], [0, ["s", 0]]])")},
                                     {"layout", json::array({none})},
                                     {"strided", false}}});
  manifest["outputs"][0]["dims"] = dims("s1");
  writeArtifact(
      dir / "m.tpx", manifest,
      "void tp_sizes(const int64_t *s, int64_t *b) {}\nvoid tp_run(tprt_ctx *c, const int64_t *s, const tprt_view "
      "*i, const tprt_view *o, void *const *w, char *a, const int64_t *f) { memcpy(o[0].data, i[0].data, 4 * s[1]); }");
  Loaded model(dir / "m.tpx");
  ASSERT_EQ(model.error, "");
  ASSERT_EQ(model.open(), "");
  std::vector<float> x{1, 2, 3, 4}, y(4, -1);
  std::vector<int32_t> keep{4, 3};
  tprt_view view = viewOf(x, TPRT_F32, {4}), elements = viewOf(keep, TPRT_I32, {2}), out{};
  ASSERT_EQ(take(tprt_session_bind_input(model.session, 0, &view)), "");
  ASSERT_EQ(take(tprt_session_bind_input(model.session, 1, &elements)), "");
  ASSERT_EQ(take(tprt_session_output_shape(model.session, 0, &out)), "");
  EXPECT_EQ(out.sizes[0], 3);
  // The bound tensor changes: so does the size.
  keep[1] = 2;
  out = viewOf(y, TPRT_F32, {2});
  ASSERT_EQ(take(tprt_session_bind_output(model.session, 0, &out)), "");
  ASSERT_EQ(take(tprt_session_run(model.session)), "");
  EXPECT_EQ(y, (std::vector<float>{1, 2, -1, -1}));
  keep[1] = -1;
  EXPECT_EQ(take(tprt_session_run(model.session)),
            "input 'keep' (i32 [2]): element 1 is -1, but it is a size in this program: need 0 or more, and no more "
            "than fits 32 bits");
  keep = {3, 2};
  EXPECT_EQ(take(tprt_session_run(model.session)),
            "input 'keep' (i32 [2]): element 0 is 3, need 4 with n = 4 (by input 'x')");
}

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

// cache [2, 4, past, 3] ++ x [2, 4, seq, 3], heads split over the ranks; y = sum
// of each head's cache over all positions.
json cacheManifest(int ranks) {
  json manifest = emptyManifest(ranks);
  manifest["symbols"] = json::array({"seq", "past", "%tp"});
  json none = json::array(), split = json::array({{{"axis", "tp"}, {"pre", 1}, {"size", ranks}}});
  json layout = json::array({none, split, none, none});
  manifest["inputs"] = {
      {{"name", "x"}, {"dtype", TPRT_F32}, {"dims", dims("2 4 s0 3")}, {"layout", layout}, {"strided", false}},
      {{"name", "cache"}, {"dtype", TPRT_F32}, {"dims", dims("2 4 s1 3")}, {"layout", layout}, {"strided", true}}};
  manifest["outputs"] = {
      {{"name", "present"}, {"dtype", TPRT_F32}, {"dims", dims("2 4 s1+s0 3")}, {"layout", layout}, {"strided", true}},
      {{"name", "y"},
       {"dtype", TPRT_F32},
       {"dims", dims("2 4")},
       {"layout", json::array({none, split})},
       {"strided", false}}};
  manifest["states"] = json::array({{{"input", 1}, {"output", 0}, {"axis", 2}}});
  return manifest;
}

const char *cacheProgram = R"(
void tp_sizes(const int64_t *s, int64_t *slots) {}
void tp_run(tprt_ctx *ctx, const int64_t *s, const tprt_view *in, const tprt_view *out, void *const *w,
            char *arena, const int64_t *offsets) {
  tprt_op_cache_append(ctx, 0, &in[1], &in[0], &out[0], 2);
  const tprt_view *c = &out[0];
  for (int64_t b = 0; b < c->sizes[0]; ++b)
    for (int64_t h = 0; h < c->sizes[1]; ++h) {
      float sum = 0;
      for (int64_t t = 0; t < c->sizes[2]; ++t)
        for (int64_t d = 0; d < 3; ++d)
          sum += ((const float *)c->data)[b * c->strides[0] + h * c->strides[1] + t * c->strides[2] + d];
      ((float *)out[1].data)[b * out[1].strides[0] + h * out[1].strides[1]] = sum;
    }
}
)";

TEST(RuntimeSession, KeptStatesGrowInPlace) {
  for (int ranks : {1, 2, 3}) {
    TempDir dir;
    writeArtifact(dir / "m.tpx", cacheManifest(ranks), cacheProgram);
    Loaded model(dir / "m.tpx");
    ASSERT_EQ(model.error, "");
    ASSERT_EQ(model.open(), "");
    ASSERT_EQ(take(tprt_session_keep_states(model.session, 8)), "");
    std::vector<float> y(8);
    tprt_view out = viewOf(y, TPRT_F32, {2, 4});
    ASSERT_EQ(take(tprt_session_bind_output(model.session, 1, &out)), "");
    std::vector<double> expected(8, 0);
    int64_t length = 0;
    auto step = [&](int64_t seq) {
      std::vector<float> x(24 * seq);
      for (size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<float>((i * 7 + length) % 5);
        expected[i / (3 * seq)] += x[i];
      }
      tprt_view in = viewOf(x, TPRT_F32, {2, 4, seq, 3});
      ASSERT_EQ(take(tprt_session_bind_input(model.session, 0, &in)), "");
      ASSERT_EQ(take(tprt_session_run(model.session)), "");
      length += seq;
      EXPECT_EQ(tprt_session_state_length(model.session), length);
      for (int i = 0; i < 8; ++i)
        ASSERT_EQ(y[i], expected[i]) << ranks << " ranks, length " << length;
    };
    step(3);
    step(1);
    step(1);
    // Going back and on again.
    EXPECT_NE(take(tprt_session_truncate_states(model.session, 6)), "");
    ASSERT_EQ(take(tprt_session_truncate_states(model.session, 0)), "");
    std::fill(expected.begin(), expected.end(), 0);
    length = 0;
    step(7);
    std::vector<float> x(48);
    tprt_view in = viewOf(x, TPRT_F32, {2, 4, 2, 3});
    ASSERT_EQ(take(tprt_session_bind_input(model.session, 0, &in)), "");
    EXPECT_EQ(take(tprt_session_run(model.session)), "state 'present' would hold 9 entries; there is room for 8");
    EXPECT_EQ(tprt_session_state_length(model.session), 7);
    EXPECT_NE(take(tprt_session_bind_input(model.session, 1, &in)).find("keeps"), std::string::npos);
  }
}

// The caller's own buffer, bound as input and output: appended in place.
TEST(RuntimeSession, CallersBufferWithRoom) {
  TempDir dir;
  writeArtifact(dir / "m.tpx", cacheManifest(2), cacheProgram);
  Loaded model(dir / "m.tpx");
  ASSERT_EQ(model.open(), "");
  std::vector<float> buffer(2 * 4 * 10 * 3, 1), x(24, 2), y(8);
  tprt_view cache = viewOf(buffer, TPRT_F32, {2, 4, 10, 3});
  tprt_view in = viewOf(x, TPRT_F32, {2, 4, 1, 3}), out = viewOf(y, TPRT_F32, {2, 4});
  tprt_view past = cache, present = cache;
  past.sizes[2] = 4;
  present.sizes[2] = 5;
  ASSERT_EQ(take(tprt_session_bind_input(model.session, 0, &in)), "");
  ASSERT_EQ(take(tprt_session_bind_input(model.session, 1, &past)), "");
  ASSERT_EQ(take(tprt_session_bind_output(model.session, 0, &present)), "");
  ASSERT_EQ(take(tprt_session_bind_output(model.session, 1, &out)), "");
  ASSERT_EQ(take(tprt_session_run(model.session)), "");
  for (float sum : y)
    EXPECT_EQ(sum, 4 * 3 + 2 * 3);
  // Entry 4 of every head, and nothing else, was written.
  for (size_t i = 0; i < buffer.size(); ++i)
    ASSERT_EQ(buffer[i], i / 3 % 10 == 4 ? 2 : 1);
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

std::string runOnce(Loaded &model, int64_t n) {
  // Never freed: a stalled rank may still use them when the program ends.
  static auto &x = *new std::vector<float>(64), &y = *new std::vector<float>(64);
  tprt_view in = viewOf(x, TPRT_F32, {n}), out = viewOf(y, TPRT_F32, {n});
  std::string error = take(tprt_session_bind_input(model.session, 0, &in));
  error += take(tprt_session_bind_output(model.session, 0, &out));
  return error.empty() ? take(tprt_session_run(model.session)) : error;
}

// n = 1: rank 1 fails; n = 2: it sleeps a second; n = 3: it sleeps outside of
// any operation that others wait for; else all is well.
const char *failingProgram = R"(
void tp_sizes(const int64_t *s, int64_t *slots) {}
void tp_run(tprt_ctx *ctx, const int64_t *s, const tprt_view *in, const tprt_view *out, void *const *w,
            char *arena, const int64_t *offsets) {
  if (s[1] == 1 && s[0] == 1)
    tprt_op_fail(ctx, 1, 600, 512);
  if (s[1] == 1 && s[0] >= 2 && s[0] <= 3) {
    tprt_op_copy(ctx, 1, &in[0], &out[0]);
    usleep(1500000);
  }
  if (s[0] != 3)
    tprt_op_collective(ctx, 0, TPRT_ALL_REDUCE, 0, TPRT_SUM, 0, 0, 0, &in[0], &out[0]);
}
)";

TEST(RuntimeSession, FailingRankEndsTheRun) {
  TempDir dir;
  writeArtifact(dir / "m.tpx", emptyManifest(3), failingProgram);
  Loaded model(dir / "m.tpx");
  ASSERT_EQ(model.open(), "");
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(runOnce(model, 1), "rank 1: '/second' (Gather): value 600 is out of range (limit 512)");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  // The session goes on.
  EXPECT_EQ(runOnce(model, 4), "");
  EXPECT_EQ(runOnce(model, 1), "rank 1: '/second' (Gather): value 600 is out of range (limit 512)");
  EXPECT_EQ(runOnce(model, 5), "");
}

TEST(RuntimeSession, StalledRankIsNamed) {
  TempDir dir;
  writeArtifact(dir / "m.tpx", emptyManifest(3), failingProgram);
  for (int64_t n : {2, 3}) {
    Loaded model(dir / "m.tpx");
    ASSERT_EQ(model.open(0.3), "");
    auto start = std::chrono::steady_clock::now();
    std::string error = runOnce(model, n);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1400));
    EXPECT_NE(error.find("rank 1"), std::string::npos) << error;
    EXPECT_NE(error.find("'/second' (Gather)"), std::string::npos) << error;
    EXPECT_NE(error.find("0.3 s"), std::string::npos) << error;
    // The rank is still out there: nothing more can run.
    EXPECT_NE(runOnce(model, 4).find("only destroying"), std::string::npos);
  }
  // Let the abandoned ranks come home before the program is unloaded.
  usleep(1600000);
}

TEST(RuntimeSession, TimeoutVariableIsChecked) {
  RowParallel test(1);
  Loaded model(test.dir / "m.tpx");
  setenv("TPRT_TIMEOUT", "soon", 1);
  EXPECT_EQ(model.open(0), "TPRT_TIMEOUT is 'soon', need a number of seconds above 0");
  unsetenv("TPRT_TIMEOUT");
  EXPECT_EQ(model.open(0), "");
}

TEST(RuntimeSession, UnknownGroupIsAnError) {
  TempDir dir;
  json manifest = emptyManifest(2);
  manifest["groups"] = json::array();
  writeArtifact(dir / "m.tpx", manifest, failingProgram);
  Loaded model(dir / "m.tpx");
  ASSERT_EQ(model.open(), "");
  EXPECT_NE(runOnce(model, 4).find("group 0, which the manifest does not have"), std::string::npos);
}

TEST(RuntimeArtifact, MissingAndDamaged) {
  TempDir dir;
  EXPECT_NE(Loaded(dir / "none.tpx").error.find("no such artifact"), std::string::npos);
  writeFile(dir / "file.tpx", "x");
  EXPECT_NE(Loaded(dir / "file.tpx").error.find("not a directory"), std::string::npos);
  std::filesystem::create_directory(dir / "empty.tpx");
  EXPECT_NE(Loaded(dir / "empty.tpx").error.find("no manifest.json"), std::string::npos);
  writeFile(dir / "empty.tpx/manifest.json", emptyManifest(1).dump());
  EXPECT_NE(Loaded(dir / "empty.tpx").error.find("no program.so"), std::string::npos);
  writeFile(dir / "empty.tpx/program.so", "not an object");
  EXPECT_NE(Loaded(dir / "empty.tpx").error.find("cannot be loaded"), std::string::npos);
  buildProgram(dir / "empty.tpx", "int unrelated;");
  EXPECT_NE(Loaded(dir / "empty.tpx").error.find("does not export tp_sizes"), std::string::npos);
}

TEST(RuntimeArtifact, UnknownTarget) {
  TempDir dir;
  json manifest = emptyManifest(1);
  manifest["target"] = "abacus";
  writeArtifact(dir / "m.tpx", manifest, failingProgram);
  Loaded model(dir / "m.tpx");
  ASSERT_EQ(model.error, "");
  EXPECT_NE(model.open().find("target 'abacus'"), std::string::npos);
}

TEST(RuntimeArtifact, ChangedModelIsRefused) {
  RowParallel test(2);
  std::vector<float> other = test.weights;
  other.push_back(1);
  writeFile(test.dir / "w.bin", bytesOf(other));
  EXPECT_NE(Loaded(test.dir / "m.tpx").error.find("has 100 bytes, had 96 when the artifact was made"),
            std::string::npos);
  std::filesystem::remove(test.dir / "w.bin");
  EXPECT_NE(Loaded(test.dir / "m.tpx").error.find("not there any more"), std::string::npos);
}

TEST(RuntimeArtifact, FoundAgainAfterMovingBoth) {
  RowParallel test(2);
  json manifest = rowParallelManifest(2, "/nowhere/w.bin");
  manifest["files"][0]["relative"] = "../w.bin";
  writeFile(test.dir / "m.tpx/manifest.json", manifest.dump());
  Loaded model(test.dir / "m.tpx");
  ASSERT_EQ(model.error, "");
  ASSERT_EQ(model.open(), "");
  test.expectRight(model, 3);
}

TEST(RuntimeArtifact, PackedPathsStayInside) {
  RowParallel test(1);
  for (const char *path : {"../w.bin", "weights/../../w.bin", "link.bin"}) {
    json manifest = rowParallelManifest(1, path);
    writeFile(test.dir / "m.tpx/manifest.json", manifest.dump());
    std::filesystem::remove(test.dir / "m.tpx/link.bin");
    std::filesystem::create_symlink(test.dir / "w.bin", test.dir / "m.tpx/link.bin");
    EXPECT_NE(Loaded(test.dir / "m.tpx").error.find("leads out of the artifact"), std::string::npos) << path;
  }
  std::filesystem::create_directory(test.dir / "m.tpx/weights");
  std::filesystem::copy(test.dir / "w.bin", test.dir / "m.tpx/weights/rank0.bin");
  writeFile(test.dir / "m.tpx/manifest.json", rowParallelManifest(1, "weights/rank0.bin").dump());
  Loaded model(test.dir / "m.tpx");
  ASSERT_EQ(model.error, "");
  ASSERT_EQ(model.open(), "");
  test.expectRight(model, 2);
}

} // namespace
