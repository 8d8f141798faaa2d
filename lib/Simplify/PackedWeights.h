//===- PackedWeights.h - Several numbers in a byte --------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX Runtime's quantised operators pack several numbers into a byte. A packed
// weight needs no code: it is the same bytes seen as a tensor of a narrower
// type.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_SIMPLIFY_PACKEDWEIGHTS_H
#define TP_OPT_LIB_SIMPLIFY_PACKEDWEIGHTS_H

#include "mlir/IR/Builders.h"

namespace tpo::simplify {

/// `bytes` as a matrix of unsigned elements of `bits` bits, low bits first,
/// with `columns` of those that a row of `rows` has; null where the sizes are
/// not known or do not fit.
mlir::Value unpackRows(mlir::OpBuilder &builder, mlir::Value bytes, unsigned bits, int64_t rows, int64_t columns);

/// A number for each block of each row, which may be stored flat.
mlir::Value makeBlockMatrix(mlir::OpBuilder &builder, mlir::Value value, int64_t rows, int64_t blocks);

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_PACKEDWEIGHTS_H
