//===- Scalar.cuh - Element types in kernels --------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_SCALAR_CUH
#define TPRT_CUDA_KERNELS_SCALAR_CUH

#include "Block.cuh"
#include "tprt/abi.h"
#include <cmath>
#include <cstring>
#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace tprt::cuda {

/// IEEE binary16 as its bits: the same type on both sides of the bus.
struct Half {
  uint16_t bits;
};
/// The upper half of an IEEE binary32.
struct BFloat16 {
  uint16_t bits;
};

inline float bitsToFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
inline uint32_t floatToBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// Value to the type that sums are made in: f32 for all floats but f64;
/// integers stay what they are.
template <typename T> struct AccumulatorOf { using type = T; };
template <> struct AccumulatorOf<Half> { using type = float; };
template <> struct AccumulatorOf<BFloat16> { using type = float; };
template <typename T> using Accumulator = typename AccumulatorOf<T>::type;

template <typename T> TPRT_KERNEL Accumulator<T> toAccumulator(T value) {
  return value;
}
template <typename T> TPRT_KERNEL T fromAccumulator(Accumulator<T> value) {
  return value;
}

#ifdef __CUDACC__

template <> TPRT_KERNEL float toAccumulator(Half value) {
  return __half2float(__ushort_as_half(value.bits));
}
template <> TPRT_KERNEL Half fromAccumulator<Half>(float value) {
  return {__half_as_ushort(__float2half_rn(value))};
}
template <> TPRT_KERNEL float toAccumulator(BFloat16 value) {
  return __bfloat162float(__ushort_as_bfloat16(value.bits));
}
template <> TPRT_KERNEL BFloat16 fromAccumulator<BFloat16>(float value) {
  return {__bfloat16_as_ushort(__float2bfloat16_rn(value))};
}

#else

template <> inline float toAccumulator(Half value) {
  uint32_t sign = (value.bits & 0x8000u) << 16;
  uint32_t exponent = (value.bits >> 10) & 31, mantissa = value.bits & 1023;
  if (exponent == 31) // infinity, NaN
    return bitsToFloat(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) // zero, subnormal: mantissa x 2^-24
    return (sign ? -1.0f : 1.0f) * mantissa * 5.9604644775390625e-8f;
  return bitsToFloat(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

template <> inline Half fromAccumulator<Half>(float value) {
  uint32_t bits = floatToBits(value), sign = (bits >> 16) & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) // NaN
    return {static_cast<uint16_t>(sign | 0x7e00)};
  if (bits >= 0x477ff000) // rounds to 2^16 or more
    return {static_cast<uint16_t>(sign | 0x7c00)};
  if (bits < 0x38800000) { // below 2^-14: in units of 2^-24, nearest even
    float units = std::nearbyintf(bitsToFloat(bits) * 16777216.0f);
    return {static_cast<uint16_t>(sign | static_cast<uint32_t>(units))};
  }
  bits += 0xfff + ((bits >> 13) & 1);
  return {static_cast<uint16_t>(sign | ((bits - (112u << 23)) >> 13))};
}

template <> inline float toAccumulator(BFloat16 value) {
  return bitsToFloat(static_cast<uint32_t>(value.bits) << 16);
}

template <> inline BFloat16 fromAccumulator<BFloat16>(float value) {
  uint32_t bits = floatToBits(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return {static_cast<uint16_t>((bits >> 16) | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

#endif

/// Loads element `index` of a float tensor whose type is known at run time.
template <typename A>
TPRT_KERNEL A loadFloat(const void *data, int32_t dtype, int64_t index) {
  switch (dtype) {
  case TPRT_F32:
    return static_cast<A>(static_cast<const float *>(data)[index]);
  case TPRT_F16:
    return static_cast<A>(
        toAccumulator(static_cast<const Half *>(data)[index]));
  case TPRT_BF16:
    return static_cast<A>(
        toAccumulator(static_cast<const BFloat16 *>(data)[index]));
  default: // TPRT_F64; the host checked
    return static_cast<A>(static_cast<const double *>(data)[index]);
  }
}

template <typename A>
TPRT_KERNEL void storeFloat(void *data, int32_t dtype, int64_t index, A value) {
  switch (dtype) {
  case TPRT_F32:
    static_cast<float *>(data)[index] = static_cast<float>(value);
    break;
  case TPRT_F16:
    static_cast<Half *>(data)[index] =
        fromAccumulator<Half>(static_cast<float>(value));
    break;
  case TPRT_BF16:
    static_cast<BFloat16 *>(data)[index] =
        fromAccumulator<BFloat16>(static_cast<float>(value));
    break;
  default:
    static_cast<double *>(data)[index] = static_cast<double>(value);
    break;
  }
}

// One name per function for both widths; the CUDA and C spellings agree.
TPRT_KERNEL float exponential(float x) { return expf(x); }
TPRT_KERNEL double exponential(double x) { return exp(x); }
TPRT_KERNEL float hyperbolicTangent(float x) { return tanhf(x); }
TPRT_KERNEL double hyperbolicTangent(double x) { return tanh(x); }
TPRT_KERNEL float errorFunction(float x) { return erff(x); }
TPRT_KERNEL double errorFunction(double x) { return erf(x); }

template <typename A> TPRT_KERNEL A activate(int32_t activation, A x) {
  switch (activation) {
  case TPRT_ACT_RELU:
    return x > A(0) ? x : (x != x ? x : A(0));
  case TPRT_ACT_GELU_ERF:
    return A(0.5) * x * (A(1) + errorFunction(x * A(0.70710678118654752)));
  case TPRT_ACT_GELU_TANH:
    return A(0.5) * x *
           (A(1) + hyperbolicTangent(A(0.79788456080286536) *
                                     (x + A(0.044715) * x * x * x)));
  case TPRT_ACT_SILU:
    return x / (A(1) + exponential(-x));
  default:
    return x;
  }
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_SCALAR_CUH
