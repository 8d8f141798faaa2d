//===- EmitSampling.cpp - Reading between elements in kernels -------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators that read an image at positions that are data: GridSample,
// RoiAlign, DeformConv; and AffineGrid, which makes such positions.
//
//===----------------------------------------------------------------------===//

#include "SpatialWindow.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// What GridSample reads outside of the image.
enum class Padding { Zeros, Border, Reflection };

class GridSampler {
public:
  GridSampler(ScalarEmitter &e, Operation *op)
      : e(e), op(op), x(op->getOperand(0)), grid(op->getOperand(1)), type(e.computeTypeOf(grid)), math(e, type),
        alignCorners(getInt(op, "align_corners", 0) != 0) {}

  Value emit(ValueRange indices);

private:
  Value denormalize(Value coordinate, Value size);
  Value reflect(Value position, Value size);
  Value reflectIndex(Value index, Value size);
  /// The image at integer positions, which may be outside.
  Value pixel(ValueRange indices, ArrayRef<Value> at);
  Value interpolate(ValueRange indices, size_t d, SmallVector<Value> &at);

  ScalarEmitter &e;
  Operation *op;
  Value x, grid;
  Type type;
  FloatMath math;
  bool alignCorners;
  Padding padding = Padding::Zeros;
  StringRef mode;
  SmallVector<Value> positions, sizes;
};

/// [-1, 1] to the image's indices: of the corners' centres, or of the corners.
Value GridSampler::denormalize(Value coordinate, Value size) {
  Value length = math.from(size), shifted = math.add(coordinate, 1);
  if (alignCorners)
    return math.mul(math.mul(shifted, 0.5), math.sub(length, 1));
  return math.mul(math.sub(math.mul(shifted, length), 1), 0.5);
}

/// The position mirrored at the borders until it lies between them.
Value GridSampler::reflect(Value position, Value size) {
  double low = alignCorners ? 0 : -0.5;
  Value range = math.sub(math.from(size), alignCorners ? 1 : 0);
  // A single element has nothing to mirror.
  range = math.max(range, math.constant(1e-30));
  Value offset = math.abs(math.sub(position, low));
  Value turns = math.floor(math.div(offset, range));
  Value rest = math.sub(offset, math.mul(turns, range));
  Value half = math.mul(turns, 0.5);
  Value isEven = math.lessEqual(half, math.floor(half));
  return math.add(math.select(isEven, rest, math.sub(range, rest)), low);
}

Value GridSampler::reflectIndex(Value index, Value size) {
  Value mirrored = math.toIndex(math.round(reflect(math.from(index), size)));
  return indexMax(e, indexMin(e, mirrored, e.sub(size, e.index(1))), e.index(0));
}

Value GridSampler::pixel(ValueRange indices, ArrayRef<Value> at) {
  SmallVector<Value> source{indices[0], indices[1]};
  Value inside;
  for (auto [index, size] : llvm::zip_equal(at, sizes)) {
    if (padding == Padding::Zeros) {
      Value here = isInside(e, index, size);
      inside = inside ? logicalAnd(e, inside, here) : here;
      source.push_back(index);
    } else if (padding == Padding::Border) {
      source.push_back(indexMax(e, indexMin(e, index, e.sub(size, e.index(1))), e.index(0)));
    } else {
      source.push_back(reflectIndex(index, size));
    }
  }
  auto read = [&] { return math.from(e.element(x, source)); };
  return inside ? e.choose(inside, type, read, [&] { return math.constant(0); }) : read();
}

/// Weights of the elements at floor(x) - 1 .. floor(x) + 2, for x = floor(x) + t
/// (Keys, 1981, with a = -0.75).
static SmallVector<Value> cubicWeights(FloatMath &math, Value t) {
  constexpr double a = -0.75;
  auto near = [&](Value d) { // d <= 1
    return math.add(math.mul(math.mul(d, d), math.sub(math.mul(d, a + 2), a + 3)), 1);
  };
  auto far = [&](Value d) { // 1 < d < 2
    return math.sub(math.mul(d, math.add(math.mul(d, math.sub(math.mul(d, a), 5 * a)), 8 * a)), 4 * a);
  };
  Value rest = math.sub(math.constant(1), t);
  return {far(math.add(t, 1)), near(t), near(rest), far(math.add(rest, 1))};
}

Value GridSampler::interpolate(ValueRange indices, size_t d, SmallVector<Value> &at) {
  if (d == positions.size())
    return pixel(indices, at);
  Value floor = math.floor(positions[d]), t = math.sub(positions[d], floor);
  SmallVector<Value> weights;
  int64_t first = 0;
  if (mode == "cubic") {
    weights = cubicWeights(math, t);
    first = -1;
  } else {
    weights = {math.sub(math.constant(1), t), t};
  }
  Value base = math.toIndex(floor), sum;
  for (auto [i, weight] : llvm::enumerate(weights)) {
    at.push_back(e.add(base, e.index(first + int64_t(i))));
    Value term = math.mul(weight, interpolate(indices, d + 1, at));
    at.pop_back();
    sum = sum ? math.add(sum, term) : term;
    if (!sum)
      return Value();
  }
  return sum;
}

Value GridSampler::emit(ValueRange indices) {
  StringRef paddingMode = getString(op, "padding_mode", "zeros");
  mode = getString(op, "mode", "linear");
  if (mode == "bilinear" || mode == "bicubic")
    mode = mode.drop_front(2);
  if (!isa<FloatType>(e.computeTypeOf(x)) || !isa<FloatType>(type))
    return ScalarEmitter::unsupported(op, "needs floating-point elements");
  if (mode != "linear" && mode != "cubic" && mode != "nearest")
    return ScalarEmitter::unsupported(op, "mode '" + mode + "' is unknown");
  if (paddingMode == "border")
    padding = Padding::Border;
  else if (paddingMode == "reflection")
    padding = Padding::Reflection;
  else if (paddingMode != "zeros")
    return ScalarEmitter::unsupported(op, "padding_mode '" + paddingMode + "' is unknown");
  size_t spatial = indices.size() - 2;
  for (size_t d = 0; d < spatial; ++d) {
    Value size = e.size(x, 2 + d);
    SmallVector<Value> at{indices[0]};
    llvm::append_range(at, indices.drop_front(2));
    // The grid lists the last dimension first.
    at.push_back(e.index(int64_t(spatial - 1 - d)));
    Value coordinate = e.element(grid, at);
    if (!size || !coordinate)
      return Value();
    Value position = denormalize(coordinate, size), last = math.sub(math.from(size), 1);
    if (mode == "nearest")
      position = math.round(position);
    if (padding == Padding::Reflection && mode != "cubic")
      position = reflect(position, size);
    else if (padding == Padding::Border && mode != "cubic")
      position = math.max(math.min(position, last), math.constant(0));
    else if (padding != Padding::Reflection)
      // What is this far outside is outside with all of its neighbours; those of
      // a cubic are mapped into the image one by one, as PyTorch does.
      position = math.max(math.min(position, math.add(last, 8)), math.constant(-8));
    positions.push_back(position);
    sizes.push_back(size);
  }
  SmallVector<Value> at;
  Type result = e.computeTypeOf(x);
  if (mode != "nearest")
    return FloatMath(e, result).from(interpolate(indices, 0, at));
  for (Value position : positions)
    at.push_back(math.toIndex(math.floor(position)));
  return FloatMath(e, result).from(pixel(indices, at));
}

Value emitGridSample(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  return GridSampler(e, op).emit(indices);
}

/// grid[n, (d,) h, w, :] = theta[n] * (x, y, (z,) 1), coordinates in [-1, 1].
Value emitAffineGrid(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value theta = op->getOperand(0), result = op->getResult(0);
  Type type = e.computeTypeOf(theta);
  bool alignCorners = getInt(op, "align_corners", 0) != 0;
  size_t spatial = indices.size() - 2;
  FloatMath math(e, type);
  Value row = indices.back(), sum = e.element(theta, {indices[0], row, e.index(int64_t(spatial))});
  for (size_t i = 0; i < spatial; ++i) {
    // Column i of theta belongs to the i-th dimension from the end.
    size_t dim = spatial - i;
    Value size = e.size(result, dim);
    if (!size)
      return Value();
    Value length = math.from(size), position = math.from(indices[dim]);
    Value coordinate;
    if (alignCorners) // One element alone is at -1.
      coordinate = math.div(math.mul(position, 2), math.max(math.sub(length, 1), math.constant(1)));
    else
      coordinate = math.div(math.add(math.mul(position, 2), 1), length);
    Value factor = e.element(theta, {indices[0], row, e.index(int64_t(i))});
    sum = math.add(sum, math.mul(factor, math.sub(coordinate, 1)));
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

/// A position along one dimension as two neighbours and their weights.
struct Neighbours {
  Value low, high, weightLow, weightHigh, inside;
};

Neighbours neighbours(ScalarEmitter &e, FloatMath &math, Value position, Value size) {
  Neighbours result;
  Value length = math.from(size), last = math.sub(length, 1);
  result.inside = logicalAnd(e, math.lessEqual(math.constant(-1), position), math.lessEqual(position, length));
  Value bounded = math.min(math.max(position, math.constant(0)), last);
  Value floor = math.floor(bounded);
  result.low = math.toIndex(floor);
  result.high = indexMin(e, e.add(result.low, e.index(1)), e.sub(size, e.index(1)));
  result.weightHigh = math.sub(bounded, floor);
  result.weightLow = math.sub(math.constant(1), result.weightHigh);
  return result;
}

/// Operands X [N, C, H, W], rois [R, 4] as x1, y1, x2, y2, batch_indices [R].
Value emitRoiAlign(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0), rois = op->getOperand(1);
  Type type = e.computeTypeOf(x);
  FloatMath math(e, type);
  bool halfPixel = getString(op, "coordinate_transformation_mode", "half_pixel") == "half_pixel";
  bool average = getString(op, "mode", "avg") == "avg";
  double scale = getFloat(op, "spatial_scale", 1), offset = halfPixel ? 0.5 : 0;
  int64_t ratio = getInt(op, "sampling_ratio", 0);
  Value batch = e.element(op->getOperand(2), {indices[0]});
  batch = e.wrapIndex(op, op->getOperand(2), batch, x, 0);
  if (!batch)
    return Value();
  SmallVector<Value> starts, bins, counts, steps, sizes;
  for (unsigned d = 0; d < 2; ++d) { // Height, width.
    auto edge = [&](unsigned corner) {
      Value given = e.element(rois, {indices[0], e.index(int64_t(2 * corner + 1 - d))});
      return math.sub(math.mul(math.from(given), scale), offset);
    };
    Value start = edge(0), extent = math.sub(edge(1), start);
    if (!halfPixel)
      extent = math.max(extent, math.constant(1));
    Value pooled = e.size(op->getResult(0), 2 + d), size = e.size(x, 2 + d);
    Value bin = math.div(extent, math.from(pooled));
    if (!bin || !size)
      return Value();
    Value samples = ratio > 0 ? math.constant(double(ratio)) : math.ceil(bin);
    starts.push_back(math.add(start, math.mul(math.from(indices[2 + d]), bin)));
    bins.push_back(bin);
    steps.push_back(math.div(bin, samples));
    counts.push_back(ratio > 0 ? e.index(ratio) : indexMax(e, math.toIndex(samples), e.index(0)));
    sizes.push_back(size);
  }
  SmallVector<Value> init{math.constant(0), math.constant(0)};
  SmallVector<Value> found = reduceNest(e, counts, init, [&](ValueRange acc, ValueRange loop) -> SmallVector<Value> {
    Neighbours at[2];
    for (unsigned d = 0; d < 2; ++d) {
      Value sample = math.mul(math.add(math.from(loop[d]), 0.5), steps[d]);
      at[d] = neighbours(e, math, math.add(starts[d], sample), sizes[d]);
    }
    Value inside = logicalAnd(e, at[0].inside, at[1].inside), sum, largest;
    for (unsigned corner = 0; corner < 4; ++corner) {
      Value row = corner & 2 ? at[0].high : at[0].low, column = corner & 1 ? at[1].high : at[1].low;
      Value weight =
          math.mul(corner & 2 ? at[0].weightHigh : at[0].weightLow, corner & 1 ? at[1].weightHigh : at[1].weightLow);
      Value term = math.mul(weight, e.element(x, {batch, indices[1], row, column}));
      sum = sum ? math.add(sum, term) : term;
      largest = largest ? math.max(largest, term) : term;
      if (!term)
        return {};
    }
    Value value = math.select(inside, average ? sum : largest, math.constant(0));
    // The second accumulator counts the samples.
    Value isFirst = math.lessEqual(acc[1], math.constant(0));
    Value next = average ? math.add(acc[0], value) : math.select(isFirst, value, math.max(acc[0], value));
    return {next, math.add(acc[1], 1)};
  });
  if (found.empty())
    return Value();
  return average ? math.div(found[0], math.max(found[1], math.constant(1))) : found[0];
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

/// Operands X, W, offset, B, mask. The taps of a 2-D convolution read at
/// positions moved by offset [N, G * KH * KW * 2, OH, OW].
Value emitDeformConv(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0), w = op->getOperand(1), offsets = op->getOperand(2);
  std::optional<SmallVector<int64_t>> kernel = staticSizes(op, w, 2);
  if (!kernel)
    return Value();
  if (kernel->size() != 2)
    return ScalarEmitter::unsupported(op, "is supported for two spatial dimensions");
  Type type = e.computeTypeOf(x);
  FloatMath math(e, type);
  WindowAttrs attrs = WindowAttrs::read(op, *kernel);
  Value channels = e.size(x, 1), perGroup = e.size(w, 1), outputs = e.size(op->getResult(0), 1);
  Value height = e.size(x, 2), width = e.size(x, 3);
  if (!channels || !perGroup || !outputs || !height || !width)
    return Value();
  Value outputsPerGroup = indexDiv(e, outputs, e.index(getInt(op, "group", 1)));
  Value perOffsetGroup = indexDiv(e, channels, e.index(getInt(op, "offset_group", 1)));
  Value firstChannel = e.mul(indexDiv(e, indices[1], outputsPerGroup), perGroup);
  SmallVector<Value> counts{perGroup, e.index((*kernel)[0]), e.index((*kernel)[1])};
  Value sizes[2] = {height, width};
  Value sum = foldNest(e, counts, math.constant(0), [&](Value acc, ValueRange loop) -> Value {
    Value channel = e.add(firstChannel, loop[0]);
    // Offsets are ordered [offset group, kernel row, kernel column, 2].
    Value tap =
        e.add(e.mul(e.add(e.mul(indexDiv(e, channel, perOffsetGroup), counts[1]), loop[1]), counts[2]), loop[2]);
    Neighbours at[2];
    for (unsigned d = 0; d < 2; ++d) {
      Value start = e.sub(
          e.add(e.mul(indices[2 + d], e.index(attrs.strides[d])), e.mul(loop[1 + d], e.index(attrs.dilations[d]))),
          e.index(attrs.padsBegin[d]));
      Value moved = e.element(offsets, {indices[0], e.add(e.mul(tap, e.index(2)), e.index(d)), indices[2], indices[3]});
      Value position =
          math.max(math.min(math.add(math.from(start), moved), math.add(math.from(sizes[d]), 1)), math.constant(-2));
      Value floor = math.floor(position);
      at[d].low = math.toIndex(floor);
      at[d].high = e.add(at[d].low, e.index(1));
      at[d].weightHigh = math.sub(position, floor);
      at[d].weightLow = math.sub(math.constant(1), at[d].weightHigh);
    }
    Value value;
    for (unsigned corner = 0; corner < 4; ++corner) {
      Value row = corner & 2 ? at[0].high : at[0].low, column = corner & 1 ? at[1].high : at[1].low;
      Value weight =
          math.mul(corner & 2 ? at[0].weightHigh : at[0].weightLow, corner & 1 ? at[1].weightHigh : at[1].weightLow);
      Value inside = logicalAnd(e, isInside(e, row, height), isInside(e, column, width));
      Value pixel = e.choose(
          inside, type,
          [&] {
            return e.element(x, {indices[0], channel, row, column});
          },
          [&] { return math.constant(0); });
      Value term = math.mul(weight, pixel);
      value = value ? math.add(value, term) : term;
    }
    if (hasOperand(op, 4))
      value = math.mul(value, e.element(op->getOperand(4), {indices[0], tap, indices[2], indices[3]}));
    return math.add(acc, math.mul(value, e.element(w, {indices[1], loop[0], loop[1], loop[2]})));
  });
  if (sum && hasOperand(op, 3))
    sum = math.add(sum, e.element(op->getOperand(3), {indices[1]}));
  return sum;
}

} // namespace

void registerSampling(llvm::StringMap<EmitFn> &table) {
  table["GridSample"] = emitGridSample;
  table["AffineGrid"] = emitAffineGrid;
  table["RoiAlign"] = emitRoiAlign;
  table["DeformConv"] = emitDeformConv;
}

} // namespace tpo::kernels
