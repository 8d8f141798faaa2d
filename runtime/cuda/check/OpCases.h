//===- OpCases.h - One backend's operations against another's ---*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same operations on the same random tensors by two backends. On a machine
// with a GPU tprt-cuda-check compares "cuda" with "cpu"; everywhere the unit
// tests do so with the CUDA kernels emulated.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_CHECK_OPCASES_H
#define TPRT_CUDA_CHECK_OPCASES_H

#include "tprt/device.h"

namespace tprt::check {

struct Result {
  std::string name;    ///< "matmul f16 [3, 17, 64, 33] gelu residual"
  std::string problem; ///< empty: passed
};

using BackendFactory = std::function<std::unique_ptr<Backend>()>;

/// Matmul, attention, gather, cache append and copy on one rank, and all
/// collectives on several. Backends are made anew for each number of ranks.
std::vector<Result> checkOperations(const BackendFactory &tested,
                                    const BackendFactory &reference);

/// The products alone.
std::vector<Result> checkMatmuls(const BackendFactory &tested,
                                 const BackendFactory &reference);

} // namespace tprt::check

#endif // TPRT_CUDA_CHECK_OPCASES_H
