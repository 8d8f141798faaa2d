// RUN: tp-opt %s --tp-expand-quantized --tp-fold-weight-views --split-input-file --verify-diagnostics | FileCheck %s

// Bytes of two elements become a weight of 4-bit elements; zero points of odd
// rows have padding.
// CHECK-LABEL: func @n_bits
module attributes {tp.files = ["model.onnx"]} {
  func.func @n_bits(%x: tensor<2x48xf32>) -> tensor<2x6xf32> {
    %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = ui8, offset = 64, strides = [24, 8, 1]>} : tensor<6x3x8xui8>
    %s = tp.weight "s" {file = 0 : i32, view = #tp.view<elem = f32, offset = 400, strides = [3, 1]>} : tensor<6x3xf32>
    %z = tp.weight "z" {file = 0 : i32, view = #tp.view<elem = ui8, offset = 500, strides = [2, 1]>} : tensor<6x2xui8>
    %none = "onnx.NoValue"() : () -> none
    // CHECK-DAG: %[[B:.*]] = tp.weight "b" {{.*}}elem = ui4, offset = 512, strides = [48, 1]>} : tensor<6x48xui4>
    // CHECK-DAG: %[[Z:.*]] = tp.weight "z" {{.*}}elem = ui4, offset = 4000, strides = [4, 1]>} : tensor<6x3xui4>
    // CHECK: %[[D:.*]] = "onnx.DequantizeLinear"(%[[B]], %{{.*}}, %[[Z]]) {axis = 1 : si64, block_size = 16 : si64
    // CHECK: %[[T:.*]] = "onnx.Transpose"(%[[D]])
    // CHECK: "onnx.MatMul"(%{{.*}}, %[[T]])
    %0 = "onnx.ms.MatMulNBits"(%x, %b, %s, %z, %none, %none) {K = 48 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64} : (tensor<2x48xf32>, tensor<6x3x8xui8>, tensor<6x3xf32>, tensor<6x2xui8>, none, none) -> tensor<2x6xf32>
    return %0 : tensor<2x6xf32>
  }
}

// -----

// A zero point of zero costs nothing.
// CHECK-LABEL: func @integers
func.func @integers(%a: tensor<4x8xui8>, %b: tensor<8x6xi8>, %z: tensor<ui8>) -> tensor<4x6xi32> {
  %zero = "onnx.Constant"() {value = dense<0> : tensor<i8>} : () -> tensor<i8>
  // CHECK-DAG: %[[A:.*]] = "onnx.Cast"(%arg0)
  // CHECK-DAG: %[[Z:.*]] = "onnx.Cast"(%arg2)
  // CHECK-DAG: %[[S:.*]] = "onnx.Sub"(%[[A]], %[[Z]])
  // CHECK-DAG: %[[B:.*]] = "onnx.Cast"(%arg1)
  // CHECK: "onnx.MatMul"(%[[S]], %[[B]]) : (tensor<4x8xi32>, tensor<8x6xi32>) -> tensor<4x6xi32>
  %0 = "onnx.MatMulInteger"(%a, %b, %z, %zero) : (tensor<4x8xui8>, tensor<8x6xi8>, tensor<ui8>, tensor<i8>) -> tensor<4x6xi32>
  return %0 : tensor<4x6xi32>
}

// -----

func.func @reordered(%x: tensor<2x16xf32>, %b: tensor<6x1x8xui8>, %s: tensor<6x1xf32>, %g: tensor<16xi32>) -> tensor<2x6xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{'g_idx' (reordered columns) is not supported}}
  %0 = "onnx.ms.MatMulNBits"(%x, %b, %s, %none, %g, %none) {K = 16 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64} : (tensor<2x16xf32>, tensor<6x1x8xui8>, tensor<6x1xf32>, none, tensor<16xi32>, none) -> tensor<2x6xf32>
  return %0 : tensor<2x6xf32>
}
