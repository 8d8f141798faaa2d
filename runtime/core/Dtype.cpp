//===- Dtype.cpp - Element types ------------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Dtype.h"

#include "tprt/error.h"

using namespace tprt;

size_t tprt::dtypeSize(int32_t dtype) {
  switch (dtype) {
  case TPRT_U8:
  case TPRT_I8:
  case TPRT_BOOL:
  case TPRT_F8E4M3FN:
  case TPRT_F8E4M3FNUZ:
  case TPRT_F8E5M2:
  case TPRT_F8E5M2FNUZ:
  case TPRT_F8E8M0:
  case TPRT_F6E2M3:
  case TPRT_F6E3M2:
  case TPRT_F4E2M1:
  case TPRT_U4:
  case TPRT_I4:
  case TPRT_U2:
  case TPRT_I2:
    return 1;
  case TPRT_U16:
  case TPRT_I16:
  case TPRT_F16:
  case TPRT_BF16:
    return 2;
  case TPRT_F32:
  case TPRT_I32:
  case TPRT_U32:
    return 4;
  case TPRT_I64:
  case TPRT_U64:
  case TPRT_F64:
    return 8;
  default:
    return 0;
  }
}

int tprt::packedBits(int32_t dtype) {
  switch (dtype) {
  case TPRT_U2:
  case TPRT_I2:
    return 2;
  case TPRT_U4:
  case TPRT_I4:
  case TPRT_F4E2M1:
    return 4;
  case TPRT_F6E2M3:
  case TPRT_F6E3M2:
    return 6;
  default:
    return 0;
  }
}

const char *tprt::dtypeName(int32_t dtype) {
  switch (dtype) {
  case TPRT_F32:
    return "f32";
  case TPRT_U8:
    return "u8";
  case TPRT_I8:
    return "i8";
  case TPRT_U16:
    return "u16";
  case TPRT_I16:
    return "i16";
  case TPRT_I32:
    return "i32";
  case TPRT_I64:
    return "i64";
  case TPRT_BOOL:
    return "bool";
  case TPRT_F16:
    return "f16";
  case TPRT_F64:
    return "f64";
  case TPRT_U32:
    return "u32";
  case TPRT_U64:
    return "u64";
  case TPRT_BF16:
    return "bf16";
  case TPRT_F8E4M3FN:
    return "f8e4m3fn";
  case TPRT_F8E4M3FNUZ:
    return "f8e4m3fnuz";
  case TPRT_F8E5M2:
    return "f8e5m2";
  case TPRT_F8E5M2FNUZ:
    return "f8e5m2fnuz";
  case TPRT_F8E8M0:
    return "f8e8m0";
  case TPRT_F6E2M3:
    return "f6e2m3";
  case TPRT_F6E3M2:
    return "f6e3m2";
  case TPRT_F4E2M1:
    return "f4e2m1";
  case TPRT_U4:
    return "u4";
  case TPRT_I4:
    return "i4";
  case TPRT_U2:
    return "u2";
  case TPRT_I2:
    return "i2";
  default:
    return nullptr;
  }
}

float tprt::f16ToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f;
  uint32_t mantissa = bits & 0x3ffu;
  uint32_t wide;
  if (exponent == 31) {
    wide = sign | 0x7f800000u | (mantissa << 13);
  } else if (exponent) {
    wide = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    // Subnormal: mantissa * 2^-24 is exact in f32.
    float value = static_cast<float>(mantissa) * 5.9604644775390625e-8f;
    std::memcpy(&wide, &value, sizeof(wide));
    wide |= sign;
  }
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

uint16_t tprt::floatToF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) // rounds to 65520 or more
    return sign | 0x7c00u;
  if (magnitude < 0x38800000u) {
    // Subnormal result: adding 0.5 makes the FPU round at bit 2^-24.
    float absolute;
    std::memcpy(&absolute, &magnitude, sizeof(absolute));
    absolute += 0.5f;
    uint32_t shifted;
    std::memcpy(&shifted, &absolute, sizeof(shifted));
    return sign | static_cast<uint16_t>(shifted - 0x3f000000u);
  }
  uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1);
  return sign | static_cast<uint16_t>((rounded - 0x38000000u) >> 13);
}

namespace {

struct F16 {
  uint16_t bits;
};
struct BF16 {
  uint16_t bits;
};

template <typename Wide, typename T> Wide read(T value) { return static_cast<Wide>(value); }
template <> float read<float, F16>(F16 value) { return f16ToFloat(value.bits); }
template <> float read<float, BF16>(BF16 value) { return bf16ToFloat(value.bits); }
template <> double read<double, F16>(F16 value) { return f16ToFloat(value.bits); }
template <> double read<double, BF16>(BF16 value) { return bf16ToFloat(value.bits); }

template <typename T> struct Writer {
  template <typename Wide> static T write(Wide value) { return static_cast<T>(value); }
};
template <> struct Writer<F16> {
  template <typename Wide> static F16 write(Wide value) { return {floatToF16(static_cast<float>(value))}; }
};
template <> struct Writer<BF16> {
  template <typename Wide> static BF16 write(Wide value) { return {floatToBf16(static_cast<float>(value))}; }
};

// Elements may be unaligned: data comes from files.
template <typename Src, typename Dst, typename Wide> void convertLoop(const void *src, void *dst, int64_t count) {
  const char *from = static_cast<const char *>(src);
  char *to = static_cast<char *>(dst);
  for (int64_t i = 0; i < count; ++i) {
    Src element;
    std::memcpy(&element, from + i * sizeof(Src), sizeof(Src));
    Dst result = Writer<Dst>::write(read<Wide>(element));
    std::memcpy(to + i * sizeof(Dst), &result, sizeof(Dst));
  }
}

template <typename Src, bool Floating> bool convertFrom(const void *src, void *dst, int32_t dstDtype, int64_t count) {
  switch (dstDtype) {
  case TPRT_F32:
    convertLoop<Src, float, std::conditional_t<Floating, float, Src>>(src, dst, count);
    return true;
  case TPRT_F64:
    convertLoop<Src, double, std::conditional_t<Floating, double, Src>>(src, dst, count);
    return true;
  case TPRT_F16:
    convertLoop<Src, F16, float>(src, dst, count);
    return true;
  case TPRT_BF16:
    convertLoop<Src, BF16, float>(src, dst, count);
    return true;
  default:
    break;
  }
  if constexpr (!Floating) {
    switch (dstDtype) {
    case TPRT_I64:
      convertLoop<Src, int64_t, Src>(src, dst, count);
      return true;
    case TPRT_I32:
      convertLoop<Src, int32_t, Src>(src, dst, count);
      return true;
    case TPRT_U8:
      convertLoop<Src, uint8_t, Src>(src, dst, count);
      return true;
    case TPRT_I8:
      convertLoop<Src, int8_t, Src>(src, dst, count);
      return true;
    default:
      break;
    }
  }
  return false;
}

bool convert(const void *src, int32_t srcDtype, void *dst, int32_t dstDtype, int64_t count) {
  switch (srcDtype) {
  case TPRT_F32:
    return convertFrom<float, true>(src, dst, dstDtype, count);
  case TPRT_F64:
    return convertFrom<double, true>(src, dst, dstDtype, count);
  case TPRT_F16:
    return convertFrom<F16, true>(src, dst, dstDtype, count);
  case TPRT_BF16:
    return convertFrom<BF16, true>(src, dst, dstDtype, count);
  case TPRT_I64:
    return convertFrom<int64_t, false>(src, dst, dstDtype, count);
  case TPRT_I32:
    return convertFrom<int32_t, false>(src, dst, dstDtype, count);
  case TPRT_I16:
    return convertFrom<int16_t, false>(src, dst, dstDtype, count);
  case TPRT_U16:
    return convertFrom<uint16_t, false>(src, dst, dstDtype, count);
  case TPRT_U8:
  case TPRT_BOOL:
    return convertFrom<uint8_t, false>(src, dst, dstDtype, count);
  case TPRT_I8:
    return convertFrom<int8_t, false>(src, dst, dstDtype, count);
  default:
    return false;
  }
}

} // namespace

void tprt::convertElements(const void *src, int32_t srcDtype, void *dst, int32_t dstDtype, int64_t count) {
  if (srcDtype == dstDtype) {
    std::memcpy(dst, src, static_cast<size_t>(count) * dtypeSize(srcDtype));
    return;
  }
  if (!convert(src, srcDtype, dst, dstDtype, count))
    fail(TPRT_UNSUPPORTED, "no conversion from ", dtypeName(srcDtype), " to ", dtypeName(dstDtype));
}

uint8_t tprt::unpackElement(const char *file, int64_t bit, int32_t dtype) {
  int bits = packedBits(dtype), shift = static_cast<int>(bit % 8);
  const auto *bytes = reinterpret_cast<const uint8_t *>(file) + bit / 8;
  unsigned pair = bytes[0];
  if (shift + bits > 8)
    pair |= static_cast<unsigned>(bytes[1]) << 8;
  unsigned value = pair >> shift & ((1u << bits) - 1);
  bool isNegative = (dtype == TPRT_I4 || dtype == TPRT_I2) && value >> (bits - 1);
  return static_cast<uint8_t>(isNegative ? value | ~0u << bits : value);
}
