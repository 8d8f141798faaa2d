// RUN: tp-opt %s -tp-lower-to-rt -tp-form-kernels -canonicalize | FileCheck %s

// Functions of a program share weights, groups and kernels; only what a variant
// does differently is added.
// CHECK: rt.groups = {{\[}}[array<i64: 0, 1>]]
// CHECK-SAME: rt.weights = [#rt.weight<"w", {{.*}}>, #rt.weight<"v", {{.*}}>]
module attributes {tp.symbols = ["n", "%tp"], tp.files = ["m.onnx"]} {
tp.mesh @mesh <["tp"=2]>
// CHECK-LABEL: func @main
// CHECK: rt.weight 0
// CHECK: rt.collective all_reduce {{.*}} group 0
// CHECK: rt.launch @kernel_0
func.func @main(%x: tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>> {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
  %0 = "onnx.MatMul"(%x, %w) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
  %1 = tp.all_reduce %0 sum over <["tp"]> : tensor<?x8xf32, #tp.dims<[s0, 8]>> -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
      layout <@mesh, [{}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}]> of tensor<?x8xf32, #tp.dims<[s0, 8]>>
  %2 = "onnx.Exp"(%1) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
  return %2 : tensor<?x8xf32, #tp.dims<[s0, 8]>>
}
// CHECK-LABEL: func @variant
// CHECK-SAME: tp.when = #tp.dims<[s0 - 1]>
// CHECK: rt.weight 0
// CHECK: rt.collective all_reduce {{.*}} group 0
// CHECK: rt.launch @kernel_0
// CHECK: rt.weight 1
// CHECK: rt.launch @kernel_1
func.func @variant(%x: tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
    attributes {tp.when = #tp.dims<[s0 - 1]>} {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
  %v = tp.weight "v" {file = 0 : i32, view = #tp.view<elem = f32, offset = 256, strides = [8, 1]>} : tensor<8x8xf32>
  %0 = "onnx.MatMul"(%x, %w) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
  %1 = tp.all_reduce %0 sum over <["tp"]> : tensor<?x8xf32, #tp.dims<[s0, 8]>> -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
      layout <@mesh, [{}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}]> of tensor<?x8xf32, #tp.dims<[s0, 8]>>
  %2 = "onnx.Exp"(%1) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
  %3 = "onnx.MatMul"(%2, %v) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>, tensor<8x8xf32>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
  %4 = "onnx.Tanh"(%3) : (tensor<?x8xf32, #tp.dims<[s0, 8]>>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
  return %4 : tensor<?x8xf32, #tp.dims<[s0, 8]>>
}
}
// CHECK: func private @kernel_0
// CHECK: func private @kernel_1
// CHECK-NOT: @kernel_
