// RUN: tp-opt %s -split-input-file -tp-propagate -tp-partition | FileCheck %s

// Packed operands: heads are counted in attributes.
// CHECK-LABEL: func.func @packed
// CHECK: "onnx.Attention"({{.*}}) {{.*}}kv_num_heads = 1 : si64, {{.*}}q_num_heads = 2 : si64{{.*}} : (tensor<1x3x32xf32>, tensor<1x3x16xf32>, tensor<1x3x16xf32>
// CHECK-NOT: tp.group
tp.mesh @mesh <["tp"=4]>
func.func @packed(%q: tensor<1x3x128xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>},
                  %k: tensor<1x3x64xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>},
                  %v: tensor<1x3x64xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>})
    -> (tensor<1x3x128xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>}) {
  %n = "onnx.NoValue"() : () -> none
  %y, %pk, %pv, %qk = "onnx.Attention"(%q, %k, %v, %n, %n, %n, %n) {q_num_heads = 8 : si64, kv_num_heads = 4 : si64}
      : (tensor<1x3x128xf32>, tensor<1x3x64xf32>, tensor<1x3x64xf32>, none, none, none, none) -> (tensor<1x3x128xf32>, none, none, none)
  return %y : tensor<1x3x128xf32>
}

// -----

// More ranks than key/value heads: those are replicated over a sub-axis, and
// every rank has one query head with its key/value head.
// CHECK-LABEL: func.func @subaxis
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<1x1x3x16xf32> {{.*}}, %[[K:[a-z0-9]+]]: tensor<1x1x3x16xf32> {{.*}}, %{{.*}}: tensor
// CHECK: "onnx.Attention"(%[[Q]], %[[K]],
// CHECK-NOT: tp.group
tp.mesh @mesh <["tp"=8]>
func.func @subaxis(%q: tensor<1x8x3x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}, {}, {}]>},
                   %k: tensor<1x4x3x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp":(1)4}, {}, {}]>},
                   %v: tensor<1x4x3x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp":(1)4}, {}, {}]>})
    -> (tensor<1x8x3x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}, {}, {}]>}) {
  %n = "onnx.NoValue"() : () -> none
  %y, %pk, %pv, %qk = "onnx.Attention"(%q, %k, %v, %n, %n, %n, %n)
      : (tensor<1x8x3x16xf32>, tensor<1x4x3x16xf32>, tensor<1x4x3x16xf32>, none, none, none, none) -> (tensor<1x8x3x16xf32>, none, none, none)
  return %y : tensor<1x8x3x16xf32>
}

// -----

// Three heads on two ranks: attributes cannot say how many, types can.
// CHECK-LABEL: func.func @uneven
// CHECK: %[[Q:.*]] = "onnx.Transpose"({{.*}}) {perm = [0, 2, 1, 3]} {{.*}} -> tensor<1x?x5x16xf32
// CHECK: %[[R:.*]] = "onnx.Attention"(%[[Q]],
// CHECK-NOT: num_heads
// CHECK: -> tensor<1x5x?xf32
tp.mesh @mesh <["tp"=2]>
func.func @uneven(%q: tensor<1x5x48xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp", units = 3}]>},
                  %k: tensor<1x5x48xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp", units = 3}]>},
                  %v: tensor<1x5x48xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp", units = 3}]>})
    -> (tensor<1x5x48xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp", units = 3}]>}) {
  %n = "onnx.NoValue"() : () -> none
  %y, %pk, %pv, %qk = "onnx.Attention"(%q, %k, %v, %n, %n, %n, %n) {q_num_heads = 3 : si64, kv_num_heads = 3 : si64}
      : (tensor<1x5x48xf32>, tensor<1x5x48xf32>, tensor<1x5x48xf32>, none, none, none, none) -> (tensor<1x5x48xf32>, none, none, none)
  return %y : tensor<1x5x48xf32>
}

// -----

// One key/value head, and not equally many queries of it: their number is no
// multiple that an attribute could say.
// CHECK-LABEL: func.func @multi_query
// CHECK: "onnx.Attention"({{.*}}tp.group = 3 : i64
tp.mesh @mesh <["tp"=2]>
func.func @multi_query(%q: tensor<1x3x5x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}, {}, {}]>},
                       %k: tensor<1x1x5x16xf32>, %v: tensor<1x1x5x16xf32>)
    -> (tensor<1x3x5x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}, {}, {}]>}) {
  %n = "onnx.NoValue"() : () -> none
  %y, %pk, %pv, %qk = "onnx.Attention"(%q, %k, %v, %n, %n, %n, %n)
      : (tensor<1x3x5x16xf32>, tensor<1x1x5x16xf32>, tensor<1x1x5x16xf32>, none, none, none, none) -> (tensor<1x3x5x16xf32>, none, none, none)
  return %y : tensor<1x3x5x16xf32>
}

// -----

// CHECK-LABEL: func.func @rotary
// CHECK: "onnx.RotaryEmbedding"({{.*}}) {{.*}}num_heads = 2 : si64{{.*}} : (tensor<1x3x32xf32>
tp.mesh @mesh <["tp"=4]>
func.func @rotary(%x: tensor<1x3x128xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>},
                  %cos: tensor<1x3x8xf32>, %sin: tensor<1x3x8xf32>)
    -> (tensor<1x3x128xf32> {tp.layout = #tp.layout<@mesh, [{}, {}, {"tp"}]>}) {
  %n = "onnx.NoValue"() : () -> none
  %y = "onnx.RotaryEmbedding"(%x, %cos, %sin, %n) {num_heads = 8 : si64}
      : (tensor<1x3x128xf32>, tensor<1x3x8xf32>, tensor<1x3x8xf32>, none) -> tensor<1x3x128xf32>
  return %y : tensor<1x3x128xf32>
}
