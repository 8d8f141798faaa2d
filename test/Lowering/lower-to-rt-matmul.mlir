// RUN: tp-opt %s -tp-lower-to-rt -canonicalize -split-input-file | FileCheck %s

// Bias, activation and residual join the product; the transposed weight is read
// in the order in which it is stored.
// CHECK: rt.weights = [#rt.weight<"w", f32, <[64, 32]>, {{.*}}strides = [32, 1]
module attributes {tp.symbols = ["n"], tp.files = ["m.onnx"]} {
// CHECK-LABEL: func @epilogue
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32, {{.*}}>, %[[R:.*]]: tensor<?x64xf32, {{.*}}>)
func.func @epilogue(%x: tensor<?x32xf32, #tp.dims<[s0, 32]>>, %r: tensor<?x64xf32, #tp.dims<[s0, 64]>>)
    -> tensor<?x64xf32, #tp.dims<[s0, 64]>> {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1, 32]>} : tensor<32x64xf32>
  %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = f32, offset = 8192, strides = [1]>} : tensor<64xf32>
  // CHECK-DAG: %[[W:.*]] = rt.weight 0 : tensor<64x32xf32>
  // CHECK-DAG: %[[B:.*]] = rt.weight 1 : tensor<64xf32>
  // CHECK-DAG: %[[N:.*]] = rt.symbol 0
  // CHECK-DAG: %[[E:.*]] = tensor.empty(%[[N]])
  // CHECK: %[[Y:.*]] = rt.matmul ins(%[[X]], %[[W]] : {{.*}}) bias(%[[B]] : tensor<64xf32>) residual(%[[R]] : {{[^)]*}})
  // CHECK-SAME: outs(%[[E]] : {{.*}}) {activation = 2 : i32, perms = [array<i64>, array<i64: 1, 0>, array<i64>, array<i64>, array<i64>], rt.op_type = "MatMul"}
  // CHECK: return %[[Y]]
  %0 = "onnx.MatMul"(%x, %w) : (tensor<?x32xf32, #tp.dims<[s0, 32]>>, tensor<32x64xf32>) -> tensor<?x64xf32, #tp.dims<[s0, 64]>>
  %1 = "onnx.Add"(%b, %0) : (tensor<64xf32>, tensor<?x64xf32, #tp.dims<[s0, 64]>>) -> tensor<?x64xf32, #tp.dims<[s0, 64]>>
  %2 = "onnx.Gelu"(%1) : (tensor<?x64xf32, #tp.dims<[s0, 64]>>) -> tensor<?x64xf32, #tp.dims<[s0, 64]>>
  %3 = "onnx.Add"(%r, %2) : (tensor<?x64xf32, #tp.dims<[s0, 64]>>, tensor<?x64xf32, #tp.dims<[s0, 64]>>) -> tensor<?x64xf32, #tp.dims<[s0, 64]>>
  return %3 : tensor<?x64xf32, #tp.dims<[s0, 64]>>
}
}

// -----

// A product that others read too keeps its own result.
// CHECK-LABEL: func @two_uses
func.func @two_uses(%x: tensor<4x8xf32>, %y: tensor<8x8xf32>, %b: tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  // CHECK: rt.matmul ins({{.*}}) outs
  // CHECK: onnx.Add
  %0 = "onnx.MatMul"(%x, %y) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = "onnx.Add"(%0, %b) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// The residual comes before the activation: not the epilogue's order.
// CHECK-LABEL: func @order
func.func @order(%x: tensor<4x8xf32>, %y: tensor<8x8xf32>, %r: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: rt.matmul ins({{.*}}) residual
  // CHECK: onnx.Relu
  %0 = "onnx.MatMul"(%x, %y) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = "onnx.Add"(%0, %r) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "onnx.Relu"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @gemm
func.func @gemm(%x: tensor<8x4xf32>, %y: tensor<8x16xf32>, %c: tensor<16xf32>) -> tensor<4x16xf32> {
  // CHECK: rt.matmul ins({{.*}}) bias({{.*}}) outs({{.*}}) {alpha = 5.000000e-01 : f32, perms = [array<i64: 1, 0>, array<i64>,
  %0 = "onnx.Gemm"(%x, %y, %c) {alpha = 0.5 : f32, transA = 1 : si64} : (tensor<8x4xf32>, tensor<8x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
  return %0 : tensor<4x16xf32>
}

// -----

// Weights concatenated on load are one entry of several parts; equal weights
// are one entry.
// CHECK: rt.weights = [#rt.weight<"a+b", f32, <[8, 12]>, [<file = 0, {{.*}} start = <[0, 0]>, sizes = <[8, 8]>>, <{{.*}} start = <[0, 8]>, sizes = <[8, 4]>>]>]
module attributes {tp.files = ["m.onnx"]} {
// CHECK-LABEL: func @packed
func.func @packed(%x: tensor<4x8xf32>) -> (tensor<4x12xf32>, tensor<4x12xf32>) {
  %a = tp.weight "a" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
  %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = f32, offset = 256, strides = [4, 1]>} : tensor<8x4xf32>
  %w = "onnx.Concat"(%a, %b) {axis = -1 : si64} : (tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x12xf32>
  // CHECK: rt.weight 0 : tensor<8x12xf32>
  // CHECK-NOT: onnx.Concat
  %0 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x12xf32>) -> tensor<4x12xf32>
  %1 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x12xf32>) -> tensor<4x12xf32>
  return %0, %1 : tensor<4x12xf32>, tensor<4x12xf32>
}
}
