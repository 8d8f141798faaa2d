//===- Weights.cpp - Loading weights --------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Weights.h"

#include "core/View.h"

#include <algorithm>

using namespace tprt;

namespace {

int64_t weightBytes(const WeightSpec &weight, int rank) {
  int64_t bytes = dtypeSize(weight.dtype);
  for (int64_t size : weight.shapes[rank])
    bytes *= size;
  return bytes;
}

// Where the weight lies ready to use in a file; null when it does not.
const char *findMapped(const WeightSpec &weight, const std::vector<MappedFile> &files, int rank) {
  if (weight.parts.size() != 1 || weight.parts[0].stored != weight.dtype || packedBits(weight.dtype))
    return nullptr;
  const WeightPiece &piece = weight.parts[0].ranks[rank];
  int64_t stride = 1;
  for (size_t d = piece.sizes.size(); d-- > 0;) {
    if (piece.sizes[d] != 1 && piece.strides[d] != stride)
      return nullptr;
    stride *= piece.sizes[d];
  }
  const char *address = files[piece.file].data() + piece.offset;
  if (stride == 0 || reinterpret_cast<uintptr_t>(address) % dtypeSize(weight.dtype) != 0)
    return nullptr;
  return address;
}

// Copies a box whose element types differ, slab by slab of the outermost
// dimension so that the temporary stays in cache.
void convertBox(const tprt_view &src, const tprt_view &dst) {
  constexpr int64_t slabElements = 1 << 16;
  int64_t count = elementCount(src);
  if (count == 0)
    return;
  if (src.rank > 0 && count > slabElements && src.sizes[0] > 1) {
    tprt_view s = src, d = dst;
    int64_t rows = std::max<int64_t>(1, slabElements / (count / src.sizes[0]));
    for (int64_t i = 0; i < src.sizes[0]; i += rows) {
      s.sizes[0] = d.sizes[0] = std::min(rows, src.sizes[0] - i);
      s.data = elementPointer(src, i * src.strides[0]);
      d.data = elementPointer(dst, i * dst.strides[0]);
      if (s.sizes[0] == 1 && src.rank > 1) {
        // One row is still a large box: go on with its dimensions.
        tprt_view sRow = s, dRow = d;
        for (tprt_view *row : {&sRow, &dRow}) {
          std::copy(row->sizes + 1, row->sizes + row->rank, row->sizes);
          std::copy(row->strides + 1, row->strides + row->rank, row->strides);
          --row->rank;
        }
        convertBox(sRow, dRow);
      } else {
        convertBox(s, d);
      }
    }
    return;
  }
  std::vector<char> raw(byteCount(src)), converted(count * dtypeSize(dst.dtype));
  tprt_view packed = src;
  packed.data = raw.data();
  setContiguousStrides(packed);
  copyStrided(src, packed);
  convertElements(raw.data(), src.dtype, converted.data(), dst.dtype, count);
  tprt_view result = packed;
  result.dtype = dst.dtype;
  result.data = converted.data();
  copyStrided(result, dst);
}

// Fills a box with packed elements of `file`; `bit` is where the first one lies.
void unpackBox(const char *file, int64_t bit, const WeightPiece &piece, const tprt_view &dst, int32_t dim = 0) {
  int bits = packedBits(dst.dtype);
  auto *out = static_cast<uint8_t *>(dst.data);
  if (dim == dst.rank) {
    *out = unpackElement(file, bit, dst.dtype);
    return;
  }
  int64_t step = piece.strides[dim] * bits;
  if (dim + 1 == dst.rank) {
    for (int64_t i = 0; i < dst.sizes[dim]; ++i)
      out[i * dst.strides[dim]] = unpackElement(file, bit + i * step, dst.dtype);
    return;
  }
  tprt_view slice = dst;
  for (int64_t i = 0; i < dst.sizes[dim]; ++i) {
    slice.data = out + i * dst.strides[dim];
    unpackBox(file, bit + i * step, piece, slice, dim + 1);
  }
}

} // namespace

void tprt::gatherWeight(const WeightSpec &weight, const std::vector<MappedFile> &files, int rank, void *out) {
  const std::vector<int64_t> &shape = weight.shapes[rank];
  tprt_view whole{};
  whole.data = out;
  whole.dtype = weight.dtype;
  whole.rank = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), whole.sizes);
  setContiguousStrides(whole);
  for (const WeightPart &part : weight.parts) {
    const WeightPiece &piece = part.ranks[rank];
    tprt_view src{}, dst = whole;
    const char *file = files[piece.file].data();
    bool isPacked = packedBits(part.stored) != 0;
    src.data = const_cast<char *>(file) + (isPacked ? 0 : piece.offset);
    src.dtype = part.stored;
    src.rank = whole.rank;
    int64_t offset = 0;
    for (int32_t d = 0; d < whole.rank; ++d) {
      src.sizes[d] = dst.sizes[d] = piece.sizes[d];
      src.strides[d] = piece.strides[d];
      offset += piece.start[d] * whole.strides[d];
    }
    dst.data = elementPointer(whole, offset);
    if (isPacked && src.dtype != dst.dtype)
      fail(TPRT_UNSUPPORTED, "no conversion from ", dtypeName(src.dtype), " to ", dtypeName(dst.dtype));
    if (isPacked)
      unpackBox(file, piece.offset, piece, dst);
    else if (src.dtype == dst.dtype)
      copyStrided(src, dst);
    else
      convertBox(src, dst);
  }
}

RankWeights::RankWeights(const Manifest &manifest, const std::vector<MappedFile> &files, int rank, Device &device,
                         const std::function<void()> &progress)
    : device(device), data(manifest.weights.size()) {
  constexpr int64_t alignment = 64;
  std::vector<int64_t> offsets(data.size(), -1);
  for (size_t i = 0; i < data.size(); ++i) {
    const WeightSpec &weight = manifest.weights[i];
    int64_t bytes = weightBytes(weight, rank);
    const char *address = device.isHost() ? findMapped(weight, files, rank) : nullptr;
    if (address) {
      data[i] = const_cast<char *>(address);
      mapped += bytes;
      continue;
    }
    offsets[i] = copied;
    copied += (bytes + alignment - 1) / alignment * alignment;
  }
  if (copied == 0 && std::all_of(offsets.begin(), offsets.end(), [](int64_t o) { return o < 0; }))
    return;
  block = device.allocate(copied);
  std::vector<char> staging;
  for (size_t i = 0; i < data.size(); ++i) {
    if (offsets[i] < 0)
      continue;
    const WeightSpec &weight = manifest.weights[i];
    data[i] = static_cast<char *>(block) + offsets[i];
    int64_t bytes = weightBytes(weight, rank);
    try {
      if (device.isHost()) {
        gatherWeight(weight, files, rank, data[i]);
      } else if (const char *address = findMapped(weight, files, rank)) {
        device.copyToDevice(data[i], address, bytes);
      } else {
        staging.resize(bytes);
        gatherWeight(weight, files, rank, staging.data());
        device.copyToDevice(data[i], staging.data(), bytes);
      }
    } catch (const Error &error) {
      device.deallocate(block);
      fail(error.code(), "weight '", weight.name, "': ", error.what());
    } catch (...) {
      device.deallocate(block);
      throw;
    }
    progress();
  }
}

RankWeights::~RankWeights() {
  if (block)
    device.deallocate(block);
}
