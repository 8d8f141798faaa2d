//===- UpstreamModels.cpp - Local forms of linalg, tensor, arith, math ----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tp/Interfaces.h"
#include "dialects/Tp/Reshard.h"
#include "tp-opt/Partition/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tpo {

namespace {

using Values = FailureOr<SmallVector<Value>>;

/// The same operation, region included, on local types.
Values cloneLocal(Operation *op, OpBuilder &builder, ValueRange operands,
                  const tp::PartitionContext &context) {
  Operation *local = builder.clone(*op);
  local->setOperands(operands);
  local->removeAttr(tp::TpDialect::kLayoutsAttr);
  local->removeAttr(tp::TpDialect::kReasonsAttr);
  for (OpResult result : local->getResults())
    result.setType(context.getResultLocalType(result.getResultNumber()));
  return SmallVector<Value>(local->getResults());
}

/// Operands for the dynamic sizes of `local`, which had `sizes` for those of
/// `global`. Null where one of them is split: then no operand has its value.
FailureOr<SmallVector<Value>> getLocalSizes(Operation *op, ValueRange sizes,
                                            RankedTensorType global,
                                            RankedTensorType local,
                                            const tp::Layout &layout) {
  SmallVector<Value> result;
  unsigned next = 0;
  for (int64_t dim = 0; dim < global.getRank(); ++dim) {
    Value size = global.isDynamicDim(dim) ? sizes[next++] : Value();
    if (!local.isDynamicDim(dim))
      continue;
    if (layout.dims[dim].isSplit() || !size)
      return op->emitError("cannot be partitioned: size ")
             << dim << " of its result depends on the rank";
    result.push_back(size);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// linalg
//===----------------------------------------------------------------------===//

/// Whether every device may start from `value`: zero in a sum, anything in a
/// maximum or minimum.
bool isNeutral(Value value, tp::ReductionKind kind) {
  if (kind != tp::ReductionKind::Sum)
    return true;
  if (auto fill = value.getDefiningOp<linalg::FillOp>()) {
    Value scalar = fill.getInputs().front();
    return matchPattern(scalar, m_AnyZeroFloat()) ||
           matchPattern(scalar, m_Zero());
  }
  DenseElementsAttr dense;
  if (!matchPattern(value, m_Constant(&dense)) || !dense.isSplat())
    return false;
  if (isa<FloatType>(dense.getElementType()))
    return dense.getSplatValue<APFloat>().isZero();
  return dense.getSplatValue<APInt>().isZero();
}

/// `init` on the device whose index along `axes` is zero, zeros on the others.
/// The device finds out by what it holds of (true, false, ...) split over them.
Value keepOnFirst(Operation *op, OpBuilder &builder, Value init,
                  const tp::AxisRefs &axes,
                  const tp::PartitionContext &context) {
  Location loc = op->getLoc();
  int64_t count = tp::getNumShards(axes);
  auto flagsType = RankedTensorType::get({count}, builder.getI1Type());
  SmallVector<bool> flags(count, false);
  flags.front() = true;
  Value all = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(flagsType, flags));
  tp::Layout split = tp::Layout::replicated(1);
  split.dims[0].axes = axes;
  FailureOr<tp::ReshardSteps> steps =
      tp::planReshard(context.getMesh(), tp::getDims(flagsType),
                      tp::Layout::replicated(1), split, nullptr);
  assert(succeeded(steps) && "a slice is always possible");
  Value own = tp::buildReshard(builder, loc, all, flagsType, *steps,
                               context.getMesh(), context.getCoordinates());
  Value zeroIndex = arith::ConstantIndexOp::create(builder, loc, 0);
  Value first = tensor::ExtractOp::create(builder, loc, own, zeroIndex);
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(getElementTypeOrSelf(init.getType())));
  Value zeros = linalg::FillOp::create(builder, loc, zero, init).getResult(0);
  return arith::SelectOp::create(builder, loc, first, init, zeros);
}

struct LinalgPartition
    : tp::PartitionOpInterface::FallbackModel<LinalgPartition> {
  Values partition(Operation *op, OpBuilder &builder, ValueRange operands,
                   const tp::PartitionContext &context) const {
    auto linalgOp = cast<linalg::LinalgOp>(op);
    if (!linalgOp.hasPureTensorSemantics())
      return op->emitError("cannot be partitioned: works on buffers");
    // An index in the body is the global one.
    for (Operation &inner : *linalgOp.getBlock())
      if (isa<linalg::IndexOp>(inner))
        return op->emitError("cannot be partitioned: its body uses the index "
                             "of an iteration");
    // A value added to a sum over devices is added by one of them.
    SmallVector<Value> local(operands);
    for (auto [i, init] : llvm::enumerate(linalgOp.getDpsInits())) {
      unsigned operand = linalgOp.getNumDpsInputs() + i;
      const tp::Layout &result = context.getResultLayout(i);
      const tp::AxisRefs &own = context.getOperandLayout(operand).partial;
      tp::AxisRefs missing;
      for (const tp::AxisRef &axis : result.partial)
        if (!tp::containsAll(own, axis))
          missing.push_back(axis);
      if (!missing.empty() && !isNeutral(init, result.partialKind))
        local[operand] =
            keepOnFirst(op, builder, local[operand], missing, context);
    }
    return cloneLocal(op, builder, local, context);
  }
};

//===----------------------------------------------------------------------===//
// tensor
//===----------------------------------------------------------------------===//

Values partitionEmpty(tensor::EmptyOp op, OpBuilder &builder,
                      ValueRange operands,
                      const tp::PartitionContext &context) {
  auto local = cast<RankedTensorType>(context.getResultLocalType(0));
  FailureOr<SmallVector<Value>> sizes = getLocalSizes(
      op, operands, op.getType(), local, context.getResultLayout(0));
  if (failed(sizes))
    return failure();
  return SmallVector<Value>{
      tensor::EmptyOp::create(builder, op.getLoc(), local, *sizes)};
}

Values partitionExpandShape(tensor::ExpandShapeOp op, OpBuilder &builder,
                            ValueRange operands,
                            const tp::PartitionContext &context) {
  auto local = cast<RankedTensorType>(context.getResultLocalType(0));
  FailureOr<SmallVector<Value>> sizes =
      getLocalSizes(op, operands.drop_front(), op.getResultType(), local,
                    context.getResultLayout(0));
  if (failed(sizes))
    return failure();
  SmallVector<OpFoldResult> shape;
  unsigned next = 0;
  for (int64_t size : local.getShape()) {
    if (ShapedType::isDynamic(size))
      shape.push_back((*sizes)[next++]);
    else
      shape.push_back(builder.getIndexAttr(size));
  }
  return SmallVector<Value>{tensor::ExpandShapeOp::create(
      builder, op.getLoc(), local, operands.front(),
      op.getReassociationIndices(), shape)};
}

/// Offsets, sizes and strides of a slice of one rank's piece of a tensor:
/// dimensions that are split are taken in full.
struct LocalSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
};

FailureOr<LocalSlice> getLocalSlice(OffsetSizeAndStrideOpInterface op,
                                    ValueRange operands, Value piece,
                                    const tp::Layout &layout) {
  IRMapping mapping;
  mapping.map(op->getOperands(), operands);
  auto local = [&](ArrayRef<OpFoldResult> values) {
    SmallVector<OpFoldResult> mapped(values);
    for (OpFoldResult &value : mapped)
      if (auto ssa = dyn_cast<Value>(value))
        value = mapping.lookup(ssa);
    return mapped;
  };
  LocalSlice slice = {local(op.getMixedOffsets()), local(op.getMixedSizes()),
                      local(op.getMixedStrides())};
  auto type = cast<RankedTensorType>(piece.getType());
  for (auto [dim, split] : llvm::enumerate(layout.dims)) {
    if (!split.isSplit())
      continue;
    if (type.isDynamicDim(dim))
      return op->emitError("cannot be partitioned: size ")
             << dim << " of its result depends on the rank";
    slice.sizes[dim] =
        IntegerAttr::get(IndexType::get(op->getContext()), type.getDimSize(dim));
  }
  return slice;
}

Values partitionExtractSlice(tensor::ExtractSliceOp op, OpBuilder &builder,
                             ValueRange operands,
                             const tp::PartitionContext &context) {
  auto result = cast<RankedTensorType>(context.getResultLocalType(0));
  FailureOr<LocalSlice> slice = getLocalSlice(
      op, operands, operands.front(), context.getOperandLayout(0));
  if (failed(slice))
    return failure();
  return SmallVector<Value>{tensor::ExtractSliceOp::create(
      builder, op.getLoc(), result, operands.front(), slice->offsets,
      slice->sizes, slice->strides)};
}

Values partitionInsertSlice(tensor::InsertSliceOp op, OpBuilder &builder,
                            ValueRange operands,
                            const tp::PartitionContext &context) {
  FailureOr<LocalSlice> slice =
      getLocalSlice(op, operands, operands[1], context.getOperandLayout(1));
  if (failed(slice))
    return failure();
  return SmallVector<Value>{tensor::InsertSliceOp::create(
      builder, op.getLoc(), operands[0], operands[1], slice->offsets,
      slice->sizes, slice->strides)};
}

Values partitionSplat(tensor::SplatOp op, OpBuilder &builder,
                      ValueRange operands,
                      const tp::PartitionContext &context) {
  auto local = cast<RankedTensorType>(context.getResultLocalType(0));
  FailureOr<SmallVector<Value>> sizes =
      getLocalSizes(op, operands.drop_front(), op.getType(), local,
                    context.getResultLayout(0));
  if (failed(sizes))
    return failure();
  return SmallVector<Value>{tensor::SplatOp::create(
      builder, op.getLoc(), local, operands.front(), *sizes)};
}

/// Its shape operand is that of the rank's piece.
Values partitionReshape(tensor::ReshapeOp op, OpBuilder &builder, ValueRange operands,
                        const tp::PartitionContext &context) {
  auto local = cast<RankedTensorType>(context.getResultLocalType(0));
  if (!local.hasStaticShape())
    return op.emitError("cannot be partitioned: a size of its result depends "
                        "on the rank");
  auto shapeType = cast<RankedTensorType>(op.getShape().getType());
  SmallVector<APInt> sizes;
  unsigned width = isa<IndexType>(shapeType.getElementType()) ? IndexType::kInternalStorageBitWidth
                                                              : shapeType.getElementTypeBitWidth();
  for (int64_t size : local.getShape())
    sizes.push_back(APInt(width, size));
  Value shape = arith::ConstantOp::create(builder, op.getLoc(), DenseElementsAttr::get(shapeType, sizes));
  return SmallVector<Value>{tensor::ReshapeOp::create(builder, op.getLoc(), local, operands.front(), shape)};
}

struct TensorPartition
    : tp::PartitionOpInterface::FallbackModel<TensorPartition> {
  Values partition(Operation *op, OpBuilder &builder, ValueRange operands,
                   const tp::PartitionContext &context) const {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return partitionEmpty(empty, builder, operands, context);
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return partitionExpandShape(expand, builder, operands, context);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return partitionExtractSlice(slice, builder, operands, context);
    if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      return partitionInsertSlice(slice, builder, operands, context);
    if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
      return partitionReshape(reshape, builder, operands, context);
    if (auto splat = dyn_cast<tensor::SplatOp>(op))
      return partitionSplat(splat, builder, operands, context);
    // Cast, collapse_shape, concat and pad have only types.
    return cloneLocal(op, builder, operands, context);
  }
};

//===----------------------------------------------------------------------===//
// arith, math
//===----------------------------------------------------------------------===//

struct ElementwisePartition
    : tp::PartitionOpInterface::FallbackModel<ElementwisePartition> {
  Values partition(Operation *op, OpBuilder &builder, ValueRange operands,
                   const tp::PartitionContext &context) const {
    auto constant = dyn_cast<arith::ConstantOp>(op);
    if (!constant)
      return cloneLocal(op, builder, operands, context);
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    auto type = dyn_cast<RankedTensorType>(context.getResultLocalType(0));
    if (!dense || !type || !dense.isSplat() || !type.hasStaticShape())
      return op->emitError("cannot be partitioned: only a constant of one "
                           "value can be split, and evenly");
    return SmallVector<Value>{arith::ConstantOp::create(
        builder, op->getLoc(), dense.resizeSplat(type))};
  }
};

template <typename Model>
void attach(MLIRContext *context, StringRef dialect,
            llvm::function_ref<bool(RegisteredOperationName)> filter) {
  // Not getRegisteredOperationsByDialect: its binary search (LLVM 22) takes any
  // difference of names for "less".
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (name.getDialectNamespace() == dialect && filter(name))
      name.attachInterface<Model>();
}

bool isElementwise(RegisteredOperationName name) {
  return name.hasTrait<OpTrait::Elementwise>() ||
         name.getStringRef() == arith::ConstantOp::getOperationName();
}

} // namespace

void registerUpstreamPartitionModels(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, linalg::LinalgDialect *dialect) {
        attach<LinalgPartition>(context, dialect->getNamespace(),
                                [](RegisteredOperationName name) {
                                  return name.hasInterface<linalg::LinalgOp>();
                                });
      });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *dialect) {
    attach<TensorPartition>(context, dialect->getNamespace(), [](RegisteredOperationName name) {
      return llvm::is_contained({tensor::EmptyOp::getOperationName(), tensor::CastOp::getOperationName(),
                                 tensor::ExpandShapeOp::getOperationName(), tensor::CollapseShapeOp::getOperationName(),
                                 tensor::ConcatOp::getOperationName(), tensor::ExtractSliceOp::getOperationName(),
                                 tensor::InsertSliceOp::getOperationName(), tensor::PadOp::getOperationName(),
                                 tensor::ReshapeOp::getOperationName(), tensor::SplatOp::getOperationName()},
                                name.getStringRef());
    });
  });
  registry.addExtension(
      +[](MLIRContext *context, arith::ArithDialect *dialect) {
        attach<ElementwisePartition>(context, dialect->getNamespace(),
                                     isElementwise);
      });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *dialect) {
    attach<ElementwisePartition>(context, dialect->getNamespace(),
                                 isElementwise);
  });
}

} // namespace tpo
