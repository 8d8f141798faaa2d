//===- Positions.cpp - Values that are affine in their index --------------===//

#include "Positions.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

static std::optional<Positions> follow(Value value, unsigned depth);

/// The one element of a constant or symbolic value.
static AffineExpr getElement(Value value) {
  std::optional<Dims> elements = getSymbolicInts(value);
  return elements && elements->size() == 1 ? elements->front() : AffineExpr();
}

std::optional<Positions> tpo::simplify::getPositions(ArrayRef<int64_t> numbers,
                                                     ArrayRef<int64_t> shape,
                                                     MLIRContext *context) {
  if (numbers.empty())
    return std::nullopt;
  SmallVector<int64_t> strides(shape.size(), 0);
  int64_t inner = 1;
  for (size_t k = shape.size(); k-- > 0;) {
    if (shape[k] > 1)
      strides[k] = numbers[inner] - numbers[0];
    inner *= shape[k];
  }
  for (int64_t i = 0; i < static_cast<int64_t>(numbers.size()); ++i) {
    int64_t expected = numbers[0], rest = i;
    for (size_t k = shape.size(); k-- > 0;) {
      expected += strides[k] * (rest % shape[k]);
      rest /= shape[k];
    }
    if (numbers[i] != expected)
      return std::nullopt;
  }
  Positions result{getAffineConstantExpr(numbers[0], context), {}};
  for (int64_t stride : strides)
    result.strides.push_back(getAffineConstantExpr(stride, context));
  return result;
}

/// A small table of numbers that happens to be affine in its index.
static std::optional<Positions> followConstant(onnx::ConstantOp op) {
  auto elements = dyn_cast<DenseIntElementsAttr>(op.getValue());
  if (!elements || elements.getElementType().getIntOrFloatBitWidth() > 64)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (const APInt &number : elements.getValues<APInt>())
    numbers.push_back(number.getSExtValue());
  return getPositions(numbers, elements.getType().getShape(), op.getContext());
}

static std::optional<Positions> followRange(onnx::RangeOp op) {
  AffineExpr start = getElement(op->getOperand(0));
  AffineExpr step = getElement(op->getOperand(2));
  if (!start || !step)
    return std::nullopt;
  return Positions{start, {step}};
}

/// A Reshape that adds and removes dimensions of size one, or takes apart the
/// only dimension.
static std::optional<Positions> followReshape(onnx::ReshapeOp op,
                                              unsigned depth) {
  std::optional<Positions> input = follow(op.getData(), depth);
  if (!input || getRank(op.getReshaped()) < 0)
    return std::nullopt;
  Dims from = getDims(op.getData()), to = getDims(op.getReshaped());
  Positions result{input->offset, {}};
  AffineExpr zero = getAffineConstantExpr(0, op.getContext());
  auto isOne = [](AffineExpr dim) { return tp::getConst(dim) == 1; };
  if (llvm::count_if(from, isOne) + 1 == static_cast<int64_t>(from.size()) &&
      allKnown(to)) {
    auto only = llvm::find_if_not(from, isOne);
    AffineExpr step = input->strides[only - from.begin()];
    for (size_t i = 0; i < to.size(); ++i)
      result.strides.push_back(
          isOne(to[i])
              ? zero
              : tp::simplify(step * tp::product(ArrayRef(to).drop_front(i + 1),
                                                op.getContext())));
    return result;
  }
  size_t next = 0;
  for (AffineExpr size : to) {
    if (isOne(size)) {
      result.strides.push_back(zero);
      continue;
    }
    while (next < from.size() && isOne(from[next]))
      ++next;
    if (next == from.size() || !tp::provablyEqual(from[next], size))
      return std::nullopt;
    result.strides.push_back(input->strides[next++]);
  }
  return result;
}

/// `positions` of a tensor with `from` sizes where it is broadcast to `to`.
static Positions broadcast(const Positions &positions,
                           ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                           MLIRContext *context) {
  AffineExpr zero = getAffineConstantExpr(0, context);
  Positions result{positions.offset, Dims(to.size(), zero)};
  size_t shift = to.size() - from.size();
  for (auto [i, stride] : llvm::enumerate(positions.strides))
    if (tp::getConst(from[i]) != 1)
      result.strides[shift + i] = stride;
  return result;
}

static bool isUniform(const Positions &positions) {
  return llvm::all_of(positions.strides, [](AffineExpr stride) {
    return tp::getConst(stride) == 0;
  });
}

/// Add, Sub, and Mul by something that does not depend on the index.
static std::optional<Positions> followArithmetic(Operation *op,
                                                 unsigned depth) {
  std::optional<Positions> lhs = follow(op->getOperand(0), depth);
  std::optional<Positions> rhs = follow(op->getOperand(1), depth);
  if (!lhs || !rhs || getRank(op->getResult(0)) < 0)
    return std::nullopt;
  Dims dims = getDims(op->getResult(0));
  MLIRContext *context = op->getContext();
  Positions a = broadcast(*lhs, getDims(op->getOperand(0)), dims, context);
  Positions b = broadcast(*rhs, getDims(op->getOperand(1)), dims, context);
  if (isa<onnx::MulOp>(op)) {
    if (isUniform(a))
      std::swap(a, b);
    if (!isUniform(b))
      return std::nullopt;
    for (AffineExpr &stride : a.strides)
      stride = tp::simplify(stride * b.offset);
    a.offset = tp::simplify(a.offset * b.offset);
    return a;
  }
  int64_t sign = isa<onnx::SubOp>(op) ? -1 : 1;
  for (auto [stride, other] : llvm::zip(a.strides, b.strides))
    stride = tp::simplify(stride + other * sign);
  a.offset = tp::simplify(a.offset + b.offset * sign);
  return a;
}

static std::optional<Positions> follow(Value value, unsigned depth) {
  if (depth == 0 || getRank(value) < 0 ||
      !isa_and_nonnull<IntegerType>(getElementType(value)))
    return std::nullopt;
  --depth;
  if (AffineExpr element = getElement(value))
    return Positions{element, Dims(getRank(value), getAffineConstantExpr(
                                                       0, value.getContext()))};
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto constant = dyn_cast<onnx::ConstantOp>(op))
    return followConstant(constant);
  if (auto range = dyn_cast<onnx::RangeOp>(op))
    return followRange(range);
  if (auto reshape = dyn_cast<onnx::ReshapeOp>(op))
    return followReshape(reshape, depth);
  if (auto conversion = dyn_cast<onnx::CastOp>(op)) {
    // Narrower integers than 32 bits might wrap.
    if (getElementType(value).getIntOrFloatBitWidth() < 32)
      return std::nullopt;
    return follow(conversion.getInput(), depth);
  }
  if (auto expand = dyn_cast<onnx::ExpandOp>(op)) {
    std::optional<Positions> input = follow(expand.getInput(), depth);
    if (!input || getRank(value) < getRank(expand.getInput()))
      return std::nullopt;
    return broadcast(*input, getDims(expand.getInput()), getDims(value),
                     value.getContext());
  }
  if (isa<onnx::AddOp, onnx::SubOp, onnx::MulOp>(op))
    return followArithmetic(op, depth);
  return std::nullopt;
}

std::optional<Positions> tpo::simplify::getPositions(Value value) {
  // Deep enough for every chain an exporter writes, and bounded.
  return follow(value, /*depth=*/24);
}
