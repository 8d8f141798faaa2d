//===- ImportWireFormatTest.cpp - A ModelProto without its weights --------===//

#include "lib/Import/WireFormat.h"

#include "ImportSupport.h"

using namespace tpo::importer;
using namespace tpo::test;

namespace {

::onnx::ModelProto modelWithWeight(size_t bytes) {
  ::onnx::ModelProto model = parseModel(
      "<ir_version: 8, opset_import: [\"\" : 18]> g (float[2] x) => (float[2] "
      "y) { y = Identity(x) }");
  ::onnx::TensorProto *tensor = model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(::onnx::TensorProto::UINT8);
  tensor->add_dims(bytes);
  std::string contents;
  for (size_t i = 0; i < bytes; ++i)
    contents += static_cast<char>(i * 7);
  tensor->set_raw_data(contents);
  return model;
}

TEST(ImportWireFormatTest, RemembersWhereContentsLie) {
  ::onnx::ModelProto model = modelWithWeight(1000);
  std::string file = model.SerializeAsString();
  auto stripped = stripPayloads(file);
  ASSERT_TRUE(static_cast<bool>(stripped));
  ASSERT_EQ(stripped->payloads.size(), 1u);
  EXPECT_EQ(
      file.substr(stripped->payloads[0].offset, stripped->payloads[0].size),
      model.graph().initializer(0).raw_data());
  EXPECT_LT(stripped->bytes.size(), 300u);

  ::onnx::ModelProto parsed;
  ASSERT_TRUE(parsed.ParseFromString(stripped->bytes));
  EXPECT_FALSE(parsed.graph().initializer(0).has_raw_data());
  EXPECT_EQ(parsed.graph().initializer(0).name(), "w");
  EXPECT_EQ(parsed.graph().node(0).op_type(), "Identity");
}

TEST(ImportWireFormatTest, StripsAttributesAndPackedFloats) {
  ::onnx::ModelProto model = modelWithWeight(1);
  ::onnx::AttributeProto *attribute =
      model.mutable_graph()->mutable_node(0)->add_attribute();
  attribute->set_name("value");
  attribute->set_type(::onnx::AttributeProto::TENSOR);
  attribute->mutable_t()->set_data_type(::onnx::TensorProto::FLOAT);
  for (int i = 0; i < 50; ++i)
    attribute->mutable_t()->add_float_data(i);
  std::string file = model.SerializeAsString();
  auto stripped = stripPayloads(file);
  ASSERT_TRUE(static_cast<bool>(stripped));
  ASSERT_EQ(stripped->payloads.size(), 2u);
  EXPECT_EQ(stripped->payloads[0].size, 200u);
}

TEST(ImportWireFormatTest, EveryTruncationIsAnErrorOrShorter) {
  std::string file = modelWithWeight(300).SerializeAsString();
  for (size_t size = 0; size < file.size(); ++size) {
    auto stripped = stripPayloads(llvm::StringRef(file).take_front(size));
    if (!stripped) {
      llvm::consumeError(stripped.takeError());
      continue;
    }
    // Cut between two fields of the model: nothing may refer past the end.
    for (ByteRange range : stripped->payloads)
      EXPECT_LE(range.offset + range.size, size);
  }
}

TEST(ImportWireFormatTest, RejectsGarbage) {
  for (llvm::StringRef bytes :
       {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x3a\xff\xff\xff\x7f",
        "\x07", "\x3b", "not an onnx file at all"}) {
    auto stripped = stripPayloads(bytes);
    ASSERT_FALSE(static_cast<bool>(stripped));
    EXPECT_TRUE(llvm::StringRef(llvm::toString(stripped.takeError()))
                    .starts_with("not a valid ONNX model: "));
  }
}

TEST(ImportWireFormatTest, BoundsNesting) {
  // graph -> node -> attribute -> graph -> ...: fields 7, then (1, 5, 6)*.
  std::string message;
  for (int i = 0; i < 200; ++i) {
    std::string inner = message;
    for (int field : {6, 5, 1}) {
      std::string outer(1, static_cast<char>(field << 3 | 2));
      for (size_t size = inner.size();; size >>= 7) {
        outer += static_cast<char>(size >= 0x80 ? size | 0x80 : size);
        if (size < 0x80)
          break;
      }
      inner = outer + inner;
    }
    message = inner;
  }
  std::string file = "\x3a";
  for (size_t size = message.size();; size >>= 7) {
    file += static_cast<char>(size >= 0x80 ? size | 0x80 : size);
    if (size < 0x80)
      break;
  }
  auto stripped = stripPayloads(file + message);
  ASSERT_FALSE(static_cast<bool>(stripped));
  EXPECT_TRUE(llvm::StringRef(llvm::toString(stripped.takeError()))
                  .contains("nested too deeply"));
}

} // namespace
