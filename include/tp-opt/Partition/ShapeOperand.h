//===- ShapeOperand.h - Operands that are sizes -----------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PARTITION_SHAPEOPERAND_H
#define TP_OPT_PARTITION_SHAPEOPERAND_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"

namespace tpo {

/// A vector of 64-bit integers with these values: `onnx.Constant` where all are
/// constant, else `onnx.SymbolicConstant`. No expression may be null.
mlir::Value createIntegers(mlir::OpBuilder &builder, mlir::Location loc,
                           llvm::ArrayRef<mlir::AffineExpr> values);

} // namespace tpo

#endif // TP_OPT_PARTITION_SHAPEOPERAND_H
