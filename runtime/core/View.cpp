//===- View.cpp - Strided tensors on the host -----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/View.h"

#include "tprt/error.h"

#include <algorithm>

using namespace tprt;

std::string tprt::sizesText(const int64_t *sizes, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i)
    text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text + "]";
}

std::string tprt::viewText(const tprt_view &view) {
  const char *name = dtypeName(view.dtype);
  return (name ? name : "dtype " + std::to_string(view.dtype)) + sizesText(view.sizes, view.rank);
}

namespace {

struct CopyDim {
  int64_t size, src, dst;
};

// The fewest dimensions that describe the copy: sizes of 1 dropped, dimensions
// that continue each other merged.
int collapse(const tprt_view &src, const tprt_view &dst, CopyDim *dims) {
  int count = 0;
  for (int32_t i = 0; i < src.rank; ++i) {
    CopyDim dim{src.sizes[i], src.strides[i], dst.strides[i]};
    if (dim.size == 1)
      continue;
    if (count && dims[count - 1].src == dim.src * dim.size && dims[count - 1].dst == dim.dst * dim.size)
      dims[count - 1] = {dims[count - 1].size * dim.size, dim.src, dim.dst};
    else
      dims[count++] = dim;
  }
  return count;
}

// Weights come straight out of files, where nothing is aligned.
template <typename Value> struct __attribute__((packed, may_alias)) Unaligned { Value value; };

template <typename T> void copyRow(const T *src, int64_t srcStride, T *dst, int64_t dstStride, int64_t count) {
  if (srcStride == 1 && dstStride == 1) {
    std::memcpy(dst, src, static_cast<size_t>(count) * sizeof(T));
    return;
  }
  if (dstStride == 1) {
    for (int64_t i = 0; i < count; ++i)
      dst[i] = src[i * srcStride];
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    dst[i * dstStride] = src[i * srcStride];
}

// The two innermost dimensions; when both sides are contiguous along different
// ones (a transpose), in tiles that keep the lines of both sides in cache.
template <typename T> void copyPlane(const T *src, T *dst, const CopyDim &outer, const CopyDim &inner) {
  bool transposes = inner.src != 1 && outer.src == 1 && inner.dst == 1;
  if (!transposes) {
    for (int64_t i = 0; i < outer.size; ++i)
      copyRow(src + i * outer.src, inner.src, dst + i * outer.dst, inner.dst, inner.size);
    return;
  }
  constexpr int64_t tile = 16;
  for (int64_t i0 = 0; i0 < outer.size; i0 += tile)
    for (int64_t j0 = 0; j0 < inner.size; j0 += tile) {
      int64_t i1 = std::min(i0 + tile, outer.size), j1 = std::min(j0 + tile, inner.size);
      for (int64_t i = i0; i < i1; ++i)
        for (int64_t j = j0; j < j1; ++j)
          dst[i * outer.dst + j] = src[i + j * inner.src];
    }
}

template <typename T> void copyDims(const T *src, T *dst, const CopyDim *dims, int count) {
  if (count == 0) {
    *dst = *src;
  } else if (count == 1) {
    copyRow(src, dims[0].src, dst, dims[0].dst, dims[0].size);
  } else if (count == 2) {
    copyPlane(src, dst, dims[0], dims[1]);
  } else {
    for (int64_t i = 0; i < dims[0].size; ++i)
      copyDims(src + i * dims[0].src, dst + i * dims[0].dst, dims + 1, count - 1);
  }
}

template <typename T> void copyTyped(const tprt_view &src, const tprt_view &dst, const CopyDim *dims, int count) {
  copyDims(static_cast<const Unaligned<T> *>(src.data), static_cast<Unaligned<T> *>(dst.data), dims, count);
}

} // namespace

void tprt::copyStrided(const tprt_view &src, const tprt_view &dst) {
  if (src.rank != dst.rank || src.dtype != dst.dtype)
    fail(TPRT_INTERNAL, "copy of ", viewText(src), " to ", viewText(dst));
  for (int32_t i = 0; i < src.rank; ++i) {
    if (src.sizes[i] != dst.sizes[i])
      fail(TPRT_INTERNAL, "copy of ", viewText(src), " to ", viewText(dst));
    if (src.sizes[i] == 0)
      return;
  }
  CopyDim dims[TPRT_MAX_RANK];
  int count = collapse(src, dst, dims);
  switch (dtypeSize(src.dtype)) {
  case 1:
    return copyTyped<uint8_t>(src, dst, dims, count);
  case 2:
    return copyTyped<uint16_t>(src, dst, dims, count);
  case 4:
    return copyTyped<uint32_t>(src, dst, dims, count);
  case 8:
    return copyTyped<uint64_t>(src, dst, dims, count);
  default:
    fail(TPRT_INTERNAL, "copy of elements of an unknown type");
  }
}
