//===- Match.cpp - Recognising values -------------------------------------===//

#include "Match.h"

#include <cmath>

using namespace mlir;
using namespace tpo;

namespace tpo::simplify {

Dims getDims(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? Dims(tp::getDims(type)) : Dims();
}

int64_t getRank(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getRank() : -1;
}

Type getElementType(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  return type ? type.getElementType() : Type();
}

std::optional<int64_t> getStaticDim(Value value, int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return std::nullopt;
  std::optional<int64_t> axis = normalizeAxis(dim, type.getRank());
  if (!axis || type.isDynamicDim(*axis))
    return std::nullopt;
  return type.getDimSize(*axis);
}

bool allKnown(ArrayRef<AffineExpr> dims) {
  return llvm::all_of(dims, [](AffineExpr dim) { return bool(dim); });
}

bool sameDims(ArrayRef<AffineExpr> lhs, ArrayRef<AffineExpr> rhs) {
  return lhs.size() == rhs.size() &&
         llvm::all_of(llvm::zip(lhs, rhs), [](auto pair) {
           return tp::provablyEqual(std::get<0>(pair), std::get<1>(pair));
         });
}

/// The size to which two sizes broadcast, null where that is open.
static AffineExpr broadcastDim(AffineExpr lhs, AffineExpr rhs) {
  if (tp::getConst(lhs) == 1)
    return rhs;
  if (tp::getConst(rhs) == 1)
    return lhs;
  return tp::provablyEqual(lhs, rhs) ? lhs : AffineExpr();
}

std::optional<Dims> broadcastDims(ValueRange operands) {
  Dims result;
  for (Value operand : operands) {
    if (getRank(operand) < 0)
      return std::nullopt;
    Dims dims = getDims(operand);
    if (!allKnown(dims))
      return std::nullopt;
    if (dims.size() > result.size())
      std::swap(dims, result);
    size_t shift = result.size() - dims.size();
    for (auto [i, dim] : llvm::enumerate(dims)) {
      AffineExpr &size = result[shift + i];
      size = broadcastDim(size, dim);
      if (!size)
        return std::nullopt;
    }
  }
  return result;
}

bool hasDims(Type type, ArrayRef<AffineExpr> dims) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  return ranked && sameDims(tp::getDims(ranked), dims);
}

/// The constant elements of `value` if it has one element or a splat.
static DenseElementsAttr getSplat(Value value) {
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  if (!constant)
    return nullptr;
  auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!elements || elements.getNumElements() == 0 || !elements.isSplat())
    return nullptr;
  return elements;
}

std::optional<double> getScalar(Value value) {
  DenseElementsAttr elements = getSplat(value);
  if (!elements)
    return std::nullopt;
  Type type = elements.getElementType();
  if (isa<FloatType>(type)) {
    APFloat number = elements.getSplatValue<APFloat>();
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return number.convertToDouble();
  }
  if (auto integer = dyn_cast<IntegerType>(type)) {
    APInt number = elements.getSplatValue<APInt>();
    bool isUnsigned = integer.isUnsigned() || integer.getWidth() == 1;
    return isUnsigned ? static_cast<double>(number.getZExtValue())
                      : static_cast<double>(number.getSExtValue());
  }
  return std::nullopt;
}

bool isScalar(Value value, double expected, double tolerance) {
  std::optional<double> number = getScalar(value);
  if (!number)
    return false;
  if (*number == expected)
    return true;
  return std::abs(*number - expected) <= tolerance * std::abs(expected);
}

std::optional<SmallVector<int64_t>> getInts(Value value) {
  std::optional<Dims> exprs = getSymbolicInts(value);
  return exprs ? tp::getConsts(*exprs) : std::nullopt;
}

std::optional<Dims> getSymbolicInts(Value value) {
  if (auto symbolic = value.getDefiningOp<onnx::SymbolicConstantOp>())
    return Dims(symbolic.getValue().getExprs());
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  if (!constant || getRank(value) > 1)
    return std::nullopt;
  auto elements = dyn_cast<DenseIntElementsAttr>(constant.getValue());
  if (!elements || elements.getElementType().getIntOrFloatBitWidth() > 64)
    return std::nullopt;
  Dims result;
  for (const APInt &number : elements.getValues<APInt>())
    result.push_back(
        getAffineConstantExpr(number.getSExtValue(), value.getContext()));
  return result;
}

std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < 0)
    axis += rank;
  if (axis < 0 || axis >= rank)
    return std::nullopt;
  return axis;
}

Value skipFloatCasts(Value value) {
  while (auto cast = value.getDefiningOp<onnx::CastOp>()) {
    if (!isa<FloatType>(getElementType(cast.getInput())) ||
        !isa<FloatType>(getElementType(value)))
      break;
    value = cast.getInput();
  }
  return value;
}

bool matchScaled(Value value, Value &x, double &factor) {
  auto accept = [&](Value candidate, std::optional<double> number) {
    if (!number || candidate.getType() != value.getType())
      return false;
    x = candidate;
    factor = *number;
    return true;
  };
  if (auto div = value.getDefiningOp<onnx::DivOp>()) {
    std::optional<double> number = getScalar(div.getB());
    if (!number || *number == 0 || !isa<FloatType>(getElementType(value)))
      return false;
    return accept(div.getA(), 1 / *number);
  }
  return matchCommutative<onnx::MulOp>(
      value, [&](Value lhs, Value rhs) { return accept(lhs, getScalar(rhs)); });
}

bool matchOffset(Value value, Value &x, double &offset) {
  return matchCommutative<onnx::AddOp>(value, [&](Value lhs, Value rhs) {
    std::optional<double> number = getScalar(rhs);
    if (!number || lhs.getType() != value.getType())
      return false;
    x = lhs;
    offset = *number;
    return true;
  });
}

bool matchSquare(Value value, Value &x) {
  if (auto pow = value.getDefiningOp<onnx::PowOp>()) {
    x = pow.getX();
    return isScalar(pow.getY(), 2) && x.getType() == value.getType();
  }
  auto mul = value.getDefiningOp<onnx::MulOp>();
  if (!mul || mul.getA() != mul.getB())
    return false;
  x = mul.getA();
  return true;
}

std::optional<ConstantSlice> matchConstantSlice(Value value) {
  auto op = value.getDefiningOp<onnx::SliceOp>();
  if (!op || getRank(value) < 0)
    return std::nullopt;
  std::optional<SmallVector<int64_t>> starts = getInts(op.getStarts());
  if (!starts || starts->size() != 1)
    return std::nullopt;
  ConstantSlice slice{op.getData(), 0, starts->front(), 0, 1};
  if (!onnx::isNoValue(op.getAxes())) {
    std::optional<SmallVector<int64_t>> axes = getInts(op.getAxes());
    if (!axes || axes->size() != 1)
      return std::nullopt;
    std::optional<int64_t> axis = normalizeAxis(axes->front(), getRank(value));
    if (!axis)
      return std::nullopt;
    slice.axis = *axis;
  }
  if (!onnx::isNoValue(op.getSteps())) {
    std::optional<SmallVector<int64_t>> steps = getInts(op.getSteps());
    if (!steps || steps->size() != 1 || steps->front() <= 0)
      return std::nullopt;
    slice.step = steps->front();
  }
  // The result's static size stands for the end; a negative start counts from
  // a size that must be static.
  std::optional<int64_t> size = getStaticDim(value, slice.axis);
  std::optional<int64_t> whole = getStaticDim(slice.source, slice.axis);
  if (!size || (slice.start < 0 && !whole))
    return std::nullopt;
  slice.size = *size;
  if (slice.start < 0)
    slice.start = std::max<int64_t>(slice.start + *whole, 0);
  return slice;
}

bool swapsLastTwo(ArrayRef<int64_t> perm) {
  int64_t rank = perm.size();
  if (rank < 2 || perm[rank - 1] != rank - 2 || perm[rank - 2] != rank - 1)
    return false;
  for (int64_t i = 0; i < rank - 2; ++i)
    if (perm[i] != i)
      return false;
  return true;
}

SmallVector<int64_t> getPerm(onnx::TransposeOp op) {
  SmallVector<int64_t> perm;
  if (auto attribute = op->getAttrOfType<ArrayAttr>("perm")) {
    for (auto axis : attribute.getAsRange<IntegerAttr>())
      perm.push_back(axis.getInt());
    return perm;
  }
  // Without the attribute the order is reversed.
  for (int64_t i = getRank(op.getData()) - 1; i >= 0; --i)
    perm.push_back(i);
  return perm;
}

} // namespace tpo::simplify
