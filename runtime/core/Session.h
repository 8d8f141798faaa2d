//===- Session.h - Running an artifact's ranks -----------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_SESSION_H
#define TPRT_CORE_SESSION_H

#include "core/Artifact.h"
#include "core/Rank.h"
#include "core/RankThreads.h"

#include <memory>
#include <mutex>
#include <optional>

namespace tprt {

// The first error of a run, whichever rank it came from.
struct FirstError {
  std::mutex mutex;
  bool set = false;
  int rank = -1;
  int32_t op = -1;
  tprt_code code = TPRT_OK;
  std::string message;
};

class Session {
public:
  Session(std::shared_ptr<const Artifact> artifact, double timeoutSeconds);
  ~Session();
  Session(const Session &) = delete;

  void bindInput(int32_t index, const tprt_view &view);
  void bindOutput(int32_t index, const tprt_view &view);
  void outputShape(int32_t index, tprt_view &view) const;
  void keepStates(int64_t capacity);
  int64_t stateLength() const;
  void truncateStates(int64_t length);
  void run();
  tprt_memory_info memory(int32_t rank) const;
  const char *profile(int32_t rank);

private:
  bool isKept(const TensorSpec &tensor) const { return capacity >= 0 && tensor.state >= 0; }
  std::vector<std::optional<tprt_view>> boundInputs() const;
  void checkOutputs(const RunSpec &spec) const;
  void checkUsable() const;
  // Runs `job` on all ranks and throws the first error.
  void execute(const char *what, std::function<void(Rank &)> job);
  // Waits for the ranks; on a stall ends the run. False: some never came back.
  bool waitForRanks(const char *what);
  void reportStall(const char *what);
  std::string rankText(int rank) const;
  void connect();
  void open(bool profiled);
  void close();

  std::shared_ptr<const Artifact> artifact;
  const Manifest &manifest;
  double timeoutSeconds;
  std::shared_ptr<Backend> backend;
  // Shared with the threads, which may outlive the session when one stalls.
  std::vector<std::shared_ptr<Rank>> ranks;
  std::shared_ptr<FirstError> firstError;
  bool connected = false;
  bool abandoned = false;

  std::vector<std::optional<tprt_view>> inputs, outputs;
  int64_t capacity = -1; // -1: states are not kept
  std::vector<int64_t> stateLengths;
  std::string profileText;
  std::unique_ptr<RankThreads> threads;
};

// TPRT_TIMEOUT or 60; throws when it is no positive number.
double defaultTimeout();

} // namespace tprt

#endif // TPRT_CORE_SESSION_H
