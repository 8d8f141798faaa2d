//===- Collective.cpp - Collectives on the CPU ----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Brings tensors into the contiguous pieces that communicators take.
//
//===----------------------------------------------------------------------===//

#include "core/View.h"
#include "cpu/CpuDevice.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

using namespace tprt;

namespace {

class Collective {
public:
  Collective(tprt_ctx *ctx, int32_t group, int32_t dim, int32_t dim2, const int64_t *memberSizes, const tprt_view &in,
             const tprt_view &out)
      : device(cpuDevice(ctx)), comm(ctx->group(group)), dim(dim), dim2(dim2), memberSizes(memberSizes), in(in),
        out(out), dtype(static_cast<tprt_dtype>(in.dtype)) {
    if (in.dtype != out.dtype || in.rank != out.rank)
      mismatch();
  }

  void run(int32_t kind, int32_t reduction) {
    switch (kind) {
    case TPRT_ALL_REDUCE:
      requireSame();
      comm.allReduce(source(), target(), elementCount(in), dtype, static_cast<tprt_reduction>(reduction));
      break;
    case TPRT_ALL_GATHER: {
      std::vector<int64_t> pieces = piecesOf(in.sizes[checkDim(dim)], out.sizes[dim], in.sizes[dim]);
      comm.allGather(source(), target(), outerOf(out, dim), pieces.data(), dtype);
      break;
    }
    case TPRT_REDUCE_SCATTER: {
      std::vector<int64_t> pieces = piecesOf(out.sizes[checkDim(dim)], in.sizes[dim], out.sizes[dim]);
      comm.reduceScatter(source(), target(), outerOf(in, dim), pieces.data(), dtype,
                         static_cast<tprt_reduction>(reduction));
      break;
    }
    case TPRT_ALL_TO_ALL:
      return allToAll();
    case TPRT_BROADCAST:
      requireSame();
      comm.broadcast(source(), target(), elementCount(out), dtype, dim);
      break;
    case TPRT_PERMUTE:
      if (memberSizes) {
        comm.permute(source(), elementCount(in), target(), elementCount(out), memberSizes, dtype);
        break;
      }
      requireSame();
      comm.shift(source(), target(), elementCount(in), dtype, dim);
      break;
    default:
      fail(TPRT_UNSUPPORTED, "collective kind ", kind, " is not known");
    }
    finish();
  }

private:
  [[noreturn]] void mismatch() const {
    fail(TPRT_INTERNAL, "collective of ", viewText(in), " into ", viewText(out), " along ", dim, " in a group of ",
         comm.size());
  }

  int checkDim(int d) const {
    if (d < 0 || d >= in.rank)
      mismatch();
    return d;
  }

  void requireSame() const {
    for (int d = 0; d < in.rank; ++d)
      if (in.sizes[d] != out.sizes[d])
        mismatch();
  }

  static int64_t outerOf(const tprt_view &view, int dim) {
    return std::accumulate(view.sizes, view.sizes + dim, int64_t(1), std::multiplies<int64_t>());
  }
  static int64_t innerOf(const tprt_view &view, int dim) {
    return std::accumulate(view.sizes + dim + 1, view.sizes + view.rank, int64_t(1), std::multiplies<int64_t>());
  }

  // Sizes along `dim` of all members: mine must be `mine`, together `whole`.
  std::vector<int64_t> membersAlong(const int64_t *given, int64_t mine, int64_t whole, int64_t equal) const {
    std::vector<int64_t> sizes(comm.size(), equal);
    if (given)
      sizes.assign(given, given + comm.size());
    if (sizes[comm.rank()] != mine || std::accumulate(sizes.begin(), sizes.end(), int64_t(0)) != whole)
      mismatch();
    return sizes;
  }

  std::vector<int64_t> piecesOf(int64_t mine, int64_t whole, int64_t equal) const {
    for (int d = 0; d < in.rank; ++d)
      if (d != dim && in.sizes[d] != out.sizes[d])
        mismatch();
    std::vector<int64_t> pieces = membersAlong(memberSizes, mine, whole, equal);
    for (int64_t &piece : pieces)
      piece *= innerOf(in, dim);
    return pieces;
  }

  const void *source() {
    if (isContiguous(in))
      return in.data;
    tprt_view packed = in;
    packed.data = device.scratch[0].bytes(byteCount(in));
    setContiguousStrides(packed);
    copyStrided(in, packed);
    return packed.data;
  }

  void *target() {
    packedOut = out;
    if (!isContiguous(out)) {
      packedOut.data = device.scratch[1].bytes(byteCount(out));
      setContiguousStrides(packedOut);
    }
    return packedOut.data;
  }

  void finish() {
    if (packedOut.data != out.data)
      copyStrided(packedOut, out);
  }

  // Block i of what is sent is slice i of `in` along dim; block i of what is
  // received becomes slice i of `out` along dim2.
  void allToAll();

  CpuDevice &device;
  Communicator &comm;
  int dim, dim2;
  const int64_t *memberSizes;
  const tprt_view &in, &out;
  tprt_dtype dtype;
  tprt_view packedOut{};
};

void Collective::allToAll() {
  checkDim(dim);
  checkDim(dim2);
  int size = comm.size();
  std::vector<int64_t> split = membersAlong(memberSizes, out.sizes[dim], in.sizes[dim], in.sizes[dim] / size);
  std::vector<int64_t> joined = membersAlong(memberSizes ? memberSizes + size : nullptr, in.sizes[dim2],
                                             out.sizes[dim2], in.sizes[dim2]);
  if (dim == dim2)
    mismatch();
  for (int d = 0; d < in.rank; ++d)
    if (d != dim && d != dim2 && in.sizes[d] != out.sizes[d])
      mismatch();
  std::vector<int64_t> sendCounts(size), receiveCounts(size);
  char *send = static_cast<char *>(device.scratch[0].bytes(byteCount(in)));
  char *receive = static_cast<char *>(device.scratch[1].bytes(byteCount(out)));
  int64_t offset = 0;
  char *block = send;
  for (int i = 0; i < size; ++i) {
    tprt_view slice = in;
    slice.sizes[dim] = split[i];
    slice.data = elementPointer(in, offset * in.strides[dim]);
    tprt_view packed = slice;
    packed.data = block;
    setContiguousStrides(packed);
    copyStrided(slice, packed);
    sendCounts[i] = elementCount(slice);
    block += byteCount(slice);
    offset += split[i];
    receiveCounts[i] = elementCount(out) / std::max<int64_t>(out.sizes[dim2], 1) * joined[i];
  }
  comm.allToAll(send, sendCounts.data(), receive, receiveCounts.data(), dtype);
  offset = 0;
  block = receive;
  for (int i = 0; i < size; ++i) {
    tprt_view slice = out;
    slice.sizes[dim2] = joined[i];
    slice.data = elementPointer(out, offset * out.strides[dim2]);
    tprt_view packed = slice;
    packed.data = block;
    setContiguousStrides(packed);
    copyStrided(packed, slice);
    block += byteCount(slice);
    offset += joined[i];
  }
}

} // namespace

void tprt::cpuCollective(tprt_ctx *ctx, int32_t, int32_t kind, int32_t group, int32_t reduction, int32_t dim,
                         int32_t dim2, const int64_t *memberSizes, const tprt_view *in, const tprt_view *out) {
  Collective(ctx, group, dim, dim2, memberSizes, *in, *out).run(kind, reduction);
}
