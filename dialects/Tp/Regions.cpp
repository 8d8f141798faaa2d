//===- Regions.cpp - Layouts across region boundaries ---------------------===//

#include "dialects/Tp/Regions.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tpo::tp {

bool isTransparent(Operation *op) { return isa<scf::ForOp, scf::IfOp>(op); }

SmallVector<CarriedTensor> getCarriedTensors(Operation *op) {
  SmallVector<CarriedTensor> carried;
  for (OpResult result : op->getResults()) {
    if (!isa<RankedTensorType>(result.getType()))
      continue;
    unsigned number = result.getResultNumber();
    auto yielded = [&](Block &block) { return &block.getTerminator()->getOpOperand(number); };
    if (auto loop = dyn_cast<scf::ForOp>(op))
      carried.push_back(
          {{&loop.getInitArgsMutable()[number], yielded(*loop.getBody())}, {result, loop.getRegionIterArg(number)}});
    else if (auto branch = dyn_cast<scf::IfOp>(op))
      carried.push_back({{yielded(*branch.thenBlock()), yielded(*branch.elseBlock())}, {result}});
  }
  return carried;
}

Value getCarriedResult(BlockArgument argument) {
  auto loop = dyn_cast_or_null<scf::ForOp>(argument.getOwner()->getParentOp());
  return loop && argument.getArgNumber() > 0 ? loop.getResult(argument.getArgNumber() - 1) : Value();
}

void forEachTransparent(Block &block, llvm::function_ref<void(Operation &)> visit) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    // Before the visit, which may erase it.
    SmallVector<Block *> inner;
    if (isTransparent(&op))
      for (Region &region : op.getRegions())
        for (Block &body : region)
          inner.push_back(&body);
    visit(op);
    for (Block *body : inner)
      forEachTransparent(*body, visit);
  }
}

SmallVector<OpOperand *> getCapturedTensors(Operation *op) {
  SmallVector<OpOperand *> captured;
  for (Region &region : op->getRegions())
    region.walk([&](Operation *inner) {
      for (OpOperand &operand : inner->getOpOperands())
        if (isa<RankedTensorType>(operand.get().getType()) &&
            !op->isAncestor(operand.get().getParentBlock()->getParentOp()))
          captured.push_back(&operand);
    });
  return captured;
}

} // namespace tpo::tp
