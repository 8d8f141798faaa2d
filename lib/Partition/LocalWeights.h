//===- LocalWeights.h - A rank's views of weights ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef LIB_PARTITION_LOCALWEIGHTS_H
#define LIB_PARTITION_LOCALWEIGHTS_H

#include "dialects/Tp/Layout.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace tpo {

/// Makes the pieces of weights: a weight is a view of a file, and a piece of it
/// another view with an offset that depends on the rank. One view per layout.
class LocalWeights {
public:
  LocalWeights(const tp::Mesh &mesh, const tp::RankCoordinates &coordinates)
      : mesh(mesh), coordinates(coordinates) {}

  /// The rank's piece of `global`, which may be a weight or a rearrangement of
  /// weights; built behind the weight at `builder`. Null where it is neither,
  /// or `layout` is partial, or an offset is not known.
  mlir::Value getPiece(mlir::OpBuilder &builder, mlir::Value global,
                       const tp::Layout &layout);

private:
  mlir::Value buildView(mlir::OpBuilder &builder, tp::WeightOp weight,
                        const tp::Layout &layout);

  const tp::Mesh &mesh;
  const tp::RankCoordinates &coordinates;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Attribute>, mlir::Value> views;
};

} // namespace tpo

#endif // LIB_PARTITION_LOCALWEIGHTS_H
