//===- InsertReshards.cpp - Explicit changes of layout --------------------===//

#include "tp-opt/Sharding/InsertReshards.h"

#include "dialects/Tp/Regions.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tpo {

void insertReshards(FunctionOpInterface function, function_ref<tp::LayoutAttr(OpOperand &)> need) {
  // Collected before anything changes: a new reshard is a use of its own.
  SmallVector<std::pair<OpOperand *, tp::LayoutAttr>> changes;
  tp::forEachTransparent(function.getFunctionBody().front(), [&](Operation &op) {
    for (OpOperand &operand : op.getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      tp::LayoutAttr layout = need(operand);
      if (layout && tp::getLayoutAttr(operand.get()) != layout)
        changes.push_back({&operand, layout});
    }
  });
  llvm::DenseMap<std::pair<Value, Attribute>, Value> made;
  OpBuilder builder(function.getContext());
  for (auto [operand, layout] : changes) {
    Value value = operand->get();
    Value &resharded = made[{value, layout}];
    if (!resharded) {
      builder.setInsertionPointAfterValue(value);
      resharded = tp::ReshardOp::create(builder, value.getLoc(), value.getType(), value, layout);
    }
    operand->set(resharded);
  }
}

void replicateCaptures(FunctionOpInterface function, const tp::Mesh &mesh, bool all) {
  OpBuilder builder(function.getContext());
  auto visit = [&](Operation &op) {
    if (!all && tp::isTransparent(&op))
      return;
    llvm::DenseMap<Value, Value> made;
    for (OpOperand *use : tp::getCapturedTensors(&op)) {
      Value value = use->get();
      Value &whole = made[value];
      if (!whole) {
        builder.setInsertionPoint(&op);
        auto layout = tp::LayoutAttr::getReplicated(mesh.getSymbol(op.getContext()),
                                                    cast<RankedTensorType>(value.getType()).getRank());
        whole = tp::ReshardOp::create(builder, value.getLoc(), value.getType(), value, layout);
      }
      use->set(whole);
    }
  };
  Block &block = function.getFunctionBody().front();
  if (!all)
    return tp::forEachTransparent(block, visit);
  for (Operation &op : block)
    visit(op);
}

} // namespace tpo
