// RUN: tp-opt %s --tp-print-rules --split-input-file --verify-diagnostics > /dev/null

module attributes {tp.symbols = ["batch", "seq", "past"]} {
func.func @elementwise(
    %x: tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, %bias: tensor<16xf32>,
    %mask: tensor<?x1x1xi1, #tp.dims<[s0, 1, 1]>>) {
  // expected-remark @+1 {{([i, j, k], [k]) -> ([i, j, k]) {i=s0 parallel, j=s1 parallel, k=16 parallel} linear {0, 1}}}
  %0 = "onnx.Add"(%x, %bias) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<16xf32>) -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
  // expected-remark @+1 {{linear {0} linear {1}}}
  %1 = "onnx.Mul"(%x, %bias) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<16xf32>) -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
  // expected-remark @+1 {{([i, 1, 1], [i, j, k], [k]) -> ([i, j, k]) {i=s0 parallel, j=s1 parallel, k=16 parallel} linear {1, 2} linear(max) {1, 2} linear(min) {1, 2}}}
  %2 = "onnx.Where"(%mask, %x, %bias) : (tensor<?x1x1xi1, #tp.dims<[s0, 1, 1]>>, tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<16xf32>) -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
  // Not linear at all.
  // expected-remark @+1 {{([i, j, k]) -> ([i, j, k]) {i=s0 parallel, j=s1 parallel, k=16 parallel}}}
  %3 = "onnx.Swish"(%x) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>) -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
  // A narrower type loses what terms have; a wider one does not.
  // expected-remark @+1 {{k=16 parallel}}
  %4 = "onnx.Cast"(%x) {to = 10 : si64} : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>) -> tensor<?x?x16xf16, #tp.dims<[s0, s1, 16]>>
  // expected-remark @+1 {{linear {0} linear(max) {0} linear(min) {0}}}
  %5 = "onnx.Cast"(%x) {to = 11 : si64} : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>) -> tensor<?x?x16xf64, #tp.dims<[s0, s1, 16]>>
  return
}
}

// -----

func.func @does_not_broadcast(%x: tensor<8x16xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{operand #1 dimension 0 of size 4 cannot be shown to be 1 or 16, the size it is broadcast to}}
  %0 = "onnx.Add"(%x, %y) : (tensor<8x16xf32>, tensor<4xf32>) -> tensor<8x16xf32>
  return
}

// -----

module attributes {tp.symbols = ["batch", "seq", "past"]} {
func.func @contractions(
    %x: tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, %m: tensor<8x16xf32>,
    %g: tensor<32x8xf32>, %c: tensor<32xf32>) {
  // expected-remark @+1 {{([i, j]) {i=16 parallel, j=32 parallel}}}
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [32, 1]>} : tensor<16x32xf32>
  // expected-remark @+1 {{([i, j, l], [l, k]) -> ([i, j, k]) {i=s0 parallel batch, j=s1 parallel sequence, k=32 parallel hidden, l=16 reduction(sum) hidden} linear {0} linear {1}}}
  %0 = "onnx.MatMul"(%x, %w) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<16x32xf32>) -> tensor<?x?x32xf32, #tp.dims<[s0, s1, 32]>>
  // expected-remark @+1 {{([k, i], [j, k], [j]) -> ([i, j]) {i=16 parallel, j=32 parallel, k=8 reduction(sum)} linear {0} linear {1} addends {2}}}
  %1 = "onnx.Gemm"(%m, %g, %c) {transA = 1 : si64, transB = 1 : si64} : (tensor<8x16xf32>, tensor<32x8xf32>, tensor<32xf32>) -> tensor<16x32xf32>
  return
}
}

// -----

func.func @batched(%a: tensor<2x1x8x16xf32>, %b: tensor<4x16x32xf32>) {
  // expected-remark @+1 {{([i, 1, k, m], [j, m, l]) -> ([i, j, k, l]) {i=2 parallel, j=4 parallel, k=8 parallel, l=32 parallel, m=16 reduction(sum)}}}
  %0 = "onnx.MatMul"(%a, %b) : (tensor<2x1x8x16xf32>, tensor<4x16x32xf32>) -> tensor<2x4x8x32xf32>
  return
}

// -----

func.func @vectors(%a: tensor<16xf32>, %b: tensor<16x32xf32>) {
  // expected-remark @+1 {{([j], [j, i]) -> ([i])}}
  %0 = "onnx.MatMul"(%a, %b) : (tensor<16xf32>, tensor<16x32xf32>) -> tensor<32xf32>
  // expected-remark @+1 {{([i], [i]) -> ([]) {i=16 reduction(sum)}}}
  %1 = "onnx.MatMul"(%a, %a) : (tensor<16xf32>, tensor<16xf32>) -> tensor<f32>
  return
}

// -----

module attributes {tp.symbols = ["batch", "seq", "past"]} {
func.func @normalization(%x: tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, %scale: tensor<16xf32>) {
  // expected-remark @+1 {{([i, j, k], [k], [k]) -> ([i, j, k], [i, j, 1], []) {i=s0 parallel, j=s1 parallel, k=16 whole}}}
  %0:3 = "onnx.LayerNormalization"(%x, %scale, %scale) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<16xf32>, tensor<16xf32>) -> (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<?x?x1xf32, #tp.dims<[s0, s1, 1]>>, none)
  // expected-remark @+1 {{([i, j, k]) -> ([i, j, k]) {i=s0 parallel, j=s1 whole, k=16 parallel}}}
  %1 = "onnx.Softmax"(%x) {axis = 1 : si64} : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>) -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
  // expected-remark @+1 {{([1]) {}}}
  %axes = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  // expected-remark @+1 {{([i, j, k], [1]) -> ([i, j]) {i=s0 parallel, j=s1 parallel, k=16 reduction(sum)} linear {0}}}
  %2 = "onnx.ReduceSum"(%x, %axes) {keepdims = 0 : si64} : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<1xi64>) -> tensor<?x?xf32, #tp.dims<[s0, s1]>>
  // Means of unequal parts do not add up.
  // expected-remark @+1 {{k=16 whole} linear {0}}}
  %3 = "onnx.ReduceMean"(%x, %axes) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<1xi64>) -> tensor<?x?x1xf32, #tp.dims<[s0, s1, 1]>>
  // expected-remark @+1 {{k=16 reduction(max)} linear(max) {0}}}
  %4 = "onnx.ReduceMax"(%x, %axes) : (tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, tensor<1xi64>) -> tensor<?x?x1xf32, #tp.dims<[s0, s1, 1]>>
  return
}
}
