//===- RuntimeToolTest.cpp - tp-run as a user calls it --------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tp-run as a user calls it, on artifacts made here.
//
//===----------------------------------------------------------------------===//

#ifdef TP_RUN

#include "RuntimeSupport.h"

#include "tools/tp-run/Npz.h"

#include <cstdio>
#include <sys/wait.h>
#include <zip.h>

using namespace test;
using nlohmann::json;

namespace {

struct Outcome {
  int status;
  std::string out, err;
};

Outcome tpRun(const TempDir &dir, const std::string &arguments, const std::string &environment = "") {
  std::string command = "cd " + dir.path + " && " + environment + " " + TP_RUN + " " + arguments + " >stdout 2>stderr";
  int status = std::system(command.c_str());
  auto read = [&](const char *name) {
    std::ifstream file(dir / name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("stdout"), read("stderr")};
}

// y = x + 1: each of two ranks adds to its half of x.
const char *addProgram = R"(
void tp_sizes(const int64_t *s, int64_t *slots) {}
void tp_run(tprt_ctx *ctx, const int64_t *s, const tprt_view *in, const tprt_view *out, void *const *w,
            char *arena, const int64_t *offsets) {
  for (int64_t i = 0; i < in[0].sizes[0]; ++i)
    ((float *)out[0].data)[i] = ((const float *)in[0].data)[i] + 1;
}
)";

json addManifest() {
  json manifest = emptyManifest(2);
  json split = json::parse(R"([[{"axis": "tp", "pre": 1, "size": 2}]])");
  manifest["inputs"][0]["layout"] = manifest["outputs"][0]["layout"] = split;
  return manifest;
}

struct RuntimeTool : testing::Test {
  void SetUp() override {
    writeArtifact(dir / "add.tpx", addManifest(), addProgram);
    std::vector<float> x = {1, 2, 3, 4, 5};
    writeNpz(dir / "in.npz", {{"x", viewOf(x, TPRT_F32, {5})}});
  }
  void expectNoOutput() {
    for (const auto &entry : std::filesystem::directory_iterator(dir.path))
      EXPECT_NE(entry.path().filename().string().rfind("out", 0), 0u) << entry.path();
  }
  TempDir dir;
};

TEST_F(RuntimeTool, RunsAndWrites) {
  for (const char *attempt : {"first", "again"}) {
    Outcome result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz");
    EXPECT_EQ(result.status, 0) << attempt << result.err;
    EXPECT_EQ(result.err + result.out, "");
    std::vector<NpzArray> arrays = readNpz(dir / "out.npz");
    ASSERT_EQ(arrays.size(), 1u);
    EXPECT_EQ(arrays[0].name, "y");
    ASSERT_EQ(arrays[0].view.rank, 1);
    ASSERT_EQ(arrays[0].view.sizes[0], 5);
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(static_cast<float *>(arrays[0].view.data)[i], i + 2);
  }
  // The same bytes every time.
  tpRun(dir, "add.tpx --inputs=in.npz --outputs=other.npz");
  EXPECT_EQ(std::system(("cmp " + (dir / "out.npz") + " " + (dir / "other.npz")).c_str()), 0);
}

TEST_F(RuntimeTool, WrongNamesListWhatIsExpected) {
  std::vector<float> x(5);
  writeNpz(dir / "in.npz", {{"X", viewOf(x, TPRT_F32, {5})}});
  Outcome result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: in.npz: input 'x' is missing; the model has no input 'X'; expected arrays:\n  "
                        "x: f32 [n]\n");
  expectNoOutput();
}

TEST_F(RuntimeTool, WrongTypeAndShape) {
  std::vector<int64_t> ids(5);
  writeNpz(dir / "in.npz", {{"x", viewOf(ids, TPRT_I64, {5})}});
  Outcome result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: input 'x': got i64[5]; need f32 [n]\n");
  std::vector<float> x(6);
  writeNpz(dir / "in.npz", {{"x", viewOf(x, TPRT_F32, {2, 3})}});
  result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: input 'x': got 2 dimensions [2, 3]; need f32 [n]\n");
  expectNoOutput();
}

TEST_F(RuntimeTool, MissingFiles) {
  Outcome result = tpRun(dir, "none.tpx --inputs=in.npz --outputs=out.npz");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: none.tpx: no such artifact\n");
  result = tpRun(dir, "add.tpx --inputs=none.npz --outputs=out.npz");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: none.npz: no such file\n");
  result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=none/out.npz");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: none/out.npz: folder 'none' does not exist\n");
  expectNoOutput();
}

TEST_F(RuntimeTool, FullDisk) {
  // A file size limit stands for a full disk: the write fails half way.
  std::vector<float> x(100000);
  writeNpz(dir / "in.npz", {{"x", viewOf(x, TPRT_F32, {100000})}});
  Outcome result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz", "ulimit -f 100;");
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("out.npz: cannot be written"), std::string::npos) << result.err;
  expectNoOutput();
  result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=/dev/full");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "tp-run: error: /dev/full: cannot be written: No space left on device\n");
}

TEST_F(RuntimeTool, WorldSizeMismatch) {
  for (const char *variable : {"OMPI_COMM_WORLD_SIZE", "WORLD_SIZE", "SLURM_NTASKS"}) {
    Outcome result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz", std::string(variable) + "=3");
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find("world size mismatch"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("the artifact has 2 ranks"), std::string::npos) << result.err;
    result = tpRun(dir, "add.tpx --inputs=in.npz --outputs=out.npz", std::string(variable) + "=2");
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find("no communicator between processes"), std::string::npos) << result.err;
  }
  expectNoOutput();
}

TEST_F(RuntimeTool, CommandLine) {
  Outcome help = tpRun(dir, "--help");
  EXPECT_EQ(help.status, 0);
  for (const char *option :
       {"--inputs", "--outputs", "--generate", "--prompt-ids", "--max-new-tokens", "--eos-id", "--bench"})
    EXPECT_NE(help.out.find(option), std::string::npos) << option;
  EXPECT_EQ(tpRun(dir, "").status, 1);
  EXPECT_EQ(tpRun(dir, "add.tpx --colour").status, 1);
  EXPECT_EQ(tpRun(dir, "add.tpx").status, 1);
  EXPECT_EQ(tpRun(dir, "add.tpx --inputs=in.npz").status, 1);
  EXPECT_EQ(tpRun(dir, "add.tpx --generate --prompt-ids=1,x").status, 1);
  Outcome info = tpRun(dir, "add.tpx --info");
  EXPECT_EQ(info.out, "target cpu, 2 ranks\ninputs:\n  x: f32 [n]\noutputs:\n  y: f32 [n]\n");
  Outcome bench = tpRun(dir, "add.tpx --inputs=in.npz --bench --repeat=3");
  ASSERT_EQ(bench.status, 0) << bench.err;
  EXPECT_EQ(json::parse(bench.out)["run"]["runs"], 3);
}

//===----------------------------------------------------------------------===//
// Generation
//===----------------------------------------------------------------------===//

// A "model" whose next token is (number of cached tokens + sum of the new ones +
// first position) modulo 50: wrong masks, positions or caches change the result.
const char *languageProgram = R"(
void tp_sizes(const int64_t *s, int64_t *slots) { slots[0] = s[0] * 4; }
void tp_run(tprt_ctx *ctx, const int64_t *s, const tprt_view *in, const tprt_view *out, void *const *w,
            char *arena, const int64_t *offsets) {
  int64_t seq = s[0], total = s[0] + s[1];
  const int64_t *ids = in[0].data, *mask = in[1].data, *positions = in[2].data;
  tprt_view fresh = {arena + offsets[0], TPRT_F32, 4, {1, 1, seq, 1}, {seq, seq, 1, 1}};
  for (int64_t i = 0; i < seq; ++i)
    ((float *)fresh.data)[i] = ids[i];
  tprt_op_cache_append(ctx, 0, &in[3], &fresh, &out[1], 2);
  float sum = 0;
  for (int64_t i = 0; i < total; ++i)
    sum += mask[i] * ((float *)out[1].data)[i * out[1].strides[2]] * (i + 1);
  memset(out[0].data, 0, seq * 50 * 4);
  int64_t next = ((int64_t)sum + positions[seq - 1] * 3) % 50;
  ((float *)out[0].data)[(seq - 1) * 50 + next] = 1;
}
)";

json languageManifest(int ranks) {
  json manifest = emptyManifest(ranks);
  manifest["symbols"] = json::array({"seq", "past"});
  json none = json::array();
  auto tensor = [&](const char *name, int dtype, const std::string &sizes, bool strided) {
    json parsed = dims(sizes), layout = json::array();
    for (size_t i = 0; i < parsed.size(); ++i)
      layout.push_back(none);
    return json{{"name", name}, {"dtype", dtype}, {"dims", parsed}, {"layout", layout}, {"strided", strided}};
  };
  manifest["inputs"] = json::array(
      {tensor("input_ids", TPRT_I64, "1 s0", false), tensor("attention_mask", TPRT_I64, "1 s1+s0", false),
       tensor("position_ids", TPRT_I64, "1 s0", false), tensor("past_key_values.0.key", TPRT_F32, "1 1 s1 1", true)});
  manifest["outputs"] = json::array(
      {tensor("logits", TPRT_F32, "1 s0 50", false), tensor("present.0.key", TPRT_F32, "1 1 s1+s0 1", true)});
  manifest["states"] = json::array({{{"input", 3}, {"output", 1}, {"axis", 2}}});
  manifest["arena"] = {{"slots", 1}, {"lifetimes", json::parse("[[0, 0]]")}};
  return manifest;
}

std::string expectedTokens(std::vector<int64_t> sequence, int count, int64_t eos = -1) {
  std::string text;
  for (int step = 0; step < count; ++step) {
    int64_t sum = 0;
    for (size_t i = 0; i < sequence.size(); ++i)
      sum += sequence[i] * static_cast<int64_t>(i + 1);
    sequence.push_back((sum + (static_cast<int64_t>(sequence.size()) - 1) * 3) % 50);
    text += (step ? "," : "") + std::to_string(sequence.back());
    if (sequence.back() == eos)
      break;
  }
  return text + "\n";
}

TEST_F(RuntimeTool, GeneratesGreedily) {
  for (int ranks : {1, 2}) {
    writeArtifact(dir / "lm.tpx", languageManifest(ranks), languageProgram);
    Outcome result = tpRun(dir, "lm.tpx --generate --prompt-ids=4,7,1 --max-new-tokens=12");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, expectedTokens({4, 7, 1}, 12));
    EXPECT_EQ(result.err, "");
  }
  std::string all = expectedTokens({4, 7, 1}, 12);
  int64_t third = std::stoll(all.substr(all.find(',', all.find(',') + 1) + 1));
  Outcome result =
      tpRun(dir, "lm.tpx --generate --prompt-ids=4,7,1 --max-new-tokens=12 --eos-id=" + std::to_string(third));
  EXPECT_EQ(result.out, expectedTokens({4, 7, 1}, 12, third));
}

TEST_F(RuntimeTool, BenchmarksPhases) {
  writeArtifact(dir / "lm.tpx", languageManifest(2), languageProgram);
  Outcome result = tpRun(dir, "lm.tpx --bench=prefill:16,decode:20 --repeat=3", "TPRT_PROFILE=1");
  ASSERT_EQ(result.status, 0) << result.err;
  json report = json::parse(result.out);
  EXPECT_EQ(report["ranks"], 2);
  EXPECT_EQ(report["prefill"]["tokens"], 16);
  EXPECT_EQ(report["decode"]["past"], 20);
  EXPECT_GT(report["decode"]["tokens_per_s"], 0);
  EXPECT_LE(report["decode"]["min_ms"], report["decode"]["median_ms"]);
  EXPECT_GT(report["profile_per_rank"][1]["cache_append"]["calls"], 0);
  EXPECT_EQ(tpRun(dir, "lm.tpx --bench=dance:3").status, 1);
  EXPECT_EQ(tpRun(dir, "add.tpx --bench").status, 1);
}

//===----------------------------------------------------------------------===//
// Archives
//===----------------------------------------------------------------------===//

TEST(RuntimeNpz, RoundTripsEveryType) {
  TempDir dir;
  std::vector<NpzOutput> arrays;
  std::vector<char> data(64);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<char>(i);
  for (int32_t dtype : {TPRT_F32, TPRT_F64, TPRT_F16, TPRT_I64, TPRT_I32, TPRT_I16, TPRT_I8, TPRT_U8, TPRT_U16,
                        TPRT_U32, TPRT_U64, TPRT_BOOL, TPRT_BF16, TPRT_I4, TPRT_U4, TPRT_F8E4M3FN, TPRT_F4E2M1}) {
    arrays.push_back({"a/" + std::to_string(dtype), viewOf(data, dtype, {2, 1, 3})});
    arrays.push_back({"s" + std::to_string(dtype), viewOf(data, dtype, {})});
    arrays.push_back({"e" + std::to_string(dtype), viewOf(data, dtype, {0, 4})});
  }
  writeNpz(dir / "a.npz", arrays);
  std::vector<NpzArray> read = readNpz(dir / "a.npz");
  ASSERT_EQ(read.size(), arrays.size());
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].name, arrays[i].name);
    EXPECT_EQ(storedAs(read[i].view.dtype, arrays[i].view.dtype), arrays[i].view.dtype);
    ASSERT_EQ(read[i].view.rank, arrays[i].view.rank);
    EXPECT_TRUE(std::equal(read[i].view.sizes, read[i].view.sizes + read[i].view.rank, arrays[i].view.sizes));
    EXPECT_EQ(std::memcmp(read[i].view.data, data.data(), tprt::byteCount(arrays[i].view)), 0);
  }
}

TEST(RuntimeNpz, TypesWithoutNameAreBitPatterns) {
  EXPECT_EQ(storedAs(TPRT_U16, TPRT_BF16), TPRT_BF16);
  EXPECT_EQ(storedAs(TPRT_I8, TPRT_I4), TPRT_I4);
  EXPECT_EQ(storedAs(TPRT_U8, TPRT_I4), TPRT_U8);
  EXPECT_EQ(storedAs(TPRT_U8, TPRT_F8E5M2), TPRT_F8E5M2);
  EXPECT_EQ(storedAs(TPRT_U16, TPRT_F16), TPRT_U16);
}

std::string readError(const std::string &path) {
  try {
    readNpz(path);
    return "";
  } catch (const std::runtime_error &error) {
    return error.what();
  }
}

// An archive with one entry of this content.
void writeEntry(const std::string &path, const std::string &name, const std::string &content, int compression) {
  std::filesystem::remove(path);
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  zip_int64_t index =
      zip_file_add(archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0);
  zip_set_file_compression(archive, index, compression, 0);
  ASSERT_EQ(zip_close(archive), 0);
}

std::string npy(const std::string &header, size_t dataBytes, char major = 1) {
  std::string text("\x93NUMPY", 6);
  text += major;
  text += '\0';
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  if (major > 1)
    text += std::string(2, '\0');
  return text + header + std::string(dataBytes, '\1');
}

TEST(RuntimeNpz, ReadsCompressedAndFortranOrder) {
  TempDir dir;
  std::string path = dir / "a.npz";
  for (char major : {1, 2}) {
    writeEntry(path, "a.npy", npy("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }\n", 24, major),
               ZIP_CM_DEFLATE);
    std::vector<NpzArray> arrays = readNpz(path);
    ASSERT_EQ(arrays.size(), 1u);
    EXPECT_EQ(arrays[0].view.strides[0], 1);
    EXPECT_EQ(arrays[0].view.strides[1], 2);
    EXPECT_EQ(static_cast<int32_t *>(arrays[0].view.data)[5], 0x01010101);
  }
}

TEST(RuntimeNpz, RefusesDamage) {
  TempDir dir;
  std::string path = dir / "a.npz";
  writeFile(path, "no zip at all");
  EXPECT_NE(readError(path).find("not a readable .npz archive"), std::string::npos);
  struct Case {
    std::string content;
    const char *message;
  };
  for (const Case &c : std::vector<Case>{
           {"short", "not a .npy array"},
           {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 23),
            "has 23 bytes of data, shape (2, 3) needs 24"},
           {npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}", 24),
            "element type '>f4' is not supported"},
           {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8), "not supported"},
           {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999)}", 8), "too large"},
           {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4), "not supported"},
           {std::string("\x93NUMPY\x01\x00\xff\xff....", 14), "damaged .npy header"},
           {npy("{'descr': '" + std::string(60000, 'f') + "', 'fortran_order': False, 'shape': (1,)}", 4),
            "a .npy header of "},
           {npy("{'descr': '" + std::string(8000, 'f') + "', 'fortran_order': False, 'shape': (1,)}", 4),
            "is not supported"},
       }) {
    writeEntry(path, "a.npy", c.content, ZIP_CM_STORE);
    EXPECT_NE(readError(path).find(c.message), std::string::npos) << readError(path);
  }
  writeEntry(path, "a.txt", "x", ZIP_CM_STORE);
  EXPECT_NE(readError(path).find("is not a .npy array"), std::string::npos);
}

} // namespace

#endif // TP_RUN
