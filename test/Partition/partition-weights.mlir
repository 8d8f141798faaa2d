// RUN: tp-opt %s -split-input-file -tp-partition | FileCheck %s

// A rank's part of a weight is another view of the file.
// CHECK: tp.symbols = ["%tp"]
// CHECK-LABEL: func.func @views
// Rows: 8 of 32 rows of 16 elements of 4 bytes each.
// CHECK-DAG: tp.weight "w" {{.*}} offset = s0 * 512 + 64, strides = [16, 1]>} : tensor<8x16xf32>
// Columns of the same weight: a second view, nothing is sliced.
// CHECK-DAG: tp.weight "w" {{.*}} offset = s0 * 16 + 64, strides = [16, 1]>} : tensor<32x4xf32>
// CHECK-NOT: tensor<32x16xf32>
// CHECK-NOT: tp.slice
module attributes {tp.files = ["m.onnx"]} {
tp.mesh @mesh <["tp"=4]>
func.func @views() -> (tensor<32x16xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>},
                       tensor<32x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}) {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 64, strides = [16, 1]>} : tensor<32x16xf32>
  %rows = tp.reshard %w to <@mesh, [{"tp"}, {}]> : tensor<32x16xf32>
  %columns = tp.reshard %w to <@mesh, [{}, {"tp"}]> : tensor<32x16xf32>
  return %rows, %columns : tensor<32x16xf32>, tensor<32x16xf32>
}
}

// -----

// Five heads of 4 elements over 2 ranks: 2 and 3 heads. Both offset and size
// depend on the rank.
// CHECK-LABEL: func.func @uneven
// CHECK: tp.weight "w" {{.*}} offset = s0 * 16 + (s0 floordiv 2) * 8, strides = [20, 1]>} : tensor<8x?xbf16, #tp.dims<[8, {{.*}}]>>
module attributes {tp.files = ["m.onnx"]} {
tp.mesh @mesh <["tp"=2]>
func.func @uneven() -> (tensor<8x20xbf16> {tp.layout = #tp.layout<@mesh, [{}, {"tp", units = 5}]>}) {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 0, strides = [20, 1]>,
      tp.layouts = [#tp.layout<@mesh, [{}, {"tp", units = 5}]>]} : tensor<8x20xbf16>
  return %w : tensor<8x20xbf16>
}
}

// -----

// A rearrangement of weights is done on their pieces.
// CHECK-LABEL: func.func @concat
// CHECK-DAG: %[[A:.*]] = tp.weight "a" {{.*}} : tensor<4x8xf32>
// CHECK-DAG: %[[B:.*]] = tp.weight "b" {{.*}} : tensor<4x8xf32>
// CHECK: "onnx.Concat"(%[[A]], %[[B]]) {axis = 1 : si64} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
// CHECK-NOT: tp.slice
module attributes {tp.files = ["m.onnx"]} {
tp.mesh @mesh <["tp"=2]>
func.func @concat() -> (tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) {
  %a = tp.weight "a" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>
  %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = f32, offset = 256, strides = [8, 1]>} : tensor<8x8xf32>
  %c = "onnx.Concat"(%a, %b) {axis = 1 : si64} : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x16xf32>
  %r = tp.reshard %c to <@mesh, [{"tp"}, {}]> : tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}
}
