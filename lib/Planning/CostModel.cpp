//===- CostModel.cpp - Modelled time of local work and reshards -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/CostModel.h"

#include "tp-opt/Planning/CostNetwork.h"
#include "tp-opt/Planning/Execution.h"
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

/// A convolution's, on one device: every element of the result meets one filter.
static double getConvFlops(Operation *op, const tp::FactorAssignment &assignment, ArrayRef<int64_t> symbols) {
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto filters = dyn_cast<RankedTensorType>(op->getOperand(1).getType());
  if (!result || !filters || filters.getRank() == 0)
    return 0;
  double product = 2;
  for (int64_t size : getShapeAt(result, symbols))
    product *= size;
  SmallVector<int64_t> filterSizes = getShapeAt(filters, symbols);
  for (int64_t size : llvm::drop_begin(filterSizes))
    product *= size;
  for (const tp::AxisRefs &axes : assignment.factorAxes)
    product /= tp::getNumShards(axes);
  return product;
}

/// Multiply-adds of `op` on one device, each two: contractions visit their whole
/// loop nest, everything else costs memory traffic only.
static double getFlops(Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                       const tp::OpLayouts &layouts, ArrayRef<int64_t> symbols) {
  StringRef name = op->getName().stripDialect();
  if (name == "Attention")
    return getAttentionFlops(op, layouts, symbols);
  if (name == "Conv")
    return getConvFlops(op, assignment, symbols);
  if (!isContraction(op, rule) && name != "MatMulInteger" && name != "Einsum")
    return 0;
  double product = 2;
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    int64_t size = factor.size ? tp::evaluate(factor.size, symbols).value_or(1) : 1;
    int64_t shards = tp::getNumShards(assignment.factorAxes[index]);
    product *= static_cast<double>(size / shards + (size % shards != 0));
  }
  return product;
}

StringRef getName(ArithmeticType type) {
  static constexpr StringLiteral names[] = {"f32", "f16", "bf16", "fp8", "int8", "int4", "f64"};
  static_assert(std::size(names) == kNumArithmeticTypes);
  return names[static_cast<unsigned>(type)];
}

ArithmeticType getArithmeticType(Type elementType) {
  if (elementType.isF64())
    return ArithmeticType::F64;
  if (elementType.isF16())
    return ArithmeticType::F16;
  if (elementType.isBF16())
    return ArithmeticType::BF16;
  if (!elementType.isIntOrFloat())
    return ArithmeticType::F32;
  unsigned bits = elementType.getIntOrFloatBitWidth();
  if (isa<FloatType>(elementType))
    return bits <= 8 ? ArithmeticType::FP8 : ArithmeticType::F32;
  return bits <= 4 ? ArithmeticType::Int4 : bits <= 8 ? ArithmeticType::Int8 : ArithmeticType::F32;
}

double DeviceModel::getFlopsPerMicrosecond(ArithmeticType type) const {
  auto speed = [&](ArithmeticType known) { return flopsPerMicrosecond[static_cast<unsigned>(known)]; };
  if (speed(type) > 0)
    return speed(type);
  switch (type) {
  case ArithmeticType::Int4:
    return getFlopsPerMicrosecond(ArithmeticType::Int8);
  case ArithmeticType::FP8:
  case ArithmeticType::Int8:
    return getFlopsPerMicrosecond(ArithmeticType::BF16);
  case ArithmeticType::BF16:
    return std::max(speed(ArithmeticType::F16), speed(ArithmeticType::F32));
  case ArithmeticType::F16:
    return std::max(speed(ArithmeticType::BF16), speed(ArithmeticType::F32));
  case ArithmeticType::F64:
    return speed(ArithmeticType::F32) / 2;
  case ArithmeticType::F32:
    break;
  }
  return speed(ArithmeticType::F32);
}

/// That of the left operand: weights are converted to it before they meet.
static ArithmeticType getArithmeticType(Operation *op) {
  auto type = op->getNumOperands() ? dyn_cast<RankedTensorType>(op->getOperand(0).getType()) : nullptr;
  return type ? getArithmeticType(type.getElementType()) : ArithmeticType::F32;
}

PointTimes CostModel::getTimes(Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                               const tp::OpLayouts &layouts) const {
  PointTimes times;
  Execution execution = getExecution(op);
  double speed = device.getFlopsPerMicrosecond(getArithmeticType(op));
  for (const OperatingPoint &point : points) {
    auto getBytes = [&](Value value, const tp::Layout &layout) -> double {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return type ? tp::getMaxLocalElements(layout, getShapeAt(type, point.symbols), point.symbols) *
                        getElementBits(type.getElementType()) / 8.0
                  : 0;
    };
    double read = 0, written = 0;
    for (auto [value, layout, traffic] : llvm::zip(op->getOperands(), layouts.operands, execution.operands)) {
      if (traffic == Traffic::Whole)
        read += getBytes(value, layout);
      else if (traffic == Traffic::AsResult)
        read += getBytes(op->getResult(0), layouts.results[0]);
    }
    for (auto [value, layout, traffic] : llvm::zip(op->getResults(), layouts.results, execution.results)) {
      if (traffic == Traffic::Whole)
        written += getBytes(value, layout);
      else if (traffic == Traffic::AsRead)
        written += read;
    }
    double flops = getFlops(op, rule, assignment, layouts, point.symbols);
    times.push_back((execution.launches ? device.launchMicroseconds : 0) +
                    std::max(flops / speed, (read + written) / device.bytesPerMicrosecond));
  }
  return times;
}

CostModel CostModel::at(unsigned point) const {
  CostModel model = *this;
  for (auto [index, other] : llvm::enumerate(model.points))
    other.weight = index == point;
  return model;
}

double CostModel::weigh(ArrayRef<double> times) const {
  double total = 0;
  for (auto [time, point] : llvm::zip_equal(times, points))
    total += point.weight * time;
  return total;
}

double CostModel::getTime(ArrayRef<tp::ReshardStep> steps, ArrayRef<int64_t> shape, int64_t elementBits,
                          ArrayRef<int64_t> symbols) const {
  if (!collectives)
    return tp::getCost(steps, mesh, shape, elementBits, symbols).microseconds;
  auto getBytes = [&](const tp::Layout &layout) -> int64_t {
    return llvm::divideCeil(tp::getMaxLocalElements(layout, shape, symbols) * elementBits, 8);
  };
  double total = 0;
  for (const tp::ReshardStep &step : steps)
    total += collectives(step.collective, getBytes(step.in), getBytes(step.out));
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
    times.push_back(
        getTime(*steps, getShapeAt(type, point.symbols), getElementBits(type.getElementType()), point.symbols));
  return entry->second = std::move(times);
}

double CostModel::getReshardTime(RankedTensorType type, tp::LayoutAttr from, tp::LayoutAttr to) {
  if (from == to)
    return 0;
  const std::optional<PointTimes> &times = getReshardTimes(type, from, to);
  return times ? weigh(*times) : CostNetwork::kInfinity;
}

} // namespace tpo
