// RUN: tp-opt %s --tp-raise-norms --split-input-file | FileCheck %s

// CHECK-LABEL: func @rms
// CHECK-SAME: %[[X:.*]]: tensor<2x3x8xf32>, %[[W:.*]]: tensor<8xf32>
// CHECK: %[[Y:.*]] = "onnx.RMSNormalization"(%[[X]], %[[W]]) {axis = -1 : si64, epsilon = 9.99999974E-6 : f32
// CHECK-NEXT: return %[[Y]]
func.func @rms(%x: tensor<2x3x8xf32>, %w: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %eps = "onnx.Constant"() {value = dense<1.0e-5> : tensor<f32>} : () -> tensor<f32>
  %axes = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Pow"(%x, %two) : (tensor<2x3x8xf32>, tensor<f32>) -> tensor<2x3x8xf32>
  %1 = "onnx.ReduceMean"(%0, %axes) : (tensor<2x3x8xf32>, tensor<1xi64>) -> tensor<2x3x1xf32>
  %2 = "onnx.Add"(%1, %eps) : (tensor<2x3x1xf32>, tensor<f32>) -> tensor<2x3x1xf32>
  %3 = "onnx.Sqrt"(%2) : (tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %4 = "onnx.Reciprocal"(%3) : (tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %5 = "onnx.Mul"(%x, %4) : (tensor<2x3x8xf32>, tensor<2x3x1xf32>) -> tensor<2x3x8xf32>
  %6 = "onnx.Mul"(%w, %5) : (tensor<8xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  return %6 : tensor<2x3x8xf32>
}

// -----

// In half precision with the mean in 32 bits, 1 / sqrt and x * x.
// CHECK-LABEL: func @rms_half
// CHECK-SAME: %[[X:.*]]: tensor<3x8xf16>, %[[W:.*]]: tensor<8xf16>
// CHECK: "onnx.RMSNormalization"(%[[X]], %[[W]]) {{.*}} : (tensor<3x8xf16>, tensor<8xf16>) -> tensor<3x8xf16>
func.func @rms_half(%half: tensor<3x8xf16>, %w: tensor<8xf16>) -> tensor<3x8xf16> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %eps = "onnx.Constant"() {value = dense<1.0e-6> : tensor<f32>} : () -> tensor<f32>
  %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %x = "onnx.Cast"(%half) {to = 1 : si64} : (tensor<3x8xf16>) -> tensor<3x8xf32>
  %0 = "onnx.Mul"(%x, %x) : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  %1 = "onnx.ReduceMean"(%0, %axes) : (tensor<3x8xf32>, tensor<1xi64>) -> tensor<3x1xf32>
  %2 = "onnx.Add"(%eps, %1) : (tensor<f32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  %3 = "onnx.Sqrt"(%2) : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %4 = "onnx.Div"(%one, %3) : (tensor<f32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  %5 = "onnx.Mul"(%x, %4) : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %6 = "onnx.Cast"(%5) {to = 10 : si64} : (tensor<3x8xf32>) -> tensor<3x8xf16>
  %7 = "onnx.Mul"(%w, %6) : (tensor<8xf16>, tensor<3x8xf16>) -> tensor<3x8xf16>
  return %7 : tensor<3x8xf16>
}

// -----

// The mean of something else.
// CHECK-LABEL: func @not_rms
// CHECK-NOT: onnx.RMSNormalization
func.func @not_rms(%x: tensor<3x8xf32>, %y: tensor<3x8xf32>, %w: tensor<8xf32>) -> tensor<3x8xf32> {
  %eps = "onnx.Constant"() {value = dense<1.0e-6> : tensor<f32>} : () -> tensor<f32>
  %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Mul"(%y, %y) : (tensor<3x8xf32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  %1 = "onnx.ReduceMean"(%0, %axes) : (tensor<3x8xf32>, tensor<1xi64>) -> tensor<3x1xf32>
  %2 = "onnx.Add"(%1, %eps) : (tensor<3x1xf32>, tensor<f32>) -> tensor<3x1xf32>
  %3 = "onnx.Sqrt"(%2) : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %4 = "onnx.Div"(%x, %3) : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %5 = "onnx.Mul"(%4, %w) : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  return %5 : tensor<3x8xf32>
}

// -----

// CHECK-LABEL: func @layer_norm
// CHECK-SAME: %[[X:.*]]: tensor<3x8xf32>, %[[W:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>
// CHECK: %[[Y:[^,]*]], {{.*}} = "onnx.LayerNormalization"(%[[X]], %[[W]], %[[B]]) {axis = -1 : si64, epsilon = 9.99999996E-13 : f32
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<3x8xf32>, %w: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<3x8xf32> {
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %eps = "onnx.Constant"() {value = dense<1.0e-12> : tensor<f32>} : () -> tensor<f32>
  %axes = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMean"(%x, %axes) : (tensor<3x8xf32>, tensor<1xi64>) -> tensor<3x1xf32>
  %1 = "onnx.Sub"(%x, %0) : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %2 = "onnx.Pow"(%1, %two) : (tensor<3x8xf32>, tensor<f32>) -> tensor<3x8xf32>
  %3 = "onnx.ReduceMean"(%2, %axes) : (tensor<3x8xf32>, tensor<1xi64>) -> tensor<3x1xf32>
  %4 = "onnx.Add"(%3, %eps) : (tensor<3x1xf32>, tensor<f32>) -> tensor<3x1xf32>
  %5 = "onnx.Sqrt"(%4) : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %6 = "onnx.Div"(%1, %5) : (tensor<3x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  %7 = "onnx.Mul"(%6, %w) : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  %8 = "onnx.Add"(%7, %b) : (tensor<3x8xf32>, tensor<8xf32>) -> tensor<3x8xf32>
  return %8 : tensor<3x8xf32>
}

// -----

// No scale, or one for each head: a norm whose scale is one.
// CHECK-LABEL: func @unscaled
// CHECK-SAME: %[[X:.*]]: tensor<3x2x8xf32>, %[[W:.*]]: tensor<2x8xf32>
// CHECK: %[[ONES:.*]] = "onnx.Constant"() {value = dense<1.000000e+00> : tensor<8xf32>}
// CHECK: %[[Y:[^,]*]], {{.*}} = "onnx.LayerNormalization"(%[[X]], %[[ONES]]
// CHECK: "onnx.Mul"(%[[Y]], %[[W]])
func.func @unscaled(%x: tensor<3x2x8xf32>, %w: tensor<2x8xf32>) -> tensor<3x2x8xf32> {
  %eps = "onnx.Constant"() {value = dense<1.0e-5> : tensor<f32>} : () -> tensor<f32>
  %axes = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMean"(%x, %axes) : (tensor<3x2x8xf32>, tensor<1xi64>) -> tensor<3x2x1xf32>
  %1 = "onnx.Sub"(%x, %0) : (tensor<3x2x8xf32>, tensor<3x2x1xf32>) -> tensor<3x2x8xf32>
  %2 = "onnx.Mul"(%1, %1) : (tensor<3x2x8xf32>, tensor<3x2x8xf32>) -> tensor<3x2x8xf32>
  %3 = "onnx.ReduceMean"(%2, %axes) : (tensor<3x2x8xf32>, tensor<1xi64>) -> tensor<3x2x1xf32>
  %4 = "onnx.Add"(%3, %eps) : (tensor<3x2x1xf32>, tensor<f32>) -> tensor<3x2x1xf32>
  %5 = "onnx.Sqrt"(%4) : (tensor<3x2x1xf32>) -> tensor<3x2x1xf32>
  %6 = "onnx.Reciprocal"(%5) : (tensor<3x2x1xf32>) -> tensor<3x2x1xf32>
  %7 = "onnx.Mul"(%1, %6) : (tensor<3x2x8xf32>, tensor<3x2x1xf32>) -> tensor<3x2x8xf32>
  %8 = "onnx.Mul"(%7, %w) : (tensor<3x2x8xf32>, tensor<2x8xf32>) -> tensor<3x2x8xf32>
  return %8 : tensor<3x2x8xf32>
}
