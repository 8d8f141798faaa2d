//===- CostNetwork.h - Exact minimum of a sum of local costs ----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan is an assignment of states to variables that minimises a sum of costs,
// each of one or two variables. Where the graph of variables that share a cost
// is narrow (a chain of layers), eliminating variables one after the other finds
// the true minimum: min-sum bucket elimination (Dechter, "Bucket elimination: A
// unifying framework for reasoning", 1999) in a greedy smallest-table order.
//
// Costs are integers (picoseconds) and tables of equal content are one table. An
// elimination over the same tables is done once and remembered, so a model of 80
// equal layers costs the arithmetic of the few that differ: behind the first
// layers the tables that are handed on repeat themselves but for a constant,
// which is left out.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_COSTNETWORK_H
#define TP_OPT_PLANNING_COSTNETWORK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace tpo {

class CostNetwork {
public:
  /// Costs of this and more are impossible.
  static constexpr double kInfinity = 1e30;
  /// Elimination gives up beyond tables of this many entries.
  static constexpr uint64_t kMaxTable = uint64_t(1) << 24;

  /// Costs of the states of one or two variables, independent of which.
  using Table = unsigned;

  CostNetwork();
  ~CostNetwork();
  CostNetwork(CostNetwork &&);

  /// A variable with states 0 .. numStates - 1.
  unsigned addVariable(unsigned numStates);

  /// Tables in microseconds, each at least 0. Equal ones are one.
  Table makeTable(unsigned numStates, llvm::function_ref<double(unsigned)> cost);
  Table makeTable(unsigned numStatesA, unsigned numStatesB, llvm::function_ref<double(unsigned, unsigned)> cost);
  void addCost(unsigned variable, Table table);
  /// The table's first states are those of `a`; the variables may be equal.
  void addCost(unsigned a, unsigned b, Table table);
  void addCost(unsigned variable, llvm::function_ref<double(unsigned)> cost);
  void addCost(unsigned a, unsigned b, llvm::function_ref<double(unsigned, unsigned)> cost);

  struct Solution {
    std::vector<unsigned> states; ///< One per variable.
    double cost = 0;
  };
  /// A cost that counts in one call of `solve` only.
  struct Extra {
    unsigned variable;
    Table table;
  };
  /// The minimum; the first states win among equals, so the result does not
  /// depend on anything but the costs. None where a table would be too large.
  /// Not safe to call from several threads: what was computed is kept.
  std::optional<Solution> solve(llvm::ArrayRef<Extra> extra = {}) const;
  /// The sum of costs of an assignment; at most kInfinity.
  double evaluate(llvm::ArrayRef<unsigned> states) const;

  /// The network as JSON, for other solvers: {"states": [n, ...], "tables":
  /// [[microseconds, ...], ...], "costs": [{"scope": [variable, ...], "table": t},
  /// ...]}; a scope's first variable varies slowest, null is impossible.
  void print(llvm::raw_ostream &os) const;

  unsigned getNumVariables() const { return numStates.size(); }
  unsigned getNumStates(unsigned variable) const { return numStates[variable]; }
  /// Eliminations that had to be computed so far, of all that were asked for.
  struct Statistics {
    uint64_t computed = 0, asked = 0;
  };
  Statistics getStatistics() const;

private:
  struct Factor {
    llvm::SmallVector<unsigned, 4> scope;
    Table table; ///< The scope's first variable varies slowest.
  };
  class Store;
  class Elimination;

  std::vector<unsigned> numStates;
  std::vector<Factor> factors;
  std::unique_ptr<Store> store;
};

} // namespace tpo

#endif // TP_OPT_PLANNING_COSTNETWORK_H
