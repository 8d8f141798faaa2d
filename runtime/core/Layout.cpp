//===- Layout.cpp - Pieces of split dimensions ----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Layout.h"

#include "core/Expr.h"
#include "tprt/error.h"

using namespace tprt;

Mesh Mesh::parse(const JsonRef &json, int ranks) {
  json.allowKeys({"axes"});
  Mesh mesh;
  int64_t product = 1;
  JsonRef axes = json["axes"];
  for (size_t i = 0; i < axes.size(); ++i) {
    JsonRef axis = axes[i];
    axis.allowKeys({"name", "size"});
    MeshAxis parsed{axis["name"].string(), axis["size"].integer(1, 1 << 20)};
    if (mesh.indexOf(parsed.name) >= 0)
      axis.fail(concat("axis '", parsed.name, "' appears twice"));
    product = checkedMul(product, parsed.size);
    mesh.axisList.push_back(std::move(parsed));
  }
  if (product != ranks)
    json.fail(concat("the axes make ", product, " ranks, \"ranks\" is ", ranks));
  return mesh;
}

int Mesh::indexOf(const std::string &name) const {
  for (size_t i = 0; i < axisList.size(); ++i)
    if (axisList[i].name == name)
      return static_cast<int>(i);
  return -1;
}

int64_t Mesh::coordinate(int rank, int axis) const {
  int64_t minor = 1;
  for (size_t i = axis + 1; i < axisList.size(); ++i)
    minor *= axisList[i].size;
  return rank / minor % axisList[axis].size;
}

DimSplit DimSplit::parse(const JsonRef &json, const Mesh &mesh) {
  DimSplit split;
  for (size_t i = 0; i < json.size(); ++i) {
    JsonRef item = json[i];
    if (item.has("units")) {
      item.allowKeys({"units"});
      if (i + 1 != json.size() || split.parts.empty())
        item.fail("units must follow the axes of a dimension");
      split.units = item["units"].integer(1, INT64_MAX);
      continue;
    }
    item.allowKeys({"axis", "pre", "size"});
    std::string name = item["axis"].string();
    int axis = mesh.indexOf(name);
    if (axis < 0)
      item.fail(concat("the mesh has no axis '", name, "'"));
    int64_t whole = mesh.axes()[axis].size;
    Part part{axis, item["pre"].integer(1, whole), item["size"].integer(1, whole)};
    if (whole % (part.pre * part.size) != 0)
      item.fail(concat("sub-axis (", part.pre, ")", part.size, " does not divide axis '", name, "' of size ", whole));
    split.parts.push_back(part);
  }
  return split;
}

int64_t DimSplit::pieces() const {
  int64_t count = 1;
  for (const Part &part : parts)
    count *= part.size;
  return count;
}

int64_t DimSplit::pieceOf(const Mesh &mesh, int rank) const {
  int64_t piece = 0;
  for (const Part &part : parts) {
    int64_t post = mesh.axes()[part.axis].size / (part.pre * part.size);
    int64_t digit = mesh.coordinate(rank, part.axis) / post % part.size;
    piece = piece * part.size + digit;
  }
  return piece;
}

Range DimSplit::range(const Mesh &mesh, int rank, int64_t size) const {
  if (parts.empty())
    return {0, size};
  int64_t count = units ? units : size;
  int64_t unit = 1;
  if (units) {
    if (size % units != 0)
      fail(TPRT_INVALID_ARGUMENT, "a dimension of ", size, " elements cannot be dealt in ", units, " equal units");
    unit = size / units;
  }
  int64_t n = pieces(), i = pieceOf(mesh, rank);
  return {checkedMul(i, count) / n * unit, checkedMul(i + 1, count) / n * unit};
}

TensorLayout TensorLayout::parse(const JsonRef &json, size_t rank, const Mesh &mesh) {
  if (json.size() != rank)
    json.fail(concat("has ", json.size(), " dimensions, \"dims\" has ", rank));
  TensorLayout layout;
  for (size_t i = 0; i < rank; ++i)
    layout.dims.push_back(DimSplit::parse(json[i], mesh));
  // An axis (or sub-axis) has one role per tensor.
  std::vector<DimSplit::Part> all;
  for (const DimSplit &dim : layout.dims)
    for (const DimSplit::Part &part : dim.parts) {
      for (const DimSplit::Part &other : all)
        if (part.axis == other.axis && part.pre < other.pre * other.size && other.pre < part.pre * part.size)
          json.fail(concat("axis '", mesh.axes()[part.axis].name, "' is used twice"));
      all.push_back(part);
    }
  return layout;
}

bool TensorLayout::isFirstReplica(const Mesh &mesh, int rank) const {
  for (int other = 0; other < rank; ++other) {
    bool same = true;
    for (const DimSplit &dim : dims)
      same &= dim.pieceOf(mesh, other) == dim.pieceOf(mesh, rank);
    if (same)
      return false;
  }
  return true;
}
