//===- Tensor.h - Random tensors in host and device memory ------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_CHECK_TENSOR_H
#define TPRT_CUDA_CHECK_TENSOR_H

#include "core/View.h"
#include "tprt/device.h"
#include <random>

namespace tprt::check {

/// A tensor in host memory. Dimensions lie in memory in the order `order`
/// (major to minor), each row of the innermost followed by `gap` elements of
/// garbage.
class Tensor {
public:
  Tensor(int32_t dtype, std::vector<int64_t> sizes, std::vector<int> order = {},
         int64_t gap = 0);

  Tensor(const Tensor &other) : view(other.view), bytes(other.bytes) {
    view.data = bytes.data();
  }
  Tensor &operator=(const Tensor &other) {
    bytes = other.bytes;
    view = other.view;
    view.data = bytes.data();
    return *this;
  }

  /// Values in [-1, 1]; 0 or 1 for bool.
  Tensor &randomize(std::mt19937 &generator);
  Tensor &fill(const std::vector<int64_t> &values); ///< integers, row-major

  tprt_view view{};
  std::vector<char> bytes; ///< all memory, gaps included

  /// What differs from `other` by more than the tolerance, relative to values
  /// above 1; "" when nothing does. Compares gaps too.
  std::string compare(const Tensor &other, double tolerance) const;
};

/// A device's copy of a tensor. Lives on the device's thread.
class DeviceTensor {
public:
  DeviceTensor(Device &device, const Tensor &tensor);
  ~DeviceTensor() { device.deallocate(memory); }
  DeviceTensor(const DeviceTensor &) = delete;
  DeviceTensor &operator=(const DeviceTensor &) = delete;

  void download(Tensor &tensor) const;

  tprt_view view;

private:
  Device &device;
  void *memory;
};

} // namespace tprt::check

#endif // TPRT_CUDA_CHECK_TENSOR_H
