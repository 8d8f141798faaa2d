// RUN: tp-opt %s --tp-raise-contrib --tp-fold-weight-views --split-input-file --verify-diagnostics | FileCheck %s

// Interleaved gate and up projections are two views of the packed weight; a
// product reads its row's expert through the dequantisation.
// CHECK-LABEL: func @blocks
module attributes {tp.files = ["model.onnx"]} {
  func.func @blocks(%x: tensor<5x32xf32>, %r: tensor<5x4xf32>, %s2: tensor<4x32x1xf32>, %w2: tensor<4x32x8xui8>) -> tensor<5x32xf32> {
    %w1 = tp.weight "w1" {file = 0 : i32, view = #tp.view<elem = ui8, offset = 64, strides = [512, 16, 1]>} : tensor<4x32x16xui8>
    %s1 = tp.weight "s1" {file = 0 : i32, view = #tp.view<elem = f32, offset = 600, strides = [64, 2, 1]>} : tensor<4x32x2xf32>
    %none = "onnx.NoValue"() : () -> none
    // CHECK: "onnx.TopK"
    // CHECK-DAG: %[[GATE:.*]] = tp.weight "w1" {{.*}}elem = ui4, offset = 512, strides = [1024, 64, 1]>} : tensor<4x16x32xui4>
    // CHECK-DAG: %[[SCALE:.*]] = tp.weight "s1" {{.*}}elem = f32, offset = 600, strides = [64, 4, 1]>} : tensor<4x16x2xf32>
    // CHECK-DAG: tp.weight "w1" {{.*}}elem = ui4, offset = 640, strides = [1024, 64, 1]>} : tensor<4x16x32xui4>
    // CHECK: %[[D:.*]] = "onnx.DequantizeLinear"(%[[GATE]], %[[SCALE]], %{{.*}}) {axis = 2 : si64, block_size = 16 : si64
    // CHECK: %[[G:.*]] = "onnx.Gather"(%[[D]], %{{.*}}) {axis = 0 : si64} : {{.*}} -> tensor<10x16x32xf32>
    // CHECK: "onnx.MatMul"(%[[G]], %{{.*}}) : (tensor<10x16x32xf32>, tensor<10x32x1xf32>) -> tensor<10x16x1xf32>
    %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none)
        {k = 2 : si64, activation_type = "swiglu", swiglu_fusion = 1 : si64, block_size = 16 : si64}
        : (tensor<5x32xf32>, tensor<5x4xf32>, tensor<4x32x16xui8>, tensor<4x32x2xf32>, none, tensor<4x32x8xui8>, tensor<4x32x1xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x32xf32>
    return %0 : tensor<5x32xf32>
  }
}

// -----

// A scale for each row is one block; zero points are packed along the rows.
// CHECK-LABEL: func @rows
// CHECK-SAME: tensor<4x4xui8>
// CHECK: "onnx.BitwiseAnd"
// CHECK: "onnx.DequantizeLinear"(%{{.*}}, %{{.*}}, %{{.*}}) {axis = 2 : si64, block_size = 16 : si64{{.*}}} : (tensor<4x8x16xui8>, tensor<4x8x1xf32>, tensor<4x8x1xui8>) -> tensor<4x8x16xf32>
// CHECK: "onnx.Relu"
// CHECK: "onnx.DequantizeLinear"({{.*}}block_size = 8 : si64{{.*}} -> tensor<4x16x8xf32>
func.func @rows(%z: tensor<4x4xui8>, %x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %z, %none, %none, %none, %none, %none, %none, %none, %none, %none) {k = 1 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, tensor<4x4xui8>, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @floats(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with quant_type 'nvfp4' is not supported}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {quant_type = "nvfp4"}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @prepacked(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with weights_prepacked (a layout of one kind of device) is not supported}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {weights_prepacked = 1 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @width(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with fc2 experts of 3 bits (fc2_expert_weight_bits) is not supported}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {fc2_expert_weight_bits = 3 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @sparse_mixer(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with use_sparse_mixer is not supported}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {use_sparse_mixer = 1 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @activation(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with activation_type 'relu2' is not supported}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {activation_type = "relu2"}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @fusion(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with swiglu needs fc3 weights or swiglu_fusion}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {activation_type = "swiglu"}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @block(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE: the sizes of the weights, scales and zero points of fc1 do not fit each other and block_size 4}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {block_size = 4 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @columns(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x6xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE: fc1_experts_weights 'tensor<4x8x12xui8>' do not fit the input and the number of experts}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {k = 1 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x6xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @bias(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>, %b1: tensor<4x7xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE: fc1_experts_bias is not [experts, rows of the weights]}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %b1, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {k = 1 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, tensor<4x7xf32>, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, none, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}

// -----

func.func @global_scale(%x: tensor<5x16xf32>, %r: tensor<5x4xf32>, %w1: tensor<4x8x8xui8>, %s1: tensor<4x8xf32>, %w2: tensor<4x16x4xui8>, %s2: tensor<4x16xf32>, %g1: tensor<4xf32>) -> tensor<5x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{QMoE with fc1_global_scale is not supported}}
  %0 = "onnx.ms.QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %g1, %none, %none, %none, %none, %none) {k = 1 : si64}
      : (tensor<5x16xf32>, tensor<5x4xf32>, tensor<4x8x8xui8>, tensor<4x8xf32>, none, tensor<4x16x4xui8>, tensor<4x16xf32>, none, none, none, none, none, none, none, none, tensor<4xf32>, none, none, none, none, none) -> tensor<5x16xf32>
  return %0 : tensor<5x16xf32>
}
