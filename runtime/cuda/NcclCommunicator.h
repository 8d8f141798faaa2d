//===- NcclCommunicator.h - Collectives by NCCL -----------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_NCCLCOMMUNICATOR_H
#define TPRT_CUDA_NCCLCOMMUNICATOR_H

#include "CudaStream.h"
#include "tprt/communicator.h"

namespace tprt::cuda {

/// Whether NCCL can be used: built with its header, and the library loads.
/// Otherwise `reason` says why not.
bool ncclAvailable(std::string &reason);

/// The communicators of all ranks of this process, one GPU each, by rank. They
/// connect at their first call, which is collective.
std::vector<std::unique_ptr<Communicator>>
createNcclWorld(const std::vector<std::shared_ptr<CudaStream>> &streams,
                const WorldOptions &options);

} // namespace tprt::cuda

#endif // TPRT_CUDA_NCCLCOMMUNICATOR_H
