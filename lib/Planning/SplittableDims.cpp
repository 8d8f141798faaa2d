//===- SplittableDims.cpp - Dimensions that tensor parallelism splits -----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Strategies.h"

#include "dialects/Tp/Tp.h"

#include <numeric>

using namespace mlir;

namespace tpo {

bool isWeightExpression(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<NoneType>(value.getType()))
    return false;
  if (isa<tp::WeightOp>(op))
    return true;
  StringRef name = op->getName().stripDialect();
  if (name != "Concat" && name != "Cast" && name != "Transpose" && name != "Reshape" && name != "DequantizeLinear")
    return false;
  unsigned tensors = name == "Concat" ? op->getNumOperands() : 1;
  return llvm::all_of(op->getOperands().take_front(tensors), isWeightExpression);
}

static bool hasFactor(const tp::TensorFactors &tensor, unsigned factor) {
  return llvm::any_of(tensor, [&](const tp::DimFactors &dim) { return llvm::is_contained(dim, factor); });
}

bool isContracted(Operation *op, const tp::ShardingRule &rule, unsigned operand) {
  if (op->getName().getDialectNamespace() == "onnx") {
    StringRef name = op->getName().stripDialect();
    return operand < 2 && (name == "MatMul" || name == "Gemm");
  }
  bool isShared = false, isKept = false;
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    if (!hasFactor(rule.operands[operand], index))
      continue;
    isKept |= factor.kind == tp::FactorKind::Parallel;
    if (factor.kind == tp::FactorKind::Reduction && factor.reduction == tp::ReductionKind::Sum)
      for (auto [other, tensor] : llvm::enumerate(rule.operands))
        isShared |= other != operand && hasFactor(tensor, index);
  }
  return isShared && isKept;
}

bool isContraction(Operation *op, const tp::ShardingRule &rule) {
  return llvm::any_of(llvm::seq<unsigned>(0, rule.operands.size()),
                      [&](unsigned operand) { return isContracted(op, rule, operand); });
}

unsigned SplittableDims::node(Value value, unsigned dim) {
  auto [entry, isNew] = nodes.try_emplace({value.getAsOpaquePointer(), dim}, parent.size());
  if (isNew)
    parent.push_back(parent.size());
  return entry->second;
}

/// Factors of an operation have their own numbers, away from those of values.
static std::pair<void *, unsigned> getFactorKey(Operation *op, unsigned factor) { return {op, (1u << 30) + factor}; }

unsigned SplittableDims::node(Operation *op, unsigned factor) {
  auto [entry, isNew] = nodes.try_emplace(getFactorKey(op, factor), parent.size());
  if (isNew)
    parent.push_back(parent.size());
  return entry->second;
}

/// None for a factor that no dimension has.
std::optional<unsigned> SplittableDims::findClass(Operation *op, unsigned factor) const {
  auto found = nodes.find(getFactorKey(op, factor));
  return found == nodes.end() ? std::nullopt : std::optional(find(found->second));
}

unsigned SplittableDims::find(unsigned node) const {
  while (parent[node] != node)
    node = parent[node] = parent[parent[node]];
  return node;
}

void SplittableDims::unite(unsigned a, unsigned b) { parent[find(a)] = find(b); }

static void forEachDim(Operation *op, const tp::ShardingRule &rule,
                       llvm::function_ref<void(Value, unsigned, const tp::DimFactors &)> visit) {
  for (auto [value, tensor] : llvm::zip(op->getOperands(), rule.operands))
    for (auto [dim, factors] : llvm::enumerate(tensor))
      visit(value, dim, factors);
  for (auto [value, tensor] : llvm::zip(op->getResults(), rule.results))
    for (auto [dim, factors] : llvm::enumerate(tensor))
      visit(value, dim, factors);
}

SplittableDims::SplittableDims(func::FuncOp function, const RuleMap &rules, int64_t devices,
                               DemandedSplits demandedSplits, ArrayRef<int64_t> symbols)
    : demanded(std::move(demandedSplits)), symbols(symbols) {
  function.walk([&](Operation *op) {
    auto rule = rules.find(op);
    if (rule == rules.end())
      return;
    forEachDim(op, *rule->second, [&](Value value, unsigned dim, const tp::DimFactors &factors) {
      for (unsigned factor : factors)
        unite(node(op, factor), node(value, dim));
    });
  });
  function.walk([&](Operation *op) {
    auto rule = rules.find(op);
    if (rule == rules.end())
      return;
    seed(op, *rule->second);
    collectUnits(op, *rule->second, devices);
  });
  for (auto [value, dim] : demanded.dims)
    seeded.insert(find(node(value, dim)));
  findExperts(function, rules);
  findRows(function, rules);
}

int64_t SplittableDims::getSize(const tp::Factor &factor) const {
  return factor.size ? tp::evaluate(factor.size, symbols).value_or(1) : 1;
}

/// Matrices of a weight that a lookup chooses among, if products read what it finds.
static bool looksUpMatrices(Operation *op) {
  if (op->getName().stripDialect() != "Gather" || !isWeightExpression(op->getOperand(0)))
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  if (!type || type.getRank() < 3)
    return false;
  Value found = op->getResult(0);
  while (found.hasOneUse()) {
    Operation *user = *found.user_begin();
    StringRef name = user->getName().stripDialect();
    if (name == "MatMul")
      return true;
    if (name != "Cast" && name != "Transpose" && name != "DequantizeLinear")
      return false;
    found = user->getResult(0);
  }
  return false;
}

void SplittableDims::seedExperts(Operation *op, const tp::ShardingRule &rule) {
  auto add = [&](unsigned factor) {
    if (rule.factors[factor].kind == tp::FactorKind::Whole)
      return;
    experts.insert(find(node(op, factor)));
    numExperts = std::max(numExperts, tp::getConst(rule.factors[factor].size).value_or(1));
  };
  if (looksUpMatrices(op))
    for (unsigned factor : rule.operands[0][0])
      add(factor);
  for (auto [index, factor] : llvm::enumerate(rule.factors))
    if (factor.role == tp::FactorRole::Expert)
      add(index);
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand) {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(operand).getType());
    if (!type || type.getRank() < 3 || !isContracted(op, rule, operand) || !isWeightExpression(op->getOperand(operand)))
      continue;
    // Columns are in the result too, but in no other operand; of operators whose
    // matrices are the last two dimensions operands may broadcast along experts.
    bool isOnnx = op->getName().getDialectNamespace() == "onnx";
    auto isShared = [&](unsigned factor) {
      return llvm::any_of(llvm::enumerate(rule.operands), [&](const auto &other) {
        return other.index() != operand && hasFactor(other.value(), factor);
      });
    };
    for (const tp::DimFactors &dim : ArrayRef(rule.operands[operand]).drop_back(isOnnx ? 2 : 0))
      for (unsigned factor : dim)
        if (hasFactor(rule.results[0], factor) && (isOnnx || isShared(factor)))
          add(factor);
  }
}

void SplittableDims::findExperts(func::FuncOp function, const RuleMap &rules) {
  auto forEachRule = [&](llvm::function_ref<void(Operation *, const tp::ShardingRule &)> visit) {
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (auto rule = rules.find(op); rule != rules.end())
        visit(op, *rule->second);
    });
  };
  forEachRule([&](Operation *op, const tp::ShardingRule &rule) { seedExperts(op, rule); });
  if (experts.empty() && demanded.expertDims.empty())
    return;
  // A matrix per head is no expert.
  forEachRule([&](Operation *op, const tp::ShardingRule &rule) {
    for (auto [index, factor] : llvm::enumerate(rule.factors))
      if (factor.role == tp::FactorRole::Heads)
        experts.erase(find(node(op, index)));
  });
  if (experts.empty())
    numExperts = 1;
  for (auto [value, dim] : demanded.expertDims)
    experts.insert(find(node(value, dim)));
  forEachRule([&](Operation *op, const tp::ShardingRule &rule) {
    bool makesSum = false;
    for (auto [index, factor] : llvm::enumerate(rule.factors))
      makesSum |= factor.kind == tp::FactorKind::Reduction && isExpert(op, index);
    for (const tp::LinearGroup &group : rule.linear)
      makesSum |= group.kind == tp::ReductionKind::Sum && passesExpertSums(op, group);
    if (makesSum)
      expertSums.insert(op->result_begin(), op->result_end());
  });
}

bool SplittableDims::isExpert(Operation *op, unsigned factor) const {
  std::optional<unsigned> dims = findClass(op, factor);
  return dims && experts.contains(*dims);
}

bool SplittableDims::passesExpertSums(Operation *op, const tp::LinearGroup &group) const {
  return llvm::any_of(group.operands, [&](unsigned operand) { return expertSums.contains(op->getOperand(operand)); });
}

/// Of the dimensions that only the activation of a product with a weight has,
/// the one that is largest.
void SplittableDims::findRows(func::FuncOp function, const RuleMap &rules) {
  int64_t largest = 1;
  function.walk([&](Operation *op) {
    auto rule = rules.find(op);
    if (rule == rules.end())
      return;
    for (unsigned weight = 0; weight < op->getNumOperands(); ++weight) {
      if (!isContracted(op, *rule->second, weight) || !isWeightExpression(op->getOperand(weight)))
        continue;
      for (auto [index, factor] : llvm::enumerate(rule->second->factors)) {
        unsigned component = find(node(op, index));
        if (factor.kind != tp::FactorKind::Parallel || hasFactor(rule->second->operands[weight], index) ||
            seeded.contains(component) || getSize(factor) <= largest)
          continue;
        largest = getSize(factor);
        rows = component;
      }
    }
  });
}

std::optional<unsigned> SplittableDims::getRows(Operation *op, const tp::ShardingRule &rule) const {
  // Who reads a weight divides that; attention divides its heads.
  bool isLookup = op->getName().stripDialect() == "Gather" && isWeightExpression(op->getOperand(0));
  if (!rows || isContraction(op, rule) || isLookup || op->getName().stripDialect() == "Attention")
    return std::nullopt;
  std::optional<unsigned> widest;
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    if (findClass(op, index) != rows || factor.kind != tp::FactorKind::Parallel ||
        factor.even || !factor.size || (widest && getSize(factor) <= getSize(rule.factors[*widest])))
      continue;
    widest = index;
  }
  return widest;
}

/// Contractions with a weight and lookups in one divide it; attention divides
/// its heads.
void SplittableDims::seed(Operation *op, const tp::ShardingRule &rule) {
  StringRef name = op->getName().stripDialect();
  auto seedOperand = [&](unsigned operand) {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(operand).getType());
    if (!type || !isa<FloatType>(type.getElementType()) || type.getRank() < 2 ||
        !isWeightExpression(op->getOperand(operand)))
      return;
    for (const tp::DimFactors &dim : rule.operands[operand])
      for (unsigned factor : dim)
        seeded.insert(find(node(op, factor)));
  };
  if (isContraction(op, rule)) {
    for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
      if (isContracted(op, rule, operand))
        seedOperand(operand);
  } else if (name == "Conv" || name == "ConvTranspose") {
    seedOperand(1);
  } else if (name == "Gather") {
    seedOperand(0);
  }
  for (auto [index, factor] : llvm::enumerate(rule.factors))
    if (factor.role == tp::FactorRole::Heads || factor.role == tp::FactorRole::Expert)
      seeded.insert(find(node(op, index)));
}

void SplittableDims::collectUnits(Operation *op, const tp::ShardingRule &rule, int64_t devices) {
  forEachDim(op, rule, [&](Value value, unsigned dim, const tp::DimFactors &factors) {
    int64_t pieces = 1;
    for (auto [position, factor] : llvm::enumerate(factors)) {
      std::optional<int64_t> size = tp::getConst(rule.factors[factor].size);
      if (!size)
        return;
      pieces *= *size;
      bool isHeads = rule.factors[factor].role == tp::FactorRole::Heads;
      if (pieces == 1 || (position + 1 == factors.size() && !isHeads))
        continue;
      // Devices divide it: a plain split cuts between pieces.
      if (pieces % devices != 0)
        units[find(node(value, dim))].insert(pieces);
      int64_t common = std::gcd(pieces, devices);
      if (isHeads && common > 1 && common < devices)
        subAxisSizes[find(node(value, dim))].insert(common);
    }
  });
}

bool SplittableDims::isSplittable(Operation *op, unsigned factor) const {
  std::optional<unsigned> dims = findClass(op, factor);
  return dims && seeded.contains(*dims);
}

ArrayRef<int64_t> SplittableDims::lookup(const Numbers &numbers, Operation *op, unsigned factor) const {
  std::optional<unsigned> dims = findClass(op, factor);
  auto known = dims ? numbers.find(*dims) : numbers.end();
  return known == numbers.end() ? ArrayRef<int64_t>() : known->second.getArrayRef();
}

ArrayRef<int64_t> SplittableDims::getUnits(Operation *op, unsigned factor) const { return lookup(units, op, factor); }

ArrayRef<int64_t> SplittableDims::getSubAxisSizes(Operation *op, unsigned factor) const {
  return lookup(subAxisSizes, op, factor);
}

} // namespace tpo
