//===- RuntimeManifestTest.cpp - Manifests, good and bad ------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeSupport.h"

#include "core/Manifest.h"
#include "tprt/error.h"

#include <random>

using namespace test;
using nlohmann::json;
using tprt::Manifest;

namespace {

// Something of every kind.
json fullManifest() {
  json manifest = emptyManifest(4);
  manifest["symbols"] = json::array({"batch", "seq", "past", "%tp"});
  json none = json::array(), split = json::array({{{"axis", "tp"}, {"pre", 1}, {"size", 4}}, {{"units", 5}}});
  manifest["inputs"] = {{{"name", "ids"},
                         {"dtype", TPRT_I64},
                         {"dims", dims("s0 s1")},
                         {"layout", json::array({none, none})},
                         {"strided", false}},
                        {{"name", "past"},
                         {"dtype", TPRT_F32},
                         {"dims", dims("s0 15 s2 8")},
                         {"layout", json::array({none, split, none, none})},
                         {"strided", true}}};
  manifest["inputs"].push_back({{"name", "keep"},
                                {"dtype", TPRT_I64},
                                {"dims", dims("2")},
                                {"elements", json::parse(R"([[1, ["s", 1]]])")},
                                {"layout", json::array({none})},
                                {"strided", false}});
  manifest["outputs"] = {{{"name", "present"},
                          {"dtype", TPRT_F32},
                          {"dims", dims("s0 15 s2+s1 8")},
                          {"layout", json::array({none, split, none, none})},
                          {"strided", true}}};
  manifest["states"] = json::array({{{"input", 1}, {"output", 0}, {"axis", 2}}});
  manifest["files"] =
      json::array({{{"path", "/m.onnx"}, {"bytes", 4096}, {"relative", "../m.onnx"}, {"fingerprint", "00"}}});
  json shapes = json::array(), first = json::array(), second = json::array();
  for (int r = 0; r < 4; ++r) {
    shapes.push_back({4, 6});
    first.push_back({{"offset", 100 * r}, {"start", {0, 0}}, {"sizes", {4, 2}}, {"strides", {1, 4}}});
    second.push_back({{"offset", 1000}, {"start", {0, 2}}, {"sizes", {4, 4}}, {"strides", {8, 1}}});
  }
  manifest["weights"] = json::array({{{"name", "w"},
                                      {"dtype", TPRT_F32},
                                      {"shapes", shapes},
                                      {"parts",
                                       {{{"file", 0}, {"stored", TPRT_F32}, {"ranks", first}},
                                        {{"file", 0}, {"stored", TPRT_F16}, {"ranks", second}}}}}});
  manifest["groups"] = json::parse("[[[0, 1, 2, 3]], [[0, 1], [3, 2]]]");
  manifest["arena"] = {{"slots", 2}, {"lifetimes", json::parse("[[0, 3], [2, 2]]")}};
  manifest["kernels"] = json::array({{{"name", "kernel_0"}}});
  manifest["requires"] = json::parse(R"([["+", ["s", 2], -1]])");
  return manifest;
}

// The error of parsing; "" when it is accepted.
std::string errorOf(const std::string &text) {
  try {
    Manifest::parse(text, "m.json");
    return "";
  } catch (const tprt::Error &error) {
    EXPECT_EQ(error.code(), TPRT_BAD_ARTIFACT) << error.what();
    return error.what();
  }
}
std::string errorOf(const json &manifest) { return errorOf(manifest.dump()); }

TEST(RuntimeManifest, ReadsEverything) {
  Manifest manifest = Manifest::parse(fullManifest().dump(), "m.json");
  EXPECT_EQ(manifest.ranks, 4);
  EXPECT_EQ(manifest.inputs[1].state, 0);
  EXPECT_EQ(manifest.outputs[0].dims[2].text(manifest.symbols), "past + seq");
  EXPECT_EQ(manifest.symbolAxis, (std::vector<int>{-1, -1, -1, 0}));
  EXPECT_EQ(manifest.weights[0].parts[1].stored, TPRT_F16);
  EXPECT_EQ(manifest.groups[1][1], (std::vector<int>{3, 2}));
  EXPECT_EQ(manifest.opText(0), "'/first' (MatMul)");
  EXPECT_EQ(manifest.opText(9), "operation 9");
  // 15 heads in 5 units of 3 over 4 ranks: 1, 1, 1, 2 units.
  const tprt::DimSplit &heads = manifest.inputs[1].layout[1];
  std::vector<int64_t> sizes;
  for (int r = 0; r < 4; ++r)
    sizes.push_back(heads.range(manifest.mesh, r, 15).size());
  EXPECT_EQ(sizes, (std::vector<int64_t>{3, 3, 3, 6}));
}

TEST(RuntimeManifest, RefusesByName) {
  struct Case {
    const char *pointer;
    json value;
    const char *message;
  };
  for (const Case &c : std::vector<Case>{
           {"/format", "zip", "m.json: format: format 'zip' is not \"tpx\""},
           {"/version", 2, "version 2 is not understood"},
           {"/abi", 99, "program ABI 99 is not understood"},
           {"/future", 1, "key 'future' is not understood"},
           {"/inputs/0/colour", 1, "m.json: inputs[0]: key 'colour' is not understood"},
           {"/ranks", 3, "the axes make 4 ranks, \"ranks\" is 3"},
           {"/ranks", 0, "got 0, need 1 to"},
           {"/target", "../evil", "small letters only"},
           {"/symbols/1", "batch", "appears twice"},
           {"/symbols/3", "%dp", "the mesh has no axis 'dp'"},
           {"/symbols/4", "free", "no input determines symbol 'free'"},
           {"/inputs/0/dtype", 8, "element type 8 is not supported"},
           {"/inputs/0/dims/0", json::array({"s", 7}), "symbol 7 does not exist"},
           {"/inputs/0/dims/0", json::array({"-", 1, 2}), "unknown operator '-'"},
           {"/inputs/0/dims/0", -4, "size -4 is out of range"},
           {"/inputs/0/dims/0", 1.5, "expected an expression"},
           {"/inputs/0/layout", json::array(), "has 0 dimensions"},
           {"/inputs/1/layout/1/0/axis", "dp", "the mesh has no axis 'dp'"},
           {"/inputs/1/layout/1/0/size", 3, "does not divide axis 'tp'"},
           {"/inputs/1/layout/2", json::parse(R"([{"axis": "tp", "pre": 2, "size": 2}])"), "axis 'tp' is used twice"},
           {"/inputs/2/elements/0/0", 2, "got 2, need 0 to 1"},
           {"/inputs/2/elements/0", 2, "inputs[2].elements[0]"},
           {"/inputs/2/dtype", TPRT_F32, "elements of integer types only"},
           {"/inputs/0/elements", json::array(), "whose own sizes are not fixed"},
           {"/outputs/0/elements", json::array(), "whose own sizes are not fixed"},
           {"/states/0/axis", 4, "got 4, need 0 to 3"},
           {"/states/0/output", 9, "got 9"},
           {"/states/1", {{"input", 1}, {"output", 0}, {"axis", 2}}, "another state"},
           {"/files/0/bytes", -1, "got -1"},
           {"/files/0/bytes", 1000, "reaches outside of file '/m.onnx' of 1000 bytes"},
           {"/weights/0/parts/0/file", 3, "got 3"},
           {"/weights/0/parts/0/ranks/2/offset", 4090, "weights[0].parts[0].ranks[2]: the view reaches outside"},
           {"/weights/0/parts/0/ranks/2/strides/0", -1000, "reaches outside"},
           {"/weights/0/parts/0/ranks/2/strides/0", int64_t(1) << 47, "reaches outside"},
           {"/weights/0/parts/0/ranks/2/sizes/1", 3, "overlap on rank 2"},
           {"/weights/0/parts/0/ranks/2/sizes/1", 1, "fill 20 of 24 elements on rank 2"},
           {"/weights/0/parts/0/ranks/2/start/0", 1, "is outside of the weight's size 4"},
           {"/weights/0/shapes/1/0", int64_t(1) << 47, "too large"},
           {"/weights/0/shapes", json::array(), "has 0 entries for 4 ranks"},
           {"/requires/0/1/1", 9, "requires[0][1]: symbol 9 does not exist"},
           {"/groups/1/0/0", 2, "rank 2 is in this group twice"},
           {"/groups/1/1", json::array(), "names 2 of 4 ranks"},
           {"/groups/1/1/0", 4, "got 4, need 0 to 3"},
           {"/arena/slots", 3, "has 2 entries for 3 slots"},
           {"/arena/lifetimes/0/1", -1, "got -1, need 0 to"},
           {"/ops/0/name", 3, "m.json: ops[0].name: expected a string"},
           {"/mesh/axes/0/size", 0, "got 0"},
       }) {
    json manifest = fullManifest();
    manifest[json::json_pointer(c.pointer)] = c.value;
    std::string error = errorOf(manifest);
    EXPECT_NE(error.find(c.message), std::string::npos) << c.pointer << ": " << error;
  }
}

TEST(RuntimeManifest, RefusesBadJson) {
  EXPECT_NE(errorOf(std::string("")).find("not valid JSON"), std::string::npos);
  EXPECT_NE(errorOf(std::string("[1]")).find("expected an object"), std::string::npos);
  EXPECT_NE(errorOf(std::string("{\"format\": \"tpx\", \"format\": \"tpx\"}")).find("appears twice"),
            std::string::npos);
  EXPECT_NE(errorOf(std::string(100000, '[')), "");
  std::string deep = "1";
  for (int i = 0; i < 80; ++i)
    deep = "[\"+\"," + deep + ",1]";
  json manifest = fullManifest();
  manifest["outputs"][0]["dims"][0] = json::parse(deep);
  EXPECT_NE(errorOf(manifest).find("nested too deeply"), std::string::npos);
}

// Every key is needed, and every value is checked: removing or replacing any one
// gives an error (or a manifest that is still sound), never a crash.
void visit(const json &node, const json::json_pointer &at, const std::function<void(const json::json_pointer &)> &f) {
  f(at);
  if (node.is_object())
    for (auto &item : node.items())
      visit(item.value(), at / item.key(), f);
  if (node.is_array())
    for (size_t i = 0; i < node.size(); ++i)
      visit(node[i], at / i, f);
}

TEST(RuntimeManifest, EveryValueMutated) {
  json original = fullManifest();
  int refused = 0, accepted = 0;
  visit(original, json::json_pointer(), [&](const json::json_pointer &at) {
    if (at.empty())
      return;
    for (const json &value : {json(nullptr), json(-1), json(INT64_MAX), json(UINT64_MAX), json(0.5), json("x"),
                              json(std::string("a\0b", 3)), json(true), json::array(), json::object(), json{1, 2, 3}}) {
      json manifest = original;
      manifest[at] = value;
      (errorOf(manifest).empty() ? accepted : refused)++;
    }
    json manifest = original;
    json &parent = manifest[at.parent_pointer()];
    if (!parent.is_object())
      return;
    parent.erase(at.back());
    bool optional =
        at.back() == "relative" || at.back() == "fingerprint" || at.back() == "layer" || at.back() == "requires" ||
        at.back() == "elements";
    EXPECT_EQ(errorOf(manifest).empty(), optional) << at;
  });
  EXPECT_GT(refused, 1000);
  EXPECT_LT(accepted, refused / 10);
}

TEST(RuntimeManifest, EveryTruncationAndRandomBytes) {
  std::string text = fullManifest().dump();
  for (size_t length = 0; length < text.size(); length += 7)
    EXPECT_NE(errorOf(text.substr(0, length)), "");
  std::mt19937 generator(3);
  for (int round = 0; round < 2000; ++round) {
    std::string changed = text;
    for (int i = 0; i < 1 + round % 4; ++i)
      changed[generator() % changed.size()] = static_cast<char>(generator());
    errorOf(changed); // any answer, no crash
  }
}

TEST(RuntimeLayout, SubAxesAndMeshCoordinates) {
  json manifest = emptyManifest(16);
  manifest["mesh"]["axes"] = json::parse(R"([{"name": "dp", "size": 2}, {"name": "tp", "size": 8}])");
  manifest["symbols"] = json::array({"n", "%tp", "%dp"});
  manifest["inputs"][0]["layout"] = json::parse(R"([[{"axis": "tp", "pre": 1, "size": 4}]])");
  manifest["outputs"][0]["layout"] =
      json::parse(R"([[{"axis": "tp", "pre": 4, "size": 2}, {"axis": "dp", "pre": 1, "size": 2}]])");
  Manifest parsed = Manifest::parse(manifest.dump(), "m");
  for (int rank = 0; rank < 16; ++rank) {
    int64_t dp = rank / 8, tp = rank % 8;
    EXPECT_EQ(parsed.mesh.coordinate(rank, 0), dp);
    EXPECT_EQ(parsed.mesh.coordinate(rank, 1), tp);
    // (1)4 of 8 is the major part, (4)2 the minor one.
    EXPECT_EQ(parsed.inputs[0].layout[0].pieceOf(parsed.mesh, rank), tp / 2);
    EXPECT_EQ(parsed.outputs[0].layout[0].pieceOf(parsed.mesh, rank), tp % 2 * 2 + dp);
    EXPECT_EQ(parsed.inputs[0].layout.isFirstReplica(parsed.mesh, rank), rank < 8 && tp % 2 == 0);
  }
}

// Pieces tile the dimension in order, for every size and count.
TEST(RuntimeLayout, PiecesTile) {
  for (int ranks : {1, 2, 3, 4, 8})
    for (int64_t units : {0, 1, 2, 5, 15}) {
      json manifest = emptyManifest(ranks);
      json split = json::array({{{"axis", "tp"}, {"pre", 1}, {"size", ranks}}});
      if (units)
        split.push_back({{"units", units}});
      manifest["inputs"][0]["layout"] = json::array({split});
      Manifest parsed = Manifest::parse(manifest.dump(), "m");
      for (int64_t size : {0, 1, 7, 30, 1000}) {
        if (units && size % units) {
          EXPECT_THROW(parsed.inputs[0].layout[0].range(parsed.mesh, 0, size), tprt::Error);
          continue;
        }
        int64_t at = 0;
        for (int r = 0; r < ranks; ++r) {
          tprt::Range range = parsed.inputs[0].layout[0].range(parsed.mesh, r, size);
          EXPECT_EQ(range.begin, at);
          EXPECT_GE(range.size(), 0);
          at = range.end;
        }
        EXPECT_EQ(at, size);
      }
    }
}

TEST(RuntimeExpr, EvaluatesAndSolves) {
  tprt::JsonDocument document(R"(["+", ["s", 0], ["floordiv", ["*", ["s", 1], -3], 2]])", "e");
  tprt::Expr expr = tprt::Expr::parse(document.root(), 2);
  EXPECT_EQ(expr.evaluate({10, 5}), 10 + -8); // floor of -7.5
  EXPECT_EQ(expr.evaluate({10, std::nullopt}), std::nullopt);
  EXPECT_EQ(expr.text({"a", "b"}), "a + (b * -3) floordiv 2");
  tprt::JsonDocument mod(R"(["+", ["mod", -7, 4], ["ceildiv", 7, 2]])", "e");
  EXPECT_EQ(tprt::Expr::parse(mod.root(), 0).evaluate({}), 1 + 4);
  tprt::JsonDocument zero(R"(["mod", 7, 0])", "e");
  EXPECT_THROW(tprt::Expr::parse(zero.root(), 0).evaluate({}), tprt::Error);
  tprt::JsonDocument large(R"(["*", ["s", 0], ["s", 0]])", "e");
  EXPECT_THROW(tprt::Expr::parse(large.root(), 1).evaluate({int64_t(1) << 40}), tprt::Error);
  tprt::JsonDocument sum(R"(["+", ["s", 0], ["+", ["s", 1], 2]])", "e");
  auto solved = tprt::Expr::parse(sum.root(), 2).solve({3, std::nullopt}, 9);
  ASSERT_TRUE(solved);
  EXPECT_EQ(solved->first, 1);
  EXPECT_EQ(solved->second, 4);
}

TEST(RuntimeExpr, TheSmallestIntegerDoesNotOverflow) {
  auto evaluate = [](const char *op) {
    tprt::JsonDocument document(tprt::concat("[\"", op, "\", [\"s\", 0], [\"s\", 1]]"), "e");
    return tprt::Expr::parse(document.root(), 2).evaluate({INT64_MIN, INT64_MAX});
  };
  EXPECT_EQ(evaluate("floordiv"), -2);
  EXPECT_EQ(evaluate("ceildiv"), -1);
  EXPECT_EQ(evaluate("mod"), INT64_MAX - 1);
  tprt::JsonDocument sum(R"(["+", ["s", 0], -9223372036854775808])", "e");
  EXPECT_THROW(tprt::Expr::parse(sum.root(), 1).solve({std::nullopt}, 1), tprt::Error);
}

} // namespace
