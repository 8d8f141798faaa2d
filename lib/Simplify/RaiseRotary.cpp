//===- RaiseRotary.cpp - RotaryEmbedding ----------------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "dialects/Onnx/GraphBuilder.h"
#include "Patterns.h"

namespace tpo {
#define GEN_PASS_DEF_RAISEROTARYPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// How cos and sin of one frequency lie along the head dimension: at i and
/// i + half, or at 2 i and 2 i + 1.
enum class Pairing { Halves, Neighbours };

bool isUnary(Operation *op) {
  return isa<onnx::CosOp, onnx::SinOp, onnx::NegOp, onnx::CastOp>(op);
}

/// The operand of which an elementwise operation with constants is a function.
Value getElementwiseInput(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return nullptr;
  if (isUnary(op))
    return op->getOperand(0);
  Value x;
  double number;
  if (matchScaled(value, x, number) || matchOffset(value, x, number))
    return x;
  return nullptr;
}

/// For `value` that is made by writing every element twice: the tensor with
/// each once, as [..., half] or as [..., half, 1].
Value getDoubled(Value value, Pairing pairing) {
  if (pairing == Pairing::Neighbours) {
    auto reshape = value.getDefiningOp<onnx::ReshapeOp>();
    if (!reshape || getStaticDim(reshape.getData(), -1) != 2 ||
        getRank(reshape.getData()) != getRank(value) + 1)
      return nullptr;
    if (auto expand = reshape.getData().getDefiningOp<onnx::ExpandOp>()) {
      Value once = expand.getInput();
      Dims dims = getDims(once);
      bool onlyLast =
          getRank(once) == getRank(expand.getOutput()) &&
          sameDims(ArrayRef(dims).drop_back(),
                   ArrayRef(getDims(expand.getOutput())).drop_back());
      return onlyLast && getStaticDim(once, -1) == 1 ? once : Value();
    }
    value = reshape.getData();
  }
  auto concat = value.getDefiningOp<onnx::ConcatOp>();
  if (!concat || concat->getNumOperands() != 2 ||
      concat->getOperand(0) != concat->getOperand(1) ||
      normalizeAxis(concat.getAxis(), getRank(value)) != getRank(value) - 1)
    return nullptr;
  Value once = concat->getOperand(0);
  bool wanted = pairing == Pairing::Halves || getStaticDim(once, -1) == 1;
  return wanted ? once : Value();
}

/// A Reshape or Expand that leaves the last dimension alone.
Value getLeadingInput(Value value) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<onnx::ReshapeOp, onnx::ExpandOp>(op))
    return nullptr;
  Value input = op->getOperand(0);
  bool keepsLast = getRank(input) > 0 && getRank(value) > 0 &&
                   getStaticDim(input, -1) &&
                   getStaticDim(input, -1) == getStaticDim(value, -1) &&
                   allKnown(getDims(value));
  return keepsLast ? input : Value();
}

/// Whether each element of `value` occurs twice, as `pairing` says.
bool isDoubled(Value value, Pairing pairing, unsigned depth = 16) {
  if (depth == 0 || getRank(value) < 1)
    return false;
  if (Value once = getDoubled(value, pairing))
    return allKnown(getDims(once)) && getStaticDim(value, -1);
  Value input = getElementwiseInput(value);
  if (!input)
    input = getLeadingInput(value);
  return input && isDoubled(input, pairing, depth - 1);
}

/// `value`, for which isDoubled holds, with every element once.
Value undouble(PatternRewriter &rewriter, Value value, Pairing pairing) {
  Dims dims = getDims(value);
  dims.back() = rewriter.getAffineConstantExpr(*getStaticDim(value, -1) / 2);
  Location loc = value.getLoc();
  if (Value once = getDoubled(value, pairing))
    return pairing == Pairing::Halves ? once
                                      : makeReshape(rewriter, loc, once, dims);
  if (Value input = getElementwiseInput(value)) {
    Operation *op = value.getDefiningOp();
    Value half = undouble(rewriter, input, pairing);
    Operation *clone = rewriter.clone(*op);
    for (OpOperand &operand : clone->getOpOperands())
      if (operand.get() == input)
        operand.set(half);
    clone->getResult(0).setType(
        tp::makeTensorType(dims, getElementType(value)));
    return clone->getResult(0);
  }
  Value half = undouble(rewriter, getLeadingInput(value), pairing);
  return isa<onnx::ReshapeOp>(value.getDefiningOp())
             ? makeReshape(rewriter, loc, half, dims)
             : makeExpand(rewriter, loc, half, dims);
}

/// The sizes of cos or sin, broadcast over heads to x [B, H, S, D]: returns
/// whether they are [B or 1, 1, S, columns] without leading ones.
bool isCacheOf(Value cache, Value x, int64_t columns) {
  Dims dims = getDims(cache), wanted = getDims(x);
  if (getRank(x) != 4 || getRank(cache) < 2 || getRank(cache) > 4 ||
      !allKnown(dims) || !allKnown(wanted))
    return false;
  while (dims.size() < 4)
    dims.insert(dims.begin(), getAffineConstantExpr(1, x.getContext()));
  return tp::getConst(dims[3]) == columns && tp::getConst(dims[1]) == 1 &&
         tp::provablyEqual(dims[2], wanted[2]) &&
         (tp::getConst(dims[0]) == 1 || tp::provablyEqual(dims[0], wanted[0]));
}

/// cos or sin with every frequency once, as [B, S, D / 2].
Value makeCache(PatternRewriter &rewriter, Value once, Value x) {
  Dims from = getDims(once), dims = getDims(x);
  AffineExpr batch =
      from.size() == 4 ? from[0] : rewriter.getAffineConstantExpr(1);
  Value cache =
      makeReshape(rewriter, once.getLoc(), once, {batch, dims[2], from.back()});
  if (tp::provablyEqual(batch, dims[0]))
    return cache;
  return makeExpand(rewriter, once.getLoc(), cache,
                    {dims[0], dims[2], from.back()});
}

Value makeRotary(PatternRewriter &rewriter, Location loc, Value x, Value cos,
                 Value sin, Pairing pairing) {
  return makeLike<onnx::RotaryEmbeddingOp>(
      rewriter, loc, x,
      {x, makeCache(rewriter, cos, x), makeCache(rewriter, sin, x)},
      {intAttr(rewriter, "interleaved", pairing == Pairing::Neighbours)});
}

/// Whether `value` is this range of x's last dimension.
bool isLastRange(Value value, Value x, int64_t start, int64_t size,
                 int64_t step) {
  std::optional<ConstantSlice> slice = matchConstantSlice(value);
  return slice && slice->source == x && slice->axis == getRank(x) - 1 &&
         slice->start == start && slice->size == size && slice->step == step;
}

/// The two operands of a Concat of the last dimension.
std::optional<std::pair<Value, Value>> matchConcatLast(Value value) {
  auto concat = value.getDefiningOp<onnx::ConcatOp>();
  if (!concat || concat->getNumOperands() != 2 ||
      normalizeAxis(concat.getAxis(), getRank(value)) != getRank(value) - 1)
    return std::nullopt;
  return std::make_pair(concat->getOperand(0), concat->getOperand(1));
}

/// `value` is x with each pair (a, b) rotated to (-b, a).
std::optional<Pairing> matchRotated(Value value, Value x) {
  std::optional<int64_t> columns = getStaticDim(x, -1);
  if (!columns || *columns % 2 != 0 || value.getType() != x.getType())
    return std::nullopt;
  int64_t half = *columns / 2;
  Pairing pairing = Pairing::Halves;
  if (auto reshape = value.getDefiningOp<onnx::ReshapeOp>()) {
    // [..., half, 1] twice, concatenated to [..., half, 2], flattened.
    pairing = Pairing::Neighbours;
    value = reshape.getData();
    if (getRank(value) != getRank(x) + 1 || getStaticDim(value, -1) != 2)
      return std::nullopt;
  }
  auto parts = matchConcatLast(value);
  if (!parts)
    return std::nullopt;
  auto [negated, kept] = *parts;
  if (pairing == Pairing::Neighbours) {
    auto first = negated.getDefiningOp<onnx::ReshapeOp>();
    auto second = kept.getDefiningOp<onnx::ReshapeOp>();
    if (!first || !second || getStaticDim(negated, -1) != 1)
      return std::nullopt;
    negated = first.getData();
    kept = second.getData();
  }
  auto neg = negated.getDefiningOp<onnx::NegOp>();
  if (!neg)
    return std::nullopt;
  bool halves = pairing == Pairing::Halves;
  bool matched = halves ? isLastRange(neg.getX(), x, half, half, 1) &&
                              isLastRange(kept, x, 0, half, 1)
                        : isLastRange(neg.getX(), x, 1, half, 2) &&
                              isLastRange(kept, x, 0, half, 2);
  if (!matched)
    return std::nullopt;
  return pairing;
}

/// x * cos + rotated(x) * sin.
struct RaiseRotated : OpRewritePattern<onnx::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AddOp op,
                                PatternRewriter &rewriter) const override {
    Value x, cos, sin;
    std::optional<Pairing> pairing;
    auto matchSin = [&](Value product) {
      return matchCommutative<onnx::MulOp>(product, [&](Value lhs, Value rhs) {
        sin = rhs;
        pairing = matchRotated(lhs, x);
        return pairing.has_value();
      });
    };
    bool matched =
        matchCommutative<onnx::AddOp>(op.getC(), [&](Value lhs, Value rhs) {
          return matchCommutative<onnx::MulOp>(lhs, [&](Value a, Value b) {
            x = a;
            cos = b;
            return matchSin(rhs);
          });
        });
    if (!matched || x.getType() != op.getC().getType() ||
        !isCacheOf(cos, x, *getStaticDim(x, -1)) ||
        !isCacheOf(sin, x, *getStaticDim(x, -1)) || !isDoubled(cos, *pairing) ||
        !isDoubled(sin, *pairing))
      return failure();
    Value cosOnce = undouble(rewriter, cos, *pairing);
    Value sinOnce = undouble(rewriter, sin, *pairing);
    rewriter.replaceOp(
        op, makeRotary(rewriter, op.getLoc(), x, cosOnce, sinOnce, *pairing));
    return success();
  }
};

/// Concat(a * cos - b * sin, b * cos + a * sin) of the halves a, b of x.
struct RaiseRotatedHalves : OpRewritePattern<onnx::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    Value result = op->getResult(0);
    auto parts = matchConcatLast(result);
    auto sub = parts ? parts->first.getDefiningOp<onnx::SubOp>() : nullptr;
    if (!sub)
      return failure();
    Value a, b, cos, sin;
    auto isProduct = [](Value value, Value lhs, Value rhs) {
      return matchCommutative<onnx::MulOp>(
          value, [&](Value x, Value y) { return x == lhs && y == rhs; });
    };
    bool matched = matchCommutative<onnx::MulOp>(
        sub.getA(), [&](Value first, Value second) {
          a = first;
          cos = second;
          return matchCommutative<onnx::MulOp>(
              sub.getB(), [&](Value third, Value fourth) {
                b = third;
                sin = fourth;
                return matchCommutative<onnx::AddOp>(
                    parts->second, [&](Value lhs, Value rhs) {
                      return isProduct(lhs, b, cos) && isProduct(rhs, a, sin);
                    });
              });
        });
    std::optional<ConstantSlice> slice;
    if (matched)
      slice = matchConstantSlice(a);
    if (!slice || slice->source.getType() != result.getType())
      return failure();
    Value x = slice->source;
    std::optional<int64_t> columns = getStaticDim(x, -1);
    if (!columns || *columns % 2 != 0 ||
        !isLastRange(a, x, 0, *columns / 2, 1) ||
        !isLastRange(b, x, *columns / 2, *columns / 2, 1) ||
        !isCacheOf(cos, x, *columns / 2) || !isCacheOf(sin, x, *columns / 2))
      return failure();
    rewriter.replaceOp(
        op, makeRotary(rewriter, op.getLoc(), x, cos, sin, Pairing::Halves));
    return success();
  }
};

/// A rotation of the first columns beside the others is one operation.
struct RaisePartialRotary : OpRewritePattern<onnx::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    Value result = op->getResult(0);
    auto parts = matchConcatLast(result);
    auto rotary =
        parts ? parts->first.getDefiningOp<onnx::RotaryEmbeddingOp>() : nullptr;
    if (!rotary || rotary.getRotaryEmbeddingDim() != 0 || getRank(result) != 4)
      return failure();
    std::optional<ConstantSlice> slice = matchConstantSlice(rotary.getX());
    std::optional<int64_t> columns = getStaticDim(result, -1);
    if (!slice || !columns || slice->source.getType() != result.getType())
      return failure();
    Value x = slice->source;
    int64_t rotated = slice->size;
    if (!isLastRange(rotary.getX(), x, 0, rotated, 1) ||
        !isLastRange(parts->second, x, rotated, *columns - rotated, 1))
      return failure();
    Operation *whole = rewriter.clone(*rotary);
    whole->setOperand(0, x);
    whole->setAttr(
        "rotary_embedding_dim",
        intAttr(rewriter, "rotary_embedding_dim", rotated).getValue());
    whole->getResult(0).setType(result.getType());
    rewriter.replaceOp(op, whole->getResults());
    return success();
  }
};

/// com.microsoft's operator takes the rows of cos and sin by position, and
/// heads merged into the last dimension.
struct LowerContribRotary : OpRewritePattern<onnx::MsRotaryEmbeddingOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The rows of `cache` at `positions`, as [B, S, columns].
  static Value gatherRows(PatternRewriter &rewriter, Location loc, Value cache,
                          Value positions, AffineExpr batch) {
    Dims dims = getDims(positions);
    dims.push_back(getDims(cache).back());
    Type type = tp::makeTensorType(dims, getElementType(cache));
    Value rows = onnx::GatherOp::create(rewriter, loc, TypeRange{type},
                                        ValueRange{cache, positions},
                                        {intAttr(rewriter, "axis", 0)})
                     .getOutput();
    if (tp::provablyEqual(dims[0], batch))
      return rows;
    dims[0] = batch;
    return makeExpand(rewriter, loc, rows, dims);
  }

  LogicalResult matchAndRewrite(onnx::MsRotaryEmbeddingOp op,
                                PatternRewriter &rewriter) const override {
    Value x = op->getOperand(0), positions = op->getOperand(1);
    Value cos = op->getOperand(2), sin = op->getOperand(3);
    Dims dims = getDims(x);
    std::optional<int64_t> half = getStaticDim(cos, -1);
    // One position is that of the first row.
    bool isOffset = getRank(positions) == 1 && getStaticDim(positions, 0) == 1;
    if (!allKnown(dims) || (getRank(positions) != 2 && !isOffset) ||
        getRank(cos) != 2 || !allKnown(getDims(positions)) || !half ||
        op.getScale().convertToFloat() != 1 || op.getIsPackedBatching())
      return failure();
    Location loc = op.getLoc();
    bool isMerged = dims.size() == 3;
    if (isOffset) {
      onnx::GraphBuilder g(rewriter, loc);
      AffineExpr length = dims[dims.size() - 2];
      Value rows = g.range(length, getElementType(positions));
      positions = g.reshape(g.map<onnx::AddOp>({rows, positions}),
                            {g.size(1), length});
    }
    if (isMerged) {
      std::optional<int64_t> columns = getStaticDim(x, -1);
      int64_t heads = op.getNumHeads();
      if (columns && heads == 0 && op.getRotaryEmbeddingDim() == 0)
        heads = *columns / (2 * *half);
      if (!columns || heads <= 0 || *columns % heads != 0)
        return failure();
      x = makeReshape(rewriter, loc, x,
                      {dims[0], dims[1], rewriter.getAffineConstantExpr(heads),
                       rewriter.getAffineConstantExpr(*columns / heads)});
      x = makeTranspose(rewriter, loc, x, {0, 2, 1, 3});
    } else if (dims.size() != 4) {
      return failure();
    }
    Value y = makeLike<onnx::RotaryEmbeddingOp>(
        rewriter, loc, x,
        {x, gatherRows(rewriter, loc, cos, positions, dims[0]),
         gatherRows(rewriter, loc, sin, positions, dims[0])},
        {intAttr(rewriter, "interleaved", op.getInterleaved()),
         intAttr(rewriter, "rotary_embedding_dim",
                 op.getRotaryEmbeddingDim())});
    if (isMerged)
      y = makeReshape(rewriter, loc,
                      makeTranspose(rewriter, loc, y, {0, 2, 1, 3}), dims);
    replaceByNew(rewriter, op, y);
    return success();
  }
};

struct RaiseRotary : tpo::impl::RaiseRotaryPassBase<RaiseRotary> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseRotated, RaiseRotatedHalves, RaisePartialRotary,
                 LowerContribRotary>(&getContext());
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
