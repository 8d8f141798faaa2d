//===- OnnxHeads.cpp - Local forms of operators that count heads ----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed operands [batch, sequence, heads * size] need the number of heads as
// an attribute. Where it differs between ranks (15 heads on 2 ranks), the
// operation is rewritten to [batch, heads, sequence, size], whose types carry
// it.
//
//===----------------------------------------------------------------------===//

#include "OnnxPartition.h"
#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Partition/ShapeOperand.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace tpo::local {

namespace {

/// The heads that a rank holds: how many, and the first of them.
struct HeadRange {
  AffineExpr count, offset;
};

/// The heads in dimension `dim` of operand `operand`, whose global number of
/// heads is `heads`. Null expressions where a device's piece is not whole
/// heads.
HeadRange getHeads(const tp::PartitionContext &context, unsigned operand,
                   unsigned dim, int64_t heads) {
  auto type = cast<RankedTensorType>(context.getOperandGlobalType(operand));
  MLIRContext *mlirContext = type.getContext();
  AffineExpr size = tp::getDims(type)[dim];
  AffineExpr headSize =
      size ? tp::divideExactly(size, getAffineConstantExpr(heads, mlirContext))
           : AffineExpr();
  tp::SymbolicRange range =
      getRange(context, type, context.getOperandLayout(operand), dim);
  if (!headSize || !range.size || !range.offset)
    return {};
  return {tp::divideExactly(range.size, headSize),
          tp::divideExactly(range.offset, headSize)};
}

/// [b, s, h * d] -> [b, h, s, d] on the rank's `heads`.
Value unpack(OpBuilder &builder, Location loc, Value packed, AffineExpr heads) {
  auto type = cast<RankedTensorType>(packed.getType());
  Type elementType = type.getElementType();
  SmallVector<AffineExpr> dims = tp::getDims(type);
  AffineExpr headSize = tp::divideExactly(dims[2], heads);
  SmallVector<AffineExpr> split = {dims[0], dims[1], heads, headSize};
  Value shape = createIntegers(builder, loc, split);
  Value reshaped = onnx::ReshapeOp::create(
                       builder, loc, tp::makeTensorType(split, elementType),
                       ValueRange{packed, shape})
                       ->getResult(0);
  SmallVector<AffineExpr> result = {dims[0], heads, dims[1], headSize};
  auto perm =
      builder.getNamedAttr("perm", builder.getI64ArrayAttr({0, 2, 1, 3}));
  return onnx::TransposeOp::create(builder, loc,
                                   tp::makeTensorType(result, elementType),
                                   reshaped, perm)
      ->getResult(0);
}

/// [b, h, s, d] -> [b, s, h * d] of type `packedType`.
Value pack(OpBuilder &builder, Location loc, Value value, Type packedType) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<AffineExpr> dims = tp::getDims(type);
  SmallVector<AffineExpr> swapped = {dims[0], dims[2], dims[1], dims[3]};
  auto perm =
      builder.getNamedAttr("perm", builder.getI64ArrayAttr({0, 2, 1, 3}));
  Value transposed =
      onnx::TransposeOp::create(
          builder, loc, tp::makeTensorType(swapped, type.getElementType()),
          value, perm)
          ->getResult(0);
  Value shape =
      createIntegers(builder, loc, tp::getDims(cast<ShapedType>(packedType)));
  return onnx::ReshapeOp::create(builder, loc, packedType,
                                 ValueRange{transposed, shape})
      ->getResult(0);
}

/// The type of `unpack`ing a packed tensor of `heads`.
RankedTensorType getUnpackedType(Type packed, AffineExpr heads) {
  auto type = cast<RankedTensorType>(packed);
  SmallVector<AffineExpr> dims = tp::getDims(type);
  return tp::makeTensorType(
      {dims[0], heads, dims[1], tp::divideExactly(dims[2], heads)},
      type.getElementType());
}

/// Whether every one of the sizes is known as an expression.
bool sizesKnown(TypeRange types) {
  return llvm::all_of(types, [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return !tensor || !llvm::is_contained(tp::getDims(tensor), AffineExpr());
  });
}

/// How query heads find their key/value head. Query head i of a rank reads
/// head `(i + q_head_offset) / group - kv_head_offset`; that is `i / group`
/// itself where a rank holds whole groups, and 0 where it has one head; the
/// number of query heads says which, if it is the same on all ranks.
void noteGroups(Operation *local, const HeadRange &query, const HeadRange &kv,
                int64_t group) {
  if (group == 1 || (tp::getConst(kv.count) == 1 && tp::getConst(query.count)))
    return;
  if (tp::provablyEqual(query.count, kv.count * group) &&
      tp::provablyEqual(query.offset, kv.offset * group))
    return;
  MLIRContext *context = local->getContext();
  local->setAttr("tp.group",
                 IntegerAttr::get(IntegerType::get(context, 64), group));
  local->setAttr("tp.q_head_offset",
                 tp::DimsAttr::get(context, tp::simplify(query.offset)));
  local->setAttr("tp.kv_head_offset",
                 tp::DimsAttr::get(context, tp::simplify(kv.offset)));
}

LogicalResult checkHeads(Operation *op, const HeadRange &heads) {
  if (heads.count && heads.offset)
    return success();
  return op->emitError("cannot be partitioned: the split of its operands is "
                       "not by whole heads");
}

Values unpackedAttention(Operation *op, OpBuilder &builder, ValueRange operands,
                         const tp::PartitionContext &context,
                         const HeadRange &query, const HeadRange &kv) {
  Location loc = op->getLoc();
  SmallVector<Type> types = context.getResultLocalTypes();
  if (!sizesKnown(types) || !sizesKnown(operands.take_front(3).getTypes()))
    return op->emitError("cannot be partitioned: the number of heads depends "
                         "on the rank and a size is not known");
  SmallVector<Value> local(operands);
  local[0] = unpack(builder, loc, operands[0], query.count);
  local[1] = unpack(builder, loc, operands[1], kv.count);
  local[2] = unpack(builder, loc, operands[2], kv.count);
  Type packedType = types[0];
  types[0] = getUnpackedType(packedType, query.count);
  IRMapping mapping;
  mapping.map(op->getOperands(), local);
  Operation *attention = builder.clone(*op, mapping);
  for (StringRef name :
       {"q_num_heads", "kv_num_heads", "tp.layouts", "tp.reasons"})
    attention->removeAttr(name);
  for (auto [result, type] : llvm::zip(attention->getResults(), types))
    result.setType(type);
  noteGroups(attention, query, kv,
             intAttr(op, "q_num_heads", 1) / intAttr(op, "kv_num_heads", 1));
  SmallVector<Value> results(attention->getResults());
  results[0] = pack(builder, loc, results[0], packedType);
  return results;
}

} // namespace

Values attention(Operation *op, OpBuilder &builder, ValueRange operands,
                 const tp::PartitionContext &context) {
  auto type = cast<RankedTensorType>(context.getOperandGlobalType(0));
  bool packed = type.getRank() == 3;
  int64_t queryHeads =
      packed ? intAttr(op, "q_num_heads", 0) : type.getDimSize(1);
  int64_t kvHeads =
      packed ? intAttr(op, "kv_num_heads", 0)
             : cast<RankedTensorType>(context.getOperandGlobalType(1))
                   .getDimSize(1);
  if (queryHeads <= 0 || kvHeads <= 0)
    return op->emitError("cannot be partitioned: the number of heads is not "
                         "known");
  HeadRange query = getHeads(context, 0, packed ? 2 : 1, queryHeads);
  HeadRange kv = getHeads(context, 1, packed ? 2 : 1, kvHeads);
  if (failed(checkHeads(op, query)) || failed(checkHeads(op, kv)))
    return failure();
  std::optional<int64_t> localQuery = tp::getConst(query.count);
  std::optional<int64_t> localKv = tp::getConst(kv.count);
  if (packed && !(localQuery && localKv))
    return unpackedAttention(op, builder, operands, context, query, kv);
  Values results = clone(op, builder, operands, context);
  if (failed(results))
    return failure();
  Operation *local = results->front().getDefiningOp();
  if (packed) {
    setIntAttr(local, "q_num_heads", *localQuery);
    setIntAttr(local, "kv_num_heads", *localKv);
  } else {
    // ONNX ignores them on unpacked operands; a stale global count would not
    // be ignored by every reader.
    local->removeAttr("q_num_heads");
    local->removeAttr("kv_num_heads");
  }
  noteGroups(local, query, kv, queryHeads / kvHeads);
  return results;
}

Values groupQueryAttention(Operation *op, OpBuilder &builder,
                           ValueRange operands,
                           const tp::PartitionContext &context) {
  int64_t queryHeads = intAttr(op, "num_heads", 0);
  int64_t kvHeads = intAttr(op, "kv_num_heads", 0);
  if (queryHeads <= 0 || kvHeads <= 0 || onnx::isNoValue(op->getOperand(1)))
    return op->emitError("cannot be partitioned: needs unpacked query, key and "
                         "value and their numbers of heads");
  HeadRange query = getHeads(context, 0, 2, queryHeads);
  HeadRange kv = getHeads(context, 1, 2, kvHeads);
  if (failed(checkHeads(op, query)) || failed(checkHeads(op, kv)))
    return failure();
  std::optional<int64_t> localQuery = tp::getConst(query.count);
  std::optional<int64_t> localKv = tp::getConst(kv.count);
  int64_t group = queryHeads / kvHeads;
  if (!localQuery || !localKv ||
      (*localKv != 1 && *localQuery != group * *localKv))
    return op->emitError("cannot be partitioned: ranks would hold different "
                         "numbers of its ")
           << queryHeads << " query and " << kvHeads << " key/value heads";
  Values results = clone(op, builder, operands, context);
  if (failed(results))
    return failure();
  Operation *local = results->front().getDefiningOp();
  setIntAttr(local, "num_heads", *localQuery);
  setIntAttr(local, "kv_num_heads", *localKv);
  return results;
}

Values multiHeadAttention(Operation *op, OpBuilder &builder,
                          ValueRange operands,
                          const tp::PartitionContext &context) {
  int64_t heads = intAttr(op, "num_heads", 0);
  if (heads <= 0 ||
      cast<RankedTensorType>(op->getOperand(0).getType()).getRank() != 3)
    return op->emitError("cannot be partitioned: needs an unpacked query");
  HeadRange range = getHeads(context, 0, 2, heads);
  if (failed(checkHeads(op, range)))
    return failure();
  std::optional<int64_t> count = tp::getConst(range.count);
  if (!count)
    return op->emitError("cannot be partitioned: ranks would hold different "
                         "numbers of its ")
           << heads << " heads";
  Values results = clone(op, builder, operands, context);
  if (succeeded(results))
    setIntAttr(results->front().getDefiningOp(), "num_heads", *count);
  return results;
}

Values rotaryEmbedding(Operation *op, OpBuilder &builder, ValueRange operands,
                       const tp::PartitionContext &context) {
  auto type = cast<RankedTensorType>(context.getOperandGlobalType(0));
  int64_t heads = intAttr(op, "num_heads", 0);
  bool packed = type.getRank() == 3;
  // Without a number of heads a packed operand is split by whole heads all the
  // same, and the operation derives their number from its caches.
  if (!packed || heads == 0) {
    Values results = clone(op, builder, operands, context);
    if (succeeded(results) && !packed)
      results->front().getDefiningOp()->removeAttr("num_heads");
    return results;
  }
  HeadRange range = getHeads(context, 0, 2, heads);
  if (failed(checkHeads(op, range)))
    return failure();
  if (std::optional<int64_t> count = tp::getConst(range.count)) {
    Values results = clone(op, builder, operands, context);
    if (succeeded(results))
      setIntAttr(results->front().getDefiningOp(), "num_heads", *count);
    return results;
  }
  Type packedType = context.getResultLocalType(0);
  if (!sizesKnown(packedType) || !sizesKnown(operands.front().getType()))
    return op->emitError("cannot be partitioned: the number of heads depends "
                         "on the rank and a size is not known");
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  mapping.map(op->getOperand(0),
              unpack(builder, op->getLoc(), operands[0], range.count));
  Operation *local = builder.clone(*op, mapping);
  local->removeAttr("num_heads");
  local->removeAttr(tp::TpDialect::kLayoutsAttr);
  local->removeAttr(tp::TpDialect::kReasonsAttr);
  local->getResult(0).setType(getUnpackedType(packedType, range.count));
  return SmallVector<Value>{
      pack(builder, op->getLoc(), local->getResult(0), packedType)};
}

} // namespace tpo::local
