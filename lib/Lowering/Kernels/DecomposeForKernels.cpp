//===- DecomposeForKernels.cpp - Row operators as reductions and maps -----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Normalisations and softmax become the reductions over a row and the
// element-wise operators around them, which is what kernels are made of.
// Statistics of narrow floats are kept in f32.
//
//===----------------------------------------------------------------------===//

#include "RowBuilder.h"

#include "tp-opt/Lowering/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_TPDECOMPOSEFORKERNELSPASS
#include "tp-opt/Lowering/Passes.h.inc"

namespace {

using namespace kernels;

/// (x - mean) / sqrt(variance + epsilon) * scale + bias, or without the mean.
struct DecomposeNorm : RewritePattern {
  DecomposeNorm(MLIRContext *context, StringRef name, bool centred)
      : RewritePattern(name, 1, context), centred(centred) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (!type)
      return failure();
    int64_t rank = type.getRank(), axis = normalizeAxis(getInt(op, "axis", -1), rank);
    RowBuilder row(rewriter, op->getLoc());
    Type narrow = type.getElementType(), wide = statisticsType(narrow);
    Value x = row.convert(op->getOperand(0), wide);
    Value centre;
    if (centred) {
      centre = row.reduce<onnx::ReduceMeanOp>(x, axis, rank);
      x = row.binary<onnx::SubOp>(x, centre);
    }
    Value square = row.binary<onnx::MulOp>(x, x);
    Value mean = row.reduce<onnx::ReduceMeanOp>(square, axis, rank);
    Value variance = row.binary<onnx::AddOp>(mean, row.constant(wide, getFloat(op, "epsilon", 1e-5)));
    Value inverse = row.unary<onnx::ReciprocalOp>(row.unary<onnx::SqrtOp>(variance));
    Value result = row.binary<onnx::MulOp>(x, inverse);
    // The scale is applied after rounding to the tensor's own type.
    result = row.convert(result, narrow);
    result = row.binary<onnx::MulOp>(result, op->getOperand(1));
    if (hasOperand(op, 2))
      result = row.binary<onnx::AddOp>(result, op->getOperand(2));
    // The statistics: the mean, if there is one, and the inverse deviation.
    SmallVector<Value> statistics{inverse};
    if (centred)
      statistics.insert(statistics.begin(), centre);
    for (auto [statistic, asked] : llvm::zip(statistics, op->getResults().drop_front()))
      if (auto askedType = dyn_cast<RankedTensorType>(asked.getType()); askedType && !asked.use_empty())
        rewriter.replaceAllUsesWith(asked, row.convert(statistic, askedType.getElementType()));
    rewriter.replaceAllUsesWith(op->getResult(0), result);
    rewriter.eraseOp(op);
    return success();
  }
  bool centred;
};

/// exp(x - max) / sum(exp(x - max)), or x - max - log(sum(...)).
struct DecomposeSoftmax : RewritePattern {
  DecomposeSoftmax(MLIRContext *context, StringRef name, bool logarithm)
      : RewritePattern(name, 1, context), logarithm(logarithm) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
    if (!type)
      return failure();
    int64_t axis = normalizeAxis(getInt(op, "axis", -1), type.getRank());
    RowBuilder row(rewriter, op->getLoc());
    Type narrow = type.getElementType(), wide = statisticsType(narrow);
    Value x = row.convert(op->getOperand(0), wide);
    Value shifted = row.binary<onnx::SubOp>(x, row.reduce<onnx::ReduceMaxOp>(x, axis, axis + 1));
    Value exponential = row.unary<onnx::ExpOp>(shifted);
    Value sum = row.reduce<onnx::ReduceSumOp>(exponential, axis, axis + 1);
    Value result = logarithm ? row.binary<onnx::SubOp>(shifted, row.unary<onnx::LogOp>(sum))
                             : row.binary<onnx::DivOp>(exponential, sum);
    rewriter.replaceOp(op, row.convert(result, narrow));
    return success();
  }
  bool logarithm;
};

struct DecomposeForKernelsPass : impl::TpDecomposeForKernelsPassBase<DecomposeForKernelsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeNorm>(&getContext(), "onnx.LayerNormalization", true);
    patterns.add<DecomposeNorm>(&getContext(), "onnx.RMSNormalization", false);
    patterns.add<DecomposeNorm>(&getContext(), "onnx.ms.SimplifiedLayerNormalization", false);
    patterns.add<DecomposeSoftmax>(&getContext(), "onnx.Softmax", false);
    patterns.add<DecomposeSoftmax>(&getContext(), "onnx.LogSoftmax", true);
    populateSpatialNormPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
} // namespace tpo
