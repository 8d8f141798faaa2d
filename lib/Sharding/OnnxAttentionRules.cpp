//===- OnnxAttentionRules.cpp - Attention and rotary embedding ------------===//
//
// q [b (h g) s d], k [b h t d], v [b h t e] -> [b (h g) s e]: h key/value
// heads, g queries for each of them. Keys are whole, since a softmax runs over
// them; so are the sizes of a head: splitting those of the values would repeat
// all scores on every device.
//
//===----------------------------------------------------------------------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"

using namespace mlir;

namespace tpo::rules {

namespace {

using tp::FactorRole;

/// Assigns the factors all spellings of attention share.
class AttentionRule {
public:
  AttentionRule(Operation *op, int64_t queryHeads, int64_t kvHeads)
      : op(op), builder(op), queryHeads(queryHeads), kvHeads(kvHeads) {}

  /// Makes batch, heads and sequence. Query positions may be split where no
  /// position but the mask's decides what they see.
  LogicalResult makeFactors(AffineExpr batchSize, AffineExpr sequenceSize, bool splitSequence) {
    if (kvHeads <= 0 || queryHeads <= 0 || queryHeads % kvHeads != 0)
      return op->emitOpError("has ") << queryHeads << " query heads for " << kvHeads
                                     << " key/value heads; needs a multiple";
    MLIRContext *context = op->getContext();
    if (!isOne(batchSize))
      batch.push_back(builder.parallel(batchSize, FactorRole::Batch));
    if (kvHeads != 1)
      kv.push_back(builder.parallel(getAffineConstantExpr(kvHeads, context), FactorRole::Heads));
    query = kv;
    if (queryHeads != kvHeads)
      query.push_back(builder.parallel(getAffineConstantExpr(queryHeads / kvHeads, context), FactorRole::Heads));
    if (!isOne(sequenceSize))
      sequence.push_back(splitSequence ? builder.parallel(sequenceSize, FactorRole::Sequence)
                                       : builder.whole(sequenceSize, FactorRole::Sequence));
    return success();
  }

  /// The number of heads is an attribute that counts those of every device.
  void makeHeadsEven() {
    for (unsigned factor : query)
      builder.setEven(factor);
  }

  /// [b heads ...] or, packed, [b ... (heads size)].
  LogicalResult setOperand(unsigned index, const tp::DimFactors &heads, const tp::DimFactors &positions) {
    Value value = presentOperand(op, index);
    if (!value)
      return success();
    AffineExprs sizes = dimsOf(value);
    tp::DimFactors dims[4];
    if (failed(layOut(sizes, heads, positions, dims)))
      return op->emitOpError("operand #") << index << " is neither [batch, heads, sequence, size] nor "
                                          << "[batch, sequence, heads * size]";
    for (unsigned dim = 0; dim < sizes.size(); ++dim)
      setOperandDim(builder, index, dim, dims[dim]);
    builder.restOfOperandWhole(index);
    return success();
  }

  LogicalResult setResult(unsigned index, const tp::DimFactors &heads, const tp::DimFactors &positions) {
    Value value = presentResult(op, index);
    if (!value)
      return success();
    AffineExprs sizes = dimsOf(value);
    tp::DimFactors dims[4];
    if (failed(layOut(sizes, heads, positions, dims)))
      return op->emitOpError("result #") << index << " is neither [batch, heads, sequence, size] nor "
                                         << "[batch, sequence, heads * size]";
    for (unsigned dim = 0; dim < sizes.size(); ++dim)
      setResultDim(builder, index, dim, dims[dim]);
    builder.restOfResultWhole(index);
    return success();
  }

  /// A mask or bias broadcast to [b (h g) s keys].
  LogicalResult setMask(unsigned index, AffineExpr batchSize, AffineExpr sequenceSize) {
    Value mask = presentOperand(op, index);
    if (!mask)
      return success();
    AffineExprs sizes = dimsOf(mask);
    if (sizes.empty())
      return op->emitOpError("operand #") << index << " has no dimensions";
    AffineExpr keys = sizes.back();
    tp::DimFactors keyFactors;
    if (!isOne(keys))
      keyFactors.push_back(builder.whole(keys));
    AffineExpr heads = getAffineConstantExpr(queryHeads, op->getContext());
    return broadcastOperand(builder, index, {batch, query, sequence, keyFactors},
                            {batchSize, heads, sequenceSize, keys});
  }

  /// A vector with one element per sequence of the batch, or a single one.
  void setPerBatch(unsigned index) {
    Value value = presentOperand(op, index);
    if (!value)
      return;
    if (rankOf(value) > 0 && !isOne(dimsOf(value).front()))
      setOperandDim(builder, index, 0, batch);
    builder.restOfOperandWhole(index);
  }

  Rule build() { return builder.build(); }

  Operation *op;
  tp::ShardingRuleBuilder builder;
  int64_t queryHeads, kvHeads;
  tp::DimFactors batch, kv, query, sequence;

private:
  LogicalResult layOut(ArrayRef<AffineExpr> sizes, const tp::DimFactors &heads, const tp::DimFactors &positions,
                       MutableArrayRef<tp::DimFactors> dims) {
    int64_t count = heads == query ? queryHeads : kvHeads;
    if (heads == query && heads == kv)
      count = kvHeads;
    dims[0] = batch;
    if (sizes.size() == 4) {
      dims[1] = heads;
      dims[2] = positions;
      return success();
    }
    if (sizes.size() != 3)
      return failure();
    AffineExpr headCount = getAffineConstantExpr(count, op->getContext());
    AffineExpr headSize = sizes[2] ? tp::divideExactly(sizes[2], headCount) : nullptr;
    if (!headSize)
      return failure();
    dims[1] = positions;
    dims[2] = heads;
    if (!isOne(headSize))
      dims[2].push_back(builder.whole(headSize));
    return success();
  }
};

int64_t constantDim(Value value, unsigned dim) {
  AffineExprs sizes = dimsOf(value);
  if (dim >= sizes.size() || !sizes[dim])
    return 0;
  return tp::getConst(sizes[dim]).value_or(0);
}

} // namespace

Rule attention(Operation *op) {
  Value q = op->getOperand(0), k = op->getOperand(1);
  unsigned rank = rankOf(q);
  if (rank != 3 && rank != 4)
    return op->emitOpError("needs operands of 3 or 4 dimensions");
  int64_t queryHeads = rank == 4 ? constantDim(q, 1) : intAttr(op, "q_num_heads", 0);
  int64_t kvHeads = rank == 4 ? constantDim(k, 1) : intAttr(op, "kv_num_heads", 0);
  AttentionRule rule(op, queryHeads, kvHeads);
  AffineExprs sizes = dimsOf(q);
  AffineExpr batch = sizes[0], sequence = sizes[rank == 4 ? 2 : 1];
  // Causal and windowed masks count positions from the first row.
  bool positional = intAttr(op, "is_causal", 0) || intAttr(op, "left_window_size", -1) >= 0 ||
                    intAttr(op, "right_window_size", -1) >= 0;
  if (failed(rule.makeFactors(batch, sequence, !positional)) || failed(rule.setOperand(0, rule.query, rule.sequence)) ||
      failed(rule.setOperand(1, rule.kv, {})) || failed(rule.setOperand(2, rule.kv, {})) ||
      failed(rule.setMask(3, batch, sequence)) || failed(rule.setOperand(4, rule.kv, {})) ||
      failed(rule.setOperand(5, rule.kv, {})))
    return failure();
  rule.setPerBatch(6);
  if (failed(rule.setResult(0, rule.query, rule.sequence)) || failed(rule.setResult(1, rule.kv, {})) ||
      failed(rule.setResult(2, rule.kv, {})) || failed(rule.setResult(3, rule.query, rule.sequence)))
    return failure();
  return rule.build();
}

Rule groupQueryAttention(Operation *op) {
  AttentionRule rule(op, intAttr(op, "num_heads", 0), intAttr(op, "kv_num_heads", 0));
  AffineExprs sizes = dimsOf(op->getOperand(0));
  if (sizes.size() != 3)
    return op->emitOpError("needs a query of 3 dimensions");
  // Causal by definition: query positions stay whole.
  if (failed(rule.makeFactors(sizes[0], sizes[1], /*splitSequence=*/false)))
    return failure();
  rule.makeHeadsEven();
  tp::DimFactors none;
  bool packed = !presentOperand(op, 1);
  if (packed) {
    // [q | k | v] in one dimension cannot be split by heads; un-fusing it is
    // for simplification.
    setOperandDim(rule.builder, 0, 0, rule.batch);
    setOperandDim(rule.builder, 0, 1, rule.sequence);
    rule.builder.restOfOperandWhole(0);
  } else if (failed(rule.setOperand(0, rule.query, rule.sequence)) || failed(rule.setOperand(1, rule.kv, none)) ||
             failed(rule.setOperand(2, rule.kv, none))) {
    return failure();
  }
  if (failed(rule.setOperand(3, rule.kv, none)) || failed(rule.setOperand(4, rule.kv, none)))
    return failure();
  rule.setPerBatch(5);
  for (unsigned operand : {6u, 7u, 8u})
    if (presentOperand(op, operand))
      rule.builder.restOfOperandWhole(operand);
  rule.setPerBatch(9);
  if (failed(rule.setMask(10, sizes[0], sizes[1])))
    return failure();
  if (presentOperand(op, 11)) // head_sink, one per query head
    setOperandDim(rule.builder, 11, 0, rule.query);
  for (unsigned operand = 12; operand < op->getNumOperands(); ++operand)
    if (presentOperand(op, operand))
      rule.builder.restOfOperandWhole(operand);
  // Splitting only the unpacked results would make devices disagree with the
  // heads of a packed query.
  if (packed)
    for (unsigned factor : rule.query)
      rule.builder.getRule().factors[factor].kind = tp::FactorKind::Whole;
  if (failed(rule.setResult(0, rule.query, rule.sequence)) || failed(rule.setResult(1, rule.kv, none)) ||
      failed(rule.setResult(2, rule.kv, none)) || failed(rule.setResult(3, rule.query, rule.sequence)))
    return failure();
  return rule.build();
}

Rule multiHeadAttention(Operation *op) {
  int64_t heads = intAttr(op, "num_heads", 0);
  AttentionRule rule(op, heads, heads);
  AffineExprs sizes = dimsOf(op->getOperand(0));
  if (sizes.size() != 3 || !presentOperand(op, 1) || !presentOperand(op, 2))
    return op->emitOpError("has a sharding rule only for unpacked query, key "
                           "and value of 3 or 4 dimensions");
  bool causal = intAttr(op, "unidirectional", 0);
  tp::DimFactors none;
  if (failed(rule.makeFactors(sizes[0], sizes[1], !causal)))
    return failure();
  rule.makeHeadsEven();
  if (failed(rule.setOperand(0, rule.query, rule.sequence)) ||
      failed(rule.setOperand(1, rule.kv, none)) || failed(rule.setOperand(2, rule.kv, none)))
    return failure();
  if (presentOperand(op, 3)) {
    // The biases of query, key and value one behind the other.
    rule.builder.restOfOperandWhole(3);
    for (unsigned factor : rule.query)
      rule.builder.getRule().factors[factor].kind = tp::FactorKind::Whole;
  }
  rule.setPerBatch(4);
  if (failed(rule.setMask(5, sizes[0], sizes[1])) || failed(rule.setOperand(6, rule.kv, none)) ||
      failed(rule.setOperand(7, rule.kv, none)))
    return failure();
  for (unsigned operand = 8; operand < op->getNumOperands(); ++operand)
    if (presentOperand(op, operand))
      rule.builder.restOfOperandWhole(operand);
  if (failed(rule.setResult(0, rule.query, rule.sequence)) || failed(rule.setResult(1, rule.kv, none)) ||
      failed(rule.setResult(2, rule.kv, none)) || failed(rule.setResult(3, rule.query, rule.sequence)))
    return failure();
  return rule.build();
}

namespace {

/// x [b h s d] or [b s (h d)]; caches [b s d/2], or [positions d/2] looked up
/// by position ids [b s].
Rule rotary(Operation *op, unsigned positionIds, ArrayRef<unsigned> caches, int64_t heads) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs x = dimsOf(op->getOperand(0));
  if (x.size() != 3 && x.size() != 4)
    return op->emitOpError("needs an operand of 3 or 4 dimensions");
  if (x.size() == 4)
    heads = constantDim(op->getOperand(0), 1);
  if (heads <= 0)
    return op->emitOpError("needs to know its number of heads");
  AffineExpr headCount = getAffineConstantExpr(heads, op->getContext());
  AffineExpr sequenceSize = x[x.size() - 2];
  tp::DimFactors batch, head, sequence;
  if (!isOne(x[0]))
    batch.push_back(builder.parallel(x[0], FactorRole::Batch));
  if (heads != 1)
    head.push_back(builder.parallel(headCount, FactorRole::Heads));
  Value ids = presentOperand(op, positionIds);
  // A single position id is the offset of the first row.
  bool offset = ids && rankOf(ids) < 2;
  if (!isOne(sequenceSize))
    sequence.push_back(offset ? builder.whole(sequenceSize, FactorRole::Sequence)
                              : builder.parallel(sequenceSize, FactorRole::Sequence));
  SmallVector<tp::DimFactors> dims;
  if (x.size() == 4) {
    dims = {batch, head, sequence, {}};
    if (!isOne(x[3]))
      dims[3].push_back(builder.whole(x[3]));
  } else {
    dims = {batch, sequence, head};
    AffineExpr headSize = tp::divideExactly(x[2], headCount);
    if (!headSize)
      return op->emitOpError("has a size that is no multiple of its ") << heads << " heads";
    if (!isOne(headSize))
      dims[2].push_back(builder.whole(headSize));
  }
  for (auto [dim, factors] : llvm::enumerate(dims)) {
    setOperandDim(builder, 0, dim, factors);
    setResultDim(builder, 0, dim, factors);
  }
  if (ids && !offset && failed(broadcastOperand(builder, positionIds, {batch, sequence}, {x[0], sequenceSize})))
    return failure();
  for (unsigned cache : caches) {
    AffineExprs sizes = dimsOf(op->getOperand(cache));
    if (!ids && sizes.size() == 3) {
      tp::DimFactors last;
      if (!isOne(sizes[2]))
        last.push_back(builder.whole(sizes[2]));
      if (failed(broadcastOperand(builder, cache, {batch, sequence, last}, {x[0], sequenceSize, sizes[2]})))
        return failure();
    }
    builder.restOfOperandWhole(cache);
  }
  builder.linear(0u, tp::ReductionKind::Sum);
  return builder.build();
}

} // namespace

Rule rotaryEmbedding(Operation *op) {
  return rotary(op, /*positionIds=*/3, /*caches=*/{1, 2}, intAttr(op, "num_heads", 0));
}

Rule msRotaryEmbedding(Operation *op) {
  int64_t heads = intAttr(op, "num_heads", 0);
  if (heads == 0 && rankOf(op->getOperand(0)) == 3) {
    // Half a head is the width of the caches.
    int64_t half = constantDim(op->getOperand(2), 1);
    int64_t size = constantDim(op->getOperand(0), 2);
    if (half > 0 && size % (2 * half) == 0)
      heads = size / (2 * half);
  }
  return rotary(op, /*positionIds=*/1, /*caches=*/{2, 3}, heads);
}

} // namespace tpo::rules
