// RUN: tp-opt %s | tp-opt - | FileCheck %s

// CHECK-LABEL: func @operators
// CHECK: "onnx.NoValue"() : () -> none
// CHECK: "onnx.LayerNormalization"(%{{.*}}, %{{.*}}, %{{.*}}) {axis = -1 : si64, epsilon
// CHECK-SAME: -> (tensor<2x8xf32>, none, none)
// CHECK: "onnx.ms.FastGelu"
// CHECK: "onnx.Split"(%{{.*}}, %{{.*}}) {axis = 1 : si64, num_outputs = 2 : si64}
func.func @operators(%x: tensor<2x8xf32>, %w: tensor<8xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:3 = "onnx.LayerNormalization"(%x, %w, %none) : (tensor<2x8xf32>, tensor<8xf32>, none) -> (tensor<2x8xf32>, none, none)
  %1 = "onnx.ms.FastGelu"(%0#0, %none) : (tensor<2x8xf32>, none) -> tensor<2x8xf32>
  %2:2 = "onnx.Split"(%1, %none) {axis = 1 : si64, num_outputs = 2 : si64} : (tensor<2x8xf32>, none) -> (tensor<2x4xf32>, tensor<2x4xf32>)
  return %2#0, %2#1 : tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func @constants
// CHECK: "onnx.Constant"() {value = dense<[1, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
// CHECK: "onnx.SymbolicConstant"() {value = #tp.dims<[s0, s0 + 8]>} : () -> tensor<2xi64>
// CHECK: "onnx.SymbolicConstant"() {value = #tp.dims<[s1]>} : () -> tensor<i32>
func.func @constants() -> (tensor<2xi64>, tensor<2xi64>, tensor<i32>) {
  %0 = "onnx.Constant"() {value = dense<[1, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %1 = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, s0 + 8]>} : () -> tensor<2xi64>
  %2 = "onnx.SymbolicConstant"() {value = #tp.dims<[s1]>} : () -> tensor<i32>
  return %0, %1, %2 : tensor<2xi64>, tensor<2xi64>, tensor<i32>
}
