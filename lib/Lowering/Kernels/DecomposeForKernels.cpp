//===- DecomposeForKernels.cpp - Row operators as reductions and maps -----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Normalisations and softmax become the reductions over a row and the
// element-wise operators around them, which is what kernels are made of.
// Statistics of narrow floats are kept in f32.
//
//===----------------------------------------------------------------------===//

#include "RowBuilder.h"

#include "tp-opt/Lowering/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_TPDECOMPOSEFORKERNELSPASS
#include "tp-opt/Lowering/Passes.h.inc"

namespace {

using namespace kernels;

/// (x - mean) / sqrt(variance + epsilon) * scale + bias, or without the mean.
struct DecomposeNorm : RewritePattern {
  DecomposeNorm(MLIRContext *context, StringRef name, bool centred)
      : RewritePattern(name, 1, context), centred(centred) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (!type)
      return failure();
    int64_t rank = type.getRank(), axis = normalizeAxis(getInt(op, "axis", -1), rank);
    RowBuilder row(rewriter, op->getLoc());
    Type narrow = type.getElementType(), wide = statisticsType(narrow);
    Value x = row.convert(op->getOperand(0), wide);
    Value centre;
    if (centred) {
      centre = row.reduce<onnx::ReduceMeanOp>(x, axis, rank);
      x = row.binary<onnx::SubOp>(x, centre);
    }
    Value square = row.binary<onnx::MulOp>(x, x);
    Value mean = row.reduce<onnx::ReduceMeanOp>(square, axis, rank);
    Value variance = row.binary<onnx::AddOp>(mean, row.constant(wide, getFloat(op, "epsilon", 1e-5)));
    Value inverse = row.unary<onnx::ReciprocalOp>(row.unary<onnx::SqrtOp>(variance));
    Value result = row.binary<onnx::MulOp>(x, inverse);
    // The scale, which may have another type, is applied after rounding to the
    // tensor's own.
    result = row.convert(row.convert(result, narrow), getElementTypeOrSelf(op->getResult(0).getType()));
    result = row.binary<onnx::MulOp>(result, op->getOperand(1));
    if (hasOperand(op, 2))
      result = row.binary<onnx::AddOp>(result, op->getOperand(2));
    // The statistics: the mean, if there is one, and the inverse deviation.
    SmallVector<Value> statistics{inverse};
    if (centred)
      statistics.insert(statistics.begin(), centre);
    for (auto [statistic, asked] : llvm::zip(statistics, op->getResults().drop_front()))
      if (auto askedType = dyn_cast<RankedTensorType>(asked.getType()); askedType && !asked.use_empty())
        rewriter.replaceAllUsesWith(asked, row.convert(statistic, askedType.getElementType()));
    rewriter.replaceAllUsesWith(op->getResult(0), result);
    rewriter.eraseOp(op);
    return success();
  }
  bool centred;
};

/// exp(x - max) / sum(exp(x - max)), or x - max - log(sum(...)).
struct DecomposeSoftmax : RewritePattern {
  DecomposeSoftmax(MLIRContext *context, StringRef name, bool logarithm)
      : RewritePattern(name, 1, context), logarithm(logarithm) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (!type)
      return failure();
    int64_t axis = normalizeAxis(getInt(op, "axis", -1), type.getRank());
    RowBuilder row(rewriter, op->getLoc());
    Type narrow = type.getElementType(), wide = statisticsType(narrow);
    Value x = row.convert(op->getOperand(0), wide);
    Value shifted = row.binary<onnx::SubOp>(x, row.reduce<onnx::ReduceMaxOp>(x, axis, axis + 1));
    Value exponential = row.unary<onnx::ExpOp>(shifted);
    Value sum = row.reduce<onnx::ReduceSumOp>(exponential, axis, axis + 1);
    Value result = logarithm ? row.binary<onnx::SubOp>(shifted, row.unary<onnx::LogOp>(sum))
                             : row.binary<onnx::DivOp>(exponential, sum);
    rewriter.replaceOp(op, row.convert(result, narrow));
    return success();
  }
  bool logarithm;
};

/// A long CumSum or CumProd in blocks: what is before an element's block, and
/// what is before it in the block. A kernel folds each element's prefix by
/// itself, which is quadratic in the axis; this is not.
template <typename ScanOp, typename ReduceOp, typename JoinOp> struct DecomposeScan : OpRewritePattern<ScanOp> {
  using OpRewritePattern<ScanOp>::OpRewritePattern;
  static constexpr int64_t kBlock = 64, kLong = 512;

  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    std::optional<SmallVector<int64_t>> given = getConstantInts(op->getOperand(1));
    if (!type || !given || given->size() != 1)
      return failure();
    int64_t axis = normalizeAxis(given->front(), type.getRank()), size = type.getDimSize(axis);
    if (ShapedType::isDynamic(size) || size <= kLong)
      return failure();
    Location loc = op->getLoc();
    RowBuilder row(rewriter, loc);
    Type narrow = type.getElementType(), wide = isa<FloatType>(narrow) ? statisticsType(narrow) : narrow;
    auto ints = [&](ArrayRef<int64_t> values) -> Value {
      return onnx::ConstantOp::create(rewriter, loc, rewriter.getI64TensorAttr(values));
    };
    int64_t blocks = llvm::divideCeil(size, kBlock), padding = blocks * kBlock - size;
    SmallVector<AffineExpr> flat = tp::getDims(type), split;
    flat[axis] = rewriter.getAffineConstantExpr(blocks * kBlock);
    split = flat;
    split[axis] = rewriter.getAffineConstantExpr(blocks);
    split.insert(split.begin() + axis + 1, rewriter.getAffineConstantExpr(kBlock));
    SmallVector<AffineExpr> sums = split;
    sums[axis + 1] = rewriter.getAffineConstantExpr(1);

    Value x = row.convert(op->getOperand(0), wide), at = ints({axis});
    if (padding)
      x = onnx::PadOp::create(rewriter, loc, TypeRange{tp::makeTensorType(flat, wide)},
                              ValueRange{x, ints({0, padding}), neutral(rewriter, loc, wide), at})
              ->getResult(0);
    x = onnx::ReshapeOp::create(rewriter, loc, TypeRange{tp::makeTensorType(split, wide)}, ValueRange{x, at})
            ->getResult(0);
    Value sum =
        ReduceOp::create(rewriter, loc, TypeRange{tp::makeTensorType(sums, wide)}, ValueRange{x, ints({axis + 1})})
            ->getResult(0);
    int64_t exclusive = getInt(op, "exclusive", 0), reverse = getInt(op, "reverse", 0);
    Value before = scan(rewriter, loc, sum, at, /*exclusive=*/1, reverse);
    Value inside = scan(rewriter, loc, x, ints({axis + 1}), exclusive, reverse);
    Value all = row.binary<JoinOp>(inside, before);
    all = onnx::ReshapeOp::create(rewriter, loc, TypeRange{tp::makeTensorType(flat, wide)}, ValueRange{all, at})
              ->getResult(0);
    if (padding)
      all = onnx::SliceOp::create(rewriter, loc, TypeRange{type.clone(wide)},
                                  ValueRange{all, ints({0}), ints({size}), at, ints({1})})
                ->getResult(0);
    rewriter.replaceOp(op, row.convert(all, narrow));
    return success();
  }

private:
  /// What joining changes nothing.
  static Value neutral(OpBuilder &b, Location loc, Type type) {
    double value = std::is_same_v<JoinOp, onnx::MulOp> ? 1 : 0;
    auto scalar = RankedTensorType::get({}, type);
    if (isa<FloatType>(type))
      return onnx::ConstantOp::create(b, loc, DenseElementsAttr::get(scalar, b.getFloatAttr(type, value)));
    return onnx::ConstantOp::create(b, loc, DenseElementsAttr::get(scalar, b.getIntegerAttr(type, int64_t(value))));
  }
  static Value scan(OpBuilder &b, Location loc, Value x, Value axis, int64_t exclusive, int64_t reverse) {
    Type si64 = b.getIntegerType(64, /*isSigned=*/true);
    NamedAttribute attributes[] = {b.getNamedAttr("exclusive", IntegerAttr::get(si64, exclusive)),
                                   b.getNamedAttr("reverse", IntegerAttr::get(si64, reverse))};
    return ScanOp::create(b, loc, TypeRange{x.getType()}, ValueRange{x, axis}, ArrayRef<NamedAttribute>(attributes))
        ->getResult(0);
  }
};

/// 1 at the first of the largest elements, 0 elsewhere.
struct DecomposeHardmax : RewritePattern {
  DecomposeHardmax(MLIRContext *context) : RewritePattern("onnx.Hardmax", 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (!type || type.getRank() == 0)
      return failure();
    Location loc = op->getLoc();
    int64_t axis = normalizeAxis(getInt(op, "axis", -1), type.getRank());
    SmallVector<AffineExpr> dims = tp::getDims(type), kept = dims, line(dims.size(), rewriter.getAffineConstantExpr(1));
    kept[axis] = rewriter.getAffineConstantExpr(1);
    line[axis] = dims[axis];
    Type i64 = rewriter.getI64Type();
    Type si64 = rewriter.getIntegerType(64, /*isSigned=*/true);
    NamedAttribute attributes[] = {rewriter.getNamedAttr("axis", IntegerAttr::get(si64, axis)),
                                   rewriter.getNamedAttr("keepdims", IntegerAttr::get(si64, 1))};
    Value highest = onnx::ArgMaxOp::create(rewriter, loc, TypeRange{tp::makeTensorType(kept, i64)},
                                           ValueRange{op->getOperand(0)}, ArrayRef<NamedAttribute>(attributes))
                        ->getResult(0);
    auto scalar = [&](Type elementType, int64_t value) -> Value {
      auto scalarType = RankedTensorType::get({}, elementType);
      if (isa<FloatType>(elementType))
        return onnx::ConstantOp::create(
            rewriter, loc, DenseElementsAttr::get(scalarType, rewriter.getFloatAttr(elementType, double(value))));
      return onnx::ConstantOp::create(rewriter, loc,
                                      DenseElementsAttr::get(scalarType, rewriter.getIntegerAttr(elementType, value)));
    };
    Value zero = scalar(i64, 0), one = scalar(i64, 1);
    // The limit is the size: kernels take it from the result's type.
    Value positions = onnx::RangeOp::create(rewriter, loc, TypeRange{tp::makeTensorType({dims[axis]}, i64)},
                                            ValueRange{zero, zero, one})
                          ->getResult(0);
    positions =
        onnx::ReshapeOp::create(rewriter, loc, TypeRange{tp::makeTensorType(line, i64)}, ValueRange{positions, zero})
            ->getResult(0);
    Value isHighest =
        onnx::EqualOp::create(rewriter, loc, type.clone(rewriter.getI1Type()), ValueRange{positions, highest})
            ->getResult(0);
    Type element = type.getElementType();
    rewriter.replaceOp(
        op, onnx::WhereOp::create(rewriter, loc, type, ValueRange{isHighest, scalar(element, 1), scalar(element, 0)}));
    return success();
  }
};

struct DecomposeForKernelsPass : impl::TpDecomposeForKernelsPassBase<DecomposeForKernelsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeNorm>(&getContext(), "onnx.LayerNormalization", true);
    patterns.add<DecomposeNorm>(&getContext(), "onnx.RMSNormalization", false);
    patterns.add<DecomposeNorm>(&getContext(), "onnx.ms.SimplifiedLayerNormalization", false);
    patterns.add<DecomposeSoftmax>(&getContext(), "onnx.Softmax", false);
    patterns.add<DecomposeSoftmax>(&getContext(), "onnx.LogSoftmax", true);
    populateSpatialNormPatterns(patterns);
    patterns.add<DecomposeHardmax>(&getContext());
    patterns.add<DecomposeScan<onnx::CumSumOp, onnx::ReduceSumOp, onnx::AddOp>>(&getContext());
    patterns.add<DecomposeScan<onnx::CumProdOp, onnx::ReduceProdOp, onnx::MulOp>>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace tpo
