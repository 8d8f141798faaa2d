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
  for (auto [i, extent] : llvm::enumerate(extents)) {
    if (tp::provablyEqual(extent, dims[i]))
      continue;
    // A gather beyond the end is an error; a slice would end there.
    requireNonNegative(op, dims[i] - extent);
    source = makeSlice(rewriter, op->getLoc(), source, i,
                       rewriter.getAffineConstantExpr(0), extent);
  }
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

/// For the indices [..., q] of GatherND: the positions of each of the q
/// components, without the last dimension.
std::optional<SmallVector<Positions>> getComponents(Value indices) {
  SmallVector<Positions> components;
  int64_t last = getRank(indices) - 1;
  if (auto concat = indices.getDefiningOp<onnx::ConcatOp>()) {
    if (normalizeAxis(concat.getAxis(), last + 1) != last)
      return std::nullopt;
    for (Value operand : concat->getOperands()) {
      std::optional<Positions> positions = getPositions(operand);
      if (!positions || getStaticDim(operand, -1) != 1)
        return std::nullopt;
      positions->strides.pop_back();
      components.push_back(*positions);
    }
    return components;
  }
  auto constant = indices.getDefiningOp<onnx::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue())
                           : DenseIntElementsAttr();
  if (!elements || last < 0)
    return std::nullopt;
  ArrayRef<int64_t> shape = elements.getType().getShape();
  for (int64_t i = 0; i < shape[last]; ++i) {
    SmallVector<int64_t> numbers;
    for (auto [k, number] : llvm::enumerate(elements.getValues<APInt>()))
      if (static_cast<int64_t>(k) % shape[last] == i)
        numbers.push_back(number.getSExtValue());
    std::optional<Positions> positions =
        getPositions(numbers, shape.drop_back(), indices.getContext());
    if (!positions)
      return std::nullopt;
    components.push_back(*positions);
  }
  return components;
}

/// The one dimension along which positions count from zero by one; the others
/// do not move them.
std::optional<size_t> getCounter(const Positions &positions) {
  std::optional<size_t> counter;
  if (tp::getConst(positions.offset) != 0)
    return std::nullopt;
  for (auto [k, stride] : llvm::enumerate(positions.strides)) {
    if (tp::getConst(stride) == 0)
      continue;
    if (counter || tp::getConst(stride) != 1)
      return std::nullopt;
    counter = k;
  }
  return counter;
}

struct RaiseGatherND : OpRewritePattern<onnx::GatherNDOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherNDOp op,
                                PatternRewriter &rewriter) const override {
    Value data = op->getOperand(0), indices = op->getOperand(1);
    std::optional<SmallVector<Positions>> components = getComponents(indices);
    Dims indexDims = getDims(indices);
    if (!components || op.getBatchDims() != 0 || indexDims.empty() ||
        getRank(data) < static_cast<int64_t>(components->size()) ||
        !allKnown(getDims(data)) || !allKnown(getDims(op->getResult(0))))
      return failure();
    indexDims.pop_back();
    SmallVector<size_t> used;
    Dims extents;
    for (const Positions &component : *components) {
      // Always the first: a dimension of size one in the result, or none.
      if (tp::getConst(component.offset) == 0 &&
          llvm::all_of(component.strides, [](AffineExpr stride) {
            return tp::getConst(stride) == 0;
          })) {
        extents.push_back(rewriter.getAffineConstantExpr(1));
        continue;
      }
      std::optional<size_t> counter = getCounter(component);
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

/// Whether positions count through dimensions of these sizes in order.
bool isRowMajor(const Positions &positions, ArrayRef<AffineExpr> dims,
                MLIRContext *context) {
  if (tp::getConst(positions.offset) != 0)
    return false;
  for (auto [i, stride] : llvm::enumerate(positions.strides))
    if (tp::getConst(dims[i]) != 1 &&
        !tp::provablyEqual(stride,
                           tp::product(dims.drop_front(i + 1), context)))
      return false;
  return true;
}

/// Gather of all rows of a table in order.
struct RaiseGatherOfAll : OpRewritePattern<onnx::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Positions> positions = getPositions(op.getIndices());
    Dims indexDims = getDims(op.getIndices()), dims = getDims(op.getData());
    if (!positions || normalizeAxis(op.getAxis(), dims.size()) != 0 ||
        !allKnown(indexDims) || !allKnown(getDims(op.getOutput())) ||
        !tp::provablyEqual(dims.front(),
                           tp::product(indexDims, getContext())) ||
        !isRowMajor(*positions, indexDims, getContext()))
      return failure();
    replaceByNew(rewriter, op,
                 makeReshape(rewriter, op.getLoc(), op.getData(),
                             getDims(op.getOutput())));
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
    patterns.add<RaiseGatherND, RaiseGatherOfAll, RaiseGather>(&getContext());
    populateMovementPatterns(patterns);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
