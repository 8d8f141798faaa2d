//===- Kernels.cpp - Choice of the vector code ----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "cpu/Kernels.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

using namespace tprt;

namespace tprt {
extern const CpuKernels kernelsBase;
#if defined(TPRT_X86_KERNELS)
extern const CpuKernels kernelsAvx2, kernelsAvx512;
#endif
} // namespace tprt

const CpuKernels *tprt::cpuKernelsByName(const char *name) {
#if defined(TPRT_X86_KERNELS)
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (std::strcmp(name, "avx512") == 0)
    return avx512 ? &kernelsAvx512 : nullptr;
  if (std::strcmp(name, "avx2") == 0)
    return avx2 ? &kernelsAvx2 : nullptr;
#endif
  return std::strcmp(name, "base") == 0 ? &kernelsBase : nullptr;
}

const CpuKernels &tprt::cpuKernels() {
  static const CpuKernels *const chosen = [] {
    const char *wanted = getenv("TPRT_CPU");
    if (wanted)
      if (const CpuKernels *kernels = cpuKernelsByName(wanted))
        return kernels;
    for (const char *name : {"avx512", "avx2"})
      if (const CpuKernels *kernels = cpuKernelsByName(name))
        return kernels;
    return &kernelsBase;
  }();
  return *chosen;
}
