//===- StageCosts.h - What parts of a chain of layers cost ------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pipeline cuts the chain of layers. What is outside of the layers belongs to a
// place in the chain: to the last layer that it depends on, or to the first that
// reads it. What depends on neither a layer nor a weight (masks, positions) is
// computed by every stage.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_PLANNING_STAGECOSTS_H
#define TP_OPT_LIB_PLANNING_STAGECOSTS_H

#include "tp-opt/Planning/Planner.h"

namespace tpo {

/// Where in the chain every operation is.
class LayerChain {
public:
  explicit LayerChain(mlir::func::FuncOp function);

  static constexpr int64_t kEverywhere = -1;
  int64_t getPlace(mlir::Operation *op) const { return places.lookup(op); }
  /// At least 1; only one where layers do not form a chain.
  int64_t getNumPlaces() const { return numPlaces; }

private:
  bool assign(mlir::func::FuncOp function);

  llvm::DenseMap<mlir::Operation *, int64_t> places;
  int64_t numPlaces = 1;
};

/// One place of the chain under a plan; entries per operating point.
struct PlaceCost {
  PlanCost plan;
  double cacheBytes = 0;
  double peakBytes = 0;                       ///< Activations, at the worst point.
  llvm::SmallVector<double, 2> boundaryBytes; ///< That the places behind need of this one and those before.
};

struct ChainCost {
  std::vector<PlaceCost> places;
  PlanCost everywhere;
  bool hasCache = false;

  double getTime(int64_t place, unsigned point) const { return places[place].plan.times[point].total(); }
};

ChainCost getChainCost(mlir::func::FuncOp function, const LayerChain &chain, const Planner &planner, const Plan &plan,
                       unsigned numPoints);

} // namespace tpo

#endif // TP_OPT_LIB_PLANNING_STAGECOSTS_H
