// RUN: tp-opt %s --tp-raise-activations --split-input-file | FileCheck %s

// torch's gelu(approximate="tanh"), with the factors as written by Hugging Face.
// CHECK-LABEL: func @gelu_tanh
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK: %[[Y:.*]] = "onnx.Gelu"(%[[X]]) {approximate = "tanh"}
// CHECK-NEXT: return %[[Y]]
func.func @gelu_tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %three = "onnx.Constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %c0 = "onnx.Constant"() {value = dense<0.044715> : tensor<f32>} : () -> tensor<f32>
  %c1 = "onnx.Constant"() {value = dense<0.797884583> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.Mul"(%x, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = "onnx.Pow"(%x, %three) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = "onnx.Mul"(%1, %c0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = "onnx.Add"(%x, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = "onnx.Mul"(%3, %c1) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %5 = "onnx.Tanh"(%4) : (tensor<4xf32>) -> tensor<4xf32>
  %6 = "onnx.Add"(%5, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = "onnx.Mul"(%0, %6) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// -----

// x is a product itself, and x^3 is x * x * x.
// CHECK-LABEL: func @gelu_of_product
// CHECK: %[[X:.*]] = "onnx.Mul"
// CHECK: "onnx.Gelu"(%[[X]]) {approximate = "tanh"}
func.func @gelu_of_product(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %c0 = "onnx.Constant"() {value = dense<0.044715> : tensor<f32>} : () -> tensor<f32>
  %c1 = "onnx.Constant"() {value = dense<0.797884583> : tensor<f32>} : () -> tensor<f32>
  %x = "onnx.Mul"(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %0 = "onnx.Mul"(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "onnx.Mul"(%0, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = "onnx.Mul"(%c0, %1) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = "onnx.Add"(%2, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = "onnx.Mul"(%3, %c1) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %5 = "onnx.Tanh"(%4) : (tensor<4xf32>) -> tensor<4xf32>
  %6 = "onnx.Add"(%one, %5) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %7 = "onnx.Mul"(%x, %6) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %8 = "onnx.Mul"(%7, %half) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %8 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @gelu_erf
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK: "onnx.Gelu"(%[[X]]) {approximate = "none"}
func.func @gelu_erf(%x: tensor<4xf32>) -> tensor<4xf32> {
  %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %root2 = "onnx.Constant"() {value = dense<1.41421354> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.Div"(%x, %root2) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = "onnx.Erf"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "onnx.Add"(%1, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = "onnx.Mul"(%half, %2) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = "onnx.Mul"(%x, %3) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// -----

// Another factor is another function.
// CHECK-LABEL: func @not_gelu
// CHECK-NOT: onnx.Gelu
func.func @not_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %root2 = "onnx.Constant"() {value = dense<1.41421354> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.Div"(%x, %root2) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = "onnx.Erf"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "onnx.Add"(%1, %one) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = "onnx.Mul"(%x, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @swish
func.func @swish(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c = "onnx.Constant"() {value = dense<1.5> : tensor<f32>} : () -> tensor<f32>
  // CHECK: "onnx.Swish"(%{{.*}}) {alpha = 1.000000e+00 : f32}
  %0 = "onnx.Sigmoid"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "onnx.Mul"(%x, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: "onnx.Swish"(%{{.*}}) {alpha = 1.500000e+00 : f32}
  %2 = "onnx.Mul"(%x, %c) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = "onnx.Sigmoid"(%2) : (tensor<4xf32>) -> tensor<4xf32>
  %4 = "onnx.Mul"(%3, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1, %4 : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: func @contrib
func.func @contrib(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  // CHECK: %[[A:.*]] = "onnx.Add"
  // CHECK: "onnx.Gelu"(%[[A]]) {approximate = "tanh"}
  %0 = "onnx.ms.FastGelu"(%x, %b) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  // CHECK: "onnx.Swish"
  %1 = "onnx.ms.QuickGelu"(%0) {alpha = 1.702 : f32} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<2x4xf32>
}
