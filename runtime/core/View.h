//===- View.h - Strided tensors on the host --------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_VIEW_H
#define TPRT_CORE_VIEW_H

#include "core/Dtype.h"

#include <string>
#include <vector>

namespace tprt {

inline int64_t elementCount(const tprt_view &view) {
  int64_t count = 1;
  for (int32_t i = 0; i < view.rank; ++i)
    count *= view.sizes[i];
  return count;
}

// Sets row-major strides for view.sizes.
inline void setContiguousStrides(tprt_view &view) {
  int64_t stride = 1;
  for (int32_t i = view.rank; i-- > 0;) {
    view.strides[i] = stride;
    stride *= view.sizes[i];
  }
}

// True when the elements lie back to back in row-major order.
inline bool isContiguous(const tprt_view &view) {
  int64_t stride = 1;
  for (int32_t i = view.rank; i-- > 0;) {
    if (view.sizes[i] == 0)
      return true;
    if (view.sizes[i] != 1 && view.strides[i] != stride)
      return false;
    stride *= view.sizes[i];
  }
  return true;
}

inline size_t byteCount(const tprt_view &view) {
  return static_cast<size_t>(elementCount(view)) * dtypeSize(view.dtype);
}

inline char *elementPointer(const tprt_view &view, int64_t offset) {
  return static_cast<char *>(view.data) + offset * static_cast<int64_t>(dtypeSize(view.dtype));
}

// "f32[2, 8, 64]"
std::string viewText(const tprt_view &view);
std::string sizesText(const int64_t *sizes, size_t rank);

// dst = src on the host, same shape and element type, any strides.
void copyStrided(const tprt_view &src, const tprt_view &dst);

} // namespace tprt

#endif // TPRT_CORE_VIEW_H
