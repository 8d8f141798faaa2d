// Uneven pieces of a static size are offsets.
// RUN: tp-opt %s --tp-propagate --tp-export-shard | FileCheck %s

// CHECK: shard.grid @mesh(shape = 2x3)
// CHECK-LABEL: func.func @uneven
// CHECK: shard.sharding @mesh split_axes = {{\[\[}}0], [1]] sharded_dims_offsets = [0, 2, 4, 0, 2, 5, 8]
// CHECK: math.exp
tp.mesh @mesh <["dp"=2, "tp"=3]>
func.func @uneven(%x: tensor<4x8xf32> {tp.layout = #tp.layout<@mesh, [{"dp"}, {"tp"}]>}) -> tensor<4x8xf32> {
  %y = math.exp %x : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
