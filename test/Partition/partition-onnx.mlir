// RUN: tp-opt %s -split-input-file -tp-propagate -tp-partition | FileCheck %s

// Shape operands follow the local sizes.
// CHECK-LABEL: func.func @reshape
// CHECK: "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 2, 4]>} : () -> tensor<3xi64>
// CHECK: "onnx.Reshape"({{.*}}) {{.*}} -> tensor<?x2x4xf32, #tp.dims<[s0, 2, 4]>>
module attributes {tp.symbols = ["seq"]} {
tp.mesh @mesh <["tp"=4]>
func.func @reshape(%x: tensor<?x32xf32, #tp.dims<[s0, 32]>> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    -> (tensor<?x8x4xf32, #tp.dims<[s0, 8, 4]>> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}, {}]>}) {
  %s = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 8, 4]>} : () -> tensor<3xi64>
  %y = "onnx.Reshape"(%x, %s) : (tensor<?x32xf32, #tp.dims<[s0, 32]>>, tensor<3xi64>) -> tensor<?x8x4xf32, #tp.dims<[s0, 8, 4]>>
  return %y : tensor<?x8x4xf32, #tp.dims<[s0, 8, 4]>>
}
}

// -----

// A table split along its rows: the rank's rows and all of them, and a sum.
// CHECK-LABEL: func.func @embedding
// CHECK: %[[P:.*]] = "onnx.Gather"({{.*}}) {axis = 0 : si64, tp.gather_offset = #tp.dims<[s0 * 16]>, tp.gather_size = #tp.dims<[64]>} : (tensor<16x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
// CHECK: tp.all_reduce %[[P]] sum
tp.mesh @mesh <["tp"=4]>
func.func @embedding(%table: tensor<64x8xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>},
                     %ids: tensor<3xi64>) -> tensor<3x8xf32> {
  %y = "onnx.Gather"(%table, %ids) {axis = 0 : si64} : (tensor<64x8xf32>, tensor<3xi64>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// The addend of a product whose result is a partial sum counts once.
// CHECK-LABEL: func.func @gemm
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<4x4xf32> {{.*}}, %[[B:[a-z0-9]+]]: tensor<4x8xf32> {{.*}}, %[[C:[a-z0-9]+]]: tensor<8xf32>
// CHECK: %[[RANK:.*]] = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<i64>
// CHECK: %[[FIRST:.*]] = "onnx.Equal"(%[[RANK]], %{{.*}})
// CHECK: %[[ONCE:.*]] = "onnx.Where"(%[[FIRST]], %[[C]], %{{.*}}) : {{.*}} -> tensor<8xf32>
// CHECK: "onnx.Gemm"(%[[A]], %[[B]], %[[ONCE]])
// CHECK: tp.all_reduce
tp.mesh @mesh <["tp"=2]>
func.func @gemm(%a: tensor<4x8xf32>,
                %b: tensor<8x8xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>},
                %c: tensor<8xf32>) -> tensor<4x8xf32> {
  %y = "onnx.Gemm"(%a, %b, %c) : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Constants of one value shrink, unevenly through an Expand.
// CHECK-LABEL: func.func @constants
// CHECK: "onnx.Constant"() {value = dense<1.000000e+00> : tensor<2xf32>}
// CHECK: %[[ONE:.*]] = "onnx.Constant"() {value = dense<2.000000e+00> : tensor<f32>}
// CHECK: %[[SHAPE:.*]] = "onnx.SymbolicConstant"()
// CHECK: "onnx.Expand"(%[[ONE]], %[[SHAPE]]) : {{.*}} -> tensor<?xf32, #tp.dims<
tp.mesh @mesh <["tp"=2]>
func.func @constants(%x: tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>},
                     %y: tensor<5xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>})
    -> (tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>},
        tensor<5xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) {
  %c = "onnx.Constant"() {value = dense<1.0> : tensor<4xf32>} : () -> tensor<4xf32>
  %d = "onnx.Constant"() {value = dense<2.0> : tensor<5xf32>} : () -> tensor<5xf32>
  %0 = "onnx.Add"(%x, %c) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "onnx.Add"(%y, %d) : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>
  return %0, %1 : tensor<4xf32>, tensor<5xf32>
}
