//===- Constraints.cpp - Layouts that the user demands --------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Constraints.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace tpo {

namespace {

/// Layouts written as the IR prints them are parsed recursively.
constexpr size_t kMaxLayoutText = 1024;

template <typename... Ts> llvm::Error fail(const char *format, Ts &&...values) {
  return llvm::createStringError(llvm::formatv(format, std::forward<Ts>(values)...).str());
}

llvm::Error failSpec(StringRef text) {
  return fail("'{0}' is no layout: need 'replicated', AXIS:DIMENSION as in tp:1 (several by commas), or a layout as "
              "--emit=planned prints it, as in [{{}, {{\"tp\"}]",
              text.take_front(80));
}

} // namespace

//===----------------------------------------------------------------------===//
// Constraints as attributes
//===----------------------------------------------------------------------===//

Attribute Constraint::toAttr(MLIRContext *context) const {
  Builder b(context);
  SmallVector<NamedAttribute> attributes = {b.getNamedAttr("tensor", b.getStringAttr(tensor)),
                                            b.getNamedAttr("layout", b.getStringAttr(layout)),
                                            b.getNamedAttr("source", b.getStringAttr(source))};
  if (location)
    attributes.push_back(b.getNamedAttr("location", location));
  if (isName)
    attributes.push_back(b.getNamedAttr("name", b.getUnitAttr()));
  if (isExact)
    attributes.push_back(b.getNamedAttr("exact", b.getUnitAttr()));
  if (isPlanned)
    attributes.push_back(b.getNamedAttr("planned", b.getUnitAttr()));
  if (!reader.empty())
    attributes.push_back(b.getNamedAttr("reader", b.getStringAttr(reader)));
  if (use)
    attributes.push_back(b.getNamedAttr("use", b.getI64IntegerAttr(*use)));
  return b.getDictionaryAttr(attributes);
}

FailureOr<Constraint> Constraint::fromAttr(Attribute attr) {
  auto entry = dyn_cast<DictionaryAttr>(attr);
  auto text = [&](StringRef key) {
    auto value = entry ? entry.getAs<StringAttr>(key) : nullptr;
    return value ? value.str() : "";
  };
  Constraint constraint;
  constraint.tensor = text("tensor");
  constraint.layout = text("layout");
  constraint.source = text("source");
  if (constraint.tensor.empty() || constraint.layout.empty())
    return failure();
  if (constraint.source.empty())
    constraint.source = "constraint '" + constraint.tensor + "=" + constraint.layout + "'";
  constraint.location = entry.getAs<LocationAttr>("location");
  constraint.isName = entry.contains("name");
  constraint.isExact = entry.contains("exact");
  constraint.isPlanned = entry.contains("planned");
  constraint.reader = text("reader");
  if (auto use = entry.getAs<IntegerAttr>("use"))
    constraint.use = use.getInt();
  return constraint;
}

void addConstraints(ModuleOp module, ArrayRef<Constraint> constraints) {
  SmallVector<Attribute> entries;
  if (auto known = module->getAttrOfType<ArrayAttr>(kConstraintsAttr))
    entries.append(known.begin(), known.end());
  for (const Constraint &constraint : constraints)
    entries.push_back(constraint.toAttr(module.getContext()));
  if (!entries.empty())
    module->setAttr(kConstraintsAttr, ArrayAttr::get(module.getContext(), entries));
}

llvm::Expected<Constraint> parseShardOption(StringRef text) {
  // Names may have '=', layouts have it in brackets only.
  size_t split = text.ends_with("]") || text.ends_with("}") ? text.rfind("=[") : text.rfind('=');
  if (split == StringRef::npos || split == 0)
    return fail("--shard: '{0}' is not PATTERN=LAYOUT, as in --shard='*.q_proj.weight=tp:1'", text.take_front(80));
  Constraint constraint;
  constraint.tensor = text.take_front(split).str();
  constraint.layout = text.drop_front(split + 1).str();
  constraint.source = ("--shard '" + text + "'").str();
  llvm::Expected<LayoutSpec> spec = LayoutSpec::parse(constraint.layout);
  if (!spec)
    return fail("--shard: {0}", llvm::toString(spec.takeError()));
  return constraint;
}

//===----------------------------------------------------------------------===//
// Layouts as text
//===----------------------------------------------------------------------===//

llvm::Expected<LayoutSpec> LayoutSpec::parse(StringRef text) {
  LayoutSpec spec;
  StringRef trimmed = text.trim();
  if (trimmed == "replicated")
    return spec;
  if (trimmed.starts_with("[")) {
    if (trimmed.size() > kMaxLayoutText)
      return failSpec(text);
    spec.text = trimmed.str();
    return spec;
  }
  SmallVector<StringRef> parts;
  trimmed.split(parts, ',');
  for (StringRef part : parts) {
    auto [axis, number] = part.trim().split(':');
    int64_t dim = 0;
    if (axis.empty() || number.getAsInteger(10, dim))
      return failSpec(text);
    for (const Split &split : spec.splits)
      if (split.axis == axis)
        return fail("'{0}' gives axis '{1}' twice", text, axis);
    spec.splits.push_back({axis.str(), dim});
  }
  return spec;
}

bool DemandedLayout::accepts(const tp::Layout &other) const {
  if (other.dims.size() != layout.dims.size() || other.partial != layout.partial ||
      (other.isPartial() && other.partialKind != layout.partialKind))
    return false;
  return llvm::all_of(llvm::zip_equal(layout.dims, other.dims), [&](const auto &pair) {
    const auto &[own, given] = pair;
    return own.axes == given.axes && (anyUnits || own.units == given.units);
  });
}

static std::string listAxes(const tp::Mesh &mesh) {
  std::string text;
  for (const tp::MeshAxis &axis : mesh.getAxes())
    text += (text.empty() ? "'" : ", '") + axis.name + "'";
  return text;
}

/// Parses `[{}, {"tp"}]` and checks it for a tensor.
static llvm::Expected<tp::Layout> parseLayout(StringRef text, RankedTensorType type, const tp::Mesh &mesh) {
  MLIRContext *context = type.getContext();
  std::string message;
  // The parser's locations are in a buffer that nobody knows.
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  Attribute attr = parseAttribute("#tp.layout<@" + mesh.getName().str() + ", " + text.str() + ">", context);
  auto layoutAttr = dyn_cast_or_null<tp::LayoutAttr>(attr);
  if (!layoutAttr)
    return fail("'{0}' is no layout: {1}", text, message.empty() ? "malformed" : message);
  auto report = [&] { return emitError(UnknownLoc::get(context)); };
  FailureOr<tp::Layout> layout = tp::resolveLayout(layoutAttr, mesh, report);
  if (failed(layout) || failed(tp::verifyLayout(*layout, mesh, tp::getDims(type), report)))
    return llvm::createStringError(message.empty() ? "the layout does not fit the tensor" : message);
  return *layout;
}

llvm::Expected<DemandedLayout> interpret(const LayoutSpec &spec, bool isExact, RankedTensorType type,
                                         const tp::Mesh &mesh) {
  DemandedLayout demanded;
  SmallVector<AffineExpr> dims = tp::getDims(type);
  if (!spec.text.empty()) {
    llvm::Expected<tp::Layout> layout = parseLayout(spec.text, type, mesh);
    if (!layout)
      return layout.takeError();
    demanded.layout = *layout;
    tp::canonicalise(demanded.layout, dims);
    return demanded;
  }
  demanded.anyUnits = !isExact;
  demanded.layout = tp::Layout::replicated(type.getRank());
  for (const LayoutSpec::Split &split : spec.splits) {
    std::optional<unsigned> axis = mesh.findAxis(split.axis);
    if (!axis)
      return fail("the mesh has no axis '{0}'; it has {1}", split.axis, listAxes(mesh));
    int64_t dim = split.dim < 0 ? split.dim + type.getRank() : split.dim;
    if (dim < 0 || dim >= type.getRank())
      return fail("dimension {0} is out of range: the tensor has {1} dimension{2}", split.dim, type.getRank(),
                  type.getRank() == 1 ? "" : "s");
    demanded.layout.dims[dim].axes.push_back(tp::AxisRef::whole(mesh, *axis));
    int64_t shards = tp::getNumShards(demanded.layout.dims[dim].axes);
    std::optional<int64_t> size = dims[dim] ? tp::getConst(dims[dim]) : std::nullopt;
    if (size && *size < shards)
      return fail("dimension {0} has {1} elements, which {2} devices cannot divide", split.dim, *size, shards);
  }
  for (tp::DimSplit &dim : demanded.layout.dims)
    tp::normalise(dim.axes);
  tp::canonicalise(demanded.layout, dims);
  return demanded;
}

//===----------------------------------------------------------------------===//
// Views of weights
//===----------------------------------------------------------------------===//

namespace {

/// How a dimension of a row-major tensor relates to those of a view of it.
struct ViewDims {
  ViewDims(ArrayRef<int64_t> shape, unsigned dim) : size(shape[dim]) {
    for (int64_t inner : shape.drop_front(dim + 1))
      stride *= inner;
  }
  /// Whether stepping along a view's dimension moves along this one only.
  bool contains(int64_t viewStride, int64_t viewSize) const {
    return viewStride >= stride && viewStride * (viewSize - 1) < size * stride;
  }
  /// Whether a view's dimension is this one, whole, followed by minor ones.
  bool leads(int64_t viewStride, int64_t viewSize) const {
    return viewStride < stride && viewStride * viewSize == size * stride;
  }
  int64_t size, stride = 1;
};

} // namespace

llvm::Expected<DemandedLayout> mapToView(const DemandedLayout &demanded, ArrayRef<int64_t> shape, tp::WeightOp view,
                                         const tp::Mesh &mesh) {
  auto type = cast<RankedTensorType>(view.getType());
  ArrayRef<int64_t> strides = view.getView().getStrides(), sizes = type.getShape();
  DemandedLayout mapped;
  mapped.anyUnits = demanded.anyUnits;
  mapped.layout = tp::Layout::replicated(type.getRank());
  for (auto [dim, split] : llvm::enumerate(demanded.layout.dims)) {
    if (!split.isSplit())
      continue;
    ViewDims own(shape, dim);
    int64_t shards = tp::getNumShards(split.axes);
    std::optional<unsigned> found;
    for (unsigned i = 0; i < sizes.size(); ++i) {
      bool fits = sizes[i] > 1 && (own.contains(strides[i], sizes[i]) || own.leads(strides[i], sizes[i]));
      if (fits && (!found || strides[i] > strides[*found]))
        found = i;
    }
    if (!found)
      return fail("its use, as {0}, does not have dimension {1} by itself", type, dim);
    if (sizes[*found] < shards)
      return fail("its use, as {0}, has only {1} pieces of dimension {2}, which {3} devices cannot divide", type,
                  sizes[*found], dim, shards);
    tp::DimSplit &target = mapped.layout.dims[*found];
    target = split;
    int64_t pieces = split.units ? tp::getConst(split.units).value_or(0) : own.size;
    bool isSame = sizes[*found] == own.size;
    if (!isSame && !split.units && own.leads(strides[*found], sizes[*found]))
      target.units = getAffineConstantExpr(own.size, type.getContext());
    else if (!isSame && split.units && (pieces == 0 || sizes[*found] % pieces != 0))
      return fail("its use, as {0}, does not come in {1} pieces", type, pieces);
  }
  tp::canonicalise(mapped.layout, tp::getDims(type));
  return mapped;
}

std::optional<tp::Layout> mapFromView(const tp::Layout &layout, ArrayRef<int64_t> shape, tp::WeightOp view) {
  auto type = cast<RankedTensorType>(view.getType());
  ArrayRef<int64_t> strides = view.getView().getStrides(), sizes = type.getShape();
  tp::Layout mapped = tp::Layout::replicated(shape.size());
  for (auto [i, split] : llvm::enumerate(layout.dims)) {
    if (!split.isSplit())
      continue;
    std::optional<unsigned> found;
    for (unsigned dim = 0; dim < shape.size() && !found; ++dim)
      if (ViewDims own(shape, dim);
          shape[dim] > 1 && (own.contains(strides[i], sizes[i]) || own.leads(strides[i], sizes[i])))
        found = dim;
    if (!found || mapped.dims[*found].isSplit())
      return std::nullopt;
    // Of a dimension that goes on in the next one whole rows only.
    int64_t pieces = split.units ? tp::getConst(split.units).value_or(0) : tp::getNumShards(split.axes);
    if (sizes[i] > shape[*found] && (pieces == 0 || shape[*found] % pieces != 0))
      return std::nullopt;
    tp::DimSplit &target = mapped.dims[*found];
    target = split;
    if (!target.units && sizes[i] % tp::getNumShards(split.axes) != 0 && sizes[i] < shape[*found])
      target.units = getAffineConstantExpr(sizes[i], type.getContext());
    if (target.units && shape[*found] % tp::getConst(target.units).value_or(1) != 0)
      return std::nullopt;
  }
  SmallVector<AffineExpr> dims;
  for (int64_t size : shape)
    dims.push_back(getAffineConstantExpr(size, type.getContext()));
  tp::canonicalise(mapped, dims);
  return mapped;
}

} // namespace tpo
