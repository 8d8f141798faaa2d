// RUN: tp-opt %s --tp-simplify-movement --split-input-file | FileCheck %s

// The transpose of keys that torch's op18 exporter spells with merged heads.
// CHECK-LABEL: func @merged_transpose
// CHECK-SAME: %[[K:.*]]: tensor
// CHECK: %[[T:.*]] = "onnx.Transpose"(%[[K]]) {perm = [0, 1, 3, 2]}
// CHECK-NEXT: return %[[T]]
module attributes {tp.symbols = ["batch", "past", "seq"]} {
  func.func @merged_transpose(%k: tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1 + s2, 16]>>)
      -> tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1 + s2]>> {
    %s0 = "onnx.SymbolicConstant"() {value = #tp.dims<[-1, s1 + s2, 16]>} : () -> tensor<3xi64>
    %s1 = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 8, 16, s1 + s2]>} : () -> tensor<4xi64>
    %0 = "onnx.Reshape"(%k, %s0) : (tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1 + s2, 16]>>, tensor<3xi64>) -> tensor<?x?x16xf32, #tp.dims<[s0 * 8, s1 + s2, 16]>>
    %1 = "onnx.Transpose"(%0) {perm = [0, 2, 1]} : (tensor<?x?x16xf32, #tp.dims<[s0 * 8, s1 + s2, 16]>>) -> tensor<?x16x?xf32, #tp.dims<[s0 * 8, 16, s1 + s2]>>
    %2 = "onnx.Reshape"(%1, %s1) : (tensor<?x16x?xf32, #tp.dims<[s0 * 8, 16, s1 + s2]>>, tensor<4xi64>) -> tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1 + s2]>>
    return %2 : tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1 + s2]>>
  }
}

// -----

// CHECK-LABEL: func @reshapes
// CHECK-SAME: %[[X:.*]]: tensor<4x6xf32>
func.func @reshapes(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<24x1xf32>) {
  %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %s = "onnx.Constant"() {value = dense<[-1, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Unsqueeze"(%x, %axes) : (tensor<4x6xf32>, tensor<1xi64>) -> tensor<4x1x6xf32>
  %1 = "onnx.Squeeze"(%0, %axes) : (tensor<4x1x6xf32>, tensor<1xi64>) -> tensor<4x6xf32>
  // CHECK: %[[R:.*]] = "onnx.Reshape"(%[[X]]
  // CHECK-NOT: onnx.Flatten
  %2 = "onnx.Flatten"(%0) {axis = 0 : si64} : (tensor<4x1x6xf32>) -> tensor<1x24xf32>
  %3 = "onnx.Reshape"(%2, %s) : (tensor<1x24xf32>, tensor<2xi64>) -> tensor<24x1xf32>
  // CHECK: return %[[X]], %[[R]]
  return %1, %3 : tensor<4x6xf32>, tensor<24x1xf32>
}

// -----

// CHECK-LABEL: func @transposes
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>, %[[Y:.*]]: tensor<2x1x3xf32>
func.func @transposes(%x: tensor<2x3x4xf32>, %y: tensor<2x1x3xf32>) -> (tensor<2x3x4xf32>, tensor<1x2x3xf32>) {
  %0 = "onnx.Transpose"(%x) {perm = [1, 2, 0]} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = "onnx.Transpose"(%0) {perm = [2, 0, 1]} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  // CHECK: %[[R:.*]] = "onnx.Reshape"(%[[Y]]
  %2 = "onnx.Transpose"(%y) {perm = [1, 0, 2]} : (tensor<2x1x3xf32>) -> tensor<1x2x3xf32>
  // CHECK: return %[[X]], %[[R]]
  return %1, %2 : tensor<2x3x4xf32>, tensor<1x2x3xf32>
}

// -----

// CHECK-LABEL: func @split
// CHECK-NOT: onnx.Split
func.func @split(%x: tensor<2x7xf32>) -> (tensor<2x4xf32>, tensor<2x3xf32>) {
  // CHECK-DAG: %[[ZERO:.*]] = "onnx.Constant"() {value = dense<0> : tensor<1xi64>}
  // CHECK-DAG: %[[FOUR:.*]] = "onnx.Constant"() {value = dense<4> : tensor<1xi64>}
  // CHECK-DAG: %[[SEVEN:.*]] = "onnx.Constant"() {value = dense<7> : tensor<1xi64>}
  // CHECK: "onnx.Slice"(%{{.*}}, %[[ZERO]], %[[FOUR]]
  // CHECK: "onnx.Slice"(%{{.*}}, %[[FOUR]], %[[SEVEN]]
  %none = "onnx.NoValue"() : () -> none
  %0:2 = "onnx.Split"(%x, %none) {axis = 1 : si64, num_outputs = 2 : si64} : (tensor<2x7xf32>, none) -> (tensor<2x4xf32>, tensor<2x3xf32>)
  return %0#0, %0#1 : tensor<2x4xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func @expand
// CHECK-SAME: %[[X:.*]]: tensor<1x3xf32>, %[[Y:.*]]: tensor<2x3xf32>
func.func @expand(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %s = "onnx.Constant"() {value = dense<[2, 3]> : tensor<2xi64>} : () -> tensor<2xi64>
  // CHECK: %[[E:.*]] = "onnx.Expand"
  %0 = "onnx.Expand"(%x, %s) : (tensor<1x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  // CHECK: "onnx.Add"(%[[X]], %[[Y]])
  %1 = "onnx.Add"(%0, %y) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  // One of the two has to make the shape.
  // CHECK: "onnx.Mul"(%[[E]], %[[X]])
  %2 = "onnx.Mul"(%0, %0) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %1, %2 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func @no_ops
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
func.func @no_ops(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = "onnx.Constant"() {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
  %z = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Identity"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "onnx.Cast"(%0) {to = 1 : si64} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "onnx.Slice"(%1, %z, %s, %none, %none) : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>, none, none) -> tensor<4xf32>
  %3 = "onnx.Expand"(%2, %s) : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf32>
  // CHECK-NEXT: return %[[X]]
  return %3 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @gather_one
func.func @gather_one(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %i = "onnx.Constant"() {value = dense<-1> : tensor<i64>} : () -> tensor<i64>
  // CHECK-DAG: %[[TWO:.*]] = "onnx.Constant"() {value = dense<2> : tensor<1xi64>}
  // CHECK-DAG: %[[THREE:.*]] = "onnx.Constant"() {value = dense<3> : tensor<1xi64>}
  // CHECK: %[[S:.*]] = "onnx.Slice"(%{{.*}}, %[[TWO]], %[[THREE]]
  // CHECK: "onnx.Reshape"(%[[S]]
  %0 = "onnx.Gather"(%x, %i) {axis = 1 : si64} : (tensor<2x3x4xf32>, tensor<i64>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// A position of a dimension of any size must exist: a slice would end there.
// CHECK: tp.requires = #tp.dims<[s0 - 4, s1 - 2, s0 - 6]>
// CHECK-LABEL: func @gather_where_it_exists
module attributes {tp.symbols = ["s", "t"]} {
  func.func @gather_where_it_exists(%x: tensor<?x?xf32, #tp.dims<[s0, s1]>>)
      -> (tensor<?xf32, #tp.dims<[s1]>>, tensor<f32>) {
    %i = "onnx.Constant"() {value = dense<5> : tensor<i64>} : () -> tensor<i64>
    // CHECK: "onnx.Slice"
    %0 = "onnx.Gather"(%x, %i) {axis = 0 : si64} : (tensor<?x?xf32, #tp.dims<[s0, s1]>>, tensor<i64>) -> tensor<?xf32, #tp.dims<[s1]>>
    %j = "onnx.Constant"() {value = dense<[3, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
    // CHECK: "onnx.Slice"
    // CHECK: "onnx.Slice"
    %1 = "onnx.GatherND"(%x, %j) : (tensor<?x?xf32, #tp.dims<[s0, s1]>>, tensor<2xi64>) -> tensor<f32>
    return %0, %1 : tensor<?xf32, #tp.dims<[s1]>>, tensor<f32>
  }
}

// -----

// CHECK-LABEL: func @gather_nowhere
func.func @gather_nowhere(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %i = "onnx.Constant"() {value = dense<3> : tensor<i64>} : () -> tensor<i64>
  // CHECK: "onnx.Gather"
  %0 = "onnx.Gather"(%x, %i) {axis = 1 : si64} : (tensor<2x3x4xf32>, tensor<i64>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func @hoist_expand
// CHECK-SAME: %[[M:.*]]: tensor<1x1x1x3xi1>
func.func @hoist_expand(%m: tensor<1x1x1x3xi1>) -> tensor<1x1x4x3xf32> {
  %s = "onnx.Constant"() {value = dense<[1, 1, 4, 3]> : tensor<4xi64>} : () -> tensor<4xi64>
  %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %min = "onnx.Constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.Expand"(%m, %s) : (tensor<1x1x1x3xi1>, tensor<4xi64>) -> tensor<1x1x4x3xi1>
  // CHECK: %[[W:.*]] = "onnx.Where"(%[[M]], {{.*}} -> tensor<1x1x1x3xf32>
  // CHECK: "onnx.Expand"(%[[W]]
  %1 = "onnx.Where"(%0, %zero, %min) : (tensor<1x1x4x3xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x4x3xf32>
  return %1 : tensor<1x1x4x3xf32>
}

// -----

// A batch of one merged with the heads and taken apart again.
// CHECK-LABEL: func @transposes_around_unit_dims
// CHECK-SAME: %[[K:.*]]: tensor<1x8x5x16xf32>
// CHECK-NOT: onnx.Transpose
// CHECK: return %[[K]]
func.func @transposes_around_unit_dims(%k: tensor<1x8x5x16xf32>) -> tensor<1x8x5x16xf32> {
  %merged = "onnx.Constant"() {value = dense<[8, 5, 16]> : tensor<3xi64>} : () -> tensor<3xi64>
  %apart = "onnx.Constant"() {value = dense<[1, 8, 16, 5]> : tensor<4xi64>} : () -> tensor<4xi64>
  %0 = "onnx.Reshape"(%k, %merged) {allowzero = 1 : si64} : (tensor<1x8x5x16xf32>, tensor<3xi64>) -> tensor<8x5x16xf32>
  %1 = "onnx.Transpose"(%0) {perm = [0, 2, 1]} : (tensor<8x5x16xf32>) -> tensor<8x16x5xf32>
  %2 = "onnx.Reshape"(%1, %apart) {allowzero = 1 : si64} : (tensor<8x16x5xf32>, tensor<4xi64>) -> tensor<1x8x16x5xf32>
  %3 = "onnx.Transpose"(%2) {perm = [0, 1, 3, 2]} : (tensor<1x8x16x5xf32>) -> tensor<1x8x5x16xf32>
  return %3 : tensor<1x8x5x16xf32>
}

// -----

// What is repeated gets a dimension for the repetitions.
// CHECK-LABEL: func @tile
// CHECK-SAME: %[[X:.*]]: tensor<8x1x4xf32>
// CHECK: %[[APART:.*]] = "onnx.Reshape"(%[[X]], {{.*}} -> tensor<1x8x1x4xf32>
// CHECK: %[[MANY:.*]] = "onnx.Expand"(%[[APART]], {{.*}} -> tensor<2x8x3x4xf32>
// CHECK: "onnx.Reshape"(%[[MANY]], {{.*}} -> tensor<16x3x4xf32>
func.func @tile(%x: tensor<8x1x4xf32>) -> tensor<16x3x4xf32> {
  %repeats = "onnx.Constant"() {value = dense<[2, 3, 1]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Tile"(%x, %repeats) : (tensor<8x1x4xf32>, tensor<3xi64>) -> tensor<16x3x4xf32>
  return %0 : tensor<16x3x4xf32>
}
