//===- FakeCublasLt.cpp - The part of cuBLASLt that Matmul.cpp uses, on the CPU
//-*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stand-in with cuBLASLt's meaning, so that how products are handed to it
// (operand order, transposition, leading dimensions, batches, epilogues) is
// tested without a GPU. It refuses what the library refuses, and some of what
// the library accepts, so that the ways around are taken too. It also stands in
// for the launches that follow, with the emulated kernels.
//
//===----------------------------------------------------------------------===//

#include "Launch.h"
#include "core/Dtype.h"
#include "tprt/error.h"
#include <cstdlib>
#include <cstring>
#include <cublasLt.h>

using namespace tprt;
using namespace tprt::cuda;

// Ways that products went, for the test to see that all are taken.
int fakeFused = 0, fakePlain = 0, fakeStrided = 0, fakeEpilogues = 0;
// Products that no library could take: their description is wrong.
int fakeIllegal = 0;

namespace {

struct Layout {
  cudaDataType type;
  int64_t rows, columns, leading; // column-major
  int32_t batch = 1;
  int64_t batchStride = 0;
};

struct Product {
  cudaDataType scaleType;
  cublasOperation_t transA = CUBLAS_OP_N, transB = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void *bias = nullptr;
};

struct Preference {
  uint32_t alignment[4] = {256, 256, 256, 256}; // A, B, C, D
};

const Layout &layoutOf(cublasLtMatrixLayout_t layout) {
  return *reinterpret_cast<const Layout *>(layout);
}

int32_t dtypeOf(cudaDataType type) {
  switch (type) {
  case CUDA_R_16F:
    return TPRT_F16;
  case CUDA_R_16BF:
    return TPRT_BF16;
  case CUDA_R_64F:
    return TPRT_F64;
  default:
    return TPRT_F32;
  }
}

int64_t elementBytes(const Layout &layout) {
  return static_cast<int64_t>(dtypeSize(dtypeOf(layout.type)));
}

double loadAt(const Layout &layout, const void *data, int64_t row,
              int64_t column, int64_t batch) {
  int64_t index = batch * layout.batchStride + column * layout.leading + row;
  double value;
  convertElements(static_cast<const char *>(data) +
                      index * elementBytes(layout),
                  dtypeOf(layout.type), &value, TPRT_F64, 1);
  return value;
}

double activate(cublasLtEpilogue_t epilogue, double x) {
  switch (epilogue) {
  case CUBLASLT_EPILOGUE_RELU:
  case CUBLASLT_EPILOGUE_RELU_BIAS:
    return x > 0 ? x : 0;
  case CUBLASLT_EPILOGUE_GELU:
  case CUBLASLT_EPILOGUE_GELU_BIAS:
    return tprt::cuda::activate<double>(TPRT_ACT_GELU_TANH, x);
  default:
    return x;
  }
}

bool hasBias(cublasLtEpilogue_t epilogue) {
  return epilogue == CUBLASLT_EPILOGUE_BIAS ||
         epilogue == CUBLASLT_EPILOGUE_RELU_BIAS ||
         epilogue == CUBLASLT_EPILOGUE_GELU_BIAS;
}

/// What the library insists on.
bool legal(const Product &product, const Layout &a, const Layout &b,
           const Layout &c, const Layout &d) {
  for (const Layout *layout : {&a, &b, &c, &d})
    if (layout->leading < layout->rows || layout->batch != d.batch)
      return false;
  bool transA = product.transA == CUBLAS_OP_T;
  bool transB = product.transB == CUBLAS_OP_T;
  int64_t m = transA ? a.columns : a.rows, k = transA ? a.rows : a.columns;
  int64_t n = transB ? b.rows : b.columns, k2 = transB ? b.columns : b.rows;
  bool wide = d.type == CUDA_R_64F;
  return k == k2 && k > 0 && d.rows == m && d.columns == n && c.rows == m &&
         c.columns == n && a.type == b.type && c.type == d.type &&
         (d.type == a.type || (d.type == CUDA_R_32F && !wide)) &&
         product.scaleType == (wide ? CUDA_R_64F : CUDA_R_32F) &&
         (!wide || product.epilogue == CUBLASLT_EPILOGUE_DEFAULT);
}

} // namespace

extern "C" {

const char *cublasLtGetStatusString(cublasStatus_t) { return "fake failure"; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  *handle = reinterpret_cast<cublasLtHandle_t>(1);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout,
                                          cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  *layout = reinterpret_cast<cublasLtMatrixLayout_t>(
      new Layout{type, static_cast<int64_t>(rows),
                 static_cast<int64_t>(columns), leading});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete reinterpret_cast<Layout *>(layout);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t
cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle,
                                 cublasLtMatrixLayoutAttribute_t attribute,
                                 const void *value, size_t bytes) {
  Layout &layout = *reinterpret_cast<Layout *>(handle);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT && bytes == 4)
    std::memcpy(&layout.batch, value, bytes);
  else if (attribute == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET &&
           bytes == 8)
    std::memcpy(&layout.batchStride, value, bytes);
  else
    return CUBLAS_STATUS_INVALID_VALUE;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *product,
                                        cublasComputeType_t compute,
                                        cudaDataType_t scaleType) {
  if (compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_64F)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  auto *created = new Product;
  created->scaleType = scaleType;
  *product = reinterpret_cast<cublasLtMatmulDesc_t>(created);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) {
  delete reinterpret_cast<Product *>(product);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                               cublasLtMatmulDescAttributes_t attribute,
                               const void *value, size_t bytes) {
  Product &product = *reinterpret_cast<Product *>(handle);
  void *field = attribute == CUBLASLT_MATMUL_DESC_TRANSA ? &product.transA
                : attribute == CUBLASLT_MATMUL_DESC_TRANSB
                    ? static_cast<void *>(&product.transB)
                : attribute == CUBLASLT_MATMUL_DESC_EPILOGUE
                    ? static_cast<void *>(&product.epilogue)
                : attribute == CUBLASLT_MATMUL_DESC_BIAS_POINTER
                    ? static_cast<void *>(&product.bias)
                    : nullptr;
  size_t size = attribute == CUBLASLT_MATMUL_DESC_BIAS_POINTER ? 8 : 4;
  if (!field || bytes != size)
    return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(field, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
  *preference = reinterpret_cast<cublasLtMatmulPreference_t>(new Preference);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t
cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete reinterpret_cast<Preference *>(preference);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t handle,
    cublasLtMatmulPreferenceAttributes_t attribute, const void *value,
    size_t bytes) {
  Preference &preference = *reinterpret_cast<Preference *>(handle);
  int operand = attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
  if (operand >= 0 && operand < 4) {
    if (bytes != 4)
      return CUBLAS_STATUS_INVALID_VALUE;
    std::memcpy(&preference.alignment[operand], value, bytes);
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t, cublasLtMatmulDesc_t handle, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
    cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int,
    cublasLtMatmulHeuristicResult_t results[], int *found) {
  const Product &product = *reinterpret_cast<const Product *>(handle);
  *found = 0;
  if (!legal(product, layoutOf(a), layoutOf(b), layoutOf(c), layoutOf(d))) {
    ++fakeIllegal;
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  // Whims: no fused epilogue for transposed operands, nothing for small sums.
  bool fused = product.epilogue != CUBLASLT_EPILOGUE_DEFAULT;
  if ((fused && product.transA == CUBLAS_OP_T) ||
      (layoutOf(a).rows == 1 && layoutOf(a).columns == 1))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  // The algorithm remembers what was promised, for the product to check.
  std::memcpy(&results[0].algo, preference, sizeof(Preference));
  results[0].state = CUBLAS_STATUS_SUCCESS;
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t handle,
                              const void *alpha, const void *A,
                              cublasLtMatrixLayout_t aLayout, const void *B,
                              cublasLtMatrixLayout_t bLayout, const void *beta,
                              const void *C, cublasLtMatrixLayout_t cLayout,
                              void *D, cublasLtMatrixLayout_t dLayout,
                              const cublasLtMatmulAlgo_t *algorithm, void *,
                              size_t, cudaStream_t) {
  const Product &product = *reinterpret_cast<const Product *>(handle);
  const Layout &a = layoutOf(aLayout), &b = layoutOf(bLayout),
               &c = layoutOf(cLayout), &d = layoutOf(dLayout);
  Preference promised;
  std::memcpy(promised.alignment, algorithm, sizeof(promised.alignment));
  const void *operands[4] = {A, B, C, D};
  for (int i = 0; i < 4; ++i)
    if (reinterpret_cast<uintptr_t>(operands[i]) % promised.alignment[i])
      return CUBLAS_STATUS_INVALID_VALUE;
  if (!legal(product, a, b, c, d) || (C == D && c.leading != d.leading))
    return CUBLAS_STATUS_INVALID_VALUE;
  ++(product.epilogue == CUBLASLT_EPILOGUE_DEFAULT ? fakePlain : fakeFused);
  bool wide = product.scaleType == CUDA_R_64F;
  auto scalar = [&](const void *value) {
    return wide ? *static_cast<const double *>(value)
                : static_cast<double>(*static_cast<const float *>(value));
  };
  bool transA = product.transA == CUBLAS_OP_T;
  bool transB = product.transB == CUBLAS_OP_T;
  int64_t depth = transA ? a.rows : a.columns;
  Layout vector{d.type, d.rows, 1, d.rows};
  for (int64_t batch = 0; batch < d.batch; ++batch)
    for (int64_t row = 0; row < d.rows; ++row)
      for (int64_t column = 0; column < d.columns; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k)
          sum += loadAt(a, A, transA ? k : row, transA ? row : k, batch) *
                 loadAt(b, B, transB ? column : k, transB ? k : column, batch);
        sum *= scalar(alpha);
        if (scalar(beta) != 0)
          sum += scalar(beta) * loadAt(c, C, row, column, batch);
        if (hasBias(product.epilogue))
          sum += loadAt(vector, product.bias, row, 0, 0);
        sum = activate(product.epilogue, sum);
        int64_t index = batch * d.batchStride + column * d.leading + row;
        convertElements(&sum, TPRT_F64,
                        static_cast<char *>(D) + index * elementBytes(d),
                        dtypeOf(d.type), 1);
      }
  return CUBLAS_STATUS_SUCCESS;
}

cudaError_t cudaMalloc(void **data, size_t bytes) {
  *data = std::malloc(bytes);
  return cudaSuccess;
}
cudaError_t cudaFree(void *data) {
  std::free(data);
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char *cudaGetErrorString(cudaError_t) { return ""; }
const char *cudaGetErrorName(cudaError_t) { return ""; }

} // extern "C"

void tprt::cuda::launchMatmul(cudaStream_t, const MatmulArgs &args, bool wide) {
  ++fakeStrided;
  emulate(matmulBlocks(args), matmulSharedBytes<double>(),
          [&](HostBlock &block) {
            if (wide)
              matmulBody<double>(block, args);
            else
              matmulBody<float>(block, args);
          });
}

void tprt::cuda::launchEpilogue(cudaStream_t, const EpilogueArgs &args,
                                bool wide) {
  ++fakeEpilogues;
  emulate(2, 0, [&](HostBlock &block) {
    if (wide)
      epilogueBody<double>(block, args);
    else
      epilogueBody<float>(block, args);
  });
}
