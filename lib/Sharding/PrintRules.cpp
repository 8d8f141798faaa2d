//===- PrintRules.cpp - tp-print-rules ------------------------------------===//

#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Sharding/Passes.h"

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_PRINTRULESPASS
#include "tp-opt/Sharding/Passes.h.inc"

namespace {

bool hasTensorResult(Operation *op) {
  return llvm::any_of(op->getResultTypes(), [](Type type) { return isa<RankedTensorType>(type); });
}

struct PrintRulesPass : impl::PrintRulesPassBase<PrintRulesPass> {
  using PrintRulesPassBase::PrintRulesPassBase;

  void runOnOperation() override {
    bool anyFailed = false;
    getOperation().walk([&](Operation *op) {
      auto ruled = dyn_cast<tp::ShardingRuleOpInterface>(op);
      // Scalar arithmetic has no rule worth printing.
      if (!ruled || !hasTensorResult(op))
        return;
      FailureOr<tp::ShardingRule> rule = ruled.getShardingRule();
      if (failed(rule)) {
        anyFailed = true;
        return;
      }
      op->emitRemark() << rule->toString();
    });
    if (anyFailed)
      signalPassFailure();
  }
};

} // namespace
} // namespace tpo
