//===- RuleHelpers.cpp - What rules of several operators share ------------===//

#include "RuleHelpers.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tpo {

AffineExprs dimsOf(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  if (!type || !type.hasRank())
    return {};
  return tp::getDims(type);
}

unsigned rankOf(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  return type && type.hasRank() ? type.getRank() : 0;
}

bool isOne(AffineExpr size) { return size && tp::getConst(size) == 1; }

bool sameSize(AffineExpr lhs, AffineExpr rhs) { return lhs && rhs && tp::provablyEqual(lhs, rhs); }

bool isAbsent(Value value) { return isa<NoneType>(value.getType()); }

Value presentOperand(Operation *op, unsigned index) {
  if (index >= op->getNumOperands() || isAbsent(op->getOperand(index)))
    return nullptr;
  return op->getOperand(index);
}

Value presentResult(Operation *op, unsigned index) {
  if (index >= op->getNumResults() || isAbsent(op->getResult(index)))
    return nullptr;
  return op->getResult(index);
}

std::optional<AffineExprs> integersOf(Value value) {
  if (!value || !value.getDefiningOp())
    return std::nullopt;
  DenseIntElementsAttr attr;
  if (matchPattern(value, m_Constant(&attr))) {
    AffineExprs values;
    for (const APInt &element : attr.getValues<APInt>())
      values.push_back(getAffineConstantExpr(element.getSExtValue(), value.getContext()));
    return values;
  }
  // onnx.SymbolicConstant, by name: upstream-only users do not link the onnx
  // dialect.
  if (auto dims = value.getDefiningOp()->getAttrOfType<tp::DimsAttr>("value"))
    return AffineExprs(dims.getExprs());
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> constantInts(Value value) {
  std::optional<AffineExprs> integers = integersOf(value);
  return integers ? tp::getConsts(*integers) : std::nullopt;
}

int64_t intAttr(Operation *op, StringRef name, int64_t otherwise) {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

StringRef stringAttr(Operation *op, StringRef name, StringRef otherwise) {
  auto attr = op->getAttrOfType<StringAttr>(name);
  return attr ? attr.getValue() : otherwise;
}

FailureOr<unsigned> normalizeAxis(Operation *op, int64_t axis, unsigned rank) {
  int64_t normalized = axis < 0 ? axis + int64_t(rank) : axis;
  if (normalized < 0 || normalized >= int64_t(rank))
    return op->emitOpError("axis ") << axis << " is not a dimension of a tensor of rank " << rank;
  return unsigned(normalized);
}

FailureOr<SmallVector<unsigned>> normalizeAxes(Operation *op, ArrayRef<int64_t> axes, unsigned rank) {
  SmallVector<unsigned> normalized;
  for (int64_t axis : axes) {
    FailureOr<unsigned> one = normalizeAxis(op, axis, rank);
    if (failed(one))
      return failure();
    normalized.push_back(*one);
  }
  return normalized;
}

void linearInAllKinds(tp::ShardingRuleBuilder &builder, ArrayRef<unsigned> operands) {
  builder.linear(operands, tp::ReductionKind::Sum);
  builder.linear(operands, tp::ReductionKind::Max);
  builder.linear(operands, tp::ReductionKind::Min);
}

SmallVector<tp::DimFactors> parallelResult(tp::ShardingRuleBuilder &builder, unsigned result) {
  SmallVector<tp::DimFactors> dims;
  AffineExprs sizes = dimsOf(builder.getOp()->getResult(result));
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    dims.emplace_back();
    if (isOne(size))
      continue;
    dims.back().push_back(builder.parallel(size));
    builder.resultDim(result, dim, dims.back().front());
  }
  return dims;
}

LogicalResult broadcastOperand(tp::ShardingRuleBuilder &builder, unsigned operand, ArrayRef<tp::DimFactors> dims,
                               ArrayRef<AffineExpr> sizes) {
  Operation *op = builder.getOp();
  AffineExprs own = dimsOf(op->getOperand(operand));
  if (own.size() > dims.size())
    return op->emitOpError("operand #") << operand << " has " << own.size() << " dimensions, more than the "
                                        << dims.size() << " it is broadcast to";
  unsigned lead = dims.size() - own.size();
  for (auto [dim, size] : llvm::enumerate(own)) {
    if (isOne(size))
      continue;
    AffineExpr target = sizes[lead + dim];
    if (size && target && !tp::provablyEqual(size, target))
      return op->emitOpError("operand #")
             << operand << " dimension " << dim << " of size " << tp::toString(size, tp::getSymbolNames(op))
             << " cannot be shown to be 1 or " << tp::toString(target, tp::getSymbolNames(op))
             << ", the size it is broadcast to";
    if (!size || !target) {
      // It may be 1 in one of the two: whoever splits it must know.
      for (unsigned factor : dims[lead + dim])
        builder.getRule().factors[factor].kind = tp::FactorKind::Whole;
      builder.operandDim(operand, dim, builder.whole(size));
      continue;
    }
    setOperandDim(builder, operand, dim, dims[lead + dim]);
  }
  return success();
}

void setOperandDim(tp::ShardingRuleBuilder &builder, unsigned operand, unsigned dim, ArrayRef<unsigned> factors) {
  for (unsigned factor : factors)
    builder.operandDim(operand, dim, factor);
}

void setResultDim(tp::ShardingRuleBuilder &builder, unsigned result, unsigned dim, ArrayRef<unsigned> factors) {
  for (unsigned factor : factors)
    builder.resultDim(result, dim, factor);
}

} // namespace tpo
