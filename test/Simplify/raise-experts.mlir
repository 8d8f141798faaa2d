// RUN: tp-opt %s --tp-raise-experts --split-input-file | FileCheck %s

// GatherND becomes Gather; a range of the product's rows is one of the weights'.
// CHECK-LABEL: func @unfuse
// CHECK-SAME: %[[X:.*]]: tensor<6x8xf32>, %[[W:.*]]: tensor<4x10x8xf32>, %[[E:.*]]: tensor<6x1xi64>
// CHECK-DAG: %[[C:.*]] = "onnx.Reshape"(%[[X]], {{.*}} -> tensor<6x8x1xf32>
// CHECK-DAG: %[[I:.*]] = "onnx.Reshape"(%[[E]], {{.*}} -> tensor<6xi64>
// CHECK-DAG: %[[T:.*]] = "onnx.Slice"(%[[W]], {{.*}} -> tensor<4x5x8xf32>
// CHECK: %[[G:.*]] = "onnx.Gather"(%[[T]], %[[I]]) {axis = 0 : si64}
// CHECK: %[[Y:.*]] = "onnx.MatMul"(%[[G]], %[[C]]) : (tensor<6x5x8xf32>, tensor<6x8x1xf32>) -> tensor<6x5x1xf32>
// CHECK: "onnx.Reshape"(%[[Y]], {{.*}} -> tensor<6x5xf32>
func.func @unfuse(%x: tensor<6x8xf32>, %w: tensor<4x10x8xf32>, %e: tensor<6x1xi64>) -> tensor<6x5xf32> {
  %s3 = "onnx.Constant"() {value = dense<[6, 8, 1]> : tensor<3xi64>} : () -> tensor<3xi64>
  %s2 = "onnx.Constant"() {value = dense<[6, 10]> : tensor<2xi64>} : () -> tensor<2xi64>
  %start = "onnx.Constant"() {value = dense<5> : tensor<1xi64>} : () -> tensor<1xi64>
  %end = "onnx.Constant"() {value = dense<10> : tensor<1xi64>} : () -> tensor<1xi64>
  %axis = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.GatherND"(%w, %e) : (tensor<4x10x8xf32>, tensor<6x1xi64>) -> tensor<6x10x8xf32>
  %1 = "onnx.Reshape"(%x, %s3) : (tensor<6x8xf32>, tensor<3xi64>) -> tensor<6x8x1xf32>
  %2 = "onnx.MatMul"(%0, %1) : (tensor<6x10x8xf32>, tensor<6x8x1xf32>) -> tensor<6x10x1xf32>
  %3 = "onnx.Reshape"(%2, %s2) : (tensor<6x10x1xf32>, tensor<2xi64>) -> tensor<6x10xf32>
  %4 = "onnx.Slice"(%3, %start, %end, %axis, %axis) : (tensor<6x10xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<6x5xf32>
  return %4 : tensor<6x5xf32>
}

// -----

// Matrices stored [K, N] are turned.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[X:.*]]: tensor<6x1x8xf32>, %[[W:.*]]: tensor<4x8x10xf32>, %[[E:.*]]: tensor<6xi64>
// CHECK-DAG: %[[T:.*]] = "onnx.Transpose"(%[[W]]) {perm = [0, 2, 1]}
// CHECK-DAG: %[[G:.*]] = "onnx.Gather"(%[[T]], %[[E]])
// CHECK: %[[Y:.*]] = "onnx.MatMul"(%[[G]], %{{.*}}) : (tensor<6x10x8xf32>, tensor<6x8x1xf32>) -> tensor<6x10x1xf32>
// CHECK: "onnx.Reshape"(%[[Y]], {{.*}} -> tensor<6x1x10xf32>
func.func @rows(%x: tensor<6x1x8xf32>, %w: tensor<4x8x10xf32>, %e: tensor<6xi64>) -> tensor<6x1x10xf32> {
  %0 = "onnx.Gather"(%w, %e) {axis = 0 : si64} : (tensor<4x8x10xf32>, tensor<6xi64>) -> tensor<6x8x10xf32>
  %1 = "onnx.MatMul"(%x, %0) : (tensor<6x1x8xf32>, tensor<6x8x10xf32>) -> tensor<6x1x10xf32>
  return %1 : tensor<6x1x10xf32>
}
