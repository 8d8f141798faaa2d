//===- SpatialWindow.cpp - Windows of convolutions and pooling ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpatialWindow.h"

using namespace mlir;

namespace tpo::kernels {

WindowAttrs WindowAttrs::read(Operation *op, ArrayRef<int64_t> kernel) {
  size_t spatial = kernel.size();
  WindowAttrs attrs;
  attrs.kernel.assign(kernel.begin(), kernel.end());
  attrs.strides = getInts(op, "strides").value_or(SmallVector<int64_t>(spatial, 1));
  attrs.dilations = getInts(op, "dilations").value_or(SmallVector<int64_t>(spatial, 1));
  SmallVector<int64_t> pads = getInts(op, "pads").value_or(SmallVector<int64_t>(2 * spatial, 0));
  StringRef autoPad = getString(op, "auto_pad", "NOTSET");
  attrs.sameUpper = autoPad == "SAME_UPPER";
  attrs.sameLower = autoPad == "SAME_LOWER";
  if (autoPad == "VALID" || attrs.isSame())
    pads.assign(2 * spatial, 0);
  attrs.padsBegin.assign(pads.begin(), pads.begin() + spatial);
  attrs.padsEnd.assign(pads.begin() + spatial, pads.end());
  attrs.ceilMode = getInt(op, "ceil_mode", 0) != 0;
  return attrs;
}

std::optional<SmallVector<int64_t>> staticSizes(Operation *op, Value tensor, unsigned first) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor.getType()).getShape().drop_front(first);
  if (llvm::any_of(shape, ShapedType::isDynamic)) {
    ScalarEmitter::unsupported(op, "the size of the kernel is not fixed");
    return std::nullopt;
  }
  return SmallVector<int64_t>(shape);
}

/// The padding of both ends together where auto_pad is SAME_*.
static Value samePadding(ScalarEmitter &e, Operation *op, const WindowAttrs &attrs, size_t d, Value size,
                         unsigned firstDim) {
  Value out = e.size(op->getResult(0), firstDim + d);
  if (!out)
    return Value();
  Value last = e.mul(e.sub(out, e.index(1)), e.index(attrs.strides[d]));
  return indexMax(e, e.sub(e.add(last, e.index(attrs.extent(d))), size), e.index(0));
}

Value paddingBefore(ScalarEmitter &e, Operation *op, const WindowAttrs &attrs, size_t d, Value input,
                    unsigned firstDim) {
  if (!attrs.isSame())
    return e.index(attrs.padsBegin[d]);
  Value size = e.size(input, firstDim + d);
  Value total = size ? samePadding(e, op, attrs, d, size, firstDim) : Value();
  if (!total)
    return Value();
  // The odd element is in front for SAME_LOWER.
  return indexDiv(e, attrs.sameLower ? e.add(total, e.index(1)) : total, e.index(2));
}

std::optional<SpatialWindow> SpatialWindow::get(ScalarEmitter &e, Operation *op, Value input, ArrayRef<int64_t> kernel,
                                                ValueRange out, unsigned firstDim) {
  SpatialWindow window(e, WindowAttrs::read(op, kernel));
  const WindowAttrs &attrs = window.attrs;
  for (size_t d = 0; d < kernel.size(); ++d) {
    Value taps = e.index(kernel[d]);
    Value size = e.size(input, firstDim + d);
    Value padding = size ? paddingBefore(e, op, attrs, d, input, firstDim) : Value();
    if (!padding)
      return std::nullopt;
    Value start = e.sub(e.mul(out[d], e.index(attrs.strides[d])), padding);
    window.starts.push_back(start);
    if (!attrs.isSame() && !attrs.ceilMode && attrs.padsBegin[d] == 0 && attrs.padsEnd[d] == 0) {
      window.firstTaps.push_back(e.index(0));
      window.tapCounts.push_back(taps);
      window.paddedTaps.push_back(taps);
      continue;
    }
    int64_t dilation = attrs.dilations[d];
    Value first = indexMax(
        e, indexCeilDiv(e, arith::SubIOp::create(e.builder(), e.location(), e.index(0), start), dilation), e.index(0));
    auto tapsBefore = [&](Value end) {
      Value count = indexCeilDiv(e, arith::SubIOp::create(e.builder(), e.location(), end, start), dilation);
      return indexMin(e, indexMax(e, count, e.index(0)), taps);
    };
    window.firstTaps.push_back(first);
    window.tapCounts.push_back(indexMax(e, e.sub(tapsBefore(size), first), e.index(0)));
    Value paddedEnd = e.add(size, e.index(attrs.padsEnd[d]));
    if (attrs.isSame())
      paddedEnd = e.add(e.sub(size, padding), samePadding(e, op, attrs, d, size, firstDim));
    window.paddedTaps.push_back(tapsBefore(paddedEnd));
  }
  return window;
}

SmallVector<Value> SpatialWindow::kernelPosition(ValueRange loop) {
  SmallVector<Value> position;
  for (auto [first, i] : llvm::zip_equal(firstTaps, loop))
    position.push_back(e.add(first, i));
  return position;
}

SmallVector<Value> SpatialWindow::inputPosition(ValueRange loop) {
  SmallVector<Value> position;
  for (auto [d, tap] : llvm::enumerate(kernelPosition(loop)))
    position.push_back(e.add(starts[d], e.mul(tap, e.index(attrs.dilations[d]))));
  return position;
}

Value SpatialWindow::size(bool countPadding) {
  Value product = e.index(1);
  for (Value count : countPadding ? paddedTaps : tapCounts)
    product = e.mul(product, count);
  return product;
}

} // namespace tpo::kernels
