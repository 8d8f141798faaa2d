//===- SplitNorms.cpp - Norms of what devices hold parts of ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Norms.h"

#include "dialects/Onnx/GraphBuilder.h"
#include "tp-opt/Planning/Strategies.h"

using namespace mlir;

namespace tpo {

namespace {

/// Whether `value` is a product with a weight, with a bias or without.
bool isProjection(Value value) {
  if (auto add = value.getDefiningOp<onnx::AddOp>())
    value = isWeightExpression(add.getB()) ? add.getA() : add.getB();
  auto product = value.getDefiningOp<onnx::MatMulOp>();
  return product && isWeightExpression(product.getB());
}

/// Whether the last dimensions of `value` are heads and their columns, together
/// `size`. Of a sequence of one row, which needs no Transpose, the row may be
/// between.
bool hasHeads(Value value, int64_t size) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 2)
    return false;
  int64_t columns = type.getShape().back();
  ArrayRef<int64_t> outer = type.getShape().drop_back();
  while (outer.size() > 1 && outer.back() == 1)
    outer = outer.drop_back();
  int64_t heads = outer.back();
  return !ShapedType::isDynamic(heads) && !ShapedType::isDynamic(columns) && heads > 1 && heads * columns == size;
}

/// Whether all that is done with `value` is to take its last dimension, of `size`
/// elements, apart into heads.
bool becomesHeads(Value value, int64_t size) {
  if (!value.hasOneUse())
    return false;
  auto reshape = dyn_cast<onnx::ReshapeOp>(*value.user_begin());
  return reshape && hasHeads(reshape.getReshaped(), size);
}

/// Whether `value` are the heads of attention, merged to `size` columns, or the
/// product of projections in a gated layer: what devices hold columns of.
bool isInnerResult(Value value, int64_t size, unsigned depth = 4) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return false;
  if (auto merge = dyn_cast<onnx::ReshapeOp>(op))
    return onnx::GraphBuilder::rank(merge.getData()) > 2 && hasHeads(merge.getData(), size);
  if (isProjection(value))
    return true;
  bool passes = isa<onnx::MulOp, onnx::PowOp, onnx::ReluOp, onnx::GeluOp, onnx::SwishOp>(op);
  return passes &&
         llvm::any_of(op->getOperands(), [&](Value operand) { return isInnerResult(operand, size, depth - 1); });
}

/// Whether all that is done with `value` is a product with a weight.
bool isProjected(Value value) {
  if (!value.hasOneUse())
    return false;
  auto product = dyn_cast<onnx::MatMulOp>(*value.user_begin());
  return product && product.getA() == value && isWeightExpression(product.getB());
}

bool isDivisible(onnx::RMSNormalizationOp norm, int64_t devices) {
  Value x = norm.getX();
  auto type = dyn_cast<RankedTensorType>(x.getType());
  if (!type || type.getRank() < 2 || !onnx::GraphBuilder::hasKnownDims(x) ||
      !llvm::all_of(norm->getResults().drop_front(), [](Value statistic) { return statistic.use_empty(); }))
    return false;
  int64_t size = type.getShape().back(), axis = norm.getAxis();
  return (axis == -1 || axis == type.getRank() - 1) && !ShapedType::isDynamic(size) && size % devices == 0 &&
         ((isProjection(x) && becomesHeads(norm->getResult(0), size)) ||
          (!isProjection(x) && isInnerResult(x, size) && isProjected(norm->getResult(0))));
}

void split(onnx::RMSNormalizationOp norm) {
  OpBuilder builder(norm);
  onnx::GraphBuilder g(builder, norm.getLoc());
  Type narrow = onnx::GraphBuilder::elementType(norm.getX());
  Type wide = narrow.isF64() ? narrow : Type(builder.getF32Type());
  int64_t last = onnx::GraphBuilder::rank(norm.getX()) - 1;
  double size = cast<RankedTensorType>(norm.getX().getType()).getDimSize(last);
  Value x = g.convert(norm.getX(), wide);
  Value squares = g.reduce<onnx::ReduceSumOp>(g.map<onnx::MulOp>({x, x}), {last});
  Value variance =
      g.withScalar<onnx::AddOp>(g.withScalar<onnx::DivOp>(squares, size), norm.getEpsilon().convertToDouble());
  Value inverse = g.map<onnx::ReciprocalOp>({g.map<onnx::SqrtOp>({variance})});
  Value scaled = g.convert(g.map<onnx::MulOp>({x, inverse}), narrow);
  scaled = g.convert(scaled, onnx::GraphBuilder::elementType(norm.getScale()));
  Value result = g.map<onnx::MulOp>({scaled, norm.getScale()});
  norm->getResult(0).replaceAllUsesWith(result);
  norm->erase();
}

} // namespace

void splitNorms(func::FuncOp function, int64_t devices) {
  if (devices == 1)
    return;
  for (auto norm : llvm::make_early_inc_range(function.getBody().front().getOps<onnx::RMSNormalizationOp>()))
    if (isDivisible(norm, devices))
      split(norm);
}

} // namespace tpo
