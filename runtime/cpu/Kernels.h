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

// Matrix products have one order of sums, whatever the layout of the operands,
// the number of rows and of columns and the function: an element's products are
// added one after the other (each by a fused multiply-add where the processor
// has it) in blocks of `sumBlock` along k, and the sums of the blocks are added
// in order. Only gemvColumns has another.
constexpr int64_t sumBlock = 256;
// Rows that the gemv functions take at once.
constexpr int maxGemvRows = 4;
// Results of `gemm` are padded to this, so that the kernel has no remainder: 16
// floats, the widest vector.
constexpr int64_t gemmPad = 16;
// No kernel's panels are wider.
constexpr int64_t maxPanelWidth = 32;

struct CpuKernels {
  const char *name;
  // Columns of a panel of packed b: n columns are ceil(n / panelWidth) panels of
  // k rows of panelWidth contiguous floats; what is past n means nothing.
  int64_t panelWidth;

  // y[r, j] = sum_k a[r, k] * b[k, j] (added to y when `accumulate`) for r < m <=
  // maxGemvRows. b is row-major with `ldb` elements between rows, of type f32,
  // f16 or bf16. Reads b once, in order.
  void (*gemvRows)(int m, int64_t n, int64_t k, const float *a, int64_t lda, const void *b, int32_t dtype, int64_t ldb,
                   float *y, int64_t ldy, bool accumulate);

  // y[r, j] = sum_k a[r, k] * b[j, k]: the transposed orientation. Element i of a
  // vector sums every k that is i modulo the vector's length; then halves are
  // added. That reads b at the speed of the memory, which the order of the others
  // does not.
  void (*gemvColumns)(int m, int64_t n, int64_t k, const float *a, int64_t lda, const void *b, int32_t dtype,
                      int64_t ldb, float *y, int64_t ldy);

  // Panels of b[k, j] or, packColumns, of b[j, k].
  void (*packRows)(int64_t k, int64_t n, const void *b, int32_t dtype, int64_t ldb, float *panels);
  void (*packColumns)(int64_t k, int64_t n, const void *b, int32_t dtype, int64_t ldb, float *panels);

  // c[i, j] = sum_k a[i][offset + k] * b[k, j] (added to c when `accumulate`), one
  // block of sums: k <= sumBlock. b is packed; c's columns are written up to n
  // rounded up to gemmPad.
  void (*gemm)(int64_t m, int64_t n, int64_t k, const float *const *a, int64_t offset, const float *b, float *c,
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
