//===- ApplyPlan.cpp - Write a plan into the program ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerClasses.h"

#include "tp-opt/Partition/Blocks.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace tpo {

/// Each is a plan of its own.
static constexpr size_t kMaxAlternatives = 512;

std::string Planner::explain(Operation *op, const Strategy &strategy) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (strategy.assignment.isReplicated()) {
    bool hasChoice = getStrategies(op).size() > 1;
    os << (!rules.count(op) ? "replicated: no sharding rule"
           : hasChoice      ? "replicated: cheapest"
                            : "replicated: nothing to split");
    return text;
  }
  std::optional<unsigned> rows = splittable->getRows(op, strategy.rule);
  for (auto [index, refs] : llvm::enumerate(strategy.assignment.factorAxes)) {
    if (refs.empty())
      continue;
    const tp::Factor &factor = strategy.rule.factors[index];
    os << (text.empty() ? "" : "; ") << tp::toString(refs, mesh) << " splits "
       << (rows == index                          ? "rows"
           : PlannedAxes::isIn(axes.expert, refs) ? "experts"
                                                  : tp::toString(factor.role));
    os << " (" << tp::toString(factor.size, tp::getSymbolNames(op)) << ")";
    if (factor.kind == tp::FactorKind::Reduction)
      os << ", leaving a partial sum";
    for (auto [operand, tensor] : llvm::zip(op->getOperands(), strategy.rule.operands)) {
      auto weight = operand.getDefiningOp<tp::WeightOp>();
      if (weight &&
          llvm::any_of(tensor, [index = index](const tp::DimFactors &dim) { return llvm::is_contained(dim, index); }))
        os << ", dividing " << weight.getName();
    }
  }
  for (const tp::AxisRefs &axes : strategy.assignment.linearAxes)
    if (!axes.empty())
      os << (text.empty() ? "" : "; ") << "passes on a partial sum over " << tp::toString(axes, mesh);
  return text;
}

StringRef getResultText(Operation *op, StringRef attribute, unsigned result) {
  auto texts = op->getAttrOfType<ArrayAttr>(attribute);
  auto text = texts && result < texts.size() ? dyn_cast<StringAttr>(texts[result]) : nullptr;
  return text ? text.getValue() : "";
}

static void setResultText(Operation *op, StringRef attribute, unsigned result, const Twine &text) {
  Builder b(op->getContext());
  SmallVector<Attribute> texts;
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    texts.push_back(b.getStringAttr(i == result ? text : Twine(getResultText(op, attribute, i))));
  op->setAttr(attribute, b.getArrayAttr(texts));
}

/// Writes down who demanded the layout of `value`, which `common` has.
void Planner::markConstrained(Value value, Value common) {
  const ValueConstraint *constraint = getConstraint(value);
  if (!constraint)
    return;
  Builder b(function.getContext());
  std::string reason = ("demanded by " + constraints->getSource(*constraint)).str();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    function.setArgAttr(argument.getArgNumber(), kReasonAttr, b.getStringAttr(reason));
    function.setArgAttr(argument.getArgNumber(), kConstrainedAttr,
                        b.getStringAttr(constraints->getSource(*constraint)));
    return;
  }
  Operation *op = common.getDefiningOp();
  unsigned result = cast<OpResult>(common).getResultNumber();
  // One result that something else demands fixes the operation.
  bool isFirst = !op->hasAttr(kConstrainedAttr), isPlanned = constraints->constraints[constraint->constraint].isPlanned;
  if (!isPlanned)
    op->removeAttr(kPlannedAttr);
  else if (isFirst)
    op->setAttr(kPlannedAttr, b.getUnitAttr());
  setResultText(op, kConstrainedAttr, result, constraints->getSource(*constraint));
  std::string own = getResultText(op, "tp.reasons", result).str();
  setResultText(op, "tp.reasons", result, own.empty() ? reason : reason + "; " + own);
}

void Planner::recordAlternatives(const Plan &plan) {
  auto hasChoice = [&](Value value) {
    if (getConstraint(value))
      return false;
    if (isFree(value) && entries.contains(value))
      return entries.lookup(value).made->layouts.size() > 1;
    Operation *decides = isFree(value) ? (value.use_empty() ? nullptr : *value.user_begin()) : value.getDefiningOp();
    return decides && classes.contains(decides) && getStrategies(decides).size() > 1;
  };
  SmallVector<Value> asked;
  llvm::copy_if(values, std::back_inserter(asked), hasChoice);
  // Layers are alike: the first one stands for all.
  if (asked.size() > kMaxAlternatives)
    llvm::erase_if(asked, [&](Value value) {
      Operation *op = value.getDefiningOp();
      if (op && isa<tp::WeightOp>(op))
        op = value.use_empty() ? nullptr : *value.user_begin();
      return op && getLayer(op).value_or(0) > 0;
    });
  for (Value value : ArrayRef(asked).take_front(kMaxAlternatives)) {
    std::optional<Alternative> other = getAlternative(value, plan, /*asMade=*/true);
    FailureOr<tp::Layout> layout = failure();
    if (other)
      layout = tp::resolveLayout(other->layout, mesh, nullptr);
    std::string text =
        failed(layout)
            ? "no other layout is possible"
            : llvm::formatv("next best {0}: +{1:f1} us", tp::toString(*layout, mesh), other->microseconds).str();
    if (auto argument = dyn_cast<BlockArgument>(value))
      function.setArgAttr(argument.getArgNumber(), kAlternativesAttr, StringAttr::get(function.getContext(), text));
    else
      setResultText(value.getDefiningOp(), kAlternativesAttr, cast<OpResult>(value).getResultNumber(), text);
  }
}

void Planner::apply(const Plan &plan) {
  OpBuilder b(function.getContext());
  for (Operation *op : ops) {
    const Strategy &strategy = getStrategy(op, plan);
    SmallVector<Attribute> layouts(strategy.results.begin(), strategy.results.end());
    op->setAttr("tp.layouts", b.getArrayAttr(layouts));
    SmallVector<Attribute> reasons(layouts.size(), b.getStringAttr(explain(op, strategy)));
    op->setAttr("tp.reasons", b.getArrayAttr(reasons));
  }
  // All of them first: making reshards changes the uses that they are read from.
  std::vector<Delivery> deliveries;
  for (Value value : values)
    deliveries.push_back(getDelivery(value, plan));
  for (auto [value, delivery] : llvm::zip_equal(values, deliveries)) {
    if (isFree(value))
      tp::setLayoutAttr(value, delivery.own);
    // Reshards are made once per layout, right after the value.
    SmallVector<std::pair<tp::LayoutAttr, Value>> made = {{delivery.own, value}};
    auto deliver = [&, value = value](Value from, tp::LayoutAttr to) -> Value {
      auto known = llvm::find_if(made, [&](const auto &entry) { return entry.first == to; });
      if (known != made.end())
        return known->second;
      b.setInsertionPointAfterValue(from);
      made.push_back({to, tp::ReshardOp::create(b, value.getLoc(), value.getType(), from, to)});
      return made.back().second;
    };
    Value common = deliver(value, delivery.common);
    markConstrained(value, common);
    for (auto [use, layout] : delivery.uses) {
      use->set(layout == delivery.common ? common : deliver(common, layout));
      if (isReturn(use))
        function.setResultAttr(use->getOperandNumber(), "tp.layout", layout);
    }
  }
}

} // namespace tpo
