//===- RaisePositionGathers.cpp - Gathers at consecutive positions --------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"
#include "Positions.h"

namespace tpo {
#define GEN_PASS_DEF_RAISEPOSITIONGATHERSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// Replaces a gather from `source` whose index along dimension i of it runs
/// over extents[i] positions from zero, in the order of the result.
void replaceByLeadingPart(PatternRewriter &rewriter, Operation *op,
                          Value source, ArrayRef<AffineExpr> extents) {
  Dims dims = getDims(source);
  for (auto [i, extent] : llvm::enumerate(extents))
    if (!tp::provablyEqual(extent, dims[i]))
      source = makeSlice(rewriter, op->getLoc(), source, i,
                         rewriter.getAffineConstantExpr(0), extent);
  replaceByNew(
      rewriter, op,
      makeReshape(rewriter, op->getLoc(), source, getDims(op->getResult(0))));
}

/// Index dimensions that only repeat must have size one.
bool othersAreOne(ArrayRef<AffineExpr> dims, ArrayRef<size_t> used) {
  for (auto [i, dim] : llvm::enumerate(dims))
    if (!llvm::is_contained(used, i) && tp::getConst(dim) != 1)
      return false;
  return true;
}

struct RaiseGatherND : OpRewritePattern<onnx::GatherNDOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherNDOp op,
                                PatternRewriter &rewriter) const override {
    Value data = op->getOperand(0), indices = op->getOperand(1);
    auto concat = indices.getDefiningOp<onnx::ConcatOp>();
    Dims indexDims = getDims(indices);
    if (!concat || op.getBatchDims() != 0 || indexDims.empty() ||
        normalizeAxis(concat.getAxis(), indexDims.size()) !=
            static_cast<int64_t>(indexDims.size()) - 1 ||
        getRank(data) < static_cast<int64_t>(concat->getNumOperands()) ||
        !allKnown(getDims(data)) || !allKnown(getDims(op->getResult(0))))
      return failure();
    indexDims.pop_back();
    SmallVector<size_t> used;
    Dims extents;
    for (Value component : concat->getOperands()) {
      std::optional<Positions> positions = getPositions(component);
      if (!positions || getStaticDim(component, -1) != 1 ||
          tp::getConst(positions->offset) != 0)
        return failure();
      positions->strides.pop_back();
      // Exactly one dimension counts this component's positions.
      std::optional<size_t> counter;
      for (auto [k, stride] : llvm::enumerate(positions->strides)) {
        if (tp::getConst(stride) == 0)
          continue;
        if (counter || tp::getConst(stride) != 1)
          return failure();
        counter = k;
      }
      if (!counter || (!used.empty() && used.back() >= *counter))
        return failure();
      used.push_back(*counter);
      extents.push_back(indexDims[*counter]);
    }
    if (!othersAreOne(indexDims, used))
      return failure();
    replaceByLeadingPart(rewriter, op, data, extents);
    return success();
  }
};

/// Gather from a flattened tensor at row-major positions.
struct RaiseGather : OpRewritePattern<onnx::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherOp op,
                                PatternRewriter &rewriter) const override {
    auto flatten = op.getData().getDefiningOp<onnx::ReshapeOp>();
    std::optional<Positions> positions = getPositions(op.getIndices());
    if (!flatten || !positions || tp::getConst(positions->offset) != 0 ||
        normalizeAxis(op.getAxis(), getRank(op.getData())) != 0 ||
        !allKnown(getDims(op.getOutput())))
      return failure();
    // All of the data must lie along the gathered dimension.
    Value source = flatten.getData();
    Dims dims = getDims(source), flat = getDims(op.getData());
    if (getRank(source) < 1 || !allKnown(dims) ||
        !tp::provablyEqual(flat.front(), tp::product(dims, getContext())))
      return failure();
    Dims indexDims = getDims(op.getIndices());
    SmallVector<size_t> used;
    Dims extents;
    size_t next = 0;
    for (size_t i = 0; i < dims.size(); ++i) {
      AffineExpr stride =
          tp::product(ArrayRef(dims).drop_front(i + 1), getContext());
      while (next < indexDims.size() &&
             tp::getConst(positions->strides[next]) == 0)
        ++next;
      if (next == indexDims.size() ||
          !tp::provablyEqual(positions->strides[next], stride))
        return failure();
      used.push_back(next);
      extents.push_back(indexDims[next++]);
    }
    for (; next < indexDims.size(); ++next)
      if (tp::getConst(positions->strides[next]) != 0)
        return failure();
    if (!othersAreOne(indexDims, used))
      return failure();
    replaceByLeadingPart(rewriter, op, source, extents);
    return success();
  }
};

struct RaisePositionGathers
    : tpo::impl::RaisePositionGathersPassBase<RaisePositionGathers> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseGatherND, RaiseGather>(&getContext());
    populateMovementPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
