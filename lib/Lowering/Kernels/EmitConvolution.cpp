//===- EmitConvolution.cpp - Convolutions in kernels ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Direct convolutions. Those with many channels have become products of
// matrices before (tp-raise-contractions); what is left is depthwise, small or of
// integers.
//
//===----------------------------------------------------------------------===//

#include "SpatialWindow.h"

#include "dialects/Tp/Tp.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// Which channels of the input a channel of the result sees.
struct Channels {
  Value first; ///< Of the input.
  Value count; ///< As many as the weight has.
};

/// The group that channel `channel` of the result belongs to, times `size`.
/// `perGroup` is the number of the result's channels in a group.
Value groupStart(ScalarEmitter &e, Value channel, Value perGroup, Value size) {
  return e.mul(indexDiv(e, channel, perGroup), size);
}

/// The number of channels of the result in one group.
Value channelsPerGroup(ScalarEmitter &e, Operation *op, Value result) {
  // Ranks may hold different numbers of groups: partitioning says the size.
  if (int64_t given = getInt(op, "tp.group_channels", 0))
    return e.index(given);
  int64_t group = getInt(op, "group", 1);
  Value channels = e.size(result, 1);
  return channels ? indexDiv(e, channels, e.index(group)) : Value();
}

std::optional<Channels> inputChannels(ScalarEmitter &e, Operation *op, Value weight, Value channel) {
  Value count = e.size(weight, 1);
  if (!count)
    return std::nullopt;
  if (getInt(op, "group", 1) == 1)
    return Channels{e.index(0), count};
  Value perGroup = channelsPerGroup(e, op, op->getResult(0));
  if (!perGroup)
    return std::nullopt;
  return Channels{groupStart(e, channel, perGroup, count), count};
}

using ElementFn = llvm::function_ref<Value(Value tensor, ValueRange position)>;

/// The sum over the window and the channels of a group of x * w, in `type`.
Value convolve(ScalarEmitter &e, Operation *op, Value x, Value w, Type type, ValueRange indices, ElementFn elementX,
               ElementFn elementW) {
  std::optional<SmallVector<int64_t>> kernel = staticSizes(op, w, 2);
  if (!kernel)
    return Value();
  std::optional<SpatialWindow> window = SpatialWindow::get(e, op, x, *kernel, indices.drop_front(2));
  std::optional<Channels> channels = inputChannels(e, op, w, indices[1]);
  if (!window || !channels)
    return Value();
  SmallVector<Value> counts{channels->count};
  llvm::append_range(counts, window->counts());
  return foldNest(e, counts, e.constant(type, 0), [&](Value acc, ValueRange position) {
    SmallVector<Value> at{indices[0], e.add(channels->first, position[0])}, tap{indices[1], position[0]};
    llvm::append_range(at, window->inputPosition(position.drop_front()));
    llvm::append_range(tap, window->kernelPosition(position.drop_front()));
    return addElements(e, acc, mulElements(e, elementX(x, at), elementW(w, tap)));
  });
}

Value emitConv(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0), w = op->getOperand(1);
  auto element = [&](Value tensor, ValueRange position) { return e.element(tensor, position); };
  Value sum = convolve(e, op, x, w, e.computeTypeOf(x), indices, element, element);
  if (!sum || !hasOperand(op, 2))
    return sum;
  return addElements(e, sum, e.element(op->getOperand(2), {indices[1]}));
}

/// Element of a zero point: a scalar, or one per index `channel`.
Value zeroPoint(ScalarEmitter &e, Operation *op, unsigned operand, Value channel) {
  Value tensor = op->getOperand(operand);
  auto type = cast<RankedTensorType>(tensor.getType());
  Value at = type.getRank() == 1 && type.getDimSize(0) != 1 ? channel : e.index(0);
  return e.element(tensor, type.getRank() == 0 ? ValueRange() : ValueRange(at));
}

/// A float that is one number or one per channel.
Value perChannel(ScalarEmitter &e, Value tensor, Value channel) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value at = type.getRank() == 1 && type.getDimSize(0) != 1 ? channel : e.index(0);
  return e.element(tensor, type.getRank() == 0 ? ValueRange() : ValueRange(at));
}

/// The sum of products of integers less their zero points, in i32.
Value convolveIntegers(ScalarEmitter &e, Operation *op, unsigned weight, unsigned xZero, unsigned wZero,
                       ValueRange indices) {
  Type i32 = e.builder().getI32Type();
  auto centred = [&](Value tensor, unsigned zero, ValueRange position, Value channel) -> Value {
    bool isUnsigned = hasUnsignedElements(tensor);
    Value number = resizeInteger(e, e.element(tensor, position), i32, isUnsigned);
    if (!number || !hasOperand(op, zero))
      return number;
    Value zeroValue = resizeInteger(e, zeroPoint(e, op, zero, channel), i32, isUnsigned);
    return zeroValue ? Value(arith::SubIOp::create(e.builder(), e.location(), number, zeroValue)) : Value();
  };
  return convolve(
      e, op, op->getOperand(0), op->getOperand(weight), i32, indices,
      [&](Value x, ValueRange position) { return centred(x, xZero, position, e.index(0)); },
      [&](Value w, ValueRange position) { return centred(w, wZero, position, indices[1]); });
}

Value emitConvInteger(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return convolveIntegers(e, op, 1, 2, 3, indices);
}

/// Operands: x, scale, zero point, w, scale, zero point, y's scale, zero point,
/// bias. round(sum * x_scale * w_scale / y_scale) + y_zero, saturated.
Value emitQLinearConv(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value sum = convolveIntegers(e, op, 3, 2, 5, indices);
  if (sum && hasOperand(op, 8))
    sum = addElements(e, sum, e.element(op->getOperand(8), {indices[1]}));
  FloatMath f32(e, e.builder().getF32Type());
  Value xScale = f32.from(perChannel(e, op->getOperand(1), e.index(0)));
  Value wScale = f32.from(perChannel(e, op->getOperand(4), indices[1]));
  Value yScale = f32.from(perChannel(e, op->getOperand(6), e.index(0)));
  Value scaled = f32.round(f32.mul(f32.from(sum), f32.div(f32.mul(xScale, wScale), yScale)));
  Value result = op->getResult(0);
  bool isUnsigned = hasUnsignedElements(result);
  Value zero = f32.from(zeroPoint(e, op, 7, e.index(0)), isUnsigned);
  return saturate(e, f32.add(scaled, zero), e.computeTypeOf(result), isUnsigned);
}

/// y[n, m, o] is the sum of x[n, c, i] * w[c, m', k] over all i and k with
/// i * stride + k * dilation = o + padding.
Value emitConvTranspose(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0), w = op->getOperand(1);
  std::optional<SmallVector<int64_t>> kernel = staticSizes(op, w, 2);
  Value perGroup = e.size(w, 1), inputs = e.size(w, 0);
  if (!kernel || !perGroup || !inputs)
    return Value();
  WindowAttrs attrs = WindowAttrs::read(op, *kernel);
  int64_t group = getInt(op, "group", 1);
  int64_t given = getInt(op, "tp.group_channels", 0);
  Value inputsPerGroup = given ? e.index(given) : indexDiv(e, inputs, e.index(group));
  Value firstInput = group == 1 ? e.index(0) : groupStart(e, indices[1], perGroup, inputsPerGroup);
  Value column = group == 1 ? Value(indices[1]) : indexRem(e, indices[1], perGroup);
  SmallVector<Value> counts;
  for (int64_t taps : *kernel)
    counts.push_back(e.index(taps));
  Type type = e.computeTypeOf(x);
  Value sum = foldNest(e, counts, e.constant(type, 0), [&](Value acc, ValueRange tap) -> Value {
    SmallVector<Value> at{indices[0], Value()}, filter{Value(), column};
    Value inside;
    for (size_t d = 0; d < kernel->size(); ++d) {
      Value size = e.size(x, 2 + d);
      if (!size)
        return Value();
      Value shifted =
          e.sub(e.add(indices[2 + d], e.index(attrs.padsBegin[d])), e.mul(tap[d], e.index(attrs.dilations[d])));
      // A negative position is a huge one as an unsigned number.
      Value stride = e.index(attrs.strides[d]);
      Value here = isInside(e, shifted, e.mul(size, stride));
      if (attrs.strides[d] != 1) {
        Value hits = arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq,
                                           indexRem(e, shifted, stride), e.index(0));
        here = logicalAnd(e, here, hits);
      }
      inside = inside ? logicalAnd(e, inside, here) : here;
      at.push_back(indexDiv(e, shifted, stride));
      filter.push_back(tap[d]);
    }
    return e.choose(
        inside, type,
        [&] {
          return foldNest(e, {inputsPerGroup}, acc, [&](Value partial, ValueRange channel) {
            at[1] = filter[0] = e.add(firstInput, channel[0]);
            return addElements(e, partial, mulElements(e, e.element(x, at), e.element(w, filter)));
          });
        },
        [&] { return acc; });
  });
  if (!sum || !hasOperand(op, 2))
    return sum;
  return addElements(e, sum, e.element(op->getOperand(2), {indices[1]}));
}

/// y[n, c, i...] is the sum of the elements of the columns
/// x [N, C * K, L] that come from it. Operands: x, image shape, block shape.
Value emitCol2Im(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0);
  std::optional<SmallVector<int64_t>> kernel = getConstantInts(op->getOperand(2));
  if (!kernel)
    return ScalarEmitter::unsupported(op, "the block's shape depends on data");
  WindowAttrs attrs = WindowAttrs::read(op, *kernel);
  SmallVector<Value> counts, blocks;
  for (size_t d = 0; d < kernel->size(); ++d) {
    Value image = e.size(op->getResult(0), 2 + d);
    if (!image)
      return Value();
    counts.push_back(e.index((*kernel)[d]));
    Value span = e.add(image, e.index(attrs.padsBegin[d] + attrs.padsEnd[d] - attrs.extent(d)));
    blocks.push_back(e.add(indexDiv(e, span, e.index(attrs.strides[d])), e.index(1)));
  }
  Type type = e.computeTypeOf(x);
  return foldNest(e, counts, e.constant(type, 0), [&](Value acc, ValueRange tap) -> Value {
    Value row = indices[1], column = e.index(0), inside;
    for (size_t d = 0; d < kernel->size(); ++d) {
      row = e.add(e.mul(row, counts[d]), tap[d]);
      Value shifted =
          e.sub(e.add(indices[2 + d], e.index(attrs.padsBegin[d])), e.mul(tap[d], e.index(attrs.dilations[d])));
      Value stride = e.index(attrs.strides[d]);
      Value here = isInside(e, shifted, e.mul(blocks[d], stride));
      if (attrs.strides[d] != 1)
        here = logicalAnd(e, here,
                          arith::CmpIOp::create(e.builder(), e.location(), arith::CmpIPredicate::eq,
                                                indexRem(e, shifted, stride), e.index(0)));
      inside = inside ? logicalAnd(e, inside, here) : here;
      column = e.add(e.mul(column, blocks[d]), indexDiv(e, shifted, stride));
    }
    return e.choose(
        inside, type,
        [&] {
          return addElements(e, acc, e.element(x, {indices[0], row, column}));
        },
        [&] { return acc; });
  });
}

} // namespace

void registerConvolution(llvm::StringMap<EmitFn> &table) {
  table["Conv"] = emitConv;
  table["ConvInteger"] = emitConvInteger;
  table["QLinearConv"] = emitQLinearConv;
  table["ConvTranspose"] = emitConvTranspose;
  table["Col2Im"] = emitCol2Im;
}

} // namespace tpo::kernels
