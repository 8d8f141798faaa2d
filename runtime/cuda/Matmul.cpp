//===- Matmul.cpp - Matrix products by cuBLASLt -----------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cuBLASLt is column-major: c = a x b in row-major memory is, to it, the
// product c^T = b^T x a^T, so its "A" is our b and its "B" our a.
//
//===----------------------------------------------------------------------===//

#include "Matmul.h"
#include "Check.h"
#include "Launch.h"
#include <algorithm>

using namespace tprt;
using namespace tprt::cuda;

namespace {

constexpr size_t kWorkspaceBytes = 32 << 20; // what cuBLAS advises for Hopper

void checkBlas(cublasStatus_t status, const char *what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    fail(status == CUBLAS_STATUS_ALLOC_FAILED ? TPRT_OUT_OF_MEMORY
                                              : TPRT_RUN_FAILED,
         "cuda: ", what, ": ", cublasLtGetStatusString(status));
}

cudaDataType_t dataType(int32_t dtype) {
  switch (dtype) {
  case TPRT_F16:
    return CUDA_R_16F;
  case TPRT_BF16:
    return CUDA_R_16BF;
  case TPRT_F64:
    return CUDA_R_64F;
  default:
    return CUDA_R_32F;
  }
}

/// A matrix as a BLAS operand: row-major with `leading` elements from row to
/// row, or the transposed of one that is.
struct Operand {
  bool transposed = false;
  int64_t leading = 0; // 0: no BLAS layout
};

Operand operandOf(const MatrixRef &x, int64_t rows, int64_t columns) {
  // A dimension of size 1 has no stride that counts.
  if (x.columnStride == 1 || columns == 1) {
    int64_t leading = rows == 1 ? std::max(x.rowStride, columns) : x.rowStride;
    if (leading >= columns)
      return {false, leading};
  }
  if (x.rowStride == 1 || rows == 1) {
    int64_t leading =
        columns == 1 ? std::max(x.columnStride, rows) : x.columnStride;
    if (leading >= rows)
      return {true, leading};
  }
  return {};
}

/// The largest power of two up to 256 that divides the address.
int64_t alignmentOf(const void *data) {
  uintptr_t address = reinterpret_cast<uintptr_t>(data) | 256;
  return static_cast<int64_t>(address & ~(address - 1));
}

const void *advance(const void *data, int32_t dtype, int64_t elements) {
  int64_t bytes = dtype == TPRT_F64 ? 8 : dtype == TPRT_F32 ? 4 : 2;
  return data ? static_cast<const char *>(data) + elements * bytes : nullptr;
}

} // namespace

/// One product for the library, of at most one batch dimension.
struct MatmulPlans::Call {
  int64_t m, n, k;
  int32_t type, cType;
  const void *a, *b, *residual, *bias;
  void *c;
  Operand aLayout, bLayout;
  int64_t cLeading, residualLeading;
  int64_t batch, aBatch, bBatch, cBatch, residualBatch;
  double alpha;
  cublasLtEpilogue_t epilogue;

  Key key() const {
    return {m,
            n,
            k,
            type,
            cType,
            aLayout.transposed,
            aLayout.leading,
            bLayout.transposed,
            bLayout.leading,
            cLeading,
            residualLeading,
            batch,
            aBatch,
            bBatch,
            cBatch,
            residualBatch,
            epilogue,
            residual != nullptr,
            residual == c,
            alignmentOf(a),
            alignmentOf(b),
            alignmentOf(c),
            residual ? alignmentOf(residual) : 0,
            bias ? alignmentOf(bias) : 0};
  }
};

struct MatmulPlans::Plan {
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, residual = nullptr,
                         c = nullptr;
  cublasLtMatmulAlgo_t algorithm;
  bool usable = false;

  ~Plan() {
    for (cublasLtMatrixLayout_t layout : {a, b, residual, c})
      if (layout)
        cublasLtMatrixLayoutDestroy(layout);
    if (product)
      cublasLtMatmulDescDestroy(product);
  }

  template <typename T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T &value) {
    checkBlas(cublasLtMatmulDescSetAttribute(product, attribute, &value,
                                             sizeof(value)),
              "describing a matmul");
  }

  /// A row-major matrix of rows x columns, as the library sees it.
  static void createLayout(cublasLtMatrixLayout_t &layout, int32_t dtype,
                           int64_t rows, int64_t columns, int64_t leading,
                           int64_t batch, int64_t batchStride) {
    checkBlas(cublasLtMatrixLayoutCreate(&layout, dataType(dtype), columns,
                                         rows, leading),
              "describing a matrix");
    int32_t count = static_cast<int32_t>(batch);
    checkBlas(
        cublasLtMatrixLayoutSetAttribute(
            layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof(count)),
        "describing a batch");
    checkBlas(cublasLtMatrixLayoutSetAttribute(
                  layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                  &batchStride, sizeof(batchStride)),
              "describing a batch");
  }

  void describe(const Call &call) {
    bool wide = call.type == TPRT_F64;
    checkBlas(cublasLtMatmulDescCreate(
                  &product, wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                  wide ? CUDA_R_64F : CUDA_R_32F),
              "describing a matmul");
    cublasOperation_t plain = CUBLAS_OP_N, transposed = CUBLAS_OP_T;
    set(CUBLASLT_MATMUL_DESC_TRANSA,
        call.bLayout.transposed ? transposed : plain);
    set(CUBLASLT_MATMUL_DESC_TRANSB,
        call.aLayout.transposed ? transposed : plain);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, call.epilogue);
    if (call.bias)
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.bias);
    auto operand = [&](cublasLtMatrixLayout_t &layout, Operand shape,
                       int64_t rows, int64_t columns, int64_t stride) {
      if (shape.transposed)
        std::swap(rows, columns);
      createLayout(layout, call.type, rows, columns, shape.leading, call.batch,
                   stride);
    };
    operand(a, call.aLayout, call.m, call.k, call.aBatch);
    operand(b, call.bLayout, call.k, call.n, call.bBatch);
    createLayout(c, call.cType, call.m, call.n, call.cLeading, call.batch,
                 call.cBatch);
    if (call.residual)
      createLayout(residual, call.cType, call.m, call.n, call.residualLeading,
                   call.batch, call.residualBatch);
  }

  void choose(cublasLtHandle_t handle, const Call &call) {
    cublasLtMatmulPreference_t preference;
    checkBlas(cublasLtMatmulPreferenceCreate(&preference), "choosing a matmul");
    auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute,
                      auto value) {
      cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value,
                                           sizeof(value));
    };
    auto alignment = [](const void *data) {
      return static_cast<uint32_t>(alignmentOf(data));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
           static_cast<uint64_t>(kWorkspaceBytes));
    // Parts of a sum in the output's type would not be f32 accumulation.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(call.b));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(call.a));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
           alignment(call.residual ? call.residual : call.c));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment(call.c));
    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        handle, product, b, a, residual ? residual : c, c, preference, 1,
        &result, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    usable = status == CUBLAS_STATUS_SUCCESS && found > 0 &&
             result.state == CUBLAS_STATUS_SUCCESS;
    algorithm = result.algo;
  }
};

MatmulPlans::MatmulPlans() = default;

MatmulPlans::~MatmulPlans() {
  plans.clear();
  if (handle)
    cublasLtDestroy(handle);
  cudaFree(workspace);
}

void MatmulPlans::create(cudaStream_t rankStream) {
  stream = rankStream;
  checkBlas(cublasLtCreate(&handle), "starting cuBLASLt");
  check(cudaMalloc(&workspace, kWorkspaceBytes), "allocating a workspace");
}

MatmulPlans::Plan &MatmulPlans::plan(const Call &call) {
  std::unique_ptr<Plan> &entry = plans[call.key()];
  if (!entry) {
    auto created = std::make_unique<Plan>();
    created->describe(call);
    created->choose(handle, call);
    entry = std::move(created);
  }
  return *entry;
}

/// False when the library has no kernel for this call.
bool MatmulPlans::runLibrary(const Call &call) {
  Plan &chosen = plan(call);
  if (!chosen.usable)
    return false;
  if (call.bias)
    chosen.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.bias);
  double wideScale[2] = {call.alpha, call.residual ? 1.0 : 0.0};
  float scale[2] = {static_cast<float>(wideScale[0]),
                    static_cast<float>(wideScale[1])};
  bool wide = call.type == TPRT_F64;
  auto scalar = [&](int i) {
    return wide ? static_cast<const void *>(&wideScale[i])
                : static_cast<const void *>(&scale[i]);
  };
  checkBlas(cublasLtMatmul(
                handle, chosen.product, scalar(0), call.b, chosen.b, call.a,
                chosen.a, scalar(1), call.residual ? call.residual : call.c,
                call.residual ? chosen.residual : chosen.c, call.c, chosen.c,
                &chosen.algorithm, workspace, kWorkspaceBytes, stream),
            "matmul");
  return true;
}

/// What the library can take on besides the product; the epilogue kernel does
/// what is left.
struct tprt::cuda::Fusion {
  bool residual = false;
  bool bias = false;
  bool activation = false;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
};

namespace {

Fusion fusionOf(const MatmulArgs &args) {
  Fusion fusion;
  // The library adds the residual before the activation, we after it.
  const MatrixRef &residual = args.residual;
  fusion.residual = residual.data && args.activation == TPRT_ACT_NONE &&
                    residual.dtype == args.cType &&
                    (residual.columnStride == 1 || args.n == 1) &&
                    (residual.rowStride >= args.n || args.m == 1);
  const MatrixRef &bias = args.bias;
  bool biasFits = bias.data && bias.dtype == args.cType &&
                  args.cType != TPRT_F64 && alignmentOf(bias.data) >= 16 &&
                  (bias.columnStride == 1 || args.n == 1) &&
                  (bias.rowStride == 0 || args.m == 1);
  for (int d = 0; d < args.batch.rank; ++d)
    biasFits &= args.batch.strides[2][d] == 0;
  bool relu = args.activation == TPRT_ACT_RELU;
  bool gelu = args.activation == TPRT_ACT_GELU_TANH;
  if (args.cType == TPRT_F64)
    return fusion;
  if (biasFits && (relu || gelu || args.activation == TPRT_ACT_NONE)) {
    fusion.bias = true;
    fusion.activation = relu || gelu;
    fusion.epilogue = relu   ? CUBLASLT_EPILOGUE_RELU_BIAS
                      : gelu ? CUBLASLT_EPILOGUE_GELU_BIAS
                             : CUBLASLT_EPILOGUE_BIAS;
  } else if (!bias.data && (relu || gelu)) {
    fusion.activation = true;
    fusion.epilogue = relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_GELU;
  }
  return fusion;
}

/// Adds what is not fused; false when nothing is left to do.
bool remainingEpilogue(const MatmulArgs &args, const Fusion &fusion,
                       EpilogueArgs &rest) {
  rest = {};
  rest.bias = fusion.bias ? nullptr : args.bias.data;
  rest.residual = fusion.residual ? nullptr : args.residual.data;
  rest.activation = fusion.activation ? TPRT_ACT_NONE : args.activation;
  rest.c = args.c;
  rest.biasType = args.bias.dtype;
  rest.residualType = args.residual.dtype;
  rest.cType = args.cType;
  const auto &batch = args.batch;
  for (int d = 0; d < batch.rank; ++d)
    rest.space.append(batch.sizes[d], {batch.strides[2][d], batch.strides[3][d],
                                       batch.strides[4][d]});
  rest.space.append(
      args.m, {args.bias.rowStride, args.residual.rowStride, args.cRowStride});
  rest.space.append(args.n, {args.bias.columnStride, args.residual.columnStride,
                             args.cColumnStride});
  return rest.bias || rest.residual || rest.activation != TPRT_ACT_NONE;
}

/// The product with what `fusion` covers, for one batch element and those after
/// it along the innermost batch dimension.
MatmulArgs fusedPart(const MatmulArgs &args, const Fusion &fusion,
                     int64_t element) {
  MatmulArgs part = args;
  int64_t at[5];
  args.batch.offsets(element, at);
  auto move = [&](MatrixRef &x, bool used, int64_t offset) {
    x.data = used ? advance(x.data, x.dtype, offset) : nullptr;
  };
  move(part.a, true, at[0]);
  move(part.b, true, at[1]);
  move(part.bias, fusion.bias, at[2]);
  move(part.residual, fusion.residual, at[3]);
  part.c = const_cast<void *>(advance(args.c, args.cType, at[4]));
  part.activation = fusion.activation ? args.activation : TPRT_ACT_NONE;
  part.batch = {};
  if (int inner = args.batch.rank - 1; inner >= 0) {
    int64_t strides[5];
    for (int n = 0; n < 5; ++n)
      strides[n] = args.batch.strides[n][inner];
    part.batch.append(args.batch.sizes[inner], strides);
  }
  return part;
}

bool isWide(const MatmulArgs &args) {
  return args.a.dtype == TPRT_F64 || args.b.dtype == TPRT_F64 ||
         args.cType == TPRT_F64;
}

} // namespace

/// The library's view of a product of at most one batch dimension; false when
/// it has no such layout or types.
bool MatmulPlans::describe(const MatmulArgs &args, cublasLtEpilogue_t epilogue,
                           Call &call) {
  Operand c =
      operandOf({args.c, args.cType, args.cRowStride, args.cColumnStride},
                args.m, args.n);
  call = {};
  call.m = args.m, call.n = args.n, call.k = args.k;
  call.type = args.a.dtype, call.cType = args.cType;
  call.a = args.a.data, call.b = args.b.data, call.c = args.c;
  call.bias = args.bias.data, call.residual = args.residual.data;
  call.aLayout = operandOf(args.a, args.m, args.k);
  call.bLayout = operandOf(args.b, args.k, args.n);
  call.cLeading = c.leading;
  if (call.residual)
    call.residualLeading = args.m == 1
                               ? std::max(args.residual.rowStride, args.n)
                               : args.residual.rowStride;
  call.batch = args.batch.count;
  if (args.batch.rank) {
    call.aBatch = args.batch.strides[0][0];
    call.bBatch = args.batch.strides[1][0];
    call.residualBatch = call.residual ? args.batch.strides[3][0] : 0;
    call.cBatch = args.batch.strides[4][0];
  }
  call.alpha = args.alpha;
  call.epilogue = epilogue;
  return args.k > 0 && args.a.dtype == args.b.dtype &&
         (args.cType == args.a.dtype ||
          (args.cType == TPRT_F32 && !isWide(args))) &&
         call.aLayout.leading && call.bLayout.leading && c.leading &&
         !c.transposed;
}

/// False, with nothing enqueued, when this is not a way to compute `args`.
bool MatmulPlans::runFused(const MatmulArgs &args, const Fusion &fusion) {
  EpilogueArgs rest;
  bool hasRest = remainingEpilogue(args, fusion, rest);
  // The product would overwrite a residual that is needed after it.
  if (hasRest && rest.residual == args.c)
    return false;
  // The library takes one batch dimension, the innermost; the others loop.
  int64_t step = args.batch.rank ? args.batch.sizes[args.batch.rank - 1] : 1;
  for (int64_t i = 0; i < args.batch.count; i += step) {
    MatmulArgs part = fusedPart(args, fusion, i);
    Call call;
    if (describe(part, fusion.epilogue, call) && runLibrary(call))
      continue;
    if (i == 0)
      return false;
    launchMatmul(stream, part, isWide(args)); // less aligned than the first
  }
  if (hasRest)
    launchEpilogue(stream, rest, isWide(args));
  return true;
}

void MatmulPlans::run(const MatmulArgs &args) {
  if (args.m == 0 || args.n == 0 || args.batch.count == 0)
    return;
  Fusion all = fusionOf(args);
  Fusion residualOnly;
  residualOnly.residual = all.residual;
  if (!runFused(args, all) && !runFused(args, residualOnly))
    launchMatmul(stream, args, isWide(args));
}
