// RUN: tp-opt %s --tp-raise-rotary --tp-simplify-movement --split-input-file | FileCheck %s

!x = tensor<?x4x?x8xf32, #tp.dims<[s0, 4, s1, 8]>>
!half = tensor<?x4x?x4xf32, #tp.dims<[s0, 4, s1, 4]>>
!freq = tensor<?x?x4xf32, #tp.dims<[s0, s1, 4]>>
!emb = tensor<?x?x8xf32, #tp.dims<[s0, s1, 8]>>
!row = tensor<?x1x?x8xf32, #tp.dims<[s0, 1, s1, 8]>>

// CHECK-LABEL: func @rotate_half
// CHECK-SAME: %[[X:[^:]*]]: tensor{{.*}}, %[[F:[^:]*]]: tensor
// CHECK-DAG: %[[COS:.*]] = "onnx.Cos"(%[[F]])
// CHECK-DAG: %[[SIN:.*]] = "onnx.Sin"(%[[F]])
// CHECK: "onnx.RotaryEmbedding"(%[[X]], %[[COS]], %[[SIN]], %{{.*}}) {interleaved = 0 : si64
module attributes {tp.symbols = ["batch", "seq"]} {
  func.func @rotate_half(%x: !x, %f: !freq) -> !x {
    %none = "onnx.NoValue"() : () -> none
    %c0 = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
    %c3 = "onnx.Constant"() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
    %c4 = "onnx.Constant"() {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
    %max = "onnx.Constant"() {value = dense<9223372036854775807> : tensor<1xi64>} : () -> tensor<1xi64>
    %shape = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 1, s1, 8]>} : () -> tensor<4xi64>
    %emb = "onnx.Concat"(%f, %f) {axis = -1 : si64} : (!freq, !freq) -> !emb
    %cos = "onnx.Cos"(%emb) : (!emb) -> !emb
    %sin = "onnx.Sin"(%emb) : (!emb) -> !emb
    %cosr = "onnx.Reshape"(%cos, %shape) : (!emb, tensor<4xi64>) -> !row
    %sinr = "onnx.Reshape"(%sin, %shape) : (!emb, tensor<4xi64>) -> !row
    %0 = "onnx.Mul"(%x, %cosr) : (!x, !row) -> !x
    %1 = "onnx.Slice"(%x, %c0, %c4, %c3, %none) : (!x, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> !half
    %2 = "onnx.Slice"(%x, %c4, %max, %c3, %none) : (!x, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> !half
    %3 = "onnx.Neg"(%2) : (!half) -> !half
    %4 = "onnx.Concat"(%3, %1) {axis = -1 : si64} : (!half, !half) -> !x
    %5 = "onnx.Mul"(%4, %sinr) : (!x, !row) -> !x
    %6 = "onnx.Add"(%0, %5) : (!x, !x) -> !x
    return %6 : !x
  }
}

// -----

// Nothing says that the halves of the table are equal.
// CHECK-LABEL: func @unknown_table
// CHECK-NOT: onnx.RotaryEmbedding
func.func @unknown_table(%x: tensor<1x2x3x8xf32>, %cos: tensor<1x1x3x8xf32>, %sin: tensor<1x1x3x8xf32>) -> tensor<1x2x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  %c0 = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %c3 = "onnx.Constant"() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %c4 = "onnx.Constant"() {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
  %c8 = "onnx.Constant"() {value = dense<8> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Mul"(%x, %cos) : (tensor<1x2x3x8xf32>, tensor<1x1x3x8xf32>) -> tensor<1x2x3x8xf32>
  %1 = "onnx.Slice"(%x, %c0, %c4, %c3, %none) : (tensor<1x2x3x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x2x3x4xf32>
  %2 = "onnx.Slice"(%x, %c4, %c8, %c3, %none) : (tensor<1x2x3x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x2x3x4xf32>
  %3 = "onnx.Neg"(%2) : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %4 = "onnx.Concat"(%3, %1) {axis = -1 : si64} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x8xf32>
  %5 = "onnx.Mul"(%4, %sin) : (tensor<1x2x3x8xf32>, tensor<1x1x3x8xf32>) -> tensor<1x2x3x8xf32>
  %6 = "onnx.Add"(%0, %5) : (tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>) -> tensor<1x2x3x8xf32>
  return %6 : tensor<1x2x3x8xf32>
}

// -----

// Halves spelled apart, of the first columns only.
// CHECK-LABEL: func @partial
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x2x3x12xf32>
// CHECK: %[[Y:.*]] = "onnx.RotaryEmbedding"(%[[X]], {{.*}}) {{.*}}rotary_embedding_dim = 8 : si64
// CHECK: return %[[Y]]
func.func @partial(%x: tensor<1x2x3x12xf32>, %cos: tensor<1x1x3x4xf32>, %sin: tensor<1x1x3x4xf32>) -> tensor<1x2x3x12xf32> {
  %none = "onnx.NoValue"() : () -> none
  %c0 = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %c3 = "onnx.Constant"() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %c4 = "onnx.Constant"() {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
  %c8 = "onnx.Constant"() {value = dense<8> : tensor<1xi64>} : () -> tensor<1xi64>
  %c12 = "onnx.Constant"() {value = dense<12> : tensor<1xi64>} : () -> tensor<1xi64>
  %r = "onnx.Slice"(%x, %c0, %c8, %c3, %none) : (tensor<1x2x3x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x2x3x8xf32>
  %p = "onnx.Slice"(%x, %c8, %c12, %c3, %none) : (tensor<1x2x3x12xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x2x3x4xf32>
  %a = "onnx.Slice"(%r, %c0, %c4, %c3, %none) : (tensor<1x2x3x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x2x3x4xf32>
  %b = "onnx.Slice"(%r, %c4, %c8, %c3, %none) : (tensor<1x2x3x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<1x2x3x4xf32>
  %ac = "onnx.Mul"(%a, %cos) : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %bs = "onnx.Mul"(%b, %sin) : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %bc = "onnx.Mul"(%b, %cos) : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %as = "onnx.Mul"(%a, %sin) : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %0 = "onnx.Sub"(%ac, %bs) : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %1 = "onnx.Add"(%bc, %as) : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %2 = "onnx.Concat"(%0, %1) {axis = -1 : si64} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x8xf32>
  %3 = "onnx.Concat"(%2, %p) {axis = -1 : si64} : (tensor<1x2x3x8xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x12xf32>
  return %3 : tensor<1x2x3x12xf32>
}

// -----

// Neighbouring columns are pairs.
// CHECK-LABEL: func @interleaved
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x2x3x4xf32>, %[[F:[^:]*]]: tensor
// CHECK: "onnx.RotaryEmbedding"(%[[X]], {{.*}}) {interleaved = 1 : si64
func.func @interleaved(%x: tensor<1x2x3x4xf32>, %f: tensor<1x1x3x2x1xf32>) -> tensor<1x2x3x4xf32> {
  %c0 = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %c1 = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %c2 = "onnx.Constant"() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  %c3 = "onnx.Constant"() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %c4 = "onnx.Constant"() {value = dense<4> : tensor<1xi64>} : () -> tensor<1xi64>
  %s2 = "onnx.Constant"() {value = dense<[1, 1, 3, 2, 2]> : tensor<5xi64>} : () -> tensor<5xi64>
  %s4 = "onnx.Constant"() {value = dense<[1, 1, 3, 4]> : tensor<4xi64>} : () -> tensor<4xi64>
  %s5 = "onnx.Constant"() {value = dense<[1, 2, 3, 2, 1]> : tensor<5xi64>} : () -> tensor<5xi64>
  %sx = "onnx.Constant"() {value = dense<[1, 2, 3, 4]> : tensor<4xi64>} : () -> tensor<4xi64>
  %e = "onnx.Expand"(%f, %s2) : (tensor<1x1x3x2x1xf32>, tensor<5xi64>) -> tensor<1x1x3x2x2xf32>
  %emb = "onnx.Reshape"(%e, %s4) : (tensor<1x1x3x2x2xf32>, tensor<4xi64>) -> tensor<1x1x3x4xf32>
  %cos = "onnx.Cos"(%emb) : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %sin = "onnx.Sin"(%emb) : (tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32>
  %even = "onnx.Slice"(%x, %c0, %c4, %c3, %c2) : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %odd = "onnx.Slice"(%x, %c1, %c4, %c3, %c2) : (tensor<1x2x3x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x2x3x2xf32>
  %neg = "onnx.Neg"(%odd) : (tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %a = "onnx.Reshape"(%neg, %s5) : (tensor<1x2x3x2xf32>, tensor<5xi64>) -> tensor<1x2x3x2x1xf32>
  %b = "onnx.Reshape"(%even, %s5) : (tensor<1x2x3x2xf32>, tensor<5xi64>) -> tensor<1x2x3x2x1xf32>
  %pairs = "onnx.Concat"(%a, %b) {axis = 4 : si64} : (tensor<1x2x3x2x1xf32>, tensor<1x2x3x2x1xf32>) -> tensor<1x2x3x2x2xf32>
  %rot = "onnx.Reshape"(%pairs, %sx) : (tensor<1x2x3x2x2xf32>, tensor<4xi64>) -> tensor<1x2x3x4xf32>
  %0 = "onnx.Mul"(%x, %cos) : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %1 = "onnx.Mul"(%rot, %sin) : (tensor<1x2x3x4xf32>, tensor<1x1x3x4xf32>) -> tensor<1x2x3x4xf32>
  %2 = "onnx.Add"(%0, %1) : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %2 : tensor<1x2x3x4xf32>
}

// -----

// com.microsoft: merged heads, rows of the tables by position.
// CHECK-LABEL: func @contrib
// CHECK-DAG: %[[COS:.*]] = "onnx.Gather"
// CHECK-DAG: %[[X:.*]] = "onnx.Transpose"{{.*}} -> tensor<1x2x3x8xf32>
// CHECK: %[[R:.*]] = "onnx.RotaryEmbedding"(%[[X]], %[[COS]]
// CHECK: "onnx.Transpose"(%[[R]])
func.func @contrib(%x: tensor<1x3x16xf32>, %p: tensor<1x3xi64>, %cos: tensor<9x4xf32>, %sin: tensor<9x4xf32>) -> tensor<1x3x16xf32> {
  %0 = "onnx.ms.RotaryEmbedding"(%x, %p, %cos, %sin) {num_heads = 2 : si64} : (tensor<1x3x16xf32>, tensor<1x3xi64>, tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<1x3x16xf32>
  return %0 : tensor<1x3x16xf32>
}
