//===- Module.h - An artifact's compiled GPU kernels ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_MODULE_H
#define TPRT_CUDA_MODULE_H

#include "kernels/Block.cuh"
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <string>
#include <vector>

namespace tprt::cuda {

/// kernels.fatbin, loaded once per rank into the rank's GPU.
///
/// Kernels report a failed check through the optional global variable
/// `tprt_device_error`, laid out as DeviceError: whoever changes `set` from 0
/// to 1 (atomically) fills in the rest.
class Module {
public:
  Module() = default;
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;
  ~Module();

  /// Needs the calling thread's current GPU to be chosen.
  void load(const std::string &path, const std::vector<std::string> &kernels);

  /// `args` holds the address of each of the kernel's parameters.
  void launch(cudaStream_t stream, int32_t kernel, const int64_t grid[3],
              const int64_t block[3], void **args);

  void clearError(cudaStream_t stream);
  /// Enqueues the read; `error` is valid when the stream has finished.
  void readError(cudaStream_t stream, DeviceError &error);

private:
  CUmodule module = nullptr;
  CUdeviceptr errorFlag = 0;
  std::vector<std::string> names;
  std::vector<CUfunction> functions;
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_MODULE_H
