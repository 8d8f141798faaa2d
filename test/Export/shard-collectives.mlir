// Collectives of a partitioned program, and how far upstream takes them.
// RUN: tp-opt %s --tp-partition --tp-export-shard -split-input-file | FileCheck %s
// RUN: tp-opt %s --tp-partition --tp-export-shard -split-input-file | %mlir-opt -split-input-file --convert-shard-to-mpi \
// RUN:   | FileCheck %s --check-prefix=MPI

// CHECK-LABEL: func.func @sum(
// CHECK-SAME: %[[X:.*]]: tensor<8x4xf32>,
// CHECK: %[[P:.*]] = linalg.matmul
// CHECK: shard.all_reduce %[[P]] on @mesh grid_axes = [0] : tensor<8x16xf32> -> tensor<8x16xf32>
// CHECK-NOT: tp.
// MPI-LABEL: func.func @sum(
// MPI: mpi.allreduce
// MPI-NOT: shard.all_reduce
tp.mesh @mesh <["tp"=2]>
func.func @sum(%x: tensor<8x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w: tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> tensor<8x16xf32> {
  %zero = arith.constant {tp.layouts = [#tp.layout<@mesh, []>]} 0.0 : f32
  %e = tensor.empty() : tensor<8x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %p = linalg.matmul {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]}
      ins(%x, %w : tensor<8x8xf32>, tensor<8x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %y = tp.reshard %p to <@mesh, [{}, {}]> : tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// -----

// CHECK-LABEL: func.func @moves(
// CHECK: shard.all_gather {{.*}} grid_axes = [1] gather_axis = 0 : tensor<4x8xf32> -> tensor<16x8xf32>
// CHECK: shard.all_to_all {{.*}} grid_axes = [1] split_axis = 1 concat_axis = 0 : tensor<4x8xf32> -> tensor<16x2xf32>
// CHECK: shard.all_slice {{.*}} grid_axes = [0] slice_axis = 1 : tensor<4x8xf32> -> tensor<4x4xf32>
// MPI-LABEL: func.func @moves(
tp.mesh @mesh <["dp"=2, "tp"=4]>
func.func @moves(%x: tensor<16x8xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>})
    -> (tensor<16x8xf32>, tensor<16x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
        tensor<16x8xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {"dp"}]>}) {
  %a = tp.reshard %x to <@mesh, [{}, {}]> : tensor<16x8xf32>
  %b = tp.reshard %x to <@mesh, [{}, {"tp"}]> : tensor<16x8xf32>
  %c = tp.reshard %x to <@mesh, [{"tp"}, {"dp"}]> : tensor<16x8xf32>
  return %a, %b, %c : tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>
}
