// RUN: tp-opt %s -tp-decompose-attention -split-input-file | FileCheck %s

// A shorter mask hides the keys behind it.
// CHECK-LABEL: func @short_mask
// CHECK: %[[M:.*]] = "onnx.Concat"({{.*}}) {axis = 3 : si64} : (tensor<1x1x3x4xi1>, tensor<1x1x3x2xi1>) -> tensor<1x1x3x6xi1>
// CHECK: "onnx.Attention"(%{{.*}}, %{{.*}}, %{{.*}}, %[[M]]
func.func @short_mask(%q: tensor<2x4x3x8xf32>, %k: tensor<2x4x6x8xf32>, %m: tensor<3x4xi1>) -> tensor<2x4x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%q, %k, %k, %m, %none, %none, %none) : (tensor<2x4x3x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x8xf32>, tensor<3x4xi1>, none, none, none) -> (tensor<2x4x3x8xf32>, none, none, none)
  return %0#0 : tensor<2x4x3x8xf32>
}

// -----

// Causal bounds count from the end of each sequence.
// CHECK-LABEL: func @lengths
// CHECK-SAME: %[[L:[a-z0-9]*]]: tensor<2xi64>
// CHECK: %[[R:.*]] = "onnx.Reshape"(%[[L]], {{.*}} -> tensor<2x1x1x1xi64>
// CHECK: %[[IN:.*]] = "onnx.Less"(%{{.*}}, %[[R]]) {{.*}} -> tensor<2x1x1x6xi1>
// CHECK: %[[OFFSET:.*]] = "onnx.Sub"(%[[R]]
// CHECK: %[[POS:.*]] = "onnx.LessOrEqual"({{.*}} -> tensor<2x1x3x6xi1>
// CHECK: %[[M:.*]] = "onnx.And"(%[[IN]], %[[POS]]) {{.*}} -> tensor<2x1x3x6xi1>
// CHECK: "onnx.Attention"(%{{.*}}, %{{.*}}, %{{.*}}, %[[M]], %{{.*}}, %{{.*}}, %{{.*}}) {is_causal = 0 : si64
func.func @lengths(%q: tensor<2x4x3x8xf32>, %k: tensor<2x4x6x8xf32>, %l: tensor<2xi64>) -> tensor<2x4x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%q, %k, %k, %none, %none, %none, %l) {is_causal = 1 : si64} : (tensor<2x4x3x8xf32>, tensor<2x4x6x8xf32>, tensor<2x4x6x8xf32>, none, none, none, tensor<2xi64>) -> (tensor<2x4x3x8xf32>, none, none, none)
  return %0#0 : tensor<2x4x3x8xf32>
}

// -----

// Weights as a result: products and a softmax; a query that sees nothing gives zero.
// CHECK-LABEL: func @weights
// CHECK-NOT: onnx.Attention
// CHECK: %[[K:.*]] = "onnx.Gather"(%{{.*}}, %{{.*}}) {axis = 1 : si64} : (tensor<2x2x6x8xf32>, tensor<4xi64>) -> tensor<2x4x6x8xf32>
// CHECK: %[[S:.*]] = "onnx.Softmax"
// CHECK: %[[HIGH:.*]] = "onnx.ReduceMax"
// CHECK: %[[BLIND:.*]] = "onnx.Equal"(%[[HIGH]]
// CHECK: %[[W:.*]] = "onnx.Where"(%[[BLIND]], %{{.*}}, %[[S]])
// CHECK: %[[Y:.*]] = "onnx.MatMul"(%[[W]]
// CHECK: return %[[Y]], %[[W]]
func.func @weights(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x6x8xf32>, %m: tensor<3x6xf32>) -> (tensor<2x4x3x8xf32>, tensor<2x4x3x6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%q, %k, %k, %m, %none, %none, %none) {qk_matmul_output_mode = 3 : si64} : (tensor<2x4x3x8xf32>, tensor<2x2x6x8xf32>, tensor<2x2x6x8xf32>, tensor<3x6xf32>, none, none, none) -> (tensor<2x4x3x8xf32>, none, none, tensor<2x4x3x6xf32>)
  return %0#0, %0#3 : tensor<2x4x3x8xf32>, tensor<2x4x3x6xf32>
}
