//===- Manifest.cpp - The artifact's manifest -----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Manifest.h"

#include "core/Dtype.h"
#include "tprt/error.h"

#include <set>

using namespace tprt;

namespace {

constexpr int maxRanks = 4096;
// Element counts stay far from overflow in bytes.
constexpr int64_t maxSize = int64_t(1) << 48;

class ManifestParser {
public:
  explicit ManifestParser(JsonRef root) : root(std::move(root)) {}

  Manifest parse() {
    parseHeader();
    parseSymbols();
    parseTensors("inputs", manifest.inputs);
    parseTensors("outputs", manifest.outputs);
    parseStates();
    checkSymbolsBound();
    parseFiles();
    parseWeights();
    parseGroups();
    parseArena();
    parseOps();
    return std::move(manifest);
  }

private:
  void parseHeader();
  void parseSymbols();
  void parseTensors(const char *key, std::vector<TensorSpec> &tensors);
  void parseElements(const JsonRef &json, TensorSpec &tensor);
  void parseStates();
  void checkSymbolsBound();
  void parseFiles();
  void parseWeights();
  WeightSpec parseWeight(const JsonRef &json);
  WeightPart parsePart(const JsonRef &json, const WeightSpec &weight);
  WeightPiece parsePiece(const JsonRef &json, int file, int32_t stored, const std::vector<int64_t> &shape);
  void checkTiled(const JsonRef &json, const WeightSpec &weight);
  void parseGroups();
  void parseArena();
  void parseOps();

  int32_t parseDtype(const JsonRef &json) {
    int64_t dtype = json.integer();
    if (dtype < 0 || dtype > 1000 || !dtypeSize(static_cast<int32_t>(dtype)))
      json.fail(concat("element type ", dtype, " is not supported by the runtime"));
    return static_cast<int32_t>(dtype);
  }

  std::vector<int64_t> parseSizes(const JsonRef &json, int64_t low, int64_t high) {
    std::vector<int64_t> result;
    if (json.size() > TPRT_MAX_RANK)
      json.fail(concat("more than ", TPRT_MAX_RANK, " dimensions"));
    for (size_t i = 0; i < json.size(); ++i)
      result.push_back(json[i].integer(low, high));
    return result;
  }

  JsonRef root;
  Manifest manifest;
};

void ManifestParser::parseHeader() {
  // Version first: a newer format may have other keys.
  if (root["format"].string() != "tpx")
    root["format"].fail(concat("format '", root["format"].string(), "' is not \"tpx\""));
  if (root["version"].integer() != 1)
    root["version"].fail(
        concat("version ", root["version"].integer(), " is not understood; this runtime reads version 1"));
  if (root["abi"].integer() != TPRT_ABI_VERSION)
    root["abi"].fail(
        concat("program ABI ", root["abi"].integer(), " is not understood; this runtime has ", TPRT_ABI_VERSION));
  root.allowKeys({"format", "version", "abi", "target", "model", "mesh", "ranks", "symbols", "inputs", "outputs",
                  "states", "files", "weights", "groups", "arena", "ops", "requires", "kernels"});
  manifest.target = root["target"].string();
  for (char c : manifest.target)
    if (!islower(static_cast<unsigned char>(c)))
      root["target"].fail("a target's name has small letters only");
  if (manifest.target.empty())
    root["target"].fail("the target has no name");
  JsonRef model = root["model"];
  model.allowKeys({"path", "name"});
  manifest.modelPath = model["path"].string();
  manifest.modelName = model["name"].string();
  manifest.ranks = static_cast<int>(root["ranks"].integer(1, maxRanks));
  manifest.mesh = Mesh::parse(root["mesh"], manifest.ranks);
}

void ManifestParser::parseSymbols() {
  JsonRef symbols = root["symbols"];
  std::set<std::string> seen;
  for (size_t i = 0; i < symbols.size(); ++i) {
    std::string name = symbols[i].string();
    if (name.empty() || !seen.insert(name).second)
      symbols[i].fail(concat("symbol '", name, "' is empty or appears twice"));
    int axis = -1;
    if (name[0] == '%') {
      axis = manifest.mesh.indexOf(name.substr(1));
      if (axis < 0)
        symbols[i].fail(concat("the mesh has no axis '", name.substr(1), "'"));
    }
    manifest.symbols.push_back(std::move(name));
    manifest.symbolAxis.push_back(axis);
  }
  if (!root.has("requires"))
    return;
  JsonRef required = root["requires"];
  for (size_t i = 0; i < required.size(); ++i)
    manifest.required.push_back(Expr::parse(required[i], manifest.symbols.size()));
}

void ManifestParser::parseTensors(const char *key, std::vector<TensorSpec> &tensors) {
  JsonRef list = root[key];
  std::set<std::string> seen;
  for (size_t i = 0; i < list.size(); ++i) {
    JsonRef json = list[i];
    json.allowKeys({"name", "dtype", "dims", "elements", "layout", "strided"});
    TensorSpec tensor;
    tensor.name = json["name"].string();
    if (tensor.name.empty() || !seen.insert(tensor.name).second)
      json.fail(concat("name '", tensor.name, "' is empty or appears twice"));
    tensor.dtype = parseDtype(json["dtype"]);
    JsonRef dims = json["dims"];
    if (dims.size() > TPRT_MAX_RANK)
      dims.fail(concat("more than ", TPRT_MAX_RANK, " dimensions"));
    for (size_t d = 0; d < dims.size(); ++d) {
      Expr dim = Expr::parse(dims[d], manifest.symbols.size());
      if (dim.isConstant() && (dim.constant() < 0 || dim.constant() > maxSize))
        dims[d].fail(concat("size ", dim.constant(), " is out of range"));
      if (std::optional<int64_t> symbol = dim.asSymbol())
        if (manifest.symbolAxis[*symbol] >= 0)
          dims[d].fail("a global size cannot be a mesh coordinate");
      tensor.dims.push_back(std::move(dim));
    }
    tensor.layout = TensorLayout::parse(json["layout"], tensor.dims.size(), manifest.mesh);
    tensor.strided = json["strided"].boolean();
    if (json.has("elements"))
      parseElements(json["elements"], tensor);
    tensors.push_back(std::move(tensor));
  }
}

void ManifestParser::parseElements(const JsonRef &json, TensorSpec &tensor) {
  int64_t count = 1;
  for (const Expr &dim : tensor.dims) {
    if (!dim.isConstant())
      json.fail("sizes cannot depend on the elements of a tensor whose own sizes are not fixed");
    if (dim.constant() > 0 && count > maxSize / dim.constant())
      json.fail("the tensor is too large");
    count *= dim.constant();
  }
  if (!isInteger(tensor.dtype))
    json.fail("sizes can depend on elements of integer types only");
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i].size() != 2)
      json[i].fail("expected [index, expression]");
    tensor.elements.push_back({json[i][0].integer(0, count - 1), Expr::parse(json[i][1], manifest.symbols.size())});
  }
}

void ManifestParser::parseStates() {
  JsonRef list = root["states"];
  for (size_t i = 0; i < list.size(); ++i) {
    JsonRef json = list[i];
    json.allowKeys({"input", "output", "axis"});
    StateSpec state;
    state.input = static_cast<int>(json["input"].integer(0, int64_t(manifest.inputs.size()) - 1));
    state.output = static_cast<int>(json["output"].integer(0, int64_t(manifest.outputs.size()) - 1));
    TensorSpec &input = manifest.inputs[state.input];
    TensorSpec &output = manifest.outputs[state.output];
    if (input.state >= 0 || output.state >= 0)
      json.fail("the input or output belongs to another state already");
    if (input.dtype != output.dtype || input.dims.size() != output.dims.size())
      json.fail("input and output differ in element type or rank");
    state.axis = static_cast<int>(json["axis"].integer(0, int64_t(input.dims.size()) - 1));
    input.state = output.state = static_cast<int>(i);
    manifest.states.push_back(state);
  }
}

// Every symbol must follow from the inputs' sizes: a program given a size that
// nobody knows would compute nonsense.
void ManifestParser::checkSymbolsBound() {
  SymbolValues known(manifest.symbols.size());
  for (size_t i = 0; i < known.size(); ++i)
    if (manifest.symbolAxis[i] >= 0)
      known[i] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    auto solve = [&](const Expr &expr) {
      if (auto solution = expr.solve(known, 1)) {
        known[solution->first] = 1;
        changed = true;
      }
    };
    for (const TensorSpec &input : manifest.inputs) {
      for (const Expr &dim : input.dims)
        solve(dim);
      for (const ElementSpec &element : input.elements)
        solve(element.value);
    }
  }
  for (size_t i = 0; i < known.size(); ++i)
    if (!known[i])
      root["symbols"][i].fail(concat("no input determines symbol '", manifest.symbols[i], "'"));
}

void ManifestParser::parseFiles() {
  JsonRef list = root["files"];
  for (size_t i = 0; i < list.size(); ++i) {
    JsonRef json = list[i];
    json.allowKeys({"path", "bytes", "relative", "fingerprint"});
    FileSpec file;
    file.path = json["path"].string();
    if (file.path.empty())
      json["path"].fail("the path is empty");
    file.bytes = json["bytes"].integer(0, INT64_MAX);
    if (json.has("relative"))
      file.relative = json["relative"].string();
    if (json.has("fingerprint"))
      file.fingerprint = json["fingerprint"].string();
    manifest.files.push_back(std::move(file));
  }
}

void ManifestParser::parseWeights() {
  JsonRef list = root["weights"];
  manifest.weights.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i)
    manifest.weights.push_back(parseWeight(list[i]));
}

WeightSpec ManifestParser::parseWeight(const JsonRef &json) {
  json.allowKeys({"name", "dtype", "shapes", "parts"});
  WeightSpec weight;
  weight.name = json["name"].string();
  weight.dtype = parseDtype(json["dtype"]);
  JsonRef shapes = json["shapes"];
  if (shapes.size() != static_cast<size_t>(manifest.ranks))
    shapes.fail(concat("has ", shapes.size(), " entries for ", manifest.ranks, " ranks"));
  for (int r = 0; r < manifest.ranks; ++r) {
    std::vector<int64_t> shape = parseSizes(shapes[r], 0, maxSize);
    int64_t bytes = dtypeSize(weight.dtype);
    for (int64_t size : shape)
      if (__builtin_mul_overflow(bytes, size, &bytes) || bytes > maxSize)
        shapes[r].fail("the weight is too large");
    weight.shapes.push_back(std::move(shape));
  }
  JsonRef parts = json["parts"];
  for (size_t i = 0; i < parts.size(); ++i)
    weight.parts.push_back(parsePart(parts[i], weight));
  checkTiled(json, weight);
  return weight;
}

WeightPart ManifestParser::parsePart(const JsonRef &json, const WeightSpec &weight) {
  json.allowKeys({"file", "stored", "ranks"});
  WeightPart part;
  int64_t lastFile = int64_t(manifest.files.size()) - 1;
  int file = json.has("file") ? static_cast<int>(json["file"].integer(0, lastFile)) : -1;
  part.stored = parseDtype(json["stored"]);
  JsonRef ranks = json["ranks"];
  if (ranks.size() != static_cast<size_t>(manifest.ranks))
    ranks.fail(concat("has ", ranks.size(), " entries for ", manifest.ranks, " ranks"));
  for (int r = 0; r < manifest.ranks; ++r)
    part.ranks.push_back(parsePiece(ranks[r], file, part.stored, weight.shapes[r]));
  return part;
}

WeightPiece ManifestParser::parsePiece(const JsonRef &json, int file, int32_t stored,
                                       const std::vector<int64_t> &shape) {
  json.allowKeys({"file", "offset", "start", "sizes", "strides"});
  WeightPiece piece;
  piece.file = file;
  if (json.has("file"))
    piece.file = static_cast<int>(json["file"].integer(0, int64_t(manifest.files.size()) - 1));
  if (piece.file < 0)
    json.fail("neither the part nor this rank's entry names a file");
  piece.offset = json["offset"].integer(0, INT64_MAX);
  piece.start = parseSizes(json["start"], 0, maxSize);
  piece.sizes = parseSizes(json["sizes"], 0, maxSize);
  piece.strides = parseSizes(json["strides"], -maxSize, maxSize);
  size_t rank = shape.size();
  if (piece.start.size() != rank || piece.sizes.size() != rank || piece.strides.size() != rank)
    json.fail(concat("start, sizes and strides must have the weight's rank, ", rank));
  // The first and the last byte that the view touches.
  int64_t low = 0, high = 0;
  bool empty = false, overflow = false;
  for (size_t d = 0; d < rank; ++d) {
    if (piece.start[d] + piece.sizes[d] > shape[d])
      json.fail(concat("dimension ", d, ": [", piece.start[d], ", ", piece.start[d] + piece.sizes[d],
                       ") is outside of the weight's size ", shape[d]));
    if (piece.sizes[d] == 0) {
      empty = true;
      continue;
    }
    int64_t extent;
    overflow |= __builtin_mul_overflow(piece.sizes[d] - 1, piece.strides[d], &extent);
    overflow |= __builtin_add_overflow(extent < 0 ? low : high, overflow ? 0 : extent, extent < 0 ? &low : &high);
  }
  // Offsets of packed types count bits.
  int packed = packedBits(stored);
  int64_t element = packed ? packed : static_cast<int64_t>(dtypeSize(stored));
  int64_t first = 0, last = 0;
  overflow |= __builtin_mul_overflow(low, element, &first) || __builtin_add_overflow(first, piece.offset, &first) ||
              __builtin_mul_overflow(high, element, &last) || __builtin_add_overflow(last, piece.offset, &last) ||
              __builtin_add_overflow(last, element, &last);
  int64_t bytes = manifest.files[piece.file].bytes;
  if (!empty && (overflow || first < 0 || (packed ? last / 8 + (last % 8 != 0) : last) > bytes))
    json.fail(concat("the view reaches outside of file '", manifest.files[piece.file].path, "' of ", bytes, " bytes"));
  return piece;
}

// The parts' boxes must cover each rank's weight exactly: they are disjoint and
// their volumes add up to the whole.
void ManifestParser::checkTiled(const JsonRef &json, const WeightSpec &weight) {
  for (int r = 0; r < manifest.ranks; ++r) {
    const std::vector<int64_t> &shape = weight.shapes[r];
    int64_t whole = 1, covered = 0;
    for (int64_t size : shape)
      whole *= size;
    for (size_t i = 0; i < weight.parts.size(); ++i) {
      const WeightPiece &a = weight.parts[i].ranks[r];
      int64_t volume = 1;
      for (int64_t size : a.sizes)
        volume *= size;
      covered += volume;
      for (size_t j = 0; volume && j < i; ++j) {
        const WeightPiece &b = weight.parts[j].ranks[r];
        bool overlap = true;
        for (size_t d = 0; d < shape.size(); ++d)
          overlap &= a.start[d] < b.start[d] + b.sizes[d] && b.start[d] < a.start[d] + a.sizes[d];
        if (overlap)
          json.fail(concat("parts ", j, " and ", i, " overlap on rank ", r));
      }
    }
    if (covered != whole)
      json.fail(concat("the parts fill ", covered, " of ", whole, " elements on rank ", r));
  }
}

void ManifestParser::parseGroups() {
  JsonRef list = root["groups"];
  for (size_t i = 0; i < list.size(); ++i) {
    std::vector<std::vector<int>> partition;
    std::vector<bool> seen(manifest.ranks);
    size_t count = 0;
    for (size_t j = 0; j < list[i].size(); ++j) {
      JsonRef json = list[i][j];
      std::vector<int> members;
      for (size_t k = 0; k < json.size(); ++k) {
        int member = static_cast<int>(json[k].integer(0, manifest.ranks - 1));
        if (seen[member])
          json[k].fail(concat("rank ", member, " is in this group twice"));
        seen[member] = true;
        ++count;
        members.push_back(member);
      }
      partition.push_back(std::move(members));
    }
    if (count != static_cast<size_t>(manifest.ranks))
      list[i].fail(concat("names ", count, " of ", manifest.ranks, " ranks"));
    manifest.groups.push_back(std::move(partition));
  }
}

void ManifestParser::parseArena() {
  JsonRef arena = root["arena"];
  arena.allowKeys({"slots", "lifetimes"});
  JsonRef lifetimes = arena["lifetimes"];
  if (arena["slots"].integer(0, INT64_MAX) != static_cast<int64_t>(lifetimes.size()))
    lifetimes.fail(concat("has ", lifetimes.size(), " entries for ", arena["slots"].integer(), " slots"));
  for (size_t i = 0; i < lifetimes.size(); ++i) {
    JsonRef json = lifetimes[i];
    if (json.size() != 2)
      json.fail("expected [first, last]");
    int64_t first = json[0].integer(0, INT64_MAX);
    manifest.lifetimes.push_back({first, json[1].integer(first, INT64_MAX)});
  }
}

void ManifestParser::parseOps() {
  JsonRef ops = root["ops"];
  for (size_t i = 0; i < ops.size(); ++i) {
    JsonRef json = ops[i];
    json.allowKeys({"name", "type", "layer"});
    int64_t layer = json.has("layer") && json["layer"].isInteger() ? json["layer"].integer() : -1;
    manifest.ops.push_back({json["name"].string(), json["type"].string(), layer});
  }
  JsonRef kernels = root["kernels"];
  for (size_t i = 0; i < kernels.size(); ++i) {
    kernels[i].allowKeys({"name"});
    manifest.kernels.push_back(kernels[i]["name"].string());
  }
}

} // namespace

std::string Manifest::opText(int32_t op) const {
  if (op < 0 || static_cast<size_t>(op) >= ops.size())
    return op < 0 ? "start of the run" : "operation " + std::to_string(op);
  const OpSpec &spec = ops[op];
  return "'" + spec.name + "' (" + spec.type + ")";
}

Manifest Manifest::parse(const std::string &text, const std::string &name) {
  JsonDocument document(text, name);
  if (!document.root().isObject())
    document.root().fail("expected an object");
  try {
    return ManifestParser(document.root()).parse();
  } catch (const Error &error) {
    if (error.code() == TPRT_BAD_ARTIFACT)
      throw;
    fail(TPRT_BAD_ARTIFACT, name, ": ", error.what()); // an overflow in an expression
  }
}
