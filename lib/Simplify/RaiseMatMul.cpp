//===- RaiseMatMul.cpp - Linear layers as MatMul and Add ------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

namespace tpo {
#define GEN_PASS_DEF_RAISEMATMULPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

Value scaled(PatternRewriter &rewriter, Location loc, Value value,
             double factor) {
  if (factor == 1)
    return value;
  Value scalar = makeScalar(rewriter, loc, factor, getElementType(value));
  return makeLike<onnx::MulOp>(rewriter, loc, value, {value, scalar});
}

struct GemmToMatMul : OpRewritePattern<onnx::GemmOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GemmOp op,
                                PatternRewriter &rewriter) const override {
    Value a = op.getA(), b = op.getB(), c = op.getC();
    double alpha = op.getAlpha().convertToFloat();
    double beta = op.getBeta().convertToFloat();
    if (getRank(a) != 2 || getRank(b) != 2 ||
        (!isa<FloatType>(getElementType(a)) && (alpha != 1 || beta != 1)))
      return failure();
    Location loc = op.getLoc();
    if (op.getTransA())
      a = makeTranspose(rewriter, loc, a, {1, 0});
    if (op.getTransB())
      b = makeTranspose(rewriter, loc, b, {1, 0});
    Value y = makeLike<onnx::MatMulOp>(rewriter, loc, op.getY(), {a, b});
    y = scaled(rewriter, loc, y, alpha);
    if (!onnx::isNoValue(c) && beta != 0)
      y = makeLike<onnx::AddOp>(rewriter, loc, y,
                                {y, scaled(rewriter, loc, c, beta)});
    rewriter.replaceOp(op, y);
    return success();
  }
};

/// Whether `reshape` gives rows their dimensions back: [M, N] -> [..., N].
bool restoresRows(onnx::ReshapeOp reshape) {
  Value rows = reshape.getData(), result = reshape.getReshaped();
  if (getRank(rows) != 2 || getRank(result) <= 2 || !rows.hasOneUse())
    return false;
  Dims dims = getDims(result);
  return allKnown(dims) && tp::provablyEqual(dims.back(), getDims(rows).back());
}

/// `value`, [M, K], as [..., K] with the leading dimensions of `like`.
Value restoreRows(PatternRewriter &rewriter, Location loc, Value value,
                  Value like) {
  Dims dims = getDims(like);
  dims.back() = getDims(value).back();
  return makeReshape(rewriter, loc, value, dims);
}

struct ReshapeOfMatMul : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto matmul = op.getData().getDefiningOp<onnx::MatMulOp>();
    if (!matmul || !restoresRows(op) || getRank(matmul.getB()) != 2 ||
        getRank(matmul.getA()) != 2 || !getDims(matmul.getA()).back())
      return failure();
    Value rows =
        restoreRows(rewriter, matmul.getLoc(), matmul.getA(), op.getReshaped());
    rewriter.replaceOp(op, makeLike<onnx::MatMulOp>(rewriter, matmul.getLoc(),
                                                    op.getReshaped(),
                                                    {rows, matmul.getB()}));
    return success();
  }
};

/// Reshape(f(rows)) for an elementwise f of the rows alone.
struct ReshapeOfUnary : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    Operation *f = op.getData().getDefiningOp();
    if (!f || !restoresRows(op) ||
        !isa<onnx::ReluOp, onnx::TanhOp, onnx::SigmoidOp, onnx::ErfOp,
             onnx::GeluOp, onnx::SwishOp, onnx::CastOp>(f))
      return failure();
    Value rows =
        restoreRows(rewriter, f->getLoc(), f->getOperand(0), op.getReshaped());
    Operation *moved = rewriter.clone(*f);
    moved->setOperand(0, rows);
    moved->getResult(0).setType(op.getReshaped().getType());
    rewriter.replaceOp(op, moved->getResults());
    return success();
  }
};

/// Reshape(rows + bias), for operands that are the same for every row.
struct ReshapeOfBias : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    Operation *f = op.getData().getDefiningOp();
    if (!f || !restoresRows(op) ||
        !isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp>(f))
      return failure();
    SmallVector<Value> operands(f->getOperands());
    bool lhsIsRow = getRank(operands[0]) == 0 || getRank(operands[0]) == 1;
    bool rhsIsRow = getRank(operands[1]) == 0 || getRank(operands[1]) == 1;
    Value &rows = lhsIsRow ? operands[1] : operands[0];
    if (lhsIsRow == rhsIsRow || rows.getType() != op.getData().getType())
      return failure();
    rows = restoreRows(rewriter, f->getLoc(), rows, op.getReshaped());
    Operation *moved = rewriter.clone(*f);
    moved->setOperands(operands);
    moved->getResult(0).setType(op.getReshaped().getType());
    rewriter.replaceOp(op, moved->getResults());
    return success();
  }
};

struct BiasSecond : OpRewritePattern<onnx::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AddOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getA().getDefiningOp<tp::WeightOp>() ||
        !op.getB().getDefiningOp<onnx::MatMulOp>())
      return failure();
    Value bias = op.getA(), rows = op.getB();
    rewriter.modifyOpInPlace(op, [&] { op->setOperands({rows, bias}); });
    return success();
  }
};

struct RaiseMatMul : tpo::impl::RaiseMatMulPassBase<RaiseMatMul> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<GemmToMatMul, ReshapeOfMatMul, ReshapeOfUnary, ReshapeOfBias,
                 BiasSecond>(&getContext());
    populateReshapePatterns(patterns);
    populateWeightViewPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
