// RUN: tp-opt %s --tp-print-rules --split-input-file --verify-diagnostics > /dev/null

module attributes {tp.symbols = ["batch", "seq"]} {
// Dimensions of a reshape are products of the common refinement.
func.func @reshape(%x: tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>) {
  // expected-remark @+1 {{whole}}
  %heads = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, s1, 8, 16]>} : () -> tensor<4xi64>
  // expected-remark @+1 {{([i, j, k*l], [m]) -> ([i, j, k, l]) {i=s0 parallel, j=s1 parallel, k=8 parallel, l=16 parallel, m=4 whole}}}
  %0 = "onnx.Reshape"(%x, %heads) : (tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>, tensor<4xi64>) -> tensor<?x?x8x16xf32, #tp.dims<[s0, s1, 8, 16]>>
  // expected-remark @+1 {{whole}}
  %flat = "onnx.SymbolicConstant"() {value = #tp.dims<[s0 * s1, 128]>} : () -> tensor<2xi64>
  // expected-remark @+1 {{([i, j, k], [l]) -> ([i*j, k]) {i=s0 parallel, j=s1 parallel, k=128 parallel, l=2 whole}}}
  %1 = "onnx.Reshape"(%x, %flat) : (tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>, tensor<2xi64>) -> tensor<?x128xf32, #tp.dims<[s0 * s1, 128]>>
  return
}
}

// -----

// 6 x 4 and 4 x 6 have the major half in common and nothing on the minor side
// but a pair; what is between them cannot be split.
func.func @refinement(%x: tensor<6x4xf32>, %y: tensor<3x5xf32>) {
  // expected-remark @+1 {{whole}}
  %s = "onnx.Constant"() {value = dense<[4, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  // expected-remark @+1 {{([i*k, l*j], [o]) -> ([i*m, n*j]) {i=2 parallel, j=2 parallel, k=3 whole, l=2 whole, m=2 whole, n=3 whole,}}
  %0 = "onnx.Reshape"(%x, %s) : (tensor<6x4xf32>, tensor<2xi64>) -> tensor<4x6xf32>
  // expected-remark @+1 {{([i, j]) -> ([1, i*j]) {i=3 parallel, j=5 parallel}}}
  %1 = "onnx.Flatten"(%y) {axis = 0 : si64} : (tensor<3x5xf32>) -> tensor<1x15xf32>
  return
}

// -----

func.func @movement(%x: tensor<2x6x8xf32>, %y: tensor<2x3x8xf32>) {
  // expected-remark @+1 {{([i, k, j]) -> ([i, j, k])}}
  %0 = "onnx.Transpose"(%x) {perm = [0, 2, 1]} : (tensor<2x6x8xf32>) -> tensor<2x8x6xf32>
  // expected-remark @+1 {{([i, l, j], [i, m, j]) -> ([i, k, j]) {i=2 parallel, j=8 parallel, k=9 whole, l=6 whole, m=3 whole}}}
  %1 = "onnx.Concat"(%x, %y) {axis = 1 : si64} : (tensor<2x6x8xf32>, tensor<2x3x8xf32>) -> tensor<2x9x8xf32>
  // expected-remark @+1 {{([1]) {}}}
  %one = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  // expected-remark @+1 {{([1]) {}}}
  %four = "onnx.Constant"() {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
  // expected-remark @+1 {{([1]) {}}}
  %minus = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  // expected-remark @+1 {{([i, l, j], [1], [1], [1], [1]) -> ([i, k, j]) {i=2 parallel, j=8 parallel, k=3 whole, l=6 whole}}}
  %2 = "onnx.Slice"(%x, %one, %four, %one, %one) : (tensor<2x6x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x3x8xf32>
  // Reversed: of the same size, but nothing stays where it is.
  // expected-remark @+1 {{([i, l, j], [1], [1], [1], [1]) -> ([i, k, j]) {i=2 parallel, j=8 parallel, k=6 whole, l=6 whole}}}
  %3 = "onnx.Slice"(%x, %minus, %minus, %one, %minus) : (tensor<2x6x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x6x8xf32>
  // expected-remark @+1 {{([1]) {}}}
  %two = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  // expected-remark @+1 {{([1]) {}}}
  %eight = "onnx.Constant"() {value = dense<8> : tensor<1xi64>} : () -> tensor<1xi64>
  // Every second element.
  // expected-remark @+1 {{([i, j, k*l], [1], [1], [1], [1]) -> ([i, j, k]) {i=2 parallel, j=6 parallel, k=4 parallel, l=2 whole}}}
  %every = "onnx.Slice"(%x, %one, %eight, %two, %two) : (tensor<2x6x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x6x4xf32>
  %none = "onnx.NoValue"() : () -> none
  // expected-remark @+1 {{([i, n, j], []) -> ([i, k, j], [i, l, j], [i, m, j])}}
  %4:3 = "onnx.Split"(%x, %none) {axis = 1 : si64, num_outputs = 3 : si64} : (tensor<2x6x8xf32>, none) -> (tensor<2x2x8xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>)
  return
}

// -----

module attributes {tp.symbols = ["batch", "seq"]} {
func.func @lookups(%ids: tensor<?x?xi64, #tp.dims<[s0, s1]>>, %pairs: tensor<?x2xi64, #tp.dims<[s0, 2]>>,
                   %x: tensor<4x8x16xf32>, %u: tensor<?x16xf32, #tp.dims<[s0, 16]>>) {
  // expected-remark @+1 {{parallel}}
  %table = tp.weight "wte" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [16, 1]>} : tensor<509x16xf32>
  // expected-remark @+1 {{([k, l], [i, j]) -> ([i, j, l]) {i=s0 parallel batch, j=s1 parallel sequence, k=509 reduction(sum) vocabulary, l=16 parallel hidden}}}
  %0 = "onnx.Gather"(%table, %ids) : (tensor<509x16xf32>, tensor<?x?xi64, #tp.dims<[s0, s1]>>) -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
  // expected-remark @+1 {{([k, l, j], [i, m]) -> ([i, j]) {i=s0 parallel, j=16 parallel, k=4 whole, l=8 whole, m=2 whole}}}
  %1 = "onnx.GatherND"(%x, %pairs) : (tensor<4x8x16xf32>, tensor<?x2xi64, #tp.dims<[s0, 2]>>) -> tensor<?x16xf32, #tp.dims<[s0, 16]>>
  // expected-remark @+1 {{([j, k, i], [l, m], [n, i]) -> ([o, p, i]) {i=16 parallel,}}
  %2 = "onnx.ScatterND"(%x, %pairs, %u) : (tensor<4x8x16xf32>, tensor<?x2xi64, #tp.dims<[s0, 2]>>, tensor<?x16xf32, #tp.dims<[s0, 16]>>) -> tensor<4x8x16xf32>
  // expected-remark @+1 {{([i, j, k]) -> ([i, j, 1]) {i=4 parallel, j=8 parallel, k=16 whole}}}
  %3 = "onnx.ArgMax"(%x) {axis = -1 : si64} : (tensor<4x8x16xf32>) -> tensor<4x8x1xi64>
  return
}
}

// -----

// A padding that depends on a size is one; the others are none.
module attributes {tp.symbols = ["batch", "seq"]} {
func.func @padded_to_a_multiple(%x: tensor<?x?x8xf32, #tp.dims<[s0, s1, 8]>>) {
  // expected-remark @+1 {{whole}}
  %pads = "onnx.SymbolicConstant"() {value = #tp.dims<[0, 0, 0, 0, (s1 * 4) mod 5, 0]>} : () -> tensor<6xi64>
  %none = "onnx.NoValue"() : () -> none
  // expected-remark @+1 {{([i, l, j], [m], [], []) -> ([i, k, j]) {i=s0 parallel, j=8 parallel, k=s1 * 5 - ((s1 * 4) floordiv 5) * 5 whole, l=s1 whole,}}
  %0 = "onnx.Pad"(%x, %pads, %none, %none) : (tensor<?x?x8xf32, #tp.dims<[s0, s1, 8]>>, tensor<6xi64>, none, none) -> tensor<?x?x8xf32, #tp.dims<[s0, s1 + (s1 * 4) mod 5, 8]>>
  return
}
}
