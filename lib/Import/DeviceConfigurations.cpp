//===- DeviceConfigurations.cpp - Shardings in an ONNX file ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ModelProto.configuration names sets of devices; for each a node may say how
// its inputs and outputs are split over them. Which set is meant is known when
// the mesh is; here they are checked and kept as kShardingsAttr describes.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

namespace {

/// As many as a mesh may have.
constexpr int64_t kMaxDevices = 4096;

class ShardingReader {
public:
  ShardingReader(const ::onnx::NodeProto &node, Location loc) : node(node), loc(loc), b(loc.getContext()) {}

  FailureOr<Attribute> read(const ::onnx::ShardingSpecProto &spec, StringRef nodeName, int64_t numDevices);

private:
  InFlightDiagnostic fail(const ::onnx::ShardingSpecProto &spec) {
    return emitError(loc) << "its sharding of '" << spec.tensor_name() << "' ";
  }
  FailureOr<Attribute> readHolders(const ::onnx::ShardingSpecProto &spec, int64_t numDevices, int64_t numShards);
  FailureOr<Attribute> readDim(const ::onnx::ShardingSpecProto &spec, const ::onnx::ShardedDimProto &dim,
                               int64_t &numShards);

  const ::onnx::NodeProto &node;
  Location loc;
  Builder b;
};

FailureOr<Attribute> ShardingReader::readDim(const ::onnx::ShardingSpecProto &spec, const ::onnx::ShardedDimProto &dim,
                                             int64_t &numShards) {
  SmallVector<int64_t> sizes, shards;
  for (const ::onnx::SimpleShardedDimProto &part : dim.simple_sharding()) {
    if (part.num_shards() < 1 || part.num_shards() > kMaxDevices || (numShards *= part.num_shards()) > kMaxDevices)
      return fail(spec) << "has " << part.num_shards() << " shards in dimension " << dim.axis();
    if (part.has_dim_value() && part.dim_value() < 1)
      return fail(spec) << "divides a dimension of size " << part.dim_value();
    sizes.push_back(part.has_dim_value() ? part.dim_value() : -1);
    shards.push_back(part.num_shards());
  }
  if (shards.empty())
    return fail(spec) << "does not say how dimension " << dim.axis() << " is split";
  return Attribute(b.getDictionaryAttr({b.getNamedAttr("axis", b.getI64IntegerAttr(dim.axis())),
                                        b.getNamedAttr("sizes", b.getDenseI64ArrayAttr(sizes)),
                                        b.getNamedAttr("shards", b.getDenseI64ArrayAttr(shards))}));
}

/// A device of the list may stand for several, which hold the same shard. A
/// tensor that is not split is on all that are listed.
FailureOr<Attribute> ShardingReader::readHolders(const ::onnx::ShardingSpecProto &spec, int64_t numDevices,
                                                 int64_t numShards) {
  SmallVector<SmallVector<int64_t>> holders;
  for (int64_t device : spec.device()) {
    SmallVector<int64_t> &group = holders.emplace_back();
    for (const ::onnx::IntIntListEntryProto &entry : spec.index_to_device_group_map())
      if (entry.key() == device)
        group.append(entry.value().begin(), entry.value().end());
    if (group.empty())
      group.push_back(device);
  }
  if (numShards == 1 && holders.size() > 1) {
    SmallVector<int64_t> all;
    for (const SmallVector<int64_t> &group : holders)
      all.append(group);
    holders.assign(1, all);
  }
  llvm::SmallDenseSet<int64_t> seen;
  SmallVector<Attribute> attributes;
  for (const SmallVector<int64_t> &group : holders) {
    for (int64_t device : group)
      if (device < 0 || device >= numDevices || !seen.insert(device).second)
        return fail(spec) << "names device " << device << (seen.contains(device) ? " twice" : "")
                          << "; the configuration has " << numDevices << " devices";
    attributes.push_back(b.getDenseI64ArrayAttr(group));
  }
  if (!holders.empty() && int64_t(holders.size()) != numShards)
    return fail(spec) << "makes " << numShards << " shards for " << holders.size() << " devices or groups of devices";
  return Attribute(b.getArrayAttr(attributes));
}

FailureOr<Attribute> ShardingReader::read(const ::onnx::ShardingSpecProto &spec, StringRef nodeName,
                                          int64_t numDevices) {
  bool isOutput = llvm::is_contained(node.output(), spec.tensor_name());
  if (!isOutput && !llvm::is_contained(node.input(), spec.tensor_name()))
    return fail(spec) << "is of a tensor that is neither its input nor its output";
  SmallVector<Attribute> dims;
  int64_t numShards = 1;
  llvm::SmallDenseSet<int64_t> axes;
  for (const ::onnx::ShardedDimProto &dim : spec.sharded_dim()) {
    if (!axes.insert(dim.axis()).second)
      return fail(spec) << "splits dimension " << dim.axis() << " twice";
    FailureOr<Attribute> attribute = readDim(spec, dim, numShards);
    if (failed(attribute))
      return failure();
    dims.push_back(*attribute);
  }
  FailureOr<Attribute> holders = readHolders(spec, numDevices, numShards);
  if (failed(holders))
    return failure();
  SmallVector<NamedAttribute> attributes = {
      b.getNamedAttr("node", b.getStringAttr(nodeName)),
      b.getNamedAttr("tensor", b.getStringAttr(spec.tensor_name())),
      b.getNamedAttr("holders", *holders),
      b.getNamedAttr("dims", b.getArrayAttr(dims)),
  };
  if (isOutput)
    attributes.push_back(b.getNamedAttr("output", b.getUnitAttr()));
  return Attribute(b.getDictionaryAttr(attributes));
}

} // namespace

bool GraphImporter::hasShardings() const {
  return llvm::any_of(file.getModel().graph().node(),
                      [](const ::onnx::NodeProto &node) { return node.device_configurations_size() > 0; });
}

LogicalResult GraphImporter::recordShardings() {
  struct Configuration {
    int64_t numDevices;
    SmallVector<Attribute> shardings;
  };
  llvm::MapVector<StringRef, Configuration> configurations;
  for (const ::onnx::DeviceConfigurationProto &proto : file.getModel().configuration()) {
    if (proto.num_devices() < 1 || proto.num_devices() > kMaxDevices)
      return emitError(fileLoc) << "device configuration '" << proto.name() << "' has " << proto.num_devices()
                                << " devices";
    if (!configurations.insert({proto.name(), {proto.num_devices(), {}}}).second)
      return emitError(fileLoc) << "device configuration '" << proto.name() << "' is defined twice";
  }
  Scope scope;
  bool hasStages = false;
  for (const ::onnx::NodeProto &node : file.getModel().graph().node()) {
    Location loc = getLocation(node, scope);
    StringRef name = node.name().empty() && node.output_size() ? node.output(0) : node.name();
    for (const ::onnx::NodeDeviceConfigurationProto &proto : node.device_configurations()) {
      auto known = configurations.find(proto.configuration_id());
      if (known == configurations.end())
        return emitError(loc) << "its device configuration '" << proto.configuration_id() << "' is none of the model's";
      hasStages |= proto.pipeline_stage() != 0;
      ShardingReader reader(node, loc);
      for (const ::onnx::ShardingSpecProto &spec : proto.sharding_spec()) {
        FailureOr<Attribute> sharding = reader.read(spec, name, known->second.numDevices);
        if (failed(sharding))
          return failure();
        known->second.shardings.push_back(*sharding);
      }
    }
  }
  if (hasStages)
    emitWarning(fileLoc) << "the model's device configurations have pipeline stages, which are not used";
  SmallVector<Attribute> entries;
  for (const auto &[name, configuration] : configurations)
    entries.push_back(
        builder.getDictionaryAttr({builder.getNamedAttr("name", builder.getStringAttr(name)),
                                   builder.getNamedAttr("devices", builder.getI64IntegerAttr(configuration.numDevices)),
                                   builder.getNamedAttr("shardings", builder.getArrayAttr(configuration.shardings))}));
  (*module)->setAttr(kShardingsAttr, builder.getArrayAttr(entries));
  return success();
}
