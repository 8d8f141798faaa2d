// RUN: tp-opt %s | tp-opt - | FileCheck %s

module attributes {tp.files = ["model.onnx"], tp.symbols = ["batch", "%dp", "%tp"]} {
tp.mesh @mesh <["dp"=2, "tp"=4]>

// CHECK-LABEL: func @weight
func.func @weight() -> tensor<512x384xf32> {
  // CHECK: tp.weight "wte" {file = 0 : i32, view = #tp.view<elem = bf16, offset = s2 * 98304, strides = [384, 1]>} : tensor<512x384xf32>
  %w = tp.weight "wte" {file = 0 : i32, view = #tp.view<elem = bf16, offset = s2 * 98304, strides = [384, 1]>} : tensor<512x384xf32>
  return %w : tensor<512x384xf32>
}

// CHECK-LABEL: func @global
func.func @global(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: tp.constrain %{{.*}} to <@mesh, [{}, {"tp"}]> : tensor<4x8xf32>
  %0 = tp.constrain %x to <@mesh, [{}, {"tp"}]> : tensor<4x8xf32>
  // CHECK: tp.reshard %{{.*}} to <@mesh, [{}, {}]> {test.note} : tensor<4x8xf32>
  %1 = tp.reshard %0 to <@mesh, [{}, {}]> {test.note} : tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: func @collectives
func.func @collectives(%x: tensor<4x8xf32>) -> tensor<1x8xf32> {
  // CHECK: tp.all_reduce %{{.*}} sum over <["tp"]> : tensor<4x8xf32> -> tensor<4x8xf32>
  // CHECK-SAME: layout <@mesh, [{}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}]> of tensor<4x8xf32>
  %0 = tp.all_reduce %x sum over <["tp"]> : tensor<4x8xf32> -> tensor<4x8xf32>
      layout <@mesh, [{}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}]> of tensor<4x8xf32>
  // CHECK: tp.reduce_scatter %{{.*}} max dim 0 over <["tp"]> : tensor<4x8xf32> -> tensor<1x8xf32>
  %1 = tp.reduce_scatter %x max dim 0 over <["tp"]> : tensor<4x8xf32> -> tensor<1x8xf32>
      layout <@mesh, [{}, {}], partial = max{"tp"}> -> <@mesh, [{"tp"}, {}]> of tensor<4x8xf32>
  // CHECK: tp.all_to_all %{{.*}} gather 0 split 1 over <["tp":(2)2]> : tensor<1x8xf32> -> tensor<2x4xf32>
  %2 = tp.all_to_all %1 gather 0 split 1 over <["tp":(2)2]> : tensor<1x8xf32> -> tensor<2x4xf32>
      layout <@mesh, [{"tp"}, {}]> -> <@mesh, [{"tp":(1)2}, {"tp":(2)2}]> of tensor<4x8xf32>
  // CHECK: tp.all_gather %{{.*}} dim 1 over <["tp":(2)2]> : tensor<2x4xf32> -> tensor<2x8xf32>
  %3 = tp.all_gather %2 dim 1 over <["tp":(2)2]> : tensor<2x4xf32> -> tensor<2x8xf32>
      layout <@mesh, [{"tp":(1)2}, {"tp":(2)2}]> -> <@mesh, [{"tp":(1)2}, {}]> of tensor<4x8xf32>
  // CHECK: tp.permute %{{.*}} over <["dp", "tp":(1)2]> : tensor<2x8xf32> -> tensor<2x8xf32>
  %4 = tp.permute %3 over <["dp", "tp":(1)2]> : tensor<2x8xf32> -> tensor<2x8xf32>
      layout <@mesh, [{"tp":(1)2}, {}]> -> <@mesh, [{"dp"}, {}]> of tensor<4x8xf32>
  // CHECK: tp.broadcast %{{.*}} from 3 over <["tp"]> : tensor<2x8xf32> -> tensor<2x8xf32>
  %5 = tp.broadcast %4 from 3 over <["tp"]> : tensor<2x8xf32> -> tensor<2x8xf32>
      layout <@mesh, [{"dp"}, {}]> -> <@mesh, [{"dp"}, {}]> of tensor<4x8xf32>
  // CHECK: tp.slice %{{.*}} dim 0 over <["tp":(1)2]> : tensor<2x8xf32> -> tensor<1x8xf32>
  %6 = tp.slice %5 dim 0 over <["tp":(1)2]> : tensor<2x8xf32> -> tensor<1x8xf32>
      layout <@mesh, [{"dp"}, {}]> -> <@mesh, [{"dp", "tp":(1)2}, {}]> of tensor<4x8xf32>
  return %6 : tensor<1x8xf32>
}

// Three heads of two over two devices: the sizes depend on the rank.
// CHECK-LABEL: func @uneven
func.func @uneven(%x: tensor<?x6xf32, #tp.dims<[s0, 6]>>) -> tensor<?x6xf32, #tp.dims<[s0, 6]>> {
  // CHECK: tp.slice %{{.*}} dim 1 {{.*}} -> tensor<?x?xf32, #tp.dims<[s0, ((s1 + 1) floordiv 2) * 2 - (s1 floordiv 2) * 2 + 2]>>
  // CHECK-SAME: -> <@mesh, [{}, {"dp", units = 3}]>
  %0 = tp.slice %x dim 1 over <["dp"]> : tensor<?x6xf32, #tp.dims<[s0, 6]>>
      -> tensor<?x?xf32, #tp.dims<[s0, ((s1 * 3 + 3) floordiv 2) * 2 - ((s1 * 3) floordiv 2) * 2]>>
      layout <@mesh, [{}, {}]> -> <@mesh, [{}, {"dp", units = 3}]> of tensor<?x6xf32, #tp.dims<[s0, 6]>>
  %1 = tp.all_gather %0 dim 1 over <["dp"]>
      : tensor<?x?xf32, #tp.dims<[s0, ((s1 * 3 + 3) floordiv 2) * 2 - ((s1 * 3) floordiv 2) * 2]>>
      -> tensor<?x6xf32, #tp.dims<[s0, 6]>>
      layout <@mesh, [{}, {"dp", units = 3}]> -> <@mesh, [{}, {}]> of tensor<?x6xf32, #tp.dims<[s0, 6]>>
  return %1 : tensor<?x6xf32, #tp.dims<[s0, 6]>>
}

// CHECK-LABEL: func @overlap
func.func @overlap(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: %[[PENDING:.*]] = tp.start {
  // CHECK-NEXT: %[[R:.*]] = tp.all_reduce
  // CHECK-NEXT: tp.yield %[[R]] : tensor<4x8xf32>
  // CHECK-NEXT: } : <tensor<4x8xf32>>
  %p = tp.start {
    %r = tp.all_reduce %x sum over <["tp"]> : tensor<4x8xf32> -> tensor<4x8xf32>
        layout <@mesh, [{}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}]> of tensor<4x8xf32>
    tp.yield %r : tensor<4x8xf32>
  } : <tensor<4x8xf32>>
  // CHECK: tp.wait %[[PENDING]] : <tensor<4x8xf32>>
  %y = tp.wait %p : <tensor<4x8xf32>>
  return %y : tensor<4x8xf32>
}

// CHECK-LABEL: func @stages
func.func @stages(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // CHECK: tp.send %{{.*}} to 1 along <["dp"]> channel 7 on @mesh : tensor<4x8xf32>
  tp.send %x to 1 along <["dp"]> channel 7 on @mesh : tensor<4x8xf32>
  // CHECK: tp.recv from 0 along <["dp"]> channel 7 on @mesh : tensor<4x8xf32>
  %y = tp.recv from 0 along <["dp"]> channel 7 on @mesh : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// CHECK-LABEL: func @manual
func.func @manual(%x: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: tp.manual(%{{.*}}) in [#tp.layout<@mesh, [{"tp"}]>] out [#tp.layout<@mesh, [{"tp"}]>] {
  // CHECK-NEXT: ^bb0(%[[PIECE:.*]]: tensor<2xf32>):
  // CHECK-NEXT: tp.yield %[[PIECE]] : tensor<2xf32>
  %y = tp.manual(%x) in [#tp.layout<@mesh, [{"tp"}]>] out [#tp.layout<@mesh, [{"tp"}]>] {
  ^bb0(%piece: tensor<2xf32>):
    tp.yield %piece : tensor<2xf32>
  } : (tensor<8xf32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

}
