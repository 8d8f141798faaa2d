// RUN: tp-opt %s -split-input-file -tp-combine-collectives=max-bytes=256 | FileCheck %s

// The first result's user stands between them and moves behind.
// CHECK-LABEL: func.func @small
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<4x8xf32>, %[[B:[a-z0-9]+]]: tensor<16xf32>
// CHECK: %[[D:.*]] = "onnx.Relu"(%[[B]])
// CHECK: %[[F:.*]] = "onnx.Reshape"(%[[A]], %{{.*}}) {{.*}} -> tensor<32xf32>
// CHECK: %[[P:.*]] = "onnx.Concat"(%[[F]], %[[D]]) {axis = 0 : si64} : {{.*}} -> tensor<48xf32>
// CHECK: %[[R:.*]] = tp.all_reduce %[[P]] sum over <["tp"]>
// CHECK: %[[S:.*]] = "onnx.Slice"(%[[R]], {{.*}} -> tensor<32xf32>
// CHECK: %[[RA:.*]] = "onnx.Reshape"(%[[S]], {{.*}} -> tensor<4x8xf32>
// CHECK: %[[RB:.*]] = "onnx.Slice"(%[[R]], {{.*}} -> tensor<16xf32>
// CHECK: %[[U:.*]] = "onnx.Neg"(%[[RA]])
// CHECK: return %[[U]], %[[RB]]
tp.mesh @mesh <["tp"=2]>
func.func @small(%a: tensor<4x8xf32>, %b: tensor<16xf32>) -> (tensor<4x8xf32>, tensor<16xf32>) {
  %a1 = tp.all_reduce %a sum over <["tp"]> : tensor<4x8xf32> -> tensor<4x8xf32> layout <@mesh, [{}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}]> of tensor<4x8xf32>
  %u = "onnx.Neg"(%a1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %d = "onnx.Relu"(%b) : (tensor<16xf32>) -> tensor<16xf32>
  %b1 = tp.all_reduce %d sum over <["tp"]> : tensor<16xf32> -> tensor<16xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{}]> of tensor<16xf32>
  return %u, %b1 : tensor<4x8xf32>, tensor<16xf32>
}

// -----

// Too large, and one that depends on the other.
// CHECK-LABEL: func.func @keep
// CHECK-COUNT-3: tp.all_reduce
tp.mesh @mesh <["tp"=2]>
func.func @keep(%a: tensor<100xf32>, %b: tensor<16xf32>) -> (tensor<100xf32>, tensor<16xf32>) {
  %a1 = tp.all_reduce %a sum over <["tp"]> : tensor<100xf32> -> tensor<100xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{}]> of tensor<100xf32>
  %b1 = tp.all_reduce %b sum over <["tp"]> : tensor<16xf32> -> tensor<16xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{}]> of tensor<16xf32>
  %c = "onnx.Relu"(%b1) : (tensor<16xf32>) -> tensor<16xf32>
  %c1 = tp.all_reduce %c sum over <["tp"]> : tensor<16xf32> -> tensor<16xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{}]> of tensor<16xf32>
  return %a1, %c1 : tensor<100xf32>, tensor<16xf32>
}
