//===- Propagate.cpp - tp-propagate ---------------------------------------===//

#include "Propagation.h"

#include "dialects/Tp/Regions.h"
#include "tp-opt/Sharding/InsertReshards.h"
#include "tp-opt/Sharding/Passes.h"

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_PROPAGATEPASS
#include "tp-opt/Sharding/Passes.h.inc"

namespace {

/// The first layout given anywhere in the function; null if there is none.
tp::LayoutAttr findGivenLayout(FunctionOpInterface function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto layout = function.getArgAttrOfType<tp::LayoutAttr>(i, tp::TpDialect::kLayoutAttr))
      return layout;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto layout = function.getResultAttrOfType<tp::LayoutAttr>(i, tp::TpDialect::kLayoutAttr))
      return layout;
  tp::LayoutAttr found;
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (!found)
        found = tp::getLayoutAttr(result);
  });
  return found;
}

/// Turns `tp.layouts` of operations into constraints on their results: from
/// here on an operation's layouts are what it produces, not what was asked.
void constrainGivenResults(FunctionOpInterface function) {
  OpBuilder builder(function.getContext());
  tp::forEachTransparent(function.getFunctionBody().front(), [&](Operation &op) {
    auto given = op.getAttrOfType<ArrayAttr>(tp::TpDialect::kLayoutsAttr);
    if (!given)
      return;
    builder.setInsertionPointAfter(&op);
    for (auto [result, attr] : llvm::zip(op.getResults(), given)) {
      auto layout = dyn_cast<tp::LayoutAttr>(attr);
      if (!layout || !isa<RankedTensorType>(result.getType()))
        continue;
      auto constrain = tp::ConstrainOp::create(builder, op.getLoc(), result.getType(), result, layout);
      result.replaceAllUsesExcept(constrain, constrain);
    }
    op.removeAttr(tp::TpDialect::kLayoutsAttr);
  });
}

struct PropagatePass : impl::PropagatePassBase<PropagatePass> {
  using PropagatePassBase::PropagatePassBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (failed(propagate(function)))
        return signalPassFailure();
  }

  static LogicalResult propagate(FunctionOpInterface function) {
    tp::LayoutAttr given = findGivenLayout(function);
    if (!given || function.isExternal())
      return success();
    if (!function.getFunctionBody().hasOneBlock())
      return function.emitError("layouts are propagated in functions of one "
                                "block only");
    FailureOr<tp::Mesh> mesh = tp::Mesh::lookup(function, given.getMesh());
    if (failed(mesh))
      return failure();
    constrainGivenResults(function);
    replicateCaptures(function, *mesh, /*all=*/false);
    Propagation propagation(function, *mesh);
    if (failed(propagation.run()))
      return failure();
    propagation.apply();
    return success();
  }
};

} // namespace
} // namespace tpo
