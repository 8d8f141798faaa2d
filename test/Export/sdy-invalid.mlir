// RUN: tp-opt %s --tp-export-sdy=output=/dev/null -split-input-file -verify-diagnostics

tp.mesh @mesh <["tp"=2]>
// expected-error @+1 {{argument #0: is split into uneven pieces, which Shardy cannot express}}
func.func @uneven(%x: tensor<7xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) -> tensor<7xf32> {
  return %x : tensor<7xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>
// expected-error @+1 {{its sizes are not static}}
func.func @dynamic(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

tp.mesh @mesh <["tp"=2]>
func.func @operator(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{is not exported to StableHLO: this operator has no form there}}
  %y = "onnx.Selu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
