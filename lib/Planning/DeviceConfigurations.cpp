//===- DeviceConfigurations.cpp - Plans in ONNX's own terms ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/DeviceConfigurations.h"

#include "tp-opt/Import/Import.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tpo {

namespace {

/// The mesh's only axis of more than one device.
unsigned findLongAxis(const tp::Mesh &mesh) {
  for (auto [index, axis] : llvm::enumerate(mesh.getAxes()))
    if (axis.size > 1)
      return index;
  return 0;
}

/// Which of `part.size` shards a device of an axis of `devices` holds.
int64_t getShard(tp::AxisRef part, int64_t devices, int64_t device) {
  return device / (devices / (part.preSize * part.size)) % part.size;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// One sharding of `onnx.shardings`.
class ShardingParser {
public:
  ShardingParser(DictionaryAttr sharding, const NamedTensor &tensor, const tp::Mesh &mesh)
      : sharding(sharding), tensor(tensor), axis(findLongAxis(mesh)), numDevices(mesh.getNumDevices()) {}

  llvm::Expected<tp::Layout> run();

private:
  llvm::Error fail(const llvm::Twine &what) { return llvm::createStringError("tensor '" + tensor.name + "': " + what); }
  llvm::Error parseDim(DictionaryAttr dim, tp::Layout &layout, SmallVectorImpl<int64_t> &order);
  llvm::Error placeShards(tp::Layout &layout, ArrayRef<int64_t> order);

  DictionaryAttr sharding;
  const NamedTensor &tensor;
  unsigned axis;
  int64_t numDevices;
};

/// The dimension's number of shards, as a part of the axis whose place is not
/// known yet, and its pieces.
llvm::Error ShardingParser::parseDim(DictionaryAttr dim, tp::Layout &layout, SmallVectorImpl<int64_t> &order) {
  int64_t number = dim.getAs<IntegerAttr>("axis").getInt(), rank = layout.getRank();
  int64_t index = number < 0 ? number + rank : number;
  if (index < 0 || index >= rank)
    return fail("dimension " + llvm::Twine(number) + " is out of range: the tensor has " + llvm::Twine(rank) +
                " dimensions");
  ArrayRef<int64_t> sizes = dim.getAs<DenseI64ArrayAttr>("sizes").asArrayRef(),
                    shards = dim.getAs<DenseI64ArrayAttr>("shards").asArrayRef();
  const int64_t *split = llvm::find_if(shards, [](int64_t count) { return count > 1; });
  if (split == shards.end())
    return llvm::Error::success();
  if (std::find_if(split + 1, shards.end(), [](int64_t count) { return count > 1; }) != shards.end())
    return fail("two factors of dimension " + llvm::Twine(index) + " are split, which no layout is");
  if (layout.dims[index].isSplit())
    return fail("dimension " + llvm::Twine(index) + " is split twice");
  size_t position = split - shards.begin();
  int64_t before = 1, own = sizes[position], after = 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    bool overflows = i != position &&
                     __builtin_mul_overflow(i < position ? before : after, sizes[i], i < position ? &before : &after);
    if (overflows || (i != position && sizes[i] < 1))
      return fail("the factors of dimension " + llvm::Twine(index) + " have no sizes");
  }
  if (sizes.size() > 1 && own < 1)
    return fail("the factors of dimension " + llvm::Twine(index) + " have no sizes");
  std::optional<int64_t> size = tp::getConst(tp::getDims(tensor.type)[index]);
  if (size && own > 0 && *size != before * own * after)
    return fail("dimension " + llvm::Twine(index) + " has " + llvm::Twine(*size) + " elements, not " +
                llvm::Twine(before * own * after));
  // Blocks that are split alike: the parts of a fused weight.
  bool areParts = tensor.kind == NamedTensor::Kind::Weight && llvm::all_of(tensor.values, [&](Value value) {
                    return llvm::is_contained(cast<RankedTensorType>(value.getType()).getShape(), own * after);
                  });
  if (before > 1 && !areParts)
    return fail("each of " + llvm::Twine(before) + " blocks of dimension " + llvm::Twine(index) +
                " is split, which no layout is");
  layout.dims[index].axes.push_back({axis, 1, *split});
  if (after > 1)
    layout.dims[index].units = getAffineConstantExpr(own, tensor.type.getContext());
  order.push_back(index);
  return llvm::Error::success();
}

/// Finds the part of the axis along which devices differ in their shards of a
/// dimension. Shards are numbered with the last dimension fastest.
llvm::Error ShardingParser::placeShards(tp::Layout &layout, ArrayRef<int64_t> order) {
  auto holders = sharding.getAs<ArrayAttr>("holders");
  int64_t numShards = 1;
  for (int64_t dim : order)
    numShards *= layout.dims[dim].axes[0].size;
  SmallVector<int64_t> shardOf(numDevices, -1);
  if (holders.empty() && numShards == numDevices)
    std::iota(shardOf.begin(), shardOf.end(), 0);
  else if (holders.empty() && numShards == 1)
    shardOf.assign(numDevices, 0);
  for (auto [shard, group] : llvm::enumerate(holders))
    for (int64_t device : cast<DenseI64ArrayAttr>(group).asArrayRef())
      if (device >= 0 && device < numDevices)
        shardOf[device] = shard;
  if (llvm::is_contained(shardOf, -1))
    return fail("not every device has a shard or a copy of one");
  int64_t inner = numShards;
  SmallVector<int64_t> sorted(order);
  llvm::sort(sorted);
  for (int64_t dim : sorted) {
    tp::AxisRef &part = layout.dims[dim].axes[0];
    inner /= part.size;
    bool found = false;
    for (int64_t preSize = 1; preSize * part.size <= numDevices && !found; ++preSize) {
      tp::AxisRef candidate{axis, preSize, part.size};
      if (numDevices % (preSize * part.size) != 0)
        continue;
      found = true;
      for (int64_t device = 0; device < numDevices && found; ++device)
        found = getShard(candidate, numDevices, device) == shardOf[device] / inner % part.size;
      if (found)
        part = candidate;
    }
    if (!found)
      return fail("its devices are in no order of a mesh of " + llvm::Twine(numDevices));
  }
  return llvm::Error::success();
}

llvm::Expected<tp::Layout> ShardingParser::run() {
  tp::Layout layout = tp::Layout::replicated(tensor.type.getRank());
  SmallVector<int64_t> order;
  for (Attribute dim : sharding.getAs<ArrayAttr>("dims"))
    if (llvm::Error error = parseDim(cast<DictionaryAttr>(dim), layout, order))
      return std::move(error);
  if (llvm::Error error = placeShards(layout, order))
    return std::move(error);
  for (tp::DimSplit &dim : layout.dims)
    tp::normalise(dim.axes);
  return layout;
}

/// Whether an entry of the attribute has all that is read of it: the importer
/// writes it, but anything can be in an .mlir.
bool isSharding(Attribute attr) {
  auto entry = dyn_cast<DictionaryAttr>(attr);
  auto holders = entry ? entry.getAs<ArrayAttr>("holders") : nullptr;
  auto dims = entry ? entry.getAs<ArrayAttr>("dims") : nullptr;
  if (!holders || !dims || !entry.getAs<StringAttr>("node") || !entry.getAs<StringAttr>("tensor") ||
      !llvm::all_of(holders, llvm::IsaPred<DenseI64ArrayAttr>))
    return false;
  return llvm::all_of(dims, [](Attribute attr) {
    auto dim = dyn_cast<DictionaryAttr>(attr);
    auto sizes = dim ? dim.getAs<DenseI64ArrayAttr>("sizes") : nullptr;
    auto shards = dim ? dim.getAs<DenseI64ArrayAttr>("shards") : nullptr;
    return sizes && shards && sizes.size() == shards.size() && dim.getAs<IntegerAttr>("axis");
  });
}

/// The entry for as many devices as the mesh has.
FailureOr<DictionaryAttr> selectConfiguration(ModuleOp module, ArrayAttr configurations, const tp::Mesh &mesh) {
  DictionaryAttr found;
  std::string others;
  for (Attribute attr : configurations) {
    auto entry = dyn_cast<DictionaryAttr>(attr);
    auto name = entry ? entry.getAs<StringAttr>("name") : nullptr;
    auto devices = entry ? entry.getAs<IntegerAttr>("devices") : nullptr;
    auto shardings = entry ? entry.getAs<ArrayAttr>("shardings") : nullptr;
    if (!name || !devices || !shardings || !llvm::all_of(shardings, isSharding))
      return module.emitError() << "'" << kShardingsAttr << "' has a malformed entry";
    if (devices.getInt() != mesh.getNumDevices()) {
      others += (others.empty() ? "'" : ", '") + name.str() + "' for " + std::to_string(devices.getInt());
    } else if (!found) {
      found = entry;
    } else {
      module.emitWarning() << "the model has several device configurations for " << devices.getInt() << " devices: '"
                           << found.getAs<StringAttr>("name").getValue() << "' is used, '" << name.getValue()
                           << "' is not";
    }
  }
  if (!found && !others.empty() && mesh.getNumDevices() > 1)
    module.emitWarning() << "the model has device configurations (" << others << " devices), none for "
                         << mesh.getNumDevices() << ": they are not used";
  return found;
}

} // namespace

LogicalResult addDeviceConstraints(func::FuncOp function, const tp::Mesh &mesh) {
  auto module = function->getParentOfType<ModuleOp>();
  auto configurations = module->getAttrOfType<ArrayAttr>(kShardingsAttr);
  if (!configurations)
    return success();
  FailureOr<DictionaryAttr> selected = selectConfiguration(module, configurations, mesh);
  module->removeAttr(kShardingsAttr);
  if (failed(selected) || !*selected)
    return selected;
  if (!hasDeviceConfiguration(mesh))
    return module.emitError() << "device configuration '" << selected->getAs<StringAttr>("name").getValue()
                              << "': read for meshes of one axis only";
  TensorTable table(function);
  std::vector<Constraint> constraints;
  bool isValid = true;
  for (Attribute attr : selected->getAs<ArrayAttr>("shardings")) {
    auto sharding = cast<DictionaryAttr>(attr);
    auto node = sharding.getAs<StringAttr>("node"), name = sharding.getAs<StringAttr>("tensor");
    auto matches = llvm::cantFail(table.match(name.getValue(), /*isName=*/true));
    // Constants and what nothing computes when the program runs.
    if (matches.empty() || table.getTensors()[matches.front()].values.empty())
      continue;
    const NamedTensor &tensor = table.getTensors()[matches.front()];
    Constraint constraint;
    constraint.tensor = name.str();
    constraint.isName = constraint.isExact = true;
    constraint.source = ("device configuration '" + selected->getAs<StringAttr>("name").getValue() + "' of node '" +
                         node.getValue() + "'")
                            .str();
    constraint.location = NameLoc::get(node);
    if (!sharding.contains("output"))
      constraint.reader = node.str();
    llvm::Expected<tp::Layout> layout = ShardingParser(sharding, tensor, mesh).run();
    if (!layout) {
      emitError(NameLoc::get(node)) << constraint.source << ": " << llvm::toString(layout.takeError());
      isValid = false;
      continue;
    }
    constraint.layout = tp::toString(*layout, mesh);
    constraints.push_back(std::move(constraint));
  }
  if (!isValid)
    return failure();
  addConstraints(module, constraints);
  return success();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {

class ConfigurationBuilder {
public:
  ConfigurationBuilder(const Planner &planner, const Plan &plan, const tp::Mesh &mesh, MLIRContext *context)
      : planner(planner), plan(plan), mesh(mesh), b(context) {}

  void addComputed(const NamedTensor &tensor);
  void addWeight(const NamedTensor &tensor);
  DictionaryAttr take() {
    std::string name;
    for (const tp::MeshAxis &axis : mesh.getAxes())
      name += (name.empty() ? "" : ",") + axis.name + "=" + std::to_string(axis.size);
    return b.getDictionaryAttr({b.getNamedAttr("name", b.getStringAttr(name)),
                                b.getNamedAttr("devices", b.getI64IntegerAttr(mesh.getNumDevices())),
                                b.getNamedAttr("shardings", b.getArrayAttr(shardings))});
  }

private:
  /// A split dimension: its number and the size, or -1, and shards of factors.
  struct Dim {
    int64_t number;
    SmallVector<int64_t> sizes, shards;
    tp::AxisRef part;
  };
  std::optional<tp::Layout> resolve(tp::LayoutAttr attr) const {
    FailureOr<tp::Layout> layout = attr ? tp::resolveLayout(attr, mesh, nullptr) : FailureOr<tp::Layout>(failure());
    if (failed(layout) || layout->isPartial())
      return std::nullopt;
    return *layout;
  }
  std::optional<SmallVector<Dim>> describe(const tp::Layout &layout, ArrayRef<AffineExpr> sizes) const;
  std::optional<SmallVector<Dim>> describeView(const NamedTensor &tensor, const tp::Layout &layout,
                                               tp::WeightOp view) const;
  Attribute make(StringRef node, StringRef tensor, ArrayRef<Dim> dims, bool isOutput, bool isWeight);

  const Planner &planner;
  const Plan &plan;
  const tp::Mesh &mesh;
  Builder b;
  SmallVector<Attribute> shardings;
};

std::optional<SmallVector<ConfigurationBuilder::Dim>> ConfigurationBuilder::describe(const tp::Layout &layout,
                                                                                     ArrayRef<AffineExpr> sizes) const {
  SmallVector<Dim> dims;
  for (auto [number, split] : llvm::enumerate(layout.dims)) {
    if (!split.isSplit())
      continue;
    if (split.axes.size() != 1)
      return std::nullopt;
    int64_t size = sizes[number] ? tp::getConst(sizes[number]).value_or(-1) : -1, shards = split.axes[0].size;
    std::optional<int64_t> units = split.units ? tp::getConst(split.units) : std::nullopt;
    if (split.units && (!units || size < 0))
      return std::nullopt;
    if (units)
      dims.push_back({int64_t(number), {*units, size / *units}, {shards, 1}, split.axes[0]});
    else
      dims.push_back({int64_t(number), {size}, {shards}, split.axes[0]});
  }
  return dims;
}

/// In the dimensions of the file. Of a fused weight all parts, which are of one
/// size and split alike, make blocks.
std::optional<SmallVector<ConfigurationBuilder::Dim>>
ConfigurationBuilder::describeView(const NamedTensor &tensor, const tp::Layout &layout, tp::WeightOp view) const {
  ArrayRef<int64_t> shape = tensor.type.getShape();
  std::optional<tp::Layout> mapped = mapFromView(layout, shape, view);
  if (!mapped)
    return std::nullopt;
  SmallVector<AffineExpr> sizes = tp::getDims(tensor.type);
  std::optional<SmallVector<Dim>> dims = describe(*mapped, sizes);
  auto type = cast<RankedTensorType>(view.getType());
  if (!dims || type.getNumElements() == tensor.type.getNumElements())
    return dims;
  SmallVector<AffineExpr> viewSizes = tp::getDims(type);
  std::optional<SmallVector<Dim>> viewDims = describe(layout, viewSizes);
  if (!viewDims || viewDims->size() != dims->size() || dims->size() > 1)
    return std::nullopt;
  if (dims->empty())
    return dims;
  int64_t whole = shape[dims->front().number], part = type.getShape()[viewDims->front().number];
  if (part == whole)
    return dims;
  if (whole % part != 0)
    return std::nullopt;
  Dim blocks = viewDims->front();
  blocks.number = dims->front().number;
  blocks.sizes.insert(blocks.sizes.begin(), whole / part);
  blocks.shards.insert(blocks.shards.begin(), 1);
  return SmallVector<Dim>{blocks};
}

Attribute ConfigurationBuilder::make(StringRef node, StringRef tensor, ArrayRef<Dim> dims, bool isOutput,
                                     bool isWeight) {
  int64_t numShards = 1;
  for (const Dim &dim : dims)
    numShards *= dim.part.size;
  std::vector<SmallVector<int64_t>> holders(numShards);
  for (int64_t device = 0; device < mesh.getNumDevices(); ++device) {
    int64_t shard = 0;
    for (const Dim &dim : dims)
      shard = shard * dim.part.size + getShard(dim.part, mesh.getNumDevices(), device);
    holders[shard].push_back(device);
  }
  SmallVector<Attribute> holderAttrs, dimAttrs;
  for (const SmallVector<int64_t> &group : holders)
    holderAttrs.push_back(b.getDenseI64ArrayAttr(group));
  for (const Dim &dim : dims)
    dimAttrs.push_back(b.getDictionaryAttr({b.getNamedAttr("axis", b.getI64IntegerAttr(dim.number)),
                                            b.getNamedAttr("sizes", b.getDenseI64ArrayAttr(dim.sizes)),
                                            b.getNamedAttr("shards", b.getDenseI64ArrayAttr(dim.shards))}));
  SmallVector<NamedAttribute> attributes = {
      b.getNamedAttr("node", b.getStringAttr(node)), b.getNamedAttr("tensor", b.getStringAttr(tensor)),
      b.getNamedAttr("holders", b.getArrayAttr(holderAttrs)), b.getNamedAttr("dims", b.getArrayAttr(dimAttrs))};
  if (isOutput)
    attributes.push_back(b.getNamedAttr("output", b.getUnitAttr()));
  if (isWeight)
    attributes.push_back(b.getNamedAttr("weight", b.getUnitAttr()));
  return b.getDictionaryAttr(attributes);
}

/// Inputs and results of nodes: as their node leaves them and as readers take
/// them.
void ConfigurationBuilder::addComputed(const NamedTensor &tensor) {
  Value value = tensor.values[0];
  SmallVector<AffineExpr> sizes = tp::getDims(cast<RankedTensorType>(value.getType()));
  if (!tensor.node.empty())
    if (std::optional<tp::Layout> layout = resolve(planner.getDeliveredLayout(value, plan)))
      if (auto dims = describe(*layout, sizes))
        shardings.push_back(make(tensor.node, tensor.name, *dims, /*isOutput=*/true, /*isWeight=*/false));
  llvm::MapVector<StringRef, SmallVector<tp::LayoutAttr>> readers;
  for (OpOperand &use : value.getUses())
    if (!use.getOwner()->hasTrait<OpTrait::IsTerminator>())
      readers[getNodeName(use.getOwner())].push_back(
          planner.getStrategy(use.getOwner(), plan).operands[use.getOperandNumber()]);
  for (const auto &[node, layouts] : readers) {
    std::optional<tp::Layout> layout = resolve(layouts.front());
    if (!layout || !llvm::all_equal(layouts))
      continue;
    if (auto dims = describe(*layout, sizes))
      shardings.push_back(make(node, tensor.name, *dims, /*isOutput=*/false, /*isWeight=*/false));
  }
}

void ConfigurationBuilder::addWeight(const NamedTensor &tensor) {
  llvm::MapVector<StringRef, SmallVector<Attribute>> readers;
  for (Value value : tensor.values) {
    std::optional<tp::Layout> layout = resolve(planner.getDeliveredLayout(value, plan));
    StringRef node = value.use_empty() ? "" : getNodeName(*value.user_begin());
    std::optional<SmallVector<Dim>> dims;
    if (layout)
      dims = describeView(tensor, *layout, value.getDefiningOp<tp::WeightOp>());
    readers[node].push_back(dims ? make(node, tensor.name, *dims, /*isOutput=*/false, /*isWeight=*/true) : Attribute());
  }
  for (const auto &[node, made] : readers)
    if (made.front() && llvm::all_equal(made))
      shardings.push_back(made.front());
}

} // namespace

bool hasDeviceConfiguration(const tp::Mesh &mesh) {
  return llvm::count_if(mesh.getAxes(), [](const tp::MeshAxis &axis) { return axis.size > 1; }) <= 1;
}

DictionaryAttr makeDeviceConfiguration(const TensorTable &table, const Planner &planner, const Plan &plan,
                                       const tp::Mesh &mesh, MLIRContext *context) {
  ConfigurationBuilder builder(planner, plan, mesh, context);
  for (const NamedTensor &tensor : table.getTensors()) {
    if (tensor.values.empty())
      continue;
    if (tensor.kind == NamedTensor::Kind::Weight)
      builder.addWeight(tensor);
    else
      builder.addComputed(tensor);
  }
  return builder.take();
}

} // namespace tpo
