//===- EmitReductions.cpp - Reductions in kernels -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
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

bool isUnsigned(Value tensor) {
  auto integer = dyn_cast<IntegerType>(getElementTypeOrSelf(tensor.getType()));
  return integer && (integer.isUnsigned() || integer.getWidth() == 1);
}

Value identity(ScalarEmitter &e, Type type, Kind kind, bool isUnsigned) {
  OpBuilder &b = e.builder();
  if (kind == Kind::Prod)
    return e.constant(type, 1);
  if (kind != Kind::Max && kind != Kind::Min)
    return e.constant(type, 0);
  double infinity = std::numeric_limits<double>::infinity();
  if (isa<FloatType>(type))
    return e.constant(type, kind == Kind::Min ? infinity : -infinity);
  unsigned width = type.getIntOrFloatBitWidth();
  APInt limit = kind == Kind::Min ? (isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width))
                                  : (isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width));
  return arith::ConstantOp::create(b, e.location(), b.getIntegerAttr(type, limit));
}

template <typename FloatOp, typename SignedOp, typename UnsignedOp>
Value extremum(ScalarEmitter &e, Value acc, Value x, bool isUnsigned) {
  OpBuilder &b = e.builder();
  if (isa<FloatType>(x.getType()))
    return FloatOp::create(b, e.location(), acc, x, arith::FastMathFlags::reassoc);
  if (isUnsigned)
    return UnsignedOp::create(b, e.location(), acc, x);
  return SignedOp::create(b, e.location(), acc, x);
}

/// acc combined with element x, in an order that is free: rt-order-reductions
/// chooses one that vectorises.
Value combine(ScalarEmitter &e, Kind kind, Value acc, Value x, bool isUnsigned) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  bool isFloat = isa<FloatType>(x.getType());
  constexpr auto fast = arith::FastMathFlags::reassoc;
  auto product = [&](Value lhs, Value rhs) -> Value {
    return isFloat ? Value(arith::MulFOp::create(b, loc, lhs, rhs, fast))
                   : Value(arith::MulIOp::create(b, loc, lhs, rhs));
  };
  auto sum = [&](Value term) -> Value {
    return isFloat ? Value(arith::AddFOp::create(b, loc, acc, term, fast))
                   : Value(arith::AddIOp::create(b, loc, acc, term));
  };
  switch (kind) {
  case Kind::Max:
    return extremum<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(e, acc, x, isUnsigned);
  case Kind::Min:
    return extremum<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(e, acc, x, isUnsigned);
  case Kind::Prod:
    return product(acc, x);
  case Kind::SumSquare:
  case Kind::L2:
    return sum(product(x, x));
  case Kind::L1:
    if (isFloat)
      return sum(math::AbsFOp::create(b, loc, x));
    return sum(isUnsigned ? x : Value(math::AbsIOp::create(b, loc, x)));
  case Kind::Sum:
  case Kind::Mean:
  case Kind::LogSum:
  case Kind::LogSumExp: // what it sums are exponentials already
    break;
  }
  return sum(x);
}

/// Folds `kind` over `axes` of `data`, mapping each element first. `fixed`
/// has the position of the other dimensions.
Value reduceOver(ScalarEmitter &e, Value data, ArrayRef<int64_t> axes, SmallVector<Value> &position, Kind kind,
                 Value acc, llvm::function_ref<Value(Value)> map) {
  if (axes.empty()) {
    Value x = e.element(data, position);
    return x ? combine(e, kind, acc, map ? map(x) : x, isUnsigned(data)) : Value();
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

/// An integer as an f64, in which functions of integers are computed.
Value toFloat(ScalarEmitter &e, Value x, bool isUnsigned) {
  OpBuilder &b = e.builder();
  if (isa<FloatType>(x.getType()))
    return x;
  if (isUnsigned)
    return arith::UIToFPOp::create(b, e.location(), b.getF64Type(), x);
  return arith::SIToFPOp::create(b, e.location(), b.getF64Type(), x);
}

/// The inverse: the result as an element of `type`.
Value fromFloat(ScalarEmitter &e, Value x, Type type, bool isUnsigned) {
  OpBuilder &b = e.builder();
  if (isa<FloatType>(type))
    return x;
  if (isUnsigned)
    return arith::FPToUIOp::create(b, e.location(), type, x);
  return arith::FPToSIOp::create(b, e.location(), type, x);
}

/// log(sum(exp(x - m))) + m with m the largest element where it is finite, so
/// that infinities are what they should be.
Value emitLogSumExp(ScalarEmitter &e, Value data, ArrayRef<int64_t> axes, SmallVector<Value> &position) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Type type = e.computeTypeOf(data);
  bool unsignedData = isUnsigned(data);
  Value highest = reduceOver(e, data, axes, position, Kind::Max, identity(e, type, Kind::Max, unsignedData), nullptr);
  if (!highest)
    return Value();
  highest = toFloat(e, highest, unsignedData);
  Type wide = highest.getType();
  Value magnitude = math::AbsFOp::create(b, loc, highest);
  Value isFinite = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, magnitude,
                                         e.constant(wide, std::numeric_limits<double>::infinity()));
  highest = arith::SelectOp::create(b, loc, isFinite, highest, e.constant(wide, 0));
  Value sum = reduceOver(e, data, axes, position, Kind::LogSumExp, e.constant(wide, 0), [&](Value x) -> Value {
    x = toFloat(e, x, unsignedData);
    return math::ExpOp::create(b, loc, Value(arith::SubFOp::create(b, loc, x, highest)));
  });
  if (!sum)
    return Value();
  Value result = arith::AddFOp::create(b, loc, Value(math::LogOp::create(b, loc, sum)), highest);
  return fromFloat(e, result, type, unsignedData);
}

/// The sum divided by the number of elements; of no integers 0.
Value emitMean(ScalarEmitter &e, Value data, ArrayRef<int64_t> axes, Value sum) {
  OpBuilder &b = e.builder();
  Location loc = e.location();
  Value count = e.index(1);
  for (int64_t axis : axes) {
    Value size = e.size(data, axis);
    if (!size)
      return Value();
    count = e.mul(count, size);
  }
  Type type = sum.getType();
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), count);
  if (isa<FloatType>(type))
    return arith::DivFOp::create(b, loc, sum, Value(arith::SIToFPOp::create(b, loc, type, wide)));
  // In i64, since the count need not fit the type of the elements.
  bool unsignedData = isUnsigned(data);
  Value dividend = sum;
  if (!type.isInteger(64))
    dividend = unsignedData ? Value(arith::ExtUIOp::create(b, loc, b.getI64Type(), sum))
                            : Value(arith::ExtSIOp::create(b, loc, b.getI64Type(), sum));
  wide = arith::MaxSIOp::create(b, loc, wide, e.constant(b.getI64Type(), 1));
  Value quotient = unsignedData ? Value(arith::DivUIOp::create(b, loc, dividend, wide))
                                : Value(arith::DivSIOp::create(b, loc, dividend, wide));
  return type.isInteger(64) ? quotient : Value(arith::TruncIOp::create(b, loc, type, quotient));
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
  if (kind == Kind::LogSumExp)
    return emitLogSumExp(e, data, *axes, position);
  Type type = e.computeTypeOf(data);
  bool unsignedData = isUnsigned(data);
  Value result = reduceOver(e, data, *axes, position, kind, identity(e, type, kind, unsignedData), nullptr);
  if (!result)
    return Value();
  if (kind == Kind::Mean)
    return emitMean(e, data, *axes, result);
  if (kind != Kind::L2 && kind != Kind::LogSum)
    return result;
  result = toFloat(e, result, unsignedData);
  result = kind == Kind::L2 ? Value(math::SqrtOp::create(b, loc, result)) : Value(math::LogOp::create(b, loc, result));
  return fromFloat(e, result, type, unsignedData);
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
      if (isUnsigned(data))
        predicate = maximum ? (takeLast ? arith::CmpIPredicate::uge : arith::CmpIPredicate::ugt)
                            : (takeLast ? arith::CmpIPredicate::ule : arith::CmpIPredicate::ult);
      better = arith::CmpIOp::create(b, loc, predicate, x, acc[0]);
    }
    return {arith::SelectOp::create(b, loc, better, x, acc[0]), arith::SelectOp::create(b, loc, better, i, acc[1])};
  });
  if (found.empty())
    return Value();
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), found[1]);
}

/// Each element folds its prefix: quadratic along the axis, and parallel.
template <Kind kind> Value emitCumulative(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
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
  Value init = identity(e, type, kind, false);
  SmallVector<Value> result = e.reduce(count, init, [&](ValueRange acc, Value i) -> SmallVector<Value> {
    position[axis] = e.add(start, i);
    Value x = e.element(data, position);
    return {x ? combine(e, kind, acc[0], x, false) : Value()};
  });
  return result.empty() ? Value() : result.front();
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
    return {combine(e, Kind::Sum, acc[0], term, false)};
  });
  return sum.empty() ? Value() : sum.front();
}

/// alpha * A' x B' + beta * C, for operands that no library call takes.
Value emitGemm(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value a = op->getOperand(0), b = op->getOperand(1);
  bool transA = getInt(op, "transA", 0), transB = getInt(op, "transB", 0);
  double alpha = getFloat(op, "alpha", 1.0), beta = getFloat(op, "beta", 1.0);
  Type type = e.computeTypeOf(a);
  bool isFloat = isa<FloatType>(type);
  if (!isFloat && (alpha != std::floor(alpha) || beta != std::floor(beta)))
    return ScalarEmitter::unsupported(op, "integers with an alpha or beta that is none");
  Value count = e.size(a, transA ? 0 : 1);
  if (!count)
    return Value();
  OpBuilder &builder = e.builder();
  auto multiply = [&](Value x, Value y) -> Value {
    return isFloat ? Value(arith::MulFOp::create(builder, e.location(), x, y))
                   : Value(arith::MulIOp::create(builder, e.location(), x, y));
  };
  SmallVector<Value> sum = e.reduce(count, e.constant(type, 0), [&](ValueRange acc, Value k) -> SmallVector<Value> {
    Value x = transA ? e.element(a, {k, indices[0]}) : e.element(a, {indices[0], k});
    Value y = transB ? e.element(b, {indices[1], k}) : e.element(b, {k, indices[1]});
    return {x && y ? combine(e, Kind::Sum, acc[0], multiply(x, y), false) : Value()};
  });
  if (sum.empty())
    return Value();
  Value result = alpha == 1 ? sum.front() : multiply(sum.front(), e.constant(type, alpha));
  if (!hasOperand(op, 2) || beta == 0)
    return result;
  Value c = e.broadcastElement(op->getOperand(2), indices);
  if (!c)
    return Value();
  return combine(e, Kind::Sum, result, beta == 1 ? c : multiply(c, e.constant(type, beta)), false);
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
  table["CumSum"] = emitCumulative<Kind::Sum>;
  table["CumProd"] = emitCumulative<Kind::Prod>;
  table["Gemm"] = emitGemm;
  table["MatMul"] = emitMatMul;
}

} // namespace tpo::kernels
