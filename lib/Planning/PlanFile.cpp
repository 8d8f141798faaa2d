//===- PlanFile.cpp - Plans as text ---------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/PlanFile.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;

namespace tpo {

namespace {

constexpr int64_t kVersion = 1;
/// A plan nests three deep; the JSON parser recurses.
constexpr unsigned kMaxDepth = 16;

tp::Layout resolve(tp::LayoutAttr attr, const tp::Mesh &mesh) { return *tp::resolveLayout(attr, mesh, nullptr); }

} // namespace

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

std::string formatLayout(const tp::Layout &layout, const tp::Mesh &mesh) {
  std::string text;
  for (auto [dim, split] : llvm::enumerate(layout.dims))
    for (const tp::AxisRef &ref : split.axes) {
      if (split.units || layout.isPartial() || ref != tp::AxisRef::whole(mesh, ref.axis))
        return tp::toString(layout, mesh);
      text += (text.empty() ? "" : ",") + mesh.getAxes()[ref.axis].name + ":" + std::to_string(dim);
    }
  if (layout.isPartial())
    return tp::toString(layout, mesh);
  return text.empty() ? "replicated" : text;
}

/// A weight's one layout from which those of all its uses follow.
static std::optional<tp::Layout> findCommonLayout(const NamedTensor &tensor, ArrayRef<tp::Layout> uses,
                                                  const tp::Mesh &mesh) {
  std::optional<tp::Layout> common;
  for (auto [value, layout] : llvm::zip_equal(tensor.values, uses)) {
    common = mapFromView(layout, tensor.type.getShape(), value.getDefiningOp<tp::WeightOp>());
    if (!common)
      return std::nullopt;
    for (auto [other, otherLayout] : llvm::zip_equal(tensor.values, uses)) {
      auto mapped = mapToView({*common, false}, tensor.type.getShape(), other.getDefiningOp<tp::WeightOp>(), mesh);
      if (!mapped) {
        llvm::consumeError(mapped.takeError());
        return std::nullopt;
      }
      if (mapped->layout != otherLayout)
        return std::nullopt;
    }
  }
  return common;
}

std::string formatPlan(const TensorTable &table, const Planner &planner, const Plan &plan, const tp::Mesh &mesh,
                       StringRef modelName) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto quote = [&](StringRef value) { return llvm::json::Value(llvm::json::fixUTF8(value)); };
  os << "{\n  \"version\": " << kVersion << ",\n  \"model\": " << quote(modelName) << ",\n  \"fingerprint\": \""
     << table.getFingerprint() << "\",\n  \"mesh\": {";
  llvm::ListSeparator comma;
  for (const tp::MeshAxis &axis : mesh.getAxes())
    os << comma << quote(axis.name) << ": " << axis.size;
  os << "},\n  \"tensors\": [";
  bool isFirst = true;
  for (const NamedTensor &tensor : table.getTensors()) {
    // Names that are not text cannot be found again.
    if (tensor.values.empty() || !llvm::json::isUTF8(tensor.name))
      continue;
    SmallVector<tp::Layout> layouts;
    for (Value value : tensor.values)
      if (tp::LayoutAttr layout = planner.getDeliveredLayout(value, plan))
        layouts.push_back(resolve(layout, mesh));
    if (layouts.size() != tensor.values.size())
      continue;
    os << (isFirst ? "" : ",") << "\n    {\"name\": " << quote(tensor.name);
    isFirst = false;
    std::optional<tp::Layout> common = layouts.front();
    if (tensor.kind == NamedTensor::Kind::Weight)
      common = findCommonLayout(tensor, layouts, mesh);
    if (common) {
      os << ", \"layout\": " << quote(formatLayout(*common, mesh)) << "}";
      continue;
    }
    llvm::ListSeparator separator;
    os << ", \"uses\": [";
    for (const tp::Layout &layout : layouts)
      os << separator << quote(formatLayout(layout, mesh));
    os << "]}";
  }
  os << "\n  ]\n}\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

class PlanParser {
public:
  PlanParser(StringRef text, StringRef path, const TensorTable &table, const tp::Mesh &mesh, MLIRContext *context)
      : text(text), path(path), table(table), mesh(mesh), context(context) {}

  FailureOr<std::vector<Constraint>> run();

private:
  Location locate(size_t offset) {
    StringRef before = text.take_front(offset);
    size_t line = before.count('\n') + 1, lineBegin = before.rfind('\n');
    return FileLineColLoc::get(context, path, line, lineBegin == StringRef::npos ? offset + 1 : offset - lineBegin);
  }
  InFlightDiagnostic report(size_t offset) { return emitError(locate(offset)); }
  LogicalResult scan();
  size_t locateKey(StringRef key) { return keys.contains(key) ? keys.lookup(key) : 0; }
  LogicalResult checkHeader(const llvm::json::Object &root);
  LogicalResult checkMesh(const llvm::json::Object &root);
  LogicalResult addTensor(const llvm::json::Value &value, size_t offset);

  StringRef text, path;
  const TensorTable &table;
  const tp::Mesh &mesh;
  MLIRContext *context;
  bool isSameModel = false;          ///< The plan's fingerprint says so.
  llvm::StringMap<size_t> keys;      ///< Of the outermost object, by their raw text.
  SmallVector<size_t> tensorOffsets; ///< Of the elements of "tensors".
  std::vector<Constraint> constraints;
};

/// Finds places of the outermost keys and of the elements of "tensors", which
/// the JSON library does not keep, and bounds how deep the text nests.
LogicalResult PlanParser::scan() {
  unsigned depth = 0;
  StringRef key;
  bool isElement = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (llvm::isSpace(c))
      continue;
    if (isElement && c != ']')
      tensorOffsets.push_back(i);
    isElement = false;
    if (c == '"') {
      size_t begin = ++i;
      while (i < text.size() && text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
      StringRef string = text.slice(begin, i);
      if (depth == 1 && text.drop_front(std::min(i + 1, text.size())).ltrim().starts_with(":")) {
        key = string;
        keys.try_emplace(key, begin - 1);
      }
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth)
        return report(i) << "not a plan: nested too deeply";
      isElement = depth == 2 && c == '[' && key == "tensors";
    } else if (c == '}' || c == ']') {
      depth -= depth > 0;
    } else if (c == ',') {
      isElement = depth == 2 && key == "tensors";
    }
  }
  return success();
}

LogicalResult PlanParser::checkMesh(const llvm::json::Object &root) {
  const llvm::json::Object *axes = root.getObject("mesh");
  size_t offset = locateKey("mesh");
  if (!axes)
    return report(offset) << "the plan has no 'mesh', as in {\"tp\": 2}";
  std::string own;
  bool isSame = axes->size() == mesh.getAxes().size();
  for (const tp::MeshAxis &axis : mesh.getAxes()) {
    own += (own.empty() ? "" : ",") + axis.name + "=" + std::to_string(axis.size);
    isSame &= axes->getInteger(axis.name) == axis.size;
  }
  if (isSame)
    return success();
  std::string given;
  for (const auto &axis : *axes)
    given += (given.empty() ? "" : ",") + axis.first.str() + "=" + llvm::formatv("{0}", axis.second).str();
  return report(offset) << "the plan is for the mesh " << given << ", the program for " << own;
}

LogicalResult PlanParser::checkHeader(const llvm::json::Object &root) {
  std::optional<int64_t> version = root.getInteger("version");
  if (version != kVersion)
    return report(locateKey("version")) << "not a plan of version " << kVersion
                                        << (version ? ": it has version " + std::to_string(*version) : "");
  for (const auto &entry : root)
    if (!llvm::is_contained({"version", "model", "fingerprint", "mesh", "tensors"}, StringRef(entry.first)))
      return report(locateKey(entry.first)) << "unknown key '" << entry.first.str() << "'";
  if (failed(checkMesh(root)))
    return failure();
  std::optional<StringRef> fingerprint = root.getString("fingerprint");
  if (fingerprint && *fingerprint != table.getFingerprint())
    return report(locateKey("fingerprint"))
           << "the plan is for another model"
           << (root.getString("model") ? ", '" + root.getString("model")->str() + "'" : "")
           << ": the graphs differ (remove 'fingerprint' to use what it says about equal names)";
  isSameModel = fingerprint.has_value();
  if (!root.getArray("tensors"))
    return report(locateKey("tensors")) << "the plan has no array 'tensors'";
  return success();
}

LogicalResult PlanParser::addTensor(const llvm::json::Value &value, size_t offset) {
  const llvm::json::Object *entry = value.getAsObject();
  std::optional<StringRef> name = entry ? entry->getString("name") : std::nullopt;
  std::optional<StringRef> layout = entry ? entry->getString("layout") : std::nullopt;
  const llvm::json::Array *uses = entry ? entry->getArray("uses") : nullptr;
  if (!name || !layout == !uses || entry->size() != 2)
    return report(offset) << "an element of 'tensors' needs a 'name' and either a 'layout' or 'uses'";
  SmallVector<StringRef> layouts;
  if (layout)
    layouts.push_back(*layout);
  for (size_t i = 0; uses && i < uses->size(); ++i) {
    std::optional<StringRef> text = (*uses)[i].getAsString();
    if (!text)
      return report(offset) << "'uses' must be layouts";
    layouts.push_back(*text);
  }
  for (StringRef text : layouts)
    if (llvm::Expected<LayoutSpec> spec = LayoutSpec::parse(text); !spec)
      return report(offset) << llvm::toString(spec.takeError());
  auto matches = llvm::cantFail(table.match(*name, /*isName=*/true));
  if (matches.empty()) {
    InFlightDiagnostic error = report(offset) << "the model has no tensor '" << *name << "'";
    if (std::string nearest = table.getNearest(*name); !nearest.empty())
      error << "; the most similar names are " << nearest;
    return error;
  }
  // The plan of a program for other sizes, say: what this one computes while
  // compiling, or does without, needs no layout.
  if (isSameModel && llvm::all_of(matches, [&](unsigned i) { return table.getTensors()[i].values.empty(); }))
    return success();
  const NamedTensor &tensor = table.getTensors()[matches.front()];
  if (uses && (uses->size() != tensor.values.size() || tensor.kind != NamedTensor::Kind::Weight))
    return report(offset) << "'uses' has " << uses->size() << " layouts, but tensor '" << *name << "' has "
                          << tensor.values.size() << " uses";
  Constraint constraint;
  constraint.tensor = name->str();
  constraint.isName = constraint.isExact = constraint.isPlanned = true;
  constraint.location = locate(offset);
  auto place = cast<FileLineColLoc>(constraint.location);
  constraint.source = (path + ":" + Twine(place.getLine())).str();
  for (auto [index, text] : llvm::enumerate(layouts)) {
    constraint.layout = text.str();
    if (uses)
      constraint.use = index;
    constraints.push_back(constraint);
  }
  return success();
}

FailureOr<std::vector<Constraint>> PlanParser::run() {
  if (failed(scan()))
    return failure();
  auto root = llvm::json::parse(text);
  if (!root) {
    std::string message = llvm::toString(root.takeError());
    // "[line:column, byte=n]: what"
    StringRef rest = message;
    size_t offset = 0;
    if (size_t at = rest.find("byte="); at != StringRef::npos) {
      rest = rest.drop_front(at + 5);
      rest.consumeInteger(10, offset);
      rest.consume_front("]: ");
    }
    return report(std::min(offset, text.size())) << "not JSON: " << rest;
  }
  const llvm::json::Object *object = root->getAsObject();
  if (!object)
    return report(0) << "not a plan: need an object";
  if (failed(checkHeader(*object)))
    return failure();
  bool isValid = true;
  for (auto [index, tensor] : llvm::enumerate(*object->getArray("tensors")))
    isValid &= succeeded(addTensor(tensor, index < tensorOffsets.size() ? tensorOffsets[index] : 0));
  if (!isValid)
    return failure();
  return std::move(constraints);
}

} // namespace

FailureOr<std::vector<Constraint>> parsePlan(StringRef text, StringRef path, const TensorTable &table,
                                             const tp::Mesh &mesh, MLIRContext *context) {
  return PlanParser(text, path, table, mesh, context).run();
}

} // namespace tpo
