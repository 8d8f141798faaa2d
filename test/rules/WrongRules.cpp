//===- WrongRules.cpp - Rules that are not true ---------------------------===//

#include "WrongRules.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Interfaces.h"

using namespace mlir;

namespace tpo::test {

namespace {

template <FailureOr<tp::ShardingRule> (*function)(Operation *)>
struct RuleModel : tp::ShardingRuleOpInterface::FallbackModel<RuleModel<function>> {
  FailureOr<tp::ShardingRule> getShardingRule(Operation *op) const { return function(op); }
};

/// Any dimension may be split: not that of a Softmax.
FailureOr<tp::ShardingRule> allParallel(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  builder.pointwise();
  return builder.build();
}

/// Sums pass: not through a Relu.
FailureOr<tp::ShardingRule> linear(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  builder.pointwise();
  builder.linear(0u);
  return builder.build();
}

/// The largest of several sums is not their sum.
FailureOr<tp::ShardingRule> wrongReduction(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  auto dims = tp::getDims(cast<RankedTensorType>(op->getOperand(0).getType()));
  unsigned kept = builder.parallel(dims[0]);
  builder.operandDim(0, 0, kept);
  builder.resultDim(0, 0, kept);
  builder.operandDim(0, 1, builder.reduction(dims[1], tp::ReductionKind::Max));
  builder.restOfOperandWhole(1);
  return builder.build();
}

} // namespace

void registerWrongRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, onnx::OnnxDialect *) {
    onnx::SoftmaxOp::attachInterface<RuleModel<allParallel>>(*context);
    onnx::ReluOp::attachInterface<RuleModel<linear>>(*context);
    onnx::ReduceL1Op::attachInterface<RuleModel<wrongReduction>>(*context);
  });
}

} // namespace tpo::test
