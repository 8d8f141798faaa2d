//===- ImportDevicesTest.cpp - ONNX's multi-device fields -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportSupport.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace tpo;
using namespace tpo::test;

namespace {

/// A model of one node, its only sharding, and both for edits.
struct Sharded {
  Sharded() {
    model = parseModel("<ir_version: 11, opset_import: [\"\" : 18]> g (float[N, 8] x) => (float[N, 8] y) "
                       "{ y = Relu(x) }");
    configuration = model.add_configuration();
    configuration->set_name("two");
    configuration->set_num_devices(2);
    node = model.mutable_graph()->mutable_node(0)->add_device_configurations();
    node->set_configuration_id("two");
    spec = node->add_sharding_spec();
    spec->set_tensor_name("y");
    spec->add_device(0);
    spec->add_device(1);
    dim = spec->add_sharded_dim();
    dim->set_axis(1);
    part = dim->add_simple_sharding();
    part->set_dim_value(8);
    part->set_num_shards(2);
  }

  ::onnx::ModelProto model;
  ::onnx::DeviceConfigurationProto *configuration;
  ::onnx::NodeDeviceConfigurationProto *node;
  ::onnx::ShardingSpecProto *spec;
  ::onnx::ShardedDimProto *dim;
  ::onnx::SimpleShardedDimProto *part;
};

TEST(ImportDevicesTest, ShardingsAreKept) {
  Sharded plain;
  EXPECT_IR(importProto(plain.model),
            "onnx.shardings = [{devices = 2 : i64, name = \"two\", shardings = [{dims = [{axis = 1 : i64, shards = "
            "array<i64: 2>, sizes = array<i64: 8>}], holders = [array<i64: 0>, array<i64: 1>], node = \"y\", output, "
            "tensor = \"y\"}]}]",
            "onnx.tensors");
  Sharded groups;
  groups.configuration->set_num_devices(4);
  for (int64_t device : {0, 1}) {
    auto *entry = groups.spec->add_index_to_device_group_map();
    entry->set_key(device);
    entry->add_value(device);
    entry->add_value(device + 2);
  }
  EXPECT_IR(importProto(groups.model), "holders = [array<i64: 0, 2>, array<i64: 1, 3>]");
  Sharded whole;
  whole.spec->clear_sharded_dim();
  EXPECT_IR(importProto(whole.model), "dims = [], holders = [array<i64: 0, 1>]");
  // Names of configurations alone say nothing.
  Sharded none;
  none.model.mutable_graph()->mutable_node(0)->clear_device_configurations();
  EXPECT_FALSE(importProto(none.model).contains("onnx.shardings"));
}

TEST(ImportDevicesTest, FaultsAreNamed) {
  auto fault = [](llvm::function_ref<void(Sharded &)> edit) {
    Sharded sharded;
    edit(sharded);
    return importProto(sharded.model);
  };
  EXPECT_ERROR(fault([](Sharded &s) { s.node->set_configuration_id("three"); }),
               "node 'y' (Relu): error: its device configuration 'three' is none of the model's");
  EXPECT_ERROR(fault([](Sharded &s) { s.configuration->set_num_devices(0); }),
               "device configuration 'two' has 0 devices");
  EXPECT_ERROR(fault([](Sharded &s) { *s.model.add_configuration() = *s.configuration; }),
               "device configuration 'two' is defined twice");
  EXPECT_ERROR(fault([](Sharded &s) { s.spec->set_tensor_name("z"); }),
               "its sharding of 'z' is of a tensor that is neither its input nor its output");
  EXPECT_ERROR(fault([](Sharded &s) { *s.spec->add_sharded_dim() = *s.dim; }), "splits dimension 1 twice");
  EXPECT_ERROR(fault([](Sharded &s) { s.dim->clear_simple_sharding(); }), "does not say how dimension 1 is split");
  EXPECT_ERROR(fault([](Sharded &s) { s.part->set_num_shards(0); }), "has 0 shards in dimension 1");
  EXPECT_ERROR(fault([](Sharded &s) { s.part->set_num_shards(int64_t(1) << 62); }), "shards in dimension 1");
  EXPECT_ERROR(fault([](Sharded &s) { s.part->set_dim_value(-3); }), "divides a dimension of size -3");
  EXPECT_ERROR(fault([](Sharded &s) { s.spec->set_device(1, 2); }), "names device 2; the configuration has 2 devices");
  EXPECT_ERROR(fault([](Sharded &s) { s.spec->set_device(1, 0); }), "names device 0 twice");
  EXPECT_ERROR(fault([](Sharded &s) { s.part->set_num_shards(3); }),
               "makes 3 shards for 2 devices or groups of devices");
}

TEST(ImportDevicesTest, ModelsAreWrittenWithoutTheirWeights) {
  TemporaryFolder folder;
  ::onnx::ModelProto model = parseModel("<ir_version: 8, opset_import: [\"\" : 18]> g (float[N, 64] x) => "
                                        "(float[N, 64] y) { h = MatMul(x, w) y = Mul(h, s) }");
  auto addWeight = [&](const char *name, std::vector<int64_t> dims, size_t bytes) {
    ::onnx::TensorProto *tensor = model.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(::onnx::TensorProto::FLOAT);
    for (int64_t size : dims)
      tensor->add_dims(size);
    std::string data;
    for (size_t i = 0; i < bytes; ++i)
      data += static_cast<char>(i % 61);
    tensor->set_raw_data(data);
    return data;
  };
  std::string large = addWeight("w", {64, 64}, 64 * 64 * 4), small = addWeight("s", {64}, 64 * 4);
  std::string path = folder.write("model.onnx", model.SerializeAsString()), output = folder.file("planned.onnx");
  mlir::MLIRContext context;
  auto configurations = mlir::cast<mlir::ArrayAttr>(
      mlir::parseAttribute("[{name = \"tp=2\", devices = 2, shardings = ["
                           "{node = \"h\", tensor = \"w\", weight, holders = [array<i64: 0>, array<i64: 1>], "
                           "dims = [{axis = 1, sizes = array<i64: 4, 16>, shards = array<i64: 2, 1>}]},"
                           "{node = \"gone\", tensor = \"s\", weight, holders = [array<i64: 0, 1>], dims = []},"
                           "{node = \"gone\", tensor = \"h\", holders = [array<i64: 0, 1>], dims = []}]}]",
                           &context));
  ASSERT_TRUE(mlir::succeeded(writeOnnxModel(path, output, configurations, &context)));

  std::ifstream file(output, std::ios::binary);
  ::onnx::ModelProto written;
  ASSERT_TRUE(written.ParseFromIstream(&file));
  EXPECT_EQ(written.ir_version(), 11);
  ASSERT_EQ(written.configuration_size(), 1);
  EXPECT_EQ(written.configuration(0).num_devices(), 2);
  const ::onnx::TensorProto &w = written.graph().initializer(0);
  EXPECT_EQ(w.data_location(), ::onnx::TensorProto::EXTERNAL);
  EXPECT_FALSE(w.has_raw_data());
  ASSERT_EQ(w.external_data_size(), 3);
  EXPECT_EQ(w.external_data(0).value(), "model.onnx");
  EXPECT_EQ(model.SerializeAsString().substr(std::stoul(w.external_data(1).value()), large.size()), large);
  EXPECT_EQ(w.external_data(2).value(), std::to_string(large.size()));
  EXPECT_EQ(written.graph().initializer(1).raw_data(), small);
  // A weight is said at a node that reads it; other tensors only at theirs.
  const ::onnx::NodeProto &matmul = written.graph().node(0), &mul = written.graph().node(1);
  ASSERT_EQ(matmul.device_configurations_size(), 1);
  ASSERT_EQ(matmul.device_configurations(0).sharding_spec_size(), 1);
  const ::onnx::ShardingSpecProto &spec = matmul.device_configurations(0).sharding_spec(0);
  EXPECT_EQ(spec.device_size(), 2);
  ASSERT_EQ(spec.sharded_dim_size(), 1);
  EXPECT_EQ(spec.sharded_dim(0).axis(), 1);
  ASSERT_EQ(spec.sharded_dim(0).simple_sharding_size(), 2);
  EXPECT_EQ(spec.sharded_dim(0).simple_sharding(0).dim_value(), 4);
  EXPECT_EQ(spec.sharded_dim(0).simple_sharding(0).num_shards(), 2);
  ASSERT_EQ(mul.device_configurations_size(), 1);
  EXPECT_EQ(mul.device_configurations(0).sharding_spec(0).tensor_name(), "s");
  EXPECT_TRUE(importFile(output).succeeded());
}

} // namespace
