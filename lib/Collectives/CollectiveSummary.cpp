//===- CollectiveSummary.cpp - What a program moves -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Collectives/CollectiveSummary.h"

#include "dialects/Tp/Reshard.h"
#include "tp-opt/Partition/Blocks.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpo {

namespace {

/// The name of an ONNX node: the innermost NameLoc of a location.
std::string getNodeName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return getNodeName(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location inner : fused.getLocations())
      if (std::string name = getNodeName(inner); !name.empty())
        return name;
  return "";
}

/// `tp`, or `tp:(1)4` for a part of the axis.
std::string getAxisName(ArrayRef<tp::AxisRef> axes, const tp::Mesh &mesh) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      axes, os,
      [&](const tp::AxisRef &ref) {
        const tp::MeshAxis &axis = mesh.getAxes()[ref.axis];
        os << axis.name;
        if (ref.size != axis.size)
          os << ":(" << ref.preSize << ")" << ref.size;
      },
      ",");
  return text;
}

std::string getTypeName(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << type;
  return text;
}

/// The largest sizes that a device holds of `global` in `layout`.
std::optional<SmallVector<int64_t>> getMaxSizes(RankedTensorType global,
                                                const tp::Layout &layout,
                                                ArrayRef<int64_t> symbols) {
  SmallVector<int64_t> sizes;
  for (auto [expr, split] : llvm::zip(tp::getDims(global), layout.dims)) {
    std::optional<int64_t> size =
        expr ? tp::evaluate(expr, symbols) : std::nullopt;
    if (!size)
      return std::nullopt;
    std::optional<int64_t> units = *size;
    if (split.units)
      units = tp::evaluate(split.units, symbols);
    if (!units)
      return std::nullopt;
    int64_t count = tp::getNumShards(split.axes);
    // The last device has the most pieces: ceil(u / n).
    sizes.push_back(tp::getLocalRange(*size, *units, count, count - 1).size);
  }
  return sizes;
}

/// Where the data of a collective is larger.
struct Sizes {
  SmallVector<int64_t> in, out;
  const SmallVector<int64_t> &larger() const {
    return getElements(in) >= getElements(out) ? in : out;
  }
  static int64_t getElements(ArrayRef<int64_t> sizes) {
    // More than any machine has, and few enough for sums of bytes.
    constexpr int64_t kMost = int64_t(1) << 48;
    int64_t elements = 1;
    for (int64_t size : sizes)
      if (llvm::MulOverflow(elements, size, elements) || elements > kMost)
        elements = kMost;
    return elements;
  }
};

std::optional<Sizes> getSizes(tp::CollectiveOpInterface op,
                              const tp::Mesh &mesh, ArrayRef<int64_t> symbols) {
  FailureOr<tp::Layout> in = tp::resolveLayout(op.getInLayout(), mesh, nullptr);
  FailureOr<tp::Layout> out =
      tp::resolveLayout(op.getOutLayout(), mesh, nullptr);
  auto global = dyn_cast<RankedTensorType>(op.getGlobalType());
  if (failed(in) || failed(out) || !global)
    return std::nullopt;
  std::optional<SmallVector<int64_t>> before =
      getMaxSizes(global, *in, symbols);
  std::optional<SmallVector<int64_t>> after =
      getMaxSizes(global, *out, symbols);
  if (!before || !after)
    return std::nullopt;
  return Sizes{*before, *after};
}

int64_t getBytes(ArrayRef<int64_t> sizes, Type elementType) {
  unsigned bits =
      elementType.isIntOrFloat() ? elementType.getIntOrFloatBitWidth() : 64;
  return Sizes::getElements(sizes) * ((bits + 7) / 8);
}

} // namespace

std::optional<int64_t> getCollectiveBytes(tp::CollectiveOpInterface op,
                                          ArrayRef<int64_t> symbols) {
  FailureOr<tp::Mesh> mesh = tp::Mesh::lookup(op, op.getInLayout().getMesh());
  if (failed(mesh))
    return std::nullopt;
  std::optional<Sizes> sizes = getSizes(op, *mesh, symbols);
  if (!sizes)
    return std::nullopt;
  return getBytes(sizes->larger(),
                  getElementTypeOrSelf(op.getLocalInput().getType()));
}

FailureOr<std::vector<CollectiveEntry>>
summarizeCollectives(Operation *scope, ArrayRef<int64_t> symbols) {
  std::vector<CollectiveEntry> entries;
  WalkResult result = scope->walk([&](tp::CollectiveOpInterface op) {
    if (op.getCollectiveKind() == tp::CollectiveKind::Slice)
      return WalkResult::advance();
    FailureOr<tp::Mesh> mesh = tp::Mesh::lookup(op, op.getInLayout().getMesh());
    if (failed(mesh))
      return WalkResult::interrupt();
    FailureOr<tp::Collective> collective = tp::getCollective(op, *mesh);
    if (failed(collective))
      return WalkResult::interrupt();
    std::optional<Sizes> sizes = getSizes(op, *mesh, symbols);
    if (!sizes) {
      op->emitError("the size of what this moves is not known");
      return WalkResult::interrupt();
    }
    Type elementType = getElementTypeOrSelf(op.getLocalInput().getType());
    CollectiveEntry entry;
    entry.kind = tp::stringifyCollectiveKind(collective->kind).str();
    entry.axis = getAxisName(collective->axes, *mesh);
    entry.layer = getLayer(op);
    entry.op = getNodeName(op->getLoc());
    entry.dtype = getTypeName(elementType);
    entry.shape.assign(sizes->larger().begin(), sizes->larger().end());
    entry.bytes = getBytes(entry.shape, elementType);
    tp::CommunicationCost cost =
        tp::getCost(*collective, *mesh, getBytes(sizes->in, elementType),
                    getBytes(sizes->out, elementType));
    entry.wireBytesPerRank = cost.wireBytes;
    entry.microseconds = cost.microseconds;
    entries.push_back(std::move(entry));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return entries;
}

CollectiveTotals getTotals(ArrayRef<CollectiveEntry> entries) {
  CollectiveTotals totals;
  for (const CollectiveEntry &entry : entries) {
    ++totals.counts[entry.kind];
    totals.wireBytesPerRank += entry.wireBytesPerRank;
  }
  return totals;
}

llvm::json::Array toJSON(ArrayRef<CollectiveEntry> entries) {
  llvm::json::Array array;
  for (const CollectiveEntry &entry : entries)
    array.push_back(llvm::json::Object{
        {"kind", entry.kind},
        {"axis", entry.axis},
        {"layer", entry.layer ? llvm::json::Value(*entry.layer)
                              : llvm::json::Value(nullptr)},
        {"op", llvm::json::fixUTF8(entry.op)},
        {"dtype", entry.dtype},
        {"shape", llvm::json::Array(entry.shape)},
        {"bytes", entry.bytes},
        {"wire_bytes_per_rank", entry.wireBytesPerRank},
        {"predicted_us", entry.microseconds}});
  return array;
}

llvm::json::Object toJSON(const CollectiveTotals &totals) {
  llvm::json::Object object;
  for (const auto &[kind, count] : totals.counts)
    object[kind] = count;
  object["wire_bytes_per_rank"] = totals.wireBytesPerRank;
  return object;
}

} // namespace tpo
