//===- Order.h - Elements as integers of the same order ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Used by host code and inside GPU kernels.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_ORDER_H
#define TPRT_CORE_ORDER_H

#include "tprt/abi.h"

#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define TPRT_HOST_DEVICE __host__ __device__
#else
#define TPRT_HOST_DEVICE
#endif

namespace tprt {

// The bits of a binary floating-point number as an integer that orders like it:
// both zeros are equal, every NaN is above infinity.
TPRT_HOST_DEVICE inline int64_t floatOrder(uint64_t bits, int width, int mantissaBits) {
  uint64_t sign = uint64_t(1) << (width - 1), magnitude = bits & (sign - 1);
  uint64_t infinity = ((uint64_t(1) << (width - 1 - mantissaBits)) - 1) << mantissaBits;
  if (magnitude > infinity)
    return static_cast<int64_t>(infinity + 1);
  return bits & sign ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
}

template <typename T> TPRT_HOST_DEVICE inline T loadElement(const void *at) {
  T value;
  memcpy(&value, at, sizeof(value));
  return value;
}

// Whether elements of this type have an order here.
TPRT_HOST_DEVICE inline bool hasOrder(int32_t dtype) {
  return (dtype >= TPRT_F32 && dtype <= TPRT_I64) || (dtype >= TPRT_BOOL && dtype <= TPRT_U64) || dtype == TPRT_BF16;
}

TPRT_HOST_DEVICE inline int64_t orderKey(int32_t dtype, const void *at) {
  switch (dtype) {
  case TPRT_F32:
    return floatOrder(loadElement<uint32_t>(at), 32, 23);
  case TPRT_F64:
    return floatOrder(loadElement<uint64_t>(at), 64, 52);
  case TPRT_F16:
    return floatOrder(loadElement<uint16_t>(at), 16, 10);
  case TPRT_BF16:
    return floatOrder(loadElement<uint16_t>(at), 16, 7);
  case TPRT_I8:
    return loadElement<int8_t>(at);
  case TPRT_U8:
  case TPRT_BOOL:
    return loadElement<uint8_t>(at);
  case TPRT_I16:
    return loadElement<int16_t>(at);
  case TPRT_U16:
    return loadElement<uint16_t>(at);
  case TPRT_I32:
    return loadElement<int32_t>(at);
  case TPRT_U32:
    return loadElement<uint32_t>(at);
  case TPRT_U64: // shifted to the signed range
    return static_cast<int64_t>(loadElement<uint64_t>(at) ^ (uint64_t(1) << 63));
  default:
    return loadElement<int64_t>(at);
  }
}

} // namespace tprt

#endif // TPRT_CORE_ORDER_H
