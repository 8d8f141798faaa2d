//===- PeerCommunicator.cpp - Collectives through shared GPU memory -*- C++
//-*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PeerCommunicator.h"
#include "Rendezvous.h"
#include "comm/Barrier.h"
#include "core/Dtype.h"
#include "tprt/error.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>

using namespace tprt;
using namespace tprt::cuda;

namespace {

/// What a member shows the others of one operation.
struct Announcement {
  const char *operation = nullptr;
  int64_t count = 0; ///< that all members must agree on
  int32_t dtype = 0;
  const void *staged = nullptr;
  StreamEvent *ready = nullptr;        ///< `staged` is filled
  const int64_t *sendCounts = nullptr; ///< of an all-to-all
};

/// One of a member's two staging buffers.
struct Staging {
  void *data = nullptr;
  size_t bytes = 0;
  std::vector<void *> outgrown; ///< others may still be reading them
  std::unique_ptr<StreamEvent> ready;
};

/// The members' meeting place. It owns what members read of each other, so that
/// one may leave while others still read; it ends when all have left and their
/// streams have finished.
struct Group {
  Group(std::vector<int> ranks, bool oversubscribed)
      : worldRanks(std::move(ranks)),
        barrier(static_cast<int>(worldRanks.size()), oversubscribed),
        announced(worldRanks.size()), staging(worldRanks.size()) {}

  ~Group() {
    for (size_t m = 0; m < staging.size(); ++m)
      for (Staging &slot : staging[m]) {
        for (void *memory : slot.outgrown)
          streams[m]->deallocate(memory);
        if (slot.data)
          streams[m]->deallocate(slot.data);
      }
  }

  std::vector<int> worldRanks;
  std::vector<std::shared_ptr<Stream>> streams; ///< by member
  size_t joined = 0;                            ///< members that hold it
  Barrier barrier;
  /// By member and parity of the operation's number: a member overwrites an
  /// entry only after all have arrived at the operation in between.
  std::vector<std::array<Announcement, 2>> announced;
  std::vector<std::array<Staging, 2>> staging; ///< used by its member only
};

/// What all ranks share.
class World {
public:
  World(std::vector<std::shared_ptr<Stream>> streams,
        const WorldOptions &options)
      : streams(std::move(streams)), options(options) {}

  std::shared_ptr<Group> createGroup(const std::vector<int> &worldRanks) {
    bool oversubscribed = static_cast<int>(streams.size()) > availableCores();
    auto group = std::make_shared<Group>(worldRanks, oversubscribed);
    for (int rank : worldRanks)
      group->streams.push_back(streams[rank]);
    groups.push_back(group);
    return group;
  }

  std::shared_ptr<Group> join(int key, const std::vector<int> &worldRanks,
                              int member) {
    std::lock_guard<std::mutex> lock(mutex);
    return forming.join(key, worldRanks, member,
                        [&] { return createGroup(worldRanks); });
  }

  void abort(const std::string &reason) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!aborted.load()) {
      abortReason = reason;
      aborted.store(true);
    }
    for (const std::weak_ptr<Group> &entry : groups)
      if (std::shared_ptr<Group> group = entry.lock())
        group->barrier.wakeAll();
  }

  void checkAborted() {
    if (!aborted.load(std::memory_order_acquire))
      return;
    std::lock_guard<std::mutex> lock(mutex);
    fail(TPRT_ABORTED, abortReason);
  }

  /// Waits until all members have arrived.
  void meet(Group &group, int self) {
    auto start = std::chrono::steady_clock::now();
    group.barrier.wait(self, [&] {
      checkAborted();
      std::chrono::duration<double> waited =
          std::chrono::steady_clock::now() - start;
      if (waited.count() > options.timeoutSeconds)
        stalled(group);
    });
  }

  std::vector<std::shared_ptr<Stream>> streams;

private:
  [[noreturn]] void stalled(const Group &group);

  WorldOptions options;
  std::mutex mutex;
  std::atomic<bool> aborted{false};
  std::string abortReason;
  std::vector<std::weak_ptr<Group>> groups;
  Rendezvous<std::shared_ptr<Group>> forming;
};

void World::stalled(const Group &group) {
  std::string missing;
  for (size_t m = 0; m < group.worldRanks.size(); ++m) {
    if (group.barrier.hasArrived(static_cast<int>(m)))
      continue;
    int rank = group.worldRanks[m];
    missing += concat(missing.empty() ? "" : ", ", "rank ", rank);
    std::string what = options.describe ? options.describe(rank) : "";
    if (!what.empty())
      missing += " (in " + what + ")";
  }
  fail(TPRT_STALLED, "peer: no sign of ", missing, " within ",
       options.timeoutSeconds, " s");
}

class PeerCommunicator : public Communicator {
public:
  PeerCommunicator(std::shared_ptr<World> world, std::shared_ptr<Group> group,
                   int self)
      : world(std::move(world)), shared(std::move(group)), self(self),
        stream(shared->streams[self]) {}

  ~PeerCommunicator() override {
    try {
      stream->synchronize();
    } catch (const Error &) {
      // Reported where it happened; the memory is freed all the same.
    }
  }

  const char *backend() const override { return "peer"; }
  int rank() const override { return self; }
  int size() const override {
    return static_cast<int>(shared->worldRanks.size());
  }

  std::unique_ptr<Communicator> group(int key,
                                      const std::vector<int> &members) override;
  void allReduce(const void *in, void *out, int64_t count, tprt_dtype dtype,
                 tprt_reduction reduction) override;
  void allGather(const void *in, void *out, int64_t outer,
                 const int64_t *pieces, tprt_dtype dtype) override;
  void reduceScatter(const void *in, void *out, int64_t outer,
                     const int64_t *pieces, tprt_dtype dtype,
                     tprt_reduction reduction) override;
  void allToAll(const void *in, const int64_t *sendCounts, void *out,
                const int64_t *receiveCounts, tprt_dtype dtype) override;
  void broadcast(const void *in, void *out, int64_t count, tprt_dtype dtype,
                 int root) override;
  void shift(const void *in, void *out, int64_t count, tprt_dtype dtype,
             int shift) override;
  void barrier() override;
  void abort(const std::string &reason) override { world->abort(reason); }

private:
  /// Puts `count` elements of `in` (none when null) where the others can read
  /// them and waits until all members did the same. `agreed` is a number
  /// that must be the same on all members.
  void exchange(const char *operation, const void *in, int64_t count,
                tprt_dtype dtype, int64_t agreed,
                const int64_t *sendCounts = nullptr);
  /// Member m's input of the operation under way.
  const Announcement &from(int m) const {
    return shared->announced[m][number & 1];
  }
  /// My staging buffer of the operation under way.
  Staging &mine() { return shared->staging[self][number & 1]; }
  /// Enqueues a copy of member m's staged elements from `offset` to `out`.
  void fetch(int m, int64_t offset, void *out, int64_t count, tprt_dtype dtype);
  /// out [rows, columns] = reduction over the members' staged elements at
  /// `offset` + row * rowStride + column.
  void reduceStaged(int64_t offset, int64_t rowStride, int64_t rows,
                    int64_t columns, void *out, tprt_dtype dtype,
                    tprt_reduction reduction);
  Staging &prepare(size_t bytes);

  std::shared_ptr<World> world;
  std::shared_ptr<Group> shared;
  int self;
  std::shared_ptr<Stream> stream;
  uint64_t number = 0;          ///< of the operation under way, from 1
  std::vector<int64_t> sent[2]; ///< counts of all-to-all, by parity
};

/// The staging buffer of the operation under way, free to be written by work
/// enqueued from now on.
Staging &PeerCommunicator::prepare(size_t bytes) {
  Staging &slot = mine();
  if (!slot.ready) {
    slot.ready = stream->createEvent();
  }
  if (bytes > slot.bytes) {
    // Others may still be reading the old one: it is kept. Doubling bounds what
    // is kept by the size of the last.
    if (slot.data)
      slot.outgrown.push_back(slot.data);
    slot.data = nullptr;
    bytes = std::max(bytes, slot.bytes * 2);
    slot.data = stream->allocate(bytes);
    slot.bytes = bytes;
  }
  return slot;
}

void PeerCommunicator::exchange(const char *operation, const void *in,
                                int64_t count, tprt_dtype dtype, int64_t agreed,
                                const int64_t *sendCounts) {
  world->checkAborted();
  ++number;
  size_t bytes = in ? count * dtypeSize(dtype) : 0;
  Staging &slot = prepare(bytes);
  if (bytes > 0) {
    CopyArgs copy{in, slot.data, {}};
    copy.space.append(static_cast<int64_t>(bytes), {1, 1});
    stream->copy(copy, 1);
  }
  stream->record(*slot.ready);
  shared->announced[self][number & 1] = {
      operation, agreed, dtype, slot.data, slot.ready.get(), sendCounts};
  world->meet(*shared, self);
  for (int m = 0; m < size(); ++m) {
    const Announcement &other = from(m);
    if (std::string(other.operation) != operation || other.count != agreed ||
        other.dtype != dtype)
      fail(TPRT_INTERNAL, "peer: ranks disagree: rank ",
           shared->worldRanks[self], " calls ", operation, " of ", agreed, " ",
           dtypeName(dtype), ", rank ", shared->worldRanks[m], " ",
           other.operation, " of ", other.count, " ", dtypeName(other.dtype));
    if (m != self)
      stream->waitFor(*other.ready);
  }
}

void PeerCommunicator::fetch(int m, int64_t offset, void *out, int64_t count,
                             tprt_dtype dtype) {
  size_t element = dtypeSize(dtype);
  CopyArgs copy{
      static_cast<const char *>(from(m).staged) + offset * element, out, {}};
  copy.space.append(count, {1, 1});
  if (count > 0)
    stream->copy(copy, element);
}

void PeerCommunicator::reduceStaged(int64_t offset, int64_t rowStride,
                                    int64_t rows, int64_t columns, void *out,
                                    tprt_dtype dtype,
                                    tprt_reduction reduction) {
  ReduceArgs args{};
  args.numMembers = size();
  for (int m = 0; m < size(); ++m)
    args.members[m] = static_cast<const char *>(from(m).staged) +
                      offset * static_cast<int64_t>(dtypeSize(dtype));
  args.reduction = reduction;
  args.out = out;
  args.space.append(rows, {rowStride, columns});
  args.space.append(columns, {1, 1});
  if (args.space.count > 0)
    stream->reduce(args, dtype);
}

void PeerCommunicator::allReduce(const void *in, void *out, int64_t count,
                                 tprt_dtype dtype, tprt_reduction reduction) {
  exchange("all_reduce", in, count, dtype, count);
  reduceStaged(0, count, 1, count, out, dtype, reduction);
}

void PeerCommunicator::allGather(const void *in, void *out, int64_t outer,
                                 const int64_t *pieces, tprt_dtype dtype) {
  int64_t total = 0;
  for (int m = 0; m < size(); ++m)
    total += pieces[m];
  exchange("all_gather", in, outer * pieces[self], dtype, outer * total);
  int64_t start = 0;
  for (int m = 0; m < size(); ++m) {
    CopyArgs copy{from(m).staged,
                  static_cast<char *>(out) +
                      start * static_cast<int64_t>(dtypeSize(dtype)),
                  {}};
    copy.space.append(outer, {pieces[m], total});
    copy.space.append(pieces[m], {1, 1});
    if (copy.space.count > 0)
      stream->copy(copy, dtypeSize(dtype));
    start += pieces[m];
  }
}

void PeerCommunicator::reduceScatter(const void *in, void *out, int64_t outer,
                                     const int64_t *pieces, tprt_dtype dtype,
                                     tprt_reduction reduction) {
  int64_t total = 0, start = 0;
  for (int m = 0; m < size(); ++m) {
    start += m < self ? pieces[m] : 0;
    total += pieces[m];
  }
  exchange("reduce_scatter", in, outer * total, dtype, outer * total);
  reduceStaged(start, total, outer, pieces[self], out, dtype, reduction);
}

void PeerCommunicator::allToAll(const void *in, const int64_t *sendCounts,
                                void *out, const int64_t *receiveCounts,
                                tprt_dtype dtype) {
  // Where my block starts in another's input depends on what it sends to those
  // before me: members announce their counts.
  std::vector<int64_t> &counts = sent[(number + 1) & 1];
  counts.assign(sendCounts, sendCounts + size());
  int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t(0));
  exchange("all_to_all", in, total, dtype, 0, counts.data());
  int64_t to = 0;
  for (int m = 0; m < size(); ++m) {
    const int64_t *blocks = from(m).sendCounts;
    if (blocks[self] != receiveCounts[m])
      fail(TPRT_INTERNAL, "peer: ranks disagree: rank ",
           shared->worldRanks[self], " expects ", receiveCounts[m],
           " elements of rank ", shared->worldRanks[m], ", which sends ",
           blocks[self]);
    fetch(m, std::accumulate(blocks, blocks + self, int64_t(0)),
          static_cast<char *>(out) +
              to * static_cast<int64_t>(dtypeSize(dtype)),
          receiveCounts[m], dtype);
    to += receiveCounts[m];
  }
}

void PeerCommunicator::broadcast(const void *in, void *out, int64_t count,
                                 tprt_dtype dtype, int root) {
  exchange("broadcast", self == root ? in : nullptr, count, dtype, count);
  fetch(root, 0, out, count, dtype);
}

void PeerCommunicator::shift(const void *in, void *out, int64_t count,
                             tprt_dtype dtype, int shift) {
  exchange("shift", in, count, dtype, count);
  fetch(((self - shift) % size() + size()) % size(), 0, out, count, dtype);
}

void PeerCommunicator::barrier() {
  stream->synchronize();
  exchange("barrier", nullptr, 0, TPRT_U8, 0);
}

std::unique_ptr<Communicator>
PeerCommunicator::group(int key, const std::vector<int> &members) {
  std::vector<int> worldRanks;
  int index = -1;
  for (int member : members) {
    if (member < 0 || member >= size())
      fail(TPRT_BAD_ARTIFACT, "peer: a group has member ", member,
           "; there are ", size(), " ranks");
    if (member == self)
      index = static_cast<int>(worldRanks.size());
    worldRanks.push_back(shared->worldRanks[member]);
  }
  if (index < 0)
    fail(TPRT_BAD_ARTIFACT, "peer: rank ", self, " joins a group without it");
  return std::make_unique<PeerCommunicator>(
      world, world->join(key, worldRanks, index), index);
}

} // namespace

std::vector<std::unique_ptr<Communicator>>
tprt::cuda::createPeerWorld(const std::vector<std::shared_ptr<Stream>> &streams,
                            const WorldOptions &options) {
  int size = static_cast<int>(streams.size());
  if (size > kMaxPeers)
    fail(TPRT_UNSUPPORTED, "peer: ", size, " ranks in one process; at most ",
         kMaxPeers);
  auto world = std::make_shared<World>(streams, options);
  std::vector<int> ranks(size);
  std::iota(ranks.begin(), ranks.end(), 0);
  std::shared_ptr<Group> all = world->createGroup(ranks);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank : ranks)
    communicators.push_back(
        std::make_unique<PeerCommunicator>(world, all, rank));
  return communicators;
}
