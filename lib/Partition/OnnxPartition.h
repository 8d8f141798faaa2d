//===- OnnxPartition.h - Local forms of onnx operators ----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function builds the local form of one operation of its family: operands
// are the rank's pieces, results too. OnnxModels.cpp says which operator is
// which family.
//
//===----------------------------------------------------------------------===//

#ifndef LIB_PARTITION_ONNXPARTITION_H
#define LIB_PARTITION_ONNXPARTITION_H

#include "dialects/Tp/PartitionContext.h"
#include "mlir/IR/Builders.h"

namespace tpo::local {

using Values = mlir::FailureOr<llvm::SmallVector<mlir::Value>>;

/// What a rank holds of one operand's or result's dimension.
tp::SymbolicRange getRange(const tp::PartitionContext &context,
                           mlir::Type globalType, const tp::Layout &layout,
                           unsigned dim);

/// An integer attribute as ONNX operations have them (`si64`).
int64_t intAttr(mlir::Operation *op, llvm::StringRef name, int64_t otherwise);
void setIntAttr(mlir::Operation *op, llvm::StringRef name, int64_t value);

/// The same operation on local types: right for everything without attributes
/// or operands that depend on a size that is split.
Values clone(mlir::Operation *op, mlir::OpBuilder &builder,
             mlir::ValueRange operands, const tp::PartitionContext &context);

// OnnxShapes.cpp
Values reshape(mlir::Operation *op, mlir::OpBuilder &builder,
               mlir::ValueRange operands, const tp::PartitionContext &context);
Values expand(mlir::Operation *op, mlir::OpBuilder &builder,
              mlir::ValueRange operands, const tp::PartitionContext &context);
Values constantOfShape(mlir::Operation *op, mlir::OpBuilder &builder,
                       mlir::ValueRange operands,
                       const tp::PartitionContext &context);
Values constant(mlir::Operation *op, mlir::OpBuilder &builder,
                mlir::ValueRange operands, const tp::PartitionContext &context);

// OnnxHeads.cpp
Values attention(mlir::Operation *op, mlir::OpBuilder &builder,
                 mlir::ValueRange operands,
                 const tp::PartitionContext &context);
Values groupQueryAttention(mlir::Operation *op, mlir::OpBuilder &builder,
                           mlir::ValueRange operands,
                           const tp::PartitionContext &context);
Values multiHeadAttention(mlir::Operation *op, mlir::OpBuilder &builder,
                          mlir::ValueRange operands,
                          const tp::PartitionContext &context);
Values rotaryEmbedding(mlir::Operation *op, mlir::OpBuilder &builder,
                       mlir::ValueRange operands,
                       const tp::PartitionContext &context);

// OnnxContractions.cpp
Values gemm(mlir::Operation *op, mlir::OpBuilder &builder,
            mlir::ValueRange operands, const tp::PartitionContext &context);
Values conv(mlir::Operation *op, mlir::OpBuilder &builder,
            mlir::ValueRange operands, const tp::PartitionContext &context);
Values groupNormalization(mlir::Operation *op, mlir::OpBuilder &builder,
                          mlir::ValueRange operands,
                          const tp::PartitionContext &context);
Values matMulNBits(mlir::Operation *op, mlir::OpBuilder &builder,
                   mlir::ValueRange operands,
                   const tp::PartitionContext &context);
Values gather(mlir::Operation *op, mlir::OpBuilder &builder,
              mlir::ValueRange operands, const tp::PartitionContext &context);

} // namespace tpo::local

#endif // LIB_PARTITION_ONNXPARTITION_H
