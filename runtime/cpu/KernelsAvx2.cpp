//===- KernelsAvx2.cpp - Vector code for avx2 -----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define TPRT_KERNELS kernelsAvx2
#define TPRT_KERNELS_NAME "avx2"
#include "cpu/Kernels.inc"
