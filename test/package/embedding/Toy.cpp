//===- Toy.cpp - A dialect of another compiler ----------------------------===//

#include "Toy.h"

using namespace mlir;

#include "ToyDialect.cpp.inc"
#define GET_OP_CLASSES
#include "ToyOps.cpp.inc"

void toy::ToyDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "ToyOps.cpp.inc"
      >();
}

// [operator]
// result[b, n] = scale[n] * (sum over k of rows[b, k] * weight[k, n])
FailureOr<tpo::tp::ShardingRule> toy::ScaledProductOp::getShardingRule() {
  SmallVector<AffineExpr> rows = tpo::tp::getDims(getRows().getType());
  SmallVector<AffineExpr> weight = tpo::tp::getDims(getWeight().getType());
  tpo::tp::ShardingRuleBuilder rule(*this);
  unsigned b = rule.parallel(rows[0]);
  unsigned k = rule.reduction(rows[1]);
  unsigned n = rule.parallel(weight[1]);
  rule.mapOperand(0, {{b}, {k}});
  rule.mapOperand(1, {{k}, {n}});
  rule.mapOperand(2, {{n}});
  rule.mapResult(0, {{b}, {n}});
  // A partial sum may pass from any one operand to the result.
  for (unsigned operand : {0, 1, 2})
    rule.linear(operand);
  return rule.build();
}

// One rank computes the same of its pieces.
FailureOr<SmallVector<Value>> toy::ScaledProductOp::partition(OpBuilder &builder, ValueRange pieces,
                                                              const tpo::tp::PartitionContext &context) {
  auto local = create(builder, getLoc(), context.getResultLocalType(0), pieces[0], pieces[1], pieces[2]);
  return SmallVector<Value>{local.getResult()};
}
// [/operator]
