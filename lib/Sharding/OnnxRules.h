//===- OnnxRules.h - Sharding rules of onnx operators by family -*- C++ -*-===//
//
// Each function derives the rule of one operation of its family, or reports at
// the operation why it cannot. OnnxModels.cpp says which operator is which
// family.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_SHARDING_ONNXRULES_H
#define TPOPT_LIB_SHARDING_ONNXRULES_H

#include "dialects/Tp/ShardingRule.h"

namespace tpo::rules {

using Rule = mlir::FailureOr<tp::ShardingRule>;

// OnnxElementwiseRules.cpp
Rule elementwise(mlir::Operation *op);

// OnnxContractionRules.cpp
Rule matMul(mlir::Operation *op);
Rule fusedMatMul(mlir::Operation *op);
Rule gemm(mlir::Operation *op);
Rule matMulNBits(mlir::Operation *op);
Rule quantization(mlir::Operation *op);
Rule conv(mlir::Operation *op);

// OnnxAttentionRules.cpp
Rule attention(mlir::Operation *op);
Rule groupQueryAttention(mlir::Operation *op);
Rule multiHeadAttention(mlir::Operation *op);
Rule rotaryEmbedding(mlir::Operation *op);
Rule msRotaryEmbedding(mlir::Operation *op);

// OnnxNormalizationRules.cpp
Rule layerNormalization(mlir::Operation *op);
Rule skipLayerNormalization(mlir::Operation *op);
Rule softmax(mlir::Operation *op);
Rule alongAxis(mlir::Operation *op);
Rule reduce(mlir::Operation *op);
Rule batchNormalization(mlir::Operation *op);
Rule spatial(mlir::Operation *op);

// OnnxImageRules.cpp
Rule resize(mlir::Operation *op);
Rule gridSample(mlir::Operation *op);
Rule convTranspose(mlir::Operation *op);
Rule groupNormalization(mlir::Operation *op);
Rule perSample(mlir::Operation *op);
Rule meanVarianceNormalization(mlir::Operation *op);

// OnnxShapeRules.cpp
Rule reshape(mlir::Operation *op);
Rule transpose(mlir::Operation *op);
Rule concat(mlir::Operation *op);
Rule split(mlir::Operation *op);
Rule slice(mlir::Operation *op);
Rule expand(mlir::Operation *op);
Rule pad(mlir::Operation *op);
Rule tile(mlir::Operation *op);
Rule wholeOp(mlir::Operation *op);
Rule splat(mlir::Operation *op);
Rule constant(mlir::Operation *op);
Rule weight(mlir::Operation *op);

// OnnxIndexingRules.cpp
Rule gather(mlir::Operation *op);
Rule gatherElements(mlir::Operation *op);
Rule gatherND(mlir::Operation *op);
Rule scatterElements(mlir::Operation *op);
Rule scatterND(mlir::Operation *op);
Rule tensorScatter(mlir::Operation *op);
Rule reverseSequence(mlir::Operation *op);
Rule topK(mlir::Operation *op);
Rule argReduce(mlir::Operation *op);
Rule oneHot(mlir::Operation *op);
Rule trilu(mlir::Operation *op);

} // namespace tpo::rules

#endif // TPOPT_LIB_SHARDING_ONNXRULES_H
