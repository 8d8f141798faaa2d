//===- CombineCollectives.cpp - Join small independent all-reduces --------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Collectives/CollectiveSummary.h"
#include "tp-opt/Collectives/Passes.h"
#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Partition/ShapeOperand.h"
#include "tp-opt/Planning/Assumptions.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_COMBINECOLLECTIVESPASS
#include "tp-opt/Collectives/Passes.h.inc"

namespace {

AffineExpr getNumElements(Value value) {
  return tp::product(tp::getDims(cast<ShapedType>(value.getType())),
                     value.getContext());
}

Value createReshape(OpBuilder &builder, Location loc, Value value,
                    RankedTensorType type) {
  if (value.getType() == type)
    return value;
  Value shape = createIntegers(builder, loc, tp::getDims(type));
  return onnx::ReshapeOp::create(builder, loc, type, ValueRange{value, shape})
      ->getResult(0);
}

/// Whether `op` or anything in its regions uses a result of `defs`.
bool usesAny(Operation *op, const llvm::SetVector<Operation *> &defs) {
  return op
      ->walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (Operation *def = operand.getDefiningOp();
              def && defs.contains(def))
            return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

class Combiner {
public:
  Combiner(ArrayRef<int64_t> symbols, int64_t maxBytes)
      : symbols(symbols), maxBytes(maxBytes) {}

  /// Joins `leader` with later all-reduces of its block.
  void combineWith(tp::AllReduceOp leader,
                   llvm::SmallPtrSetImpl<Operation *> &done);

private:
  bool isSmall(tp::AllReduceOp op) const;
  static bool isCompatible(tp::AllReduceOp a, tp::AllReduceOp b);
  static void build(ArrayRef<tp::AllReduceOp> group);

  ArrayRef<int64_t> symbols;
  int64_t maxBytes;
};

/// Small, of known size, and nothing but partial: then the flattened tensor is
/// one too.
bool Combiner::isSmall(tp::AllReduceOp op) const {
  std::optional<int64_t> bytes = getCollectiveBytes(
      cast<tp::CollectiveOpInterface>(op.getOperation()), symbols);
  return bytes && *bytes <= maxBytes && getNumElements(op.getInput()) &&
         op.getOutLayout().isReplicated();
}

bool Combiner::isCompatible(tp::AllReduceOp a, tp::AllReduceOp b) {
  return a.getAxes() == b.getAxes() && a.getReduction() == b.getReduction() &&
         a.getInLayout().getMesh() == b.getInLayout().getMesh() &&
         getElementTypeOrSelf(a.getInput().getType()) ==
             getElementTypeOrSelf(b.getInput().getType());
}

void Combiner::build(ArrayRef<tp::AllReduceOp> group) {
  tp::AllReduceOp last = group.back();
  OpBuilder builder(last);
  MLIRContext *context = builder.getContext();
  Type elementType = getElementTypeOrSelf(last.getInput().getType());
  SmallVector<Location> locs;
  SmallVector<Value> flat;
  SmallVector<AffineExpr> bounds = {builder.getAffineConstantExpr(0)};
  for (tp::AllReduceOp op : group) {
    AffineExpr count = getNumElements(op.getInput());
    locs.push_back(op.getLoc());
    flat.push_back(createReshape(builder, op.getLoc(), op.getInput(),
                                 tp::makeTensorType({count}, elementType)));
    bounds.push_back(tp::simplify(bounds.back() + count));
  }
  Location loc = builder.getFusedLoc(locs);
  auto type = tp::makeTensorType({bounds.back()}, elementType);
  auto si64 = builder.getIntegerType(64, /*isSigned=*/true);
  Value packed = onnx::ConcatOp::create(
                     builder, loc, type, flat,
                     builder.getNamedAttr("axis", IntegerAttr::get(si64, 0)))
                     ->getResult(0);
  tp::LayoutAttr in = last.getInLayout();
  auto whole = tp::LayoutAttr::getReplicated(in.getMesh(), 1);
  auto partial = tp::LayoutAttr::get(context, in.getMesh(), whole.getDims(),
                                     in.getPartialKind(), in.getPartialAxes());
  auto reduced =
      tp::AllReduceOp::create(builder, loc, type, last.getReduction(), packed,
                              last.getAxes(), partial, whole, type);
  if (Attribute layer = group.front()->getAttr(kLayerAttr))
    reduced->setAttr(kLayerAttr, layer);
  Value axes = createIntegers(builder, loc, bounds.front());
  for (size_t i = 0; i < group.size(); ++i) {
    tp::AllReduceOp op = group[i];
    Value start = createIntegers(builder, loc, bounds[i]);
    Value end = createIntegers(builder, loc, bounds[i + 1]);
    Value slice =
        onnx::SliceOp::create(builder, op.getLoc(), flat[i].getType(),
                              ValueRange{reduced.getResult(), start, end, axes})
            ->getResult(0);
    op.getResult().replaceAllUsesWith(
        createReshape(builder, op.getLoc(), slice,
                      cast<RankedTensorType>(op.getResult().getType())));
  }
}

void Combiner::combineWith(tp::AllReduceOp leader,
                           llvm::SmallPtrSetImpl<Operation *> &done) {
  if (!isSmall(leader))
    return;
  SmallVector<tp::AllReduceOp> group = {leader};
  // What needs a member of the group, in program order, members included.
  llvm::SetVector<Operation *> dependents;
  dependents.insert(leader);
  for (Operation *op = leader->getNextNode(); op; op = op->getNextNode()) {
    if (usesAny(op, dependents)) {
      dependents.insert(op);
      continue;
    }
    auto reduce = dyn_cast<tp::AllReduceOp>(op);
    if (!reduce || done.contains(op) || !isCompatible(leader, reduce) ||
        !isSmall(reduce))
      continue;
    group.push_back(reduce);
    dependents.insert(op);
  }
  if (group.size() < 2)
    return;
  // What needs the result moves behind the last member.
  Operation *last = group.back();
  SmallVector<Operation *> moved;
  for (Operation *op : dependents) {
    if (isa<tp::AllReduceOp>(op) && llvm::is_contained(group, op))
      continue;
    if (!op->isBeforeInBlock(last))
      continue;
    if (!isMemoryEffectFree(op))
      return;
    moved.push_back(op);
  }
  Operation *position = last;
  for (Operation *op : moved) {
    op->moveAfter(position);
    position = op;
  }
  build(group);
  for (tp::AllReduceOp op : group)
    done.insert(op);
}

struct CombineCollectives
    : impl::CombineCollectivesPassBase<CombineCollectives> {
  using CombineCollectivesPassBase::CombineCollectivesPassBase;

  void runOnOperation() override {
    auto module = getOperation()->getParentOfType<ModuleOp>();
    SmallVector<int64_t> symbols = Assumptions().getPrefill(module);
    Combiner combiner(symbols, maxBytes);
    getOperation().walk([&](Block *block) {
      llvm::SmallPtrSet<Operation *, 8> done;
      for (auto op : llvm::to_vector(block->getOps<tp::AllReduceOp>()))
        if (!done.contains(op))
          combiner.combineWith(op, done);
      for (Operation *op : done)
        op->erase();
    });
  }
};

} // namespace
} // namespace tpo
