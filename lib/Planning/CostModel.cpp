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

double CostModel::getTime(Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                          const tp::OpLayouts &layouts) const {
  double total = 0;
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
    total += point.weight * (device.launchMicroseconds + std::max(flops / device.flopsPerMicrosecond,
                                                                  bytes / device.bytesPerMicrosecond));
  }
  return total;
}

double CostModel::getReshardTime(RankedTensorType type, tp::LayoutAttr from, tp::LayoutAttr to) {
  if (from == to)
    return 0;
  auto [entry, isNew] = reshards.try_emplace({type, from, to}, CostNetwork::kInfinity);
  if (!isNew)
    return entry->second;
  auto source = tp::resolveLayout(from, mesh, nullptr), target = tp::resolveLayout(to, mesh, nullptr);
  if (failed(source) || failed(target))
    return entry->second;
  auto steps = tp::planReshard(mesh, tp::getDims(type), *source, *target, nullptr);
  if (failed(steps))
    return entry->second;
  double total = 0;
  for (const OperatingPoint &point : points)
    total += point.weight * tp::getCost(*steps, mesh, getShapeAt(type, point.symbols),
                                        getElementBits(type.getElementType()), point.symbols)
                                .microseconds;
  return entry->second = total;
}

} // namespace tpo
