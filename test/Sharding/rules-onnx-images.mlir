// RUN: tp-opt %s --tp-print-rules --split-input-file --verify-diagnostics > /dev/null

func.func @convolutions(%x: tensor<2x6x8x8xf32>, %w: tensor<6x1x3x3xf32>, %b: tensor<6xf32>, %t: tensor<6x4x3x3xf32>,
                        %c: tensor<4xf32>, %g: tensor<6x2x3x3xf32>) {
  // Depthwise: channels are groups.
  // expected-remark @+1 {{([i, j, k, l], [j, 1, m, n], [j]) -> ([i, j, o, p]) {i=2 parallel batch, j=6 parallel hidden, k=8 whole}}
  %0 = "onnx.Conv"(%x, %w, %b) {group = 6 : si64} : (tensor<2x6x8x8xf32>, tensor<6x1x3x3xf32>, tensor<6xf32>) -> tensor<2x6x6x6xf32>
  // expected-remark @+1 {{([i, k, l, m], [k, j, n, o], [j]) -> ([i, j, p, q]) {i=2 parallel batch, j=4 parallel hidden, k=6 reduction(sum) hidden}}
  %1 = "onnx.ConvTranspose"(%x, %t, %c) : (tensor<2x6x8x8xf32>, tensor<6x4x3x3xf32>, tensor<4xf32>) -> tensor<2x4x10x10xf32>
  // expected-remark @+1 {{([i, j*k, m, n], [j*k, l, o, p], [j*l]) -> ([i, j*l, q, r]) {i=2 parallel batch, j=2 parallel hidden, k=3 whole, l=2 whole}}
  %2 = "onnx.ConvTranspose"(%x, %g, %c) {group = 2 : si64} : (tensor<2x6x8x8xf32>, tensor<6x2x3x3xf32>, tensor<4xf32>) -> tensor<2x4x10x10xf32>
  return
}

// -----

func.func @images(%x: tensor<2x6x8x8xf32>, %s: tensor<6xf32>, %grid: tensor<2x5x7x2xf32>) {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark @+1 {{{i=2 parallel batch, j=2 parallel, k=3 whole}}
  %0 = "onnx.GroupNormalization"(%x, %s, %s) {num_groups = 2 : si64} : (tensor<2x6x8x8xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x8x8xf32>
  // expected-remark @+1 {{i=4 whole}}
  %scales = "onnx.Constant"() {value = dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>} : () -> tensor<4xf32>
  // expected-remark @+1 {{{i=2 parallel batch, j=6 parallel, k=8 whole}}
  %1 = "onnx.Resize"(%x, %none, %scales, %none) {mode = "linear"} : (tensor<2x6x8x8xf32>, none, tensor<4xf32>, none) -> tensor<2x6x16x16xf32>
  // A crop may move the channels.
  // expected-remark @+1 {{{i=2 whole, j=6 whole}}
  %2 = "onnx.Resize"(%x, %scales, %scales, %none) {coordinate_transformation_mode = "tf_crop_and_resize"} : (tensor<2x6x8x8xf32>, tensor<4xf32>, tensor<4xf32>, none) -> tensor<2x6x16x16xf32>
  // expected-remark @+1 {{([i, j, k, l], [i, m, n, o]) -> ([i, j, p, q]) {i=2 parallel batch, j=6 parallel}}
  %3 = "onnx.GridSample"(%x, %grid) : (tensor<2x6x8x8xf32>, tensor<2x5x7x2xf32>) -> tensor<2x6x5x7xf32>
  // expected-remark @+1 {{{i=2 parallel, j=6 parallel, k=8 whole}}
  %4:2 = "onnx.MaxPool"(%x) {kernel_shape = [2, 2]} : (tensor<2x6x8x8xf32>) -> (tensor<2x6x7x7xf32>, none)
  // Indices are positions in the whole tensor.
  // expected-remark @+1 {{{i=2 whole, j=6 whole, k=8 whole}}
  %5:2 = "onnx.MaxPool"(%x) {kernel_shape = [2, 2]} : (tensor<2x6x8x8xf32>) -> (tensor<2x6x7x7xf32>, tensor<2x6x7x7xi64>)
  // expected-remark @+1 {{{i=6 parallel, j=2 whole, k=8 whole, l=8 whole}}
  %6 = "onnx.MeanVarianceNormalization"(%x) : (tensor<2x6x8x8xf32>) -> tensor<2x6x8x8xf32>
  return
}
