//===- UnmergeHeads.cpp - Attention on [batch * heads, ...] ---------------===//
//
// Part of tp-raise-attention. Older exports merge batch and heads for batched
// products (torch.bmm, baddbmm): what is computed on the merged dimension is
// computed on both, so that heads are a dimension again.
//
//===----------------------------------------------------------------------===//

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// The [B, H, ...] of which `value`, [B * H, ...], is made by a Reshape.
Value getUnmerged(Value value) {
  auto merge = value.getDefiningOp<onnx::ReshapeOp>();
  if (!merge || getRank(value) != 3 || getRank(merge.getData()) != 4)
    return nullptr;
  Dims fine = getDims(merge.getData()), coarse = getDims(value);
  bool merged = allKnown(fine) && allKnown(coarse) &&
                tp::provablyEqual(tp::simplify(fine[0] * fine[1]), coarse[0]) &&
                tp::provablyEqual(fine[2], coarse[1]) &&
                tp::provablyEqual(fine[3], coarse[2]);
  return merged ? merge.getData() : Value();
}

/// An operand of a product of merged ones. With a single batch nothing moves the
/// transpose in front of the merge; with a single query the merge is lost among
/// other reshapes.
struct Factor {
  Value merged, unmerged; ///< Null: not seen to be merged.
  bool isTransposed = false;

  explicit Factor(Value merged)
      : merged(merged), unmerged(getUnmerged(merged)) {
    auto transpose = merged.getDefiningOp<onnx::TransposeOp>();
    if (unmerged || !transpose || getRank(merged) != 3 ||
        getPerm(transpose) != SmallVector<int64_t>{0, 2, 1})
      return;
    unmerged = getUnmerged(transpose.getData());
    isTransposed = unmerged != nullptr;
  }
  /// With `batch` and `heads` as dimensions.
  Value build(PatternRewriter &rewriter, Location loc, AffineExpr batch,
              AffineExpr heads) const {
    if (!unmerged) {
      Dims own = getDims(merged);
      return makeReshape(rewriter, loc, merged, {batch, heads, own[1], own[2]});
    }
    return isTransposed ? makeTranspose(rewriter, loc, unmerged, {0, 1, 3, 2})
                        : unmerged;
  }
};

/// Replaces `op` by the merged result of `unmerged`.
void replaceByMerged(PatternRewriter &rewriter, Operation *op, Value unmerged) {
  replaceByNew(
      rewriter, op,
      makeReshape(rewriter, op->getLoc(), unmerged, getDims(op->getResult(0))));
}

struct UnmergeMatMul : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    Factor a(op.getA()), b(op.getB());
    Dims result = getDims(op.getY());
    if (result.size() != 3 || !allKnown(result) ||
        (!a.unmerged && !b.unmerged) || getRank(op.getA()) != 3 ||
        getRank(op.getB()) != 3 || !allKnown(getDims(op.getA())) ||
        !allKnown(getDims(op.getB())))
      return failure();
    Dims outer = getDims(a.unmerged ? a.unmerged : b.unmerged);
    if (a.unmerged && b.unmerged) {
      Dims other = getDims(b.unmerged);
      if (!tp::provablyEqual(outer[0], other[0]) ||
          !tp::provablyEqual(outer[1], other[1]))
        return failure();
    } else if (!tp::provablyEqual(getDims(op.getA())[0],
                                  getDims(op.getB())[0])) {
      return failure(); // One of them is broadcast.
    }
    Type type = tp::makeTensorType({outer[0], outer[1], result[1], result[2]},
                                   getElementType(op.getY()));
    SmallVector<Value> factors;
    for (const Factor &factor : {a, b})
      factors.push_back(
          factor.build(rewriter, op.getLoc(), outer[0], outer[1]));
    Value unmerged = onnx::MatMulOp::create(rewriter, op.getLoc(),
                                            TypeRange{type}, factors)
                         .getY();
    replaceByMerged(rewriter, op, unmerged);
    return success();
  }
};

/// One head of keys or values for the queries of all heads, whose rows are
/// merged instead of repeating it: [B, H * S, D] times [B, D, T].
struct UnmergeRows : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    auto merge = op.getA().getDefiningOp<onnx::ReshapeOp>();
    if (!merge || getRank(op.getA()) != 3 || getRank(op.getB()) != 3 ||
        getRank(merge.getData()) != 4)
      return failure();
    Dims fine = getDims(merge.getData()), coarse = getDims(op.getA());
    Dims b = getDims(op.getB());
    // Of a sequence that is merged with heads behind it the count is not known.
    bool merged = allKnown(fine) && allKnown(coarse) && allKnown(b) &&
                  tp::getConst(fine[1]) &&
                  tp::provablyEqual(fine[0], coarse[0]) &&
                  tp::provablyEqual(tp::simplify(fine[1] * fine[2]), coarse[1]) &&
                  tp::provablyEqual(fine[3], coarse[2]) &&
                  tp::provablyEqual(b[0], coarse[0]);
    if (!merged)
      return failure();
    AffineExpr one = rewriter.getAffineConstantExpr(1);
    Value head = makeReshape(rewriter, op.getLoc(), op.getB(),
                             {b[0], one, b[1], b[2]});
    Type type = tp::makeTensorType({fine[0], fine[1], fine[2], b[2]},
                                   getElementType(op.getY()));
    replaceByMerged(rewriter, op,
                    onnx::MatMulOp::create(rewriter, op.getLoc(),
                                           TypeRange{type},
                                           ValueRange{merge.getData(), head})
                        .getY());
    return success();
  }
};

/// Products of queries with one table for each position: einsum merges batch and
/// heads into the rows of [position, batch * heads, d], and takes them apart
/// again. The table is broadcast over the batch instead.
struct UnmergePositions : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op, PatternRewriter &rewriter) const override {
    Value y = op.getY(), table = op.getB();
    auto merge = op.getA().getDefiningOp<onnx::ReshapeOp>();
    auto split = y.hasOneUse() ? dyn_cast<onnx::ReshapeOp>(*y.user_begin()) : onnx::ReshapeOp();
    if (!merge || !split || getRank(y) != 3 || getRank(table) != 3 || getRank(merge.getData()) != 4)
      return failure();
    Dims fine = getDims(merge.getData()), coarse = getDims(op.getA());
    Dims own = getDims(table), result = getDims(split.getReshaped());
    if (!allKnown(fine) || !allKnown(coarse) || !allKnown(own) || !allKnown(result))
      return failure();
    // A known count in front of the rows is taken for heads, above.
    if (tp::getConst(fine[1]) || !tp::provablyEqual(coarse[0], fine[0]) || !tp::provablyEqual(coarse[2], fine[3]) ||
        !tp::provablyEqual(own[0], fine[0]) || !sameDims(result, {fine[0], fine[1], fine[2], own[2]}))
      return failure();
    Value rows = makeTranspose(rewriter, op.getLoc(), merge.getData(), {1, 0, 2, 3});
    Type type = tp::makeTensorType({fine[1], fine[0], fine[2], own[2]}, getElementType(y));
    Value apart =
        onnx::MatMulOp::create(rewriter, op.getLoc(), TypeRange{type}, ValueRange{rows, table}).getY();
    replaceByNew(rewriter, split, makeTranspose(rewriter, op.getLoc(), apart, {1, 0, 2, 3}));
    rewriter.eraseOp(op);
    return success();
  }
};

/// Queries or keys that are scaled while merged.
template <typename OpT> struct UnmergeScale : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Value x;
    double factor;
    Value result = op->getResult(0);
    if (!matchScaled(result, x, factor))
      return failure();
    Value unmerged = getUnmerged(x);
    if (!unmerged || getElementType(unmerged) != getElementType(result))
      return failure();
    // Still a division where it was one: a factor rounds differently, and
    // sizes that are known may leave the scale where it is.
    if (isa<onnx::DivOp>(op))
      factor = 1 / factor;
    Value scalar =
        makeScalar(rewriter, op.getLoc(), factor, getElementType(result));
    replaceByMerged(
        rewriter, op,
        makeLike<OpT>(rewriter, op.getLoc(), unmerged, {unmerged, scalar}));
    return success();
  }
};

/// What lies between the two products of attention.
bool isScoreArithmetic(Operation *op) {
  return isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::WhereOp,
             onnx::MaxOp, onnx::TanhOp, onnx::CastOp, onnx::IsNaNOp,
             onnx::SoftmaxOp>(op);
}

struct UnmergeScores : RewritePattern {
  UnmergeScores(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  /// `operand` of an operation on [B * H, S, T] for one on [B, H, S, T]; null
  /// where the merged dimension does not come apart.
  static Value unmerge(PatternRewriter &rewriter, Value operand,
                       ArrayRef<AffineExpr> dims) {
    Dims own = getDims(operand);
    if (getRank(operand) < 3)
      return operand;
    if (tp::getConst(own[0]) == 1)
      own.insert(own.begin(), own[0]);
    else
      own = {dims[0], dims[1], own[1], own[2]};
    return makeReshape(rewriter, operand.getLoc(), operand, own);
  }

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isScoreArithmetic(op) || getRank(op->getResult(0)) != 3)
      return failure();
    if (auto softmax = dyn_cast<onnx::SoftmaxOp>(op))
      if (normalizeAxis(softmax.getAxis(), 3) != 2)
        return failure();
    Dims result = getDims(op->getResult(0)), dims;
    for (Value operand : op->getOperands()) {
      if (getRank(operand) < 0 || getRank(operand) > 3 ||
          !allKnown(getDims(operand)))
        return failure();
      Value unmerged = getUnmerged(operand);
      Operation *producer = unmerged ? unmerged.getDefiningOp() : nullptr;
      if (producer && sameDims(getDims(operand), result) &&
          (isScoreArithmetic(producer) ||
           isa<onnx::MatMulOp, onnx::GatherElementsOp, onnx::TransposeOp>(producer)))
        dims = getDims(unmerged);
    }
    if (dims.empty())
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(unmerge(rewriter, operand, dims));
    Operation *clone = rewriter.clone(*op);
    clone->setOperands(operands);
    clone->getResult(0).setType(
        tp::makeTensorType(dims, getElementType(op->getResult(0))));
    if (isa<onnx::SoftmaxOp>(op))
      clone->setAttr("axis", intAttr(rewriter, "axis", -1).getValue());
    replaceByMerged(rewriter, op, clone->getResult(0));
    return success();
  }
};

/// Scores that are taken at relative positions: the columns of merged rows, where
/// all heads have the same positions or have them merged.
struct UnmergeGatherElements : OpRewritePattern<onnx::GatherElementsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherElementsOp op,
                                PatternRewriter &rewriter) const override {
    Value result = op->getResult(0), positions = op->getOperand(1);
    Value unmerged = getUnmerged(op->getOperand(0));
    Dims own = getDims(positions);
    if (!unmerged || getRank(result) != 3 ||
        normalizeAxis(op.getAxis(), 3) != 2 || own.size() != 3 ||
        !allKnown(own) ||
        !tp::provablyEqual(own[0], getDims(op->getOperand(0))[0]))
      return failure();
    Dims outer = getDims(unmerged), dims{outer[0], outer[1], own[1], own[2]};
    Location loc = op.getLoc();
    Value apart;
    auto expand = positions.getDefiningOp<onnx::ExpandOp>();
    Dims once = expand ? getDims(expand.getInput()) : Dims();
    if (once.size() == 3 && allKnown(once) && tp::getConst(once[0]) == 1) {
      once.insert(once.begin(), once[0]);
      apart = makeReshape(rewriter, loc, expand.getInput(), once);
      apart = makeExpand(rewriter, loc, apart, dims);
    } else {
      apart = makeReshape(rewriter, loc, positions, dims);
    }
    Type type = tp::makeTensorType(dims, getElementType(result));
    Value taken = onnx::GatherElementsOp::create(
                      rewriter, loc, TypeRange{type},
                      ValueRange{unmerged, apart},
                      {intAttr(rewriter, "axis", 3)})
                      ->getResult(0);
    replaceByMerged(rewriter, op, taken);
    return success();
  }
};

/// Attention on [heads, ...], without a batch: one of a single sequence.
struct AddBatch : OpRewritePattern<onnx::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The product of activations from which score arithmetic leads to `value`.
  static onnx::MatMulOp getProduct(Value value, unsigned depth) {
    Operation *op = value.getDefiningOp();
    if (!op || depth == 0 || getRank(value) != 3)
      return nullptr;
    if (auto matmul = dyn_cast<onnx::MatMulOp>(op))
      return getRank(matmul.getA()) == 3 && getRank(matmul.getB()) == 3
                 ? matmul
                 : nullptr;
    if (!isScoreArithmetic(op))
      return nullptr;
    for (Value operand : op->getOperands())
      if (onnx::MatMulOp matmul = getProduct(operand, depth - 1))
        return matmul;
    return nullptr;
  }

  LogicalResult matchAndRewrite(onnx::SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    Value weights = op->getResult(0);
    if (getRank(weights) != 3 || normalizeAxis(op.getAxis(), 3) != 2)
      return failure();
    onnx::MatMulOp product = getProduct(op->getOperand(0), /*depth=*/8);
    if (!product)
      return failure();
    Dims dims = getDims(product.getY());
    if (!allKnown(dims))
      return failure();
    for (Value operand : product->getOperands())
      if (Dims own = getDims(operand); !allKnown(own) || !tp::provablyEqual(own[0], dims[0]))
        return failure();
    AffineExpr one = rewriter.getAffineConstantExpr(1);
    SmallVector<Value> factors;
    rewriter.setInsertionPoint(product);
    for (Value operand : product->getOperands()) {
      Dims own = getDims(operand);
      factors.push_back(makeReshape(rewriter, product.getLoc(), operand,
                                    {one, own[0], own[1], own[2]}));
    }
    Type type = tp::makeTensorType({one, dims[0], dims[1], dims[2]},
                                   getElementType(product.getY()));
    Value batched = onnx::MatMulOp::create(rewriter, product.getLoc(),
                                           TypeRange{type}, factors)
                        .getY();
    replaceByMerged(rewriter, product, batched);
    return success();
  }
};

} // namespace

void tpo::simplify::populateAddBatchPatterns(RewritePatternSet &patterns) {
  patterns.add<AddBatch>(patterns.getContext());
}

void tpo::simplify::populateUnmergeHeadsPatterns(RewritePatternSet &patterns) {
  patterns.add<UnmergeMatMul, UnmergeRows, UnmergePositions, UnmergeScale<onnx::MulOp>,
               UnmergeScale<onnx::DivOp>, UnmergeScores,
               UnmergeGatherElements>(patterns.getContext());
}
