// RUN: tp-opt %s -split-input-file -tp-merge-matmuls | FileCheck %s

// CHECK-LABEL: func.func @qkv
// CHECK-SAME: %[[X:[a-z0-9]+]]:
// CHECK-DAG: %[[WQ:.*]] = tp.weight "wq"
// CHECK-DAG: %[[WK:.*]] = tp.weight "wk"
// CHECK: %[[W:.*]] = "onnx.Concat"(%[[WQ]], %[[WK]]) {axis = -1 : si64} : {{.*}} -> tensor<8x6xf32>
// CHECK: %[[M:.*]] = "onnx.MatMul"(%[[X]], %[[W]]) : {{.*}} -> tensor<?x6xf32, #tp.dims<[s0, 6]>>
// CHECK: %[[Q:.*]] = "onnx.Slice"(%[[M]], {{.*}} -> tensor<?x4xf32, #tp.dims<[s0, 4]>>
// CHECK: %[[K:.*]] = "onnx.Slice"(%[[M]], {{.*}} -> tensor<?x2xf32, #tp.dims<[s0, 2]>>
// Another left operand.
// CHECK: "onnx.MatMul"(%[[Q]],
// CHECK: return %[[K]]
module attributes {tp.files = ["m.onnx"], tp.symbols = ["seq"]} {
func.func @qkv(%x: tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> (tensor<?x2xf32, #tp.dims<[s0, 2]>>, tensor<?x3xf32, #tp.dims<[s0, 3]>>) {
  %wq = tp.weight "wq" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [4, 1]>} : tensor<8x4xf32>
  %q = "onnx.MatMul"(%x, %wq) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>, tensor<8x4xf32>) -> tensor<?x4xf32, #tp.dims<[s0, 4]>>
  %wk = tp.weight "wk" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [2, 1]>} : tensor<8x2xf32>
  %k = "onnx.MatMul"(%x, %wk) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>, tensor<8x2xf32>) -> tensor<?x2xf32, #tp.dims<[s0, 2]>>
  %wo = tp.weight "wo" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [3, 1]>} : tensor<4x3xf32>
  %o = "onnx.MatMul"(%q, %wo) : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<4x3xf32>) -> tensor<?x3xf32, #tp.dims<[s0, 3]>>
  return %k, %o : tensor<?x2xf32, #tp.dims<[s0, 2]>>, tensor<?x3xf32, #tp.dims<[s0, 3]>>
}
}

// -----

// The parts of a fused projection are side by side in the file.
// CHECK-LABEL: func.func @fused
// CHECK: %[[W:.*]] = tp.weight "wq" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [8, 1]>} : tensor<8x8xf32>
// CHECK-NOT: tp.weight
// CHECK-NOT: onnx.Concat
// CHECK: "onnx.MatMul"(%{{.*}}, %[[W]])
module attributes {tp.files = ["m.onnx"]} {
func.func @fused(%x: tensor<2x8xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %wq = tp.weight "wq" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [8, 1]>} : tensor<8x4xf32>
  %wk = tp.weight "wk" {file = 0 : i32, view = #tp.view<elem = f32, offset = 80, strides = [8, 1]>} : tensor<8x4xf32>
  %q = "onnx.MatMul"(%x, %wq) : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %k = "onnx.MatMul"(%x, %wk) : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  return %q, %k : tensor<2x4xf32>, tensor<2x4xf32>
}
}
