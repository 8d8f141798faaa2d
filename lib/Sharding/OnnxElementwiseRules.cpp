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

} // namespace tpo::rules
