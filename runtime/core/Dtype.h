//===- Dtype.h - Element types ---------------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_DTYPE_H
#define TPRT_CORE_DTYPE_H

#include "tprt/abi.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tprt {

// Bytes of an element in memory; 0 for a number that is no element type of the
// runtime.
size_t dtypeSize(int32_t dtype);
// Bits of an element in a file where elements share bytes; 0 for other types.
int packedBits(int32_t dtype);
// "f32"; "dtype 99" style text is the caller's business: null when unknown.
const char *dtypeName(int32_t dtype);
inline bool isFloat(int32_t dtype) {
  return dtype == TPRT_F32 || dtype == TPRT_F16 || dtype == TPRT_BF16 || dtype == TPRT_F64;
}

inline bool isInteger(int32_t dtype) {
  return dtype == TPRT_I8 || dtype == TPRT_U8 || dtype == TPRT_I16 || dtype == TPRT_U16 || dtype == TPRT_I32 ||
         dtype == TPRT_U32 || dtype == TPRT_I64 || dtype == TPRT_U64;
}

inline float bf16ToFloat(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

// Round to nearest even; NaN stays NaN.
inline uint16_t floatToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

float f16ToFloat(uint16_t bits);
uint16_t floatToF16(float value); // round to nearest even

// Converts `count` contiguous elements. Integers convert among themselves and
// to floats by value; throws Error(TPRT_UNSUPPORTED) for float to integer.
void convertElements(const void *src, int32_t srcDtype, void *dst, int32_t dstDtype, int64_t count);

// One element of a packed type, `bit` bits from the start of `file`, as it is
// kept in memory. Reads only the bytes that the element touches.
uint8_t unpackElement(const char *file, int64_t bit, int32_t dtype);

} // namespace tprt

#endif // TPRT_CORE_DTYPE_H
