//===- NcclCommunicator.cpp - Collectives by NCCL ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Communicators are created non-blocking: every NCCL call returns, and what it
// started is polled for, with a time limit. abort() ends the communicators of
// all ranks from any thread; NCCL's kernels then leave the GPUs.
//
//===----------------------------------------------------------------------===//

#include "NcclCommunicator.h"
#include "NcclLibrary.h"
#include "Rendezvous.h"
#include "core/Dtype.h"
#include "tprt/error.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

using namespace tprt;
using namespace tprt::cuda;

namespace {

const NcclLibrary &nccl() {
  std::string reason;
  const NcclLibrary *library = NcclLibrary::get(reason);
  if (!library)
    fail(TPRT_UNSUPPORTED, "nccl: ", reason);
  return *library;
}

/// The element type for arithmetic.
ncclDataType_t arithmeticType(tprt_dtype dtype) {
  switch (dtype) {
  case TPRT_F32:
    return ncclFloat32;
  case TPRT_F16:
    return ncclFloat16;
  case TPRT_BF16:
    return ncclBfloat16;
  case TPRT_F64:
    return ncclFloat64;
  case TPRT_I8:
    return ncclInt8;
  case TPRT_U8:
  case TPRT_BOOL:
    return ncclUint8;
  case TPRT_I32:
    return ncclInt32;
  case TPRT_U32:
    return ncclUint32;
  case TPRT_I64:
    return ncclInt64;
  case TPRT_U64:
    return ncclUint64;
  default:
    fail(TPRT_UNSUPPORTED, "nccl: reduction over elements of type ",
         dtypeName(dtype) ? dtypeName(dtype) : "unknown");
  }
}

ncclRedOp_t reductionOf(tprt_reduction reduction) {
  return reduction == TPRT_SUM   ? ncclSum
         : reduction == TPRT_MAX ? ncclMax
                                 : ncclMin;
}

bool allEqual(const int64_t *pieces, int count) {
  return std::all_of(pieces, pieces + count,
                     [&](int64_t piece) { return piece == pieces[0]; });
}

class NcclCommunicator;

/// What all ranks share.
class NcclWorld {
public:
  NcclWorld(std::vector<std::shared_ptr<CudaStream>> streams,
            const WorldOptions &options)
      : streams(std::move(streams)), options(options) {}

  /// The id under which the members of a group find each other; the first of
  /// them makes it.
  ncclUniqueId join(int key, const std::vector<int> &worldRanks, int member);

  void abort(const std::string &reason);
  void checkAborted();
  [[noreturn]] void stalled(int worldRank, const char *what);
  double timeout() const { return options.timeoutSeconds; }

  std::vector<std::shared_ptr<CudaStream>> streams;
  std::mutex mutex; ///< guards what follows and `aborted` being set
  std::set<NcclCommunicator *> communicators;

private:
  WorldOptions options;
  std::atomic<bool> aborted{false};
  std::string abortReason;
  Rendezvous<ncclUniqueId> forming;
};

class NcclCommunicator : public Communicator {
public:
  NcclCommunicator(std::shared_ptr<NcclWorld> world, std::vector<int> ranks,
                   int self, int key)
      : world(std::move(world)), worldRanks(std::move(ranks)), self(self),
        key(key), queue(this->world->streams[worldRanks[self]]) {
    std::lock_guard<std::mutex> lock(this->world->mutex);
    this->world->communicators.insert(this);
  }

  ~NcclCommunicator() override {
    {
      std::lock_guard<std::mutex> lock(world->mutex);
      world->communicators.erase(this);
    }
    // Work has ended: abort frees everything without waiting for the others,
    // as ncclCommDestroy would.
    end();
    for (Scratch &buffer : scratchBuffers)
      if (buffer.data)
        queue->deallocate(buffer.data);
  }

  const char *backend() const override { return "nccl"; }
  int rank() const override { return self; }
  int size() const override { return static_cast<int>(worldRanks.size()); }

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

  /// Ends the NCCL communicator, if there is one; from any thread.
  void end() {
    std::lock_guard<std::mutex> lock(commMutex);
    if (comm)
      nccl().commAbort(comm);
    comm = nullptr;
  }

private:
  struct Scratch {
    void *data = nullptr;
    size_t bytes = 0;
  };

  /// Makes NCCL calls as one group and waits until NCCL has enqueued them.
  template <typename F> void call(const char *what, F calls);
  void connect();
  /// Polls until what was started is done. Holds no lock while it waits.
  void finish(const char *what);
  void checkNccl(ncclResult_t status, const char *what);
  void *scratch(int slot, size_t bytes);
  void copyRows(const void *from, int64_t fromStride, void *to,
                int64_t toStride, int64_t rows, int64_t columns,
                tprt_dtype dtype);

  std::shared_ptr<NcclWorld> world;
  std::vector<int> worldRanks;
  int self;
  int key;
  std::shared_ptr<CudaStream> queue;
  std::mutex commMutex; ///< held during each NCCL call; those do not block
  ncclComm_t comm = nullptr;
  bool connected = false;
  Scratch scratchBuffers[2];
};

ncclUniqueId NcclWorld::join(int key, const std::vector<int> &worldRanks,
                             int member) {
  std::lock_guard<std::mutex> lock(mutex);
  return forming.join(key, worldRanks, member, [] {
    ncclUniqueId id;
    ncclResult_t status = nccl().getUniqueId(&id);
    if (status != ncclSuccess)
      fail(TPRT_RUN_FAILED, "nccl: ", nccl().getErrorString(status));
    return id;
  });
}

void NcclWorld::abort(const std::string &reason) {
  std::set<NcclCommunicator *> toEnd;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (aborted.load())
      return;
    abortReason = reason;
    aborted.store(true);
    toEnd = communicators;
  }
  // Not under the lock: a rank that holds its communicator may be waiting for
  // it, to learn why it was aborted.
  for (NcclCommunicator *communicator : toEnd)
    communicator->end();
}

void NcclWorld::checkAborted() {
  if (!aborted.load(std::memory_order_acquire))
    return;
  std::lock_guard<std::mutex> lock(mutex);
  fail(TPRT_ABORTED, abortReason);
}

void NcclWorld::stalled(int worldRank, const char *what) {
  std::string others;
  for (size_t r = 0; r < streams.size() && options.describe; ++r)
    if (static_cast<int>(r) != worldRank)
      others += concat(others.empty() ? "" : ", ", "rank ", r, " is in ",
                       options.describe(static_cast<int>(r)));
  fail(TPRT_STALLED, "nccl: rank ", worldRank, ": ", what,
       " did not end within ", options.timeoutSeconds, " s",
       others.empty() ? "" : "; ", others);
}

void NcclCommunicator::checkNccl(ncclResult_t status, const char *what) {
  if (status == ncclSuccess || status == ncclInProgress)
    return;
  world->checkAborted(); // says more than NCCL would
  fail(TPRT_RUN_FAILED, "nccl: ", what, ": ", nccl().getErrorString(status));
}

void NcclCommunicator::finish(const char *what) {
  auto start = std::chrono::steady_clock::now();
  while (true) {
    world->checkAborted();
    ncclResult_t state = ncclSuccess;
    {
      std::lock_guard<std::mutex> lock(commMutex);
      if (!comm)
        fail(TPRT_ABORTED, "nccl: the communicator was aborted");
      checkNccl(nccl().commGetAsyncError(comm, &state), what);
    }
    if (state == ncclSuccess)
      return;
    checkNccl(state, what);
    std::chrono::duration<double> waited =
        std::chrono::steady_clock::now() - start;
    if (waited.count() > world->timeout())
      world->stalled(worldRanks[self], what);
    std::this_thread::yield();
  }
}

void NcclCommunicator::connect() {
  if (connected)
    return;
  ncclUniqueId id = world->join(key, worldRanks, self);
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  {
    std::lock_guard<std::mutex> lock(commMutex);
    world->checkAborted();
    checkNccl(nccl().commInitRankConfig(&comm, size(), id, self, &config),
              "connecting");
  }
  finish("connecting");
  connected = true;
}

template <typename F> void NcclCommunicator::call(const char *what, F calls) {
  world->checkAborted();
  connect();
  {
    std::lock_guard<std::mutex> lock(commMutex);
    if (!comm)
      fail(TPRT_ABORTED, "nccl: the communicator was aborted");
    checkNccl(nccl().groupStart(), what);
    ncclResult_t status = calls(comm);
    ncclResult_t ended = nccl().groupEnd();
    checkNccl(status, what);
    checkNccl(ended, what);
  }
  finish(what);
}

void *NcclCommunicator::scratch(int slot, size_t bytes) {
  Scratch &buffer = scratchBuffers[slot];
  if (bytes > buffer.bytes) {
    queue->synchronize("growing a collective's buffer");
    if (buffer.data)
      queue->deallocate(buffer.data);
    buffer = {};
    buffer.data = queue->allocate(bytes);
    buffer.bytes = bytes;
  }
  return buffer.data;
}

void NcclCommunicator::copyRows(const void *from, int64_t fromStride, void *to,
                                int64_t toStride, int64_t rows, int64_t columns,
                                tprt_dtype dtype) {
  CopyArgs copy{from, to, {}};
  copy.space.append(rows, {fromStride, toStride});
  copy.space.append(columns, {1, 1});
  if (copy.space.count > 0)
    queue->copy(copy, dtypeSize(dtype));
}

std::unique_ptr<Communicator>
NcclCommunicator::group(int groupKey, const std::vector<int> &members) {
  std::vector<int> ranks;
  int index = -1;
  for (int member : members) {
    if (member < 0 || member >= size())
      fail(TPRT_BAD_ARTIFACT, "nccl: a group has member ", member,
           "; there are ", size(), " ranks");
    if (member == self)
      index = static_cast<int>(ranks.size());
    ranks.push_back(worldRanks[member]);
  }
  if (index < 0)
    fail(TPRT_BAD_ARTIFACT, "nccl: rank ", self, " joins a group without it");
  return std::make_unique<NcclCommunicator>(world, ranks, index, groupKey);
}

void NcclCommunicator::allReduce(const void *in, void *out, int64_t count,
                                 tprt_dtype dtype, tprt_reduction reduction) {
  ncclDataType_t type = arithmeticType(dtype);
  call("all_reduce", [&](ncclComm_t c) {
    return nccl().allReduce(in, out, count, type, reductionOf(reduction), c,
                            queue->handle());
  });
}

void NcclCommunicator::allGather(const void *in, void *out, int64_t outer,
                                 const int64_t *pieces, tprt_dtype dtype) {
  int64_t element = static_cast<int64_t>(dtypeSize(dtype));
  int64_t total = std::accumulate(pieces, pieces + size(), int64_t(0));
  // NCCL puts members' pieces one after the other: right for one row.
  char *gathered = static_cast<char *>(
      outer == 1 ? out : scratch(1, outer * total * element));
  call("all_gather", [&](ncclComm_t c) {
    if (allEqual(pieces, size()))
      return nccl().allGather(in, gathered, outer * pieces[0] * element,
                              ncclInt8, c, queue->handle());
    ncclResult_t status = ncclSuccess;
    char *to = gathered;
    for (int m = 0; m < size(); ++m) {
      int64_t bytes = outer * pieces[m] * element;
      if (bytes > 0 && status == ncclSuccess)
        status =
            nccl().broadcast(in, to, bytes, ncclInt8, m, c, queue->handle());
      to += bytes;
    }
    return status;
  });
  if (outer == 1)
    return;
  int64_t start = 0;
  for (int m = 0; m < size(); ++m) {
    copyRows(gathered + outer * start * element, pieces[m],
             static_cast<char *>(out) + start * element, total, outer,
             pieces[m], dtype);
    start += pieces[m];
  }
}

void NcclCommunicator::reduceScatter(const void *in, void *out, int64_t outer,
                                     const int64_t *pieces, tprt_dtype dtype,
                                     tprt_reduction reduction) {
  ncclDataType_t type = arithmeticType(dtype);
  int64_t element = static_cast<int64_t>(dtypeSize(dtype));
  int64_t total = std::accumulate(pieces, pieces + size(), int64_t(0));
  const char *blocks = static_cast<const char *>(in);
  if (outer != 1) {
    char *packed = static_cast<char *>(scratch(0, outer * total * element));
    int64_t start = 0;
    for (int m = 0; m < size(); ++m) {
      copyRows(blocks + start * element, total,
               packed + outer * start * element, pieces[m], outer, pieces[m],
               dtype);
      start += pieces[m];
    }
    blocks = packed;
  }
  call("reduce_scatter", [&](ncclComm_t c) {
    if (allEqual(pieces, size()))
      return nccl().reduceScatter(blocks, out, outer * pieces[0], type,
                                  reductionOf(reduction), c, queue->handle());
    ncclResult_t status = ncclSuccess;
    const char *from = blocks;
    for (int m = 0; m < size(); ++m) {
      int64_t count = outer * pieces[m];
      if (count > 0 && status == ncclSuccess)
        status = nccl().reduce(from, out, count, type, reductionOf(reduction),
                               m, c, queue->handle());
      from += count * element;
    }
    return status;
  });
}

void NcclCommunicator::allToAll(const void *in, const int64_t *sendCounts,
                                void *out, const int64_t *receiveCounts,
                                tprt_dtype dtype) {
  int64_t element = static_cast<int64_t>(dtypeSize(dtype));
  call("all_to_all", [&](ncclComm_t c) {
    ncclResult_t status = ncclSuccess;
    const char *from = static_cast<const char *>(in);
    char *to = static_cast<char *>(out);
    for (int m = 0; m < size(); ++m) {
      int64_t sent = sendCounts[m] * element;
      int64_t received = receiveCounts[m] * element;
      if (sent > 0 && status == ncclSuccess)
        status = nccl().send(from, sent, ncclInt8, m, c, queue->handle());
      if (received > 0 && status == ncclSuccess)
        status = nccl().receive(to, received, ncclInt8, m, c, queue->handle());
      from += sent;
      to += received;
    }
    return status;
  });
}

void NcclCommunicator::broadcast(const void *in, void *out, int64_t count,
                                 tprt_dtype dtype, int root) {
  call("broadcast", [&](ncclComm_t c) {
    return nccl().broadcast(self == root ? in : out, out,
                            count * dtypeSize(dtype), ncclInt8, root, c,
                            queue->handle());
  });
}

void NcclCommunicator::shift(const void *in, void *out, int64_t count,
                             tprt_dtype dtype, int shift) {
  int64_t bytes = count * static_cast<int64_t>(dtypeSize(dtype));
  auto member = [&](int other) { return (other % size() + size()) % size(); };
  call("shift", [&](ncclComm_t c) {
    ncclResult_t status = nccl().send(in, bytes, ncclInt8, member(self + shift),
                                      c, queue->handle());
    return status != ncclSuccess
               ? status
               : nccl().receive(out, bytes, ncclInt8, member(self - shift), c,
                                queue->handle());
  });
}

void NcclCommunicator::barrier() {
  void *word = scratch(0, sizeof(int32_t));
  allReduce(word, word, 1, TPRT_I32, TPRT_MAX);
  queue->synchronize("barrier");
}

} // namespace

bool tprt::cuda::ncclAvailable(std::string &reason) {
  return NcclLibrary::get(reason) != nullptr;
}

std::vector<std::unique_ptr<Communicator>> tprt::cuda::createNcclWorld(
    const std::vector<std::shared_ptr<CudaStream>> &streams,
    const WorldOptions &options) {
  auto world = std::make_shared<NcclWorld>(streams, options);
  std::vector<int> ranks(streams.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank : ranks)
    communicators.push_back(
        std::make_unique<NcclCommunicator>(world, ranks, rank, /*key=*/-1));
  return communicators;
}
