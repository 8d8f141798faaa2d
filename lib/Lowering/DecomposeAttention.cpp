//===- DecomposeAttention.cpp - Attention in terms of the runtime's -------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime's attention takes a mask of the scores' rank, a causal bound that
// is the same for every sequence, and returns Y alone. What ONNX's Attention can
// say beyond that becomes a mask (lengths of the sequences, windows without a
// right bound) or, where intermediate products are results or the element type
// is f64, products and a softmax.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/GraphBuilder.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_TPDECOMPOSEATTENTIONPASS
#include "tp-opt/Lowering/Passes.h.inc"

namespace {

using onnx::GraphBuilder;
using Dims = GraphBuilder::Dims;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// One Attention, its operands unpacked to [batch, heads, sequence, size] where
/// that is asked for.
class AttentionRewriter {
public:
  AttentionRewriter(onnx::AttentionOp op, OpBuilder &builder) : op(op), g(builder, op.getLoc()) {}

  LogicalResult run();

private:
  bool hasPast() { return !onnx::isNoValue(op.getPastKey()); }
  bool needsProducts();
  LogicalResult readShape();
  Value unpack(Value value, int64_t heads);
  void exposePresent();

  Value paddedMask();
  Value visibleByLength(bool withPositions);
  Value visibleByPosition(Value offset, bool causal, int64_t left, int64_t right);
  Value queryPositions();
  Value keyPositions();
  Value join(Value mask, Value visible);
  Value asBias(Value mask, Type element);
  void normalizeMask();

  Value repeatHeads(Value value, AffineExpr heads, AffineExpr queryHeads);
  double getScale(Value query);
  LogicalResult decompose();

  onnx::AttentionOp op;
  GraphBuilder g;
  AffineExpr batch, queries, keys, past;
  Type i64;
};

/// Whether more than Y is asked for, or computed in wider floats.
bool AttentionRewriter::needsProducts() {
  bool returnsScores = isa<RankedTensorType>(op.getQkMatmulOutput().getType()) && !op.getQkMatmulOutput().use_empty();
  return returnsScores || GraphBuilder::elementType(op.getQ()).isF64();
}

LogicalResult AttentionRewriter::readShape() {
  for (Value operand : op->getOperands())
    if (!onnx::isNoValue(operand) && !GraphBuilder::hasKnownDims(operand))
      return op.emitError() << "Attention with an operand of unknown size is not supported: " << operand.getType();
  Dims q = GraphBuilder::dims(op.getQ()), k = GraphBuilder::dims(op.getK());
  if ((q.size() != 3 && q.size() != 4) || k.size() != q.size())
    return op.emitError("Attention needs operands of rank 3 or 4");
  batch = q[0];
  queries = q[q.size() - 2];
  past = hasPast() ? GraphBuilder::dims(op.getPastKey())[2] : g.size(0);
  keys = tp::simplify(past + k[k.size() - 2]);
  i64 = g.builder().getI64Type();
  return success();
}

/// [B, S, H * D] as [B, H, S, D].
Value AttentionRewriter::unpack(Value value, int64_t heads) {
  Dims dims = GraphBuilder::dims(value);
  if (dims.size() == 4)
    return value;
  AffineExpr channels = heads > 0 ? tp::divideExactly(dims[2], g.size(heads)) : AffineExpr();
  if (!channels) {
    op.emitError() << "Attention cannot split " << tp::toString(dims[2]) << " channels into " << heads << " heads";
    return {};
  }
  return g.transpose(g.reshape(value, {dims[0], dims[1], g.size(heads), channels}), {0, 2, 1, 3});
}

/// Without a past, present_key is the unpacked K.
void AttentionRewriter::exposePresent() {
  if (hasPast())
    return;
  int64_t heads = op.getKvNumHeads().value_or(0);
  for (auto [operand, result] : {std::pair(op.getK(), op.getPresentKey()), std::pair(op.getV(), op.getPresentValue())})
    if (!result.use_empty())
      if (Value unpacked = unpack(operand, heads))
        result.replaceAllUsesWith(unpacked);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// attn_mask with rank 4 and a column for every key; null where there is none.
/// Columns that the mask lacks are hidden.
Value AttentionRewriter::paddedMask() {
  if (onnx::isNoValue(op.getAttnMask()))
    return {};
  Value mask = op.getAttnMask();
  if (GraphBuilder::rank(mask) == 0)
    mask = g.reshape(mask, {g.size(1)});
  mask = g.withRank(mask, 4);
  Dims dims = GraphBuilder::dims(mask);
  AffineExpr missing = tp::simplify(keys - dims[3]);
  if (tp::getConst(missing) == 0)
    return mask;
  dims[3] = missing;
  Type element = GraphBuilder::elementType(mask);
  Value hidden = g.filled(element.isInteger(1) ? 0 : kMinusInfinity, dims, element);
  return g.concat({mask, hidden}, 3);
}

/// [1, 1, S, 1]
Value AttentionRewriter::queryPositions() {
  return g.reshape(g.range(queries, i64), {g.size(1), g.size(1), queries, g.size(1)});
}

/// [1, 1, 1, T]
Value AttentionRewriter::keyPositions() {
  return g.reshape(g.range(keys, i64), {g.size(1), g.size(1), g.size(1), keys});
}

/// Keys that a query at position query + offset may see; null: all.
Value AttentionRewriter::visibleByPosition(Value offset, bool causal, int64_t left, int64_t right) {
  Value key = keyPositions(), query = g.map<onnx::AddOp>({queryPositions(), offset});
  Value visible;
  auto also = [&](Value condition) { visible = visible ? g.map<onnx::AndOp>({visible, condition}) : condition; };
  if (causal)
    also(g.compare<onnx::LessOrEqualOp>(key, query));
  if (right >= 0)
    also(g.compare<onnx::LessOrEqualOp>(key, g.withScalar<onnx::AddOp>(query, right)));
  if (left >= 0)
    also(g.compare<onnx::GreaterOrEqualOp>(key, g.withScalar<onnx::SubOp>(query, left)));
  return visible;
}

/// Keys within each sequence's nonpad_kv_seqlen, and, `withPositions`, within
/// the causal and window bounds counted from the end of it.
Value AttentionRewriter::visibleByLength(bool withPositions) {
  Value length = g.convert(op.getNonpadKvSeqlen(), i64);
  Dims dims = GraphBuilder::dims(length);
  length = g.reshape(length, {dims.empty() ? g.size(1) : dims[0], g.size(1), g.size(1), g.size(1)});
  Value visible = g.compare<onnx::LessOp>(keyPositions(), length);
  if (!withPositions)
    return visible;
  Value offset = g.map<onnx::SubOp>({length, g.sizeScalar(queries, i64)});
  Value positions = visibleByPosition(offset, op.getIsCausal() != 0, op.getLeftWindowSize(), op.getRightWindowSize());
  return g.map<onnx::AndOp>({visible, positions});
}

Value AttentionRewriter::asBias(Value mask, Type element) {
  if (!GraphBuilder::elementType(mask).isInteger(1))
    return g.convert(mask, element);
  return g.where(mask, g.scalar(0, element), g.scalar(kMinusInfinity, element));
}

/// `mask` (null: none) where `visible`.
Value AttentionRewriter::join(Value mask, Value visible) {
  if (!mask)
    return visible;
  if (!visible)
    return mask;
  Type element = GraphBuilder::elementType(mask);
  if (element.isInteger(1))
    return g.map<onnx::AndOp>({mask, visible});
  return g.where(visible, mask, g.scalar(kMinusInfinity, element));
}

/// Leaves what the runtime's operation takes: a mask of rank 4, and position
/// bounds with a right end.
void AttentionRewriter::normalizeMask() {
  Value mask = paddedMask();
  bool hasLength = !onnx::isNoValue(op.getNonpadKvSeqlen());
  bool causal = op.getIsCausal() != 0;
  int64_t left = op.getLeftWindowSize(), right = op.getRightWindowSize();
  bool dropsBounds = false;
  if (hasLength) {
    dropsBounds = causal || left >= 0 || right >= 0;
    mask = join(mask, visibleByLength(dropsBounds));
  } else if (left >= 0 && right < 0 && !causal) {
    dropsBounds = true;
    mask = join(mask, visibleByPosition(g.sizeScalar(past, i64), causal, left, right));
  }
  if (mask)
    op->setOperand(3, mask);
  if (hasLength)
    op->setOperand(6, g.none());
  if (dropsBounds)
    for (NamedAttribute none :
         {g.intAttr("is_causal", 0), g.intAttr("left_window_size", -1), g.intAttr("right_window_size", -1)})
      op->setAttr(none.getName(), none.getValue());
}

//===----------------------------------------------------------------------===//
// Products and a softmax
//===----------------------------------------------------------------------===//

/// Keys or values of `heads` heads, one for each query head.
Value AttentionRewriter::repeatHeads(Value value, AffineExpr heads, AffineExpr queryHeads) {
  auto group = op->getAttrOfType<IntegerAttr>("tp.group");
  if (!group && tp::provablyEqual(heads, queryHeads))
    return value;
  AffineExpr first = g.size(0), firstKey = g.size(0);
  int64_t size = 0;
  if (group) {
    size = group.getInt();
    first = op->getAttrOfType<tp::DimsAttr>("tp.q_head_offset").getExprs().front();
    firstKey = op->getAttrOfType<tp::DimsAttr>("tp.kv_head_offset").getExprs().front();
  } else if (AffineExpr ratio = tp::divideExactly(queryHeads, heads)) {
    size = tp::getConst(ratio).value_or(0);
  }
  if (size <= 0) {
    op.emitError() << "has " << tp::toString(queryHeads) << " query heads for " << tp::toString(heads)
                   << " key heads: not a fixed multiple";
    return {};
  }
  Value index = g.map<onnx::AddOp>({g.range(queryHeads, i64), g.sizeScalar(first, i64)});
  index = g.withScalar<onnx::DivOp>(index, size);
  index = g.map<onnx::SubOp>({index, g.sizeScalar(firstKey, i64)});
  return g.gather(value, index, 1);
}

double AttentionRewriter::getScale(Value query) {
  if (op.getScale())
    return op.getScale()->convertToFloat();
  return 1.0 / std::sqrt(static_cast<double>(tp::getConst(GraphBuilder::dims(query)[3]).value_or(1)));
}

LogicalResult AttentionRewriter::decompose() {
  int64_t kvHeads = op.getKvNumHeads().value_or(0);
  Value q = unpack(op.getQ(), op.getQNumHeads().value_or(0));
  Value k = unpack(op.getK(), kvHeads), v = unpack(op.getV(), kvHeads);
  if (!q || !k || !v)
    return failure();
  if (!op.getScale() && !tp::getConst(GraphBuilder::dims(q)[3]))
    return op.emitError("Attention with a dynamic number of channels needs a scale");
  if (hasPast()) {
    k = g.concat({op.getPastKey(), k}, 2);
    v = g.concat({op.getPastValue(), v}, 2);
    for (auto [value, result] : {std::pair(&k, op.getPresentKey()), std::pair(&v, op.getPresentValue())})
      if (isa<RankedTensorType>(result.getType())) {
        value->setType(result.getType());
        result.replaceAllUsesWith(*value);
      }
  }
  Type element = GraphBuilder::elementType(q), wide = element.isF64() ? element : g.builder().getF32Type();
  AffineExpr queryHeads = GraphBuilder::dims(q)[1], heads = GraphBuilder::dims(k)[1];
  k = repeatHeads(k, heads, queryHeads);
  v = repeatHeads(v, heads, queryHeads);
  if (!k || !v)
    return failure();

  Value scaled = g.withScalar<onnx::MulOp>(g.convert(q, wide), getScale(q));
  Value scores = g.matmul(scaled, g.transpose(g.convert(k, wide), {0, 1, 3, 2}));
  Value stages[4] = {scores};
  if (double cap = op.getSoftcap().convertToFloat(); cap > 0)
    scores = g.withScalar<onnx::MulOp>(g.map<onnx::TanhOp>({g.withScalar<onnx::DivOp>(scores, cap)}), cap);
  stages[1] = scores;

  // Position bounds that normalizeMask left to the operation.
  Value mask = op.getAttnMask();
  if (onnx::isNoValue(mask))
    mask = {};
  if (op.getIsCausal() || op.getLeftWindowSize() >= 0 || op.getRightWindowSize() >= 0)
    mask = join(mask, visibleByPosition(g.sizeScalar(past, i64), op.getIsCausal() != 0, op.getLeftWindowSize(),
                                        op.getRightWindowSize()));
  Value bias = mask ? asBias(mask, wide) : Value();
  if (bias)
    scores = g.map<onnx::AddOp>({scores, bias});
  stages[2] = scores;
  Value weights = g.softmax(scores, 3);
  if (bias) {
    // A query that sees no key has weights of zero, whatever its scores are.
    Value highest = g.reduce<onnx::ReduceMaxOp>(bias, {3});
    Value blind = g.compare<onnx::EqualOp>(highest, g.scalar(kMinusInfinity, wide));
    weights = g.map<onnx::WhereOp>({blind, g.scalar(0, wide), weights}, wide);
  }
  stages[3] = weights;
  Value y = g.matmul(weights, g.convert(v, wide));
  Dims yDims = GraphBuilder::dims(y);
  if (GraphBuilder::rank(op.getY()) == 3)
    y = g.reshape(g.transpose(y, {0, 2, 1, 3}), GraphBuilder::dims(op.getY()));
  op.getY().replaceAllUsesWith(g.convert(y, element));
  if (!op.getQkMatmulOutput().use_empty())
    op.getQkMatmulOutput().replaceAllUsesWith(g.convert(stages[op.getQkMatmulOutputMode() & 3], element));
  op.erase();
  return success();
}

LogicalResult AttentionRewriter::run() {
  if (failed(readShape()))
    return failure();
  exposePresent();
  normalizeMask();
  return needsProducts() ? decompose() : success();
}

struct DecomposeAttentionPass : impl::TpDecomposeAttentionPassBase<DecomposeAttentionPass> {
  void runOnOperation() override {
    SmallVector<onnx::AttentionOp> ops;
    getOperation().walk([&](onnx::AttentionOp op) { ops.push_back(op); });
    for (onnx::AttentionOp op : ops) {
      OpBuilder builder(op);
      if (failed(AttentionRewriter(op, builder).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace tpo
