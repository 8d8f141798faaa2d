// RUN: tp-opt %s --tp-export-shard -split-input-file -verify-diagnostics

tp.mesh @mesh <["tp"=8]>
// expected-error @+1 {{argument #0 (tensor<8x16xf32>) uses a part of mesh axis "tp":(1)4, which the shard dialect cannot express}}
func.func @part(%x: tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp":(1)4}]>}) {
  return
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @pending(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{result #0 of 'arith.negf' (tensor<8xf32>) is a pending sum}}
  %y = arith.negf %x {tp.layouts = [#tp.layout<@mesh, [{}], partial = sum{"tp"}>]} : tensor<8xf32>
  // expected-note @+1 {{read here while pending}}
  %z = arith.negf %y {tp.layouts = [#tp.layout<@mesh, [{}], partial = sum{"tp"}>]} : tensor<8xf32>
  %r = tp.reshard %z to <@mesh, [{}]> : tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @maximum(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{is a pending max, which the shard dialect cannot express}}
  %y = arith.negf %x {tp.layouts = [#tp.layout<@mesh, [{}], partial = max{"tp"}>]} : tensor<8xf32>
  %r = tp.reshard %y to <@mesh, [{}]> : tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// expected-error @+1 {{has no tp.mesh}}
module {
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @uneven(%x: tensor<?xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>, tp.global_type = tensor<7xf32>})
    -> (tensor<7xf32> {tp.layout = #tp.layout<@mesh, [{}]>, tp.global_type = tensor<7xf32>}) {
  // expected-error @+1 {{moves pieces of different sizes of 'tensor<7xf32>'}}
  %y = tp.all_gather %x dim 0 over <["tp"]> : tensor<?xf32> -> tensor<7xf32>
      layout <@mesh, [{"tp"}]> -> <@mesh, [{}]> of tensor<7xf32>
  return %y : tensor<7xf32>
}
