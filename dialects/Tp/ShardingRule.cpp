//===- ShardingRule.cpp - Factors of an operation -------------------------===//

#include "dialects/Tp/ShardingRule.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace tpo::tp {

StringRef toString(FactorKind kind) {
  switch (kind) {
  case FactorKind::Parallel:
    return "parallel";
  case FactorKind::Reduction:
    return "reduction";
  case FactorKind::Whole:
    return "whole";
  }
  llvm_unreachable("all kinds are handled");
}

StringRef toString(FactorRole role) {
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

std::string getFactorName(unsigned factor) {
  constexpr unsigned letters = 'z' - 'i' + 1;
  if (factor < letters)
    return std::string(1, static_cast<char>('i' + factor));
  return "z" + std::to_string(factor - letters + 1);
}

static void printTensors(ArrayRef<TensorFactors> tensors,
                         llvm::raw_ostream &os) {
  os << '(';
  llvm::interleaveComma(tensors, os, [&](const TensorFactors &tensor) {
    os << '[';
    llvm::interleaveComma(tensor, os, [&](const DimFactors &dim) {
      if (dim.empty())
        os << '1';
      llvm::interleave(
          dim, os, [&](unsigned factor) { os << getFactorName(factor); }, "*");
    });
    os << ']';
  });
  os << ')';
}

void ShardingRule::print(llvm::raw_ostream &os) const {
  printTensors(operands, os);
  os << " -> ";
  printTensors(results, os);
  os << " {";
  llvm::interleaveComma(llvm::enumerate(factors), os, [&](auto entry) {
    const Factor &factor = entry.value();
    os << getFactorName(entry.index()) << '=' << tp::toString(factor.size)
       << ' ' << tp::toString(factor.kind);
    if (factor.kind == FactorKind::Reduction)
      os << '(' << stringifyReductionKind(factor.reduction) << ')';
    if (factor.role != FactorRole::Other)
      os << ' ' << tp::toString(factor.role);
    if (factor.even)
      os << " even";
  });
  os << '}';
  for (const LinearGroup &group : linear) {
    os << " linear";
    if (group.kind != ReductionKind::Sum)
      os << '(' << stringifyReductionKind(group.kind) << ')';
    os << " {";
    llvm::interleaveComma(group.operands, os);
    os << '}';
  }
  if (!addends.empty()) {
    os << " addends {";
    llvm::interleaveComma(addends, os);
    os << '}';
  }
}

std::string ShardingRule::toString() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os);
  return text;
}

/// The product of the sizes of `factors`; null where one is unknown or, there
/// being none, no expression can be made.
static AffineExpr getSize(const ShardingRule &rule,
                          ArrayRef<unsigned> factors) {
  AffineExpr size;
  for (unsigned factor : factors) {
    AffineExpr next = rule.factors[factor].size;
    if (!next)
      return nullptr;
    size = size ? size * next : next;
  }
  return simplify(size);
}

SmallVector<AffineExpr>
ShardingRule::getDims(const TensorFactors &tensor) const {
  SmallVector<AffineExpr> dims;
  for (const DimFactors &dim : tensor)
    dims.push_back(getSize(*this, dim));
  return dims;
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Which factors a list of tensors uses; checks one tensor at a time.
static LogicalResult verifyTensor(const ShardingRule &rule, Operation *op,
                                  Type type, const TensorFactors &tensor,
                                  const Twine &what,
                                  llvm::SmallBitVector &used) {
  auto shaped = dyn_cast<ShapedType>(type);
  size_t rank = shaped && shaped.hasRank() ? shaped.getRank() : 0;
  if (tensor.size() != rank)
    return op->emitError() << "sharding rule: " << what << " has rank " << rank
                           << ", the rule gives it " << tensor.size()
                           << " dimensions";
  SmallVector<AffineExpr> sizes;
  if (rank != 0)
    sizes = getDims(shaped);
  llvm::SmallBitVector here(rule.factors.size());
  for (auto [index, dim] : llvm::enumerate(tensor)) {
    for (unsigned factor : dim) {
      if (factor >= rule.factors.size())
        return op->emitError()
               << "sharding rule: " << what << " dimension " << index
               << " has factor " << factor << " of " << rule.factors.size();
      if (here.test(factor))
        return op->emitError() << "sharding rule: " << what << " has factor "
                               << getFactorName(factor) << " twice";
      here.set(factor);
    }
    if (dim.empty()) {
      std::optional<int64_t> size = getConst(sizes[index]);
      if (size != 1)
        return op->emitError()
               << "sharding rule: " << what << " dimension " << index
               << " of size " << toString(sizes[index]) << " has no factor";
      continue;
    }
    AffineExpr size = getSize(rule, dim);
    if (size && sizes[index] && !provablyEqual(size, sizes[index]))
      return op->emitError()
             << "sharding rule: " << what << " dimension " << index
             << " has size " << toString(sizes[index])
             << ", its factors have the product " << toString(size);
  }
  used |= here;
  return success();
}

static LogicalResult verifyFactors(const ShardingRule &rule, Operation *op,
                                   const llvm::SmallBitVector &inOperands,
                                   const llvm::SmallBitVector &inResults) {
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    std::string name = getFactorName(index);
    if (factor.kind == FactorKind::Reduction && inResults.test(index))
      return op->emitError()
             << "sharding rule: reduction factor " << name << " is in a result";
    if (factor.kind == FactorKind::Reduction && !inOperands.test(index))
      return op->emitError() << "sharding rule: reduction factor " << name
                             << " is in no operand";
    if (factor.kind == FactorKind::Parallel && !inResults.test(index))
      return op->emitError()
             << "sharding rule: parallel factor " << name << " is in no result";
  }
  return success();
}

LogicalResult verifyRule(const ShardingRule &rule, Operation *op) {
  if (rule.operands.size() != op->getNumOperands() ||
      rule.results.size() != op->getNumResults())
    return op->emitError() << "sharding rule: describes "
                           << rule.operands.size() << " operands and "
                           << rule.results.size() << " results of "
                           << op->getNumOperands() << " and "
                           << op->getNumResults();
  llvm::SmallBitVector inOperands(rule.factors.size());
  llvm::SmallBitVector inResults(rule.factors.size());
  for (auto [index, tensor] : llvm::enumerate(rule.operands))
    if (failed(verifyTensor(rule, op, op->getOperand(index).getType(), tensor,
                            "operand #" + Twine(index), inOperands)))
      return failure();
  for (auto [index, tensor] : llvm::enumerate(rule.results))
    if (failed(verifyTensor(rule, op, op->getResult(index).getType(), tensor,
                            "result #" + Twine(index), inResults)))
      return failure();
  for (unsigned operand : rule.addends)
    if (operand >= op->getNumOperands())
      return op->emitError() << "sharding rule: adds operand #" << operand
                             << ", which does not exist";
  for (const LinearGroup &group : rule.linear) {
    if (group.operands.empty())
      return op->emitError() << "sharding rule: empty linear group";
    for (unsigned operand : group.operands)
      if (operand >= op->getNumOperands())
        return op->emitError() << "sharding rule: linear in operand #"
                               << operand << ", which does not exist";
  }
  return verifyFactors(rule, op, inOperands, inResults);
}

} // namespace tpo::tp
