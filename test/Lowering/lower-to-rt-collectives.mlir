// RUN: tp-opt %s -tp-lower-to-rt -canonicalize -cse -split-input-file | FileCheck %s

// CHECK: rt.groups = {{\[}}[array<i64: 0, 1, 2, 3>]]
module attributes {tp.symbols = ["%tp"]} {
tp.mesh @mesh <["tp"=4]>
// CHECK-LABEL: func @all_reduce
func.func @all_reduce(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: rt.collective all_reduce ins(%{{.*}}) outs(%{{.*}}) group 0 {reduction = 1 : i32
  %y = tp.all_reduce %x max over <["tp"]> : tensor<4x8xf32> -> tensor<4x8xf32>
      layout <@mesh, [{}, {}], partial = max{"tp"}> -> <@mesh, [{}, {}]> of tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
}

// -----

// Groups of a mesh with two axes; equal pieces need no sizes.
// CHECK: rt.groups = {{\[}}[array<i64: 0, 1>, array<i64: 2, 3>]]
module attributes {tp.symbols = ["%dp", "%tp"]} {
tp.mesh @mesh <["dp"=2, "tp"=2]>
// CHECK-LABEL: func @all_gather
func.func @all_gather(%x: tensor<4x4xf32>) -> tensor<4x8xf32> {
  // CHECK: rt.collective all_gather ins(%{{.*}}) outs(%{{.*}} : tensor<4x8xf32>) group 0 {dim = 1 : i64
  %y = tp.all_gather %x dim 1 over <["tp"]> : tensor<4x4xf32> -> tensor<4x8xf32>
      layout <@mesh, [{}, {"tp"}]> -> <@mesh, [{}, {}]> of tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
}

// -----

// Seven columns on two ranks: three and four.
module attributes {tp.symbols = ["%tp"]} {
tp.mesh @mesh <["tp"=2]>
// CHECK-LABEL: func @uneven
func.func @uneven(%x: tensor<4x?xf32, #tp.dims<[4, (s0 * 7 + 7) floordiv 2 - (s0 * 7) floordiv 2]>>) -> tensor<4x7xf32> {
  // CHECK-DAG: %[[A:.*]] = arith.constant 3 : index
  // CHECK-DAG: %[[B:.*]] = arith.constant 4 : index
  // CHECK: rt.collective all_gather ins(%{{.*}}) outs(%{{.*}}) member_sizes(%[[A]], %[[B]]) group 0
  %y = tp.all_gather %x dim 1 over <["tp"]>
      : tensor<4x?xf32, #tp.dims<[4, (s0 * 7 + 7) floordiv 2 - (s0 * 7) floordiv 2]>> -> tensor<4x7xf32>
      layout <@mesh, [{}, {"tp"}]> -> <@mesh, [{}, {}]> of tensor<4x7xf32>
  return %y : tensor<4x7xf32>
}
}

// -----

// Nothing moves: the kernel former gets a Slice at the rank's place.
module attributes {tp.symbols = ["%tp"]} {
tp.mesh @mesh <["tp"=2]>
// CHECK-LABEL: func @slice
func.func @slice(%x: tensor<4x8xf32>) -> tensor<4x4xf32> {
  // CHECK-DAG: %[[START:.*]] = "onnx.SymbolicConstant"() {value = #tp.dims<[s0 * 4]>
  // CHECK-DAG: %[[END:.*]] = "onnx.SymbolicConstant"() {value = #tp.dims<[s0 * 4 + 4]>
  // CHECK: "onnx.Slice"(%{{.*}}, %[[START]], %[[END]],
  %y = tp.slice %x dim 1 over <["tp"]> : tensor<4x8xf32> -> tensor<4x4xf32>
      layout <@mesh, [{}, {}]> -> <@mesh, [{}, {"tp"}]> of tensor<4x8xf32>
  return %y : tensor<4x4xf32>
}
}
