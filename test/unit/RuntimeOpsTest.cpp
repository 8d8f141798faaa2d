//===- RuntimeOpsTest.cpp - CPU operations against references -------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuntimeSupport.h"

#include "cpu/CpuDevice.h"
#include "tprt/device.h"

#include <cmath>
#include <limits>
#include <random>

using namespace tprt;

namespace {

std::mt19937 generator(7);

float uniform() { return std::uniform_real_distribution<float>(-1, 1)(generator); }
int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(generator); }

double toDouble(const tprt_view &view, int64_t offset) {
  double value;
  convertElements(elementPointer(view, offset), view.dtype, &value, TPRT_F64, 1);
  return value;
}

void fromDouble(double value, const tprt_view &view, int64_t offset) {
  convertElements(&value, TPRT_F64, elementPointer(view, offset), view.dtype, 1);
}

// A tensor whose dimensions lie in memory in the order `order` (major to minor),
// with `gap` unused elements after each row of the innermost.
struct Strided {
  Strided(int32_t dtype, std::vector<int64_t> sizes, std::vector<int> order = {}, int64_t gap = 0) {
    view.dtype = dtype;
    view.rank = static_cast<int32_t>(sizes.size());
    std::copy(sizes.begin(), sizes.end(), view.sizes);
    if (order.empty())
      for (int i = 0; i < view.rank; ++i)
        order.push_back(i);
    int64_t stride = 1;
    for (size_t i = order.size(); i-- > 0;) {
      view.strides[order[i]] = stride;
      stride *= sizes[order[i]] + (i + 1 == order.size() ? gap : 0);
    }
    // Garbage between the elements must not matter: NaN in every float type.
    bytes.assign(std::max<int64_t>(stride, 1) * dtypeSize(dtype) + 64, static_cast<char>(0xff));
    view.data = bytes.data();
  }

  int64_t offset(const std::vector<int64_t> &index) const {
    int64_t result = 0;
    for (size_t i = 0; i < index.size(); ++i)
      result += index[i] * view.strides[i];
    return result;
  }
  double at(const std::vector<int64_t> &index) const { return toDouble(view, offset(index)); }
  // All elements in row-major order.
  std::vector<double> dense() const {
    std::vector<double> values;
    each([&](const std::vector<int64_t> &index) { values.push_back(at(index)); });
    return values;
  }

  template <typename Function> void each(Function function) const {
    std::vector<int64_t> index(view.rank);
    for (int64_t i = 0, n = elementCount(view); i < n; ++i) {
      int64_t rest = i;
      for (int d = view.rank; d-- > 0; rest /= view.sizes[d])
        index[d] = rest % view.sizes[d];
      function(index);
    }
  }
  Strided &randomize() {
    each([&](const std::vector<int64_t> &index) { fromDouble(uniform(), view, offset(index)); });
    return *this;
  }

  tprt_view view{};
  std::vector<char> bytes;
};

double tolerance(int32_t dtype) {
  return dtype == TPRT_F64 ? 1e-12 : dtype == TPRT_F32 ? 3e-5 : dtype == TPRT_F16 ? 4e-3 : 3e-2;
}

// Every operation test runs with each instruction set of this machine.
class RuntimeOps : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    const CpuKernels *kernels = cpuKernelsByName(GetParam());
    if (!kernels)
      GTEST_SKIP() << "this processor has no " << GetParam();
    device = std::make_unique<CpuDevice>(*kernels);
    ctx.device = device.get();
    ctx.ops = device->ops();
  }

  // What the operation reported; "" when it succeeded. Ready for the next one.
  std::string error() {
    std::string message = ctx.failed() ? ctx.errorMessage : "";
    ctx.failedFlag = false;
    return message;
  }

  void matmul(const Strided &a, const Strided &b, const Strided *bias, const Strided *residual, Strided &c,
              float alpha = 1, int32_t activation = TPRT_ACT_NONE) {
    tprt_op_matmul(&ctx, 0, &a.view, &b.view, bias ? &bias->view : nullptr, residual ? &residual->view : nullptr,
                   &c.view, alpha, activation);
    ASSERT_EQ(error(), "");
  }

  std::unique_ptr<CpuDevice> device;
  tprt_ctx ctx;
};

double activate(double x, int32_t activation) {
  switch (activation) {
  case TPRT_ACT_RELU:
    return std::max(x, 0.0);
  case TPRT_ACT_GELU_ERF:
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  case TPRT_ACT_GELU_TANH:
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case TPRT_ACT_SILU:
    return x / (1 + std::exp(-x));
  default:
    return x;
  }
}

// Reads `tensor` at c's index with numpy broadcasting.
double broadcastAt(const Strided &tensor, const std::vector<int64_t> &index) {
  std::vector<int64_t> own(index.end() - tensor.view.rank, index.end());
  for (int d = 0; d < tensor.view.rank; ++d)
    if (tensor.view.sizes[d] == 1)
      own[d] = 0;
  return tensor.at(own);
}

void expectProduct(const Strided &a, const Strided &b, const Strided *bias, const Strided *residual, const Strided &c,
                   float alpha, int32_t activation, const std::string &what) {
  int64_t k = a.view.sizes[a.view.rank - 1];
  double worst = 0;
  c.each([&](const std::vector<int64_t> &index) {
    std::vector<int64_t> left = index, right = index;
    double sum = 0;
    for (int64_t p = 0; p < k; ++p) {
      left.back() = p;
      right[right.size() - 2] = p;
      sum += broadcastAt(a, left) * broadcastAt(b, right);
    }
    double expected = activate(alpha * sum + (bias ? broadcastAt(*bias, index) : 0), activation) +
                      (residual ? broadcastAt(*residual, index) : 0);
    double difference = std::abs(c.at(index) - expected) / (1 + std::abs(expected));
    // NaN must not pass.
    worst = difference >= worst ? difference : std::isnan(difference) ? 1e9 : worst;
  });
  EXPECT_LT(worst, tolerance(c.view.dtype)) << what;
}

TEST_P(RuntimeOps, MatmulOverShapesStridesAndTypes) {
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_BF16, TPRT_F64})
    for (int round = 0; round < 60; ++round) {
      int64_t m = 1 + below(round % 3 ? 6 : 40), n = 1 + below(150), k = 1 + below(140);
      bool turnedA = below(2), turnedB = below(2);
      Strided a(dtype, {m, k}, turnedA ? std::vector<int>{1, 0} : std::vector<int>{0, 1}, below(5));
      Strided b(dtype, {k, n}, turnedB ? std::vector<int>{1, 0} : std::vector<int>{0, 1}, below(5));
      Strided c(dtype, {m, n}, {0, 1}, below(3));
      a.randomize();
      b.randomize();
      matmul(a, b, nullptr, nullptr, c);
      expectProduct(
          a, b, nullptr, nullptr, c, 1, 0,
          concat(viewText(a.view), " x ", viewText(b.view), turnedA ? " a turned" : "", turnedB ? " b turned" : ""));
    }
}

TEST_P(RuntimeOps, MatmulEpilogues) {
  for (int32_t dtype : {TPRT_F32, TPRT_BF16, TPRT_F16})
    for (int64_t m : {1, 3, 17})
      for (int32_t activation = TPRT_ACT_NONE; activation <= TPRT_ACT_SILU; ++activation)
        for (bool withBias : {false, true})
          for (int residualKind : {0, 1, 2}) {
            float alpha = activation % 2 ? 0.5f : 1.0f;
            Strided a(dtype, {m, 33}), b(dtype, {33, 70}), c(dtype, {m, 70}), bias(dtype, {70}),
                residual(dtype, {m, 70});
            a.randomize();
            b.randomize();
            bias.randomize();
            residual.randomize();
            const Strided *added = residualKind == 0 ? nullptr : &residual;
            if (residualKind == 2) { // in place
              c.bytes = residual.bytes;
              c.view.data = c.bytes.data();
            }
            const Strided *given = residualKind == 2 ? &c : added;
            Strided before = residual;
            before.view.data = before.bytes.data();
            matmul(a, b, withBias ? &bias : nullptr, given, c, alpha, activation);
            expectProduct(a, b, withBias ? &bias : nullptr, added ? &before : nullptr, c, alpha, activation,
                          concat("m ", m, " activation ", activation, " bias ", withBias, " residual ", residualKind));
          }
}

TEST_P(RuntimeOps, MatmulBatches) {
  struct Case {
    std::vector<int64_t> a, b, c;
  };
  for (const Case &shape : std::vector<Case>{{{2, 3, 5, 8}, {2, 3, 8, 9}, {2, 3, 5, 9}},
                                             {{2, 3, 1, 8}, {2, 3, 8, 9}, {2, 3, 1, 9}},
                                             {{2, 3, 5, 8}, {8, 9}, {2, 3, 5, 9}},
                                             {{2, 1, 8}, {8, 9}, {2, 1, 9}},
                                             {{4, 1, 8}, {1, 8, 9}, {4, 1, 9}},
                                             {{1, 3, 5, 8}, {2, 1, 8, 9}, {2, 3, 5, 9}},
                                             {{5, 8}, {3, 8, 9}, {3, 5, 9}}})
    for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_BF16})
      for (bool turned : {false, true}) {
        std::vector<int> order;
        for (size_t i = 0; i < shape.b.size(); ++i)
          order.push_back(static_cast<int>(i));
        if (turned)
          std::swap(order[order.size() - 1], order[order.size() - 2]);
        Strided a(dtype, shape.a), b(dtype, shape.b, order), c(dtype, shape.c), bias(dtype, {shape.c.back()});
        a.randomize();
        b.randomize();
        bias.randomize();
        matmul(a, b, &bias, nullptr, c);
        expectProduct(a, b, &bias, nullptr, c, 1, 0, concat(viewText(a.view), " x ", viewText(b.view)));
      }
}

// Heads next to each other in memory: [B, H, S, D] seen in [B, S, H, D].
TEST_P(RuntimeOps, MatmulOfTransposedHeads) {
  for (int64_t s : {1, 7}) {
    Strided a(TPRT_F32, {2, 3, s, 8}, {0, 2, 1, 3}), b(TPRT_F32, {2, 3, 8, s}, {0, 3, 1, 2}), c(TPRT_F32, {2, 3, s, s});
    a.randomize();
    b.randomize();
    matmul(a, b, nullptr, nullptr, c, 0.25f);
    expectProduct(a, b, nullptr, nullptr, c, 0.25f, 0, "transposed heads");
    Strided out(TPRT_F32, {2, 3, s, 8}, {0, 2, 1, 3});
    matmul(c, a, nullptr, nullptr, out);
    expectProduct(c, a, nullptr, nullptr, out, 1, 0, "transposed result");
  }
}

// One view as both operands.
TEST_P(RuntimeOps, MatmulOfATensorWithItself) {
  for (int32_t dtype : {TPRT_F32, TPRT_F64})
    for (int64_t n : {3, 9}) {
      Strided a(dtype, {2, n, n}), c(dtype, {2, n, n});
      a.randomize();
      matmul(a, a, nullptr, nullptr, c);
      expectProduct(a, a, nullptr, nullptr, c, 1, 0, concat(dtypeName(dtype), " ", n));
    }
}

// Several blocks of rows, columns and k, none of them full.
TEST_P(RuntimeOps, MatmulOfManyBlocks) {
  for (int32_t dtype : {TPRT_F32, TPRT_BF16}) {
    Strided a(dtype, {2, 51, 270}), b(dtype, {270, 543}, {}, 7), c(dtype, {2, 51, 543}), bias(dtype, {543});
    a.randomize();
    b.randomize();
    bias.randomize();
    c.randomize();
    Strided before = c;
    before.view.data = before.bytes.data();
    matmul(a, b, &bias, &c, c, 1, TPRT_ACT_GELU_TANH);
    expectProduct(a, b, &bias, &before, c, 1, TPRT_ACT_GELU_TANH, dtypeName(dtype));
  }
}

// Neither the layout of the operands nor the number of rows and columns shows in
// the bits.
TEST_P(RuntimeOps, MatmulHasOneOrderOfSums) {
  const int64_t batch = 2, rows = 101, k = 270, n = 70;
  for (int32_t dtype : {TPRT_F32, TPRT_F16, TPRT_BF16}) {
    Strided a(dtype, {batch, rows, k}), b(dtype, {batch, k, n}), expected(TPRT_F32, {batch, rows, n});
    a.randomize();
    b.randomize();
    matmul(a, b, nullptr, nullptr, expected);
    for (int64_t part : {int64_t(1), int64_t(3), rows})
      for (bool turnedA : {false, true})
        for (bool turnedB : {false, true})
          for (int64_t columns : {int64_t(37), n}) {
            auto order = [](bool turned) { return turned ? std::vector<int>{2, 0, 1} : std::vector<int>{1, 0, 2}; };
            Strided left(dtype, {batch, part, k}, order(turnedA), 3), right(dtype, {batch, k, columns}, order(turnedB), 5),
                c(TPRT_F32, {batch, part, columns}, {1, 0, 2});
            left.each([&](const std::vector<int64_t> &i) { fromDouble(a.at(i), left.view, left.offset(i)); });
            right.each([&](const std::vector<int64_t> &i) { fromDouble(b.at(i), right.view, right.offset(i)); });
            matmul(left, right, nullptr, nullptr, c);
            int64_t different = 0;
            c.each([&](const std::vector<int64_t> &i) { different += c.at(i) != expected.at(i); });
            EXPECT_EQ(different, 0) << dtypeName(dtype) << " " << viewText(left.view) << " x " << viewText(right.view);
          }
  }
}

TEST_P(RuntimeOps, MatmulEmpty) {
  Strided a(TPRT_F32, {3, 0}), b(TPRT_F32, {0, 4}), c(TPRT_F32, {3, 4}), bias(TPRT_F32, {4});
  bias.randomize();
  matmul(a, b, &bias, nullptr, c);
  expectProduct(a, b, &bias, nullptr, c, 1, 0, "k = 0");
  Strided none(TPRT_F32, {0, 4}), left(TPRT_F32, {0, 5}), right(TPRT_F32, {5, 4});
  matmul(left, right, nullptr, nullptr, none);
}

TEST_P(RuntimeOps, MatmulRefusesShapes) {
  Strided a(TPRT_F32, {3, 5}), b(TPRT_F32, {4, 4}), c(TPRT_F32, {3, 4});
  tprt_op_matmul(&ctx, 0, &a.view, &b.view, nullptr, nullptr, &c.view, 1, 0);
  EXPECT_NE(error().find("f32[3, 5]"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

struct AttentionCase {
  int64_t batch = 1, queryHeads = 2, queries = 3, depth = 16, keyHeads = 2, keys = 5, width = 16;
  tprt_attention_params params{0.25f, 0, 0, 1, 0, 0, 0, 0};
  std::string text() const {
    return concat("B ", batch, " Hq ", queryHeads, " S ", queries, " D ", depth, " Hkv ", keyHeads, " T ", keys, " E ",
                  width, " causal ", params.causal, " offset ", params.causal_offset, " window ", params.window,
                  " softcap ", params.softcap, " group ", params.group);
  }
};

void expectAttention(const AttentionCase &c, const Strided &q, const Strided &k, const Strided &v, const Strided *mask,
                     const Strided &out, const std::string &what) {
  const tprt_attention_params &p = c.params;
  std::vector<double> queries = q.dense(), keys = k.dense(), values = v.dense();
  double worst = 0;
  for (int64_t b = 0; b < c.batch; ++b)
    for (int64_t h = 0; h < c.queryHeads; ++h)
      for (int64_t s = 0; s < c.queries; ++s) {
        int64_t head = (h + p.q_head_offset) / p.group - p.kv_head_offset;
        const double *query = queries.data() + ((b * c.queryHeads + h) * c.queries + s) * c.depth;
        const double *key = keys.data() + (b * c.keyHeads + head) * c.keys * c.depth;
        const double *value = values.data() + (b * c.keyHeads + head) * c.keys * c.width;
        std::vector<double> scores(c.keys);
        double top = -std::numeric_limits<double>::infinity();
        for (int64_t t = 0; t < c.keys; ++t) {
          double sum = 0;
          for (int64_t d = 0; d < c.depth; ++d)
            sum += query[d] * key[t * c.depth + d];
          sum *= p.scale;
          if (p.softcap > 0)
            sum = p.softcap * std::tanh(sum / p.softcap);
          if (mask) {
            double masked = broadcastAt(*mask, {b, h, s, t});
            sum = mask->view.dtype == TPRT_BOOL ? (masked != 0 ? sum : -INFINITY) : sum + masked;
          }
          if (p.causal && t > s + p.causal_offset)
            sum = -INFINITY;
          if (p.window > 0 && t <= s + p.causal_offset - p.window)
            sum = -INFINITY;
          scores[t] = sum;
          top = std::max(top, sum);
        }
        double total = 0;
        for (double &score : scores) {
          score = std::isinf(top) ? 0 : std::exp(score - top);
          total += score;
        }
        for (int64_t e = 0; e < c.width; ++e) {
          double expected = 0;
          for (int64_t t = 0; t < c.keys; ++t)
            expected += total > 0 ? scores[t] / total * value[t * c.width + e] : 0;
          double difference = std::abs(out.at({b, h, s, e}) - expected);
          worst = difference >= worst ? difference : std::isnan(difference) ? 1e9 : worst;
        }
      }
  EXPECT_LT(worst, tolerance(out.view.dtype)) << c.text() << " " << what;
}

class RuntimeAttention : public RuntimeOps {
protected:
  void runCase(const AttentionCase &c, int32_t dtype, bool tokensFirst, Strided *mask) {
    std::vector<int> order = tokensFirst ? std::vector<int>{0, 2, 1, 3} : std::vector<int>{0, 1, 2, 3};
    Strided q(dtype, {c.batch, c.queryHeads, c.queries, c.depth}, order);
    Strided k(dtype, {c.batch, c.keyHeads, c.keys, c.depth}, order),
        v(dtype, {c.batch, c.keyHeads, c.keys, c.width}, order);
    Strided out(dtype, {c.batch, c.queryHeads, c.queries, c.width}, order);
    q.randomize();
    k.randomize();
    v.randomize();
    tprt_op_attention(&ctx, 0, &q.view, &k.view, &v.view, mask ? &mask->view : nullptr, &out.view, &c.params);
    ASSERT_EQ(error(), "");
    expectAttention(
        c, q, k, v, mask, out,
        concat(dtypeName(dtype), tokensFirst ? " tokens first" : "", mask ? " mask " + viewText(mask->view) : ""));
  }
};

TEST_P(RuntimeAttention, Random) {
  for (int round = 0; round < 120; ++round) {
    AttentionCase c;
    c.batch = 1 + below(2);
    c.keyHeads = 1 + below(3);
    c.params.group = 1 + static_cast<int32_t>(below(4));
    c.queryHeads = c.keyHeads * c.params.group;
    c.queries = round % 2 ? 1 : 1 + below(50);
    c.keys = c.queries + below(round % 5 ? 20 : 300);
    c.depth = 1 + below(70);
    c.width = 1 + below(70);
    c.params.causal = below(2);
    c.params.causal_offset = c.keys - c.queries;
    c.params.window = below(3) ? 0 : 1 + below(9);
    c.params.softcap = below(3) ? 0 : 2;
    int32_t dtype = round % 3 == 0 ? TPRT_BF16 : round % 3 == 1 ? TPRT_F32 : TPRT_F16;
    std::unique_ptr<Strided> mask;
    if (below(2)) {
      std::vector<int64_t> sizes = {below(2) ? c.batch : 1, below(2) ? c.queryHeads : 1, below(2) ? c.queries : 1,
                                    below(4) ? c.keys : 1};
      mask = std::make_unique<Strided>(round % 4 < 2 ? TPRT_BOOL : TPRT_F32, sizes);
      mask->each([&](const std::vector<int64_t> &index) {
        if (mask->view.dtype == TPRT_BOOL)
          mask->bytes[mask->offset(index)] = below(3) != 0;
        else
          fromDouble(below(3) ? uniform() : -std::numeric_limits<float>::infinity(), mask->view, mask->offset(index));
      });
    }
    runCase(c, dtype, below(2), mask.get());
  }
}

TEST_P(RuntimeAttention, ManyQueriesAndKeys) {
  AttentionCase c;
  c.queries = 300;
  c.keys = 410;
  c.params.causal = 1;
  c.params.causal_offset = 110;
  runCase(c, TPRT_F32, true, nullptr);
  c.params.window = 64;
  runCase(c, TPRT_F32, false, nullptr);
}

// A rank whose query heads start inside a group, as sub-axes deal them.
TEST_P(RuntimeAttention, HeadOffsets) {
  AttentionCase c;
  c.queryHeads = 3;
  c.keyHeads = 2;
  c.params.group = 4;
  c.params.q_head_offset = 6; // heads 6, 7 of group 1 and 8 of group 2
  c.params.kv_head_offset = 1;
  runCase(c, TPRT_F32, true, nullptr);
}

TEST_P(RuntimeAttention, RowsWithoutKeysAreZero) {
  AttentionCase c;
  c.params.causal = 1;
  c.params.causal_offset = -2; // queries 0 and 1 see nothing
  runCase(c, TPRT_F32, false, nullptr);
  Strided mask(TPRT_BOOL, {1, 1, 1, 5});
  std::fill(mask.bytes.begin(), mask.bytes.end(), 0);
  c.params.causal = 0;
  runCase(c, TPRT_F32, false, &mask);
  c.keys = 0;
  runCase(c, TPRT_F32, false, nullptr);
}

// Programs for known sizes have no mask where others have one: the bits must not
// tell which.
TEST_P(RuntimeAttention, CausalityAndWindowEqualTheirMask) {
  for (int round = 0; round < 60; ++round) {
    AttentionCase c;
    c.params.group = 1 + static_cast<int32_t>(below(3));
    c.queryHeads = c.keyHeads * c.params.group;
    c.queries = round % 3 ? 1 + below(12) : 1 + below(60);
    c.keys = c.queries + below(round % 5 ? 20 : 300);
    c.params.causal = 1;
    c.params.causal_offset = c.keys - c.queries;
    c.params.window = below(2) ? 0 : 1 + below(40);
    Strided q(TPRT_F32, {c.batch, c.queryHeads, c.queries, c.depth}), k(TPRT_F32, {c.batch, c.keyHeads, c.keys, c.depth}),
        v(TPRT_F32, {c.batch, c.keyHeads, c.keys, c.width});
    for (Strided *tensor : {&q, &k, &v})
      tensor->randomize();
    Strided mask(TPRT_BOOL, {1, 1, c.queries, c.keys});
    mask.each([&](const std::vector<int64_t> &index) {
      int64_t last = index[2] + c.params.causal_offset;
      bool seen = index[3] <= last && (!c.params.window || index[3] > last - c.params.window);
      mask.bytes[mask.offset(index)] = seen;
    });
    Strided bounded(TPRT_F32, {c.batch, c.queryHeads, c.queries, c.width}), masked = bounded;
    masked.view.data = masked.bytes.data();
    tprt_op_attention(&ctx, 0, &q.view, &k.view, &v.view, nullptr, &bounded.view, &c.params);
    c.params.causal = c.params.window = 0;
    tprt_op_attention(&ctx, 0, &q.view, &k.view, &v.view, &mask.view, &masked.view, &c.params);
    ASSERT_EQ(error(), "");
    EXPECT_EQ(bounded.bytes, masked.bytes) << c.text();
  }
}

// Exporters mask with the lowest finite number; a row of only those averages.
TEST_P(RuntimeAttention, LowestFiniteMask) {
  AttentionCase c;
  Strided mask(TPRT_F32, {1, 1, c.queries, c.keys});
  mask.each([&](const std::vector<int64_t> &index) {
    float value = index[2] == 0 || index[3] == 1 ? std::numeric_limits<float>::lowest() : 0;
    fromDouble(value, mask.view, mask.offset(index));
  });
  Strided q(TPRT_F32, {1, 2, 3, 16}), k(TPRT_F32, {1, 2, 5, 16}), v(TPRT_F32, {1, 2, 5, 16}),
      out(TPRT_F32, {1, 2, 3, 16});
  q.randomize();
  k.randomize();
  v.randomize();
  tprt_op_attention(&ctx, 0, &q.view, &k.view, &v.view, &mask.view, &out.view, &c.params);
  ASSERT_EQ(error(), "");
  double average = 0;
  for (int64_t t = 0; t < 5; ++t)
    average += v.at({0, 0, t, 3}) / 5;
  EXPECT_NEAR(out.at({0, 0, 0, 3}), average, 1e-5);
}

//===----------------------------------------------------------------------===//
// Moving data
//===----------------------------------------------------------------------===//

TEST_P(RuntimeOps, GatherPartOfATable) {
  for (int32_t indexType : {TPRT_I64, TPRT_I32})
    for (int axis : {0, 1}) {
      Strided table(TPRT_F32, {6, 7});
      table.randomize();
      // This rank holds rows [4, 4 + size) of 20.
      int64_t held = table.view.sizes[axis];
      std::vector<int64_t> wanted = {4, 0, -16, 19, 9, -1};
      Strided indices(indexType, {2, 3});
      for (int64_t i = 0; i < 6; ++i) {
        if (indexType == TPRT_I64)
          reinterpret_cast<int64_t *>(indices.view.data)[i] = wanted[i];
        else
          reinterpret_cast<int32_t *>(indices.view.data)[i] = static_cast<int32_t>(wanted[i]);
      }
      Strided out(TPRT_F32, axis == 0 ? std::vector<int64_t>{2, 3, 7} : std::vector<int64_t>{6, 2, 3});
      tprt_op_gather(&ctx, 0, &table.view, &indices.view, &out.view, axis, 4, 20);
      ASSERT_EQ(error(), "");
      out.each([&](const std::vector<int64_t> &index) {
        int64_t i = axis == 0 ? index[0] * 3 + index[1] : index[1] * 3 + index[2];
        int64_t other = axis == 0 ? index[2] : index[0];
        int64_t row = (wanted[i] < 0 ? wanted[i] + 20 : wanted[i]) - 4;
        double expected = row < 0 || row >= held ? 0 : axis == 0 ? table.at({row, other}) : table.at({other, row});
        EXPECT_EQ(out.at(index), expected);
      });
    }
}

TEST_P(RuntimeOps, GatherOutOfRange) {
  Strided table(TPRT_F32, {6, 2}), out(TPRT_F32, {1, 2});
  std::vector<int64_t> index = {6};
  tprt_view indices = test::viewOf(index, TPRT_I64, {1});
  tprt_op_gather(&ctx, 0, &table.view, &indices, &out.view, 0, 0, 6);
  EXPECT_EQ(error(), "index 6 is out of range for 6 rows");
}

TEST_P(RuntimeOps, ScatterUpdatesInOrder) {
  std::vector<float> data = {1, 2, 3, 4}, updates = {10, 20, 30}, out(4);
  std::vector<int64_t> indices = {1, -3, 0};
  tprt_view from = test::viewOf(data, TPRT_F32, {4}), put = test::viewOf(updates, TPRT_F32, {3});
  tprt_view at = test::viewOf(indices, TPRT_I64, {3}), to = test::viewOf(out, TPRT_F32, {4});
  auto scatter = [&](int32_t reduction) {
    tprt_op_scatter(&ctx, 0, &from, &at, &put, &to, 0, reduction);
    EXPECT_EQ(error(), "");
    return out;
  };
  EXPECT_EQ(scatter(TPRT_SCATTER_NONE), (std::vector<float>{30, 20, 3, 4}));
  EXPECT_EQ(scatter(TPRT_SCATTER_ADD), (std::vector<float>{31, 32, 3, 4}));
  EXPECT_EQ(scatter(TPRT_SCATTER_MUL), (std::vector<float>{30, 400, 3, 4}));
  EXPECT_EQ(scatter(TPRT_SCATTER_MIN), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(scatter(TPRT_SCATTER_MAX), (std::vector<float>{30, 20, 3, 4}));
}

TEST_P(RuntimeOps, ScatterBlocksAtTuples) {
  std::vector<int32_t> data = {0, 1, 2, 3, 4, 5, 6, 7}, updates = {100, 200, 300, 400}, out(8);
  std::vector<int64_t> indices = {1, 0, 0, -1};
  tprt_view from = test::viewOf(data, TPRT_I32, {2, 2, 2}), put = test::viewOf(updates, TPRT_I32, {2, 2});
  tprt_view at = test::viewOf(indices, TPRT_I64, {2, 2}), to = test::viewOf(out, TPRT_I32, {2, 2, 2});
  tprt_op_scatter(&ctx, 0, &from, &at, &put, &to, -1, TPRT_SCATTER_ADD);
  EXPECT_EQ(error(), "");
  EXPECT_EQ(out, (std::vector<int32_t>{0, 1, 302, 403, 104, 205, 6, 7}));
}

TEST_P(RuntimeOps, ScatterOutOfRange) {
  std::vector<float> data(4), updates(1), out(4);
  std::vector<int64_t> indices = {-5};
  tprt_view from = test::viewOf(data, TPRT_F32, {4}), put = test::viewOf(updates, TPRT_F32, {1});
  tprt_view at = test::viewOf(indices, TPRT_I64, {1}), to = test::viewOf(out, TPRT_F32, {4});
  tprt_op_scatter(&ctx, 0, &from, &at, &put, &to, 0, TPRT_SCATTER_NONE);
  EXPECT_EQ(error(), "index -5 is out of range for 4 elements");
}

TEST_P(RuntimeOps, TopKOrdersEqualElementsByIndex) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> data = {0, -1, 5, -0.0f, 5, nan, -7}, values(4);
  std::vector<int64_t> found(4);
  tprt_view from = test::viewOf(data, TPRT_F32, {7}), to = test::viewOf(values, TPRT_F32, {4});
  tprt_view at = test::viewOf(found, TPRT_I64, {4});
  tprt_op_topk(&ctx, 0, &from, &to, &at, 0, /*largest=*/1);
  EXPECT_EQ(error(), "");
  EXPECT_EQ(found, (std::vector<int64_t>{5, 2, 4, 0}));
  EXPECT_EQ(values[1], 5);
  tprt_op_topk(&ctx, 0, &from, &to, &at, 0, /*largest=*/0);
  EXPECT_EQ(error(), "");
  EXPECT_EQ(found, (std::vector<int64_t>{6, 1, 0, 3}));
}

// A vocabulary, and the types whose order is not that of their bits.
TEST_P(RuntimeOps, TopKOfLongRows) {
  std::vector<uint64_t> data(100000), values(5);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = (i * 7919) % data.size();
  data[123] = UINT64_MAX;
  std::vector<int64_t> found(5);
  tprt_view from = test::viewOf(data, TPRT_U64, {100000}), to = test::viewOf(values, TPRT_U64, {5});
  tprt_view at = test::viewOf(found, TPRT_I64, {5});
  tprt_op_topk(&ctx, 0, &from, &to, &at, 0, /*largest=*/1);
  EXPECT_EQ(error(), "");
  EXPECT_EQ(found[0], 123);
  EXPECT_EQ(values, (std::vector<uint64_t>{UINT64_MAX, 99999, 99998, 99997, 99996}));
}

TEST_P(RuntimeOps, CopyAnyStrides) {
  for (int32_t dtype : {TPRT_BOOL, TPRT_F16, TPRT_F32, TPRT_I64})
    for (std::vector<int> order : std::vector<std::vector<int>>{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}}) {
      Strided src(dtype, {5, 37, 19}, order, 3), dst(dtype, {5, 37, 19}, {1, 0, 2}, 2);
      size_t bytes = dtypeSize(dtype);
      for (char &byte : src.bytes)
        byte = static_cast<char>(below(2));
      tprt_op_copy(&ctx, 0, &src.view, &dst.view);
      ASSERT_EQ(error(), "");
      src.each([&](const std::vector<int64_t> &index) {
        ASSERT_EQ(std::memcmp(elementPointer(src.view, src.offset(index)), elementPointer(dst.view, dst.offset(index)),
                              bytes),
                  0);
      });
    }
}

TEST_P(RuntimeOps, CacheAppend) {
  Strided past(TPRT_F32, {2, 3, 4, 8}), fresh(TPRT_F32, {2, 3, 2, 8}, {0, 2, 1, 3}), present(TPRT_F32, {2, 3, 6, 8});
  past.randomize();
  fresh.randomize();
  auto expectJoined = [&](const Strided &before, const tprt_view &result) {
    present.each([&](const std::vector<int64_t> &index) {
      std::vector<int64_t> own = index;
      own[2] -= 4;
      double expected = index[2] < 4 ? before.at(index) : fresh.at(own);
      int64_t offset = 0;
      for (int d = 0; d < 4; ++d)
        offset += index[d] * result.strides[d];
      ASSERT_EQ(toDouble(result, offset), expected);
    });
  };
  tprt_op_cache_append(&ctx, 0, &past.view, &fresh.view, &present.view, 2);
  ASSERT_EQ(error(), "");
  expectJoined(past, present.view);
  // In place, in a buffer with room for 9.
  Strided buffer(TPRT_F32, {2, 3, 9, 8});
  tprt_view head = buffer.view, whole = buffer.view;
  head.sizes[2] = 4;
  whole.sizes[2] = 6;
  copyStrided(past.view, head);
  tprt_op_cache_append(&ctx, 0, &head, &fresh.view, &whole, 2);
  ASSERT_EQ(error(), "");
  expectJoined(past, whole);
}

INSTANTIATE_TEST_SUITE_P(Cpu, RuntimeOps, testing::Values("base", "avx2", "avx512"),
                         [](const auto &info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(Cpu, RuntimeAttention, testing::Values("base", "avx2", "avx512"),
                         [](const auto &info) { return std::string(info.param); });

TEST(RuntimeDtype, HalfRoundTrips) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    float value = f16ToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f16ToFloat(floatToF16(value))));
    } else {
      ASSERT_EQ(floatToF16(value), half);
    }
    float wide = bf16ToFloat(half);
    if (!std::isnan(wide)) {
      ASSERT_EQ(floatToBf16(wide), half);
    }
  }
  EXPECT_EQ(floatToF16(65519.0f), 0x7bff);
  EXPECT_EQ(floatToF16(65520.0f), 0x7c00);
  EXPECT_EQ(floatToF16(1e-8f), 0);
  EXPECT_EQ(floatToBf16(1.00390625f), 0x3f80); // tie to even
}

// The vector conversions and the scalar ones are the same function.
TEST(RuntimeDtype, VectorConversionsAgree) {
  std::vector<float> values(1000), back(1000);
  for (float &value : values)
    value = uniform() * std::pow(10.0f, static_cast<float>(below(12) - 8));
  for (const char *name : {"base", "avx2", "avx512"}) {
    const CpuKernels *kernels = cpuKernelsByName(name);
    if (!kernels)
      continue;
    for (int32_t dtype : {TPRT_F16, TPRT_BF16})
      for (int64_t count : {1, 15, 16, 33, 1000}) {
        std::vector<uint16_t> halves(count);
        kernels->fromFloat(values.data(), halves.data(), dtype, count);
        kernels->toFloat(halves.data(), dtype, back.data(), count);
        for (int64_t i = 0; i < count; ++i) {
          ASSERT_EQ(halves[i], dtype == TPRT_F16 ? floatToF16(values[i]) : floatToBf16(values[i])) << name;
          ASSERT_EQ(back[i], dtype == TPRT_F16 ? f16ToFloat(halves[i]) : bf16ToFloat(halves[i])) << name;
        }
      }
  }
}

TEST(RuntimeKernels, ExponentialIsAccurate) {
  for (const char *name : {"base", "avx2", "avx512"}) {
    const CpuKernels *kernels = cpuKernelsByName(name);
    if (!kernels)
      continue;
    // softmaxBlock with a maximum of 0 is exp.
    std::vector<float> x;
    for (float value = -87; value <= 0; value += 0.0137f)
      x.push_back(value);
    x.push_back(0);
    std::vector<float> y = x;
    float sum;
    EXPECT_EQ(kernels->softmaxBlock(y.data(), static_cast<int64_t>(y.size()), -INFINITY, &sum), 0);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_NEAR(y[i] / std::exp(static_cast<double>(x[i])), 1, 5e-7) << name << " " << x[i];
    std::vector<float> none(20, -INFINITY);
    EXPECT_EQ(kernels->softmaxBlock(none.data(), 20, -INFINITY, &sum), -INFINITY);
    EXPECT_EQ(sum, 0);
  }
}

} // namespace
