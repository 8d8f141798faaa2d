// RUN: tp-opt %s --tp-raise-attention --split-input-file | FileCheck %s

!q = tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>
!k = tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s2, 16]>>
!kt = tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s2]>>
!s = tensor<?x8x?x?xf32, #tp.dims<[s0, 8, s1, s2]>>
!sb = tensor<?x8x?x?xi1, #tp.dims<[s0, 8, s1, s2]>>
!m = tensor<?x1x?x?xi1, #tp.dims<[s0, 1, s1, s2]>>
!mf = tensor<?x1x?x?xf32, #tp.dims<[s0, 1, s1, s2]>>

// Scaled on both sides, -inf where masked, guarded: the boolean mask.
// CHECK-LABEL: func @guarded
// CHECK-SAME: %[[Q:[^:]*]]: tensor{{.*}}, %[[K:[^:]*]]: tensor{{.*}}, %[[V:[^:]*]]: tensor{{.*}}, %[[M:[^:]*]]: tensor
// CHECK: %[[Y:[^,]*]], {{.*}} = "onnx.Attention"(%[[Q]], %[[K]], %[[V]], %[[M]],
// CHECK-SAME: scale = 2.500000e-01 : f32
// CHECK-NEXT: return %[[Y]]
module attributes {tp.symbols = ["batch", "seq", "total"]} {
  func.func @guarded(%q: !q, %k: !k, %v: !k, %m: !m) -> !q {
    %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
    %inf = "onnx.Constant"() {value = dense<0xFF800000> : tensor<1xf32>} : () -> tensor<1xf32>
    %kt = "onnx.Transpose"(%k) {perm = [0, 1, 3, 2]} : (!k) -> !kt
    %qs = "onnx.Mul"(%q, %half) : (!q, tensor<f32>) -> !q
    %ks = "onnx.Mul"(%kt, %half) : (!kt, tensor<f32>) -> !kt
    %0 = "onnx.MatMul"(%qs, %ks) : (!q, !kt) -> !s
    %mask = "onnx.Where"(%m, %zero, %inf) : (!m, tensor<1xf32>, tensor<1xf32>) -> !mf
    %1 = "onnx.Add"(%0, %mask) : (!s, !mf) -> !s
    %2 = "onnx.Softmax"(%1) {axis = -1 : si64} : (!s) -> !s
    %3 = "onnx.IsNaN"(%2) : (!s) -> !sb
    %4 = "onnx.Where"(%3, %zero, %2) : (!sb, tensor<1xf32>, !s) -> !s
    %5 = "onnx.MatMul"(%4, %v) : (!s, !k) -> !q
    return %5 : !q
  }
}

// -----

!q = tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>
!kt = tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1]>>
!s = tensor<?x8x?x?xf32, #tp.dims<[s0, 8, s1, s1]>>
!m = tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>>
!mf = tensor<?x1x1x?xf32, #tp.dims<[s0, 1, 1, s1]>>

// BERT: Div by sqrt(d); a row hidden by a finite number is no row of zeros.
// CHECK-LABEL: func @finite
// CHECK: %[[W:.*]] = "onnx.Where"
// CHECK: "onnx.Attention"(%{{.*}}, %{{.*}}, %{{.*}}, %[[W]],
// CHECK-SAME: scale = 2.500000e-01 : f32
module attributes {tp.symbols = ["batch", "seq"]} {
  func.func @finite(%q: !q, %kt: !kt, %v: !q, %m: !m) -> !q {
    %four = "onnx.Constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
    %min = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>} : () -> tensor<f32>
    %0 = "onnx.MatMul"(%q, %kt) : (!q, !kt) -> !s
    %1 = "onnx.Div"(%0, %four) : (!s, tensor<f32>) -> !s
    %mask = "onnx.Where"(%m, %zero, %min) : (!m, tensor<f32>, tensor<f32>) -> !mf
    %2 = "onnx.Add"(%1, %mask) : (!s, !mf) -> !s
    %3 = "onnx.Softmax"(%2) {axis = 3 : si64} : (!s) -> !s
    %4 = "onnx.MatMul"(%3, %v) : (!s, !q) -> !q
    return %4 : !q
  }
}

// -----

// Capped scores, then Where with -inf, no Add.
// CHECK-LABEL: func @softcap
// CHECK-SAME: %[[Q:[^:]*]]: tensor{{.*}}, %[[KT:[^:]*]]: tensor{{.*}}, %[[V:[^:]*]]: tensor{{.*}}, %[[M:[^:]*]]: tensor
// CHECK: %[[K:.*]] = "onnx.Transpose"(%[[KT]]) {perm = [0, 1, 3, 2]}
// CHECK: "onnx.Attention"(%[[Q]], %[[K]], %[[V]], %[[M]],
// CHECK-SAME: scale = 1.000000e+00 : f32{{.*}}softcap = 5.000000e+01 : f32
func.func @softcap(%q: tensor<1x2x3x4xf32>, %kt: tensor<1x2x4x5xf32>, %v: tensor<1x2x5x4xf32>, %m: tensor<3x5xi1>) -> tensor<1x2x3x4xf32> {
  %cap = "onnx.Constant"() {value = dense<50.0> : tensor<f32>} : () -> tensor<f32>
  %inf = "onnx.Constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.MatMul"(%q, %kt) : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %1 = "onnx.Div"(%0, %cap) : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %2 = "onnx.Tanh"(%1) : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %3 = "onnx.Mul"(%2, %cap) : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %4 = "onnx.Where"(%m, %3, %inf) : (tensor<3x5xi1>, tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %5 = "onnx.Softmax"(%4) : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %6 = "onnx.MatMul"(%5, %v) : (tensor<1x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x3x4xf32>
  return %6 : tensor<1x2x3x4xf32>
}

// -----

// A softmax over queries, a factor of columns, and one of scores and mask that turns
// the mask around.
// CHECK-LABEL: func @not_attention
// CHECK-NOT: onnx.Attention
func.func @not_attention(%q: tensor<1x2x3x4xf32>, %kt: tensor<1x2x4x3xf32>, %v: tensor<1x2x3x4xf32>, %m: tensor<3x3xf32>, %columns: tensor<3xf32>) -> (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) {
  %c = "onnx.Constant"() {value = dense<-5.0> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.MatMul"(%q, %kt) : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %1 = "onnx.Add"(%0, %m) : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = "onnx.Mul"(%1, %c) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %3 = "onnx.Softmax"(%2) : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %4 = "onnx.MatMul"(%3, %v) : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %5 = "onnx.Softmax"(%0) {axis = 2 : si64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %6 = "onnx.MatMul"(%5, %v) : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %7 = "onnx.Mul"(%0, %columns) : (tensor<1x2x3x3xf32>, tensor<3xf32>) -> tensor<1x2x3x3xf32>
  %8 = "onnx.Softmax"(%7) : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %9 = "onnx.MatMul"(%8, %v) : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %4, %6, %9 : tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>
}

// -----

// The sum of products and positions is scaled, a mask behind it is not.
// CHECK-LABEL: func @scaled_bias
// CHECK-SAME: %[[Q:[^:]*]]: tensor{{.*}}, %[[KT:[^:]*]]: tensor{{.*}}, %[[V:[^:]*]]: tensor{{.*}}, %[[P:[^:]*]]: tensor{{.*}}, %[[M:[^:]*]]: tensor
// CHECK: %[[SCALED:.*]] = "onnx.Mul"(%[[P]], %{{.*}}) : (tensor<1x2x3x5xf32>, tensor<f32>)
// CHECK: %[[MASK:.*]] = "onnx.Add"(%{{.*}}, %{{.*}}) : {{.*}} -> tensor<1x2x3x5xf32>
// CHECK: "onnx.Attention"(%[[Q]], %{{.*}}, %[[V]], %[[MASK]], {{.*}}scale = 2.500000e-01
func.func @scaled_bias(%q: tensor<1x2x3x4xf32>, %kt: tensor<1x2x4x5xf32>, %v: tensor<1x2x5x4xf32>, %p: tensor<1x2x3x5xf32>, %m: tensor<1x1x1x5xf32>) -> tensor<1x2x3x4xf32> {
  %c = "onnx.Constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.MatMul"(%q, %kt) : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %1 = "onnx.Add"(%0, %p) : (tensor<1x2x3x5xf32>, tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %2 = "onnx.Div"(%1, %c) : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %3 = "onnx.Add"(%2, %m) : (tensor<1x2x3x5xf32>, tensor<1x1x1x5xf32>) -> tensor<1x2x3x5xf32>
  %4 = "onnx.Softmax"(%3) : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %5 = "onnx.MatMul"(%4, %v) : (tensor<1x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x3x4xf32>
  return %5 : tensor<1x2x3x4xf32>
}

// -----

// Relative positions taken from columns of merged heads: heads come apart again.
// CHECK-LABEL: func @relative
// CHECK-DAG: %[[KT:.*]] = "onnx.Transpose"(%{{.*}}) {perm = [0, 1, 3, 2]} : (tensor<2x2x6x4xf32>) -> tensor<2x2x4x6xf32>
// CHECK: "onnx.GatherElements"(%{{.*}}, %{{.*}}) {axis = 3 : si64} : (tensor<2x2x3x6xf32>, tensor<2x2x3x3xi64>) -> tensor<2x2x3x3xf32>
// CHECK: "onnx.Attention"
func.func @relative(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x3x4xf32>, %v: tensor<2x2x3x4xf32>, %table: tensor<2x2x6x4xf32>, %at: tensor<1x3x3xi64>) -> tensor<2x2x3x4xf32> {
  %merged = "onnx.Constant"() {value = dense<[4, 3, 4]> : tensor<3xi64>} : () -> tensor<3xi64>
  %apart = "onnx.Constant"() {value = dense<[2, 2, 3, 3]> : tensor<4xi64>} : () -> tensor<4xi64>
  %rows = "onnx.Constant"() {value = dense<[4, 6, 4]> : tensor<3xi64>} : () -> tensor<3xi64>
  %all = "onnx.Constant"() {value = dense<[4, 3, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%q, %merged) : (tensor<2x2x3x4xf32>, tensor<3xi64>) -> tensor<4x3x4xf32>
  %1 = "onnx.Reshape"(%k, %merged) : (tensor<2x2x3x4xf32>, tensor<3xi64>) -> tensor<4x3x4xf32>
  %2 = "onnx.Transpose"(%1) {perm = [0, 2, 1]} : (tensor<4x3x4xf32>) -> tensor<4x4x3xf32>
  %3 = "onnx.MatMul"(%0, %2) : (tensor<4x3x4xf32>, tensor<4x4x3xf32>) -> tensor<4x3x3xf32>
  %4 = "onnx.Reshape"(%table, %rows) : (tensor<2x2x6x4xf32>, tensor<3xi64>) -> tensor<4x6x4xf32>
  %5 = "onnx.Transpose"(%4) {perm = [0, 2, 1]} : (tensor<4x6x4xf32>) -> tensor<4x4x6xf32>
  %6 = "onnx.MatMul"(%0, %5) : (tensor<4x3x4xf32>, tensor<4x4x6xf32>) -> tensor<4x3x6xf32>
  %7 = "onnx.Expand"(%at, %all) : (tensor<1x3x3xi64>, tensor<3xi64>) -> tensor<4x3x3xi64>
  %8 = "onnx.GatherElements"(%6, %7) {axis = -1 : si64} : (tensor<4x3x6xf32>, tensor<4x3x3xi64>) -> tensor<4x3x3xf32>
  %9 = "onnx.Add"(%3, %8) : (tensor<4x3x3xf32>, tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  %10 = "onnx.Reshape"(%9, %apart) : (tensor<4x3x3xf32>, tensor<4xi64>) -> tensor<2x2x3x3xf32>
  %11 = "onnx.Softmax"(%10) : (tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
  %12 = "onnx.MatMul"(%11, %v) : (tensor<2x2x3x3xf32>, tensor<2x2x3x4xf32>) -> tensor<2x2x3x4xf32>
  return %12 : tensor<2x2x3x4xf32>
}

// -----

// Keys and values repeated for grouped queries; a mask expanded over heads.
// CHECK-LABEL: func @grouped
// CHECK-SAME: %[[Q:[^:]*]]: tensor{{.*}}, %[[K:[^:]*]]: tensor{{.*}}, %[[V:[^:]*]]: tensor{{.*}}, %[[M:[^:]*]]: tensor
// CHECK-NOT: onnx.Expand
// CHECK: "onnx.Attention"(%[[Q]], %[[K]], %[[V]], %[[M]],
func.func @grouped(%q: tensor<1x4x3x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>, %m: tensor<1x1x3x5xi1>) -> tensor<1x4x3x8xf32> {
  %none = "onnx.NoValue"() : () -> none
  %s1 = "onnx.Constant"() {value = dense<[1, 2, 1, 5, 8]> : tensor<5xi64>} : () -> tensor<5xi64>
  %s2 = "onnx.Constant"() {value = dense<[1, 2, 2, 5, 8]> : tensor<5xi64>} : () -> tensor<5xi64>
  %s3 = "onnx.Constant"() {value = dense<[1, 4, 5, 8]> : tensor<4xi64>} : () -> tensor<4xi64>
  %s4 = "onnx.Constant"() {value = dense<[1, 4, 3, 5]> : tensor<4xi64>} : () -> tensor<4xi64>
  %k1 = "onnx.Reshape"(%k, %s1) : (tensor<1x2x5x8xf32>, tensor<5xi64>) -> tensor<1x2x1x5x8xf32>
  %k2 = "onnx.Expand"(%k1, %s2) : (tensor<1x2x1x5x8xf32>, tensor<5xi64>) -> tensor<1x2x2x5x8xf32>
  %k3 = "onnx.Reshape"(%k2, %s3) : (tensor<1x2x2x5x8xf32>, tensor<4xi64>) -> tensor<1x4x5x8xf32>
  %v1 = "onnx.Reshape"(%v, %s1) : (tensor<1x2x5x8xf32>, tensor<5xi64>) -> tensor<1x2x1x5x8xf32>
  %v2 = "onnx.Expand"(%v1, %s2) : (tensor<1x2x1x5x8xf32>, tensor<5xi64>) -> tensor<1x2x2x5x8xf32>
  %v3 = "onnx.Reshape"(%v2, %s3) : (tensor<1x2x2x5x8xf32>, tensor<4xi64>) -> tensor<1x4x5x8xf32>
  %mask = "onnx.Expand"(%m, %s4) : (tensor<1x1x3x5xi1>, tensor<4xi64>) -> tensor<1x4x3x5xi1>
  %y:4 = "onnx.Attention"(%q, %k3, %v3, %mask, %none, %none, %none) : (tensor<1x4x3x8xf32>, tensor<1x4x5x8xf32>, tensor<1x4x5x8xf32>, tensor<1x4x3x5xi1>, none, none, none) -> (tensor<1x4x3x8xf32>, none, none, none)
  return %y#0 : tensor<1x4x3x8xf32>
}

// -----

// CHECK-LABEL: func @cache
// CHECK: %[[K:.*]] = "onnx.Concat"(%{{.*}}, %{{.*}}) {axis = 2 : si64}
// CHECK: %[[V:.*]] = "onnx.Concat"(%{{.*}}, %{{.*}}) {axis = 2 : si64}
// CHECK: %[[Y:[^,]*]], {{.*}} = "onnx.Attention"(%{{.*}}, %[[K]], %[[V]], %{{.*}})
// CHECK: return %[[Y]], %[[K]], %[[V]]
func.func @cache(%q: tensor<1x4x3x8xf32>, %k: tensor<1x2x3x8xf32>, %v: tensor<1x2x3x8xf32>, %m: tensor<3x7xi1>, %pk: tensor<1x2x4x8xf32>, %pv: tensor<1x2x4x8xf32>)
    -> (tensor<1x4x3x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x8xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %y:4 = "onnx.Attention"(%q, %k, %v, %m, %pk, %pv, %none) : (tensor<1x4x3x8xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x8xf32>, tensor<3x7xi1>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, none)
      -> (tensor<1x4x3x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x8xf32>, none)
  return %y#0, %y#1, %y#2 : tensor<1x4x3x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x8xf32>
}

// -----

// Bloom: batch and heads merged, a bias per head on the merged scores.
// CHECK-LABEL: func @merged_heads
// CHECK-SAME: %[[Q:[^:]*]]: tensor{{.*}}, %[[K:[^:]*]]: tensor{{.*}}, %[[V:[^:]*]]: tensor{{.*}}, %[[B:[^:]*]]: tensor
// CHECK: %[[BIAS:.*]] = "onnx.Reshape"(%[[B]]
// CHECK: %[[Y:[^,]*]], {{.*}} = "onnx.Attention"(%[[Q]], %[[K]], %[[V]], %[[BIAS]],
// CHECK-SAME: scale = 2.500000e-01 : f32
// CHECK: return %[[Y]]
func.func @merged_heads(%q: tensor<2x4x3x16xf32>, %k: tensor<2x4x5x16xf32>, %v: tensor<2x4x5x16xf32>, %bias: tensor<8x1x5xf32>) -> tensor<2x4x3x16xf32> {
  %c = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %sq = "onnx.Constant"() {value = dense<[8, 3, 16]> : tensor<3xi64>} : () -> tensor<3xi64>
  %sk = "onnx.Constant"() {value = dense<[8, 5, 16]> : tensor<3xi64>} : () -> tensor<3xi64>
  %sy = "onnx.Constant"() {value = dense<[2, 4, 3, 16]> : tensor<4xi64>} : () -> tensor<4xi64>
  %q3 = "onnx.Reshape"(%q, %sq) : (tensor<2x4x3x16xf32>, tensor<3xi64>) -> tensor<8x3x16xf32>
  %k3 = "onnx.Reshape"(%k, %sk) : (tensor<2x4x5x16xf32>, tensor<3xi64>) -> tensor<8x5x16xf32>
  %v3 = "onnx.Reshape"(%v, %sk) : (tensor<2x4x5x16xf32>, tensor<3xi64>) -> tensor<8x5x16xf32>
  %kt = "onnx.Transpose"(%k3) {perm = [0, 2, 1]} : (tensor<8x5x16xf32>) -> tensor<8x16x5xf32>
  %0 = "onnx.MatMul"(%q3, %kt) : (tensor<8x3x16xf32>, tensor<8x16x5xf32>) -> tensor<8x3x5xf32>
  %1 = "onnx.Mul"(%0, %c) : (tensor<8x3x5xf32>, tensor<f32>) -> tensor<8x3x5xf32>
  %2 = "onnx.Add"(%1, %bias) : (tensor<8x3x5xf32>, tensor<8x1x5xf32>) -> tensor<8x3x5xf32>
  %3 = "onnx.Softmax"(%2) {axis = -1 : si64} : (tensor<8x3x5xf32>) -> tensor<8x3x5xf32>
  %4 = "onnx.MatMul"(%3, %v3) : (tensor<8x3x5xf32>, tensor<8x5x16xf32>) -> tensor<8x3x16xf32>
  %5 = "onnx.Reshape"(%4, %sy) : (tensor<8x3x16xf32>, tensor<4xi64>) -> tensor<2x4x3x16xf32>
  return %5 : tensor<2x4x3x16xf32>
}

// -----

// The same for a single batch, whose merge moves no transpose, and a single query,
// whose merge is one with the split into heads.
// CHECK-LABEL: func @merged_heads_of_one
// CHECK: "onnx.Attention"
// CHECK-SAME: scale = 2.500000e-01 : f32
func.func @merged_heads_of_one(%x: tensor<1x1x64xf32>, %k: tensor<1x4x5x16xf32>, %v: tensor<1x4x5x16xf32>, %bias: tensor<4x1x5xf32>) -> tensor<1x4x1x16xf32> {
  %c = "onnx.Constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %sq = "onnx.Constant"() {value = dense<[4, 1, 16]> : tensor<3xi64>} : () -> tensor<3xi64>
  %sk = "onnx.Constant"() {value = dense<[4, 5, 16]> : tensor<3xi64>} : () -> tensor<3xi64>
  %ss = "onnx.Constant"() {value = dense<[1, 4, 1, 5]> : tensor<4xi64>} : () -> tensor<4xi64>
  %q3 = "onnx.Reshape"(%x, %sq) : (tensor<1x1x64xf32>, tensor<3xi64>) -> tensor<4x1x16xf32>
  %k3 = "onnx.Reshape"(%k, %sk) : (tensor<1x4x5x16xf32>, tensor<3xi64>) -> tensor<4x5x16xf32>
  %kt = "onnx.Transpose"(%k3) {perm = [0, 2, 1]} : (tensor<4x5x16xf32>) -> tensor<4x16x5xf32>
  %0 = "onnx.MatMul"(%q3, %kt) : (tensor<4x1x16xf32>, tensor<4x16x5xf32>) -> tensor<4x1x5xf32>
  %1 = "onnx.Mul"(%0, %c) : (tensor<4x1x5xf32>, tensor<f32>) -> tensor<4x1x5xf32>
  %2 = "onnx.Add"(%1, %bias) : (tensor<4x1x5xf32>, tensor<4x1x5xf32>) -> tensor<4x1x5xf32>
  %3 = "onnx.Reshape"(%2, %ss) : (tensor<4x1x5xf32>, tensor<4xi64>) -> tensor<1x4x1x5xf32>
  %4 = "onnx.Softmax"(%3) {axis = -1 : si64} : (tensor<1x4x1x5xf32>) -> tensor<1x4x1x5xf32>
  %5 = "onnx.MatMul"(%4, %v) : (tensor<1x4x1x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x1x16xf32>
  return %5 : tensor<1x4x1x16xf32>
}

// -----

// A sink is one more key: its score is the mask's last column, its value zero.
// CHECK-LABEL: func @sink
// CHECK-SAME: %[[Q:.*]]: tensor<1x4x3x8xf32>, %[[K:.*]]: tensor<1x2x5x8xf32>, %[[V:.*]]: tensor<1x2x5x8xf32>, %[[M:.*]]: tensor<1x1x3x5xf32>, %[[S:.*]]: tensor<1x4x1x1xf32>
// CHECK: %[[MASK:.*]] = "onnx.Concat"({{.*}}) {axis = 3 : si64} : (tensor<1x4x3x5xf32>, tensor<1x4x3x1xf32>) -> tensor<1x4x3x6xf32>
// CHECK: %[[KEYS:.*]] = "onnx.Concat"({{.*}}) {axis = 2 : si64} : (tensor<1x2x5x8xf32>, tensor<1x2x1x8xf32>) -> tensor<1x2x6x8xf32>
// CHECK: %[[VALUES:.*]] = "onnx.Concat"({{.*}}) {axis = 2 : si64} : (tensor<1x2x5x8xf32>, tensor<1x2x1x8xf32>) -> tensor<1x2x6x8xf32>
// CHECK: "onnx.Attention"(%[[Q]], %[[KEYS]], %[[VALUES]], %[[MASK]],
func.func @sink(%q: tensor<1x4x3x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>, %m: tensor<1x1x3x5xf32>, %s: tensor<1x4x1x1xf32>) -> tensor<1x4x3x8xf32> {
  %s5 = "onnx.Constant"() {value = dense<[1, 2, 1, 5, 8]> : tensor<5xi64>} : () -> tensor<5xi64>
  %r5 = "onnx.Constant"() {value = dense<[1, 2, 2, 5, 8]> : tensor<5xi64>} : () -> tensor<5xi64>
  %s4 = "onnx.Constant"() {value = dense<[1, 4, 5, 8]> : tensor<4xi64>} : () -> tensor<4xi64>
  %rows = "onnx.Constant"() {value = dense<[1, 4, 3, 1]> : tensor<4xi64>} : () -> tensor<4xi64>
  %start = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %end = "onnx.Constant"() {value = dense<5> : tensor<1xi64>} : () -> tensor<1xi64>
  %axis = "onnx.Constant"() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %one = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %k0 = "onnx.Reshape"(%k, %s5) : (tensor<1x2x5x8xf32>, tensor<5xi64>) -> tensor<1x2x1x5x8xf32>
  %k1 = "onnx.Expand"(%k0, %r5) : (tensor<1x2x1x5x8xf32>, tensor<5xi64>) -> tensor<1x2x2x5x8xf32>
  %k2 = "onnx.Reshape"(%k1, %s4) : (tensor<1x2x2x5x8xf32>, tensor<4xi64>) -> tensor<1x4x5x8xf32>
  %v0 = "onnx.Reshape"(%v, %s5) : (tensor<1x2x5x8xf32>, tensor<5xi64>) -> tensor<1x2x1x5x8xf32>
  %v1 = "onnx.Expand"(%v0, %r5) : (tensor<1x2x1x5x8xf32>, tensor<5xi64>) -> tensor<1x2x2x5x8xf32>
  %v2 = "onnx.Reshape"(%v1, %s4) : (tensor<1x2x2x5x8xf32>, tensor<4xi64>) -> tensor<1x4x5x8xf32>
  %kt = "onnx.Transpose"(%k2) {perm = [0, 1, 3, 2]} : (tensor<1x4x5x8xf32>) -> tensor<1x4x8x5xf32>
  %0 = "onnx.MatMul"(%q, %kt) : (tensor<1x4x3x8xf32>, tensor<1x4x8x5xf32>) -> tensor<1x4x3x5xf32>
  %1 = "onnx.Add"(%0, %m) : (tensor<1x4x3x5xf32>, tensor<1x1x3x5xf32>) -> tensor<1x4x3x5xf32>
  %sinks = "onnx.Expand"(%s, %rows) : (tensor<1x4x1x1xf32>, tensor<4xi64>) -> tensor<1x4x3x1xf32>
  %2 = "onnx.Concat"(%1, %sinks) {axis = -1 : si64} : (tensor<1x4x3x5xf32>, tensor<1x4x3x1xf32>) -> tensor<1x4x3x6xf32>
  %max = "onnx.ReduceMax"(%2, %axis) : (tensor<1x4x3x6xf32>, tensor<1xi64>) -> tensor<1x4x3x1xf32>
  %3 = "onnx.Sub"(%2, %max) : (tensor<1x4x3x6xf32>, tensor<1x4x3x1xf32>) -> tensor<1x4x3x6xf32>
  %4 = "onnx.Softmax"(%3) {axis = -1 : si64} : (tensor<1x4x3x6xf32>) -> tensor<1x4x3x6xf32>
  %5 = "onnx.Slice"(%4, %start, %end, %axis, %one) : (tensor<1x4x3x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x4x3x5xf32>
  %6 = "onnx.MatMul"(%5, %v2) : (tensor<1x4x3x5xf32>, tensor<1x4x5x8xf32>) -> tensor<1x4x3x8xf32>
  return %6 : tensor<1x4x3x8xf32>
}

// -----

// MPT: a bias for each head is added, then a finite number stands where the
// condition is true. Both become one float mask.
// CHECK-LABEL: func @replaced
// CHECK-SAME: %[[BIAS:[^:]*]]: tensor<2x1x5xf32>, %[[M:[^:]*]]: tensor<3x5xi1>
// CHECK-DAG: %[[ZERO:.*]] = "onnx.Constant"() {value = dense<0.000000e+00> : tensor<f32>}
// CHECK-DAG: %[[MIN:.*]] = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>}
// CHECK: %[[W:.*]] = "onnx.Where"(%[[M]], %[[MIN]], %[[ZERO]])
// CHECK: %[[MASK:.*]] = "onnx.Add"(%[[W]], %[[BIAS]])
// CHECK: "onnx.Attention"(%{{.*}}, %{{.*}}, %{{.*}}, %[[MASK]],
func.func @replaced(%q: tensor<1x2x3x4xf32>, %kt: tensor<1x2x4x5xf32>, %v: tensor<1x2x5x4xf32>, %bias: tensor<2x1x5xf32>, %m: tensor<3x5xi1>) -> tensor<1x2x3x4xf32> {
  %min = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>} : () -> tensor<f32>
  %0 = "onnx.MatMul"(%q, %kt) : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %1 = "onnx.Add"(%0, %bias) : (tensor<1x2x3x5xf32>, tensor<2x1x5xf32>) -> tensor<1x2x3x5xf32>
  %2 = "onnx.Where"(%m, %min, %1) : (tensor<3x5xi1>, tensor<f32>, tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %3 = "onnx.Softmax"(%2) {axis = -1 : si64} : (tensor<1x2x3x5xf32>) -> tensor<1x2x3x5xf32>
  %4 = "onnx.MatMul"(%3, %v) : (tensor<1x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x3x4xf32>
  return %4 : tensor<1x2x3x4xf32>
}

// -----

// Keys are scaled while their heads are merged with the batch.
// CHECK-LABEL: func @merged_scale
// CHECK: "onnx.Attention"
// CHECK-SAME: scale = 5.000000e-01 : f32
func.func @merged_scale(%q: tensor<2x4x3x8xf32>, %kt: tensor<2x4x8x5xf32>, %v: tensor<2x4x5x8xf32>) -> tensor<8x3x8xf32> {
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %s0 = "onnx.Constant"() {value = dense<[8, 3, 8]> : tensor<3xi64>} : () -> tensor<3xi64>
  %s1 = "onnx.Constant"() {value = dense<[8, 8, 5]> : tensor<3xi64>} : () -> tensor<3xi64>
  %s2 = "onnx.Constant"() {value = dense<[8, 5, 8]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%q, %s0) {allowzero = 0 : si64} : (tensor<2x4x3x8xf32>, tensor<3xi64>) -> tensor<8x3x8xf32>
  %1 = "onnx.Reshape"(%kt, %s1) {allowzero = 0 : si64} : (tensor<2x4x8x5xf32>, tensor<3xi64>) -> tensor<8x8x5xf32>
  %2 = "onnx.Div"(%1, %two) : (tensor<8x8x5xf32>, tensor<f32>) -> tensor<8x8x5xf32>
  %3 = "onnx.Reshape"(%v, %s2) {allowzero = 0 : si64} : (tensor<2x4x5x8xf32>, tensor<3xi64>) -> tensor<8x5x8xf32>
  %4 = "onnx.MatMul"(%0, %2) : (tensor<8x3x8xf32>, tensor<8x8x5xf32>) -> tensor<8x3x5xf32>
  %5 = "onnx.Softmax"(%4) {axis = -1 : si64} : (tensor<8x3x5xf32>) -> tensor<8x3x5xf32>
  %6 = "onnx.MatMul"(%5, %3) : (tensor<8x3x5xf32>, tensor<8x5x8xf32>) -> tensor<8x3x8xf32>
  return %6 : tensor<8x3x8xf32>
}

// -----

// XGLM: masked scores kept finite, heads merged for the Softmax alone.
// CHECK-LABEL: func @clamped_scores
// CHECK: %[[MASK:.*]] = "onnx.Max"(%{{.*}}, %{{.*}}) : (tensor<2x1x3x5xf32>, tensor<f32>) -> tensor<2x1x3x5xf32>
// CHECK: "onnx.Attention"(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %[[MASK]],
// CHECK-NOT: "onnx.Softmax"
func.func @clamped_scores(%q: tensor<2x4x3x8xf32>, %kt: tensor<2x4x8x5xf32>, %v: tensor<2x4x5x8xf32>, %mask: tensor<2x1x3x5xf32>) -> tensor<2x4x3x8xf32> {
  %lowest = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>} : () -> tensor<f32>
  %three = "onnx.Constant"() {value = dense<[8, 3, 5]> : tensor<3xi64>} : () -> tensor<3xi64>
  %four = "onnx.Constant"() {value = dense<[2, 4, 3, 5]> : tensor<4xi64>} : () -> tensor<4xi64>
  %s = "onnx.MatMul"(%q, %kt) : (tensor<2x4x3x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x3x5xf32>
  %m = "onnx.Add"(%s, %mask) : (tensor<2x4x3x5xf32>, tensor<2x1x3x5xf32>) -> tensor<2x4x3x5xf32>
  %c = "onnx.Max"(%m, %lowest) : (tensor<2x4x3x5xf32>, tensor<f32>) -> tensor<2x4x3x5xf32>
  %r = "onnx.Reshape"(%c, %three) : (tensor<2x4x3x5xf32>, tensor<3xi64>) -> tensor<8x3x5xf32>
  %p = "onnx.Softmax"(%r) {axis = -1 : si64} : (tensor<8x3x5xf32>) -> tensor<8x3x5xf32>
  %w = "onnx.Reshape"(%p, %four) : (tensor<8x3x5xf32>, tensor<4xi64>) -> tensor<2x4x3x5xf32>
  %y = "onnx.MatMul"(%w, %v) : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  return %y : tensor<2x4x3x8xf32>
}

// -----

// torch.nn.MultiheadAttention: tokens first, and one Reshape that takes the
// heads from the columns and puts them to the batch.
// CHECK-LABEL: func @tokens_first
// CHECK: %[[H:.*]] = "onnx.Reshape"(%arg0, %{{.*}}) {{.*}} -> tensor<3x2x4x8xf32>
// CHECK: %[[Q:.*]] = "onnx.Transpose"(%[[H]]) {perm = [1, 2, 0, 3]} : (tensor<3x2x4x8xf32>) -> tensor<2x4x3x8xf32>
// CHECK: "onnx.Attention"(%[[Q]],
// CHECK-SAME: -> (tensor<2x4x3x8xf32>,
func.func @tokens_first(%q: tensor<3x2x32xf32>, %k: tensor<5x2x32xf32>, %v: tensor<5x2x32xf32>) -> tensor<8x3x8xf32> {
  %qdims = "onnx.Constant"() {value = dense<[3, 8, 8]> : tensor<3xi64>} : () -> tensor<3xi64>
  %kdims = "onnx.Constant"() {value = dense<[5, 8, 8]> : tensor<3xi64>} : () -> tensor<3xi64>
  %q0 = "onnx.Reshape"(%q, %qdims) : (tensor<3x2x32xf32>, tensor<3xi64>) -> tensor<3x8x8xf32>
  %q1 = "onnx.Transpose"(%q0) {perm = [1, 0, 2]} : (tensor<3x8x8xf32>) -> tensor<8x3x8xf32>
  %k0 = "onnx.Reshape"(%k, %kdims) : (tensor<5x2x32xf32>, tensor<3xi64>) -> tensor<5x8x8xf32>
  %kt = "onnx.Transpose"(%k0) {perm = [1, 2, 0]} : (tensor<5x8x8xf32>) -> tensor<8x8x5xf32>
  %v0 = "onnx.Reshape"(%v, %kdims) : (tensor<5x2x32xf32>, tensor<3xi64>) -> tensor<5x8x8xf32>
  %v1 = "onnx.Transpose"(%v0) {perm = [1, 0, 2]} : (tensor<5x8x8xf32>) -> tensor<8x5x8xf32>
  %s = "onnx.MatMul"(%q1, %kt) : (tensor<8x3x8xf32>, tensor<8x8x5xf32>) -> tensor<8x3x5xf32>
  %p = "onnx.Softmax"(%s) {axis = -1 : si64} : (tensor<8x3x5xf32>) -> tensor<8x3x5xf32>
  %y = "onnx.MatMul"(%p, %v1) : (tensor<8x3x5xf32>, tensor<8x5x8xf32>) -> tensor<8x3x8xf32>
  return %y : tensor<8x3x8xf32>
}

// -----

// einsum with a single head of keys: the rows of all heads are merged. A bias is
// subtracted, and the maximum, which softmax does itself.
// CHECK-LABEL: func @one_head_of_keys
// CHECK-SAME: %[[Q:[^:]*]]: tensor{{.*}}, %[[KT:[^:]*]]: tensor{{.*}}, %[[V:[^:]*]]: tensor{{.*}}, %[[B:[^:]*]]: tensor
// CHECK-DAG: %[[MASK:.*]] = "onnx.Neg"(%[[B]])
// CHECK-DAG: %[[VALUE:.*]] = "onnx.Reshape"(%[[V]], %{{.*}}) {{.*}} -> tensor<2x1x5x8xf32>
// CHECK: "onnx.Attention"(%[[Q]], %{{[^,]*}}, %[[VALUE]], %[[MASK]],
// CHECK-SAME: (tensor<2x4x3x8xf32>, tensor<2x1x5x8xf32>, tensor<2x1x5x8xf32>, tensor<4x3x5xf32>,
// CHECK-NOT: "onnx.ReduceMax"
// CHECK-NOT: "onnx.Softmax"
func.func @one_head_of_keys(%q: tensor<2x4x3x8xf32>, %kt: tensor<2x8x5xf32>, %v: tensor<2x5x8xf32>, %bias: tensor<4x3x5xf32>) -> tensor<2x4x3x8xf32> {
  %rows = "onnx.Constant"() {value = dense<[2, 12, 8]> : tensor<3xi64>} : () -> tensor<3xi64>
  %score_rows = "onnx.Constant"() {value = dense<[2, 12, 5]> : tensor<3xi64>} : () -> tensor<3xi64>
  %heads = "onnx.Constant"() {value = dense<[2, 4, 3, 5]> : tensor<4xi64>} : () -> tensor<4xi64>
  %result = "onnx.Constant"() {value = dense<[2, 4, 3, 8]> : tensor<4xi64>} : () -> tensor<4xi64>
  %last = "onnx.Constant"() {value = dense<-1> : tensor<1xi64>} : () -> tensor<1xi64>
  %q0 = "onnx.Reshape"(%q, %rows) : (tensor<2x4x3x8xf32>, tensor<3xi64>) -> tensor<2x12x8xf32>
  %s0 = "onnx.MatMul"(%q0, %kt) : (tensor<2x12x8xf32>, tensor<2x8x5xf32>) -> tensor<2x12x5xf32>
  %s1 = "onnx.Reshape"(%s0, %heads) : (tensor<2x12x5xf32>, tensor<4xi64>) -> tensor<2x4x3x5xf32>
  %s2 = "onnx.Sub"(%s1, %bias) : (tensor<2x4x3x5xf32>, tensor<4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %max = "onnx.ReduceMax"(%s2, %last) {keepdims = 1 : si64} : (tensor<2x4x3x5xf32>, tensor<1xi64>) -> tensor<2x4x3x1xf32>
  %s3 = "onnx.Sub"(%s2, %max) : (tensor<2x4x3x5xf32>, tensor<2x4x3x1xf32>) -> tensor<2x4x3x5xf32>
  %p0 = "onnx.Softmax"(%s3) {axis = -1 : si64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %p1 = "onnx.Reshape"(%p0, %score_rows) : (tensor<2x4x3x5xf32>, tensor<3xi64>) -> tensor<2x12x5xf32>
  %y0 = "onnx.MatMul"(%p1, %v) : (tensor<2x12x5xf32>, tensor<2x5x8xf32>) -> tensor<2x12x8xf32>
  %y1 = "onnx.Reshape"(%y0, %result) : (tensor<2x12x8xf32>, tensor<4xi64>) -> tensor<2x4x3x8xf32>
  return %y1 : tensor<2x4x3x8xf32>
}

// -----

// A temperature for each head goes to the query; a factor for each key is none.
// CHECK-LABEL: func @temperature
// CHECK: %[[Q:.*]] = "onnx.Mul"(%arg0, %arg3) : (tensor<2x4x3x8xf32>, tensor<4x1x1xf32>) -> tensor<2x4x3x8xf32>
// CHECK: "onnx.Attention"(%[[Q]],
// CHECK-SAME: scale = 5.000000e-01 : f32
// CHECK: "onnx.Softmax"
func.func @temperature(%q: tensor<2x4x3x8xf32>, %kt: tensor<2x4x8x5xf32>, %v: tensor<2x4x5x8xf32>, %t: tensor<4x1x1xf32>, %keys: tensor<5xf32>) -> (tensor<2x4x3x8xf32>, tensor<2x4x3x8xf32>) {
  %half = "onnx.Constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %s = "onnx.MatMul"(%q, %kt) : (tensor<2x4x3x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x3x5xf32>
  %h = "onnx.Mul"(%s, %half) : (tensor<2x4x3x5xf32>, tensor<f32>) -> tensor<2x4x3x5xf32>
  %r = "onnx.Mul"(%h, %t) : (tensor<2x4x3x5xf32>, tensor<4x1x1xf32>) -> tensor<2x4x3x5xf32>
  %p = "onnx.Softmax"(%r) {axis = -1 : si64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %y = "onnx.MatMul"(%p, %v) : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  %c = "onnx.Mul"(%s, %keys) : (tensor<2x4x3x5xf32>, tensor<5xf32>) -> tensor<2x4x3x5xf32>
  %w = "onnx.Softmax"(%c) {axis = -1 : si64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %z = "onnx.MatMul"(%w, %v) : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  return %y, %z : tensor<2x4x3x8xf32>, tensor<2x4x3x8xf32>
}

// -----

// What an exporter leaves of a mask that hides nothing: zero is added.
// CHECK-LABEL: func @no_mask_left
// CHECK: %[[NONE:.*]] = "onnx.NoValue"
// CHECK: "onnx.Attention"(%arg0, %{{[^,]*}}, %arg2, %[[NONE]],
func.func @no_mask_left(%q: tensor<2x4x3x8xf32>, %kt: tensor<2x4x8x5xf32>, %v: tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32> {
  %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %s = "onnx.MatMul"(%q, %kt) : (tensor<2x4x3x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x3x5xf32>
  %m = "onnx.Add"(%s, %zero) : (tensor<2x4x3x5xf32>, tensor<f32>) -> tensor<2x4x3x5xf32>
  %p = "onnx.Softmax"(%m) {axis = -1 : si64} : (tensor<2x4x3x5xf32>) -> tensor<2x4x3x5xf32>
  %y = "onnx.MatMul"(%p, %v) : (tensor<2x4x3x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x3x8xf32>
  return %y : tensor<2x4x3x8xf32>
}

// -----

// A table of positions for each query: batch and heads, merged into rows, come
// apart.
// CHECK-LABEL: func @positions
// CHECK: %[[Q:.*]] = "onnx.Transpose"(%{{.*}}) {perm = [1, 0, 2, 3]} : (tensor<3x?x4x8xf32{{.*}} -> tensor<?x3x4x8xf32
// CHECK: %[[Y:.*]] = "onnx.MatMul"(%[[Q]], %{{.*}}) : {{.*}} -> tensor<?x3x4x5xf32
// CHECK: "onnx.Transpose"(%[[Y]]) {perm = [1, 0, 2, 3]}
func.func @positions(%q: tensor<3x?x4x8xf32, #tp.dims<[3, s0, 4, 8]>>, %table: tensor<3x8x5xf32>) -> tensor<3x?x4x5xf32, #tp.dims<[3, s0, 4, 5]>> {
  %merged = "onnx.SymbolicConstant"() {value = #tp.dims<[3, s0 * 4, 8]>} : () -> tensor<3xi64>
  %apart = "onnx.SymbolicConstant"() {value = #tp.dims<[3, s0, 4, 5]>} : () -> tensor<4xi64>
  %0 = "onnx.Reshape"(%q, %merged) : (tensor<3x?x4x8xf32, #tp.dims<[3, s0, 4, 8]>>, tensor<3xi64>) -> tensor<3x?x8xf32, #tp.dims<[3, s0 * 4, 8]>>
  %1 = "onnx.MatMul"(%0, %table) : (tensor<3x?x8xf32, #tp.dims<[3, s0 * 4, 8]>>, tensor<3x8x5xf32>) -> tensor<3x?x5xf32, #tp.dims<[3, s0 * 4, 5]>>
  %2 = "onnx.Reshape"(%1, %apart) : (tensor<3x?x5xf32, #tp.dims<[3, s0 * 4, 5]>>, tensor<4xi64>) -> tensor<3x?x4x5xf32, #tp.dims<[3, s0, 4, 5]>>
  return %2 : tensor<3x?x4x5xf32, #tp.dims<[3, s0, 4, 5]>>
}

// -----

!q = tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>
!kt = tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1]>>
!s = tensor<?x8x?x?xf32, #tp.dims<[s0, 8, s1, s1]>>
!m = tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>>

// Weights that the mask of the scores makes zero once more: rows without a key
// are zero, as with a boolean mask.
// CHECK-LABEL: func @zeroed_weights
// CHECK-SAME: %[[M:[^:]*]]: tensor<?x1x1x?xi1
// CHECK-NOT: onnx.Softmax
// CHECK: %[[SEEN:.*]] = "onnx.Not"(%[[M]])
// CHECK: "onnx.Attention"(%{{.*}}, %{{.*}}, %{{.*}}, %[[SEEN]],
// CHECK-NOT: onnx.Softmax
module attributes {tp.symbols = ["batch", "seq"]} {
  func.func @zeroed_weights(%q: !q, %kt: !kt, %v: !q, %m: !m) -> !q {
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
    %low = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>} : () -> tensor<f32>
    %0 = "onnx.MatMul"(%q, %kt) : (!q, !kt) -> !s
    %1 = "onnx.Where"(%m, %low, %0) : (!m, tensor<f32>, !s) -> !s
    %2 = "onnx.Softmax"(%1) {axis = -1 : si64} : (!s) -> !s
    %3 = "onnx.Where"(%m, %zero, %2) : (!m, tensor<f32>, !s) -> !s
    %4 = "onnx.MatMul"(%3, %v) : (!s, !q) -> !q
    return %4 : !q
  }
}

// -----

!q = tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>
!kt = tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1]>>
!s = tensor<?x8x?x?xf32, #tp.dims<[s0, 8, s1, s1]>>
!m = tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>>

// Weights that another mask makes zero do not add up to one.
// CHECK-LABEL: func @dropped_weights
// CHECK: onnx.Softmax
// CHECK-LABEL: func @zeroed_where_false
// CHECK: onnx.Softmax
module attributes {tp.symbols = ["batch", "seq"]} {
  func.func @dropped_weights(%q: !q, %kt: !kt, %v: !q, %m: !m, %n: !m) -> !q {
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
    %low = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>} : () -> tensor<f32>
    %0 = "onnx.MatMul"(%q, %kt) : (!q, !kt) -> !s
    %1 = "onnx.Where"(%m, %low, %0) : (!m, tensor<f32>, !s) -> !s
    %2 = "onnx.Softmax"(%1) {axis = -1 : si64} : (!s) -> !s
    %3 = "onnx.Where"(%n, %zero, %2) : (!m, tensor<f32>, !s) -> !s
    %4 = "onnx.MatMul"(%3, %v) : (!s, !q) -> !q
    return %4 : !q
  }

  func.func @zeroed_where_false(%q: !q, %kt: !kt, %v: !q, %m: !m) -> !q {
    %zero = "onnx.Constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
    %low = "onnx.Constant"() {value = dense<-3.40282347E+38> : tensor<f32>} : () -> tensor<f32>
    %0 = "onnx.MatMul"(%q, %kt) : (!q, !kt) -> !s
    %1 = "onnx.Where"(%m, %low, %0) : (!m, tensor<f32>, !s) -> !s
    %2 = "onnx.Softmax"(%1) {axis = -1 : si64} : (!s) -> !s
    %3 = "onnx.Where"(%m, %2, %zero) : (!m, !s, tensor<f32>) -> !s
    %4 = "onnx.MatMul"(%3, %v) : (!s, !q) -> !q
    return %4 : !q
  }
}

// -----

!q = tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
!kt = tensor<?x16x?xf32, #tp.dims<[s0, 16, s1]>>
!s = tensor<?x?x?xf32, #tp.dims<[s0, s1, s1]>>

// One head of each sequence.
// CHECK-LABEL: func @one_head
// CHECK: "onnx.Attention"({{.*}}tensor<1x?x?x16xf32, #tp.dims<[1, s0, s1, 16]>>
module attributes {tp.symbols = ["batch", "seq"]} {
  func.func @one_head(%q: !q, %kt: !kt, %v: !q) -> !q {
    %0 = "onnx.MatMul"(%q, %kt) : (!q, !kt) -> !s
    %1 = "onnx.Softmax"(%0) {axis = -1 : si64} : (!s) -> !s
    %2 = "onnx.MatMul"(%1, %v) : (!s, !q) -> !q
    return %2 : !q
  }
}
