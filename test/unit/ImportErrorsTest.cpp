//===- ImportErrorsTest.cpp - What users get wrong ------------------------===//

#include "ImportSupport.h"

#include <unistd.h>

using namespace tpo;
using namespace tpo::test;

namespace {

TEST(ImportErrorsTest, MissingFile) {
  EXPECT_ERROR(importFile("/nonexistent/model.onnx"),
               "/nonexistent/model.onnx: error: cannot open: No such file or "
               "directory");
  EXPECT_ERROR(importFile("/tmp"), "/tmp: error: is a folder, not a model");
}

TEST(ImportErrorsTest, NotAModel) {
  EXPECT_ERROR(importBytes(""), "not a valid ONNX model");
  EXPECT_ERROR(importBytes("hello"), "not a valid ONNX model");
  EXPECT_ERROR(importBytes(std::string(4096, '\0')), "not a valid ONNX model");
}

TEST(ImportErrorsTest, Truncated) {
  std::string bytes =
      parseModel("<ir_version: 8, opset_import: [\"\" : 18]> g (float[2] x) => "
                 "(float[2] y) { y = Relu(x) }")
          .SerializeAsString();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(importBytes(bytes.substr(0, size)).succeeded()) << size;
}

TEST(ImportErrorsTest, UnknownOperator) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Frob(x) }"),
               "model.onnx: node 'y' (Frob): error: operator Frob (opset 18) "
               "is not supported");
  EXPECT_ERROR(
      importGraph(
          "g (float[2] x) => (float[2] y) { y = com.microsoft.Frob(x) }"),
      "operator Frob of domain com.microsoft (opset 1) is not supported");
  EXPECT_ERROR(
      importGraph("g (float[2] x) => (float[2] y) { y = my.domain.Relu(x) }"),
      "the model imports no opset for domain 'my.domain'");
}

TEST(ImportErrorsTest, Opsets) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Relu(x) }", 3),
               "opset 3 is older than 7");
  EXPECT_ERROR(
      importGraph("g (float[2] x) => (float[2] y) { y = Relu(x) }", 999),
      "opset 999 is newer than");
}

TEST(ImportErrorsTest, OperandsOfAttention) {
  auto attention = [](const std::string &operands) {
    return importGraph("g (float[1,2,3,4] q, float[1,2,5,4] k, float m) => "
                       "(float[1,2,3,4] y) { y = Attention(" +
                           operands + ") }",
                       23);
  };
  EXPECT_ERROR(attention("q, k, k, , k"),
               "past_key and past_value are needed together");
  EXPECT_ERROR(attention("q, k, k, , , k"),
               "past_key and past_value are needed together");
  EXPECT_ERROR(attention("q, k, k, m"),
               "operand 'attn_mask' has rank 0, need at least 1");
  EXPECT_ERROR(
      importGraph("g (float[1,2,8] q, float[8] k) => (float[1,2,8] y) { y = "
                  "com.microsoft.MultiHeadAttention<num_heads: int = 2>(q, k, "
                  "q) }"),
      "operand 'key' must have rank 3, 4 or 5");
}

TEST(ImportErrorsTest, PositionsThatDoNotExist) {
  EXPECT_ERROR(importGraph("g (float[2,3] x) => (float[2] y) { i = Constant "
                           "<value = int64 {3}> () y = Gather <axis = 1> (x, "
                           "i) }"),
               "index 3 is out of range of a dimension of size 3");
  EXPECT_ERROR(importGraph("g (float[2,3] x) => (float[2] y) { i = Constant "
                           "<value = int64 {-4}> () y = Gather <axis = 1> (x, "
                           "i) }"),
               "index -4 is out of range of a dimension of size 3");
  EXPECT_ERROR(importGraph("g (float[2,3] x) => (float[2] y) { i = Constant "
                           "<value = int64[2,2] {0, 1, 1, 3}> () y = GatherND "
                           "(x, i) }"),
               "index 3 is out of range of a dimension of size 3");
}

TEST(ImportErrorsTest, BrokenGraphs) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Relu(z) }"),
               "uses 'z', which nothing before it defines");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { z = Relu(x) }"),
               "output 'y' is computed by no node");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y, float[2] y) { y = "
                           "Relu(x) }"),
               "output 'y' is listed twice");
  EXPECT_ERROR(
      importGraph("g (float[2] x) => (float[2] y) { y = Relu(z) z = Neg(x) }"),
      "node 'y' (Relu): error: uses 'z', which node 'z' (Neg) computes: the "
      "nodes are not sorted");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { a = Add(x, b) b = "
                           "Neg(a) y = Relu(b) }"),
               "node 'a' (Add): error: uses 'b', which node 'b' (Neg) computes: "
               "the nodes form a cycle");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Relu(y) }"),
               "the nodes form a cycle");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] x) { x = Relu(x) }"),
               "value 'x' is defined twice");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Add(x) }"),
               "lacks the input 'B'");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Relu(x, x) }"),
               "has 2 inputs, expects at most 1");
  EXPECT_ERROR(
      importGraph("g (float[2] x) => (float[2] y) { y = Relu <a = 1> (x) }"),
      "has the unknown attribute 'a'");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Concat(x) }"),
               "lacks the attribute 'axis'");
  EXPECT_ERROR(
      importGraph(
          "g (float[2] x) => (float[2] y) { y = Softmax <axis = 1.0> (x) }"),
      "attribute 'axis' has the wrong type");
}

TEST(ImportErrorsTest, Shapes) {
  EXPECT_ERROR(importGraph("g (float[2,3] x, float[4,5] w) => (float[2,5] y) "
                           "{ y = MatMul(x, w) }"),
               "the contracted sizes must be equal, got 3 and 4");
  EXPECT_ERROR(importGraph("g (float[2] x, float[3] w) => (float[2] y) { y = "
                           "Add(x, w) }"),
               "shapes [2] and [3] do not broadcast");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) <int64[2] s = {3, "
                           "5}> { y = Reshape(x, s) }"),
               "cannot reshape [2] into [3, 5]");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { y = Softmax <axis "
                           "= 4> (x) }"),
               "axis 4 is out of range for rank 1");
}

TEST(ImportErrorsTest, DeclaredTypes) {
  // Of an output, of a value in between, of an initializer, in a branch.
  EXPECT_ERROR(importGraph("g (float[2] x) => (float16[2] y) { y = Relu(x) }"),
               "model.onnx: node 'y' (Relu): error: 'y' is declared as float16, "
               "but is float");
  EXPECT_ERROR(importGraph("g (float[2,n] x) => (float[2,3,n] y) { y = Relu(x) "
                           "}"),
               "'y' is declared with the shape [2, 3, n], but has [2, n]");
  ImportResult between =
      importGraph("g (float[2,n] x) => (float[2,n] y) <float[3,n] z> { z = "
                  "Relu(x) y = Neg(z) }");
  EXPECT_TRUE(between.succeeded());
  EXPECT_EQ(between.errors, "model.onnx: node 'z' (Relu): warning: 'z' is "
                            "declared with the shape [3, n], but has [2, n]\n");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) <float16[2] z> { z "
                           "= Relu(x) y = Neg(z) }"),
               "'z' is declared as float16, but is float");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[n] y) <bool c = {1}> { y "
                           "= If (c) <then_branch = t () => (float[3] p) { p = "
                           "Relu(x) }, else_branch = e () => (float[2] q) { q "
                           "= Neg(x) }> }"),
               "'p' is declared with the shape [3], but has [2]");
  // A size that is known only after the node that computes the output.
  EXPECT_ERROR(importGraph("g (float[n] x, float[5] w) => (float[4] y, "
                           "float[5] z) { y = Relu(x) z = Add(x, w) }"),
               "'y' is declared with the shape [4], but has [5]");
  // No size is negative, of an unknown dimension either.
  ::onnx::ModelProto model =
      parseModel("<ir_version: 8, opset_import: [\"\" : 18]> g (float[n] x) => (float[n] y) { y = Relu(x) }");
  model.mutable_graph()
      ->mutable_output(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(-5);
  EXPECT_ERROR(importProto(model), "'y' is declared with the shape [-5], but has [n]");
}

TEST(ImportErrorsTest, OperandsOfOlderOpsets) {
  for (auto [opset, message] :
       {std::pair(13, "opset 13 has no operator CastLike"), {15, "lacks the input 'target_type'"}})
    EXPECT_ERROR(importText("<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) +
                            "]> g (float[2] x) => (float[2] y) { y = CastLike(x) }"),
                 message);
}

TEST(ImportErrorsTest, DataDependentShape) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[n] y) { y, i = Unique(x) }"),
               "node 'y' (Unique): error: operator Unique: the size of its "
               "result depends on data, on the contents of 'X'");
  EXPECT_ERROR(importGraph("g (float[2] x, bool[2] c) => (float[n] y) { y = "
                           "Compress(x, c) }"),
               "operator Compress: the size of its result depends on data, on "
               "the contents of 'condition'");
  EXPECT_ERROR(
      importGraph("g (float[6] x, float[2] f) => (float[a,b] y) { s = Cast "
                  "<to = 7> (f) y = Reshape(x, s) }"),
      "the shape of the result depends on the contents of operand 'shape'");
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

/// A model with one external weight of 4 x 4 floats.
::onnx::ModelProto modelWithExternal(const std::string &location,
                                     const std::string &offset = "",
                                     const std::string &length = "") {
  ::onnx::ModelProto model = parseModel(
      "<ir_version: 8, opset_import: [\"\" : 18]> g (float[2,4] x) => "
      "(float[2,4] y) { y = MatMul(x, w) }");
  ::onnx::TensorProto *tensor = model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(::onnx::TensorProto::FLOAT);
  tensor->add_dims(4);
  tensor->add_dims(4);
  tensor->set_data_location(::onnx::TensorProto::EXTERNAL);
  auto add = [&](const char *key, const std::string &value) {
    if (value.empty())
      return;
    auto *entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
  return model;
}

struct ImportExternalDataTest : ::testing::Test {
  TemporaryFolder folder;

  ImportResult import(const ::onnx::ModelProto &model) {
    return importFile(folder.write("model.onnx", model.SerializeAsString()));
  }
};

// What ONNX's checker objects to is no model, even where it could be compiled.
TEST(ImportErrorsTest, NodesThatTheirOpsetDoesNotHave) {
  EXPECT_ERROR(importGraph("g (float[2,3] x) => (int64[1] y) "
                           "{ y = Shape <start = 1> (x) }",
                           /*opset=*/13),
               "Unrecognized attribute: start for operator Shape");
  EXPECT_ERROR(importGraph("g (float[2,3] x, float[3] s) => (float[2,3] y) "
                           "{ y = LayerNormalization(x, s) }",
                           /*opset=*/16),
               "opset 16 has no operator LayerNormalization");
  EXPECT_ERROR(importGraph("g (float[2,3] x) => (float[2,1] y) "
                           "<int64[1] a = {1}> { y = ReduceMean(x, a) }",
                           /*opset=*/13),
               "has input size 2 not in range [min=1, max=1]");
}

TEST(ImportErrorsTest, NormsScaleByWhatBroadcasts) {
  auto norm = [](const char *scale, const char *bias) {
    return importGraph("g (float[2,3,4] x, float" + std::string(scale) + " s, float" + bias +
                           " b) => (float[2,3,4] y) { y = LayerNormalization(x, s, b) }",
                       /*opset=*/17);
  };
  EXPECT_ERROR(norm("[5,2,3,4]", "[4]"), "operand 'Scale' does not broadcast to the shape of 'X'");
  EXPECT_ERROR(norm("[4]", "[1,1,1,4]"), "operand 'B' does not broadcast to the shape of 'X'");
  EXPECT_ERROR(norm("[3]", "[4]"), "do not broadcast");
}

TEST(ImportErrorsTest, AttributesOfTwoValues) {
  // Of operators, too, that ONNX's schemas do not speak of.
  ::onnx::ModelProto model = parseModel("<ir_version: 8, opset_import: [\"\" : 18, \"com.microsoft\" : 1]> g "
                                        "(float[2] x) => (float[2] y) { y = com.microsoft.QuickGelu <alpha = "
                                        "1.5> (x) }");
  EXPECT_IR(importProto(model), "alpha = 1.500000e+00 : f32");
  model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_i(2);
  EXPECT_ERROR(importProto(model), "node 'y' (QuickGelu): error: attribute 'alpha' contains another "
                                   "value than its type says");
  model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->clear_i();
  model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->clear_type();
  EXPECT_ERROR(importProto(model), "attribute 'alpha' has no type");
}

TEST(ImportErrorsTest, OperandsOfTheWrongType) {
  EXPECT_ERROR(importGraph("g (float[2,3] x, float[1] i) => (float[1,3] y) "
                           "{ y = Gather(x, i) }"),
               "input 'indices' has the type tensor(float), which the operator "
               "does not take");
  EXPECT_ERROR(importGraph("g (float[2] x, double[2] y) => (float[2] z) "
                           "{ z = Add(x, y) }"),
               "they must be the same");
  // Exporters use bf16 with versions that do not list it yet.
  ImportResult narrow =
      importGraph("g (bfloat16[2] x) => (bfloat16[2] y) { y = Cos(x) }", 18);
  EXPECT_TRUE(narrow.succeeded()) << narrow.errors;
}

TEST_F(ImportExternalDataTest, IsReferredTo) {
  folder.write("w.bin", std::string(100, 'x'));
  ImportResult result = import(modelWithExternal("w.bin", "36", "64"));
  EXPECT_TRUE(result.succeeded()) << result.errors;
  EXPECT_TRUE(result.contains("tp.files = [\"w.bin\"]")) << result.ir;
  EXPECT_TRUE(result.contains("#tp.view<elem = f32, offset = 36, strides = "
                              "[4, 1]>"))
      << result.ir;
}

TEST_F(ImportExternalDataTest, MissingFile) {
  EXPECT_ERROR(import(modelWithExternal("w.bin")),
               "tensor 'w': external data file 'w.bin': No such file");
}

TEST_F(ImportExternalDataTest, OutsideOfTheFolder) {
  EXPECT_ERROR(import(modelWithExternal("../w.bin")),
               "external data '../w.bin' leaves the model's folder");
  EXPECT_ERROR(import(modelWithExternal("sub/../../w.bin")),
               "leaves the model's folder");
  EXPECT_ERROR(import(modelWithExternal("/etc/passwd")),
               "has an absolute path");
  TemporaryFolder other;
  std::string target = other.write("w.bin", std::string(64, 'x'));
  ASSERT_EQ(symlink(target.c_str(), folder.file("link.bin").c_str()), 0);
  EXPECT_ERROR(import(modelWithExternal("link.bin")),
               "is a link out of the model's folder");
  ASSERT_EQ(symlink(other.path.c_str(), folder.file("dir").c_str()), 0);
  EXPECT_ERROR(import(modelWithExternal("dir/w.bin")),
               "is a link out of the model's folder");
  EXPECT_ERROR(import(modelWithExternal(".")), "is not a file");
}

TEST_F(ImportExternalDataTest, OutsideOfTheFile) {
  folder.write("w.bin", std::string(100, 'x'));
  EXPECT_ERROR(import(modelWithExternal("w.bin", "37")),
               "are past the end of 'w.bin', which has 100");
  EXPECT_ERROR(import(modelWithExternal("w.bin", "18446744073709551600")),
               "are past the end of");
  EXPECT_ERROR(import(modelWithExternal("w.bin", "-4")),
               "has the invalid offset '-4'");
  EXPECT_ERROR(import(modelWithExternal("w.bin", "0", "63")),
               "external data of 63 bytes, but its type and shape need 64");
}

TEST_F(ImportExternalDataTest, ContentsOfTheWrongSize) {
  ::onnx::ModelProto model = modelWithExternal("");
  ::onnx::TensorProto *tensor = model.mutable_graph()->mutable_initializer(0);
  tensor->set_data_location(::onnx::TensorProto::DEFAULT);
  tensor->set_raw_data("123");
  EXPECT_ERROR(import(model),
               "tensor 'w' has 3 bytes, but its type and shape need 64");
  tensor->set_dims(0, int64_t(1) << 62);
  EXPECT_ERROR(import(model), "tensor 'w' is too large");
  tensor->set_dims(0, -1);
  EXPECT_ERROR(import(model), "has the negative size -1");
}

} // namespace
