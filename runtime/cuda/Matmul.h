//===- Matmul.h - Matrix products by cuBLASLt -------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_MATMUL_H
#define TPRT_CUDA_MATMUL_H

#include "kernels/Matmul.cuh"
#include <array>
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <map>
#include <memory>

namespace tprt::cuda {

struct Fusion;

/// One rank's cuBLASLt: the handle, its workspace, and for every shape seen the
/// algorithm that its heuristics chose.
class MatmulPlans {
public:
  MatmulPlans();
  ~MatmulPlans();

  /// Once, with the rank's GPU chosen.
  void create(cudaStream_t stream);

  /// Computes args.c. Takes the first way that works: cuBLASLt with everything
  /// fused; cuBLASLt and an epilogue kernel; the strided kernel.
  void run(const MatmulArgs &args);

private:
  /// Everything an algorithm depends on; see key().
  using Key = std::array<int64_t, 24>;
  struct Plan;
  struct Call;

  static bool describe(const MatmulArgs &args, cublasLtEpilogue_t epilogue,
                       Call &call);
  bool runFused(const MatmulArgs &args, const Fusion &fusion);
  bool runLibrary(const Call &call);
  Plan &plan(const Call &call);

  cudaStream_t stream = nullptr;
  cublasLtHandle_t handle = nullptr;
  void *workspace = nullptr;
  std::map<Key, std::unique_ptr<Plan>> plans;
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_MATMUL_H
