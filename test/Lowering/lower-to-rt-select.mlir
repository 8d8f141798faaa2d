// RUN: tp-opt %s -tp-lower-to-rt -canonicalize | FileCheck %s

// Transposes are strides of the operands; old negative axes count from the end.
// CHECK-LABEL: func @scatter_elements
func.func @scatter_elements(%x: tensor<4x6xf32>, %i: tensor<3x6xi64>, %u: tensor<6x3xf32>) -> tensor<4x6xf32> {
  // CHECK: %[[Y:.*]] = rt.scatter ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<4x6xf32>, tensor<3x6xi64>, tensor<6x3xf32>)
  // CHECK-SAME: {axis = 0 : i64, perms = [array<i64>, array<i64>, array<i64: 1, 0>, array<i64>], reduction = 4 : i32, rt.op_type = "ScatterElements"}
  // CHECK: return %[[Y]]
  %t = "onnx.Transpose"(%u) {perm = [1, 0]} : (tensor<6x3xf32>) -> tensor<3x6xf32>
  %y = "onnx.ScatterElements"(%x, %i, %t) {axis = -2 : si64, reduction = "max"}
      : (tensor<4x6xf32>, tensor<3x6xi64>, tensor<3x6xf32>) -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// CHECK-LABEL: func @scatter_nd
func.func @scatter_nd(%x: tensor<4x6xf32>, %i: tensor<3x1xi64>, %u: tensor<3x6xf32>) -> tensor<4x6xf32> {
  // CHECK: rt.scatter ins
  // CHECK-NOT: axis
  // CHECK-SAME: reduction = 1 : i32
  %y = "onnx.ScatterND"(%x, %i, %u) {reduction = "add"}
      : (tensor<4x6xf32>, tensor<3x1xi64>, tensor<3x6xf32>) -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// CHECK-LABEL: func @top_k
func.func @top_k(%x: tensor<4x6xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>) {
  %k = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  // CHECK: %[[Y:.*]]:2 = rt.topk ins(%{{.*}} : tensor<4x6xf32>) outs(%{{.*}}, %{{.*}} : tensor<4x2xf32>, tensor<4x2xi64>)
  // CHECK-SAME: {axis = 1 : i64, rt.op_type = "TopK", smallest}
  // CHECK: return %[[Y]]#0, %[[Y]]#1
  %v, %i = "onnx.TopK"(%x, %k) {largest = 0 : si64} : (tensor<4x6xf32>, tensor<1xi64>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
  return %v, %i : tensor<4x2xf32>, tensor<4x2xi64>
}
