//===- RaiseExperts.cpp - Products with one expert's weights per row ------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

#include "dialects/Onnx/GraphBuilder.h"

namespace tpo {
#define GEN_PASS_DEF_RAISEEXPERTSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// A matrix of `table` [E, a, b] for each of M rows.
struct GatheredExperts {
  Value table, experts; ///< `experts` has M elements, of any shape.
  bool isCanonical;     ///< Gather on a vector.
};

/// Gather along axis 0, or GatherND on one dimension, of a weight of rank 3; its
/// result is [M, a, b].
std::optional<GatheredExperts> matchGatheredExperts(Value value) {
  Operation *op = value.getDefiningOp();
  if (getRank(value) != 3 || !isa_and_nonnull<onnx::GatherOp, onnx::GatherNDOp>(op) || getRank(op->getOperand(0)) != 3)
    return std::nullopt;
  Value indices = op->getOperand(1);
  if (auto gather = dyn_cast<onnx::GatherOp>(op)) {
    if (gather.getAxis() != 0 && gather.getAxis() != -3)
      return std::nullopt;
    return GatheredExperts{gather.getData(), indices, gather.getAxis() == 0};
  }
  if (cast<onnx::GatherNDOp>(op).getBatchDims() != 0 || getStaticDim(indices, -1) != 1)
    return std::nullopt;
  return GatheredExperts{op->getOperand(0), indices, false};
}

/// MatMul of gathered matrices with one row, or one column, each.
struct RaiseExpertMatMul : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op, PatternRewriter &rewriter) const override {
    Value lhs = op.getA(), rhs = op.getB();
    if (getRank(op.getY()) != 3 || getRank(lhs) != 3 || getRank(rhs) != 3 || !allKnown(getDims(lhs)) ||
        !allKnown(getDims(rhs)))
      return failure();
    // [M, N, K] x [M, K, 1], or [M, 1, K] x [M, K, N].
    std::optional<GatheredExperts> gathered = matchGatheredExperts(lhs);
    bool isColumn = gathered && getStaticDim(rhs, 2) == 1;
    if (!isColumn)
      gathered = matchGatheredExperts(rhs);
    if (!gathered || (!isColumn && getStaticDim(lhs, 1) != 1) || (isColumn && gathered->isCanonical))
      return failure();
    Value vectors = isColumn ? rhs : lhs;
    AffineExpr rows = getDims(vectors)[0], inner = getDims(vectors)[isColumn ? 1 : 2];
    if (!tp::provablyEqual(rows, getDims(isColumn ? lhs : rhs)[0]))
      return failure();
    onnx::GraphBuilder g(rewriter, op.getLoc());
    Value column = g.reshape(vectors, {rows, inner, g.size(1)});
    Value table = isColumn ? gathered->table : g.transpose(gathered->table, {0, 2, 1});
    Value y = g.matmul(g.gather(table, g.reshape(gathered->experts, {rows}), 0), column);
    if (isColumn)
      replaceByNew(rewriter, op, y);
    else
      replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), y, getDims(op.getY())));
    return success();
  }
};

/// The MatMul of the canonical form behind `value`, [M, N, 1] or, reshaped,
/// [M, N].
onnx::MatMulOp matchExpertMatMul(Value value) {
  if (auto reshape = value.getDefiningOp<onnx::ReshapeOp>()) {
    Value product = reshape.getData();
    if (getRank(value) != 2 || getRank(product) != 3 || getStaticDim(product, 2) != 1 ||
        !sameDims(getDims(value), ArrayRef<AffineExpr>(getDims(product)).take_front(2)))
      return nullptr;
    value = product;
  }
  auto matmul = value.getDefiningOp<onnx::MatMulOp>();
  if (!matmul || getStaticDim(matmul.getB(), -1) != 1)
    return nullptr;
  std::optional<GatheredExperts> gathered = matchGatheredExperts(matmul.getA());
  return gathered && gathered->isCanonical ? matmul : nullptr;
}

/// A constant range of the rows N is a product with a range of the weights.
struct UnfuseExperts : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op, PatternRewriter &rewriter) const override {
    std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
    if (!slice || slice->axis != 1 || slice->step != 1)
      return failure();
    onnx::MatMulOp matmul = matchExpertMatMul(slice->source);
    if (!matmul)
      return failure();
    std::optional<GatheredExperts> gathered = matchGatheredExperts(matmul.getA());
    onnx::GraphBuilder g(rewriter, matmul.getLoc());
    Value table = g.slice(gathered->table, 1, slice->start, slice->size);
    Value y = g.matmul(g.gather(table, gathered->experts, 0), matmul.getB());
    replaceByNew(rewriter, op, g.reshape(y, getDims(op.getOutput())));
    return success();
  }
};

struct RaiseExperts : tpo::impl::RaiseExpertsPassBase<RaiseExperts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseExpertMatMul, UnfuseExperts>(&getContext());
    populateReshapePatterns(patterns);
    populateWeightViewPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
