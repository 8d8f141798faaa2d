// RUN: tp-opt %s -split-input-file -tp-partition -verify-diagnostics

// expected-error@+1 {{has no tp.mesh}}
module {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// A softmax needs its whole row.
tp.mesh @mesh <["tp"=2]>
func.func @whole(%x: tensor<2x4xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    -> (tensor<2x4xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}) {
  // expected-error@+1 {{splits no whole indices of dimension 1}}
  %0 = "onnx.Softmax"(%x) {axis = -1 : si64, tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// Not linear: partial sums do not pass.
tp.mesh @mesh <["tp"=2]>
func.func @nonlinear(%x: tensor<2x4xf32>, %w: tensor<4x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> tensor<2x4xf32> {
  %s = tp.reshard %x to <@mesh, [{}, {"tp"}]> : tensor<2x4xf32>
  %0 = "onnx.MatMul"(%s, %w) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]} : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  // expected-error@+1 {{operand #0 is partial over "tp", which the operation does not pass on}}
  %1 = "onnx.Relu"(%0) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = tp.reshard %1 to <@mesh, [{}, {}]> : tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// -----

// An operation without a rule is not split.
tp.mesh @mesh <["tp"=2]>
func.func @norule(%x: tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>})
    -> (tensor<4xi32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) {
  // expected-error@+1 {{cannot be split: tensor.bitcast has no sharding rule}}
  %0 = tensor.bitcast %x {tp.layouts = [#tp.layout<@mesh, [{"tp"}]>]} : tensor<4xf32> to tensor<4xi32>
  return %0 : tensor<4xi32>
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @result(%x: tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) -> tensor<4xf32> {
  // expected-error@+1 {{result #0 is laid out as [{"tp"}], the function returns [{}]}}
  return %x : tensor<4xf32>
}

// -----

// A loop carries one layout.
tp.mesh @mesh <["tp"=2]>
func.func @carried(%x: tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}, %n: index) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{result #0 is laid out as [{}], its initial value as [{"tp"}]}}
  %r = scf.for %i = %c1 to %n step %c1 iter_args(%a = %x) -> (tensor<4xf32>) {
    scf.yield %a : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @yielded(%x: tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}, %y: tensor<4xf32>, %c: i1)
    -> (tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) {
  // expected-error@+1 {{result #0 is laid out as [{"tp"}], what its region yields as [{}]}}
  %r = scf.if %c -> (tensor<4xf32>) {
    scf.yield %x : tensor<4xf32>
  } else {
    scf.yield %y : tensor<4xf32>
  } {tp.layouts = [#tp.layout<@mesh, [{"tp"}]>]}
  return %r : tensor<4xf32>
}

// -----

// Other regions use whole tensors, and have no layouts in them. A partial sum has
// the type of the whole.
tp.mesh @mesh <["tp"=2]>
func.func @captured(%x: tensor<4x8xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
                    %w: tensor<8x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}, %c: i1, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %p = "onnx.MatMul"(%x, %w) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]} : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  // expected-error@+1 {{its region uses a tensor that is laid out as [{}, {}], partial = sum{"tp"}}}
  %r = scf.while (%a = %y) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
    scf.condition(%c) %a : tensor<4x4xf32>
  } do {
  ^bb0(%b: tensor<4x4xf32>):
    %s = arith.addf %b, %p : tensor<4x4xf32>
    scf.yield %s : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @inside(%y: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %r = scf.while (%a = %y) : (tensor<4xf32>) -> tensor<4xf32> {
    scf.condition(%c) %a : tensor<4xf32>
  } do {
  ^bb0(%b: tensor<4xf32>):
    // expected-error@+1 {{has a layout in a region of 'scf.while', which is not partitioned}}
    %s = tp.reshard %b to <@mesh, [{"tp"}]> : tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
