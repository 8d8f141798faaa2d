//===- Gather.cpp - Gather, copy and cache append -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations that only move data: gather, copy, cache append.
//
//===----------------------------------------------------------------------===//

#include "core/View.h"
#include "cpu/CpuDevice.h"

#include <algorithm>

using namespace tprt;

namespace {

void eraseDims(tprt_view &view, int first, int count) {
  std::copy(view.sizes + first + count, view.sizes + view.rank, view.sizes + first);
  std::copy(view.strides + first + count, view.strides + view.rank, view.strides + first);
  view.rank -= count;
}

void fillZero(const tprt_view &view) {
  static const uint64_t zero = 0;
  tprt_view source = view;
  source.data = const_cast<uint64_t *>(&zero);
  std::fill(source.strides, source.strides + source.rank, 0);
  if (isContiguous(view))
    std::memset(view.data, 0, byteCount(view));
  else
    copyStrided(source, view);
}

int64_t readIndex(const tprt_view &indices, int64_t offset) {
  const char *at = elementPointer(indices, offset);
  if (indices.dtype == TPRT_I64) {
    int64_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  int32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

} // namespace

void tprt::cpuGather(tprt_ctx *, int32_t, const tprt_view *table, const tprt_view *indices, const tprt_view *out,
                     int32_t axis, int64_t offset, int64_t globalSize) {
  bool valid =
      axis >= 0 && axis < table->rank && out->rank == table->rank - 1 + indices->rank && out->dtype == table->dtype;
  for (int d = 0; valid && d < out->rank; ++d)
    valid = out->sizes[d] == (d < axis                   ? table->sizes[d]
                              : d < axis + indices->rank ? indices->sizes[d - axis]
                                                         : table->sizes[d - indices->rank + 1]);
  if (!valid)
    fail(TPRT_INTERNAL, "gather of ", viewText(*table), " along ", axis, " at ", viewText(*indices), " into ",
         viewText(*out));
  if (indices->dtype != TPRT_I64 && indices->dtype != TPRT_I32)
    fail(TPRT_UNSUPPORTED, "gather indices of element type ", dtypeName(indices->dtype));
  if (elementCount(*out) == 0)
    return;
  tprt_view row = *table, target = *out;
  eraseDims(row, axis, 1);
  eraseDims(target, axis, indices->rank);
  int64_t count = elementCount(*indices);
  for (int64_t i = 0; i < count; ++i) {
    int64_t from = 0, to = 0;
    for (int64_t d = indices->rank, rest = i; d-- > 0; rest /= indices->sizes[d]) {
      from += rest % indices->sizes[d] * indices->strides[d];
      to += rest % indices->sizes[d] * out->strides[axis + d];
    }
    int64_t index = readIndex(*indices, from);
    if (index < -globalSize || index >= globalSize)
      fail(TPRT_RUN_FAILED, "index ", index, " is out of range for ", globalSize, " rows");
    int64_t local = (index < 0 ? index + globalSize : index) - offset;
    target.data = elementPointer(*out, to);
    if (local < 0 || local >= table->sizes[axis]) {
      fillZero(target);
      continue;
    }
    row.data = elementPointer(*table, local * table->strides[axis]);
    copyStrided(row, target);
  }
}

void tprt::cpuCopy(tprt_ctx *, int32_t, const tprt_view *src, const tprt_view *dst) { copyStrided(*src, *dst); }

void tprt::cpuCacheAppend(tprt_ctx *, int32_t, const tprt_view *past, const tprt_view *fresh, const tprt_view *present,
                          int32_t axis) {
  bool valid = axis >= 0 && axis < present->rank && past->rank == present->rank && fresh->rank == present->rank;
  for (int d = 0; valid && d < present->rank; ++d)
    valid = d == axis ? past->sizes[d] + fresh->sizes[d] == present->sizes[d]
                      : past->sizes[d] == present->sizes[d] && fresh->sizes[d] == present->sizes[d];
  if (!valid)
    fail(TPRT_INTERNAL, "append of ", viewText(*fresh), " to ", viewText(*past), " into ", viewText(*present),
         " along ", axis);
  tprt_view head = *present, tail = *present;
  head.sizes[axis] = past->sizes[axis];
  tail.sizes[axis] = fresh->sizes[axis];
  tail.data = elementPointer(*present, past->sizes[axis] * present->strides[axis]);
  bool inPlace = past->data == present->data && std::equal(past->strides, past->strides + past->rank, present->strides);
  if (past->data == present->data && !inPlace && elementCount(*past))
    fail(TPRT_INTERNAL, "append in place with different strides");
  if (!inPlace)
    copyStrided(*past, head);
  copyStrided(*fresh, tail);
}
