//===- Layout.h - Pieces of split dimensions -------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which piece of a dimension a rank holds (docs/artifact.md, layout).
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_LAYOUT_H
#define TPRT_CORE_LAYOUT_H

#include "core/Json.h"

#include <string>
#include <vector>

namespace tprt {

struct MeshAxis {
  std::string name;
  int64_t size;
};

class Mesh {
public:
  // Parses the manifest's "mesh"; the product of sizes must be `ranks`.
  static Mesh parse(const JsonRef &json, int ranks);

  const std::vector<MeshAxis> &axes() const { return axisList; }
  int indexOf(const std::string &name) const; // -1: none
  // Rank's coordinate along axis `axis`; the first axis is major.
  int64_t coordinate(int rank, int axis) const;

private:
  std::vector<MeshAxis> axisList;
};

// [begin, end) of a dimension.
struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// How one dimension is split over the mesh.
class DimSplit {
public:
  static DimSplit parse(const JsonRef &json, const Mesh &mesh);

  bool isSplit() const { return !parts.empty(); }
  // The number of pieces.
  int64_t pieces() const;
  // The number of the piece that `rank` holds.
  int64_t pieceOf(const Mesh &mesh, int rank) const;
  // The piece of a dimension of `size` elements. Throws when `size` is not a
  // multiple of the units.
  Range range(const Mesh &mesh, int rank, int64_t size) const;

private:
  friend class TensorLayout;
  struct Part {
    int axis;
    int64_t pre, size;
  };
  std::vector<Part> parts;
  int64_t units = 0; // 0: one unit per element
};

class TensorLayout {
public:
  // `json`: one list per dimension.
  static TensorLayout parse(const JsonRef &json, size_t rank, const Mesh &mesh);

  const DimSplit &operator[](size_t dim) const { return dims[dim]; }
  // True for the lowest rank among those that hold the same piece.
  bool isFirstReplica(const Mesh &mesh, int rank) const;

private:
  std::vector<DimSplit> dims;
};

} // namespace tprt

#endif // TPRT_CORE_LAYOUT_H
