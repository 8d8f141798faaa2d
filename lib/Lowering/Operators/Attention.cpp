//===- Attention.cpp - Attention -> rt.cache_append, rt.attention ---------===//

#include "RtLowering.h"

#include "tp-opt/Lowering/Sizes.h"

#include <cmath>

using namespace mlir;
using namespace tpo;

/// Set by partitioning on an Attention whose local heads do not map onto its
/// local kv heads in the ratio of the counts: queries per kv head of the
/// unsharded operator, and the first local heads (`#tp.dims` of one expression).
static constexpr StringLiteral kGroupAttr = "tp.group";
static constexpr StringLiteral kQueryHeadOffsetAttr = "tp.q_head_offset";
static constexpr StringLiteral kKeyHeadOffsetAttr = "tp.kv_head_offset";

/// A [B, S, H * D] operand as a view of [B, S, H, D], permuted to [B, H, S, D].
static Stored splitHeads(RtLowering &lowering, Location loc, Value value, int64_t heads) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 4)
    return lowering.getStored(value);
  SmallVector<AffineExpr> dims = tp::getDims(type);
  AffineExpr count = getAffineConstantExpr(heads, type.getContext());
  AffineExpr channels = tp::divideExactly(dims[2], count);
  if (!channels) {
    emitError(loc) << "cannot split " << tp::toString(dims[2]) << " channels into " << heads << " heads";
    return {};
  }
  RankedTensorType split = tp::makeTensorType({dims[0], dims[1], count, channels}, type.getElementType());
  FailureOr<SmallVector<Value>> sizes = materializeDynamicSizes(lowering.builder, loc, split);
  if (failed(sizes))
    return {};
  Value plain = lowering.getPlain(value);
  return {rt::ReshapeOp::create(lowering.builder, loc, split, plain, *sizes), {0, 2, 1, 3}};
}

/// The sizes of an operand as the operator sees them.
static SmallVector<AffineExpr> getLogicalDims(const Stored &stored) {
  SmallVector<AffineExpr> dims = tp::getDims(cast<RankedTensorType>(stored.value.getType()));
  if (stored.perm.empty())
    return dims;
  SmallVector<AffineExpr> logical;
  for (int64_t dim : stored.perm)
    logical.push_back(dims[dim]);
  return logical;
}

/// present = past ++ fresh along the sequence, as `present`.
static Stored appendCache(RtLowering &lowering, onnx::AttentionOp op, Value past, Stored fresh, Value present) {
  SmallVector<AffineExpr> pastDims = tp::getDims(cast<RankedTensorType>(past.getType()));
  SmallVector<AffineExpr> dims = getLogicalDims(fresh);
  dims[2] = tp::simplify(dims[2] + pastDims[2]);
  auto type = isa<RankedTensorType>(present.getType())
                  ? cast<RankedTensorType>(present.getType())
                  : tp::makeTensorType(dims, getElementTypeOrSelf(past.getType()));
  Value empty = createEmpty(lowering.builder, op.getLoc(), type);
  if (!empty)
    return {};
  auto append = rt::CacheAppendOp::create(
      lowering.builder, op.getLoc(), TypeRange(type), lowering.getPlain(past), fresh.value, empty,
      lowering.builder.getI64IntegerAttr(2),
      lowering.makePerms({ArrayRef<int64_t>(), fresh.perm, ArrayRef<int64_t>()}));
  lowering.annotate(append, op);
  present.replaceAllUsesWith(append.getResult(0));
  return {append.getResult(0), {}};
}

namespace {
/// Values of the optional operands of rt.attention.
struct Offsets {
  Value causal, queryHead, keyHead;
  int64_t group = 1;
};
} // namespace

static LogicalResult setHeads(RtLowering &lowering, onnx::AttentionOp op, AffineExpr queryHeads, AffineExpr keyHeads,
                              Offsets &offsets) {
  offsets.queryHead = lowering.materializeAttr(op, kQueryHeadOffsetAttr);
  offsets.keyHead = lowering.materializeAttr(op, kKeyHeadOffsetAttr);
  if (auto group = op->getAttrOfType<IntegerAttr>(kGroupAttr)) {
    offsets.group = group.getInt();
    return success();
  }
  AffineExpr ratio = tp::divideExactly(queryHeads, keyHeads);
  std::optional<int64_t> group = ratio ? tp::getConst(ratio) : std::nullopt;
  if (!group)
    return op.emitError() << "has " << tp::toString(queryHeads) << " query heads for " << tp::toString(keyHeads)
                          << " key heads: not a fixed multiple";
  offsets.group = *group;
  return success();
}

static LogicalResult checkSupported(onnx::AttentionOp op) {
  if (!onnx::isNoValue(op.getNonpadKvSeqlen()))
    return op.emitError("Attention with nonpad_kv_seqlen is not supported");
  if (isa<RankedTensorType>(op.getQkMatmulOutput().getType()) && !op.getQkMatmulOutput().use_empty())
    return op.emitError("Attention's output qk_matmul_output is not supported");
  for (Value operand : {op.getQ(), op.getK(), op.getV()})
    if (!isa<RankedTensorType>(operand.getType()) || !isa<FloatType>(getElementTypeOrSelf(operand.getType())))
      return op.emitError() << "Attention of " << operand.getType() << " is not supported";
  return success();
}

/// The destination of the result, stored as [B, S, H, E] where the result is
/// [B, S, H * E]. `shaped` is then how to get that from the destination.
static LogicalResult replaceResult(RtLowering &lowering, onnx::AttentionOp op,
                                   llvm::function_ref<Value(Value, ArrayRef<int64_t>)> emit, AffineExpr heads,
                                   AffineExpr channels) {
  OpBuilder &builder = lowering.builder;
  auto type = cast<RankedTensorType>(op.getY().getType());
  if (type.getRank() == 4) {
    FailureOr<RtLowering::Destination> destination = lowering.createDestination(op.getLoc(), op.getY());
    if (failed(destination))
      return failure();
    destination->replaced.replaceAllUsesWith(emit(destination->empty, destination->perm));
    if (destination->replaced != op.getY())
      destination->replaced.getDefiningOp()->erase();
    return success();
  }
  SmallVector<AffineExpr> dims = tp::getDims(type);
  RankedTensorType split = tp::makeTensorType({dims[0], dims[1], heads, channels}, type.getElementType());
  Value empty = createEmpty(builder, op.getLoc(), split);
  FailureOr<SmallVector<Value>> sizes = materializeDynamicSizes(builder, op.getLoc(), type);
  if (!empty || failed(sizes))
    return failure();
  Value result = emit(empty, {0, 2, 1, 3});
  op.getY().replaceAllUsesWith(rt::ReshapeOp::create(builder, op.getLoc(), type, result, *sizes));
  return success();
}

LogicalResult RtLowering::lowerAttention(onnx::AttentionOp op) {
  if (failed(checkSupported(op)))
    return failure();
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  Stored q = splitHeads(*this, loc, op.getQ(), op.getQNumHeads().value_or(0));
  Stored k = splitHeads(*this, loc, op.getK(), op.getKvNumHeads().value_or(0));
  Stored v = splitHeads(*this, loc, op.getV(), op.getKvNumHeads().value_or(0));
  if (!q.value || !k.value || !v.value)
    return failure();

  // With a cache, query s is position past + s.
  AffineExpr causalOffset = builder.getAffineConstantExpr(0);
  if (!onnx::isNoValue(op.getPastKey())) {
    causalOffset = tp::getDims(cast<RankedTensorType>(op.getPastKey().getType()))[2];
    k = appendCache(*this, op, op.getPastKey(), k, op.getPresentKey());
    v = appendCache(*this, op, op.getPastValue(), v, op.getPresentValue());
    if (!k.value || !v.value)
      return failure();
  } else if (!op.getPresentKey().use_empty() || !op.getPresentValue().use_empty()) {
    return op.emitError("Attention with present outputs but no past is not supported");
  }

  SmallVector<AffineExpr> qDims = getLogicalDims(q), kDims = getLogicalDims(k), vDims = getLogicalDims(v);
  Offsets offsets;
  if (failed(setHeads(*this, op, qDims[1], kDims[1], offsets)))
    return failure();
  bool causal = op.getIsCausal() != 0;
  int64_t window = 0;
  if (!causal && op.getRightWindowSize() >= 0) {
    causal = true;
    causalOffset = causalOffset + op.getRightWindowSize();
    window = op.getRightWindowSize();
  }
  // Keys visible to one query: itself, `left` before it (and those after it).
  if (op.getLeftWindowSize() >= 0)
    window += op.getLeftWindowSize() + 1;
  else
    window = 0;
  if (window > 0 && !causal)
    return op.emitError("Attention with a left window and no right bound is not supported");
  if (causal && tp::getConst(causalOffset) != std::optional<int64_t>(0))
    offsets.causal = materialize(builder, loc, causalOffset);

  float scale;
  if (op.getScale()) {
    scale = op.getScale()->convertToFloat();
  } else {
    std::optional<int64_t> channels = tp::getConst(qDims[3]);
    if (!channels)
      return op.emitError("Attention with a dynamic number of channels needs a scale");
    scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(*channels)));
  }
  Stored mask;
  if (!onnx::isNoValue(op.getAttnMask()))
    mask.value = getPlain(op.getAttnMask());
  auto emit = [&](Value out, ArrayRef<int64_t> outPerm) -> Value {
    SmallVector<ArrayRef<int64_t>> perms{q.perm, k.perm, v.perm};
    if (mask.value)
      perms.push_back({});
    perms.push_back(outPerm);
    auto attention = rt::AttentionOp::create(
        builder, loc, TypeRange(out.getType()), q.value, k.value, v.value, mask.value, out, offsets.causal,
        offsets.queryHead, offsets.keyHead, builder.getF32FloatAttr(scale), builder.getF32FloatAttr(op.getSoftcap().convertToFloat()),
        causal ? builder.getUnitAttr() : UnitAttr(), builder.getI64IntegerAttr(offsets.group),
        builder.getI64IntegerAttr(window), makePerms(perms));
    annotate(attention, op);
    return attention.getResult(0);
  };
  if (failed(replaceResult(*this, op, emit, qDims[1], vDims[3])))
    return failure();
  op.erase();
  return success();
}
