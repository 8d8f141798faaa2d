//===- RowBuilder.h - Operators that make up normalisations -----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_KERNELS_ROWBUILDER_H
#define TPOPT_LIB_LOWERING_KERNELS_ROWBUILDER_H

#include "ScalarEmitter.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"

#include "mlir/IR/PatternMatch.h"

namespace tpo::kernels {

/// Builds element-wise onnx operators; shapes follow numpy broadcasting of two
/// operands of which one has the result's shape.
class RowBuilder {
public:
  RowBuilder(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::Value convert(mlir::Value x, mlir::Type elementType) {
    auto type = mlir::cast<mlir::RankedTensorType>(x.getType());
    if (type.getElementType() == elementType)
      return x;
    return onnx::CastOp::create(b, loc, type.clone(elementType), x, b.getNamedAttr("to", dataType(elementType)));
  }
  mlir::Value constant(mlir::Type elementType, double value) {
    auto type = mlir::RankedTensorType::get({}, elementType);
    return onnx::ConstantOp::create(b, loc, mlir::DenseElementsAttr::get(type, b.getFloatAttr(elementType, value)));
  }
  template <typename OnnxOp> mlir::Value binary(mlir::Value wide, mlir::Value narrow) {
    return OnnxOp::create(b, loc, wide.getType(), mlir::ValueRange{wide, narrow});
  }
  template <typename OnnxOp> mlir::Value unary(mlir::Value x) { return OnnxOp::create(b, loc, x.getType(), x); }
  /// Reduces `axes`, keeping them as 1.
  template <typename OnnxOp> mlir::Value reduce(mlir::Value x, llvm::ArrayRef<int64_t> axes) {
    auto type = mlir::cast<mlir::RankedTensorType>(x.getType());
    llvm::SmallVector<mlir::AffineExpr> dims = tp::getDims(type);
    for (int64_t dim : axes)
      dims[dim] = mlir::getAffineConstantExpr(1, b.getContext());
    mlir::Value axesValue = onnx::ConstantOp::create(b, loc, b.getI64TensorAttr(axes));
    return OnnxOp::create(b, loc, tp::makeTensorType(dims, type.getElementType()), mlir::ValueRange{x, axesValue});
  }
  /// Reduces the dimensions from `first` on up to `end`, keeping them as 1.
  template <typename OnnxOp> mlir::Value reduce(mlir::Value x, int64_t first, int64_t end) {
    return reduce<OnnxOp>(x, llvm::to_vector(llvm::seq<int64_t>(first, end)));
  }
  /// The same elements in another shape; no size of it is unknown.
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> dims) {
    auto type = mlir::cast<mlir::RankedTensorType>(x.getType());
    auto shapeType = mlir::RankedTensorType::get({int64_t(dims.size())}, b.getI64Type());
    mlir::Value shape = onnx::SymbolicConstantOp::create(b, loc, shapeType, tp::DimsAttr::get(b.getContext(), dims));
    return onnx::ReshapeOp::create(b, loc, tp::makeTensorType(dims, type.getElementType()), mlir::ValueRange{x, shape});
  }
  /// A vector of channels as it broadcasts to a tensor of `rank` dimensions of
  /// which the second are the channels.
  mlir::Value alongChannels(mlir::Value vector, int64_t rank) {
    llvm::SmallVector<mlir::AffineExpr> dims(rank - 1, mlir::getAffineConstantExpr(1, b.getContext()));
    dims[0] = tp::getDims(mlir::cast<mlir::RankedTensorType>(vector.getType()))[0];
    return reshape(vector, dims);
  }

private:
  mlir::Attribute dataType(mlir::Type type) {
    // onnx.TensorProto.DataType
    int64_t code = type.isF16() ? 10 : type.isF64() ? 11 : type.isBF16() ? 16 : 1;
    return b.getIntegerAttr(b.getIntegerType(64, /*isSigned=*/true), code);
  }
  mlir::OpBuilder &b;
  mlir::Location loc;
};

/// The type in which statistics of tensors of `elementType` are kept.
inline mlir::Type statisticsType(mlir::Type elementType) { return getComputeType(elementType); }

/// Normalisations over spatial dimensions and global pooling
/// (DecomposeSpatialNorms.cpp).
void populateSpatialNormPatterns(mlir::RewritePatternSet &patterns);

} // namespace tpo::kernels

#endif // TPOPT_LIB_LOWERING_KERNELS_ROWBUILDER_H
