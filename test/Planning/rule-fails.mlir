// RUN: tp-opt %s -tp-plan -verify-diagnostics | FileCheck %s

// What cannot be described is computed whole: a warning, and the rest is planned.
// CHECK: "onnx.MatMul"{{.*}}{"tp"}
// CHECK: "onnx.Concat"
// CHECK-SAME: tp.layouts = [#tp.layout<@mesh, [{}, {}]>]
module attributes {tp.files = ["model.onnx"]} {
  tp.mesh @mesh <["tp" = 2]>
  func.func @main(%x: tensor<4x64xf32>) -> tensor<4x128xf32> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [64, 1]>} : tensor<64x64xf32>
    %y = "onnx.MatMul"(%x, %w) : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32>
    // expected-warning@+1 {{every rank computes this operator whole: 'onnx.Concat' op axis 7 is not a dimension of a tensor of rank 2}}
    %z = "onnx.Concat"(%y, %y) {axis = 7 : si64} : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x128xf32>
    return %z : tensor<4x128xf32>
  }
}
