//===- Data.cpp - Gather, cache Concat, Reshape -> rt ---------------------===//

#include "RtLowering.h"

#include "tp-opt/Lowering/Sizes.h"

using namespace mlir;
using namespace tpo;

/// Set by partitioning where ranks hold rows of the table: the first one, and
/// how many there are on all ranks (`#tp.dims` of one expression).
static constexpr StringLiteral kGatherOffsetAttr = "tp.gather_offset";
static constexpr StringLiteral kGatherSizeAttr = "tp.gather_size";

LogicalResult RtLowering::lowerGather(onnx::GatherOp op) {
  if (isExpertGather(op))
    return success();
  auto dataType = cast<RankedTensorType>(op.getData().getType());
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + dataType.getRank() : op.getAxis();
  // Rows of a table; small gathers and constant indices fuse into kernels.
  bool isTable = axis == 0 && dataType.getRank() >= 2 && isa<FloatType>(dataType.getElementType());
  // A rank's part of the rows: lookups of other ranks' rows give zero.
  auto offset = op->getAttrOfType<tp::DimsAttr>(kGatherOffsetAttr);
  auto globalRows = op->getAttrOfType<tp::DimsAttr>(kGatherSizeAttr);
  if (offset && (!isTable || !globalRows))
    return op.emitError("a table split along the axis of the lookup needs axis 0 and floating-point rows");
  bool knownIndices = op.getIndices().getDefiningOp<onnx::ConstantOp>() ||
                      op.getIndices().getDefiningOp<onnx::SymbolicConstantOp>();
  if (!isTable || (knownIndices && !offset))
    return success();
  builder.setInsertionPoint(op);
  FailureOr<Destination> destination = createDestination(op.getLoc(), op.getOutput());
  if (failed(destination))
    return failure();
  Stored table = getStored(op.getData()), indices = getStored(op.getIndices());
  if (!table.value || !indices.value)
    return failure();
  Value firstRow, rows;
  if (offset) {
    firstRow = materialize(builder, op.getLoc(), offset.getExprs().front());
    rows = materialize(builder, op.getLoc(), globalRows.getExprs().front());
  }
  auto gather = rt::GatherOp::create(builder, op.getLoc(), TypeRange(destination->empty.getType()), table.value,
                                     indices.value, destination->empty, firstRow, rows,
                                     builder.getI64IntegerAttr(axis),
                                     makePerms({table.perm, indices.perm, destination->perm}));
  annotate(gather, op);
  destination->replaced.replaceAllUsesWith(gather.getResult(0));
  if (destination->replaced != op.getOutput())
    destination->replaced.getDefiningOp()->erase();
  op.erase();
  return success();
}

LogicalResult RtLowering::lowerConcat(onnx::ConcatOp op) {
  // A KV cache: a function argument is extended and the result returned.
  auto type = cast<RankedTensorType>(op.getConcatResult().getType());
  if (op.getInputs().size() != 2 || !isa<BlockArgument>(op.getInputs()[0]) ||
      llvm::none_of(op->getUsers(), llvm::IsaPred<func::ReturnOp>))
    return success();
  builder.setInsertionPoint(op);
  Value empty = createEmpty(builder, op.getLoc(), type);
  Stored fresh = getStored(op.getInputs()[1]);
  if (!empty || !fresh.value)
    return failure();
  int64_t axis = op.getAxis() < 0 ? op.getAxis() + type.getRank() : op.getAxis();
  auto append = rt::CacheAppendOp::create(builder, op.getLoc(), TypeRange(type), op.getInputs()[0], fresh.value,
                                          empty, builder.getI64IntegerAttr(axis),
                                          makePerms({ArrayRef<int64_t>(), fresh.perm, ArrayRef<int64_t>()}));
  annotate(append, op);
  op.getConcatResult().replaceAllUsesWith(append.getResult(0));
  op.erase();
  return success();
}

LogicalResult RtLowering::lowerReshape(Operation *op, Value source) {
  builder.setInsertionPoint(op);
  Value result = op->getResult(0);
  if (source.getType() != result.getType()) {
    auto type = cast<RankedTensorType>(result.getType());
    FailureOr<SmallVector<Value>> sizes = materializeDynamicSizes(builder, op->getLoc(), type);
    Value plain = getPlain(source);
    if (failed(sizes) || !plain)
      return failure();
    source = rt::ReshapeOp::create(builder, op->getLoc(), type, plain, *sizes);
  }
  result.replaceAllUsesWith(source);
  op->erase();
  return success();
}
