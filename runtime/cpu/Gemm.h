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

// c = a x b in f32 for operands of any strides and of types f32, f16, bf16; c is
// row-major with `ldc` >= n. What oneDNN does not do. Uses scratch 0 to 2.
void gemmGeneric(CpuDevice &device, int64_t m, int64_t n, int64_t k, const MatrixView &a, const MatrixView &b, float *c,
                 int64_t ldc);

} // namespace tprt

#endif // TPRT_CPU_GEMM_H
