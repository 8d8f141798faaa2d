//===- Scatter.cpp - ScatterElements, ScatterND, TopK -> rt ---------------===//
//
// What is not a function from an index to an element: the runtime walks the
// updates, or selects from a row.
//
//===----------------------------------------------------------------------===//

#include "RtLowering.h"

#include "tp-opt/Lowering/Sizes.h"

using namespace mlir;
using namespace tpo;

static LogicalResult lowerScatter(RtLowering &lowering, Operation *op, StringRef reductionName, IntegerAttr axis) {
  std::optional<rt::ScatterReduction> reduction = rt::symbolizeScatterReduction(reductionName);
  if (!reduction)
    return op->emitError() << getOperatorName(op) << ": reduction '" << reductionName << "' is not supported";
  OpBuilder &builder = lowering.builder;
  builder.setInsertionPoint(op);
  FailureOr<RtLowering::Destination> destination = lowering.createDestination(op->getLoc(), op->getResult(0));
  if (failed(destination))
    return failure();
  SmallVector<Stored> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(lowering.getStored(operand));
    if (!operands.back().value)
      return failure();
  }
  auto scatter = rt::ScatterOp::create(
      builder, op->getLoc(), TypeRange(destination->empty.getType()), operands[0].value, operands[1].value,
      operands[2].value, destination->empty, axis, rt::ScatterReductionAttr::get(builder.getContext(), *reduction),
      lowering.makePerms({operands[0].perm, operands[1].perm, operands[2].perm, destination->perm}));
  lowering.annotate(scatter, op);
  destination->replaced.replaceAllUsesWith(scatter.getResult(0));
  if (destination->replaced != op->getResult(0))
    destination->replaced.getDefiningOp()->erase();
  op->erase();
  return success();
}

LogicalResult RtLowering::lowerScatterElements(onnx::ScatterElementsOp op) {
  int64_t rank = cast<RankedTensorType>(op.getData().getType()).getRank();
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + rank : op.getAxis();
  return lowerScatter(*this, op, op.getReduction(), builder.getI64IntegerAttr(axis));
}

LogicalResult RtLowering::lowerScatterND(onnx::ScatterNDOp op) {
  return lowerScatter(*this, op, op.getReduction(), IntegerAttr());
}

LogicalResult RtLowering::lowerTopK(onnx::TopKOp op) {
  Location loc = op.getLoc();
  builder.setInsertionPoint(op);
  auto type = cast<RankedTensorType>(op.getX().getType());
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + type.getRank() : op.getAxis();
  Stored data = getStored(op.getX());
  Value values = createEmpty(builder, loc, cast<RankedTensorType>(op.getValues().getType()));
  Value indices = createEmpty(builder, loc, cast<RankedTensorType>(op.getIndices().getType()));
  if (!data.value || !values || !indices)
    return failure();
  auto topK =
      rt::TopKOp::create(builder, loc, TypeRange{values.getType(), indices.getType()}, data.value, values, indices,
                         builder.getI64IntegerAttr(axis), op.getLargest() ? UnitAttr() : builder.getUnitAttr(),
                         makePerms({data.perm, ArrayRef<int64_t>(), ArrayRef<int64_t>()}));
  annotate(topK, op);
  op.getValues().replaceAllUsesWith(topK.getResult(0));
  op.getIndices().replaceAllUsesWith(topK.getResult(1));
  op.erase();
  return success();
}
