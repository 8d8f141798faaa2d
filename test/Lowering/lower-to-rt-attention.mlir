// RUN: tp-opt %s -tp-lower-to-rt -canonicalize -cse -split-input-file | FileCheck %s

// Transposes of operands and result become permutations.
// CHECK-LABEL: func @transposed
// CHECK-SAME: (%[[Q:.*]]: tensor<2x3x8x16xf32>, %[[K:.*]]: tensor<2x5x4x16xf32>)
func.func @transposed(%q: tensor<2x3x8x16xf32>, %k: tensor<2x5x4x16xf32>) -> tensor<2x3x8x16xf32> {
  // CHECK-NOT: onnx
  // CHECK: %[[E:.*]] = tensor.empty() : tensor<2x3x8x16xf32>
  // CHECK: %[[Y:.*]] = rt.attention ins(%[[Q]], %[[K]], %[[K]] : {{.*}}) outs(%[[E]] : {{.*}})
  // CHECK-SAME: group = 2 : i64, perms = [array<i64: 0, 2, 1, 3>, array<i64: 0, 2, 1, 3>, array<i64: 0, 2, 1, 3>, array<i64: 0, 2, 1, 3>]
  // CHECK-SAME: scale = 2.500000e-01 : f32
  // CHECK: return %[[Y]]
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Transpose"(%q) {perm = [0, 2, 1, 3]} : (tensor<2x3x8x16xf32>) -> tensor<2x8x3x16xf32>
  %1 = "onnx.Transpose"(%k) {perm = [0, 2, 1, 3]} : (tensor<2x5x4x16xf32>) -> tensor<2x4x5x16xf32>
  %2:4 = "onnx.Attention"(%0, %1, %1, %none, %none, %none, %none) : (tensor<2x8x3x16xf32>, tensor<2x4x5x16xf32>, tensor<2x4x5x16xf32>, none, none, none, none) -> (tensor<2x8x3x16xf32>, none, none, none)
  %3 = "onnx.Transpose"(%2#0) {perm = [0, 2, 1, 3]} : (tensor<2x8x3x16xf32>) -> tensor<2x3x8x16xf32>
  return %3 : tensor<2x3x8x16xf32>
}

// -----

// Operands of three dimensions are split into heads; the past makes caches.
module attributes {tp.symbols = ["past"]} {
// CHECK-LABEL: func @cache
func.func @cache(%q: tensor<2x3x128xf32>, %k: tensor<2x3x64xf32>, %past: tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0, 16]>>)
    -> (tensor<2x3x128xf32>, tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0 + 3, 16]>>) {
  // CHECK-DAG: %[[Q:.*]] = rt.reshape %{{.*}} : tensor<2x3x128xf32> -> tensor<2x3x8x16xf32>
  // CHECK-DAG: %[[K:.*]] = rt.reshape %{{.*}} : tensor<2x3x64xf32> -> tensor<2x3x4x16xf32>
  // CHECK-DAG: %[[P:.*]] = rt.symbol 0
  // CHECK: %[[C:.*]] = rt.cache_append ins(%{{.*}}, %[[K]] : {{.*}}) outs({{.*}}) {axis = 2 : i64, perms = [array<i64>, array<i64: 0, 2, 1, 3>, array<i64>]
  // CHECK: %[[A:.*]] = rt.attention ins(%[[Q]], %[[C]], %[[C]] : {{.*}}) outs({{.*}}) causal_offset %[[P]] {causal
  // CHECK: %[[Y:.*]] = rt.reshape %[[A]] : tensor<2x3x8x16xf32> -> tensor<2x3x128xf32>
  // CHECK: return %[[Y]], %[[C]]
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%q, %k, %k, %none, %past, %past, %none) {is_causal = 1 : si64, q_num_heads = 8 : si64, kv_num_heads = 4 : si64}
    : (tensor<2x3x128xf32>, tensor<2x3x64xf32>, tensor<2x3x64xf32>, none, tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0, 16]>>, tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0, 16]>>, none)
    -> (tensor<2x3x128xf32>, tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0 + 3, 16]>>, tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0 + 3, 16]>>, none)
  return %0#0, %0#1 : tensor<2x3x128xf32>, tensor<2x4x?x16xf32, #tp.dims<[2, 4, s0 + 3, 16]>>
}
}

// -----

// A window of 4 keys before the query; the rank's heads start inside a group.
// CHECK-LABEL: func @window
func.func @window(%q: tensor<1x1x3x16xf32>, %k: tensor<1x1x3x16xf32>) -> tensor<1x1x3x16xf32> {
  // CHECK: %[[C:.*]] = arith.constant 3 : index
  // CHECK: rt.attention {{.*}}q_head_offset %[[C]] {causal, group = 4 : i64, rt.op_type = "Attention", scale = 2.500000e-01 : f32, window = 5 : i64
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%q, %k, %k, %none, %none, %none, %none)
    {is_causal = 1 : si64, left_window_size = 4 : si64, tp.group = 4 : i64, tp.q_head_offset = #tp.dims<[3]>}
    : (tensor<1x1x3x16xf32>, tensor<1x1x3x16xf32>, tensor<1x1x3x16xf32>, none, none, none, none) -> (tensor<1x1x3x16xf32>, none, none, none)
  return %0#0 : tensor<1x1x3x16xf32>
}
