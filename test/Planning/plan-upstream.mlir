// REQUIRES: plugins
// Contractions of any dialect divide their weights: the rule says what they are.
// RUN: tp-opt %s --tp-plan --split-input-file | FileCheck %s
// RUN: tp-opt %s --tp-plan --tp-partition --split-input-file | FileCheck %s --check-prefix=RANK
// In a plain mlir-opt, by the plugin:
// RUN: %mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin --split-input-file \
// RUN:   --pass-pipeline='builtin.module(tp-plan,func.func(tp-sink-partial-sums),tp-partition,func.func(tp-dedupe-collectives))' \
// RUN:   %s | FileCheck %s --check-prefix=RANK

// CHECK-LABEL: func.func @mlp
// CHECK: tp.weight "up" {{.*}}#tp.layout<@mesh, [{}, {"tp"}]>
// CHECK: linalg.matmul {{.*}}#tp.layout<@mesh, [{}, {"tp"}]>
// CHECK: tp.weight "down" {{.*}}#tp.layout<@mesh, [{"tp"}, {}]>
// CHECK: linalg.matmul {{.*}}partial = sum{"tp"}
// RANK-LABEL: func.func @mlp
// RANK: math.tanh %{{.*}} : tensor<64x512xf32>
// RANK: tp.all_reduce
// RANK-NOT: tp.all_
tp.mesh @mesh <["tp"=2]>
func.func @mlp(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %zero = arith.constant 0.0 : f32
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %e0 = tensor.empty() : tensor<64x1024xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %h = linalg.matmul ins(%x, %up : tensor<64x256xf32>, tensor<256x1024xf32>) outs(%f0 : tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %t = math.tanh %h : tensor<64x1024xf32>
  %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [256, 1]>} : tensor<1024x256xf32>
  %e1 = tensor.empty() : tensor<64x256xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64x256xf32>) -> tensor<64x256xf32>
  %y = linalg.matmul ins(%t, %down : tensor<64x1024xf32>, tensor<1024x256xf32>) outs(%f1 : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

// -----

// Loops are planned as one operation that computes with whole tensors; what they
// take from outside is brought together in front of them.
// CHECK-LABEL: func.func @loop
// CHECK: linalg.matmul {{.*}}#tp.layout<@mesh, [{}, {"tp"}]>
// CHECK: scf.for
// RANK-LABEL: func.func @loop
// RANK: %[[H:.*]] = linalg.matmul {{.*}} -> tensor<64x512xf32>
// RANK: %[[WHOLE:.*]] = tp.all_gather %[[H]]
// RANK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}) -> (tensor<64x1024xf32>)
// RANK:   arith.addf %[[A]], %[[WHOLE]] : tensor<64x1024xf32>
// RANK: scf.if
// RANK:   scf.yield %{{.*}} : tensor<64x1024xf32>
tp.mesh @mesh <["tp"=2]>
func.func @loop(%x: tensor<64x256xf32>, %n: index, %c: i1) -> tensor<64x1024xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %e0 = tensor.empty() : tensor<64x1024xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %h = linalg.matmul ins(%x, %up : tensor<64x256xf32>, tensor<256x1024xf32>) outs(%f0 : tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %f0) -> (tensor<64x1024xf32>) {
    %s = arith.addf %a, %h : tensor<64x1024xf32>
    scf.yield %s : tensor<64x1024xf32>
  }
  %b = scf.if %c -> (tensor<64x1024xf32>) {
    scf.yield %r : tensor<64x1024xf32>
  } else {
    scf.yield %h : tensor<64x1024xf32>
  }
  return %b : tensor<64x1024xf32>
}
