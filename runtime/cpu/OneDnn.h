//===- OneDnn.h - Matrix products by oneDNN --------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CPU_ONEDNN_H
#define TPRT_CPU_ONEDNN_H

#include "tprt/abi.h"

#include <memory>

namespace tprt {

// Products of matrices by oneDNN: one instance per rank, used by its thread
// only. A build without oneDNN has cpu/NoOneDnn.cpp, whose create() returns null.
class OneDnn {
public:
  // Also makes this thread's OpenMP regions run on this thread alone.
  static std::unique_ptr<OneDnn> create();
  virtual ~OneDnn() = default;

  // c = activation(alpha * a x b + bias) + residual, arguments as in
  // tprt_op_matmul. bias must be null or have only its last dimension above 1;
  // residual null or c's own view. False when oneDNN does not do this case.
  virtual bool matmul(const tprt_view &a, const tprt_view &b, const tprt_view *bias, bool residual, const tprt_view &c,
                      float alpha, int32_t activation) = 0;
};

} // namespace tprt

#endif // TPRT_CPU_ONEDNN_H
