//===- communicator.h - Collectives among ranks -----------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a backend of collectives implements: `local` (threads), and with the
// same shape NCCL, MPI and CUDA peer memory. test/unit/CommunicatorConformance.h
// is the executable part of this contract: every backend runs it.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_COMMUNICATOR_H
#define TPRT_COMMUNICATOR_H

#include "tprt/abi.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tprt {

// One member's end of a group of ranks. Used by that rank's thread only, except
// for abort().
//
// Calls are collective: all members make the same calls in the same order with
// agreeing arguments; a backend that can see a disagreement throws.
//
// Buffers are where the backend's device computes (host memory for `local`) and
// contiguous. A device backend enqueues on the rank's stream and returns.
//
// A tensor cut along one dimension is described as [outer, pieces, inner]:
// `outer` is the product of the dimensions before it, `pieces[i]` the size of
// member i's piece times all dimensions after it, in elements. Pieces may be
// uneven and may be 0.
//
// Waiting is bounded: a call that waits longer than the time limit for a member
// throws Error(TPRT_STALLED) naming the members that did not arrive; after
// abort() every call that waits or is made throws Error(TPRT_ABORTED). Both
// leave the world unusable: the owner creates a new one.
class Communicator {
public:
  virtual ~Communicator() = default;

  // "local", "nccl", "mpi", "peer"
  virtual const char *backend() const = 0;
  virtual int rank() const = 0; // within this group
  virtual int size() const = 0;

  // The communicator of the sub-group `members` (ranks of this group, in
  // reduction and piece order), which must contain this rank. Collective among
  // the members; `key` tells groups with equal members apart and must be the
  // same on all of them.
  virtual std::unique_ptr<Communicator> group(int key, const std::vector<int> &members) = 0;

  // out = reduction over the members of `in`; `count` elements. `in == out` is
  // allowed. `local` reduces in group order: the same bits on every member and
  // in every run. f16 and bf16 accumulate in f32 and round once.
  virtual void allReduce(const void *in, void *out, int64_t count, tprt_dtype dtype, tprt_reduction reduction) = 0;

  // in [outer, pieces[rank]] -> out [outer, sum of pieces].
  virtual void allGather(const void *in, void *out, int64_t outer, const int64_t *pieces, tprt_dtype dtype) = 0;

  // in [outer, sum of pieces] -> out [outer, pieces[rank]], reduced.
  virtual void reduceScatter(const void *in, void *out, int64_t outer, const int64_t *pieces, tprt_dtype dtype,
                             tprt_reduction reduction) = 0;

  // Sends block i of `in` (sendCounts[i] elements, blocks back to back) to
  // member i; block i of `out` comes from member i.
  virtual void allToAll(const void *in, const int64_t *sendCounts, void *out, const int64_t *receiveCounts,
                        tprt_dtype dtype) = 0;

  // out = member root's `in`. `in` is read on the root only; `in == out` there
  // is allowed.
  virtual void broadcast(const void *in, void *out, int64_t count, tprt_dtype dtype, int root) = 0;

  // out = `in` of member sources[rank]; `sources` is a permutation of the
  // members, the same on all of them. The counts are in elements. Not in place.
  void permute(const void *in, int64_t inCount, void *out, int64_t outCount, const int64_t *sources,
               tprt_dtype dtype);

  // out = `in` of member (rank - shift) mod size. Not in place.
  virtual void shift(const void *in, void *out, int64_t count, tprt_dtype dtype, int shift) = 0;

  virtual void barrier() = 0;

  // Ends all waits of the whole world this group belongs to, now and later, on
  // every rank, with `reason`. From any thread; the first reason wins.
  virtual void abort(const std::string &reason) = 0;
};

struct WorldOptions {
  double timeoutSeconds = 60;
  // Optional: what rank r is doing, for the message about a stalled rank.
  std::function<std::string(int rank)> describe;
};

// The communicators of all `size` ranks of this process, by rank. Destroy them
// only when no rank uses any.
std::vector<std::unique_ptr<Communicator>> createLocalWorld(int size, const WorldOptions &options = {});

} // namespace tprt

#endif // TPRT_COMMUNICATOR_H
