// RUN: tp-opt %s --tp-print-rules --split-input-file --verify-diagnostics > /dev/null

func.func @granularities(%x: tensor<8x32xi8>, %scalar: tensor<f32>, %column: tensor<32xf32>, %block: tensor<8x2xf32>, %odd: tensor<8x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark @+1 {{([i, j], [], []) -> ([i, j]) {i=8 parallel, j=32 parallel}}}
  %0 = "onnx.DequantizeLinear"(%x, %scalar, %none) : (tensor<8x32xi8>, tensor<f32>, none) -> tensor<8x32xf32>
  // expected-remark @+1 {{([i, j], [j], []) -> ([i, j]) {i=8 parallel, j=32 parallel}}}
  %1 = "onnx.DequantizeLinear"(%x, %column, %none) {axis = 1 : si64} : (tensor<8x32xi8>, tensor<32xf32>, none) -> tensor<8x32xf32>
  // A block is never cut.
  // expected-remark @+1 {{([i, j*k], [i, j], []) -> ([i, j*k]) {i=8 parallel, j=2 parallel, k=16 whole}}}
  %2 = "onnx.DequantizeLinear"(%x, %block, %none) {axis = 1 : si64, block_size = 16 : si64} : (tensor<8x32xi8>, tensor<8x2xf32>, none) -> tensor<8x32xf32>
  // The last block is smaller than the others.
  // expected-remark @+1 {{{i=8 parallel, j=32 whole, k=3 whole}}}
  %3 = "onnx.DequantizeLinear"(%x, %odd, %none) {axis = 1 : si64, block_size = 12 : si64} : (tensor<8x32xi8>, tensor<8x3xf32>, none) -> tensor<8x32xf32>
  return
}
