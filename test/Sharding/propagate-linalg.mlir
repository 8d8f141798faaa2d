// RUN: tp-opt %s --tp-propagate --split-input-file | FileCheck %s

tp.mesh @mesh <["tp"=4]>

// Megatron's two products: columns, then rows. The bias in between follows the
// columns, and one sum is left at the end.
// CHECK-LABEL: func.func @mlp
// CHECK-SAME: %[[X:.*]]: tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {}]>}
// CHECK-SAME: %[[BIAS:[^:]*]]: tensor<8x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}
// CHECK-SAME: -> (tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {}]>})
func.func @mlp(%x: tensor<8x16xf32>,
               %w1: tensor<16x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
               %bias: tensor<8x32xf32>,
               %w2: tensor<32x16xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>})
    -> tensor<8x16xf32> {
  %zero = arith.constant 0.0 : f32
  // CHECK: tensor.empty() {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]
  %e1 = tensor.empty() : tensor<8x32xf32>
  // CHECK: linalg.fill {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<8x32xf32>) -> tensor<8x32xf32>
  // CHECK: linalg.matmul {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]
  // CHECK-SAME: tp.reasons = ["\22tp\22: from argument #1"]
  %h = linalg.matmul ins(%x, %w1 : tensor<8x16xf32>, tensor<16x32xf32>)
      outs(%f1 : tensor<8x32xf32>) -> tensor<8x32xf32>
  // CHECK: arith.addf {{.*}}{tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]
  %b = arith.addf %h, %bias : tensor<8x32xf32>
  %e2 = tensor.empty() : tensor<8x16xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8x16xf32>) -> tensor<8x16xf32>
  // CHECK: %[[Y:.*]] = linalg.matmul {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]
  // CHECK: %[[R:.*]] = tp.reshard %[[Y]] to <@mesh, [{}, {}]>
  %y = linalg.matmul ins(%b, %w2 : tensor<8x32xf32>, tensor<32x16xf32>)
      outs(%f2 : tensor<8x16xf32>) -> tensor<8x16xf32>
  // CHECK: return %[[R]]
  return %y : tensor<8x16xf32>
}
