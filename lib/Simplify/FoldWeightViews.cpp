//===- FoldWeightViews.cpp - Move weights by their strides ----------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"
#include "dialects/Tp/View.h"

namespace tpo {
#define GEN_PASS_DEF_FOLDWEIGHTVIEWSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// Replaces `op` by the weight seen through another view.
void replaceByView(PatternRewriter &rewriter, Operation *op,
                   tp::WeightOp weight, AffineExpr offset,
                   ArrayRef<int64_t> strides) {
  auto view =
      tp::ViewAttr::get(rewriter.getContext(), weight.getView().getElem(),
                        tp::simplify(offset), strides);
  rewriter.replaceOpWithNewOp<tp::WeightOp>(op, op->getResult(0).getType(),
                                            weight.getNameAttr(),
                                            weight.getFileAttr(), view);
}

struct FoldTranspose : OpRewritePattern<onnx::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto weight = op.getData().getDefiningOp<tp::WeightOp>();
    if (!weight)
      return failure();
    ArrayRef<int64_t> strides = weight.getView().getStrides();
    SmallVector<int64_t> permuted;
    for (int64_t axis : getPerm(op))
      permuted.push_back(strides[axis]);
    replaceByView(rewriter, op, weight, weight.getView().getOffset(), permuted);
    return success();
  }
};

struct FoldSlice : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto weight = op.getData().getDefiningOp<tp::WeightOp>();
    std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
    if (!weight || !slice)
      return failure();
    tp::ViewAttr view = weight.getView();
    SmallVector<int64_t> strides(view.getStrides());
    AffineExpr offset =
        view.getOffset() + slice->start * strides[slice->axis] *
                               tp::getOffsetUnits(view.getElem());
    strides[slice->axis] *= slice->step;
    replaceByView(rewriter, op, weight, offset, strides);
    return success();
  }
};

/// The strides of a tensor of `from` sizes and `strides` seen with `to` sizes;
/// none where one stride per dimension does not do. All sizes are positive.
std::optional<SmallVector<int64_t>> reshapeStrides(ArrayRef<int64_t> from,
                                                   ArrayRef<int64_t> strides,
                                                   ArrayRef<int64_t> to) {
  SmallVector<int64_t> result(to.size(), 1);
  size_t source = 0, target = 0;
  while (source < from.size() || target < to.size()) {
    // The smallest group of dimensions of equal product on both sides.
    size_t sourceBegin = source, targetBegin = target;
    int64_t sourceSize = source < from.size() ? from[source++] : 1;
    int64_t targetSize = target < to.size() ? to[target++] : 1;
    while (sourceSize != targetSize) {
      if (sourceSize < targetSize) {
        if (source == from.size())
          return std::nullopt;
        sourceSize *= from[source++];
      } else {
        if (target == to.size())
          return std::nullopt;
        targetSize *= to[target++];
      }
    }
    // Within the group, the source's dimensions must follow one another.
    int64_t inner = 1, elements = 1;
    bool first = true;
    for (size_t i = source; i-- > sourceBegin;) {
      if (from[i] == 1)
        continue;
      if (first)
        inner = strides[i];
      else if (strides[i] != inner * elements)
        return std::nullopt;
      first = false;
      elements *= from[i];
    }
    int64_t stride = inner;
    for (size_t i = target; i-- > targetBegin;) {
      result[i] = stride;
      stride *= to[i];
    }
  }
  return result;
}

struct FoldReshape : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto weight = op.getData().getDefiningOp<tp::WeightOp>();
    if (!weight)
      return failure();
    auto from = dyn_cast<RankedTensorType>(weight.getType());
    auto to = dyn_cast<RankedTensorType>(op.getReshaped().getType());
    if (!from || !to || !from.hasStaticShape() || !to.hasStaticShape() ||
        from.getNumElements() == 0)
      return failure();
    std::optional<SmallVector<int64_t>> strides = reshapeStrides(
        from.getShape(), weight.getView().getStrides(), to.getShape());
    if (!strides)
      return failure();
    replaceByView(rewriter, op, weight, weight.getView().getOffset(), *strides);
    return success();
  }
};

/// Loading converts from the stored to the tensor's type, once.
struct FoldCast : OpRewritePattern<onnx::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::CastOp op,
                                PatternRewriter &rewriter) const override {
    auto weight = op.getInput().getDefiningOp<tp::WeightOp>();
    if (!weight)
      return failure();
    Type from = getElementType(weight), to = getElementType(op.getOutput());
    if (!isa<Float32Type, Float16Type, BFloat16Type>(from) ||
        !isa<Float32Type, Float16Type, BFloat16Type>(to) ||
        weight.getView().getElem() != from)
      return failure();
    replaceByView(rewriter, op, weight, weight.getView().getOffset(),
                  weight.getView().getStrides());
    return success();
  }
};

struct FoldWeightViews : tpo::impl::FoldWeightViewsPassBase<FoldWeightViews> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateWeightViewPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void tpo::simplify::populateWeightViewPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldTranspose, FoldSlice, FoldReshape, FoldCast>(
      patterns.getContext());
}
