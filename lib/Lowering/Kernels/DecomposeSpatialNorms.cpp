//===- DecomposeSpatialNorms.cpp - Image norms as reductions and maps -----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Normalisations of tensors [N, C, spatial...] and global pooling become the
// reductions and element-wise operators that kernels are made of.
//
//===----------------------------------------------------------------------===//

#include "RowBuilder.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

using Dims = SmallVector<AffineExpr>;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
SmallVector<int64_t> axesFrom(int64_t first, int64_t rank) { return llvm::to_vector(llvm::seq(first, rank)); }

/// Whether the operator works on floats and all its sizes are known; an error
/// at it otherwise.
LogicalResult checkOperand(Operation *op, int64_t minRank) {
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!type || type.getRank() < minRank || !isa<FloatType>(type.getElementType()))
    return op->emitError() << getOpName(op) << ": needs a floating-point operand of rank " << minRank
                           << " or more, got " << op->getOperand(0).getType();
  if (llvm::is_contained(tp::getDims(type), AffineExpr()))
    return op->emitError() << getOpName(op) << ": a size of " << type << " is not known";
  return success();
}

/// (x - mean) / sqrt(variance + epsilon), statistics over `axes`.
Value normalize(RowBuilder &row, Value x, ArrayRef<int64_t> axes, double epsilon) {
  x = row.binary<onnx::SubOp>(x, row.reduce<onnx::ReduceMeanOp>(x, axes));
  Value square = row.binary<onnx::MulOp>(x, x);
  Value mean = row.reduce<onnx::ReduceMeanOp>(square, axes);
  Value variance = row.binary<onnx::AddOp>(mean, row.constant(typeOf(x).getElementType(), epsilon));
  Value inverse = row.unary<onnx::ReciprocalOp>(row.unary<onnx::SqrtOp>(variance));
  return row.binary<onnx::MulOp>(x, inverse);
}

/// A pattern for operators whose name is enough to match.
template <void (*rewrite)(Operation *op, RowBuilder &row, PatternRewriter &rewriter), int64_t minRank>
struct Decompose : RewritePattern {
  Decompose(MLIRContext *context, StringRef name) : RewritePattern(name, 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (failed(checkOperand(op, minRank)))
      return failure();
    RowBuilder row(rewriter, op->getLoc());
    rewrite(op, row, rewriter);
    return success();
  }
};

void instanceNorm(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  int64_t rank = typeOf(op->getOperand(0)).getRank();
  Type narrow = typeOf(op->getOperand(0)).getElementType(), wide = statisticsType(narrow);
  Value x = normalize(row, row.convert(op->getOperand(0), wide), axesFrom(2, rank), getFloat(op, "epsilon", 1e-5));
  x = row.binary<onnx::MulOp>(x, row.alongChannels(row.convert(op->getOperand(1), wide), rank));
  x = row.binary<onnx::AddOp>(x, row.alongChannels(row.convert(op->getOperand(2), wide), rank));
  rewriter.replaceOp(op, row.convert(x, narrow));
}

/// Scale and bias are per channel, or (before opset 21) per group.
void groupNorm(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  RankedTensorType type = typeOf(op->getOperand(0));
  int64_t groups = getInt(op, "num_groups", 1);
  MLIRContext *context = op->getContext();
  Type narrow = type.getElementType(), wide = statisticsType(narrow);
  Dims dims = tp::getDims(type);
  Dims grouped{dims[0], getAffineConstantExpr(groups, context)};
  // Ranks may hold different numbers of groups: partitioning says their size.
  AffineExpr groupSize = tp::simplify(dims[1].floorDiv(groups));
  if (int64_t given = getInt(op, "tp.group_channels", 0)) {
    groupSize = getAffineConstantExpr(given, context);
    grouped[1] = tp::simplify(dims[1].floorDiv(given));
  }
  grouped.push_back(tp::simplify(groupSize * tp::product(ArrayRef(dims).drop_front(2), context)));
  Value x = row.reshape(row.convert(op->getOperand(0), wide), grouped);
  x = normalize(row, x, {2}, getFloat(op, "epsilon", 1e-5));
  Value scale = row.convert(op->getOperand(1), wide), bias = row.convert(op->getOperand(2), wide);
  bool perGroup = !tp::provablyEqual(tp::getDims(typeOf(scale))[0], dims[1]);
  if (!perGroup)
    x = row.reshape(x, dims);
  x = row.binary<onnx::MulOp>(x, row.alongChannels(scale, typeOf(x).getRank()));
  x = row.binary<onnx::AddOp>(x, row.alongChannels(bias, typeOf(x).getRank()));
  if (perGroup)
    x = row.reshape(x, dims);
  rewriter.replaceOp(op, row.convert(x, narrow));
}

/// (x - mean) / (sqrt(E[x^2] - E[x]^2) + 1e-9)
void meanVarianceNorm(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  RankedTensorType type = typeOf(op->getOperand(0));
  SmallVector<int64_t> axes = getInts(op, "axes").value_or(SmallVector<int64_t>{0, 2, 3});
  for (int64_t &axis : axes)
    axis = normalizeAxis(axis, type.getRank());
  Type narrow = type.getElementType(), wide = statisticsType(narrow);
  Value x = row.convert(op->getOperand(0), wide);
  x = row.binary<onnx::SubOp>(x, row.reduce<onnx::ReduceMeanOp>(x, axes));
  Value variance = row.reduce<onnx::ReduceMeanOp>(row.binary<onnx::MulOp>(x, x), axes);
  Value deviation = row.binary<onnx::AddOp>(row.unary<onnx::SqrtOp>(variance), row.constant(wide, 1e-9));
  x = row.binary<onnx::MulOp>(x, row.unary<onnx::ReciprocalOp>(deviation));
  rewriter.replaceOp(op, row.convert(x, narrow));
}

/// x * factor + offset, both computed per channel first.
void batchNorm(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  RankedTensorType type = typeOf(op->getOperand(0));
  int64_t rank = type.getRank();
  Type narrow = type.getElementType(), wide = statisticsType(narrow);
  auto operand = [&](unsigned i) { return row.convert(op->getOperand(i), wide); };
  Value variance = row.binary<onnx::AddOp>(operand(4), row.constant(wide, getFloat(op, "epsilon", 1e-5)));
  Value inverse = row.unary<onnx::ReciprocalOp>(row.unary<onnx::SqrtOp>(variance));
  Value factor = row.binary<onnx::MulOp>(inverse, operand(1));
  // (x - mean) * factor + bias: subtracting first keeps what cancels exact.
  Value x = operand(0);
  auto channels = [&](Value vector) { return rank > 1 ? row.alongChannels(vector, rank) : vector; };
  x = row.binary<onnx::SubOp>(x, channels(operand(3)));
  x = row.binary<onnx::MulOp>(x, channels(factor));
  x = row.binary<onnx::AddOp>(x, channels(operand(2)));
  Value result = row.convert(x, narrow);
  rewriter.replaceAllUsesWith(op->getResult(0), result);
  rewriter.eraseOp(op);
}

/// x / |x|_p, and 0 where the norm is.
void lpNorm(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  RankedTensorType type = typeOf(op->getOperand(0));
  int64_t axis = normalizeAxis(getInt(op, "axis", -1), type.getRank());
  Type narrow = type.getElementType(), wide = statisticsType(narrow);
  Value x = row.convert(op->getOperand(0), wide);
  Value norm =
      getInt(op, "p", 2) == 1 ? row.reduce<onnx::ReduceL1Op>(x, {axis}) : row.reduce<onnx::ReduceL2Op>(x, {axis});
  // Zeros stay zeros.
  Value isZero = onnx::EqualOp::create(rewriter, op->getLoc(), typeOf(norm).clone(rewriter.getI1Type()),
                                       ValueRange{norm, row.constant(wide, 0)});
  Value safe =
      onnx::WhereOp::create(rewriter, op->getLoc(), norm.getType(), ValueRange{isZero, row.constant(wide, 1), norm});
  rewriter.replaceOp(op, row.convert(row.binary<onnx::DivOp>(x, safe), narrow));
}

template <typename ReduceOp> void globalPool(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  RankedTensorType type = typeOf(op->getOperand(0));
  Value result = row.reduce<ReduceOp>(op->getOperand(0), axesFrom(2, type.getRank()));
  rewriter.replaceOp(op, result);
}

/// (sum |x|^p)^(1/p)
void globalLpPool(Operation *op, RowBuilder &row, PatternRewriter &rewriter) {
  int64_t p = getInt(op, "p", 2);
  if (p == 1)
    return globalPool<onnx::ReduceL1Op>(op, row, rewriter);
  if (p == 2)
    return globalPool<onnx::ReduceL2Op>(op, row, rewriter);
  RankedTensorType type = typeOf(op->getOperand(0));
  Type narrow = type.getElementType(), wide = statisticsType(narrow);
  Value x = row.unary<onnx::AbsOp>(row.convert(op->getOperand(0), wide));
  x = row.binary<onnx::PowOp>(x, row.constant(wide, double(p)));
  x = row.reduce<onnx::ReduceSumOp>(x, axesFrom(2, type.getRank()));
  x = row.binary<onnx::PowOp>(x, row.constant(wide, 1.0 / double(p)));
  rewriter.replaceOp(op, row.convert(x, narrow));
}

} // namespace

void populateSpatialNormPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<Decompose<instanceNorm, 3>>(context, "onnx.InstanceNormalization");
  patterns.add<Decompose<groupNorm, 3>>(context, "onnx.GroupNormalization");
  patterns.add<Decompose<meanVarianceNorm, 1>>(context, "onnx.MeanVarianceNormalization");
  patterns.add<Decompose<batchNorm, 1>>(context, "onnx.BatchNormalization");
  patterns.add<Decompose<lpNorm, 1>>(context, "onnx.LpNormalization");
  patterns.add<Decompose<globalPool<onnx::ReduceMeanOp>, 3>>(context, "onnx.GlobalAveragePool");
  patterns.add<Decompose<globalPool<onnx::ReduceMaxOp>, 3>>(context, "onnx.GlobalMaxPool");
  patterns.add<Decompose<globalLpPool, 3>>(context, "onnx.GlobalLpPool");
}

} // namespace tpo::kernels
