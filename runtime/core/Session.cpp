//===- Session.cpp - Running an artifact's ranks --------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Session.h"

#include "core/BackendLoader.h"
#include "core/Binding.h"
#include "core/View.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

using namespace tprt;

double tprt::defaultTimeout() {
  const char *text = getenv("TPRT_TIMEOUT");
  if (!text || !*text)
    return 60;
  char *end;
  double seconds = strtod(text, &end);
  if (*end || !(seconds > 0) || !std::isfinite(seconds))
    fail(TPRT_INVALID_ARGUMENT, "TPRT_TIMEOUT is '", text, "', need a number of seconds above 0");
  return seconds;
}

Session::Session(std::shared_ptr<const Artifact> artifactIn, double timeout)
    : artifact(std::move(artifactIn)), manifest(artifact->manifest),
      timeoutSeconds(timeout > 0 ? timeout : defaultTimeout()), backend(loadBackend(manifest.target)),
      firstError(std::make_shared<FirstError>()), inputs(manifest.inputs.size()), outputs(manifest.outputs.size()),
      stateLengths(manifest.states.size()) {
  const char *profileFlag = getenv("TPRT_PROFILE");
  bool profiled = profileFlag && *profileFlag && std::string(profileFlag) != "0";
  for (int r = 0; r < manifest.ranks; ++r) {
    ranks.push_back(std::make_shared<Rank>(artifact, r));
    Rank *rank = ranks.back().get();
    // Not a shared pointer: the context is part of the rank.
    rank->ctx.onError = [rank, error = firstError] {
      tprt_ctx &ctx = rank->ctx;
      {
        std::lock_guard<std::mutex> lock(error->mutex);
        if (!error->set) {
          error->set = true;
          error->rank = ctx.rank;
          error->op = ctx.errorOp;
          error->code = ctx.errorCode;
          error->message = ctx.errorMessage;
        }
      }
      if (rank->world)
        rank->world->abort("rank " + std::to_string(ctx.rank) + " failed");
    };
  }
  threads = std::make_unique<RankThreads>(manifest.ranks);
  try {
    open(profiled);
    connect();
  } catch (...) {
    close();
    throw;
  }
}

Session::~Session() { close(); }

void Session::open(bool profiled) {
  DeviceOptions options;
  options.ranks = manifest.ranks;
  options.artifact = artifact->directory;
  options.kernels = manifest.kernels;
  options.timeoutSeconds = timeoutSeconds;
  execute("loading", [backend = backend, profiled, options](Rank &rank) {
    DeviceOptions mine = options;
    mine.rank = rank.ctx.rank;
    rank.open(*backend, mine, profiled);
  });
}

void Session::close() {
  if (abandoned) {
    // A rank still runs somewhere: what it uses must stay.
    static std::mutex mutex;
    static auto *kept = new std::vector<std::shared_ptr<void>>; // never destroyed
    std::lock_guard<std::mutex> lock(mutex);
    kept->insert(kept->end(), ranks.begin(), ranks.end());
    kept->push_back(backend);
    return;
  }
  threads->start([ranks = ranks](int r) { ranks[r]->close(); });
  threads->wait(std::chrono::hours(24));
}

void Session::checkUsable() const {
  if (abandoned)
    fail(TPRT_STALLED, "a rank of this session stalled in an earlier run: only destroying it is possible");
}

std::string Session::rankText(int rank) const {
  return manifest.ranks == 1 ? std::string() : "rank " + std::to_string(rank) + ": ";
}

void Session::connect() {
  WorldOptions options;
  options.timeoutSeconds = timeoutSeconds;
  // By value: a communicator may outlive this session with a stalled rank.
  options.describe = [ranks = std::vector<std::weak_ptr<Rank>>(ranks.begin(), ranks.end()),
                      artifact = artifact](int r) {
    std::shared_ptr<Rank> rank = ranks[r].lock();
    return rank ? artifact->manifest.opText(rank->ctx.currentOp.load(std::memory_order_relaxed)) : "";
  };
  auto worlds =
      std::make_shared<std::vector<std::unique_ptr<Communicator>>>(backend->createWorld(manifest.ranks, options));
  execute("connecting", [worlds](Rank &rank) { rank.connect(std::move((*worlds)[rank.ctx.rank])); });
  connected = true;
}

void Session::execute(const char *what, std::function<void(Rank &)> job) {
  firstError->set = false;
  for (std::shared_ptr<Rank> &rank : ranks) {
    rank->ctx.failedFlag.store(false, std::memory_order_relaxed);
    rank->ctx.currentOp.store(-1, std::memory_order_relaxed);
  }
  threads->start([ranks = ranks, job = std::move(job)](int r) {
    Rank &rank = *ranks[r];
    try {
      job(rank);
    } catch (const Error &error) {
      rank.ctx.setError(-1, error.code(), error.what());
    } catch (const std::bad_alloc &) {
      rank.ctx.setError(-1, TPRT_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
      rank.ctx.setError(-1, TPRT_INTERNAL, error.what());
    }
  });
  abandoned = !waitForRanks(what);
  std::lock_guard<std::mutex> lock(firstError->mutex);
  if (!firstError->set)
    return;
  connected = false;
  std::string where = firstError->op < 0 ? "" : manifest.opText(firstError->op) + ": ";
  fail(firstError->code, firstError->rank < 0 ? "" : rankText(firstError->rank), where, firstError->message);
}

bool Session::waitForRanks(const char *what) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  auto slice = std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(std::min(0.1, timeoutSeconds / 4)));
  uint64_t lastProgress = 0;
  Clock::time_point lastChange = Clock::now();
  while (!threads->wait(slice)) {
    uint64_t progress = 0;
    bool failed = false;
    for (const std::shared_ptr<Rank> &rank : ranks) {
      progress += rank->ctx.progress.load(std::memory_order_relaxed);
      failed |= rank->ctx.failed();
    }
    Clock::time_point now = Clock::now();
    if (progress != lastProgress) {
      lastProgress = progress;
      lastChange = now;
      continue;
    }
    // Once a rank has failed the others only need to notice: a short grace.
    double limit = failed ? std::min(timeoutSeconds, 10.0) : timeoutSeconds;
    if (Seconds(now - lastChange).count() < limit)
      continue;
    reportStall(what);
    // Those that wait for the stalled rank come back now.
    auto grace = Seconds(std::min(timeoutSeconds, 5.0));
    return threads->wait(std::chrono::duration_cast<std::chrono::nanoseconds>(grace));
  }
  return true;
}

void Session::reportStall(const char *what) {
  std::string text;
  for (int r : threads->busy()) {
    int32_t op = ranks[r]->ctx.currentOp.load(std::memory_order_relaxed);
    text += concat(text.empty() ? "" : ", ", "rank ", r, " in ", op < 0 ? what : manifest.opText(op));
  }
  {
    std::lock_guard<std::mutex> lock(firstError->mutex);
    if (!firstError->set) {
      firstError->set = true;
      firstError->rank = -1;
      firstError->op = -1;
      firstError->code = TPRT_STALLED;
      firstError->message = concat("no progress for ", timeoutSeconds, " s: ", text, " (TPRT_TIMEOUT sets the limit)");
    } else {
      firstError->message += concat("; and still busy: ", text);
    }
  }
  if (ranks[0]->world)
    ranks[0]->world->abort("the run stalled");
}

void Session::bindInput(int32_t index, const tprt_view &view) {
  if (index < 0 || static_cast<size_t>(index) >= inputs.size())
    fail(TPRT_INVALID_ARGUMENT, "input ", index, " does not exist; the model has ", inputs.size());
  const TensorSpec &tensor = manifest.inputs[index];
  if (isKept(tensor))
    fail(TPRT_INVALID_ARGUMENT, "input '", tensor.name, "' is a state that the session keeps");
  checkBinding(manifest, tensor, "input", view);
  inputs[index] = view;
}

void Session::bindOutput(int32_t index, const tprt_view &view) {
  if (index < 0 || static_cast<size_t>(index) >= outputs.size())
    fail(TPRT_INVALID_ARGUMENT, "output ", index, " does not exist; the model has ", outputs.size());
  const TensorSpec &tensor = manifest.outputs[index];
  if (isKept(tensor))
    fail(TPRT_INVALID_ARGUMENT, "output '", tensor.name, "' is a state that the session keeps");
  checkBinding(manifest, tensor, "output", view);
  outputs[index] = view;
}

std::vector<std::optional<tprt_view>> Session::boundInputs() const {
  std::vector<std::optional<tprt_view>> bound;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorSpec &tensor = manifest.inputs[i];
    if (!isKept(tensor) && !inputs[i])
      fail(TPRT_INVALID_ARGUMENT, "input '", tensor.name, "' (", signatureText(manifest, tensor), ") is not bound");
    bound.push_back(isKept(tensor) ? std::nullopt : inputs[i]);
  }
  return bound;
}

void Session::outputShape(int32_t index, tprt_view &view) const {
  if (index < 0 || static_cast<size_t>(index) >= outputs.size())
    fail(TPRT_INVALID_ARGUMENT, "output ", index, " does not exist; the model has ", outputs.size());
  const TensorSpec &tensor = manifest.outputs[index];
  std::vector<int64_t> sizes = evaluateDims(tensor, bindSymbols(manifest, boundInputs(), stateLengths));
  view.dtype = tensor.dtype;
  view.rank = static_cast<int32_t>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), view.sizes);
  setContiguousStrides(view);
}

void Session::keepStates(int64_t newCapacity) {
  checkUsable();
  if (newCapacity < 0)
    fail(TPRT_INVALID_ARGUMENT, "a state capacity of ", newCapacity, " is not possible");
  for (const StateSpec &state : manifest.states) {
    const TensorSpec &input = manifest.inputs[state.input], &output = manifest.outputs[state.output];
    if (!input.strided || !output.strided)
      fail(TPRT_UNSUPPORTED, "state '", input.name, "' cannot be kept: the program does not take it strided");
    if (input.layout[state.axis].isSplit() || output.layout[state.axis].isSplit())
      fail(TPRT_UNSUPPORTED, "state '", input.name, "' cannot be kept: it is split along its growing dimension");
  }
  capacity = newCapacity;
  std::fill(stateLengths.begin(), stateLengths.end(), 0);
}

int64_t Session::stateLength() const {
  return stateLengths.empty() ? 0 : *std::max_element(stateLengths.begin(), stateLengths.end());
}

void Session::truncateStates(int64_t length) {
  if (length < 0 || length > stateLength())
    fail(TPRT_INVALID_ARGUMENT, "cannot truncate states of ", stateLength(), " entries to ", length);
  for (int64_t &state : stateLengths)
    state = std::min(state, length);
}

void Session::checkOutputs(const RunSpec &spec) const {
  for (size_t i = 0; i < manifest.outputs.size(); ++i) {
    const TensorSpec &tensor = manifest.outputs[i];
    std::vector<int64_t> sizes = evaluateDims(tensor, spec.symbols);
    if (isKept(tensor)) {
      int64_t length = sizes[manifest.states[tensor.state].axis];
      if (length > capacity)
        fail(TPRT_INVALID_ARGUMENT, "state '", tensor.name, "' would hold ", length, " entries; there is room for ",
             capacity);
      continue;
    }
    if (!spec.outputs[i])
      fail(TPRT_INVALID_ARGUMENT, "output '", tensor.name, "' (", signatureText(manifest, tensor), ") is not bound");
    if (!std::equal(sizes.begin(), sizes.end(), spec.outputs[i]->sizes))
      fail(TPRT_INVALID_ARGUMENT, "output '", tensor.name, "' (", signatureText(manifest, tensor), ") has sizes ",
           sizesText(spec.outputs[i]->sizes, sizes.size()), ", need ", sizesText(sizes.data(), sizes.size()),
           " for the bound inputs");
  }
}

void Session::run() {
  checkUsable();
  auto spec = std::make_shared<RunSpec>();
  spec->inputs = boundInputs();
  for (size_t i = 0; i < outputs.size(); ++i)
    spec->outputs.push_back(isKept(manifest.outputs[i]) ? std::nullopt : outputs[i]);
  spec->symbols = bindSymbols(manifest, spec->inputs, stateLengths);
  spec->stateLengths = stateLengths;
  spec->stateCapacity = capacity;
  checkOutputs(*spec);
  if (!connected)
    connect();
  execute("the run", [spec](Rank &rank) { rank.run(*spec); });
  if (capacity < 0)
    return;
  for (size_t i = 0; i < stateLengths.size(); ++i) {
    const StateSpec &state = manifest.states[i];
    stateLengths[i] = evaluateDims(manifest.outputs[state.output], spec->symbols)[state.axis];
  }
}

tprt_memory_info Session::memory(int32_t rank) const {
  if (rank < 0 || rank >= manifest.ranks)
    fail(TPRT_INVALID_ARGUMENT, "rank ", rank, " does not exist; there are ", manifest.ranks);
  return ranks[rank]->memory;
}

const char *Session::profile(int32_t rank) {
  bool known = rank >= 0 && rank < manifest.ranks && ranks[rank]->ctx.profile;
  profileText = known ? ranks[rank]->profile.json() : "{}";
  return profileText.c_str();
}
