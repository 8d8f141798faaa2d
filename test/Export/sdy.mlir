// RUN: tp-opt %s --tp-export-sdy=output=- -o /dev/null | FileCheck %s

// CHECK: sdy.mesh @mesh = <["tp"=8]>
// CHECK: func.func public @main(%arg0: tensor<2x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{}, {}]>},
// CHECK: %arg1: tensor<16x32xf32> {tp.weight = "w", sdy.sharding = #sdy.sharding<@mesh, [{}, {"tp":(1)4}]>}
// CHECK: %0 = "stablehlo.dot_general"(%arg0, %arg1)
// CHECK-SAME: lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]
// CHECK-SAME: sdy.sharding = #sdy.sharding_per_value<[<@mesh, [{}, {"tp":(1)4}]>]>
// CHECK: %1 = "stablehlo.logistic"(%0)
// CHECK: %2 = "stablehlo.multiply"(%0, %1) {sdy.sharding
// CHECK: %3 = "sdy.sharding_constraint"(%2) {sharding = #sdy.sharding<@mesh, [{}, {}]>}
// CHECK: "func.return"(%3)
tp.mesh @mesh <["tp"=8]>
func.func @main(%x: tensor<2x16xf32>) -> tensor<2x32xf32> {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [32, 1]>,
      tp.layouts = [#tp.layout<@mesh, [{}, {"tp":(1)4}]>]} : tensor<16x32xf32>
  %h = "onnx.MatMul"(%x, %w) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp":(1)4}]>]}
      : (tensor<2x16xf32>, tensor<16x32xf32>) -> tensor<2x32xf32>
  %s = "onnx.Swish"(%h) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp":(1)4}]>]} : (tensor<2x32xf32>) -> tensor<2x32xf32>
  %y = tp.reshard %s to <@mesh, [{}, {}]> : tensor<2x32xf32>
  return %y : tensor<2x32xf32>
}
// A variant computes the same, and is left out.
// CHECK-NOT: @variant
func.func @variant(%x: tensor<2x16xf32>) -> tensor<2x32xf32> attributes {tp.when = #tp.dims<[]>} {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [32, 1]>} : tensor<16x32xf32>
  %h = "onnx.MatMul"(%x, %w) : (tensor<2x16xf32>, tensor<16x32xf32>) -> tensor<2x32xf32>
  return %h : tensor<2x32xf32>
}
