//===- ImportFunctionsTest.cpp - Nodes that stand for others --------------===//

#include "ImportSupport.h"

using namespace tpo;
using namespace tpo::test;

namespace {

/// A model with local functions, whose graph is `graph`.
ImportResult importFunctions(const std::string &graph,
                             const std::string &functions) {
  return importText("<ir_version: 10, opset_import: [\"\" : 18, \"local\" : "
                    "1]> " +
                    graph + " " + functions);
}

const std::string kHeader =
    "<domain: \"local\", opset_import: [\"\" : 18, \"local\" : 1]> ";

//===----------------------------------------------------------------------===//
// Functions of the model
//===----------------------------------------------------------------------===//

TEST(ImportFunctionsTest, AreInlined) {
  EXPECT_IR(importFunctions("g (float[2] x) => (float[2] y) { h = local.f <a = "
                            "3.0> (x) y = local.f <a = 4.0> (h) }",
                            kHeader +
                                "f <a> (x) => (y) { c = Constant <value_float: "
                                "float = @a> () y = Mul(x, c) }"),
            "dense<3.000000e+00>", "dense<4.000000e+00>");
}

TEST(ImportFunctionsTest, RecursionIsAnError) {
  EXPECT_ERROR(
      importFunctions("g (float[2] x) => (float[2] y) { y = local.f(x) }",
                      kHeader + "f (x) => (y) { y = local.f(x) }"),
      "nested too deeply");
}

TEST(ImportFunctionsTest, AttributesHaveDefaults) {
  EXPECT_IR(importFunctions("g (float[2] x) => (float[2] y) { y = local.f(x) }",
                            kHeader +
                                "f <a: float = 5.0> (x) => (y) { c = Constant "
                                "<value_float: float = @a> () y = Mul(x, c) }"),
            "dense<5.000000e+00>");
}

TEST(ImportFunctionsTest, AttributesReachNestedFunctionsAndBranches) {
  // `a` goes through a function into a branch inside of another one.
  EXPECT_IR(
      importFunctions(
          "g (float[2] x) => (float[2] y) { y = local.outer <a = 7.0> (x) }",
          kHeader +
              "outer <a> (x) => (y) { y = local.inner <b: float = @a> (x) } " +
              kHeader +
              "inner <b> (x) => (y) { t = Constant <value_int = 1> () c = Cast "
              "<to = 9> (t) y = If (c) <then_branch = t () => (p) { k = "
              "Constant <value_float: float = @b> () p = Mul(x, k) }, "
              "else_branch = e () => (q) { q = Neg(x) }> }"),
      "dense<7.000000e+00>", "\"onnx.Mul\"");
}

TEST(ImportFunctionsTest, InputsMayBeLeftOut) {
  EXPECT_IR(
      importFunctions("g (float[8] x) => (float[8] y) { y = local.f(x) }",
                      kHeader + "f (x, lo, hi) => (y) { y = Clip(x, lo, hi) }"),
      "\"onnx.NoValue\"", "\"onnx.Clip\"");
  EXPECT_ERROR(
      importFunctions("g (float[8] x) => (float[8] y) { y = local.f(x) }",
                      kHeader + "f (x, w) => (y) { y = Add(x, w) }"),
      "node 'f/y' (Add): error: lacks the input 'B'");
}

TEST(ImportFunctionsTest, OverloadsAreDifferent) {
  ::onnx::ModelProto model = parseModel(
      "<ir_version: 10, opset_import: [\"\" : 18, \"local\" : 1]> g (float[2] "
      "x) => (float[2] y) { y = local.f(x) } " +
      kHeader + "f (x) => (y) { y = Relu(x) } " + kHeader +
      "f (x) => (y) { y = Neg(x) }");
  EXPECT_ERROR(importProto(model), "function 'local::f' is defined twice");
  model.mutable_functions(1)->set_overload("second");
  EXPECT_IR(importProto(model), "\"onnx.Relu\"");
  model.mutable_graph()->mutable_node(0)->set_overload("second");
  EXPECT_IR(importProto(model), "\"onnx.Neg\"");
}

TEST(ImportFunctionsTest, AFunctionReplacesAnOperator) {
  EXPECT_IR(importText("<ir_version: 10, opset_import: [\"\" : 18, \"a.b\" : "
                       "1]> g (float[2] x) => (float[2] y) { y = a.b.Gelu(x) } "
                       "<domain: \"a.b\", opset_import: [\"\" : 18]> Gelu (x) "
                       "=> (y) { y = Relu(x) }"),
            "\"onnx.Relu\"");
}

//===----------------------------------------------------------------------===//
// Functions of the standard
//===----------------------------------------------------------------------===//

TEST(ImportFunctionsTest, BodiesMayDependOnTypes) {
  EXPECT_IR(importGraph("g (float16[4,6] x) => (float16[2,8] y) <int64[2] s = "
                        "{2, 8}> { y = CenterCropPad(x, s) }",
                        18),
            "tensor<2x8xf16>");
}

TEST(ImportFunctionsTest, BodiesAreErrorsByName) {
  EXPECT_ERROR(importGraph("g (float[2,3] x) => (float[2,3] y) { y = Selu "
                           "<delta = 2.0> (x) }"),
               "has the unknown attribute 'delta'");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Bernoulli(x) "
                           "}"),
               "RandomUniformLike (opset 18) is not supported");
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

const std::string kBranches =
    "<then_branch = t () => (float[a,b] p) { p = Relu(x) }, else_branch = e () "
    "=> (float[c,d] q) { q = Neg(x) }>";

TEST(ImportFunctionsTest, AnIfOfAKnownConditionIsItsBranch) {
  EXPECT_IR(importGraph("g (float[2,1] x) => (float[m,n] y) <bool c = {1}> { y "
                        "= If (c) " +
                        kBranches + " }"),
            "\"onnx.Relu\"");
  EXPECT_IR(importGraph("g (float[2,1] x) => (float[m,n] y) <bool c = {0}> { y "
                        "= If (c) " +
                        kBranches + " }"),
            "\"onnx.Neg\"");
}

TEST(ImportFunctionsTest, AnIfOfDataNamesTheInput) {
  std::string graph = "g (float[2,1] x, bool flag) => (float[m,n] y) { c = "
                      "Not(flag) y = If (c) " +
                      kBranches + " }";
  EXPECT_ERROR(importGraph(graph),
               "model.onnx: node 'y' (If): error: operator If: its condition "
               "depends on the contents of input 'flag', which are only known "
               "when the model runs; to compile one branch fix them, as in "
               "--input-value=flag=0");
  ImportOptions options;
  options.inputValues["flag"] = {1};
  ImportResult fixed = importGraph(graph, 18, options);
  EXPECT_IR(fixed, "\"onnx.Neg\"");
  EXPECT_FALSE(fixed.contains("\"flag\"")) << fixed.ir;
  EXPECT_ERROR(importGraph("g (float[2,n] x) => (float[m,n] y) { s = "
                           "ReduceSum<keepdims = 0>(x) c = Cast<to = 9>(s) y = "
                           "If (c) " +
                           kBranches + " }"),
               "its condition depends on the contents of input 'x', which are only "
               "known when the model runs\n");
  // What is computed from many elements is not followed to an input.
  EXPECT_ERROR(importGraph("g (float[2,n] x, float[100,100] v) => (float[m,n] "
                           "y) { r = Relu(v) s = ReduceMax<keepdims = 0>(r) c = "
                           "Cast<to = 9>(s) y = If (c) " +
                           kBranches + " }"),
               "node 'y' (If): error: operator If: its condition is computed "
               "from data, which is only known when the model runs; both "
               "branches cannot be compiled");
}

TEST(ImportFunctionsTest, AnIfOfSizesSaysWhichToFix) {
  std::string graph =
      "g (float[past,8] x) => (float[m,n] y) <int64 i = {0}, int64 zero = {0}> "
      "{ s = Shape(x) l = Gather(s, i) c = Equal(l, zero) y = If (c) " +
      kBranches + " }";
  EXPECT_ERROR(importGraph(graph),
               "its condition depends on the size past; fix it to select a "
               "branch, as in --dim=past=1");
  ImportOptions options;
  options.dims["past"] = 0;
  EXPECT_IR(importGraph(graph, 18, options), "\"onnx.Relu\"", "0x8");
  options.dims["past"] = 4;
  EXPECT_IR(importGraph(graph, 18, options), "\"onnx.Neg\"");
}

TEST(ImportFunctionsTest, AnIfOfSizesIsDecidedWhereItCanBe) {
  EXPECT_IR(importGraph("g (float[past,8] x) => (float[m,n] y) <int64 i = {0}, "
                        "int64 one = {1}, int64 zero = {0}> { s = Shape(x) l = "
                        "Gather(s, i) t = Add(l, one) c = Equal(t, zero) y = "
                        "If (c) " +
                        kBranches + " }"),
            "\"onnx.Neg\"");
}

TEST(ImportFunctionsTest, LoopsAreErrorsByName) {
  EXPECT_ERROR(importGraph("g (float[2] x, int64 n, bool c) => (float[2] y) { "
                           "y = Loop (n, c, x) <body = b (int64 i, bool k, "
                           "float[2] v) => (bool l, float[2] w) { l = "
                           "Identity(k) w = Relu(v) }> }"),
               "node 'y' (Loop): error: operator Loop (opset 18) is not "
               "supported");
  EXPECT_ERROR(importGraph("g (float[2] x, float[3,2] v) => (float[2] y, "
                           "float[3,2] w) { y, w = Scan <num_scan_inputs = 1, "
                           "body = b (float[2] s, float[2] e) => (float[2] t, "
                           "float[2] o) { t = Add(s, e) o = Identity(t) }> (x, "
                           "v) }"),
               "node 'y' (Scan): error: operator Scan (opset 18) is not "
               "supported: a program has no loops");
  // Where they stand makes no difference.
  EXPECT_ERROR(importGraph("g (float[2] x, int64 n, bool c) => (float[2] y) "
                           "<bool known = {1}> { y = If (known) <then_branch = "
                           "t () => (float[2] p) { p = Loop (n, c, x) <body = b "
                           "(int64 i, bool k, float[2] v) => (bool l, float[2] "
                           "w) { l = Identity(k) w = Relu(v) }> }, else_branch "
                           "= e () => (float[2] q) { q = Neg(x) }> }"),
               "(Loop): error: operator Loop (opset 18) is not supported");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { s = "
                           "Optional(x) y = OptionalGetElement(s) }"),
               "(Optional): error: operator Optional (opset 18) is not "
               "supported");
}

} // namespace
