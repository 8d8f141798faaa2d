//===- ContribNorms.cpp - Norms with a residual, embeddings ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

using Dims = GraphBuilder::Dims;

namespace {

/// A norm of `x` over the last dimension in the place of result 0 of `op`;
/// results 1 and 2, where used, are the statistics.
void replaceByNorm(Operation *op, GraphBuilder &g, Value x, Value scale, Value bias, bool centred) {
  OpBuilder &b = g.builder();
  Dims dims = GraphBuilder::dims(x);
  dims.back() = g.size(1);
  Type statistics = tp::makeTensorType(dims, b.getF32Type()), none = b.getNoneType();
  NamedAttribute attributes[] = {g.intAttr("axis", -1), g.floatAttr("epsilon", getFloat(op, "epsilon", 1e-12))};
  bool wantsMean = isUsed(op, 1), wantsDeviation = isUsed(op, 2);
  if (centred) {
    auto norm = onnx::LayerNormalizationOp::create(
        b, g.location(), TypeRange{x.getType(), wantsMean ? statistics : none, wantsDeviation ? statistics : none},
        ValueRange{x, scale, bias ? bias : g.none()}, attributes);
    replaceResult(op, 0, norm.getY());
    if (wantsMean)
      replaceResult(op, 1, norm.getMean());
    if (wantsDeviation)
      replaceResult(op, 2, norm.getInvStdDev());
    return;
  }
  if (!wantsDeviation) {
    auto norm =
        onnx::RMSNormalizationOp::create(b, g.location(), TypeRange{x.getType()}, ValueRange{x, scale}, attributes);
    replaceResult(op, 0, norm->getResult(0));
    return;
  }
  auto norm = onnx::MsSimplifiedLayerNormalizationOp::create(b, g.location(), TypeRange{x.getType(), statistics},
                                                             ValueRange{x, scale}, attributes);
  replaceResult(op, 0, norm->getResult(0));
  replaceResult(op, 2, norm->getResult(1));
}

/// input + skip (+ bias), a result too, then the norm.
LogicalResult rewriteSkipNorm(Operation *op, GraphBuilder &g, Value bias, Value beta, bool centred) {
  Value sum = g.map<onnx::AddOp>({op->getOperand(0), op->getOperand(1)});
  if (bias)
    sum = g.map<onnx::AddOp>({sum, bias});
  replaceByNorm(op, g, sum, op->getOperand(2), beta, centred);
  if (isUsed(op, 3))
    op->getResult(3).replaceAllUsesWith(sum);
  return success();
}

LogicalResult rewriteSkipLayerNorm(Operation *op, GraphBuilder &g) {
  return rewriteSkipNorm(op, g, getOperand(op, 4), getOperand(op, 3), true);
}

LogicalResult rewriteSkipSimplifiedNorm(Operation *op, GraphBuilder &g) {
  return rewriteSkipNorm(op, g, getOperand(op, 3), {}, false);
}

/// Rows of word, position and segment tables, summed and normalised.
LogicalResult rewriteEmbedLayerNorm(Operation *op, GraphBuilder &g) {
  Value ids = op->getOperand(0), segments = getOperand(op, 1), segmentTable = getOperand(op, 4);
  Value gamma = getOperand(op, 5), beta = getOperand(op, 6), mask = getOperand(op, 7), positions = getOperand(op, 8);
  if (!gamma || !beta)
    return op->emitError("EmbedLayerNormalization needs gamma and beta");
  Dims dims = GraphBuilder::dims(ids);
  Type i32 = g.builder().getI32Type();
  Value words = g.gather(op->getOperand(2), ids, 0);
  if (!positions)
    positions = g.reshape(g.range(dims[1], g.builder().getI64Type()), {g.size(1), dims[1]});
  Value sum = g.map<onnx::AddOp>({words, g.gather(op->getOperand(3), positions, 0)});
  if (segmentTable) {
    if (!segments)
      return op->emitError("EmbedLayerNormalization with segment_embedding needs segment_ids");
    sum = g.map<onnx::AddOp>({sum, g.gather(segmentTable, segments, 0)});
  }
  auto norm = onnx::LayerNormalizationOp::create(
      g.builder(), g.location(), TypeRange{sum.getType()}, ValueRange{sum, gamma, beta},
      {g.intAttr("axis", -1), g.floatAttr("epsilon", getFloat(op, "epsilon", 1e-12))});
  replaceResult(op, 0, norm.getY());
  if (isUsed(op, 1)) {
    // How many tokens of each sequence the mask marks with 1.
    Value counts = g.filled(0, {dims[0]}, i32);
    if (mask) {
      Value marked = g.convert(g.compare<onnx::EqualOp>(mask, g.scalar(1, GraphBuilder::elementType(mask))), i32);
      counts = g.reshape(g.reduce<onnx::ReduceSumOp>(marked, {1}), {dims[0]});
    }
    replaceResult(op, 1, counts);
  }
  if (isUsed(op, 2))
    op->getResult(2).replaceAllUsesWith(sum);
  return success();
}

} // namespace

void contrib::addNormRewrites(Rewrites &rewrites) {
  rewrites["SkipLayerNormalization"] = rewriteSkipLayerNorm;
  rewrites["SkipSimplifiedLayerNormalization"] = rewriteSkipSimplifiedNorm;
  rewrites["EmbedLayerNormalization"] = rewriteEmbedLayerNorm;
}
