//===- device.h - What a device backend implements --------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Backend makes, for each rank, a Device: memory, copies, and the operations
// of tprt/abi.h. The CPU backend is part of libtprt; another target T is the
// library libtprt_T.so, found beside libtprt and opened when an artifact's
// "target" is T. It exports
//
//   extern "C" int32_t tprt_backend_version(void);  // TPRT_BACKEND_VERSION
//   extern "C" tprt::Backend *tprt_backend_create(void); // or throws Error
//
// The session deletes the Backend. All methods may throw tprt::Error.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_DEVICE_H
#define TPRT_DEVICE_H

#include "tprt/communicator.h"
#include "tprt/error.h"

#include <atomic>
#include <mutex>

#define TPRT_BACKEND_VERSION 2

namespace tprt {

struct Profile;

struct DeviceOptions {
  int rank = 0;
  int ranks = 1;
  std::string artifact;             // the artifact's directory
  std::vector<std::string> kernels; // the manifest's "kernels" names
  double timeoutSeconds = 60;
};

// The operations of abi.h, on this device. They may throw; the caller turns
// what they throw into the context's error. `op` has been recorded already.
struct OpTable {
  void (*matmul)(tprt_ctx *, int32_t op, const tprt_view *a, const tprt_view *b, const tprt_view *bias,
                 const tprt_view *residual, const tprt_view *c, float alpha, int32_t activation);
  void (*attention)(tprt_ctx *, int32_t op, const tprt_view *q, const tprt_view *k, const tprt_view *v,
                    const tprt_view *mask, const tprt_view *out, const tprt_attention_params *params);
  void (*cacheAppend)(tprt_ctx *, int32_t op, const tprt_view *past, const tprt_view *fresh, const tprt_view *present,
                      int32_t axis);
  void (*gather)(tprt_ctx *, int32_t op, const tprt_view *table, const tprt_view *indices, const tprt_view *out,
                 int32_t axis, int64_t offset, int64_t globalSize);
  void (*collective)(tprt_ctx *, int32_t op, int32_t kind, int32_t group, int32_t reduction, int32_t dim, int32_t dim2,
                     const int64_t *memberSizes, const tprt_view *in, const tprt_view *out);
  void (*copy)(tprt_ctx *, int32_t op, const tprt_view *src, const tprt_view *dst);
  // Null where programs launch no kernels.
  void (*launch)(tprt_ctx *, int32_t op, int32_t kernel, const int64_t grid[3], const int64_t block[3], void **args,
                 int32_t numArgs);
  void (*scatter)(tprt_ctx *, int32_t op, const tprt_view *data, const tprt_view *indices, const tprt_view *updates,
                  const tprt_view *out, int32_t axis, int32_t reduction) = nullptr;
  void (*topk)(tprt_ctx *, int32_t op, const tprt_view *data, const tprt_view *values, const tprt_view *indices,
               int32_t axis, int32_t largest) = nullptr;
};

// One rank's device. Created, used and destroyed on that rank's thread.
class Device {
public:
  virtual ~Device() = default;

  // True when host code may read and write this device's memory: inputs and
  // outputs are then used where the caller has them, and weights are mapped.
  virtual bool isHost() const = 0;

  // 64-byte aligned (at least), not null also for 0 bytes.
  virtual void *allocate(size_t bytes) = 0;
  virtual void deallocate(void *data) noexcept = 0;

  // Blocking copies between host and device memory, ordered after all work
  // that this rank has enqueued.
  virtual void copyToDevice(void *device, const void *host, size_t bytes) = 0;
  virtual void copyToHost(void *host, const void *device, size_t bytes) = 0;

  // Called before the program of a run starts.
  virtual void beginRun(tprt_ctx *ctx) { (void)ctx; }
  // Waits for all work of the run; errors that the device found are recorded in
  // the context or thrown. Bounded by the time limit.
  virtual void endRun(tprt_ctx *ctx) { (void)ctx; }

  virtual const OpTable &ops() const = 0;
};

class Backend {
public:
  virtual ~Backend() = default;
  virtual const char *name() const = 0; // "cpu", "cuda"

  // Called on the rank's thread.
  virtual std::unique_ptr<Device> createDevice(const DeviceOptions &options) = 0;

  // Called before the ranks start, and again after a failed run. The
  // communicators are handed to the ranks' threads; a backend that connects
  // ranks collectively does so at their first use or in group().
  virtual std::vector<std::unique_ptr<Communicator>> createWorld(int size, const WorldOptions &options) = 0;
};

std::unique_ptr<Backend> createCpuBackend();

} // namespace tprt

// One rank's execution state: what programs carry as an opaque pointer. Backends
// read the first part; the session owns it.
struct tprt_ctx {
  int rank = 0;
  int ranks = 1;
  tprt::Device *device = nullptr;
  tprt::OpTable ops = {};

  // This rank's communicator of the manifest's group `id`; throws when there is
  // none.
  tprt::Communicator &group(int32_t id) {
    if (id < 0 || static_cast<size_t>(id) >= groups.size() || !groups[id])
      tprt::fail(TPRT_BAD_ARTIFACT, "the program uses group ", id, ", which the manifest does not have");
    return *groups[id];
  }

  // Records the first error of this run. `op` -1: outside of any operation.
  void setError(int32_t op, tprt_code code, const std::string &message);
  bool failed() const { return failedFlag.load(std::memory_order_relaxed); }

  // Progress, read by the watchdog.
  std::atomic<int32_t> currentOp{-1};
  std::atomic<uint64_t> progress{0};

  // Owned by the session.
  std::vector<std::unique_ptr<tprt::Communicator>> groups;
  std::atomic<bool> failedFlag{false};
  int32_t errorOp = -1;
  tprt_code errorCode = TPRT_OK;
  std::string errorMessage;
  // Called once by setError: ends the other ranks' waits.
  std::function<void()> onError;
  tprt::Profile *profile = nullptr; // null: not recorded
};

#endif // TPRT_DEVICE_H
