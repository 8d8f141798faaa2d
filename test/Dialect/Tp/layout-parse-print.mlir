// RUN: tp-opt %s --allow-unregistered-dialect | tp-opt - --allow-unregistered-dialect | FileCheck %s

// CHECK: module attributes {tp.files = ["model.onnx"], tp.symbols = ["batch", "seq", "%tp"]}
module attributes {tp.files = ["model.onnx"], tp.symbols = ["batch", "seq", "%tp"]} {

// CHECK: tp.mesh @mesh <["dp"=2, "tp"=8 {bandwidth = 3.000000e+02, latency = 2.500000e+00}]>
tp.mesh @mesh <["dp"=2, "tp"=8 {bandwidth = 300.0, latency = 2.5}]>

// CHECK-LABEL: func @layouts
// CHECK-SAME: {tp.layout = #tp.layout<@mesh, [{"dp"}, {"tp", units = 15}]>}
func.func @layouts(%x: tensor<4x960xf32> {tp.layout = #tp.layout<@mesh, [{"dp"}, {"tp", units = 15}]>}) {
  // CHECK: layout<@mesh, [{"dp", "tp":(1)2}, {}], partial = sum{"tp":(2)4}>
  "test.op"() {tp.layouts = [#tp.layout<@mesh, [{"dp", "tp":(1)2}, {}], partial = sum{"tp":(2)4}>]} : () -> tensor<4x960xf32>
  // CHECK: layout<@mesh, []>, #tp.layout<@mesh, [{}], partial = max{"dp", "tp"}>
  "test.op"() {tp.layouts = [#tp.layout<@mesh, []>, #tp.layout<@mesh, [{}], partial = max{"dp", "tp"}>]} : () -> (tensor<f32>, tensor<3xf32>)
  // CHECK: layout<@mesh, [{"tp", units = s0}]>
  "test.op"() {tp.layouts = [#tp.layout<@mesh, [{"tp", units = s0}]>]} : () -> tensor<?xf32, #tp.dims<[s0 * s1]>>
  // CHECK: #tp.axes<["tp", "dp":(1)2]>
  "test.op"() {axes = #tp.axes<["tp", "dp":(1)2]>} : () -> ()
  return
}

// Sizes are kept in normal form.
// CHECK-LABEL: func private @dims
// CHECK-SAME: tensor<?x?x8xf32, #tp.dims<[s0 + s1, s0 * s1 * 4, 8]>>
// CHECK-SAME: tensor<?x?xi64, #tp.dims<[?, (s0 + 7) floordiv 8]>>
// CHECK-SAME: tensor<?xi64, #tp.dims<[s0 * 2 - (s1 floordiv 2)]>>
func.func private @dims(tensor<?x?x8xf32, #tp.dims<[s1 + s0, (s1 * s0 * 8) floordiv 2, 2 * 4]>>,
                tensor<?x?xi64, #tp.dims<[?, s0 ceildiv 8]>>,
                tensor<?xi64, #tp.dims<[2 * s0 - (s1 floordiv 2)]>>)

}
