//===- RaiseNorms.cpp - RMSNormalization and LayerNormalization -----------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

namespace tpo {
#define GEN_PASS_DEF_RAISENORMSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// `value` is the mean of x over its last dimension, which stays as 1.
bool matchMean(Value value, Value &x) {
  auto mean = value.getDefiningOp<onnx::ReduceMeanOp>();
  if (!mean || !mean.getKeepdims())
    return false;
  std::optional<SmallVector<int64_t>> axes = getInts(mean.getAxes());
  x = mean.getData();
  return axes && axes->size() == 1 &&
         normalizeAxis(axes->front(), getRank(x)) == getRank(x) - 1;
}

/// `value` is 1 / sqrt(x).
bool matchReciprocalRoot(Value value, Value &x) {
  if (auto pow = value.getDefiningOp<onnx::PowOp>()) {
    x = pow.getX();
    return isScalar(pow.getY(), -0.5);
  }
  if (auto sqrt = value.getDefiningOp<onnx::SqrtOp>()) {
    auto reciprocal = sqrt.getX().getDefiningOp<onnx::ReciprocalOp>();
    if (!reciprocal)
      return false;
    x = reciprocal.getX();
    return true;
  }
  onnx::SqrtOp root;
  if (auto reciprocal = value.getDefiningOp<onnx::ReciprocalOp>())
    root = reciprocal.getX().getDefiningOp<onnx::SqrtOp>();
  else if (auto div = value.getDefiningOp<onnx::DivOp>())
    if (isScalar(div.getA(), 1))
      root = div.getB().getDefiningOp<onnx::SqrtOp>();
  if (!root)
    return false;
  x = root.getX();
  return true;
}

/// `value` is x / sqrt(y).
bool matchOverRoot(Value value, Value &x, Value &y) {
  if (auto div = value.getDefiningOp<onnx::DivOp>()) {
    auto root = div.getB().getDefiningOp<onnx::SqrtOp>();
    if (!root)
      return false;
    x = div.getA();
    y = root.getX();
    return true;
  }
  return matchCommutative<onnx::MulOp>(value, [&](Value lhs, Value rhs) {
    x = lhs;
    return matchReciprocalRoot(rhs, y);
  });
}

/// `value` is x / sqrt(mean(x ** 2) + epsilon).
bool matchRootMeanSquare(Value value, Value &x, double &epsilon) {
  Value y, mean, square, squared;
  return matchOverRoot(value, x, y) && matchOffset(y, mean, epsilon) &&
         matchMean(mean, square) && matchSquare(square, squared) &&
         squared == x;
}

/// Whether `scale` has one element for each of x's last dimension.
bool isRowOf(Value scale, Value x) {
  return getRank(scale) == 1 && getRank(x) >= 1 &&
         sameDims(getDims(scale), ArrayRef(getDims(x)).take_back(1));
}

/// `value` is f(normalized) * scale with a scale per column.
template <typename Match>
bool matchRowScaled(Value value, Value &scale, Match matchNormalized) {
  return matchCommutative<onnx::MulOp>(value, [&](Value lhs, Value rhs) {
    scale = rhs;
    return isRowOf(rhs, value) && matchNormalized(lhs);
  });
}

struct RaiseRMSNorm : OpRewritePattern<onnx::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MulOp op,
                                PatternRewriter &rewriter) const override {
    Value scale, x;
    double epsilon = 0;
    bool matched = matchRowScaled(op.getC(), scale, [&](Value normalized) {
      return matchRootMeanSquare(skipFloatCasts(normalized), x, epsilon);
    });
    if (!matched)
      return failure();
    // The mean is taken in 32 bits (stash_type 1), so a widening of x before
    // it is part of the operator.
    if (getElementType(x).isF32())
      x = skipFloatCasts(x);
    if (!sameDims(getDims(x), getDims(op.getC())))
      return failure();
    rewriter.replaceOp(op, makeLike<onnx::RMSNormalizationOp>(
                               rewriter, op.getLoc(), op.getC(), {x, scale},
                               {intAttr(rewriter, "axis", -1),
                                floatAttr(rewriter, "epsilon", epsilon)}));
    return success();
  }
};

/// `value` is x - mean(x).
bool matchCentered(Value value, Value &x) {
  auto sub = value.getDefiningOp<onnx::SubOp>();
  if (!sub)
    return false;
  x = sub.getA();
  Value averaged;
  return matchMean(sub.getB(), averaged) && averaged == x;
}

/// (x - mean) / sqrt(mean((x - mean) ** 2) + epsilon) * scale; the bias is
/// taken in by AddBiasToLayerNorm.
struct RaiseLayerNorm : OpRewritePattern<onnx::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MulOp op,
                                PatternRewriter &rewriter) const override {
    Value scale, centered, x;
    double epsilon = 0;
    bool matched = matchRowScaled(op.getC(), scale, [&](Value normalized) {
      return matchRootMeanSquare(skipFloatCasts(normalized), centered,
                                 epsilon) &&
             matchCentered(centered, x);
    });
    if (!matched)
      return failure();
    if (getElementType(x).isF32())
      x = skipFloatCasts(x);
    // LayerNormalization has one type for x, scale and result.
    if (x.getType() != op.getC().getType())
      return failure();
    Value y = onnx::LayerNormalizationOp::create(
                  rewriter, op.getLoc(), TypeRange{op.getC().getType()},
                  ValueRange{x, scale},
                  {intAttr(rewriter, "axis", -1),
                   floatAttr(rewriter, "epsilon", epsilon)})
                  .getY();
    rewriter.replaceOp(op, y);
    return success();
  }
};

/// Whether a reader of `value`, through float casts, multiplies it by a
/// scale per column: the raise with a scale takes it.
bool hasRowScale(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (isa<onnx::CastOp>(user))
      return hasRowScale(user->getResult(0));
    if (!isa<onnx::MulOp>(user))
      return false;
    return isRowOf(user->getOperand(0), value) ||
           isRowOf(user->getOperand(1), value);
  });
}

/// x / sqrt(mean(x ** 2) + epsilon) that no scale per column follows: a norm
/// whose scale is one. Centered x makes it LayerNormalization.
template <typename OpT> struct RaiseUnscaledNorm : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Value result = op->getResult(0), x, centered;
    double epsilon = 0;
    std::optional<int64_t> columns = getStaticDim(result, -1);
    if (!columns || !matchRootMeanSquare(result, x, epsilon) ||
        x.getType() != result.getType() || hasRowScale(result))
      return failure();
    auto type = RankedTensorType::get({*columns}, getElementType(result));
    Value one = makeScalar(rewriter, op.getLoc(), 1, getElementType(result));
    Value scale = onnx::ConstantOp::create(
        rewriter, op.getLoc(),
        cast<DenseElementsAttr>(
            one.getDefiningOp<onnx::ConstantOp>().getValue())
            .resizeSplat(type));
    SmallVector<NamedAttribute> attributes = {
        intAttr(rewriter, "axis", -1), floatAttr(rewriter, "epsilon", epsilon)};
    if (matchCentered(x, centered) && centered.getType() == result.getType()) {
      rewriter.replaceOp(op,
                         onnx::LayerNormalizationOp::create(
                             rewriter, op.getLoc(), TypeRange{result.getType()},
                             ValueRange{centered, scale}, attributes)
                             .getY());
      return success();
    }
    rewriter.replaceOp(
        op, makeLike<onnx::RMSNormalizationOp>(rewriter, op.getLoc(), result,
                                               {x, scale}, attributes));
    return success();
  }
};

struct AddBiasToLayerNorm : OpRewritePattern<onnx::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AddOp op,
                                PatternRewriter &rewriter) const override {
    onnx::LayerNormalizationOp norm;
    Value bias;
    bool matched =
        matchCommutative<onnx::AddOp>(op.getC(), [&](Value lhs, Value rhs) {
          norm = lhs.getDefiningOp<onnx::LayerNormalizationOp>();
          bias = rhs;
          return norm && lhs == norm.getY() && lhs.hasOneUse() &&
                 onnx::isNoValue(norm.getB()) && isRowOf(rhs, lhs) &&
                 lhs.getType() == op.getC().getType();
        });
    int64_t rank = getRank(op.getC());
    if (!matched || normalizeAxis(norm.getAxis(), rank) != rank - 1 ||
        !norm.getMean().use_empty() || !norm.getInvStdDev().use_empty())
      return failure();
    auto raised = onnx::LayerNormalizationOp::create(
        rewriter, norm.getLoc(), TypeRange{op.getC().getType()},
        ValueRange{norm.getX(), norm.getScale(), bias}, norm->getAttrs());
    rewriter.replaceOp(op, raised.getY());
    return success();
  }
};

struct LowerSimplifiedNorm
    : OpRewritePattern<onnx::MsSimplifiedLayerNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MsSimplifiedLayerNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    if (!op->getResult(1).use_empty())
      return failure();
    Value y = makeLike<onnx::RMSNormalizationOp>(
        rewriter, op.getLoc(), op->getResult(0),
        {op->getOperand(0), op->getOperand(1)},
        {intAttr(rewriter, "axis", op.getAxis()),
         floatAttr(rewriter, "epsilon", op.getEpsilon().convertToFloat())});
    rewriter.replaceOp(op, {y, op->getResult(1)});
    return success();
  }
};

struct RaiseNorms : tpo::impl::RaiseNormsPassBase<RaiseNorms> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseRMSNorm, RaiseUnscaledNorm<onnx::MulOp>, RaiseUnscaledNorm<onnx::DivOp>, AddBiasToLayerNorm,
                 LowerSimplifiedNorm>(&getContext());
    // LayerNorm is also RMSNorm of the centered input: it comes first.
    patterns.add<RaiseLayerNorm>(&getContext(), /*benefit=*/2);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
