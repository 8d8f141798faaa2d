//===- StageCosts.cpp - What parts of a chain of layers cost --------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StageCosts.h"

#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Planning/Execution.h"

using namespace mlir;

namespace tpo {

LayerChain::LayerChain(func::FuncOp function) {
  for (Operation &op : function.getBody().front())
    numPlaces = std::max(numPlaces, getLayer(&op).value_or(0) + 1);
  if (assign(function))
    return;
  numPlaces = 1;
  for (auto &[op, place] : places)
    place = 0;
}

/// False where a layer reads what a later one computes.
bool LayerChain::assign(func::FuncOp function) {
  Block &block = function.getBody().front();
  llvm::DenseSet<Operation *> readsWeights;
  for (Operation &op : block) {
    int64_t place = kEverywhere;
    bool reads = isa<tp::WeightOp>(op);
    for (Value operand : op.getOperands())
      if (Operation *producer = operand.getDefiningOp()) {
        place = std::max(place, places.lookup(producer));
        reads |= readsWeights.contains(producer);
      }
    if (reads)
      readsWeights.insert(&op);
    if (auto layer = getLayer(&op)) {
      if (place > *layer)
        return false;
      place = *layer;
    }
    places[&op] = place;
  }
  // What reads a weight before any layer, as an embedding, is where it is read.
  for (Operation &op : llvm::reverse(block)) {
    if (places[&op] != kEverywhere || !readsWeights.contains(&op))
      continue;
    int64_t first = numPlaces - 1;
    for (Operation *user : op.getUsers())
      if (places[user] != kEverywhere)
        first = std::min(first, places[user]);
    places[&op] = first;
  }
  // The rest that only the first layer reads is no matter of the others.
  for (Operation &op : llvm::reverse(block))
    if (places[&op] == kEverywhere && !op.use_empty() &&
        llvm::all_of(op.getUsers(), [&](Operation *user) { return places[user] == 0; }))
      places[&op] = 0;
  return true;
}

namespace {

/// Caches and inputs that stay, at the place that uses them.
void addCaches(func::FuncOp function, const LayerChain &chain, const Planner &planner, const Plan &plan,
               unsigned lastPoint, ChainCost &cost) {
  llvm::DenseSet<Value> updated;
  for (Operation &op : function.getBody().front()) {
    int64_t place = std::max<int64_t>(chain.getPlace(&op), 0);
    auto add = [&](Value input, Value output) {
      updated.insert(input);
      cost.hasCache = true;
      cost.places[place].cacheBytes += planner.getLocalBytes(output, plan, lastPoint);
    };
    if (BlockArgument argument = getUpdatedArgument(&op))
      add(argument, op.getResult(0));
    // Attention has past keys and values as its operands 4 and 5.
    if (op.getName().stripDialect() == "Attention")
      for (unsigned i : {0, 1})
        if (op.getNumOperands() > 4 + i && op.getNumResults() > 1 + i && isa<BlockArgument>(op.getOperand(4 + i)))
          add(op.getOperand(4 + i), op.getResult(1 + i));
  }
  for (BlockArgument argument : function.getArguments()) {
    if (updated.contains(argument) || argument.use_empty() || !isa<RankedTensorType>(argument.getType()))
      continue;
    int64_t place = chain.getNumPlaces() - 1;
    for (Operation *user : argument.getUsers())
      place = std::min(place, std::max<int64_t>(chain.getPlace(user), 0));
    cost.places[place].cacheBytes += planner.getLocalBytes(argument, plan, lastPoint);
  }
}

/// The value in memory that a view shows.
Value getViewed(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isView(op) || op->getNumOperands() == 0)
      break;
    value = op->getOperand(0);
  }
  return value;
}

class Activations {
public:
  Activations(func::FuncOp function, const LayerChain &chain, const Planner &planner, const Plan &plan,
              unsigned numPoints, ChainCost &cost)
      : block(function.getBody().front()), chain(chain), planner(planner), plan(plan), numPoints(numPoints),
        cost(cost) {}

  void add() {
    for (Operation &op : block) {
      index[&op] = index.size();
      for (Value operand : op.getOperands())
        lastUse[getViewed(operand)] = index[&op];
    }
    grows.assign(numPoints, std::vector<double>(index.size() + 1, 0));
    for (Operation &op : block)
      addResults(&op);
    SmallVector<double> live(numPoints, 0);
    for (Operation &op : block)
      for (unsigned point = 0; point < numPoints; ++point) {
        live[point] += grows[point][index[&op]];
        double &peak = cost.places[std::max<int64_t>(chain.getPlace(&op), 0)].peakBytes;
        peak = std::max(peak, live[point]);
      }
  }

private:
  void addResults(Operation *op) {
    if (isa<tp::WeightOp>(op) || isView(op) || op->getNumResults() == 0 || getUpdatedArgument(op) ||
        llvm::all_of(op->getResults(), isWeightExpression))
      return;
    Execution execution = getExecution(op);
    int64_t place = chain.getPlace(op);
    for (OpResult result : op->getResults()) {
      if (!isa<RankedTensorType>(result.getType()) || result.use_empty())
        continue;
      int64_t behind = place;
      for (Operation *user : result.getUsers())
        behind = std::max(behind, user->hasTrait<OpTrait::IsTerminator>() ? place : chain.getPlace(user));
      bool isStored = execution.results[result.getResultNumber()] != Traffic::None;
      for (unsigned point = 0; point < numPoints; ++point) {
        double bytes = planner.getLocalBytes(result, plan, point);
        if (place != LayerChain::kEverywhere)
          for (int64_t boundary = place; boundary < behind; ++boundary)
            cost.places[boundary].boundaryBytes[point] += bytes;
        if (!isStored)
          continue;
        grows[point][index[op]] += bytes;
        grows[point][lastUse[result] + 1] -= bytes;
      }
    }
  }

  Block &block;
  const LayerChain &chain;
  const Planner &planner;
  const Plan &plan;
  unsigned numPoints;
  ChainCost &cost;
  llvm::DenseMap<Operation *, int64_t> index;
  llvm::DenseMap<Value, int64_t> lastUse;
  std::vector<std::vector<double>> grows; ///< By point and operation.
};

} // namespace

ChainCost getChainCost(func::FuncOp function, const LayerChain &chain, const Planner &planner, const Plan &plan,
                       unsigned numPoints) {
  ChainCost cost;
  cost.places.resize(chain.getNumPlaces());
  for (PlaceCost &place : cost.places) {
    place.plan.times.resize(numPoints);
    place.boundaryBytes.resize(numPoints, 0);
  }
  cost.everywhere.times.resize(numPoints);
  planner.addCosts(plan, [&](Operation *op) -> PlanCost & {
    int64_t place = chain.getPlace(op);
    return place == LayerChain::kEverywhere ? cost.everywhere : cost.places[place].plan;
  });
  addCaches(function, chain, planner, plan, numPoints - 1, cost);
  Activations(function, chain, planner, plan, numPoints, cost).add();
  return cost;
}

} // namespace tpo
