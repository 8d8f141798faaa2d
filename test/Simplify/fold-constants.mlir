// RUN: tp-opt %s --tp-fold-constants --split-input-file | FileCheck %s

// CHECK-LABEL: func @arithmetic
func.func @arithmetic(%x: tensor<4xf32>) -> tensor<4xf32> {
  %four = "onnx.Constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
  // CHECK: %[[C:.*]] = "onnx.Constant"() {value = dense<5.000000e-01> : tensor<f32>}
  // CHECK: "onnx.Mul"(%{{.*}}, %[[C]])
  // CHECK-NOT: onnx.Sqrt
  %root = "onnx.Sqrt"(%four) : (tensor<f32>) -> tensor<f32>
  %half = "onnx.Reciprocal"(%root) : (tensor<f32>) -> tensor<f32>
  %y = "onnx.Mul"(%x, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @neutral
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[M:.*]]: tensor<1x4xi1>
func.func @neutral(%x: tensor<4xf32>, %m: tensor<1x4xi1>) -> (tensor<4xf32>, tensor<1x4xi1>, tensor<3x4xi1>) {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %true = "onnx.Constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %trues = "onnx.Constant"() {value = dense<true> : tensor<3x1xi1>} : () -> tensor<3x1xi1>
  %a = "onnx.Mul"(%x, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = "onnx.Div"(%a, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = "onnx.And"(%true, %m) : (tensor<i1>, tensor<1x4xi1>) -> tensor<1x4xi1>
  // The shape of the neutral operand stays.
  // CHECK: %[[E:.*]] = "onnx.Expand"(%[[M]]
  %d = "onnx.And"(%trues, %m) : (tensor<3x1xi1>, tensor<1x4xi1>) -> tensor<3x4xi1>
  // CHECK: return %[[X]], %[[M]], %[[E]]
  return %b, %c, %d : tensor<4xf32>, tensor<1x4xi1>, tensor<3x4xi1>
}

// -----

// Positions are not negative.
// CHECK-LABEL: func @positions
module attributes {tp.symbols = ["seq"]} {
  func.func @positions(%m: tensor<?xi1, #tp.dims<[s0]>>) -> (tensor<?xi1, #tp.dims<[s0]>>, tensor<?xi1, #tp.dims<[s0]>>) {
    %zero = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %one = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    %n = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<i64>
    %r = "onnx.Range"(%zero, %n, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, #tp.dims<[s0]>>
    %ge = "onnx.GreaterOrEqual"(%r, %zero) : (tensor<?xi64, #tp.dims<[s0]>>, tensor<i64>) -> tensor<?xi1, #tp.dims<[s0]>>
    // CHECK-NOT: GreaterOrEqual
    %a = "onnx.And"(%m, %ge) : (tensor<?xi1, #tp.dims<[s0]>>, tensor<?xi1, #tp.dims<[s0]>>) -> tensor<?xi1, #tp.dims<[s0]>>
    // 1 is not below all of them.
    // CHECK: %[[GE:.*]] = "onnx.GreaterOrEqual"
    %ge1 = "onnx.GreaterOrEqual"(%r, %one) : (tensor<?xi64, #tp.dims<[s0]>>, tensor<i64>) -> tensor<?xi1, #tp.dims<[s0]>>
    // CHECK: return %{{.*}}, %[[GE]]
    return %a, %ge1 : tensor<?xi1, #tp.dims<[s0]>>, tensor<?xi1, #tp.dims<[s0]>>
  }
}

// -----

// CHECK-LABEL: func @constant_of_shape
func.func @constant_of_shape() -> (tensor<i1>, tensor<2xi64>) {
  %empty = "onnx.Constant"() {value = dense<> : tensor<0xi64>} : () -> tensor<0xi64>
  %two = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  // CHECK-DAG: %[[T:.*]] = "onnx.Constant"() {value = dense<true> : tensor<i1>}
  %a = "onnx.ConstantOfShape"(%empty) {value = dense<true> : tensor<1xi1>} : (tensor<0xi64>) -> tensor<i1>
  %b = "onnx.ConstantOfShape"(%two) {value = dense<7> : tensor<1xi64>} : (tensor<1xi64>) -> tensor<2xi64>
  // CHECK: return %[[T]]
  return %a, %b : tensor<i1>, tensor<2xi64>
}

// -----

// Position ids kept as a table are counted.
// CHECK-LABEL: func @position_table
module attributes {tp.symbols = ["seq"]} {
  func.func @position_table() -> tensor<1x?xi64, #tp.dims<[1, s0]>> {
    %none = "onnx.NoValue"() : () -> none
    %table = "onnx.Constant"() {value = dense<[[2, 3, 4, 5, 6, 7, 8, 9]]> : tensor<1x8xi64>} : () -> tensor<1x8xi64>
    %zero = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
    %one = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
    %n = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<1xi64>
    // CHECK: %[[R:.*]] = "onnx.Range"
    // CHECK: "onnx.Reshape"(%[[R]]
    %0 = "onnx.Slice"(%table, %zero, %n, %one, %none) : (tensor<1x8xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x?xi64, #tp.dims<[1, s0]>>
    return %0 : tensor<1x?xi64, #tp.dims<[1, s0]>>
  }
}
