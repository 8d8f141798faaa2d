//===- Mesh.cpp - Device meshes -------------------------------------------===//

#include "dialects/Tp/Mesh.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace tpo::tp {

Mesh Mesh::get(MeshOp op) {
  SmallVector<MeshAxis> axes;
  for (MeshAxisAttr attr : op.getAxes().getAxes()) {
    MeshAxis axis;
    axis.name = attr.getName().getValue().str();
    axis.size = attr.getSize();
    if (attr.getBandwidth())
      axis.bandwidth = attr.getBandwidth().getValueAsDouble();
    if (attr.getLatency())
      axis.latency = attr.getLatency().getValueAsDouble();
    axes.push_back(axis);
  }
  return Mesh(op.getSymName(), axes);
}

FailureOr<Mesh> Mesh::lookup(Operation *from, FlatSymbolRefAttr symbol) {
  auto op = SymbolTable::lookupNearestSymbolFrom<MeshOp>(from, symbol);
  if (!op)
    return from->emitOpError() << "names " << symbol << ", which is no tp.mesh";
  return get(op);
}

std::optional<unsigned> Mesh::findAxis(StringRef axisName) const {
  for (auto [index, axis] : llvm::enumerate(axes))
    if (axis.name == axisName)
      return index;
  return std::nullopt;
}

int64_t Mesh::getNumDevices() const {
  int64_t count = 1;
  for (const MeshAxis &axis : axes)
    count *= axis.size;
  return count;
}

MeshAttr Mesh::toAttr(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<MeshAxisAttr> attrs;
  for (const MeshAxis &axis : axes) {
    FloatAttr bandwidth, latency;
    if (axis.bandwidth != MeshAxis::kDefaultBandwidth)
      bandwidth = builder.getF64FloatAttr(axis.bandwidth);
    if (axis.latency != MeshAxis::kDefaultLatency)
      latency = builder.getF64FloatAttr(axis.latency);
    attrs.push_back(MeshAxisAttr::get(context, builder.getStringAttr(axis.name),
                                      axis.size, bandwidth, latency));
  }
  return MeshAttr::get(context, attrs);
}

FlatSymbolRefAttr Mesh::getSymbol(MLIRContext *context) const {
  return FlatSymbolRefAttr::get(context, name);
}

SmallVector<int64_t> Mesh::getCoordinates(int64_t rank) const {
  SmallVector<int64_t> coordinates(axes.size());
  for (size_t i = axes.size(); i-- > 0;) {
    coordinates[i] = rank % axes[i].size;
    rank /= axes[i].size;
  }
  return coordinates;
}

int64_t Mesh::getRank(ArrayRef<int64_t> coordinates) const {
  int64_t rank = 0;
  for (auto [axis, coordinate] : llvm::zip_equal(axes, coordinates))
    rank = rank * axis.size + coordinate;
  return rank;
}

std::string getCoordinateSymbol(StringRef axis) { return "%" + axis.str(); }

RankCoordinates lookupRankCoordinates(Operation *op, const Mesh &mesh) {
  RankCoordinates coordinates;
  for (const MeshAxis &axis : mesh.getAxes())
    coordinates.push_back(
        axis.size == 1 ? getAffineConstantExpr(0, op->getContext())
                       : lookupSymbol(op, getCoordinateSymbol(axis.name)));
  return coordinates;
}

RankCoordinates addRankCoordinates(ModuleOp module, const Mesh &mesh) {
  for (const MeshAxis &axis : mesh.getAxes())
    if (axis.size > 1)
      getOrAddSymbol(module, getCoordinateSymbol(axis.name));
  return lookupRankCoordinates(module, mesh);
}

} // namespace tpo::tp
