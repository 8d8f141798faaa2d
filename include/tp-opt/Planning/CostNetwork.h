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
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_COSTNETWORK_H
#define TP_OPT_PLANNING_COSTNETWORK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace tpo {

class CostNetwork {
public:
  /// Costs of this and more are impossible.
  static constexpr double kInfinity = 1e30;
  /// Elimination gives up beyond tables of this many entries.
  static constexpr uint64_t kMaxTable = uint64_t(1) << 24;

  /// A variable with states 0 .. numStates - 1.
  unsigned addVariable(unsigned numStates);
  void addCost(unsigned variable, llvm::function_ref<double(unsigned)> cost);
  /// The variables may be equal.
  void addCost(unsigned a, unsigned b, llvm::function_ref<double(unsigned, unsigned)> cost);

  struct Solution {
    std::vector<unsigned> states; ///< One per variable.
    double cost = 0;
  };
  /// The minimum; the first states win among equals, so the result does not
  /// depend on anything but the costs. None where a table would be too large.
  std::optional<Solution> solve() const;
  /// The sum of costs of an assignment.
  double evaluate(llvm::ArrayRef<unsigned> states) const;

  unsigned getNumVariables() const { return numStates.size(); }
  unsigned getNumStates(unsigned variable) const { return numStates[variable]; }

private:
  struct Factor {
    llvm::SmallVector<unsigned, 4> scope; ///< Ascending.
    std::vector<double> table;            ///< The first variable varies slowest.
  };
  class Elimination;

  std::vector<unsigned> numStates;
  std::vector<Factor> factors;
};

} // namespace tpo

#endif // TP_OPT_PLANNING_COSTNETWORK_H
