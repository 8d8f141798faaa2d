//===- ReshardSearch.h - The cheapest way between two layouts ---*- C++ -*-===//

#ifndef DIALECTS_TP_RESHARDSEARCH_H
#define DIALECTS_TP_RESHARDSEARCH_H

#include "dialects/Tp/Reshard.h"

namespace tpo::tp {

/// The least that `steps` take to move a tensor with sizes `dims` (of 32-bit
/// elements, symbolic sizes counting `kSymbolicSize`), in microseconds. A
/// collective counts one message more than it has, for its start.
double getSearchCost(llvm::ArrayRef<ReshardStep> steps, const Mesh &mesh, llvm::ArrayRef<mlir::AffineExpr> dims);
constexpr int64_t kSymbolicSize = 16;

/// Looks for cheaper steps between the same layouts than `known`, with A* over
/// all layouts that the parts of the axes `atoms` make. Returns `known` where
/// there are none, or where there are too many layouts.
ReshardSteps findCheapestReshard(const Mesh &mesh, llvm::ArrayRef<mlir::AffineExpr> dims, llvm::ArrayRef<AxisRef> atoms,
                                 const Layout &from, const Layout &to, ReshardSteps known);

/// Appends what tells layouts apart.
void appendKey(const Layout &layout, std::vector<const void *> &key);

/// The atoms whose coordinates differ between some rank and the rank that it
/// gets its piece from: those along which a permute communicates.
AxisRefs getPermutedAxes(const Layout &from, const Layout &to, const Mesh &mesh, llvm::ArrayRef<AxisRef> atoms);

} // namespace tpo::tp

#endif // DIALECTS_TP_RESHARDSEARCH_H
