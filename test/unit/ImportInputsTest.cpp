//===- ImportInputsTest.cpp - Shapes and contents of inputs ---------------===//

#include "ImportSupport.h"

using namespace tpo;
using namespace tpo::test;

namespace {

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

const char *const kPair = "g (float[batch,seq,8] x, float[n,4] w) => "
                          "(float[batch,seq,8] y) { y = Relu(x) }";

TEST(ImportInputsTest, DimsMustExist) {
  ImportOptions options;
  options.dims["bach"] = 2;
  EXPECT_ERROR(importGraph(kPair, 18, options),
               "--dim: the model's inputs have no symbolic size 'bach'; they "
               "have 'batch', 'seq', 'n'");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Relu(x) }", 18,
                           options),
               "no symbolic size 'bach'; all are fixed");
}

TEST(ImportInputsTest, ShapesCanBeGiven) {
  ImportOptions options;
  options.inputShapes["x"] = {"1", "?", "8"};
  EXPECT_IR(importGraph(kPair, 18, options),
            "tensor<1x?x8xf32, #tp.dims<[1, s0, 8]>>", "[\"seq\"");
  // A name makes sizes of different inputs one.
  options.inputShapes["w"] = {"seq", "4"};
  EXPECT_IR(importGraph(kPair, 18, options), "#tp.dims<[s0, 4]>",
            "tp.symbols = [\"seq\"]");
}

TEST(ImportInputsTest, GivenShapesMustFit) {
  ImportOptions options;
  options.inputShapes["x"] = {"1", "2"};
  EXPECT_ERROR(importGraph(kPair, 18, options),
               "input 'x' has 3 dimensions, but --input-shape gives 2");
  options.inputShapes["x"] = {"1", "2", "9"};
  EXPECT_ERROR(
      importGraph(kPair, 18, options),
      "input 'x' has the size 8 at dimension 2, --input-shape gives 9");
  options.inputShapes["x"] = {"1", "2", "8"};
  options.inputShapes["z"] = {"1"};
  EXPECT_ERROR(importGraph(kPair, 18, options),
               "--input-shape: the model has no input 'z'; it has 'x', 'w'");
}

TEST(ImportInputsTest, InputsWithoutShapeNeedOne) {
  ::onnx::ModelProto model =
      parseModel("<ir_version: 8, opset_import: [\"\" : 18]> g (float[2] x) => "
                 "(float[a] y) { y = Relu(x) }");
  model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->clear_shape();
  EXPECT_ERROR(importProto(model), "input 'x' has no shape; give it, as in "
                                   "--input-shape=x=1,8");
  ImportOptions options;
  options.inputShapes["x"] = {"n"};
  EXPECT_IR(importProto(model, options), "tp.symbols = [\"n\"]");
}

TEST(ImportInputsTest, ContentsCanBeGiven) {
  const char *graph = "g (float[6] x, int64[2] s) => (float[a,b] y) { y = "
                      "Reshape(x, s) }";
  ImportOptions options;
  options.inputValues["s"] = {3, -1};
  EXPECT_IR(importGraph(graph, 18, options), "tensor<3x2xf32>");
  options.inputValues["s"] = {3, 2, 1};
  EXPECT_ERROR(importGraph(graph, 18, options),
               "--input-value: input 's' is no integer tensor of 3 elements");
}

TEST(ImportInputsTest, FixedSizesMakeSymbolicTensorsOfAnyRank) {
  // Positions of a fixed number of tokens after any number of earlier ones.
  EXPECT_IR(importGraph("g (float[past] k) => (int64[1,4] y) <int64 z = {0}, "
                        "int64 one = {1}, int64 four = {4}, int64[2] s = {1, "
                        "4}> { n = Size(k) e = Add(n, four) r = Range(n, e, "
                        "one) y = Reshape(r, s) }"),
            "#tp.dims<[s0, s0 + 1, s0 + 2, s0 + 3]>", "\"onnx.Reshape\"",
            "tensor<1x4xi64>");
}

TEST(ImportInputsTest, EmptyTensors) {
  EXPECT_IR(importGraph("g (float[0,4] k, float[seq,4] x) => (float[t,4] y) { "
                        "y = Concat<axis = 0>(k, x) }"),
            "tensor<0x4xf32>", "#tp.dims<[s0, 4]>");
}

//===----------------------------------------------------------------------===//
// Elements on which sizes depend
//===----------------------------------------------------------------------===//

TEST(ImportInputsTest, ElementsBecomeSymbols) {
  EXPECT_IR(importGraph("g (float[6] x, int64[2] s) => (float[a,b] y) { y = "
                        "Reshape(x, s) }"),
            "onnx.elements = #tp.dims<[s0, s1]>",
            "tp.symbols = [\"s[0]\", \"s[1]\"]",
            "\"onnx.SymbolicConstant\"() {value = #tp.dims<[s0, s1]>}",
            "#tp.dims<[s0, s1]>> {onnx.name = \"y\"}", "tp.requires");
  // Integers that no size depends on stay data.
  EXPECT_IR(importGraph("g (int64[2] x) => (int64[2] y) { y = Add(x, x) }"),
            "tp.symbols = []");
}

TEST(ImportInputsTest, OnlyElementsThatMatterAreSizes) {
  EXPECT_IR(importGraph("g (float[n] x, int64[2] s) => (float[a] y) <int64[1] "
                        "z = {0}, int64[1] o = {1}, int64[1] t = {2}> { e = "
                        "Slice(s, o, t) y = Slice(x, z, e) }"),
            "onnx.elements = #tp.dims<[?, s1]>",
            "tp.symbols = [\"n\", \"s[1]\"]");
}

TEST(ImportInputsTest, TheLastTokensOnly) {
  // What decoders do with the number of logits to keep.
  EXPECT_IR(importGraph(
                "g (float[b,seq,8] x, int64 keep) => (float[b,k,8] y) "
                "<int64[1] z = {0}, int64[1] one = {1}, int64[1] end = "
                "{9223372036854775807}> { n = Neg(keep) s = Unsqueeze(n, z) y "
                "= Slice(x, s, end, one) }"),
            "onnx.elements = #tp.dims<[s2]>", "\"keep[]\"",
            "#tp.dims<[s0, s2, 8]>> {onnx.name = \"y\"}",
            // 0 would keep everything, more than there is keeps less.
            "tp.requires = #tp.dims<[s2 - 1, s1 - s2]>");
}

TEST(ImportInputsTest, AnElementMayHaveToEqualASize) {
  EXPECT_IR(importGraph("g (float[n,4] x, int64[2] s) => (float[n,4] y) { r = "
                        "Expand(x, s) y = Add(x, r) }"),
            "onnx.elements = #tp.dims<[s0, 4]>", "tp.symbols = [\"n\"]");
}

TEST(ImportInputsTest, EachUserOfSizesTakesElements) {
  const char *const graphs[] = {
      "g (int64 n) => (int64[m] y) <int64 z = {0}, int64 o = {1}> { y = "
      "Range(z, n, o) }",
      "g (int64[2] n) => (float[a,b] y) { y = ConstantOfShape(n) }",
      "g (float[8] x, int64[1] n) => (float[a] y) { y, i = TopK(x, n) }",
      "g (float[2,3] x, int64[2] n) => (float[a,b] y) { y = Tile(x, n) }",
      "g (float[2,3] x, int64[4] n) => (float[a,b] y) { y = Pad(x, n) }",
      "g (float[1,1] x, int32[2] n) => (float[a,b] y) { l = Cast<to = 7>(n) y "
      "= Expand(x, l) }",
  };
  for (const char *graph : graphs)
    EXPECT_IR(importGraph(graph), "onnx.elements");
}

TEST(ImportInputsTest, NotEveryDependenceOnDataIsASize) {
  EXPECT_ERROR(importGraph("g (float[6] x, int64[n] s) => (float[a] y) { y = "
                           "Reshape(x, s) }"),
               "the shape of the result depends on the contents of operand "
               "'shape', which are only known when the model runs");
  // Arithmetic that sizes have no form for.
  EXPECT_ERROR(importGraph("g (float[a,b] x, int64[1] s) => (float[c,d] y) { m "
                           "= BitwiseAnd(s, s) y = Tile(x, m) }"),
               "depends on the contents of operand 'repeats'");
}

} // namespace
