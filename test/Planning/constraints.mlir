// RUN: tp-opt %s --split-input-file --tp-plan | FileCheck %s

// Without a demand: columns, then rows.
// CHECK-LABEL: func.func @free
// CHECK: tp.weight "up" {{.*}}[{}, {"tp"}]
// CHECK: tp.weight "down" {{.*}}[{"tp"}, {}]
tp.mesh @mesh <["tp"=2]>
func.func @free(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  %r = "onnx.Relu"(%h) : (tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [256, 1]>} : tensor<1024x256xf32>
  %y = "onnx.MatMul"(%r, %down) : (tensor<64x1024xf32>, tensor<1024x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

// -----

// A name or a pattern in the module's constraints; a weight that is demanded
// whole is not divided, and its reader follows.
module attributes {tp.constraints = [{tensor = "u?", layout = "tp:0", source = "one"},
                                     {tensor = "down", layout = "replicated", source = "two"}]} {
// CHECK-LABEL: func.func @weights
// CHECK: tp.weight "up" {{.*}}tp.constrained = ["one"], tp.layouts = [#tp.layout<@mesh, [{"tp"}, {}]>], tp.reasons = ["demanded by one"]
// CHECK: "onnx.MatMul"{{.*}}[{}, {}], partial = sum{"tp"}
// CHECK: tp.weight "down" {{.*}}[{}, {}]>], tp.reasons = ["demanded by two"]
// CHECK-NOT: tp.constraints
tp.mesh @mesh <["tp"=2]>
func.func @weights(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  %r = "onnx.Relu"(%h) : (tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [256, 1]>} : tensor<1024x256xf32>
  %y = "onnx.MatMul"(%r, %down) : (tensor<64x1024xf32>, tensor<1024x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
}

// -----

// What a plan file alone demands is marked; another demand of the same is not
// less of one, in whichever order they come.
module attributes {tp.constraints = [{tensor = "w1", layout = "tp:1", source = "plan", planned, exact},
                                     {tensor = "w2", layout = "tp:1", source = "plan", planned, exact},
                                     {tensor = "w2", layout = "tp:1", source = "user"},
                                     {tensor = "w3", layout = "tp:1", source = "user"},
                                     {tensor = "w3", layout = "tp:1", source = "plan", planned, exact}]} {
// CHECK-LABEL: func.func @planned
// CHECK: tp.weight "w1" {{.*}}tp.constrained = ["plan"]{{.*}}tp.planned
// CHECK-NOT: tp.planned
// CHECK: tp.weight "w2" {{.*}}tp.constrained = ["user"]
// CHECK-NOT: tp.planned
// CHECK: tp.weight "w3" {{.*}}tp.constrained = ["user"]
// CHECK-NOT: tp.planned
// CHECK: return
tp.mesh @mesh <["tp"=2]>
func.func @planned(%x: tensor<64x256xf32>) -> (tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>) {
  %1 = tp.weight "w1" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [256, 1]>} : tensor<256x256xf32>
  %2 = tp.weight "w2" {file = 0 : i32, view = #tp.view<elem = f32, offset = 262144, strides = [256, 1]>} : tensor<256x256xf32>
  %3 = tp.weight "w3" {file = 0 : i32, view = #tp.view<elem = f32, offset = 524288, strides = [256, 1]>} : tensor<256x256xf32>
  %a = "onnx.MatMul"(%x, %1) : (tensor<64x256xf32>, tensor<256x256xf32>) -> tensor<64x256xf32>
  %b = "onnx.MatMul"(%x, %2) : (tensor<64x256xf32>, tensor<256x256xf32>) -> tensor<64x256xf32>
  %c = "onnx.MatMul"(%x, %3) : (tensor<64x256xf32>, tensor<256x256xf32>) -> tensor<64x256xf32>
  return %a, %b, %c : tensor<64x256xf32>, tensor<64x256xf32>, tensor<64x256xf32>
}
}

// -----

// An activation has its demanded layout for all readers: the operation makes
// it, or it is brought there. The operation itself is gone.
// CHECK-LABEL: func.func @activation
// CHECK: %[[H:.*]] = "onnx.MatMul"
// CHECK: %[[C:.*]] = tp.reshard %[[H]] to <@mesh, [{"tp"}, {}]> {tp.constrained = ["'tp.constrain' to [{\22tp\22}, {}]"], tp.reasons = ["demanded by 'tp.constrain' to [{\22tp\22}, {}]"]}
// CHECK-NOT: tp.constrain %
// CHECK-NOT: (%[[H]])
tp.mesh @mesh <["tp"=2]>
func.func @activation(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1, 256]>} : tensor<256x1024xf32>
  %c = tp.constrain %up to <@mesh, [{}, {"tp"}]> : tensor<256x1024xf32>
  %h = "onnx.MatMul"(%x, %c) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  %d = tp.constrain %h to <@mesh, [{"tp"}, {}]> : tensor<64x1024xf32>
  %r = "onnx.Relu"(%d) : (tensor<64x1024xf32>) -> tensor<64x1024xf32>
  %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [256, 1]>} : tensor<1024x256xf32>
  %y = "onnx.MatMul"(%r, %down) : (tensor<64x1024xf32>, tensor<1024x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

// -----

// Dimensions are those of the file's tensor: here its use is transposed, and
// one part of a fused weight.
module attributes {onnx.tensors = [{name = "w", type = tensor<1024x256xf32>}, {name = "qkv", type = tensor<256x768xf32>}],
                   tp.constraints = [{tensor = "w", layout = "tp:0", source = "one"},
                                     {tensor = "qkv", layout = "tp:-1", source = "two"}]} {
// CHECK-LABEL: func.func @views
// CHECK: tp.weight "qkv" {{.*}}[{}, {"tp"}]>], tp.reasons = ["demanded by two"]
// CHECK: tp.weight "w" {{.*}}[{}, {"tp"}]>], tp.reasons = ["demanded by one"]
tp.mesh @mesh <["tp"=2]>
func.func @views(%x: tensor<64x256xf32>) -> tensor<64x1024xf32> {
  %k = tp.weight "qkv" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1024, strides = [768, 1]>} : tensor<256x256xf32>
  %h = "onnx.MatMul"(%x, %k) : (tensor<64x256xf32>, tensor<256x256xf32>) -> tensor<64x256xf32>
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 1048576, strides = [1, 256]>} : tensor<256x1024xf32>
  %y = "onnx.MatMul"(%h, %w) : (tensor<64x256xf32>, tensor<256x1024xf32>) -> tensor<64x1024xf32>
  return %y : tensor<64x1024xf32>
}
}

// -----

// Without pieces, "tp:1" is any split: 3 heads of 4 come whole. Exactly that
// split is what an exact one or a layout in full demands.
module attributes {tp.constraints = [{tensor = "a", layout = "tp:1", source = "any"},
                                     {tensor = "b", layout = "[{}, {\22tp\22, units = 3}]", source = "all"},
                                     {tensor = "c", layout = "tp:1", exact, source = "exact"}]} {
// CHECK-LABEL: func.func @units
// CHECK: tp.weight "a" {{.*}}[{}, {"tp", units = 3}]
// CHECK: tp.weight "b" {{.*}}[{}, {"tp", units = 3}]
// CHECK: tp.weight "c" {{.*}}[{}, {"tp"}]
tp.mesh @mesh <["tp"=2]>
func.func @units(%x: tensor<64x256xf32>) -> (tensor<64x3x4xf32>, tensor<64x3x4xf32>, tensor<64x3x4xf32>) {
  %s = "onnx.Constant"() {value = dense<[64, 3, 4]> : tensor<3xi64>} : () -> tensor<3xi64>
  %a = tp.weight "a" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [12, 1]>} : tensor<256x12xf32>
  %0 = "onnx.MatMul"(%x, %a) : (tensor<64x256xf32>, tensor<256x12xf32>) -> tensor<64x12xf32>
  %1 = "onnx.Reshape"(%0, %s) {allowzero = 1 : si64} : (tensor<64x12xf32>, tensor<3xi64>) -> tensor<64x3x4xf32>
  %b = tp.weight "b" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [12, 1]>} : tensor<256x12xf32>
  %2 = "onnx.MatMul"(%x, %b) : (tensor<64x256xf32>, tensor<256x12xf32>) -> tensor<64x12xf32>
  %3 = "onnx.Reshape"(%2, %s) {allowzero = 1 : si64} : (tensor<64x12xf32>, tensor<3xi64>) -> tensor<64x3x4xf32>
  %c = tp.weight "c" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [12, 1]>} : tensor<256x12xf32>
  %4 = "onnx.MatMul"(%x, %c) : (tensor<64x256xf32>, tensor<256x12xf32>) -> tensor<64x12xf32>
  %5 = "onnx.Reshape"(%4, %s) {allowzero = 1 : si64} : (tensor<64x12xf32>, tensor<3xi64>) -> tensor<64x3x4xf32>
  return %1, %3, %5 : tensor<64x3x4xf32>, tensor<64x3x4xf32>, tensor<64x3x4xf32>
}
}

// -----

// What one node reads, as ONNX says it; and an input's and an output's layout.
module attributes {tp.constraints = [{tensor = "x", layout = "tp:1", source = "one"},
                                     {tensor = "h", layout = "tp:0", reader = "relu", source = "two"},
                                     {tensor = "y", layout = "replicated", source = "three"}]} {
// CHECK-LABEL: func.func @readers
// CHECK-SAME: tp.constrained = "one", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>, tp.reason = "demanded by one"
// CHECK-SAME: -> ({{.*}}tp.layout = #tp.layout<@mesh, [{}, {}]>
// CHECK: "onnx.Relu"{{.*}}[{"tp"}, {}]
tp.mesh @mesh <["tp"=2]>
func.func @readers(%x: tensor<64x256xf32> {onnx.name = "x"}) -> (tensor<64x256xf32> {onnx.name = "y"}) {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1024, 1]>} : tensor<256x256xf32>
  %h = "onnx.MatMul"(%x, %w) : (tensor<64x256xf32>, tensor<256x256xf32>) -> tensor<64x256xf32> loc("h")
  %r = "onnx.Relu"(%h) : (tensor<64x256xf32>) -> tensor<64x256xf32> loc("relu")
  %n = "onnx.Neg"(%h) : (tensor<64x256xf32>) -> tensor<64x256xf32> loc("neg")
  %y = "onnx.Add"(%r, %n) : (tensor<64x256xf32>, tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
}
