// RUN: tp-opt %s --tp-clone-shared-weights | FileCheck %s

module attributes {tp.files = ["model.onnx"]} {
  // CHECK-LABEL: func @tied
  func.func @tied(%ids: tensor<3xi64>, %x: tensor<3x8xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [4, 1]>} : tensor<8x4xf32>
    // CHECK: %[[A:.*]] = tp.weight "w"
    // CHECK-NEXT: "onnx.Gather"(%[[A]]
    %0 = "onnx.Gather"(%w, %ids) : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
    // CHECK-NEXT: %[[B:.*]] = tp.weight "w"
    // CHECK-NEXT: "onnx.MatMul"(%{{.*}}, %[[B]])
    %1 = "onnx.MatMul"(%x, %w) : (tensor<3x8xf32>, tensor<8x4xf32>) -> tensor<3x4xf32>
    return %0, %1 : tensor<3x4xf32>, tensor<3x4xf32>
  }
}
