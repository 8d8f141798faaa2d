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

// Blocks that fit the caches: a panel of b in the second level, rows of a in
// the first.
constexpr int64_t blockK = 256, blockN = 256, blockM = 64;

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

void tprt::gemmGeneric(CpuDevice &device, int64_t m, int64_t n, int64_t k, const MatrixView &a, const MatrixView &b,
                       float *c, int64_t ldc) {
  const CpuKernels &kernels = device.kernels;
  float *panel = device.scratch[0].floats(blockK * blockN);
  float *rows = device.scratch[1].floats(blockM * blockK);
  float *sums = device.scratch[2].floats(blockM * blockN);
  if (k == 0)
    for (int64_t i = 0; i < m; ++i)
      std::fill_n(c + i * ldc, n, 0.0f);
  for (int64_t j = 0; j < n; j += blockN) {
    int64_t width = std::min(blockN, n - j);
    for (int64_t p = 0; p < k; p += blockK) {
      int64_t depth = std::min(blockK, k - p);
      MatrixView bBlock{b.at(p, j), b.dtype, b.rowStride, b.columnStride};
      packMatrix(kernels, bBlock, depth, width, panel, blockN);
      for (int64_t i = 0; i < m; i += blockM) {
        int64_t height = std::min(blockM, m - i);
        MatrixView aBlock{a.at(i, p), a.dtype, a.rowStride, a.columnStride};
        packMatrix(kernels, aBlock, height, depth, rows, blockK);
        kernels.gemm(height, width, depth, rows, blockK, panel, blockN, sums, blockN, false);
        for (int64_t x = 0; x < height; ++x) {
          float *to = c + (i + x) * ldc + j;
          const float *from = sums + x * blockN;
          if (p == 0)
            std::copy_n(from, width, to);
          else
            for (int64_t y = 0; y < width; ++y)
              to[y] += from[y];
        }
      }
    }
  }
}
