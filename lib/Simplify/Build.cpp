//===- Build.cpp - Operations the rewrites make ---------------------------===//

#include "Build.h"
#include "Match.h"
#include "tp-opt/Import/Import.h"

using namespace mlir;
using namespace tpo;

namespace tpo::simplify {

Value makeInts(OpBuilder &builder, Location loc, ArrayRef<AffineExpr> values) {
  SmallVector<int64_t> constants;
  Dims exprs;
  for (AffineExpr value : values) {
    exprs.push_back(tp::simplify(value));
    if (std::optional<int64_t> constant = tp::getConst(exprs.back()))
      constants.push_back(*constant);
  }
  if (constants.size() == values.size())
    return makeInts(builder, loc, constants);
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return onnx::SymbolicConstantOp::create(
      builder, loc, type, tp::DimsAttr::get(builder.getContext(), exprs));
}

Value makeInts(OpBuilder &builder, Location loc, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return onnx::ConstantOp::create(builder, loc,
                                  DenseElementsAttr::get(type, values));
}

Value makeScalar(OpBuilder &builder, Location loc, double value,
                 Type elementType) {
  auto type = RankedTensorType::get({}, elementType);
  if (auto floatType = dyn_cast<FloatType>(elementType)) {
    APFloat number(value);
    bool losesInfo;
    number.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return onnx::ConstantOp::create(builder, loc,
                                    DenseElementsAttr::get(type, number));
  }
  APInt number(elementType.getIntOrFloatBitWidth(),
               static_cast<uint64_t>(static_cast<int64_t>(value)),
               /*isSigned=*/true, /*implicitTrunc=*/true);
  return onnx::ConstantOp::create(builder, loc,
                                  DenseElementsAttr::get(type, number));
}

Value makeReshape(OpBuilder &builder, Location loc, Value value,
                  ArrayRef<AffineExpr> dims) {
  Type type = tp::makeTensorType(dims, getElementType(value));
  Value shape = makeInts(builder, loc, dims);
  // A size of zero is a size, not "as the input": the sizes are complete.
  return onnx::ReshapeOp::create(builder, loc, TypeRange{type},
                                 ValueRange{value, shape},
                                 {intAttr(builder, "allowzero", 1)})
      ->getResult(0);
}

Value makeExpand(OpBuilder &builder, Location loc, Value value,
                 ArrayRef<AffineExpr> dims) {
  Type type = tp::makeTensorType(dims, getElementType(value));
  Value shape = makeInts(builder, loc, dims);
  return onnx::ExpandOp::create(builder, loc, TypeRange{type},
                                ValueRange{value, shape})
      ->getResult(0);
}

Value makeTranspose(OpBuilder &builder, Location loc, Value value,
                    ArrayRef<int64_t> perm) {
  Dims dims = getDims(value), permuted;
  for (int64_t axis : perm)
    permuted.push_back(dims[axis]);
  Type type = tp::makeTensorType(permuted, getElementType(value));
  return onnx::TransposeOp::create(
             builder, loc, TypeRange{type}, ValueRange{value},
             {builder.getNamedAttr("perm", builder.getI64ArrayAttr(perm))})
      ->getResult(0);
}

void requireNonNegative(Operation *op, AffineExpr size) {
  size = tp::simplify(size);
  if (std::optional<int64_t> known = tp::getConst(size); known && *known >= 0)
    return;
  auto module = op->getParentOfType<ModuleOp>();
  Dims required;
  if (auto present = module->getAttrOfType<tp::DimsAttr>(kRequiresAttr))
    required.append(present.getExprs().begin(), present.getExprs().end());
  if (llvm::is_contained(required, size))
    return;
  required.push_back(size);
  module->setAttr(kRequiresAttr, tp::DimsAttr::get(op->getContext(), required));
}

Value makeSlice(OpBuilder &builder, Location loc, Value value, int64_t axis,
                AffineExpr start, AffineExpr size) {
  Dims dims = getDims(value);
  dims[axis] = size;
  Type type = tp::makeTensorType(dims, getElementType(value));
  Value starts = makeInts(builder, loc, ArrayRef<AffineExpr>{start});
  Value ends = makeInts(builder, loc, ArrayRef<AffineExpr>{start + size});
  Value axes = makeInts(builder, loc, ArrayRef<int64_t>{axis});
  Value steps = makeInts(builder, loc, ArrayRef<int64_t>{1});
  return onnx::SliceOp::create(builder, loc, TypeRange{type},
                               ValueRange{value, starts, ends, axes, steps})
      ->getResult(0);
}

Value makeSlice(OpBuilder &builder, Location loc, Value value, int64_t axis,
                int64_t start, int64_t size) {
  return makeSlice(builder, loc, value, axis,
                   builder.getAffineConstantExpr(start),
                   builder.getAffineConstantExpr(size));
}

void replaceByNew(PatternRewriter &rewriter, Operation *op, Value value) {
  value.setType(op->getResult(0).getType());
  rewriter.replaceOp(op, value);
}

NamedAttribute intAttr(OpBuilder &builder, StringRef name, int64_t value) {
  return builder.getNamedAttr(
      name, builder.getIntegerAttr(
                builder.getIntegerType(64, /*isSigned=*/true), value));
}

NamedAttribute floatAttr(OpBuilder &builder, StringRef name, double value) {
  return builder.getNamedAttr(
      name, builder.getF32FloatAttr(static_cast<float>(value)));
}

} // namespace tpo::simplify
