// RUN: tp-opt %s --tp-simplify-movement --tp-unfuse-projections --split-input-file | FileCheck %s

// GPT-2: Split of columns, with a bias.
// CHECK-LABEL: func @split
module attributes {tp.files = ["model.onnx"]} {
  func.func @split(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x4xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [12, 1]>} : tensor<8x12xf32>
    %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1000, strides = [1]>} : tensor<12xf32>
    %s = "onnx.Constant"() {value = dense<[8, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK-DAG: %[[W0:.*]] = tp.weight "w" {{.*}}offset = 0, strides = [12, 1]>} : tensor<8x8xf32>
    // CHECK-DAG: %[[W1:.*]] = tp.weight "w" {{.*}}offset = 32, strides = [12, 1]>} : tensor<8x4xf32>
    // CHECK-DAG: %[[B0:.*]] = tp.weight "b" {{.*}}offset = 1000, {{.*}} : tensor<8xf32>
    // CHECK-DAG: %[[B1:.*]] = tp.weight "b" {{.*}}offset = 1032, {{.*}} : tensor<4xf32>
    // CHECK-DAG: %[[M0:.*]] = "onnx.MatMul"(%{{.*}}, %[[W0]])
    // CHECK-DAG: %[[M1:.*]] = "onnx.MatMul"(%{{.*}}, %[[W1]])
    // CHECK-DAG: "onnx.Add"(%[[M0]], %[[B0]])
    // CHECK-DAG: "onnx.Add"(%[[M1]], %[[B1]])
    %0 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x12xf32>) -> tensor<4x12xf32>
    %1 = "onnx.Add"(%0, %b) : (tensor<4x12xf32>, tensor<12xf32>) -> tensor<4x12xf32>
    %2:2 = "onnx.Split"(%1, %s) {axis = 1 : si64} : (tensor<4x12xf32>, tensor<2xi64>) -> (tensor<4x8xf32>, tensor<4x4xf32>)
    return %2#0, %2#1 : tensor<4x8xf32>, tensor<4x4xf32>
  }
}

// -----

// The range is taken after a Reshape whose major new dimension it is.
// CHECK-LABEL: func @reshaped
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @reshaped(%x: tensor<4x8xf32>) -> (tensor<4x2x2xf32>, tensor<4x2x2xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
    %s = "onnx.Constant"() {value = dense<[4, 2, 2, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
    %i0 = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %i1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [8, 1]>} : tensor<8x4xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 16, strides = [8, 1]>} : tensor<8x4xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<4x8xf32>, tensor<4xi64>) -> tensor<4x2x2x2xf32>
    %2 = "onnx.Gather"(%1, %i0) {axis = 1 : si64} : (tensor<4x2x2x2xf32>, tensor<i64>) -> tensor<4x2x2xf32>
    %3 = "onnx.Gather"(%1, %i1) {axis = 1 : si64} : (tensor<4x2x2x2xf32>, tensor<i64>) -> tensor<4x2x2xf32>
    return %2, %3 : tensor<4x2x2xf32>, tensor<4x2x2xf32>
  }
}

// -----

// Heads are the major factor: the projection splits by heads as it is.
// CHECK-LABEL: func @heads_major
// CHECK: onnx.MatMul
// CHECK-NOT: onnx.MatMul
module attributes {tp.files = ["model.onnx"]} {
  func.func @heads_major(%x: tensor<4x8xf32>) -> tensor<4x2x2xf32> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [12, 1]>} : tensor<8x12xf32>
    %s = "onnx.Constant"() {value = dense<[4, 2, 3, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
    %i = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x12xf32>) -> tensor<4x12xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<4x12xf32>, tensor<4xi64>) -> tensor<4x2x3x2xf32>
    %2 = "onnx.Gather"(%1, %i) {axis = 2 : si64} : (tensor<4x2x3x2xf32>, tensor<i64>) -> tensor<4x2x2xf32>
    return %2 : tensor<4x2x2xf32>
  }
}

// -----

// Someone needs the whole projection.
// CHECK-LABEL: func @also_whole
// CHECK: onnx.MatMul
// CHECK: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @also_whole(%x: tensor<4x8xf32>) -> (tensor<4x4xf32>, tensor<4x8xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
    %s = "onnx.Constant"() {value = dense<4> : tensor<2xi64>} : () -> tensor<2xi64>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %1:2 = "onnx.Split"(%0, %s) {axis = 1 : si64} : (tensor<4x8xf32>, tensor<2xi64>) -> (tensor<4x4xf32>, tensor<4x4xf32>)
    return %1#0, %0 : tensor<4x4xf32>, tensor<4x8xf32>
  }
}

// -----

// Falcon, and vision models: the parts are moved to the front first.
// CHECK-LABEL: func @moved_to_front
// CHECK-NOT: onnx.GatherND
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @moved_to_front(%x: tensor<4x8xf32>) -> (tensor<1x4x2xf32>, tensor<4x2xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [4, 1]>} : tensor<8x4xf32>
    %s = "onnx.Constant"() {value = dense<[4, 2, 2]> : tensor<3xi64>} : () -> tensor<3xi64>
    %i0 = "onnx.Constant"() {value = dense<0> : tensor<1x1xi64>} : () -> tensor<1x1xi64>
    %i1 = "onnx.Constant"() {value = dense<-1> : tensor<i64>} : () -> tensor<i64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [4, 1]>} : tensor<8x2xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 8, strides = [4, 1]>} : tensor<8x2xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<4x4xf32>, tensor<3xi64>) -> tensor<4x2x2xf32>
    %2 = "onnx.Transpose"(%1) {perm = [1, 0, 2]} : (tensor<4x2x2xf32>) -> tensor<2x4x2xf32>
    %3 = "onnx.GatherND"(%2, %i0) {batch_dims = 0 : si64} : (tensor<2x4x2xf32>, tensor<1x1xi64>) -> tensor<1x4x2xf32>
    %4 = "onnx.Gather"(%2, %i1) {axis = 0 : si64} : (tensor<2x4x2xf32>, tensor<i64>) -> tensor<4x2xf32>
    return %3, %4 : tensor<1x4x2xf32>, tensor<4x2xf32>
  }
}

// -----

// GPT-BigCode: a dimension of one is inserted before the columns are split.
// CHECK-LABEL: func @reshaped_rows
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @reshaped_rows(%x: tensor<3x4x8xf32>) -> (tensor<3x1x4x4xf32>, tensor<3x1x4x2xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [6, 1]>} : tensor<8x6xf32>
    %s = "onnx.Constant"() {value = dense<[3, 1, 4, 6]> : tensor<4xi64>} : () -> tensor<4xi64>
    %sizes = "onnx.Constant"() {value = dense<[4, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [6, 1]>} : tensor<8x4xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 16, strides = [6, 1]>} : tensor<8x2xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<3x4x8xf32>, tensor<8x6xf32>) -> tensor<3x4x6xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<3x4x6xf32>, tensor<4xi64>) -> tensor<3x1x4x6xf32>
    %2:2 = "onnx.Split"(%1, %sizes) {axis = -1 : si64} : (tensor<3x1x4x6xf32>, tensor<2xi64>) -> (tensor<3x1x4x4xf32>, tensor<3x1x4x2xf32>)
    return %2#0, %2#1 : tensor<3x1x4x4xf32>, tensor<3x1x4x2xf32>
  }
}

// -----

// torch.nn.MultiheadAttention: a dimension of one is inserted, moved and dropped
// on the way.
// CHECK-LABEL: func @moved_with_a_one
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @moved_with_a_one(%x: tensor<3x4x8xf32>) -> (tensor<3x4x2xf32>, tensor<3x4x2xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [4, 1]>} : tensor<8x4xf32>
    %s = "onnx.Constant"() {value = dense<[1, 3, 4, 2, 2]> : tensor<5xi64>} : () -> tensor<5xi64>
    %t = "onnx.Constant"() {value = dense<[2, 3, 4, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
    %i0 = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %i1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [4, 1]>} : tensor<8x2xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 8, strides = [4, 1]>} : tensor<8x2xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<3x4x8xf32>, tensor<8x4xf32>) -> tensor<3x4x4xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<3x4x4xf32>, tensor<5xi64>) -> tensor<1x3x4x2x2xf32>
    %2 = "onnx.Transpose"(%1) {perm = [3, 1, 2, 0, 4]} : (tensor<1x3x4x2x2xf32>) -> tensor<2x3x4x1x2xf32>
    %3 = "onnx.Reshape"(%2, %t) : (tensor<2x3x4x1x2xf32>, tensor<4xi64>) -> tensor<2x3x4x2xf32>
    %4 = "onnx.Gather"(%3, %i0) {axis = 0 : si64} : (tensor<2x3x4x2xf32>, tensor<i64>) -> tensor<3x4x2xf32>
    %5 = "onnx.Gather"(%3, %i1) {axis = 0 : si64} : (tensor<2x3x4x2xf32>, tensor<i64>) -> tensor<3x4x2xf32>
    return %4, %5 : tensor<3x4x2xf32>, tensor<3x4x2xf32>
  }
}

// -----

// Packed weights of 4 bits with a scale and a zero point per block of a column:
// ranges of all three.
// CHECK-LABEL: func @quantized
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @quantized(%x: tensor<3x64xf32>) -> (tensor<3x2xf32>, tensor<3x4xf32>) {
    %q = tp.weight "q" {file = 0 : i32, view = #tp.view<elem = ui4, offset = 0, strides = [64, 1]>} : tensor<6x64xui4>
    %s = tp.weight "s" {file = 0 : i32, view = #tp.view<elem = f32, offset = 192, strides = [2, 1]>} : tensor<6x2xf32>
    %z = tp.weight "z" {file = 0 : i32, view = #tp.view<elem = ui4, offset = 240, strides = [2, 1]>} : tensor<6x2xui4>
    %sizes = "onnx.Constant"() {value = dense<[2, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK-DAG: tp.weight "q" {{.*}}offset = 0, strides = [64, 1]>} : tensor<2x64xui4>
    // CHECK-DAG: tp.weight "q" {{.*}}offset = 512, strides = [64, 1]>} : tensor<4x64xui4>
    // CHECK-DAG: tp.weight "s" {{.*}}offset = 192, strides = [2, 1]>} : tensor<2x2xf32>
    // CHECK-DAG: tp.weight "s" {{.*}}offset = 208, strides = [2, 1]>} : tensor<4x2xf32>
    // CHECK-DAG: tp.weight "z" {{.*}}offset = 256, strides = [2, 1]>} : tensor<4x2xui4>
    %d = "onnx.DequantizeLinear"(%q, %s, %z) {axis = 1 : si64, block_size = 32 : si64} : (tensor<6x64xui4>, tensor<6x2xf32>, tensor<6x2xui4>) -> tensor<6x64xf32>
    %w = "onnx.Transpose"(%d) {perm = [1, 0]} : (tensor<6x64xf32>) -> tensor<64x6xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<3x64xf32>, tensor<64x6xf32>) -> tensor<3x6xf32>
    %1:2 = "onnx.Split"(%0, %sizes) {axis = -1 : si64} : (tensor<3x6xf32>, tensor<2xi64>) -> (tensor<3x2xf32>, tensor<3x4xf32>)
    return %1#0, %1#1 : tensor<3x2xf32>, tensor<3x4xf32>
  }
}

// -----

// Channels in front of a convolution, as in gated short convolutions.
// CHECK-LABEL: func @channels_first
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @channels_first(%x: tensor<3x4x8xf32>) -> (tensor<3x2x4xf32>, tensor<3x2x4xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [4, 1]>} : tensor<8x4xf32>
    %sizes = "onnx.Constant"() {value = dense<2> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [4, 1]>} : tensor<8x2xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 8, strides = [4, 1]>} : tensor<8x2xf32>
    // CHECK-DAG: "onnx.Transpose"(%{{.*}}) {perm = [0, 2, 1]} : (tensor<3x4x2xf32>) -> tensor<3x2x4xf32>
    // CHECK-DAG: "onnx.Transpose"(%{{.*}}) {perm = [0, 2, 1]} : (tensor<3x4x2xf32>) -> tensor<3x2x4xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<3x4x8xf32>, tensor<8x4xf32>) -> tensor<3x4x4xf32>
    %1 = "onnx.Transpose"(%0) {perm = [0, 2, 1]} : (tensor<3x4x4xf32>) -> tensor<3x4x4xf32>
    %2:2 = "onnx.Split"(%1, %sizes) {axis = 1 : si64} : (tensor<3x4x4xf32>, tensor<2xi64>) -> (tensor<3x2x4xf32>, tensor<3x2x4xf32>)
    return %2#0, %2#1 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
  }
}

// -----

// The rows come apart, too: windows of an image.
// CHECK-LABEL: func @windows
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @windows(%x: tensor<1x4x8xf32>) -> (tensor<1x2x2x1x2x2xf32>, tensor<1x2x2x1x2x2xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
    %s = "onnx.Constant"() {value = dense<[1, 2, 2, 2, 2, 2]> : tensor<6xi64>} : () -> tensor<6xi64>
    %ones = "onnx.Constant"() {value = dense<1> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [8, 1]>} : tensor<8x4xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 16, strides = [8, 1]>} : tensor<8x4xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<1x4x8xf32>, tensor<8x8xf32>) -> tensor<1x4x8xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<1x4x8xf32>, tensor<6xi64>) -> tensor<1x2x2x2x2x2xf32>
    %2:2 = "onnx.Split"(%1, %ones) {axis = 3 : si64} : (tensor<1x2x2x2x2x2xf32>, tensor<2xi64>) -> (tensor<1x2x2x1x2x2xf32>, tensor<1x2x2x1x2x2xf32>)
    return %2#0, %2#1 : tensor<1x2x2x1x2x2xf32>, tensor<1x2x2x1x2x2xf32>
  }
}

// -----

// Batch and heads are merged behind the parts, which are taken apart afterwards.
// CHECK-LABEL: func @parts_of_merged
// CHECK-NOT: onnx.Slice
module attributes {tp.files = ["model.onnx"]} {
  func.func @parts_of_merged(%x: tensor<3x4x8xf32>) -> (tensor<1x6x4x2xf32>, tensor<1x6x4x2xf32>) {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
    %s = "onnx.Constant"() {value = dense<[3, 4, 2, 2, 2]> : tensor<5xi64>} : () -> tensor<5xi64>
    %t = "onnx.Constant"() {value = dense<[2, 6, 4, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
    %ones = "onnx.Constant"() {value = dense<1> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 0, strides = [8, 1]>} : tensor<8x4xf32>
    // CHECK-DAG: tp.weight "w" {{.*}}offset = 16, strides = [8, 1]>} : tensor<8x4xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<3x4x8xf32>, tensor<8x8xf32>) -> tensor<3x4x8xf32>
    %1 = "onnx.Reshape"(%0, %s) : (tensor<3x4x8xf32>, tensor<5xi64>) -> tensor<3x4x2x2x2xf32>
    %2 = "onnx.Transpose"(%1) {perm = [2, 0, 3, 1, 4]} : (tensor<3x4x2x2x2xf32>) -> tensor<2x3x2x4x2xf32>
    %3 = "onnx.Reshape"(%2, %t) : (tensor<2x3x2x4x2xf32>, tensor<4xi64>) -> tensor<2x6x4x2xf32>
    %4:2 = "onnx.Split"(%3, %ones) {axis = 0 : si64} : (tensor<2x6x4x2xf32>, tensor<2xi64>) -> (tensor<1x6x4x2xf32>, tensor<1x6x4x2xf32>)
    return %4#0, %4#1 : tensor<1x6x4x2xf32>, tensor<1x6x4x2xf32>
  }
}
