//===- NarrowFloats.cpp - Conversions that compilers call -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM calls these functions of the compilers' support library where it has
// turned operations on vectors of bf16 into ones on f32 and the processor has no
// instruction to convert back. Programs are linked without that library, whose
// older versions do not have them.
//
//===----------------------------------------------------------------------===//

#include <cstdint>
#include <cstring>

namespace {

// The ABIs return a bf16 in the low half of the register of a float.
float asResult(uint16_t bits) {
  uint32_t low = bits;
  float result;
  std::memcpy(&result, &low, sizeof(result));
  return result;
}

// Rounds to nearest, ties to even; a NaN stays one.
uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if (value != value)
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

} // namespace

extern "C" {

__attribute__((visibility("default"))) float __truncsfbf2(float value) { return asResult(toBF16(value)); }

__attribute__((visibility("default"))) float __truncdfbf2(double value) {
  // Through f32, rounded to odd where it is not exact, so that only the second
  // rounding counts.
  float nearest = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &nearest, sizeof(bits));
  double back = nearest;
  bool finite = (bits & 0x7f800000) != 0x7f800000;
  if (back != value && value == value && finite) {
    bool above = (value > 0) == (back > value);
    if ((bits & 1) == 0)
      bits += above ? -1 : 1;
    std::memcpy(&nearest, &bits, sizeof(nearest));
  }
  return asResult(toBF16(nearest));
}
}
