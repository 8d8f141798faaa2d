//===- Layout.h - The layout algebra ----------------------------*- C++ -*-===//
//
// `#tp.layout` is syntax; `Layout` is its meaning on a known mesh: axes are
// indices, and every axis reference has an explicit pre-size and size. The laws
// (pieces tile the tensor, canonical forms are unique) are tested in
// test/unit/LayoutTest.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_LAYOUT_H
#define DIALECTS_TP_LAYOUT_H

#include "dialects/Tp/Mesh.h"

namespace tpo::tp {

/// Where an error goes. A null function drops it: planners try layouts that may
/// not exist.
using ErrorFn = llvm::function_ref<mlir::InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Axis references
//===----------------------------------------------------------------------===//

/// The part of a mesh axis of `size` devices after a pre-size: with the axis
/// seen as `preSize x size x rest`, its middle.
struct AxisRef {
  unsigned axis = 0;
  int64_t preSize = 1;
  int64_t size = 1;

  static AxisRef whole(const Mesh &mesh, unsigned axis) {
    return {axis, 1, mesh.getAxes()[axis].size};
  }
  bool operator==(const AxisRef &other) const {
    return std::tie(axis, preSize, size) ==
           std::tie(other.axis, other.preSize, other.size);
  }
  bool operator!=(const AxisRef &other) const { return !(*this == other); }
  bool operator<(const AxisRef &other) const {
    return std::tie(axis, preSize, size) <
           std::tie(other.axis, other.preSize, other.size);
  }
  /// Whether the parts are not independent: neither lies within what the other
  /// leaves of the axis. (1)2 and (3)4 of 12 share no device count, but not all
  /// pairs of their indices occur equally often.
  bool overlaps(const AxisRef &other) const {
    return axis == other.axis && other.preSize % (preSize * size) != 0 &&
           preSize % (other.preSize * other.size) != 0;
  }
  bool contains(const AxisRef &other) const {
    return axis == other.axis && other.preSize % preSize == 0 &&
           (preSize * size) % (other.preSize * other.size) == 0 &&
           other.preSize >= preSize &&
           other.preSize * other.size <= preSize * size;
  }
};
using AxisRefs = llvm::SmallVector<AxisRef, 1>;

/// Drops parts of size 1 and merges parts that continue each other.
void normalise(AxisRefs &axes);
/// `normalise` for a set: the order carries no meaning and becomes mesh order.
void normaliseSet(AxisRefs &axes);
/// The number of devices along `axes`.
int64_t getNumShards(llvm::ArrayRef<AxisRef> axes);
bool overlap(llvm::ArrayRef<AxisRef> lhs, llvm::ArrayRef<AxisRef> rhs);
/// Whether every part of every axis in `axes` is in the normalised `set`.
bool containsAll(llvm::ArrayRef<AxisRef> set, llvm::ArrayRef<AxisRef> axes);
/// Removes `suffix` from the minor end of `axes`; false where it is not there.
bool removeSuffix(AxisRefs &axes, llvm::ArrayRef<AxisRef> suffix);
/// Removes `axes` from a set; false where some of them are not in it.
bool removeFromSet(AxisRefs &set, llvm::ArrayRef<AxisRef> axes);
/// Splits `axes` after the first `count` devices: `head` has `count` devices,
/// `tail` the rest. False where no axis can be cut there.
bool splitAxes(llvm::ArrayRef<AxisRef> axes, int64_t count, AxisRefs &head,
               AxisRefs &tail);

/// The index of a device along `axes`, major to minor, from its coordinates.
int64_t getIndex(llvm::ArrayRef<AxisRef> axes, const Mesh &mesh,
                 llvm::ArrayRef<int64_t> coordinates);
/// The same in symbols; null where a coordinate has none.
mlir::AffineExpr getIndex(llvm::ArrayRef<AxisRef> axes, const Mesh &mesh,
                          const RankCoordinates &coordinates,
                          mlir::MLIRContext *context);

/// The ranks that differ only along `axes`, for every position along the rest
/// of the mesh; each group is ordered by its index along `axes`.
llvm::SmallVector<llvm::SmallVector<int64_t>>
getGroups(llvm::ArrayRef<AxisRef> axes, const Mesh &mesh);

/// `axes` as text: `"tp", "ep":(1)2`.
std::string toString(llvm::ArrayRef<AxisRef> axes, const Mesh &mesh);
AxesAttr toAttr(llvm::ArrayRef<AxisRef> axes, const Mesh &mesh,
                mlir::MLIRContext *context);
mlir::FailureOr<AxisRefs> resolveAxes(llvm::ArrayRef<AxisRefAttr> axes,
                                      const Mesh &mesh, ErrorFn emitError);

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

/// How one dimension is split: over `axes`, major to minor, in `units` equal
/// pieces (null: a piece is one element).
struct DimSplit {
  AxisRefs axes;
  mlir::AffineExpr units;

  bool isSplit() const { return !axes.empty(); }
  bool operator==(const DimSplit &other) const {
    return axes == other.axes && units == other.units;
  }
  bool operator!=(const DimSplit &other) const { return !(*this == other); }
};

/// A distribution of a tensor. Equal canonical layouts put the same elements on
/// the same devices; different ones do not, for tensors with more elements than
/// devices in every dimension.
struct Layout {
  llvm::SmallVector<DimSplit, 0> dims;
  /// Axes along which every device holds one term of a reduction.
  AxisRefs partial;
  ReductionKind partialKind = ReductionKind::Sum;

  static Layout replicated(unsigned rank) {
    Layout layout;
    layout.dims.resize(rank);
    return layout;
  }
  unsigned getRank() const { return dims.size(); }
  bool isPartial() const { return !partial.empty(); }
  bool isReplicated() const;
  bool operator==(const Layout &other) const {
    return dims == other.dims && partial == other.partial &&
           (partial.empty() || partialKind == other.partialKind);
  }
  bool operator!=(const Layout &other) const { return !(*this == other); }
};

/// The canonical form of a split of a dimension of `size` (null: unknown).
void canonicalise(DimSplit &split, mlir::AffineExpr size);
/// The canonical form of a layout of a tensor with sizes `dims`.
void canonicalise(Layout &layout, llvm::ArrayRef<mlir::AffineExpr> dims);

/// Checks that a layout fits the mesh and a tensor with sizes `dims`: rank,
/// no axis in two roles, units that divide the dimension.
mlir::LogicalResult verifyLayout(const Layout &layout, const Mesh &mesh,
                                 llvm::ArrayRef<mlir::AffineExpr> dims,
                                 ErrorFn emitError);

/// Attribute to meaning and back. `resolveLayout` checks the axes only.
mlir::FailureOr<Layout> resolveLayout(LayoutAttr attr, const Mesh &mesh,
                                      ErrorFn emitError);
LayoutAttr toAttr(const Layout &layout, const Mesh &mesh,
                  mlir::MLIRContext *context);
/// The layout as `#tp.layout` prints it, without the mesh: `[{"tp"}, {}]`.
std::string toString(const Layout &layout, const Mesh &mesh);

/// The axes that no dimension and no partial reduction uses.
AxisRefs getReplicatedAxes(const Layout &layout, const Mesh &mesh);

//===----------------------------------------------------------------------===//
// Local shapes
//===----------------------------------------------------------------------===//

/// Elements `[offset, offset + size)` of a dimension.
struct LocalRange {
  int64_t offset = 0, size = 0;
  bool operator==(const LocalRange &other) const {
    return offset == other.offset && size == other.size;
  }
};
/// The same in symbols; null where unknown.
struct SymbolicRange {
  mlir::AffineExpr offset, size;
};

/// What device `index` of `count` holds of a dimension of `size` elements in
/// `units` pieces: pieces `[floor(i * u / n), floor((i + 1) * u / n))`.
LocalRange getLocalRange(int64_t size, int64_t units, int64_t count,
                         int64_t index);
SymbolicRange getLocalRange(mlir::AffineExpr size, mlir::AffineExpr units,
                            int64_t count, mlir::AffineExpr index,
                            mlir::MLIRContext *context);

/// What `rank` holds of a tensor of static sizes `shape`; `symbols` are the
/// values that symbolic units need.
llvm::SmallVector<LocalRange>
getLocalRanges(const Layout &layout, const Mesh &mesh,
               llvm::ArrayRef<int64_t> shape, int64_t rank,
               llvm::ArrayRef<int64_t> symbols = {});
llvm::SmallVector<SymbolicRange>
getLocalRanges(const Layout &layout, const Mesh &mesh,
               llvm::ArrayRef<mlir::AffineExpr> dims,
               const RankCoordinates &coordinates, mlir::MLIRContext *context);

/// The number of elements of the largest piece.
int64_t getMaxLocalElements(const Layout &layout, llvm::ArrayRef<int64_t> shape,
                            llvm::ArrayRef<int64_t> symbols = {});

/// The type of a rank's piece.
mlir::RankedTensorType getLocalType(mlir::RankedTensorType globalType,
                                    const Layout &layout, const Mesh &mesh,
                                    const RankCoordinates &coordinates);

/// Whether every device's piece has the same sizes.
bool hasUniformPieces(const Layout &layout,
                      llvm::ArrayRef<mlir::AffineExpr> dims);

//===----------------------------------------------------------------------===//
// Layouts of values
//===----------------------------------------------------------------------===//

/// The layout that the IR records for a value: the producer's `tp.layouts`, a
/// tp operation's own attribute, or the function argument's `tp.layout`. Null
/// where there is none.
LayoutAttr getLayoutAttr(mlir::Value value);
/// Records it in the place `getLayoutAttr` reads; results of the same operation
/// without a layout become replicated. Values of tp operations that state
/// their layout keep it.
void setLayoutAttr(mlir::Value value, LayoutAttr layout);

/// Resolves and checks a layout attribute for a tensor type, including that it
/// is canonical, at the mesh it names around `from`.
mlir::LogicalResult verifyLayoutAttr(LayoutAttr attr, mlir::Type type,
                                     mlir::Operation *from, ErrorFn emitError);

} // namespace tpo::tp

#endif // DIALECTS_TP_LAYOUT_H
