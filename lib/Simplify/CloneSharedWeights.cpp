//===- CloneSharedWeights.cpp - One reference per use ---------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"

namespace tpo {
#define GEN_PASS_DEF_CLONESHAREDWEIGHTSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// Gives every use of `op` its own copy, right before the user.
static void cloneForUses(Operation *op) {
  for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
    OpBuilder builder(use.getOwner());
    use.set(builder.clone(*op)->getResult(0));
  }
  op->erase();
}

namespace {
struct CloneSharedWeights
    : tpo::impl::CloneSharedWeightsPassBase<CloneSharedWeights> {
  void runOnOperation() override {
    SmallVector<Operation *> shared;
    getOperation().walk([&](Operation *op) {
      if (isa<tp::WeightOp, onnx::ConstantOp, onnx::SymbolicConstantOp>(op))
        shared.push_back(op);
    });
    for (Operation *op : shared)
      cloneForUses(op);
  }
};
} // namespace
