//===- MergeMatMuls.cpp - Merge products with several weights -------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fused projections were un-fused into views before planning, because a split
// of the fused dimension is none of its parts. On one rank they are merged
// again, and with them whatever the exporter kept apart.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/View.h"
#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Partition/Passes.h"
#include "tp-opt/Partition/ShapeOperand.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_MERGEMATMULSPASS
#include "tp-opt/Partition/Passes.h.inc"

namespace {

/// The weight matrix on the right of `op`, null where it is something else.
tp::WeightOp weightMatrix(onnx::MatMulOp op) {
  auto weight = op.getB().getDefiningOp<tp::WeightOp>();
  if (!weight || cast<RankedTensorType>(weight.getType()).getRank() != 2)
    return {};
  auto left = dyn_cast<RankedTensorType>(op.getA().getType());
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!left || !result || left.getRank() < 2)
    return {};
  // The number of columns must have a name to be summed up.
  return tp::getDims(cast<ShapedType>(weight.getType())).back()
             ? weight
             : tp::WeightOp();
}

/// Whether the columns of `right` follow those of `left` in the file.
bool areAdjacent(tp::WeightOp left, tp::WeightOp right) {
  tp::ViewAttr a = left.getView(), b = right.getView();
  if (left.getFile() != right.getFile() || a.getElem() != b.getElem() || a.getStrides() != b.getStrides())
    return false;
  AffineExpr columns = tp::getDims(cast<ShapedType>(left.getType())).back();
  return tp::provablyEqual(b.getOffset(),
                           a.getOffset() +
                               columns * (a.getStrides().back() *
                                          tp::getOffsetUnits(a.getElem())));
}

/// The weights side by side: one view where they are that in the file already
/// (a fused projection on one rank), else a concatenation.
Value createPacked(OpBuilder &builder, Location loc,
                   ArrayRef<tp::WeightOp> weights, RankedTensorType type) {
  bool isOneView = true;
  for (size_t i = 1; i < weights.size(); ++i)
    isOneView &= areAdjacent(weights[i - 1], weights[i]);
  if (isOneView) {
    auto whole = cast<tp::WeightOp>(builder.clone(*weights.front()));
    whole.getResult().setType(type);
    return whole.getResult();
  }
  SmallVector<Value> values;
  for (tp::WeightOp weight : weights)
    values.push_back(weight.getResult());
  auto si64 = builder.getIntegerType(64, /*isSigned=*/true);
  auto axis = builder.getNamedAttr("axis", builder.getIntegerAttr(si64, -1));
  return onnx::ConcatOp::create(builder, loc, type, values, axis)->getResult(0);
}

void mergeGroup(ArrayRef<onnx::MatMulOp> group) {
  onnx::MatMulOp first = group.front();
  OpBuilder builder(first);
  SmallVector<tp::WeightOp> weights;
  SmallVector<Location> locs;
  SmallVector<AffineExpr> bounds = {builder.getAffineConstantExpr(0)};
  for (onnx::MatMulOp op : group) {
    tp::WeightOp weight = weightMatrix(op);
    if (!weight->isBeforeInBlock(first))
      weight->moveBefore(first);
    weights.push_back(weight);
    locs.push_back(op.getLoc());
    AffineExpr columns = tp::getDims(cast<ShapedType>(weight.getType())).back();
    bounds.push_back(tp::simplify(bounds.back() + columns));
  }
  Location loc = builder.getFusedLoc(locs);
  auto withColumns = [&](Type type, AffineExpr columns) {
    SmallVector<AffineExpr> dims = tp::getDims(cast<ShapedType>(type));
    dims.back() = columns;
    return tp::makeTensorType(dims, getElementTypeOrSelf(type));
  };
  Value packed =
      createPacked(builder, loc, weights,
                   withColumns(weights.front().getType(), bounds.back()));
  auto merged = onnx::MatMulOp::create(
      builder, loc, withColumns(first->getResult(0).getType(), bounds.back()),
      ValueRange{first.getA(), packed});
  if (std::optional<int64_t> layer = getLayer(first))
    merged->setAttr(kLayerAttr, builder.getI64IntegerAttr(*layer));

  int64_t rank = cast<ShapedType>(first->getResult(0).getType()).getRank();
  Value axes =
      createIntegers(builder, loc, builder.getAffineConstantExpr(rank - 1));
  Value steps = createIntegers(builder, loc, builder.getAffineConstantExpr(1));
  for (size_t i = 0; i < group.size(); ++i) {
    onnx::MatMulOp op = group[i];
    Value start = createIntegers(builder, op.getLoc(), bounds[i]);
    Value end = createIntegers(builder, op.getLoc(), bounds[i + 1]);
    auto slice = onnx::SliceOp::create(
        builder, op.getLoc(), op->getResult(0).getType(),
        ValueRange{merged->getResult(0), start, end, axes, steps});
    if (Attribute layer = op->getAttr(kLayerAttr))
      slice->setAttr(kLayerAttr, layer);
    op->getResult(0).replaceAllUsesWith(slice->getResult(0));
  }
  for (onnx::MatMulOp op : group)
    op->erase();
  llvm::SmallSetVector<Operation *, 4> unique(weights.begin(), weights.end());
  for (Operation *weight : unique)
    if (weight->use_empty())
      weight->erase();
}

struct MergeMatMuls : impl::MergeMatMulsPassBase<MergeMatMuls> {
  void runOnOperation() override {
    getOperation().walk([](Block *block) {
      // Also keyed by element type: weights of one concatenation have one.
      llvm::MapVector<std::pair<Value, Type>, SmallVector<onnx::MatMulOp>>
          groups;
      for (auto op : block->getOps<onnx::MatMulOp>())
        if (tp::WeightOp weight = weightMatrix(op);
            weight && weight->getBlock() == block)
          groups[{op.getA(), getElementTypeOrSelf(weight.getType())}].push_back(
              op);
      for (auto &[key, group] : groups)
        if (group.size() > 1)
          mergeGroup(group);
    });
  }
};

} // namespace
} // namespace tpo
