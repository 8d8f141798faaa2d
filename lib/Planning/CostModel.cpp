//===- CostModel.cpp - Modelled time of local work and reshards -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/CostModel.h"

#include "tp-opt/Planning/CostNetwork.h"

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

/// Multiply-adds of `op` on one device: contractions visit their whole loop
/// nest, everything else costs memory traffic only.
static double getFlops(Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                       ArrayRef<int64_t> symbols) {
  StringRef name = op->getName().stripDialect();
  if (name != "MatMul" && name != "Gemm" && name != "Attention")
    return 0;
  double product = 2;
  double widest = 1;
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    int64_t size = factor.size ? tp::evaluate(factor.size, symbols).value_or(1) : 1;
    int64_t shards = tp::getNumShards(assignment.factorAxes[index]);
    int64_t local = (size + shards - 1) / shards;
    product *= local;
    if (factor.kind == tp::FactorKind::Whole)
      widest = std::max<double>(widest, local);
  }
  // Attention's scores and values are two contractions sharing the other
  // factors; its two head dimensions are not multiplied with each other.
  return name == "Attention" ? 2 * product / widest : product;
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
    double flops = getFlops(op, rule, assignment, point.symbols);
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
