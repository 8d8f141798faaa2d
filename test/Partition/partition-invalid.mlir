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
    -> (tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) {
  %s = arith.constant dense<4> : tensor<1xindex>
  // expected-error@+1 {{cannot be split: tensor.reshape has no}}
  %0 = tensor.reshape %x(%s) {tp.layouts = [#tp.layout<@mesh, [{"tp"}]>]} : (tensor<4xf32>, tensor<1xindex>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @result(%x: tensor<4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) -> tensor<4xf32> {
  // expected-error@+1 {{result #0 is laid out as [{"tp"}], the function returns [{}]}}
  return %x : tensor<4xf32>
}
