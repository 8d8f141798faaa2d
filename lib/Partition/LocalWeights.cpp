//===- LocalWeights.cpp - A rank's views of weights -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LocalWeights.h"

#include "dialects/Tp/Interfaces.h"
#include "dialects/Tp/View.h"
#include "tp-opt/Planning/Constraints.h"

using namespace mlir;

namespace tpo {

namespace {

/// The layouts of all operands of `op` when its only result is laid out as
/// `result`; none where the rule has no such assignment.
std::optional<tp::OpLayouts> projectLayouts(Operation *op,
                                            const tp::ShardingRule &rule,
                                            const tp::Layout &result,
                                            const tp::Mesh &mesh,
                                            tp::FactorAssignment &assignment) {
  assignment = tp::FactorAssignment(rule);
  for (auto [dim, split] : llvm::enumerate(result.dims)) {
    if (!split.isSplit())
      continue;
    const tp::DimFactors &factors = rule.results[0][dim];
    FailureOr<SmallVector<tp::AxisRefs>> axes =
        tp::getFactorAxes(rule, factors, split);
    if (failed(axes))
      return std::nullopt;
    for (auto [factor, refs] : llvm::zip(factors, *axes))
      assignment.factorAxes[factor] = refs;
  }
  FailureOr<tp::OpLayouts> layouts =
      tp::getLayouts(rule, assignment, mesh, nullptr);
  if (failed(layouts) || layouts->results[0] != result)
    return std::nullopt;
  return *layouts;
}

/// Whether `value` is rearranged weights and constants only.
bool isStatic(Value value) {
  Operation *def = value.getDefiningOp();
  return def && def->getNumResults() == 1 && isMemoryEffectFree(def) &&
         llvm::all_of(def->getOperands(), isStatic);
}

/// Whether an operation at `builder` may use `value`, which was built before it:
/// a region's values end with it.
bool isVisible(Value value, OpBuilder &builder) {
  Block *block = builder.getInsertionBlock();
  while (block && block != value.getParentBlock())
    block = block->getParentOp() ? block->getParentOp()->getBlock() : nullptr;
  return block != nullptr;
}

} // namespace

Value LocalWeights::buildView(OpBuilder &builder, tp::WeightOp weight,
                              const tp::Layout &layout) {
  auto type = cast<RankedTensorType>(weight.getType());
  tp::ViewAttr view = weight.getView();
  int64_t units = tp::getOffsetUnits(view.getElem());
  MLIRContext *context = builder.getContext();
  AffineExpr offset = view.getOffset();
  SmallVector<tp::SymbolicRange> ranges =
      tp::getLocalRanges(layout, mesh, tp::getDims(type), coordinates, context);
  for (auto [range, stride, split] :
       llvm::zip(ranges, view.getStrides(), layout.dims)) {
    if (!split.isSplit() || stride == 0)
      continue;
    if (!range.offset)
      return {};
    offset = offset + range.offset * (stride * units);
  }
  auto local = cast<tp::WeightOp>(builder.clone(*weight.getOperation()));
  local->removeAttr(tp::TpDialect::kLayoutsAttr);
  local->removeAttr(tp::TpDialect::kReasonsAttr);
  local.setViewAttr(tp::ViewAttr::get(context, view.getElem(),
                                      tp::simplify(offset), view.getStrides()));
  local.getResult().setType(tp::getLocalType(type, layout, mesh, coordinates));
  return local.getResult();
}

Value LocalWeights::getPiece(OpBuilder &builder, Value global,
                             const tp::Layout &layout) {
  Operation *def = global.getDefiningOp();
  if (!def || layout.isPartial())
    return {};
  auto key = std::make_pair(
      global, Attribute(tp::toAttr(layout, mesh, builder.getContext())));
  if (Value known = views.lookup(key); known && isVisible(known, builder))
    return known;
  Value piece;
  if (auto weight = dyn_cast<tp::WeightOp>(def)) {
    // Loaded as the user demands, even where less would do.
    if (weight->hasAttr(kConstrainedAttr) && tp::getLayoutAttr(weight) != key.second)
      return {};
    piece = buildView(builder, weight, layout);
  } else {
    // A rearrangement of weights is done on pieces where its rule allows.
    auto ruleOp = dyn_cast<tp::ShardingRuleOpInterface>(def);
    auto localOp = dyn_cast<tp::PartitionOpInterface>(def);
    if (!ruleOp || !localOp || def->getNumOperands() == 0 || !isStatic(global))
      return {};
    FailureOr<tp::ShardingRule> rule = ruleOp.getShardingRule();
    tp::FactorAssignment assignment;
    if (failed(rule))
      return {};
    std::optional<tp::OpLayouts> layouts =
        projectLayouts(def, *rule, layout, mesh, assignment);
    if (!layouts)
      return {};
    SmallVector<Value> operands;
    for (auto [operand, operandLayout] :
         llvm::zip(def->getOperands(), layouts->operands)) {
      Value local = getPiece(builder, operand, operandLayout);
      // Constants are small and replicated.
      if (!local && operandLayout.isReplicated() &&
          operand.getDefiningOp()->getNumOperands() == 0)
        local = builder.clone(*operand.getDefiningOp())->getResult(0);
      if (!local)
        return {};
      operands.push_back(local);
    }
    tp::PartitionContext context(def, mesh, coordinates, *rule, assignment,
                                 *layouts);
    FailureOr<SmallVector<Value>> results =
        localOp.partition(builder, operands, context);
    if (failed(results))
      return {};
    piece = results->front();
  }
  if (piece)
    views[key] = piece;
  return piece;
}

} // namespace tpo
