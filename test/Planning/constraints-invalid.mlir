// RUN: tp-opt %s --split-input-file --tp-plan --verify-diagnostics

// expected-error @below {{one: the model has no tensor 'upp'; the most similar names are 'up', 'x'}}
module attributes {tp.constraints = [{tensor = "upp", layout = "tp:0", source = "one"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @unknown(%x: tensor<64x256xf32> {onnx.name = "x"}) -> tensor<64x1024xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  return %h : tensor<64x1024xf32>
}
}

// -----

// All that is wrong at once.
// expected-error @below {{one: no tensor of the model matches 'q*'; the most similar names are 'x', 'up'}}
// expected-error @below {{two: tensor 'up': dimension 2 is out of range: the tensor has 2 dimensions}}
// expected-error @below {{three: tensor 'up': the mesh has no axis 'ep'; it has 'tp'}}
// expected-error @below {{four: 'tp' is no layout: need 'replicated'}}
// expected-error @below {{five: '[x' is no pattern: invalid glob pattern, unmatched '['}}
// expected-error @below {{six: tensor 'x': dimension 0 has 1 elements, which 2 devices cannot divide}}
// expected-error @below {{seven: tensor 'up': '[{"tp"}, {]' is no layout: }}
// expected-error @below {{eight: tensor 'up': layout has 1 dimensions for a tensor of rank 2}}
module attributes {tp.constraints = [{tensor = "q*", layout = "tp:0", source = "one"},
                                     {tensor = "up", layout = "tp:2", source = "two"},
                                     {tensor = "u*", layout = "ep:0", source = "three"},
                                     {tensor = "up", layout = "tp", source = "four"},
                                     {tensor = "[x", layout = "tp:0", source = "five"},
                                     {tensor = "x", layout = "tp:0", source = "six"},
                                     {tensor = "up", layout = "[{\22tp\22}, {]", source = "seven"},
                                     {tensor = "up", layout = "[{\22tp\22}]", source = "eight"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @wrong(%x: tensor<1x256xf32> {onnx.name = "x"}) -> tensor<1x1024xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %up) : (tensor<1x256xf32>, tensor<256x1024xf32>) -> tensor<1x1024xf32>
  return %h : tensor<1x1024xf32>
}
}

// -----

// Two demands on one tensor name each other.
// expected-error @below {{two: tensor 'up' cannot be laid out as [{}, {"tp"}]: one demands [{"tp"}, {}]}}
// expected-note @below {{in conflict with one}}
module attributes {tp.constraints = [{tensor = "up", layout = "tp:0", source = "one"},
                                     {tensor = "u*", layout = "tp:1", source = "two"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @conflict(%x: tensor<64x256xf32>) -> tensor<64x1024xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  return %h : tensor<64x1024xf32>
}
}

// -----

// So does one against the program itself.
// expected-error @below {{one: tensor 'up' cannot be laid out as [{"tp"}, {}]: 'tp.constrain' to [{}, {"tp"}] demands [{}, {"tp"}]}}
module attributes {tp.constraints = [{tensor = "up", layout = "tp:0", source = "one"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @constrained(%x: tensor<64x256xf32>) -> tensor<64x1024xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  // expected-note @below {{in conflict with 'tp.constrain' to [{}, {"tp"}]}}
  %c = tp.constrain %up to <@mesh, [{}, {"tp"}]> : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %c) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  return %h : tensor<64x1024xf32>
}
}

// -----

// A reader that cannot multiply like that.
// expected-error @below {{one: tensor 'scale' cannot be laid out as [{"tp"}]: RMSNormalization cannot read it that way}}
module attributes {tp.constraints = [{tensor = "scale", layout = "tp:0", source = "one"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @reader(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %s = tp.weight "scale" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<256xf32>
  // expected-note @below {{reads it as [{}]}}
  %y = "onnx.RMSNormalization"(%x, %s) {axis = -1 : si64, epsilon = 1.0E-6 : f32, stash_type = 1 : si64} : (tensor<64x256xf32>, tensor<256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
}

// -----

// A reader of two weights that cannot have both.
// expected-error @below {{two: tensor 'bias' cannot be laid out as [{}]: Gemm 'gemm' cannot read it that way and 'up' as [{}, {"tp"}], which one demands}}
// expected-note @below {{in conflict with one}}
module attributes {tp.constraints = [{tensor = "up", layout = "tp:1", source = "one"},
                                     {tensor = "bias", layout = "replicated", source = "two"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @pair(%x: tensor<64x256xf32>) -> tensor<64x1024xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %b = tp.weight "bias" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<1024xf32>
  %h = "onnx.Gemm"(%x, %up, %b) {alpha = 1.0 : f32, beta = 1.0 : f32, transA = 0 : si64, transB = 0 : si64} : (tensor<64x256xf32>, tensor<256x1024xf32>, tensor<1024xf32>) -> tensor<64x1024xf32> loc("gemm")
  return %h : tensor<64x1024xf32>
}
}

// -----

// Views that do not have the dimension.
// expected-error @below {{one: tensor 'experts': its use, as tensor<256x64xf32>, does not have dimension 0 by itself}}
module attributes {onnx.tensors = [{name = "experts", type = tensor<8x256x64xf32>}],
                   tp.constraints = [{tensor = "experts", layout = "tp:0", source = "one"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @slice(%x: tensor<64x256xf32>) -> tensor<64x64xf32> {
  %w = tp.weight "experts" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [64, 1]>} : tensor<256x64xf32>
  // expected-note @below {{used here}}
  %h = "onnx.MatMul"(%x, %w) : (tensor<64x256xf32>, tensor<256x64xf32>) -> tensor<64x64xf32>
  return %h : tensor<64x64xf32>
}
}

// -----

// A tensor that nothing computes when the program runs.
// expected-error @below {{one: tensor 'mask' does not exist when the program runs: its node was folded into others or computed at compile time}}
module attributes {onnx.tensors = [{name = "mask", node = "n", type = tensor<64x256xf32>}],
                   tp.constraints = [{tensor = "mask", layout = "tp:0", source = "one"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @folded(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  return %x : tensor<64x256xf32>
}
}

// -----

// Sums are pending of what is computed only.
// expected-error @below {{one: tensor 'x' is stored or given: it is no pending sum}}
module attributes {tp.constraints = [{tensor = "x", layout = "[{}, {}], partial = sum{\22tp\22}", source = "one"}]} {
tp.mesh @mesh <["tp"=2]>
func.func @pending(%x: tensor<64x256xf32> {onnx.name = "x"}) -> tensor<64x256xf32> {
  %y = "onnx.Neg"(%x) : (tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
}

// -----

// What cannot be for the sum of demands is said with those that are to blame.
// expected-note @below {{there is a plan without one}}
module attributes {tp.constraints = [{tensor = "y", layout = "[{}, {}], partial = sum{\22tp\22}", source = "one"},
                                     {tensor = "x", layout = "tp:1", source = "two"}]} {
tp.mesh @mesh <["tp"=2]>
// expected-error @below {{no plan satisfies all operations and constraints}}
func.func @infeasible(%x: tensor<64x256xf32> {onnx.name = "x"}) -> tensor<64x256xf32> {
  %y = "onnx.Relu"(%x) : (tensor<64x256xf32>) -> tensor<64x256xf32> loc("y")
  %z = "onnx.Relu"(%y) : (tensor<64x256xf32>) -> tensor<64x256xf32>
  return %z : tensor<64x256xf32>
}
}

// -----

// Regions are not planned; what is demanded there must not be lost.
tp.mesh @mesh <["tp"=2]>
func.func @region(%x: tensor<64x256xf32>, %c: i1) -> tensor<64x256xf32> {
  %y = scf.if %c -> tensor<64x256xf32> {
    // expected-error @below {{is inside of a region, whose tensors are not planned one by one}}
    %d = tp.constrain %x to <@mesh, [{}, {"tp"}]> : tensor<64x256xf32>
    scf.yield %d : tensor<64x256xf32>
  } else {
    scf.yield %x : tensor<64x256xf32>
  }
  return %y : tensor<64x256xf32>
}
