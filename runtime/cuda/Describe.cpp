//===- Describe.cpp - Operations of the ABI as kernel arguments -*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Describe.h"
#include "core/View.h"
#include "tprt/error.h"

using namespace tprt;
using namespace tprt::cuda;

tprt_view tprt::cuda::slice(const tprt_view &view, int dim, int64_t start,
                            int64_t size) {
  tprt_view part = view;
  part.sizes[dim] = size;
  part.data = elementPointer(view, start * view.strides[dim]);
  return part;
}

CopyArgs tprt::cuda::describeCopy(const tprt_view &from, const tprt_view &to) {
  bool fits = from.rank == to.rank && from.dtype == to.dtype;
  for (int d = 0; d < from.rank && fits; ++d)
    fits = from.sizes[d] == to.sizes[d];
  if (!fits)
    fail(TPRT_INVALID_ARGUMENT, "copy: got ", viewText(from), ", need ",
         viewText(to));
  CopyArgs args{from.data, to.data, {}};
  for (int d = 0; d < from.rank; ++d)
    args.space.append(from.sizes[d], {from.strides[d], to.strides[d]});
  return args;
}

GatherArgs tprt::cuda::describeGather(const tprt_view &table,
                                      const tprt_view &indices,
                                      const tprt_view &out, int32_t axis,
                                      int64_t offset, int64_t globalRows,
                                      int32_t op) {
  if (axis < 0 || axis >= table.rank ||
      out.rank != table.rank - 1 + indices.rank || table.dtype != out.dtype ||
      (indices.dtype != TPRT_I32 && indices.dtype != TPRT_I64))
    fail(TPRT_INVALID_ARGUMENT, "gather: ", viewText(indices), " from ",
         viewText(table), " along dimension ", axis, " does not give ",
         viewText(out));
  GatherArgs args{};
  args.table = table.data;
  args.indices = indices.data;
  args.out = out.data;
  for (int d = 0; d < out.rank; ++d) {
    bool isIndex = d >= axis && d < axis + indices.rank;
    int tableDim = d < axis ? d : d - indices.rank + 1;
    int64_t size = isIndex ? indices.sizes[d - axis] : table.sizes[tableDim];
    if (size != out.sizes[d])
      fail(TPRT_INVALID_ARGUMENT, "gather: dimension ", d,
           " of the result has ", out.sizes[d], " elements, need ", size);
    args.space.append(size, {isIndex ? 0 : table.strides[tableDim],
                             isIndex ? indices.strides[d - axis] : 0,
                             out.strides[d]});
  }
  args.rowStride = table.strides[axis];
  args.rows = table.sizes[axis];
  args.offset = offset;
  args.globalRows = globalRows;
  args.wideIndices = indices.dtype == TPRT_I64;
  args.op = op;
  return args;
}

// Whether tensors fit ScatterElements (axis >= 0) or ScatterND.
static bool fitsScatter(const tprt_view &data, const tprt_view &indices, const tprt_view &updates, const tprt_view &out,
                        int32_t axis) {
  bool fits = data.rank == out.rank && data.dtype == out.dtype && updates.dtype == out.dtype && axis < out.rank &&
              indices.rank > 0 && (indices.dtype == TPRT_I32 || indices.dtype == TPRT_I64);
  for (int d = 0; d < out.rank && fits; ++d)
    fits = data.sizes[d] == out.sizes[d];
  if (!fits)
    return false;
  if (axis >= 0) {
    fits = indices.rank == out.rank && updates.rank == out.rank;
    for (int d = 0; d < out.rank && fits; ++d)
      fits = indices.sizes[d] == updates.sizes[d] && (d == axis || indices.sizes[d] <= out.sizes[d]);
    return fits;
  }
  int outer = indices.rank - 1;
  int64_t depth = indices.sizes[outer];
  fits = depth <= out.rank && updates.rank == outer + out.rank - depth;
  for (int d = 0; d < updates.rank && fits; ++d)
    fits = updates.sizes[d] == (d < outer ? indices.sizes[d] : out.sizes[depth + d - outer]);
  return fits;
}

ScatterArgs tprt::cuda::describeScatter(const tprt_view &data, const tprt_view &indices, const tprt_view &updates,
                                        const tprt_view &out, int32_t axis, int32_t reduction, int32_t op) {
  if (!fitsScatter(data, indices, updates, out, axis))
    fail(TPRT_INVALID_ARGUMENT, "scatter: ", viewText(updates), " at ", viewText(indices), " along dimension ", axis,
         " does not fit ", viewText(out));
  ScatterArgs args{};
  args.indices = indices.data;
  args.updates = updates.data;
  args.out = out.data;
  args.reduction = reduction;
  args.wideIndices = indices.dtype == TPRT_I64;
  args.op = op;
  if (axis >= 0) {
    args.depth = 1;
    args.extents[0] = out.sizes[axis];
    args.strides[0] = out.strides[axis];
    for (int d = 0; d < out.rank; ++d)
      if (d != axis)
        args.space.append(indices.sizes[d], {indices.strides[d], updates.strides[d], out.strides[d]});
    args.sequence.append(indices.sizes[axis], {indices.strides[axis], updates.strides[axis]});
    return args;
  }
  int outer = indices.rank - 1;
  args.depth = static_cast<int32_t>(indices.sizes[outer]);
  args.componentStep = indices.strides[outer];
  for (int c = 0; c < args.depth; ++c) {
    args.extents[c] = out.sizes[c];
    args.strides[c] = out.strides[c];
  }
  for (int d = 0; d < outer; ++d)
    args.sequence.append(indices.sizes[d], {indices.strides[d], updates.strides[d]});
  for (int d = args.depth; d < out.rank; ++d)
    args.space.append(out.sizes[d], {0, updates.strides[outer + d - args.depth], out.strides[d]});
  return args;
}

TopKArgs tprt::cuda::describeTopK(const tprt_view &data, const tprt_view &values, const tprt_view &indices,
                                  int32_t axis, int32_t largest) {
  bool fits = axis >= 0 && axis < data.rank && values.rank == data.rank && indices.rank == data.rank &&
              values.dtype == data.dtype && indices.dtype == TPRT_I64 && hasOrder(data.dtype);
  for (int d = 0; d < data.rank && fits; ++d)
    fits = values.sizes[d] == indices.sizes[d] &&
           (d == axis ? values.sizes[d] <= data.sizes[d] : values.sizes[d] == data.sizes[d]);
  if (!fits)
    fail(TPRT_INVALID_ARGUMENT, "top-k: ", viewText(data), " along dimension ", axis, " does not give ",
         viewText(values), " and ", viewText(indices));
  TopKArgs args{};
  args.data = data.data;
  args.values = values.data;
  args.indices = static_cast<int64_t *>(indices.data);
  for (int d = 0; d < data.rank; ++d)
    if (d != axis)
      args.rows.append(data.sizes[d], {data.strides[d], values.strides[d], indices.strides[d]});
  args.count = data.sizes[axis];
  args.k = values.sizes[axis];
  args.dataStep = data.strides[axis];
  args.valueStep = values.strides[axis];
  args.indexStep = indices.strides[axis];
  args.dtype = data.dtype;
  args.elementBytes = static_cast<int32_t>(dtypeSize(data.dtype));
  args.largest = largest;
  return args;
}

static AttentionTensor attentionTensor(const tprt_view &view) {
  AttentionTensor tensor{view.data, {}};
  for (int d = 0; d < 4; ++d)
    tensor.strides[d] = view.strides[d];
  return tensor;
}

static void describeMask(const tprt_view &mask, AttentionArgs &args) {
  int64_t sizes[4] = {args.batch, args.qHeads, args.queries, args.keys};
  bool fits =
      mask.rank == 4 && (mask.dtype == TPRT_BOOL || isFloat(mask.dtype));
  for (int d = 0; d < 4 && fits; ++d)
    fits = mask.sizes[d] == 1 || mask.sizes[d] == sizes[d];
  if (!fits)
    fail(TPRT_INVALID_ARGUMENT, "attention: mask ", viewText(mask),
         " does not broadcast to [", sizes[0], ", ", sizes[1], ", ", sizes[2],
         ", ", sizes[3], "]");
  args.mask = attentionTensor(mask);
  for (int d = 0; d < 4; ++d)
    if (mask.sizes[d] == 1)
      args.mask.strides[d] = 0;
  args.maskType = mask.dtype;
}

AttentionArgs
tprt::cuda::describeAttention(const tprt_view &q, const tprt_view &k,
                              const tprt_view &v, const tprt_view *mask,
                              const tprt_view &out,
                              const tprt_attention_params &params) {
  bool fits = q.rank == 4 && k.rank == 4 && v.rank == 4 && out.rank == 4 &&
              isFloat(q.dtype) && k.dtype == q.dtype && v.dtype == q.dtype &&
              out.dtype == q.dtype && k.sizes[0] == q.sizes[0] &&
              v.sizes[0] == q.sizes[0] && k.sizes[1] == v.sizes[1] &&
              k.sizes[2] == v.sizes[2] && k.sizes[3] == q.sizes[3] &&
              out.sizes[0] == q.sizes[0] && out.sizes[1] == q.sizes[1] &&
              out.sizes[2] == q.sizes[2] && out.sizes[3] == v.sizes[3] &&
              params.group > 0;
  if (!fits)
    fail(TPRT_INVALID_ARGUMENT, "attention: q ", viewText(q), ", k ",
         viewText(k), ", v ", viewText(v), " do not give ", viewText(out));
  int64_t firstHead =
      params.q_head_offset / params.group - params.kv_head_offset;
  int64_t lastHead = (params.q_head_offset + q.sizes[1] - 1) / params.group -
                     params.kv_head_offset;
  if (q.sizes[1] > 0 && (firstHead < 0 || lastHead >= k.sizes[1]))
    fail(TPRT_INVALID_ARGUMENT, "attention: query heads read kv heads ",
         firstHead, " to ", lastHead, "; the rank holds ", k.sizes[1]);
  AttentionArgs args{};
  args.q = attentionTensor(q);
  args.k = attentionTensor(k);
  args.v = attentionTensor(v);
  args.out = out.data;
  for (int d = 0; d < 4; ++d)
    args.outStrides[d] = out.strides[d];
  args.batch = q.sizes[0];
  args.qHeads = q.sizes[1];
  args.kvHeads = k.sizes[1];
  args.queries = q.sizes[2];
  args.keys = k.sizes[2];
  args.headSize = q.sizes[3];
  args.valueSize = v.sizes[3];
  args.params = params;
  if (mask)
    describeMask(*mask, args);
  return args;
}

namespace {

/// The stride of `view` along dimension `dim` of a tensor of rank `rank`, to
/// which it broadcasts: aligned at the inner end, 0 where it has size 1.
int64_t broadcastStride(const tprt_view *view, int rank, int dim,
                        int64_t size) {
  if (!view)
    return 0;
  int own = dim - (rank - view->rank);
  if (own < 0)
    return 0;
  if (view->sizes[own] != 1 && view->sizes[own] != size)
    fail(TPRT_INVALID_ARGUMENT, "matmul: ", viewText(*view),
         " does not broadcast to size ", size, " in dimension ", dim);
  return view->sizes[own] == 1 ? 0 : view->strides[own];
}

/// Rows and batch become one dimension when all tensors step through both
/// evenly and b is the same for all of the batch. A single row has no stride of
/// its own: it takes the batch's.
void foldBatchIntoRows(MatmulArgs &args) {
  auto &batch = args.batch;
  if (batch.rank != 1 || batch.strides[1][0] != 0)
    return;
  int64_t *rowStrides[5] = {&args.a.rowStride, nullptr, &args.bias.rowStride,
                            &args.residual.rowStride, &args.cRowStride};
  for (int n = 0; n < 5; ++n)
    if (rowStrides[n] && args.m != 1 &&
        batch.strides[n][0] != args.m * *rowStrides[n])
      return;
  if (args.m == 1)
    for (int n = 0; n < 5; ++n)
      if (rowStrides[n])
        *rowStrides[n] = batch.strides[n][0];
  args.m *= batch.sizes[0];
  batch = {};
}

} // namespace

MatmulArgs tprt::cuda::describeMatmul(const tprt_view &a, const tprt_view &b,
                                      const tprt_view *bias,
                                      const tprt_view *residual,
                                      const tprt_view &c, float alpha,
                                      int32_t activation) {
  int rank = c.rank;
  bool fits =
      rank >= 2 && a.rank >= 2 && b.rank >= 2 && a.rank <= rank &&
      b.rank <= rank && isFloat(a.dtype) && isFloat(b.dtype) &&
      isFloat(c.dtype) && a.sizes[a.rank - 2] == c.sizes[rank - 2] &&
      b.sizes[b.rank - 1] == c.sizes[rank - 1] &&
      a.sizes[a.rank - 1] == b.sizes[b.rank - 2] &&
      (!bias || (bias->rank <= rank && isFloat(bias->dtype))) &&
      (!residual || (residual->rank == rank && isFloat(residual->dtype)));
  if (!fits)
    fail(TPRT_INVALID_ARGUMENT, "matmul: ", viewText(a), " x ", viewText(b),
         bias ? " + " + viewText(*bias) : "",
         residual ? " + " + viewText(*residual) : "", " does not give ",
         viewText(c));

  auto reference = [&](const tprt_view *view) {
    return view ? MatrixRef{view->data, view->dtype,
                            broadcastStride(view, rank, rank - 2,
                                            c.sizes[rank - 2]),
                            broadcastStride(view, rank, rank - 1,
                                            c.sizes[rank - 1])}
                : MatrixRef{};
  };
  MatmulArgs args{};
  args.a = {a.data, a.dtype, a.strides[a.rank - 2], a.strides[a.rank - 1]};
  args.b = {b.data, b.dtype, b.strides[b.rank - 2], b.strides[b.rank - 1]};
  args.bias = reference(bias);
  args.residual = reference(residual);
  args.c = c.data;
  args.cType = c.dtype;
  args.cRowStride = c.strides[rank - 2];
  args.cColumnStride = c.strides[rank - 1];
  args.m = c.sizes[rank - 2];
  args.n = c.sizes[rank - 1];
  args.k = a.sizes[a.rank - 1];
  args.alpha = alpha;
  args.activation = activation;
  for (int d = 0; d < rank - 2; ++d)
    args.batch.append(c.sizes[d],
                      {broadcastStride(&a, rank, d, c.sizes[d]),
                       broadcastStride(&b, rank, d, c.sizes[d]),
                       broadcastStride(bias, rank, d, c.sizes[d]),
                       broadcastStride(residual, rank, d, c.sizes[d]),
                       c.strides[d]});
  foldBatchIntoRows(args);
  return args;
}
