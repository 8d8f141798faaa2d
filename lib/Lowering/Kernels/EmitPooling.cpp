//===- EmitPooling.cpp - Pooling in kernels -------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpatialWindow.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace tpo::kernels {

namespace {

/// The window of a pooling operator and where it reads.
struct Pool {
  Value x;
  SpatialWindow window;
  ValueRange indices;

  static std::optional<Pool> get(ScalarEmitter &e, Operation *op, ValueRange indices) {
    std::optional<SmallVector<int64_t>> kernel = getInts(op, "kernel_shape");
    if (!kernel)
      return ScalarEmitter::unsupported(op, "needs kernel_shape"), std::nullopt;
    Value x = op->getOperand(0);
    std::optional<SpatialWindow> window = SpatialWindow::get(e, op, x, *kernel, indices.drop_front(2));
    if (!window)
      return std::nullopt;
    return Pool{x, *window, indices};
  }
  SmallVector<Value> position(ValueRange loop) {
    SmallVector<Value> at{indices[0], indices[1]};
    llvm::append_range(at, window.inputPosition(loop));
    return at;
  }
};

Value emitAveragePool(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  std::optional<Pool> pool = Pool::get(e, op, indices);
  if (!pool)
    return Value();
  Type type = e.computeTypeOf(pool->x);
  if (!isa<FloatType>(type))
    return ScalarEmitter::unsupported(op, "needs floating-point elements");
  Value sum = foldNest(e, pool->window.counts(), e.constant(type, 0), [&](Value acc, ValueRange loop) {
    return addElements(e, acc, e.element(pool->x, pool->position(loop)));
  });
  FloatMath math(e, type);
  return math.div(sum, math.from(pool->window.size(getInt(op, "count_include_pad", 0) != 0)));
}

/// (sum |x|^p)^(1/p)
Value emitLpPool(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  std::optional<Pool> pool = Pool::get(e, op, indices);
  if (!pool)
    return Value();
  Type type = e.computeTypeOf(pool->x);
  if (!isa<FloatType>(type))
    return ScalarEmitter::unsupported(op, "needs floating-point elements");
  double p = double(getInt(op, "p", 2));
  FloatMath math(e, type);
  Value sum = foldNest(e, pool->window.counts(), e.constant(type, 0), [&](Value acc, ValueRange loop) {
    return addElements(e, acc, math.pow(math.abs(e.element(pool->x, pool->position(loop))), p));
  });
  return sum ? math.pow(sum, 1 / p) : Value();
}

/// The smallest number of `type`.
Value lowest(ScalarEmitter &e, Type type, bool isUnsigned) {
  if (isa<FloatType>(type))
    return e.constant(type, -std::numeric_limits<double>::infinity());
  unsigned width = type.getIntOrFloatBitWidth();
  APInt limit = isUnsigned ? APInt::getZero(width) : APInt::getSignedMinValue(width);
  return arith::ConstantOp::create(e.builder(), e.location(), e.builder().getIntegerAttr(type, limit));
}

Value greater(ScalarEmitter &e, Value a, Value b, bool isUnsigned) {
  OpBuilder &builder = e.builder();
  if (isa<FloatType>(a.getType()))
    return arith::CmpFOp::create(builder, e.location(), arith::CmpFPredicate::OGT, a, b);
  auto predicate = isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
  return arith::CmpIOp::create(builder, e.location(), predicate, a, b);
}

Value larger(ScalarEmitter &e, Value a, Value b, bool isUnsigned) {
  OpBuilder &builder = e.builder();
  if (isa<FloatType>(a.getType()))
    return arith::MaximumFOp::create(builder, e.location(), a, b);
  if (isUnsigned)
    return arith::MaxUIOp::create(builder, e.location(), a, b);
  return arith::MaxSIOp::create(builder, e.location(), a, b);
}

/// The position of an element in the flattened input; with `columnMajor` the
/// first spatial dimension is the fastest.
Value flatPosition(ScalarEmitter &e, Value x, ValueRange at, bool columnMajor) {
  SmallVector<unsigned> order{0, 1};
  for (unsigned d = 2; d < at.size(); ++d)
    order.push_back(columnMajor ? at.size() + 1 - d : d);
  Value flat = e.index(0);
  for (unsigned dim : order) {
    Value size = e.size(x, dim);
    if (!size)
      return Value();
    flat = e.add(e.mul(flat, size), at[dim]);
  }
  return flat;
}

/// The largest element (result 0) and where it is (result 1): the first of
/// equal ones.
Value emitMaxPool(ScalarEmitter &e, Operation *op, unsigned result, ValueRange indices) {
  std::optional<Pool> pool = Pool::get(e, op, indices);
  if (!pool)
    return Value();
  Type type = e.computeTypeOf(pool->x);
  bool isUnsigned = hasUnsignedElements(pool->x), columnMajor = getInt(op, "storage_order", 0) != 0;
  Value start = lowest(e, type, isUnsigned);
  if (result == 0)
    return foldNest(e, pool->window.counts(), start, [&](Value acc, ValueRange loop) -> Value {
      Value x = e.element(pool->x, pool->position(loop));
      return x ? larger(e, acc, x, isUnsigned) : Value();
    });
  OpBuilder &b = e.builder();
  SmallVector<Value> found = reduceNest(
      e, pool->window.counts(), {start, e.index(0)}, [&](ValueRange acc, ValueRange loop) -> SmallVector<Value> {
        SmallVector<Value> at = pool->position(loop);
        Value x = e.element(pool->x, at), position = flatPosition(e, pool->x, at, columnMajor);
        if (!x || !position)
          return {};
        Value better = greater(e, x, acc[0], isUnsigned);
        return {arith::SelectOp::create(b, e.location(), better, x, acc[0]),
                arith::SelectOp::create(b, e.location(), better, position, acc[1])};
      });
  if (found.empty())
    return Value();
  return arith::IndexCastOp::create(b, e.location(), b.getI64Type(), found[1]);
}

/// Indices are positions in a tensor of the size that the pooling's attributes
/// give. The element there is that of x with this index, the last one where
/// windows overlapped, and 0 where there is none.
Value emitMaxUnpool(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0), positions = op->getOperand(1);
  OpBuilder &b = e.builder();
  SmallVector<int64_t> kernel = getInts(op, "kernel_shape").value_or(SmallVector<int64_t>());
  WindowAttrs attrs = WindowAttrs::read(op, kernel);
  Value channels = e.size(x, 1);
  if (!channels)
    return Value();
  Value own = e.add(e.mul(indices[0], channels), indices[1]), inside;
  SmallVector<Value> counts;
  for (size_t d = 0; d < kernel.size(); ++d) {
    Value size = e.size(x, 2 + d);
    if (!size)
      return Value();
    counts.push_back(size);
    Value natural = e.add(e.mul(e.sub(size, e.index(1)), e.index(attrs.strides[d])),
                          e.index(kernel[d] - attrs.padsBegin[d] - attrs.padsEnd[d]));
    own = e.add(e.mul(own, natural), indices[2 + d]);
    Value here = isInside(e, indices[2 + d], natural);
    inside = inside ? logicalAnd(e, inside, here) : here;
  }
  Type type = e.computeTypeOf(x);
  Value wanted = arith::IndexCastOp::create(b, e.location(), b.getI64Type(), own);
  Value found = foldNest(e, counts, e.constant(type, 0), [&](Value acc, ValueRange loop) -> Value {
    SmallVector<Value> at{indices[0], indices[1]};
    llvm::append_range(at, loop);
    Value position = e.element(positions, at), value = e.element(x, at);
    if (!position || !value)
      return Value();
    Value hit = arith::CmpIOp::create(b, e.location(), arith::CmpIPredicate::eq, position, wanted);
    return arith::SelectOp::create(b, e.location(), hit, value, acc);
  });
  if (!found || !inside)
    return Value();
  return arith::SelectOp::create(b, e.location(), inside, found, e.constant(type, 0));
}

/// x / (bias + alpha / size * sum of x^2 over `size` channels around)^beta
Value emitLRN(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0);
  Type type = e.computeTypeOf(x);
  int64_t size = getInt(op, "size", 1);
  Value channels = e.size(x, 1);
  if (!channels)
    return Value();
  Value first = indexMax(e, e.sub(indices[1], e.index((size - 1) / 2)), e.index(0));
  Value end = indexMin(e, e.add(indices[1], e.index(size / 2 + 1)), channels);
  FloatMath math(e, type);
  SmallVector<Value> at(indices);
  Value sum = foldNest(e, {e.sub(end, first)}, e.constant(type, 0), [&](Value acc, ValueRange loop) {
    at[1] = e.add(first, loop[0]);
    Value element = e.element(x, at);
    return addElements(e, acc, mulElements(e, element, element));
  });
  Value own = e.element(x, indices);
  if (!sum || !own)
    return Value();
  Value base = math.add(math.mul(sum, getFloat(op, "alpha", 1e-4) / double(size)), getFloat(op, "bias", 1));
  return math.div(own, math.pow(base, getFloat(op, "beta", 0.75)));
}

} // namespace

void registerPooling(llvm::StringMap<EmitFn> &table) {
  table["AveragePool"] = emitAveragePool;
  table["LpPool"] = emitLpPool;
  table["MaxPool"] = emitMaxPool;
  table["MaxUnpool"] = emitMaxUnpool;
  table["LRN"] = emitLRN;
}

} // namespace tpo::kernels
