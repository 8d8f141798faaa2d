//===- ShardExport.h - tp in terms of the shard dialect ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_EXPORT_SHARDEXPORT_H
#define TPOPT_LIB_EXPORT_SHARDEXPORT_H

#include "dialects/Tp/Reshard.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Shard/IR/ShardOps.h"

namespace tpo {

/// The indices of whole mesh axes; an error where only a part of one is meant.
mlir::FailureOr<llvm::SmallVector<mlir::shard::GridAxis>> getGridAxes(llvm::ArrayRef<tp::AxisRef> axes,
                                                                      const tp::Mesh &mesh, tp::ErrorFn emitError);

/// Writes a shard.shard behind every tensor of a function with layouts and in
/// front of every use.
mlir::LogicalResult annotateShardings(mlir::func::FuncOp func, const tp::Mesh &mesh);

/// Replaces the collectives of a partitioned function by those of shard.
mlir::LogicalResult exportCollectives(mlir::func::FuncOp func, const tp::Mesh &mesh);

} // namespace tpo

#endif // TPOPT_LIB_EXPORT_SHARDEXPORT_H
