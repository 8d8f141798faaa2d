// RUN: tp-opt %s --canonicalize --cse | FileCheck %s

// Operations are pure: what nobody uses goes, what is equal is one.
// CHECK-LABEL: func @pure
// CHECK-COUNT-1: "onnx.Constant"
// CHECK-NOT: "onnx.Exp"
// CHECK: %[[SUM:.*]] = "onnx.Add"(%arg0, %{{.*}})
// CHECK-NEXT: return %[[SUM]], %[[SUM]]
func.func @pure(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %dead = "onnx.Exp"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  %0 = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %2 = "onnx.Add"(%x, %0) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %3 = "onnx.Add"(%x, %1) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %2, %3 : tensor<2xf32>, tensor<2xf32>
}
