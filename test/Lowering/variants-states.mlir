// RUN: tp-opt %s -rt-bufferize | FileCheck %s

// The manifest describes the arguments of all functions: what one of them reads
// as contiguous memory (the second cache, which the variant sums over ranks) is
// a state of none. Kernels are specialised once for all functions.
// CHECK: rt.states = [array<i64: 0, 0, 1>]
module attributes {tp.symbols = ["n"]} {
// CHECK-LABEL: func @main
// CHECK-SAME: (%[[P:[a-z0-9]+]]: memref<1x3x8xf32, strided<[?, ?, 1]>> {rt.strided
// CHECK-SAME: %[[Q:[a-z0-9]+]]: memref<1x3x8xf32> {
// CHECK-SAME: %[[N:[a-z0-9]+]]: memref<1x1x8xf32> {
// CHECK-SAME: %[[O:[a-z0-9]+]]: memref<1x4x8xf32, strided<[?, ?, 1]>> {{{.*}}rt.strided
// CHECK: rt.launch @k_strided_0 ins(%[[O]] :
func.func @main(%p: tensor<1x3x8xf32>, %q: tensor<1x3x8xf32>, %new: tensor<1x1x8xf32>)
    -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = rt.cache_append ins(%p, %new : tensor<1x3x8xf32>, tensor<1x1x8xf32>) outs(%e : tensor<1x4x8xf32>) {axis = 1 : i64} -> tensor<1x4x8xf32>
  %f = tensor.empty() : tensor<1x4x8xf32>
  %1 = rt.cache_append ins(%q, %new : tensor<1x3x8xf32>, tensor<1x1x8xf32>) outs(%f : tensor<1x4x8xf32>) {axis = 1 : i64} -> tensor<1x4x8xf32>
  %g = tensor.empty() : tensor<1x4x8xf32>
  %2 = rt.launch @k ins(%0 : tensor<1x4x8xf32>) outs(%g : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0, %1, %2 : tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>
}
// CHECK-LABEL: func @variant
// CHECK-SAME: memref<1x3x8xf32, strided<[?, ?, 1]>> {rt.strided
// CHECK-SAME: memref<1x3x8xf32> {
// CHECK-SAME: memref<1x1x8xf32> {
// CHECK-SAME: memref<1x4x8xf32, strided<[?, ?, 1]>> {{{.*}}rt.strided
// CHECK: rt.launch @k_strided_0 ins(
func.func @variant(%p: tensor<1x3x8xf32>, %q: tensor<1x3x8xf32>, %new: tensor<1x1x8xf32>)
    -> (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>) attributes {tp.when = #tp.dims<[s0 - 1]>} {
  %f = tensor.empty() : tensor<1x4x8xf32>
  %1 = rt.cache_append ins(%q, %new : tensor<1x3x8xf32>, tensor<1x1x8xf32>) outs(%f : tensor<1x4x8xf32>) {axis = 1 : i64} -> tensor<1x4x8xf32>
  %h = tensor.empty() : tensor<1x4x8xf32>
  %3 = rt.collective all_reduce ins(%1 : tensor<1x4x8xf32>) outs(%h : tensor<1x4x8xf32>) group 0 -> tensor<1x4x8xf32>
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = rt.cache_append ins(%p, %new : tensor<1x3x8xf32>, tensor<1x1x8xf32>) outs(%e : tensor<1x4x8xf32>) {axis = 1 : i64} -> tensor<1x4x8xf32>
  %g = tensor.empty() : tensor<1x4x8xf32>
  %2 = rt.launch @k ins(%0 : tensor<1x4x8xf32>) outs(%g : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0, %1, %2 : tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>
}
// CHECK: func private @k(
// CHECK: func private @k_strided_0(
// CHECK-NOT: @k_strided
func.func private @k(%x: tensor<1x4x8xf32>, %o: tensor<1x4x8xf32>) -> tensor<1x4x8xf32> attributes {rt.kernel} {
  %0 = linalg.copy ins(%x : tensor<1x4x8xf32>) outs(%o : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
}
