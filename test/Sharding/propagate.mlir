// RUN: tp-opt %s --tp-propagate --split-input-file --verify-diagnostics | FileCheck %s

tp.mesh @mesh <["tp"=4]>

// Where nothing is given, nothing happens.
// CHECK-LABEL: func.func @untouched(%arg0: tensor<8xf32>) -> tensor<8xf32>
func.func @untouched(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NOT: tp.layouts
  %0 = "onnx.Relu"(%x) : (tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// Attention by heads: the columns of the projection become heads, through the
// reshape and the transpose; key/value heads are fewer than devices, so the
// axis acts as 2 x 2 there.
// CHECK-LABEL: func.func @heads
// CHECK-SAME: %[[K:.*]]: tensor<1x2x6x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp":(1)2}, {}, {}]>}
// CHECK-SAME: -> (tensor<1x8x6x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}, {}, {}]>})
func.func @heads(%x: tensor<1x6x128xf32>, %w: tensor<128x128xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
                 %k: tensor<1x2x6x16xf32>) -> tensor<1x8x6x16xf32> {
  %none = "onnx.NoValue"() : () -> none
  %shape = "onnx.Constant"() {value = dense<[1, 6, 8, 16]> : tensor<4xi64>} : () -> tensor<4xi64>
  %p = "onnx.MatMul"(%x, %w) : (tensor<1x6x128xf32>, tensor<128x128xf32>) -> tensor<1x6x128xf32>
  // CHECK: "onnx.Reshape"{{.*}}tp.layouts = [#tp.layout<@mesh, [{}, {}, {"tp"}, {}]>]
  %r = "onnx.Reshape"(%p, %shape) : (tensor<1x6x128xf32>, tensor<4xi64>) -> tensor<1x6x8x16xf32>
  // CHECK: "onnx.Transpose"{{.*}}tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}, {}, {}]>]
  %q = "onnx.Transpose"(%r) {perm = [0, 2, 1, 3]} : (tensor<1x6x8x16xf32>) -> tensor<1x8x6x16xf32>
  // CHECK-NOT: tp.reshard
  %a:4 = "onnx.Attention"(%q, %k, %k, %none, %none, %none, %none) : (tensor<1x8x6x16xf32>, tensor<1x2x6x16xf32>, tensor<1x2x6x16xf32>, none, none, none, none) -> (tensor<1x8x6x16xf32>, none, none, none)
  return %a#0 : tensor<1x8x6x16xf32>
}

// Two pending sums that meet cost one; a non-linear operation needs it done.
// CHECK-LABEL: func.func @parallel_branches
func.func @parallel_branches(%x: tensor<4x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w1: tensor<32x8xf32>, %w2: tensor<32x8xf32>) -> tensor<4x8xf32> {
  // CHECK: %[[A:.*]] = "onnx.MatMul"(%arg0, %arg1) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]
  %a = "onnx.MatMul"(%x, %w1) : (tensor<4x32xf32>, tensor<32x8xf32>) -> tensor<4x8xf32>
  %b = "onnx.MatMul"(%x, %w2) : (tensor<4x32xf32>, tensor<32x8xf32>) -> tensor<4x8xf32>
  // CHECK: %[[S:.*]] = "onnx.Add"(%[[A]], %{{.*}}) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>], tp.reasons = ["passes on the sum pending over \22tp\22"]
  %s = "onnx.Add"(%a, %b) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK-NEXT: %[[R:.*]] = tp.reshard %[[S]] to <@mesh, [{}, {}]>
  // CHECK-NEXT: "onnx.Relu"(%[[R]])
  %y = "onnx.Relu"(%s) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// A value with several readers is reduced once.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<4x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<32x8xf32>, %residual: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  // CHECK: "onnx.MatMul"
  %a = "onnx.MatMul"(%x, %w) : (tensor<4x32xf32>, tensor<32x8xf32>) -> tensor<4x8xf32>
  // CHECK-NEXT: %[[R:.*]] = tp.reshard
  // CHECK-NEXT: "onnx.Add"(%[[R]], %arg2)
  // CHECK-NEXT: "onnx.Relu"(%[[R]])
  %s = "onnx.Add"(%a, %residual) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %t = "onnx.Relu"(%a) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %s, %t : tensor<4x8xf32>, tensor<4x8xf32>
}

// A constraint changes the layout on the way and is gone afterwards. What
// results would like yields to what operands are: here a sum becomes a split of
// the sequence.
// CHECK-LABEL: func.func @constrained
func.func @constrained(%x: tensor<8x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<32x16xf32>) -> tensor<8x16xf32> {
  // CHECK: %[[A:.*]] = "onnx.MatMul"(%arg0, %arg1) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]
  %a = "onnx.MatMul"(%x, %w) : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[C:.*]] = tp.reshard %[[A]] to <@mesh, [{"tp"}, {}]>
  // CHECK-NOT: tp.constrain
  %c = tp.constrain %a to <@mesh, [{"tp"}, {}]> : tensor<8x16xf32>
  // CHECK: "onnx.Relu"(%[[C]]) {tp.layouts = [#tp.layout<@mesh, [{"tp"}, {}]>], tp.reasons = ["\22tp\22: from 'tp.constrain'"]}
  %y = "onnx.Relu"(%c) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// Layouts of operations are constraints too, and the result the function asks
// for is delivered.
// CHECK-LABEL: func.func @results
// CHECK-SAME: -> (tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {}]>})
func.func @results(%x: tensor<8x16xf32>) -> (tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {}]>}) {
  // CHECK: %[[A:.*]] = "onnx.Relu"(%arg0) {tp.layouts = [#tp.layout<@mesh, [{"tp"}, {}]>]
  %a = "onnx.Relu"(%x) {tp.layouts = [#tp.layout<@mesh, [{"tp"}, {}]>]} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[B:.*]] = "onnx.Softmax"(%[[A]]) {{.*}}tp.layouts = [#tp.layout<@mesh, [{"tp"}, {}]>]
  %b = "onnx.Softmax"(%a) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  // CHECK-NEXT: %[[R:.*]] = tp.reshard %[[B]] to <@mesh, [{}, {}]>
  // CHECK-NEXT: return %[[R]]
  return %b : tensor<8x16xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>

func.func @conflict(
    // expected-note @+1 {{in conflict with argument #0}}
    %x: tensor<8x32xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>},
    // expected-note @+1 {{wanted by argument #1}}
    %w: tensor<32x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}) -> tensor<8x16xf32> {
  // expected-error @+2 {{layouts conflict: factor j is wanted over "tp", which splits factor i already}}
  // expected-note @+1 {{rule ([i, k], [k, j])}}
  %a = "onnx.MatMul"(%x, %w) : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  return %a : tensor<8x16xf32>
}

// -----

tp.mesh @a <["tp"=2]>
tp.mesh @b <["tp"=2]>

// expected-error @+2 {{argument #1 has a layout on @b, others are on @a}}
func.func @meshes(%x: tensor<8xf32> {tp.layout = #tp.layout<@a, [{"tp"}]>},
                  %y: tensor<8xf32> {tp.layout = #tp.layout<@b, [{"tp"}]>}) -> tensor<8xf32> {
  %a = "onnx.Add"(%x, %y) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %a : tensor<8xf32>
}
