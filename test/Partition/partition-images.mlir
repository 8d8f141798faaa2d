// RUN: tp-opt %s --split-input-file --tp-propagate --tp-partition | FileCheck %s

// Depthwise: a rank's channels are its groups.
// CHECK-LABEL: func.func @depthwise
tp.mesh @m <["tp"=2]>
func.func @depthwise(
    %x: tensor<1x6x8xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>},
    %w: tensor<6x1x3xf32> {tp.layout = #tp.layout<@m, [{"tp"}, {}, {}]>})
    -> (tensor<1x6x6xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>}) {
  %none = "onnx.NoValue"() : () -> none
  // CHECK: "onnx.Conv"({{.*}}group = 3 : si64} : (tensor<1x3x8xf32>, tensor<3x1x3xf32>, none) -> tensor<1x3x6xf32>
  %0 = "onnx.Conv"(%x, %w, %none) {group = 6 : si64} : (tensor<1x6x8xf32>, tensor<6x1x3xf32>, none) -> tensor<1x6x6xf32>
  return %0 : tensor<1x6x6xf32>
}

// -----

// Ranks that hold different numbers of groups know the size of one.
// CHECK-LABEL: func.func @uneven
tp.mesh @m <["tp"=2]>
func.func @uneven(
    %x: tensor<1x5x8xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>},
    %w: tensor<5x1x3xf32> {tp.layout = #tp.layout<@m, [{"tp"}, {}, {}]>})
    -> (tensor<1x5x6xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>}) {
  %none = "onnx.NoValue"() : () -> none
  // CHECK: "onnx.Conv"({{.*}}group = 5 : si64, tp.group_channels = 1 : si64} : (tensor<1x?x8xf32
  %0 = "onnx.Conv"(%x, %w, %none) {group = 5 : si64} : (tensor<1x5x8xf32>, tensor<5x1x3xf32>, none) -> tensor<1x5x6xf32>
  return %0 : tensor<1x5x6xf32>
}

// -----

// CHECK-LABEL: func.func @group_norm
tp.mesh @m <["tp"=2]>
func.func @group_norm(
    %x: tensor<1x8x8xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>},
    %s: tensor<8xf32> {tp.layout = #tp.layout<@m, [{"tp"}]>})
    -> (tensor<1x8x8xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>}) {
  // CHECK: "onnx.GroupNormalization"({{.*}}num_groups = 2 : si64{{.*}}} : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
  %0 = "onnx.GroupNormalization"(%x, %s, %s) {num_groups = 4 : si64} : (tensor<1x8x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x8xf32>
  return %0 : tensor<1x8x8xf32>
}

// -----

// Input channels are summed over ranks, and the bias is added on one.
// CHECK-LABEL: func.func @transposed
tp.mesh @m <["tp"=2]>
func.func @transposed(
    %x: tensor<1x4x5xf32> {tp.layout = #tp.layout<@m, [{}, {"tp"}, {}]>},
    %w: tensor<4x2x3xf32> {tp.layout = #tp.layout<@m, [{"tp"}, {}, {}]>},
    %b: tensor<2xf32> {tp.layout = #tp.layout<@m, [{}]>})
    -> (tensor<1x2x7xf32> {tp.layout = #tp.layout<@m, [{}, {}, {}]>}) {
  // CHECK: %[[B:.*]] = "onnx.Where"
  // CHECK: %[[Y:.*]] = "onnx.ConvTranspose"({{.*}}, {{.*}}, %[[B]]) {{.*}} : (tensor<1x2x5xf32>, tensor<2x2x3xf32>, tensor<2xf32>) -> tensor<1x2x7xf32>
  // CHECK: tp.all_reduce %[[Y]]
  %0 = "onnx.ConvTranspose"(%x, %w, %b) : (tensor<1x4x5xf32>, tensor<4x2x3xf32>, tensor<2xf32>) -> tensor<1x2x7xf32>
  return %0 : tensor<1x2x7xf32>
}
