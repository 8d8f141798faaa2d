//===- Model.h - An artifact being run -------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The embedding C API with C++ ownership; errors become exceptions whose text is
// what the user reads.
//
//===----------------------------------------------------------------------===//

#ifndef TP_RUN_MODEL_H
#define TP_RUN_MODEL_H

#include "tprt/tprt.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// Throws std::runtime_error with the status's message, and frees it.
void check(tprt_status *status);

// A tensor that owns its memory.
struct Tensor {
  tprt_view view{};
  std::vector<char> bytes;

  // Sets row-major strides for view.sizes and allocates.
  void allocate();
  int64_t count() const;
  void fill(int64_t value); // integer and float types
  void set(int64_t index, int64_t value);
  double get(int64_t index) const;
};

class Model {
public:
  explicit Model(const std::string &path);

  int ranks() const { return tprt_artifact_ranks(artifact.get()); }
  std::string target() const { return tprt_artifact_target(artifact.get()); }
  std::vector<tprt_tensor_info> inputs, outputs;
  int numStates() const { return tprt_artifact_num_states(artifact.get()); }
  // "  input_ids: i64 [batch, seq]" per line
  static std::string listing(const std::vector<tprt_tensor_info> &tensors);
  static std::string text(const tprt_tensor_info &tensor);

  // Starts the ranks. Must be called once, before the functions below.
  void open();
  tprt_session *session() const { return sessionPointer.get(); }
  // Binds every output that is not a kept state to memory of its own.
  void allocateOutputs(std::vector<Tensor> &tensors, bool keptStates);
  void run() { check(tprt_session_run(session())); }

private:
  struct Release {
    void operator()(tprt_artifact *artifact) const { tprt_artifact_release(artifact); }
    void operator()(tprt_session *session) const { tprt_session_destroy(session); }
  };
  std::unique_ptr<tprt_artifact, Release> artifact;
  std::unique_ptr<tprt_session, Release> sessionPointer;
};

#endif // TP_RUN_MODEL_H
