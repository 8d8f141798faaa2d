//===- CudaKernelsTest.cpp - CUDA kernel sources executed on the CPU -*- C++
//-*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of runtime/cuda/kernels are compiled by the host compiler and run
// block by block against references in double precision.
//
//===----------------------------------------------------------------------===//

#include "cuda/kernels/Attention.cuh"
#include "cuda/kernels/Matmul.cuh"
#include "cuda/kernels/Move.cuh"
#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace tprt::cuda;

namespace {

std::vector<float> randomFloats(size_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(count);
  for (float &value : values)
    value = uniform(generator);
  return values;
}

template <typename T> std::vector<T> convert(const std::vector<float> &values) {
  std::vector<T> result;
  for (float value : values)
    result.push_back(fromAccumulator<T>(value));
  return result;
}

const float inf = std::numeric_limits<float>::infinity();
const float nan = std::numeric_limits<float>::quiet_NaN();

TEST(CudaScalar, HalfRoundTripsEveryValue) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    Half half{static_cast<uint16_t>(bits)};
    float value = toAccumulator(half);
    if (value != value)
      continue;
    ASSERT_EQ(fromAccumulator<Half>(value).bits, bits);
  }
  EXPECT_EQ(toAccumulator(Half{0x3c00}), 1.0f);
  EXPECT_EQ(toAccumulator(Half{0x0001}), std::ldexp(1.0f, -24));
  EXPECT_EQ(toAccumulator(Half{0x7bff}), 65504.0f);
}

TEST(CudaScalar, HalfRoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    float low = toAccumulator(Half{static_cast<uint16_t>(bits)});
    float high = toAccumulator(Half{static_cast<uint16_t>(bits + 1)});
    float middle = (low + high) / 2; // exact in f32
    ASSERT_EQ(fromAccumulator<Half>(middle).bits, bits + (bits & 1));
    ASSERT_EQ(fromAccumulator<Half>(std::nextafter(middle, 0.0f)).bits, bits);
    ASSERT_EQ(fromAccumulator<Half>(-std::nextafter(middle, inf)).bits,
              0x8000 + bits + 1);
  }
  EXPECT_EQ(fromAccumulator<Half>(65519.0f).bits, 0x7bff);
  EXPECT_EQ(fromAccumulator<Half>(65520.0f).bits, 0x7c00);
  EXPECT_EQ(fromAccumulator<Half>(-inf).bits, 0xfc00);
  EXPECT_TRUE(std::isnan(toAccumulator(fromAccumulator<Half>(nan))));
}

TEST(CudaScalar, BFloat16RoundsToNearestEven) {
  EXPECT_EQ(fromAccumulator<BFloat16>(bitsToFloat(0x3f808000)).bits, 0x3f80);
  EXPECT_EQ(fromAccumulator<BFloat16>(bitsToFloat(0x3f818000)).bits, 0x3f82);
  EXPECT_EQ(fromAccumulator<BFloat16>(bitsToFloat(0x3f808001)).bits, 0x3f81);
  EXPECT_EQ(fromAccumulator<BFloat16>(inf).bits, 0x7f80);
  EXPECT_TRUE(std::isnan(toAccumulator(fromAccumulator<BFloat16>(nan))));
}

TEST(CudaStrided, MergesDenseDimensions) {
  Strided<2> dense;
  dense.append(4, {30, 6});
  dense.append(5, {6, 1}); // tensor 1 is not dense here: 6 != 5 * 1
  dense.append(1, {99, 99});
  dense.append(1, {1, 7});
  EXPECT_EQ(dense.rank, 2);
  EXPECT_EQ(dense.count, 20);
  Strided<2> merged;
  merged.append(4, {30, 15});
  merged.append(5, {6, 3});
  EXPECT_EQ(merged.rank, 1);
  EXPECT_FALSE(merged.dense(0));
  int64_t at[2];
  merged.offsets(7, at);
  EXPECT_EQ(at[0], 42);
  EXPECT_EQ(at[1], 21);
}

TEST(CudaMove, CopyTransposes) {
  auto from = randomFloats(7 * 5 * 3, 1);
  std::vector<float> to(from.size(), nan);
  CopyArgs args{from.data(), to.data(), {}};
  args.space.append(7, {1, 15}); // from is [5, 3, 7], to is [7, 5, 3]
  args.space.append(5, {21, 3});
  args.space.append(3, {7, 1});
  emulate(2, 0, [&](HostBlock &block) { copyBody<uint32_t>(block, args); });
  for (int i = 0; i < 7; ++i)
    for (int j = 0; j < 15; ++j)
      ASSERT_EQ(to[i * 15 + j], from[j * 7 + i]);
}

// A [4, 6] gather from 5 rows of 6, of which this rank holds some.
std::vector<int64_t> gatherRows(std::vector<int64_t> indices, int64_t offset,
                                int64_t rows, DeviceError &error) {
  std::vector<int64_t> table, out(indices.size() * 6, -1);
  for (int64_t i = 0; i < rows * 6; ++i)
    table.push_back(1000 + offset * 6 + i);
  GatherArgs args{};
  args.table = table.data();
  args.indices = indices.data();
  args.out = out.data();
  args.space.append(indices.size(), {0, 1, 6});
  args.space.append(6, {1, 0, 1});
  args.rowStride = 6;
  args.rows = rows;
  args.offset = offset;
  args.globalRows = 5;
  args.wideIndices = 1;
  args.op = 17;
  args.error = &error;
  emulate(3, 0, [&](HostBlock &block) { gatherBody<int64_t>(block, args); });
  return out;
}

TEST(CudaMove, GatherShardsAddUp) {
  std::vector<int64_t> indices = {4, 0, -1, 2};
  DeviceError error{};
  auto whole = gatherRows(indices, 0, 5, error);
  auto low = gatherRows(indices, 0, 3, error);
  auto high = gatherRows(indices, 3, 2, error);
  EXPECT_EQ(error.set, 0);
  int64_t rows[] = {4, 0, 4, 2};
  for (int i = 0; i < 24; ++i) {
    EXPECT_EQ(whole[i], 1000 + rows[i / 6] * 6 + i % 6);
    EXPECT_EQ(whole[i], low[i] + high[i]);
  }
}

TEST(CudaMove, GatherReportsTheIndexOutOfRange) {
  for (int64_t bad : {5, -6}) {
    DeviceError error{};
    auto out = gatherRows({1, bad}, 0, 5, error);
    EXPECT_EQ(error.set, 1);
    EXPECT_EQ(error.op, 17);
    EXPECT_EQ(error.got, bad);
    EXPECT_EQ(error.limit, 5);
    EXPECT_EQ(out[6], 0);
  }
}

template <typename T>
std::vector<T> reduceAll(const std::vector<std::vector<T>> &members,
                         int32_t reduction) {
  std::vector<T> out(members[0].size());
  ReduceArgs args{};
  args.numMembers = members.size();
  for (size_t m = 0; m < members.size(); ++m)
    args.members[m] = members[m].data();
  args.reduction = reduction;
  args.out = out.data();
  args.space.append(out.size(), {1, 1});
  emulate(1, 0, [&](HostBlock &block) { reduceBody<T>(block, args); });
  return out;
}

TEST(CudaMove, ReducesInMemberOrder) {
  // (1 + 2^-24) + ... differs from the reverse order in f32.
  std::vector<std::vector<float>> members = {{1.0f}, {5.9e-8f}, {5.9e-8f}};
  EXPECT_EQ(reduceAll(members, TPRT_SUM)[0], (1.0f + 5.9e-8f) + 5.9e-8f);
  EXPECT_EQ(reduceAll<int32_t>({{3, -7}, {5, -9}}, TPRT_MAX),
            (std::vector<int32_t>{5, -7}));
  EXPECT_EQ(reduceAll<int64_t>({{3, -7}, {5, -9}}, TPRT_MIN),
            (std::vector<int64_t>{3, -9}));
  EXPECT_TRUE(std::isnan(reduceAll<float>({{nan}, {1}}, TPRT_MAX)[0]));
  EXPECT_TRUE(std::isnan(reduceAll<float>({{1}, {nan}}, TPRT_MIN)[0]));
}

TEST(CudaMove, SumsLowPrecisionInF32) {
  // 256 + 1 is 256 in bf16; four of them must not get lost.
  std::vector<std::vector<BFloat16>> members = {convert<BFloat16>({256})};
  for (int i = 0; i < 4; ++i)
    members.push_back(convert<BFloat16>({1}));
  EXPECT_EQ(toAccumulator(reduceAll(members, TPRT_SUM)[0]), 260.0f);
}

double activateReference(int32_t activation, double x) {
  switch (activation) {
  case TPRT_ACT_RELU:
    return std::max(x, 0.0);
  case TPRT_ACT_GELU_ERF:
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  case TPRT_ACT_GELU_TANH:
    return 0.5 * x *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case TPRT_ACT_SILU:
    return x / (1 + std::exp(-x));
  default:
    return x;
  }
}

// a [2, m, k] transposed in memory, b [k, n] shared by the batch, bias [n],
// residual of c's shape.
void checkMatmul(int64_t m, int64_t n, int64_t k, int32_t activation,
                 bool inPlace) {
  SCOPED_TRACE(testing::Message()
               << m << "x" << n << "x" << k << " activation " << activation);
  auto a = randomFloats(2 * m * k, 1), b = randomFloats(k * n, 2),
       bias = randomFloats(n, 3), residual = randomFloats(2 * m * n, 4);
  std::vector<float> c = inPlace ? residual : std::vector<float>(2 * m * n);
  MatmulArgs args{};
  args.a = {a.data(), TPRT_F32, 1, m};
  args.b = {b.data(), TPRT_F32, n, 1};
  args.bias = {bias.data(), TPRT_F32, 0, 1};
  args.residual = {inPlace ? c.data() : residual.data(), TPRT_F32, n, 1};
  args.c = c.data();
  args.cType = TPRT_F32;
  args.cRowStride = n;
  args.cColumnStride = 1;
  args.m = m, args.n = n, args.k = k;
  args.batch.append(2, {m * k, 0, 0, m * n, m * n});
  args.alpha = 0.5;
  args.activation = activation;
  emulate(matmulBlocks(args), matmulSharedBytes<float>(),
          [&](HostBlock &block) { matmulBody<float>(block, args); });
  for (int64_t i = 0; i < 2 * m * n; ++i) {
    int64_t batch = i / (m * n), row = i / n % m, column = i % n;
    double sum = 0;
    for (int64_t d = 0; d < k; ++d)
      sum += double(a[batch * m * k + d * m + row]) * b[d * n + column];
    double want =
        activateReference(activation, 0.5 * sum + bias[column]) + residual[i];
    ASSERT_NEAR(c[i], want, 1e-5) << i;
  }
}

TEST(CudaMatmul, AnyShapeEpilogueAndInPlaceResidual) {
  checkMatmul(1, 1, 1, TPRT_ACT_NONE, false);
  checkMatmul(8, 16, 16, TPRT_ACT_RELU, false);
  checkMatmul(9, 17, 33, TPRT_ACT_GELU_ERF, true);
  checkMatmul(3, 40, 5, TPRT_ACT_GELU_TANH, true);
  checkMatmul(20, 7, 50, TPRT_ACT_SILU, false);
  checkMatmul(4, 4, 0, TPRT_ACT_NONE, false);
}

TEST(CudaMatmul, MixedTypes) {
  auto a = convert<Half>(randomFloats(6, 1));
  auto b = convert<BFloat16>(randomFloats(6, 2));
  std::vector<double> c(4);
  MatmulArgs args{};
  args.a = {a.data(), TPRT_F16, 3, 1};
  args.b = {b.data(), TPRT_BF16, 2, 1};
  args.c = c.data();
  args.cType = TPRT_F64;
  args.cRowStride = 2;
  args.cColumnStride = 1;
  args.m = args.n = 2, args.k = 3;
  args.alpha = 1;
  emulate(matmulBlocks(args), matmulSharedBytes<double>(),
          [&](HostBlock &block) { matmulBody<double>(block, args); });
  for (int i = 0; i < 4; ++i) {
    double want = 0;
    for (int d = 0; d < 3; ++d)
      want += double(toAccumulator(a[i / 2 * 3 + d])) *
              toAccumulator(b[d * 2 + i % 2]);
    EXPECT_NEAR(c[i], want, 1e-12);
  }
}

TEST(CudaMatmul, EpilogueAlone) {
  auto product = randomFloats(12, 1), bias = randomFloats(4, 2),
       residual = randomFloats(12, 3), c = product;
  EpilogueArgs args{bias.data(), residual.data(), c.data(),      TPRT_F32,
                    TPRT_F32,    TPRT_F32,        TPRT_ACT_SILU, {}};
  args.space.append(3, {0, 4, 4});
  args.space.append(4, {1, 1, 1});
  emulate(1, 0, [&](HostBlock &block) { epilogueBody<float>(block, args); });
  for (int i = 0; i < 12; ++i)
    EXPECT_NEAR(c[i],
                activateReference(TPRT_ACT_SILU, product[i] + bias[i % 4]) +
                    residual[i],
                1e-6);
}

// One attention problem in [B, S, H, D] memory, checked in double.
template <typename T> struct AttentionCase {
  int64_t batch = 2, qHeads = 4, kvHeads = 2, queries = 3, keys = 300;
  int64_t headSize = 20, valueSize = 24;
  tprt_attention_params params{0.3f, 0, 0, 2, 0, 0, 0, 0};
  std::vector<float> floatMask;  // [queries, keys]
  std::vector<uint8_t> boolMask; // [batch, 1, 1, keys]
  std::vector<T> q, k, v, out;

  void fill() {
    q = convert<T>(randomFloats(batch * queries * qHeads * headSize, 1));
    k = convert<T>(randomFloats(batch * keys * kvHeads * headSize, 2));
    v = convert<T>(randomFloats(batch * keys * kvHeads * valueSize, 3));
    out.assign(batch * queries * qHeads * valueSize, fromAccumulator<T>(nan));
  }

  static AttentionTensor tensor(const std::vector<T> &data, int64_t rows,
                                int64_t heads, int64_t size) {
    return {data.data(), {rows * heads * size, size, heads * size, 1}};
  }

  void run() {
    AttentionArgs args{};
    args.q = tensor(q, queries, qHeads, headSize);
    args.k = tensor(k, keys, kvHeads, headSize);
    args.v = tensor(v, keys, kvHeads, valueSize);
    AttentionTensor o = tensor(out, queries, qHeads, valueSize);
    args.out = out.data();
    std::copy(o.strides, o.strides + 4, args.outStrides);
    args.batch = batch, args.qHeads = qHeads, args.kvHeads = kvHeads;
    args.queries = queries, args.keys = keys;
    args.headSize = headSize, args.valueSize = valueSize;
    if (!floatMask.empty()) {
      args.mask = {floatMask.data(), {0, 0, keys, 1}};
      args.maskType = TPRT_F32;
    } else if (!boolMask.empty()) {
      args.mask = {boolMask.data(), {keys, 0, 0, 1}};
      args.maskType = TPRT_BOOL;
    }
    args.params = params;
    emulate(attentionBlocks(args), attentionSharedBytes<T>(args),
            [&](HostBlock &block) { attentionBody<T>(block, args); });
  }

  // The score of a key, -infinity when it is hidden.
  double score(int64_t b, int64_t h, int64_t s, int64_t t) const {
    int64_t position = s + params.causal_offset;
    bool hidden = (params.causal && t > position) ||
                  (params.window && t <= position - params.window) ||
                  (!boolMask.empty() && !boolMask[b * keys + t]);
    if (hidden)
      return -inf;
    int64_t kv =
        (h + params.q_head_offset) / params.group - params.kv_head_offset;
    double dot = 0;
    for (int64_t d = 0; d < headSize; ++d)
      dot += double(toAccumulator(
                 q[((b * queries + s) * qHeads + h) * headSize + d])) *
             toAccumulator(k[((b * keys + t) * kvHeads + kv) * headSize + d]);
    dot *= params.scale;
    if (params.softcap)
      dot = params.softcap * std::tanh(dot / params.softcap);
    return dot + (floatMask.empty() ? 0 : floatMask[s * keys + t]);
  }

  void check(double tolerance) {
    fill();
    run();
    for (int64_t i = 0; i < batch * queries * qHeads; ++i) {
      int64_t h = i % qHeads, s = i / qHeads % queries,
              b = i / qHeads / queries;
      int64_t kv =
          (h + params.q_head_offset) / params.group - params.kv_head_offset;
      std::vector<double> want(valueSize);
      double sum = 0, maximum = -inf;
      for (int64_t t = 0; t < keys; ++t)
        maximum = std::max(maximum, score(b, h, s, t));
      for (int64_t t = 0; t < keys && maximum > -inf; ++t) {
        double weight = std::exp(score(b, h, s, t) - maximum);
        sum += weight;
        for (int64_t e = 0; e < valueSize; ++e)
          want[e] +=
              weight *
              toAccumulator(v[((b * keys + t) * kvHeads + kv) * valueSize + e]);
      }
      for (int64_t e = 0; e < valueSize; ++e)
        ASSERT_NEAR(toAccumulator(out[i * valueSize + e]),
                    sum ? want[e] / sum : 0, tolerance)
            << "row " << i << " column " << e;
    }
  }
};

TEST(CudaAttention, GroupedHeadsManyTiles) {
  AttentionCase<float>().check(2e-6);
}

TEST(CudaAttention, Causal) {
  AttentionCase<float> test;
  test.params.causal = 1;
  test.params.causal_offset = test.keys - test.queries;
  test.check(2e-6);
  test.params.causal_offset = 0; // most keys hidden
  test.check(2e-6);
  test.params.causal_offset = -2; // the first two rows see nothing
  test.check(2e-6);
}

TEST(CudaAttention, Window) {
  AttentionCase<float> test;
  test.params.causal = 1;
  test.params.causal_offset = test.keys - test.queries;
  test.params.window = 150;
  test.check(2e-6);
}

TEST(CudaAttention, BoolMaskHidesWholeTilesAndRows) {
  AttentionCase<float> test;
  test.boolMask.assign(test.batch * test.keys, 0); // batch 0 sees nothing
  for (int64_t t = 140; t < test.keys; t += 3)
    test.boolMask[test.keys + t] = 1;
  test.check(2e-6);
}

TEST(CudaAttention, FloatMaskAndSoftcap) {
  AttentionCase<float> test;
  test.floatMask = randomFloats(test.queries * test.keys, 9);
  for (size_t i = 0; i < test.floatMask.size(); i += 2)
    test.floatMask[i] = i % 4 ? -inf : -std::numeric_limits<float>::max();
  test.params.softcap = 0.7f;
  test.check(2e-6);
}

TEST(CudaAttention, HeadsOfOneRank) {
  // Rank 1 of 2: query heads 3..5 of 6, group 2, kv heads 1..2 held locally.
  AttentionCase<float> test;
  test.qHeads = 3;
  test.params.q_head_offset = 3;
  test.params.kv_head_offset = 1;
  test.check(2e-6);
}

TEST(CudaAttention, OtherTypes) {
  AttentionCase<Half>().check(1e-3);
  AttentionCase<BFloat16>().check(4e-3);
  AttentionCase<double> wide;
  wide.headSize = 130; // more columns than threads
  wide.valueSize = 131;
  wide.check(1e-12);
}

TEST(CudaAttention, NanIsNotHidden) {
  AttentionCase<float> test;
  test.fill();
  test.k[0] = nan;
  test.run();
  EXPECT_TRUE(std::isnan(test.out[0]));
}

} // namespace
