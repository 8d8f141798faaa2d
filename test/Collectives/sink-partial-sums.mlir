// RUN: tp-opt %s -split-input-file -tp-sink-partial-sums -tp-partition | FileCheck %s

// Parallel attention and MLP: their sums meet in the residual stream, one
// behind a Reshape. One reduction, and the residual is added behind it.
// CHECK-LABEL: func.func @parallel
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x4xf32>
// CHECK: %[[A:.*]] = "onnx.MatMul"
// CHECK: %[[B:.*]] = "onnx.MatMul"
// CHECK: %[[FLAT:.*]] = "onnx.Reshape"(%[[B]]
// CHECK: %[[S:.*]] = "onnx.Add"(%[[A]], %[[FLAT]])
// CHECK: %[[R:.*]] = tp.all_reduce %[[S]] sum over <["tp"]>
// CHECK: %[[Y:.*]] = "onnx.Add"(%[[X]], %[[R]])
// CHECK-NOT: tp.all_reduce
// CHECK: return %[[Y]]
#p2 = #tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>
#p3 = #tp.layout<@mesh, [{}, {}, {}], partial = sum{"tp"}>
tp.mesh @mesh <["tp"=2]>
func.func @parallel(%x: tensor<2x4xf32>,
    %h: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %g: tensor<1x2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>},
    %w: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> tensor<2x4xf32> {
  %a0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %a1 = tp.reshard %a0 to <@mesh, [{}, {}]> : tensor<2x4xf32>
  %b0 = "onnx.MatMul"(%g, %w) {tp.layouts = [#p3]} : (tensor<1x2x8xf32>, tensor<8x4xf32>) -> tensor<1x2x4xf32>
  %b1 = tp.reshard %b0 to <@mesh, [{}, {}, {}]> : tensor<1x2x4xf32>
  %shape = "onnx.Constant"() {value = dense<[2, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
  %b2 = "onnx.Reshape"(%b1, %shape) : (tensor<1x2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  %x1 = "onnx.Add"(%x, %a1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %x2 = "onnx.Add"(%x1, %b2) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %x2 : tensor<2x4xf32>
}

// -----

// The intermediate sum is needed by itself: nothing to gain.
// CHECK-LABEL: func.func @sequential
// CHECK-COUNT-2: tp.all_reduce
// CHECK-NOT: tp.all_reduce
#p2 = #tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>
tp.mesh @mesh <["tp"=2]>
func.func @sequential(%x: tensor<2x4xf32>,
    %h: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %a0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %a1 = tp.reshard %a0 to <@mesh, [{}, {}]> : tensor<2x4xf32>
  %x1 = "onnx.Add"(%x, %a1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %b0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %b1 = tp.reshard %b0 to <@mesh, [{}, {}]> : tensor<2x4xf32>
  %x2 = "onnx.Add"(%x1, %b1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %x1, %x2 : tensor<2x4xf32>, tensor<2x4xf32>
}

// -----

// A sum that the user wants done stays as it is.
// CHECK-LABEL: func.func @demanded
// CHECK-COUNT-2: tp.all_reduce
#p2 = #tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>
tp.mesh @mesh <["tp"=2]>
func.func @demanded(%x: tensor<2x4xf32>,
    %h: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %g: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> tensor<2x4xf32> {
  %a0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %a1 = tp.reshard %a0 to <@mesh, [{}, {}]> {tp.constrained} : tensor<2x4xf32>
  %b0 = "onnx.MatMul"(%g, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %b1 = tp.reshard %b0 to <@mesh, [{}, {}]> : tensor<2x4xf32>
  %x1 = "onnx.Add"(%x, %a1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %x2 = "onnx.Add"(%x1, %b1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %x2 : tensor<2x4xf32>
}

// -----

// One of a plan that was saved meets others, as it did.
// CHECK-LABEL: func.func @planned
// CHECK-COUNT-1: tp.all_reduce
// CHECK-NOT: tp.all_reduce
// CHECK: return
#p2 = #tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>
tp.mesh @mesh <["tp"=2]>
func.func @planned(%x: tensor<2x4xf32>,
    %h: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %g: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> tensor<2x4xf32> {
  %a0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %a1 = tp.reshard %a0 to <@mesh, [{}, {}]> {tp.constrained = ["plan.json:1"], tp.planned} : tensor<2x4xf32>
  %b0 = "onnx.MatMul"(%g, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %b1 = tp.reshard %b0 to <@mesh, [{}, {}]> {tp.constrained = ["plan.json:2"], tp.planned} : tensor<2x4xf32>
  %x1 = "onnx.Add"(%x, %a1) {tp.constrained = ["plan.json:3"], tp.planned} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %x2 = "onnx.Add"(%x1, %b1) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %x2 : tensor<2x4xf32>
}

// -----

// Sums in front of a loop stay there: inside they would be done in every iteration.
// CHECK-LABEL: func.func @loop
// CHECK-COUNT-2: tp.all_reduce
// CHECK: scf.for
// CHECK-NOT: tp.all_reduce
tp.mesh @mesh <["tp"=2]>
func.func @loop(%a: tensor<4x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}, %b: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>},
                %x: tensor<4x4xf32>, %n: index) -> tensor<4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %p = "onnx.MatMul"(%a, %b) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %q = "onnx.MatMul"(%a, %b) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  %ps = tp.reshard %p to <@mesh, [{}, {}]> : tensor<4x4xf32>
  %qs = tp.reshard %q to <@mesh, [{}, {}]> : tensor<4x4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %x) -> (tensor<4x4xf32>) {
    %s = "onnx.Add"(%ps, %qs) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    %t = "onnx.Mul"(%s, %acc) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %t : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// -----

// Sums that are scattered meet, too.
// CHECK-LABEL: func.func @scattered
// CHECK: %[[A:.*]] = "onnx.MatMul"
// CHECK: %[[B:.*]] = "onnx.MatMul"
// CHECK: %[[S:.*]] = "onnx.Add"(%[[A]], %[[B]])
// CHECK: %[[R:.*]] = tp.reduce_scatter %[[S]] sum dim 0
// CHECK-NOT: tp.reduce_scatter
// CHECK: "onnx.Add"(%{{.*}}, %[[R]])
#p2 = #tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>
#rows = #tp.layout<@mesh, [{"tp"}, {}]>
tp.mesh @mesh <["tp"=2]>
func.func @scattered(%x: tensor<2x4xf32> {tp.layout = #rows},
    %h: tensor<2x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> (tensor<2x4xf32> {tp.layout = #rows}) {
  %a0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %a1 = tp.reshard %a0 to <@mesh, [{"tp"}, {}]> : tensor<2x4xf32>
  %x1 = "onnx.Add"(%x, %a1) {tp.layouts = [#rows]} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %b0 = "onnx.MatMul"(%h, %w) {tp.layouts = [#p2]} : (tensor<2x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %b1 = tp.reshard %b0 to <@mesh, [{"tp"}, {}]> : tensor<2x4xf32>
  %x2 = "onnx.Add"(%x1, %b1) {tp.layouts = [#rows]} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %x2 : tensor<2x4xf32>
}
