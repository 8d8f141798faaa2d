// RUN: tp-opt %s -tp-form-kernels | FileCheck %s

// CHECK: #[[LOOKUP:loc[0-9]*]] = loc("lookup")

// Indices from data are checked where they are read, and the launch names the
// operator; positions that are proven to be in range are not.
module attributes {tp.symbols = ["n"]} {
// CHECK-LABEL: func @data
func.func @data(%x: tensor<4x6xi64>, %i: tensor<3xi64>) -> tensor<3x6xi64> {
  // CHECK: rt.launch @kernel_0 {{.*}}rt.checks = [{loc = #[[LOOKUP]], type = "Gather"}]
  %t = "onnx.Gather"(%x, %i) {axis = 0 : si64} : (tensor<4x6xi64>, tensor<3xi64>) -> tensor<3x6xi64> loc("lookup")
  %y = "onnx.Neg"(%t) : (tensor<3x6xi64>) -> tensor<3x6xi64>
  return %y : tensor<3x6xi64>
}

// The last three of n + 3 rows.
// CHECK-LABEL: func @positions
func.func @positions(%x: tensor<?x6xi64, #tp.dims<[s0 + 3, 6]>>) -> tensor<3x6xi64> {
  // CHECK: rt.launch @kernel_1
  // CHECK-NOT: rt.checks
  // CHECK: return
  %start = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<i64>
  %limit = "onnx.SymbolicConstant"() {value = #tp.dims<[s0 + 3]>} : () -> tensor<i64>
  %one = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %i = "onnx.Range"(%start, %limit, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %y = "onnx.Gather"(%x, %i) {axis = 0 : si64}
      : (tensor<?x6xi64, #tp.dims<[s0 + 3, 6]>>, tensor<3xi64>) -> tensor<3x6xi64>
  return %y : tensor<3x6xi64>
}

// A table of n rows need not have row 2.
// CHECK-LABEL: func @unknown_size
func.func @unknown_size(%x: tensor<?x6xi64, #tp.dims<[s0, 6]>>) -> tensor<1x6xi64> {
  // CHECK: rt.checks
  %i = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = "onnx.Gather"(%x, %i) {axis = 0 : si64}
      : (tensor<?x6xi64, #tp.dims<[s0, 6]>>, tensor<1xi64>) -> tensor<1x6xi64>
  return %y : tensor<1x6xi64>
}
}

// CHECK-LABEL: func private @kernel_0(
// CHECK: %[[IN:.*]] = arith.cmpi ult
// CHECK: rt.check %[[IN]], %{{.*}}, %{{.*}} site 0
// CHECK-LABEL: func private @kernel_1
// CHECK-NOT: rt.check
// CHECK-LABEL: func private @kernel_2
// CHECK: rt.check
