//===- Backend.cpp - The CUDA backend ---------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rank r computes on GPU r modulo the number of GPUs. Collectives are NCCL's
// when every rank has a GPU of its own and NCCL is there, else `peer`'s;
// TPRT_CUDA_COMM=nccl or =peer overrules.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Device.h"
#include "PeerCommunicator.h"
#ifdef TPRT_NCCL
#include "NcclCommunicator.h"
#endif
#include <cstdlib>
#include <mutex>
#include <set>

using namespace tprt;
using namespace tprt::cuda;

namespace {

class CudaBackend : public Backend {
public:
  CudaBackend() {
    check(cudaGetDeviceCount(&gpus), "looking for GPUs");
    if (gpus == 0)
      fail(TPRT_UNSUPPORTED, "cuda: this machine has no GPU");
  }

  const char *name() const override { return "cuda"; }
  std::unique_ptr<Device> createDevice(const DeviceOptions &options) override;
  std::vector<std::unique_ptr<Communicator>>
  createWorld(int size, const WorldOptions &options) override;

private:
  bool useNccl(int size) const;
  /// Decides, once, where ranks compute and how they talk. On any thread.
  void plan(int size, double timeoutSeconds);

  int gpus = 0;
  std::mutex mutex; ///< guards what follows until plan() has returned
  bool nccl = false;
  std::vector<std::shared_ptr<CudaStream>> streams;
};

bool CudaBackend::useNccl(int size) const {
  const char *choice = std::getenv("TPRT_CUDA_COMM");
  std::string wanted = choice ? choice : "";
  if (!wanted.empty() && wanted != "nccl" && wanted != "peer")
    fail(TPRT_INVALID_ARGUMENT, "TPRT_CUDA_COMM is '", wanted,
         "'; it can be nccl or peer");
  if (wanted == "peer" || (wanted.empty() && (size == 1 || size > gpus)))
    return false;
  std::string reason;
#ifdef TPRT_NCCL
  if (ncclAvailable(reason)) {
    if (size > gpus)
      fail(TPRT_UNSUPPORTED, "TPRT_CUDA_COMM=nccl needs a GPU per rank: ", size,
           " ranks, ", gpus, " GPUs");
    return true;
  }
#else
  reason = "this runtime was built without it";
#endif
  if (wanted == "nccl")
    fail(TPRT_UNSUPPORTED, "TPRT_CUDA_COMM=nccl: ", reason);
  return false;
}

void CudaBackend::plan(int size, double timeoutSeconds) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!streams.empty())
    return;
  nccl = useNccl(size);
  for (int rank = 0; rank < size; ++rank)
    streams.push_back(
        std::make_shared<CudaStream>(rank, rank % gpus, timeoutSeconds));
}

std::unique_ptr<Device>
CudaBackend::createDevice(const DeviceOptions &options) {
  plan(options.ranks, options.timeoutSeconds);
  std::set<int> peers; // GPUs whose memory this rank's kernels read
  for (const std::shared_ptr<CudaStream> &stream : streams)
    if (!nccl)
      peers.insert(stream->gpu());
  const std::shared_ptr<CudaStream> &stream = streams.at(options.rank);
  stream->open(peers);
  return std::make_unique<CudaDevice>(options, stream);
}

std::vector<std::unique_ptr<Communicator>>
CudaBackend::createWorld(int size, const WorldOptions &options) {
  plan(size, options.timeoutSeconds);
#ifdef TPRT_NCCL
  if (nccl)
    return createNcclWorld(streams, options);
#endif
  return createPeerWorld({streams.begin(), streams.end()}, options);
}

} // namespace

extern "C" int32_t tprt_backend_version() { return TPRT_BACKEND_VERSION; }

extern "C" Backend *tprt_backend_create() { return new CudaBackend(); }
