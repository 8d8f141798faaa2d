//===- KernelsAvx512.cpp - Vector code for avx512 -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define TPRT_KERNELS kernelsAvx512
#define TPRT_KERNELS_NAME "avx512"
#include "cpu/Kernels.inc"
