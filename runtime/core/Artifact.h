//===- Artifact.h - An opened artifact -------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_ARTIFACT_H
#define TPRT_CORE_ARTIFACT_H

#include "core/Files.h"
#include "core/Manifest.h"

#include <memory>
#include <string>
#include <vector>

namespace tprt {

// The functions of program.so.
struct Program {
  tprt_sizes_fn sizes = nullptr;
  tprt_run_fn run = nullptr;
};

// An opened artifact: immutable, shared by the sessions that run it.
class Artifact {
public:
  static std::shared_ptr<const Artifact> load(const std::string &directory);
  ~Artifact();
  Artifact(const Artifact &) = delete;

  std::string directory;
  Manifest manifest;
  std::vector<MappedFile> files;
  Program program;
  // dims of inputs and outputs as text, for queries that return C strings.
  std::vector<std::vector<std::string>> inputDims, outputDims;

private:
  Artifact() = default;
  void loadProgram();
  void *handle = nullptr;
};

// "f32 [batch, past + seq]"
std::string signatureText(const Manifest &manifest, const TensorSpec &tensor);

} // namespace tprt

#endif // TPRT_CORE_ARTIFACT_H
