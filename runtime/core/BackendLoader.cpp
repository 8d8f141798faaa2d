//===- BackendLoader.cpp - Finding a target's backend ---------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/BackendLoader.h"

#include <dlfcn.h>
#include <filesystem>

using namespace tprt;

std::shared_ptr<Backend> tprt::loadBackend(const std::string &target) {
  if (target == "cpu")
    return createCpuBackend();
  std::string name = "libtprt_" + target + ".so";
  std::string reason;
  void *handle = nullptr;
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&tprt_op_copy), &info) && info.dli_fname) {
    std::string beside = (std::filesystem::path(info.dli_fname).parent_path() / name).string();
    handle = dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle)
      reason = dlerror();
  }
  if (!handle && !(handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)))
    fail(TPRT_UNSUPPORTED, "the artifact is for target '", target, "', and its backend ", name,
         " cannot be loaded: ", reason.empty() ? dlerror() : reason);
  auto version = reinterpret_cast<int32_t (*)()>(dlsym(handle, "tprt_backend_version"));
  auto create = reinterpret_cast<Backend *(*)()>(dlsym(handle, "tprt_backend_create"));
  if (!version || !create || version() != TPRT_BACKEND_VERSION)
    fail(TPRT_UNSUPPORTED, name, " is no backend of this version of the runtime");
  // Never closed: a backend's threads and atexit handlers may outlive us.
  return std::shared_ptr<Backend>(create());
}
