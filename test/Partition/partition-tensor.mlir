// RUN: tp-opt %s --tp-propagate --tp-partition --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @evenly
// CHECK: tensor.cast %{{.*}} : tensor<4x6xf32> to tensor<?x6xf32>
// CHECK: tensor.cast %{{.*}} : tensor<?x6xf32> to tensor<4x6xf32>
// CHECK: %[[C:.*]] = tensor.concat dim(1) %{{.*}}, %{{.*}} : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x12xf32>
// CHECK: %[[SHAPE:.*]] = arith.constant dense<[2, 2, 4, 3]> : tensor<4xindex>
// CHECK: tensor.reshape %[[C]](%[[SHAPE]]) : (tensor<4x12xf32>, tensor<4xindex>) -> tensor<2x2x4x3xf32>
// CHECK-NOT: tp.all_gather
tp.mesh @mesh <["tp"=2]>
func.func @evenly(%x: tensor<8x6xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}) -> tensor<4x2x4x3xf32> {
  %d = tensor.cast %x : tensor<8x6xf32> to tensor<?x6xf32>
  %s = tensor.cast %d : tensor<?x6xf32> to tensor<8x6xf32>
  %c = tensor.concat dim(1) %x, %s : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x12xf32>
  %shape = arith.constant dense<[4, 2, 4, 3]> : tensor<4xindex>
  %r = tensor.reshape %c(%shape) : (tensor<8x12xf32>, tensor<4xindex>) -> tensor<4x2x4x3xf32>
  return %r : tensor<4x2x4x3xf32>
}

// -----

// What cannot be cut there is whole: the axis of a concatenation, pieces that
// differ in size, and sizes that only the shape operand has.
// CHECK-LABEL: func.func @whole
// CHECK: tp.all_gather {{.*}} dim 0
// CHECK: tensor.concat dim(0) %{{.*}}, %{{.*}} : (tensor<7x6xf32>, tensor<7x6xf32>) -> tensor<14x6xf32>
// CHECK: tensor.cast %{{.*}} : tensor<7x6xf32> to tensor<?x6xf32>
// CHECK: tensor.reshape %{{.*}} : (tensor<7x6xf32>, tensor<2xindex>) -> tensor<?x?xf32>
tp.mesh @mesh <["tp"=2]>
func.func @whole(%x: tensor<7x6xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>}, %shape: tensor<2xindex>)
    -> (tensor<14x6xf32>, tensor<?x6xf32>, tensor<?x?xf32>) {
  %c = tensor.concat dim(0) %x, %x : (tensor<7x6xf32>, tensor<7x6xf32>) -> tensor<14x6xf32>
  %d = tensor.cast %x : tensor<7x6xf32> to tensor<?x6xf32>
  %r = tensor.reshape %x(%shape) : (tensor<7x6xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  return %c, %d, %r : tensor<14x6xf32>, tensor<?x6xf32>, tensor<?x?xf32>
}
