//===- Local.cpp - Collectives among threads ------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranks that are threads of one process read each other's buffers directly.
//
//===----------------------------------------------------------------------===//

#include "comm/Barrier.h"
#include "comm/Reduce.h"
#include "core/Dtype.h"

#include "tprt/communicator.h"
#include "tprt/error.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>

using namespace tprt;

namespace {

// Messages up to this size are copied into shared staging memory: one barrier
// per call instead of two or three, which is what a decode step waits for.
constexpr size_t stagingBytes = 32 * 1024;
// Slices of a reduction end on cache lines.
constexpr int64_t sliceElements = 64;

enum class Call : int { AllReduce, AllGather, ReduceScatter, AllToAll, Broadcast, Shift, Barrier };
const char *const callNames[] = {"all-reduce", "all-gather", "reduce-scatter", "all-to-all",
                                 "broadcast",  "shift",      "barrier"};

// What a member announces before the first barrier of a call.
struct Post {
  Call call;
  int64_t count;
  int32_t dtype, detail; // detail: reduction, root, shift
  const void *in;
  void *out;
  const int64_t *sendCounts;
};

struct Group;

struct World {
  WorldOptions options;
  bool oversubscribed = false;
  std::atomic<bool> aborted{false};
  std::mutex mutex; // guards what follows
  std::string reason;
  std::map<std::pair<int, std::vector<int>>, std::weak_ptr<Group>> groups;

  void abort(const std::string &why);
  std::shared_ptr<Group> group(int key, const std::vector<int> &members, const std::shared_ptr<World> &self);
};

// Shared by the members of one group. Posts and staging are double-buffered by
// the call's parity: a member overwrites those of call k in call k + 2, after a
// barrier of call k + 1, at which everyone has finished call k.
struct Group {
  Group(std::shared_ptr<World> world, std::vector<int> members)
      : world(std::move(world)), members(std::move(members)), size(static_cast<int>(this->members.size())),
        barrier(size, this->world->oversubscribed) {
    for (int parity : {0, 1}) {
      posts[parity].resize(size);
      staging[parity].reset(new char[size * stagingBytes]);
    }
  }

  std::shared_ptr<World> world;
  std::vector<int> members; // world ranks
  int size;
  Barrier barrier;
  struct alignas(64) PaddedPost {
    Post post;
  };
  std::vector<PaddedPost> posts[2];
  std::unique_ptr<char[]> staging[2];
};

void World::abort(const std::string &why) {
  std::vector<std::shared_ptr<Group>> all;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (aborted.load())
      return;
    reason = why;
    aborted.store(true);
    for (auto &entry : groups)
      if (std::shared_ptr<Group> group = entry.second.lock())
        all.push_back(std::move(group));
  }
  for (std::shared_ptr<Group> &group : all)
    group->barrier.wakeAll();
}

std::shared_ptr<Group> World::group(int key, const std::vector<int> &members, const std::shared_ptr<World> &self) {
  std::lock_guard<std::mutex> lock(mutex);
  std::weak_ptr<Group> &slot = groups[{key, members}];
  std::shared_ptr<Group> group = slot.lock();
  if (!group) {
    group = std::make_shared<Group>(self, members);
    slot = group;
  }
  return group;
}

class LocalCommunicator : public Communicator {
public:
  LocalCommunicator(std::shared_ptr<Group> group, int member)
      : shared(std::move(group)), world(*shared->world), me(member) {}

  const char *backend() const override { return "local"; }
  int rank() const override { return me; }
  int size() const override { return shared->size; }

  std::unique_ptr<Communicator> group(int key, const std::vector<int> &members) override;
  void allReduce(const void *in, void *out, int64_t count, tprt_dtype dtype, tprt_reduction reduction) override;
  void allGather(const void *in, void *out, int64_t outer, const int64_t *pieces, tprt_dtype dtype) override;
  void reduceScatter(const void *in, void *out, int64_t outer, const int64_t *pieces, tprt_dtype dtype,
                     tprt_reduction reduction) override;
  void allToAll(const void *in, const int64_t *sendCounts, void *out, const int64_t *receiveCounts,
                tprt_dtype dtype) override;
  void broadcast(const void *in, void *out, int64_t count, tprt_dtype dtype, int root) override;
  void shift(const void *in, void *out, int64_t count, tprt_dtype dtype, int shift) override;
  void barrier() override { begin({Call::Barrier, 0, 0, 0, nullptr, nullptr, nullptr}); }
  void abort(const std::string &reason) override { world.abort(reason); }

private:
  // Announces the call and waits until all members have, and agree.
  void begin(const Post &post);
  void sync(Call call);
  void checkWait(Call call, std::chrono::steady_clock::time_point start) const;
  void allReduceLarge(const void *in, void *out, int64_t count, tprt_dtype dtype, tprt_reduction reduction);

  const Post &post(int member) const { return shared->posts[parity][member].post; }
  char *stage(int member) const { return shared->staging[parity].get() + member * stagingBytes; }

  std::shared_ptr<Group> shared;
  World &world;
  int me;
  int parity = 0;
  std::vector<const void *> sources; // reused
};

void LocalCommunicator::checkWait(Call call, std::chrono::steady_clock::time_point start) const {
  if (world.aborted.load()) {
    std::lock_guard<std::mutex> lock(world.mutex);
    fail(TPRT_ABORTED, world.reason);
  }
  std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
  if (waited.count() < world.options.timeoutSeconds)
    return;
  std::string missing;
  for (int i = 0; i < shared->size; ++i) {
    if (shared->barrier.hasArrived(i))
      continue;
    int r = shared->members[i];
    missing += concat(missing.empty() ? "" : ", ", "rank ", r);
    std::string what = world.options.describe ? world.options.describe(r) : "";
    if (!what.empty())
      missing += " (in " + what + ")";
  }
  fail(TPRT_STALLED, callNames[static_cast<int>(call)], ": waited ", world.options.timeoutSeconds, " s for ", missing,
       " (TPRT_TIMEOUT sets the limit)");
}

void LocalCommunicator::sync(Call call) {
  if (world.aborted.load(std::memory_order_relaxed))
    checkWait(call, std::chrono::steady_clock::now());
  if (shared->size == 1)
    return;
  auto start = std::chrono::steady_clock::now();
  shared->barrier.wait(me, [&] { checkWait(call, start); });
}

void LocalCommunicator::begin(const Post &mine) {
  parity ^= 1;
  shared->posts[parity][me].post = mine;
  sync(mine.call);
  for (int i = 0; i < shared->size; ++i) {
    const Post &other = post(i);
    if (other.call != mine.call || other.count != mine.count || other.dtype != mine.dtype ||
        other.detail != mine.detail)
      fail(TPRT_INTERNAL, "the ranks disagree: rank ", shared->members[me], " calls ",
           callNames[static_cast<int>(mine.call)], " of ", mine.count, " elements of type ", mine.dtype, ", rank ",
           shared->members[i], " calls ", callNames[static_cast<int>(other.call)], " of ", other.count,
           " elements of type ", other.dtype);
  }
}

std::unique_ptr<Communicator> LocalCommunicator::group(int key, const std::vector<int> &members) {
  std::vector<int> worldRanks;
  int position = -1;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i] < 0 || members[i] >= shared->size)
      fail(TPRT_INVALID_ARGUMENT, "member ", members[i], " is not in a group of ", shared->size);
    if (members[i] == me)
      position = static_cast<int>(i);
    worldRanks.push_back(shared->members[members[i]]);
  }
  if (position < 0)
    fail(TPRT_INVALID_ARGUMENT, "rank ", shared->members[me], " is not a member of the group it asks for");
  return std::make_unique<LocalCommunicator>(world.group(key, worldRanks, shared->world), position);
}

void LocalCommunicator::allReduce(const void *in, void *out, int64_t count, tprt_dtype dtype,
                                  tprt_reduction reduction) {
  size_t bytes = count * dtypeSize(dtype);
  if (shared->size == 1) {
    sync(Call::AllReduce);
    if (bytes && in != out)
      std::memcpy(out, in, bytes);
    return;
  }
  if (bytes > stagingBytes)
    return allReduceLarge(in, out, count, dtype, reduction);
  if (bytes)
    std::memcpy(shared->staging[parity ^ 1].get() + me * stagingBytes, in, bytes);
  begin({Call::AllReduce, count, dtype, reduction, nullptr, nullptr, nullptr});
  sources.resize(shared->size);
  for (int i = 0; i < shared->size; ++i)
    sources[i] = stage(i);
  reduceInOrder(sources.data(), shared->size, out, count, dtype, reduction);
}

// Each member reduces one slice of everyone's input into its own output, then
// all collect the slices. In place is safe: slice i is touched by member i only
// until the second barrier.
void LocalCommunicator::allReduceLarge(const void *in, void *out, int64_t count, tprt_dtype dtype,
                                       tprt_reduction reduction) {
  begin({Call::AllReduce, count, dtype, reduction, in, out, nullptr});
  int64_t element = dtypeSize(dtype);
  int64_t blocks = (count + sliceElements - 1) / sliceElements;
  auto bound = [&](int64_t i) { return std::min(count, blocks * i / shared->size * sliceElements); };
  int64_t first = bound(me), last = bound(me + 1);
  sources.resize(shared->size);
  for (int i = 0; i < shared->size; ++i)
    sources[i] = static_cast<const char *>(post(i).in) + first * element;
  reduceInOrder(sources.data(), shared->size, static_cast<char *>(out) + first * element, last - first, dtype,
                reduction);
  sync(Call::AllReduce);
  for (int step = 1; step < shared->size; ++step) {
    int i = (me + step) % shared->size;
    int64_t offset = bound(i) * element, bytes = (bound(i + 1) - bound(i)) * element;
    if (bytes)
      std::memcpy(static_cast<char *>(out) + offset, static_cast<const char *>(post(i).out) + offset, bytes);
  }
  sync(Call::AllReduce);
}

void LocalCommunicator::allGather(const void *in, void *out, int64_t outer, const int64_t *pieces, tprt_dtype dtype) {
  int64_t element = dtypeSize(dtype), row = 0, largest = 0;
  for (int i = 0; i < shared->size; ++i) {
    row += pieces[i];
    largest = std::max(largest, pieces[i]);
  }
  bool staged = static_cast<size_t>(outer * largest * element) <= stagingBytes;
  int64_t mineBytes = outer * pieces[me] * element;
  if (staged && mineBytes)
    std::memcpy(shared->staging[parity ^ 1].get() + me * stagingBytes, in, mineBytes);
  begin({Call::AllGather, outer * row, dtype, 0, in, out, nullptr});
  int64_t offset = 0;
  for (int i = 0; i < shared->size; ++i) {
    const char *from = staged ? stage(i) : static_cast<const char *>(post(i).in);
    int64_t bytes = pieces[i] * element;
    for (int64_t o = 0; bytes && o < outer; ++o)
      std::memcpy(static_cast<char *>(out) + o * row * element + offset, from + o * bytes, bytes);
    offset += bytes;
  }
  if (!staged)
    sync(Call::AllGather);
}

void LocalCommunicator::reduceScatter(const void *in, void *out, int64_t outer, const int64_t *pieces, tprt_dtype dtype,
                                      tprt_reduction reduction) {
  int64_t element = dtypeSize(dtype), row = 0, begins = 0;
  for (int i = 0; i < shared->size; ++i) {
    if (i == me)
      begins = row;
    row += pieces[i];
  }
  begin({Call::ReduceScatter, outer * row, dtype, reduction, in, out, nullptr});
  sources.resize(shared->size);
  for (int64_t o = 0; o < outer && pieces[me]; ++o) {
    for (int i = 0; i < shared->size; ++i)
      sources[i] = static_cast<const char *>(post(i).in) + (o * row + begins) * element;
    reduceInOrder(sources.data(), shared->size, static_cast<char *>(out) + o * pieces[me] * element, pieces[me], dtype,
                  reduction);
  }
  sync(Call::ReduceScatter);
}

void LocalCommunicator::allToAll(const void *in, const int64_t *sendCounts, void *out, const int64_t *receiveCounts,
                                 tprt_dtype dtype) {
  int64_t element = dtypeSize(dtype);
  begin({Call::AllToAll, 0, dtype, 0, in, out, sendCounts});
  char *to = static_cast<char *>(out);
  for (int i = 0; i < shared->size; ++i) {
    const Post &other = post(i);
    int64_t offset = 0;
    for (int j = 0; j < me; ++j)
      offset += other.sendCounts[j];
    if (other.sendCounts[me] != receiveCounts[i])
      fail(TPRT_INTERNAL, "the ranks disagree: all-to-all: rank ", shared->members[i], " sends ", other.sendCounts[me],
           " elements, rank ", shared->members[me], " expects ", receiveCounts[i]);
    if (receiveCounts[i])
      std::memcpy(to, static_cast<const char *>(other.in) + offset * element, receiveCounts[i] * element);
    to += receiveCounts[i] * element;
  }
  sync(Call::AllToAll);
}

void LocalCommunicator::broadcast(const void *in, void *out, int64_t count, tprt_dtype dtype, int root) {
  if (root < 0 || root >= shared->size)
    fail(TPRT_INVALID_ARGUMENT, "broadcast root ", root, " is not in a group of ", shared->size);
  begin({Call::Broadcast, count, dtype, root, in, out, nullptr});
  const void *from = post(root).in;
  if (count && from != out)
    std::memcpy(out, from, count * dtypeSize(dtype));
  sync(Call::Broadcast);
}

void LocalCommunicator::shift(const void *in, void *out, int64_t count, tprt_dtype dtype, int distance) {
  begin({Call::Shift, count, dtype, distance, in, out, nullptr});
  int from = ((me - distance) % shared->size + shared->size) % shared->size;
  if (count)
    std::memcpy(out, post(from).in, count * dtypeSize(dtype));
  sync(Call::Shift);
}

} // namespace

std::vector<std::unique_ptr<Communicator>> tprt::createLocalWorld(int size, const WorldOptions &options) {
  auto world = std::make_shared<World>();
  world->options = options;
  world->oversubscribed = size > availableCores();
  std::vector<int> members;
  for (int i = 0; i < size; ++i)
    members.push_back(i);
  // Key -1: no group that a program names is confused with the whole world.
  std::shared_ptr<Group> group = world->group(-1, members, world);
  std::vector<std::unique_ptr<Communicator>> result;
  for (int i = 0; i < size; ++i)
    result.push_back(std::make_unique<LocalCommunicator>(group, i));
  return result;
}
