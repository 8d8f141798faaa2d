//===- TopK.cpp - The largest elements along an axis ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements become integers of the same order (core/Order.h), so that one
// selection serves all types: O(n log k) for a row of n.
//
//===----------------------------------------------------------------------===//

#include "core/Order.h"
#include "core/View.h"
#include "cpu/CpuDevice.h"

#include <algorithm>

using namespace tprt;

namespace {

void eraseDim(tprt_view &view, int dim) {
  std::copy(view.sizes + dim + 1, view.sizes + view.rank, view.sizes + dim);
  std::copy(view.strides + dim + 1, view.strides + view.rank, view.strides + dim);
  --view.rank;
}

int64_t offsetOf(const tprt_view &view, int64_t linear) {
  int64_t offset = 0;
  for (int d = view.rank; d-- > 0; linear /= view.sizes[d])
    offset += linear % view.sizes[d] * view.strides[d];
  return offset;
}

void select(int64_t *order, int64_t count, int64_t k, const int64_t *keys) {
  auto isBefore = [keys](int64_t a, int64_t b) { return keys[a] != keys[b] ? keys[a] > keys[b] : a < b; };
  for (int64_t i = 0; i < count; ++i)
    order[i] = i;
  // A heap of k is cheaper than partitioning as long as it is small.
  if (k <= count / 16) {
    std::partial_sort(order, order + k, order + count, isBefore);
    return;
  }
  if (k < count)
    std::nth_element(order, order + k, order + count, isBefore);
  std::sort(order, order + k, isBefore);
}

} // namespace

void tprt::cpuTopK(tprt_ctx *ctx, int32_t, const tprt_view *data, const tprt_view *values, const tprt_view *indices,
                   int32_t axis, int32_t largest) {
  bool valid = axis >= 0 && axis < data->rank && values->rank == data->rank && indices->rank == data->rank &&
               values->dtype == data->dtype && indices->dtype == TPRT_I64;
  for (int d = 0; valid && d < data->rank; ++d)
    valid = values->sizes[d] == indices->sizes[d] &&
            (d == axis ? values->sizes[d] <= data->sizes[d] : values->sizes[d] == data->sizes[d]);
  if (!valid)
    fail(TPRT_INTERNAL, "top-k of ", viewText(*data), " along ", axis, " into ", viewText(*values), " and ",
         viewText(*indices));
  if (!hasOrder(data->dtype))
    fail(TPRT_UNSUPPORTED, "top-k of elements of type ", dtypeName(data->dtype));
  if (elementCount(*values) == 0)
    return;
  int64_t count = data->sizes[axis], k = values->sizes[axis];
  tprt_view row = *data, valueRow = *values, indexRow = *indices;
  for (tprt_view *view : {&row, &valueRow, &indexRow})
    eraseDim(*view, axis);
  CpuDevice &device = cpuDevice(ctx);
  auto *keys = static_cast<int64_t *>(device.scratch[0].bytes(count * sizeof(int64_t)));
  auto *order = static_cast<int64_t *>(device.scratch[1].bytes(count * sizeof(int64_t)));
  size_t bytes = dtypeSize(data->dtype);
  for (int64_t r = 0, rows = elementCount(row); r < rows; ++r) {
    int64_t from = offsetOf(row, r), toValue = offsetOf(valueRow, r), toIndex = offsetOf(indexRow, r);
    for (int64_t i = 0; i < count; ++i) {
      int64_t key = orderKey(data->dtype, elementPointer(*data, from + i * data->strides[axis]));
      keys[i] = largest ? key : ~key;
    }
    select(order, count, k, keys);
    for (int64_t i = 0; i < k; ++i) {
      std::memcpy(elementPointer(*values, toValue + i * values->strides[axis]),
                  elementPointer(*data, from + order[i] * data->strides[axis]), bytes);
      std::memcpy(elementPointer(*indices, toIndex + i * indices->strides[axis]), &order[i], sizeof(int64_t));
    }
  }
}
