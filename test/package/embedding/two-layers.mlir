// What the embedding compiler hands over: one mesh, weights in a file, whole tensors. Offsets are in bytes.
module attributes {tp.files = ["weights.bin"]} {
  tp.mesh @mesh <["tp"=2]>
  func.func @main(%x: tensor<4x16xf32> {onnx.name = "x"}) -> (tensor<4x16xf32> {onnx.name = "y"}) {
    %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [64, 1]>} : tensor<16x64xf32>
    %us = tp.weight "up.scale" {file = 0 : i32, view = #tp.view<elem = f32, offset = 4096, strides = [1]>} : tensor<64xf32>
    %h = toy.scaled_product %x, %up, %us : (tensor<4x16xf32>, tensor<16x64xf32>, tensor<64xf32>) -> tensor<4x64xf32>
    %r = "onnx.Relu"(%h) : (tensor<4x64xf32>) -> tensor<4x64xf32>
    %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 4352, strides = [16, 1]>} : tensor<64x16xf32>
    %ds = tp.weight "down.scale" {file = 0 : i32, view = #tp.view<elem = f32, offset = 8448, strides = [1]>} : tensor<16xf32>
    %y = toy.scaled_product %r, %down, %ds : (tensor<4x64xf32>, tensor<64x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
    return %y : tensor<4x16xf32>
  }
}
