//===- AxisRefs.cpp - Parts of mesh axes ----------------------------------===//

#include "dialects/Tp/Layout.h"

#include <numeric>

using namespace mlir;

namespace tpo::tp {

void normalise(AxisRefs &axes) {
  AxisRefs result;
  for (const AxisRef &ref : axes) {
    if (ref.size == 1)
      continue;
    if (!result.empty() && result.back().axis == ref.axis &&
        result.back().preSize * result.back().size == ref.preSize)
      result.back().size *= ref.size;
    else
      result.push_back(ref);
  }
  axes = std::move(result);
}

void normaliseSet(AxisRefs &axes) {
  llvm::sort(axes);
  normalise(axes);
}

int64_t getNumShards(ArrayRef<AxisRef> axes) {
  int64_t count = 1;
  for (const AxisRef &ref : axes)
    count *= ref.size;
  return count;
}

bool overlap(ArrayRef<AxisRef> lhs, ArrayRef<AxisRef> rhs) {
  return llvm::any_of(lhs, [&](const AxisRef &left) {
    return llvm::any_of(
        rhs, [&](const AxisRef &right) { return left.overlaps(right); });
  });
}

bool containsAll(ArrayRef<AxisRef> set, ArrayRef<AxisRef> axes) {
  return llvm::all_of(axes, [&](const AxisRef &ref) {
    return llvm::any_of(
        set, [&](const AxisRef &member) { return member.contains(ref); });
  });
}

bool removeSuffix(AxisRefs &axes, ArrayRef<AxisRef> suffix) {
  AxisRefs rest = axes;
  for (const AxisRef &ref : llvm::reverse(suffix)) {
    if (ref.size == 1)
      continue;
    if (rest.empty())
      return false;
    AxisRef &last = rest.back();
    if (!last.contains(ref) ||
        last.preSize * last.size != ref.preSize * ref.size)
      return false;
    last.size = ref.preSize / last.preSize;
    if (last.size == 1)
      rest.pop_back();
  }
  axes = std::move(rest);
  return true;
}

bool removeFromSet(AxisRefs &set, ArrayRef<AxisRef> axes) {
  AxisRefs rest = set;
  for (const AxisRef &ref : axes) {
    if (ref.size == 1)
      continue;
    auto *holder = llvm::find_if(
        rest, [&](const AxisRef &member) { return member.contains(ref); });
    if (holder == rest.end())
      return false;
    AxisRef whole = *holder;
    rest.erase(holder);
    rest.push_back({ref.axis, whole.preSize, ref.preSize / whole.preSize});
    int64_t end = ref.preSize * ref.size;
    rest.push_back({ref.axis, end, whole.preSize * whole.size / end});
    normaliseSet(rest);
  }
  set = std::move(rest);
  return true;
}

bool splitAxes(ArrayRef<AxisRef> axes, int64_t count, AxisRefs &head,
               AxisRefs &tail) {
  head.clear();
  tail.clear();
  for (const AxisRef &ref : axes) {
    if (count == 1) {
      tail.push_back(ref);
      continue;
    }
    if (count % ref.size == 0) {
      head.push_back(ref);
      count /= ref.size;
      continue;
    }
    if (ref.size % count != 0)
      return false;
    head.push_back({ref.axis, ref.preSize, count});
    tail.push_back({ref.axis, ref.preSize * count, ref.size / count});
    count = 1;
  }
  return count == 1;
}

int64_t getIndex(ArrayRef<AxisRef> axes, const Mesh &mesh,
                 ArrayRef<int64_t> coordinates) {
  int64_t index = 0;
  for (const AxisRef &ref : axes) {
    int64_t rest = mesh.getAxes()[ref.axis].size / (ref.preSize * ref.size);
    index = index * ref.size + coordinates[ref.axis] / rest % ref.size;
  }
  return index;
}

AffineExpr getIndex(ArrayRef<AxisRef> axes, const Mesh &mesh,
                    const RankCoordinates &coordinates, MLIRContext *context) {
  AffineExpr index = getAffineConstantExpr(0, context);
  for (const AxisRef &ref : axes) {
    AffineExpr coordinate = coordinates[ref.axis];
    if (!coordinate)
      return nullptr;
    int64_t rest = mesh.getAxes()[ref.axis].size / (ref.preSize * ref.size);
    AffineExpr part = coordinate.floorDiv(rest);
    // The coordinate is below the axis' size, so the first part needs no mod.
    if (ref.preSize > 1)
      part = part % ref.size;
    index = index * ref.size + part;
  }
  return simplify(index);
}

SmallVector<SmallVector<int64_t>> getGroups(ArrayRef<AxisRef> axes,
                                            const Mesh &mesh) {
  AxisRefs others;
  for (unsigned axis = 0; axis < mesh.getAxes().size(); ++axis)
    others.push_back(AxisRef::whole(mesh, axis));
  normaliseSet(others);
  bool within = removeFromSet(others, axes);
  assert(within && "axes must be disjoint parts of the mesh");
  (void)within;
  SmallVector<SmallVector<int64_t>> groups(
      getNumShards(others), SmallVector<int64_t>(getNumShards(axes)));
  for (int64_t rank = 0; rank < mesh.getNumDevices(); ++rank) {
    SmallVector<int64_t> coordinates = mesh.getCoordinates(rank);
    groups[getIndex(others, mesh, coordinates)]
          [getIndex(axes, mesh, coordinates)] = rank;
  }
  return groups;
}

static AxisRefAttr toAttr(const AxisRef &ref, const Mesh &mesh,
                          MLIRContext *context) {
  const MeshAxis &axis = mesh.getAxes()[ref.axis];
  auto name = StringAttr::get(context, axis.name);
  if (ref.preSize == 1 && ref.size == axis.size)
    return AxisRefAttr::getWhole(name);
  return AxisRefAttr::get(context, name, ref.preSize, ref.size);
}

AxesAttr toAttr(ArrayRef<AxisRef> axes, const Mesh &mesh,
                MLIRContext *context) {
  SmallVector<AxisRefAttr> attrs;
  for (const AxisRef &ref : axes)
    attrs.push_back(toAttr(ref, mesh, context));
  return AxesAttr::get(context, attrs);
}

std::string toString(ArrayRef<AxisRef> axes, const Mesh &mesh) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(axes, os, [&](const AxisRef &ref) {
    const MeshAxis &axis = mesh.getAxes()[ref.axis];
    os << '"' << axis.name << '"';
    if (ref.preSize != 1 || ref.size != axis.size)
      os << ":(" << ref.preSize << ')' << ref.size;
  });
  return text;
}

FailureOr<AxisRefs> resolveAxes(ArrayRef<AxisRefAttr> axes, const Mesh &mesh,
                                ErrorFn emitError) {
  AxisRefs refs;
  for (AxisRefAttr attr : axes) {
    std::optional<unsigned> axis = mesh.findAxis(attr.getName().getValue());
    if (!axis) {
      if (emitError)
        emitError() << "mesh @" << mesh.getName() << " has no axis "
                    << attr.getName();
      return failure();
    }
    AxisRef ref = AxisRef::whole(mesh, *axis);
    if (!attr.isWhole()) {
      int64_t end;
      if (llvm::MulOverflow(attr.getPreSize(), attr.getSize(), end) ||
          ref.size % end != 0) {
        if (emitError)
          emitError() << "sub-axis " << attr.getName() << ":("
                      << attr.getPreSize() << ')' << attr.getSize()
                      << " does not divide the axis of size " << ref.size;
        return failure();
      }
      ref = {*axis, attr.getPreSize(), attr.getSize()};
    }
    refs.push_back(ref);
  }
  return refs;
}

} // namespace tpo::tp
