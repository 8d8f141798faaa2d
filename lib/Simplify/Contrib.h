//===- Contrib.h - Operators of com.microsoft as ONNX's ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rewrite replaces all results of one contrib operator that are used. It
// fails after a diagnostic at the operator that names what is not supported.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_SIMPLIFY_CONTRIB_H
#define TP_OPT_LIB_SIMPLIFY_CONTRIB_H

#include "dialects/Onnx/GraphBuilder.h"

#include "llvm/ADT/StringMap.h"

namespace tpo::simplify::contrib {

using onnx::GraphBuilder;
using Rewrite = mlir::LogicalResult (*)(mlir::Operation *op, GraphBuilder &g);
/// By the operator's name without its domain.
using Rewrites = llvm::StringMap<Rewrite>;

void addAttentionRewrites(Rewrites &rewrites);
void addGroupQueryAttentionRewrites(Rewrites &rewrites);
void addMatMulRewrites(Rewrites &rewrites);
void addNormRewrites(Rewrites &rewrites);
void addMoERewrites(Rewrites &rewrites);
/// Of the default domain, too.
void addRecurrentRewrites(Rewrites &rewrites);

/// Operand `i`; null where it is absent.
mlir::Value getOperand(mlir::Operation *op, unsigned i);
int64_t getInt(mlir::Operation *op, llvm::StringRef name, int64_t otherwise);
double getFloat(mlir::Operation *op, llvm::StringRef name, double otherwise);
llvm::StringRef getString(mlir::Operation *op, llvm::StringRef name, llvm::StringRef otherwise);
/// Whether result `i` is there and something reads it.
bool isUsed(mlir::Operation *op, unsigned i);
/// Puts `value`, with the result's own type, in the place of result `i`.
void replaceResult(mlir::Operation *op, unsigned i, mlir::Value value);
/// Fails if one of these operands is present.
mlir::LogicalResult rejectOperands(mlir::Operation *op, llvm::ArrayRef<std::pair<unsigned, llvm::StringRef>> operands);

/// What onnx.Attention computes; q, k and v are [batch, heads, sequence, size].
struct AttentionCall {
  mlir::Value q, k, v, mask, pastKey, pastValue, lengths;
  double scale = 0, softcap = 0; ///< 0: the default; none.
  bool isCausal = false;
  int64_t leftWindow = -1;
  bool wantsScores = false; ///< Scores with masks, before the softmax.

  mlir::Value y, presentKey, presentValue, scores; ///< Results, y as q is.
};
void emitAttention(GraphBuilder &g, AttentionCall &call);

/// [B, S, heads * size] -> [B, heads, S, size] and back; null after a
/// diagnostic.
mlir::Value splitHeads(mlir::Operation *op, GraphBuilder &g, mlir::Value value, int64_t heads);
mlir::Value mergeHeads(GraphBuilder &g, mlir::Value value);

} // namespace tpo::simplify::contrib

#endif // TP_OPT_LIB_SIMPLIFY_CONTRIB_H
