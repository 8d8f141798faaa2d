//===- RtLowering.cpp - What the lowerings of operators share -------------===//

#include "RtLowering.h"

#include "mlir/IR/PatternMatch.h"
#include "tp-opt/Lowering/Sizes.h"

#include <numeric>

using namespace mlir;
using namespace tpo;

StringRef tpo::getOperatorName(Operation *op) {
  StringRef name = op->getName().getStringRef();
  return name.starts_with("onnx.") ? name.drop_front(5) : name;
}

SmallVector<int64_t> tpo::invertPerm(ArrayRef<int64_t> perm) {
  SmallVector<int64_t> inverse(perm.size());
  for (auto [index, dim] : llvm::enumerate(perm))
    inverse[dim] = index;
  return inverse;
}

SmallVector<int64_t> tpo::getTransposePerm(onnx::TransposeOp op) {
  SmallVector<int64_t> perm;
  if (std::optional<ArrayAttr> attr = op.getPerm()) {
    for (Attribute dim : *attr)
      perm.push_back(cast<IntegerAttr>(dim).getInt());
    return perm;
  }
  perm.resize(cast<RankedTensorType>(op.getType()).getRank());
  std::iota(perm.rbegin(), perm.rend(), 0);
  return perm;
}

/// What `outer` after `inner` is: dimension i is inner[outer[i]]. Empty is the
/// identity, and an identity becomes empty.
static SmallVector<int64_t> composePerms(ArrayRef<int64_t> outer, ArrayRef<int64_t> inner) {
  if (outer.empty())
    return llvm::to_vector(inner);
  if (inner.empty())
    return llvm::is_sorted(outer) ? SmallVector<int64_t>() : llvm::to_vector(outer);
  SmallVector<int64_t> result;
  for (int64_t dim : outer)
    result.push_back(inner[dim]);
  return llvm::is_sorted(result) ? SmallVector<int64_t>() : result;
}

Stored RtLowering::getStored(Value value) {
  SmallVector<int64_t> perm;
  while (auto transpose = value.getDefiningOp<onnx::TransposeOp>()) {
    perm = composePerms(perm, getTransposePerm(transpose));
    value = transpose.getData();
  }
  if (!WeightTable::isWeight(value))
    return {value, perm};
  SmallVector<int64_t> order = WeightTable::getStoredOrder(value);
  // Dimension order[i] of the weight is stored as the i-th.
  return {weights.get(builder, value, order), composePerms(perm, invertPerm(order))};
}

Value RtLowering::getPlain(Value value) {
  return WeightTable::isWeight(value) ? weights.get(builder, value, {}) : value;
}

LogicalResult RtLowering::lowerRemainingWeights() {
  SmallVector<Operation *> erased;
  WalkResult result = module.walk([&](Operation *op) {
    if (!isa<tp::WeightOp, onnx::ConcatOp>(op) || !WeightTable::isWeight(op->getResult(0)))
      return WalkResult::advance();
    // Reached by a Concat of weights alone, which is an entry of its own.
    bool isUsed = llvm::any_of(op->getUsers(), [](Operation *user) {
      return !isa<onnx::ConcatOp>(user) || !WeightTable::isWeight(user->getResult(0));
    });
    if (isUsed) {
      builder.setInsertionPoint(op);
      Value plain = weights.get(builder, op->getResult(0), {});
      if (!plain)
        return WalkResult::interrupt();
      op->getResult(0).replaceUsesWithIf(plain, [](OpOperand &use) {
        return !isa<onnx::ConcatOp>(use.getOwner()) || !WeightTable::isWeight(use.getOwner()->getResult(0));
      });
    }
    erased.push_back(op);
    return WalkResult::advance();
  });
  for (Operation *op : llvm::reverse(erased))
    op->erase();
  return failure(result.wasInterrupted());
}

int64_t RtLowering::getGroup(ArrayRef<SmallVector<int64_t>> members) {
  SmallVector<Attribute> lists;
  for (ArrayRef<int64_t> list : members)
    lists.push_back(builder.getDenseI64ArrayAttr(list));
  Attribute group = builder.getArrayAttr(lists);
  auto found = llvm::find(groups, group);
  if (found == groups.end())
    found = groups.insert(groups.end(), group);
  return found - groups.begin();
}

void RtLowering::finish() {
  weights.write();
  module->setAttr(rt::RtDialect::kGroupsAttr, builder.getArrayAttr(groups));
}

FailureOr<RtLowering::Destination> RtLowering::createDestination(Location loc, Value result) {
  Destination destination{nullptr, {}, result};
  if (result.hasOneUse())
    if (auto transpose = dyn_cast<onnx::TransposeOp>(*result.getUsers().begin())) {
      destination.perm = invertPerm(getTransposePerm(transpose));
      destination.replaced = transpose.getTransposed();
    }
  destination.empty = createEmpty(builder, loc, cast<RankedTensorType>(destination.replaced.getType()));
  if (!destination.empty)
    return failure();
  return destination;
}

Value RtLowering::materializeAttr(Operation *op, StringRef name) {
  auto dims = op->getAttrOfType<tp::DimsAttr>(name);
  return dims ? materialize(builder, op->getLoc(), dims.getExprs().front()) : Value();
}

void RtLowering::annotate(Operation *rtOp, Operation *source) {
  rtOp->setAttr(rt::RtDialect::kOpTypeAttr, builder.getStringAttr(getOperatorName(source)));
  if (Attribute layer = source->getAttr("tp.layer"))
    rtOp->setAttr("tp.layer", layer);
}

ArrayAttr RtLowering::makePerms(ArrayRef<ArrayRef<int64_t>> perms) {
  if (llvm::all_of(perms, [](ArrayRef<int64_t> perm) { return perm.empty(); }))
    return nullptr;
  SmallVector<Attribute> attrs;
  for (ArrayRef<int64_t> perm : perms)
    attrs.push_back(builder.getDenseI64ArrayAttr(perm));
  return builder.getArrayAttr(attrs);
}
