//===- ReshapePatterns.cpp - Chains of Reshape and Transpose --------------===//
//
// Part of tp-simplify-movement.
//
//===----------------------------------------------------------------------===//

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

struct RemoveReshape : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op, PatternRewriter &rewriter) const override {
    Value data = op.getData();
    if (getRank(data) < 0 || data.getType() != op.getReshaped().getType() ||
        !sameDims(getDims(data), getDims(op.getReshaped())))
      return failure();
    rewriter.replaceOp(op, data);
    return success();
  }
};

/// The last Reshape of a chain decides.
struct MergeReshapes : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getData().getDefiningOp<onnx::ReshapeOp>();
    if (!inner || getRank(op.getReshaped()) < 0 || !allKnown(getDims(op.getReshaped())))
      return failure();
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), inner.getData(), getDims(op.getReshaped())));
    return success();
  }
};

/// The dimensions of `dims` that are not 1.
SmallVector<int64_t> getProperDims(ArrayRef<AffineExpr> dims) {
  SmallVector<int64_t> proper;
  for (auto [i, dim] : llvm::enumerate(dims))
    if (tp::getConst(dim) != 1)
      proper.push_back(i);
  return proper;
}

/// Two transpositions with a Reshape between them that adds or drops dimensions
/// of size 1 are one: with a batch of one, merging batch and heads is such a
/// Reshape.
struct MergeTransposesAroundUnitDims : OpRewritePattern<onnx::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    auto reshape = op.getData().getDefiningOp<onnx::ReshapeOp>();
    auto inner = reshape ? reshape.getData().getDefiningOp<onnx::TransposeOp>() : nullptr;
    Dims result = getDims(op->getResult(0));
    if (!inner || !allKnown(result))
      return failure();
    Dims from = getDims(reshape.getData()), to = getDims(reshape.getReshaped());
    SmallVector<int64_t> source = getProperDims(from), target = getProperDims(to);
    if (!allKnown(from) || !allKnown(to) || source.size() != target.size())
      return failure();
    for (auto [i, k] : llvm::zip_equal(source, target))
      if (!tp::provablyEqual(from[i], to[k]))
        return failure();
    // Dimensions of size 1 first, the others in the order of the result.
    SmallVector<int64_t> perm;
    for (size_t i = 0; i < from.size(); ++i)
      if (!llvm::is_contained(source, i))
        perm.push_back(i);
    for (int64_t axis : getPerm(op))
      if (const auto *found = llvm::find(target, axis); found != target.end())
        perm.push_back(source[found - target.begin()]);
    Value moved = makeTranspose(rewriter, op.getLoc(), reshape.getData(), perm);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), moved, result));
    return success();
  }
};

struct MergeTransposes : OpRewritePattern<onnx::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getData().getDefiningOp<onnx::TransposeOp>();
    if (!inner)
      return failure();
    SmallVector<int64_t> first = getPerm(inner), second = getPerm(op), merged;
    for (int64_t axis : second)
      merged.push_back(first[axis]);
    replaceByNew(rewriter, op, makeTranspose(rewriter, op.getLoc(), inner.getData(), merged));
    return success();
  }
};

/// A Transpose that only moves dimensions of size one is a Reshape.
struct TransposeOfOnes : OpRewritePattern<onnx::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    SmallVector<int64_t> perm = getPerm(op);
    if (llvm::is_sorted(perm)) {
      if (op.getData().getType() != op.getTransposed().getType())
        return failure();
      rewriter.replaceOp(op, op.getData());
      return success();
    }
    llvm::erase_if(perm, [&](int64_t axis) { return getStaticDim(op.getData(), axis) == 1; });
    Dims dims = getDims(op.getTransposed());
    if (!llvm::is_sorted(perm) || !allKnown(dims))
      return failure();
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), op.getData(), dims));
    return success();
  }
};

/// For a reshape of `fine` that merges neighbouring dimensions into `coarse`:
/// how many dimensions of `fine` each of `coarse` consists of.
std::optional<SmallVector<int64_t>> getMergedGroups(ArrayRef<AffineExpr> fine, ArrayRef<AffineExpr> coarse,
                                                    MLIRContext *context) {
  if (!allKnown(fine) || !allKnown(coarse))
    return std::nullopt;
  SmallVector<int64_t> groups;
  size_t next = 0;
  for (AffineExpr size : coarse) {
    size_t begin = next;
    do {
      if (next == fine.size())
        return std::nullopt;
      ++next;
    } while (!tp::provablyEqual(tp::product(fine.slice(begin, next - begin), context), size));
    groups.push_back(next - begin);
  }
  if (next != fine.size())
    return std::nullopt;
  return groups;
}

/// The dimensions of which both the sizes before and the sizes after a reshape
/// are products, dimensions of size 1 aside: for [s, b, 64] to [s, b * 4, 16] they
/// are [s, b, 4, 16].
struct CommonRefinement {
  Dims dims;
  /// How many of `dims` each size after consists of.
  SmallVector<int64_t> groups;
};

std::optional<CommonRefinement> getCommonRefinement(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to) {
  if (!allKnown(from) || !allKnown(to))
    return std::nullopt;
  CommonRefinement refinement;
  refinement.groups.assign(to.size(), 0);
  SmallVector<int64_t> source = getProperDims(from), target = getProperDims(to);
  AffineExpr left, right; // What is not yet in `dims` of the current sizes.
  size_t i = 0, k = 0;
  while (i < source.size() && k < target.size()) {
    left = left ? left : from[source[i]];
    right = right ? right : to[target[k]];
    AffineExpr more = tp::divideExactly(left, right), less = tp::divideExactly(right, left);
    if (!more && !less)
      return std::nullopt;
    refinement.dims.push_back(more ? right : left);
    ++refinement.groups[target[k]];
    bool leftIsDone = !more || tp::getConst(more) == 1, rightIsDone = more != nullptr;
    i += leftIsDone;
    k += rightIsDone;
    left = leftIsDone ? AffineExpr() : more;
    right = rightIsDone ? AffineExpr() : less;
  }
  if (i != source.size() || k != target.size() || left || right)
    return std::nullopt;
  return refinement;
}

/// A Transpose of merged dimensions transposes the dimensions themselves and
/// merges them afterwards, where the merge meets what undoes it: exporters
/// transpose keys as [batch * heads, seq, head_dim].
struct TransposeOfMerged : OpRewritePattern<onnx::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    auto merge = op.getData().getDefiningOp<onnx::ReshapeOp>();
    if (!merge || getRank(merge.getData()) < 0)
      return failure();
    Value fine = merge.getData();
    Dims coarse = getDims(merge.getReshaped());
    std::optional<SmallVector<int64_t>> groups = getMergedGroups(getDims(fine), coarse, getContext());
    std::optional<CommonRefinement> refinement;
    if (!groups) {
      // It merges and splits at once.
      refinement = getCommonRefinement(getDims(fine), coarse);
      if (!refinement)
        return failure();
      groups = refinement->groups;
    }
    Dims dims = refinement ? refinement->dims : getDims(fine);
    SmallVector<int64_t> begins, perm;
    int64_t next = 0;
    bool merges = false;
    for (int64_t count : *groups) {
      begins.push_back(next);
      auto group = ArrayRef(dims).slice(next, count);
      merges |= llvm::count_if(group, [](AffineExpr dim) { return tp::getConst(dim) != 1; }) > 1;
      next += count;
    }
    // Dropping sizes of one merges nothing.
    if (!merges)
      return failure();
    for (int64_t axis : getPerm(op))
      for (int64_t i = 0; i < (*groups)[axis]; ++i)
        perm.push_back(begins[axis] + i);
    if (refinement)
      fine = makeReshape(rewriter, merge.getLoc(), fine, dims);
    Value moved = makeTranspose(rewriter, op.getLoc(), fine, perm);
    replaceByNew(rewriter, op, makeReshape(rewriter, op.getLoc(), moved, getDims(op.getTransposed())));
    return success();
  }
};

} // namespace

void tpo::simplify::populateReshapePatterns(RewritePatternSet &patterns) {
  patterns.add<RemoveReshape, MergeReshapes, MergeTransposes, MergeTransposesAroundUnitDims, TransposeOfOnes,
               TransposeOfMerged>(patterns.getContext());
}
