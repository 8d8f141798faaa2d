//===- ShardLayouts.cpp - Layouts as shard.shard -----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// shard-partition wants every tensor annotated twice: behind what makes it, and
// in front of each use. The operations themselves stay as they are.

#include "ShardExport.h"

using namespace mlir;

namespace tpo {

namespace {

bool isTensor(Value value) { return isa<RankedTensorType>(value.getType()); }

/// What diagnostics call a tensor.
std::string describe(Value value) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto argument = dyn_cast<BlockArgument>(value))
    os << "argument #" << argument.getArgNumber();
  else
    os << "result #" << cast<OpResult>(value).getResultNumber() << " of '" << value.getDefiningOp()->getName() << "'";
  os << " (" << value.getType() << ")";
  return text;
}

class Annotator {
public:
  Annotator(func::FuncOp func, const tp::Mesh &mesh) : func(func), mesh(mesh), builder(func.getContext()) {}
  LogicalResult run();

private:
  FailureOr<tp::Layout> getLayout(Value value);
  /// The layout to write behind what makes `value`: pending sums are completed
  /// there.
  FailureOr<tp::Layout> getProducedLayout(Value value);
  FailureOr<shard::ShardingOp> getSharding(const tp::Layout &layout, Value value);
  LogicalResult getOffsets(const tp::Layout &layout, Value value, SmallVectorImpl<int64_t> &offsets);
  LogicalResult annotate(Value value);
  LogicalResult annotateUse(OpOperand &operand);

  func::FuncOp func;
  const tp::Mesh &mesh;
  OpBuilder builder;
  /// From a tensor to its annotated self.
  DenseMap<Value, Value> annotated;
  /// Reshards, replaced by the annotations of their uses.
  SmallVector<tp::ReshardOp> reshards;
};

FailureOr<tp::Layout> Annotator::getLayout(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  tp::LayoutAttr attr = tp::getLayoutAttr(value);
  if (!attr)
    return tp::Layout::replicated(type.getRank());
  auto emitError = [&] { return mlir::emitError(value.getLoc()) << describe(value) << ": "; };
  FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, emitError);
  if (failed(layout) || failed(tp::verifyLayout(*layout, mesh, tp::getDims(type), emitError)))
    return failure();
  tp::canonicalise(*layout, tp::getDims(type));
  return layout;
}

FailureOr<tp::Layout> Annotator::getProducedLayout(Value value) {
  FailureOr<tp::Layout> layout = getLayout(value);
  if (failed(layout) || !layout->isPartial())
    return layout;
  if (layout->partialKind != tp::ReductionKind::Sum)
    return mlir::emitError(value.getLoc()) << describe(value) << " is a pending " << stringifyEnum(layout->partialKind)
                                           << ", which the shard dialect cannot express";
  for (OpOperand &use : value.getUses()) {
    auto reshard = dyn_cast<tp::ReshardOp>(use.getOwner());
    if (reshard && !reshard.getLayout().isPartial())
      continue;
    InFlightDiagnostic diagnostic = mlir::emitError(value.getLoc())
                                    << describe(value)
                                    << " is a pending sum, which the shard dialect can only express where every use "
                                       "completes it";
    diagnostic.attachNote(use.getOwner()->getLoc()) << "read here while pending";
    return diagnostic;
  }
  layout->partial.clear();
  return layout;
}

/// Where pieces are not equal: the start of every piece, and the end of the
/// last, for each split dimension.
LogicalResult Annotator::getOffsets(const tp::Layout &layout, Value value, SmallVectorImpl<int64_t> &offsets) {
  auto type = cast<RankedTensorType>(value.getType());
  if (tp::hasUniformPieces(layout, tp::getDims(type)))
    return success();
  for (auto [dim, split] : llvm::enumerate(layout.dims)) {
    if (!split.isSplit())
      continue;
    int64_t size = type.getDimSize(dim);
    std::optional<int64_t> units = split.units ? tp::getConst(split.units) : std::optional<int64_t>(size);
    if (ShapedType::isDynamic(size) || !units)
      return mlir::emitError(value.getLoc())
             << describe(value) << ": dimension " << dim
             << " is split into pieces that may differ and has no static size, which the shard dialect cannot express";
    int64_t count = tp::getNumShards(split.axes);
    for (int64_t index = 0; index < count; ++index)
      offsets.push_back(tp::getLocalRange(size, *units, count, index).offset);
    offsets.push_back(size);
  }
  return success();
}

FailureOr<shard::ShardingOp> Annotator::getSharding(const tp::Layout &layout, Value value) {
  SmallVector<shard::GridAxesAttr> axes;
  auto emitError = [&] { return mlir::emitError(value.getLoc()) << describe(value) << " "; };
  for (const tp::DimSplit &split : layout.dims) {
    FailureOr<SmallVector<shard::GridAxis>> own = getGridAxes(split.axes, mesh, emitError);
    if (failed(own))
      return failure();
    axes.push_back(shard::GridAxesAttr::get(func.getContext(), *own));
  }
  // The dialect's form of a list without splits has one entry.
  while (axes.size() > 1 && axes.back().empty())
    axes.pop_back();
  if (axes.empty())
    axes.push_back(shard::GridAxesAttr::get(func.getContext(), {}));
  SmallVector<int64_t> offsets;
  if (failed(getOffsets(layout, value, offsets)))
    return failure();
  // Not the builder that takes both lists of sizes: in LLVM 22 it swaps them.
  return shard::ShardingOp::create(builder, value.getLoc(), shard::ShardingType::get(func.getContext()),
                                   mesh.getSymbol(func.getContext()),
                                   shard::GridAxesArrayAttr::get(func.getContext(), axes),
                                   builder.getDenseI64ArrayAttr(offsets), /*dynamic_sharded_dims_offsets=*/ValueRange(),
                                   builder.getDenseI64ArrayAttr({}), /*dynamic_halo_sizes=*/ValueRange());
}

LogicalResult Annotator::annotate(Value value) {
  FailureOr<tp::Layout> layout = getProducedLayout(value);
  if (failed(layout))
    return failure();
  builder.setInsertionPointAfterValue(value);
  FailureOr<shard::ShardingOp> sharding = getSharding(*layout, value);
  if (failed(sharding))
    return failure();
  annotated[value] = shard::ShardOp::create(builder, value.getLoc(), value, *sharding, /*annotate_for_users=*/false);
  return success();
}

LogicalResult Annotator::annotateUse(OpOperand &operand) {
  Value value = operand.get();
  // A reshard's layout is that of its uses.
  FailureOr<tp::Layout> layout = value.getDefiningOp<tp::ReshardOp>() ? getLayout(value) : getProducedLayout(value);
  if (failed(layout))
    return failure();
  Value source = value;
  while (auto reshard = source.getDefiningOp<tp::ReshardOp>())
    source = reshard.getInput();
  builder.setInsertionPoint(operand.getOwner());
  FailureOr<shard::ShardingOp> sharding = getSharding(*layout, value);
  if (failed(sharding))
    return failure();
  operand.set(shard::ShardOp::create(builder, value.getLoc(), annotated.lookup(source), *sharding,
                                     /*annotate_for_users=*/true));
  return success();
}

LogicalResult Annotator::run() {
  Block &entry = func.getBody().front();
  SmallVector<Value> values(llvm::make_filter_range(entry.getArguments(), isTensor));
  SmallVector<OpOperand *> uses;
  for (Operation &op : entry) {
    if (isa<tp::ManualOp, tp::ConstrainOp>(op))
      return op.emitError("cannot be exported to the shard dialect");
    if (auto reshard = dyn_cast<tp::ReshardOp>(op)) {
      reshards.push_back(reshard);
      continue;
    }
    WalkResult nested = op.walk([&](Operation *inner) {
      bool captures = inner != &op && llvm::any_of(inner->getOperands(), [&](Value operand) {
                        return isTensor(operand) && operand.getParentBlock() == &entry;
                      });
      return captures ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (nested.wasInterrupted())
      return op.emitError("cannot be exported to the shard dialect: its region uses a tensor from outside");
    for (OpOperand &operand : op.getOpOperands())
      if (isTensor(operand.get()))
        uses.push_back(&operand);
    llvm::append_range(values, llvm::make_filter_range(op.getResults(), isTensor));
  }
  for (Value value : values)
    if (failed(annotate(value)))
      return failure();
  for (OpOperand *use : uses)
    if (failed(annotateUse(*use)))
      return failure();
  for (tp::ReshardOp reshard : llvm::reverse(reshards))
    reshard.erase();
  return success();
}

} // namespace

LogicalResult annotateShardings(func::FuncOp func, const tp::Mesh &mesh) { return Annotator(func, mesh).run(); }

} // namespace tpo
