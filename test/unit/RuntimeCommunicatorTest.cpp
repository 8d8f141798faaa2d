//===- RuntimeCommunicatorTest.cpp - Collectives among threads ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommunicatorConformance.h"
#include "CudaEmulatedStream.h"

#include "cuda/PeerCommunicator.h"

using namespace test;

static const WorldFactory local{"local", tprt::createLocalWorld};

INSTANTIATE_TEST_SUITE_P(Local, CommunicatorConformance,
                         testing::Combine(testing::Values(local), testing::Values(1, 2, 3, 4, 8)),
                         [](const testing::TestParamInfo<CommunicatorConformance::ParamType> &info) {
                           return "Of" + std::to_string(std::get<1>(info.param));
                         });

// The CUDA peer communicator, with emulated streams instead of a GPU's.
static std::vector<std::shared_ptr<EmulatedStream>> peerStreams;
static thread_local EmulatedStream *myStream = nullptr;

static WorldFactory peerFactory() {
  WorldFactory factory;
  factory.name = "peer";
  factory.create = [](int size, const tprt::WorldOptions &options) {
    peerStreams.clear();
    for (int r = 0; r < size; ++r)
      peerStreams.push_back(std::make_shared<EmulatedStream>(r));
    return tprt::cuda::createPeerWorld({peerStreams.begin(), peerStreams.end()}, options);
  };
  factory.enter = [](int rank) { myStream = peerStreams[rank].get(); };
  factory.leave = [](int) { myStream->synchronize(); };
  auto copyBack = factory.download;
  factory.download = [copyBack](void *memory, void *data, size_t bytes) {
    myStream->synchronize();
    copyBack(memory, data, bytes);
  };
  return factory;
}

INSTANTIATE_TEST_SUITE_P(Peer, CommunicatorConformance,
                         testing::Combine(testing::Values(peerFactory()), testing::Values(1, 2, 3, 4, 8)),
                         [](const testing::TestParamInfo<CommunicatorConformance::ParamType> &info) {
                           return "Of" + std::to_string(std::get<1>(info.param));
                         });
