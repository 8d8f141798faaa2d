//===- Attention.cpp - Scaled dot product attention -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention with an online softmax (Milakov and Gimelshein 2018; Dao et al. 2022):
// keys are visited block by block, so scores never leave the cache. Queries
// that share a key/value head are handled together, so each key and value is
// read once for all of them. What causality and window hide gives the same bits
// as what a mask hides: blocks and lanes are counted from key 0.
//
//===----------------------------------------------------------------------===//

#include "core/View.h"
#include "cpu/Gemm.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace tprt;

namespace {

constexpr int64_t keyBlock = 128;
static_assert(keyBlock <= sumBlock, "keys of a block are one block of sums");
// Queries handled together; their accumulators stay in the second-level cache.
constexpr int64_t queryTile = 128;
// Up to this many queries keys and values are streamed as they are; above, the
// work pays for converting and turning each block first.
constexpr int64_t streamQueries = 16;

constexpr float minusInfinity = -std::numeric_limits<float>::infinity();

int64_t padded(int64_t n) { return (n + gemmPad - 1) / gemmPad * gemmPad; }

struct Shape {
  int64_t batch, queryHeads, queries, depth, keyHeads, keys, width;
};

Shape checkShapes(const tprt_view &q, const tprt_view &k, const tprt_view &v, const tprt_view *mask,
                  const tprt_view &out, const tprt_attention_params &params) {
  if (q.rank != 4 || k.rank != 4 || v.rank != 4 || out.rank != 4 || (mask && mask->rank != 4))
    fail(TPRT_INTERNAL, "attention needs operands of rank 4");
  Shape s{q.sizes[0], q.sizes[1], q.sizes[2], q.sizes[3], k.sizes[1], k.sizes[2], v.sizes[3]};
  bool valid = k.sizes[0] == s.batch && k.sizes[3] == s.depth && v.sizes[0] == s.batch && v.sizes[1] == s.keyHeads &&
               v.sizes[2] == s.keys && out.sizes[0] == s.batch && out.sizes[1] == s.queryHeads &&
               out.sizes[2] == s.queries && out.sizes[3] == s.width && params.group > 0;
  const int64_t scores[4] = {s.batch, s.queryHeads, s.queries, s.keys};
  for (int d = 0; mask && d < 4; ++d)
    valid &= mask->sizes[d] == scores[d] || mask->sizes[d] == 1;
  if (!valid)
    fail(TPRT_INTERNAL, "attention of q ", viewText(q), ", k ", viewText(k), ", v ", viewText(v), ", mask ",
         mask ? viewText(*mask) : "none", " into ", viewText(out));
  for (const tprt_view *view : {&q, &k, &v, &out})
    if (!isFloat(view->dtype) || view->dtype == TPRT_F64)
      fail(TPRT_UNSUPPORTED, "attention of element type ", dtypeName(view->dtype));
  if (mask && mask->dtype != TPRT_BOOL && !isFloat(mask->dtype))
    fail(TPRT_UNSUPPORTED, "an attention mask of element type ", dtypeName(mask->dtype));
  return s;
}

class Attention {
public:
  Attention(CpuDevice &device, const tprt_view &q, const tprt_view &k, const tprt_view &v, const tprt_view *mask,
            const tprt_view &out, const tprt_attention_params &params)
      : device(device), kernels(device.kernels), q(q), k(k), v(v), mask(mask), out(out), params(params),
        shape(checkShapes(q, k, v, mask, out, params)), widthPad(padded(shape.width)) {}

  void run() {
    for (int64_t b = 0; b < shape.batch; ++b)
      for (int64_t h = 0; h < shape.queryHeads;) {
        int64_t head = keyHead(h), end = h + 1;
        while (end < shape.queryHeads && keyHead(end) == head)
          ++end;
        runHead(b, head, h, end - h);
        h = end;
      }
  }

private:
  int64_t keyHead(int64_t h) const {
    int64_t head = (h + params.q_head_offset) / params.group - params.kv_head_offset;
    if (head < 0 || head >= shape.keyHeads)
      fail(TPRT_INTERNAL, "query head ", h, " needs key head ", head, " of ", shape.keyHeads);
    return head;
  }

  // Query heads [first, first + heads) of one key head; a row is one query.
  void runHead(int64_t b, int64_t head, int64_t first, int64_t heads);
  void runTile(int64_t row, int64_t rows);
  void loadQueries(int64_t row, int64_t rows);
  void scoreBlock(int64_t rows, int64_t t, int64_t count);
  void addValues(int64_t rows, int64_t t, int64_t count);
  void softmaxRow(int64_t row, int64_t index, int64_t t, int64_t count);
  void applyMask(int64_t row, float *scores, int64_t t, int64_t count);
  void storeRows(int64_t row, int64_t rows);

  // The keys that a query may see, as far as causality and window tell.
  int64_t firstKey(int64_t query) const {
    if (!params.window)
      return 0;
    return std::max<int64_t>(0, query + params.causal_offset - params.window + 1);
  }
  int64_t endKey(int64_t query) const {
    if (!params.causal)
      return shape.keys;
    return std::clamp<int64_t>(query + params.causal_offset + 1, 0, shape.keys);
  }

  MatrixView matrix(const tprt_view &view, int64_t head, int64_t t) const {
    int64_t offset = batch * view.strides[0] + head * view.strides[1] + t * view.strides[2];
    return {elementPointer(view, offset), view.dtype, view.strides[2], view.strides[3]};
  }

  CpuDevice &device;
  const CpuKernels &kernels;
  const tprt_view &q, &k, &v;
  const tprt_view *mask;
  const tprt_view &out;
  const tprt_attention_params &params;
  Shape shape;
  int64_t widthPad;

  // Of the head being computed.
  int64_t batch = 0, kvHead = 0, firstHead = 0;
  bool streaming = false;
  float *queries = nullptr, *scores = nullptr, *sums = nullptr, *packed = nullptr;
  float *maxima = nullptr, *totals = nullptr;
  const float *queryRows[queryTile], *scoreRows[queryTile];
};

void Attention::runHead(int64_t b, int64_t head, int64_t first, int64_t heads) {
  batch = b;
  kvHead = head;
  firstHead = first;
  int64_t rows = heads * shape.queries;
  streaming =
      rows <= streamQueries && (k.strides[3] == 1 || shape.depth == 1) && (v.strides[3] == 1 || shape.width == 1);
  int64_t tile = std::min(rows, queryTile);
  queries = device.scratch[0].floats(tile * shape.depth);
  scores = device.scratch[1].floats(tile * keyBlock);
  sums = device.scratch[2].floats(tile * widthPad);
  maxima = device.scratch[3].floats(2 * tile);
  totals = maxima + tile;
  if (!streaming)
    packed =
        device.scratch[4].floats(keyBlock * std::max(std::min(shape.depth, sumBlock), shape.width + maxPanelWidth));
  for (int64_t i = 0; i < tile; ++i) {
    queryRows[i] = queries + i * shape.depth;
    scoreRows[i] = scores + i * keyBlock;
  }
  for (int64_t row = 0; row < rows; row += tile)
    runTile(row, std::min(tile, rows - row));
}

void Attention::runTile(int64_t row, int64_t rows) {
  loadQueries(row, rows);
  std::fill_n(maxima, rows, minusInfinity);
  std::fill_n(totals, rows, 0.0f);
  std::fill_n(sums, rows * widthPad, 0.0f);
  int64_t begin = shape.keys, end = 0;
  for (int64_t i = 0; i < rows; ++i) {
    int64_t query = (row + i) % shape.queries;
    begin = std::min(begin, firstKey(query));
    end = std::max(end, endKey(query));
  }
  for (int64_t t = begin / keyBlock * keyBlock; t < end; t += keyBlock) {
    int64_t count = std::min(keyBlock, end - t);
    scoreBlock(rows, t, count);
    for (int64_t i = 0; i < rows; ++i)
      softmaxRow(row + i, i, t, count);
    addValues(rows, t, count);
  }
  storeRows(row, rows);
}

// The queries in f32, scaled.
void Attention::loadQueries(int64_t row, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    int64_t h = firstHead + (row + i) / shape.queries, s = (row + i) % shape.queries;
    MatrixView line{elementPointer(q, batch * q.strides[0] + h * q.strides[1] + s * q.strides[2]), q.dtype, 0,
                    q.strides[3]};
    float *to = queries + i * shape.depth;
    packMatrix(kernels, line, 1, shape.depth, to, shape.depth);
    for (int64_t d = 0; d < shape.depth; ++d)
      to[d] *= params.scale;
  }
}

void Attention::scoreBlock(int64_t rows, int64_t t, int64_t count) {
  MatrixView keys = matrix(k, kvHead, t);
  if (streaming) {
    for (int64_t i = 0; i < rows; i += maxGemvRows) {
      int m = static_cast<int>(std::min<int64_t>(maxGemvRows, rows - i));
      kernels.gemvColumns(m, count, shape.depth, queries + i * shape.depth, shape.depth, keys.data, keys.dtype,
                          keys.rowStride, scores + i * keyBlock, keyBlock);
    }
    return;
  }
  MatrixView turned{keys.data, keys.dtype, keys.columnStride, keys.rowStride};
  for (int64_t d = 0; d < shape.depth; d += sumBlock) {
    int64_t depth = std::min(sumBlock, shape.depth - d);
    packPanels(kernels, {turned.at(d, 0), turned.dtype, turned.rowStride, turned.columnStride}, depth, count, packed);
    kernels.gemm(rows, count, depth, queryRows, d, packed, scores, keyBlock, d > 0);
  }
}

void Attention::addValues(int64_t rows, int64_t t, int64_t count) {
  MatrixView values = matrix(v, kvHead, t);
  if (streaming) {
    for (int64_t i = 0; i < rows; i += maxGemvRows) {
      int m = static_cast<int>(std::min<int64_t>(maxGemvRows, rows - i));
      kernels.gemvRows(m, shape.width, count, scores + i * keyBlock, keyBlock, values.data, values.dtype,
                       values.rowStride, sums + i * widthPad, widthPad, true);
    }
    return;
  }
  packPanels(kernels, values, count, shape.width, packed);
  kernels.gemm(rows, shape.width, count, scoreRows, 0, packed, sums, widthPad, true);
}

void Attention::applyMask(int64_t row, float *line, int64_t t, int64_t count) {
  int64_t index[4] = {batch, firstHead + row / shape.queries, row % shape.queries, t};
  int64_t offset = 0;
  for (int d = 0; d < 4; ++d)
    if (mask->sizes[d] != 1)
      offset += index[d] * mask->strides[d];
  int64_t stride = mask->sizes[3] == 1 ? 0 : mask->strides[3];
  const char *data = elementPointer(*mask, offset);
  if (mask->dtype == TPRT_BOOL) {
    for (int64_t i = 0; i < count; ++i)
      if (!data[i * stride])
        line[i] = minusInfinity;
    return;
  }
  if (mask->dtype == TPRT_F32 && stride == 1) {
    const float *values = reinterpret_cast<const float *>(data);
    for (int64_t i = 0; i < count; ++i)
      line[i] += values[i];
    return;
  }
  int64_t step = stride * static_cast<int64_t>(dtypeSize(mask->dtype));
  for (int64_t i = 0; i < count; ++i) {
    float value;
    convertElements(data + i * step, mask->dtype, &value, TPRT_F32, 1);
    line[i] += value;
  }
}

// Row `index` of the tile is query row `row`: its scores of keys [t, t + count)
// become weights relative to the new maximum; what was summed so far is rescaled.
void Attention::softmaxRow(int64_t row, int64_t index, int64_t t, int64_t count) {
  float *line = scores + index * keyBlock;
  int64_t query = row % shape.queries;
  int64_t first = std::clamp<int64_t>(firstKey(query) - t, 0, count);
  int64_t end = std::clamp<int64_t>(endKey(query) - t, first, count);
  int64_t begin = first / gemmPad * gemmPad;
  std::fill(line, line + begin, 0.0f);
  std::fill(line + end, line + count, 0.0f);
  if (first == end)
    return std::fill(line + begin, line + end, 0.0f);
  if (params.softcap > 0)
    kernels.softcap(line + begin, end - begin, params.softcap);
  if (mask)
    applyMask(row, line + begin, t + begin, end - begin);
  std::fill(line + begin, line + first, minusInfinity);
  float sum;
  float maximum = kernels.softmaxBlock(line + begin, end - begin, maxima[index], &sum);
  if (maximum != maxima[index] && totals[index] != 0) {
    float factor = std::exp(maxima[index] - maximum);
    totals[index] *= factor;
    float *accumulated = sums + index * widthPad;
    for (int64_t e = 0; e < widthPad; ++e)
      accumulated[e] *= factor;
  }
  maxima[index] = maximum;
  totals[index] += sum;
}

void Attention::storeRows(int64_t row, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    float *line = sums + i * widthPad;
    float factor = totals[i] == 0 ? 0.0f : 1.0f / totals[i];
    for (int64_t e = 0; e < shape.width; ++e)
      line[e] *= factor;
    int64_t h = firstHead + (row + i) / shape.queries, s = (row + i) % shape.queries;
    char *to = elementPointer(out, batch * out.strides[0] + h * out.strides[1] + s * out.strides[2]);
    if (out.strides[3] == 1 || shape.width == 1) {
      kernels.fromFloat(line, to, out.dtype, shape.width);
      continue;
    }
    int64_t step = out.strides[3] * static_cast<int64_t>(dtypeSize(out.dtype));
    for (int64_t e = 0; e < shape.width; ++e)
      kernels.fromFloat(line + e, to + e * step, out.dtype, 1);
  }
}

} // namespace

void tprt::cpuAttention(tprt_ctx *ctx, int32_t, const tprt_view *q, const tprt_view *k, const tprt_view *v,
                        const tprt_view *mask, const tprt_view *out, const tprt_attention_params *params) {
  Attention(cpuDevice(ctx), *q, *k, *v, mask, *out, *params).run();
}
