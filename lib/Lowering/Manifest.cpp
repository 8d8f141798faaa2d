//===- Manifest.cpp - What the manifest says about a program --------------===//

#include "Manifest.h"

#include "HostBuilder.h"
#include "HostFunctions.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Layout.h"
#include "dialects/Tp/Tp.h"
#include "tprt/abi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace tpo;
namespace json = llvm::json;

static json::Value toJson(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return json::Array{"s", symbol.getPosition()};
  auto binary = cast<AffineBinaryOpExpr>(expr);
  const char *op = expr.getKind() == AffineExprKind::Add        ? "+"
                   : expr.getKind() == AffineExprKind::Mul      ? "*"
                   : expr.getKind() == AffineExprKind::FloorDiv ? "floordiv"
                   : expr.getKind() == AffineExprKind::CeilDiv  ? "ceildiv"
                                                                : "mod";
  return json::Array{op, toJson(binary.getLHS()), toJson(binary.getRHS())};
}

static json::Array toJson(ArrayRef<int64_t> values) {
  json::Array array;
  for (int64_t value : values)
    array.push_back(value);
  return array;
}

namespace {

class ManifestBuilder {
public:
  explicit ManifestBuilder(ModuleOp module) : module(module) {}
  FailureOr<json::Object> build();

private:
  void findMesh();
  FailureOr<json::Object> describeTensor(func::FuncOp host, BlockArgument argument);
  json::Array describeLayout(tp::LayoutAttr layout, int64_t rank);
  LogicalResult describeTensors(func::FuncOp host);
  LogicalResult describeWeights();
  FailureOr<json::Object> describeWeight(rt::WeightAttr weight);
  FailureOr<json::Array> evaluate(ArrayRef<AffineExpr> exprs, int64_t rank, StringRef name);
  void describeProgram();

  ModuleOp module;
  json::Object manifest;
  tp::Mesh mesh;
  SmallVector<StringRef> symbols;
};

} // namespace

void ManifestBuilder::findMesh() {
  json::Array axes;
  for (auto op : module.getOps<tp::MeshOp>())
    mesh = tp::Mesh::get(op);
  for (const tp::MeshAxis &axis : mesh.getAxes())
    axes.push_back(json::Object{{"name", axis.name}, {"size", axis.size}});
  manifest["mesh"] = json::Object{{"axes", std::move(axes)}};
  manifest["ranks"] = mesh.getNumDevices();
}

json::Array ManifestBuilder::describeLayout(tp::LayoutAttr layout, int64_t rank) {
  json::Array dims;
  for (int64_t i = 0; i < rank; ++i) {
    json::Array split;
    if (layout) {
      tp::DimLayoutAttr dim = layout.getDims()[i];
      for (tp::AxisRefAttr axis : dim.getAxes()) {
        int64_t size = axis.isWhole() ? mesh.getAxes()[*mesh.findAxis(axis.getName())].size : axis.getSize();
        split.push_back(
            json::Object{{"axis", axis.getName().getValue().str()}, {"pre", axis.getPreSize()}, {"size", size}});
      }
      if (!dim.getAxes().empty() && dim.getUnits())
        split.push_back(json::Object{{"units", toJson(dim.getUnits())}});
    }
    dims.push_back(std::move(split));
  }
  return dims;
}

FailureOr<json::Object> ManifestBuilder::describeTensor(func::FuncOp host, BlockArgument argument) {
  unsigned index = argument.getArgNumber();
  auto type =
      cast<RankedTensorType>(host.getArgAttrOfType<TypeAttr>(index, tp::TpDialect::kGlobalTypeAttr).getValue());
  auto name = host.getArgAttrOfType<StringAttr>(index, "onnx.name");
  auto output = host.getArgAttrOfType<IntegerAttr>(index, rt::RtDialect::kOutputAttr);
  std::string fallback = output ? "output" + std::to_string(output.getInt()) : "input" + std::to_string(index);
  std::string tensorName = name ? name.getValue().str() : fallback;
  json::Array dims;
  for (AffineExpr dim : tp::getDims(type)) {
    if (!dim)
      return emitError(argument.getLoc()) << "the sizes of '" << tensorName << "' are not known";
    dims.push_back(toJson(dim));
  }
  int32_t dtype = getRuntimeDtype(type.getElementType());
  if (!dtype)
    return emitError(argument.getLoc()) << "'" << tensorName << "' has the element type " << type.getElementType()
                                        << ", which the runtime does not have";
  auto layout = host.getArgAttrOfType<tp::LayoutAttr>(index, tp::TpDialect::kLayoutAttr);
  json::Object tensor{{"name", tensorName},
                      {"dtype", dtype},
                      {"dims", std::move(dims)},
                      {"layout", describeLayout(layout, type.getRank())},
                      {"strided", bool(host.getArgAttr(index, rt::RtDialect::kStridedAttr))}};
  // Elements that are sizes, or must equal some.
  json::Array elements;
  if (auto attr = host.getArgAttrOfType<tp::DimsAttr>(index, "onnx.elements"))
    for (auto [i, element] : llvm::enumerate(attr.getExprs()))
      if (element)
        elements.push_back(json::Array{static_cast<int64_t>(i), toJson(element)});
  if (!elements.empty())
    tensor["elements"] = std::move(elements);
  return tensor;
}

LogicalResult ManifestBuilder::describeTensors(func::FuncOp host) {
  json::Array inputs, outputs;
  for (BlockArgument argument : host.getArguments()) {
    FailureOr<json::Object> tensor = describeTensor(host, argument);
    if (failed(tensor))
      return failure();
    bool isOutput = bool(host.getArgAttr(argument.getArgNumber(), rt::RtDialect::kOutputAttr));
    (isOutput ? outputs : inputs).push_back(std::move(*tensor));
  }
  manifest["inputs"] = std::move(inputs);
  manifest["outputs"] = std::move(outputs);
  return success();
}

/// Expressions in rank coordinates, for one rank.
FailureOr<json::Array> ManifestBuilder::evaluate(ArrayRef<AffineExpr> exprs, int64_t rank, StringRef name) {
  SmallVector<int64_t> coordinates = mesh.getCoordinates(rank);
  SmallVector<int64_t> values;
  SmallVector<bool> isCoordinate;
  for (StringRef symbol : symbols) {
    std::optional<unsigned> axis;
    if (symbol.consume_front("%"))
      axis = mesh.findAxis(symbol);
    isCoordinate.push_back(axis.has_value());
    values.push_back(axis ? coordinates[*axis] : 0);
  }
  json::Array result;
  for (AffineExpr expr : exprs) {
    bool isKnown = true;
    expr.walk([&](AffineExpr inner) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(inner))
        isKnown &= symbol.getPosition() < isCoordinate.size() && isCoordinate[symbol.getPosition()];
    });
    std::optional<int64_t> value = isKnown ? tp::evaluate(expr, values) : std::nullopt;
    if (!value)
      return module.emitError() << "weight '" << name << "' depends on a size that is not known before it is loaded";
    result.push_back(*value);
  }
  return result;
}

FailureOr<json::Object> ManifestBuilder::describeWeight(rt::WeightAttr weight) {
  StringRef name = weight.getName().getValue();
  json::Array shapes, parts;
  for (int64_t rank = 0, ranks = mesh.getNumDevices(); rank < ranks; ++rank) {
    FailureOr<json::Array> shape = evaluate(weight.getSizes().getExprs(), rank, name);
    if (failed(shape))
      return failure();
    shapes.push_back(std::move(*shape));
  }
  for (rt::WeightPartAttr part : weight.getParts()) {
    json::Array pieces;
    for (int64_t rank = 0, ranks = mesh.getNumDevices(); rank < ranks; ++rank) {
      FailureOr<json::Array> offset = evaluate(part.getView().getOffset(), rank, name);
      FailureOr<json::Array> start = evaluate(part.getStart().getExprs(), rank, name);
      FailureOr<json::Array> sizes = evaluate(part.getSizes().getExprs(), rank, name);
      if (failed(offset) || failed(start) || failed(sizes))
        return failure();
      pieces.push_back(json::Object{{"offset", (*offset)[0]},
                                    {"start", std::move(*start)},
                                    {"sizes", std::move(*sizes)},
                                    {"strides", toJson(part.getView().getStrides())}});
    }
    parts.push_back(json::Object{{"file", part.getFile()},
                                 {"stored", getRuntimeDtype(part.getView().getElem())},
                                 {"ranks", std::move(pieces)}});
  }
  return json::Object{{"name", name.str()},
                      {"dtype", getRuntimeDtype(weight.getElem())},
                      {"shapes", std::move(shapes)},
                      {"parts", std::move(parts)}};
}

LogicalResult ManifestBuilder::describeWeights() {
  json::Array weights;
  if (auto table = module->getAttrOfType<ArrayAttr>(rt::RtDialect::kWeightsAttr))
    for (auto weight : table.getAsRange<rt::WeightAttr>()) {
      FailureOr<json::Object> description = describeWeight(weight);
      if (failed(description))
        return failure();
      weights.push_back(std::move(*description));
    }
  manifest["weights"] = std::move(weights);
  return success();
}

void ManifestBuilder::describeProgram() {
  auto forEach = [&](StringRef name, llvm::function_ref<void(Attribute)> visit) {
    if (auto array = module->getAttrOfType<ArrayAttr>(name))
      llvm::for_each(array, visit);
  };
  json::Array states, groups, lifetimes, ops, kernels, symbolNames;
  forEach(rt::RtDialect::kStatesAttr, [&](Attribute attr) {
    ArrayRef<int64_t> state = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    states.push_back(json::Object{{"input", state[0]}, {"output", state[1]}, {"axis", state[2]}});
  });
  forEach(rt::RtDialect::kGroupsAttr, [&](Attribute attr) {
    json::Array lists;
    for (Attribute list : cast<ArrayAttr>(attr))
      lists.push_back(toJson(cast<DenseI64ArrayAttr>(list).asArrayRef()));
    groups.push_back(std::move(lists));
  });
  forEach(rt::RtDialect::kSlotsAttr,
          [&](Attribute attr) { lifetimes.push_back(toJson(cast<DenseI64ArrayAttr>(attr).asArrayRef())); });
  forEach(rt::RtDialect::kOpsAttr, [&](Attribute attr) {
    auto entry = cast<DictionaryAttr>(attr);
    auto layer = entry.getAs<IntegerAttr>("layer");
    ops.push_back(json::Object{{"name", entry.getAs<StringAttr>("name").getValue().str()},
                               {"type", entry.getAs<StringAttr>("type").getValue().str()},
                               {"layer", layer ? json::Value(layer.getInt()) : json::Value(nullptr)}});
  });
  for (auto func : module.getOps<func::FuncOp>())
    if (func->hasAttr(rt::RtDialect::kKernelAttr))
      kernels.push_back(json::Object{{"name", func.getName().str()}});
  for (StringRef symbol : symbols)
    symbolNames.push_back(symbol.str());
  manifest["symbols"] = std::move(symbolNames);
  // What import assumed about sizes and could not prove.
  json::Array required;
  if (auto exprs = module->getAttrOfType<tp::DimsAttr>("tp.requires"))
    for (AffineExpr expr : exprs.getExprs())
      required.push_back(toJson(expr));
  manifest["requires"] = std::move(required);
  manifest["states"] = std::move(states);
  manifest["groups"] = std::move(groups);
  int64_t numSlots = lifetimes.size();
  manifest["arena"] = json::Object{{"slots", numSlots}, {"lifetimes", std::move(lifetimes)}};
  manifest["ops"] = std::move(ops);
  manifest["kernels"] = std::move(kernels);
}

FailureOr<json::Object> ManifestBuilder::build() {
  symbols = tp::getSymbolNames(module);
  findMesh();
  // Variants have the same inputs and outputs.
  FailureOr<func::FuncOp> main = findMainFunction(module);
  if (failed(main) || failed(describeTensors(*main)) || failed(describeWeights()))
    return failure();
  describeProgram();
  return std::move(manifest);
}

FailureOr<json::Object> tpo::buildProgramManifest(ModuleOp module) { return ManifestBuilder(module).build(); }
