// RUN: tp-opt %s --split-input-file --verify-diagnostics

func.func @length() {
  // expected-error @+1 {{has 1 expressions for 'tensor<2xi64>'}}
  %0 = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<2xi64>
  return
}

// -----

func.func @element() {
  // expected-error @+1 {{expects signed integer elements, got 'tensor<1xf32>'}}
  %0 = "onnx.SymbolicConstant"() {value = #tp.dims<[s0]>} : () -> tensor<1xf32>
  return
}

// -----

func.func @attribute(%x: tensor<2xf32>) {
  // expected-error @+1 {{'onnx.Concat' op requires attribute 'axis'}}
  %0 = "onnx.Concat"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @absent(%x: tensor<2xf32>) {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{operand #1 must be tensor of any type values, but got 'none'}}
  %0 = "onnx.Add"(%x, %none) : (tensor<2xf32>, none) -> tensor<2xf32>
  return
}
