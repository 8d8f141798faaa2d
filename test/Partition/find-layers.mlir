// RUN: tp-opt %s -tp-find-layers | FileCheck %s

// Two layers of norm, product, product between an embedding and a head. The
// anchors have no names in common; what is around them follows.
// CHECK-LABEL: func.func @main
// CHECK: "onnx.Gather"
// CHECK-NOT: tp.layer
// CHECK-SAME: -> tensor<3x8xf32>
// CHECK: "onnx.RMSNormalization"({{.*}}tp.layer = 0
// CHECK: "onnx.MatMul"({{.*}}tp.layer = 0
// A weight that is added is no part of the pattern; the sum is used in the
// second layer alone.
// CHECK: "onnx.Add"({{.*}}tp.layer = 1
// CHECK: "onnx.Relu"({{.*}}tp.layer = 0
// CHECK: "onnx.MatMul"({{.*}}tp.layer = 0
// CHECK: "onnx.Add"({{.*}}tp.layer = 0
// Used by the second layer alone, it belongs to it.
// CHECK: "onnx.Neg"({{.*}}tp.layer = 1
// CHECK: "onnx.RMSNormalization"({{.*}}tp.layer = 1
// CHECK: "onnx.MatMul"({{.*}}tp.layer = 1
// CHECK: "onnx.Mul"({{.*}}tp.layer = 1
// CHECK: "onnx.MatMul"({{.*}}tp.layer = 1
// CHECK: "onnx.Add"({{.*}}tp.layer = 1
// CHECK-NOT: tp.layer
// CHECK: return
module attributes {tp.files = ["m.onnx"]} {
func.func @main(%ids: tensor<3xi64>, %scale: tensor<3x16xf32>) -> tensor<3x64xf32> {
  %table = tp.weight "table" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<64x8xf32>
  %n0 = tp.weight "n0" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<8xf32>
  %u0 = tp.weight "u0" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [16, 1]>} : tensor<8x16xf32>
  %d0 = tp.weight "d0" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<16x8xf32>
  %n1 = tp.weight "n1" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<8xf32>
  %u1 = tp.weight "u1" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [16, 1]>} : tensor<8x16xf32>
  %d1 = tp.weight "d1" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<16x8xf32>
  %p = tp.weight "p" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [16, 1]>} : tensor<3x16xf32>
  %head = tp.weight "head" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [64, 1]>} : tensor<8x64xf32>
  %x0 = "onnx.Gather"(%table, %ids) : (tensor<64x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
  %a0 = "onnx.RMSNormalization"(%x0, %n0) : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  %b0 = "onnx.MatMul"(%a0, %u0) : (tensor<3x8xf32>, tensor<8x16xf32>) -> tensor<3x16xf32>
  %s = "onnx.Add"(%scale, %p) : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  %c0 = "onnx.Relu"(%b0) : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %e0 = "onnx.MatMul"(%c0, %d0) : (tensor<3x16xf32>, tensor<16x8xf32>) -> tensor<3x8xf32>
  %x1 = "onnx.Add"(%x0, %e0) : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  %neg = "onnx.Neg"(%s) : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %a1 = "onnx.RMSNormalization"(%x1, %n1) : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  %b1 = "onnx.MatMul"(%a1, %u1) : (tensor<3x8xf32>, tensor<8x16xf32>) -> tensor<3x16xf32>
  %c1 = "onnx.Mul"(%b1, %neg) : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  %e1 = "onnx.MatMul"(%c1, %d1) : (tensor<3x16xf32>, tensor<16x8xf32>) -> tensor<3x8xf32>
  %x2 = "onnx.Add"(%x1, %e1) : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  %y = "onnx.MatMul"(%x2, %head) : (tensor<3x8xf32>, tensor<8x64xf32>) -> tensor<3x64xf32>
  return %y : tensor<3x64xf32>
}
}
