//===- RaiseAttention.cpp - Scaled-dot-product attention ------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "AttentionMatch.h"
#include "Build.h"
#include "Match.h"
#include "Patterns.h"
#include "dialects/Onnx/GraphBuilder.h"

#include <cmath>
#include <limits>

namespace tpo {
#define GEN_PASS_DEF_RAISEATTENTIONPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// ONNX's number of the type float.
constexpr int64_t kOnnxFloat = 1;

/// The condition of a mask that is Where(condition, 0, -inf) up to Reshape and
/// Expand; null for any other.
Value getVisible(PatternRewriter &rewriter, Value mask) {
  if (auto where = mask.getDefiningOp<onnx::WhereOp>()) {
    Value condition = where->getOperand(0);
    std::optional<double> hidden = getScalar(where->getOperand(2));
    bool isMask = isScalar(where->getOperand(1), 0) && hidden &&
                  std::isinf(*hidden) && *hidden < 0 &&
                  sameDims(getDims(condition), getDims(mask));
    return isMask ? condition : Value();
  }
  Operation *op = mask.getDefiningOp();
  if (!isa_and_nonnull<onnx::ReshapeOp, onnx::ExpandOp>(op) ||
      !allKnown(getDims(mask)))
    return nullptr;
  Value visible = getVisible(rewriter, op->getOperand(0));
  if (!visible)
    return nullptr;
  return isa<onnx::ReshapeOp>(op)
             ? makeReshape(rewriter, op->getLoc(), visible, getDims(mask))
             : makeExpand(rewriter, op->getLoc(), visible, getDims(mask));
}

/// f(lhs, rhs) with broadcasting, or rhs alone; both broadcast to the scores.
template <typename OpT>
Value combine(PatternRewriter &rewriter, Location loc, Value lhs, Value rhs) {
  if (!lhs)
    return rhs;
  Type type =
      tp::makeTensorType(*broadcastDims({lhs, rhs}), getElementType(lhs));
  return OpT::create(rewriter, loc, TypeRange{type}, ValueRange{lhs, rhs})
      ->getResult(0);
}

/// Where(condition, 0, hidden), or Where(condition, hidden, 0), with the
/// condition's shape.
Value makeFloatMask(PatternRewriter &rewriter, Location loc, Value condition,
                    Value hidden, bool hidesWhereTrue = false) {
  Type element = getElementType(hidden);
  Value seen = makeScalar(rewriter, loc, 0, element);
  if (hidesWhereTrue)
    std::swap(seen, hidden);
  return onnx::WhereOp::create(
             rewriter, loc,
             TypeRange{tp::makeTensorType(getDims(condition), element)},
             ValueRange{condition, seen, hidden})
      ->getResult(0);
}

/// The one attn_mask that stands for all masks of `scores`; onnx.NoValue where
/// there is none.
Value makeMask(PatternRewriter &rewriter, Location loc,
               const AttentionScores &scores) {
  Value visible, bias;
  auto see = [&](Value condition) {
    visible = combine<onnx::AndOp>(rewriter, loc, visible, condition);
  };
  auto add = [&](Value mask) {
    bias = combine<onnx::AddOp>(rewriter, loc, bias, mask);
  };
  for (Value condition : scores.boolMasks)
    see(condition);
  for (Value condition : scores.hiddenMasks)
    see(makeLike<onnx::NotOp>(rewriter, loc, condition, {condition}));
  for (const AttentionScores::ReplacedMask &mask : scores.replacedMasks)
    add(makeFloatMask(rewriter, loc, mask.condition, mask.hidden,
                      mask.hidesWhereTrue));
  for (auto [mask, factor] : scores.floatMasks) {
    if (Value condition = getVisible(rewriter, mask))
      see(condition);
    else if (factor == 1)
      add(mask);
    else
      add(makeLike<onnx::MulOp>(rewriter, loc, mask, {mask, makeScalar(rewriter, loc, factor, getElementType(mask))}));
  }
  if (!bias)
    return visible ? visible : onnx::NoValueOp::create(rewriter, loc);
  if (visible)
    add(makeFloatMask(rewriter, loc, visible,
                      makeScalar(rewriter, loc,
                                 -std::numeric_limits<double>::infinity(),
                                 getElementType(bias))));
  return bias;
}

/// Whether the mask broadcasts to the scores [B, H, S, T].
bool broadcastsTo(Value mask, ArrayRef<AffineExpr> dims) {
  Dims maskDims = getDims(mask);
  if (maskDims.empty() || maskDims.size() > dims.size())
    return false;
  size_t shift = dims.size() - maskDims.size();
  for (auto [i, dim] : llvm::enumerate(maskDims))
    if (!tp::provablyEqual(dim, dims[shift + i]) && tp::getConst(dim) != 1)
      return false;
  return true;
}

/// Whether Attention takes the mask: its last dimension must be there in full,
/// because a shorter one is padded instead of broadcast.
bool isMaskFor(Value mask, ArrayRef<AffineExpr> dims) {
  return broadcastsTo(mask, dims) &&
         tp::provablyEqual(getDims(mask).back(), dims.back());
}

/// Whether all masks broadcast to the scores, and have a type that Attention
/// on `element` takes.
bool haveFittingMasks(const AttentionScores &scores, ArrayRef<AffineExpr> dims,
                      Type element) {
  auto fits = [&](Value mask) { return broadcastsTo(mask, dims); };
  auto fitsFloat = [&](Value mask) {
    return fits(mask) && getElementType(mask) == element;
  };
  return llvm::all_of(scores.boolMasks, fits) && llvm::all_of(scores.hiddenMasks, fits) &&
         llvm::all_of(scores.floatMasks, [&](const auto &mask) { return fitsFloat(mask.mask); }) &&
         llvm::all_of(scores.replacedMasks,
                      [&](const auto &mask) { return fits(mask.condition) && getElementType(mask.hidden) == element; });
}

/// `mask` with its one column repeated for every key.
Value expandColumns(PatternRewriter &rewriter, Value mask, AffineExpr keys) {
  if (onnx::isNoValue(mask) || getStaticDim(mask, -1) != 1 ||
      tp::getConst(keys) == 1)
    return mask;
  Dims dims = getDims(mask);
  dims.back() = keys;
  return makeExpand(rewriter, mask.getLoc(), mask, dims);
}

/// What keys or values were repeated from: [B, h, 1, T, D] of
/// Reshape(Expand([B, h, 1, T, D] -> [B, h, g, T, D])), or the operand of an
/// Expand of one head; null where they were not. Its dimension 1 is the heads.
Value findRepeated(Value value) {
  Dims dims = getDims(value);
  if (dims.size() != 4 || !allKnown(dims))
    return nullptr;
  if (auto expand = value.getDefiningOp<onnx::ExpandOp>()) {
    Value once = expand.getInput();
    Dims from = getDims(once);
    bool oneHead = from.size() == 4 && tp::getConst(from[1]) == 1 &&
                   tp::provablyEqual(from[0], dims[0]) &&
                   tp::provablyEqual(from[2], dims[2]) &&
                   tp::provablyEqual(from[3], dims[3]);
    return oneHead ? once : Value();
  }
  auto merge = value.getDefiningOp<onnx::ReshapeOp>();
  auto expand =
      merge ? merge.getData().getDefiningOp<onnx::ExpandOp>() : nullptr;
  if (!expand)
    return nullptr;
  Dims from = getDims(expand.getInput()), to = getDims(expand.getOutput());
  if (from.size() != 5 || to.size() != 5 || !allKnown(from) || !allKnown(to) ||
      tp::getConst(from[2]) != 1)
    return nullptr;
  // Only the group dimension is repeated.
  for (unsigned i : {0, 1, 3, 4})
    if (!tp::provablyEqual(from[i], to[i]))
      return nullptr;
  if (!tp::provablyEqual(to[0], dims[0]) ||
      !tp::provablyEqual(to[3], dims[2]) || !tp::provablyEqual(to[4], dims[3]))
    return nullptr;
  return expand.getInput();
}

Value asHeads(PatternRewriter &rewriter, Value once) {
  Dims from = getDims(once);
  return from.size() == 4 ? once
                          : makeReshape(rewriter, once.getLoc(), once,
                                        {from[0], from[1], from[3], from[4]});
}

/// Weights over the keys and one more score for each row, an attention sink,
/// whose weight is dropped: Slice(Softmax(Concat(scores, sink))).
struct SinkWeights {
  Value scores, sink;
};

std::optional<SinkWeights> matchSinkWeights(Value weights) {
  auto slice = skipFloatCasts(weights).getDefiningOp<onnx::SliceOp>();
  auto softmax = slice ? skipFloatCasts(slice.getData()).getDefiningOp<onnx::SoftmaxOp>() : nullptr;
  if (!softmax || getRank(weights) != 4 || normalizeAxis(softmax.getAxis(), 4) != 3)
    return std::nullopt;
  // A softmax is the same without the maximum.
  Value joined = softmax.getInput();
  if (auto shifted = joined.getDefiningOp<onnx::SubOp>())
    if (auto maximum = shifted.getB().getDefiningOp<onnx::ReduceMaxOp>(); maximum && maximum.getData() == shifted.getA())
      joined = shifted.getA();
  auto concat = skipFloatCasts(joined).getDefiningOp<onnx::ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 || normalizeAxis(concat.getAxis(), 4) != 3)
    return std::nullopt;
  Value scores = concat.getInputs()[0], sink = concat.getInputs()[1];
  std::optional<Dims> starts = getSymbolicInts(slice.getStarts());
  std::optional<SmallVector<int64_t>> axes =
      onnx::isNoValue(slice.getAxes()) ? std::nullopt : getInts(slice.getAxes());
  bool dropsLast = starts && starts->size() == 1 && tp::getConst(starts->front()) == 0 && axes &&
                   normalizeAxis(axes->front(), 4) == 3 && sameDims(getDims(weights), getDims(scores));
  if (!dropsLast || getStaticDim(sink, 3) != 1)
    return std::nullopt;
  return SinkWeights{scores, sink};
}

/// Key, value and mask with one more key, whose score is the sink and whose
/// value is zero.
void addSink(PatternRewriter &rewriter, Location loc, Value sink, Value &key, Value &value, Value &mask) {
  onnx::GraphBuilder g(rewriter, loc);
  Type element = getElementType(key);
  Dims k = getDims(key), v = getDims(value);
  if (onnx::isNoValue(mask))
    mask = g.filled(0, {g.size(1), g.size(1), g.size(1), k[2]}, element);
  else if (getElementType(mask).isInteger(1))
    mask = g.where(mask, g.scalar(0, element), g.scalar(-std::numeric_limits<double>::infinity(), element));
  mask = g.withRank(mask, 4);
  if (auto expand = sink.getDefiningOp<onnx::ExpandOp>(); expand && getRank(expand.getInput()) == 4)
    sink = expand.getInput();
  sink = g.convert(sink, element);
  Dims common = g.broadcast({mask, sink});
  common[3] = k[2];
  mask = g.expand(mask, common);
  common[3] = k[2] = v[2] = g.size(1);
  mask = g.concat({mask, g.expand(sink, common)}, 3);
  key = g.concat({key, g.filled(0, k, element)}, 2);
  value = g.concat({value, g.filled(0, v, element)}, 2);
}

/// softmax(q k^T ...) v.
struct RaiseScaledDotProduct : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  /// Whether the four-dimensional operands fit together as attention. The
  /// number of key-value heads is the query's or one.
  static bool haveAttentionShapes(const AttentionScores &scores, Value value) {
    Dims q = getDims(scores.query), k = getDims(scores.transposedKey),
         v = getDims(value);
    if (q.size() != 4 || k.size() != 4 || v.size() != 4 || !allKnown(q) ||
        !allKnown(k) || !allKnown(v))
      return false;
    bool fitting =
        tp::provablyEqual(q[0], k[0]) && tp::provablyEqual(q[0], v[0]) &&
        tp::provablyEqual(k[1], v[1]) && tp::provablyEqual(q[3], k[2]) &&
        tp::provablyEqual(k[3], v[2]);
    return fitting &&
           (tp::provablyEqual(q[1], k[1]) || tp::getConst(k[1]) == 1);
  }

  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<SinkWeights> sink = matchSinkWeights(op.getA());
    AttentionWeights weights = sink ? AttentionWeights() : matchWeights(op.getA());
    auto softmax = dyn_cast_or_null<onnx::SoftmaxOp>(weights.softmax);
    if ((!softmax && !sink) || getRank(op.getY()) != 4 ||
        (softmax && normalizeAxis(softmax.getAxis(), 4) != 3))
      return failure();
    std::optional<AttentionScores> scores =
        matchScores(sink ? sink->scores : softmax.getInput());
    Type element = getElementType(op.getY());
    if (!scores || !hideZeroed(*scores, weights) || !haveAttentionShapes(*scores, op.getB()) ||
        getElementType(scores->query) != element ||
        getElementType(scores->transposedKey) != element)
      return failure();

    Location loc = op.getLoc();
    Dims q = getDims(scores->query), k = getDims(scores->transposedKey);
    if (!haveFittingMasks(*scores, {q[0], q[1], q[2], k[3]}, element))
      return failure();
    Value mask =
        expandColumns(rewriter, makeMask(rewriter, loc, *scores), k[3]);
    Value key =
        makeTranspose(rewriter, loc, scores->transposedKey, {0, 1, 3, 2});
    Value value = op.getB();
    if (sink) {
      // The repetition for grouped queries would be hidden by the added key.
      auto turned = scores->transposedKey.getDefiningOp<onnx::TransposeOp>();
      if (turned && swapsLastTwo(getPerm(turned)))
        key = turned.getData();
      Value keys = findRepeated(key), values = findRepeated(value);
      if (keys && values &&
          tp::provablyEqual(getDims(keys)[1], getDims(values)[1])) {
        key = asHeads(rewriter, keys);
        value = asHeads(rewriter, values);
      }
      addSink(rewriter, loc, sink->sink, key, value, mask);
    }
    SmallVector<NamedAttribute> attributes = {
        floatAttr(rewriter, "scale", scores->scale)};
    if (scores->softcap != 0)
      attributes.push_back(floatAttr(rewriter, "softcap", scores->softcap));
    if (scores->widened || weights.narrowed)
      attributes.push_back(intAttr(rewriter, "softmax_precision", kOnnxFloat));
    auto attention = onnx::AttentionOp::create(rewriter, loc, TypeRange{op.getY().getType()},
                                               ValueRange{scores->query, key, value, mask}, attributes);
    rewriter.replaceOp(op, attention.getY());
    return success();
  }
};

struct RemoveRepeatedHeads : OpRewritePattern<onnx::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (getRank(op.getQ()) != 4 || !onnx::isNoValue(op.getPastKey()))
      return failure();
    // Both are looked at before anything is built.
    Value keys = findRepeated(op.getK()), values = findRepeated(op.getV());
    if (!keys || !values ||
        !tp::provablyEqual(getDims(keys)[1], getDims(values)[1]))
      return failure();
    Value key = asHeads(rewriter, keys), value = asHeads(rewriter, values);
    rewriter.modifyOpInPlace(op, [&] {
      op->setOperand(1, key);
      op->setOperand(2, value);
    });
    return success();
  }
};

/// The mask need not repeat what Attention broadcasts.
struct BypassMaskExpand : OpRewritePattern<onnx::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    auto expand = op.getAttnMask().getDefiningOp<onnx::ExpandOp>();
    Dims q = getDims(op.getQ()), k = getDims(op.getK());
    if (!expand || q.size() != 4 || k.size() != 4 ||
        !onnx::isNoValue(op.getPastKey()) ||
        !isMaskFor(expand.getInput(), {q[0], q[1], q[2], k[2]}))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(3, expand.getInput()); });
    return success();
  }
};

/// past and present operands are Concat before Attention.
struct ConcatCache : OpRewritePattern<onnx::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    // A causal mask and a window count from the end of the cache, which only the
    // operand tells.
    if (onnx::isNoValue(op.getPastKey()) || getRank(op.getQ()) != 4 ||
        op.getIsCausal() || op.getLeftWindowSize() >= 0 ||
        op.getRightWindowSize() >= 0 || !op->getResult(3).use_empty() ||
        onnx::isNoValue(op.getPresentKey()) ||
        onnx::isNoValue(op.getPresentValue()))
      return failure();
    auto concat = [&](Value past, Value fresh, Value like) {
      return makeLike<onnx::ConcatOp>(rewriter, op.getLoc(), like,
                                      {past, fresh},
                                      {intAttr(rewriter, "axis", 2)});
    };
    Value key = concat(op.getPastKey(), op.getK(), op.getPresentKey());
    Value value = concat(op.getPastValue(), op.getV(), op.getPresentValue());
    auto attention = onnx::AttentionOp::create(
        rewriter, op.getLoc(), TypeRange{op.getY().getType()},
        ValueRange{op.getQ(), key, value, op.getAttnMask()}, op->getAttrs());
    rewriter.replaceAllUsesWith(op.getPresentKey(), key);
    rewriter.replaceAllUsesWith(op.getPresentValue(), value);
    rewriter.replaceAllUsesWith(op.getY(), attention.getY());
    rewriter.eraseOp(op);
    return success();
  }
};

/// Max(scores + mask, lowest) is scores + Max(mask, lowest): older exports keep
/// masked scores finite that way. The same in 32 bits for scores of reasonable
/// size.
struct ClampMask : OpRewritePattern<onnx::MaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MaxOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() != 2)
      return failure();
    Value result = op->getResult(0);
    for (unsigned i : {0, 1}) {
      Value masked = op->getOperand(i), lowest = op->getOperand(1 - i);
      auto add = masked.getDefiningOp<onnx::AddOp>();
      std::optional<double> number = getScalar(lowest);
      if (!add || masked.getType() != result.getType() || !number ||
          *number > kHidingNumber)
        continue;
      for (unsigned k : {0, 1}) {
        Value scores = add->getOperand(k), mask = add->getOperand(1 - k);
        std::optional<Dims> dims = broadcastDims({mask, lowest});
        if (!matchScores(scores) || !dims || !hasDims(mask.getType(), *dims))
          continue;
        Value clamped = makeLike<onnx::MaxOp>(rewriter, op.getLoc(), mask,
                                              {mask, lowest});
        rewriter.replaceOp(op, makeLike<onnx::AddOp>(rewriter, add.getLoc(),
                                                     result, {scores, clamped}));
        return success();
      }
    }
    return failure();
  }
};

/// Softmax does its own shift by the maximum.
struct DropShiftByMaximum : OpRewritePattern<onnx::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SoftmaxOp op,
                                PatternRewriter &rewriter) const override {
    auto shifted = op.getInput().getDefiningOp<onnx::SubOp>();
    auto maximum =
        shifted ? shifted.getB().getDefiningOp<onnx::ReduceMaxOp>() : nullptr;
    if (!maximum || maximum.getData() != shifted.getA() ||
        shifted.getC().getType() != shifted.getA().getType())
      return failure();
    int64_t rank = getRank(shifted.getA());
    std::optional<int64_t> axis = normalizeAxis(op.getAxis(), rank);
    // One maximum for each row, where it was taken over more, too.
    if (!axis || getRank(shifted.getB()) != rank ||
        getStaticDim(shifted.getB(), *axis) != 1)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, shifted.getA()); });
    return success();
  }
};

/// A mask that is subtracted, as distances are for linear biases.
struct AddNegatedMask : OpRewritePattern<onnx::SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SubOp op,
                                PatternRewriter &rewriter) const override {
    Value mask = op.getB();
    if (op.getA().getType() != op.getC().getType() ||
        getElementType(mask) != getElementType(op.getA()) ||
        !matchScores(op.getA()))
      return failure();
    Value negated =
        makeLike<onnx::NegOp>(rewriter, op.getLoc(), mask, {mask});
    rewriter.replaceOp(op, makeLike<onnx::AddOp>(rewriter, op.getLoc(),
                                                 op.getC(),
                                                 {op.getA(), negated}));
    return success();
  }
};

/// A factor for each head or query, as a learned temperature is, belongs to the
/// query: (q k^T) t is (q t) k^T.
template <typename OpT> struct ScaleQuery : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  static bool isFactorOf(Value factor, Value query) {
    std::optional<Dims> dims = broadcastDims({query, factor});
    return getRank(factor) > 0 && getStaticDim(factor, -1) == 1 && dims &&
           hasDims(query.getType(), *dims) &&
           getElementType(factor) == getElementType(query);
  }

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Value result = op->getResult(0);
    if (getRank(result) != 4 || getScalar(op->getOperand(0)) ||
        getScalar(op->getOperand(1)))
      return failure();
    for (unsigned i : {0, 1}) {
      if (i == 1 && isa<onnx::DivOp>(op))
        break;
      Value scores = op->getOperand(i), factor = op->getOperand(1 - i), inner;
      double scale = 1, next;
      if (scores.getType() != result.getType())
        continue;
      for (; matchScaled(scores, inner, next); scores = inner)
        scale *= next;
      auto product = scores.getDefiningOp<onnx::MatMulOp>();
      if (!product || getRank(product.getA()) != 4 ||
          getRank(product.getB()) != 4 || !isFactorOf(factor, product.getA()))
        continue;
      Location loc = op.getLoc();
      Value query = makeLike<OpT>(rewriter, loc, product.getA(),
                                  {product.getA(), factor});
      Value scaled = makeLike<onnx::MatMulOp>(rewriter, product.getLoc(),
                                              result, {query, product.getB()});
      if (scale != 1)
        scaled = makeLike<onnx::MulOp>(
            rewriter, loc, result,
            {scaled, makeScalar(rewriter, loc, scale, getElementType(result))});
      rewriter.replaceOp(op, scaled);
      return success();
    }
    return failure();
  }
};

struct RaiseAttention : tpo::impl::RaiseAttentionPassBase<RaiseAttention> {
  void runOnOperation() override {
    // A second time for what stayed without a batch.
    for (bool addBatch : {false, true}) {
      RewritePatternSet patterns(&getContext());
      patterns.add<RaiseScaledDotProduct, RemoveRepeatedHeads, BypassMaskExpand,
                   ConcatCache, ClampMask, DropShiftByMaximum, AddNegatedMask,
                   ScaleQuery<onnx::MulOp>, ScaleQuery<onnx::DivOp>>(
          &getContext());
      populateUnmergeHeadsPatterns(patterns);
      populateReshapePatterns(patterns);
      if (addBatch)
        populateAddBatchPatterns(patterns);
      if (failed(applyPatterns(getOperation(), std::move(patterns))))
        return signalPassFailure();
    }
  }
};

} // namespace
