//===- EmitResize.cpp - Resize in kernels ---------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Resizing is separable: along each resized axis, the element is a weighted sum
// of the input's elements around the position that the result's index maps to.
// Positions and weights are computed in f64, so that an index that lies on the
// border between two elements is rounded as the exact formula says.
//
//===----------------------------------------------------------------------===//

#include "ScalarMath.h"

#include "dialects/Tp/Tp.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// One axis along which the input is resized.
struct ResizedAxis {
  unsigned dim;
  Value position; ///< Of the element in the input, f64.
  Value scale;    ///< Result size over input size, f64.
  Value size;     ///< Of the input, an index.
};

class Resizer {
public:
  Resizer(ScalarEmitter &e, Operation *op)
      : e(e), op(op), f64(e, e.builder().getF64Type()), x(op->getOperand(0)), mode(getString(op, "mode", "nearest")),
        antialias(getInt(op, "antialias", 0) != 0), excludeOutside(getInt(op, "exclude_outside", 0) != 0),
        coordinates(getString(op, "coordinate_transformation_mode", "half_pixel")) {}

  Value emit(ValueRange indices);

private:
  bool addAxes(ValueRange indices);
  bool keepsSize(unsigned entry);
  Value commonScale(ArrayRef<unsigned> dims);
  Value scaleOf(unsigned entry, unsigned dim);
  Value mapPosition(ResizedAxis &axis, unsigned entry, unsigned numEntries, Value index);
  Value cropPosition(ResizedAxis &axis, unsigned entry, unsigned numEntries, Value index, Value resized);

  /// The interpolated element from `axis` on, where `at` has the positions of
  /// the axes before.
  Value sample(size_t axis, SmallVector<Value> &at);
  Value nearestIndex(const ResizedAxis &axis);
  Value filter(Value distance);
  Value cubic(Value distance);
  Value weighted(size_t axis, SmallVector<Value> &at);

  ScalarEmitter &e;
  Operation *op;
  FloatMath f64;
  Value x;
  StringRef mode;
  bool antialias, excludeOutside;
  StringRef coordinates;
  SmallVector<ResizedAxis> axes;
  Value outside; ///< The element is extrapolated.
  Type type;     ///< Of the sum.
};

/// Whether operand `i` is a vector with elements.
bool hasElements(Operation *op, unsigned i) {
  return hasOperand(op, i) && cast<RankedTensorType>(op->getOperand(i).getType()).getDimSize(0) != 0;
}

/// The scale that keep_aspect_ratio_policy gives all axes.
Value Resizer::commonScale(ArrayRef<unsigned> dims) {
  StringRef policy = getString(op, "keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || !hasElements(op, 3))
    return Value();
  Value common;
  for (auto [entry, dim] : llvm::enumerate(dims)) {
    Value wanted = f64.from(e.element(op->getOperand(3), {e.index(entry)}));
    Value scale = f64.div(wanted, f64.from(e.size(x, dim)));
    if (!common)
      common = scale;
    else
      common = policy == "not_larger" ? f64.min(common, scale) : f64.max(common, scale);
  }
  return common;
}

Value Resizer::scaleOf(unsigned entry, unsigned dim) {
  if (hasElements(op, 3))
    return f64.div(f64.from(e.size(op->getResult(0), dim)), f64.from(e.size(x, dim)));
  return f64.from(e.element(op->getOperand(2), {e.index(entry)}));
}

/// Whether the scale of an axis is the constant 1.
bool Resizer::keepsSize(unsigned entry) {
  auto constant = op->getOperand(2).getDefiningOp();
  auto scales = constant ? constant->getAttrOfType<DenseFPElementsAttr>("value") : DenseFPElementsAttr();
  return scales && int64_t(entry) < scales.getNumElements() && scales.getValues<APFloat>()[entry].isExactlyValue(1.0);
}

/// tf_crop_and_resize: the result shows the part of the input that roi gives,
/// [starts..., ends...] as fractions.
Value Resizer::cropPosition(ResizedAxis &axis, unsigned entry, unsigned numEntries, Value index, Value resized) {
  if (!hasElements(op, 1))
    return ScalarEmitter::unsupported(op, "tf_crop_and_resize needs roi");
  Value roi = op->getOperand(1);
  Value start = f64.from(e.element(roi, {e.index(entry)}));
  Value end = f64.from(e.element(roi, {e.index(numEntries + entry)}));
  Value last = f64.sub(f64.from(axis.size), 1);
  Value span = f64.mul(f64.sub(end, start), last);
  Value isOne = f64.lessEqual(resized, f64.constant(1));
  Value step = f64.div(f64.mul(index, span), f64.sub(resized, 1));
  Value position = f64.add(f64.select(isOne, f64.mul(span, 0.5), step), f64.mul(start, last));
  Value below = f64.less(position, f64.constant(0)), above = f64.less(last, position);
  if (!below || !above)
    return Value();
  Value beyond = arith::OrIOp::create(e.builder(), e.location(), below, above);
  outside = outside ? Value(arith::OrIOp::create(e.builder(), e.location(), outside, beyond)) : beyond;
  return position;
}

Value Resizer::mapPosition(ResizedAxis &axis, unsigned entry, unsigned numEntries, Value result) {
  Value index = f64.from(result), size = f64.from(axis.size);
  // The size that the scale asks for, which need not be an integer.
  Value resized = f64.mul(axis.scale, size);
  Value halfPixel = f64.sub(f64.div(f64.add(index, 0.5), axis.scale), 0.5);
  if (coordinates == "half_pixel")
    return halfPixel;
  if (coordinates == "asymmetric")
    return f64.div(index, axis.scale);
  Value isOne = f64.lessEqual(resized, f64.constant(1));
  if (coordinates == "pytorch_half_pixel")
    return f64.select(isOne, f64.constant(-0.5), halfPixel);
  if (coordinates == "align_corners")
    return f64.select(isOne, f64.constant(0), f64.div(f64.mul(index, f64.sub(size, 1)), f64.sub(resized, 1)));
  if (coordinates == "half_pixel_symmetric") {
    // The centres of both coincide.
    Value adjustment = f64.div(f64.from(e.size(op->getResult(0), axis.dim)), resized);
    Value offset = f64.mul(f64.mul(size, 0.5), f64.sub(f64.constant(1), adjustment));
    return f64.add(offset, halfPixel);
  }
  if (coordinates == "tf_crop_and_resize")
    return cropPosition(axis, entry, numEntries, index, resized);
  return ScalarEmitter::unsupported(op, "coordinate_transformation_mode '" + coordinates + "' is unknown");
}

bool Resizer::addAxes(ValueRange indices) {
  int64_t rank = indices.size();
  SmallVector<int64_t> given = getInts(op, "axes").value_or(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  SmallVector<unsigned> dims;
  for (int64_t axis : given)
    dims.push_back(normalizeAxis(axis, rank));
  Value common = commonScale(dims);
  auto inputDims = tp::getDims(cast<RankedTensorType>(x.getType()));
  auto resultDims = tp::getDims(cast<RankedTensorType>(op->getResult(0).getType()));
  for (auto [entry, dim] : llvm::enumerate(dims)) {
    // A rank's piece of a dimension that keeps its size keeps it, too.
    if (tp::provablyEqual(inputDims[dim], resultDims[dim]) && coordinates != "tf_crop_and_resize" &&
        (common || hasElements(op, 3) || keepsSize(entry)))
      continue;
    ResizedAxis axis{dim, Value(), common ? common : scaleOf(entry, dim), e.size(x, dim)};
    if (axis.scale && axis.size)
      axis.position = mapPosition(axis, entry, dims.size(), indices[dim]);
    if (!axis.position)
      return false;
    axes.push_back(axis);
  }
  return true;
}

Value Resizer::nearestIndex(const ResizedAxis &axis) {
  StringRef rounding = getString(op, "nearest_mode", "round_prefer_floor");
  Value rounded;
  if (rounding == "round_prefer_floor")
    rounded = f64.ceil(f64.sub(axis.position, 0.5));
  else if (rounding == "round_prefer_ceil")
    rounded = f64.floor(f64.add(axis.position, 0.5));
  else if (rounding == "floor")
    rounded = f64.floor(axis.position);
  else if (rounding == "ceil")
    rounded = f64.ceil(axis.position);
  else
    return ScalarEmitter::unsupported(op, "nearest_mode '" + rounding + "' is unknown");
  Value index = f64.toIndex(rounded);
  return indexMax(e, indexMin(e, index, e.sub(axis.size, e.index(1))), e.index(0));
}

/// The cubic convolution kernel (Keys, 1981) at |distance|.
Value Resizer::cubic(Value distance) {
  double a = getFloat(op, "cubic_coeff_a", -0.75);
  Value t = f64.abs(distance);
  // (a+2) t^3 - (a+3) t^2 + 1 and a t^3 - 5a t^2 + 8a t - 4a
  Value near = f64.add(f64.mul(f64.mul(t, t), f64.sub(f64.mul(t, a + 2), a + 3)), 1);
  Value far = f64.sub(f64.mul(t, f64.add(f64.mul(t, f64.sub(f64.mul(t, a), 5 * a)), 8 * a)), 4 * a);
  Value outer = f64.select(f64.less(t, f64.constant(2)), far, f64.constant(0));
  return f64.select(f64.lessEqual(t, f64.constant(1)), near, outer);
}

/// The weight of an element at this distance from the position.
Value Resizer::filter(Value distance) {
  if (mode == "cubic")
    return cubic(distance);
  return f64.max(f64.sub(f64.constant(1), f64.abs(distance)), f64.constant(0));
}

/// The sum over the elements around the position. Positions outside of the
/// input read its border, or with exclude_outside have no weight.
Value Resizer::weighted(size_t index, SmallVector<Value> &at) {
  const ResizedAxis &axis = axes[index];
  double support = mode == "cubic" ? 2 : 1;
  Value floor = f64.floor(axis.position), count, first;
  Value stretch = f64.constant(1);
  if (antialias) {
    // A smaller result sees more elements, with a wider kernel.
    stretch = f64.min(axis.scale, f64.constant(1));
    Value reach = f64.floor(f64.div(f64.constant(-support), stretch));
    first = f64.add(f64.add(floor, reach), 1);
    count = f64.toIndex(f64.mul(reach, -2));
  } else {
    first = f64.add(floor, 1 - support);
    count = e.index(int64_t(2 * support));
  }
  Value last = e.sub(axis.size, e.index(1)), start = f64.toIndex(first);
  bool normalize = antialias || excludeOutside;
  FloatMath sum(e, type);
  SmallVector<Value> init{sum.constant(0), f64.constant(0)};
  SmallVector<Value> result = e.reduce(count, init, [&](ValueRange acc, Value i) -> SmallVector<Value> {
    Value tap = e.add(start, i);
    Value weight = filter(f64.mul(f64.sub(f64.from(tap), axis.position), stretch));
    if (excludeOutside)
      weight = f64.select(isInside(e, tap, axis.size), weight, f64.constant(0));
    at[axis.dim] = indexMax(e, indexMin(e, tap, last), e.index(0));
    Value element = sample(index + 1, at);
    if (!element || !weight)
      return {};
    return {sum.add(acc[0], sum.mul(sum.from(weight), element)), f64.add(acc[1], weight)};
  });
  if (result.empty())
    return Value();
  return normalize ? sum.div(result[0], sum.from(result[1])) : result[0];
}

Value Resizer::sample(size_t index, SmallVector<Value> &at) {
  if (index == axes.size()) {
    Value element = e.element(x, at);
    return mode == "nearest" || !element ? element : FloatMath(e, type).from(element, hasUnsignedElements(x));
  }
  if (mode != "nearest")
    return weighted(index, at);
  at[axes[index].dim] = nearestIndex(axes[index]);
  return at[axes[index].dim] ? sample(index + 1, at) : Value();
}

Value Resizer::emit(ValueRange indices) {
  if (mode != "nearest" && mode != "linear" && mode != "cubic")
    return ScalarEmitter::unsupported(op, "mode '" + mode + "' is unknown");
  if (mode == "nearest" && antialias)
    return ScalarEmitter::unsupported(op, "antialias needs the mode linear or cubic");
  Type elementType = e.computeTypeOf(x);
  type = isa<FloatType>(elementType) ? elementType : Type(e.builder().getF32Type());
  if (!addAxes(indices))
    return Value();
  auto inside = [&]() -> Value {
    SmallVector<Value> at(indices);
    Value result = sample(0, at);
    if (!result || result.getType() == elementType)
      return result;
    return saturate(e, result, elementType, hasUnsignedElements(x));
  };
  if (!outside)
    return inside();
  double extrapolation = getFloat(op, "extrapolation_value", 0);
  return e.choose(
      outside, elementType, [&] { return e.constant(elementType, extrapolation); }, inside);
}

Value emitResize(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) { return Resizer(e, op).emit(indices); }

} // namespace

void registerResize(llvm::StringMap<EmitFn> &table) { table["Resize"] = emitResize; }

} // namespace tpo::kernels
