//===- GraphBuilder.cpp - Writing graphs of onnx operators ----------------===//

#include "dialects/Onnx/GraphBuilder.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::onnx;

using Dims = GraphBuilder::Dims;

Dims GraphBuilder::dims(Value value) { return tp::getDims(cast<RankedTensorType>(value.getType())); }

int64_t GraphBuilder::rank(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getRank() : -1;
}

Type GraphBuilder::elementType(Value value) { return getElementTypeOrSelf(value.getType()); }

bool GraphBuilder::hasKnownDims(Value value) {
  return isa<RankedTensorType>(value.getType()) && !llvm::is_contained(dims(value), AffineExpr());
}

Dims GraphBuilder::broadcast(ValueRange operands) {
  size_t rank = 0;
  for (Value operand : operands)
    rank = std::max(rank, dims(operand).size());
  Dims result(rank, size(1));
  for (Value operand : operands) {
    Dims sizes = dims(operand);
    size_t skipped = rank - sizes.size();
    for (auto [i, dim] : llvm::enumerate(sizes))
      if (tp::getConst(dim) != 1 && tp::getConst(result[skipped + i]) == 1)
        result[skipped + i] = dim;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value GraphBuilder::ints(ArrayRef<AffineExpr> values) {
  SmallVector<int64_t> constants;
  Dims exprs;
  for (AffineExpr value : values) {
    exprs.push_back(tp::simplify(value));
    if (std::optional<int64_t> constant = tp::getConst(exprs.back()))
      constants.push_back(*constant);
  }
  if (constants.size() == values.size())
    return ints(constants);
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type());
  return SymbolicConstantOp::create(b, loc, type, tp::DimsAttr::get(b.getContext(), exprs));
}

Value GraphBuilder::ints(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type());
  return ConstantOp::create(b, loc, DenseElementsAttr::get(type, values));
}

Value GraphBuilder::scalar(double value, Type elementType) {
  auto type = RankedTensorType::get({}, elementType);
  if (auto floatType = dyn_cast<FloatType>(elementType)) {
    APFloat number(value);
    bool losesInfo;
    number.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    return ConstantOp::create(b, loc, DenseElementsAttr::get(type, number));
  }
  APInt number(elementType.getIntOrFloatBitWidth(), static_cast<uint64_t>(static_cast<int64_t>(value)),
               /*isSigned=*/true, /*implicitTrunc=*/true);
  return ConstantOp::create(b, loc, DenseElementsAttr::get(type, number));
}

Value GraphBuilder::sizeScalar(AffineExpr value, Type elementType) {
  if (std::optional<int64_t> constant = tp::getConst(value))
    return scalar(static_cast<double>(*constant), elementType);
  auto type = RankedTensorType::get({}, b.getI64Type());
  Value scalar = SymbolicConstantOp::create(b, loc, type, tp::DimsAttr::get(b.getContext(), Dims{tp::simplify(value)}));
  return convert(scalar, elementType);
}

Value GraphBuilder::range(AffineExpr count, Type elementType) {
  Type type = tp::makeTensorType(Dims{count}, elementType);
  Value start = scalar(0, elementType), end = sizeScalar(count, elementType), step = scalar(1, elementType);
  return RangeOp::create(b, loc, TypeRange{type}, ValueRange{start, end, step})->getResult(0);
}

Value GraphBuilder::filled(double value, ArrayRef<AffineExpr> dims, Type elementType) {
  return expand(scalar(value, elementType), dims);
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

Value GraphBuilder::reshape(Value value, ArrayRef<AffineExpr> dims) {
  Type type = tp::makeTensorType(dims, elementType(value));
  if (type == value.getType())
    return value;
  // A size of zero is a size, not "as the input": the sizes are complete.
  return ReshapeOp::create(b, loc, TypeRange{type}, ValueRange{value, ints(dims)}, {intAttr("allowzero", 1)})
      ->getResult(0);
}

Value GraphBuilder::transpose(Value value, ArrayRef<int64_t> perm) {
  Dims from = dims(value), to;
  for (int64_t axis : perm)
    to.push_back(from[axis]);
  return TransposeOp::create(b, loc, TypeRange{tp::makeTensorType(to, elementType(value))}, ValueRange{value},
                             {b.getNamedAttr("perm", b.getI64ArrayAttr(perm))})
      ->getResult(0);
}

Value GraphBuilder::expand(Value value, ArrayRef<AffineExpr> dims) {
  Type type = tp::makeTensorType(dims, elementType(value));
  if (type == value.getType())
    return value;
  return ExpandOp::create(b, loc, TypeRange{type}, ValueRange{value, ints(dims)})->getResult(0);
}

Value GraphBuilder::slice(Value value, int64_t axis, AffineExpr start, AffineExpr extent) {
  Dims sizes = dims(value);
  if (tp::getConst(start) == 0 && tp::provablyEqual(sizes[axis], extent))
    return value;
  sizes[axis] = extent;
  Value starts = ints(Dims{start}), ends = ints(Dims{start + extent});
  Value axes = ints(ArrayRef<int64_t>{axis}), steps = ints(ArrayRef<int64_t>{1});
  return SliceOp::create(b, loc, TypeRange{tp::makeTensorType(sizes, elementType(value))},
                         ValueRange{value, starts, ends, axes, steps})
      ->getResult(0);
}

Value GraphBuilder::concat(ValueRange values, int64_t axis) {
  Dims sizes = dims(values.front());
  for (Value value : values.drop_front())
    sizes[axis] = tp::simplify(sizes[axis] + dims(value)[axis]);
  return ConcatOp::create(b, loc, TypeRange{tp::makeTensorType(sizes, elementType(values.front()))}, values,
                          {intAttr("axis", axis)})
      ->getResult(0);
}

Value GraphBuilder::gather(Value data, Value indices, int64_t axis) {
  Dims from = dims(data), sizes(from.begin(), from.begin() + axis);
  llvm::append_range(sizes, dims(indices));
  sizes.append(from.begin() + axis + 1, from.end());
  return GatherOp::create(b, loc, TypeRange{tp::makeTensorType(sizes, elementType(data))}, ValueRange{data, indices},
                          {intAttr("axis", axis)})
      ->getResult(0);
}

Value GraphBuilder::gatherElements(Value data, Value indices, int64_t axis) {
  Type type = tp::makeTensorType(dims(indices), elementType(data));
  return GatherElementsOp::create(b, loc, TypeRange{type}, ValueRange{data, indices}, {intAttr("axis", axis)})
      ->getResult(0);
}

Value GraphBuilder::withRank(Value value, int64_t rank) {
  Dims sizes = dims(value);
  if (static_cast<int64_t>(sizes.size()) >= rank)
    return value;
  sizes.insert(sizes.begin(), rank - sizes.size(), size(1));
  return reshape(value, sizes);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

std::optional<int64_t> onnx::getDataType(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return 9;
    case 8:
      return isUnsigned ? 2 : 3;
    case 16:
      return isUnsigned ? 4 : 5;
    case 32:
      return isUnsigned ? 12 : 6;
    case 64:
      return isUnsigned ? 13 : 7;
    default:
      return std::nullopt;
    }
  }
  if (type.isF32())
    return 1;
  if (type.isF16())
    return 10;
  if (type.isF64())
    return 11;
  if (type.isBF16())
    return 16;
  return std::nullopt;
}

Value GraphBuilder::convert(Value value, Type element) {
  if (elementType(value) == element)
    return value;
  auto type = cast<RankedTensorType>(value.getType()).clone(element);
  return CastOp::create(b, loc, TypeRange{type}, ValueRange{value}, {intAttr("to", getDataType(element).value_or(0))})
      ->getResult(0);
}

Value GraphBuilder::matmul(Value lhs, Value rhs) {
  Dims a = dims(lhs), c = dims(rhs);
  size_t batchRank = std::max(a.size(), c.size()) - 2;
  Dims sizes(batchRank, size(1));
  for (const Dims *from : {&a, &c}) {
    size_t skipped = batchRank - (from->size() - 2);
    for (size_t i = 0; i + 2 < from->size(); ++i)
      if (tp::getConst((*from)[i]) != 1)
        sizes[skipped + i] = (*from)[i];
  }
  sizes.append({a[a.size() - 2], c.back()});
  return MatMulOp::create(b, loc, TypeRange{tp::makeTensorType(sizes, elementType(lhs))}, ValueRange{lhs, rhs})
      ->getResult(0);
}

Value GraphBuilder::softmax(Value value, int64_t axis) {
  return SoftmaxOp::create(b, loc, TypeRange{value.getType()}, ValueRange{value}, {intAttr("axis", axis)})
      ->getResult(0);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

NamedAttribute GraphBuilder::intAttr(StringRef name, int64_t value) {
  return b.getNamedAttr(name, b.getIntegerAttr(b.getIntegerType(64, /*isSigned=*/true), value));
}

NamedAttribute GraphBuilder::floatAttr(StringRef name, double value) {
  return b.getNamedAttr(name, b.getF32FloatAttr(static_cast<float>(value)));
}
