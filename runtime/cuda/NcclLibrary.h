//===- NcclLibrary.h - NCCL, loaded at run time -----------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_NCCLLIBRARY_H
#define TPRT_CUDA_NCCLLIBRARY_H

#include <nccl.h>
#include <string>

namespace tprt::cuda {

/// The functions of libnccl.so.2 used here. The library is opened when first
/// asked for, so that one GPU, or ranks that share one, need no NCCL.
struct NcclLibrary {
  decltype(&ncclGetVersion) getVersion;
  decltype(&ncclGetUniqueId) getUniqueId;
  decltype(&ncclCommInitRankConfig) commInitRankConfig;
  decltype(&ncclCommGetAsyncError) commGetAsyncError;
  decltype(&ncclCommAbort) commAbort;
  decltype(&ncclGetErrorString) getErrorString;
  decltype(&ncclGroupStart) groupStart;
  decltype(&ncclGroupEnd) groupEnd;
  decltype(&ncclAllReduce) allReduce;
  decltype(&ncclAllGather) allGather;
  decltype(&ncclReduceScatter) reduceScatter;
  decltype(&ncclReduce) reduce;
  decltype(&ncclBroadcast) broadcast;
  decltype(&ncclSend) send;
  decltype(&ncclRecv) receive;

  /// Null with the reason when it cannot be loaded or is too old.
  static const NcclLibrary *get(std::string &reason);
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_NCCLLIBRARY_H
