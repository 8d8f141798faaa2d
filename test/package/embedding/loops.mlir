// Three times a product whose rows are split and whose terms a loop sums up in every iteration, between branches; what
// is carried is split by columns.
module attributes {tp.files = ["weights.bin"]} {
  tp.mesh @mesh <["tp"=2]>
  func.func @main(%x: tensor<4x16xf32> {onnx.name = "x", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}) -> (tensor<4x16xf32> {onnx.name = "y"}) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %three = arith.constant 3 : index
    %true = arith.constant true
    %false = arith.constant false
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [16, 1]>,
        tp.layouts = [#tp.layout<@mesh, [{"tp"}, {}]>]} : tensor<16x16xf32>
    %s = tp.weight "scale" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1024, strides = [1]>} : tensor<16xf32>
    %r = scf.for %i = %zero to %three step %one iter_args(%a = %x) -> (tensor<4x16xf32>) {
      %p = toy.scaled_product %a, %w, %s : (tensor<4x16xf32>, tensor<16x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
      %b = scf.if %true -> (tensor<4x16xf32>) {
        %q = "onnx.Relu"(%p) : (tensor<4x16xf32>) -> tensor<4x16xf32>
        scf.yield %q : tensor<4x16xf32>
      } else {
        scf.yield %x : tensor<4x16xf32>
      }
      scf.yield %b : tensor<4x16xf32>
    }
    %y = scf.if %false -> (tensor<4x16xf32>) {
      scf.yield %x : tensor<4x16xf32>
    } else {
      scf.yield %r : tensor<4x16xf32>
    }
    return %y : tensor<4x16xf32>
  }
}
