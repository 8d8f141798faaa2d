//===- UnfuseProjections.cpp - One MatMul per range of columns ------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"
#include "WeightRange.h"

namespace tpo {
#define GEN_PASS_DEF_UNFUSEPROJECTIONSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// A product with a weight and the bias added to it, if there is one.
struct Projection {
  onnx::MatMulOp matmul;
  onnx::AddOp add;
  Value bias;

  Value getResult() { return add ? add.getC() : matmul.getY(); }
};

bool isWeightMatMul(onnx::MatMulOp matmul) {
  if (!matmul || getRank(matmul.getB()) != 2)
    return false;
  std::optional<int64_t> columns = getStaticDim(matmul.getB(), 1);
  return columns && WeightRange(0, *columns).existsIn(matmul.getB(), 1);
}

std::optional<Projection> getProjection(onnx::MatMulOp matmul) {
  if (!isWeightMatMul(matmul))
    return std::nullopt;
  Projection projection{matmul, nullptr, nullptr};
  if (!matmul.getY().hasOneUse())
    return projection;
  auto add = dyn_cast<onnx::AddOp>(*matmul.getY().user_begin());
  if (!add || add.getC().getType() != matmul.getY().getType())
    return projection;
  Value bias = add.getA() == matmul.getY() ? add.getB() : add.getA();
  if (getRank(bias) != 1 || !bias.getDefiningOp<tp::WeightOp>() ||
      getStaticDim(bias, 0) != getStaticDim(matmul.getB(), 1))
    return projection;
  projection.add = add;
  projection.bias = bias;
  return projection;
}

struct UnfuseColumns : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Projection> projection = getProjection(op);
    if (!projection || projection->getResult().use_empty())
      return failure();
    SmallVector<std::pair<Operation *, ConstantSlice>> slices;
    int64_t last = getRank(projection->getResult()) - 1;
    for (Operation *user : projection->getResult().getUsers()) {
      std::optional<ConstantSlice> slice;
      if (isa<onnx::SliceOp>(user))
        slice = matchConstantSlice(user->getResult(0));
      if (!slice || slice->axis != last || slice->step != 1 ||
          slice->source != projection->getResult() ||
          !WeightRange(slice->start, slice->size).existsIn(op.getB(), 1))
        return failure();
      slices.emplace_back(user, *slice);
    }
    for (auto [user, slice] : slices) {
      rewriter.setInsertionPoint(user);
      Location loc = op.getLoc();
      Value result = user->getResult(0);
      Value columns = WeightRange(slice.start, slice.size)
                          .take(rewriter, op.getB(), 1);
      Value part =
          makeLike<onnx::MatMulOp>(rewriter, loc, result, {op.getA(), columns});
      if (projection->bias) {
        Value bias = makeSlice(rewriter, loc, projection->bias, 0, slice.start,
                               slice.size);
        part = makeLike<onnx::AddOp>(rewriter, projection->add.getLoc(), part,
                                     {part, bias});
      }
      rewriter.replaceOp(user, part);
    }
    return success();
  }
};

/// Whether `value` is a product, or one with a bias added.
bool isProjected(Value value) { return isa_and_nonnull<onnx::MatMulOp, onnx::AddOp>(value.getDefiningOp()); }

/// A range of a reshaped tensor.
struct SlicedReshape {
  ConstantSlice slice;
  Value source; ///< What is reshaped.
};

std::optional<SlicedReshape> matchSlicedReshape(onnx::SliceOp op) {
  std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
  auto reshape = op.getData().getDefiningOp<onnx::ReshapeOp>();
  if (!slice || slice->step != 1 || !reshape)
    return std::nullopt;
  return SlicedReshape{*slice, reshape.getData()};
}

/// Slice(Reshape(y)) on the major factor of y's last dimension is
/// Reshape(Slice(y)): a contiguous range of columns.
struct SliceOfSplitColumns : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<SlicedReshape> sliced = matchSlicedReshape(op);
    if (!sliced || !isProjected(sliced->source))
      return failure();
    auto &[slice, y] = *sliced;
    Dims columns = getDims(y), split = getDims(op.getData());
    int64_t last = getRank(y) - 1;
    if (last < 0 || !allKnown(columns) || !allKnown(split) || tp::getConst(split[slice.axis]) == 1)
      return failure();
    // The columns are the dimensions from the axis on; the rows before it may
    // come apart, too.
    auto product = [&](ArrayRef<AffineExpr> dims) { return tp::product(dims, getContext()); };
    if (!tp::provablyEqual(product(ArrayRef(columns).take_front(last)),
                           product(ArrayRef(split).take_front(slice.axis))) ||
        !tp::provablyEqual(columns[last], product(ArrayRef(split).drop_front(slice.axis))))
      return failure();
    int64_t inner = 1;
    for (size_t i = slice.axis + 1; i < split.size(); ++i) {
      std::optional<int64_t> size = tp::getConst(split[i]);
      if (!size)
        return failure();
      inner *= *size;
    }
    Dims dims = getDims(op.getOutput());
    if (!allKnown(dims))
      return failure();
    Value range = makeSlice(rewriter, op.getLoc(), y, last,
                            slice.start * inner, slice.size * inner);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), range, dims));
    return success();
  }
};

/// A Reshape that keeps the sliced dimension and rearranges others is done after
/// the Slice, where it is of a product's columns or of what was transposed.
struct SliceOfKeptDim : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The dimension of `from` that a reshape of it to `to` keeps as `axis`.
  std::optional<int64_t> getKept(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to, int64_t axis) const {
    auto product = [&](ArrayRef<AffineExpr> dims) { return tp::product(dims, getContext()); };
    AffineExpr inner = product(to.drop_front(axis + 1));
    // What is in front of it is as much, too, since all of it is.
    for (int64_t kept = 0, rank = from.size(); kept < rank; ++kept)
      if (tp::provablyEqual(from[kept], to[axis]) && tp::provablyEqual(product(from.drop_front(kept + 1)), inner))
        return kept;
    return std::nullopt;
  }

  LogicalResult matchAndRewrite(onnx::SliceOp op, PatternRewriter &rewriter) const override {
    std::optional<SlicedReshape> sliced = matchSlicedReshape(op);
    if (!sliced)
      return failure();
    Value source = sliced->source;
    Dims from = getDims(source), to = getDims(op.getData()), result = getDims(op.getOutput());
    if (!allKnown(from) || !allKnown(to) || !allKnown(result))
      return failure();
    std::optional<int64_t> axis = getKept(from, to, sliced->slice.axis);
    bool isColumns = isProjected(source) && axis == getRank(source) - 1;
    if (!axis || !(isColumns || source.getDefiningOp<onnx::TransposeOp>()))
      return failure();
    Value range = makeSlice(rewriter, op.getLoc(), source, *axis, sliced->slice.start, sliced->slice.size);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), range, result));
    return success();
  }
};

/// Slice(Transpose(y)) is Transpose(Slice(y)): parts that are told apart by a
/// dimension of their own are often moved to the front before they are taken
/// out, and channels before a convolution.
struct SliceBeforeTranspose : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
    auto transpose = op.getData().getDefiningOp<onnx::TransposeOp>();
    if (!slice || slice->step != 1 || !transpose ||
        !allKnown(getDims(transpose.getData())))
      return failure();
    Value source = transpose.getData();
    SmallVector<int64_t> perm = getPerm(transpose);
    int64_t axis = perm[slice->axis];
    auto reshape = source.getDefiningOp<onnx::ReshapeOp>();
    bool isColumns = isProjected(source) && axis == getRank(source) - 1;
    if (!isColumns && !(reshape && isProjected(reshape.getData())))
      return failure();
    Value range = makeSlice(rewriter, op.getLoc(), source, axis, slice->start,
                            slice->size);
    replaceByNew(rewriter, op,
                 makeTranspose(rewriter, transpose.getLoc(), range, perm));
    return success();
  }
};

struct UnfuseProjections
    : tpo::impl::UnfuseProjectionsPassBase<UnfuseProjections> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<UnfuseColumns, SliceOfSplitColumns, SliceOfKeptDim, SliceBeforeTranspose>(&getContext());
    populateReshapePatterns(patterns);
    populateWeightViewPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
