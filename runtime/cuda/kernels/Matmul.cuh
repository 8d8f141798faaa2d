//===- Matmul.cuh - Strided matrix product and its epilogue -----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The product is for what cuBLASLt does not take: operands without a unit
// stride, element types it has no kernel for, an activation before a residual
// that lives in the output's own memory. Shapes that matter never come here.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_KERNELS_MATMUL_CUH
#define TPRT_CUDA_KERNELS_MATMUL_CUH

#include "Scalar.cuh"
#include "Strided.cuh"

namespace tprt::cuda {

/// A float tensor in c's index space: strides of the row, the column and (in
/// MatmulArgs::batch) of the batch dimensions; null data when absent.
struct MatrixRef {
  const void *data;
  int32_t dtype;
  int64_t rowStride;
  int64_t columnStride;
};

/// c = activation(alpha * a x b + bias) + residual, see tprt_op_matmul.
struct MatmulArgs {
  MatrixRef a;        ///< rows m, columns k
  MatrixRef b;        ///< rows k, columns n
  MatrixRef bias;     ///< rows m, columns n, stride 0 where it broadcasts
  MatrixRef residual; ///< rows m, columns n
  void *c;
  int32_t cType;
  int64_t cRowStride;
  int64_t cColumnStride;
  int64_t m, n, k;
  /// Batch offsets of a, b, bias, residual, c, in this order.
  Strided<5> batch;
  double alpha;
  int32_t activation;
};

constexpr int kTileRows = 8;
constexpr int kTileColumns = kThreads / kTileRows;
constexpr int kTileDepth = 16;

/// Blocks needed by matmulBody: one per tile of c and batch element.
inline int64_t matmulBlocks(const MatmulArgs &args) {
  return args.batch.count * ((args.m + kTileRows - 1) / kTileRows) *
         ((args.n + kTileColumns - 1) / kTileColumns);
}
template <typename A> constexpr size_t matmulSharedBytes() {
  return sizeof(A) * kTileDepth * (kTileRows + kTileColumns);
}

/// A is the accumulation type: float, or double when an operand is f64.
template <typename A, class Block>
TPRT_KERNEL void matmulBody(Block &block, const MatmulArgs &args) {
  int64_t tileColumns = (args.n + kTileColumns - 1) / kTileColumns;
  int64_t tileRows = (args.m + kTileRows - 1) / kTileRows;
  int64_t batch = block.index() / (tileRows * tileColumns);
  int64_t tile = block.index() - batch * tileRows * tileColumns;
  int64_t row0 = tile / tileColumns * kTileRows;
  int64_t column0 = tile % tileColumns * kTileColumns;
  int64_t at[5];
  args.batch.offsets(batch, at);

  A *aTile = block.template shared<A>(0);    // [row][depth]
  A *bTile = aTile + kTileRows * kTileDepth; // [depth][column]
  typename Block::template PerThread<A> sum(block);
  for (int64_t k0 = 0; k0 < args.k; k0 += kTileDepth) {
    block.phase([&](int t) {
      for (int i = t; i < kTileRows * kTileDepth; i += kThreads) {
        int64_t row = row0 + i / kTileDepth, k = k0 + i % kTileDepth;
        aTile[i] = row < args.m && k < args.k
                       ? loadFloat<A>(args.a.data, args.a.dtype,
                                      at[0] + row * args.a.rowStride +
                                          k * args.a.columnStride)
                       : A(0);
      }
      for (int i = t; i < kTileDepth * kTileColumns; i += kThreads) {
        int64_t k = k0 + i / kTileColumns, column = column0 + i % kTileColumns;
        bTile[i] = k < args.k && column < args.n
                       ? loadFloat<A>(args.b.data, args.b.dtype,
                                      at[1] + k * args.b.rowStride +
                                          column * args.b.columnStride)
                       : A(0);
      }
    });
    block.phase([&](int t) {
      for (int k = 0; k < kTileDepth; ++k)
        sum[t] += aTile[t / kTileColumns * kTileDepth + k] *
                  bTile[k * kTileColumns + t % kTileColumns];
    });
  }
  block.phase([&](int t) {
    int64_t row = row0 + t / kTileColumns, column = column0 + t % kTileColumns;
    if (row >= args.m || column >= args.n)
      return;
    auto load = [&](const MatrixRef &x, int64_t base) {
      return x.data ? loadFloat<A>(x.data, x.dtype,
                                   base + row * x.rowStride +
                                       column * x.columnStride)
                    : A(0);
    };
    A value = static_cast<A>(args.alpha) * sum[t] + load(args.bias, at[2]);
    value = activate(args.activation, value) + load(args.residual, at[3]);
    storeFloat(args.c, args.cType,
               at[4] + row * args.cRowStride + column * args.cColumnStride,
               value);
  });
}

/// c = activation(c + bias) + residual after a product by cuBLASLt. Tensors of
/// the space: 0 bias, 1 residual, 2 c.
struct EpilogueArgs {
  const void *bias;     ///< or null
  const void *residual; ///< or null; not c's memory
  void *c;
  int32_t biasType, residualType, cType;
  int32_t activation;
  Strided<3> space;
};

template <typename A, class Block>
TPRT_KERNEL void epilogueBody(Block &block, const EpilogueArgs &args) {
  forEach(block, args.space.count, [&](int64_t i) {
    int64_t at[3];
    args.space.offsets(i, at);
    A value = loadFloat<A>(args.c, args.cType, at[2]);
    if (args.bias)
      value += loadFloat<A>(args.bias, args.biasType, at[0]);
    value = activate(args.activation, value);
    if (args.residual)
      value += loadFloat<A>(args.residual, args.residualType, at[1]);
    storeFloat(args.c, args.cType, at[2], value);
  });
}

} // namespace tprt::cuda

#endif // TPRT_CUDA_KERNELS_MATMUL_CUH
