//===- Matmul.cpp - Matrix products ---------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/View.h"
#include "cpu/Gemm.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace tprt;

namespace {

bool isHalf(int32_t dtype) { return dtype == TPRT_F16 || dtype == TPRT_BF16; }

// A product whose batch dimensions over which b does not change count as rows:
// `groups` products of `rows` rows with one b each. So the spelling of a product
// does not matter, and each b is read once.
struct Problem {
  const tprt_view *a, *b, *bias, *residual, *c;
  float alpha;
  int32_t activation;
  int64_t n, k;
  int64_t groups = 1, rows = 1;

  // Of c's dimension d < rank - 1: whether it is one of the rows.
  bool isRow(int d) const {
    int own = d - (c->rank - b->rank);
    return d == c->rank - 2 || own < 0 || b->sizes[own] == 1 || b->strides[own] == 0;
  }

  // Element offset of a row of a group in `view` (all but b), numpy broadcasting.
  int64_t offset(const tprt_view &view, int64_t group, int64_t row) const {
    return walk(view, c->rank - 1, group, row);
  }

  // That of a group's b.
  int64_t groupOffset(int64_t group) const { return walk(*b, c->rank - 2, group, 0); }

  // The stride of a view's columns; 0 when they are broadcast.
  static int64_t columnStride(const tprt_view &view) {
    return view.rank == 0 || view.sizes[view.rank - 1] == 1 ? 0 : view.strides[view.rank - 1];
  }

private:
  // Along c's first `dims` dimensions.
  int64_t walk(const tprt_view &view, int dims, int64_t group, int64_t row) const {
    int64_t result = 0;
    int lead = c->rank - view.rank;
    for (int d = c->rank - 1; d-- > 0;) {
      int64_t &rest = isRow(d) ? row : group;
      int64_t index = rest % c->sizes[d];
      rest /= c->sizes[d];
      if (d >= lead && d < dims && view.sizes[d - lead] != 1)
        result += index * view.strides[d - lead];
    }
    return result;
  }
};

void checkShapes(Problem &p) {
  const tprt_view &a = *p.a, &b = *p.b, &c = *p.c;
  bool valid = a.rank >= 2 && b.rank >= 2 && c.rank >= 2 && a.rank <= c.rank && b.rank <= c.rank;
  if (valid) {
    p.n = c.sizes[c.rank - 1];
    p.k = a.sizes[a.rank - 1];
    valid = a.sizes[a.rank - 2] == c.sizes[c.rank - 2] && b.sizes[b.rank - 2] == p.k && b.sizes[b.rank - 1] == p.n;
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
  for (int d = 0; d < c.rank - 1; ++d)
    (p.isRow(d) ? p.rows : p.groups) *= c.sizes[d];
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

// Columns [j, j + width) of c's row = activation(alpha * values + bias) +
// residual. `extra` has room for the width.
void finishRow(const CpuKernels &kernels, const Problem &p, int64_t group, int64_t row, int64_t j, int64_t width,
               float *values, float *extra) {
  const float *bias = nullptr;
  if (p.bias) {
    int64_t stride = p.columnStride(*p.bias), offset = p.offset(*p.bias, group, row) + j * stride;
    if (p.bias->dtype == TPRT_F32 && stride == 1) {
      bias = reinterpret_cast<const float *>(elementPointer(*p.bias, offset));
    } else {
      readRow(kernels, *p.bias, offset, stride, width, extra);
      bias = extra;
    }
  }
  if (bias || p.alpha != 1.0f || p.activation != TPRT_ACT_NONE)
    kernels.epilogue(values, width, p.alpha, bias, p.activation);
  if (p.residual) {
    int64_t stride = p.columnStride(*p.residual), offset = p.offset(*p.residual, group, row) + j * stride;
    const float *residual = extra;
    if (p.residual->dtype == TPRT_F32 && stride == 1)
      residual = reinterpret_cast<const float *>(elementPointer(*p.residual, offset));
    else
      readRow(kernels, *p.residual, offset, stride, width, extra);
    for (int64_t i = 0; i < width; ++i)
      values[i] += residual[i];
  }
  const tprt_view &c = *p.c;
  int64_t stride = c.strides[c.rank - 1], offset = p.offset(c, group, row) + j * stride;
  if (stride == 1 || width == 1) {
    kernels.fromFloat(values, elementPointer(c, offset), c.dtype, width);
    return;
  }
  int64_t element = dtypeSize(c.dtype);
  for (int64_t i = 0; i < width; ++i)
    kernels.fromFloat(values + i, elementPointer(c, offset) + i * stride * element, c.dtype, 1);
}

// Floats of a's rows of one group: where they are if they are floats in a row,
// else in scratch 2.
void floatRows(CpuDevice &device, const Problem &p, int64_t group, const float **rows) {
  const tprt_view &a = *p.a;
  int64_t stride = p.k == 1 ? 1 : a.strides[a.rank - 1];
  if (a.dtype == TPRT_F32 && stride == 1) {
    for (int64_t i = 0; i < p.rows; ++i)
      rows[i] = reinterpret_cast<const float *>(elementPointer(a, p.offset(a, group, i)));
    return;
  }
  float *memory = device.scratch[2].floats(p.rows * p.k);
  for (int64_t i = 0; i < p.rows; ++i)
    rows[i] = memory + i * p.k;
  int64_t rowStride = p.rows == 1 ? 0 : p.offset(a, group, 1) - p.offset(a, group, 0);
  bool regular = true;
  for (int64_t i = 2; i < p.rows && regular; ++i)
    regular = p.offset(a, group, i) == p.offset(a, group, 0) + i * rowStride;
  if (regular) {
    MatrixView view{elementPointer(a, p.offset(a, group, 0)), a.dtype, rowStride, stride};
    return packMatrix(device.kernels, view, p.rows, p.k, memory, p.k);
  }
  for (int64_t i = 0; i < p.rows; ++i)
    readRow(device.kernels, a, p.offset(a, group, i), stride, p.k, memory + i * p.k);
}

// Few rows: each weight is read once from memory, which is all that matters.
void runFewRows(CpuDevice &device, const Problem &p, int64_t group, const float *const *rows, const MatrixView &b) {
  const CpuKernels &kernels = device.kernels;
  float *out = device.scratch[0].floats(maxGemvRows * p.n);
  float *extra = device.scratch[1].floats(p.n);
  // One distance between rows is what the kernels take.
  const float *left = rows[0];
  if (p.rows > 1) {
    float *copy = device.scratch[3].floats(maxGemvRows * p.k);
    for (int64_t i = 0; i < p.rows; ++i)
      std::copy_n(rows[i], p.k, copy + i * p.k);
    left = copy;
  }
  int m = static_cast<int>(p.rows);
  if (b.columnStride == 1)
    kernels.gemvRows(m, p.n, p.k, left, p.k, b.data, b.dtype, b.rowStride, out, p.n, false);
  else
    kernels.gemvColumns(m, p.n, p.k, left, p.k, b.data, b.dtype, b.columnStride, out, p.n);
  for (int64_t i = 0; i < p.rows; ++i)
    finishRow(kernels, p, group, i, 0, p.n, out + i * p.n, extra);
}

void runFloat(CpuDevice &device, const Problem &p) {
  const tprt_view &b = *p.b;
  auto **rows = static_cast<const float **>(device.scratch[4].bytes(p.rows * sizeof(float *)));
  // Strides of a dimension of size 1 mean nothing.
  int64_t rowStride = p.k == 1 ? p.n : b.strides[b.rank - 2];
  int64_t columnStride = p.n == 1 ? p.k : b.strides[b.rank - 1];
  // One b stored by columns is a weight, whose layout the compiler keeps. Several
  // are results, whose layout must not decide the order of sums.
  bool few = p.rows <= maxGemvRows && (columnStride == 1 || (rowStride == 1 && p.groups == 1));
  for (int64_t group = 0; group < p.groups; ++group) {
    floatRows(device, p, group, rows);
    MatrixView right{elementPointer(b, p.groupOffset(group)), b.dtype, rowStride, columnStride};
    if (few) {
      runFewRows(device, p, group, rows, right);
      continue;
    }
    float *extra = device.scratch[5].floats(p.n);
    gemmRows(device, p.rows, p.n, p.k, rows, right, [&](int64_t i, int64_t j, int64_t width, float *values) {
      finishRow(device.kernels, p, group, i, j, width, values, extra);
    });
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
  std::vector<double> sums(p.n);
  for (int64_t group = 0; group < p.groups; ++group)
    for (int64_t i = 0; i < p.rows; ++i) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (int64_t l = 0; l < p.k; ++l) {
        double left = readDouble(a, p.offset(a, group, i) + l * a.strides[a.rank - 1]);
        int64_t base = p.groupOffset(group) + l * b.strides[b.rank - 2];
        for (int64_t j = 0; j < p.n; ++j)
          sums[j] += left * readDouble(b, base + j * b.strides[b.rank - 1]);
      }
      for (int64_t j = 0; j < p.n; ++j) {
        auto at = [&](const tprt_view &view) { return p.offset(view, group, i) + j * p.columnStride(view); };
        double value = sums[j] * p.alpha + (p.bias ? readDouble(*p.bias, at(*p.bias)) : 0);
        value = activateDouble(value, p.activation) + (p.residual ? readDouble(*p.residual, at(*p.residual)) : 0);
        convertElements(&value, TPRT_F64, elementPointer(c, at(c)), c.dtype, 1);
      }
    }
}

} // namespace

void tprt::cpuMatmul(tprt_ctx *ctx, int32_t, const tprt_view *a, const tprt_view *b, const tprt_view *bias,
                     const tprt_view *residual, const tprt_view *c, float alpha, int32_t activation) {
  Problem p{a, b, bias, residual, c, alpha, activation, 0, 0};
  checkShapes(p);
  if (p.rows == 0 || p.groups == 0 || p.n == 0)
    return;
  if (a->dtype == TPRT_F64 || b->dtype == TPRT_F64 || c->dtype == TPRT_F64)
    return runDouble(p);
  runFloat(cpuDevice(ctx), p);
}
