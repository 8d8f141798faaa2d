//===- tprt.h - Embedding compiled models -----------------------*- C -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads an artifact (`model.tpx`) and runs it on N local ranks.
//
//   tprt_artifact *artifact;  tprt_session *session;
//   tprt_artifact_load("model.tpx", &artifact);
//   tprt_session_create(artifact, NULL, &session);
//   tprt_session_bind_input(session, 0, &ids);      // host memory, global shape
//   tprt_session_output_shape(session, 0, &logits); // sizes for these inputs
//   ... allocate logits.data ...
//   tprt_session_bind_output(session, 0, &logits);
//   tprt_session_run(session);
//   tprt_session_destroy(session);  tprt_artifact_release(artifact);
//
// Errors. Every function that can fail returns a `tprt_status *`: NULL is
// success, anything else holds a code and a message and must be freed with
// tprt_status_free. The library never aborts or exits the process, and an
// error leaves no rank hanging.
//
// Ownership. Objects returned through `out` parameters belong to the caller and
// are released with the function of that name. Strings returned by query
// functions live as long as the object they came from. Bound memory stays the
// caller's and must be valid until it is bound anew or the session is
// destroyed.
//
// Threads. An artifact may be used from several threads and by several
// sessions. A session may be used by one thread at a time.
//
// Environment. TPRT_TIMEOUT: seconds after which a rank that makes no progress
// is declared stalled (default 60), unless the session's options say it.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_TPRT_H
#define TPRT_TPRT_H

#include "tprt/abi.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tprt_code {
  TPRT_OK = 0,
  TPRT_INVALID_ARGUMENT = 1, // a call or tensor that does not fit the signature
  TPRT_IO_ERROR = 2,         // a file cannot be opened, read or written
  TPRT_BAD_ARTIFACT = 3,     // damaged, or of a version not understood
  TPRT_CHANGED_MODEL = 4,    // a weight file differs from the compiled one
  TPRT_UNSUPPORTED = 5,      // valid, but not on this build or machine
  TPRT_OUT_OF_MEMORY = 6,
  TPRT_RUN_FAILED = 7, // an operation failed, e.g. an index out of range
  TPRT_STALLED = 8,    // a rank stopped making progress within the time limit
  TPRT_ABORTED = 9,    // ended because another rank failed
  TPRT_INTERNAL = 10
} tprt_code;

// An error; NULL stands for success.
typedef struct tprt_status tprt_status;
tprt_code tprt_status_code(const tprt_status *status);      // NULL: TPRT_OK
const char *tprt_status_message(const tprt_status *status); // NULL: ""
void tprt_status_free(tprt_status *status);                 // NULL is allowed

// "0.1.0"
const char *tprt_version(void);

// Name ("f32", "bf16", ...) and bytes of one element; NULL and 0 when unknown.
const char *tprt_dtype_name(int32_t dtype);
size_t tprt_dtype_size(int32_t dtype);

//===----------------------------------------------------------------------===//
// Artifacts
//===----------------------------------------------------------------------===//

typedef struct tprt_artifact tprt_artifact;

// Opens the artifact directory `path`: parses the manifest, checks that weight
// files exist unchanged, loads the program. Reads no weights.
tprt_status *tprt_artifact_load(const char *path, tprt_artifact **out);

// Sessions keep what they need: releasing first is allowed. NULL is allowed.
void tprt_artifact_release(tprt_artifact *artifact);

int32_t tprt_artifact_ranks(const tprt_artifact *artifact);
const char *tprt_artifact_target(const tprt_artifact *artifact); // "cpu", "cuda"
const char *tprt_artifact_model(const tprt_artifact *artifact);  // ONNX path
int32_t tprt_artifact_num_inputs(const tprt_artifact *artifact);
int32_t tprt_artifact_num_outputs(const tprt_artifact *artifact);
int32_t tprt_artifact_num_states(const tprt_artifact *artifact);

// A tensor of the signature, in global (unsharded) terms.
typedef struct tprt_tensor_info {
  const char *name; // the ONNX name
  int32_t dtype;
  int32_t rank;
  int64_t sizes[TPRT_MAX_RANK];    // -1: dynamic
  const char *dims[TPRT_MAX_RANK]; // as text: "8", "batch", "past + seq"
  int32_t state;                   // the state this is an input or output of, or -1
} tprt_tensor_info;

// An index outside of the signature is TPRT_INVALID_ARGUMENT.
tprt_status *tprt_artifact_input(const tprt_artifact *artifact, int32_t index, tprt_tensor_info *info);
tprt_status *tprt_artifact_output(const tprt_artifact *artifact, int32_t index, tprt_tensor_info *info);

// State: output `output` is input `input` grown along dimension `axis` (a KV
// cache).
typedef struct tprt_state_info {
  int32_t input, output, axis;
} tprt_state_info;
tprt_status *tprt_artifact_state(const tprt_artifact *artifact, int32_t index, tprt_state_info *info);

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

typedef struct tprt_session tprt_session;

typedef struct tprt_session_options {
  size_t struct_size; // sizeof(tprt_session_options), for later versions
  double timeout_s;   // 0: TPRT_TIMEOUT, or 60
} tprt_session_options;

// Starts the artifact's ranks as threads of this process and loads each rank's
// weights. `options` may be NULL.
tprt_status *tprt_session_create(tprt_artifact *artifact, const tprt_session_options *options, tprt_session **out);

// Ends the ranks. A rank that never came back (TPRT_STALLED) is abandoned with
// its memory. NULL is allowed.
void tprt_session_destroy(tprt_session *session);

// Binds host memory of the *global* tensor; each rank takes its piece. Checks
// element type, rank and fixed sizes; symbolic sizes are checked against each
// other by tprt_session_run. Any strides; strides are in elements.
tprt_status *tprt_session_bind_input(tprt_session *session, int32_t index, const tprt_view *view);
tprt_status *tprt_session_bind_output(tprt_session *session, int32_t index, const tprt_view *view);

// Fills dtype, rank, sizes and row-major strides that output `index` has for
// the inputs bound now; `data` is left alone.
tprt_status *tprt_session_output_shape(tprt_session *session, int32_t index, tprt_view *view);

// Lets the session keep all states: each rank holds its piece of every state
// with room for `capacity` entries along the state's axis, and runs append in
// place. The inputs and outputs of states are then not bound. The length starts
// at 0 and after each run is that of the state's output. Sizes other than the
// axis (the batch) are those of the first run and fixed until the length is
// set to 0 again.
tprt_status *tprt_session_keep_states(tprt_session *session, int64_t capacity);

// Entries that the kept states hold; 0 when states are not kept.
int64_t tprt_session_state_length(const tprt_session *session);

// Sets the length: drops entries after `length`, or 0 to start anew.
// A length above the current one is TPRT_INVALID_ARGUMENT.
tprt_status *tprt_session_truncate_states(tprt_session *session, int64_t length);

// Runs all ranks once on what is bound. On error the bound outputs hold
// unspecified values and kept states their old length. After TPRT_STALLED the
// session accepts only tprt_session_destroy, and bound memory must stay valid
// until the process ends.
tprt_status *tprt_session_run(tprt_session *session);

// Bytes held by rank `rank`, for reports.
typedef struct tprt_memory_info {
  int64_t weights_mapped; // read in place from files
  int64_t weights_copied; // gathered, converted or on a device
  int64_t arena;
  int64_t states;
} tprt_memory_info;
tprt_status *tprt_session_memory(const tprt_session *session, int32_t rank, tprt_memory_info *info);

// Time spent per operation kind since the session was created, as JSON text
// ({"matmul": {"calls": n, "ms": x}, ..., "kernels": ...}) of rank `rank`.
// Recorded only when TPRT_PROFILE=1 was set at creation; "{}" otherwise.
// The text lives until the next call on this session.
const char *tprt_session_profile(tprt_session *session, int32_t rank);

#ifdef __cplusplus
}
#endif

#endif // TPRT_TPRT_H
