// RUN: tp-opt %s -tp-decompose-for-kernels | FileCheck %s

// The scale may be of another type than the rows: the result is of the scale's.
// CHECK-LABEL: func @wide_scale
// CHECK: %[[N:.*]] = "onnx.Cast"(%{{.*}}) {{.*}} : (tensor<4x8xf32>) -> tensor<4x8xf16>
// CHECK: %[[W:.*]] = "onnx.Cast"(%[[N]]) {{.*}} : (tensor<4x8xf16>) -> tensor<4x8xf32>
// CHECK: %[[Y:.*]] = "onnx.Mul"(%[[W]], %arg1) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
// CHECK: return %[[Y]]
func.func @wide_scale(%x: tensor<4x8xf16>, %scale: tensor<8xf32>) -> tensor<4x8xf32> {
  %y = "onnx.RMSNormalization"(%x, %scale) {axis = -1 : si64, epsilon = 1.0e-6 : f32} : (tensor<4x8xf16>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
