//===- OnnxElementwiseRules.cpp - Elementwise operators -------------------===//
//
// One parallel factor per dimension of the result, numpy broadcasting of the
// operands. The operators differ only in how sums pass through them.
//
//===----------------------------------------------------------------------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpo::rules {

namespace {

/// How reductions distribute over an elementwise operator.
enum class Linearity {
  None,
  Jointly,    ///< x0 + x1 + ...: in all operands together.
  Each,       ///< x0 * x1: in each operand alone.
  First,      ///< x0 / x1: in the first operand.
  Values,     ///< Where: in all but the first together.
  Moves,      ///< Identity: every reduction passes.
  Widening,   ///< Cast: sums where no precision is lost, else none.
  Increasing, ///< Relu: monotone, max and min pass.
  MaxOf,      ///< Max: max passes in all operands together.
  MinOf,
};

Linearity linearityOf(StringRef name) {
  return llvm::StringSwitch<Linearity>(name)
      .Cases({"Add", "Sub", "Sum", "Mean"}, Linearity::Jointly)
      .Case("Mul", Linearity::Each)
      .Cases({"Div", "Neg"}, Linearity::First)
      .Case("Where", Linearity::Values)
      .Case("Identity", Linearity::Moves)
      .Case("Cast", Linearity::Widening)
      // Not Log and Sqrt: a term that loses may be outside of their domain.
      .Cases({"Relu", "Sigmoid", "Tanh", "Exp"}, Linearity::Increasing)
      .Cases({"Floor", "Ceil", "Round", "Erf", "Softplus"}, Linearity::Increasing)
      .Case("Max", Linearity::MaxOf)
      .Case("Min", Linearity::MinOf)
      .Default(Linearity::None);
}

/// Whether the conversion keeps every value, so that it may come before or
/// after a reduction.
bool isWidening(Operation *op) {
  auto from = dyn_cast<FloatType>(getElementTypeOrSelf(op->getOperand(0)));
  auto to = dyn_cast<FloatType>(getElementTypeOrSelf(op->getResult(0)));
  if (!from || !to)
    return false;
  const llvm::fltSemantics &narrow = from.getFloatSemantics(), &wide = to.getFloatSemantics();
  return llvm::APFloat::semanticsPrecision(narrow) <= llvm::APFloat::semanticsPrecision(wide) &&
         llvm::APFloat::semanticsMaxExponent(narrow) <= llvm::APFloat::semanticsMaxExponent(wide) &&
         llvm::APFloat::semanticsMinExponent(narrow) >= llvm::APFloat::semanticsMinExponent(wide);
}

/// Integer division rounds; nothing distributes over it.
bool isIntegerDivision(Operation *op) {
  return op->getName().stripDialect() == "Div" && !isa<FloatType>(getElementTypeOrSelf(op->getResult(0)));
}

void addLinearity(tp::ShardingRuleBuilder &builder, Linearity linearity) {
  Operation *op = builder.getOp();
  SmallVector<unsigned> all = llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
  switch (linearity) {
  case Linearity::None:
    return;
  case Linearity::Jointly:
    return builder.linear(all, tp::ReductionKind::Sum);
  case Linearity::Each:
    for (unsigned operand : all)
      builder.linear(operand, tp::ReductionKind::Sum);
    return;
  case Linearity::First:
    if (!isIntegerDivision(op))
      builder.linear(0u, tp::ReductionKind::Sum);
    return;
  case Linearity::Values:
    return linearInAllKinds(builder, ArrayRef(all).drop_front());
  case Linearity::Moves:
    return linearInAllKinds(builder, 0u);
  case Linearity::Widening:
    if (isWidening(op))
      linearInAllKinds(builder, 0u);
    return;
  case Linearity::Increasing:
    builder.linear(0u, tp::ReductionKind::Max);
    return builder.linear(0u, tp::ReductionKind::Min);
  case Linearity::MaxOf:
    return builder.linear(all, tp::ReductionKind::Max);
  case Linearity::MinOf:
    return builder.linear(all, tp::ReductionKind::Min);
  }
}

} // namespace

Rule elementwise(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  SmallVector<tp::DimFactors> dims = parallelResult(builder, 0);
  AffineExprs sizes = dimsOf(op->getResult(0));
  for (unsigned result = 1; result < op->getNumResults(); ++result)
    for (unsigned dim = 0; dim < rankOf(op->getResult(result)); ++dim)
      setResultDim(builder, result, dim, dims[dim]);

  // The sole tensor operand of a unary operator has the result's shape, known
  // or not.
  bool unary = llvm::count_if(op->getOperands(), [](Value v) { return rankOf(v) > 0; }) == 1;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (isAbsent(operand))
      continue;
    // Of the second operand of CastLike the type alone matters.
    if (index == 1 && op->getName().stripDialect() == "CastLike") {
      builder.restOfOperandWhole(index);
      continue;
    }
    if (unary && rankOf(operand) == dims.size() && dimsOf(operand) == sizes) {
      for (unsigned dim = 0; dim < dims.size(); ++dim)
        setOperandDim(builder, index, dim, dims[dim]);
      continue;
    }
    if (failed(broadcastOperand(builder, index, dims, sizes)))
      return failure();
  }
  addLinearity(builder, linearityOf(op->getName().stripDialect()));
  return builder.build();
}

/// x with one scale (and zero point) for the tensor, for each index of `axis`,
/// or for each block along it. A split of the axis must not cut a block.
Rule quantization(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs sizes = dimsOf(op->getResult(0));
  AffineExprs scale = dimsOf(op->getOperand(1));
  int64_t block = intAttr(op, "block_size", 0);
  auto isScalar = [&](unsigned operand) {
    return llvm::all_of(dimsOf(op->getOperand(operand)), isOne);
  };
  bool isBlocked = block > 0 && !isScalar(1);
  unsigned axis = 0;
  if (!isScalar(1)) {
    FailureOr<unsigned> normalized = normalizeAxis(op, intAttr(op, "axis", 1), sizes.size());
    if (failed(normalized))
      return failure();
    axis = *normalized;
  }
  SmallVector<tp::DimFactors> dims(sizes.size());
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    if (isOne(size))
      continue;
    // Of one block, which all elements share, any part is one.
    if (!isBlocked || dim != axis || isOne(scale[axis])) {
      dims[dim].push_back(builder.parallel(size));
    } else {
      AffineExpr blockSize = getAffineConstantExpr(block, op->getContext());
      AffineExpr blocks = size ? tp::divideExactly(size, blockSize) : AffineExpr();
      // A last block of its own size has no place among equal ones.
      if (!blocks || isOne(blocks)) {
        dims[dim].push_back(builder.whole(size));
      } else {
        dims[dim].push_back(builder.parallel(blocks));
        if (block > 1)
          dims[dim].push_back(builder.whole(blockSize));
      }
    }
    setOperandDim(builder, 0, dim, dims[dim]);
    setResultDim(builder, 0, dim, dims[dim]);
  }
  for (unsigned operand : {1u, 2u}) {
    if (!presentOperand(op, operand) || isScalar(operand))
      continue;
    unsigned rank = rankOf(op->getOperand(operand));
    for (unsigned dim = 0; dim < rank; ++dim) {
      const tp::DimFactors &factors = dims[isBlocked ? dim : axis];
      if (factors.empty() || isOne(dimsOf(op->getOperand(operand))[dim]))
        continue;
      bool isSplitInBlocks = isBlocked && dim == axis;
      if (isSplitInBlocks && builder.getRule().factors[factors.front()].kind == tp::FactorKind::Whole)
        builder.operandDim(operand, dim, builder.whole(scale[dim]));
      else
        builder.operandDim(operand, dim, factors.front());
    }
  }
  return builder.build();
}

} // namespace tpo::rules
