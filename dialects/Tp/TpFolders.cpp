//===- TpFolders.cpp - Folding of tp operations ---------------------------===//

#include "dialects/Tp/Layout.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tpo::tp;

OpFoldResult ConstrainOp::fold(FoldAdaptor) {
  // A constraint on a constrained value says nothing new.
  auto producer = getInput().getDefiningOp<ConstrainOp>();
  return producer && producer.getLayout() == getLayout() ? getInput() : Value();
}

OpFoldResult ReshardOp::fold(FoldAdaptor) {
  return tpo::tp::getLayoutAttr(getInput()) == getLayout() ? getInput()
                                                           : Value();
}

namespace {

/// reshard(reshard(x, a), b) is reshard(x, b).
struct ComposeReshards : OpRewritePattern<ReshardOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshardOp op,
                                PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<ReshardOp>();
    if (!producer)
      return failure();
    rewriter.modifyOpInPlace(
        op, [&] { op.getInputMutable().assign(producer.getInput()); });
    return success();
  }
};

} // namespace

void ReshardOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<ComposeReshards>(context);
}

/// Whether an operation moves pieces without computing.
static bool onlyMoves(CollectiveOpInterface op) {
  switch (op.getCollectiveKind()) {
  case CollectiveKind::AllGather:
  case CollectiveKind::AllToAll:
  case CollectiveKind::Slice:
  case CollectiveKind::Permute:
    return true;
  case CollectiveKind::AllReduce:
  case CollectiveKind::ReduceScatter:
  case CollectiveKind::Broadcast:
    return false;
  }
  llvm_unreachable("all kinds are handled");
}

/// Folds a collective that changes nothing, and one that moves back what its
/// operand moved. A broadcast is kept: equal layouts do not mean equal values.
static OpFoldResult foldCollective(CollectiveOpInterface op) {
  Value input = op.getLocalInput(), result = op.getLocalResult();
  if (op.getCollectiveKind() != CollectiveKind::Broadcast &&
      op.getInLayout() == op.getOutLayout() &&
      input.getType() == result.getType())
    return input;
  auto producer = input.getDefiningOp<CollectiveOpInterface>();
  if (producer && onlyMoves(op) && onlyMoves(producer) &&
      producer.getGlobalType() == op.getGlobalType() &&
      producer.getInLayout() == op.getOutLayout() &&
      producer.getLocalInput().getType() == result.getType())
    return producer.getLocalInput();
  return {};
}

#define FOLD_COLLECTIVE(OP)                                                    \
  OpFoldResult OP::fold(FoldAdaptor) { return foldCollective(*this); }
FOLD_COLLECTIVE(AllReduceOp)
FOLD_COLLECTIVE(AllGatherOp)
FOLD_COLLECTIVE(ReduceScatterOp)
FOLD_COLLECTIVE(AllToAllOp)
FOLD_COLLECTIVE(SliceOp)
FOLD_COLLECTIVE(PermuteOp)
FOLD_COLLECTIVE(BroadcastOp)
#undef FOLD_COLLECTIVE

CollectiveKind AllReduceOp::getCollectiveKind() {
  return CollectiveKind::AllReduce;
}
CollectiveKind AllGatherOp::getCollectiveKind() {
  return CollectiveKind::AllGather;
}
CollectiveKind ReduceScatterOp::getCollectiveKind() {
  return CollectiveKind::ReduceScatter;
}
CollectiveKind AllToAllOp::getCollectiveKind() {
  return CollectiveKind::AllToAll;
}
CollectiveKind SliceOp::getCollectiveKind() { return CollectiveKind::Slice; }
CollectiveKind PermuteOp::getCollectiveKind() {
  return CollectiveKind::Permute;
}
CollectiveKind BroadcastOp::getCollectiveKind() {
  return CollectiveKind::Broadcast;
}
