//===- Api.cpp - The embedding C API --------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Artifact.h"
#include "core/Dtype.h"
#include "core/Session.h"

#include "tprt/error.h"
#include "tprt/tprt.h"

#include <algorithm>
#include <new>

using namespace tprt;

struct tprt_status {
  tprt_code code;
  std::string message;
};

struct tprt_artifact {
  std::shared_ptr<const Artifact> impl;
};

struct tprt_session {
  std::shared_ptr<const Artifact> artifact;
  std::unique_ptr<Session> impl;
};

namespace {

// For when there is no memory for a message.
tprt_status outOfMemory{TPRT_OUT_OF_MEMORY, "out of memory"};

tprt_status *makeStatus(tprt_code code, const char *message) {
  try {
    return new tprt_status{code, message};
  } catch (...) {
    return &outOfMemory;
  }
}

template <typename Function> tprt_status *guarded(Function function) {
  try {
    function();
    return nullptr;
  } catch (const Error &error) {
    return makeStatus(error.code(), error.what());
  } catch (const std::bad_alloc &) {
    return &outOfMemory;
  } catch (const std::exception &error) {
    return makeStatus(TPRT_INTERNAL, error.what());
  } catch (...) {
    return makeStatus(TPRT_INTERNAL, "unknown error");
  }
}

template <typename... Pointers> void requireNonNull(const Pointers *...pointers) {
  if ((!pointers || ...))
    fail(TPRT_INVALID_ARGUMENT, "a pointer argument is null");
}

void fillInfo(const std::vector<TensorSpec> &tensors, const std::vector<std::vector<std::string>> &dims, int32_t index,
              const char *kind, tprt_tensor_info *info) {
  requireNonNull(info);
  if (index < 0 || static_cast<size_t>(index) >= tensors.size())
    fail(TPRT_INVALID_ARGUMENT, kind, " ", index, " does not exist; the model has ", tensors.size());
  const TensorSpec &tensor = tensors[index];
  *info = tprt_tensor_info{};
  info->name = tensor.name.c_str();
  info->dtype = tensor.dtype;
  info->rank = static_cast<int32_t>(tensor.dims.size());
  info->state = tensor.state;
  for (int32_t d = 0; d < info->rank; ++d) {
    info->sizes[d] = tensor.dims[d].isConstant() ? tensor.dims[d].constant() : -1;
    info->dims[d] = dims[index][d].c_str();
  }
}

} // namespace

tprt_code tprt_status_code(const tprt_status *status) { return status ? status->code : TPRT_OK; }
const char *tprt_status_message(const tprt_status *status) { return status ? status->message.c_str() : ""; }
void tprt_status_free(tprt_status *status) {
  if (status != &outOfMemory)
    delete status;
}

const char *tprt_version(void) { return TPRT_VERSION_TEXT; }
const char *tprt_dtype_name(int32_t dtype) { return dtypeName(dtype); }
size_t tprt_dtype_size(int32_t dtype) { return dtypeSize(dtype); }

tprt_status *tprt_artifact_load(const char *path, tprt_artifact **out) {
  return guarded([&] {
    requireNonNull(path, out);
    *out = nullptr;
    auto artifact = std::make_unique<tprt_artifact>();
    artifact->impl = Artifact::load(path);
    *out = artifact.release();
  });
}

void tprt_artifact_release(tprt_artifact *artifact) { delete artifact; }

int32_t tprt_artifact_ranks(const tprt_artifact *artifact) { return artifact->impl->manifest.ranks; }
const char *tprt_artifact_target(const tprt_artifact *artifact) { return artifact->impl->manifest.target.c_str(); }
const char *tprt_artifact_model(const tprt_artifact *artifact) { return artifact->impl->manifest.modelPath.c_str(); }
int32_t tprt_artifact_num_inputs(const tprt_artifact *artifact) {
  return static_cast<int32_t>(artifact->impl->manifest.inputs.size());
}
int32_t tprt_artifact_num_outputs(const tprt_artifact *artifact) {
  return static_cast<int32_t>(artifact->impl->manifest.outputs.size());
}
int32_t tprt_artifact_num_states(const tprt_artifact *artifact) {
  return static_cast<int32_t>(artifact->impl->manifest.states.size());
}

tprt_status *tprt_artifact_input(const tprt_artifact *artifact, int32_t index, tprt_tensor_info *info) {
  return guarded([&] {
    requireNonNull(artifact);
    fillInfo(artifact->impl->manifest.inputs, artifact->impl->inputDims, index, "input", info);
  });
}

tprt_status *tprt_artifact_output(const tprt_artifact *artifact, int32_t index, tprt_tensor_info *info) {
  return guarded([&] {
    requireNonNull(artifact);
    fillInfo(artifact->impl->manifest.outputs, artifact->impl->outputDims, index, "output", info);
  });
}

tprt_status *tprt_artifact_state(const tprt_artifact *artifact, int32_t index, tprt_state_info *info) {
  return guarded([&] {
    requireNonNull(artifact, info);
    const std::vector<StateSpec> &states = artifact->impl->manifest.states;
    if (index < 0 || static_cast<size_t>(index) >= states.size())
      fail(TPRT_INVALID_ARGUMENT, "state ", index, " does not exist; the model has ", states.size());
    *info = {states[index].input, states[index].output, states[index].axis};
  });
}

tprt_status *tprt_session_create(tprt_artifact *artifact, const tprt_session_options *options, tprt_session **out) {
  return guarded([&] {
    requireNonNull(artifact, out);
    *out = nullptr;
    double timeout = 0;
    if (options) {
      if (options->struct_size < sizeof(tprt_session_options))
        fail(TPRT_INVALID_ARGUMENT, "tprt_session_options.struct_size is not set");
      timeout = options->timeout_s;
      if (!(timeout >= 0))
        fail(TPRT_INVALID_ARGUMENT, "a time limit of ", timeout, " s is not possible");
    }
    auto session = std::make_unique<tprt_session>();
    session->artifact = artifact->impl;
    session->impl = std::make_unique<Session>(artifact->impl, timeout);
    *out = session.release();
  });
}

void tprt_session_destroy(tprt_session *session) { delete session; }

tprt_status *tprt_session_bind_input(tprt_session *session, int32_t index, const tprt_view *view) {
  return guarded([&] {
    requireNonNull(session, view);
    session->impl->bindInput(index, *view);
  });
}

tprt_status *tprt_session_bind_output(tprt_session *session, int32_t index, const tprt_view *view) {
  return guarded([&] {
    requireNonNull(session, view);
    session->impl->bindOutput(index, *view);
  });
}

tprt_status *tprt_session_output_shape(tprt_session *session, int32_t index, tprt_view *view) {
  return guarded([&] {
    requireNonNull(session, view);
    session->impl->outputShape(index, *view);
  });
}

tprt_status *tprt_session_keep_states(tprt_session *session, int64_t capacity) {
  return guarded([&] {
    requireNonNull(session);
    session->impl->keepStates(capacity);
  });
}

int64_t tprt_session_state_length(const tprt_session *session) { return session ? session->impl->stateLength() : 0; }

tprt_status *tprt_session_truncate_states(tprt_session *session, int64_t length) {
  return guarded([&] {
    requireNonNull(session);
    session->impl->truncateStates(length);
  });
}

tprt_status *tprt_session_run(tprt_session *session) {
  return guarded([&] {
    requireNonNull(session);
    session->impl->run();
  });
}

tprt_status *tprt_session_memory(const tprt_session *session, int32_t rank, tprt_memory_info *info) {
  return guarded([&] {
    requireNonNull(session, info);
    *info = session->impl->memory(rank);
  });
}

const char *tprt_session_profile(tprt_session *session, int32_t rank) {
  return session ? session->impl->profile(rank) : "{}";
}
