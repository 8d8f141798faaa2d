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
  return matmul && getRank(matmul.getB()) == 2 && WeightRange(0, 1).existsIn(matmul.getB(), 1);
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

/// Slice(Reshape(y)) on the major factor of y's last dimension is
/// Reshape(Slice(y)): a contiguous range of columns.
struct SliceOfSplitColumns : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
    auto reshape = op.getData().getDefiningOp<onnx::ReshapeOp>();
    if (!slice || slice->step != 1 || !reshape ||
        !isa_and_nonnull<onnx::MatMulOp, onnx::AddOp>(
            reshape.getData().getDefiningOp()))
      return failure();
    Value y = reshape.getData();
    Dims columns = getDims(y), split = getDims(reshape.getReshaped());
    int64_t last = getRank(y) - 1;
    if (last < 0 || !allKnown(columns) || !allKnown(split) || tp::getConst(split[slice->axis]) == 1)
      return failure();
    // The columns are the dimensions from the axis on; the rows before it may
    // come apart, too.
    auto product = [&](ArrayRef<AffineExpr> dims) { return tp::product(dims, getContext()); };
    if (!tp::provablyEqual(product(ArrayRef(columns).take_front(last)),
                           product(ArrayRef(split).take_front(slice->axis))) ||
        !tp::provablyEqual(columns[last], product(ArrayRef(split).drop_front(slice->axis))))
      return failure();
    int64_t inner = 1;
    for (size_t i = slice->axis + 1; i < split.size(); ++i) {
      std::optional<int64_t> size = tp::getConst(split[i]);
      if (!size)
        return failure();
      inner *= *size;
    }
    Dims dims = getDims(op.getOutput());
    if (!allKnown(dims))
      return failure();
    Value range = makeSlice(rewriter, op.getLoc(), y, last,
                            slice->start * inner, slice->size * inner);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), range, dims));
    return success();
  }
};

/// A range of the last dimension, where a Reshape changes only the others, is
/// taken before it.
struct SliceOfReshapedRows : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
    auto reshape = op.getData().getDefiningOp<onnx::ReshapeOp>();
    if (!slice || slice->step != 1 || !reshape ||
        !isa_and_nonnull<onnx::MatMulOp, onnx::AddOp>(
            reshape.getData().getDefiningOp()))
      return failure();
    Value y = reshape.getData();
    Dims dims = getDims(op.getOutput());
    int64_t last = getRank(y) - 1;
    if (last < 0 || slice->axis != getRank(reshape.getReshaped()) - 1 ||
        !getStaticDim(y, -1) ||
        getStaticDim(y, -1) != getStaticDim(reshape.getReshaped(), -1) ||
        !allKnown(getDims(y)) || !allKnown(dims))
      return failure();
    Value range =
        makeSlice(rewriter, op.getLoc(), y, last, slice->start, slice->size);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), range, dims));
    return success();
  }
};

/// A Reshape that keeps the sliced dimension of what was transposed, and drops
/// ones or merges others, is done after the Slice.
struct SliceOfKeptDim : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ConstantSlice> slice = matchConstantSlice(op.getOutput());
    auto reshape = op.getData().getDefiningOp<onnx::ReshapeOp>();
    if (!slice || slice->step != 1 || !reshape ||
        !reshape.getData().getDefiningOp<onnx::TransposeOp>())
      return failure();
    Dims from = getDims(reshape.getData()), to = getDims(reshape.getReshaped());
    Dims result = getDims(op.getOutput());
    if (!allKnown(from) || !allKnown(to) || !allKnown(result))
      return failure();
    auto product = [&](ArrayRef<AffineExpr> dims) { return tp::product(dims, getContext()); };
    AffineExpr outer = product(ArrayRef(to).take_front(slice->axis));
    AffineExpr inner = product(ArrayRef(to).drop_front(slice->axis + 1));
    for (size_t axis = 0; axis < from.size(); ++axis) {
      if (!tp::provablyEqual(from[axis], to[slice->axis]) ||
          !tp::provablyEqual(product(ArrayRef(from).take_front(axis)), outer) ||
          !tp::provablyEqual(product(ArrayRef(from).drop_front(axis + 1)), inner))
        continue;
      Value range = makeSlice(rewriter, op.getLoc(), reshape.getData(), axis, slice->start, slice->size);
      replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), range, result));
      return success();
    }
    return failure();
  }
};

/// Slice(Transpose(y)) is Transpose(Slice(y)): parts that are told apart by a
/// dimension of their own are often moved to the front before they are taken
/// out, and channels before a convolution.
struct SliceBeforeTranspose : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool isProjected(Value value) {
    return isa_and_nonnull<onnx::MatMulOp, onnx::AddOp>(value.getDefiningOp());
  }

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
    patterns.add<UnfuseColumns, SliceOfSplitColumns, SliceOfReshapedRows, SliceOfKeptDim, SliceBeforeTranspose>(
        &getContext());
    populateReshapePatterns(patterns);
    populateWeightViewPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
