// RUN: tp-opt %s -rt-bufferize -split-input-file | FileCheck %s

// The result is written directly, the temporary is the only allocation.
// CHECK-LABEL: func @direct
// CHECK-SAME: (%[[X:.*]]: memref<4x8xf32> {{.*}}, %[[O:.*]]: memref<8x4xf32> {onnx.name = "y", rt.output = 0 : i64
func.func @direct(%x: tensor<4x8xf32>) -> (tensor<8x4xf32> {onnx.name = "y"}) {
  // CHECK: %[[T:.*]] = memref.alloc() {{.*}} : memref<4x8xf32>
  // CHECK: rt.launch @k ins(%[[X]] : memref<4x8xf32>) outs(%[[T]] : memref<4x8xf32>)
  // CHECK: %[[V:.*]] = rt.reshape %[[O]] : memref<8x4xf32> -> memref<4x8xf32>
  // CHECK: rt.launch @k ins(%[[T]] : memref<4x8xf32>) outs(%[[V]] : memref<4x8xf32>)
  // CHECK-NOT: rt.copy
  // CHECK: return
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = rt.launch @k ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = rt.launch @k ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = rt.reshape %1 : tensor<4x8xf32> -> tensor<8x4xf32>
  return %2 : tensor<8x4xf32>
}
// CHECK: func private @k(%[[A:.*]]: memref<4x8xf32>, %[[B:.*]]: memref<4x8xf32>) attributes {rt.kernel}
// CHECK: linalg.generic {{.*}} ins(%[[A]] : memref<4x8xf32>) outs(%[[B]] : memref<4x8xf32>)
// CHECK-NOT: linalg.copy
func.func private @k(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {rt.kernel} {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %a : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// What no operation computes is copied, once for each result.
// CHECK-LABEL: func @copies
// CHECK-SAME: (%[[X:.*]]: memref<4xf32> {{.*}}, %[[O0:.*]]: memref<4xf32> {{.*}}, %[[O1:.*]]: memref<4xf32>
func.func @copies(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: rt.copy ins(%[[X]] : memref<4xf32>) outs(%[[O0]] : memref<4xf32>)
  // CHECK: rt.copy ins(%[[X]] : memref<4xf32>) outs(%[[O1]] : memref<4xf32>)
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}

// -----

// An input that a result extends is a state: both strided, and so is the
// kernel that reads it.
// CHECK: rt.states = [array<i64: 0, 0, 1>]
module {
// CHECK-LABEL: func @state
// CHECK-SAME: (%[[P:[a-z0-9]+]]: memref<1x3x8xf32, strided<[?, ?, 1]>> {rt.strided
// CHECK-SAME: %[[O:[a-z0-9]+]]: memref<1x4x8xf32, strided<[?, ?, 1]>> {{{.*}}rt.strided
func.func @state(%past: tensor<1x3x8xf32>, %new: tensor<1x1x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>) {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = rt.cache_append ins(%past, %new : tensor<1x3x8xf32>, tensor<1x1x8xf32>) outs(%e : tensor<1x4x8xf32>) {axis = 1 : i64} -> tensor<1x4x8xf32>
  // CHECK: rt.cache_append ins(%[[P]], %{{.*}}) outs(%[[O]] :
  // CHECK: rt.launch @k_strided_0 ins(%[[O]] :
  %f = tensor.empty() : tensor<1x4x8xf32>
  %1 = rt.launch @k ins(%0 : tensor<1x4x8xf32>) outs(%f : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x4x8xf32>
}
// CHECK: func private @k(%{{.*}}: memref<1x4x8xf32>, %{{.*}}: memref<1x4x8xf32>)
// CHECK: func private @k_strided_0(%{{.*}}: memref<1x4x8xf32, strided<[?, ?, 1]>>, %{{.*}}: memref<1x4x8xf32>)
func.func private @k(%x: tensor<1x4x8xf32>, %o: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> attributes {rt.kernel} {
  %0 = linalg.copy ins(%x : tensor<1x4x8xf32>) outs(%o : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
}

// -----

// A collective reads contiguous memory: not a state.
// CHECK: rt.states = []
module {
// CHECK-LABEL: func @no_state
// CHECK-SAME: memref<1x3x8xf32> {
func.func @no_state(%past: tensor<1x3x8xf32>, %new: tensor<1x1x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>) {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = rt.cache_append ins(%past, %new : tensor<1x3x8xf32>, tensor<1x1x8xf32>) outs(%e : tensor<1x4x8xf32>) {axis = 1 : i64} -> tensor<1x4x8xf32>
  %f = tensor.empty() : tensor<1x4x8xf32>
  %1 = rt.collective all_reduce ins(%0 : tensor<1x4x8xf32>) outs(%f : tensor<1x4x8xf32>) group 0 -> tensor<1x4x8xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x4x8xf32>
}
}
