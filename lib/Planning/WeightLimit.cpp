//===- WeightLimit.cpp - Plans whose weights fit the devices --------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerClasses.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;

namespace tpo {

/// One cost per operation: what its weights take at `price` microseconds per byte.
std::vector<CostNetwork::Extra> Planner::priceWeights(double price) {
  std::vector<CostNetwork::Extra> costs;
  llvm::DenseMap<const OpClass *, CostNetwork::Table> tables;
  for (Operation *op : ops) {
    const OpClass &made = classOf(op);
    if (llvm::all_of(made.weightBytes, [](double bytes) { return bytes == 0; }))
      continue;
    auto [entry, isNew] = tables.try_emplace(&made);
    if (isNew)
      entry->second =
          network.makeTable(made.weightBytes.size(), [&](unsigned state) { return price * made.weightBytes[state]; });
    costs.push_back({variableOf.lookup(op), entry->second});
  }
  return costs;
}

FailureOr<Plan> Planner::solveWithin(double maxWeightBytes) {
  FailureOr<Plan> plan = solve();
  if (failed(plan) || plan->total.weightBytes <= maxWeightBytes)
    return plan;
  // A price at which a megabyte outweighs any time.
  constexpr double kHighest = 1;
  constexpr int kRounds = 20;
  FailureOr<Plan> best = solve(priceWeights(kHighest));
  if (failed(best))
    return failure();
  if (best->total.weightBytes > maxWeightBytes)
    return function.emitError() << "the weights of a rank take at least "
                                << llvm::formatv("{0:F2}", best->total.weightBytes / 1e6).str() << " MB on "
                                << mesh.getNumDevices() << " devices, and may take "
                                << llvm::formatv("{0:F2}", maxWeightBytes / 1e6).str();
  // In logarithms: prices lie orders of magnitude apart.
  double low = 1e-12, high = kHighest;
  for (int round = 0; round < kRounds && high / low > 1.01; ++round) {
    double price = std::sqrt(low * high);
    FailureOr<Plan> next = solve(priceWeights(price));
    if (failed(next))
      return failure();
    if (next->total.weightBytes <= maxWeightBytes) {
      best = std::move(next);
      high = price;
    } else {
      low = price;
    }
  }
  return best;
}

} // namespace tpo
