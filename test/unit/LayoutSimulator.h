//===- LayoutSimulator.h - Tensors on simulated devices ---------*- C++ -*-===//
//
// Plain arrays on every device of a mesh, and collectives executed on them as
// their definition says. What the algebra predicts is compared with these.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_UNIT_LAYOUTSIMULATOR_H
#define TEST_UNIT_LAYOUTSIMULATOR_H

#include "dialects/Tp/Reshard.h"

#include <functional>
#include <random>

namespace tpo::tp::test {

using Shape = std::vector<int64_t>;

/// A dense array, last dimension fastest.
struct Array {
  Shape shape;
  std::vector<double> data;

  explicit Array(Shape shape = {}) : shape(shape), data(count(shape), 0.0) {}
  static size_t count(const Shape &shape) {
    size_t elements = 1;
    for (int64_t size : shape)
      elements *= size;
    return elements;
  }
  bool operator==(const Array &other) const {
    return shape == other.shape && data == other.data;
  }
  double &at(const Shape &index) {
    size_t offset = 0;
    for (size_t i = 0; i < shape.size(); ++i)
      offset = offset * shape[i] + index[i];
    return data[offset];
  }
  double at(const Shape &index) const {
    return const_cast<Array *>(this)->at(index);
  }
};

inline void forEachIndex(const Shape &shape,
                         const std::function<void(const Shape &)> &body) {
  if (Array::count(shape) == 0)
    return;
  Shape index(shape.size(), 0);
  while (true) {
    body(index);
    size_t dim = shape.size();
    while (dim > 0 && ++index[dim - 1] == shape[dim - 1])
      index[--dim] = 0;
    if (dim == 0)
      return;
  }
}

/// The part `ranges` of an array.
inline Array extract(const Array &array, llvm::ArrayRef<LocalRange> ranges) {
  Shape shape;
  for (const LocalRange &range : ranges)
    shape.push_back(range.size);
  Array piece(shape);
  forEachIndex(shape, [&](const Shape &index) {
    Shape source = index;
    for (size_t i = 0; i < source.size(); ++i)
      source[i] += ranges[i].offset;
    piece.at(index) = array.at(source);
  });
  return piece;
}

inline double combine(ReductionKind kind, double a, double b) {
  switch (kind) {
  case ReductionKind::Sum:
    return a + b;
  case ReductionKind::Max:
    return std::max(a, b);
  case ReductionKind::Min:
    return std::min(a, b);
  }
  return 0;
}

inline Array combine(ReductionKind kind, const Array &a, const Array &b) {
  Array result = a;
  for (size_t i = 0; i < result.data.size(); ++i)
    result.data[i] = combine(kind, a.data[i], b.data[i]);
  return result;
}

inline Array concat(llvm::ArrayRef<Array> parts, int64_t dim) {
  Shape shape = parts.front().shape;
  shape[dim] = 0;
  for (const Array &part : parts)
    shape[dim] += part.shape[dim];
  Array result(shape);
  int64_t offset = 0;
  for (const Array &part : parts) {
    forEachIndex(part.shape, [&](const Shape &index) {
      Shape target = index;
      target[dim] += offset;
      result.at(target) = part.at(index);
    });
    offset += part.shape[dim];
  }
  return result;
}

/// One array per rank.
using Devices = std::vector<Array>;

/// Distributes a tensor; small integers as terms of partial ones keep sums
/// exact.
inline Devices distribute(const Array &global, const Layout &layout,
                          const Mesh &mesh, std::mt19937 &random) {
  Devices devices(mesh.getNumDevices());
  int64_t terms = getNumShards(layout.partial);
  // The terms are the same on all replicas: one full set per global tensor.
  std::vector<Array> parts(terms, Array(global.shape));
  for (size_t i = 0; i < global.data.size(); ++i) {
    double rest = global.data[i];
    for (int64_t term = 1; term < terms; ++term) {
      double value = static_cast<int>(random() % 17);
      if (layout.partialKind == ReductionKind::Sum)
        rest -= value;
      else if (layout.partialKind == ReductionKind::Max)
        value = rest - value;
      else
        value = rest + value;
      parts[term].data[i] = value;
    }
    parts[0].data[i] = rest;
  }
  for (int64_t rank = 0; rank < mesh.getNumDevices(); ++rank) {
    int64_t term = getIndex(layout.partial, mesh, mesh.getCoordinates(rank));
    devices[rank] =
        extract(parts[term], getLocalRanges(layout, mesh, global.shape, rank));
  }
  return devices;
}

/// Whether devices hold what `layout` says of `global`: combining the terms
/// along partial axes gives every device's piece.
inline bool holds(const Devices &devices, const Array &global,
                  const Layout &layout, const Mesh &mesh) {
  for (const auto &group : getGroups(layout.partial, mesh)) {
    Array total = devices[group.front()];
    for (int64_t rank : llvm::drop_begin(group)) {
      if (devices[rank].shape != total.shape)
        return false;
      total = combine(layout.partialKind, total, devices[rank]);
    }
    if (!(total == extract(global, getLocalRanges(layout, mesh, global.shape,
                                                  group.front()))))
      return false;
  }
  return true;
}

/// Cuts out of a device's array what it keeps of dimension `dim`.
inline Array keepPiece(const Array &array, int64_t dim, const Layout &in,
                       const Layout &out, const Mesh &mesh,
                       const Shape &globalShape, int64_t rank) {
  LocalRange before = getLocalRanges(in, mesh, globalShape, rank)[dim];
  LocalRange after = getLocalRanges(out, mesh, globalShape, rank)[dim];
  llvm::SmallVector<LocalRange> ranges;
  for (int64_t size : array.shape)
    ranges.push_back({0, size});
  ranges[dim] = {after.offset - before.offset, after.size};
  return extract(array, ranges);
}

/// Executes one step on all devices.
inline Devices execute(const ReshardStep &step, const Devices &input,
                       const Mesh &mesh, const Shape &globalShape) {
  const Collective &collective = step.collective;
  if (collective.kind == CollectiveKind::Permute) {
    Devices output;
    for (int64_t source : getPermuteSources(step.in, step.out, mesh))
      output.push_back(input[source]);
    return output;
  }
  Devices output(input.size());
  for (const auto &group : getGroups(collective.axes, mesh)) {
    std::vector<Array> members;
    for (int64_t rank : group)
      members.push_back(input[rank]);
    Array sum = members.front();
    if (collective.kind == CollectiveKind::AllReduce ||
        collective.kind == CollectiveKind::ReduceScatter)
      for (const Array &member : llvm::drop_begin(members))
        sum = combine(collective.reduction, sum, member);
    for (int64_t rank : group) {
      auto keep = [&](const Array &array, int64_t dim) {
        return keepPiece(array, dim, step.in, step.out, mesh, globalShape,
                         rank);
      };
      switch (collective.kind) {
      case CollectiveKind::AllReduce:
        output[rank] = sum;
        break;
      case CollectiveKind::ReduceScatter:
        output[rank] = keep(sum, collective.dim);
        break;
      case CollectiveKind::AllGather:
        output[rank] = concat(members, collective.dim);
        break;
      case CollectiveKind::AllToAll:
        output[rank] =
            keep(concat(members, collective.dim), collective.splitDim);
        break;
      case CollectiveKind::Slice:
        output[rank] = keep(input[rank], collective.dim);
        break;
      case CollectiveKind::Broadcast:
        output[rank] = members.front();
        break;
      case CollectiveKind::Permute:
        break;
      }
    }
  }
  return output;
}

/// Random meshes and layouts on them.
class Generator {
public:
  Generator(mlir::MLIRContext *context, unsigned seed)
      : context(context), random(seed) {}

  int64_t pick(int64_t bound) { return random() % bound; }
  std::mt19937 &getRandom() { return random; }

  Mesh makeMesh() {
    static const int64_t sizes[] = {1, 2, 2, 3, 4, 6, 8};
    llvm::SmallVector<MeshAxis> axes(1 + pick(2));
    for (size_t i = 0; i < axes.size(); ++i) {
      axes[i].name = std::string(1, static_cast<char>('a' + i));
      axes[i].size = sizes[pick(std::size(sizes))];
    }
    return Mesh("mesh", axes);
  }

  /// The axes of a mesh cut into parts of prime size, in random order.
  AxisRefs makeAtoms(const Mesh &mesh) {
    AxisRefs atoms;
    for (unsigned axis = 0; axis < mesh.getAxes().size(); ++axis) {
      int64_t done = 1, size = mesh.getAxes()[axis].size;
      while (done < size) {
        // 2 before or after 3: both ways to cut an axis of 6.
        int64_t rest = size / done, prime = 2;
        if (rest % 2 != 0 || (rest % 3 == 0 && pick(2)))
          prime = 3;
        atoms.push_back({axis, done, prime});
        done *= prime;
      }
    }
    std::shuffle(atoms.begin(), atoms.end(), random);
    return atoms;
  }

  Shape makeShape() {
    Shape shape(1 + pick(3));
    for (int64_t &size : shape)
      size = 1 + pick(13);
    return shape;
  }

  /// A canonical layout; every part of an axis gets a random role.
  Layout makeLayout(const Mesh &mesh, const Shape &shape, bool mayBePartial) {
    Layout layout = Layout::replicated(shape.size());
    layout.partialKind = static_cast<ReductionKind>(pick(3));
    for (const AxisRef &atom : makeAtoms(mesh)) {
      int64_t role = pick(shape.size() + 2);
      if (role < static_cast<int64_t>(shape.size()))
        layout.dims[role].axes.push_back(atom);
      else if (role == static_cast<int64_t>(shape.size()) && mayBePartial)
        layout.partial.push_back(atom);
    }
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      int64_t units = 1 + pick(shape[dim]);
      if (shape[dim] % units == 0 && pick(2))
        layout.dims[dim].units = mlir::getAffineConstantExpr(units, context);
    }
    canonicalise(layout, makeDims(shape));
    return layout;
  }

  llvm::SmallVector<mlir::AffineExpr> makeDims(const Shape &shape) {
    llvm::SmallVector<mlir::AffineExpr> dims;
    for (int64_t size : shape)
      dims.push_back(mlir::getAffineConstantExpr(size, context));
    return dims;
  }

  Array makeArray(const Shape &shape) {
    Array array(shape);
    for (double &value : array.data)
      value = static_cast<int>(random() % 1000);
    return array;
  }

private:
  mlir::MLIRContext *context;
  std::mt19937 random;
};

} // namespace tpo::tp::test

#endif // TEST_UNIT_LAYOUTSIMULATOR_H
