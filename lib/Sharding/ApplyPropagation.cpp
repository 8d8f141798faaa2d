//===- ApplyPropagation.cpp - From factor splits to layouts ---------------===//

#include "Propagation.h"

#include "dialects/Tp/Regions.h"
#include "tp-opt/Sharding/InsertReshards.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace tpo {

namespace {

bool isTensor(Value value) { return isa<RankedTensorType>(value.getType()); }

/// Whether no result has elements that the operand does not: a reduction then
/// costs no more behind the operation than before it.
bool keepsSize(const tp::ShardingRule &rule, unsigned operand) {
  llvm::SmallDenseSet<unsigned> factors;
  for (const tp::DimFactors &dim : rule.operands[operand])
    factors.insert(dim.begin(), dim.end());
  for (const tp::TensorFactors &result : rule.results)
    for (const tp::DimFactors &dim : result)
      for (unsigned factor : dim)
        if (rule.factors[factor].kind == tp::FactorKind::Parallel && !factors.contains(factor))
          return false;
  return true;
}

bool hasReduction(const tp::ShardingRule &rule) {
  return llvm::any_of(rule.factors, [](const tp::Factor &factor) { return factor.kind == tp::FactorKind::Reduction; });
}

} // namespace

/// Lets a pending sum pass where that cannot cost anything: all operands of a
/// linear group hold it, nobody else waits for them, and the result is not
/// larger. Two sums that meet become one. Further sinking is a matter of cost
/// and left to the collective passes.
void Propagation::passPartialSums(OpState &state) {
  if (hasReduction(state.rule) || !state.rule.addends.empty())
    return;
  for (auto [index, group] : llvm::enumerate(state.rule.linear)) {
    const tp::Layout *first = nullptr;
    bool all = true;
    for (unsigned operand : group.operands) {
      Value value = state.operands[operand]->get();
      if (!isTensor(value)) {
        all = false;
        break;
      }
      const tp::Layout &layout = getState(value).layout;
      all &= layout.isPartial() && layout.partialKind == group.kind && value.hasOneUse() &&
             keepsSize(state.rule, operand) && (!first || first->partial == layout.partial);
      first = &layout;
    }
    if (!all || !first)
      continue;
    for (const tp::AxisRefs &axes : state.assignment.factorAxes)
      all &= !tp::overlap(axes, first->partial);
    for (const tp::AxisRefs &axes : state.assignment.linearAxes)
      all &= axes.empty();
    if (all)
      state.assignment.linearAxes[index] = first->partial;
  }
}

/// Fixes what the operation reads and makes. From here on its results have
/// these layouts, pending sums included.
void Propagation::finish(OpState &state) {
  FailureOr<tp::OpLayouts> own = tp::getLayouts(state.rule, state.assignment, mesh, nullptr);
  // An operation that would be partial in two ways passes nothing on.
  if (failed(own)) {
    for (tp::AxisRefs &axes : state.assignment.linearAxes)
      axes.clear();
    own = tp::getLayouts(state.rule, state.assignment, mesh, nullptr);
  }
  if (failed(own)) {
    state.assignment = tp::FactorAssignment(state.rule);
    own = tp::getLayouts(state.rule, state.assignment, mesh, nullptr);
  }
  for (auto [value, layout] : llvm::zip_equal(state.results, own->results)) {
    if (isTensor(value))
      getState(value).layout = layout;
    finished.insert(value);
  }
  for (auto [operand, layout] : llvm::zip_equal(state.operands, own->operands))
    needs[operand] = layout;
}

tp::LayoutAttr Propagation::need(OpOperand &operand) {
  MLIRContext *context = function.getContext();
  Operation *op = operand.getOwner();
  if (auto constrain = dyn_cast<tp::ConstrainOp>(op))
    return constrain.getLayout();
  if (isa<tp::ReshardOp>(op))
    return nullptr;
  if (auto it = needs.find(&operand); it != needs.end())
    return tp::toAttr(it->second, mesh, context);
  tp::Layout layout = getState(operand.get()).layout;
  if (op == function.getFunctionBody().front().getTerminator()) {
    if (auto given =
            function.getResultAttrOfType<tp::LayoutAttr>(operand.getOperandNumber(), tp::TpDialect::kLayoutAttr))
      return given;
    layout.partial.clear();
    return tp::toAttr(layout, mesh, context);
  }
  // No rule: everything whole.
  return tp::toAttr(tp::Layout::replicated(layout.getRank()), mesh, context);
}

void Propagation::setReasons(OpState &state) {
  std::string reason;
  llvm::raw_string_ostream os(reason);
  llvm::ListSeparator separator("; ");
  for (auto [index, origin] : llvm::enumerate(state.origins))
    if (origin)
      os << separator << '"' << mesh.getAxes()[index].name << "\": from " << origin->what;
  for (const tp::AxisRefs &axes : state.assignment.linearAxes)
    if (!axes.empty())
      os << separator << "passes on the sum pending over " << tp::toString(axes, mesh);
  if (reason.empty())
    reason = "no given layout reaches it";
  OpBuilder builder(function.getContext());
  SmallVector<Attribute> reasons(state.op->getNumResults(), builder.getStringAttr(reason));
  state.op->setAttr(tp::TpDialect::kReasonsAttr, builder.getArrayAttr(reasons));
}

void Propagation::apply() {
  Block &block = function.getFunctionBody().front();
  MLIRContext *context = function.getContext();
  for (BlockArgument argument : block.getArguments())
    if (isTensor(argument))
      tp::setLayoutAttr(argument, tp::toAttr(getState(argument).layout, mesh, context));
  tp::forEachTransparent(block, [&](Operation &op) {
    for (Value result : op.getResults())
      if (isTensor(result)) {
        // Without a rule: whole.
        bool known = finished.contains(result) || getState(result).fixed;
        tp::Layout layout = known ? getState(result).layout : tp::Layout::replicated(getState(result).layout.getRank());
        getState(result).layout = layout;
        tp::setLayoutAttr(result, tp::toAttr(layout, mesh, context));
      }
  });
  for (OpState &state : ops)
    if (!state.isCarried && llvm::any_of(state.op->getResults(), isTensor))
      setReasons(state);
  for (OpOperand &operand : block.getTerminator()->getOpOperands())
    if (isTensor(operand.get()))
      function.setResultAttr(operand.getOperandNumber(), tp::TpDialect::kLayoutAttr, need(operand));
  insertReshards(function, [&](OpOperand &operand) { return need(operand); });
  tp::forEachTransparent(block, [](Operation &op) {
    if (auto constrain = dyn_cast<tp::ConstrainOp>(op)) {
      constrain.getResult().replaceAllUsesWith(constrain.getInput());
      constrain.erase();
    }
  });
}

} // namespace tpo
