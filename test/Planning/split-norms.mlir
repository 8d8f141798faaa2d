// RUN: tp-opt %s -tp-plan -tp-partition -split-input-file | FileCheck %s

// The norm of all queries before they are heads: one sum per row, no rows.
// CHECK-LABEL: func.func @queries
// CHECK: %[[X:.*]] = "onnx.MatMul"{{.*}} -> tensor<2048x256xf32>
// CHECK: %[[SQUARES:.*]] = "onnx.ReduceSum"{{.*}} -> tensor<2048x1xf32>
// CHECK: tp.all_reduce %[[SQUARES]] sum over <["tp"]> {{.*}}: tensor<2048x1xf32>
// CHECK: "onnx.Mul"(%{{.*}}, %{{.*}}) {{.*}}(tensor<2048x256xf32>, tensor<256xf32>) -> tensor<2048x256xf32>
// CHECK: "onnx.Reshape"{{.*}} -> tensor<2048x4x64xf32>
// CHECK-NOT: tp.all_gather
// CHECK: return
module attributes {tp.files = ["model.onnx"]} {
  tp.mesh @mesh <["tp" = 2]>
  func.func @queries(%x: tensor<2048x512xf32>) -> tensor<2048x512xf32> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [512, 1]>} : tensor<512x512xf32>
    %o = tp.weight "o" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [512, 1]>} : tensor<512x512xf32>
    %scale = tp.weight "s" {file = 0 : i32, view = #tp.view<elem = f32, offset = 2097152, strides = [1]>} : tensor<512xf32>
    %heads = "onnx.Constant"() {value = dense<[2048, 8, 64]> : tensor<3xi64>} : () -> tensor<3xi64>
    %flat = "onnx.Constant"() {value = dense<[2048, 512]> : tensor<2xi64>} : () -> tensor<2xi64>
    %q = "onnx.MatMul"(%x, %w) : (tensor<2048x512xf32>, tensor<512x512xf32>) -> tensor<2048x512xf32>
    %n = "onnx.RMSNormalization"(%q, %scale) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<2048x512xf32>, tensor<512xf32>) -> tensor<2048x512xf32>
    %h = "onnx.Reshape"(%n, %heads) : (tensor<2048x512xf32>, tensor<3xi64>) -> tensor<2048x8x64xf32>
    %p = "onnx.Softmax"(%h) {axis = -1 : si64} : (tensor<2048x8x64xf32>) -> tensor<2048x8x64xf32>
    %f = "onnx.Reshape"(%p, %flat) : (tensor<2048x8x64xf32>, tensor<2xi64>) -> tensor<2048x512xf32>
    %y = "onnx.MatMul"(%f, %o) : (tensor<2048x512xf32>, tensor<512x512xf32>) -> tensor<2048x512xf32>
    %z = "onnx.Add"(%y, %x) : (tensor<2048x512xf32>, tensor<2048x512xf32>) -> tensor<2048x512xf32>
    %norm = "onnx.RMSNormalization"(%z, %scale) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<2048x512xf32>, tensor<512xf32>) -> tensor<2048x512xf32>
    return %norm : tensor<2048x512xf32>
  }
}

// -----

// Of one row as well, whose heads need no Transpose.
// CHECK-LABEL: func.func @row
// CHECK-NOT: "onnx.RMSNormalization"
// CHECK: "onnx.ReduceSum"
// CHECK: return
module attributes {tp.files = ["model.onnx"]} {
  tp.mesh @mesh <["tp" = 2]>
  func.func @row(%x: tensor<1x512xf32>) -> tensor<1x512xf32> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [512, 1]>} : tensor<512x512xf32>
    %o = tp.weight "o" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [512, 1]>} : tensor<512x512xf32>
    %scale = tp.weight "s" {file = 0 : i32, view = #tp.view<elem = f32, offset = 2097152, strides = [1]>} : tensor<512xf32>
    %heads = "onnx.Constant"() {value = dense<[1, 8, 1, 64]> : tensor<4xi64>} : () -> tensor<4xi64>
    %flat = "onnx.Constant"() {value = dense<[1, 512]> : tensor<2xi64>} : () -> tensor<2xi64>
    %q = "onnx.MatMul"(%x, %w) : (tensor<1x512xf32>, tensor<512x512xf32>) -> tensor<1x512xf32>
    %n = "onnx.RMSNormalization"(%q, %scale) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<1x512xf32>, tensor<512xf32>) -> tensor<1x512xf32>
    %h = "onnx.Reshape"(%n, %heads) : (tensor<1x512xf32>, tensor<4xi64>) -> tensor<1x8x1x64xf32>
    %p = "onnx.Softmax"(%h) {axis = -1 : si64} : (tensor<1x8x1x64xf32>) -> tensor<1x8x1x64xf32>
    %f = "onnx.Reshape"(%p, %flat) : (tensor<1x8x1x64xf32>, tensor<2xi64>) -> tensor<1x512xf32>
    %y = "onnx.MatMul"(%f, %o) : (tensor<1x512xf32>, tensor<512x512xf32>) -> tensor<1x512xf32>
    return %y : tensor<1x512xf32>
  }
}

// -----

// Of a residual stream it stays a norm.
// CHECK-LABEL: func.func @residual
// CHECK: "onnx.RMSNormalization"
module attributes {tp.files = ["model.onnx"]} {
  tp.mesh @mesh <["tp" = 2]>
  func.func @residual(%x: tensor<2048x512xf32>) -> tensor<2048x512xf32> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [512, 1]>} : tensor<512x512xf32>
    %scale = tp.weight "s" {file = 0 : i32, view = #tp.view<elem = f32, offset = 2097152, strides = [1]>} : tensor<512xf32>
    %q = "onnx.MatMul"(%x, %w) : (tensor<2048x512xf32>, tensor<512x512xf32>) -> tensor<2048x512xf32>
    %r = "onnx.Add"(%q, %x) : (tensor<2048x512xf32>, tensor<2048x512xf32>) -> tensor<2048x512xf32>
    %n = "onnx.RMSNormalization"(%r, %scale) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<2048x512xf32>, tensor<512xf32>) -> tensor<2048x512xf32>
    return %n : tensor<2048x512xf32>
  }
}

// -----

// The norm in front of the output projection of a gated layer: a sum per row, and
// the one of the products.
// CHECK-LABEL: func.func @gated
// CHECK: %[[SQUARES:.*]] = "onnx.ReduceSum"{{.*}} -> tensor<2048x1xf32>
// CHECK: tp.all_reduce %[[SQUARES]] sum over <["tp"]> {{.*}}: tensor<2048x1xf32>
// CHECK: %[[Y:.*]] = "onnx.MatMul"{{.*}} (tensor<2048x512xf32>, tensor<512x512xf32>) -> tensor<2048x512xf32>
// CHECK: tp.reduce_scatter %[[Y]] sum
// CHECK-NOT: tp.all_gather
// CHECK: return
module attributes {tp.files = ["model.onnx"]} {
  tp.mesh @mesh <["tp" = 2]>
  func.func @gated(%x: tensor<2048x512xf32>) -> tensor<2048x512xf32> {
    %u = tp.weight "u" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<512x1024xf32>
    %g = tp.weight "g" {file = 0 : i32, view = #tp.view<elem = f32, offset = 2097152, strides = [1024, 1]>} : tensor<512x1024xf32>
    %d = tp.weight "d" {file = 0 : i32, view = #tp.view<elem = f32, offset = 4194304, strides = [512, 1]>} : tensor<1024x512xf32>
    %scale = tp.weight "s" {file = 0 : i32, view = #tp.view<elem = f32, offset = 6291456, strides = [1]>} : tensor<1024xf32>
    %last = tp.weight "l" {file = 0 : i32, view = #tp.view<elem = f32, offset = 6295552, strides = [1]>} : tensor<512xf32>
    %0 = "onnx.MatMul"(%x, %u) : (tensor<2048x512xf32>, tensor<512x1024xf32>) -> tensor<2048x1024xf32>
    %1 = "onnx.MatMul"(%x, %g) : (tensor<2048x512xf32>, tensor<512x1024xf32>) -> tensor<2048x1024xf32>
    %2 = "onnx.Relu"(%1) : (tensor<2048x1024xf32>) -> tensor<2048x1024xf32>
    %3 = "onnx.Mul"(%2, %0) : (tensor<2048x1024xf32>, tensor<2048x1024xf32>) -> tensor<2048x1024xf32>
    %4 = "onnx.RMSNormalization"(%3, %scale) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<2048x1024xf32>, tensor<1024xf32>) -> tensor<2048x1024xf32>
    %5 = "onnx.MatMul"(%4, %d) : (tensor<2048x1024xf32>, tensor<1024x512xf32>) -> tensor<2048x512xf32>
    %6 = "onnx.Add"(%5, %x) : (tensor<2048x512xf32>, tensor<2048x512xf32>) -> tensor<2048x512xf32>
    %7 = "onnx.RMSNormalization"(%6, %last) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<2048x512xf32>, tensor<512xf32>) -> tensor<2048x512xf32>
    return %7 : tensor<2048x512xf32>
  }
}
