//===- OnnxContractionRules.cpp - Matrix products and convolutions --------===//

#include "OnnxRules.h"
#include "RuleHelpers.h"
#include "tp-opt/Sharding/Weights.h"

using namespace mlir;

namespace tpo::rules {

namespace {

using tp::FactorRole;
using tp::ReductionKind;

/// Positions of rows and contraction in both operands of a product.
struct Product {
  bool transA = false, transB = false;
};

/// Adds the factors of the batch dimensions of a numpy-broadcast product: all
/// dimensions of the result before the last `matrixDims`.
LogicalResult addBatchDims(tp::ShardingRuleBuilder &builder, unsigned matrixDims, bool weight) {
  Operation *op = builder.getOp();
  AffineExprs sizes = dimsOf(op->getResult(0));
  if (sizes.size() < matrixDims)
    return op->emitOpError("result has too few dimensions");
  unsigned batch = sizes.size() - matrixDims;
  for (unsigned dim = 0; dim < batch; ++dim) {
    if (isOne(sizes[dim]))
      continue;
    FactorRole role = FactorRole::Other;
    if (weight && dim == 0)
      role = FactorRole::Batch;
    else if (weight && dim + 1 == batch)
      role = FactorRole::Sequence;
    unsigned factor = builder.parallel(sizes[dim], role);
    builder.resultDim(0, dim, factor);
    for (unsigned operand : {0u, 1u}) {
      AffineExprs own = dimsOf(op->getOperand(operand));
      // Batch dimensions align from the last one before the matrices.
      int64_t ownDim = int64_t(own.size()) - 2 - int64_t(batch) + dim;
      if (own.size() <= 2 || ownDim < 0 || isOne(own[ownDim]))
        continue;
      if (own[ownDim] && sizes[dim] && !sameSize(own[ownDim], sizes[dim]))
        return op->emitOpError("operand #")
               << operand << " dimension " << ownDim << " does not broadcast to the result";
      builder.operandDim(operand, ownDim, factor);
    }
  }
  return success();
}

/// numpy matrix product with optionally transposed matrices.
Rule product(Operation *op, Product spec) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs a = dimsOf(op->getOperand(0)), b = dimsOf(op->getOperand(1));
  if (a.empty() || b.empty())
    return op->emitOpError("operands of a matrix product have no dimensions");
  bool weight = isDerivedFromWeight(op->getOperand(1));
  FactorRole weightRole = weight ? FactorRole::Hidden : FactorRole::Other;
  bool hasRows = a.size() > 1, hasColumns = b.size() > 1;
  if (failed(addBatchDims(builder, unsigned(hasRows) + unsigned(hasColumns), weight)))
    return failure();
  unsigned resultRank = rankOf(op->getResult(0));

  if (hasRows) {
    unsigned dim = a.size() - (spec.transA ? 1 : 2);
    unsigned resultDim = resultRank - 1 - unsigned(hasColumns);
    if (!isOne(a[dim])) {
      // With a weight, rows are the positions of the sequence.
      FactorRole role = weight && a.size() > 2 ? FactorRole::Sequence : FactorRole::Other;
      unsigned rows = builder.parallel(a[dim], role);
      builder.operandDim(0, dim, rows);
      builder.resultDim(0, resultDim, rows);
    }
  }
  if (hasColumns) {
    unsigned dim = b.size() - (spec.transB ? 2 : 1);
    if (!isOne(b[dim])) {
      unsigned columns = builder.parallel(b[dim], weightRole);
      builder.operandDim(1, dim, columns);
      builder.resultDim(0, resultRank - 1, columns);
    }
  }
  unsigned aDim = hasRows && spec.transA ? a.size() - 2 : a.size() - 1;
  unsigned bDim = hasColumns && !spec.transB ? b.size() - 2 : b.size() - 1;
  if (a[aDim] && b[bDim] && !sameSize(a[aDim], b[bDim]))
    return op->emitOpError("contracts dimensions of size ")
           << tp::toString(a[aDim]) << " and " << tp::toString(b[bDim]);
  if (!isOne(a[aDim])) {
    unsigned inner = builder.reduction(a[aDim], ReductionKind::Sum, weightRole);
    builder.operandDim(0, aDim, inner);
    builder.operandDim(1, bDim, inner);
  }
  if (presentOperand(op, 2) && op->getNumOperands() > 2)
    return op->emitOpError("has more operands than a matrix product");
  builder.linear(0u, ReductionKind::Sum);
  builder.linear(1u, ReductionKind::Sum);
  return builder.build();
}

} // namespace

Rule matMul(Operation *op) { return product(op, Product()); }

Rule fusedMatMul(Operation *op) {
  if (intAttr(op, "transBatchA", 0) || intAttr(op, "transBatchB", 0))
    return op->emitOpError("has no sharding rule with transposed batches");
  Product spec;
  spec.transA = intAttr(op, "transA", 0);
  spec.transB = intAttr(op, "transB", 0);
  return product(op, spec);
}

Rule gemm(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs a = dimsOf(op->getOperand(0)), b = dimsOf(op->getOperand(1));
  AffineExprs y = dimsOf(op->getResult(0));
  if (a.size() != 2 || b.size() != 2 || y.size() != 2)
    return op->emitOpError("needs matrices");
  unsigned transA = intAttr(op, "transA", 0) ? 1 : 0;
  unsigned transB = intAttr(op, "transB", 0) ? 1 : 0;
  FactorRole role = isDerivedFromWeight(op->getOperand(1)) ? FactorRole::Hidden : FactorRole::Other;
  SmallVector<tp::DimFactors> dims(2);
  if (!isOne(y[0])) {
    dims[0].push_back(builder.parallel(y[0]));
    builder.operandDim(0, transA, dims[0][0]);
    builder.resultDim(0, 0, dims[0][0]);
  }
  if (!isOne(y[1])) {
    dims[1].push_back(builder.parallel(y[1], role));
    builder.operandDim(1, 1 - transB, dims[1][0]);
    builder.resultDim(0, 1, dims[1][0]);
  }
  if (presentOperand(op, 2)) {
    if (failed(broadcastOperand(builder, 2, dims, y)))
      return failure();
    builder.addend(2);
  }
  if (!isOne(a[1 - transA])) {
    unsigned inner = builder.reduction(a[1 - transA], ReductionKind::Sum, role);
    builder.operandDim(0, 1 - transA, inner);
    builder.operandDim(1, transB, inner);
  }
  // FusedGemm applies an activation behind the sum.
  if (op->hasAttr("activation")) {
    for (tp::Factor &factor : builder.getRule().factors)
      if (factor.kind == tp::FactorKind::Reduction)
        factor.kind = tp::FactorKind::Whole;
    return builder.build();
  }
  builder.linear(0u);
  builder.linear(1u);
  return builder.build();
}

/// A [..., K] times the transpose of B [N, K / block, block * bits / 8], whose
/// blocks along K have one scale each.
Rule matMulNBits(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs a = dimsOf(op->getOperand(0)), b = dimsOf(op->getOperand(1));
  AffineExprs y = dimsOf(op->getResult(0));
  if (a.empty() || y.size() != a.size() || b.size() != 3)
    return op->emitOpError("needs A [.., K] and B [N, blocks, bytes]");
  unsigned last = a.size() - 1;
  for (unsigned dim = 0; dim < last; ++dim) {
    if (isOne(a[dim]))
      continue;
    FactorRole role = dim == 0 ? FactorRole::Batch : dim + 1 == last ? FactorRole::Sequence : FactorRole::Other;
    unsigned factor = builder.parallel(a[dim], role);
    builder.operandDim(0, dim, factor);
    builder.resultDim(0, dim, factor);
  }
  unsigned columns = builder.parallel(y[last], FactorRole::Hidden);
  builder.setEven(columns);
  builder.resultDim(0, last, columns);
  builder.operandDim(1, 0, columns);
  // Scales may be flat; then columns are their major part.
  AffineExprs scales = dimsOf(op->getOperand(2));
  builder.operandDim(2, 0, columns);

  MLIRContext *context = op->getContext();
  AffineExpr blockSize = getAffineConstantExpr(intAttr(op, "block_size", 1), context);
  AffineExpr blocks = tp::divideExactly(a[last], blockSize);
  bool splitBlocks = blocks && sameSize(blocks, b[1]) && !presentOperand(op, 3) && !presentOperand(op, 4);
  if (splitBlocks && !isOne(blocks)) {
    unsigned outer = builder.reduction(blocks, ReductionKind::Sum, FactorRole::Hidden);
    builder.setEven(outer);
    builder.operandDim(0, last, outer);
    builder.operandDim(0, last, builder.whole(blockSize));
    builder.operandDim(1, 1, outer);
    builder.operandDim(2, scales.size() - 1, outer);
    if (presentOperand(op, 5))
      builder.addend(5);
  }
  if (!splitBlocks && scales.size() == 1 && !sameSize(scales[0], y[last]))
    builder.operandDim(2, 0, builder.whole(b[1]));
  if (presentOperand(op, 5))
    builder.operandDim(5, 0, columns);
  if (Value zeros = presentOperand(op, 3)) {
    if (rankOf(zeros) == 2)
      builder.operandDim(3, 0, columns);
    builder.restOfOperandWhole(3);
  }
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
    builder.restOfOperandWhole(operand);
  return builder.build();
}

/// X [N, (g c), ...], W [(g m), c, ...], B [(g m)] -> [N, (g m), ...]. Windows
/// overlap at the border of a split: spatial dimensions stay whole.
Rule conv(Operation *op) {
  tp::ShardingRuleBuilder builder(op);
  AffineExprs x = dimsOf(op->getOperand(0)), w = dimsOf(op->getOperand(1));
  AffineExprs y = dimsOf(op->getResult(0));
  if (x.size() < 3 || w.size() != x.size() || y.size() != x.size())
    return op->emitOpError("needs a batch, channels and spatial dimensions");
  if (!isOne(x[0])) {
    unsigned batch = builder.parallel(x[0], FactorRole::Batch);
    builder.operandDim(0, 0, batch);
    builder.resultDim(0, 0, batch);
  }
  bool hasBias = presentOperand(op, 2) != nullptr;
  auto outputChannel = [&](unsigned factor) {
    builder.operandDim(1, 0, factor);
    builder.resultDim(0, 1, factor);
    if (hasBias)
      builder.operandDim(2, 0, factor);
  };
  AffineExpr group = getAffineConstantExpr(intAttr(op, "group", 1), op->getContext());
  AffineExpr perGroup = tp::divideExactly(y[1], group);
  if (!perGroup)
    return op->emitOpError("has output channels that are no multiple of its "
                           "groups");
  if (!isOne(group)) {
    unsigned groups = builder.parallel(group, FactorRole::Hidden);
    builder.operandDim(0, 1, groups);
    outputChannel(groups);
  }
  if (!isOne(perGroup))
    outputChannel(builder.parallel(perGroup, FactorRole::Hidden));
  if (!isOne(w[1])) {
    // Ranks count their groups by whole groups of input channels.
    bool splits = isOne(group);
    unsigned inner = splits ? builder.reduction(w[1], ReductionKind::Sum, FactorRole::Hidden)
                            : builder.whole(w[1], FactorRole::Hidden);
    builder.operandDim(0, 1, inner);
    builder.operandDim(1, 1, inner);
    if (hasBias && splits)
      builder.addend(2);
  }
  for (unsigned operand : {0u, 1u})
    builder.restOfOperandWhole(operand);
  builder.restOfResultWhole(0);
  return builder.build();
}

} // namespace tpo::rules
