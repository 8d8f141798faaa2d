//===- CostNetwork.cpp - Exact minimum of a sum of local costs ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/CostNetwork.h"

#include <algorithm>
#include <queue>
#include <set>

namespace tpo {

unsigned CostNetwork::addVariable(unsigned states) {
  numStates.push_back(states);
  return numStates.size() - 1;
}

void CostNetwork::addCost(unsigned variable, llvm::function_ref<double(unsigned)> cost) {
  Factor factor;
  factor.scope = {variable};
  for (unsigned state = 0; state < numStates[variable]; ++state)
    factor.table.push_back(std::min(cost(state), kInfinity));
  factors.push_back(std::move(factor));
}

void CostNetwork::addCost(unsigned a, unsigned b, llvm::function_ref<double(unsigned, unsigned)> cost) {
  if (a == b)
    return addCost(a, [&](unsigned state) { return cost(state, state); });
  bool swapped = a > b;
  Factor factor;
  factor.scope = {std::min(a, b), std::max(a, b)};
  for (unsigned first = 0; first < numStates[factor.scope[0]]; ++first)
    for (unsigned second = 0; second < numStates[factor.scope[1]]; ++second)
      factor.table.push_back(std::min(swapped ? cost(second, first) : cost(first, second), kInfinity));
  factors.push_back(std::move(factor));
}

double CostNetwork::evaluate(llvm::ArrayRef<unsigned> states) const {
  double sum = 0;
  for (const Factor &factor : factors) {
    size_t index = 0;
    for (unsigned variable : factor.scope)
      index = index * numStates[variable] + states[variable];
    sum += factor.table[index];
  }
  return std::min(sum, kInfinity);
}

/// Eliminates variables one by one and remembers the best state of each for
/// every assignment of its neighbours.
class CostNetwork::Elimination {
public:
  explicit Elimination(const CostNetwork &network)
      : network(network), pool(network.factors), factorsOf(network.numStates.size()),
        neighbours(network.numStates.size()), eliminated(network.numStates.size(), false) {
    for (size_t i = 0; i < pool.size(); ++i)
      attach(i);
  }

  std::optional<Solution> run() {
    using Entry = std::pair<uint64_t, unsigned>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    for (unsigned v = 0; v < network.numStates.size(); ++v)
      queue.push({tableSize(v), v});
    while (!queue.empty()) {
      auto [size, variable] = queue.top();
      queue.pop();
      // Sizes only shrink or grow by eliminations next to the variable: an
      // outdated entry was pushed again with the right one.
      if (eliminated[variable] || size != tableSize(variable))
        continue;
      if (size > kMaxTable)
        return std::nullopt;
      std::set<unsigned> around = neighbours[variable];
      eliminate(variable);
      for (unsigned other : around)
        queue.push({tableSize(other), other});
    }
    Solution solution;
    solution.states.resize(network.numStates.size(), 0);
    for (const Step &step : llvm::reverse(steps)) {
      size_t index = 0;
      for (unsigned variable : step.scope)
        index = index * network.numStates[variable] + solution.states[variable];
      solution.states[step.variable] = step.best[index];
    }
    solution.cost = network.evaluate(solution.states);
    return solution;
  }

private:
  struct Step {
    unsigned variable;
    llvm::SmallVector<unsigned, 4> scope;
    std::vector<uint16_t> best;
  };

  void attach(size_t factor) {
    for (unsigned a : pool[factor].scope) {
      factorsOf[a].push_back(factor);
      for (unsigned b : pool[factor].scope)
        if (a != b)
          neighbours[a].insert(b);
    }
  }

  uint64_t tableSize(unsigned variable) const {
    uint64_t size = network.numStates[variable];
    for (unsigned other : neighbours[variable]) {
      size *= network.numStates[other];
      if (size > kMaxTable)
        return kMaxTable + 1;
    }
    return size;
  }

  void eliminate(unsigned variable) {
    Step step;
    step.variable = variable;
    step.scope.assign(neighbours[variable].begin(), neighbours[variable].end());
    Factor combined;
    combined.scope = step.scope;
    size_t entries = 1;
    for (unsigned other : step.scope)
      entries *= network.numStates[other];
    combined.table.assign(entries, 0);
    step.best.assign(entries, 0);

    // How far each factor's index moves per step of each scope variable.
    struct Part {
      const std::vector<double> *table;
      llvm::SmallVector<size_t, 4> strides;
      size_t own = 0;
    };
    std::vector<Part> parts;
    for (size_t index : factorsOf[variable]) {
      const Factor &factor = pool[index];
      Part part{&factor.table, llvm::SmallVector<size_t, 4>(step.scope.size(), 0), 0};
      size_t stride = 1;
      for (unsigned other : llvm::reverse(factor.scope)) {
        if (other == variable)
          part.own = stride;
        else
          part.strides[llvm::find(step.scope, other) - step.scope.begin()] = stride;
        stride *= network.numStates[other];
      }
      parts.push_back(std::move(part));
    }
    llvm::SmallVector<unsigned, 4> position(step.scope.size(), 0);
    for (size_t entry = 0; entry < entries; ++entry) {
      double best = 2 * kInfinity;
      for (unsigned state = 0; state < network.numStates[variable]; ++state) {
        double sum = 0;
        for (const Part &part : parts) {
          size_t index = state * part.own;
          for (size_t dim = 0; dim < position.size(); ++dim)
            index += position[dim] * part.strides[dim];
          sum += (*part.table)[index];
        }
        if (sum < best) {
          best = sum;
          step.best[entry] = state;
        }
      }
      combined.table[entry] = std::min(best, kInfinity);
      for (size_t dim = position.size(); dim-- > 0;) {
        if (++position[dim] < network.numStates[step.scope[dim]])
          break;
        position[dim] = 0;
      }
    }
    eliminated[variable] = true;
    for (size_t index : factorsOf[variable]) {
      for (unsigned other : pool[index].scope)
        if (other != variable)
          llvm::erase(factorsOf[other], index);
      pool[index].table = {};
    }
    for (unsigned other : step.scope)
      neighbours[other].erase(variable);
    steps.push_back(std::move(step));
    if (combined.scope.empty())
      return;
    pool.push_back(std::move(combined));
    attach(pool.size() - 1);
  }

  const CostNetwork &network;
  std::vector<Factor> pool;
  std::vector<std::vector<size_t>> factorsOf;
  std::vector<std::set<unsigned>> neighbours;
  std::vector<bool> eliminated;
  std::vector<Step> steps;
};

std::optional<CostNetwork::Solution> CostNetwork::solve() const { return Elimination(*this).run(); }

} // namespace tpo
