// RUN: tp-opt %s -split-input-file -tp-propagate -tp-partition | FileCheck %s

// Two products, columns then rows: exactly one all-reduce.
// CHECK-LABEL: func.func @mlp
// CHECK-SAME: %[[X:.*]]: tensor<8x16xf32> {tp.global_type = tensor<8x16xf32>
// CHECK-SAME: %[[W1:.*]]: tensor<16x8xf32> {tp.global_type = tensor<16x32xf32>, tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}
// CHECK-SAME: %[[W2:.*]]: tensor<8x16xf32> {tp.global_type = tensor<32x16xf32>
// CHECK: %[[H:.*]] = linalg.matmul ins(%[[X]], %[[W1]] : tensor<8x16xf32>, tensor<16x8xf32>) outs({{.*}} : tensor<8x8xf32>)
// CHECK: %[[P:.*]] = linalg.matmul ins(%[[H]], %[[W2]] : tensor<8x8xf32>, tensor<8x16xf32>)
// CHECK-NOT: tp.all
// CHECK: %[[Y:.*]] = tp.all_reduce %[[P]] sum over <["tp"]>
// CHECK-NOT: tp.
// CHECK: return %[[Y]]
tp.mesh @mesh <["tp"=4]>
func.func @mlp(%x: tensor<8x16xf32>,
    %w1: tensor<16x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
    %w2: tensor<32x16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<8x32xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<8x32xf32>) -> tensor<8x32xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<8x16xf32>, tensor<16x32xf32>) outs(%f1 : tensor<8x32xf32>) -> tensor<8x32xf32>
  %e2 = tensor.empty() : tensor<8x16xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8x16xf32>) -> tensor<8x16xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<8x32xf32>, tensor<32x16xf32>) outs(%f2 : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// -----

// A generic operation with its region, shape operators, constants.
// CHECK-LABEL: func.func @shapes
// CHECK: %[[C:.*]] = arith.constant dense<2.000000e+00> : tensor<2x16xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[C]] : tensor<2x16xf32>, tensor<2x16xf32>)
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: tensor.expand_shape {{.*}} output_shape [2, 4, 4] : tensor<2x16xf32> into tensor<2x4x4xf32>
// CHECK: tensor.extract_slice {{.*}}[0, 0, 1] [2, 4, 2] [1, 1, 1] : tensor<2x4x4xf32> to tensor<2x4x2xf32>
// CHECK: math.exp %{{.*}} : tensor<2x4x2xf32>
#id = affine_map<(d0, d1) -> (d0, d1)>
tp.mesh @mesh <["tp"=4]>
func.func @shapes(%x: tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>})
    -> (tensor<8x4x2xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}, {}]>}) {
  %c = arith.constant dense<2.0> : tensor<8x16xf32>
  %e = tensor.empty() : tensor<8x16xf32>
  %m = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %c : tensor<8x16xf32>, tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    linalg.yield %p : f32
  } -> tensor<8x16xf32>
  %r = tensor.expand_shape %m [[0], [1, 2]] output_shape [8, 4, 4] : tensor<8x16xf32> into tensor<8x4x4xf32>
  %s = tensor.extract_slice %r[0, 0, 1] [8, 4, 2] [1, 1, 1] : tensor<8x4x4xf32> to tensor<8x4x2xf32>
  %y = math.exp %s : tensor<8x4x2xf32>
  return %y : tensor<8x4x2xf32>
}

// -----

// An initial value counts once: the first rank has it.
// CHECK-LABEL: func.func @init
// CHECK-SAME: %[[C:[a-z0-9]+]]: tensor<2x4xf32> {{[^%]*}}) ->
// CHECK: %[[FLAGS:.*]] = arith.constant dense<[true, false]> : tensor<2xi1>
// CHECK: %[[OWN:.*]] = tp.slice %[[FLAGS]] dim 0 over <["tp"]>
// CHECK: %[[FIRST:.*]] = tensor.extract %[[OWN]]
// CHECK: %[[ZEROS:.*]] = linalg.fill
// CHECK: %[[ONCE:.*]] = arith.select %[[FIRST]], %[[C]], %[[ZEROS]] : tensor<2x4xf32>
// CHECK: linalg.matmul {{.*}} outs(%[[ONCE]] : tensor<2x4xf32>)
// CHECK: tp.all_reduce
tp.mesh @mesh <["tp"=2]>
func.func @init(%x: tensor<2x4xf32>,
                %w: tensor<4x4xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}, {}]>},
                %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = linalg.matmul ins(%x, %w : tensor<2x4xf32>, tensor<4x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
