// REQUIRES: plugins
// The onnx dialect and the passes around the planner are in the plugin too.
// RUN: %mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module(tp-plan,tp-partition,func.func(tp-sink-partial-sums,tp-dedupe-collectives,tp-combine-collectives))' \
// RUN:   %s | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: tp.weight "up" {{.*}} tensor<256x512xf32>
// CHECK: onnx.Relu
// CHECK: tp.weight "down" {{.*}} tensor<512x256xf32>
// CHECK-COUNT-1: tp.all_reduce
// CHECK-NOT: tp.all_
tp.mesh @mesh <["tp"=2]>
func.func @main(%x: tensor<64x256xf32> {onnx.name = "x"}) -> (tensor<64x256xf32> {onnx.name = "y"}) {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  %r = "onnx.Relu"(%h) : (tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [256, 1]>} : tensor<1024x256xf32>
  %y = "onnx.MatMul"(%r, %down) : (tensor<64x1024xf32>, tensor<1024x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
