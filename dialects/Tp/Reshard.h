//===- Reshard.h - From one layout to another -------------------*- C++ -*-===//
//
// Collectives as arrows between layouts, their cost, and the sequence of them
// that brings a tensor from one layout to another.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_RESHARD_H
#define DIALECTS_TP_RESHARD_H

#include "dialects/Tp/Layout.h"

#include <map>
#include <vector>

namespace tpo::tp {

/// One collective, independent of the tensor.
struct Collective {
  CollectiveKind kind = CollectiveKind::AllReduce;
  AxisRefs axes; ///< Along which devices communicate, major to minor.
  ReductionKind reduction = ReductionKind::Sum; ///< AllReduce, ReduceScatter.
  /// Gathered (AllGather, AllToAll), scattered (ReduceScatter) or sliced.
  int64_t dim = 0;
  int64_t splitDim = 0; ///< AllToAll: the dimension that becomes split.
};

/// The layout of a tensor with sizes `dims` after a collective. Where it splits
/// a dimension further, `units` are that dimension's (null: none); pieces must
/// refine the existing ones. For Permute the result is `in`, to be replaced by
/// a layout for which `isPermutation` holds.
///
/// | kind           | needs                      | result                    |
/// |----------------|----------------------------|---------------------------|
/// | all_reduce     | partial over axes          | replicated over axes      |
/// | reduce_scatter | partial over axes          | dim split over axes       |
/// | all_gather     | dim's minor axes are axes  | replicated over axes      |
/// | slice          | replicated over axes       | dim split over axes       |
/// | all_to_all     | dim's minor axes are axes  | splitDim split over axes  |
/// | permute        | the same pieces            | the same pieces           |
/// | broadcast      | replicated over axes       | the same                  |
mlir::FailureOr<Layout> apply(const Collective &collective, const Layout &in,
                              llvm::ArrayRef<mlir::AffineExpr> dims,
                              mlir::AffineExpr units, const Mesh &mesh,
                              ErrorFn emitError);

/// Whether both layouts cut the tensor into the same pieces and differ in which
/// devices hold them only.
bool isPermutation(const Layout &from, const Layout &to, const Mesh &mesh);

/// For every rank the rank whose piece it gets: a bijection.
llvm::SmallVector<int64_t>
getPermuteSources(const Layout &from, const Layout &to, const Mesh &mesh);

/// One step of a reshard.
struct ReshardStep {
  Collective collective;
  Layout in, out;
};
using ReshardSteps = llvm::SmallVector<ReshardStep, 0>;

/// The cheapest steps from one canonical layout to another of a tensor with
/// sizes `dims`, by `getCost` and a latency more for each collective's start;
/// symbolic sizes count 16, elements 32 bits. Empty where the layouts are equal.
/// Fails where `to` is partial along axes that `from` is not. Over meshes of more
/// than four prime parts, what is free or makes tensors smaller goes first:
/// slice, reduce-scatter, all-to-all, then all-reduce, permute and all-gather.
mlir::FailureOr<ReshardSteps> planReshard(const Mesh &mesh,
                                          llvm::ArrayRef<mlir::AffineExpr> dims,
                                          const Layout &from, const Layout &to,
                                          ErrorFn emitError);

/// `planReshard` on one mesh, each question answered once.
class ReshardPlans {
public:
  explicit ReshardPlans(const Mesh &mesh) : mesh(mesh) {}

  /// Null where there are no steps; the error is reported every time.
  const ReshardSteps *get(llvm::ArrayRef<mlir::AffineExpr> dims,
                          const Layout &from, const Layout &to,
                          ErrorFn emitError);

private:
  using Key = std::vector<const void *>;
  const Mesh &mesh;
  std::map<Key, ReshardSteps> known;
};

/// What a collective costs each device.
struct CommunicationCost {
  /// Bytes that the bandwidth-optimal algorithm sends per device.
  int64_t wireBytes = 0;
  double microseconds = 0;

  CommunicationCost &operator+=(const CommunicationCost &other) {
    wireBytes += other.wireBytes;
    microseconds += other.microseconds;
    return *this;
  }
};

/// The cost of a collective whose input and output occupy these bytes on the
/// device that holds most. With n devices, B bytes, bandwidth bw, latency lat,
/// of which a message after the first costs a quarter, lat(m) = lat (3 + m) / 4:
/// - all-reduce: the faster of ring, 2(n-1)/n B/bw + lat(2(n-1)), and one-shot,
///   (n-1) B/bw + lat(1);
/// - all-gather, reduce-scatter and all-to-all: (n-1)/n B/bw + lat(n-1);
/// - permute: B/bw + lat(1); broadcast: B/bw + lat(n-1); slice: nothing.
/// The slowest axis counts. Wire bytes are the ring's.
CommunicationCost getCost(const Collective &collective, const Mesh &mesh,
                          int64_t inputBytes, int64_t outputBytes);

/// The sum over the steps of a reshard of a tensor of static sizes `shape`.
CommunicationCost getCost(llvm::ArrayRef<ReshardStep> steps, const Mesh &mesh,
                          llvm::ArrayRef<int64_t> shape, int64_t elementBits,
                          llvm::ArrayRef<int64_t> symbols = {});

/// Builds the collectives of `steps` on one rank's piece of a tensor of type
/// `globalType` and returns the rank's final piece.
mlir::Value buildReshard(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value local, mlir::RankedTensorType globalType,
                         llvm::ArrayRef<ReshardStep> steps, const Mesh &mesh,
                         const RankCoordinates &coordinates);

/// The collective that an operation performs; emits an error at it where its
/// axes are not those of the mesh.
mlir::FailureOr<Collective> getCollective(CollectiveOpInterface op,
                                          const Mesh &mesh);

} // namespace tpo::tp

#endif // DIALECTS_TP_RESHARD_H
