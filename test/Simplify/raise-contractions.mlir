// RUN: tp-opt %s --tp-raise-contractions --split-input-file | FileCheck %s

// Windows side by side are a matter of shape.
// CHECK-LABEL: func @patches
// CHECK-SAME: %[[X:.*]]: tensor<1x3x32x48xf32>
func.func @patches(%x: tensor<1x3x32x48xf32>, %w: tensor<8x3x16x16xf32>, %b: tensor<8xf32>) -> tensor<1x8x2x3xf32> {
  // CHECK-NOT: onnx.Gather
  // CHECK: "onnx.Transpose"({{.*}}) {perm = [0, 2, 4, 1, 3, 5]} : (tensor<1x3x2x16x3x16xf32>) -> tensor<1x2x3x3x16x16xf32>
  // CHECK: %[[Y:.*]] = "onnx.MatMul"({{.*}}) : (tensor<1x6x768xf32>, tensor<768x8xf32>) -> tensor<1x6x8xf32>
  // CHECK: "onnx.Add"(%[[Y]], {{.*}})
  // CHECK-NOT: onnx.Conv
  %0 = "onnx.Conv"(%x, %w, %b) {strides = [16, 16]} : (tensor<1x3x32x48xf32>, tensor<8x3x16x16xf32>, tensor<8xf32>) -> tensor<1x8x2x3xf32>
  return %0 : tensor<1x8x2x3xf32>
}

// -----

// CHECK-LABEL: func @overlap
module attributes {tp.symbols = ["batch", "length"]} {
  func.func @overlap(%x: tensor<?x4x?xf32, #tp.dims<[s0, 4, s1]>>, %w: tensor<8x4x3xf32>) -> tensor<?x8x?xf32, #tp.dims<[s0, 8, (s1 + 1) floordiv 2]>> {
    %none = "onnx.NoValue"() : () -> none
    // CHECK: %[[PADDED:.*]] = "onnx.Pad"
    // CHECK: "onnx.Range"
    // CHECK: "onnx.Mul"
    // CHECK: "onnx.Gather"(%[[PADDED]], {{.*}}) {axis = 2 : si64}
    // CHECK: "onnx.MatMul"({{.*}}) : (tensor<?x?x12xf32, #tp.dims<[s0, (s1 + 1) floordiv 2, 12]>>, tensor<12x8xf32>)
    // CHECK-NOT: onnx.Conv
    %0 = "onnx.Conv"(%x, %w, %none) {strides = [2], pads = [1, 1]} : (tensor<?x4x?xf32, #tp.dims<[s0, 4, s1]>>, tensor<8x4x3xf32>, none) -> tensor<?x8x?xf32, #tp.dims<[s0, 8, (s1 + 1) floordiv 2]>>
    return %0 : tensor<?x8x?xf32, #tp.dims<[s0, 8, (s1 + 1) floordiv 2]>>
  }
}

// -----

// CHECK-LABEL: func @groups
func.func @groups(%x: tensor<2x4x5xf32>, %w: tensor<8x2x1xf32>, %b: tensor<8xf32>) -> tensor<2x8x5xf32> {
  // CHECK: "onnx.MatMul"({{.*}}) : (tensor<2x2x5x2xf32>, tensor<2x2x4xf32>) -> tensor<2x2x5x4xf32>
  %0 = "onnx.Conv"(%x, %w, %b) {group = 2 : si64} : (tensor<2x4x5xf32>, tensor<8x2x1xf32>, tensor<8xf32>) -> tensor<2x8x5xf32>
  return %0 : tensor<2x8x5xf32>
}

// -----

// CHECK-LABEL: func @depthwise_stays
func.func @depthwise_stays(%x: tensor<2x4x5xf32>, %w: tensor<4x1x3xf32>, %b: tensor<4xf32>) -> tensor<2x4x3xf32> {
  // CHECK: onnx.Conv
  %0 = "onnx.Conv"(%x, %w, %b) {group = 4 : si64} : (tensor<2x4x5xf32>, tensor<4x1x3xf32>, tensor<4xf32>) -> tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// -----

// A linear layer keeps the dimensions of its rows.
// CHECK-LABEL: func @einsum_linear
func.func @einsum_linear(%x: tensor<2x5x8xf32>, %w: tensor<8x2x4xf32>) -> tensor<2x5x2x4xf32> {
  // CHECK: "onnx.MatMul"({{.*}}) : (tensor<2x5x8xf32>, tensor<8x8xf32>) -> tensor<2x5x8xf32>
  // CHECK-NOT: onnx.Einsum
  %0 = "onnx.Einsum"(%x, %w) {equation = "bsd, dhk -> bshk"} : (tensor<2x5x8xf32>, tensor<8x2x4xf32>) -> tensor<2x5x2x4xf32>
  return %0 : tensor<2x5x2x4xf32>
}

// -----

// CHECK-LABEL: func @einsum_ellipsis
func.func @einsum_ellipsis(%x: tensor<2x3x4x5xf32>, %y: tensor<2x3x6x5xf32>) -> tensor<2x3x6x4xf32> {
  // CHECK: %[[Y:.*]] = "onnx.MatMul"({{.*}}) : (tensor<2x3x4x5xf32>, tensor<2x3x5x6xf32>) -> tensor<2x3x4x6xf32>
  // CHECK: "onnx.Transpose"({{.*}}) {perm = [0, 1, 3, 2]} : (tensor<2x3x4x6xf32>) -> tensor<2x3x6x4xf32>
  %0 = "onnx.Einsum"(%x, %y) {equation = "...ik,...jk->...ji"} : (tensor<2x3x4x5xf32>, tensor<2x3x6x5xf32>) -> tensor<2x3x6x4xf32>
  return %0 : tensor<2x3x6x4xf32>
}

// -----

// Sums of one operand, diagonals and broadcasting are no matrix products.
// CHECK-LABEL: func @einsum_stays
func.func @einsum_stays(%x: tensor<3x4xf32>, %y: tensor<4x4xf32>, %z: tensor<1x5xf32>) -> (tensor<3xf32>, tensor<4xf32>, tensor<3x5xf32>) {
  // CHECK-COUNT-3: onnx.Einsum
  %0 = "onnx.Einsum"(%x) {equation = "ij->i"} : (tensor<3x4xf32>) -> tensor<3xf32>
  %1 = "onnx.Einsum"(%y) {equation = "ii->i"} : (tensor<4x4xf32>) -> tensor<4xf32>
  %2 = "onnx.Einsum"(%x, %z) {equation = "ij,jk->ik"} : (tensor<3x4xf32>, tensor<1x5xf32>) -> tensor<3x5xf32>
  return %0, %1, %2 : tensor<3xf32>, tensor<4xf32>, tensor<3x5xf32>
}
