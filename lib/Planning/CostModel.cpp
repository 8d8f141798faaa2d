//===- CostModel.cpp - Modelled time of local work and reshards -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/CostModel.h"

#include "tp-opt/Planning/CostNetwork.h"
#include "tp-opt/Planning/Strategies.h"

using namespace mlir;

namespace tpo {

SmallVector<int64_t> getShapeAt(RankedTensorType type, ArrayRef<int64_t> symbols) {
  SmallVector<int64_t> shape;
  for (AffineExpr dim : tp::getDims(type))
    shape.push_back(dim ? tp::evaluate(dim, symbols).value_or(1) : 1);
  return shape;
}

int64_t getElementBits(Type elementType) {
  unsigned bits = elementType.isIntOrFloat() ? elementType.getIntOrFloatBitWidth() : 64;
  return bits == 1 ? 8 : bits;
}

/// Scores and values of attention: each local element of query and result
/// meets every key.
static double getAttentionFlops(Operation *op, const tp::OpLayouts &layouts, ArrayRef<int64_t> symbols) {
  auto elements = [&](Value value, const tp::Layout &layout) -> double {
    auto type = cast<RankedTensorType>(value.getType());
    return tp::getMaxLocalElements(layout, getShapeAt(type, symbols), symbols);
  };
  // Keys are [batch, heads, time, size] or [batch, time, heads * size], and come
  // in front of them from a cache.
  double keys = 0;
  for (unsigned operand : {1, 4})
    if (operand < op->getNumOperands())
      if (auto type = dyn_cast<RankedTensorType>(op->getOperand(operand).getType()); type && type.getRank() >= 3)
        keys += getShapeAt(type, symbols)[type.getRank() - 2];
  return 2 * keys * (elements(op->getOperand(0), layouts.operands[0]) + elements(op->getResult(0), layouts.results[0]));
}

/// Multiply-adds of `op` on one device, each two: contractions visit their whole
/// loop nest, everything else costs memory traffic only.
static double getFlops(Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                       const tp::OpLayouts &layouts, ArrayRef<int64_t> symbols) {
  StringRef name = op->getName().stripDialect();
  if (name == "Attention")
    return getAttentionFlops(op, layouts, symbols);
  if (!isContraction(op, rule))
    return 0;
  double product = 2;
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    int64_t size = factor.size ? tp::evaluate(factor.size, symbols).value_or(1) : 1;
    int64_t shards = tp::getNumShards(assignment.factorAxes[index]);
    product *= (size + shards - 1) / shards;
  }
  return product;
}

PointTimes CostModel::getTimes(Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                               const tp::OpLayouts &layouts) const {
  PointTimes times;
  for (const OperatingPoint &point : points) {
    double bytes = 0;
    auto count = [&](Value value, const tp::Layout &layout) {
      if (auto type = dyn_cast<RankedTensorType>(value.getType()))
        bytes += tp::getMaxLocalElements(layout, getShapeAt(type, point.symbols), point.symbols) *
                 getElementBits(type.getElementType()) / 8.0;
    };
    for (auto [value, layout] : llvm::zip(op->getOperands(), layouts.operands))
      count(value, layout);
    for (auto [value, layout] : llvm::zip(op->getResults(), layouts.results))
      count(value, layout);
    double flops = getFlops(op, rule, assignment, layouts, point.symbols);
    times.push_back(device.launchMicroseconds +
                    std::max(flops / device.flopsPerMicrosecond, bytes / device.bytesPerMicrosecond));
  }
  return times;
}

double CostModel::weigh(ArrayRef<double> times) const {
  double total = 0;
  for (auto [time, point] : llvm::zip_equal(times, points))
    total += point.weight * time;
  return total;
}

const std::optional<PointTimes> &CostModel::getReshardTimes(RankedTensorType type, tp::LayoutAttr from,
                                                            tp::LayoutAttr to) {
  auto [entry, isNew] = reshards.try_emplace({type, from, to});
  if (!isNew)
    return entry->second;
  auto source = tp::resolveLayout(from, mesh, nullptr), target = tp::resolveLayout(to, mesh, nullptr);
  if (failed(source) || failed(target))
    return entry->second;
  auto steps = tp::planReshard(mesh, tp::getDims(type), *source, *target, nullptr);
  if (failed(steps))
    return entry->second;
  PointTimes times;
  for (const OperatingPoint &point : points)
    times.push_back(tp::getCost(*steps, mesh, getShapeAt(type, point.symbols), getElementBits(type.getElementType()),
                                point.symbols)
                        .microseconds);
  return entry->second = std::move(times);
}

double CostModel::getReshardTime(RankedTensorType type, tp::LayoutAttr from, tp::LayoutAttr to) {
  if (from == to)
    return 0;
  const std::optional<PointTimes> &times = getReshardTimes(type, from, to);
  return times ? weigh(*times) : CostNetwork::kInfinity;
}

} // namespace tpo
