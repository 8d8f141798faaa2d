// RUN: tp-opt %s | tp-opt - | FileCheck %s

// CHECK: rt.weights = [#rt.weight<"w", f32, <[4, 8]>, [<file = 0, view = <elem = bf16, offset = s1 * 64, strides = [8, 1]>, start = <[0, 0]>, sizes = <[4, 8]>>]>]
module attributes {tp.symbols = ["n", "%tp"], tp.files = ["m.onnx"],
    rt.weights = [#rt.weight<"w", f32, <[4, 8]>, [<file = 0,
        view = <elem = bf16, offset = s1 * 64, strides = [8, 1]>, start = <[0, 0]>, sizes = <[4, 8]>>]>]} {

// CHECK-LABEL: func @values
func.func @values(%x: tensor<?x8xf32>) -> tensor<?x2x4xf32> {
  // CHECK: %[[N:.*]] = rt.symbol 0
  %n = rt.symbol 0
  // CHECK: rt.weight 0 : tensor<4x8xf32>
  %w = rt.weight 0 : tensor<4x8xf32>
  // CHECK: rt.weight 1[%[[N]]] : tensor<?xf32>
  %v = rt.weight 1[%n] : tensor<?xf32>
  // CHECK: rt.reshape %{{.*}}[%[[N]]] : tensor<?x8xf32> -> tensor<?x2x4xf32>
  %r = rt.reshape %x[%n] : tensor<?x8xf32> -> tensor<?x2x4xf32>
  return %r : tensor<?x2x4xf32>
}

// CHECK-LABEL: func @matmul
func.func @matmul(%a: tensor<?x4xf32>, %b: tensor<8x4xf32>, %c: tensor<8xf32>, %r: tensor<?x8xf32>,
                  %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: rt.matmul ins(%{{.*}}, %{{.*}} : tensor<?x4xf32>, tensor<8x4xf32>) bias(%{{.*}} : tensor<8xf32>)
  // CHECK-SAME: residual(%{{.*}} : tensor<?x8xf32>) outs(%{{.*}} : tensor<?x8xf32>)
  // CHECK-SAME: activation = 3 : i32, alpha = 2.000000e+00 : f32, perms = [array<i64>, array<i64: 1, 0>]
  // CHECK-SAME: -> tensor<?x8xf32>
  %y = rt.matmul ins(%a, %b : tensor<?x4xf32>, tensor<8x4xf32>) bias(%c : tensor<8xf32>)
      residual(%r : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>)
      {activation = 3 : i32, alpha = 2.0 : f32, perms = [array<i64>, array<i64: 1, 0>]} -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: func @attention
func.func @attention(%q: memref<1x?x8x16xf32>, %k: memref<1x4x?x16xf32>, %m: memref<1x1x?x?xi1>,
                     %o: memref<1x?x8x16xf32>) {
  %n = rt.symbol 0
  // CHECK: rt.attention ins({{.*}}) mask({{.*}}) outs({{.*}}) causal_offset %{{.*}} {causal, group = 2 : i64
  rt.attention ins(%q, %k, %k : memref<1x?x8x16xf32>, memref<1x4x?x16xf32>, memref<1x4x?x16xf32>)
      mask(%m : memref<1x1x?x?xi1>) outs(%o : memref<1x?x8x16xf32>) causal_offset %n
      {causal, group = 2 : i64, scale = 0.25 : f32,
       perms = [array<i64: 0, 2, 1, 3>, array<i64>, array<i64>, array<i64>, array<i64: 0, 2, 1, 3>]}
  return
}

// CHECK-LABEL: func @others
func.func @others(%t: memref<16x8xf32>, %i: memref<?xi64>, %past: memref<1x4x?x16xf32, strided<[?, ?, ?, 1]>>,
                  %j: memref<?x8xi64>, %v: memref<?x2xf32>, %w: memref<?x2xi64>, %x: memref<?x8xf32>, %p: memref<1x4x?x16xf32, strided<[?, ?, ?, 1]>>, %f: memref<1x4x1x16xf32>) {
  %n = rt.symbol 0
  // CHECK: rt.gather ins({{.*}}) outs({{.*}}) offset %{{.*}} global_size %{{.*}}
  rt.gather ins(%t, %i : memref<16x8xf32>, memref<?xi64>) outs(%x : memref<?x8xf32>) offset %n global_size %n
  // CHECK: rt.cache_append ins({{.*}}) outs({{.*}}) {axis = 2 : i64}
  rt.cache_append ins(%past, %f : memref<1x4x?x16xf32, strided<[?, ?, ?, 1]>>, memref<1x4x1x16xf32>)
      outs(%p : memref<1x4x?x16xf32, strided<[?, ?, ?, 1]>>) {axis = 2 : i64}
  // CHECK: rt.scatter ins({{.*}}) outs({{.*}}) {axis = 0 : i64, reduction = 1 : i32}
  rt.scatter ins(%x, %j, %x : memref<?x8xf32>, memref<?x8xi64>, memref<?x8xf32>) outs(%x : memref<?x8xf32>)
      {axis = 0 : i64, reduction = 1 : i32}
  // CHECK: rt.topk ins({{.*}}) outs({{.*}}) {axis = 1 : i64, smallest}
  rt.topk ins(%x : memref<?x8xf32>) outs(%v, %w : memref<?x2xf32>, memref<?x2xi64>) {axis = 1 : i64, smallest}
  %true = arith.constant true
  // CHECK: rt.check %{{.*}}, %{{.*}}, %{{.*}} site 0
  rt.check %true, %n, %n site 0
  // CHECK: rt.collective all_gather ins({{.*}}) outs({{.*}}) member_sizes(%{{.*}}, %{{.*}}) group 1
  rt.collective all_gather ins(%x : memref<?x8xf32>) outs(%x : memref<?x8xf32>) member_sizes(%n, %n) group 1
  // CHECK: rt.copy ins({{.*}}) outs({{.*}})
  rt.copy ins(%x : memref<?x8xf32>) outs(%x : memref<?x8xf32>)
  // CHECK: %{{.*}} = rt.slot 0[%{{.*}}] : memref<?x8xf32>
  %s = rt.slot 0[%n] : memref<?x8xf32>
  // CHECK: rt.launch @kernel ins(%{{.*}} : memref<?x8xf32>) sizes(%{{.*}}) outs(%{{.*}} : memref<?x8xf32>)
  rt.launch @kernel ins(%x : memref<?x8xf32>) sizes(%n) outs(%s : memref<?x8xf32>)
  return
}
func.func private @kernel(memref<?x8xf32>, index, memref<?x8xf32>) attributes {rt.kernel}
}
