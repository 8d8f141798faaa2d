//===- LocalShape.cpp - What one device holds -----------------------------===//

#include "dialects/Tp/Layout.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpo::tp {

LocalRange getLocalRange(int64_t size, int64_t units, int64_t count,
                         int64_t index) {
  if (units == 0)
    return {0, 0};
  int64_t piece = size / units;
  // floor(i * units / count) without the product, which may be too large.
  auto boundary = [&](int64_t i) {
    return i * (units / count) + i * (units % count) / count;
  };
  int64_t begin = boundary(index), end = boundary(index + 1);
  return {begin * piece, (end - begin) * piece};
}

SymbolicRange getLocalRange(AffineExpr size, AffineExpr units, int64_t count,
                            AffineExpr index, MLIRContext *context) {
  if (count == 1)
    return {getAffineConstantExpr(0, context), size};
  if (!size)
    return {};
  if (!units)
    units = size;
  AffineExpr piece = divideExactly(size, units);
  if (!piece)
    piece = size.floorDiv(units);
  // Evenly dealt, the size does not depend on the device.
  if (AffineExpr share =
          divideExactly(units, getAffineConstantExpr(count, context)))
    return {index ? simplify(index * share * piece) : AffineExpr(),
            simplify(share * piece)};
  if (!index)
    return {};
  AffineExpr begin = (index * units).floorDiv(count);
  AffineExpr end = ((index + 1) * units).floorDiv(count);
  return {simplify(begin * piece), simplify((end - begin) * piece)};
}

SmallVector<LocalRange> getLocalRanges(const Layout &layout, const Mesh &mesh,
                                       ArrayRef<int64_t> shape, int64_t rank,
                                       ArrayRef<int64_t> symbols) {
  SmallVector<int64_t> coordinates = mesh.getCoordinates(rank);
  SmallVector<LocalRange> ranges;
  for (auto [split, size] : llvm::zip_equal(layout.dims, shape)) {
    int64_t units = size;
    if (split.units)
      units = evaluate(split.units, symbols).value_or(size);
    ranges.push_back(getLocalRange(size, units, getNumShards(split.axes),
                                   getIndex(split.axes, mesh, coordinates)));
  }
  return ranges;
}

SmallVector<SymbolicRange> getLocalRanges(const Layout &layout,
                                          const Mesh &mesh,
                                          ArrayRef<AffineExpr> dims,
                                          const RankCoordinates &coordinates,
                                          MLIRContext *context) {
  SmallVector<SymbolicRange> ranges;
  for (auto [split, size] : llvm::zip_equal(layout.dims, dims))
    ranges.push_back(getLocalRange(
        size, split.units, getNumShards(split.axes),
        getIndex(split.axes, mesh, coordinates, context), context));
  return ranges;
}

/// More than any machine has, and few enough for sums of bytes.
static constexpr int64_t kMostElements = int64_t(1) << 48;

int64_t getMaxLocalElements(const Layout &layout, ArrayRef<int64_t> shape,
                            ArrayRef<int64_t> symbols) {
  int64_t elements = 1;
  for (auto [split, size] : llvm::zip_equal(layout.dims, shape)) {
    int64_t units = size;
    if (split.units)
      units = evaluate(split.units, symbols).value_or(size);
    if (units <= 0 || elements == 0)
      return 0;
    int64_t count = getNumShards(split.axes);
    // Pieces per device are the quotient rounded down or up, and somebody has
    // it rounded up.
    int64_t pieces = units / count + (units % count != 0), local;
    if (llvm::MulOverflow(pieces, size / units, local) ||
        llvm::MulOverflow(elements, local, elements) ||
        elements > kMostElements)
      elements = kMostElements;
  }
  return elements;
}

RankedTensorType getLocalType(RankedTensorType globalType, const Layout &layout,
                              const Mesh &mesh,
                              const RankCoordinates &coordinates) {
  if (llvm::none_of(layout.dims,
                    [](const DimSplit &split) { return split.isSplit(); }))
    return globalType;
  SmallVector<AffineExpr> sizes;
  for (const SymbolicRange &range :
       getLocalRanges(layout, mesh, getDims(globalType), coordinates,
                      globalType.getContext()))
    sizes.push_back(range.size);
  return makeTensorType(sizes, globalType.getElementType());
}

} // namespace tpo::tp
