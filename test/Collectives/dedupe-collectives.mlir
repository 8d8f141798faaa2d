// RUN: tp-opt %s -tp-dedupe-collectives | FileCheck %s

// Layers differ, the value and its layouts do not.
// CHECK-LABEL: func.func @twice
// CHECK: %[[A:.*]] = tp.all_gather %{{.*}} dim 0
// CHECK-NOT: tp.all_gather %{{.*}} dim 0
// CHECK: %[[B:.*]] = tp.all_gather %{{.*}} dim 1
// CHECK: return %[[A]], %[[A]], %[[B]]
tp.mesh @mesh <["tp"=2]>
func.func @twice(%x: tensor<2x4xf32>, %y: tensor<4x2xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %a = tp.all_gather %x dim 0 over <["tp"]> {tp.layer = 0 : i64} : tensor<2x4xf32> -> tensor<4x4xf32> layout <@mesh, [{"tp"}, {}]> -> <@mesh, [{}, {}]> of tensor<4x4xf32>
  %b = tp.all_gather %x dim 0 over <["tp"]> {tp.layer = 1 : i64} : tensor<2x4xf32> -> tensor<4x4xf32> layout <@mesh, [{"tp"}, {}]> -> <@mesh, [{}, {}]> of tensor<4x4xf32>
  %c = tp.all_gather %y dim 1 over <["tp"]> : tensor<4x2xf32> -> tensor<4x4xf32> layout <@mesh, [{}, {"tp"}]> -> <@mesh, [{}, {}]> of tensor<4x4xf32>
  return %a, %b, %c : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}
