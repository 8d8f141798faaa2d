//===- ShardingRule.cpp - What may be split in an operation ---------------===//

#include "dialects/Tp/ShardingRule.h"

#include "dialects/Tp/Tp.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tpo::tp {

StringRef stringifyFactorRole(FactorRole role) {
  switch (role) {
  case FactorRole::Other:
    return "other";
  case FactorRole::Batch:
    return "batch";
  case FactorRole::Sequence:
    return "sequence";
  case FactorRole::Heads:
    return "heads";
  case FactorRole::Hidden:
    return "hidden";
  case FactorRole::Vocabulary:
    return "vocabulary";
  case FactorRole::Expert:
    return "expert";
  }
  llvm_unreachable("all roles are handled");
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string factorName(unsigned factor) {
  if (factor < 26)
    return std::string(1, char('a' + factor));
  return "f" + std::to_string(factor);
}

static void printTensor(raw_ostream &os, const TensorFactors &dims) {
  os << '[';
  llvm::interleave(
      dims, os,
      [&](const DimFactors &dim) {
        if (dim.empty())
          os << '1';
        else if (dim.size() == 1)
          os << factorName(dim.front());
        else {
          os << '(';
          llvm::interleave(
              dim, os, [&](unsigned f) { os << factorName(f); }, " ");
          os << ')';
        }
      },
      " ");
  os << ']';
}

static void printFactor(raw_ostream &os, const Factor &factor, unsigned index,
                        ArrayRef<StringRef> names) {
  os << factorName(index) << '=' << tp::toString(factor.size, names);
  if (factor.isWhole())
    os << ":whole";
  if (factor.isReduction())
    os << ":reduction(" << stringifyReductionKind(factor.reduction) << ')';
  if (factor.role != FactorRole::Other)
    os << ':' << stringifyFactorRole(factor.role);
  if (!factor.addends.empty()) {
    os << ":addends{";
    llvm::interleaveComma(factor.addends, os);
    os << '}';
  }
}

std::string ShardingRule::toString(ArrayRef<StringRef> names) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (auto [index, factor] : llvm::enumerate(factors)) {
    printFactor(os, factor, index, names);
    os << ' ';
  }
  os << "| ";
  llvm::interleave(
      operands, os, [&](const TensorFactors &dims) { printTensor(os, dims); },
      " ");
  os << " -> ";
  llvm::interleave(
      results, os, [&](const TensorFactors &dims) { printTensor(os, dims); },
      " ");
  if (!linear.empty())
    os << " |";
  for (const LinearSet &set : linear) {
    os << ' ' << stringifyReductionKind(set.kind) << '{';
    llvm::interleaveComma(set.operands, os);
    os << '}';
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Check
//===----------------------------------------------------------------------===//

namespace {

/// Checks the dimensions of one operand or result.
class TensorCheck {
public:
  TensorCheck(const ShardingRule &rule, Type type, bool isResult,
              const Twine &what, std::string &error)
      : rule(rule), type(dyn_cast<ShapedType>(type)), isResult(isResult),
        what(what.str()), error(error) {}

  LogicalResult run(const TensorFactors &dims) {
    if (!type || !type.hasRank()) {
      if (!dims.empty())
        return fail("has factors but no dimensions");
      return success();
    }
    if (int64_t(dims.size()) != type.getRank())
      return fail("has " + Twine(type.getRank()) + " dimensions, the rule " +
                  Twine(dims.size()));
    SmallVector<bool> seen(rule.factors.size(), false);
    SmallVector<AffineExpr> sizes = getDims(type);
    for (auto [index, dim] : llvm::enumerate(dims))
      if (failed(runDim(index, dim, sizes[index], seen)))
        return failure();
    return success();
  }

private:
  LogicalResult fail(const Twine &message) {
    error = (Twine(what) + " " + message).str();
    return failure();
  }

  LogicalResult runDim(unsigned index, const DimFactors &dim, AffineExpr size,
                       SmallVectorImpl<bool> &seen) {
    SmallVector<AffineExpr> factorSizes;
    for (unsigned factor : dim) {
      if (factor >= rule.factors.size())
        return fail("names factor " + Twine(factor) + ", which is not there");
      if (seen[factor])
        return fail("has factor " + factorName(factor) + " twice");
      seen[factor] = true;
      if (isResult && rule.factors[factor].isReduction())
        return fail("has reduction factor " + factorName(factor));
      factorSizes.push_back(rule.factors[factor].size);
    }
    if (!size)
      return success();
    AffineExpr whole = product(factorSizes, size.getContext());
    if (whole && !provablyEqual(whole, size))
      return fail("dimension " + Twine(index) + " is " + tp::toString(size) +
                  ", its factors make " + tp::toString(whole));
    return success();
  }

  const ShardingRule &rule;
  ShapedType type;
  bool isResult;
  std::string what;
  std::string &error;
};

} // namespace

LogicalResult ShardingRule::check(Operation *op, std::string &error) const {
  if (operands.size() != op->getNumOperands() ||
      results.size() != op->getNumResults()) {
    error = "wrong number of operands or results";
    return failure();
  }
  for (auto [index, value] : llvm::enumerate(op->getOperands()))
    if (failed(TensorCheck(*this, value.getType(), /*isResult=*/false,
                           "operand " + Twine(index), error)
                   .run(operands[index])))
      return failure();
  for (auto [index, value] : llvm::enumerate(op->getResults()))
    if (failed(TensorCheck(*this, value.getType(), /*isResult=*/true,
                           "result " + Twine(index), error)
                   .run(results[index])))
      return failure();
  auto isOperand = [&](unsigned operand) {
    return operand < op->getNumOperands();
  };
  for (const LinearSet &set : linear)
    if (!llvm::all_of(set.operands, isOperand)) {
      error = "a linear set names an operand that is not there";
      return failure();
    }
  for (const Factor &factor : factors)
    if (!llvm::all_of(factor.addends, isOperand) ||
        (!factor.addends.empty() && !factor.isReduction())) {
      error = "only a reduction has addends, and they are operands";
      return failure();
    }
  return success();
}

//===----------------------------------------------------------------------===//
// Builder
//===----------------------------------------------------------------------===//

static TensorFactors emptyFactors(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return TensorFactors(shaped && shaped.hasRank() ? shaped.getRank() : 0);
}

ShardingRuleBuilder::ShardingRuleBuilder(Operation *op) : op(op) {
  for (Type type : op->getOperandTypes())
    rule.operands.push_back(emptyFactors(type));
  for (Type type : op->getResultTypes())
    rule.results.push_back(emptyFactors(type));
}

static unsigned addFactor(ShardingRule &rule, AffineExpr size, FactorKind kind,
                          FactorRole role) {
  Factor factor;
  factor.size = size;
  factor.kind = kind;
  factor.role = role;
  rule.factors.push_back(std::move(factor));
  return rule.factors.size() - 1;
}

unsigned ShardingRuleBuilder::parallel(AffineExpr size, FactorRole role) {
  return addFactor(rule, size, FactorKind::Parallel, role);
}

unsigned ShardingRuleBuilder::whole(AffineExpr size, FactorRole role) {
  return addFactor(rule, size, FactorKind::Whole, role);
}

unsigned ShardingRuleBuilder::reduction(AffineExpr size, ReductionKind kind,
                                        FactorRole role) {
  unsigned factor = addFactor(rule, size, FactorKind::Reduction, role);
  rule.factors[factor].reduction = kind;
  return factor;
}

void ShardingRuleBuilder::addends(unsigned factor,
                                  ArrayRef<unsigned> operands) {
  rule.factors[factor].addends.append(operands.begin(), operands.end());
}

void ShardingRuleBuilder::operandDim(unsigned operand, unsigned dim,
                                     unsigned factor) {
  rule.operands[operand][dim].push_back(factor);
}

void ShardingRuleBuilder::resultDim(unsigned result, unsigned dim,
                                    unsigned factor) {
  rule.results[result][dim].push_back(factor);
}

static void makeRestWhole(ShardingRule &rule, Type type, TensorFactors &dims) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank())
    return;
  SmallVector<AffineExpr> sizes = getDims(shaped);
  for (auto [dim, size] : llvm::zip_equal(dims, sizes))
    if (dim.empty() && !(size && getConst(size) == 1))
      dim.push_back(
          addFactor(rule, size, FactorKind::Whole, FactorRole::Other));
}

void ShardingRuleBuilder::restOfOperandWhole(unsigned operand) {
  makeRestWhole(rule, op->getOperand(operand).getType(),
                rule.operands[operand]);
}

void ShardingRuleBuilder::restOfResultWhole(unsigned result) {
  makeRestWhole(rule, op->getResult(result).getType(), rule.results[result]);
}

void ShardingRuleBuilder::linear(ArrayRef<unsigned> operands,
                                 ReductionKind kind) {
  LinearSet set;
  set.operands.assign(operands.begin(), operands.end());
  set.kind = kind;
  rule.linear.push_back(std::move(set));
}

FailureOr<ShardingRule> ShardingRuleBuilder::build() {
  std::string error;
  if (failed(rule.check(op, error)))
    return op->emitOpError("has a wrong sharding rule: ") << error;
  return rule;
}

} // namespace tpo::tp
