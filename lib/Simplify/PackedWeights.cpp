//===- PackedWeights.cpp - Several numbers in a byte ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackedWeights.h"

#include "Build.h"
#include "Match.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// The elements of `bits` bits in the bytes of a weight that lies contiguously
/// in its file; null for anything else.
Value unpackWeight(OpBuilder &builder, Value bytes, RankedTensorType type) {
  auto weight = bytes.getDefiningOp<tp::WeightOp>();
  auto from = dyn_cast<RankedTensorType>(bytes.getType());
  if (!weight || !from.hasStaticShape() || !weight.getView().getElem().isInteger(8))
    return nullptr;
  int64_t stride = 1;
  for (int64_t dim = from.getRank(); dim-- > 0;) {
    if (from.getDimSize(dim) != 1 && weight.getView().getStrides()[dim] != stride)
      return nullptr;
    stride *= from.getDimSize(dim);
  }
  SmallVector<int64_t> strides(type.getRank(), 1);
  for (int64_t dim = type.getRank(); dim-- > 1;)
    strides[dim - 1] = strides[dim] * type.getDimSize(dim);
  // Views of packed elements count bits.
  auto view = tp::ViewAttr::get(builder.getContext(), type.getElementType(), weight.getView().getOffset() * 8, strides);
  return tp::WeightOp::create(builder, bytes.getLoc(), type, weight.getNameAttr(), weight.getFileAttr(), view);
}

Value unpackConstant(OpBuilder &builder, Value bytes, unsigned bits, RankedTensorType type) {
  auto constant = bytes.getDefiningOp<onnx::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue()) : nullptr;
  if (!elements)
    return nullptr;
  SmallVector<APInt> unpacked;
  for (const APInt &byte : elements.getValues<APInt>())
    for (unsigned bit = 0; bit < 8; bit += bits)
      unpacked.push_back(byte.extractBits(bits, bit));
  return onnx::ConstantOp::create(builder, bytes.getLoc(), DenseElementsAttr::get(type, unpacked));
}

/// The same by arithmetic, for bytes that are computed: they stay bytes.
Value unpackComputed(OpBuilder &builder, Value bytes, unsigned bits, ArrayRef<int64_t> shape) {
  Location loc = bytes.getLoc();
  Dims dims = getDims(bytes);
  dims.push_back(builder.getAffineConstantExpr(1));
  Value column = makeReshape(builder, loc, bytes, dims);
  Type elem = getElementType(bytes);
  Value mask = makeScalar(builder, loc, (1 << bits) - 1, elem);
  SmallVector<Value> parts;
  for (unsigned bit = 0; bit < 8; bit += bits) {
    Value part = column;
    if (bit > 0)
      part = makeLike<onnx::BitShiftOp>(builder, loc, part, {part, makeScalar(builder, loc, bit, elem)},
                                        {builder.getNamedAttr("direction", builder.getStringAttr("RIGHT"))});
    if (bit + bits < 8)
      part = makeLike<onnx::BitwiseAndOp>(builder, loc, part, {part, mask});
    parts.push_back(part);
  }
  dims.back() = builder.getAffineConstantExpr(8 / bits);
  Value joined = onnx::ConcatOp::create(builder, loc, TypeRange{tp::makeTensorType(dims, elem)}, parts,
                                        {intAttr(builder, "axis", dims.size() - 1)})
                     ->getResult(0);
  Dims target;
  for (int64_t size : shape)
    target.push_back(builder.getAffineConstantExpr(size));
  return makeReshape(builder, loc, joined, target);
}

} // namespace

Value simplify::unpackRows(OpBuilder &builder, Value bytes, unsigned bits, int64_t rows, int64_t columns) {
  auto from = dyn_cast<RankedTensorType>(bytes.getType());
  if (!from || !from.hasStaticShape() || rows <= 0 || from.getNumElements() % rows != 0 ||
      !from.getElementType().isInteger(8))
    return nullptr;
  int64_t stored = from.getNumElements() / rows * (8 / bits);
  if (stored < columns)
    return nullptr;
  auto type = RankedTensorType::get({rows, stored}, builder.getIntegerType(bits, /*isSigned=*/false));
  Value result;
  if (bits == 8)
    result = makeReshape(builder, bytes.getLoc(), bytes,
                         {builder.getAffineConstantExpr(rows), builder.getAffineConstantExpr(stored)});
  if (!result)
    result = unpackWeight(builder, bytes, type);
  if (!result)
    result = unpackConstant(builder, bytes, bits, type);
  if (!result)
    result = unpackComputed(builder, bytes, bits, type.getShape());
  return stored == columns ? result : makeSlice(builder, bytes.getLoc(), result, 1, 0, columns);
}

Value simplify::makeBlockMatrix(OpBuilder &builder, Value value, int64_t rows, int64_t blocks) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() != rows * blocks)
    return nullptr;
  return makeReshape(builder, value.getLoc(), value,
                     {builder.getAffineConstantExpr(rows), builder.getAffineConstantExpr(blocks)});
}
