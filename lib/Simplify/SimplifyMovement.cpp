//===- SimplifyMovement.cpp - Few data movements, no no-ops ---------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

#include "mlir/IR/PatternMatch.h"

namespace tpo {
#define GEN_PASS_DEF_SIMPLIFYMOVEMENTPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

struct RemoveIdentity : OpRewritePattern<onnx::IdentityOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::IdentityOp op,
                                PatternRewriter &rewriter) const override {
    Value input = op->getOperand(0);
    if (input.getType() != op->getResult(0).getType())
      return failure();
    rewriter.replaceOp(op, input);
    return success();
  }
};

struct RemoveCast : OpRewritePattern<onnx::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::CastOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getInput().getType() != op.getOutput().getType())
      return failure();
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// An operation that keeps all elements and their order is a Reshape.
template <typename OpT> struct ToReshape : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Value result = op->getResult(0);
    if (getRank(result) < 0 || !allKnown(getDims(result)))
      return failure();
    replaceByNew(
        rewriter, op,
        makeReshape(rewriter, op.getLoc(), op->getOperand(0), getDims(result)));
    return success();
  }
};

struct SplitToSlices : OpRewritePattern<onnx::SplitOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SplitOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> axis =
        normalizeAxis(op.getAxis(), getRank(op.getInput()));
    if (!axis)
      return failure();
    for (Value output : op.getOutputs())
      if (getRank(output) < 0 || !allKnown(getDims(output)))
        return failure();
    AffineExpr start = rewriter.getAffineConstantExpr(0);
    SmallVector<Value> slices;
    for (Value output : op.getOutputs()) {
      AffineExpr size = getDims(output)[*axis];
      slices.push_back(
          makeSlice(rewriter, op.getLoc(), op.getInput(), *axis, start, size));
      slices.back().setType(output.getType());
      start = start + size;
    }
    rewriter.replaceOp(op, slices);
    return success();
  }
};

/// Position `index` of a dimension, counted from its beginning, if the position
/// exists. A dimension of unknown size must then have it: a slice would end where
/// a gather is an error.
std::optional<int64_t> findPosition(Value data, int64_t axis, int64_t index) {
  Dims dims = getDims(data);
  if (dims.empty() || !dims[axis])
    return std::nullopt;
  std::optional<int64_t> size = tp::getConst(dims[axis]);
  if (index < 0 && size)
    index += *size;
  if (index < 0 || (size && index >= *size))
    return std::nullopt;
  return index;
}

/// A Gather at one constant position is a Slice without its dimension.
struct GatherToSlice : OpRewritePattern<onnx::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> axis =
        normalizeAxis(op.getAxis(), getRank(op.getData()));
    std::optional<SmallVector<int64_t>> index = getInts(op.getIndices());
    Dims dims = getDims(op.getOutput());
    if (!axis || !index || index->size() != 1 || !allKnown(dims))
      return failure();
    std::optional<int64_t> start = findPosition(op.getData(), *axis, index->front());
    if (!start)
      return failure();
    requireNonNegative(op, getDims(op.getData())[*axis] - *start - 1);
    Value slice = makeSlice(rewriter, op.getLoc(), op.getData(), *axis, *start,
                            /*size=*/1);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), slice, dims));
    return success();
  }
};

/// So is a GatherND with one constant index vector: a Slice in each of the
/// dimensions that the vector names.
struct GatherNDToSlice : OpRewritePattern<onnx::GatherNDOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The one index vector of constant `indices`, else an empty one.
  static SmallVector<int64_t> getIndexVector(Value indices) {
    SmallVector<int64_t> vector;
    auto constant = indices.getDefiningOp<onnx::ConstantOp>();
    auto elements = constant
                        ? dyn_cast<DenseIntElementsAttr>(constant.getValue())
                        : nullptr;
    if (!elements || getRank(indices) < 1 ||
        getStaticDim(indices, -1) != elements.getNumElements() ||
        elements.getElementType().getIntOrFloatBitWidth() > 64)
      return vector;
    for (const APInt &number : elements.getValues<APInt>())
      vector.push_back(number.getSExtValue());
    return vector;
  }

  LogicalResult matchAndRewrite(onnx::GatherNDOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<int64_t> index = getIndexVector(op.getIndices());
    Dims dims = getDims(op.getOutput());
    if (op.getBatchDims() != 0 || index.empty() || !allKnown(dims) ||
        !allKnown(getDims(op.getData())))
      return failure();
    for (auto [axis, position] : llvm::enumerate(index)) {
      std::optional<int64_t> start = findPosition(op.getData(), axis, position);
      if (!start)
        return failure();
      position = *start;
    }
    Value part = op.getData();
    for (auto [axis, start] : llvm::enumerate(index)) {
      requireNonNegative(op, getDims(op.getData())[axis] - start - 1);
      part = makeSlice(rewriter, op.getLoc(), part, axis, start, /*size=*/1);
    }
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), part, dims));
    return success();
  }
};

/// A Slice that keeps every element where it was.
struct RemoveSlice : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getData().getType() != op.getOutput().getType() ||
        !allKnown(getDims(op.getData())))
      return failure();
    if (!onnx::isNoValue(op.getSteps())) {
      std::optional<SmallVector<int64_t>> steps = getInts(op.getSteps());
      if (!steps || llvm::any_of(*steps, [](int64_t s) { return s != 1; }))
        return failure();
    }
    rewriter.replaceOp(op, op.getData());
    return success();
  }
};

struct RemoveConcat : OpRewritePattern<onnx::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() != 1 ||
        op->getOperand(0).getType() != op->getResult(0).getType())
      return failure();
    rewriter.replaceOp(op, op->getOperand(0));
    return success();
  }
};

struct RemoveExpand : OpRewritePattern<onnx::ExpandOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ExpandOp op,
                                PatternRewriter &rewriter) const override {
    if (!sameDims(getDims(op.getInput()), getDims(op.getOutput())) ||
        op.getInput().getType() != op.getOutput().getType())
      return failure();
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// Repetitions are dimensions of their own, broadcast and merged: heads that are
/// repeated for a batch stay apart from it.
struct TileToExpand : OpRewritePattern<onnx::TileOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TileOp op, PatternRewriter &rewriter) const override {
    Value input = op->getOperand(0), result = op->getResult(0);
    std::optional<Dims> repeats = getSymbolicInts(op->getOperand(1));
    Dims dims = getDims(input), tiled = getDims(result);
    if (!repeats || repeats->size() != dims.size() || !allKnown(*repeats) || !allKnown(dims) || !allKnown(tiled))
      return failure();
    AffineExpr one = rewriter.getAffineConstantExpr(1);
    Dims apart, repeated;
    for (auto [dim, count] : llvm::zip_equal(dims, *repeats)) {
      if (tp::getConst(count) == 1) {
        apart.push_back(dim);
        repeated.push_back(dim);
        continue;
      }
      apart.push_back(one);
      repeated.push_back(count);
      if (tp::getConst(dim) != 1) {
        apart.push_back(dim);
        repeated.push_back(dim);
      }
    }
    Value x = makeReshape(rewriter, op.getLoc(), input, apart);
    x = makeExpand(rewriter, op.getLoc(), x, repeated);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), x, tiled));
    return success();
  }
};

/// Whether the operation broadcasts its operands to one shape.
bool broadcasts(Operation *op) {
  return isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::PowOp,
             onnx::AndOp, onnx::OrOp, onnx::XorOp, onnx::EqualOp, onnx::LessOp,
             onnx::LessOrEqualOp, onnx::GreaterOp, onnx::GreaterOrEqualOp,
             onnx::WhereOp>(op);
}

/// The user of an Expand reads what was expanded, where that gives the same
/// result shape.
struct BypassExpand : OpRewritePattern<onnx::ExpandOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ExpandOp op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (OpOperand &use :
         llvm::make_early_inc_range(op.getOutput().getUses())) {
      Operation *user = use.getOwner();
      if (!broadcasts(user))
        continue;
      SmallVector<Value> operands(user->getOperands());
      operands[use.getOperandNumber()] = op.getInput();
      std::optional<Dims> dims = broadcastDims(operands);
      if (!dims || !hasDims(user->getResult(0).getType(), *dims))
        continue;
      rewriter.modifyOpInPlace(user, [&] { use.set(op.getInput()); });
      changed = true;
    }
    return success(changed);
  }
};

/// What depends on an expanded value and scalars alone is computed before it is
/// expanded.
struct HoistExpand : RewritePattern {
  HoistExpand(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!broadcasts(op) && !isa<onnx::CastOp, onnx::NotOp>(op))
      return failure();
    SmallVector<Value> operands;
    onnx::ExpandOp expand;
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      bool isScalar =
          type && type.hasStaticShape() && type.getNumElements() == 1;
      operands.push_back(operand);
      if (isScalar)
        continue;
      if (expand || !(expand = operand.getDefiningOp<onnx::ExpandOp>()))
        return failure();
      operands.back() = expand.getInput();
    }
    Value result = op->getResult(0);
    std::optional<Dims> dims = broadcastDims(operands);
    if (!expand || !dims || getRank(result) < 0 || !allKnown(getDims(result)))
      return failure();
    Operation *small = rewriter.clone(*op);
    small->setOperands(operands);
    small->getResult(0).setType(
        tp::makeTensorType(*dims, getElementType(result)));
    replaceByNew(rewriter, op,
                 makeExpand(rewriter, op->getLoc(), small->getResult(0),
                            getDims(result)));
    return success();
  }
};

struct SimplifyMovement
    : tpo::impl::SimplifyMovementPassBase<SimplifyMovement> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMovementPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void tpo::simplify::populateMovementPatterns(RewritePatternSet &patterns) {
  patterns.add<RemoveIdentity, RemoveCast, ToReshape<onnx::UnsqueezeOp>, ToReshape<onnx::SqueezeOp>,
               ToReshape<onnx::FlattenOp>, SplitToSlices, GatherToSlice, GatherNDToSlice, RemoveSlice, RemoveConcat,
               RemoveExpand, BypassExpand, HoistExpand, TileToExpand>(patterns.getContext());
  populateReshapePatterns(patterns);
}
