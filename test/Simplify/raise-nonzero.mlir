// RUN: tp-opt %s --tp-raise-nonzero --split-input-file --verify-diagnostics | FileCheck %s

// Rows that the mask chooses, through a product, back to their places: all rows,
// read as zero and multiplied by zero where the mask is not set.
// CHECK: module attributes {tp.symbols = ["rows"]}
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32, #tp.dims<[s0, 8]>>, %[[M:.*]]: tensor<2x?xi64, #tp.dims<[2, s0]>>
// CHECK: %[[VALID:.*]] = "onnx.Cast"({{.*}} -> tensor<?xi1, #tp.dims<[s0 * 2]>>
// CHECK: %[[H:.*]] = "onnx.Gather"(%[[X]], {{.*}} -> tensor<?x8xf32, #tp.dims<[s0 * 2, 8]>>
// CHECK: %[[Z:.*]] = "onnx.Where"(%{{.*}}, %[[H]], %{{.*}})
// CHECK: %[[Y:.*]] = "onnx.MatMul"(%[[Z]], %{{.*}})
// CHECK: %[[P:.*]] = "onnx.Mul"(%[[Y]], %{{.*}})
// CHECK: %[[S:.*]] = "onnx.ReduceSum"(%{{.*}}, %{{.*}}) {{.*}} -> tensor<1x?x8xf32, #tp.dims<[1, s0, 8]>>
// CHECK: %[[A:.*]] = "onnx.Add"(%[[X]], %{{.*}})
// CHECK: return %[[A]]
module attributes {tp.symbols = ["count", "rows"]} {
  func.func @rows(%x: tensor<?x8xf32, #tp.dims<[s1, 8]>>, %m: tensor<2x?xi64, #tp.dims<[2, s1]>>, %w: tensor<8x8xf32>) -> tensor<?x8xf32, #tp.dims<[s1, 8]>> {
    %one = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
    %two = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
    %axis = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
    %vector = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<1xi64>
    %column = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 1]>} : () -> tensor<2xi64>
    %p = "onnx.NonZero"(%m) : (tensor<2x?xi64, #tp.dims<[2, s1]>>) -> tensor<2x?xi64, #tp.dims<[2, s0]>>
    %r = "onnx.Slice"(%p, %one, %two, %axis, %one) : (tensor<2x?xi64, #tp.dims<[2, s0]>>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x?xi64, #tp.dims<[1, s0]>>
    %i = "onnx.Reshape"(%r, %vector) : (tensor<1x?xi64, #tp.dims<[1, s0]>>, tensor<1xi64>) -> tensor<?xi64, #tp.dims<[s0]>>
    %h = "onnx.Gather"(%x, %i) {axis = 0 : si64} : (tensor<?x8xf32, #tp.dims<[s1, 8]>>, tensor<?xi64, #tp.dims<[s0]>>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
    %y = "onnx.MatMul"(%h, %w) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
    %j = "onnx.Reshape"(%i, %column) : (tensor<?xi64, #tp.dims<[s0]>>, tensor<2xi64>) -> tensor<?x1xi64, #tp.dims<[s0, 1]>>
    %s = "onnx.ScatterND"(%x, %j, %y) {reduction = "add"} : (tensor<?x8xf32, #tp.dims<[s1, 8]>>, tensor<?x1xi64, #tp.dims<[s0, 1]>>, tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> tensor<?x8xf32, #tp.dims<[s1, 8]>>
    return %s : tensor<?x8xf32, #tp.dims<[s1, 8]>>
  }
}

// -----

module attributes {tp.symbols = ["count"]} {
  func.func @result(%m: tensor<2x3xi1>) -> tensor<2x?xi64, #tp.dims<[2, s0]>> {
    // expected-error @below {{the size of its result depends on data}}
    %p = "onnx.NonZero"(%m) : (tensor<2x3xi1>) -> tensor<2x?xi64, #tp.dims<[2, s0]>>
    return %p : tensor<2x?xi64, #tp.dims<[2, s0]>>
  }
}
