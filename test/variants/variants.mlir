// A program for two ranks with a cache, and two variants of it. All compute
//   y = 2 x, present = past ++ x, total = the sum of the rows of present
// in different ways; `which` tells the function that ran.
module attributes {tp.symbols = ["n", "m"]} {
tp.mesh @mesh <["tp"=2]>

// Every rank doubles everything.
func.func @main(
    %x: tensor<?x4xf32, #tp.dims<[s0, 4]>> {onnx.name = "x"},
    %past: tensor<?x4xf32, #tp.dims<[s1, 4]>> {onnx.name = "past", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    -> (tensor<?x4xf32, #tp.dims<[s0, 4]>> {onnx.name = "y"}, tensor<1xf32> {onnx.name = "which"},
        tensor<1x4xf32> {onnx.name = "total", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
        tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>> {onnx.name = "present", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>}) {
  %which = "onnx.Constant"() {value = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %own = tp.reshard %x to <@mesh, [{}, {"tp"}]> : tensor<?x4xf32, #tp.dims<[s0, 4]>>
  %present = "onnx.Concat"(%past, %own) {axis = 0 : si64, tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]}
      : (tensor<?x4xf32, #tp.dims<[s1, 4]>>, tensor<?x4xf32, #tp.dims<[s0, 4]>>) -> tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>
  %rows = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %total = "onnx.ReduceSum"(%present, %rows) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]}
      : (tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>, tensor<1xi64>) -> tensor<1x4xf32>
  %y = "onnx.Add"(%x, %x) : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<?x4xf32, #tp.dims<[s0, 4]>>) -> tensor<?x4xf32, #tp.dims<[s0, 4]>>
  return %y, %which, %total, %present : tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<1xf32>,
      tensor<1x4xf32>, tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>
}

// One row: every rank doubles its columns.
func.func @one(
    %x: tensor<?x4xf32, #tp.dims<[s0, 4]>> {onnx.name = "x"},
    %past: tensor<?x4xf32, #tp.dims<[s1, 4]>> {onnx.name = "past", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    -> (tensor<?x4xf32, #tp.dims<[s0, 4]>> {onnx.name = "y"}, tensor<1xf32> {onnx.name = "which"},
        tensor<1x4xf32> {onnx.name = "total", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
        tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>> {onnx.name = "present", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    attributes {tp.when = #tp.dims<[s0 - 1]>} {
  %which = "onnx.Constant"() {value = dense<1.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %own = tp.reshard %x to <@mesh, [{}, {"tp"}]> : tensor<?x4xf32, #tp.dims<[s0, 4]>>
  %present = "onnx.Concat"(%past, %own) {axis = 0 : si64, tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]}
      : (tensor<?x4xf32, #tp.dims<[s1, 4]>>, tensor<?x4xf32, #tp.dims<[s0, 4]>>) -> tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>
  %rows = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %total = "onnx.ReduceSum"(%present, %rows) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]}
      : (tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>, tensor<1xi64>) -> tensor<1x4xf32>
  %two = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %double = "onnx.Mul"(%own, %two) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]} : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<f32>) -> tensor<?x4xf32, #tp.dims<[s0, 4]>>
  %y = tp.reshard %double to <@mesh, [{}, {}]> : tensor<?x4xf32, #tp.dims<[s0, 4]>>
  return %y, %which, %total, %present : tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<1xf32>,
      tensor<1x4xf32>, tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>
}

// 1, 4, 7, ... rows without a past; the first variant takes a single one. Adds
// the difference of two ways to sum a row, one of which takes much memory.
func.func @start(
    %x: tensor<?x4xf32, #tp.dims<[s0, 4]>> {onnx.name = "x"},
    %past: tensor<?x4xf32, #tp.dims<[s1, 4]>> {onnx.name = "past", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    -> (tensor<?x4xf32, #tp.dims<[s0, 4]>> {onnx.name = "y"}, tensor<1xf32> {onnx.name = "which"},
        tensor<1x4xf32> {onnx.name = "total", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>},
        tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>> {onnx.name = "present", tp.layout = #tp.layout<@mesh, [{}, {"tp"}]>})
    attributes {tp.when = #tp.dims<[s1, (s0 + 2) mod 3]>} {
  %which = "onnx.Constant"() {value = dense<2.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %own = tp.reshard %x to <@mesh, [{}, {"tp"}]> : tensor<?x4xf32, #tp.dims<[s0, 4]>>
  %present = "onnx.Concat"(%past, %own) {axis = 0 : si64, tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]}
      : (tensor<?x4xf32, #tp.dims<[s1, 4]>>, tensor<?x4xf32, #tp.dims<[s0, 4]>>) -> tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>
  %rows = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %total = "onnx.ReduceSum"(%present, %rows) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]}
      : (tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>, tensor<1xi64>) -> tensor<1x4xf32>
  %ones = "onnx.Constant"() {value = dense<1.0> : tensor<4x16384xf32>, tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]} : () -> tensor<4x16384xf32>
  %sums = "onnx.MatMul"(%x, %ones) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"}]>]} : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<4x16384xf32>) -> tensor<?x16384xf32, #tp.dims<[s0, 16384]>>
  %columns = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %partial = "onnx.ReduceSum"(%sums, %columns) {tp.layouts = [#tp.layout<@mesh, [{}, {}], partial = sum{"tp"}>]}
      : (tensor<?x16384xf32, #tp.dims<[s0, 16384]>>, tensor<1xi64>) -> tensor<?x1xf32, #tp.dims<[s0, 1]>>
  %all = tp.reshard %partial to <@mesh, [{}, {}]> : tensor<?x1xf32, #tp.dims<[s0, 1]>>
  %share = "onnx.Constant"() {value = dense<6.103515625e-05> : tensor<f32>} : () -> tensor<f32>
  %mean = "onnx.Mul"(%all, %share) : (tensor<?x1xf32, #tp.dims<[s0, 1]>>, tensor<f32>) -> tensor<?x1xf32, #tp.dims<[s0, 1]>>
  %row = "onnx.ReduceSum"(%x, %columns) : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<1xi64>) -> tensor<?x1xf32, #tp.dims<[s0, 1]>>
  %zero = "onnx.Sub"(%mean, %row) : (tensor<?x1xf32, #tp.dims<[s0, 1]>>, tensor<?x1xf32, #tp.dims<[s0, 1]>>) -> tensor<?x1xf32, #tp.dims<[s0, 1]>>
  %double = "onnx.Add"(%x, %x) : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<?x4xf32, #tp.dims<[s0, 4]>>) -> tensor<?x4xf32, #tp.dims<[s0, 4]>>
  %y = "onnx.Add"(%double, %zero) : (tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<?x1xf32, #tp.dims<[s0, 1]>>) -> tensor<?x4xf32, #tp.dims<[s0, 4]>>
  return %y, %which, %total, %present : tensor<?x4xf32, #tp.dims<[s0, 4]>>, tensor<1xf32>,
      tensor<1x4xf32>, tensor<?x4xf32, #tp.dims<[s0 + s1, 4]>>
}
}
