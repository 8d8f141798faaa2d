//===- Collective.cpp - Collectives on strided tensors ----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Collective.h"
#include "Describe.h"
#include "core/View.h"
#include "tprt/error.h"

using namespace tprt;
using namespace tprt::cuda;

namespace {

class CollectiveRun {
public:
  CollectiveRun(Communicator &communicator, Stream &stream,
                const ScratchMemory &scratch, const CollectiveArgs &args)
      : communicator(communicator), stream(stream), scratch(scratch),
        args(args), dtype(static_cast<tprt_dtype>(args.in.dtype)),
        reduction(static_cast<tprt_reduction>(args.reduction)) {}

  void run();

private:
  /// Sizes along args.dim of all members; `own` when none are given.
  std::vector<int64_t> memberSizes(int64_t own) const;
  void checkDim(int32_t dim) const;
  void checkCount(int64_t need, const char *what) const;
  void allToAll();

  /// `view` as contiguous memory, packed when it is not.
  const void *packed(const tprt_view &view);
  /// Contiguous memory for the result, and its way to where it belongs.
  void *destination();
  void unpack();
  void copy(const tprt_view &from, const tprt_view &to) {
    CopyArgs copyArgs = describeCopy(from, to);
    if (copyArgs.space.count > 0)
      stream.copy(copyArgs, dtypeSize(from.dtype));
  }

  Communicator &communicator;
  Stream &stream;
  const ScratchMemory &scratch;
  const CollectiveArgs &args;
  tprt_dtype dtype;
  tprt_reduction reduction;
  void *result = nullptr; ///< where the communicator puts the result
};

int64_t product(const tprt_view &view, int first, int last) {
  int64_t count = 1;
  for (int d = first; d < last; ++d)
    count *= view.sizes[d];
  return count;
}

tprt_view contiguousLike(const tprt_view &view, void *data) {
  tprt_view result = view;
  result.data = data;
  setContiguousStrides(result);
  return result;
}

} // namespace

void CollectiveRun::checkDim(int32_t dim) const {
  if (dim < 0 || dim >= args.in.rank || args.in.rank != args.out.rank)
    fail(TPRT_INVALID_ARGUMENT, "collective along dimension ", dim, " from ",
         viewText(args.in), " to ", viewText(args.out));
}

void CollectiveRun::checkCount(int64_t need, const char *what) const {
  if (elementCount(args.out) != need)
    fail(TPRT_INVALID_ARGUMENT, what, ": the result ", viewText(args.out),
         " has ", elementCount(args.out), " elements, need ", need);
}

std::vector<int64_t> CollectiveRun::memberSizes(int64_t own) const {
  if (args.memberSizes)
    return {args.memberSizes, args.memberSizes + communicator.size()};
  return std::vector<int64_t>(communicator.size(), own);
}

const void *CollectiveRun::packed(const tprt_view &view) {
  if (isContiguous(view))
    return view.data;
  void *memory = scratch(0, byteCount(view));
  copy(view, contiguousLike(view, memory));
  return memory;
}

void *CollectiveRun::destination() {
  result =
      isContiguous(args.out) ? args.out.data : scratch(1, byteCount(args.out));
  return result;
}

void CollectiveRun::unpack() {
  if (result != args.out.data)
    copy(contiguousLike(args.out, result), args.out);
}

void CollectiveRun::run() {
  const tprt_view &in = args.in, &out = args.out;
  if (in.dtype != out.dtype)
    fail(TPRT_INVALID_ARGUMENT, "collective from ", viewText(in), " to ",
         viewText(out));
  switch (args.kind) {
  case TPRT_ALL_REDUCE: {
    checkCount(elementCount(in), "all-reduce");
    const void *source = packed(in);
    communicator.allReduce(source, destination(), elementCount(in), dtype,
                           reduction);
    break;
  }
  case TPRT_ALL_GATHER: {
    checkDim(args.dim);
    std::vector<int64_t> pieces = memberSizes(in.sizes[args.dim]);
    int64_t inner = product(in, args.dim + 1, in.rank), total = 0;
    for (int64_t &piece : pieces)
      total += piece *= inner;
    int64_t outer = product(in, 0, args.dim);
    checkCount(outer * total, "all-gather");
    const void *source = packed(in);
    communicator.allGather(source, destination(), outer, pieces.data(), dtype);
    break;
  }
  case TPRT_REDUCE_SCATTER: {
    checkDim(args.dim);
    std::vector<int64_t> pieces = memberSizes(out.sizes[args.dim]);
    int64_t inner = product(in, args.dim + 1, in.rank), total = 0;
    for (int64_t &piece : pieces)
      total += piece *= inner;
    int64_t outer = product(in, 0, args.dim);
    if (outer * total != elementCount(in))
      fail(TPRT_INVALID_ARGUMENT, "reduce-scatter: the members' pieces of ",
           viewText(in), " have ", outer * total, " elements");
    checkCount(outer * pieces[communicator.rank()], "reduce-scatter");
    const void *source = packed(in);
    communicator.reduceScatter(source, destination(), outer, pieces.data(),
                               dtype, reduction);
    break;
  }
  case TPRT_ALL_TO_ALL:
    return allToAll();
  case TPRT_BROADCAST: {
    if (args.dim < 0 || args.dim >= communicator.size())
      fail(TPRT_INVALID_ARGUMENT, "broadcast from member ", args.dim, " of ",
           communicator.size());
    const void *source = communicator.rank() == args.dim ? packed(in) : in.data;
    communicator.broadcast(source, destination(), elementCount(out), dtype,
                           args.dim);
    break;
  }
  case TPRT_PERMUTE: {
    if (args.memberSizes) {
      const void *source = packed(in);
      communicator.permute(source, elementCount(in), destination(),
                           elementCount(out), args.memberSizes, dtype);
      break;
    }
    checkCount(elementCount(in), "permute");
    const void *source = packed(in);
    communicator.shift(source, destination(), elementCount(out), dtype,
                       args.dim);
    break;
  }
  default:
    fail(TPRT_BAD_ARTIFACT, "the program asks for collective ", args.kind,
         ", which this runtime does not know");
  }
  unpack();
}

/// Member i gets my part i along dim; of member i comes the part i along dim2
/// of the result. `memberSizes` are those along dim, then those along dim2.
void CollectiveRun::allToAll() {
  const tprt_view &in = args.in, &out = args.out;
  checkDim(args.dim);
  checkDim(args.dim2);
  int members = communicator.size();
  std::vector<int64_t> sizes = memberSizes(out.sizes[args.dim]);
  std::vector<int64_t> parts(members, in.sizes[args.dim2]);
  if (args.memberSizes)
    parts.assign(args.memberSizes + members, args.memberSizes + 2 * members);
  int64_t total = 0;
  for (int64_t part : parts)
    total += part;
  if (args.dim == args.dim2 || out.sizes[args.dim2] != total ||
      in.sizes[args.dim2] != parts[communicator.rank()] ||
      out.sizes[args.dim] != sizes[communicator.rank()])
    fail(TPRT_INVALID_ARGUMENT, "all-to-all from ", viewText(in), " to ",
         viewText(out), ": split along ", args.dim, ", joined along ",
         args.dim2);
  char *source = static_cast<char *>(scratch(0, byteCount(in)));
  char *joined = static_cast<char *>(scratch(1, byteCount(out)));
  std::vector<int64_t> sent, received;
  int64_t start = 0, start2 = 0;
  char *position = source;
  for (int m = 0; m < members; ++m) {
    if (start + sizes[m] > in.sizes[args.dim])
      fail(TPRT_INVALID_ARGUMENT, "all-to-all: the members' sizes exceed ",
           viewText(in));
    tprt_view part = slice(in, args.dim, start, sizes[m]);
    copy(part, contiguousLike(part, position));
    position += byteCount(part);
    start += sizes[m];
    sent.push_back(elementCount(part));
    received.push_back(elementCount(slice(out, args.dim2, start2, parts[m])));
    start2 += parts[m];
  }
  communicator.allToAll(source, sent.data(), joined, received.data(), dtype);
  position = joined;
  start2 = 0;
  for (int m = 0; m < members; ++m) {
    tprt_view part = slice(out, args.dim2, start2, parts[m]);
    copy(contiguousLike(part, position), part);
    position += byteCount(part);
    start2 += parts[m];
  }
}

void tprt::cuda::runCollective(Communicator &communicator, Stream &stream,
                               const ScratchMemory &scratch,
                               const CollectiveArgs &args) {
  CollectiveRun(communicator, stream, scratch, args).run();
}
