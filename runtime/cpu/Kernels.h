//===- Kernels.h - Vector code of the CPU backend --------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inner loops, compiled once per instruction set (cpu/Kernels.inc) and
// chosen when the library is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CPU_KERNELS_H
#define TPRT_CPU_KERNELS_H

#include "tprt/abi.h"

#include <cstddef>
#include <cstdint>

namespace tprt {

// Rows that the gemv functions take at once.
constexpr int maxGemvRows = 4;
// Columns of packed operands and results of `gemm` are padded to this, so that
// the kernel has no remainder: 16 floats, the widest vector.
constexpr int64_t gemmPad = 16;

struct CpuKernels {
  const char *name;

  // y[r, j] = sum_k a[r, k] * b[k, j] (plus y when `accumulate`) for r < m <=
  // maxGemvRows. b is row-major with `ldb` elements between rows, of type f32,
  // f16 or bf16. Reads b once, in order.
  void (*gemvRows)(int m, int64_t n, int64_t k, const float *a, int64_t lda, const void *b, int32_t dtype, int64_t ldb,
                   float *y, int64_t ldy, bool accumulate);

  // y[r, j] = sum_k a[r, k] * b[j, k]: the transposed orientation.
  void (*gemvColumns)(int m, int64_t n, int64_t k, const float *a, int64_t lda, const void *b, int32_t dtype,
                      int64_t ldb, float *y, int64_t ldy);

  // c[i, j] = sum_k a[i, k] * b[k, j] (plus c when `accumulate`). ldb and ldc
  // are at least n rounded up to gemmPad; padding columns of b must be readable
  // and those of c are overwritten.
  void (*gemm)(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
               int64_t ldc, bool accumulate);

  // One block of an online softmax over x[0, n): x = exp(x - m) where m =
  // max(previous, max x). Returns m and adds nothing; *sum is the sum of x.
  // With m = -inf all of x becomes 0. Elements of -inf at the end change neither
  // result.
  float (*softmaxBlock)(float *x, int64_t n, float previous, float *sum);

  // y = activation(alpha * y + bias); bias may be null.
  void (*epilogue)(float *y, int64_t n, float alpha, const float *bias, int32_t activation);

  // x = cap * tanh(x / cap).
  void (*softcap)(float *x, int64_t n, float cap);

  // Contiguous conversions of f32, f16, bf16.
  void (*toFloat)(const void *src, int32_t dtype, float *dst, int64_t n);
  void (*fromFloat)(const float *src, void *dst, int32_t dtype, int64_t n);
};

// The best set for this processor, or the one that TPRT_CPU names ("avx512",
// "avx2", "base") when the processor has it.
const CpuKernels &cpuKernels();
// One set by name; null when unknown or not for this processor.
const CpuKernels *cpuKernelsByName(const char *name);

} // namespace tprt

#endif // TPRT_CPU_KERNELS_H
