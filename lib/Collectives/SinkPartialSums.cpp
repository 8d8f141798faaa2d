//===- SinkPartialSums.cpp - Let partial sums meet before a reduction -----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works on layouts, before partitioning: there the sharding rules say what is
// linear, and partitioning checks the result.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Collectives/Passes.h"
#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Planning/Constraints.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_SINKPARTIALSUMSPASS
#include "tp-opt/Collectives/Passes.h.inc"

namespace {

bool isAddition(Operation *op) {
  StringRef name = op->getName().getStringRef();
  return (name == "onnx.Add" || name == "arith.addf" || name == "arith.addi") &&
         isa<RankedTensorType>(op->getResult(0).getType());
}

/// What the user demands stays as it is; a plan that was saved is what it was
/// when it was made.
bool isDemanded(Operation *op) { return op->hasAttr(kConstrainedAttr) && !op->hasAttr(kPlannedAttr); }

class Sinker {
public:
  explicit Sinker(const tp::Mesh &mesh) : mesh(mesh) {}

  /// Rebuilds the chain of additions that ends in `root` if that saves a
  /// reduction.
  void rebuild(Operation *root);
  /// Whether `op` ends a chain: its result is not just an addend of the next.
  bool isRoot(Operation *op);

private:
  std::optional<tp::Layout> getLayout(Value value);
  void setLayout(Value value, const tp::Layout &layout);
  bool isInner(Value value, Operation *user);
  void collectLeaves(Operation *op, SmallVectorImpl<Value> &leaves);

  /// The layout that `value` has before its terms are summed up, if it can be
  /// had without any other use of it noticing.
  std::optional<tp::Layout> getPartialLayout(Value value);
  struct Linear {
    unsigned operand;
    tp::Layout layout;
  };
  std::optional<Linear> getLinearOperand(Operation *op);
  /// Builds `value` as a partial sum.
  Value buildPartial(OpBuilder &builder, Value value);

  const tp::Mesh &mesh;
};

std::optional<tp::Layout> Sinker::getLayout(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return tp::Layout::replicated(0);
  tp::LayoutAttr attr = tp::getLayoutAttr(value);
  if (!attr)
    return tp::Layout::replicated(type.getRank());
  FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, nullptr);
  if (failed(layout))
    return std::nullopt;
  tp::canonicalise(*layout, tp::getDims(type));
  return *layout;
}

void Sinker::setLayout(Value value, const tp::Layout &layout) {
  tp::setLayoutAttr(value, tp::toAttr(layout, mesh, value.getContext()));
}

/// Whether `value` is an inner node of the chain that `user` belongs to.
bool Sinker::isInner(Value value, Operation *user) {
  Operation *def = value.getDefiningOp();
  if (!def || isDemanded(def) ||
      def->getName() != user->getName() || !value.hasOneUse() ||
      def->getBlock() != user->getBlock() ||
      value.getType() != user->getResult(0).getType())
    return false;
  std::optional<tp::Layout> own = getLayout(value);
  return own && own == getLayout(user->getResult(0));
}

bool Sinker::isRoot(Operation *op) {
  Value result = op->getResult(0);
  return !result.hasOneUse() || !isAddition(*result.user_begin()) ||
         !isInner(result, *result.user_begin());
}

void Sinker::collectLeaves(Operation *op, SmallVectorImpl<Value> &leaves) {
  for (Value operand : op->getOperands()) {
    if (isInner(operand, op))
      collectLeaves(operand.getDefiningOp(), leaves);
    else
      leaves.push_back(operand);
  }
}

std::optional<Sinker::Linear> Sinker::getLinearOperand(Operation *op) {
  auto ruleOp = dyn_cast<tp::ShardingRuleOpInterface>(op);
  if (!ruleOp || op->getNumResults() != 1 || !isMemoryEffectFree(op))
    return std::nullopt;
  // Find the operand first: most operations have none, and rules are not free.
  std::optional<unsigned> partial;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (std::optional<tp::Layout> layout = getPartialLayout(operand)) {
      if (partial)
        return std::nullopt;
      partial = i;
    }
  if (!partial ||
      !tp::provablyEqual(
          tp::product(
              tp::getDims(cast<ShapedType>(op->getOperand(*partial).getType())),
              op->getContext()),
          tp::product(tp::getDims(cast<ShapedType>(op->getResult(0).getType())),
                      op->getContext())))
    return std::nullopt;
  FailureOr<tp::ShardingRule> rule = ruleOp.getShardingRule();
  if (failed(rule))
    return std::nullopt;
  SmallVector<tp::Layout> operands;
  for (Value operand : op->getOperands()) {
    std::optional<tp::Layout> layout = getLayout(operand);
    if (!layout)
      return std::nullopt;
    operands.push_back(*layout);
  }
  std::optional<tp::Layout> result = getLayout(op->getResult(0));
  if (!result)
    return std::nullopt;
  FailureOr<tp::FactorAssignment> assignment =
      tp::getAssignment(*rule, operands, *result, mesh, nullptr);
  if (failed(assignment))
    return std::nullopt;
  std::optional<tp::Layout> layout = getPartialLayout(op->getOperand(*partial));
  for (auto [i, group] : llvm::enumerate(rule->linear)) {
    if (group.kind != tp::ReductionKind::Sum || group.operands.size() != 1 ||
        group.operands.front() != *partial)
      continue;
    assignment->linearAxes[i].append(layout->partial);
    FailureOr<tp::OpLayouts> layouts =
        tp::getLayouts(*rule, *assignment, mesh, nullptr);
    if (failed(layouts))
      return std::nullopt;
    operands[*partial] = *layout;
    if (layouts->operands != operands)
      return std::nullopt;
    return Linear{*partial, layouts->results[0]};
  }
  return std::nullopt;
}

std::optional<tp::Layout> Sinker::getPartialLayout(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def || !value.hasOneUse() || isDemanded(def))
    return std::nullopt;
  // A sum that a loop uses is not done anew in every iteration.
  if (def->getBlock() != value.user_begin()->getBlock())
    return std::nullopt;
  if (auto reshard = dyn_cast<tp::ReshardOp>(def)) {
    std::optional<tp::Layout> from = getLayout(reshard.getInput());
    std::optional<tp::Layout> to = getLayout(value);
    // An all-reduce or, where the axes go on to split, a reduce-scatter.
    if (!from || !to || !from->isPartial() || to->isPartial() ||
        from->partialKind != tp::ReductionKind::Sum)
      return std::nullopt;
    return from;
  }
  if (isAddition(def))
    return std::nullopt;
  if (std::optional<Linear> linear = getLinearOperand(def))
    return linear->layout;
  return std::nullopt;
}

Value Sinker::buildPartial(OpBuilder &builder, Value value) {
  Operation *def = value.getDefiningOp();
  if (auto reshard = dyn_cast<tp::ReshardOp>(def))
    return reshard.getInput();
  std::optional<Linear> linear = getLinearOperand(def);
  Value operand = buildPartial(builder, def->getOperand(linear->operand));
  Operation *clone = builder.clone(*def);
  clone->setOperand(linear->operand, operand);
  clone->removeAttr(tp::TpDialect::kReasonsAttr);
  setLayout(clone->getResult(0), linear->layout);
  return clone->getResult(0);
}

void eraseDead(Operation *op) {
  SmallVector<Operation *> work = {op};
  while (!work.empty()) {
    Operation *dead = work.pop_back_val();
    if (!isOpTriviallyDead(dead))
      continue;
    llvm::SmallSetVector<Operation *, 4> operands;
    for (Value operand : dead->getOperands())
      if (Operation *def = operand.getDefiningOp())
        operands.insert(def);
    dead->erase();
    work.append(operands.begin(), operands.end());
  }
}

void Sinker::rebuild(Operation *root) {
  Value result = root->getResult(0);
  SmallVector<Value> leaves, partial, rest;
  collectLeaves(root, leaves);
  std::optional<tp::Layout> common, total = getLayout(result);
  for (Value leaf : leaves) {
    std::optional<tp::Layout> layout = getPartialLayout(leaf);
    bool fits = layout && leaf.getType() == result.getType() &&
                getLayout(leaf) == total && (!common || *layout == *common);
    (fits ? partial : rest).push_back(leaf);
    if (fits)
      common = layout;
  }
  if (partial.size() < 2 || !total || total->isPartial())
    return;

  OpBuilder builder(root);
  auto add = [&](Location loc, Value lhs, Value rhs, const tp::Layout &layout) {
    OperationState state(loc, root->getName().getStringRef(), {lhs, rhs},
                         result.getType(), root->getAttrs());
    Operation *sum = builder.create(state);
    sum->removeAttr(tp::TpDialect::kLayoutsAttr);
    sum->removeAttr(tp::TpDialect::kReasonsAttr);
    setLayout(sum->getResult(0), layout);
    return sum->getResult(0);
  };
  Value sum = buildPartial(builder, partial.front());
  for (Value leaf : llvm::drop_begin(partial)) {
    Value term = buildPartial(builder, leaf);
    sum = add(builder.getFusedLoc({sum.getLoc(), term.getLoc()}), sum, term,
              *common);
  }
  auto reshard =
      tp::ReshardOp::create(builder, sum.getLoc(), sum.getType(), sum,
                            tp::toAttr(*total, mesh, builder.getContext()));
  if (Attribute layer = root->getAttr(kLayerAttr))
    reshard->setAttr(kLayerAttr, layer);
  Value value = reshard.getResult();
  for (Value leaf : rest)
    value = add(root->getLoc(), leaf, value, *total);
  result.replaceAllUsesWith(value);
  eraseDead(root);
}

struct SinkPartialSums : impl::SinkPartialSumsPassBase<SinkPartialSums> {
  void runOnOperation() override {
    // Every layout of a function is on one mesh; partitioning checks it.
    tp::LayoutAttr any;
    getOperation().walk([&](tp::ReshardOp op) { any = op.getLayout(); });
    if (!any)
      return;
    FailureOr<tp::Mesh> mesh = tp::Mesh::lookup(getOperation(), any.getMesh());
    if (failed(mesh))
      return signalPassFailure();
    Sinker sinker(*mesh);
    SmallVector<Operation *> roots;
    getOperation().walk([&](Operation *op) {
      if (op->getNumResults() == 1 && op->getNumOperands() == 2 &&
          isAddition(op) && sinker.isRoot(op))
        roots.push_back(op);
    });
    for (Operation *root : roots)
      sinker.rebuild(root);
  }
};

} // namespace
} // namespace tpo
