//===- Manifest.h - The artifact's manifest --------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// manifest.json of an artifact, parsed and checked (docs/artifact.md).
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_MANIFEST_H
#define TPRT_CORE_MANIFEST_H

#include "core/Expr.h"
#include "core/Layout.h"

#include "tprt/abi.h"

namespace tprt {

// An element of an input on which sizes depend, by its row-major index.
struct ElementSpec {
  int64_t index;
  Expr value;
};

// A global input or output.
struct TensorSpec {
  std::string name;
  int32_t dtype;
  std::vector<Expr> dims;
  std::vector<ElementSpec> elements; // inputs only
  TensorLayout layout;
  bool strided;
  int state = -1;
};

struct StateSpec {
  int input, output, axis;
};

struct FileSpec {
  std::string path;     // absolute: by reference; relative: inside the artifact
  std::string relative; // by reference: from the artifact's directory, or empty
  int64_t bytes;
  std::string fingerprint; // tprt/fingerprint.h, or empty
};

// One rank's box of a weight, as a strided view into a file.
struct WeightPiece {
  int file;
  int64_t offset; // bytes
  std::vector<int64_t> start, sizes, strides;
};

struct WeightPart {
  int32_t stored;
  std::vector<WeightPiece> ranks;
};

struct WeightSpec {
  std::string name;
  int32_t dtype;
  std::vector<std::vector<int64_t>> shapes; // by rank
  std::vector<WeightPart> parts;
};

struct OpSpec {
  std::string name, type;
  int64_t layer; // -1: outside of the repeated blocks
};

struct Lifetime {
  int64_t first, last; // steps, inclusive
};

struct Manifest {
  std::string target, modelPath, modelName;
  Mesh mesh;
  int ranks = 1;
  std::vector<std::string> symbols;
  // The mesh axis of symbols that are coordinates, else -1.
  std::vector<int> symbolAxis;
  // Must not be negative once the symbols are bound.
  std::vector<Expr> required;
  std::vector<TensorSpec> inputs, outputs;
  std::vector<StateSpec> states;
  std::vector<FileSpec> files;
  std::vector<WeightSpec> weights;
  // groups[id]: disjoint member lists that cover all ranks.
  std::vector<std::vector<std::vector<int>>> groups;
  std::vector<Lifetime> lifetimes;
  std::vector<OpSpec> ops;
  std::vector<std::string> kernels;

  // "'/layers.0/attn/MatMul' (MatMul)", or "operation 7" when out of range.
  std::string opText(int32_t op) const;

  // Throws Error(TPRT_BAD_ARTIFACT) whose message begins with `name`, the file.
  static Manifest parse(const std::string &text, const std::string &name);
};

} // namespace tprt

#endif // TPRT_CORE_MANIFEST_H
