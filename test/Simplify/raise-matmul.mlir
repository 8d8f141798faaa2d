// RUN: tp-opt %s --tp-raise-matmul --split-input-file | FileCheck %s

// CHECK-LABEL: func @flattened
// CHECK-SAME: %[[X:.*]]: tensor
module attributes {tp.symbols = ["batch", "seq"], tp.files = ["model.onnx"]} {
  func.func @flattened(%x: tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>) -> tensor<?x?x384xf32, #tp.dims<[s0, s1, 384]>> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [128, 1]>} : tensor<384x128xf32>
    %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = f32, offset = 512, strides = [1]>} : tensor<384xf32>
    %flat = "onnx.Constant"() {value = dense<[-1, 128]> : tensor<2xi64>} : () -> tensor<2xi64>
    %full = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, s1, 384]>} : () -> tensor<3xi64>
    %0 = "onnx.Reshape"(%x, %flat) : (tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>, tensor<2xi64>) -> tensor<?x128xf32, #tp.dims<[s0 * s1, 128]>>
    // CHECK-DAG: %[[W:.*]] = tp.weight "w" {{.*}}strides = [1, 128]>} : tensor<128x384xf32>
    // CHECK-DAG: %[[B:.*]] = tp.weight "b"
    // CHECK: %[[Y:.*]] = "onnx.MatMul"(%[[X]], %[[W]])
    // CHECK: %[[Z:.*]] = "onnx.Add"(%[[Y]], %[[B]])
    %1 = "onnx.Gemm"(%0, %w, %b) {transB = 1 : si64} : (tensor<?x128xf32, #tp.dims<[s0 * s1, 128]>>, tensor<384x128xf32>, tensor<384xf32>) -> tensor<?x384xf32, #tp.dims<[s0 * s1, 384]>>
    // CHECK: return %[[Z]]
    %2 = "onnx.Reshape"(%1, %full) : (tensor<?x384xf32, #tp.dims<[s0 * s1, 384]>>, tensor<3xi64>) -> tensor<?x?x384xf32, #tp.dims<[s0, s1, 384]>>
    return %2 : tensor<?x?x384xf32, #tp.dims<[s0, s1, 384]>>
  }
}

// -----

// CHECK-LABEL: func @alpha_beta
func.func @alpha_beta(%a: tensor<4x3xf32>, %b: tensor<4x5xf32>, %c: tensor<5xf32>) -> tensor<3x5xf32> {
  // CHECK-DAG: %[[TWO:.*]] = "onnx.Constant"() {value = dense<2.0
  // CHECK-DAG: %[[HALF:.*]] = "onnx.Constant"() {value = dense<5.0{{.*}}e-01>
  // CHECK: %[[T:.*]] = "onnx.Transpose"
  // CHECK: %[[M:.*]] = "onnx.MatMul"(%[[T]]
  // CHECK: %[[S:.*]] = "onnx.Mul"(%[[M]], %[[TWO]])
  // CHECK: %[[C:.*]] = "onnx.Mul"(%{{.*}}, %[[HALF]])
  // CHECK: "onnx.Add"(%[[S]], %[[C]])
  %0 = "onnx.Gemm"(%a, %b, %c) {alpha = 2.0 : f32, beta = 0.5 : f32, transA = 1 : si64} : (tensor<4x3xf32>, tensor<4x5xf32>, tensor<5xf32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}
