//===- CostNetwork.cpp - Exact minimum of a sum of local costs ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/CostNetwork.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/Support/JSON.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <set>
#include <unordered_map>

namespace tpo {

namespace {

/// Picoseconds. Two impossible costs still add up without overflow.
using Cost = int64_t;
constexpr Cost kImpossible = Cost(1) << 60;

Cost toCost(double microseconds) {
  double units = std::round(microseconds * 1e6);
  return units >= double(kImpossible) ? kImpossible : std::max<Cost>(Cost(units), 0);
}

double toMicroseconds(Cost cost) { return cost >= kImpossible ? CostNetwork::kInfinity : double(cost) / 1e6; }

Cost add(Cost a, Cost b) { return std::min(a + b, kImpossible); }

/// How one elimination reads a table: the stride of each variable of the
/// result's scope, and of the eliminated one.
struct Part {
  CostNetwork::Table table;
  llvm::SmallVector<uint32_t, 4> strides;
  uint32_t own = 0;

  bool operator==(const Part &other) const {
    return table == other.table && own == other.own && strides == other.strides;
  }
  bool operator<(const Part &other) const {
    return std::tie(table, own, strides) < std::tie(other.table, other.own, other.strides);
  }
};

/// All that the result of an elimination depends on.
struct Question {
  unsigned numStates;
  llvm::SmallVector<unsigned, 4> scopeStates;
  llvm::SmallVector<Part, 4> parts;

  bool operator==(const Question &other) const {
    return numStates == other.numStates && scopeStates == other.scopeStates && parts == other.parts;
  }
};

struct QuestionHash {
  size_t operator()(const Question &question) const {
    llvm::hash_code hash = llvm::hash_combine(
        question.numStates, llvm::hash_combine_range(question.scopeStates.begin(), question.scopeStates.end()));
    for (const Part &part : question.parts)
      hash = llvm::hash_combine(hash, part.table, part.own,
                                llvm::hash_combine_range(part.strides.begin(), part.strides.end()));
    return hash;
  }
};

struct Answer {
  CostNetwork::Table table;
  std::shared_ptr<const std::vector<uint16_t>> best;
};

} // namespace

/// Tables and answers, each once.
class CostNetwork::Store {
public:
  Table intern(std::vector<Cost> table) {
    size_t hash = llvm::hash_combine_range(table.begin(), table.end());
    auto [begin, end] = known.equal_range(hash);
    for (auto entry = begin; entry != end; ++entry)
      if (*tables[entry->second] == table)
        return entry->second;
    tables.push_back(std::make_unique<std::vector<Cost>>(std::move(table)));
    known.insert({hash, Table(tables.size() - 1)});
    return tables.size() - 1;
  }
  const std::vector<Cost> &get(Table table) const { return *tables[table]; }

  const Answer &eliminate(Question question) {
    ++statistics.asked;
    llvm::sort(question.parts);
    auto [entry, isNew] = answers.try_emplace(std::move(question));
    if (isNew)
      entry->second = compute(entry->first);
    return entry->second;
  }

  Statistics statistics;

private:
  Answer compute(const Question &question) {
    ++statistics.computed;
    size_t entries = 1;
    for (unsigned states : question.scopeStates)
      entries *= states;
    std::vector<Cost> combined(entries);
    std::vector<uint16_t> best(entries, 0);
    llvm::SmallVector<unsigned, 4> position(question.scopeStates.size(), 0);
    Cost least = kImpossible;
    for (size_t entry = 0; entry < entries; ++entry) {
      Cost minimum = 2 * kImpossible;
      for (unsigned state = 0; state < question.numStates; ++state) {
        Cost sum = 0;
        for (const Part &part : question.parts) {
          size_t index = size_t(state) * part.own;
          for (size_t dim = 0; dim < position.size(); ++dim)
            index += size_t(position[dim]) * part.strides[dim];
          sum = add(sum, get(part.table)[index]);
        }
        if (sum < minimum) {
          minimum = sum;
          best[entry] = state;
        }
      }
      combined[entry] = std::min(minimum, kImpossible);
      least = std::min(least, combined[entry]);
      for (size_t dim = position.size(); dim-- > 0;) {
        if (++position[dim] < question.scopeStates[dim])
          break;
        position[dim] = 0;
      }
    }
    // A constant decides nothing; without it tables of equal layers are equal.
    if (least < kImpossible)
      for (Cost &cost : combined)
        if (cost < kImpossible)
          cost -= least;
    return {intern(std::move(combined)), std::make_shared<const std::vector<uint16_t>>(std::move(best))};
  }

  std::vector<std::unique_ptr<std::vector<Cost>>> tables;
  std::unordered_multimap<size_t, Table> known;
  std::unordered_map<Question, Answer, QuestionHash> answers;
};

CostNetwork::CostNetwork() : store(std::make_unique<Store>()) {}
CostNetwork::~CostNetwork() = default;
CostNetwork::CostNetwork(CostNetwork &&) = default;

unsigned CostNetwork::addVariable(unsigned states) {
  numStates.push_back(states);
  return numStates.size() - 1;
}

CostNetwork::Table CostNetwork::makeTable(unsigned states, llvm::function_ref<double(unsigned)> cost) {
  std::vector<Cost> table;
  for (unsigned state = 0; state < states; ++state)
    table.push_back(toCost(cost(state)));
  return store->intern(std::move(table));
}

CostNetwork::Table CostNetwork::makeTable(unsigned statesA, unsigned statesB,
                                          llvm::function_ref<double(unsigned, unsigned)> cost) {
  std::vector<Cost> table;
  table.reserve(size_t(statesA) * statesB);
  for (unsigned a = 0; a < statesA; ++a)
    for (unsigned b = 0; b < statesB; ++b)
      table.push_back(toCost(cost(a, b)));
  return store->intern(std::move(table));
}

void CostNetwork::addCost(unsigned variable, Table table) {
  Factor factor;
  factor.scope = {variable};
  factor.table = table;
  factors.push_back(std::move(factor));
}

void CostNetwork::addCost(unsigned a, unsigned b, Table table) {
  if (a == b) {
    const std::vector<Cost> &both = store->get(table);
    std::vector<Cost> diagonal;
    for (unsigned state = 0; state < numStates[a]; ++state)
      diagonal.push_back(both[size_t(state) * numStates[a] + state]);
    return addCost(a, store->intern(std::move(diagonal)));
  }
  Factor factor;
  factor.scope = {a, b};
  factor.table = table;
  factors.push_back(std::move(factor));
}

void CostNetwork::addCost(unsigned variable, llvm::function_ref<double(unsigned)> cost) {
  addCost(variable, makeTable(numStates[variable], cost));
}

void CostNetwork::addCost(unsigned a, unsigned b, llvm::function_ref<double(unsigned, unsigned)> cost) {
  addCost(a, b, makeTable(numStates[a], numStates[b], cost));
}

double CostNetwork::evaluate(llvm::ArrayRef<unsigned> states) const {
  Cost sum = 0;
  for (const Factor &factor : factors) {
    size_t index = 0;
    for (unsigned variable : factor.scope)
      index = index * numStates[variable] + states[variable];
    sum = add(sum, store->get(factor.table)[index]);
  }
  return toMicroseconds(sum);
}

void CostNetwork::print(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os);
  llvm::DenseMap<Table, int64_t> numbers;
  std::vector<Table> used;
  for (const Factor &factor : factors)
    if (numbers.try_emplace(factor.table, used.size()).second)
      used.push_back(factor.table);
  json.object([&] {
    json.attributeArray("states", [&] {
      for (unsigned count : numStates)
        json.value(count);
    });
    json.attributeArray("tables", [&] {
      for (Table table : used)
        json.array([&] {
          for (Cost entry : store->get(table))
            json.value(entry >= kImpossible ? llvm::json::Value(nullptr) : llvm::json::Value(toMicroseconds(entry)));
        });
    });
    json.attributeArray("costs", [&] {
      for (const Factor &factor : factors)
        json.object([&] {
          json.attributeArray("scope", [&] {
            for (unsigned variable : factor.scope)
              json.value(variable);
          });
          json.attribute("table", numbers.lookup(factor.table));
        });
    });
  });
  os << "\n";
}

CostNetwork::Statistics CostNetwork::getStatistics() const { return store->statistics; }

/// Eliminates variables one by one and remembers the best state of each for
/// every assignment of its neighbours.
class CostNetwork::Elimination {
public:
  Elimination(const CostNetwork &network, llvm::ArrayRef<Extra> extra)
      : network(network), pool(network.factors), factorsOf(network.numStates.size()),
        neighbours(network.numStates.size()), eliminated(network.numStates.size(), false) {
    for (const Extra &cost : extra) {
      Factor factor;
      factor.scope = {cost.variable};
      factor.table = cost.table;
      pool.push_back(std::move(factor));
    }
    // What has no choice (a demanded layout) links nothing: a value that all
    // layers read would tie them together.
    for (size_t i = 0; i < pool.size(); ++i) {
      llvm::erase_if(pool[i].scope, [&](unsigned variable) { return network.numStates[variable] == 1; });
      attach(i);
    }
  }

  std::optional<std::vector<unsigned>> run() {
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
    std::vector<unsigned> states(network.numStates.size(), 0);
    for (const Step &step : llvm::reverse(steps)) {
      size_t index = 0;
      for (unsigned variable : step.scope)
        index = index * network.numStates[variable] + states[variable];
      states[step.variable] = (*step.best)[index];
    }
    return states;
  }

private:
  struct Step {
    unsigned variable;
    llvm::SmallVector<unsigned, 4> scope;
    std::shared_ptr<const std::vector<uint16_t>> best;
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
    Question question;
    question.numStates = network.numStates[variable];
    for (unsigned other : step.scope)
      question.scopeStates.push_back(network.numStates[other]);
    for (size_t index : factorsOf[variable]) {
      const Factor &factor = pool[index];
      Part part{factor.table, llvm::SmallVector<uint32_t, 4>(step.scope.size(), 0), 0};
      uint32_t stride = 1;
      for (unsigned other : llvm::reverse(factor.scope)) {
        if (other == variable)
          part.own = stride;
        else
          part.strides[llvm::find(step.scope, other) - step.scope.begin()] = stride;
        stride *= network.numStates[other];
      }
      question.parts.push_back(std::move(part));
    }
    const Answer &answer = network.store->eliminate(std::move(question));
    step.best = answer.best;
    Factor combined;
    combined.scope = step.scope;
    combined.table = answer.table;

    eliminated[variable] = true;
    for (size_t index : factorsOf[variable])
      for (unsigned other : pool[index].scope)
        if (other != variable)
          llvm::erase(factorsOf[other], index);
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

std::optional<CostNetwork::Solution> CostNetwork::solve(llvm::ArrayRef<Extra> extra) const {
  std::optional<std::vector<unsigned>> states = Elimination(*this, extra).run();
  if (!states)
    return std::nullopt;
  Solution solution{std::move(*states), 0};
  Cost sum = toCost(evaluate(solution.states));
  for (const Extra &cost : extra)
    sum = add(sum, store->get(cost.table)[solution.states[cost.variable]]);
  solution.cost = toMicroseconds(sum);
  return solution;
}

} // namespace tpo
