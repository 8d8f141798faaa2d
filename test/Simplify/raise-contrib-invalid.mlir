// RUN: tp-opt %s --tp-raise-contrib --split-input-file --verify-diagnostics

func.func @rotary_inside(%x: tensor<2x3x8xf32>, %w: tensor<8x24xf32>) -> tensor<2x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @below {{Attention with do_rotary is not supported}}
  %0:2 = "onnx.ms.Attention"(%x, %w, %none, %none, %none, %none, %none) {num_heads = 2 : si64, do_rotary = 1 : si64}
      : (tensor<2x3x8xf32>, tensor<8x24xf32>, none, none, none, none, none) -> (tensor<2x3x8xf32>, none)
  return %0#0 : tensor<2x3x8xf32>
}

// -----

func.func @heads(%x: tensor<2x3x8xf32>, %w: tensor<8x24xf32>) -> tensor<2x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @below {{cannot split 'tensor<2x3x8xf32>' into 3 heads}}
  %0:2 = "onnx.ms.Attention"(%x, %w, %none, %none, %none, %none, %none) {num_heads = 3 : si64}
      : (tensor<2x3x8xf32>, tensor<8x24xf32>, none, none, none, none, none) -> (tensor<2x3x8xf32>, none)
  return %0#0 : tensor<2x3x8xf32>
}

// -----

func.func @activation(%x: tensor<2x8xf32>, %w: tensor<8x4xf32>) -> tensor<2x4xf32> {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @below {{FusedGemm with activation 'Sine' is not supported}}
  %0 = "onnx.ms.FusedGemm"(%x, %w, %none) {activation = "Sine"} : (tensor<2x8xf32>, tensor<8x4xf32>, none) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
