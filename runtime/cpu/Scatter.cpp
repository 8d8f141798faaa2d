//===- Scatter.cpp - Updates at indices -----------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A copy of the data, then the updates one after the other: linear in both, and
// the order of updates of one element is that of the operator's definition.
//
//===----------------------------------------------------------------------===//

#include "core/View.h"
#include "cpu/CpuDevice.h"

#include <algorithm>
#include <cmath>

using namespace tprt;

namespace {

// Both forms of the operation: for each index tuple (one number for
// ScatterElements) a block of updates that goes to one place.
struct Plan {
  // Where tuple i of the row-major space `sizes` is in the three tensors.
  int rank = 0;
  int64_t sizes[TPRT_MAX_RANK], indexSteps[TPRT_MAX_RANK], updateSteps[TPRT_MAX_RANK], outSteps[TPRT_MAX_RANK];
  // The components of a tuple.
  int depth = 0;
  int64_t componentStep = 0;
  int64_t extents[TPRT_MAX_RANK], strides[TPRT_MAX_RANK];
  // One block, as views whose data moves.
  tprt_view from, to;
};

bool sameSizes(const tprt_view &a, const tprt_view &b) {
  return a.rank == b.rank && std::equal(a.sizes, a.sizes + a.rank, b.sizes);
}

Plan planElements(const tprt_view &indices, const tprt_view &updates, const tprt_view &out, int32_t axis) {
  Plan plan{};
  plan.rank = indices.rank;
  for (int d = 0; d < indices.rank; ++d) {
    plan.sizes[d] = indices.sizes[d];
    plan.indexSteps[d] = indices.strides[d];
    plan.updateSteps[d] = updates.strides[d];
    plan.outSteps[d] = d == axis ? 0 : out.strides[d];
  }
  plan.depth = 1;
  plan.extents[0] = out.sizes[axis];
  plan.strides[0] = out.strides[axis];
  plan.from = updates;
  plan.to = out;
  plan.from.rank = plan.to.rank = 0;
  return plan;
}

Plan planTuples(const tprt_view &indices, const tprt_view &updates, const tprt_view &out) {
  Plan plan{};
  plan.rank = indices.rank - 1;
  for (int d = 0; d < plan.rank; ++d) {
    plan.sizes[d] = indices.sizes[d];
    plan.indexSteps[d] = indices.strides[d];
    plan.updateSteps[d] = updates.strides[d];
    plan.outSteps[d] = 0;
  }
  plan.depth = static_cast<int>(indices.sizes[plan.rank]);
  plan.componentStep = indices.strides[plan.rank];
  for (int c = 0; c < plan.depth; ++c) {
    plan.extents[c] = out.sizes[c];
    plan.strides[c] = out.strides[c];
  }
  plan.from = updates;
  plan.to = out;
  plan.from.rank = plan.to.rank = out.rank - plan.depth;
  for (int d = 0; d < plan.to.rank; ++d) {
    plan.from.sizes[d] = plan.to.sizes[d] = out.sizes[plan.depth + d];
    plan.from.strides[d] = updates.strides[plan.rank + d];
    plan.to.strides[d] = out.strides[plan.depth + d];
  }
  return plan;
}

void checkShapes(const tprt_view &data, const tprt_view &indices, const tprt_view &updates, const tprt_view &out,
                 int32_t axis) {
  bool valid = sameSizes(data, out) && data.dtype == out.dtype && updates.dtype == out.dtype && axis < out.rank;
  if (valid && axis >= 0) {
    valid = indices.rank == out.rank && sameSizes(indices, updates);
    for (int d = 0; valid && d < out.rank; ++d)
      valid = d == axis || indices.sizes[d] <= out.sizes[d];
  } else if (valid) {
    int64_t depth = indices.rank ? indices.sizes[indices.rank - 1] : -1;
    valid = depth >= 0 && depth <= out.rank && updates.rank == indices.rank - 1 + out.rank - depth;
    for (int d = 0; valid && d < updates.rank; ++d)
      valid = updates.sizes[d] == (d < indices.rank - 1 ? indices.sizes[d] : out.sizes[depth + d - (indices.rank - 1)]);
  }
  if (!valid)
    fail(TPRT_INTERNAL, "scatter of ", viewText(updates), " at ", viewText(indices), " along ", axis, " to ",
         viewText(data), " into ", viewText(out));
  if (indices.dtype != TPRT_I64 && indices.dtype != TPRT_I32)
    fail(TPRT_UNSUPPORTED, "scatter indices of element type ", dtypeName(indices.dtype));
}

//===----------------------------------------------------------------------===//
// Combining elements
//===----------------------------------------------------------------------===//

template <typename T> T combine(int32_t reduction, T a, T b) {
  switch (reduction) {
  case TPRT_SCATTER_ADD:
    return static_cast<T>(a + b);
  case TPRT_SCATTER_MUL:
    return static_cast<T>(a * b);
  // A NaN on either side is the result.
  case TPRT_SCATTER_MIN:
    return a != a || a < b ? a : b;
  default:
    return a != a || a > b ? a : b;
  }
}

template <> bool combine(int32_t reduction, bool a, bool b) {
  bool isUnion = reduction == TPRT_SCATTER_ADD || reduction == TPRT_SCATTER_MAX;
  return isUnion ? a || b : a && b;
}

template <typename T> struct Plain {
  static void apply(int32_t reduction, void *to, const void *from) {
    T *element = static_cast<T *>(to);
    *element = combine<T>(reduction, *element, *static_cast<const T *>(from));
  }
};

template <float (*widen)(uint16_t), uint16_t (*narrow)(float)> struct Narrow {
  static void apply(int32_t reduction, void *to, const void *from) {
    uint16_t *element = static_cast<uint16_t *>(to);
    *element = narrow(combine(reduction, widen(*element), widen(*static_cast<const uint16_t *>(from))));
  }
};

template <class Element>
void combineBlock(const tprt_view &from, const tprt_view &to, int32_t reduction, int dim, int64_t fromOffset,
                  int64_t toOffset) {
  if (dim == to.rank)
    return Element::apply(reduction, elementPointer(to, toOffset), elementPointer(from, fromOffset));
  int64_t fromStep = from.strides[dim], toStep = to.strides[dim];
  for (int64_t i = 0; i < to.sizes[dim]; ++i, fromOffset += fromStep, toOffset += toStep) {
    if (dim + 1 == to.rank)
      Element::apply(reduction, elementPointer(to, toOffset), elementPointer(from, fromOffset));
    else
      combineBlock<Element>(from, to, reduction, dim + 1, fromOffset, toOffset);
  }
}

template <class Element> void putBlock(const tprt_view &from, const tprt_view &to, int32_t reduction) {
  combineBlock<Element>(from, to, reduction, 0, 0, 0);
}

void copyBlock(const tprt_view &from, const tprt_view &to, int32_t) {
  if (to.rank == 0)
    std::memcpy(to.data, from.data, dtypeSize(to.dtype));
  else
    copyStrided(from, to);
}

using PutFn = void (*)(const tprt_view &from, const tprt_view &to, int32_t reduction);

PutFn lookupPut(int32_t dtype, int32_t reduction) {
  if (reduction == TPRT_SCATTER_NONE)
    return copyBlock;
  switch (dtype) {
  case TPRT_F32:
    return putBlock<Plain<float>>;
  case TPRT_F64:
    return putBlock<Plain<double>>;
  case TPRT_F16:
    return putBlock<Narrow<f16ToFloat, floatToF16>>;
  case TPRT_BF16:
    return putBlock<Narrow<bf16ToFloat, floatToBf16>>;
  case TPRT_I8:
    return putBlock<Plain<int8_t>>;
  case TPRT_U8:
    return putBlock<Plain<uint8_t>>;
  case TPRT_I16:
    return putBlock<Plain<int16_t>>;
  case TPRT_U16:
    return putBlock<Plain<uint16_t>>;
  case TPRT_I32:
    return putBlock<Plain<int32_t>>;
  case TPRT_U32:
    return putBlock<Plain<uint32_t>>;
  case TPRT_I64:
    return putBlock<Plain<int64_t>>;
  case TPRT_U64:
    return putBlock<Plain<uint64_t>>;
  case TPRT_BOOL:
    return putBlock<Plain<bool>>;
  default:
    return nullptr;
  }
}

int64_t readIndex(const tprt_view &indices, int64_t offset) {
  const char *at = elementPointer(indices, offset);
  if (indices.dtype == TPRT_I32) {
    int32_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  int64_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

} // namespace

void tprt::cpuScatter(tprt_ctx *, int32_t, const tprt_view *data, const tprt_view *indices, const tprt_view *updates,
                      const tprt_view *out, int32_t axis, int32_t reduction) {
  checkShapes(*data, *indices, *updates, *out, axis);
  PutFn put = lookupPut(out->dtype, reduction);
  if (!put)
    fail(TPRT_UNSUPPORTED, "scatter with a reduction of elements of type ", dtypeName(out->dtype));
  if (data->data != out->data)
    copyStrided(*data, *out);
  if (elementCount(*updates) == 0)
    return;
  Plan plan = axis >= 0 ? planElements(*indices, *updates, *out, axis) : planTuples(*indices, *updates, *out);
  int64_t position[TPRT_MAX_RANK] = {};
  int64_t indexOffset = 0, updateOffset = 0, outOffset = 0;
  for (bool more = true; more;) {
    int64_t target = outOffset;
    for (int c = 0; c < plan.depth; ++c) {
      int64_t index = readIndex(*indices, indexOffset + c * plan.componentStep);
      if (index < -plan.extents[c] || index >= plan.extents[c])
        fail(TPRT_RUN_FAILED, "index ", index, " is out of range for ", plan.extents[c], " elements");
      target += (index < 0 ? index + plan.extents[c] : index) * plan.strides[c];
    }
    plan.from.data = elementPointer(*updates, updateOffset);
    plan.to.data = elementPointer(*out, target);
    put(plan.from, plan.to, reduction);
    // The next tuple in row-major order.
    more = false;
    for (int d = plan.rank; d-- > 0 && !more;) {
      more = ++position[d] < plan.sizes[d];
      int64_t steps = more ? 1 : 1 - plan.sizes[d];
      if (!more)
        position[d] = 0;
      indexOffset += steps * plan.indexSteps[d];
      updateOffset += steps * plan.updateSteps[d];
      outOffset += steps * plan.outSteps[d];
    }
  }
}
