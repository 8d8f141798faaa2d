// RUN: tp-opt %s --tp-propagate --tp-partition --split-input-file | FileCheck %s

// A loop carries a split tensor: the body works on pieces and sums up in every
// iteration, since the next one needs the sum.
// CHECK-LABEL: func.func @loop
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %[[X]]) -> (tensor<4x8xf32>)
// CHECK:   tp.all_gather %[[A]] dim 1
// CHECK:   %[[H:.*]] = linalg.matmul {{.*}} -> tensor<4x8xf32>
// CHECK:   %[[T:.*]] = math.tanh %[[H]] : tensor<4x8xf32>
// CHECK:   scf.yield %[[T]] : tensor<4x8xf32>
// CHECK: return {{.*}} : tensor<4x8xf32>
tp.mesh @mesh <["tp"=2]>
func.func @loop(%x: tensor<4x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
                %w: tensor<16x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}, %n: index)
    -> (tensor<4x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<4x16xf32>) {
    %whole = tp.reshard %a to <@mesh, [{}, {}]> : tensor<4x16xf32>
    %e = tensor.empty() : tensor<4x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
    %h = linalg.matmul ins(%whole, %w : tensor<4x16xf32>, tensor<16x16xf32>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
    %t = math.tanh %h : tensor<4x16xf32>
    scf.yield %t : tensor<4x16xf32>
  }
  return %r : tensor<4x16xf32>
}

// -----

// A partial sum is completed before the loop carries it on; the loop carries
// what its body reads.
// CHECK-LABEL: func.func @partial
// CHECK: tp.slice
// CHECK: scf.for {{.*}} -> (tensor<4x8xf32>)
// CHECK:   %[[P:.*]] = linalg.matmul {{.*}} -> tensor<4x16xf32>
// CHECK:   %[[S:.*]] = tp.reduce_scatter %[[P]] sum
// CHECK:   scf.yield %[[S]] : tensor<4x8xf32>
tp.mesh @mesh <["tp"=2]>
func.func @partial(%x: tensor<4x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {}]>},
                   %w: tensor<16x16xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}, %n: index) -> tensor<4x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<4x16xf32>) {
    %e = tensor.empty() : tensor<4x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
    %h = linalg.matmul ins(%a, %w : tensor<4x16xf32>, tensor<16x16xf32>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
    scf.yield %h : tensor<4x16xf32>
  }
  return %r : tensor<4x16xf32>
}

// -----

// Branches: both yield what the result is laid out as; a nested loop, and a
// branch whose tensor is cut in front of it.
// CHECK-LABEL: func.func @branch
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-SAME: %[[Y:.*]]: tensor<4x16xf32>
// CHECK: %[[S:.*]] = tp.slice %[[Y]]
// CHECK: %[[R:.*]] = scf.if {{.*}} -> (tensor<4x8xf32>) {
// CHECK:   %[[L:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[X]]) -> (tensor<4x8xf32>)
// CHECK:     math.exp {{.*}} : tensor<4x8xf32>
// CHECK:   scf.yield %[[L]]
// CHECK: } else {
// CHECK:   scf.yield %[[S]]
// CHECK: }
// CHECK: math.tanh %[[R]] : tensor<4x8xf32>
tp.mesh @mesh <["tp"=2]>
func.func @branch(%x: tensor<4x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
                  %y: tensor<4x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {}]>}, %n: index, %c: i1)
    -> tensor<4x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.if %c -> (tensor<4x16xf32>) {
    %l = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<4x16xf32>) {
      %t = math.exp %a : tensor<4x16xf32>
      scf.yield %t : tensor<4x16xf32>
    }
    scf.yield %l : tensor<4x16xf32>
  } else {
    scf.yield %y : tensor<4x16xf32>
  }
  %z = math.tanh %r : tensor<4x16xf32>
  return %z : tensor<4x16xf32>
}

// -----

// Other regions get whole tensors: scf.while, and a body that reads one.
// CHECK-LABEL: func.func @opaque
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK: %[[Y:.*]] = math.exp %[[X]] : tensor<4x8xf32>
// CHECK: %[[ALL:.*]] = tp.all_gather %[[Y]]
// CHECK: %[[ADDEND:.*]] = tp.all_gather %[[X]]
// CHECK: scf.while (%{{.*}} = %[[ALL]]) : (tensor<4x16xf32>)
// CHECK:   arith.addf %{{.*}}, %[[ADDEND]] : tensor<4x16xf32>
// CHECK: %[[AGAIN:.*]] = tp.all_gather %[[X]]
// CHECK: linalg.generic
// CHECK:   tensor.extract %[[AGAIN]]{{.*}} : tensor<4x16xf32>
#id = affine_map<(d0) -> (d0)>
tp.mesh @mesh <["tp"=2]>
func.func @opaque(%x: tensor<4x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}, %c: i1, %at: tensor<4xindex>)
    -> (tensor<4x16xf32>, tensor<4xf32>) {
  %y = math.exp %x : tensor<4x16xf32>
  %r = scf.while (%a = %y) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
    scf.condition(%c) %a : tensor<4x16xf32>
  } do {
  ^bb0(%b: tensor<4x16xf32>):
    %s = arith.addf %b, %x : tensor<4x16xf32>
    scf.yield %s : tensor<4x16xf32>
  }
  %e = tensor.empty() : tensor<4xf32>
  %c0 = arith.constant 0 : index
  %g = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%at : tensor<4xindex>) outs(%e : tensor<4xf32>) {
  ^bb0(%i: index, %o: f32):
    %v = tensor.extract %x[%i, %c0] : tensor<4x16xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %r, %g : tensor<4x16xf32>, tensor<4xf32>
}
