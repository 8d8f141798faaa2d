// REQUIRES: plugins
// The plugin in a plain mlir-opt: two products whose weights are split by columns and
// by rows, as the arguments say, need one all-reduce and nothing else.
// RUN: %mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module(tp-propagate,tp-partition)' %s | FileCheck %s

// CHECK-LABEL: func.func @mlp
// CHECK-SAME: tensor<64x128xf32> {tp.global_type = tensor<64x256xf32>
// CHECK-SAME: tensor<128x64xf32> {tp.global_type = tensor<256x64xf32>
// CHECK-NOT: tp.{{(all|reduce|permute|slice|reshard|broadcast)}}
// CHECK: linalg.matmul {{.*}} -> tensor<8x128xf32>
// CHECK-NOT: tp.{{(all|reduce|permute|slice|reshard|broadcast)}}
// CHECK: %[[PARTIAL:.*]] = linalg.matmul {{.*}} -> tensor<8x64xf32>
// CHECK-COUNT-1: tp.all_reduce %[[PARTIAL]] sum over <["tp"]>
// CHECK-NOT: tp.{{(all|reduce|permute|slice|reshard|broadcast)}}
// CHECK: return
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
