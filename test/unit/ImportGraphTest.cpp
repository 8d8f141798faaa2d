//===- ImportGraphTest.cpp - Graphs to operations -------------------------===//

#include "ImportSupport.h"

using namespace tpo;
using namespace tpo::test;

namespace {

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

TEST(ImportGraphTest, SymbolsByName) {
  EXPECT_IR(importGraph("g (float[batch,seq,8] x) => (float[batch,seq,8] y) { "
                        "y = Relu(x) }"),
            "tp.symbols = [\"batch\", \"seq\"]",
            "tensor<?x?x8xf32, #tp.dims<[s0, s1, 8]>> {onnx.name = \"x\"}",
            "\"onnx.Relu\"");
}

TEST(ImportGraphTest, OperatorsMakeSizesEqual) {
  // The sum of two inputs has one shape; the second's names are gone.
  EXPECT_IR(importGraph("g (float[a,b] x, float[c,d] w) => (float[e,f] y) { y "
                        "= Add(x, w) }"),
            "tp.symbols = [\"a\", \"b\"]",
            "-> (tensor<?x?xf32, #tp.dims<[s0, s1]>>");
  EXPECT_IR(importGraph("g (float[a,64] x, float[b,c] w) => (float[e,f] y) { y "
                        "= MatMul(x, w) }"),
            "%arg1: tensor<64x?xf32, #tp.dims<[64, s1]>>");
}

TEST(ImportGraphTest, DimsCanBeFixed) {
  ImportOptions options;
  options.dims["batch"] = 2;
  EXPECT_IR(importGraph("g (float[batch,seq] x) => (float[batch,seq] y) { y = "
                        "Relu(x) }",
                        18, options),
            "tensor<2x?xf32, #tp.dims<[2, s0]>>", "tp.symbols = [\"seq\"]");
}

TEST(ImportGraphTest, CacheConcatAddsSizes) {
  EXPECT_IR(importGraph("g (float[b,4,past,16] k, float[b,4,seq,16] n, "
                        "float[b,1,seq,total] m) => (float[b,4,s,t] y) {"
                        " c = Concat <axis = 2> (k, n)"
                        " t = Transpose <perm = [0, 1, 3, 2]> (c)"
                        " q = MatMul(n, t)"
                        " y = Add(q, m) }"),
            // total = past + seq, found at the end, is there from the start.
            "tp.symbols = [\"b\", \"past\", \"seq\"]",
            "tensor<?x1x?x?xf32, #tp.dims<[s0, 1, s2, s1 + s2]>>");
}

//===----------------------------------------------------------------------===//
// Shape arithmetic
//===----------------------------------------------------------------------===//

TEST(ImportGraphTest, ShapeArithmeticFolds) {
  EXPECT_IR(
      importGraph("g (float[b,s,128] x) => (float[b,s,8,16] y) <int64 i0 = "
                  "{0}, int64 i1 = {1}, int64[1] a = {0}, int64[2] h = {8, "
                  "-1}> {"
                  " sh = Shape(x)"
                  " n0 = Gather(sh, i0)"
                  " n1 = Gather(sh, i1)"
                  " u0 = Unsqueeze(n0, a)"
                  " u1 = Unsqueeze(n1, a)"
                  " ns = Concat <axis = 0> (u0, u1, h)"
                  " y = Reshape(x, ns) }"),
      "\"onnx.SymbolicConstant\"() {value = #tp.dims<[s0, s1, 8, 16]>}",
      "tensor<?x?x8x16xf32, #tp.dims<[s0, s1, 8, 16]>>");
}

TEST(ImportGraphTest, MergedBatchAndHeadsComeApartAgain) {
  EXPECT_IR(
      importGraph("g (float[b,8,s,16] x) => (float[b,8,s,16] y) <int64 i0 = "
                  "{0}, int64[1] a = {0}, int64[2] z = {0, 0}, int64[1] m = "
                  "{-1}, int64[1] e = {8}, int64[1] f = {16}> {"
                  " sh = Shape(x)"
                  " tail = Shape <start = 2> (x)"
                  " merged = Concat <axis = 0> (m, tail)"
                  " r = Reshape(x, merged)"
                  " w = Neg(r)"
                  " b0 = Gather(sh, i0)"
                  " b1 = Unsqueeze(b0, a)"
                  " back = Concat <axis = 0> (b1, e, m, f)"
                  " y = Reshape(w, back) }"),
      "tensor<?x?x16xf32, #tp.dims<[s0 * 8, s1, 16]>>",
      "-> tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>");
}

TEST(ImportGraphTest, ReshapeTellsASizeThatTheExportFixed) {
  // TorchScript's trace of torch.nn.MultiheadAttention keeps the length of its
  // example, 6.
  EXPECT_IR(
      importGraph("g (float[s,b,64] x) => (float[n,m,16] y) <int64 one = {1}, "
                  "int64[1] a = {0}, int64[1] h = {4}, int64[1] s = {6}, "
                  "int64[1] d = {16}> {"
                  " sh = Shape(x)"
                  " n = Gather(sh, one)"
                  " u = Unsqueeze(n, a)"
                  " m = Mul(u, h)"
                  " to = Concat <axis = 0> (s, m, d)"
                  " y = Reshape(x, to) }"),
      "%arg0: tensor<6x?x64xf32",
      "-> tensor<6x?x16xf32, #tp.dims<[6, s0 * 4, 16]>>");
}

TEST(ImportGraphTest, WhereOfAnExpandShapeFolds) {
  // TorchScript's expand: -1 means the size that is there.
  EXPECT_IR(
      importGraph("g (float[b,1] x) => (float[b,s] y) <int64[2] want = {-1, "
                  "4}, int64[2] one = {1, 1}, int64 neg = {-1}> {"
                  " isNeg = Equal(want, neg)"
                  " s = Where(isNeg, one, want)"
                  " y = Expand(x, s) }"),
      "tensor<?x4xf32, #tp.dims<[s0, 4]>>");
}

TEST(ImportGraphTest, ScalarArithmeticFolds) {
  EXPECT_IR(importGraph("g (float[b,16] x) => (float[b,16] y) <int64 i = {1}> {"
                        " sh = Shape(x)"
                        " d = Gather(sh, i)"
                        " f = Cast <to = 1> (d)"
                        " r = Sqrt(f)"
                        " y = Div(x, r) }"),
            "dense<4.000000e+00> : tensor<f32>");
}

TEST(ImportGraphTest, ARemainderHasTheSignOfTheDivisor) {
  // Padding to the next multiple of 5 of a size that is not known.
  EXPECT_IR(importGraph("g (float[n] x) => (float[m] y) <int64 minus = {-1}, "
                        "int64 five = {5}, int64[1] none = {0}> { s = Shape(x) "
                        "t = Mul(s, minus) r = Mod(t, five) p = Concat <axis = "
                        "0> (none, r) y = Pad(x, p) }"),
            "mod 5", "\"onnx.Pad\"");
  // fmod truncates.
  EXPECT_ERROR(importGraph("g (float[n] x) => (float[m] y) <int64 minus = {-1}, "
                           "int64 five = {5}, int64[1] none = {0}> { s = "
                           "Shape(x) t = Mul(s, minus) r = Mod <fmod = 1> (t, "
                           "five) p = Concat <axis = 0> (none, r) y = Pad(x, "
                           "p) }"),
               "only known when the model runs");
}

TEST(ImportGraphTest, OneHotRepetitionsFold) {
  EXPECT_IR(importGraph("g (float[n, 1, 4] x) => (float[n, k, l] y) <int64[1] "
                        "at = {-2}, int64 depth = {3}, int64[2] values = {1, "
                        "6}, int64[1] flat = {-1}> { o = OneHot(at, depth, "
                        "values) r = Reshape(o, flat) y = Tile(x, r) }"),
            "dense<[1, 6, 1]>", "#tp.dims<[s0, 6, 4]>");
}

TEST(ImportGraphTest, RangesAndSlices) {
  EXPECT_IR(importGraph("g (float[past,4] k, float[seq,4] x) => (int64[n] y) "
                        "<int64 i = {0}, int64 one = {1}> {"
                        " ks = Shape(k)"
                        " xs = Shape(x)"
                        " p = Gather(ks, i)"
                        " s = Gather(xs, i)"
                        " e = Add(p, s)"
                        " y = Range(p, e, one) }"),
            "-> tensor<?xi64, #tp.dims<[s1]>>");
  // A negative start counts from the end; INT64_MAX is the end.
  EXPECT_IR(importGraph("g (float[b,s,8] x) => (float[b,t,3] y) <int64[1] st = "
                        "{-3}, int64[1] en = {9223372036854775807}, int64[1] "
                        "ax = {2}> { y = Slice(x, st, en, ax) }"),
            "tensor<?x?x3xf32, #tp.dims<[s0, s1, 3]>>");
}

TEST(ImportGraphTest, AssumptionsAreRecorded) {
  // A position table of 64 rows: right up to 64 tokens.
  EXPECT_IR(importGraph("g (float[1,s] x, float[64,4] table) => (float[s,4] y) "
                        "<int64[1] z = {0}> {"
                        " n = Shape <start = 1> (x)"
                        " y = Slice(table, z, n, z) }"),
            "tp.requires = #tp.dims<[s0 * -1 + 64]>",
            "tensor<?x4xf32, #tp.dims<[s0, 4]>>");
}

TEST(ImportGraphTest, SizesAreWithinTheLimitsThatShapesDependOn) {
  std::string sizes = " p = Shape<start = 1, end = 2>(k) n = Shape<start = 1, "
                      "end = 2>(x) t = Add(p, n)";
  // A table of 64 rows from `past` to `min(64, past + seq)`.
  EXPECT_IR(importGraph("g (float[1,past,4] k, float[1,seq,4] x, float[64,4] "
                        "table) => (float[r,4] y) <int64[1] z = {0}, int64[1] "
                        "limit = {64}> {" +
                        sizes + " e = Min(limit, t) y = Slice(table, p, e, z) }"),
            "tp.requires = #tp.dims<[s0 * -1 - s1 + 64,", "tensor<?x4xf32, #tp.dims<[s1, 4]>>");
  // What no shape depends on is computed.
  ImportResult computed = importGraph("g (float[1,past,4] k, float[1,seq,4] x) => (int64[1] e) "
                                      "<int64[1] limit = {64}> {" +
                                      sizes + " e = Min(limit, t) }");
  EXPECT_IR(computed, "\"onnx.Min\"");
  EXPECT_FALSE(computed.contains("tp.requires")) << computed.ir;
  // Of two sizes, either may be the smaller one.
  EXPECT_ERROR(importGraph("g (float[1,past,4] k, float[1,seq,4] x, "
                           "float[64,4] table) => (float[r,4] y) <int64[1] z = "
                           "{0}> {" +
                           sizes + " e = Min(p, n) y = Slice(table, z, e, z) }"),
               "operand 'ends', which are only known when the model runs");
}

TEST(ImportGraphTest, AGraphNeedsNoName) {
  ::onnx::ModelProto model = parseModel("<ir_version: 8, opset_import: [\"\" : 18]> g (float[2] x) => "
                                        "(float[2] y) { y = Relu(x) }");
  model.mutable_graph()->clear_name();
  EXPECT_IR(importProto(model), "\"onnx.Relu\"");
}

TEST(ImportGraphTest, ResizeReadsItsScales) {
  EXPECT_IR(importGraph("g (float[b,3,h,7] x) => (float[b,3,i,14] y) <float[4] "
                        "s = {1, 1, 2, 2}> { y = Resize (x, , s) }"),
            "-> tensor<?x3x?x14xf32, #tp.dims<[s0, 3, s1 * 2, 14]>>");
}

//===----------------------------------------------------------------------===//
// Weights and constants
//===----------------------------------------------------------------------===//

TEST(ImportGraphTest, WeightsAreViews) {
  const char *weight = "<float[4,6] w = {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,"
                       "16,17,18,19,20,21,22,23}";
  EXPECT_IR(importGraph(std::string("g (float[b,6] x) => (float[b,4] y) ") +
                        weight + "> { t = Transpose(w) y = MatMul(x, t) }"),
            "strides = [1, 6]>} : tensor<6x4xf32>");
  EXPECT_IR(importGraph(std::string("g (float[b,4] x) => (float[b,2] y) ") +
                        weight +
                        ", int64[1] s = {2}, int64[1] e = {4}, int64[1] a = "
                        "{1}> { t = Slice(w, s, e, a) y = MatMul(x, t) }"),
            "strides = [6, 1]>} : tensor<4x2xf32>");
  EXPECT_IR(importGraph(std::string("g (float16[b,4] x) => (float16[b,6] y) ") +
                        weight +
                        "> { t = Cast <to = 10> (w) y = MatMul(x, t) "
                        "}"),
            "elem = f32", "tensor<4x6xf16>");
  EXPECT_IR(importGraph(std::string("g (float[b,3] x) => (float[8,b,1] y) ") +
                        weight +
                        ", int64[3] s = {8, 3, 1}> { r = Reshape(w, s) y = "
                        "MatMul(x, r) }"),
            "strides = [3, 1, 0]>} : tensor<8x3x1xf32>");
}

TEST(ImportGraphTest, ConstantsOfAllForms) {
  EXPECT_IR(importGraph("g (float[2] x) => (float[2] y) { c = Constant "
                        "<value_float = 2.5> () y = Mul(x, c) }"),
            "dense<2.500000e+00> : tensor<f32>");
  EXPECT_IR(importGraph("g (float[2,3] x) => (float[3,2] y) { c = Constant "
                        "<value_ints = [3, 2]> () y = Reshape(x, c) }"),
            "dense<[3, 2]> : tensor<2xi64>");
  EXPECT_IR(importGraph("g (float16[2] x) => (float16[2] y) <float16 h = {1}> "
                        "{ y = Mul(x, h) }"),
            "tensor<f16>");
}

TEST(ImportGraphTest, DeadNodesAndIdentitiesVanish) {
  ImportResult result =
      importGraph("g (float[2] x) => (float[2] y) { i = Identity(x) d = "
                  "Dropout(i) unused = Exp(x) y = Relu(d) }");
  EXPECT_IR(result, "\"onnx.Relu\"(%arg0)");
  EXPECT_FALSE(result.contains("Exp"));
  EXPECT_FALSE(result.contains("Dropout"));
}

TEST(ImportGraphTest, DropoutMaskIsTrue) {
  ImportResult result = importGraph("g (float[2] x) => (float[2] y, bool[2] m) { d, m = Dropout(x) y = "
                                    "Relu(d) }");
  EXPECT_IR(result, "dense<true> : tensor<2xi1>");
}

TEST(ImportGraphTest, SizesOfConstantConditions) {
  EXPECT_IR(importGraph("g (int64[4] x) => (int64[1,n] y) <int64[4] c = {0, 5, "
                        "0, 7}> { z = NonZero(c) y = Add(z, z) }"),
            "dense<[[2, 6]]> : tensor<1x2xi64>");
}

//===----------------------------------------------------------------------===//
// Opsets, functions, control flow
//===----------------------------------------------------------------------===//

TEST(ImportGraphTest, AttributesBecomeOperands) {
  EXPECT_IR(importGraph("g (float[2,1,3] x) => (float[2,3] y) { y = Squeeze "
                        "<axes = [1]> (x) }",
                        11),
            "\"onnx.Squeeze\"(%arg0,", "-> tensor<2x3xf32>");
  EXPECT_IR(importGraph("g (float[2,3] x) => (float[2,1] y) { y = ReduceMean "
                        "<axes = [-1], keepdims = 1> (x) }",
                        13),
            "-> tensor<2x1xf32>");
  EXPECT_IR(importGraph("g (float[2,6] x) => (float[2,2] a, float[2,4] b) { a, "
                        "b = Split <axis = 1, split = [2, 4]> (x) }",
                        11),
            "-> (tensor<2x2xf32>, tensor<2x4xf32>)");
  EXPECT_IR(importGraph("g (float[2] x) => (float[2] y) { y = Clip <min = 0.0, "
                        "max = 6.0> (x) }",
                        9),
            "dense<6.000000e+00> : tensor<f32>");
  EXPECT_IR(importGraph("g (float[8] x) => (float[2] y) { y = Slice <starts = "
                        "[2], ends = [4]> (x) }",
                        9),
            "-> tensor<2xf32>");
}

TEST(ImportGraphTest, OldSoftmaxNormalisesAllTrailingDimensions) {
  EXPECT_IR(importGraph("g (float[b,3,4] x) => (float[b,3,4] y) { y = Softmax "
                        "(x) }",
                        11),
            "\"onnx.Flatten\"", "tensor<?x12xf32, #tp.dims<[s0, 12]>>",
            "\"onnx.Reshape\"");
  ImportResult last = importGraph(
      "g (float[b,3,4] x) => (float[b,3,4] y) { y = Softmax <axis = 2> (x) }",
      11);
  EXPECT_IR(last, "{axis = -1 : si64}");
  EXPECT_FALSE(last.contains("Flatten"));
}

TEST(ImportGraphTest, AbsentOperandsAndResults) {
  EXPECT_IR(importGraph("g (float[b,s,8] x, float[8] w) => (float[b,s,8] y) { "
                        "y = LayerNormalization <axis = -1> (x, w) }"),
            "\"onnx.NoValue\"() : () -> none", ", none, none)");
}

TEST(ImportGraphTest, SimplifiedLayerNormalizationOfTheDefaultDomain) {
  EXPECT_IR(importGraph("g (float[b,s,8] x, float[8] w) => (float[b,s,8] y) { "
                        "y = SimplifiedLayerNormalization (x, w) }"),
            "\"onnx.ms.SimplifiedLayerNormalization\"");
}

TEST(ImportGraphTest, ContribOperators) {
  EXPECT_IR(
      importGraph(
          "g (float[b,s,256] qkv, float[b,2,past,32] pk, float[b,2,past,32] "
          "pv, int32[b] sl, int32 total) => (float[b,s,128] y, float[b,2,t,32] "
          "k, float[b,2,t,32] v) { y, k, v = com.microsoft.GroupQueryAttention "
          "<num_heads = 4, kv_num_heads = 2> (qkv, , , pk, pv, sl, total) }"),
      "\"onnx.ms.GroupQueryAttention\"",
      "tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>> {onnx.name = \"y\"}",
      "tensor<?x2x?x32xf32, #tp.dims<[s0, 2, s1 + s2, 32]>> {onnx.name = "
      "\"k\"}");
  EXPECT_IR(
      importGraph("g (float[b,64] x, uint8[96,2,16] w, float[192] sc) => "
                  "(float[b,96] y) { y = com.microsoft.MatMulNBits <K = 64, N "
                  "= 96, bits = 4, block_size = 32> (x, w, sc) }"),
      "-> tensor<?x96xf32, #tp.dims<[s0, 96]>>");
  EXPECT_IR(
      importGraph("g (float[b,s,8] x, float[b,s,8] r, float[8] w) => "
                  "(float[b,s,8] y, float[b,s,8] sum) { y, , , sum = "
                  "com.microsoft.SkipSimplifiedLayerNormalization (x, r, w) }"),
      "-> (tensor<?x?x8xf32, #tp.dims<[s0, s1, 8]>>, none, none, "
      "tensor<?x?x8xf32, #tp.dims<[s0, s1, 8]>>)");
}

TEST(ImportGraphTest, LocationsNameNodes) {
  mlir::MLIRContext context;
  mlir::Location loc =
      getNodeLocation(&context, "/attn/MatMul", "MatMul", "model.layers.0");
  EXPECT_EQ(describeLocation(loc), "node '/attn/MatMul' (MatMul)");
}

} // namespace
