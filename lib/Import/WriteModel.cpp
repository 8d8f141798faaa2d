//===- WriteModel.cpp - An ONNX model with a plan -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelFile.h"

#include "tp-opt/Import/Import.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

namespace {

/// The first IR with multi-device fields.
constexpr int64_t kIrVersion = 11;
/// Initializers up to this size are constants that tools look at (shapes,
/// scales), not weights: they are copied.
constexpr uint64_t kMaxInline = 1024;

class ModelWriter {
public:
  ModelWriter(ModelFile &file, StringRef fileName) : file(file), fileName(fileName), model(file.getModel()) {}

  /// Brings back the contents of small tensors, and refers to those of large ones.
  llvm::Error restoreTensors() {
    for (::onnx::TensorProto &tensor : *model.mutable_graph()->mutable_initializer())
      if (llvm::Error error = restore(tensor, /*mayRefer=*/true))
        return error;
    for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node())
      if (llvm::Error error = restoreNode(node))
        return error;
    for (::onnx::FunctionProto &function : *model.mutable_functions()) {
      for (::onnx::AttributeProto &attribute : *function.mutable_attribute_proto())
        if (llvm::Error error = restoreAttribute(attribute))
          return error;
      for (::onnx::NodeProto &node : *function.mutable_node())
        if (llvm::Error error = restoreNode(node))
          return error;
    }
    return llvm::Error::success();
  }

  void addConfiguration(DictionaryAttr configuration);
  const ::onnx::ModelProto &getModel() const { return model; }

private:
  llvm::Error restore(::onnx::TensorProto &tensor, bool mayRefer);
  llvm::Error restoreNode(::onnx::NodeProto &node) {
    for (::onnx::AttributeProto &attribute : *node.mutable_attribute())
      if (llvm::Error error = restoreAttribute(attribute))
        return error;
    return llvm::Error::success();
  }
  llvm::Error restoreGraph(::onnx::GraphProto &graph) {
    for (::onnx::TensorProto &tensor : *graph.mutable_initializer())
      if (llvm::Error error = restore(tensor, /*mayRefer=*/false))
        return error;
    for (::onnx::NodeProto &node : *graph.mutable_node())
      if (llvm::Error error = restoreNode(node))
        return error;
    return llvm::Error::success();
  }
  llvm::Error restoreAttribute(::onnx::AttributeProto &attribute) {
    if (attribute.has_t())
      if (llvm::Error error = restore(*attribute.mutable_t(), /*mayRefer=*/false))
        return error;
    for (::onnx::TensorProto &tensor : *attribute.mutable_tensors())
      if (llvm::Error error = restore(tensor, /*mayRefer=*/false))
        return error;
    if (attribute.has_g())
      if (llvm::Error error = restoreGraph(*attribute.mutable_g()))
        return error;
    for (::onnx::GraphProto &graph : *attribute.mutable_graphs())
      if (llvm::Error error = restoreGraph(graph))
        return error;
    return llvm::Error::success();
  }
  ::onnx::NodeProto *findNode(::onnx::NodeProto *reader, const std::string &tensor, bool isWeight);
  void removeConfigurations(StringRef name, int64_t numDevices);

  ModelFile &file;
  StringRef fileName;
  ::onnx::ModelProto model;
};

llvm::Error ModelWriter::restore(::onnx::TensorProto &tensor, bool mayRefer) {
  std::optional<ByteRange> range = file.getPayload(tensor);
  if (!range)
    return llvm::Error::success();
  tensor.clear_external_data();
  if (!mayRefer || range->size <= kMaxInline) {
    llvm::Expected<std::string> bytes = file.readOwn(*range);
    if (!bytes)
      return bytes.takeError();
    tensor.set_raw_data(std::move(*bytes));
    return llvm::Error::success();
  }
  auto add = [&](const char *key, const std::string &value) {
    ::onnx::StringStringEntryProto *entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", fileName.str());
  add("offset", std::to_string(range->offset));
  add("length", std::to_string(range->size));
  tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
  return llvm::Error::success();
}

void ModelWriter::removeConfigurations(StringRef name, int64_t numDevices) {
  llvm::StringSet<> removed;
  auto *configurations = model.mutable_configuration();
  for (int i = configurations->size(); i-- > 0;) {
    const ::onnx::DeviceConfigurationProto &known = configurations->Get(i);
    if (known.name() != name && known.num_devices() != numDevices)
      continue;
    removed.insert(known.name());
    configurations->DeleteSubrange(i, 1);
  }
  for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node()) {
    auto *known = node.mutable_device_configurations();
    for (int i = known->size(); i-- > 0;)
      if (removed.contains(known->Get(i).configuration_id()))
        known->DeleteSubrange(i, 1);
  }
}

void writeSharding(::onnx::ShardingSpecProto &spec, DictionaryAttr sharding, int64_t numDevices) {
  spec.set_tensor_name(sharding.getAs<StringAttr>("tensor").str());
  auto holders = sharding.getAs<ArrayAttr>("holders");
  // Numbers behind the devices' stand for groups.
  int64_t nextGroup = numDevices;
  bool isSplit = !sharding.getAs<ArrayAttr>("dims").empty();
  for (Attribute attr : holders) {
    ArrayRef<int64_t> group = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    if (group.size() == 1 || !isSplit) {
      for (int64_t device : group)
        spec.add_device(device);
      continue;
    }
    spec.add_device(nextGroup);
    ::onnx::IntIntListEntryProto *entry = spec.add_index_to_device_group_map();
    entry->set_key(nextGroup++);
    for (int64_t device : group)
      entry->add_value(device);
  }
  for (Attribute attr : sharding.getAs<ArrayAttr>("dims")) {
    auto dim = cast<DictionaryAttr>(attr);
    ::onnx::ShardedDimProto *proto = spec.add_sharded_dim();
    proto->set_axis(dim.getAs<IntegerAttr>("axis").getInt());
    for (auto [size, shards] : llvm::zip(dim.getAs<DenseI64ArrayAttr>("sizes").asArrayRef(),
                                         dim.getAs<DenseI64ArrayAttr>("shards").asArrayRef())) {
      ::onnx::SimpleShardedDimProto *part = proto->add_simple_sharding();
      if (size >= 0)
        part->set_dim_value(size);
      part->set_num_shards(shards);
    }
  }
}

/// The node to say it at: the one whose operation reads the tensor now, or where
/// that reads a weight through others the first of them.
::onnx::NodeProto *ModelWriter::findNode(::onnx::NodeProto *reader, const std::string &tensor, bool isWeight) {
  if (reader && (llvm::is_contained(reader->input(), tensor) || llvm::is_contained(reader->output(), tensor)))
    return reader;
  if (isWeight)
    for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node())
      if (llvm::is_contained(node.input(), tensor))
        return &node;
  return nullptr;
}

void ModelWriter::addConfiguration(DictionaryAttr configuration) {
  std::string name = configuration.getAs<StringAttr>("name").str();
  int64_t numDevices = configuration.getAs<IntegerAttr>("devices").getInt();
  removeConfigurations(name, numDevices);
  if (model.ir_version() < kIrVersion)
    model.set_ir_version(kIrVersion);
  ::onnx::DeviceConfigurationProto *proto = model.add_configuration();
  proto->set_name(name);
  proto->set_num_devices(numDevices);
  llvm::StringMap<::onnx::NodeProto *> nodes;
  for (::onnx::NodeProto &node : *model.mutable_graph()->mutable_node()) {
    auto [entry, isNew] =
        nodes.try_emplace(node.name().empty() && node.output_size() ? node.output(0) : node.name(), &node);
    // Nodes of one name cannot be told apart.
    if (!isNew)
      entry->second = nullptr;
  }
  llvm::DenseMap<::onnx::NodeProto *, ::onnx::NodeDeviceConfigurationProto *> made;
  std::set<std::pair<::onnx::NodeProto *, std::string>> written;
  for (Attribute attr : configuration.getAs<ArrayAttr>("shardings")) {
    auto sharding = cast<DictionaryAttr>(attr);
    std::string tensor = sharding.getAs<StringAttr>("tensor").str();
    ::onnx::NodeProto *node =
        findNode(nodes.lookup(sharding.getAs<StringAttr>("node").getValue()), tensor, sharding.contains("weight"));
    if (!node || !written.insert({node, tensor}).second)
      continue;
    ::onnx::NodeDeviceConfigurationProto *&own = made[node];
    if (!own) {
      own = node->add_device_configurations();
      own->set_configuration_id(name);
    }
    writeSharding(*own->add_sharding_spec(), sharding, numDevices);
  }
}

} // namespace

LogicalResult tpo::writeOnnxModel(StringRef path, StringRef output, ArrayAttr configurations, MLIRContext *context) {
  auto fail = [&]() { return emitError(UnknownLoc::get(context)) << "cannot write '" << output << "': "; };
  llvm::SmallString<256> from, to;
  auto folderOf = [](StringRef name, llvm::SmallString<256> &folder) {
    llvm::SmallString<256> absolute(name);
    std::error_code error = llvm::sys::fs::make_absolute(absolute);
    return error ? error : llvm::sys::fs::real_path(llvm::sys::path::parent_path(absolute), folder);
  };
  if (std::error_code error = folderOf(path, from))
    return fail() << error.message();
  if (std::error_code error = folderOf(output, to))
    return fail() << error.message();
  if (from != to)
    return fail() << "it must be in the model's folder, " << from
                  << ": weights stay in the model's files, which it refers to by their names";
  llvm::Expected<std::unique_ptr<ModelFile>> file = ModelFile::open(path);
  if (!file)
    return fail() << llvm::toString(file.takeError());
  bool isSame = false;
  if (!llvm::sys::fs::equivalent(path, output, isSame) && isSame)
    return fail() << "it is the model itself";
  ModelWriter writer(**file, llvm::sys::path::filename(path));
  if (llvm::Error error = writer.restoreTensors())
    return fail() << llvm::toString(std::move(error));
  for (Attribute configuration : configurations)
    writer.addConfiguration(cast<DictionaryAttr>(configuration));
  std::string bytes;
  if (!writer.getModel().SerializeToString(&bytes))
    return fail() << "the graph is too large";
  llvm::Error error = llvm::writeToOutput(output, [&](llvm::raw_ostream &os) {
    os << bytes;
    return llvm::Error::success();
  });
  return error ? LogicalResult(fail() << llvm::toString(std::move(error))) : success();
}
