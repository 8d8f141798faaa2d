//===- Strategies.cpp - The ways to split one operation -------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Strategies.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpo {

namespace {

/// Cuts `factor` into `major` x rest in every dimension that has it. Returns
/// the major part's index (the factor keeps being the minor part).
unsigned cutFactor(tp::ShardingRule &rule, unsigned factor, int64_t major) {
  tp::Factor part = rule.factors[factor];
  int64_t size = *tp::getConst(part.size);
  MLIRContext *context = part.size.getContext();
  part.size = getAffineConstantExpr(major, context);
  rule.factors[factor].size = getAffineConstantExpr(size / major, context);
  unsigned index = rule.factors.size();
  rule.factors.push_back(part);
  auto cut = [&](SmallVectorImpl<tp::TensorFactors> &tensors) {
    for (tp::TensorFactors &tensor : tensors)
      for (tp::DimFactors &dim : tensor)
        if (auto position = llvm::find(dim, factor); position != dim.end())
          dim.insert(position, index);
  };
  cut(rule.operands);
  cut(rule.results);
  return index;
}

/// The product of the constant factors in front of `factor` in a dimension.
std::optional<int64_t> majorProduct(const tp::ShardingRule &rule, const tp::DimFactors &dim, unsigned factor) {
  int64_t product = 1;
  for (unsigned other : dim) {
    if (other == factor)
      return product;
    std::optional<int64_t> size = tp::getConst(rule.factors[other].size);
    if (!size)
      return std::nullopt;
    product *= *size;
  }
  return std::nullopt;
}

class Enumerator {
public:
  Enumerator(Operation *op, const tp::ShardingRule &rule, const SplittableDims &splittable, const tp::Mesh &mesh,
             PlannedAxes axes)
      : op(op), rule(rule), splittable(splittable), mesh(mesh), axes(axes), axis(axes.tensor.value_or(0)) {}

  std::vector<Strategy> run(bool withRows) {
    add(rule, tp::FactorAssignment(rule));
    if (int64_t devices = PlannedAxes::getSize(mesh, axes.tensor); devices > 1)
      splitTensors(devices, withRows);
    if (int64_t devices = PlannedAxes::getSize(mesh, axes.expert); devices > 1)
      splitExperts(devices);
    return std::move(strategies);
  }

private:
  void splitTensors(int64_t devices, bool withRows) {
    for (unsigned factor = 0; factor < rule.factors.size(); ++factor)
      if (canSplit(factor))
        splitFactor(factor, devices);
    for (unsigned group = 0; group < rule.linear.size(); ++group) {
      if (!isSumOfActivations(rule.linear[group]))
        continue;
      tp::FactorAssignment assignment(rule);
      assignment.linearAxes[group] = {tp::AxisRef::whole(mesh, axis)};
      add(rule, assignment);
    }
    if (std::optional<unsigned> rows = withRows ? splittable.getRows(op, rule) : std::nullopt)
      assign(rule, *rows, tp::AxisRef::whole(mesh, axis));
  }

  /// Everything so far, with experts divided or sums over them pending.
  void splitExperts(int64_t devices) {
    tp::AxisRef whole = tp::AxisRef::whole(mesh, *axes.expert);
    for (size_t state = 0, count = strategies.size(); state < count; ++state) {
      // Adding strategies moves them.
      Strategy base = strategies[state];
      for (unsigned factor = 0; factor < rule.factors.size(); ++factor) {
        // Not those of which a strategy splits parts already.
        if (!canSplitExperts(factor) || base.rule.factors[factor].size != rule.factors[factor].size)
          continue;
        tp::AxisRefs split = {whole};
        split.append(base.assignment.factorAxes[factor]);
        if (*tp::getConst(rule.factors[factor].size) < tp::getNumShards(split))
          continue;
        tp::FactorAssignment assignment = base.assignment;
        assignment.factorAxes[factor] = split;
        add(base.rule, assignment);
      }
      for (auto [group, linear] : llvm::enumerate(rule.linear)) {
        if (!isSumOfActivations(linear) || !splittable.passesExpertSums(op, linear))
          continue;
        tp::FactorAssignment assignment = base.assignment;
        assignment.linearAxes[group].insert(assignment.linearAxes[group].begin(), whole);
        add(base.rule, assignment);
      }
    }
  }

  /// A file has no partial sums of a weight.
  bool isSumOfActivations(const tp::LinearGroup &group) const {
    auto isWeight = [&](unsigned operand) { return isWeightExpression(op->getOperand(operand)); };
    return group.kind == tp::ReductionKind::Sum && llvm::none_of(group.operands, isWeight);
  }

  /// Whether there are parts of a known number.
  bool hasParts(unsigned factor) const {
    const tp::Factor &f = rule.factors[factor];
    return f.kind != tp::FactorKind::Whole && f.size && tp::getConst(f.size).value_or(1) > 1;
  }
  bool canSplitExperts(unsigned factor) const { return hasParts(factor) && splittable.isExpert(op, factor); }
  bool canSplit(unsigned factor) const { return hasParts(factor) && splittable.isSplittable(op, factor); }

  void splitFactor(unsigned factor, int64_t devices) {
    int64_t size = *tp::getConst(rule.factors[factor].size);
    tp::AxisRef whole = tp::AxisRef::whole(mesh, axis);
    if (size >= devices)
      assign(rule, factor, whole);
    for (int64_t sub : splittable.getSubAxisSizes(op, factor)) {
      if (size < sub)
        continue;
      tp::AxisRef major{axis, 1, sub}, minor{axis, sub, devices / sub};
      assign(rule, factor, major);
      for (unsigned other = 0; other < rule.factors.size(); ++other) {
        if (other == factor || !canSplit(other) || !follows(factor, other))
          continue;
        tp::FactorAssignment assignment(rule);
        assignment.factorAxes[factor] = {major};
        assignment.factorAxes[other] = {minor};
        add(rule, assignment);
      }
    }
    for (tp::AxisRef part : splittable.getDemandedParts())
      if (part.axis == axis && size >= part.size)
        assign(rule, factor, part);
    // Whole pieces where some neighbour needs them and devices do not divide
    // their number.
    for (int64_t units : splittable.getUnits(op, factor)) {
      tp::ShardingRule finer = rule;
      std::optional<int64_t> major = cutAt(finer, factor, units);
      if (!major)
        continue;
      unsigned part = cutFactor(finer, factor, *major);
      if (*major >= devices)
        assign(finer, part, whole);
      for (int64_t sub : splittable.getSubAxisSizes(op, factor))
        if (*major >= sub)
          assign(finer, part, {axis, 1, sub});
    }
  }

  /// Where `units` pieces of a dimension end inside of `factor`: how many of
  /// them the factor makes.
  static std::optional<int64_t> cutAt(const tp::ShardingRule &rule, unsigned factor, int64_t units) {
    int64_t size = *tp::getConst(rule.factors[factor].size);
    for (const auto *tensors : {&rule.results, &rule.operands})
      for (const tp::TensorFactors &tensor : *tensors)
        for (const tp::DimFactors &dim : tensor) {
          std::optional<int64_t> before = majorProduct(rule, dim, factor);
          if (!before || units % *before != 0)
            continue;
          int64_t major = units / *before;
          if (major > 1 && major < size && size % major == 0)
            return major;
        }
    return std::nullopt;
  }

  /// Whether `minor` comes directly after `major` in some dimension.
  bool follows(unsigned major, unsigned minor) const {
    for (const auto *tensors : {&rule.results, &rule.operands})
      for (const tp::TensorFactors &tensor : *tensors)
        for (const tp::DimFactors &dim : tensor)
          for (size_t i = 0; i + 1 < dim.size(); ++i)
            if (dim[i] == major && dim[i + 1] == minor)
              return true;
    return false;
  }

  void assign(const tp::ShardingRule &finer, unsigned factor, tp::AxisRef ref) {
    tp::FactorAssignment assignment(finer);
    assignment.factorAxes[factor] = {ref};
    add(finer, assignment);
  }

  void add(const tp::ShardingRule &finer, const tp::FactorAssignment &assignment) {
    FailureOr<tp::OpLayouts> layouts = tp::getLayouts(finer, assignment, mesh, nullptr);
    if (failed(layouts))
      return;
    Strategy strategy{finer, assignment, *layouts, {}, {}};
    for (const tp::Layout &layout : layouts->operands)
      strategy.operands.push_back(tp::toAttr(layout, mesh, op->getContext()));
    for (const tp::Layout &layout : layouts->results)
      strategy.results.push_back(tp::toAttr(layout, mesh, op->getContext()));
    for (const Strategy &known : strategies)
      if (known.operands == strategy.operands && known.results == strategy.results)
        return;
    strategies.push_back(std::move(strategy));
  }

  Operation *op;
  const tp::ShardingRule &rule;
  const SplittableDims &splittable;
  const tp::Mesh &mesh;
  PlannedAxes axes;
  unsigned axis; ///< The tensor-parallel one.
  std::vector<Strategy> strategies;
};

} // namespace

std::optional<SequenceParallelism> parseSequenceParallelism(StringRef text) {
  return llvm::StringSwitch<std::optional<SequenceParallelism>>(text)
      .Case("off", SequenceParallelism::Off)
      .Case("auto", SequenceParallelism::Auto)
      .Case("always", SequenceParallelism::Always)
      .Default(std::nullopt);
}

PlannedAxes PlannedAxes::find(const tp::Mesh &mesh) {
  PlannedAxes axes(mesh.findAxis("tp"), mesh.findAxis("ep"));
  for (std::optional<unsigned> *axis : {&axes.tensor, &axes.expert})
    if (getSize(mesh, *axis) == 1)
      axis->reset();
  return axes;
}

std::vector<Strategy> enumerateStrategies(Operation *op, const tp::ShardingRule &rule, const SplittableDims &splittable,
                                          const tp::Mesh &mesh, PlannedAxes axes, bool withRows) {
  return Enumerator(op, rule, splittable, mesh, axes).run(withRows);
}

Strategy getReplicatedStrategy(Operation *op, const tp::Mesh &mesh) {
  Strategy strategy;
  auto layoutOf = [](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return tp::Layout::replicated(type ? type.getRank() : 0);
  };
  for (Value operand : op->getOperands()) {
    strategy.layouts.operands.push_back(layoutOf(operand));
    strategy.operands.push_back(tp::toAttr(strategy.layouts.operands.back(), mesh, op->getContext()));
  }
  for (Value result : op->getResults()) {
    strategy.layouts.results.push_back(layoutOf(result));
    strategy.results.push_back(tp::toAttr(strategy.layouts.results.back(), mesh, op->getContext()));
  }
  return strategy;
}

} // namespace tpo
