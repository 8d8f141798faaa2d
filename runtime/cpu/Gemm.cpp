//===- Gemm.cpp - Matrix products by own loops ----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "cpu/Gemm.h"

#include "core/Dtype.h"

#include <algorithm>
#include <cstring>

using namespace tprt;

const char *MatrixView::at(int64_t row, int64_t column) const {
  return data + (row * rowStride + column * columnStride) * static_cast<int64_t>(dtypeSize(dtype));
}

namespace {

float element(const char *data, int32_t dtype) {
  if (dtype == TPRT_F32) {
    float value;
    std::memcpy(&value, data, sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, data, sizeof(bits));
  return dtype == TPRT_BF16 ? bf16ToFloat(bits) : f16ToFloat(bits);
}

// Rows whose results stay in the second-level cache beside a panel of b, a
// multiple of every kernel's rows.
constexpr int64_t rowBlock = 96;
// Columns of b that are packed at a time; fewer where k is so large that they
// would leave the last-level cache.
constexpr int64_t maxColumns = 512, minColumns = 64, packedFloats = int64_t(1) << 20, onceColumns = 128;

} // namespace

void tprt::packMatrix(const CpuKernels &kernels, const MatrixView &matrix, int64_t rows, int64_t columns, float *out,
                      int64_t ld) {
  if (matrix.columnStride == 1) {
    for (int64_t i = 0; i < rows; ++i)
      kernels.toFloat(matrix.at(i, 0), matrix.dtype, out + i * ld, columns);
    return;
  }
  // Stored by columns: convert tiles of a few columns, then turn them.
  constexpr int64_t tile = 16;
  if (matrix.rowStride == 1) {
    float buffer[tile][tile];
    for (int64_t j = 0; j < columns; j += tile)
      for (int64_t i = 0; i < rows; i += tile) {
        int64_t width = std::min(tile, columns - j), height = std::min(tile, rows - i);
        for (int64_t y = 0; y < width; ++y)
          kernels.toFloat(matrix.at(i, j + y), matrix.dtype, buffer[y], height);
        for (int64_t x = 0; x < height; ++x)
          for (int64_t y = 0; y < width; ++y)
            out[(i + x) * ld + j + y] = buffer[y][x];
      }
    return;
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      out[i * ld + j] = element(matrix.at(i, j), matrix.dtype);
}

void tprt::packPanels(const CpuKernels &kernels, const MatrixView &b, int64_t k, int64_t n, float *panels) {
  if (b.columnStride == 1 || n == 1)
    return kernels.packRows(k, n, b.data, b.dtype, b.rowStride, panels);
  if (b.rowStride == 1 || k == 1)
    return kernels.packColumns(k, n, b.data, b.dtype, b.columnStride, panels);
  int64_t width = kernels.panelWidth;
  for (int64_t j = 0; j < n; ++j)
    for (int64_t p = 0; p < k; ++p)
      panels[(j / width * k + p) * width + j % width] = element(b.at(p, j), b.dtype);
}

void tprt::gemmRows(CpuDevice &device, int64_t m, int64_t n, int64_t k, const float *const *rows, const MatrixView &b,
                    const std::function<void(int64_t, int64_t, int64_t, float *)> &finish) {
  const CpuKernels &kernels = device.kernels;
  // With one block of rows a block of b is used once, right after it is packed.
  bool once = m <= rowBlock;
  int64_t columns = onceColumns;
  if (!once)
    columns = std::clamp(packedFloats / std::max<int64_t>(k, 1) / minColumns * minColumns, minColumns, maxColumns);
  columns = std::min(columns, (n + minColumns - 1) / minColumns * minColumns);
  float *panels = device.scratch[0].floats((once ? std::min(k, sumBlock) : k) * columns);
  float *sums = device.scratch[1].floats(std::min(m, rowBlock) * columns);
  for (int64_t j = 0; j < n; j += columns) {
    int64_t width = std::min(columns, n - j);
    auto pack = [&](int64_t p) {
      float *to = panels + (once ? 0 : p * columns);
      packPanels(kernels, {b.at(p, j), b.dtype, b.rowStride, b.columnStride}, std::min(sumBlock, k - p), width, to);
      return to;
    };
    for (int64_t p = 0; p < k && !once; p += sumBlock)
      pack(p);
    for (int64_t i = 0; i < m; i += rowBlock) {
      int64_t height = std::min(rowBlock, m - i);
      if (k == 0)
        std::fill_n(sums, height * columns, 0.0f);
      for (int64_t p = 0; p < k; p += sumBlock) {
        const float *packed = once ? pack(p) : panels + p * columns;
        int64_t depth = std::min(sumBlock, k - p);
        kernels.gemm(height, width, depth, rows + i, p, packed, sums, columns, p > 0);
      }
      for (int64_t y = 0; y < height; ++y)
        finish(i + y, j, width, sums + y * columns);
    }
  }
}
