//===- InsertReshards.cpp - Explicit changes of layout --------------------===//

#include "tp-opt/Sharding/InsertReshards.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tpo {

void insertReshards(FunctionOpInterface function, function_ref<tp::LayoutAttr(OpOperand &)> need) {
  // Collected before anything changes: a new reshard is a use of its own.
  SmallVector<std::pair<OpOperand *, tp::LayoutAttr>> changes;
  for (Operation &op : function.getFunctionBody().front())
    for (OpOperand &operand : op.getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      tp::LayoutAttr layout = need(operand);
      if (layout && tp::getLayoutAttr(operand.get()) != layout)
        changes.push_back({&operand, layout});
    }
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

} // namespace tpo
