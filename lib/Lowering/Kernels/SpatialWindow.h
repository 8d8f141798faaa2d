//===- SpatialWindow.h - Windows of convolutions and pooling ----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element o of a spatial result dimension sees the input's elements
// o * stride - padding + k * dilation for k in [0, kernel). Those outside of the
// input are left out: a loop over the kernel has bounds instead of conditions.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_KERNELS_SPATIALWINDOW_H
#define TPOPT_LIB_LOWERING_KERNELS_SPATIALWINDOW_H

#include "ScalarMath.h"

namespace tpo::kernels {

/// The attributes strides, dilations, pads and auto_pad of `op`, whose kernel
/// has the sizes `kernel`.
struct WindowAttrs {
  llvm::SmallVector<int64_t> kernel, strides, dilations, padsBegin, padsEnd;
  /// SAME_UPPER or SAME_LOWER: paddings follow from the sizes.
  bool sameUpper = false, sameLower = false, ceilMode = false;

  static WindowAttrs read(mlir::Operation *op, llvm::ArrayRef<int64_t> kernel);
  bool isSame() const { return sameUpper || sameLower; }
  int64_t extent(size_t d) const { return (kernel[d] - 1) * dilations[d] + 1; }
};

/// The window of one element of the result.
class SpatialWindow {
public:
  /// `input` and the result have their spatial dimensions from `firstDim` on;
  /// `out` are the result's indices in those. None after an error.
  static std::optional<SpatialWindow> get(ScalarEmitter &e, mlir::Operation *op, mlir::Value input,
                                          llvm::ArrayRef<int64_t> kernel, mlir::ValueRange out, unsigned firstDim = 2);

  /// Loop bounds: how many taps lie in the input, per dimension.
  llvm::ArrayRef<mlir::Value> counts() const { return tapCounts; }
  /// Kernel positions and input indices of loop indices in [0, counts()).
  llvm::SmallVector<mlir::Value> kernelPosition(mlir::ValueRange loop);
  llvm::SmallVector<mlir::Value> inputPosition(mlir::ValueRange loop);
  /// How many taps lie in the input or, with `countPadding`, its padding.
  mlir::Value size(bool countPadding);

private:
  SpatialWindow(ScalarEmitter &e, WindowAttrs attrs) : e(e), attrs(std::move(attrs)) {}

  ScalarEmitter &e;
  WindowAttrs attrs;
  llvm::SmallVector<mlir::Value> starts;     ///< Input index of tap 0; may be negative.
  llvm::SmallVector<mlir::Value> firstTaps;  ///< The first tap inside.
  llvm::SmallVector<mlir::Value> tapCounts;  ///< Taps inside.
  llvm::SmallVector<mlir::Value> paddedTaps; ///< Taps before the end of the padding.
};

/// The padding before a spatial dimension, as an index value; null after an
/// error.
mlir::Value paddingBefore(ScalarEmitter &e, mlir::Operation *op, const WindowAttrs &attrs, size_t d, mlir::Value input,
                          unsigned firstDim = 2);

/// The static sizes of `tensor` from dimension `first` on; none after an error
/// at `op`.
std::optional<llvm::SmallVector<int64_t>> staticSizes(mlir::Operation *op, mlir::Value tensor, unsigned first);

} // namespace tpo::kernels

#endif // TPOPT_LIB_LOWERING_KERNELS_SPATIALWINDOW_H
