//===- Communicator.cpp - What all communicators do alike -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tprt/communicator.h"

#include "tprt/error.h"

using namespace tprt;

void Communicator::permute(const void *in, int64_t inCount, void *out, int64_t outCount, const int64_t *sources,
                           tprt_dtype dtype) {
  int members = size(), taken = 0;
  std::vector<int64_t> sent(members, 0), received(members, 0);
  for (int member = 0; member < members; ++member)
    if (sources[member] == rank()) {
      sent[member] = inCount;
      ++taken;
    }
  int64_t from = sources[rank()];
  if (taken != 1 || from < 0 || from >= members)
    fail(TPRT_INVALID_ARGUMENT, "permute: the members' sources are no permutation of the group");
  received[from] = outCount;
  allToAll(in, sent.data(), out, received.data(), dtype);
}
