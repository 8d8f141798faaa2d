//===- EmitReductions.cpp - Reductions in kernels -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace tpo::kernels {

namespace {

/// Reduced dimensions of a Reduce* operator, ascending; none after an error.
std::optional<SmallVector<int64_t>> reducedAxes(Operation *op) {
  int64_t rank = cast<RankedTensorType>(op->getOperand(0).getType()).getRank();
  SmallVector<int64_t> axes;
  bool given = false;
  if (std::optional<SmallVector<int64_t>> attribute = getInts(op, "axes")) {
    axes = *attribute;
    given = true;
  } else if (hasOperand(op, 1)) {
    std::optional<SmallVector<int64_t>> operand = getConstantInts(op->getOperand(1));
    if (!operand) {
      ScalarEmitter::unsupported(op, "axes depend on data");
      return std::nullopt;
    }
    axes = *operand;
    given = !axes.empty();
  }
  if (!given && !getInt(op, "noop_with_empty_axes", 0))
    for (int64_t i = 0; i < rank; ++i)
      axes.push_back(i);
  for (int64_t &axis : axes)
    axis = normalizeAxis(axis, rank);
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

enum class Kind { Sum, Mean, Max, Min, Prod, SumSquare, L1, L2, LogSum, LogSumExp };

Value identity(ScalarEmitter &e, Type type, Kind kind) {
  OpBuilder &b = e.builder();
  if (kind == Kind::Prod)
    return e.constant(type, 1);
  if (kind != Kind::Max && kind != Kind::Min && kind != Kind::LogSumExp)
    return e.constant(type, 0);
  double infinity = std::numeric_limits<double>::infinity();
  if (isa<FloatType>(type))
    return e.constant(type, kind == Kind::Min ? infinity : -infinity);
  unsigned width = type.getIntOrFloatBitWidth();
  APInt limit = width == 1 ? APInt(1, kind == Kind::Min)
                : kind == Kind::Min ? APInt::getSignedMaxValue(width)
                                    : APInt::getSignedMinValue(width);
  return arith::ConstantOp::create(b, e.location(), b.getIntegerAttr(type, limit));
}

/// acc combined with element x. Sums may be reassociated: it is what lets the
/// loop vectorise, and the order is fixed by the compiled code.
Value combine(ScalarEmitter &e, Kind kind, Value acc, Value x) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  bool isFloat = isa<FloatType>(x.getType());
  auto fast = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  auto sum = [&](Value term) -> Value {
    if (isFloat)
      return arith::AddFOp::create(b, loc, acc, term, fast);
    return arith::AddIOp::create(b, loc, acc, term);
  };
  switch (kind) {
  case Kind::Sum:
  case Kind::Mean:
  case Kind::LogSum:
    return sum(x);
  case Kind::Max:
    if (isFloat)
      return arith::MaximumFOp::create(b, loc, acc, x, arith::FastMathFlags::reassoc);
    return x.getType().isInteger(1) ? Value(arith::OrIOp::create(b, loc, acc, x))
                                    : Value(arith::MaxSIOp::create(b, loc, acc, x));
  case Kind::Min:
    if (isFloat)
      return arith::MinimumFOp::create(b, loc, acc, x, arith::FastMathFlags::reassoc);
    return x.getType().isInteger(1) ? Value(arith::AndIOp::create(b, loc, acc, x))
                                    : Value(arith::MinSIOp::create(b, loc, acc, x));
  case Kind::Prod:
    if (isFloat)
      return arith::MulFOp::create(b, loc, acc, x, fast);
    return arith::MulIOp::create(b, loc, acc, x);
  case Kind::SumSquare:
  case Kind::L2:
    return sum(isFloat ? Value(arith::MulFOp::create(b, loc, x, x, fast)) : Value(arith::MulIOp::create(b, loc, x, x)));
  case Kind::L1:
    return sum(isFloat ? Value(math::AbsFOp::create(b, loc, x)) : Value(math::AbsIOp::create(b, loc, x)));
  case Kind::LogSumExp:
    break;
  }
  llvm_unreachable("LogSumExp is two reductions");
}

/// Folds `kind` over `axes` of `data`, mapping each element first. `fixed`
/// has the position of the other dimensions.
Value reduceOver(ScalarEmitter &e, Value data, ArrayRef<int64_t> axes, SmallVector<Value> &position, Kind kind,
                 Value acc, llvm::function_ref<Value(Value)> map) {
  if (axes.empty()) {
    Value x = e.element(data, position);
    return x ? combine(e, kind, acc, map ? map(x) : x) : Value();
  }
  Value count = e.size(data, axes.front());
  if (!count)
    return Value();
  SmallVector<Value> result = e.reduce(count, acc, [&](ValueRange accs, Value i) -> SmallVector<Value> {
    position[axes.front()] = i;
    return {reduceOver(e, data, axes.drop_front(), position, kind, accs[0], map)};
  });
  return result.empty() ? Value() : result.front();
}

/// Positions of the dimensions that stay, from the result's indices.
SmallVector<Value> outerPosition(ScalarEmitter &e, Operation *op, ArrayRef<int64_t> axes, ValueRange indices) {
  int64_t rank = cast<RankedTensorType>(op->getOperand(0).getType()).getRank();
  bool keep = getInt(op, "keepdims", 1) != 0;
  SmallVector<Value> position(rank, e.index(0));
  for (int64_t dim = 0, next = 0; dim < rank; ++dim) {
    bool isReduced = llvm::is_contained(axes, dim);
    if (!isReduced)
      position[dim] = indices[next];
    if (!isReduced || keep)
      ++next;
  }
  return position;
}

template <Kind kind>
Value emitReduce(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  std::optional<SmallVector<int64_t>> axes = reducedAxes(op);
  if (!axes)
    return Value();
  Value data = op->getOperand(0);
  OpBuilder &b = e.builder();
  Location loc = e.location();
  SmallVector<Value> position = outerPosition(e, op, *axes, indices);
  Type type = e.computeTypeOf(data);
  if (kind == Kind::LogSumExp) {
    Value highest = reduceOver(e, data, *axes, position, Kind::Max, identity(e, type, Kind::Max), nullptr);
    if (!highest)
      return Value();
    Value sum = reduceOver(e, data, *axes, position, Kind::Sum, identity(e, type, Kind::Sum), [&](Value x) -> Value {
      return math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, x, highest));
    });
    return sum ? Value(arith::AddFOp::create(b, loc, math::LogOp::create(b, loc, sum), highest)) : Value();
  }
  Value result = reduceOver(e, data, *axes, position, kind, identity(e, type, kind), nullptr);
  if (!result)
    return Value();
  if (kind == Kind::L2)
    return math::SqrtOp::create(b, loc, result);
  if (kind == Kind::LogSum)
    return math::LogOp::create(b, loc, result);
  if (kind != Kind::Mean)
    return result;
  Value count = e.index(1);
  for (int64_t axis : *axes) {
    Value size = e.size(data, axis);
    if (!size)
      return Value();
    count = e.mul(count, size);
  }
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), count);
  if (isa<FloatType>(type))
    return arith::DivFOp::create(b, loc, result, arith::SIToFPOp::create(b, loc, type, wide));
  if (type.isInteger(64))
    return arith::DivSIOp::create(b, loc, result, wide);
  return arith::DivSIOp::create(b, loc, result, arith::TruncIOp::create(b, loc, type, wide));
}

/// Position of the largest (smallest) element, the first or the last of equals.
template <bool maximum>
Value emitArgExtremum(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  int64_t rank = cast<RankedTensorType>(data.getType()).getRank();
  int64_t axis = normalizeAxis(getInt(op, "axis", 0), rank);
  bool takeLast = getInt(op, "select_last_index", 0) != 0;
  OpBuilder &b = e.builder();
  Location loc = e.location();
  SmallVector<Value> position = outerPosition(e, op, {axis}, indices);
  Value count = e.size(data, axis);
  position[axis] = e.index(0);
  Value first = e.element(data, position);
  if (!count || !first)
    return Value();
  SmallVector<Value> found = e.reduce(count, {first, e.index(0)}, [&](ValueRange acc, Value i) -> SmallVector<Value> {
    position[axis] = i;
    Value x = e.element(data, position);
    if (!x)
      return {};
    Value better;
    if (isa<FloatType>(x.getType())) {
      auto predicate = maximum ? (takeLast ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OGT)
                               : (takeLast ? arith::CmpFPredicate::OLE : arith::CmpFPredicate::OLT);
      better = arith::CmpFOp::create(b, loc, predicate, x, acc[0]);
    } else {
      auto predicate = maximum ? (takeLast ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sgt)
                               : (takeLast ? arith::CmpIPredicate::sle : arith::CmpIPredicate::slt);
      better = arith::CmpIOp::create(b, loc, predicate, x, acc[0]);
    }
    return {arith::SelectOp::create(b, loc, better, x, acc[0]), arith::SelectOp::create(b, loc, better, i, acc[1])};
  });
  if (found.empty())
    return Value();
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), found[1]);
}

/// Each element sums its prefix: quadratic along the axis, and parallel.
Value emitCumSum(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value data = op->getOperand(0);
  std::optional<SmallVector<int64_t>> given = getConstantInts(op->getOperand(1));
  if (!given || given->size() != 1)
    return ScalarEmitter::unsupported(op, "the axis depends on data");
  int64_t axis = normalizeAxis(given->front(), cast<RankedTensorType>(data.getType()).getRank());
  bool reverse = getInt(op, "reverse", 0), exclusive = getInt(op, "exclusive", 0);
  Value size = e.size(data, axis);
  if (!size)
    return Value();
  Value count = reverse ? e.sub(size, indices[axis]) : e.add(indices[axis], e.index(1));
  if (exclusive)
    count = e.sub(count, e.index(1));
  Value start = !reverse ? e.index(0) : exclusive ? e.add(indices[axis], e.index(1)) : Value(indices[axis]);
  SmallVector<Value> position(indices);
  Type type = e.computeTypeOf(data);
  SmallVector<Value> sum = e.reduce(count, e.constant(type, 0), [&](ValueRange acc, Value i) -> SmallVector<Value> {
    position[axis] = e.add(start, i);
    Value x = e.element(data, position);
    return {x ? combine(e, Kind::Sum, acc[0], x) : Value()};
  });
  return sum.empty() ? Value() : sum.front();
}

/// The general product, for operands that no library call takes (integers).
Value emitMatMul(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  int64_t lhsRank = cast<RankedTensorType>(lhs.getType()).getRank();
  int64_t rhsRank = cast<RankedTensorType>(rhs.getType()).getRank();
  Value count = e.size(lhs, lhsRank - 1);
  if (!count)
    return Value();
  OpBuilder &b = e.builder();
  SmallVector<Value> batch(indices);
  Value column, row;
  if (rhsRank > 1)
    column = batch.pop_back_val();
  if (lhsRank > 1)
    row = batch.pop_back_val();
  auto at = [&](Value operand, int64_t rank, Value k, Value other, bool kIsLast) -> Value {
    auto type = cast<RankedTensorType>(operand.getType());
    SmallVector<Value> position;
    for (int64_t dim = 0; dim < rank - 2; ++dim)
      position.push_back(type.getDimSize(dim) == 1 ? e.index(0) : batch[batch.size() - (rank - 2) + dim]);
    if (other && !kIsLast)
      position.append({k, other});
    else if (other)
      position.append({other, k});
    else
      position.push_back(k);
    return e.element(operand, position);
  };
  Type type = e.computeTypeOf(lhs);
  SmallVector<Value> sum = e.reduce(count, e.constant(type, 0), [&](ValueRange acc, Value k) -> SmallVector<Value> {
    Value x = at(lhs, lhsRank, k, row, true), y = at(rhs, rhsRank, k, column, false);
    if (!x || !y)
      return {};
    Value term = isa<FloatType>(type) ? Value(arith::MulFOp::create(b, e.location(), x, y))
                                      : Value(arith::MulIOp::create(b, e.location(), x, y));
    return {combine(e, Kind::Sum, acc[0], term)};
  });
  return sum.empty() ? Value() : sum.front();
}

} // namespace

void registerReductions(llvm::StringMap<EmitFn> &table) {
  table["ReduceSum"] = emitReduce<Kind::Sum>;
  table["ReduceMean"] = emitReduce<Kind::Mean>;
  table["ReduceMax"] = emitReduce<Kind::Max>;
  table["ReduceMin"] = emitReduce<Kind::Min>;
  table["ReduceProd"] = emitReduce<Kind::Prod>;
  table["ReduceSumSquare"] = emitReduce<Kind::SumSquare>;
  table["ReduceL1"] = emitReduce<Kind::L1>;
  table["ReduceL2"] = emitReduce<Kind::L2>;
  table["ReduceLogSum"] = emitReduce<Kind::LogSum>;
  table["ReduceLogSumExp"] = emitReduce<Kind::LogSumExp>;
  table["ArgMax"] = emitArgExtremum<true>;
  table["ArgMin"] = emitArgExtremum<false>;
  table["CumSum"] = emitCumSum;
  table["MatMul"] = emitMatMul;
}

} // namespace tpo::kernels
