//===- EmitSelection.cpp - Operators that choose among elements -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Padding, reversal, updates of a cache: each element of the result is one of
// the operands', at a position computed from its own.
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "dialects/Tp/Tp.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

int64_t rankOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getRank(); }

Value maxIndex(ScalarEmitter &e, Value x, Value y) { return arith::MaxSIOp::create(e.builder(), e.location(), x, y); }
Value minIndex(ScalarEmitter &e, Value x, Value y) { return arith::MinSIOp::create(e.builder(), e.location(), x, y); }

/// x modulo size, in [0, size).
Value wrapAround(ScalarEmitter &e, Value x, Value size) {
  OpBuilder &b = e.builder();
  Value remainder = arith::RemSIOp::create(b, e.location(), x, size);
  Value shifted = arith::AddIOp::create(b, e.location(), remainder, size);
  return arith::SelectOp::create(b, e.location(), e.less(remainder, e.index(0)), shifted, remainder);
}

Value isBelow(ScalarEmitter &e, Value x, Value size) {
  return arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::ult, x, size);
}

Value toIndex(ScalarEmitter &e, Value x) {
  return arith::IndexCastOp::create(e.builder(), e.location(), e.builder().getIndexType(), x);
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// The element that a mode other than `constant` repeats at `position`, counted
/// from the first one that is not padding, of [first, first + size).
Value repeatedPosition(ScalarEmitter &e, StringRef mode, Value position, Value first, Value size) {
  if (mode == "edge") {
    position = minIndex(e, maxIndex(e, position, e.index(0)), e.sub(size, e.index(1)));
  } else if (mode == "wrap") {
    position = wrapAround(e, position, size);
  } else {
    // Back and forth, without repeating the ends; one element has no other.
    Value last = e.sub(size, e.index(1));
    Value period = maxIndex(e, e.mul(last, e.index(2)), e.index(1));
    position = wrapAround(e, position, period);
    position = minIndex(e, position, arith::SubIOp::create(e.builder(), e.location(), period, position));
    position = minIndex(e, position, last);
  }
  return e.add(first, position);
}

/// The padded dimensions; none after an error.
std::optional<SmallVector<int64_t>> paddedAxes(Operation *op, int64_t rank) {
  SmallVector<int64_t> axes;
  if (hasOperand(op, 3)) {
    std::optional<SmallVector<int64_t>> given = getConstantInts(op->getOperand(3));
    if (!given) {
      ScalarEmitter::unsupported(op, "axes depend on data");
      return std::nullopt;
    }
    for (int64_t axis : *given)
      axes.push_back(normalizeAxis(axis, rank));
    return axes;
  }
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  return axes;
}

/// A negative pad removes elements: what is repeated is what is left.
Value emitPad(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  StringRef mode = getString(op, "mode", "constant");
  if (!llvm::is_contained({"constant", "reflect", "edge", "wrap"}, mode))
    return ScalarEmitter::unsupported(op, "mode '" + mode + "' is not supported");
  // Sizes follow from the pads of an input, too, whose elements are symbols
  // then: a kernel reads them.
  std::optional<SmallVector<AffineExpr>> pads = getSizeExprs(op->getOperand(1));
  auto pad = [&](size_t i) -> Value {
    if (pads)
      return e.materialize((*pads)[i]);
    Value given = e.element(op->getOperand(1), {e.index(i)});
    return given ? toIndex(e, given) : Value();
  };
  std::optional<SmallVector<int64_t>> axes = paddedAxes(op, rankOf(data));
  if (!axes)
    return Value();
  OpBuilder &b = e.builder();
  SmallVector<Value> source(indices);
  Value inside;
  for (auto [i, dim] : llvm::enumerate(*axes)) {
    if (pads && tp::getConst((*pads)[i]) == 0 && tp::getConst((*pads)[i + axes->size()]) == 0)
      continue;
    Value size = e.size(data, dim), before = pad(i);
    if (!size || !before)
      return Value();
    if (mode == "constant") {
      source[dim] = e.sub(indices[dim], before);
      // One unsigned comparison checks both ends.
      Value here = isBelow(e, source[dim], size);
      inside = inside ? Value(arith::AndIOp::create(b, e.location(), inside, here)) : here;
      continue;
    }
    Value after = pad(i + axes->size()), zero = e.index(0);
    if (!after)
      return Value();
    Value first = maxIndex(e, arith::SubIOp::create(b, e.location(), zero, before), zero);
    Value removed = maxIndex(e, arith::SubIOp::create(b, e.location(), zero, after), zero);
    Value left = e.sub(e.sub(size, first), removed);
    source[dim] = repeatedPosition(e, mode, e.sub(indices[dim], maxIndex(e, before, zero)), first, left);
  }
  if (!inside)
    return e.element(data, source);
  Type type = e.computeTypeOf(data);
  return e.choose(
      inside, type, [&] { return e.element(data, source); },
      [&] {
        if (!hasOperand(op, 2))
          return e.constant(type, 0);
        // A scalar, or (as some exporters write it) one element.
        return e.element(op->getOperand(2), SmallVector<Value>(rankOf(op->getOperand(2)), e.index(0)));
      });
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

Value emitEyeLike(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Type type = e.computeTypeOf(op->getResult(0));
  Value diagonal = e.add(indices[0], e.index(getInt(op, "k", 0)));
  Value here = arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq, indices[1], diagonal);
  return arith::SelectOp::create(e.builder(), e.location(), here, e.constant(type, 1), e.constant(type, 0));
}

/// The first lens[batch] positions backwards, the others as they are.
Value emitReverseSequence(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  int64_t rank = rankOf(data);
  int64_t time = normalizeAxis(getInt(op, "time_axis", 0), rank);
  int64_t batch = normalizeAxis(getInt(op, "batch_axis", 1), rank);
  Value length = e.broadcastElement(op->getOperand(1), {indices[batch]}), size = e.size(data, time);
  if (!length || !size)
    return Value();
  OpBuilder &b = e.builder();
  length = toIndex(e, length);
  e.check(op, isBelow(e, length, e.add(size, e.index(1))), length, size);
  length = maxIndex(e, minIndex(e, length, size), e.index(0));
  Value mirrored = arith::SubIOp::create(b, e.location(), e.sub(length, e.index(1)), indices[time]);
  SmallVector<Value> source(indices);
  source[time] = arith::SelectOp::create(b, e.location(), e.less(indices[time], length), mirrored, indices[time]);
  return e.element(data, source);
}

/// past [b, .., max, ..] with update [b, .., n, ..] put in from a row's write
/// index on; `circular` goes on at the start.
Value emitTensorScatter(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value past = op->getOperand(0), update = op->getOperand(1);
  int64_t axis = normalizeAxis(getInt(op, "axis", -2), rankOf(past));
  StringRef mode = getString(op, "mode", "linear");
  if (mode != "linear" && mode != "circular")
    return ScalarEmitter::unsupported(op, "mode '" + mode + "' is not supported");
  Value capacity = e.size(past, axis), length = e.size(update, axis);
  if (!capacity || !length)
    return Value();
  OpBuilder &b = e.builder();
  Value position = indices[axis];
  if (hasOperand(op, 2)) {
    Value start = e.broadcastElement(op->getOperand(2), {indices[0]});
    if (!start)
      return Value();
    start = toIndex(e, start);
    if (mode == "linear")
      e.check(op, isBelow(e, start, e.add(e.sub(capacity, length), e.index(1))), start, e.sub(capacity, length));
    position = arith::SubIOp::create(b, e.location(), position, start);
    if (mode == "circular")
      position = wrapAround(e, position, capacity);
  }
  SmallVector<Value> source(indices);
  source[axis] = position;
  return e.choose(
      isBelow(e, position, length), e.computeTypeOf(past), [&] { return e.element(update, source); },
      [&] { return e.element(past, indices); });
}

/// The elements along the axis (of all, without one) where a constant condition
/// holds.
Value emitCompress(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  std::optional<SmallVector<int64_t>> condition = getConstantInts(op->getOperand(1));
  if (!condition)
    return ScalarEmitter::unsupported(op, "the size of the result depends on data");
  SmallVector<int64_t> chosen;
  for (auto [i, holds] : llvm::enumerate(*condition))
    if (holds)
      chosen.push_back(i);
  if (chosen.empty())
    return e.constant(e.computeTypeOf(data), 0);
  bool hasAxis = static_cast<bool>(op->getAttr("axis"));
  int64_t axis = hasAxis ? normalizeAxis(getInt(op, "axis", 0), rankOf(data)) : 0;
  OpBuilder &b = e.builder();
  Value position = e.index(chosen.front());
  for (auto [i, from] : llvm::enumerate(ArrayRef(chosen).drop_front())) {
    Value isHere = arith::CmpIOp::create(b, e.location(), arith::CmpIPredicate::eq, indices[axis], e.index(i + 1));
    position = arith::SelectOp::create(b, e.location(), isHere, e.index(from), position);
  }
  SmallVector<Value> source(indices);
  if (hasAxis) {
    source[axis] = position;
    return e.element(data, source);
  }
  source.assign(rankOf(data), Value());
  for (int64_t dim = rankOf(data); dim-- > 0;) {
    Value size = e.size(data, dim);
    if (!size)
      return Value();
    source[dim] = dim ? Value(arith::RemUIOp::create(b, e.location(), position, size)) : position;
    if (dim)
      position = arith::DivUIOp::create(b, e.location(), position, size);
  }
  return e.element(data, source);
}

} // namespace

void registerSelection(llvm::StringMap<EmitFn> &table) {
  table["Pad"] = emitPad;
  table["EyeLike"] = emitEyeLike;
  table["ReverseSequence"] = emitReverseSequence;
  table["TensorScatter"] = emitTensorScatter;
  table["Compress"] = emitCompress;
}

} // namespace tpo::kernels
