//===- OnnxContractions.cpp - Local products, convolutions, lookups -------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxPartition.h"
#include "dialects/Onnx/Onnx.h"

using namespace mlir;

namespace tpo::local {

namespace {

/// `value` where the rank's index along `axes` is zero, else zeros: a term that
/// every device has, added to a sum over devices once.
Value keepOnFirst(Operation *op, OpBuilder &builder, Value value,
                  ArrayRef<tp::AxisRef> axes,
                  const tp::PartitionContext &context) {
  Location loc = op->getLoc();
  Type elementType = getElementTypeOrSelf(value.getType());
  auto i64 = RankedTensorType::get({}, builder.getI64Type());
  auto i1 = RankedTensorType::get({}, builder.getI1Type());
  auto scalar = RankedTensorType::get({}, elementType);
  auto zeroOf = [&](RankedTensorType type) -> Value {
    return onnx::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(
            type, cast<TypedAttr>(builder.getZeroAttr(type.getElementType()))));
  };
  Value index = onnx::SymbolicConstantOp::create(
      builder, loc, i64,
      tp::DimsAttr::get(builder.getContext(),
                        tp::simplify(context.getIndexAlong(axes))));
  Value first =
      onnx::EqualOp::create(builder, loc, i1, ValueRange{index, zeroOf(i64)})
          ->getResult(0);
  return onnx::WhereOp::create(builder, loc, value.getType(),
                               ValueRange{first, value, zeroOf(scalar)})
      ->getResult(0);
}

/// `operands` with those that are added after the reduction made terms of the
/// sum that the result is.
SmallVector<Value> addOnce(Operation *op, OpBuilder &builder,
                           ValueRange operands,
                           const tp::PartitionContext &context) {
  SmallVector<Value> local(operands);
  for (unsigned addend : context.getRule().addends) {
    tp::AxisRefs missing;
    const tp::AxisRefs &own = context.getOperandLayout(addend).partial;
    for (const tp::AxisRef &axis : context.getResultLayout(0).partial)
      if (!tp::containsAll(own, axis))
        missing.push_back(axis);
    if (!missing.empty() && !onnx::isNoValue(local[addend]))
      local[addend] = keepOnFirst(op, builder, local[addend], missing, context);
  }
  return local;
}

} // namespace

Values gemm(Operation *op, OpBuilder &builder, ValueRange operands,
            const tp::PartitionContext &context) {
  return clone(op, builder, addOnce(op, builder, operands, context), context);
}

/// A rank's number of groups, as attribute `name` of `local`, where the channels
/// of operand 0 are split. Ranks may hold different numbers of them: then
/// `tp.group_channels` has the channels of one group in what `perGroup` counts.
static void setGroups(Operation *op, Operation *local, StringRef name,
                      int64_t perGroup, const tp::PartitionContext &context) {
  int64_t groups = intAttr(op, name, 1);
  if (groups == 1 || !context.getOperandLayout(0).dims[1].isSplit())
    return;
  auto global = cast<RankedTensorType>(context.getOperandGlobalType(0));
  tp::SymbolicRange channels =
      getRange(context, global, context.getOperandLayout(0), 1);
  std::optional<int64_t> held =
      channels.size ? tp::getConst(channels.size) : std::nullopt;
  int64_t channelsPerGroup = global.getDimSize(1) / groups;
  if (held && channelsPerGroup > 0)
    setIntAttr(local, name, *held / channelsPerGroup);
  else
    setIntAttr(local, "tp.group_channels", perGroup);
}

/// With several groups a split of the input channels is one of the groups.
Values conv(Operation *op, OpBuilder &builder, ValueRange operands,
            const tp::PartitionContext &context) {
  Values results =
      clone(op, builder, addOnce(op, builder, operands, context), context);
  if (failed(results))
    return failure();
  auto weight = cast<RankedTensorType>(context.getOperandGlobalType(1));
  setGroups(op, results->front().getDefiningOp(), "group",
            weight.getDimSize(0) / intAttr(op, "group", 1), context);
  return results;
}

Values groupNormalization(Operation *op, OpBuilder &builder,
                          ValueRange operands,
                          const tp::PartitionContext &context) {
  Values results = clone(op, builder, operands, context);
  if (failed(results))
    return failure();
  auto global = cast<RankedTensorType>(context.getOperandGlobalType(0));
  setGroups(op, results->front().getDefiningOp(), "num_groups",
            global.getDimSize(1) / intAttr(op, "num_groups", 1), context);
  return results;
}

Values matMulNBits(Operation *op, OpBuilder &builder, ValueRange operands,
                   const tp::PartitionContext &context) {
  Values results =
      clone(op, builder, addOnce(op, builder, operands, context), context);
  if (failed(results))
    return failure();
  auto input = cast<RankedTensorType>(context.getOperandLocalType(0));
  auto output = cast<RankedTensorType>(context.getResultLocalType(0));
  if (input.isDynamicDim(input.getRank() - 1) ||
      output.isDynamicDim(output.getRank() - 1))
    return op->emitError("cannot be partitioned: ranks would hold different "
                         "numbers of its columns or blocks");
  Operation *local = results->front().getDefiningOp();
  setIntAttr(local, "K", input.getShape().back());
  setIntAttr(local, "N", output.getShape().back());
  return results;
}

/// A table split along the looked-up axis: rows that the rank does not hold
/// give zero. `tp.gather_offset` and `tp.gather_size` are the rank's first
/// global row and the global number of rows.
Values gather(Operation *op, OpBuilder &builder, ValueRange operands,
              const tp::PartitionContext &context) {
  Values results = clone(op, builder, operands, context);
  if (failed(results))
    return failure();
  auto table = cast<RankedTensorType>(context.getOperandGlobalType(0));
  int64_t axis = intAttr(op, "axis", 0);
  if (axis < 0)
    axis += table.getRank();
  if (!context.getOperandLayout(0).dims[axis].isSplit())
    return results;
  tp::SymbolicRange rows =
      getRange(context, table, context.getOperandLayout(0), axis);
  AffineExpr size = tp::getDims(table)[axis];
  if (!rows.offset || !size)
    return op->emitError("cannot be partitioned: the size of its split table "
                         "is not known");
  Operation *local = results->front().getDefiningOp();
  local->setAttr(
      "tp.gather_offset",
      tp::DimsAttr::get(builder.getContext(), tp::simplify(rows.offset)));
  local->setAttr("tp.gather_size",
                 tp::DimsAttr::get(builder.getContext(), size));
  return results;
}

} // namespace tpo::local
