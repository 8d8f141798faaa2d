// Layouts as shard.shard, and what upstream's partitioner makes of them: the
// all-reduce of the row-parallel product, which here is a pending sum.
// RUN: tp-opt %s --tp-propagate --tp-export-shard | FileCheck %s
// RUN: tp-opt %s --tp-propagate --tp-export-shard | %mlir-opt --pass-pipeline='builtin.module(func.func(shard-partition))' \
// RUN:   | FileCheck %s --check-prefix=UPSTREAM

// CHECK-NOT: tp.
// CHECK: shard.grid @mesh(shape = 2)
// CHECK-LABEL: func.func @mlp(
// CHECK-NOT: tp.
// CHECK: %[[COLUMNS:.*]] = shard.sharding @mesh split_axes = {{\[\[}}], [0]]
// CHECK: shard.shard %arg1 to %[[COLUMNS]] : tensor<64x256xf32>
// CHECK: shard.shard {{.*}} annotate_for_users : tensor<64x256xf32>
// CHECK: %[[SUM:.*]] = linalg.matmul {{.*}}256x64
// CHECK: %[[WHOLE:.*]] = shard.sharding @mesh split_axes = {{\[\[}}]]
// CHECK: shard.shard %[[SUM]] to %[[WHOLE]] : tensor<8x64xf32>
// CHECK-NOT: tp.

// UPSTREAM-LABEL: func.func @mlp
// UPSTREAM-SAME: tensor<64x128xf32>
// UPSTREAM-SAME: tensor<128x64xf32>
// UPSTREAM: linalg.matmul {{.*}} -> tensor<8x128xf32>
// UPSTREAM: %[[PARTIAL:.*]] = linalg.matmul {{.*}} -> tensor<8x64xf32>
// UPSTREAM: shard.all_reduce %[[PARTIAL]] on @mesh grid_axes = [0]
// UPSTREAM-NOT: shard.all
tp.mesh @mesh <["tp"=2]>
func.func @mlp(
    %x: tensor<8x64xf32>,
    %up: tensor<64x256xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %down: tensor<256x64xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>})
    -> tensor<8x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<8x256xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<8x256xf32>) -> tensor<8x256xf32>
  %h = linalg.matmul ins(%x, %up : tensor<8x64xf32>, tensor<64x256xf32>)
      outs(%f0 : tensor<8x256xf32>) -> tensor<8x256xf32>
  %e1 = tensor.empty() : tensor<8x64xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<8x64xf32>) -> tensor<8x64xf32>
  %y = linalg.matmul ins(%h, %down : tensor<8x256xf32>, tensor<256x64xf32>)
      outs(%f1 : tensor<8x64xf32>) -> tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

// A variant computes the same, and is left out.
// CHECK-NOT: @variant
// UPSTREAM-NOT: @variant
func.func @variant(
    %x: tensor<8x64xf32>,
    %up: tensor<64x256xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %down: tensor<256x64xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>})
    -> tensor<8x64xf32> attributes {tp.when = #tp.dims<[]>} {
  return %x : tensor<8x64xf32>
}
