//===- ShardingRuleBuilder.cpp - Writing sharding rules -------------------===//

#include "dialects/Tp/ShardingRule.h"

#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Operation.h"

using namespace mlir;

namespace tpo::tp {

static unsigned getRank(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped && shaped.hasRank() ? shaped.getRank() : 0;
}

ShardingRuleBuilder::ShardingRuleBuilder(Operation *op) : op(op) {
  for (Type type : op->getOperandTypes())
    rule.operands.emplace_back(getRank(type));
  for (Type type : op->getResultTypes())
    rule.results.emplace_back(getRank(type));
}

unsigned ShardingRuleBuilder::add(FactorKind kind, AffineExpr size,
                                  FactorRole role, ReductionKind reduction) {
  rule.factors.push_back({kind, reduction, size, role});
  return rule.factors.size() - 1;
}

unsigned ShardingRuleBuilder::parallel(AffineExpr size, FactorRole role) {
  return add(FactorKind::Parallel, size, role);
}

unsigned ShardingRuleBuilder::parallel(int64_t size, FactorRole role) {
  return parallel(getAffineConstantExpr(size, op->getContext()), role);
}

unsigned ShardingRuleBuilder::reduction(AffineExpr size, ReductionKind kind,
                                        FactorRole role) {
  return add(FactorKind::Reduction, size, role, kind);
}

unsigned ShardingRuleBuilder::whole(AffineExpr size, FactorRole role) {
  return add(FactorKind::Whole, size, role);
}

unsigned ShardingRuleBuilder::whole(int64_t size, FactorRole role) {
  return whole(getAffineConstantExpr(size, op->getContext()), role);
}

void ShardingRuleBuilder::setKind(unsigned factor, FactorKind kind,
                                  ReductionKind reduction) {
  rule.factors[factor].kind = kind;
  rule.factors[factor].reduction = reduction;
}

void ShardingRuleBuilder::mapOperand(unsigned operand,
                                     ArrayRef<DimFactors> dims) {
  rule.operands[operand].assign(dims.begin(), dims.end());
}

void ShardingRuleBuilder::mapResult(unsigned result,
                                    ArrayRef<DimFactors> dims) {
  rule.results[result].assign(dims.begin(), dims.end());
}

void ShardingRuleBuilder::mapOperandDim(unsigned operand, unsigned dim,
                                        const DimFactors &factors) {
  rule.operands[operand][dim] = factors;
}

void ShardingRuleBuilder::mapResultDim(unsigned result, unsigned dim,
                                       const DimFactors &factors) {
  rule.results[result][dim] = factors;
}

void ShardingRuleBuilder::operandDim(unsigned operand, unsigned dim,
                                     unsigned factor) {
  rule.operands[operand][dim].push_back(factor);
}

void ShardingRuleBuilder::resultDim(unsigned result, unsigned dim,
                                    unsigned factor) {
  rule.results[result][dim].push_back(factor);
}

/// Gives the dimensions of one tensor that have no factor a whole one.
static void makeRestWhole(ShardingRuleBuilder &builder, Type type,
                          TensorFactors &dims) {
  if (dims.empty())
    return;
  SmallVector<AffineExpr> sizes = getDims(cast<ShapedType>(type));
  for (auto [dim, size] : llvm::zip_equal(dims, sizes))
    if (dim.empty() && getConst(size) != 1)
      dim.push_back(builder.whole(size));
}

void ShardingRuleBuilder::restOfOperandWhole(unsigned operand) {
  makeRestWhole(*this, op->getOperand(operand).getType(),
                rule.operands[operand]);
}

void ShardingRuleBuilder::restOfResultWhole(unsigned result) {
  makeRestWhole(*this, op->getResult(result).getType(), rule.results[result]);
}

void ShardingRuleBuilder::linear(ArrayRef<unsigned> operands,
                                 ReductionKind kind) {
  LinearGroup group;
  group.kind = kind;
  group.operands.assign(operands.begin(), operands.end());
  rule.linear.push_back(group);
}

void ShardingRuleBuilder::pointwise() {
  auto type = cast<ShapedType>(op->getResult(0).getType());
  SmallVector<AffineExpr> sizes = getDims(type);
  // Operations that never broadcast have equal shapes also where nothing is
  // known about the sizes.
  bool sameShape = op->hasTrait<OpTrait::Elementwise>() ||
                   op->hasTrait<OpTrait::SameOperandsAndResultShape>();
  SmallVector<DimFactors> resultDims(sizes.size());
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (getConst(size) != 1)
      resultDims[dim] = {parallel(size)};
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    auto operandType = dyn_cast<ShapedType>(operand.getType());
    if (!operandType || !operandType.hasRank())
      continue;
    SmallVector<AffineExpr> operandSizes = getDims(operandType);
    unsigned offset = sizes.size() - operandSizes.size();
    for (auto [dim, size] : llvm::enumerate(operandSizes)) {
      DimFactors factors = resultDims[offset + dim];
      if (sameShape || provablyEqual(size, sizes[offset + dim])) {
        mapOperandDim(index, dim, factors);
        continue;
      }
      if (getConst(size) == 1)
        continue;
      // It may be 1 in some runs and the result's size in others.
      if (!factors.empty())
        setKind(factors.front(), FactorKind::Whole);
      mapOperandDim(index, dim, {whole(size)});
    }
  }
  for (unsigned result = 0; result < op->getNumResults(); ++result)
    mapResult(result, resultDims);
}

FailureOr<ShardingRule> ShardingRuleBuilder::build() {
  if (failed(verifyRule(rule, op)))
    return failure();
  return rule;
}

} // namespace tpo::tp
