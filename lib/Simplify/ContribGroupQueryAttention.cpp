//===- ContribGroupQueryAttention.cpp - GroupQueryAttention ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sequences of a batch may have different lengths: seqlens_k is each one's
// length, the new tokens included, less one. The new keys of sequence b go behind
// its own past, at position past[b], and its queries count from there. What lies
// behind the end of a sequence in the cache is zero.
//
// The first tokens of a sequence (no past) start at 0, whatever seqlens_k says:
// then it tells how many of them are no padding.
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

class GroupQueryAttention {
public:
  GroupQueryAttention(Operation *op, GraphBuilder &g)
      : op(op), g(g), heads(getInt(op, "num_heads", 0)), kvHeads(getInt(op, "kv_num_heads", 0)),
        i64(g.builder().getI64Type()) {}

  LogicalResult run();

private:
  LogicalResult checkSupported();
  LogicalResult readOperands();
  void readLengths();
  LogicalResult normalizeHeads();
  LogicalResult rotate();
  Value positionIds();
  Value appendTo(Value past, Value fresh);
  void addSink();

  Operation *op;
  GraphBuilder &g;
  int64_t heads, kvHeads;
  Type i64;
  AttentionCall call;
  AffineExpr batch, queries, past;
  Value total; ///< [B], i64: keys of each sequence.
  Value start; ///< [B], i64: where its new keys go; null: 0 for all.
};

LogicalResult GroupQueryAttention::checkSupported() {
  if (failed(rejectOperands(op, {{12, "k_scale"}, {13, "v_scale"}, {16, "query_seqlens"}})))
    return failure();
  for (StringRef name : {"k_quant_type", "v_quant_type"})
    if (getString(op, name, "NONE") != "NONE")
      return op->emitError() << "GroupQueryAttention with a quantised cache (" << name << ") is not supported";
  if (getInt(op, "sliding_window_cache", 0))
    return op->emitError("GroupQueryAttention with sliding_window_cache is not supported");
  if (isUsed(op, 3))
    return op->emitError("GroupQueryAttention's output output_qk is not supported");
  if (heads <= 0 || kvHeads <= 0 || heads % kvHeads != 0)
    return op->emitError() << "GroupQueryAttention with " << heads << " heads for " << kvHeads
                           << " key/value heads is not supported";
  if (!getOperand(op, 5))
    return op->emitError("GroupQueryAttention needs seqlens_k");
  return success();
}

LogicalResult GroupQueryAttention::readOperands() {
  Value query = op->getOperand(0), key = getOperand(op, 1), value = getOperand(op, 2);
  if (!key) {
    std::optional<int64_t> columns = tp::getConst(GraphBuilder::dims(query)[2]);
    if (!columns || *columns % (heads + 2 * kvHeads) != 0)
      return op->emitError("GroupQueryAttention with a packed query needs whole heads");
    int64_t size = *columns / (heads + 2 * kvHeads);
    key = g.slice(query, 2, heads * size, kvHeads * size);
    value = g.slice(query, 2, (heads + kvHeads) * size, kvHeads * size);
    query = g.slice(query, 2, 0, heads * size);
  } else if (!value) {
    return op->emitError("GroupQueryAttention needs key and value together");
  }
  call.q = splitHeads(op, g, query, heads);
  call.k = splitHeads(op, g, key, kvHeads);
  call.v = splitHeads(op, g, value, kvHeads);
  if (!call.q || !call.k || !call.v)
    return failure();
  Dims q = GraphBuilder::dims(call.q);
  batch = q[0];
  queries = q[2];
  past = getOperand(op, 3) ? GraphBuilder::dims(op->getOperand(3))[2] : g.size(0);
  return success();
}

void GroupQueryAttention::readLengths() {
  Value lengths = g.convert(g.reshape(op->getOperand(5), {batch}), i64);
  total = g.withScalar<onnx::AddOp>(lengths, 1);
  if (tp::getConst(past) == 0)
    return;
  Value behind = g.map<onnx::SubOp>({total, g.sizeScalar(queries, i64)});
  Value isFirst = g.compare<onnx::EqualOp>(g.sizeScalar(past, i64), g.scalar(0, i64));
  start = g.where(isFirst, g.scalar(0, i64), behind);
}

/// An RMS norm of each head, where its weights are given.
LogicalResult GroupQueryAttention::normalizeHeads() {
  double epsilon = getFloat(op, "qk_norm_epsilon", 1e-6);
  for (auto [operand, part, name] :
       {std::tuple(14u, &call.q, "q_norm_epsilon"), std::tuple(15u, &call.k, "k_norm_epsilon")}) {
    Value weights = getOperand(op, operand);
    if (!weights)
      continue;
    *part = onnx::RMSNormalizationOp::create(
                g.builder(), g.location(), TypeRange{part->getType()}, ValueRange{*part, weights},
                {g.intAttr("axis", -1), g.floatAttr("epsilon", getFloat(op, name, epsilon))})
                ->getResult(0);
  }
  return success();
}

/// [B, S]: each token's position; padding behind the end of a first prompt has
/// position 1, as in ONNX Runtime.
Value GroupQueryAttention::positionIds() {
  if (Value given = getOperand(op, 9))
    return g.expand(g.convert(given, i64), {batch, queries});
  Value positions = g.reshape(g.range(queries, i64), {g.size(1), queries});
  if (start)
    positions = g.map<onnx::AddOp>({positions, g.reshape(start, {batch, g.size(1)})});
  Value isToken = g.compare<onnx::LessOp>(positions, g.reshape(total, {batch, g.size(1)}));
  return g.where(isToken, positions, g.scalar(1, i64));
}

LogicalResult GroupQueryAttention::rotate() {
  if (!getInt(op, "do_rotary", 0))
    return success();
  Value cos = getOperand(op, 7), sin = getOperand(op, 8);
  std::optional<int64_t> half = cos ? tp::getConst(GraphBuilder::dims(cos).back()) : std::nullopt;
  std::optional<int64_t> size = tp::getConst(GraphBuilder::dims(call.q)[3]);
  if (!cos || !sin || !half || !size)
    return op->emitError("GroupQueryAttention with do_rotary needs cos_cache and sin_cache of static width");
  Value positions = positionIds();
  Value cosRows = g.gather(cos, positions, 0), sinRows = g.gather(sin, positions, 0);
  for (Value *part : {&call.q, &call.k})
    *part = onnx::RotaryEmbeddingOp::create(g.builder(), g.location(), TypeRange{part->getType()},
                                            ValueRange{*part, cosRows, sinRows},
                                            {g.intAttr("interleaved", getInt(op, "rotary_interleaved", 0)),
                                             g.intAttr("rotary_embedding_dim", 2 * *half == *size ? 0 : 2 * *half)})
                ->getResult(0);
  return success();
}

/// [B, H, P + S, size]: `fresh` behind the past of each sequence.
Value GroupQueryAttention::appendTo(Value pastValue, Value fresh) {
  Dims dims = GraphBuilder::dims(fresh);
  Type element = GraphBuilder::elementType(fresh);
  Value column = g.reshape(g.range(past, i64), {g.size(1), g.size(1), past, g.size(1)});
  Value end = g.reshape(start, {batch, g.size(1), g.size(1), g.size(1)});
  Value kept = g.where(g.compare<onnx::LessOp>(column, end), pastValue, g.scalar(0, element));
  Value buffer = g.concat({kept, g.filled(0, dims, element)}, 2);
  return onnx::TensorScatterOp::create(g.builder(), g.location(), TypeRange{buffer.getType()},
                                       ValueRange{buffer, fresh, start}, {g.intAttr("axis", 2)})
      ->getResult(0);
}

/// A softmax whose denominator has one more term, exp(sink), is one over one
/// more key whose score is the sink and whose value is zero.
void GroupQueryAttention::addSink() {
  Value sink = getOperand(op, 11);
  if (!sink && getInt(op, "smooth_softmax", -1) != 1)
    return;
  Type element = GraphBuilder::elementType(call.q);
  Dims k = GraphBuilder::dims(call.k), v = GraphBuilder::dims(call.v);
  AffineExpr keys = k[2], one = g.size(1);
  Value column = g.reshape(g.range(keys, i64), {one, one, one, keys});
  Value row = g.reshape(g.range(queries, i64), {one, one, queries, one});
  if (start)
    row = g.map<onnx::AddOp>({row, g.reshape(start, {batch, one, one, one})});
  Value visible = g.compare<onnx::LessOrEqualOp>(column, row);
  if (!call.isCausal)
    visible = g.compare<onnx::LessOp>(column, g.reshape(total, {batch, one, one, one}));
  if (call.leftWindow >= 0)
    visible = g.map<onnx::AndOp>(
        {visible, g.compare<onnx::GreaterOrEqualOp>(column, g.withScalar<onnx::SubOp>(row, call.leftWindow))});
  Value bias = call.mask ? call.mask : g.scalar(0, element);
  bias = g.where(visible, bias, g.scalar(-std::numeric_limits<double>::infinity(), element));
  // The sink's column for every batch, head and query.
  Dims biasDims = GraphBuilder::dims(bias);
  biasDims[1] = g.size(heads);
  bias = g.expand(bias, biasDims);
  biasDims[3] = one;
  Value sinks = sink ? g.reshape(g.convert(sink, element), {one, g.size(heads), one, one}) : g.scalar(0, element);
  call.mask = g.concat({bias, g.expand(sinks, biasDims)}, 3);
  k[2] = v[2] = one;
  call.k = g.concat({call.k, g.filled(0, k, element)}, 2);
  call.v = g.concat({call.v, g.filled(0, v, element)}, 2);
  call.isCausal = false;
  call.leftWindow = -1;
  call.lengths = {};
}

LogicalResult GroupQueryAttention::run() {
  if (failed(checkSupported()) || failed(readOperands()))
    return failure();
  readLengths();
  if (failed(normalizeHeads()) || failed(rotate()))
    return failure();
  if (start) {
    call.k = appendTo(op->getOperand(3), call.k);
    call.v = appendTo(op->getOperand(4), call.v);
  }
  if (isUsed(op, 1))
    replaceResult(op, 1, call.k);
  if (isUsed(op, 2))
    replaceResult(op, 2, call.v);
  call.isCausal = getInt(op, "causal", 1) != 0;
  if (start)
    call.lengths = g.map<onnx::AddOp>({start, g.sizeScalar(queries, i64)});
  else if (!call.isCausal)
    call.lengths = total;
  // A window of n keys: the query's own and those before it.
  if (int64_t window = getInt(op, "local_window_size", -1); window > 0)
    call.leftWindow = window - 1;
  call.mask = getOperand(op, 10);
  call.scale = getFloat(op, "scale", 0);
  call.softcap = getFloat(op, "softcap", 0);
  addSink();
  emitAttention(g, call);
  replaceResult(op, 0, mergeHeads(g, call.y));
  return success();
}

LogicalResult rewriteGroupQueryAttention(Operation *op, GraphBuilder &g) { return GroupQueryAttention(op, g).run(); }

} // namespace

void contrib::addGroupQueryAttentionRewrites(Rewrites &rewrites) {
  rewrites["GroupQueryAttention"] = rewriteGroupQueryAttention;
}
