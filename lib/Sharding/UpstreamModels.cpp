//===- UpstreamModels.cpp - Rules for the upstream dialects ---------------===//

#include "UpstreamRules.h"

#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Sharding/ExternalModels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tpo {

namespace {

template <rules::Rule (*function)(Operation *)>
struct RuleModel : tp::ShardingRuleOpInterface::FallbackModel<RuleModel<function>> {
  FailureOr<tp::ShardingRule> getShardingRule(Operation *op) const { return function(op); }
};

/// Attaches a rule to every operation of a dialect that has a trait or
/// interface.
template <rules::Rule (*function)(Operation *)>
void attachWhere(MLIRContext *context, StringRef dialect, function_ref<bool(RegisteredOperationName)> matches) {
  // Not getRegisteredOperationsByDialect: its binary search (LLVM 22) takes any
  // difference of names for "less".
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (name.getDialectNamespace() == dialect && matches(name))
      name.attachInterface<RuleModel<function>>();
}

bool isElementwise(RegisteredOperationName name) { return name.hasTrait<OpTrait::Elementwise>(); }

} // namespace

void registerUpstreamShardingModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attachWhere<rules::linalgStructured>(
        context, "linalg", [](RegisteredOperationName name) { return name.hasInterface<linalg::LinalgOp>(); });
  });
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExpandShapeOp::attachInterface<RuleModel<rules::expandShape>>(*context);
    tensor::CollapseShapeOp::attachInterface<RuleModel<rules::collapseShape>>(*context);
    tensor::ExtractSliceOp::attachInterface<RuleModel<rules::extractSlice>>(*context);
    tensor::InsertSliceOp::attachInterface<RuleModel<rules::insertSlice>>(*context);
    tensor::PadOp::attachInterface<RuleModel<rules::tensorPad>>(*context);
    tensor::CastOp::attachInterface<RuleModel<rules::tensorCast>>(*context);
    tensor::ConcatOp::attachInterface<RuleModel<rules::tensorConcat>>(*context);
    tensor::ReshapeOp::attachInterface<RuleModel<rules::tensorReshape>>(*context);
    tensor::EmptyOp::attachInterface<RuleModel<rules::uniform>>(*context);
    tensor::SplatOp::attachInterface<RuleModel<rules::uniform>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    attachWhere<rules::tensorElementwise>(context, "arith", isElementwise);
    arith::ConstantOp::attachInterface<RuleModel<rules::arithConstant>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attachWhere<rules::tensorElementwise>(context, "math", isElementwise);
  });
}

} // namespace tpo
