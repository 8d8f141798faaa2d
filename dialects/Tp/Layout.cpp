//===- Layout.cpp - The layout algebra ------------------------------------===//

#include "dialects/Tp/Layout.h"

using namespace mlir;

namespace tpo::tp {

bool Layout::isReplicated() const {
  return partial.empty() &&
         llvm::none_of(dims, [](const DimSplit &dim) { return dim.isSplit(); });
}

void canonicalise(DimSplit &split, AffineExpr size) {
  normalise(split.axes);
  if (!split.units)
    return;
  split.units = simplify(split.units);
  AffineExpr count =
      getAffineConstantExpr(getNumShards(split.axes), split.units.getContext());
  // Where pieces are dealt evenly, or a piece is one element, the split is the
  // same without units. Otherwise some boundary differs for every size.
  if (split.axes.empty() || divideExactly(split.units, count) ||
      provablyEqual(split.units, size))
    split.units = nullptr;
}

void canonicalise(Layout &layout, ArrayRef<AffineExpr> dims) {
  for (auto [split, size] : llvm::zip_equal(layout.dims, dims))
    canonicalise(split, size);
  normaliseSet(layout.partial);
  if (layout.partial.empty())
    layout.partialKind = ReductionKind::Sum;
}

static LogicalResult verifyUnits(const DimSplit &split, unsigned index,
                                 AffineExpr size, ErrorFn emitError) {
  if (!split.units)
    return success();
  std::optional<int64_t> units = getConst(split.units);
  if (units && *units <= 0) {
    if (emitError)
      emitError() << "dimension " << index << " has " << *units << " units";
    return failure();
  }
  std::optional<int64_t> constantSize = getConst(size);
  if (units && constantSize && *constantSize % *units != 0) {
    if (emitError)
      emitError() << *units << " units do not divide dimension " << index
                  << " of size " << *constantSize;
    return failure();
  }
  return success();
}

LogicalResult verifyLayout(const Layout &layout, const Mesh &mesh,
                           ArrayRef<AffineExpr> dims, ErrorFn emitError) {
  if (layout.getRank() != dims.size()) {
    if (emitError)
      emitError() << "layout has " << layout.getRank()
                  << " dimensions for a tensor of rank " << dims.size();
    return failure();
  }
  AxisRefs used;
  auto use = [&](const AxisRef &ref) -> LogicalResult {
    for (const AxisRef &other : used) {
      if (!other.overlaps(ref))
        continue;
      if (emitError)
        emitError() << "axis " << toString({ref}, mesh)
                    << " has two roles in one layout";
      return failure();
    }
    used.push_back(ref);
    return success();
  };
  for (auto [index, split] : llvm::enumerate(layout.dims)) {
    for (const AxisRef &ref : split.axes)
      if (failed(use(ref)))
        return failure();
    if (failed(verifyUnits(split, index, dims[index], emitError)))
      return failure();
  }
  for (const AxisRef &ref : layout.partial)
    if (failed(use(ref)))
      return failure();
  return success();
}

FailureOr<Layout> resolveLayout(LayoutAttr attr, const Mesh &mesh,
                                ErrorFn emitError) {
  Layout layout;
  for (DimLayoutAttr dim : attr.getDims()) {
    FailureOr<AxisRefs> axes = resolveAxes(dim.getAxes(), mesh, emitError);
    if (failed(axes))
      return failure();
    layout.dims.push_back({*axes, dim.getUnits()});
  }
  FailureOr<AxisRefs> partial =
      resolveAxes(attr.getPartialAxes(), mesh, emitError);
  if (failed(partial))
    return failure();
  layout.partial = *partial;
  layout.partialKind = attr.getPartialKind();
  return layout;
}

LayoutAttr toAttr(const Layout &layout, const Mesh &mesh,
                  MLIRContext *context) {
  SmallVector<DimLayoutAttr> dims;
  for (const DimSplit &split : layout.dims)
    dims.push_back(DimLayoutAttr::get(
        context, toAttr(split.axes, mesh, context).getAxes(), split.units));
  ReductionKind kind =
      layout.partial.empty() ? ReductionKind::Sum : layout.partialKind;
  return LayoutAttr::get(context, mesh.getSymbol(context), dims, kind,
                         toAttr(layout.partial, mesh, context).getAxes());
}

std::string toString(const Layout &layout, const Mesh &mesh) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(layout.dims, os, [&](const DimSplit &split) {
    os << '{' << toString(split.axes, mesh);
    if (split.units)
      os << ", units = " << toString(split.units);
    os << '}';
  });
  os << ']';
  if (layout.isPartial())
    os << ", partial = " << stringifyReductionKind(layout.partialKind) << '{'
       << toString(layout.partial, mesh) << '}';
  return text;
}

AxisRefs getReplicatedAxes(const Layout &layout, const Mesh &mesh) {
  AxisRefs rest;
  for (unsigned axis = 0; axis < mesh.getAxes().size(); ++axis)
    rest.push_back(AxisRef::whole(mesh, axis));
  normaliseSet(rest);
  for (const DimSplit &split : layout.dims)
    removeFromSet(rest, split.axes);
  removeFromSet(rest, layout.partial);
  return rest;
}

bool hasUniformPieces(const Layout &layout, ArrayRef<AffineExpr> dims) {
  for (auto [split, size] : llvm::zip_equal(layout.dims, dims)) {
    if (!split.isSplit())
      continue;
    AffineExpr units = split.units ? split.units : size;
    if (!units ||
        !divideExactly(units, getAffineConstantExpr(getNumShards(split.axes),
                                                    units.getContext())))
      return false;
  }
  return true;
}

} // namespace tpo::tp
