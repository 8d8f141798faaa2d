//===- EmitDataMovement.cpp - Operators that move elements ----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

int64_t rankOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getRank(); }

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

/// Elements of 8 bits or less as they are in memory.
DenseElementsAttr toBytes(DenseElementsAttr elements) {
  Type elementType = elements.getElementType();
  SmallVector<APInt> bytes;
  auto add = [&](const APInt &element) {
    bytes.push_back(elementType.isSignlessInteger() ? element.sext(8) : element.zext(8));
  };
  if (isa<FloatType>(elementType))
    for (const APFloat &element : elements.getValues<APFloat>())
      add(element.bitcastToAPInt());
  else
    llvm::for_each(elements.getValues<APInt>(), add);
  auto type = RankedTensorType::get(elements.getType().getShape(), IntegerType::get(elements.getContext(), 8));
  return DenseElementsAttr::get(type, bytes);
}

Value emitConstant(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  auto elements = op->getAttrOfType<DenseElementsAttr>("value");
  if (!elements || !elements.getElementType().isIntOrFloat())
    return ScalarEmitter::unsupported(op, "only dense numbers are supported");
  OpBuilder &b = e.builder();
  Type computeType = getComputeType(elements.getElementType());
  if (elements.getElementType().getIntOrFloatBitWidth() <= 8 && !elements.getElementType().isInteger(1))
    elements = toBytes(elements);
  if (elements.isSplat()) {
    if (isa<FloatType>(computeType))
      return e.constant(computeType, elements.getSplatValue<APFloat>().convertToDouble());
    return arith::ConstantOp::create(b, e.location(), b.getIntegerAttr(computeType, elements.getSplatValue<APInt>()));
  }
  auto type = cast<RankedTensorType>(elements.getType());
  if (isa<IntegerType>(type.getElementType()) && type.getElementType() != computeType) {
    type = RankedTensorType::get(type.getShape(), computeType);
    elements = DenseElementsAttr::get(type, llvm::to_vector(elements.getValues<APInt>()));
  }
  Value table = arith::ConstantOp::create(b, e.location(), elements);
  Value value = tensor::ExtractOp::create(b, e.location(), table, indices);
  if (value.getType() != computeType)
    value = arith::ExtFOp::create(b, e.location(), computeType, value);
  return value;
}

Value emitSymbolicConstant(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  auto exprs = op->getAttrOfType<tp::DimsAttr>("value").getExprs();
  OpBuilder &b = e.builder();
  Type type = e.computeTypeOf(op->getResult(0));
  Value result;
  for (auto [position, expr] : llvm::enumerate(exprs)) {
    Value size = e.materialize(expr);
    if (!size)
      return ScalarEmitter::unsupported(op, "an element is not known");
    Value element = arith::IndexCastOp::create(b, e.location(), type, size);
    if (!result) {
      result = element;
      continue;
    }
    Value here = arith::CmpIOp::create(b, e.location(), arith::CmpIPredicate::eq, indices[0],
                                       e.index(static_cast<int64_t>(position)));
    result = arith::SelectOp::create(b, e.location(), here, element, result);
  }
  return result;
}

/// start + i * delta
Value emitRange(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value start = e.element(op->getOperand(0), {}), delta = e.element(op->getOperand(2), {});
  if (!start || !delta)
    return Value();
  OpBuilder &b = e.builder();
  Type type = start.getType();
  Type wide = isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 64 ? b.getI64Type() : b.getI32Type();
  if (isa<FloatType>(type)) {
    Value i = arith::SIToFPOp::create(b, e.location(), type,
                                      arith::IndexCastOp::create(b, e.location(), wide, indices[0]));
    return arith::AddFOp::create(b, e.location(), start, arith::MulFOp::create(b, e.location(), i, delta));
  }
  Value i = arith::IndexCastOp::create(b, e.location(), type, indices[0]);
  return arith::AddIOp::create(b, e.location(), start, arith::MulIOp::create(b, e.location(), i, delta));
}

Value emitShape(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  int64_t rank = rankOf(op->getOperand(0));
  int64_t start = std::clamp<int64_t>(normalizeAxis(getInt(op, "start", 0), rank), 0, rank);
  Value result;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  for (int64_t i = 0; i < type.getDimSize(0); ++i) {
    Value size = e.size(op->getOperand(0), start + i);
    if (!size)
      return Value();
    Value element = arith::IndexCastOp::create(e.builder(), e.location(), e.builder().getI64Type(), size);
    Value here = arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq, indices[0], e.index(i));
    result = result ? Value(arith::SelectOp::create(e.builder(), e.location(), here, element, result)) : element;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Permutations of indices
//===----------------------------------------------------------------------===//

Value emitIdentity(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return e.element(op->getOperand(0), indices);
}

Value emitTranspose(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  int64_t rank = rankOf(op->getOperand(0));
  SmallVector<int64_t> permutation;
  if (std::optional<SmallVector<int64_t>> given = getInts(op, "perm"))
    permutation = *given;
  else
    for (int64_t i = rank - 1; i >= 0; --i)
      permutation.push_back(i);
  SmallVector<Value> source(rank);
  for (auto [to, from] : llvm::enumerate(permutation))
    source[from] = indices[to];
  return e.element(op->getOperand(0), source);
}

Value emitExpand(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return e.broadcastElement(op->getOperand(0), indices);
}

/// Result indices -> operand indices of a reshape. Dimensions are grouped into
/// the smallest runs of equal products, so that most pass through without
/// division.
FailureOr<SmallVector<Value>> reshapeIndices(ScalarEmitter &e, Value operand, Value result, ValueRange indices) {
  auto sizesOf = [](Value value) { return tp::getDims(cast<RankedTensorType>(value.getType())); };
  SmallVector<AffineExpr> from = sizesOf(operand), to = sizesOf(result);
  MLIRContext *context = operand.getContext();
  SmallVector<Value> source(from.size());
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    size_t firstFrom = i, firstTo = j;
    AffineExpr fromProduct = getAffineConstantExpr(1, context), toProduct = fromProduct;
    // Grow the side with the smaller product until both agree.
    do {
      bool takeFrom = i < from.size();
      if (j < to.size() && i < from.size()) {
        std::optional<int64_t> a = tp::getConst(fromProduct), c = tp::getConst(toProduct);
        bool fromIsUnit = a && *a == 1, toIsUnit = c && *c == 1;
        if (fromIsUnit && toIsUnit)
          takeFrom = true;
        else if (fromIsUnit || toIsUnit)
          takeFrom = fromIsUnit;
        else
          takeFrom = tp::divideExactly(toProduct, fromProduct) != nullptr;
      }
      AffineExpr &product = takeFrom ? fromProduct : toProduct;
      AffineExpr next = takeFrom ? from[i++] : to[j++];
      if (!next)
        return failure();
      product = tp::simplify(product * next);
    } while (!tp::provablyEqual(fromProduct, toProduct) && (i < from.size() || j < to.size()));
    // Trailing ones join the group.
    auto isOne = [](AffineExpr expr) { return tp::getConst(expr) == std::optional<int64_t>(1); };
    while (i < from.size() && j >= to.size() && isOne(from[i]))
      ++i;
    while (j < to.size() && i >= from.size() && isOne(to[j]))
      ++j;
    Value linear = e.index(0);
    for (size_t dim = firstTo; dim < j; ++dim)
      if (!isOne(to[dim]))
        linear = e.add(e.mul(linear, e.materialize(to[dim])), indices[dim]);
    // The operand's digits, minor first; the most significant needs no modulo.
    size_t major = firstFrom;
    while (major < i && isOne(from[major]))
      source[major++] = e.index(0);
    for (size_t dim = i; dim-- > major;) {
      if (isOne(from[dim])) {
        source[dim] = e.index(0);
        continue;
      }
      if (dim == major) {
        source[dim] = linear;
        continue;
      }
      Value size = e.materialize(from[dim]);
      source[dim] = arith::RemUIOp::create(e.builder(), e.location(), linear, size);
      linear = arith::DivUIOp::create(e.builder(), e.location(), linear, size);
    }
  }
  return source;
}

Value emitReshape(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  FailureOr<SmallVector<Value>> source = reshapeIndices(e, op->getOperand(0), op->getResult(0), indices);
  if (failed(source))
    return ScalarEmitter::unsupported(op, "the sizes are not known");
  return e.element(op->getOperand(0), *source);
}

//===----------------------------------------------------------------------===//
// Slicing and joining
//===----------------------------------------------------------------------===//

/// `value` as the start of a slice of a dimension of this size: negative counts
/// from the end, then clamped as ONNX says (to [0, size], or [0, size - 1]
/// backwards).
Value clampStart(ScalarEmitter &e, Value value, Value size, int64_t step, bool mayBeNegative) {
  OpBuilder &b = e.builder();
  if (mayBeNegative) {
    Value wrapped = arith::AddIOp::create(b, e.location(), value, size);
    value = arith::SelectOp::create(b, e.location(), e.less(value, e.index(0)), wrapped, value);
  }
  Value last = step > 0 ? size : e.sub(size, e.index(1));
  value = arith::MinSIOp::create(b, e.location(), value, last);
  return arith::MaxSIOp::create(b, e.location(), value, e.index(0));
}

/// The start of one sliced dimension as an index value.
Value sliceStart(ScalarEmitter &e, Value tensor, int64_t dim, AffineExpr start, int64_t step) {
  Value size = e.size(tensor, dim);
  if (!size)
    return Value();
  Value value = e.materialize(start);
  std::optional<int64_t> known = tp::getConst(start);
  if (known && *known == 0 && step > 0)
    return e.index(0);
  std::optional<int64_t> knownSize = tp::getConst(tp::getDims(cast<ShapedType>(tensor.getType()))[dim]);
  if (known && knownSize) {
    int64_t position = *known < 0 ? *known + *knownSize : *known;
    return e.index(std::clamp<int64_t>(position, 0, step > 0 ? *knownSize : std::max<int64_t>(*knownSize - 1, 0)));
  }
  return clampStart(e, value, size, step, /*mayBeNegative=*/!known || *known < 0);
}

Value emitSlice(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  int64_t rank = rankOf(data);
  std::optional<SmallVector<AffineExpr>> starts = getSizeExprs(op->getOperand(1));
  // Where they are elements of an input, sizes follow from symbols, and a kernel
  // reads them.
  int64_t count = cast<RankedTensorType>(op->getOperand(1).getType()).getDimSize(0);
  if (ShapedType::isDynamic(count))
    return ScalarEmitter::unsupported(op, "the number of starts is not known");
  SmallVector<int64_t> axes, steps(count, 1);
  for (int64_t i = 0; i < count; ++i)
    axes.push_back(i);
  if (hasOperand(op, 3)) {
    std::optional<SmallVector<int64_t>> given = getConstantInts(op->getOperand(3));
    if (!given)
      return ScalarEmitter::unsupported(op, "axes depend on data");
    axes = *given;
  }
  if (hasOperand(op, 4)) {
    std::optional<SmallVector<int64_t>> given = getConstantInts(op->getOperand(4));
    if (!given)
      return ScalarEmitter::unsupported(op, "steps depend on data");
    steps = *given;
  }
  SmallVector<Value> source(indices);
  auto runtimeStart = [&](int64_t i, int64_t dim, int64_t step) -> Value {
    Value start = e.element(op->getOperand(1), {e.index(i)}), size = e.size(data, dim);
    if (!start || !size)
      return Value();
    start = arith::IndexCastOp::create(e.builder(), e.location(), e.builder().getIndexType(), start);
    return clampStart(e, start, size, step, /*mayBeNegative=*/true);
  };
  for (auto [i, axis, step] : llvm::enumerate(axes, steps)) {
    int64_t dim = normalizeAxis(axis, rank);
    Value first = starts ? sliceStart(e, data, dim, (*starts)[i], step) : runtimeStart(i, dim, step);
    if (!first)
      return Value();
    source[dim] = e.add(first, e.mul(indices[dim], e.index(step)));
  }
  return e.element(data, source);
}

Value emitSplit(ScalarEmitter &e, Operation *op, unsigned result, ValueRange indices) {
  int64_t axis = normalizeAxis(getInt(op, "axis", 0), rankOf(op->getOperand(0)));
  Value offset = e.index(0);
  for (unsigned i = 0; i < result; ++i) {
    Value size = e.size(op->getResult(i), axis);
    if (!size)
      return Value();
    offset = e.add(offset, size);
  }
  SmallVector<Value> source(indices);
  source[axis] = e.add(offset, indices[axis]);
  return e.element(op->getOperand(0), source);
}

/// The piece of a concatenation from operand `i` on, for position `position`
/// counted from that operand's start.
Value emitConcatFrom(ScalarEmitter &e, Operation *op, unsigned i, int64_t axis, Value position, ValueRange indices) {
  Value operand = op->getOperand(i);
  auto here = [&] {
    SmallVector<Value> source(indices);
    source[axis] = position;
    return e.element(operand, source);
  };
  if (i + 1 == op->getNumOperands())
    return here();
  Value size = e.size(operand, axis);
  if (!size)
    return Value();
  Value inside = e.less(position, size);
  return e.choose(inside, e.computeTypeOf(operand), here, [&] {
    return emitConcatFrom(e, op, i + 1, axis, arith::SubIOp::create(e.builder(), e.location(), position, size),
                          indices);
  });
}

Value emitConcat(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  int64_t axis = normalizeAxis(getInt(op, "axis", 0), rankOf(op->getResult(0)));
  return emitConcatFrom(e, op, 0, axis, indices[axis], indices);
}

Value emitTile(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  SmallVector<Value> source;
  for (auto [dim, position] : llvm::enumerate(indices)) {
    Value size = e.size(op->getOperand(0), dim);
    if (!size)
      return Value();
    source.push_back(arith::RemUIOp::create(e.builder(), e.location(), position, size));
  }
  return e.element(op->getOperand(0), source);
}

Value emitTrilu(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = e.element(op->getOperand(0), indices);
  if (!x)
    return Value();
  OpBuilder &b = e.builder();
  Value k = e.index(0);
  if (hasOperand(op, 1)) {
    Value given = e.element(op->getOperand(1), {});
    if (!given)
      return Value();
    k = arith::IndexCastOp::create(b, e.location(), b.getIndexType(), given);
  }
  size_t rank = indices.size();
  Value diagonal = arith::AddIOp::create(b, e.location(), indices[rank - 2], k);
  auto predicate = getInt(op, "upper", 1) ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sle;
  Value keep = arith::CmpIOp::create(b, e.location(), predicate, indices[rank - 1], diagonal);
  return arith::SelectOp::create(b, e.location(), keep, x, e.constant(x.getType(), 0));
}

//===----------------------------------------------------------------------===//
// Indexed access
//===----------------------------------------------------------------------===//

Value emitGather(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0), positions = op->getOperand(1);
  int64_t axis = normalizeAxis(getInt(op, "axis", 0), rankOf(data)), depth = rankOf(positions);
  Value position = e.element(positions, indices.slice(axis, depth));
  position = e.wrapIndex(op, positions, position, data, axis);
  if (!position)
    return Value();
  SmallVector<Value> source(indices.take_front(axis));
  source.push_back(position);
  llvm::append_range(source, indices.drop_front(axis + depth));
  return e.element(data, source);
}

Value emitGatherElements(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  int64_t axis = normalizeAxis(getInt(op, "axis", 0), rankOf(data));
  Value position = e.wrapIndex(op, op->getOperand(1), e.element(op->getOperand(1), indices), data, axis);
  if (!position)
    return Value();
  SmallVector<Value> source(indices);
  source[axis] = position;
  return e.element(data, source);
}

Value emitGatherND(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0), positions = op->getOperand(1);
  auto positionsType = cast<RankedTensorType>(positions.getType());
  int64_t batch = getInt(op, "batch_dims", 0), outer = positionsType.getRank() - 1;
  int64_t depth = positionsType.getDimSize(outer);
  if (ShapedType::isDynamic(depth))
    return ScalarEmitter::unsupported(op, "the number of indexed dimensions is not static");
  SmallVector<Value> source(indices.take_front(batch));
  for (int64_t i = 0; i < depth; ++i) {
    SmallVector<Value> at(indices.take_front(outer));
    at.push_back(e.index(i));
    Value position = e.wrapIndex(op, positions, e.element(positions, at), data, batch + i);
    if (!position)
      return Value();
    source.push_back(position);
  }
  llvm::append_range(source, indices.drop_front(outer));
  return e.element(data, source);
}

Value emitOneHot(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  int64_t axis = normalizeAxis(getInt(op, "axis", -1), rankOf(op->getResult(0)));
  OpBuilder &b = e.builder();
  SmallVector<Value> at(indices);
  at.erase(at.begin() + axis);
  Value position = e.element(op->getOperand(0), at);
  Value off = e.element(op->getOperand(2), {e.index(0)}), on = e.element(op->getOperand(2), {e.index(1)});
  Value depth = e.size(op->getResult(0), axis);
  if (!position || !off || !on || !depth)
    return Value();
  if (!isa<IntegerType>(position.getType()))
    position = arith::FPToSIOp::create(b, e.location(), b.getI64Type(), position);
  Value i = arith::IndexCastOp::create(b, e.location(), b.getIndexType(), position);
  Value wrapped = arith::AddIOp::create(b, e.location(), i, depth);
  i = arith::SelectOp::create(b, e.location(), e.less(i, e.index(0)), wrapped, i);
  Value hit = arith::CmpIOp::create(b, e.location(), arith::CmpIPredicate::eq, i, indices[axis]);
  return arith::SelectOp::create(b, e.location(), hit, on, off);
}

Value emitConstantOfShape(ScalarEmitter &e, Operation *op, unsigned, ValueRange) {
  Type type = e.computeTypeOf(op->getResult(0));
  auto value = op->getAttrOfType<DenseElementsAttr>("value");
  if (!value)
    return e.constant(type, 0);
  if (isa<FloatType>(type))
    return e.constant(type, (*value.value_begin<APFloat>()).convertToDouble());
  return arith::ConstantOp::create(e.builder(), e.location(),
                                   e.builder().getIntegerAttr(type, *value.value_begin<APInt>()));
}

//===----------------------------------------------------------------------===//
// Rotary position embedding
//===----------------------------------------------------------------------===//

/// ONNX RotaryEmbedding-23 on X [B, H, S, D] or [B, S, H*D]; caches [B, S, R/2]
/// or, with position_ids, [P, R/2].
Value emitRotary(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value x = op->getOperand(0);
  int64_t rank = rankOf(x);
  auto type = cast<RankedTensorType>(x.getType());
  int64_t heads = getInt(op, "num_heads", 0);
  int64_t headDim = rank == 4 ? type.getDimSize(3) : heads ? type.getDimSize(2) / heads : 0;
  if (headDim <= 0 || ShapedType::isDynamic(type.getDimSize(rank - 1)))
    return ScalarEmitter::unsupported(op, "the head dimension is not static");
  int64_t rotated = getInt(op, "rotary_embedding_dim", 0);
  if (rotated == 0)
    rotated = headDim;
  bool interleaved = getInt(op, "interleaved", 0) != 0;
  Value batch = indices[0], sequence = rank == 4 ? indices[2] : indices[1], last = indices[rank - 1];
  Value within = last;
  if (rank == 3)
    within = arith::RemUIOp::create(b, loc, last, e.index(headDim));
  auto rotate = [&]() -> Value {
    Value half = e.index(rotated / 2), frequency, isSecond, partner;
    if (interleaved) {
      frequency = arith::DivUIOp::create(b, loc, within, e.index(2));
      Value parity = arith::RemUIOp::create(b, loc, within, e.index(2));
      isSecond = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, parity, e.index(1));
      partner = arith::SelectOp::create(b, loc, isSecond, arith::SubIOp::create(b, loc, last, e.index(1)),
                                        arith::AddIOp::create(b, loc, last, e.index(1)));
    } else {
      isSecond = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, within, half);
      frequency = arith::SelectOp::create(b, loc, isSecond, arith::SubIOp::create(b, loc, within, half), within);
      partner = arith::SelectOp::create(b, loc, isSecond, arith::SubIOp::create(b, loc, last, half),
                                        arith::AddIOp::create(b, loc, last, half));
    }
    auto cached = [&](Value cache) -> Value {
      if (!hasOperand(op, 3))
        return e.broadcastElement(cache, {batch, sequence, frequency});
      Value positions = op->getOperand(3);
      Value stored = e.broadcastElement(positions, {batch, sequence});
      Value position = stored ? e.wrapIndex(op, positions, stored, cache, 0) : Value();
      return position ? e.element(cache, {position, frequency}) : Value();
    };
    SmallVector<Value> other(indices);
    other[rank - 1] = partner;
    Value cosine = cached(op->getOperand(1)), sine = cached(op->getOperand(2));
    Value own = e.element(x, indices), pair = e.element(x, other);
    if (!cosine || !sine || !own || !pair)
      return Value();
    Value direct = arith::MulFOp::create(b, loc, own, cosine), crossed = arith::MulFOp::create(b, loc, pair, sine);
    return arith::SelectOp::create(b, loc, isSecond, arith::AddFOp::create(b, loc, direct, crossed),
                                   arith::SubFOp::create(b, loc, direct, crossed));
  };
  if (rotated == headDim)
    return rotate();
  return e.choose(e.less(within, e.index(rotated)), e.computeTypeOf(x), rotate, [&] { return e.element(x, indices); });
}

} // namespace

void registerDataMovement(llvm::StringMap<EmitFn> &table) {
  table["Constant"] = emitConstant;
  table["SymbolicConstant"] = emitSymbolicConstant;
  table["Range"] = emitRange;
  table["Shape"] = emitShape;
  table["Identity"] = emitIdentity;
  table["Transpose"] = emitTranspose;
  table["Expand"] = emitExpand;
  for (const char *name : {"Reshape", "Squeeze", "Unsqueeze", "Flatten"})
    table[name] = emitReshape;
  table["Slice"] = emitSlice;
  table["Split"] = emitSplit;
  table["Concat"] = emitConcat;
  table["Tile"] = emitTile;
  table["Trilu"] = emitTrilu;
  table["Gather"] = emitGather;
  table["GatherElements"] = emitGatherElements;
  table["GatherND"] = emitGatherND;
  table["OneHot"] = emitOneHot;
  table["ConstantOfShape"] = emitConstantOfShape;
  table["RotaryEmbedding"] = emitRotary;
}

} // namespace tpo::kernels
