//===- WeightRange.cpp - Ranges of weights --------------------------------===//

#include "WeightRange.h"

#include "Build.h"
#include "Match.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

/// A range of dimension `dim` of a parameter, or all of it.
struct WeightRange::Part {
  std::optional<WeightRange> range;
  int64_t dim = 0;
};

std::optional<WeightRange::Part>
WeightRange::getPart(onnx::DequantizeLinearOp op, Value parameter,
                     int64_t dim) const {
  int64_t rank = getRank(op.getX());
  std::optional<int64_t> axis = normalizeAxis(op.getAxis(), rank);
  if (getRank(parameter) <= 0)
    return Part(); // One number, or none.
  if (!axis)
    return std::nullopt;
  int64_t block = op.getBlockSize();
  if (block == 0) {
    if (getRank(parameter) != 1)
      return std::nullopt;
    return *axis == dim ? Part{*this, 0} : Part();
  }
  if (getRank(parameter) != rank)
    return std::nullopt;
  if (*axis != dim)
    return Part{*this, dim};
  if (start % block != 0 || size % block != 0)
    return std::nullopt;
  return Part{WeightRange(start / block, size / block), dim};
}

bool WeightRange::existsIn(Value weight, int64_t dim) const {
  Operation *op = weight.getDefiningOp();
  if (!op || dim >= getRank(weight) || !getStaticDim(weight, dim))
    return false;
  if (isa<tp::WeightOp>(op))
    return true;
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op))
    return existsIn(transpose.getData(), getPerm(transpose)[dim]);
  if (auto cast = dyn_cast<onnx::CastOp>(op))
    return existsIn(cast.getInput(), dim);
  auto dequantize = dyn_cast<onnx::DequantizeLinearOp>(op);
  if (!dequantize || !existsIn(dequantize.getX(), dim))
    return false;
  for (Value parameter : dequantize->getOperands().drop_front()) {
    std::optional<Part> part = getPart(dequantize, parameter, dim);
    if (!part || (part->range && !part->range->existsIn(parameter, part->dim)))
      return false;
  }
  return true;
}

Value WeightRange::take(OpBuilder &builder, Value weight, int64_t dim) const {
  Operation *op = weight.getDefiningOp();
  Location loc = weight.getLoc();
  if (isa<tp::WeightOp>(op))
    return makeSlice(builder, loc, weight, dim, start, size);
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    SmallVector<int64_t> perm = getPerm(transpose);
    Value part = take(builder, transpose.getData(), perm[dim]);
    return makeTranspose(builder, loc, part, perm);
  }
  SmallVector<Value> operands{take(builder, op->getOperand(0), dim)};
  if (auto dequantize = dyn_cast<onnx::DequantizeLinearOp>(op))
    for (Value parameter : dequantize->getOperands().drop_front()) {
      std::optional<Part> part = getPart(dequantize, parameter, dim);
      operands.push_back(part->range
                             ? part->range->take(builder, parameter, part->dim)
                             : parameter);
    }
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  Dims dims = getDims(weight);
  dims[dim] = builder.getAffineConstantExpr(size);
  copy->getResult(0).setType(
      tp::makeTensorType(dims, getElementType(weight)));
  return copy->getResult(0);
}
