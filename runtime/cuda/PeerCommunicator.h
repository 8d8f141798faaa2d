//===- PeerCommunicator.h - Collectives through memory that all GPUs can read
//-*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranks are threads of one process; several may share one GPU, and the others
// reach each other's memory by peer access. All operations are one-shot: a rank
// copies its input to its staging buffer, meets the others at a host barrier,
// makes its stream wait for their copies, and one kernel (or copies) computes
// its own result from all staging buffers, in group order. So every member gets
// the same bits, in every run.
//
// A member has two staging buffers, used in turn, and one barrier and one event
// per operation are enough. When operation k + 2 fills a buffer again, all reads
// of it in operation k have ended: this stream has waited, in operation k + 1,
// for an event that every member recorded after its reads of operation k.
//
// The host barrier orders the *recording* of events; the events order the work
// on the GPUs. Nothing spins on a GPU, so ranks that share one cannot deadlock.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_PEERCOMMUNICATOR_H
#define TPRT_CUDA_PEERCOMMUNICATOR_H

#include "Stream.h"
#include "tprt/communicator.h"

namespace tprt::cuda {

/// The communicators of all ranks, by rank. `streams[r]` must be usable by the
/// time rank r makes its first call. At most kMaxPeers ranks.
std::vector<std::unique_ptr<Communicator>>
createPeerWorld(const std::vector<std::shared_ptr<Stream>> &streams,
                const WorldOptions &options);

} // namespace tprt::cuda

#endif // TPRT_CUDA_PEERCOMMUNICATOR_H
