// RUN: tp-opt %s --tp-raise-position-gathers --split-input-file | FileCheck %s

!mask = tensor<?x?xi1, #tp.dims<[s0, s1]>>

// torch's op18 exporter: a grid of (batch, key) positions.
// CHECK-LABEL: func @gather_nd
// CHECK-SAME: %[[M:.*]]: tensor
// CHECK: %[[S:.*]] = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 1, 1, s1]>}
// CHECK: %[[R:.*]] = "onnx.Reshape"(%[[M]], %[[S]])
// CHECK: return %[[R]]
module attributes {tp.symbols = ["batch", "total"]} {
  func.func @gather_nd(%m: !mask) -> tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>> {
    %zero = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %one = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    %axesb = "onnx.Constant"() {value = dense<[1, 2, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
    %axest = "onnx.Constant"() {value = dense<[0, 1, 2]> : tensor<3xi64>} : () -> tensor<3xi64>
    %last = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
    %b = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<i64>
    %t = "onnx.SymbolicConstant"() {value = #tp.dims<[s1]>} : () -> tensor<i64>
    %grid = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 1, 1, s1]>} : () -> tensor<4xi64>
    %rb = "onnx.Range"(%zero, %b, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s0]>>
    %rt = "onnx.Range"(%zero, %t, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s1]>>
    %ub = "onnx.Unsqueeze"(%rb, %axesb) : (tensor<?xi64, #tp.dims<[s0]>>, tensor<3xi64>) -> tensor<?x1x1x1xi64, #tp.dims<[s0, 1, 1, 1]>>
    %ut = "onnx.Unsqueeze"(%rt, %axest) : (tensor<?xi64, #tp.dims<[s1]>>, tensor<3xi64>) -> tensor<1x1x1x?xi64, #tp.dims<[1, 1, 1, s1]>>
    %eb = "onnx.Expand"(%ub, %grid) : (tensor<?x1x1x1xi64, #tp.dims<[s0, 1, 1, 1]>>, tensor<4xi64>) -> tensor<?x1x1x?xi64, #tp.dims<[s0, 1, 1, s1]>>
    %et = "onnx.Expand"(%ut, %grid) : (tensor<1x1x1x?xi64, #tp.dims<[1, 1, 1, s1]>>, tensor<4xi64>) -> tensor<?x1x1x?xi64, #tp.dims<[s0, 1, 1, s1]>>
    %cb = "onnx.Unsqueeze"(%eb, %last) : (tensor<?x1x1x?xi64, #tp.dims<[s0, 1, 1, s1]>>, tensor<1xi64>) -> tensor<?x1x1x?x1xi64, #tp.dims<[s0, 1, 1, s1, 1]>>
    %ct = "onnx.Unsqueeze"(%et, %last) : (tensor<?x1x1x?xi64, #tp.dims<[s0, 1, 1, s1]>>, tensor<1xi64>) -> tensor<?x1x1x?x1xi64, #tp.dims<[s0, 1, 1, s1, 1]>>
    %i = "onnx.Concat"(%cb, %ct) {axis = -1 : si64} : (tensor<?x1x1x?x1xi64, #tp.dims<[s0, 1, 1, s1, 1]>>, tensor<?x1x1x?x1xi64, #tp.dims<[s0, 1, 1, s1, 1]>>) -> tensor<?x1x1x?x2xi64, #tp.dims<[s0, 1, 1, s1, 2]>>
    %r = "onnx.GatherND"(%m, %i) : (!mask, tensor<?x1x1x?x2xi64, #tp.dims<[s0, 1, 1, s1, 2]>>) -> tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>>
    return %r : tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>>
  }
}

// -----

!mask = tensor<?x?xi1, #tp.dims<[s0, s1]>>

// TorchScript: positions b * total + t of the flattened mask.
// CHECK-LABEL: func @flat
// CHECK-SAME: %[[M:.*]]: tensor
// CHECK: %[[R:.*]] = "onnx.Reshape"(%[[M]]
// CHECK: return %[[R]]
module attributes {tp.symbols = ["batch", "total"]} {
  func.func @flat(%m: !mask) -> tensor<?x1x1x?x1xi1, #tp.dims<[s0, 1, 1, s1, 1]>> {
    %zero = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %one = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    %b = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<i64>
    %t = "onnx.SymbolicConstant"() {value = #tp.dims<[s1]>} : () -> tensor<i64>
    %axesb = "onnx.Constant"() {value = dense<[1, 2, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
    %axest = "onnx.Constant"() {value = dense<[0, 1, 2]> : tensor<3xi64>} : () -> tensor<3xi64>
    %rb = "onnx.Range"(%zero, %b, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s0]>>
    %rt = "onnx.Range"(%zero, %t, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s1]>>
    %ub = "onnx.Unsqueeze"(%rb, %axesb) : (tensor<?xi64, #tp.dims<[s0]>>, tensor<3xi64>) -> tensor<?x1x1x1xi64, #tp.dims<[s0, 1, 1, 1]>>
    %ut = "onnx.Unsqueeze"(%rt, %axest) : (tensor<?xi64, #tp.dims<[s1]>>, tensor<3xi64>) -> tensor<1x1x1x?xi64, #tp.dims<[1, 1, 1, s1]>>
    %flat = "onnx.Flatten"(%m) {axis = 2 : si64} : (!mask) -> tensor<?x1xi1, #tp.dims<[s0 * s1, 1]>>
    %mul = "onnx.Mul"(%ub, %t) : (tensor<?x1x1x1xi64, #tp.dims<[s0, 1, 1, 1]>>, tensor<i64>) -> tensor<?x1x1x1xi64, #tp.dims<[s0, 1, 1, 1]>>
    %i = "onnx.Add"(%ut, %mul) : (tensor<1x1x1x?xi64, #tp.dims<[1, 1, 1, s1]>>, tensor<?x1x1x1xi64, #tp.dims<[s0, 1, 1, 1]>>) -> tensor<?x1x1x?xi64, #tp.dims<[s0, 1, 1, s1]>>
    %r = "onnx.Gather"(%flat, %i) {axis = 0 : si64} : (tensor<?x1xi1, #tp.dims<[s0 * s1, 1]>>, tensor<?x1x1x?xi64, #tp.dims<[s0, 1, 1, s1]>>) -> tensor<?x1x1x?x1xi1, #tp.dims<[s0, 1, 1, s1, 1]>>
    return %r : tensor<?x1x1x?x1xi1, #tp.dims<[s0, 1, 1, s1, 1]>>
  }
}

// -----

// Transposed positions are no reshape.
// CHECK-LABEL: func @transposed
// CHECK: onnx.Gather
func.func @transposed(%m: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %zero = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %one = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %two = "onnx.Constant"() {value = dense<2> : tensor<i64>} : () -> tensor<i64>
  %three = "onnx.Constant"() {value = dense<3> : tensor<i64>} : () -> tensor<i64>
  %s6 = "onnx.Constant"() {value = dense<6> : tensor<1xi64>} : () -> tensor<1xi64>
  %s31 = "onnx.Constant"() {value = dense<[3, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %r2 = "onnx.Range"(%zero, %two, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
  %r3 = "onnx.Range"(%zero, %three, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %column = "onnx.Reshape"(%r3, %s31) : (tensor<3xi64>, tensor<2xi64>) -> tensor<3x1xi64>
  %row = "onnx.Mul"(%r2, %three) : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  %i = "onnx.Add"(%column, %row) : (tensor<3x1xi64>, tensor<2xi64>) -> tensor<3x2xi64>
  %flat = "onnx.Reshape"(%m, %s6) : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<6xf32>
  %r = "onnx.Gather"(%flat, %i) {axis = 0 : si64} : (tensor<6xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  return %r : tensor<3x2xf32>
}

// -----

// The first s1 of s2 columns, in case there are as many.
// CHECK: module attributes {{.*}}tp.requires = #tp.dims<[s2 - s1]>
// CHECK: %[[S:.*]] = "onnx.Slice"
// CHECK: "onnx.Reshape"(%[[S]]
module attributes {tp.symbols = ["batch", "seq", "total"]} {
  func.func @leading_part(%m: tensor<?x?xi1, #tp.dims<[s0, s2]>>) -> tensor<?x?x1xi1, #tp.dims<[s0, s1, 1]>> {
    %zero = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %one = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    %b = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<i64>
    %t = "onnx.SymbolicConstant"() {value = #tp.dims<[s1]>} : () -> tensor<i64>
    %total = "onnx.SymbolicConstant"() {value = #tp.dims<[s2]>} : () -> tensor<i64>
    %column = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 1]>} : () -> tensor<2xi64>
    %shape = "onnx.SymbolicConstant"() {value = #tp.dims<[s0 * s2, 1]>} : () -> tensor<2xi64>
    %rb = "onnx.Range"(%zero, %b, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s0]>>
    %rt = "onnx.Range"(%zero, %t, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s1]>>
    %cb = "onnx.Reshape"(%rb, %column) : (tensor<?xi64, #tp.dims<[s0]>>, tensor<2xi64>) -> tensor<?x1xi64, #tp.dims<[s0, 1]>>
    %mul = "onnx.Mul"(%cb, %total) : (tensor<?x1xi64, #tp.dims<[s0, 1]>>, tensor<i64>) -> tensor<?x1xi64, #tp.dims<[s0, 1]>>
    %i = "onnx.Add"(%mul, %rt) : (tensor<?x1xi64, #tp.dims<[s0, 1]>>, tensor<?xi64, #tp.dims<[s1]>>) -> tensor<?x?xi64, #tp.dims<[s0, s1]>>
    %flat = "onnx.Reshape"(%m, %shape) : (tensor<?x?xi1, #tp.dims<[s0, s2]>>, tensor<2xi64>) -> tensor<?x1xi1, #tp.dims<[s0 * s2, 1]>>
    %r = "onnx.Gather"(%flat, %i) {axis = 0 : si64} : (tensor<?x1xi1, #tp.dims<[s0 * s2, 1]>>, tensor<?x?xi64, #tp.dims<[s0, s1]>>) -> tensor<?x?x1xi1, #tp.dims<[s0, s1, 1]>>
    return %r : tensor<?x?x1xi1, #tp.dims<[s0, s1, 1]>>
  }
}

// -----

// Static exports store the grid.
// CHECK-LABEL: func @constant_grid
// CHECK-NOT: onnx.GatherND
// CHECK: onnx.Reshape
func.func @constant_grid(%m: tensor<2x3xi1>) -> tensor<2x1x3xi1> {
  %i = "onnx.Constant"() {value = dense<[[[[0, 0], [0, 1], [0, 2]]], [[[1, 0], [1, 1], [1, 2]]]]> : tensor<2x1x3x2xi64>} : () -> tensor<2x1x3x2xi64>
  %0 = "onnx.GatherND"(%m, %i) : (tensor<2x3xi1>, tensor<2x1x3x2xi64>) -> tensor<2x1x3xi1>
  return %0 : tensor<2x1x3xi1>
}

// -----

// In a batch of one, the batch's position is always the first.
// CHECK-LABEL: func @batch_of_one
// CHECK-NOT: onnx.GatherND
// CHECK: onnx.Reshape
func.func @batch_of_one(%m: tensor<1x3xi1>) -> tensor<1x1x3xi1> {
  %i = "onnx.Constant"() {value = dense<[[[[0, 0], [0, 1], [0, 2]]]]> : tensor<1x1x3x2xi64>} : () -> tensor<1x1x3x2xi64>
  %0 = "onnx.GatherND"(%m, %i) : (tensor<1x3xi1>, tensor<1x1x3x2xi64>) -> tensor<1x1x3xi1>
  return %0 : tensor<1x1x3xi1>
}

// -----

// One row of the two, and not the whole tensor.
// CHECK-LABEL: func @first_of_two
// CHECK-NOT: onnx.GatherND
// CHECK: onnx.Slice
func.func @first_of_two(%m: tensor<2x3xi1>) -> tensor<1x1x3xi1> {
  %i = "onnx.Constant"() {value = dense<[[[[0, 0], [0, 1], [0, 2]]]]> : tensor<1x1x3x2xi64>} : () -> tensor<1x1x3x2xi64>
  %0 = "onnx.GatherND"(%m, %i) : (tensor<2x3xi1>, tensor<1x1x3x2xi64>) -> tensor<1x1x3xi1>
  return %0 : tensor<1x1x3xi1>
}
