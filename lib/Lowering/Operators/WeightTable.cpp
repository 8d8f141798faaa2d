//===- WeightTable.cpp - The weights of a program -------------------------===//

#include "WeightTable.h"

#include "mlir/IR/AffineExpr.h"
#include "tp-opt/Lowering/Sizes.h"

#include <numeric>

using namespace mlir;
using namespace tpo;

/// The tp.weight operations that `value` concatenates, with `axis` set; empty
/// where it is something else.
static SmallVector<tp::WeightOp> getParts(Value value, int64_t &axis) {
  axis = 0;
  if (auto weight = value.getDefiningOp<tp::WeightOp>())
    return {weight};
  auto concat = value.getDefiningOp<onnx::ConcatOp>();
  if (!concat)
    return {};
  SmallVector<tp::WeightOp> parts;
  for (Value input : concat.getInputs()) {
    auto weight = input.getDefiningOp<tp::WeightOp>();
    if (!weight)
      return {};
    parts.push_back(weight);
  }
  axis = concat.getAxis();
  if (axis < 0)
    axis += cast<RankedTensorType>(value.getType()).getRank();
  return parts;
}

bool WeightTable::isWeight(Value value) {
  int64_t axis;
  return !getParts(value, axis).empty();
}

SmallVector<int64_t> WeightTable::getStoredOrder(Value value) {
  int64_t axis;
  SmallVector<int64_t> common;
  for (auto [index, part] : llvm::enumerate(getParts(value, axis))) {
    ArrayRef<int64_t> strides = part.getView().getStrides();
    ArrayRef<int64_t> shape = cast<RankedTensorType>(part.getType()).getShape();
    SmallVector<int64_t> order(strides.size());
    std::iota(order.begin(), order.end(), 0);
    // Dimensions of size 1 and repeated ones have no place of their own.
    for (auto [stride, size] : llvm::zip(strides, shape))
      if (stride <= 0 || size == 1)
        return {};
    llvm::stable_sort(order, [&](int64_t a, int64_t b) { return strides[a] > strides[b]; });
    if (index > 0 && order != common)
      return {};
    common = order;
  }
  return llvm::is_sorted(common) ? SmallVector<int64_t>() : common;
}

Value WeightTable::get(OpBuilder &builder, Value value, ArrayRef<int64_t> order) {
  int64_t axis;
  SmallVector<tp::WeightOp> weights = getParts(value, axis);
  auto type = cast<RankedTensorType>(value.getType());
  MLIRContext *context = type.getContext();
  auto permute = [&](auto array) {
    if (order.empty())
      return llvm::to_vector(array);
    auto copy = llvm::to_vector(array);
    for (auto [index, dim] : llvm::enumerate(order))
      copy[index] = array[dim];
    return copy;
  };

  SmallVector<rt::WeightPartAttr> parts;
  SmallVector<StringRef> names;
  AffineExpr start = getAffineConstantExpr(0, context);
  for (tp::WeightOp weight : weights) {
    auto partType = cast<RankedTensorType>(weight.getType());
    SmallVector<AffineExpr> sizes = tp::getDims(partType);
    if (llvm::is_contained(sizes, nullptr)) {
      weight.emitError("the size of this weight is not known");
      return nullptr;
    }
    SmallVector<AffineExpr> starts(sizes.size(), getAffineConstantExpr(0, context));
    if (weights.size() > 1)
      starts[axis] = start;
    auto view = tp::ViewAttr::get(context, weight.getView().getElem(), weight.getView().getOffset(),
                                  permute(weight.getView().getStrides()));
    parts.push_back(rt::WeightPartAttr::get(context, weight.getFile(), view,
                                            tp::DimsAttr::get(context, permute(ArrayRef<AffineExpr>(starts))),
                                            tp::DimsAttr::get(context, permute(ArrayRef<AffineExpr>(sizes)))));
    names.push_back(weight.getName());
    if (weights.size() > 1)
      start = tp::simplify(start + sizes[axis]);
  }
  SmallVector<AffineExpr> sizes = permute(ArrayRef<AffineExpr>(tp::getDims(type)));
  auto attr = rt::WeightAttr::get(context, builder.getStringAttr(llvm::join(names, "+")), type.getElementType(),
                                  tp::DimsAttr::get(context, sizes), parts);
  int64_t index = entries.insert({attr, entries.size()}).first->second;
  RankedTensorType storedType = tp::makeTensorType(sizes, type.getElementType());
  FailureOr<SmallVector<Value>> dynamicSizes = materializeDynamicSizes(builder, value.getLoc(), storedType);
  if (failed(dynamicSizes))
    return nullptr;
  return rt::WeightOp::create(builder, value.getLoc(), storedType, index, *dynamicSizes);
}

void WeightTable::write() {
  SmallVector<Attribute> attrs;
  for (auto &entry : entries)
    attrs.push_back(entry.first);
  module->setAttr(rt::RtDialect::kWeightsAttr, ArrayAttr::get(module.getContext(), attrs));
}
