//===- Unraised.h - What the raises have left spelled out -------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A raise that does not apply is never wrong, but what it leaves is slower: many
// small operations instead of one. These are found by what every spelling has in
// common, so that a spelling no pattern knows is reported.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_SIMPLIFY_UNRAISED_H
#define TP_OPT_SIMPLIFY_UNRAISED_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Operation.h"

#include <vector>

namespace tpo {

struct Unraised {
  /// The operator that could stand there: Attention, Normalization,
  /// RotaryEmbedding or Gelu.
  llvm::StringRef kind;
  /// The operation that gives it away: Softmax, the root, the sum, Erf.
  mlir::Operation *op;
};

/// What is left spelled out in a simplified function, in its order.
///
/// - Attention: a Softmax between two products of activations.
/// - Normalization: a value divided by the root of a mean of its last
///   dimension.
/// - RotaryEmbedding: a sum of a product with a cosine and one with a sine.
/// - Gelu: a product with Erf or Tanh plus one.
std::vector<Unraised> findUnraised(mlir::func::FuncOp function);

} // namespace tpo

#endif // TP_OPT_SIMPLIFY_UNRAISED_H
