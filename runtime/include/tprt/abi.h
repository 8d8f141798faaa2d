//===- abi.h - What a compiled program calls --------------------*- C -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface between a compiled program (`program.so` of an artifact) and
// the runtime. The compiler knows the runtime through this header only.
//
// A program runs once per rank. It is a straight line of calls of the
// functions below and, on the CPU, of kernels inside program.so itself. All
// memory is the caller's: inputs, outputs, weights and one arena per rank.
// Nothing here allocates in the steady state.
//
// Errors: a failing operation records its status in the context and every
// later operation of that run returns at once. The first error wins; the
// runtime reports it after tp_run returns, and aborts the communicators so
// that no other rank waits.
//
// Device memory: with a CUDA context every `data` pointer is device memory and
// every call is asynchronous on the context's stream.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_ABI_H
#define TPRT_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Raised by one whenever a program built for the old version would misbehave.
#define TPRT_ABI_VERSION 1
#define TPRT_MAX_RANK 8

// One rank's execution state. Opaque to programs.
typedef struct tprt_ctx tprt_ctx;

// Element types, numbered as onnx::TensorProto::DataType. In memory an element
// takes whole bytes: types of less than 8 bits one byte each, integers extended
// by their sign, the others with zeros above. In files those types are packed,
// from the low bits of each byte up.
typedef enum tprt_dtype {
  TPRT_F32 = 1,
  TPRT_U8 = 2,
  TPRT_I8 = 3,
  TPRT_U16 = 4,
  TPRT_I16 = 5,
  TPRT_I32 = 6,
  TPRT_I64 = 7,
  TPRT_BOOL = 9,
  TPRT_F16 = 10,
  TPRT_F64 = 11,
  TPRT_U32 = 12,
  TPRT_U64 = 13,
  TPRT_BF16 = 16,
  TPRT_F8E4M3FN = 17,
  TPRT_F8E4M3FNUZ = 18,
  TPRT_F8E5M2 = 19,
  TPRT_F8E5M2FNUZ = 20,
  TPRT_U4 = 21,
  TPRT_I4 = 22,
  TPRT_F4E2M1 = 23,
  TPRT_F8E8M0 = 24,
  TPRT_U2 = 25,
  TPRT_I2 = 26,
  TPRT_F6E2M3 = 27,
  TPRT_F6E3M2 = 28
} tprt_dtype;

// A strided tensor. `strides` are in elements; `data` points at element 0.
// bool is one byte, 0 or 1.
typedef struct tprt_view {
  void *data;
  int32_t dtype;
  int32_t rank;
  int64_t sizes[TPRT_MAX_RANK];
  int64_t strides[TPRT_MAX_RANK];
} tprt_view;

typedef enum tprt_activation {
  TPRT_ACT_NONE = 0,
  TPRT_ACT_RELU = 1,
  TPRT_ACT_GELU_ERF = 2,
  TPRT_ACT_GELU_TANH = 3,
  TPRT_ACT_SILU = 4
} tprt_activation;

typedef enum tprt_reduction { TPRT_SUM = 0, TPRT_MAX = 1, TPRT_MIN = 2 } tprt_reduction;

typedef enum tprt_collective {
  TPRT_ALL_REDUCE = 0,     // out = reduce over the group's inputs; same shape
  TPRT_ALL_GATHER = 1,     // out = inputs concatenated along dim, group order
  TPRT_REDUCE_SCATTER = 2, // out = my piece along dim of the reduced inputs
  TPRT_ALL_TO_ALL = 3,     // split in along dim, concatenate along dim2
  TPRT_BROADCAST = 4,      // out = input of the group's member number `dim`
  TPRT_PERMUTE = 5         // out = input of member member_sizes[me], or (me - dim) mod size
} tprt_collective;

// c[..., m, n] = activation(alpha * a[..., m, k] x b[..., k, n] + bias) + residual.
// Leading (batch) dimensions of a and b broadcast to those of c, numpy style.
// a and b may have any strides (a transposed operand is a strided view; a
// stride of 0 broadcasts). bias is null or broadcastable to c; residual is
// null or has c's shape (it may be c's own memory). Float types f32, f16, bf16,
// f64 with f32 (f64) accumulation. `op` is the operation's index in the
// manifest's "ops", for messages and profiles.
void tprt_op_matmul(tprt_ctx *ctx, int32_t op, const tprt_view *a, const tprt_view *b, const tprt_view *bias,
                    const tprt_view *residual, const tprt_view *c, float alpha, int32_t activation);

// Scaled dot product attention with grouped queries, ONNX Attention semantics:
//   q [B, Hq, S, D], k [B, Hkv, T, D], v [B, Hkv, T, E] -> out [B, Hq, S, E];
// any strides (layouts [B, S, H, D] are views). Query head h reads kv head
// (h + q_head_offset) / group - kv_head_offset, where `group` counts query
// heads per kv head of the *unsharded* operator (offsets are 0 unless a rank's
// heads start inside a group).
// scores = softcap(scale * q k^T) + mask; softcap 0 = none (x -> c*tanh(x/c)).
// mask: null, bool (true = attend) or float (added), rank 4 broadcastable to
// [B, Hq, S, T] (sizes 1 broadcast). causal: key t is visible to query s iff
// t <= s + causal_offset (pass T - S for a cache before the queries); window > 0 further
// requires t > s + causal_offset - window. A row with no visible key gives 0.
typedef struct tprt_attention_params {
  float scale;
  float softcap;
  int32_t causal; // 0 or 1
  int32_t group;
  int64_t causal_offset;
  int64_t window; // 0 = unlimited
  int64_t q_head_offset;
  int64_t kv_head_offset;
} tprt_attention_params;
void tprt_op_attention(tprt_ctx *ctx, int32_t op, const tprt_view *q, const tprt_view *k, const tprt_view *v,
                       const tprt_view *mask, const tprt_view *out, const tprt_attention_params *params);

// present = past ++ fresh along `axis`. When past and present are the same
// memory (state bound by the runtime) only fresh is written. Any strides.
void tprt_op_cache_append(tprt_ctx *ctx, int32_t op, const tprt_view *past, const tprt_view *fresh,
                          const tprt_view *present, int32_t axis);

// out = rows of `table` along `axis` at `indices` (i32 or i64). The table
// holds the global rows [offset, offset + table.sizes[axis]) of `global_size`
// rows. Negative indices count from global_size; an index outside of
// [-global_size, global_size) is an error. Rows that other ranks hold give 0.
void tprt_op_gather(tprt_ctx *ctx, int32_t op, const tprt_view *table, const tprt_view *indices, const tprt_view *out,
                    int32_t axis, int64_t offset, int64_t global_size);

typedef enum tprt_scatter_reduction {
  TPRT_SCATTER_NONE = 0, // the last update of an element stays
  TPRT_SCATTER_ADD = 1,  // bool: or
  TPRT_SCATTER_MUL = 2,  // bool: and
  TPRT_SCATTER_MIN = 3,
  TPRT_SCATTER_MAX = 4
} tprt_scatter_reduction;

// out = data with updates put in, one after the other in row-major order (so
// that several for one element all count). Indices are i32 or i64; negative
// ones count from the end, one outside of [-size, size) is an error.
// axis >= 0 (ONNX ScatterElements): indices and updates have the same shape, of
// data's rank; an update's position is its own but for indices[...] along axis.
// axis -1 (ONNX ScatterND): indices [i.., d], updates [i.., rest..] for data
// [indexed.. (d dimensions), rest..].
void tprt_op_scatter(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *indices,
                     const tprt_view *updates, const tprt_view *out, int32_t axis, int32_t reduction);

// The first values.sizes[axis] elements of data along `axis` in descending
// order (ascending where `largest` is 0), equal ones in order of their index; a
// NaN is larger than any number. `indices` (i64) gets their positions.
void tprt_op_topk(tprt_ctx *ctx, int32_t op, const tprt_view *data, const tprt_view *values, const tprt_view *indices,
                  int32_t axis, int32_t largest);

// A collective over group `group` of the manifest's "groups" (the member lists this rank belongs to are found by
// rank). `member_sizes`: null when all members have equal pieces, else the size along `dim` on each member, in group
// order; for an all-to-all those along `dim` and then those along `dim2`; for a permute the member that each one gets
// its result from. `in` and `out` may be the same memory for all-reduce.
void tprt_op_collective(tprt_ctx *ctx, int32_t op, int32_t kind, int32_t group, int32_t reduction, int32_t dim,
                        int32_t dim2, const int64_t *member_sizes, const tprt_view *in, const tprt_view *out);

// dst = src: same shape, any strides, same element type.
void tprt_op_copy(tprt_ctx *ctx, int32_t op, const tprt_view *src, const tprt_view *dst);

// GPU only: launches kernel `kernel` of the manifest's "kernels".
void tprt_op_launch(tprt_ctx *ctx, int32_t op, int32_t kernel, const int64_t grid[3], const int64_t block[3],
                    void **args, int32_t num_args);

// A check inside a compiled kernel failed (an index out of range, ...): the
// message is that of operation `op` with the two values.
void tprt_op_fail(tprt_ctx *ctx, int32_t op, int64_t got, int64_t limit);

// What program.so exports. `symbols` holds the value of every symbol of the
// manifest (sizes of dynamic dimensions and this rank's mesh coordinates).
// `inputs`, `outputs`, `weights` are described by the manifest, in its order.
//
//   int32_t tp_abi_version(void);
//   void tp_sizes(const int64_t *symbols, int64_t *slot_bytes);
//   void tp_run(tprt_ctx *ctx, const int64_t *symbols,
//               const tprt_view *inputs, const tprt_view *outputs,
//               void *const *weights, char *arena, const int64_t *slot_offsets);
//
// Inputs and outputs are contiguous (row-major) unless the manifest marks them
// "strided" (KV-cache states), where the innermost dimension has stride 1.
typedef int32_t (*tprt_abi_version_fn)(void);
typedef void (*tprt_sizes_fn)(const int64_t *symbols, int64_t *slot_bytes);
typedef void (*tprt_run_fn)(tprt_ctx *ctx, const int64_t *symbols, const tprt_view *inputs, const tprt_view *outputs,
                            void *const *weights, char *arena, const int64_t *slot_offsets);

#ifdef __cplusplus
}
#endif

#endif // TPRT_ABI_H
