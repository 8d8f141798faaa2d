//===- Planner.cpp - The cheapest layout of every tensor ------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerClasses.h"

#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Planning/Execution.h"
#include "tp-opt/Sharding/Weights.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpo {

namespace {

/// A weight of at least this part of the largest in its block must be divided.
constexpr double kLargeWeight = 0.25;
/// The network's resolution, in microseconds.
constexpr double kLeastCost = 1e-6;

int64_t getWeightBytes(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isWeightExpression(value) || !type.hasStaticShape())
    return 0;
  return type.getNumElements() * getElementBits(type.getElementType()) / 8;
}

/// The same of one matrix of a stack, as of experts: dense weights beside it are
/// compared with that.
int64_t getMatrixBytes(Value value) {
  int64_t bytes = getWeightBytes(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return bytes > 0 && type.getRank() == 3 ? bytes / std::max<int64_t>(type.getDimSize(0), 1) : bytes;
}

/// Operations that look up or multiply a weight divide it; others (norms, biases)
/// follow their neighbours.
bool readsWeight(Operation *op, const RuleMap &rules) {
  auto rule = rules.find(op);
  return op->getName().stripDialect() == "Gather" || (rule != rules.end() && isContraction(op, *rule->second));
}

/// Appends what the rule of `op` depends on.
void appendRuleKey(Operation *op, ClassKey &key) {
  key.push_back(op->getName().getAsOpaquePointer());
  if (op->getNumRegions() > 0) {
    key.push_back(op);
    return;
  }
  key.push_back(asKey(op->getNumOperands()));
  for (NamedAttribute attr : op->getAttrDictionary()) {
    if (attr.getName() == kLayerAttr)
      continue;
    key.push_back(attr.getName().getAsOpaquePointer());
    key.push_back(attr.getValue().getAsOpaquePointer());
  }
  key.push_back(nullptr);
  for (Value operand : op->getOperands()) {
    key.push_back(operand.getType().getAsOpaquePointer());
    Operation *def = operand.getDefiningOp();
    bool isConstant = def && def->getNumOperands() == 0 && !isa<tp::WeightOp>(def);
    key.push_back(isConstant ? def->getAttrDictionary().getAsOpaquePointer() : nullptr);
    key.push_back(asKey(isWeightExpression(operand) + 2 * isDerivedFromWeight(operand)));
  }
  for (Value result : op->getResults())
    key.push_back(result.getType().getAsOpaquePointer());
}

SmallVector<OpOperand *> getSortedUses(Value value) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    uses.push_back(&use);
  llvm::sort(uses, [](OpOperand *a, OpOperand *b) {
    if (a->getOwner() == b->getOwner())
      return a->getOperandNumber() < b->getOperandNumber();
    return a->getOwner()->isBeforeInBlock(b->getOwner());
  });
  return uses;
}

bool isNormalization(Operation *op) {
  StringRef name = op->getName().stripDialect();
  return name == "LayerNormalization" || name == "RMSNormalization";
}

/// Allows only strategies that split rows, where there are any.
void requireRows(const SplittableDims &splittable, Operation *op, ArrayRef<Strategy> strategies,
                 MutableArrayRef<bool> isAllowed) {
  std::optional<unsigned> rows = strategies.empty() ? std::nullopt : splittable.getRows(op, strategies[0].rule);
  auto splitsRows = [&](const Strategy &strategy) { return !strategy.assignment.factorAxes[*rows].empty(); };
  if (!rows || llvm::none_of(strategies, splitsRows))
    return;
  for (auto [state, strategy] : llvm::enumerate(strategies))
    isAllowed[state] = isAllowed[state] && splitsRows(strategy);
}

} // namespace

Planner::Planner(func::FuncOp function, const tp::Mesh &mesh, PlannedAxes axes, CostModel &cost,
                 const ConstraintSet *constraints, SequenceParallelism sequence)
    : function(function), mesh(mesh), axes(axes), cost(cost), constraints(constraints), sequence(sequence),
      known(std::make_unique<Classes>()) {
  collect();
  collectRules();
  splittable = std::make_unique<SplittableDims>(function, rules, PlannedAxes::getSize(mesh, axes.tensor),
                                                collectConstraints(), cost.getPoints().front().symbols);
  for (Operation *op : ops)
    addOperation(op);
  for (Value value : values)
    addValue(value);
  restrictReaders();
}

Planner::~Planner() = default;

void Planner::collect() {
  for (Value argument : function.getArguments())
    if (isTensor(argument))
      values.push_back(argument);
  Block &block = function.getBody().front();
  // What only regions use is whole already (replicateCaptures).
  auto isCaptured = [&](Value value) {
    return !value.use_empty() &&
           llvm::none_of(value.getUsers(), [&](Operation *user) { return user->getBlock() == &block; });
  };
  for (Operation &op : block.without_terminator()) {
    for (Value result : op.getResults())
      if (isTensor(result) && !isCaptured(result))
        values.push_back(result);
    if (isa<tp::WeightOp>(op))
      continue;
    ops.push_back(&op);
  }
}

/// The rule of `op`; null where it cannot be described, which a warning says: it
/// is then computed whole by every rank, and that is no error.
static std::shared_ptr<tp::ShardingRule> getRule(tp::ShardingRuleOpInterface op) {
  std::string why;
  FailureOr<tp::ShardingRule> rule = failure();
  {
    ScopedDiagnosticHandler handler(op->getContext(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
        return failure();
      why = why.empty() ? diagnostic.str() : why;
      return success();
    });
    rule = op.getShardingRule();
  }
  if (succeeded(rule))
    return std::make_shared<tp::ShardingRule>(std::move(*rule));
  op->emitWarning("every rank computes this operator whole: ") << why;
  return nullptr;
}

void Planner::collectRules() {
  std::map<ClassKey, std::shared_ptr<tp::ShardingRule>> made;
  for (Operation *op : ops) {
    auto interface = dyn_cast<tp::ShardingRuleOpInterface>(op);
    if (!interface)
      continue;
    ClassKey key;
    appendRuleKey(op, key);
    auto [entry, isNew] = made.try_emplace(std::move(key));
    if (isNew)
      entry->second = getRule(interface);
    if (entry->second)
      rules[op] = entry->second;
  }
  std::map<int64_t, int64_t> largest;
  for (Operation *op : ops)
    if (readsWeight(op, rules))
      for (Value operand : op->getOperands()) {
        int64_t &block = largest[getLayer(op).value_or(-1)];
        block = std::max(block, getMatrixBytes(operand));
      }
  for (Operation *op : ops)
    largestWeight[op] = largest[getLayer(op).value_or(-1)];
}

/// The operands that are weights which `op` must divide if it can.
SmallVector<unsigned> Planner::getDividedWeights(Operation *op) const {
  SmallVector<unsigned> operands;
  if (!readsWeight(op, rules))
    return operands;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    // Who demands a layout of a weight decides whether it is divided.
    int64_t bytes = getConstraint(operand) ? 0 : getWeightBytes(operand);
    if (bytes > 0 && bytes >= kLargeWeight * largestWeight.lookup(op))
      operands.push_back(index);
  }
  return operands;
}

/// Allows only strategies that divide large weights over each of the axes, where
/// there are any.
void Planner::requireDivision(Operation *op, ArrayRef<Strategy> strategies, MutableArrayRef<bool> isAllowed) const {
  for (unsigned operand : getDividedWeights(op))
    for (std::optional<unsigned> axis : {axes.tensor, axes.expert}) {
      auto divides = [&](const Strategy &strategy) {
        return llvm::any_of(strategy.layouts.operands[operand].dims,
                            [&](const tp::DimSplit &dim) { return PlannedAxes::isIn(axis, dim.axes); });
      };
      auto isLeft = [&](const auto &entry) { return isAllowed[entry.index()] && divides(entry.value()); };
      if (llvm::none_of(llvm::enumerate(strategies), isLeft))
        continue;
      for (auto [state, strategy] : llvm::enumerate(strategies))
        isAllowed[state] = isAllowed[state] && divides(strategy);
    }
}

void Planner::addOperation(Operation *op) {
  ClassKey key;
  appendRuleKey(op, key);
  key.push_back(nullptr);
  if (auto rule = rules.find(op); rule != rules.end())
    for (unsigned factor = 0; factor < rule->second->factors.size(); ++factor) {
      key.push_back(
          asKey(splittable->isSplittable(op, factor) + 2 * (axes.expert && splittable->isExpert(op, factor))));
      for (ArrayRef<int64_t> numbers : {splittable->getUnits(op, factor), splittable->getSubAxisSizes(op, factor)}) {
        for (int64_t number : numbers)
          key.push_back(asKey(number));
        key.push_back(asKey(-1));
      }
    }
  if (auto rule = rules.find(op); axes.expert && rule != rules.end())
    for (const tp::LinearGroup &group : rule->second->linear)
      key.push_back(asKey(splittable->passesExpertSums(op, group)));
  for (unsigned operand : getDividedWeights(op))
    key.push_back(asKey(operand));
  std::optional<unsigned> rows;
  if (auto rule = rules.find(op); rule != rules.end() && sequence != SequenceParallelism::Off)
    rows = splittable->getRows(op, *rule->second);
  key.push_back(asKey(rows ? int64_t(*rows) : -1));
  // Readers tell what is in memory.
  Execution execution = getExecution(op);
  key.push_back(asKey(execution.launches));
  for (Traffic traffic : llvm::concat<Traffic>(execution.operands, execution.results))
    key.push_back(asKey(static_cast<int64_t>(traffic)));
  auto [entry, isNew] = known->ops.try_emplace(std::move(key));
  if (isNew)
    entry->second = makeClass(op);
  const OpClass *made = entry->second.get();
  unsigned variable = network.addVariable(made->strategies.size());
  network.addCost(variable, made->cost);
  variableOf[op] = variable;
  classes[op] = made;
}

std::unique_ptr<Planner::OpClass> Planner::makeClass(Operation *op) {
  auto made = std::make_unique<OpClass>();
  auto &strategies = made->strategies;
  bool atLoad = op->getNumResults() > 0 && llvm::all_of(op->getResults(), isWeightExpression);
  if (auto rule = rules.find(op); rule != rules.end())
    strategies = enumerateStrategies(op, *rule->second, *splittable, mesh, axes,
                                     sequence != SequenceParallelism::Off && !atLoad);
  if (strategies.empty())
    strategies.push_back(getReplicatedStrategy(op, mesh));
  for (const Strategy &strategy : strategies)
    made->times.push_back(atLoad ? PointTimes(cost.getPoints().size(), 0)
                                 : cost.getTimes(op, strategy.rule, strategy.assignment, strategy.layouts));

  for (const Strategy &strategy : strategies) {
    double bytes = 0;
    for (auto [operand, layout] : llvm::zip(op->getOperands(), strategy.layouts.operands))
      if (!atLoad && isWeightExpression(operand))
        if (auto type = dyn_cast<RankedTensorType>(operand.getType()); type && type.hasStaticShape())
          bytes += tp::getMaxLocalElements(layout, type.getShape(), cost.getPoints().front().symbols) *
                   getElementBits(type.getElementType()) / 8.0;
    made->weightBytes.push_back(bytes);
  }

  SmallVector<bool> isAllowed(strategies.size(), true);
  requireDivision(op, strategies, isAllowed);
  if (sequence == SequenceParallelism::Always && isNormalization(op))
    requireRows(*splittable, op, strategies, isAllowed);
  made->cost = network.makeTable(strategies.size(), [&](unsigned state) {
    if (!isAllowed[state])
      return CostNetwork::kInfinity;
    // Work at load costs no time, but a part of a weight is less to hold than
    // all of it: between equals.
    double wholeWeight = atLoad && strategies[state].assignment.isReplicated() ? kLeastCost : 0;
    return cost.weigh(made->times[state]) + wholeWeight;
  });
  return made;
}

/// A program's outputs may stay split, since the runtime assembles them; a
/// pending reduction must be finished.
double Planner::returnCost(Value value, tp::LayoutAttr layout) {
  if (!layout.isPartial())
    return 0;
  return cost.getReshardTime(cast<RankedTensorType>(value.getType()), layout, withoutPartial(layout));
}

void Planner::addValue(Value value) {
  SmallVector<OpOperand *> uses = getSortedUses(value);
  Operation *producer = isFree(value) ? nullptr : value.getDefiningOp();
  const ValueConstraint *constraint = getConstraint(value);
  if (!constraint && (uses.empty() || (uses.size() == 1 && !producer && isReturn(uses[0]))))
    return;
  ClassKey key = {value.getType().getAsOpaquePointer(), producer ? classes.lookup(producer) : nullptr,
                  asKey(producer ? cast<OpResult>(value).getResultNumber() : 0)};
  for (OpOperand *use : uses) {
    key.push_back(isReturn(use) ? nullptr : classes.lookup(use->getOwner()));
    key.push_back(asKey(isReturn(use) ? 0 : use->getOperandNumber()));
  }
  if (constraint) {
    key.push_back(tp::toAttr(constraint->demanded.layout, mesh, value.getContext()).getAsOpaquePointer());
    key.push_back(asKey(1 + constraint->demanded.anyUnits + 2 * (value.getDefiningOp<tp::WeightOp>() != nullptr)));
  }
  auto [entry, isNew] = known->values.try_emplace(std::move(key));
  if (isNew)
    entry->second = makeValueClass(value, uses);
  const ValueClass &made = *entry->second;

  auto variable = [&](OpOperand *use) { return variableOf.lookup(use->getOwner()); };
  if (made.layouts.empty()) {
    if (!made.fromProducer)
      return;
    if (isReturn(uses[0]))
      network.addCost(variableOf.lookup(producer), *made.fromProducer);
    else if (!producer)
      network.addCost(variable(uses[0]), *made.fromProducer);
    else
      network.addCost(variableOf.lookup(producer), variable(uses[0]), *made.fromProducer);
    return;
  }
  unsigned delivered = network.addVariable(made.layouts.size());
  if (made.fromProducer)
    network.addCost(variableOf.lookup(producer), delivered, *made.fromProducer);
  for (auto [use, table] : llvm::zip_equal(uses, made.toUses)) {
    if (isReturn(use))
      network.addCost(delivered, table);
    else
      network.addCost(delivered, variable(use), table);
  }
  entries[value] = {delivered, &made};
}

std::unique_ptr<Planner::ValueClass> Planner::makeValueClass(Value value, ArrayRef<OpOperand *> uses) {
  auto made = std::make_unique<ValueClass>();
  auto type = cast<RankedTensorType>(value.getType());
  Operation *producer = isFree(value) ? nullptr : value.getDefiningOp();
  unsigned result = producer ? cast<OpResult>(value).getResultNumber() : 0;
  auto produced = [&](unsigned state) { return classOf(producer).strategies[state].results[result]; };
  auto needed = [&](OpOperand *use, unsigned state) {
    return classOf(use->getOwner()).strategies[state].operands[use->getOperandNumber()];
  };
  auto states = [&](Operation *op) -> unsigned { return classOf(op).strategies.size(); };

  const ValueConstraint *constraint = getConstraint(value);
  if (uses.size() == 1 && !constraint) {
    OpOperand *use = uses[0];
    if (isReturn(use))
      made->fromProducer =
          network.makeTable(states(producer), [&](unsigned state) { return returnCost(value, produced(state)); });
    else if (!producer)
      made->fromProducer = network.makeTable(states(use->getOwner()), [&](unsigned state) {
        return needed(use, state).isPartial() ? CostNetwork::kInfinity : 0;
      });
    else
      made->fromProducer =
          network.makeTable(states(producer), states(use->getOwner()), [&](unsigned from, unsigned to) {
            return cost.getReshardTime(type, produced(from), needed(use, to));
          });
    return made;
  }

  // Several readers: the layout in which the value is delivered to all of them.
  llvm::SmallSetVector<tp::LayoutAttr, 8> layouts;
  if (producer)
    for (unsigned state = 0; state < states(producer); ++state)
      layouts.insert(produced(state));
  for (OpOperand *use : uses)
    if (!isReturn(use))
      for (unsigned state = 0; state < states(use->getOwner()); ++state)
        layouts.insert(needed(use, state));
  if (!producer)
    layouts.remove_if([](tp::LayoutAttr layout) { return layout.isPartial(); });
  bool isWeight = value.getDefiningOp<tp::WeightOp>() != nullptr;
  if (constraint) {
    // Nobody may make an activation like that, but it can be brought there.
    if (!isWeight || uses.empty())
      layouts.insert(tp::toAttr(constraint->demanded.layout, mesh, value.getContext()));
    layouts.remove_if([&](tp::LayoutAttr layout) { return !accepts(constraint->demanded, layout); });
  }
  made->layouts = llvm::to_vector(layouts);
  if (layouts.empty())
    return made;
  unsigned count = layouts.size();
  if (producer)
    made->fromProducer = network.makeTable(states(producer), count, [&](unsigned from, unsigned to) {
      return cost.getReshardTime(type, produced(from), made->layouts[to]);
    });
  for (OpOperand *use : uses) {
    if (isReturn(use))
      made->toUses.push_back(
          network.makeTable(count, [&](unsigned state) { return returnCost(value, made->layouts[state]); }));
    else
      made->toUses.push_back(network.makeTable(count, states(use->getOwner()), [&](unsigned from, unsigned to) {
        if (constraint && isWeight && made->layouts[from] != needed(use, to))
          return CostNetwork::kInfinity;
        return cost.getReshardTime(type, made->layouts[from], needed(use, to));
      }));
  }
  return made;
}

FailureOr<Plan> Planner::solve(ArrayRef<CostNetwork::Extra> extra) {
  if (failed(checkConstraints()))
    return failure();
  std::optional<CostNetwork::Solution> solution = network.solve(extra);
  if (!solution)
    return function.emitError("the graph is too entangled to plan exactly: more live tensors at one point than "
                              "elimination can hold");
  if (solution->cost >= CostNetwork::kInfinity)
    return failInfeasible();
  return makePlan(std::move(*solution));
}

std::optional<Plan> Planner::find() const {
  std::optional<CostNetwork::Solution> solution = network.solve();
  if (!solution || solution->cost >= CostNetwork::kInfinity)
    return std::nullopt;
  return makePlan(std::move(*solution));
}

void Planner::addCosts(const Plan &plan, llvm::function_ref<PlanCost &(Operation *)> of) const {
  for (Operation *op : ops)
    for (auto [sum, time] :
         llvm::zip_equal(of(op).times, classOf(op).times[plan.solution.states[variableOf.lookup(op)]]))
      sum.compute += time;
  for (Value value : values) {
    Delivery delivery = getDelivery(value, plan);
    auto type = cast<RankedTensorType>(value.getType());
    if (auto weight = value.getDefiningOp<tp::WeightOp>(); weight && !value.use_empty()) {
      FailureOr<tp::Layout> layout = tp::resolveLayout(delivery.own, mesh, nullptr);
      ArrayRef<int64_t> symbols = cost.getPoints().front().symbols;
      if (succeeded(layout))
        of(*value.getUsers().begin()).weightBytes +=
            tp::getMaxLocalElements(*layout, getShapeAt(type, symbols), symbols) *
            getElementBits(type.getElementType()) / 8.0;
    }
    // A reshard belongs to the operation whose partial sum or piece it moves.
    Operation *place = isFree(value) ? nullptr : value.getDefiningOp();
    for (auto [from, to, user] : delivery.reshards) {
      const std::optional<PointTimes> &times = cost.getReshardTimes(type, from, to);
      if (!times)
        continue;
      for (auto [sum, time] : llvm::zip_equal(of(place ? place : user).times, *times))
        sum.communication += time;
    }
  }
}

Plan Planner::makePlan(CostNetwork::Solution solution) const {
  Plan plan;
  plan.solution = std::move(solution);
  unsigned points = cost.getPoints().size();
  addCosts(plan, [&](Operation *op) -> PlanCost & {
    PlanCost &layer = plan.layers[getLayer(op).value_or(-1)];
    layer.times.resize(points);
    return layer;
  });
  plan.total.times.resize(points);
  for (auto &[layer, part] : plan.layers) {
    part.times.resize(points);
    plan.total.weightBytes += part.weightBytes;
    for (auto [sum, time] : llvm::zip_equal(plan.total.times, part.times))
      sum += time;
  }
  return plan;
}

double Planner::getLocalBytes(Value value, const Plan &plan, unsigned point) const {
  auto type = cast<RankedTensorType>(value.getType());
  ArrayRef<int64_t> symbols = cost.getPoints()[point].symbols;
  Delivery delivery = getDelivery(value, plan);
  double most = 0;
  for (tp::LayoutAttr attr : {delivery.own, delivery.common})
    if (FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, nullptr); succeeded(layout))
      most = std::max<double>(most, tp::getMaxLocalElements(*layout, getShapeAt(type, symbols), symbols));
  return most * getElementBits(type.getElementType()) / 8.0;
}

Planner::Delivery Planner::getDelivery(Value value, const Plan &plan) const {
  Delivery delivery;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpOperand *> uses = getSortedUses(value);
  auto neededBy = [&](OpOperand *use) { return getStrategy(use->getOwner(), plan).operands[use->getOperandNumber()]; };
  if (auto entry = entries.find(value); entry != entries.end())
    delivery.common = entry->second.made->layouts[plan.solution.states[entry->second.variable]];
  if (!isFree(value))
    delivery.own = getStrategy(value.getDefiningOp(), plan).results[cast<OpResult>(value).getResultNumber()];
  else if (delivery.common)
    delivery.own = delivery.common;
  else if (uses.size() == 1 && !isReturn(uses[0]))
    delivery.own = neededBy(uses[0]);
  else
    delivery.own = tp::LayoutAttr::getReplicated(mesh.getSymbol(type.getContext()), type.getRank());
  if (!delivery.common)
    delivery.common = delivery.own;
  if (delivery.common != delivery.own && !uses.empty())
    delivery.reshards.push_back({delivery.own, delivery.common, uses[0]->getOwner()});
  llvm::SmallPtrSet<Attribute, 4> made;
  for (OpOperand *use : uses) {
    tp::LayoutAttr layout = isReturn(use) ? withoutPartial(delivery.common) : neededBy(use);
    delivery.uses.push_back({use, layout});
    if (layout != delivery.common && made.insert(layout).second)
      delivery.reshards.push_back({delivery.common, layout, use->getOwner()});
  }
  return delivery;
}

ArrayRef<Strategy> Planner::getStrategies(Operation *op) const { return classOf(op).strategies; }

const Strategy &Planner::getStrategy(Operation *op, const Plan &plan) const {
  return classOf(op).strategies[plan.solution.states[variableOf.lookup(op)]];
}

unsigned Planner::getNumClasses() const { return known->ops.size(); }

bool Planner::dividesExperts(const Plan &plan) const {
  return llvm::any_of(ops, [&](Operation *op) {
    const Strategy &strategy = getStrategy(op, plan);
    return llvm::any_of(llvm::zip(op->getOperands(), strategy.layouts.operands), [&](const auto &entry) {
      auto [operand, layout] = entry;
      return isWeightExpression(operand) && llvm::any_of(layout.dims, [&](const tp::DimSplit &dim) {
               return PlannedAxes::isIn(axes.expert, dim.axes);
             });
    });
  });
}

/// More devices than the weights have pieces is legal and useless: every rank
/// would do everything.
void Planner::warnIfNothingIsDivided(const Plan &plan) {
  int64_t experts = PlannedAxes::getSize(mesh, axes.expert);
  if (experts > 1 && !dividesExperts(plan)) {
    InFlightDiagnostic warning = function.emitWarning()
                                 << "the axis \"ep\" of " << experts
                                 << " devices divides nothing: ranks along it hold and compute the same. ";
    if (getNumExperts() > 1)
      warning << "The model has products of " << getNumExperts() << " experts: ep can be at most that";
    else
      warning << "No product of the model has a weight of several experts";
  }
  warnIfUndivided(plan);
}

void Planner::warnIfUndivided(const Plan &plan) {
  int64_t devices = PlannedAxes::getSize(mesh, axes.tensor), widest = 1;
  bool hasWeights = false;
  for (Operation *op : ops) {
    auto rule = rules.find(op);
    if (!readsWeight(op, rules) || rule == rules.end() || llvm::none_of(op->getOperands(), isWeightExpression))
      continue;
    hasWeights = true;
    const tp::FactorAssignment &assignment = getStrategy(op, plan).assignment;
    for (const auto *split : {&assignment.factorAxes, &assignment.linearAxes})
      if (llvm::any_of(*split, [&](const tp::AxisRefs &refs) { return PlannedAxes::isIn(axes.tensor, refs); }))
        return;
    for (auto [index, factor] : llvm::enumerate(rule->second->factors))
      if (factor.kind != tp::FactorKind::Whole && splittable->isSplittable(op, index))
        widest = std::max(widest, tp::getConst(factor.size).value_or(1));
  }
  if (devices > 1 && hasWeights)
    function.emitWarning() << "no weight of this model can be divided over " << devices
                           << " devices: every rank holds and computes everything. The widest dimension that can be "
                              "divided has "
                           << widest << " elements: tp can be at most that";
}

} // namespace tpo
