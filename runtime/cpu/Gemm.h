//===- Gemm.h - Matrix products by own loops -------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CPU_GEMM_H
#define TPRT_CPU_GEMM_H

#include "cpu/CpuDevice.h"

#include <functional>

namespace tprt {

// A matrix in memory: element (i, j) at data + i * rowStride + j * columnStride.
struct MatrixView {
  const char *data;
  int32_t dtype; // f32, f16 or bf16
  int64_t rowStride, columnStride;

  const char *at(int64_t row, int64_t column) const;
};

// out[i * ld + j] = float(matrix[begin row + i, begin column + j]).
void packMatrix(const CpuKernels &kernels, const MatrixView &matrix, int64_t rows, int64_t columns, float *out,
                int64_t ld);

// Panels of b as cpu/Kernels.h describes them, from any strides.
void packPanels(const CpuKernels &kernels, const MatrixView &b, int64_t k, int64_t n, float *panels);

// Products of many rows: rows[i][k] x b[k, n] for i < m, of any strides of b, in
// the order of sums of cpu/Kernels.h. Calls finish(i, j, width, values) once for
// each part of each row: its columns [j, j + width) as floats, which it may
// change. Uses scratch 0 and 1.
void gemmRows(CpuDevice &device, int64_t m, int64_t n, int64_t k, const float *const *rows, const MatrixView &b,
              const std::function<void(int64_t, int64_t, int64_t, float *)> &finish);

} // namespace tprt

#endif // TPRT_CPU_GEMM_H
