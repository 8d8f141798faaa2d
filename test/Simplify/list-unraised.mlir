// RUN: tp-opt %s --tp-list-unraised --split-input-file --verify-diagnostics

// Attention whose Softmax is over the wrong dimension for the raise.
func.func @attention(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x4x3xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %0 = "onnx.MatMul"(%q, %k) : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  // expected-remark @+1 {{Attention is left spelled out}}
  %1 = "onnx.Softmax"(%0) {axis = 2 : si64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = "onnx.MatMul"(%1, %v) : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %2 : tensor<1x2x3x4xf32>
}

// -----

// A router's Softmax is none: its logits are a product with a weight.
module attributes {tp.files = ["model.onnx"]} {
  func.func @router(%x: tensor<3x4xf32>, %v: tensor<2x4xf32>) -> tensor<3x4xf32> {
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [2, 1]>} : tensor<4x2xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
    %1 = "onnx.Softmax"(%0) {axis = 1 : si64} : (tensor<3x2xf32>) -> tensor<3x2xf32>
    %2 = "onnx.MatMul"(%1, %v) : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
    return %2 : tensor<3x4xf32>
  }
}

// -----

func.func @norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %eps = "onnx.Constant"() {value = dense<1.0e-5> : tensor<f32>} : () -> tensor<f32>
  %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Abs"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = "onnx.ReduceMean"(%0, %axes) : (tensor<2x8xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  %2 = "onnx.Add"(%1, %eps) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  // expected-remark @+1 {{Normalization is left spelled out}}
  %3 = "onnx.Sqrt"(%2) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  // Not of a mean.
  %4 = "onnx.Sqrt"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %5 = "onnx.Div"(%4, %3) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  return %5 : tensor<2x8xf32>
}

// -----

func.func @rotary(%x: tensor<3x4xf32>, %y: tensor<3x4xf32>, %angle: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = "onnx.Cos"(%angle) : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %1 = "onnx.Sin"(%angle) : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %2 = "onnx.Mul"(%x, %0) : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %3 = "onnx.Mul"(%1, %y) : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  // expected-remark @+1 {{RotaryEmbedding is left spelled out}}
  %4 = "onnx.Add"(%2, %3) : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %4 : tensor<3x4xf32>
}

// -----

func.func @gelu(%x: tensor<3xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  %one = "onnx.Constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.Erf"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %1 = "onnx.Add"(%0, %one) : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  // expected-remark @+1 {{Gelu is left spelled out}}
  %2 = "onnx.Mul"(%y, %1) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}
