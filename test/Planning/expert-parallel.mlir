// RUN: tp-opt %s --split-input-file -tp-plan="assume=seq=512" 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=WARNING < %t
// RUN: tp-opt %s --split-input-file -tp-plan="assume=seq=512" -tp-partition 2>/dev/null | FileCheck %s --check-prefix=RANK

// Every expert for every token: an axis for experts divides them, "tp" what is left,
// and one sum over both axes is finished.
// CHECK-LABEL: func.func @batched
// CHECK: tp.weight "up" {{.*}}tp.layouts = [#tp.layout<@mesh, [{{.*}}"ep"{{.*}}"tp"{{.*}}]>]
// CHECK: tp.weight "bias" {{.*}}tp.layouts = [#tp.layout<@mesh, [{"ep"{{.*}}]>]
// CHECK: "onnx.MatMul"{{.*}}tp.reasons = ["{{.*}}\22ep\22{{.*}} splits experts (8){{.*}}dividing up
// CHECK: "onnx.ReduceSum"{{.*}}partial = sum{"ep", "tp"}
// RANK-LABEL: func.func @batched
// RANK: tp.weight "up" {{.*}} : tensor<{{2x256x1024|4x256x512}}xf32>
// RANK: tp.weight "down" {{.*}} : tensor<{{2x1024x256|4x512x256}}xf32>
// RANK: tp.all_reduce {{.*}} sum over <["ep", "tp"]>
// RANK-NOT: tp.all
// RANK: return
module attributes {tp.symbols = ["seq"]} {
  tp.mesh @mesh <["ep"=2, "tp"=2]>
  func.func @batched(%x: tensor<1x?x256xf32, #tp.dims<[1, s0, 256]>>) -> tensor<?x256xf32, #tp.dims<[s0, 256]>> {
    %axes = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
    %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [262144, 1024, 1]>} : tensor<8x256x1024xf32>
    %bias = tp.weight "bias" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1024, 1]>} : tensor<8x1x1024xf32>
    %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [262144, 256, 1]>} : tensor<8x1024x256xf32>
    %0 = "onnx.MatMul"(%x, %up) : (tensor<1x?x256xf32, #tp.dims<[1, s0, 256]>>, tensor<8x256x1024xf32>) -> tensor<8x?x1024xf32, #tp.dims<[8, s0, 1024]>>
    %1 = "onnx.Add"(%0, %bias) : (tensor<8x?x1024xf32, #tp.dims<[8, s0, 1024]>>, tensor<8x1x1024xf32>) -> tensor<8x?x1024xf32, #tp.dims<[8, s0, 1024]>>
    %2 = "onnx.Relu"(%1) : (tensor<8x?x1024xf32, #tp.dims<[8, s0, 1024]>>) -> tensor<8x?x1024xf32, #tp.dims<[8, s0, 1024]>>
    %3 = "onnx.MatMul"(%2, %down) : (tensor<8x?x1024xf32, #tp.dims<[8, s0, 1024]>>, tensor<8x1024x256xf32>) -> tensor<8x?x256xf32, #tp.dims<[8, s0, 256]>>
    %4 = "onnx.ReduceSum"(%3, %axes) {keepdims = 0 : si64} : (tensor<8x?x256xf32, #tp.dims<[8, s0, 256]>>, tensor<1xi64>) -> tensor<?x256xf32, #tp.dims<[s0, 256]>>
    return %4 : tensor<?x256xf32, #tp.dims<[s0, 256]>>
  }
}

// -----

// Each token's matrices: ranks find those of their experts, and the sum of products
// is over experts.
// CHECK-LABEL: func.func @lookup
// CHECK: tp.weight "matrices" {{.*}}tp.layouts = [#tp.layout<@mesh, [{"ep"}, {}, {}]>]
// CHECK: "onnx.Gather"{{.*}}partial = sum{"ep"}{{.*}}splits experts (8), leaving a partial sum
// CHECK: "onnx.MatMul"{{.*}}passes on a partial sum over \22ep\22
// RANK-LABEL: func.func @lookup
// RANK: tp.weight "matrices" {{.*}} : tensor<2x256x1024xf32>
// RANK: tp.all_reduce
module attributes {tp.symbols = ["seq"]} {
  tp.mesh @mesh <["ep"=4]>
  func.func @lookup(%x: tensor<?x1x256xf32, #tp.dims<[s0, 1, 256]>>, %expert: tensor<?xi64, #tp.dims<[s0]>>) -> tensor<?x1x1024xf32, #tp.dims<[s0, 1, 1024]>> {
    %matrices = tp.weight "matrices" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [262144, 1024, 1]>} : tensor<8x256x1024xf32>
    %0 = "onnx.Gather"(%matrices, %expert) {axis = 0 : si64} : (tensor<8x256x1024xf32>, tensor<?xi64, #tp.dims<[s0]>>) -> tensor<?x256x1024xf32, #tp.dims<[s0, 256, 1024]>>
    %1 = "onnx.MatMul"(%x, %0) : (tensor<?x1x256xf32, #tp.dims<[s0, 1, 256]>>, tensor<?x256x1024xf32, #tp.dims<[s0, 256, 1024]>>) -> tensor<?x1x1024xf32, #tp.dims<[s0, 1, 1024]>>
    return %1 : tensor<?x1x1024xf32, #tp.dims<[s0, 1, 1024]>>
  }
}

// -----

// No experts: other dimensions are not for "ep".
// CHECK-LABEL: func.func @dense
// CHECK: tp.weight "dense" {{.*}}tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]
// WARNING: warning: the axis "ep" of 2 devices divides nothing: ranks along it hold and compute the same. No product of the model has a weight of several experts
module {
  tp.mesh @mesh <["tp"=2, "ep"=2]>
  func.func @dense(%x: tensor<64x256xf32>) -> tensor<64x1024xf32> {
    %w = tp.weight "dense" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
    return %0 : tensor<64x1024xf32>
  }
}

// -----

// More devices than experts.
// CHECK-LABEL: func.func @few
// CHECK: tp.weight "few" {{.*}}tp.layouts = [#tp.layout<@mesh, [{}, {}, {}]>]
// WARNING: warning: the axis "ep" of 16 devices divides nothing: ranks along it hold and compute the same. The model has products of 8 experts: ep can be at most that
module {
  tp.mesh @mesh <["ep"=16]>
  func.func @few(%x: tensor<8x64x256xf32>) -> tensor<8x64x128xf32> {
    %w = tp.weight "few" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [32768, 128, 1]>} : tensor<8x256x128xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<8x64x256xf32>, tensor<8x256x128xf32>) -> tensor<8x64x128xf32>
    return %0 : tensor<8x64x128xf32>
  }
}

// -----

// A matrix per head is none per expert.
// CHECK-LABEL: func.func @heads
// CHECK: tp.weight "heads" {{.*}}tp.layouts = [#tp.layout<@mesh, [{}, {}, {}]>]
// WARNING: warning: the axis "ep" of 2 devices divides nothing
module {
  tp.mesh @mesh <["ep"=2]>
  func.func @heads(%x: tensor<1x8x64x32xf32>, %k: tensor<1x8x64x32xf32>) -> tensor<1x8x64x32xf32> {
    %w = tp.weight "heads" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 32, 1]>} : tensor<8x32x32xf32>
    %0 = "onnx.MatMul"(%x, %w) : (tensor<1x8x64x32xf32>, tensor<8x32x32xf32>) -> tensor<1x8x64x32xf32>
    %none = "onnx.NoValue"() : () -> none
    %1:4 = "onnx.Attention"(%0, %k, %k, %none, %none, %none, %none) {is_causal = 0 : si64, qk_matmul_output_mode = 0 : si64, scale = 0.1 : f32, softcap = 0.0 : f32} : (tensor<1x8x64x32xf32>, tensor<1x8x64x32xf32>, tensor<1x8x64x32xf32>, none, none, none, none) -> (tensor<1x8x64x32xf32>, none, none, none)
    return %1#0 : tensor<1x8x64x32xf32>
  }
}

// -----

// Who demands it gets it.
// CHECK-LABEL: func.func @demanded
// CHECK: tp.weight "up" {{.*}}tp.layouts = [#tp.layout<@mesh, [{"tp"}, {"ep"}]>]
module attributes {tp.constraints = [{tensor = "up", layout = "ep:1,tp:0", source = "--shard"}]} {
  tp.mesh @mesh <["ep"=2, "tp"=2]>
  func.func @demanded(%x: tensor<64x256xf32> {onnx.name = "x"}) -> tensor<64x1024xf32> {
    %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
    %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
    return %h : tensor<64x1024xf32>
  }
}
