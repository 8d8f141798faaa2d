//===- PlanSharding.cpp - Choose the layout of every tensor ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Variables of the cost network are operations (states: their strategies) and
// the values that several operations read (states: the layouts in which such a
// value may be delivered, so that a reshard shared by its readers is paid once).
// Weights and arguments come in any layout for free: loading cuts them.
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Planning/Assumptions.h"
#include "tp-opt/Planning/CostModel.h"
#include "tp-opt/Planning/CostNetwork.h"
#include "tp-opt/Planning/Passes.h"
#include "tp-opt/Planning/Strategies.h"

#include "dialects/Tp/Tp.h"

#include "llvm/ADT/MapVector.h"

#include <map>

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_TPPLANPASS
#include "tp-opt/Planning/Passes.h.inc"

namespace {

/// A weight of at least this part of the largest in its block must be divided.
constexpr double kLargeWeight = 0.25;
/// Decode steps per prefill that the plan is made for.
constexpr double kDecodeSteps = 16;

class Planner {
public:
  Planner(func::FuncOp function, const tp::Mesh &mesh, unsigned axis, CostModel &cost)
      : function(function), mesh(mesh), axis(axis), cost(cost) {}

  LogicalResult run() {
    collect();
    splittable = std::make_unique<SplittableDims>(function, rules, mesh.getAxes()[axis].size);
    for (Operation *op : ops)
      addOperation(op);
    for (Value value : values)
      addValue(value);
    std::optional<CostNetwork::Solution> solution = network.solve();
    if (!solution)
      return function.emitError("the graph is too entangled to plan exactly: more live tensors at one point than "
                                "elimination can hold");
    if (solution->cost >= CostNetwork::kInfinity)
      return function.emitError("no plan satisfies all operations");
    warnIfNothingIsDivided(*solution);
    apply(*solution);
    return success();
  }

private:
  struct ValueVariable {
    unsigned variable;
    SmallVector<tp::LayoutAttr> layouts;
  };

  static bool isFree(Value value) {
    return isa<BlockArgument>(value) || value.getDefiningOp<tp::WeightOp>() != nullptr;
  }
  static bool isTensor(Value value) { return isa<RankedTensorType>(value.getType()); }

  void collect();
  void addOperation(Operation *op);
  void forbidReplicatedWeights(Operation *op, const std::vector<Strategy> &strategies, unsigned variable);
  void addValue(Value value);
  double returnCost(Value value, tp::LayoutAttr layout);
  tp::LayoutAttr withoutPartial(tp::LayoutAttr layout) {
    return tp::LayoutAttr::get(layout.getContext(), layout.getMesh(), layout.getDims(), tp::ReductionKind::Sum, {});
  }
  void apply(const CostNetwork::Solution &solution);
  void warnIfNothingIsDivided(const CostNetwork::Solution &solution);
  std::string explain(Operation *op, const Strategy &strategy) const;

  func::FuncOp function;
  tp::Mesh mesh;
  unsigned axis;
  CostModel &cost;

  SmallVector<Operation *> ops;
  SmallVector<Value> values;
  RuleMap rules;
  std::unique_ptr<SplittableDims> splittable;
  llvm::DenseMap<Operation *, int64_t> largestWeight; ///< In the operation's block.
  llvm::DenseMap<Operation *, std::shared_ptr<std::vector<Strategy>>> strategiesOf;
  llvm::DenseMap<Operation *, unsigned> variableOf;
  llvm::DenseMap<Value, ValueVariable> valueVariables;
  CostNetwork network;
};

int64_t getWeightBytes(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isWeightExpression(value) || !type.hasStaticShape())
    return 0;
  return type.getNumElements() * getElementBits(type.getElementType()) / 8;
}

/// Operations that look up or multiply a weight divide it; others (norms, biases)
/// follow their neighbours.
bool readsWeight(Operation *op) {
  StringRef name = op->getName().stripDialect();
  return name == "MatMul" || name == "Gemm" || name == "Gather";
}

void Planner::collect() {
  std::map<int64_t, int64_t> largest;
  for (Value argument : function.getArguments())
    if (isTensor(argument))
      values.push_back(argument);
  for (Operation &op : function.getBody().front().without_terminator()) {
    for (Value result : op.getResults())
      if (isTensor(result))
        values.push_back(result);
    if (isa<tp::WeightOp>(op))
      continue;
    ops.push_back(&op);
    if (auto interface = dyn_cast<tp::ShardingRuleOpInterface>(op)) {
      FailureOr<tp::ShardingRule> rule = interface.getShardingRule();
      if (succeeded(rule))
        rules[&op] = std::make_shared<tp::ShardingRule>(std::move(*rule));
    }
    if (readsWeight(&op))
      for (Value operand : op.getOperands()) {
        int64_t &block = largest[getLayer(&op).value_or(-1)];
        block = std::max(block, getWeightBytes(operand));
      }
  }
  for (Operation *op : ops)
    largestWeight[op] = largest[getLayer(op).value_or(-1)];
}

void Planner::addOperation(Operation *op) {
  auto strategies = std::make_shared<std::vector<Strategy>>();
  if (auto rule = rules.find(op); rule != rules.end())
    *strategies = enumerateStrategies(op, *rule->second, *splittable, mesh, axis);
  if (strategies->empty())
    strategies->push_back(getReplicatedStrategy(op, mesh));
  unsigned variable = network.addVariable(strategies->size());
  strategiesOf[op] = strategies;
  variableOf[op] = variable;
  bool atLoad = op->getNumResults() > 0 && llvm::all_of(op->getResults(), isWeightExpression);
  if (!atLoad && !(strategies->size() == 1))
    network.addCost(variable, [&](unsigned state) {
      const Strategy &strategy = (*strategies)[state];
      return cost.getTime(op, strategy.rule, strategy.assignment, strategy.layouts);
    });
  if (readsWeight(op))
    forbidReplicatedWeights(op, *strategies, variable);
}

void Planner::forbidReplicatedWeights(Operation *op, const std::vector<Strategy> &strategies, unsigned variable) {
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    int64_t bytes = getWeightBytes(operand);
    if (bytes == 0 || bytes < kLargeWeight * largestWeight[op])
      continue;
    unsigned position = index;
    auto divides = [&](const Strategy &strategy) {
      return llvm::any_of(strategy.layouts.operands[position].dims,
                          [](const tp::DimSplit &dim) { return dim.isSplit(); });
    };
    if (llvm::none_of(strategies, divides))
      continue;
    network.addCost(variable,
                    [&](unsigned state) { return divides(strategies[state]) ? 0 : CostNetwork::kInfinity; });
  }
}

/// A program's outputs may stay split, since the runtime assembles them; a
/// pending reduction must be finished.
double Planner::returnCost(Value value, tp::LayoutAttr layout) {
  if (!layout.isPartial())
    return 0;
  return cost.getReshardTime(cast<RankedTensorType>(value.getType()), layout, withoutPartial(layout));
}

void Planner::addValue(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    uses.push_back(&use);
  llvm::sort(uses, [](OpOperand *a, OpOperand *b) {
    if (a->getOwner() == b->getOwner())
      return a->getOperandNumber() < b->getOperandNumber();
    return a->getOwner()->isBeforeInBlock(b->getOwner());
  });
  auto isReturn = [](OpOperand *use) { return use->getOwner()->hasTrait<OpTrait::IsTerminator>(); };
  auto needed = [&](OpOperand *use, unsigned state) {
    return (*strategiesOf[use->getOwner()])[state].operands[use->getOperandNumber()];
  };
  Operation *producer = isFree(value) ? nullptr : value.getDefiningOp();
  unsigned result = producer ? cast<OpResult>(value).getResultNumber() : 0;
  auto produced = [&](unsigned state) { return (*strategiesOf[producer])[state].results[result]; };

  if (uses.size() <= 1) {
    if (uses.empty() || (!producer && isReturn(uses[0])))
      return;
    OpOperand *use = uses[0];
    if (isReturn(use)) {
      network.addCost(variableOf[producer], [&](unsigned state) { return returnCost(value, produced(state)); });
    } else if (!producer) {
      network.addCost(variableOf[use->getOwner()], [&](unsigned state) {
        return needed(use, state).isPartial() ? CostNetwork::kInfinity : 0;
      });
    } else {
      network.addCost(variableOf[producer], variableOf[use->getOwner()], [&](unsigned from, unsigned to) {
        return cost.getReshardTime(type, produced(from), needed(use, to));
      });
    }
    return;
  }

  // Several readers: the layout in which the value is delivered to all of them.
  llvm::SmallSetVector<tp::LayoutAttr, 8> layouts;
  if (producer)
    for (unsigned state = 0; state < strategiesOf[producer]->size(); ++state)
      layouts.insert(produced(state));
  for (OpOperand *use : uses) {
    if (isReturn(use))
      continue;
    for (unsigned state = 0; state < strategiesOf[use->getOwner()]->size(); ++state)
      layouts.insert(needed(use, state));
  }
  if (!producer)
    layouts.remove_if([](tp::LayoutAttr layout) { return layout.isPartial(); });
  if (layouts.empty())
    return;
  ValueVariable delivered{network.addVariable(layouts.size()), llvm::to_vector(layouts)};
  if (producer)
    network.addCost(variableOf[producer], delivered.variable, [&](unsigned from, unsigned to) {
      return cost.getReshardTime(type, produced(from), delivered.layouts[to]);
    });
  for (OpOperand *use : uses) {
    if (isReturn(use))
      network.addCost(delivered.variable,
                      [&](unsigned state) { return returnCost(value, delivered.layouts[state]); });
    else
      network.addCost(delivered.variable, variableOf[use->getOwner()], [&](unsigned from, unsigned to) {
        return cost.getReshardTime(type, delivered.layouts[from], needed(use, to));
      });
  }
  valueVariables[value] = std::move(delivered);
}

std::string Planner::explain(Operation *op, const Strategy &strategy) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (strategy.assignment.isReplicated()) {
    bool hasChoice = strategiesOf.lookup(op)->size() > 1;
    os << (!rules.count(op) ? "replicated: no sharding rule" : hasChoice ? "replicated: cheapest"
                                                                        : "replicated: nothing to split");
    return text;
  }
  for (auto [index, axes] : llvm::enumerate(strategy.assignment.factorAxes)) {
    if (axes.empty())
      continue;
    const tp::Factor &factor = strategy.rule.factors[index];
    os << (text.empty() ? "" : "; ") << tp::toString(axes, mesh) << " splits " << tp::toString(factor.role);
    os << " (" << tp::toString(factor.size, tp::getSymbolNames(op)) << ")";
    if (factor.kind == tp::FactorKind::Reduction)
      os << ", leaving a partial sum";
    for (auto [operand, tensor] : llvm::zip(op->getOperands(), strategy.rule.operands)) {
      auto weight = operand.getDefiningOp<tp::WeightOp>();
      if (weight && llvm::any_of(tensor, [&](const tp::DimFactors &dim) { return llvm::is_contained(dim, index); }))
        os << ", dividing " << weight.getName();
    }
  }
  for (const tp::AxisRefs &axes : strategy.assignment.linearAxes)
    if (!axes.empty())
      os << (text.empty() ? "" : "; ") << "passes on a partial sum over " << tp::toString(axes, mesh);
  return text;
}

/// More devices than the weights have pieces is legal and useless: every rank
/// would do everything.
void Planner::warnIfNothingIsDivided(const CostNetwork::Solution &solution) {
  int64_t devices = mesh.getAxes()[axis].size, widest = 1;
  bool hasWeights = false;
  for (Operation *op : ops) {
    auto rule = rules.find(op);
    if (!readsWeight(op) || rule == rules.end() || llvm::none_of(op->getOperands(), isWeightExpression))
      continue;
    hasWeights = true;
    if (!(*strategiesOf[op])[solution.states[variableOf[op]]].assignment.isReplicated())
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

void Planner::apply(const CostNetwork::Solution &solution) {
  OpBuilder b(function.getContext());
  auto chosen = [&](Operation *op) -> const Strategy & {
    return (*strategiesOf[op])[solution.states[variableOf[op]]];
  };
  for (Operation *op : ops) {
    const Strategy &strategy = chosen(op);
    SmallVector<Attribute> layouts(strategy.results.begin(), strategy.results.end());
    op->setAttr("tp.layouts", b.getArrayAttr(layouts));
    SmallVector<Attribute> reasons(layouts.size(), b.getStringAttr(explain(op, strategy)));
    op->setAttr("tp.reasons", b.getArrayAttr(reasons));
  }
  // Reshards are made once per value and layout, right after the value.
  llvm::MapVector<std::pair<Value, tp::LayoutAttr>, Value> delivered;
  auto deliver = [&](Value value, tp::LayoutAttr from, tp::LayoutAttr to) -> Value {
    if (from == to)
      return value;
    Value &made = delivered[{value, to}];
    if (!made) {
      b.setInsertionPointAfterValue(value);
      made = tp::ReshardOp::create(b, value.getLoc(), value.getType(), value, to);
    }
    return made;
  };
  auto terminator = function.getBody().front().getTerminator();
  for (Value value : values) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      if (!isa<tp::ReshardOp>(use.getOwner()))
        uses.push_back(&use);
    auto type = cast<RankedTensorType>(value.getType());
    auto replicated = tp::LayoutAttr::getReplicated(mesh.getSymbol(b.getContext()), type.getRank());
    tp::LayoutAttr own = replicated;
    auto neededBy = [&](OpOperand *use) { return chosen(use->getOwner()).operands[use->getOperandNumber()]; };
    auto shared = valueVariables.find(value);
    tp::LayoutAttr common;
    if (shared != valueVariables.end())
      common = shared->second.layouts[solution.states[shared->second.variable]];
    if (!isFree(value))
      own = chosen(value.getDefiningOp()).results[cast<OpResult>(value).getResultNumber()];
    else if (common)
      own = common;
    else if (uses.size() == 1 && uses[0]->getOwner() != terminator)
      own = neededBy(uses[0]);
    if (isFree(value))
      tp::setLayoutAttr(value, own);
    Value source = common ? deliver(value, own, common) : value;
    tp::LayoutAttr sourceLayout = common ? common : own;
    for (OpOperand *use : uses) {
      if (use->getOwner() != terminator) {
        use->set(deliver(source, sourceLayout, neededBy(use)));
        continue;
      }
      tp::LayoutAttr final = withoutPartial(sourceLayout);
      use->set(deliver(source, sourceLayout, final));
      function.setResultAttr(use->getOperandNumber(), "tp.layout", final);
    }
  }
}

struct PlanPass : impl::TpPlanPassBase<PlanPass> {
  using TpPlanPassBase::TpPlanPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto meshes = llvm::to_vector(module.getOps<tp::MeshOp>());
    if (meshes.size() != 1) {
      module.emitError() << "tp-plan needs exactly one tp.mesh, found " << meshes.size();
      return signalPassFailure();
    }
    tp::Mesh mesh = tp::Mesh::get(meshes.front());
    std::optional<unsigned> axis = mesh.findAxis("tp");
    for (auto [index, other] : llvm::enumerate(mesh.getAxes()))
      if (other.size > 1 && index != axis) {
        meshes.front().emitError() << "planning splits the axis \"tp\" only; axis \"" << other.name << "\" of size "
                                   << other.size << " cannot be planned yet";
        return signalPassFailure();
      }
    FailureOr<Assumptions> assumptions =
        Assumptions::parse(SmallVector<std::string>(assume.begin(), assume.end()), module.getLoc());
    if (failed(assumptions))
      return signalPassFailure();
    std::vector<OperatingPoint> points = {{assumptions->getPrefill(module), 1},
                                          {assumptions->getDecode(module), kDecodeSteps}};
    CostModel cost(mesh, DeviceModel(), points);
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      assignLayers(function);
      if (failed(Planner(function, mesh, axis.value_or(0), cost).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace tpo
