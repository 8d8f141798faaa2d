//===- Tensor.cpp - Random tensors in host and device memory ----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "check/Tensor.h"
#include <algorithm>
#include <cmath>

using namespace tprt;
using namespace tprt::check;

Tensor::Tensor(int32_t dtype, std::vector<int64_t> sizes,
               std::vector<int> order, int64_t gap) {
  view.dtype = dtype;
  view.rank = static_cast<int32_t>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), view.sizes);
  for (int d = 0; order.size() < sizes.size(); ++d)
    order.push_back(d);
  int64_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    view.strides[order[i]] = stride;
    stride *= sizes[order[i]] + (i + 1 == order.size() ? gap : 0);
  }
  bytes.assign(std::max<int64_t>(stride, 1) * dtypeSize(dtype),
               static_cast<char>(0xff));
  view.data = bytes.data();
}

namespace {

/// Calls body(i, element offset) for every element in row-major order.
template <class F> void forElements(const tprt_view &view, F body) {
  for (int64_t i = 0, count = elementCount(view); i < count; ++i) {
    int64_t rest = i, offset = 0;
    for (int d = view.rank; d-- > 0; rest /= view.sizes[d])
      offset += rest % view.sizes[d] * view.strides[d];
    body(i, offset);
  }
}

void store(const tprt_view &view, int64_t offset, double value) {
  char *to = elementPointer(view, offset);
  int64_t integer = static_cast<int64_t>(value);
  if (isFloat(view.dtype))
    convertElements(&value, TPRT_F64, to, view.dtype, 1);
  else if (view.dtype == TPRT_BOOL)
    *to = static_cast<char>(integer);
  else
    convertElements(&integer, TPRT_I64, to, view.dtype, 1);
}

double load(const tprt_view &view, int64_t offset) {
  const char *from = elementPointer(view, offset);
  if (view.dtype == TPRT_BOOL)
    return *from;
  double value = 0;
  convertElements(from, view.dtype, &value, TPRT_F64, 1);
  return value;
}

} // namespace

Tensor &Tensor::randomize(std::mt19937 &generator) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  forElements(view, [&](int64_t, int64_t offset) {
    double value = uniform(generator);
    if (view.dtype == TPRT_BOOL)
      value = value > 0;
    else if (!isFloat(view.dtype))
      value = std::floor(value * 100);
    store(view, offset, value);
  });
  return *this;
}

Tensor &Tensor::fill(const std::vector<int64_t> &values) {
  forElements(view, [&](int64_t i, int64_t offset) {
    store(view, offset, static_cast<double>(values[i]));
  });
  return *this;
}

std::string Tensor::compare(const Tensor &other, double tolerance) const {
  size_t size = dtypeSize(view.dtype);
  double worst = 0;
  int64_t wrong = 0, first = -1;
  for (size_t i = 0; i < bytes.size() / size; ++i) {
    if (std::equal(bytes.begin() + i * size, bytes.begin() + (i + 1) * size,
                   other.bytes.begin() + i * size))
      continue;
    double got = load(view, static_cast<int64_t>(i));
    double want = load(other.view, static_cast<int64_t>(i));
    double difference = std::fabs(got - want);
    if (difference <= tolerance * std::max(1.0, std::fabs(want)))
      continue;
    worst = std::max(worst, std::isnan(difference) ? INFINITY : difference);
    first = first < 0 ? static_cast<int64_t>(i) : first;
    ++wrong;
  }
  return wrong ? concat(wrong, " of ", bytes.size() / size,
                        " elements differ, by up to ", worst, ", first at ",
                        first, ": got ", load(view, first), ", need ",
                        load(other.view, first))
               : "";
}

DeviceTensor::DeviceTensor(Device &device, const Tensor &tensor)
    : view(tensor.view), device(device),
      memory(device.allocate(tensor.bytes.size())) {
  device.copyToDevice(memory, tensor.bytes.data(), tensor.bytes.size());
  view.data = memory;
}

void DeviceTensor::download(Tensor &tensor) const {
  device.copyToHost(tensor.bytes.data(), memory, tensor.bytes.size());
}
