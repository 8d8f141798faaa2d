//===- Reduce.cpp - Reduction in a fixed order ----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "comm/Reduce.h"

#include "core/Dtype.h"
#include "tprt/error.h"

#include <algorithm>

using namespace tprt;

namespace {

constexpr int64_t blockElements = 1024;

struct Sum {
  template <typename T> static T apply(T a, T b) { return static_cast<T>(a + b); }
};
// NaN wins, as in ONNX: a plain comparison would drop it or keep it depending
// on the order.
struct Max {
  template <typename T> static T apply(T a, T b) { return (a > b || a != a) ? a : b; }
};
struct Min {
  template <typename T> static T apply(T a, T b) { return (a < b || a != a) ? a : b; }
};

template <typename T, typename Op>
void reduceNative(const void *const *inputs, int numInputs, void *out, int64_t count) {
  T sum[blockElements];
  for (int64_t begin = 0; begin < count; begin += blockElements) {
    int64_t size = std::min(blockElements, count - begin);
    std::memcpy(sum, static_cast<const T *>(inputs[0]) + begin, size * sizeof(T));
    for (int i = 1; i < numInputs; ++i) {
      const T *input = static_cast<const T *>(inputs[i]) + begin;
      for (int64_t j = 0; j < size; ++j)
        sum[j] = Op::apply(sum[j], input[j]);
    }
    std::memcpy(static_cast<T *>(out) + begin, sum, size * sizeof(T));
  }
}

template <typename Op>
void reduceHalf(const void *const *inputs, int numInputs, void *out, int64_t count, int32_t dtype) {
  float sum[blockElements], next[blockElements];
  for (int64_t begin = 0; begin < count; begin += blockElements) {
    int64_t size = std::min(blockElements, count - begin);
    convertElements(static_cast<const uint16_t *>(inputs[0]) + begin, dtype, sum, TPRT_F32, size);
    for (int i = 1; i < numInputs; ++i) {
      convertElements(static_cast<const uint16_t *>(inputs[i]) + begin, dtype, next, TPRT_F32, size);
      for (int64_t j = 0; j < size; ++j)
        sum[j] = Op::apply(sum[j], next[j]);
    }
    convertElements(sum, TPRT_F32, static_cast<uint16_t *>(out) + begin, dtype, size);
  }
}

template <typename Op>
bool reduceWith(const void *const *inputs, int numInputs, void *out, int64_t count, int32_t dtype) {
  switch (dtype) {
  case TPRT_F32:
    reduceNative<float, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_F64:
    reduceNative<double, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_F16:
  case TPRT_BF16:
    reduceHalf<Op>(inputs, numInputs, out, count, dtype);
    return true;
  case TPRT_I8:
    reduceNative<int8_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_U8:
  case TPRT_BOOL:
    reduceNative<uint8_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_I16:
    reduceNative<int16_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_U16:
    reduceNative<uint16_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_I32:
    reduceNative<int32_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_U32:
    reduceNative<uint32_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_I64:
    reduceNative<int64_t, Op>(inputs, numInputs, out, count);
    return true;
  case TPRT_U64:
    reduceNative<uint64_t, Op>(inputs, numInputs, out, count);
    return true;
  default:
    return false;
  }
}

} // namespace

void tprt::reduceInOrder(const void *const *inputs, int numInputs, void *out, int64_t count, int32_t dtype,
                         int32_t reduction) {
  bool known = false;
  if (reduction == TPRT_MAX)
    known = reduceWith<Max>(inputs, numInputs, out, count, dtype);
  else if (reduction == TPRT_MIN)
    known = reduceWith<Min>(inputs, numInputs, out, count, dtype);
  // A sum of booleans is not a boolean.
  else if (reduction == TPRT_SUM && dtype != TPRT_BOOL)
    known = reduceWith<Sum>(inputs, numInputs, out, count, dtype);
  if (!known)
    fail(TPRT_UNSUPPORTED, "no reduction ", reduction, " of element type ", dtype);
}
