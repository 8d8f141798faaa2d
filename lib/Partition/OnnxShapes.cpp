//===- OnnxShapes.cpp - Local forms of operators with shape operands ------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxPartition.h"
#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Partition/ShapeOperand.h"

using namespace mlir;

namespace tpo::local {

namespace {

/// The operation with its shape operand `index` replaced by the local sizes of
/// its result.
Values withLocalShape(Operation *op, OpBuilder &builder, ValueRange operands,
                      const tp::PartitionContext &context, unsigned index) {
  auto type = cast<RankedTensorType>(context.getResultLocalType(0));
  SmallVector<AffineExpr> dims = tp::getDims(type);
  if (llvm::is_contained(dims, AffineExpr()))
    return op->emitError("cannot be partitioned: a size of its result is not "
                         "known as an expression");
  SmallVector<Value> local(operands);
  local[index] = createIntegers(builder, op->getLoc(), dims);
  return clone(op, builder, local, context);
}

} // namespace

Values reshape(Operation *op, OpBuilder &builder, ValueRange operands,
               const tp::PartitionContext &context) {
  Values results = withLocalShape(op, builder, operands, context, 1);
  // Sizes are final: a zero is an empty piece, not "as in the operand".
  if (succeeded(results))
    if (auto type = dyn_cast<ShapedType>(results->front().getType());
        type && !type.hasStaticShape())
      results->front().getDefiningOp()->setAttr(
          "allowzero",
          IntegerAttr::get(builder.getIntegerType(64, /*isSigned=*/true), 1));
  return results;
}

Values expand(Operation *op, OpBuilder &builder, ValueRange operands,
              const tp::PartitionContext &context) {
  return withLocalShape(op, builder, operands, context, 1);
}

Values constantOfShape(Operation *op, OpBuilder &builder, ValueRange operands,
                       const tp::PartitionContext &context) {
  return withLocalShape(op, builder, operands, context, 0);
}

Values constant(Operation *op, OpBuilder &builder, ValueRange operands,
                const tp::PartitionContext &context) {
  auto value =
      dyn_cast<DenseElementsAttr>(cast<onnx::ConstantOp>(op).getValue());
  auto type = cast<RankedTensorType>(context.getResultLocalType(0));
  if (!value || !value.isSplat())
    return op->emitError("cannot be partitioned: only a constant of one value "
                         "can be split");
  if (type.hasStaticShape())
    return SmallVector<Value>{onnx::ConstantOp::create(
        builder, op->getLoc(), value.resizeSplat(type))};
  auto scalarType = RankedTensorType::get({}, type.getElementType());
  Value scalar = onnx::ConstantOp::create(builder, op->getLoc(),
                                          value.resizeSplat(scalarType));
  Value shape = createIntegers(builder, op->getLoc(), tp::getDims(type));
  auto expanded = onnx::ExpandOp::create(builder, op->getLoc(), type,
                                         ValueRange{scalar, shape});
  return SmallVector<Value>{expanded->getResult(0)};
}

} // namespace tpo::local
