// RUN: tp-opt %s -tp-plan="assume=seq=8192" -tp-partition | FileCheck %s
// RUN: tp-opt %s -tp-plan="assume=seq=8192 sequence-parallel=off" -tp-partition | FileCheck %s --check-prefix=OFF
// RUN: tp-opt %s -tp-plan="assume=seq=8 sequence-parallel=always" -tp-partition | FileCheck %s --check-prefix=ALWAYS
// RUN: not tp-opt %s -tp-plan="sequence-parallel=often" 2>&1 | FileCheck %s --check-prefix=OPTION

// With many tokens the norms and sums between the products hold a fourth of the
// tokens each; decoding one token all-reduces. Both read the same weights.
// CHECK: func.func @layers
// CHECK: tp.weight "up0" {{.*}} : tensor<4096x4096xbf16>
// CHECK: tp.weight "down0" {{.*}} : tensor<4096x4096xbf16>
// CHECK: %[[P:.*]] = "onnx.MatMul"
// CHECK: %[[R:.*]] = tp.reduce_scatter %[[P]] sum dim 1
// CHECK: %[[Y:.*]] = "onnx.Add"(%{{.*}}, %[[R]])
// CHECK: %[[N:.*]] = "onnx.RMSNormalization"(%[[Y]]
// CHECK-SAME: -> tensor<1x?x4096xbf16, #tp.dims<[1, {{.*}}s1{{.*}}, 4096]>>
// CHECK: %[[G:.*]] = tp.all_gather %[[N]] dim 1
// CHECK: "onnx.MatMul"(%[[G]]
// CHECK: func.func @layers_decode
// CHECK-SAME: tp.when = #tp.dims<[s0 - 1]>
// CHECK: tp.weight "up0" {{.*}} : tensor<4096x4096xbf16>
// CHECK: tp.weight "down0" {{.*}} : tensor<4096x4096xbf16>
// CHECK: tp.all_reduce
// CHECK-NOT: tp.reduce_scatter %{{.*}} dim 1

// OFF-NOT: tp.when
// OFF: tp.all_reduce
// OFF-NOT: dim 1

// ALWAYS: "onnx.RMSNormalization"{{.*}} -> tensor<1x?x4096xbf16, #tp.dims<[1, {{.*}}s1{{.*}}, 4096]>>
// ALWAYS: "onnx.RMSNormalization"{{.*}} -> tensor<1x?x4096xbf16, #tp.dims<[1, {{.*}}s1{{.*}}, 4096]>>
// ALWAYS-NOT: tp.when

// OPTION: sequence-parallel is auto, always or off, not 'often'

!x = tensor<1x?x4096xbf16, #tp.dims<[1, s0, 4096]>>
!h = tensor<1x?x16384xbf16, #tp.dims<[1, s0, 16384]>>
module attributes {tp.symbols = ["seq"]} {
  tp.mesh @mesh <["tp"=4]>
  func.func @layers(%x: !x) -> !x {
    %scale0 = tp.weight "norm0" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 0, strides = [1]>} : tensor<4096xbf16>
    %n0 = "onnx.RMSNormalization"(%x, %scale0) {axis = -1 : si64, epsilon = 1.0e-6 : f32, stash_type = 1 : si64}
        : (!x, tensor<4096xbf16>) -> !x
    %up0 = tp.weight "up0" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 16384, strides = [16384, 1]>} : tensor<4096x16384xbf16>
    %h0 = "onnx.MatMul"(%n0, %up0) : (!x, tensor<4096x16384xbf16>) -> !h
    %a0 = "onnx.Relu"(%h0) : (!h) -> !h
    %down0 = tp.weight "down0" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 268451840, strides = [4096, 1]>} : tensor<16384x4096xbf16>
    %d0 = "onnx.MatMul"(%a0, %down0) : (!h, tensor<16384x4096xbf16>) -> !x
    %y0 = "onnx.Add"(%x, %d0) : (!x, !x) -> !x
    %scale1 = tp.weight "norm1" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 600000000, strides = [1]>} : tensor<4096xbf16>
    %n1 = "onnx.RMSNormalization"(%y0, %scale1) {axis = -1 : si64, epsilon = 1.0e-6 : f32, stash_type = 1 : si64}
        : (!x, tensor<4096xbf16>) -> !x
    %up1 = tp.weight "up1" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 600016384, strides = [16384, 1]>} : tensor<4096x16384xbf16>
    %h1 = "onnx.MatMul"(%n1, %up1) : (!x, tensor<4096x16384xbf16>) -> !h
    %a1 = "onnx.Relu"(%h1) : (!h) -> !h
    %down1 = tp.weight "down1" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 868451840, strides = [4096, 1]>} : tensor<16384x4096xbf16>
    %d1 = "onnx.MatMul"(%a1, %down1) : (!h, tensor<16384x4096xbf16>) -> !x
    %y1 = "onnx.Add"(%y0, %d1) : (!x, !x) -> !x
    %scale2 = tp.weight "norm2" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 1200000000, strides = [1]>} : tensor<4096xbf16>
    %n2 = "onnx.RMSNormalization"(%y1, %scale2) {axis = -1 : si64, epsilon = 1.0e-6 : f32, stash_type = 1 : si64}
        : (!x, tensor<4096xbf16>) -> !x
    return %n2 : !x
  }
}
