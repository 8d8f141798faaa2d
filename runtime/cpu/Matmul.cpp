//===- Matmul.cpp - Matrix products ---------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/View.h"
#include "cpu/Gemm.h"
#include "cpu/OneDnn.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace tprt;

namespace {

bool isHalf(int32_t dtype) { return dtype == TPRT_F16 || dtype == TPRT_BF16; }

// The operands of one product, batch dimensions walked by index.
struct Problem {
  const tprt_view *a, *b, *bias, *residual, *c;
  float alpha;
  int32_t activation;
  int64_t m, n, k;
  int batchRank;
  int64_t batches = 1;

  // Element offset of `view` at batch index `batch` (of c's batch dimensions),
  // numpy broadcasting.
  int64_t batchOffset(const tprt_view &view, int64_t batch) const {
    int64_t offset = 0;
    int lead = c->rank - view.rank;
    for (int d = batchRank; d-- > 0;) {
      int64_t index = batch % c->sizes[d];
      batch /= c->sizes[d];
      if (d >= lead && view.sizes[d - lead] != 1)
        offset += index * view.strides[d - lead];
    }
    return offset;
  }

  // The stride of the dimension `fromEnd` counted from the last; 0 when it is
  // broadcast or absent.
  static int64_t strideFromEnd(const tprt_view &view, int fromEnd) {
    int d = view.rank - fromEnd;
    return d < 0 || view.sizes[d] == 1 ? 0 : view.strides[d];
  }
};

void checkShapes(Problem &p) {
  const tprt_view &a = *p.a, &b = *p.b, &c = *p.c;
  bool valid = a.rank >= 2 && b.rank >= 2 && c.rank >= 2 && a.rank <= c.rank && b.rank <= c.rank;
  if (valid) {
    p.m = c.sizes[c.rank - 2];
    p.n = c.sizes[c.rank - 1];
    p.k = a.sizes[a.rank - 1];
    p.batchRank = c.rank - 2;
    valid = a.sizes[a.rank - 2] == p.m && b.sizes[b.rank - 2] == p.k && b.sizes[b.rank - 1] == p.n;
    for (const tprt_view *view : {&a, &b})
      for (int d = 0; valid && d < view->rank - 2; ++d) {
        int64_t size = c.sizes[c.rank - view->rank + d];
        valid = view->sizes[d] == 1 || view->sizes[d] == size;
      }
    valid = valid && (!p.residual || p.residual->rank == c.rank) && (!p.bias || p.bias->rank <= c.rank);
  }
  if (!valid)
    fail(TPRT_INTERNAL, "product of ", viewText(a), " and ", viewText(b), " into ", viewText(c));
  for (const tprt_view *view : {p.a, p.b, p.c})
    if (!isFloat(view->dtype))
      fail(TPRT_UNSUPPORTED, "product of element type ", dtypeName(view->dtype));
  for (int d = 0; d < p.batchRank; ++d)
    p.batches *= c.sizes[d];
}

// Reads elements base + j * stride, j < n, as floats.
void readRow(const CpuKernels &kernels, const tprt_view &view, int64_t offset, int64_t stride, int64_t n, float *out) {
  const char *data = elementPointer(view, offset);
  if (stride == 1 && (view.dtype == TPRT_F32 || isHalf(view.dtype))) {
    kernels.toFloat(data, view.dtype, out, n);
    return;
  }
  int64_t step = stride * static_cast<int64_t>(dtypeSize(view.dtype));
  for (int64_t j = 0; j < n; ++j)
    convertElements(data + j * step, view.dtype, out + j, TPRT_F32, 1);
}

// c's row = activation(alpha * row + bias) + residual. `extra` has room for n.
void finishRow(const CpuKernels &kernels, const Problem &p, int64_t batch, int64_t i, float *row, float *extra) {
  const float *bias = nullptr;
  if (p.bias) {
    int64_t columnStride = p.strideFromEnd(*p.bias, 1);
    int64_t offset = p.batchOffset(*p.bias, batch) + i * p.strideFromEnd(*p.bias, 2);
    if (p.bias->dtype == TPRT_F32 && columnStride == 1) {
      bias = reinterpret_cast<const float *>(elementPointer(*p.bias, offset));
    } else {
      readRow(kernels, *p.bias, offset, columnStride, p.n, extra);
      bias = extra;
    }
  }
  if (bias || p.alpha != 1.0f || p.activation != TPRT_ACT_NONE)
    kernels.epilogue(row, p.n, p.alpha, bias, p.activation);
  if (p.residual) {
    int64_t offset = p.batchOffset(*p.residual, batch) + i * p.strideFromEnd(*p.residual, 2);
    readRow(kernels, *p.residual, offset, p.strideFromEnd(*p.residual, 1), p.n, extra);
    for (int64_t j = 0; j < p.n; ++j)
      row[j] += extra[j];
  }
  const tprt_view &c = *p.c;
  int64_t offset = p.batchOffset(c, batch) + i * c.strides[c.rank - 2];
  int64_t stride = c.strides[c.rank - 1];
  if (stride == 1 || p.n == 1) {
    kernels.fromFloat(row, elementPointer(c, offset), c.dtype, p.n);
    return;
  }
  int64_t element = dtypeSize(c.dtype);
  for (int64_t j = 0; j < p.n; ++j)
    kernels.fromFloat(row + j, elementPointer(c, offset) + j * stride * element, c.dtype, 1);
}

// Few rows: each weight is read once from memory, which is all that matters.
// Takes the rows of all batches together when b is the same for them.
class FewRows {
public:
  FewRows(CpuDevice &device, const Problem &p) : device(device), kernels(device.kernels), p(p) {
    const tprt_view &b = *p.b;
    rowStride = p.k == 1 ? p.n : b.strides[b.rank - 2];
    columnStride = p.n == 1 ? p.k : b.strides[b.rank - 1];
    shared = true;
    for (int d = 0; d < b.rank - 2; ++d)
      shared &= b.sizes[d] == 1 || b.strides[d] == 0;
  }

  bool applies() const {
    int64_t rows = shared ? p.batches * p.m : p.m;
    return rows <= maxGemvRows && (b().dtype == TPRT_F32 || isHalf(b().dtype)) && p.c->dtype != TPRT_F64 &&
           p.a->dtype != TPRT_F64 && (columnStride == 1 || rowStride == 1);
  }

  void run() {
    int64_t rows = shared ? p.batches * p.m : p.m;
    for (int64_t batch = 0; batch < (shared ? 1 : p.batches); ++batch)
      runRows(batch * p.m, rows);
  }

private:
  const tprt_view &b() const { return *p.b; }

  // Rows [first, first + count) of all rows in batch order; one b.
  void runRows(int64_t first, int64_t count) {
    const tprt_view &a = *p.a;
    float *left = device.scratch[0].floats(maxGemvRows * p.k);
    float *out = device.scratch[1].floats(maxGemvRows * p.n);
    float *extra = device.scratch[2].floats(p.n);
    int64_t aStride = p.k == 1 ? 1 : a.strides[a.rank - 1];
    auto aOffset = [&](int64_t row) {
      return p.batchOffset(a, row / p.m) + row % p.m * (p.m == 1 ? 0 : a.strides[a.rank - 2]);
    };
    const float *rows = left;
    int64_t lda = p.k;
    if (a.dtype == TPRT_F32 && aStride == 1 && count == 1)
      rows = reinterpret_cast<const float *>(elementPointer(a, aOffset(first)));
    else
      for (int64_t i = 0; i < count; ++i)
        readRow(kernels, a, aOffset(first + i), aStride, p.k, left + i * p.k);
    const char *weights = elementPointer(b(), p.batchOffset(b(), first / p.m));
    int m = static_cast<int>(count);
    if (columnStride == 1)
      kernels.gemvRows(m, p.n, p.k, rows, lda, weights, b().dtype, rowStride, out, p.n, false);
    else
      kernels.gemvColumns(m, p.n, p.k, rows, lda, weights, b().dtype, columnStride, out, p.n);
    for (int64_t i = 0; i < count; ++i)
      finishRow(kernels, p, (first + i) / p.m, (first + i) % p.m, out + i * p.n, extra);
  }

  CpuDevice &device;
  const CpuKernels &kernels;
  const Problem &p;
  int64_t rowStride, columnStride;
  bool shared;
};

// A batched product with one b is one product of all rows, when a and c are
// regular enough to say so.
bool mergeBatches(tprt_view &a, tprt_view &c) {
  if (a.rank != c.rank)
    return false;
  for (tprt_view *view : {&a, &c}) {
    int64_t rows = view->sizes[view->rank - 2], stride = view->strides[view->rank - 2];
    if (rows == 1) {
      // The batch dimensions' own stride takes over.
      stride = 0;
    }
    for (int d = view->rank - 2; d-- > 0;) {
      if (view->sizes[d] == 1)
        continue;
      if (rows == 1)
        stride = view->strides[d];
      else if (view->strides[d] != stride * rows)
        return false;
      rows *= view->sizes[d];
    }
    view->sizes[0] = rows;
    view->strides[0] = rows == 1 ? view->sizes[view->rank - 1] : stride;
    view->sizes[1] = view->sizes[view->rank - 1];
    view->strides[1] = view->strides[view->rank - 1];
    view->rank = 2;
  }
  return a.sizes[0] == c.sizes[0];
}

bool sameMemory(const tprt_view &x, const tprt_view &y) {
  if (x.data != y.data || x.dtype != y.dtype || x.rank != y.rank)
    return false;
  for (int d = 0; d < x.rank; ++d)
    if (x.sizes[d] != y.sizes[d] || (x.sizes[d] != 1 && x.strides[d] != y.strides[d]))
      return false;
  return true;
}

// Rows of b a multiple of a page apart fall on the same few cache sets, which
// halves the speed of large products. oneDNN 2.6 itself copies b only where the
// distance is a power of two.
bool needsPanels(const tprt_view &a, const tprt_view &b) {
  if (b.rank != 2 || b.strides[1] != 1 || a.sizes[0] < 32)
    return false;
  int64_t distance = b.strides[0] * static_cast<int64_t>(dtypeSize(b.dtype));
  return distance % 4096 == 0 && (distance & (distance - 1)) != 0;
}

// c = a x b by panels of columns of b that are first copied to where their rows
// do not collide.
bool runPanels(CpuDevice &device, const Problem &p, const tprt_view &a, const tprt_view &b, const tprt_view &c) {
  constexpr int64_t width = 512, pad = 32;
  char *memory = static_cast<char *>(device.scratch[0].bytes(p.k * (width + pad) * dtypeSize(b.dtype)));
  for (int64_t j = 0; j < p.n; j += width) {
    tprt_view source = b, target = c, bias{};
    source.sizes[1] = target.sizes[1] = std::min(width, p.n - j);
    source.data = elementPointer(b, j * b.strides[1]);
    target.data = elementPointer(c, j * c.strides[1]);
    tprt_view panel = source;
    panel.data = memory;
    panel.strides[0] = width + pad;
    copyStrided(source, panel);
    if (p.bias) {
      bias = *p.bias;
      int last = bias.rank - 1;
      bias.sizes[last] = source.sizes[1];
      bias.data = elementPointer(*p.bias, j * p.bias->strides[last]);
    }
    if (device.oneDnn->matmul(a, panel, p.bias ? &bias : nullptr, p.residual != nullptr, target, p.alpha, p.activation))
      continue;
    if (j > 0)
      fail(TPRT_INTERNAL, "oneDNN computes some panels of ", viewText(b), " and not others");
    return false;
  }
  return true;
}

bool runOneDnn(CpuDevice &device, const Problem &p) {
  if (!device.oneDnn || p.a->dtype != p.b->dtype || p.a->dtype != p.c->dtype)
    return false;
  if (p.bias) {
    for (int d = 0; d < p.bias->rank - 1; ++d)
      if (p.bias->sizes[d] != 1)
        return false;
    int last = p.bias->rank - 1;
    if (last < 0 || p.bias->sizes[last] != p.n || (p.n != 1 && p.bias->strides[last] != 1))
      return false;
  }
  // A residual elsewhere is brought into c first; the product then adds to it.
  if (p.residual && !sameMemory(*p.residual, *p.c)) {
    if (p.residual->dtype != p.c->dtype)
      return false;
    tprt_view full = *p.residual;
    for (int d = 0; d < full.rank; ++d)
      if (full.sizes[d] != p.c->sizes[d])
        return false;
  }
  tprt_view a = *p.a, b = *p.b, c = *p.c;
  bool oneB = true;
  for (int d = 0; d < b.rank - 2; ++d)
    oneB &= b.sizes[d] == 1;
  if (oneB && c.rank > 2) {
    tprt_view mergedA = a, mergedC = c, flatB = b;
    flatB.sizes[0] = b.sizes[b.rank - 2];
    flatB.sizes[1] = b.sizes[b.rank - 1];
    flatB.strides[0] = b.strides[b.rank - 2];
    flatB.strides[1] = b.strides[b.rank - 1];
    flatB.rank = 2;
    if (mergeBatches(mergedA, mergedC)) {
      a = mergedA;
      c = mergedC;
      b = flatB;
    }
  }
  bool copied = p.residual && !sameMemory(*p.residual, *p.c);
  if (copied)
    copyStrided(*p.residual, *p.c);
  if (needsPanels(a, b))
    return runPanels(device, p, a, b, c);
  return device.oneDnn->matmul(a, b, p.bias, p.residual != nullptr, c, p.alpha, p.activation);
}

void runGeneric(CpuDevice &device, const Problem &p) {
  const tprt_view &a = *p.a, &b = *p.b;
  float *out = device.scratch[3].floats(p.m * p.n);
  float *extra = device.scratch[4].floats(p.n);
  for (int64_t batch = 0; batch < p.batches; ++batch) {
    MatrixView left{elementPointer(a, p.batchOffset(a, batch)), a.dtype, a.strides[a.rank - 2], a.strides[a.rank - 1]};
    MatrixView right{elementPointer(b, p.batchOffset(b, batch)), b.dtype, b.strides[b.rank - 2], b.strides[b.rank - 1]};
    gemmGeneric(device, p.m, p.n, p.k, left, right, out, p.n);
    for (int64_t i = 0; i < p.m; ++i)
      finishRow(device.kernels, p, batch, i, out + i * p.n, extra);
  }
}

double readDouble(const tprt_view &view, int64_t offset) {
  double value;
  convertElements(elementPointer(view, offset), view.dtype, &value, TPRT_F64, 1);
  return value;
}

double activateDouble(double x, int32_t activation) {
  switch (activation) {
  case TPRT_ACT_RELU:
    return x < 0 ? 0 : x;
  case TPRT_ACT_GELU_ERF:
    return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440));
  case TPRT_ACT_GELU_TANH:
    return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
  case TPRT_ACT_SILU:
    return x / (1 + std::exp(-x));
  default:
    return x;
  }
}

// f64 is rare: correct, not fast.
void runDouble(const Problem &p) {
  const tprt_view &a = *p.a, &b = *p.b, &c = *p.c;
  std::vector<double> row(p.n);
  for (int64_t batch = 0; batch < p.batches; ++batch)
    for (int64_t i = 0; i < p.m; ++i) {
      std::fill(row.begin(), row.end(), 0.0);
      for (int64_t l = 0; l < p.k; ++l) {
        double left = readDouble(a, p.batchOffset(a, batch) + i * a.strides[a.rank - 2] + l * a.strides[a.rank - 1]);
        int64_t base = p.batchOffset(b, batch) + l * b.strides[b.rank - 2];
        for (int64_t j = 0; j < p.n; ++j)
          row[j] += left * readDouble(b, base + j * b.strides[b.rank - 1]);
      }
      for (int64_t j = 0; j < p.n; ++j) {
        auto at = [&](const tprt_view &view) {
          return p.batchOffset(view, batch) + i * p.strideFromEnd(view, 2) + j * p.strideFromEnd(view, 1);
        };
        double value = row[j] * p.alpha + (p.bias ? readDouble(*p.bias, at(*p.bias)) : 0);
        value = activateDouble(value, p.activation) + (p.residual ? readDouble(*p.residual, at(*p.residual)) : 0);
        convertElements(&value, TPRT_F64, elementPointer(c, at(c)), c.dtype, 1);
      }
    }
}

} // namespace

void tprt::cpuMatmul(tprt_ctx *ctx, int32_t, const tprt_view *a, const tprt_view *b, const tprt_view *bias,
                     const tprt_view *residual, const tprt_view *c, float alpha, int32_t activation) {
  Problem p{a, b, bias, residual, c, alpha, activation, 0, 0, 0, 0};
  checkShapes(p);
  if (p.batches == 0 || p.m == 0 || p.n == 0)
    return;
  CpuDevice &device = cpuDevice(ctx);
  if (a->dtype == TPRT_F64 || b->dtype == TPRT_F64 || c->dtype == TPRT_F64)
    return runDouble(p);
  FewRows few(device, p);
  if (few.applies())
    return few.run();
  if (p.k > 0 && runOneDnn(device, p))
    return;
  runGeneric(device, p);
}
