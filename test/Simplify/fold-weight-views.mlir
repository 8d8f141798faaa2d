// RUN: tp-opt %s --tp-fold-weight-views --split-input-file | FileCheck %s

// CHECK-LABEL: func @views
module attributes {tp.files = ["model.onnx"]} {
  func.func @views() -> (tensor<128x512xf32>, tensor<512x32xf32>, tensor<512x8x16xf32>, tensor<512x128xf16>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [128, 1]>} : tensor<512x128xf32>
    // CHECK-DAG: tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [1, 128]>} : tensor<128x512xf32>
    %0 = "onnx.Transpose"(%w) {perm = [1, 0]} : (tensor<512x128xf32>) -> tensor<128x512xf32>
    %starts = "onnx.Constant"() {value = dense<-64> : tensor<1xi64>} : () -> tensor<1xi64>
    %ends = "onnx.Constant"() {value = dense<9223372036854775807> : tensor<1xi64>} : () -> tensor<1xi64>
    %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
    %steps = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
    // 64 + 64 * 4 bytes, every other column.
    // CHECK-DAG: tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 320, strides = [128, 2]>} : tensor<512x32xf32>
    %1 = "onnx.Slice"(%w, %starts, %ends, %axes, %steps) : (tensor<512x128xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<512x32xf32>
    %shape = "onnx.Constant"() {value = dense<[512, 8, -1]> : tensor<3xi64>} : () -> tensor<3xi64>
    // CHECK-DAG: tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [128, 16, 1]>} : tensor<512x8x16xf32>
    %2 = "onnx.Reshape"(%w, %shape) : (tensor<512x128xf32>, tensor<3xi64>) -> tensor<512x8x16xf32>
    // CHECK-DAG: tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [128, 1]>} : tensor<512x128xf16>
    %3 = "onnx.Cast"(%w) {to = 10 : si64} : (tensor<512x128xf32>) -> tensor<512x128xf16>
    return %0, %1, %2, %3 : tensor<128x512xf32>, tensor<512x32xf32>, tensor<512x8x16xf32>, tensor<512x128xf16>
  }
}

// -----

// Merging dimensions that do not follow one another needs a copy.
// CHECK-LABEL: func @not_contiguous
module attributes {tp.files = ["model.onnx"]} {
  func.func @not_contiguous() -> (tensor<32xf32>, tensor<4x8xf16>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1, 4]>} : tensor<4x8xf32>
    %shape = "onnx.Constant"() {value = dense<32> : tensor<1xi64>} : () -> tensor<1xi64>
    // CHECK: "onnx.Reshape"
    %0 = "onnx.Reshape"(%w, %shape) : (tensor<4x8xf32>, tensor<1xi64>) -> tensor<32xf32>
    // One conversion at load only: rounding twice is not rounding once.
    // CHECK: "onnx.Cast"
    %h = tp.weight "h" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<4x8xbf16>
    %1 = "onnx.Cast"(%h) {to = 10 : si64} : (tensor<4x8xbf16>) -> tensor<4x8xf16>
    return %0, %1 : tensor<32xf32>, tensor<4x8xf16>
  }
}
