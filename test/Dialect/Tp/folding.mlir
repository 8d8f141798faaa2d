// RUN: tp-opt %s --canonicalize --allow-unregistered-dialect | FileCheck %s

tp.mesh @mesh <["dp"=2, "tp"=4]>

// CHECK-LABEL: func @reshard_to_same
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>
func.func @reshard_to_same(%x: tensor<8xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) -> tensor<8xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tp.reshard %x to <@mesh, [{"tp"}]> : tensor<8xf32>
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: func @reshard_of_result
func.func @reshard_of_result() -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[X:.*]]:2 = "test.op"
  %x:2 = "test.op"() {tp.layouts = [#tp.layout<@mesh, [{}]>, #tp.layout<@mesh, [{"tp"}]>]} : () -> (tensor<8xf32>, tensor<8xf32>)
  // CHECK-NEXT: %[[R:.*]] = tp.reshard %[[X]]#0
  %0 = tp.reshard %x#0 to <@mesh, [{"tp"}]> : tensor<8xf32>
  %1 = tp.reshard %x#1 to <@mesh, [{"tp"}]> : tensor<8xf32>
  // CHECK-NEXT: return %[[R]], %[[X]]#1
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func @compose
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>
func.func @compose(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NEXT: %[[R:.*]] = tp.reshard %[[X]] to <@mesh, [{"dp"}]>
  // CHECK-NEXT: return %[[R]]
  %0 = tp.reshard %x to <@mesh, [{"tp"}]> : tensor<8xf32>
  %1 = tp.reshard %0 to <@mesh, [{"dp"}]> : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// There and back.
// CHECK-LABEL: func @round_trip
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>
func.func @round_trip(%x: tensor<8xf32> {tp.layout = #tp.layout<@mesh, [{}]>}) -> tensor<8xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tp.reshard %x to <@mesh, [{"tp"}]> : tensor<8xf32>
  %1 = tp.reshard %0 to <@mesh, [{}]> : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: func @repeated_constraint
func.func @repeated_constraint(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NEXT: %[[C:.*]] = tp.constrain
  // CHECK-NEXT: return %[[C]]
  %0 = tp.constrain %x to <@mesh, [{"tp"}]> : tensor<8xf32>
  %1 = tp.constrain %0 to <@mesh, [{"tp"}]> : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: func @different_constraints
func.func @different_constraints(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-COUNT-2: tp.constrain
  %0 = tp.constrain %x to <@mesh, [{"tp"}]> : tensor<8xf32>
  %1 = tp.constrain %0 to <@mesh, [{}]> : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: func @gather_slice
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>
func.func @gather_slice(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tp.all_gather %x dim 0 over <["tp"]> : tensor<2xf32> -> tensor<8xf32> layout <@mesh, [{"tp"}]> -> <@mesh, [{}]> of tensor<8xf32>
  %1 = tp.slice %0 dim 0 over <["tp"]> : tensor<8xf32> -> tensor<2xf32> layout <@mesh, [{}]> -> <@mesh, [{"tp"}]> of tensor<8xf32>
  return %1 : tensor<2xf32>
}

// CHECK-LABEL: func @slice_gather
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>
func.func @slice_gather(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = tp.slice %x dim 0 over <["tp"]> : tensor<8xf32> -> tensor<2xf32> layout <@mesh, [{}]> -> <@mesh, [{"tp"}]> of tensor<8xf32>
  %1 = tp.all_gather %0 dim 0 over <["tp"]> : tensor<2xf32> -> tensor<8xf32> layout <@mesh, [{"tp"}]> -> <@mesh, [{}]> of tensor<8xf32>
  return %1 : tensor<8xf32>
}

// Gathered along one axis and cut along another: not the same piece.
// CHECK-LABEL: func @gather_other_slice
func.func @gather_other_slice(%x: tensor<2xf32>) -> tensor<4xf32> {
  // CHECK: tp.all_gather
  // CHECK: tp.slice
  %0 = tp.all_gather %x dim 0 over <["tp"]> : tensor<2xf32> -> tensor<8xf32> layout <@mesh, [{"tp"}]> -> <@mesh, [{}]> of tensor<8xf32>
  %1 = tp.slice %0 dim 0 over <["dp"]> : tensor<8xf32> -> tensor<4xf32> layout <@mesh, [{}]> -> <@mesh, [{"dp"}]> of tensor<8xf32>
  return %1 : tensor<4xf32>
}

// Equal layouts do not mean equal values before a broadcast.
// CHECK-LABEL: func @broadcast
func.func @broadcast(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK-NEXT: tp.broadcast
  %0 = tp.broadcast %x from 0 over <["tp"]> : tensor<8xf32> -> tensor<8xf32> layout <@mesh, [{}]> -> <@mesh, [{}]> of tensor<8xf32>
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: func @unused
// CHECK-NEXT: return
func.func @unused(%x: tensor<8xf32>) {
  %0 = tp.all_reduce %x sum over <["tp"]> : tensor<8xf32> -> tensor<8xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{}]> of tensor<8xf32>
  return
}
