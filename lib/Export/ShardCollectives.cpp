//===- ShardCollectives.cpp - Collectives of the shard dialect ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShardExport.h"

using namespace mlir;

namespace tpo {

namespace {

shard::ReductionKind convert(tp::ReductionKind kind) {
  switch (kind) {
  case tp::ReductionKind::Sum:
    return shard::ReductionKind::Sum;
  case tp::ReductionKind::Max:
    return shard::ReductionKind::Max;
  case tp::ReductionKind::Min:
    return shard::ReductionKind::Min;
  }
  llvm_unreachable("all kinds are listed");
}

/// The index along each of `axes` of the device whose joint index is `index`.
SmallVector<int64_t> unravel(int64_t index, ArrayRef<tp::AxisRef> axes) {
  SmallVector<int64_t> result(axes.size());
  for (unsigned i = axes.size(); i-- > 0;) {
    result[i] = index % axes[i].size;
    index /= axes[i].size;
  }
  return result;
}

/// shard's collectives cut and join equal pieces.
LogicalResult checkUniform(tp::CollectiveOpInterface op, const tp::Mesh &mesh) {
  auto emitError = [&] { return op->emitError(); };
  SmallVector<AffineExpr> dims = tp::getDims(cast<RankedTensorType>(op.getGlobalType()));
  for (tp::LayoutAttr attr : {op.getInLayout(), op.getOutLayout()}) {
    FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, emitError);
    if (failed(layout))
      return failure();
    if (!tp::hasUniformPieces(*layout, dims))
      return op->emitError("moves pieces of different sizes of ")
             << op.getGlobalType() << ", which the shard dialect's collectives cannot";
  }
  return success();
}

FailureOr<Value> build(OpBuilder &builder, tp::CollectiveOpInterface op, const tp::Mesh &mesh) {
  FailureOr<tp::Collective> collective = tp::getCollective(op, mesh);
  if (failed(collective))
    return failure();
  // An all-reduce leaves pieces as they are.
  if (collective->kind != tp::CollectiveKind::AllReduce && failed(checkUniform(op, mesh)))
    return failure();
  FailureOr<SmallVector<shard::GridAxis>> axes =
      getGridAxes(collective->axes, mesh, [&] { return op->emitError() << "on " << op.getGlobalType() << " "; });
  if (failed(axes))
    return failure();
  Location loc = op->getLoc();
  Type type = op.getLocalResult().getType();
  Value input = op.getLocalInput();
  StringRef grid = mesh.getName();
  auto symbol = mesh.getSymbol(op->getContext());
  auto gridAxes = shard::GridAxesAttr::get(op->getContext(), *axes);
  switch (collective->kind) {
  case tp::CollectiveKind::AllReduce:
    return shard::AllReduceOp::create(builder, loc, input, grid, *axes, convert(collective->reduction)).getResult();
  case tp::CollectiveKind::AllGather:
    return shard::AllGatherOp::create(builder, loc, type, symbol, gridAxes, input,
                                      builder.getIndexAttr(collective->dim))
        .getResult();
  case tp::CollectiveKind::ReduceScatter:
    return shard::ReduceScatterOp::create(
               builder, loc, type, symbol, gridAxes, input,
               shard::ReductionKindAttr::get(op->getContext(), convert(collective->reduction)),
               builder.getIndexAttr(collective->dim))
        .getResult();
  case tp::CollectiveKind::AllToAll:
    return shard::AllToAllOp::create(builder, loc, type, symbol, gridAxes, input,
                                     builder.getIndexAttr(collective->splitDim), builder.getIndexAttr(collective->dim))
        .getResult();
  case tp::CollectiveKind::Slice:
    return shard::AllSliceOp::create(builder, loc, type, input, grid, *axes, collective->dim).getResult();
  case tp::CollectiveKind::Broadcast: {
    SmallVector<int64_t> root = unravel(cast<tp::BroadcastOp>(op.getOperation()).getRoot(), collective->axes);
    return shard::BroadcastOp::create(builder, loc, type, symbol, gridAxes, input, builder.getDenseI64ArrayAttr(root),
                                      ValueRange())
        .getResult();
  }
  case tp::CollectiveKind::Permute:
    break;
  }
  return op->emitError("moves whole pieces of ")
         << op.getGlobalType() << " between devices, which the shard dialect cannot express";
}

} // namespace

LogicalResult exportCollectives(func::FuncOp func, const tp::Mesh &mesh) {
  OpBuilder builder(func.getContext());
  // What is started and waited for happens at once.
  for (auto start : llvm::make_early_inc_range(func.getBody().getOps<tp::StartOp>())) {
    Operation &collective = start.getBody().front().front();
    collective.moveBefore(start);
    for (Operation *user : llvm::make_early_inc_range(start->getUsers())) {
      auto wait = dyn_cast<tp::WaitOp>(user);
      if (!wait)
        return user->emitError("keeps a pending collective, which the shard dialect cannot express");
      wait.getResult().replaceAllUsesWith(collective.getResult(0));
      wait.erase();
    }
    start.erase();
  }
  SmallVector<tp::CollectiveOpInterface> collectives;
  WalkResult result = func.walk([&](Operation *op) {
    if (isa<tp::SendOp, tp::RecvOp>(op)) {
      op->emitError("moves a tensor from device to device, which is not exported to the shard dialect");
      return WalkResult::interrupt();
    }
    if (auto collective = dyn_cast<tp::CollectiveOpInterface>(op))
      collectives.push_back(collective);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (tp::CollectiveOpInterface op : collectives) {
    builder.setInsertionPoint(op);
    FailureOr<Value> value = build(builder, op, mesh);
    if (failed(value))
      return failure();
    op.getLocalResult().replaceAllUsesWith(*value);
    op->erase();
  }
  return success();
}

} // namespace tpo
