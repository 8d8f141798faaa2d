//===- Module.cpp - An artifact's compiled GPU kernels ----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver's functions are found through the CUDA runtime at run time, so
// that the library links and loads on machines without a driver.
//
//===----------------------------------------------------------------------===//

#include "Module.h"
#include "Check.h"
#include <climits>
#include <fstream>
#include <iterator>

using namespace tprt;
using namespace tprt::cuda;

namespace {

/// The driver functions used here. CUDA 12.0 has them all in this form.
struct Driver {
  decltype(&cuModuleLoadDataEx) moduleLoadDataEx;
  decltype(&cuModuleUnload) moduleUnload;
  decltype(&cuModuleGetFunction) moduleGetFunction;
  decltype(&cuModuleGetGlobal) moduleGetGlobal;
  decltype(&cuLaunchKernel) launchKernel;
  decltype(&cuGetErrorString) getErrorString;

  static const Driver &get() {
    static const Driver driver = load();
    return driver;
  }

private:
  template <typename F> static void find(const char *name, F &function) {
    void *pointer = nullptr;
    cudaDriverEntryPointQueryResult result;
    check(cudaGetDriverEntryPointByVersion(name, &pointer, 12000,
                                           cudaEnableDefault, &result),
          name);
    if (!pointer || result != cudaDriverEntryPointSuccess)
      fail(TPRT_UNSUPPORTED, "cuda: the driver has no ", name,
           "; it must support CUDA 12.0");
    function = reinterpret_cast<F>(pointer);
  }

  static Driver load() {
    Driver driver;
    find("cuModuleLoadDataEx", driver.moduleLoadDataEx);
    find("cuModuleUnload", driver.moduleUnload);
    find("cuModuleGetFunction", driver.moduleGetFunction);
    find("cuModuleGetGlobal", driver.moduleGetGlobal);
    find("cuLaunchKernel", driver.launchKernel);
    find("cuGetErrorString", driver.getErrorString);
    return driver;
  }
};

std::string describe(CUresult status) {
  const char *text = nullptr;
  Driver::get().getErrorString(status, &text);
  return text ? text : concat("error ", static_cast<int>(status));
}

} // namespace

Module::~Module() {
  if (module)
    Driver::get().moduleUnload(module);
}

void Module::load(const std::string &path,
                  const std::vector<std::string> &kernels) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> image((std::istreambuf_iterator<char>(file)),
                          std::istreambuf_iterator<char>());
  if (!file || image.empty())
    fail(TPRT_BAD_ARTIFACT, path, ": cannot read the GPU kernels");
  check(cudaFree(nullptr), "starting the GPU"); // makes its context current

  const Driver &driver = Driver::get();
  char log[4096] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  CUresult status =
      driver.moduleLoadDataEx(&module, image.data(), 2, options, values);
  if (status != CUDA_SUCCESS)
    fail(status == CUDA_ERROR_NO_BINARY_FOR_GPU ? TPRT_UNSUPPORTED
                                                : TPRT_BAD_ARTIFACT,
         path, ": ", describe(status), log[0] ? ": " : "", log);

  names = kernels;
  for (const std::string &name : names) {
    CUfunction function;
    status = driver.moduleGetFunction(&function, module, name.c_str());
    if (status != CUDA_SUCCESS)
      fail(TPRT_BAD_ARTIFACT, path, ": kernel '", name,
           "': ", describe(status));
    functions.push_back(function);
  }
  size_t bytes = 0;
  if (driver.moduleGetGlobal(&errorFlag, &bytes, module, "tprt_device_error") !=
      CUDA_SUCCESS)
    errorFlag = 0; // no kernel checks anything
  else if (bytes != sizeof(DeviceError))
    fail(TPRT_BAD_ARTIFACT, path, ": tprt_device_error has ", bytes,
         " bytes, need ", sizeof(DeviceError));
}

void Module::launch(cudaStream_t stream, int32_t kernel, const int64_t grid[3],
                    const int64_t block[3], void **args) {
  if (kernel < 0 || static_cast<size_t>(kernel) >= functions.size())
    fail(TPRT_BAD_ARTIFACT, "the program launches kernel ", kernel,
         "; the manifest names ", functions.size());
  const int64_t gridLimit[3] = {INT_MAX, 65535, 65535};
  const int64_t blockLimit[3] = {1024, 1024, 64};
  for (int d = 0; d < 3; ++d) {
    if (grid[d] == 0 || block[d] == 0)
      return; // an empty tensor
    if (grid[d] < 0 || grid[d] > gridLimit[d] || block[d] < 0 ||
        block[d] > blockLimit[d])
      fail(TPRT_UNSUPPORTED, "kernel '", names[kernel], "': grid ", grid[0],
           "x", grid[1], "x", grid[2], " of blocks ", block[0], "x", block[1],
           "x", block[2], " is beyond the GPU's limits");
  }
  CUresult status = Driver::get().launchKernel(
      functions[kernel], grid[0], grid[1], grid[2], block[0], block[1],
      block[2], /*sharedMemBytes=*/0, stream, args, nullptr);
  if (status != CUDA_SUCCESS)
    fail(TPRT_RUN_FAILED, "kernel '", names[kernel], "': ", describe(status));
}

void Module::clearError(cudaStream_t stream) {
  if (errorFlag)
    check(cudaMemsetAsync(reinterpret_cast<void *>(errorFlag), 0,
                          sizeof(DeviceError), stream),
          "clearing the error flag");
}

void Module::readError(cudaStream_t stream, DeviceError &error) {
  if (errorFlag)
    check(cudaMemcpyAsync(&error, reinterpret_cast<void *>(errorFlag),
                          sizeof(DeviceError), cudaMemcpyDeviceToHost, stream),
          "reading the error flag");
}
