//===- NcclLibrary.cpp - NCCL, loaded at run time ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NcclLibrary.h"
#include "tprt/error.h"
#include <dlfcn.h>

using namespace tprt;
using namespace tprt::cuda;

namespace {

// Communicators that do not block, and their abort.
constexpr int kOldestVersion = NCCL_VERSION(2, 14, 0);

struct Loaded {
  NcclLibrary library = {};
  std::string problem;

  Loaded() {
    void *handle = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      const char *error = dlerror();
      problem = error ? error : "libnccl.so.2 cannot be loaded";
      return;
    }
    find(handle, "ncclGetVersion", library.getVersion);
    find(handle, "ncclGetUniqueId", library.getUniqueId);
    find(handle, "ncclCommInitRankConfig", library.commInitRankConfig);
    find(handle, "ncclCommGetAsyncError", library.commGetAsyncError);
    find(handle, "ncclCommAbort", library.commAbort);
    find(handle, "ncclGetErrorString", library.getErrorString);
    find(handle, "ncclGroupStart", library.groupStart);
    find(handle, "ncclGroupEnd", library.groupEnd);
    find(handle, "ncclAllReduce", library.allReduce);
    find(handle, "ncclAllGather", library.allGather);
    find(handle, "ncclReduceScatter", library.reduceScatter);
    find(handle, "ncclReduce", library.reduce);
    find(handle, "ncclBroadcast", library.broadcast);
    find(handle, "ncclSend", library.send);
    find(handle, "ncclRecv", library.receive);
    int version = 0;
    if (problem.empty() && (library.getVersion(&version) != ncclSuccess ||
                            version < kOldestVersion))
      problem = concat("libnccl.so.2 has version ", version, ", need ",
                       kOldestVersion, " or newer");
  }

private:
  template <typename F> void find(void *handle, const char *name, F &function) {
    function = reinterpret_cast<F>(dlsym(handle, name));
    if (!function && problem.empty())
      problem = concat("libnccl.so.2 has no ", name);
  }
};

} // namespace

const NcclLibrary *NcclLibrary::get(std::string &reason) {
  static const Loaded loaded;
  reason = loaded.problem;
  return reason.empty() ? &loaded.library : nullptr;
}
