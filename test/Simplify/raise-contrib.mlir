// RUN: tp-opt %s --tp-raise-contrib --split-input-file | FileCheck %s

// CHECK-LABEL: func @skip
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8xf32>, %[[S:.*]]: tensor<1x3x8xf32>, %[[W:.*]]: tensor<8xf32>
// CHECK: %[[A:.*]] = "onnx.Add"(%[[X]], %[[S]])
// CHECK: %[[Y:.*]] = "onnx.RMSNormalization"(%[[A]], %[[W]])
// CHECK: return %[[Y]], %[[A]]
func.func @skip(%x: tensor<1x3x8xf32>, %skip: tensor<1x3x8xf32>, %w: tensor<8xf32>) -> (tensor<1x3x8xf32>, tensor<1x3x8xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.SkipSimplifiedLayerNormalization"(%x, %skip, %w, %none) {epsilon = 1.0e-6 : f32}
      : (tensor<1x3x8xf32>, tensor<1x3x8xf32>, tensor<8xf32>, none) -> (tensor<1x3x8xf32>, none, none, tensor<1x3x8xf32>)
  return %0#0, %0#3 : tensor<1x3x8xf32>, tensor<1x3x8xf32>
}

// -----

// The packed projection becomes three on ranges of its columns; the mask is added.
// CHECK-LABEL: func @attention
// CHECK-SAME: %[[X:.*]]: tensor<2x3x8xf32>, %[[W:.*]]: tensor<8x24xf32>, %[[B:.*]]: tensor<24xf32>
// CHECK: %[[WQ:.*]] = "onnx.Slice"(%[[W]], {{.*}} -> tensor<8x8xf32>
// CHECK: %[[Q:.*]] = "onnx.MatMul"(%[[X]], %[[WQ]])
// CHECK: %[[BQ:.*]] = "onnx.Slice"(%[[B]], {{.*}} -> tensor<8xf32>
// CHECK: "onnx.Add"(%[[Q]], %[[BQ]])
// CHECK: "onnx.Constant"() {value = dense<-1.000000e+04> : tensor<f32>}
// CHECK: %[[M:.*]] = "onnx.Where"({{.*}} -> tensor<2x1x1x3xf32>
// CHECK: "onnx.Attention"(%{{.*}}, %{{.*}}, %{{.*}}, %[[M]], {{.*}} {is_causal = 1 : si64
// CHECK-SAME: -> (tensor<2x2x3x4xf32>, none, none, none)
func.func @attention(%x: tensor<2x3x8xf32>, %w: tensor<8x24xf32>, %b: tensor<24xf32>, %m: tensor<2x3xi32>) -> tensor<2x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  %0:2 = "onnx.ms.Attention"(%x, %w, %b, %m, %none, %none, %none) {num_heads = 2 : si64, unidirectional = 1 : si64}
      : (tensor<2x3x8xf32>, tensor<8x24xf32>, tensor<24xf32>, tensor<2x3xi32>, none, none, none) -> (tensor<2x3x8xf32>, none)
  return %0#0 : tensor<2x3x8xf32>
}

// -----

// New keys go behind each sequence's own past; queries count from there.
// CHECK-LABEL: func @group_query
// CHECK-SAME: %[[Q:.*]]: tensor<2x1x32xf32>, %[[K:.*]]: tensor<2x1x16xf32>, %[[P:.*]]: tensor<2x2x4x8xf32>, %[[L:.*]]: tensor<2xi32>
// CHECK: %[[LENGTHS:.*]] = "onnx.Cast"(%[[L]])
// CHECK: %[[START:.*]] = "onnx.Where"({{.*}}) : {{.*}} -> tensor<2xi64>
// CHECK: %[[PK:.*]] = "onnx.TensorScatter"(%{{.*}}, %{{.*}}, %[[START]]) {axis = 2 : si64{{.*}} -> tensor<2x2x5x8xf32>
// CHECK: %[[PV:.*]] = "onnx.TensorScatter"
// CHECK: %[[TOTAL:.*]] = "onnx.Add"(%[[START]], {{.*}} -> tensor<2xi64>
// CHECK: "onnx.Attention"(%{{.*}}, %[[PK]], %[[PV]], %{{.*}}, %{{.*}}, %{{.*}}, %[[TOTAL]]) {is_causal = 1 : si64
// CHECK-SAME: left_window_size = 2 : si64
// CHECK: return %{{.*}}, %[[PK]]
func.func @group_query(%q: tensor<2x1x32xf32>, %k: tensor<2x1x16xf32>, %p: tensor<2x2x4x8xf32>, %l: tensor<2xi32>, %t: tensor<1xi32>) -> (tensor<2x1x32xf32>, tensor<2x2x5x8xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%q, %k, %k, %p, %p, %l, %t, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none)
      {num_heads = 4 : si64, kv_num_heads = 2 : si64, local_window_size = 3 : si64}
      : (tensor<2x1x32xf32>, tensor<2x1x16xf32>, tensor<2x1x16xf32>, tensor<2x2x4x8xf32>, tensor<2x2x4x8xf32>, tensor<2xi32>, tensor<1xi32>, none, none, none, none, none, none, none, none, none, none)
      -> (tensor<2x1x32xf32>, tensor<2x2x5x8xf32>, none, none)
  return %0#0, %0#1 : tensor<2x1x32xf32>, tensor<2x2x5x8xf32>
}

// -----

// CHECK-LABEL: func @experts
// CHECK: %[[P:.*]] = "onnx.Softmax"
// CHECK: %{{.*}}, %[[T:.*]] = "onnx.TopK"(%[[P]]
// CHECK: %[[E:.*]] = "onnx.Reshape"(%[[T]], {{.*}} -> tensor<10xi64>
// CHECK: %[[W1:.*]] = "onnx.Gather"(%{{.*}}, %[[E]]) {axis = 0 : si64} : (tensor<4x6x8xf32>, tensor<10xi64>) -> tensor<10x6x8xf32>
// CHECK: "onnx.MatMul"(%[[W1]], %{{.*}}) : (tensor<10x6x8xf32>, tensor<10x8x1xf32>) -> tensor<10x6x1xf32>
// CHECK: "onnx.Relu"
// CHECK: "onnx.MatMul"(%{{.*}}, %{{.*}}) : (tensor<10x8x6xf32>, tensor<10x6x1xf32>) -> tensor<10x8x1xf32>
// CHECK: "onnx.ReduceSum"
func.func @experts(%x: tensor<5x8xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x6x8xf32>, %w2: tensor<4x8x6xf32>) -> tensor<5x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MoE"(%x, %r, %w1, %none, %w2, %none, %none, %none) {k = 2 : si64, activation_type = "relu"}
      : (tensor<5x8xf32>, tensor<5x4xf32>, tensor<4x6x8xf32>, none, tensor<4x8x6xf32>, none, none, none) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}
