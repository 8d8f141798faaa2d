//===- ContribAttention.cpp - Attention, MultiHeadAttention ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Semantics: ONNX Runtime's docs/ContribOperators.md and its CPU kernels. Their
// padding masks add mask_filter_value (a finite number) to the scores of hidden
// keys, so a row of hidden keys alone is not zero.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"

#include <limits>

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

using Dims = GraphBuilder::Dims;

namespace {

constexpr double kMaskFilterValue = -10000;

/// Sizes of the scores that a mask is for.
struct Scores {
  AffineExpr batch, queries, keys;
};

/// 0 where `visible`, else mask_filter_value.
Value asFilter(GraphBuilder &g, Operation *op, Value visible, Type element) {
  double hidden = getFloat(op, "mask_filter_value", kMaskFilterValue);
  return g.where(visible, g.scalar(0, element), g.scalar(hidden, element));
}

/// Keys before each sequence's end, given as [batch], or also from its start on,
/// given as [2 * batch]; the condition is [B, 1, 1, T].
Value visibleByEnds(GraphBuilder &g, Value ends, const Scores &scores) {
  Type i32 = GraphBuilder::elementType(ends);
  Value positions = g.reshape(g.range(scores.keys, i32), {g.size(1), g.size(1), g.size(1), scores.keys});
  auto column = [&](Value values) { return g.reshape(values, {scores.batch, g.size(1), g.size(1), g.size(1)}); };
  Dims dims = GraphBuilder::dims(ends);
  bool hasStarts = !tp::provablyEqual(dims[0], scores.batch);
  Value end = hasStarts ? g.slice(ends, 0, g.size(0), scores.batch) : ends;
  Value visible = g.compare<onnx::LessOp>(positions, column(end));
  if (!hasStarts)
    return visible;
  Value start = column(g.slice(ends, 0, scores.batch, scores.batch));
  return g.map<onnx::AndOp>({visible, g.compare<onnx::GreaterOrEqualOp>(positions, start)});
}

/// mask_index (key_padding_mask) as a mask that is added to [B, H, S, T].
FailureOr<Value> paddingMask(GraphBuilder &g, Operation *op, Value mask, const Scores &scores, Type element) {
  Dims dims = GraphBuilder::dims(mask);
  auto matches = [&](ArrayRef<AffineExpr> expected) {
    return dims.size() == expected.size() && llvm::all_of(llvm::zip(dims, expected), [](auto pair) {
             return tp::provablyEqual(std::get<0>(pair), std::get<1>(pair));
           });
  };
  if (matches({scores.batch}) || matches({scores.batch * 2}))
    return asFilter(g, op, visibleByEnds(g, mask, scores), element);
  Dims full;
  if (matches({scores.batch, scores.keys}))
    full = {scores.batch, g.size(1), g.size(1), scores.keys};
  else if (matches({scores.batch, scores.queries, scores.keys}))
    full = {scores.batch, g.size(1), scores.queries, scores.keys};
  else
    return op->emitError() << op->getName().stripDialect().drop_front(3) << " with a mask of type " << mask.getType()
                           << " is not supported";
  Value visible = g.compare<onnx::GreaterOp>(g.reshape(mask, full), g.scalar(0, GraphBuilder::elementType(mask)));
  return asFilter(g, op, visible, element);
}

Value addMasks(GraphBuilder &g, Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  return g.map<onnx::AddOp>({lhs, rhs});
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Columns of q, k and v in the packed weights.
FailureOr<SmallVector<int64_t>> getHiddenSizes(Operation *op, Value weights) {
  if (auto sizes = op->getAttrOfType<ArrayAttr>("qkv_hidden_sizes"); sizes && sizes.size() == 3) {
    SmallVector<int64_t> result;
    for (Attribute size : sizes)
      result.push_back(cast<IntegerAttr>(size).getValue().getSExtValue());
    return result;
  }
  std::optional<int64_t> columns = tp::getConst(GraphBuilder::dims(weights)[1]);
  if (!columns || *columns % 3 != 0)
    return op->emitError("Attention needs a static number of columns for q, k and v");
  return SmallVector<int64_t>(3, *columns / 3);
}

/// past and present are [2, B, H, T, size]: keys, then values.
void useStackedCache(GraphBuilder &g, Operation *op, AttentionCall &call) {
  auto stacked = [&](Value value) {
    Dims dims = GraphBuilder::dims(value);
    dims.insert(dims.begin(), g.size(1));
    return g.reshape(value, dims);
  };
  Value present = g.concat({stacked(call.k), stacked(call.v)}, 0);
  if (Value past = getOperand(op, 4))
    present = g.concat({past, present}, 3);
  auto part = [&](int64_t i) {
    Value slice = g.slice(present, 0, i, 1);
    Dims dims = GraphBuilder::dims(slice);
    return g.reshape(slice, ArrayRef(dims).drop_front());
  };
  if (getOperand(op, 4)) {
    call.k = part(0);
    call.v = part(1);
  }
  if (isUsed(op, 1))
    replaceResult(op, 1, present);
}

LogicalResult rewriteAttention(Operation *op, GraphBuilder &g) {
  if (failed(rejectOperands(op, {{6, "past_sequence_length"}})))
    return failure();
  for (StringRef name : {"do_rotary", "past_present_share_buffer"})
    if (getInt(op, name, 0) != 0)
      return op->emitError() << "Attention with " << name << " is not supported";
  Value input = op->getOperand(0), weights = op->getOperand(1), bias = getOperand(op, 2);
  FailureOr<SmallVector<int64_t>> sizes = getHiddenSizes(op, weights);
  if (failed(sizes))
    return failure();
  int64_t heads = getInt(op, "num_heads", 0), offset = 0;
  Value projected[3];
  for (auto [size, result] : llvm::zip(*sizes, projected)) {
    Value y = g.matmul(input, g.slice(weights, 1, offset, size));
    if (bias)
      y = g.map<onnx::AddOp>({y, g.slice(bias, 0, offset, size)});
    result = splitHeads(op, g, y, heads);
    if (!result)
      return failure();
    offset += size;
  }
  AttentionCall call;
  call.q = projected[0];
  call.k = projected[1];
  call.v = projected[2];
  Dims q = GraphBuilder::dims(call.q);
  AffineExpr past = getOperand(op, 4) ? GraphBuilder::dims(op->getOperand(4))[3] : g.size(0);
  useStackedCache(g, op, call);
  Scores scores{q[0], q[2], GraphBuilder::dims(call.k)[2]};
  Type element = GraphBuilder::elementType(input);
  if (Value mask = getOperand(op, 3)) {
    FailureOr<Value> filter = paddingMask(g, op, mask, scores, element);
    if (failed(filter))
      return failure();
    call.mask = *filter;
  }
  call.mask = addMasks(g, getOperand(op, 5), call.mask);
  call.scale = getFloat(op, "scale", 0);
  if (getInt(op, "unidirectional", 0)) {
    call.isCausal = tp::getConst(past) == 0;
    // With a past in the keys already, the bound is part of the mask.
    if (!call.isCausal) {
      Type i64 = g.builder().getI64Type();
      Value rows = g.map<onnx::AddOp>({g.range(scores.queries, i64), g.sizeScalar(past, i64)});
      Value row = g.reshape(rows, {g.size(1), g.size(1), scores.queries, g.size(1)});
      Value column = g.reshape(g.range(scores.keys, i64), {g.size(1), g.size(1), g.size(1), scores.keys});
      Value visible = g.compare<onnx::LessOrEqualOp>(column, row);
      Value zero = call.mask ? call.mask : g.scalar(0, element);
      call.mask = g.where(visible, zero, g.scalar(-std::numeric_limits<double>::infinity(), element));
    }
  }
  emitAttention(g, call);
  replaceResult(op, 0, mergeHeads(g, call.y));
  return success();
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

/// One of the parts of [B, S, heads, parts, size] as [B, heads, S, size].
Value takePart(GraphBuilder &g, Value packed, int64_t part) {
  Value slice = g.slice(packed, 3, part, 1);
  Dims dims = GraphBuilder::dims(slice);
  return g.transpose(g.reshape(slice, {dims[0], dims[1], dims[2], dims[4]}), {0, 2, 1, 3});
}

/// Adds `bias` [heads * size], as each head's row, to [B, heads, S, size].
Value addHeadBias(GraphBuilder &g, Value value, Value bias) {
  Dims dims = GraphBuilder::dims(value);
  Value rows = g.reshape(bias, {g.size(1), dims[1], g.size(1), dims[3]});
  return g.map<onnx::AddOp>({value, rows});
}

/// q, k and v with their biases, as [B, heads, S, size].
LogicalResult readOperands(Operation *op, GraphBuilder &g, AttentionCall &call) {
  int64_t heads = getInt(op, "num_heads", 0);
  Value query = op->getOperand(0), key = getOperand(op, 1), value = getOperand(op, 2), bias = getOperand(op, 3);
  bool cached = key && GraphBuilder::rank(key) == 4;
  // A bias belongs to [B, S, heads * size] and is added there, where it can join
  // a projection.
  int64_t offset = 0;
  auto split = [&](Value part, bool biased) -> Value {
    std::optional<int64_t> columns = tp::getConst(GraphBuilder::dims(part)[2]);
    if (bias && biased) {
      if (!columns) {
        op->emitError("MultiHeadAttention with a bias needs a static hidden size");
        return {};
      }
      part = g.map<onnx::AddOp>({part, g.slice(bias, 0, offset, *columns)});
    }
    offset += columns.value_or(0);
    return splitHeads(op, g, part, heads);
  };
  if (GraphBuilder::rank(query) == 5) {
    call.q = takePart(g, query, 0);
    call.k = takePart(g, query, 1);
    call.v = takePart(g, query, 2);
  } else if (!key) {
    return op->emitError("MultiHeadAttention without a key needs packed operands");
  } else if (GraphBuilder::rank(key) == 5) {
    call.q = split(query, true);
    call.k = takePart(g, key, 0);
    call.v = takePart(g, key, 1);
  } else if (!value) {
    return op->emitError("MultiHeadAttention without a value needs packed operands");
  } else {
    call.q = split(query, true);
    call.k = cached ? key : split(key, true);
    call.v = cached ? value : split(value, true);
    if (!call.q || !call.k || !call.v)
      return failure();
    return success();
  }
  if (!call.q)
    return failure();
  if (!bias)
    return success();
  // The parts of packed operands have their biases one behind the other, too.
  for (Value *part : {&call.q, &call.k, &call.v}) {
    Dims dims = GraphBuilder::dims(*part);
    std::optional<int64_t> columns = tp::getConst(dims[1] * dims[3]);
    if (!columns)
      return op->emitError("MultiHeadAttention with a bias needs a static hidden size");
    if (part == &call.q && GraphBuilder::rank(query) == 3)
      continue; // added above, offset counts it
    if (GraphBuilder::rank(query) == 5 && part == &call.q)
      offset = 0;
    *part = addHeadBias(g, *part, g.slice(bias, 0, offset, *columns));
    offset += *columns;
  }
  return success();
}

LogicalResult rewriteMultiHeadAttention(Operation *op, GraphBuilder &g) {
  if (failed(rejectOperands(op, {{8, "past_sequence_length"}, {9, "cache_indirection"}})))
    return failure();
  AttentionCall call;
  if (failed(readOperands(op, g, call)))
    return failure();
  call.pastKey = getOperand(op, 6);
  call.pastValue = getOperand(op, 7);
  if (!call.pastKey != !call.pastValue)
    return op->emitError("MultiHeadAttention needs past_key and past_value together");
  Dims q = GraphBuilder::dims(call.q);
  AffineExpr keys = GraphBuilder::dims(call.k)[2];
  if (call.pastKey)
    keys = tp::simplify(keys + GraphBuilder::dims(call.pastKey)[2]);
  Type element = GraphBuilder::elementType(call.q);
  if (Value mask = getOperand(op, 4)) {
    FailureOr<Value> filter = paddingMask(g, op, mask, {q[0], q[2], keys}, element);
    if (failed(filter))
      return failure();
    call.mask = *filter;
  }
  call.mask = addMasks(g, getOperand(op, 5), call.mask);
  call.scale = getFloat(op, "scale", 0);
  call.isCausal = getInt(op, "unidirectional", 0) != 0;
  call.wantsScores = isUsed(op, 3);
  emitAttention(g, call);
  replaceResult(op, 0, mergeHeads(g, call.y));
  if (isUsed(op, 1))
    replaceResult(op, 1, call.presentKey);
  if (isUsed(op, 2))
    replaceResult(op, 2, call.presentValue);
  if (isUsed(op, 3))
    replaceResult(op, 3, call.scores);
  return success();
}

LogicalResult rejectDecoderMasked(Operation *op, GraphBuilder &) {
  return op->emitError() << op->getName().stripDialect().drop_front(3)
                         << " is not supported: its cache is a buffer that is updated in place";
}

} // namespace

void contrib::addAttentionRewrites(Rewrites &rewrites) {
  rewrites["Attention"] = rewriteAttention;
  rewrites["MultiHeadAttention"] = rewriteMultiHeadAttention;
  rewrites["DecoderMaskedMultiHeadAttention"] = rejectDecoderMasked;
  rewrites["DecoderMaskedSelfAttention"] = rejectDecoderMasked;
}
