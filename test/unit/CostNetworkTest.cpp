//===- CostNetworkTest.cpp - Elimination against brute force --------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/CostNetwork.h"

#include "gtest/gtest.h"

#include <random>

using tpo::CostNetwork;

namespace {

double bruteForce(const CostNetwork &network) {
  std::vector<unsigned> states(network.getNumVariables(), 0);
  double best = 2 * CostNetwork::kInfinity;
  while (true) {
    best = std::min(best, network.evaluate(states));
    size_t v = 0;
    while (v < states.size() && ++states[v] == network.getNumStates(v))
      states[v++] = 0;
    if (v == states.size())
      return best;
  }
}

TEST(CostNetwork, EqualsBruteForce) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    CostNetwork network;
    unsigned variables = 1 + random() % 7;
    for (unsigned v = 0; v < variables; ++v)
      network.addVariable(1 + random() % 4);
    for (unsigned v = 0; v < variables; ++v)
      network.addCost(v, [&](unsigned) { return random() % 100; });
    for (unsigned edge = 0; edge < variables * 2; ++edge)
      network.addCost(random() % variables, random() % variables, [&](unsigned, unsigned) {
        return random() % 8 == 0 ? CostNetwork::kInfinity : random() % 100;
      });
    auto solution = network.solve();
    ASSERT_TRUE(solution);
    EXPECT_DOUBLE_EQ(solution->cost, bruteForce(network));
  }
}

TEST(CostNetwork, LongChainsAreLinear) {
  CostNetwork network;
  for (unsigned v = 0; v < 20000; ++v)
    network.addVariable(6);
  for (unsigned v = 0; v + 1 < 20000; ++v)
    network.addCost(v, v + 1, [&](unsigned a, unsigned b) { return a == b ? 1 : 2; });
  auto solution = network.solve();
  ASSERT_TRUE(solution);
  EXPECT_DOUBLE_EQ(solution->cost, 19999);
}

TEST(CostNetwork, RefusesTablesThatAreTooLarge) {
  CostNetwork network;
  for (unsigned v = 0; v < 12; ++v)
    network.addVariable(16);
  for (unsigned a = 0; a < 12; ++a)
    for (unsigned b = 0; b < a; ++b)
      network.addCost(a, b, [](unsigned, unsigned) { return 0; });
  EXPECT_FALSE(network.solve());
}

} // namespace
