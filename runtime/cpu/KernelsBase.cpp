//===- KernelsBase.cpp - Vector code for base -----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define TPRT_KERNELS kernelsBase
#define TPRT_KERNELS_NAME "base"
#include "cpu/Kernels.inc"
