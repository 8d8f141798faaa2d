//===- ImportWeightsTest.cpp - Initializers and their files ---------------===//

#include "ImportSupport.h"

#include <unistd.h>

using namespace tpo;
using namespace tpo::test;
using ::onnx::TensorProto;

namespace {

::onnx::ModelProto parseGraph(const std::string &graph) {
  return parseModel("<ir_version: 10, opset_import: [\"\" : 21]> " + graph);
}

TensorProto &addInitializer(::onnx::ModelProto &model, const char *name,
                            int32_t type, std::vector<int64_t> dims) {
  TensorProto &tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  return tensor;
}

void setExternal(TensorProto &tensor, const std::string &location,
                 uint64_t offset, uint64_t length) {
  tensor.set_data_location(TensorProto::EXTERNAL);
  for (auto [key, value] :
       {std::pair<const char *, std::string>{"location", location},
        {"offset", std::to_string(offset)},
        {"length", std::to_string(length)}}) {
    auto *entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  }
}

TEST(ImportWeightsTest, FilesMayBeLargerThanTwoGigabytes) {
  TemporaryFolder folder;
  ::onnx::ModelProto model = parseGraph("g (float[2,4] x) => (float[2,4] y) { "
                                        "h = MatMul(x, w) y = MatMul(h, v) }");
  setExternal(addInitializer(model, "w", TensorProto::FLOAT, {4, 4}), "a.bin",
              (5ull << 30) - 64, 64);
  setExternal(addInitializer(model, "v", TensorProto::FLOAT, {4, 4}),
              "sub/b.bin", 3ull << 30, 64);
  // Sparse: holes of gigabytes take no space.
  folder.write("a.bin", "");
  llvm::sys::fs::create_directory(folder.file("sub"));
  folder.write("sub/b.bin", "");
  ASSERT_EQ(::truncate(folder.file("a.bin").c_str(), 5ll << 30), 0);
  ASSERT_EQ(::truncate(folder.file("sub/b.bin").c_str(), (3ll << 30) + 64), 0);
  std::string path = folder.write("model.onnx", model.SerializeAsString());
  EXPECT_IR(importFile(path), "tp.files = [\"a.bin\", \"sub/b.bin\"]",
            "offset = 5368709056", "offset = 3221225472");
}

TEST(ImportWeightsTest, TypedFieldsOfAllTypes) {
  struct Case {
    TensorProto::DataType type;
    const char *mlir;
    void (*fill)(TensorProto &);
  };
  auto int32s = [](TensorProto &t) {
    for (int i : {1, 0, 1})
      t.add_int32_data(i);
  };
  auto bits = [](TensorProto &t) {
    // 1.0 in bfloat16 and a subnormal in float16.
    for (int i = 0; i < 3; ++i)
      t.add_int32_data(0x3f80);
  };
  auto packed = [](TensorProto &t) {
    for (int i : {0x21, 0x03})
      t.add_int32_data(i);
  };
  const Case cases[] = {
      {TensorProto::FLOAT, "3xf32",
       [](TensorProto &t) {
         for (int i = 0; i < 3; ++i)
           t.add_float_data(i);
       }},
      {TensorProto::DOUBLE, "3xf64",
       [](TensorProto &t) {
         for (int i = 0; i < 3; ++i)
           t.add_double_data(i);
       }},
      {TensorProto::INT64, "3xi64",
       [](TensorProto &t) {
         for (int i = 0; i < 3; ++i)
           t.add_int64_data(i - 1);
       }},
      {TensorProto::UINT64, "3xui64",
       [](TensorProto &t) {
         for (int i = 0; i < 3; ++i)
           t.add_uint64_data(i);
       }},
      {TensorProto::UINT32, "3xui32",
       [](TensorProto &t) {
         for (int i = 0; i < 3; ++i)
           t.add_uint64_data(i);
       }},
      {TensorProto::INT32, "3xi32", int32s},
      {TensorProto::INT16, "3xi16", int32s},
      {TensorProto::INT8, "3xi8", int32s},
      {TensorProto::UINT16, "3xui16", int32s},
      {TensorProto::UINT8, "3xui8", int32s},
      {TensorProto::BOOL, "3xi1", int32s},
      {TensorProto::BFLOAT16, "3xbf16", bits},
      {TensorProto::FLOAT16, "3xf16", bits},
      {TensorProto::INT4, "3xi4", packed},
      {TensorProto::UINT4, "3xui4", packed},
  };
  for (const Case &c : cases) {
    ::onnx::ModelProto model =
        parseGraph("g (float[1] x) => (float[3] y) { y = Identity(w) }");
    c.fill(addInitializer(model, "w", c.type, {3}));
    model.mutable_graph()
        ->mutable_output(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->set_elem_type(c.type);
    EXPECT_IR(importProto(model), c.mlir);
  }
}

TEST(ImportWeightsTest, WhatIsNotSupportedIsNamed) {
  ::onnx::ModelProto model =
      parseGraph("g (float[1] x) => (float[3] y) { y = Identity(w) }");
  addInitializer(model, "w", TensorProto::STRING, {1}).add_string_data("text");
  EXPECT_ERROR(importProto(model), "tensor 'w' has the element type string, "
                                   "which is not supported");
  model.mutable_graph()->clear_initializer();
  model.mutable_graph()->add_sparse_initializer()->mutable_values()->set_name(
      "w");
  EXPECT_ERROR(importProto(model), "sparse initializer 'w' is not supported");
  EXPECT_ERROR(importGraph("g () => (float[1] y) { y = Constant<value_strings "
                           "= [\"a\"]>() }"),
               "attribute 'value_strings' is not supported");
}

TEST(ImportWeightsTest, InitializersMayBeInputsAndOutputs) {
  // A default of an input is a constant, and what the signature says about it
  // must be true.
  EXPECT_IR(importGraph("g (float[3] x, float[3] w) => (float[3] y, float[3] "
                        "w) <float[3] w = {1, 2, 3}> { y = Add(x, w) }"),
            "(%arg0: tensor<3xf32> {onnx.name = \"x\"})",
            "{onnx.name = \"w\"}");
  EXPECT_ERROR(importGraph("g (float[3] x, float[4] w) => (float[3] y) "
                           "<float[3] w = {1, 2, 3}> { y = Add(x, w) }"),
               "'w' is declared with the shape [4], but has [3]");
  EXPECT_ERROR(importGraph("g (float[3] x) => (float[3] y) <float[3] w = {1, 2,"
                           " 3}, float[3] w = {1, 2, 3}> { y = Add(x, w) }"),
               "value 'w' is defined twice");
}

TEST(ImportWeightsTest, AnInputMayBeAnOutput) {
  EXPECT_IR(importGraph("g (float[n] x) => (float[n] x, float[n] y) { y = "
                        "Relu(x) }"),
            "return %arg0, %0");
}

TEST(ImportWeightsTest, NamesMayHaveAnyCharacters) {
  ::onnx::ModelProto model = parseGraph(
      "g (float[2] x) => (float[2] y) { z = Relu(x) u = Neg(x) y = Abs(z) }");
  const std::string odd = "a/b:0 \"c\" \xc3\xa9\n%";
  auto &graph = *model.mutable_graph();
  graph.mutable_node(0)->set_output(0, odd);
  graph.mutable_node(2)->set_input(0, odd);
  graph.mutable_node(2)->set_output(0, odd + "y");
  graph.mutable_output(0)->set_name(odd + "y");
  EXPECT_IR(importProto(model), "\"onnx.Relu\"", "\"onnx.Abs\"");
}

} // namespace
