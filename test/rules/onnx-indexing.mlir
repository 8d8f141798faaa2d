// Vocabulary-parallel: nine rows, unevenly.
func.func @gather(%x0: tensor<9x6xf32>, %x1: tensor<2x3xi64> {rules.range = [-9, 8]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = 0 : si64} : (tensor<9x6xf32>, tensor<2x3xi64>) -> tensor<2x3x6xf32>
  return
}

func.func @gather_1(%x0: tensor<509x3xf32>, %x1: tensor<2x5xi64> {rules.range = [0, 508]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = 0 : si64} : (tensor<509x3xf32>, tensor<2x5xi64>) -> tensor<2x5x3xf32>
  return
}

func.func @gather_2(%x0: tensor<5x6xf32>, %x1: tensor<3xi64> {rules.range = [-6, 5]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = 1 : si64} : (tensor<5x6xf32>, tensor<3xi64>) -> tensor<5x3xf32>
  return
}

func.func @gather_3(%x0: tensor<5x6xf32>, %x1: tensor<i64> {rules.range = [2, 2]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = -1 : si64} : (tensor<5x6xf32>, tensor<i64>) -> tensor<5xf32>
  return
}

func.func @gather_4(%x0: tensor<2x5x3xi64>, %x1: tensor<2x2xi32> {rules.range = [0, 4]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = 1 : si64} : (tensor<2x5x3xi64>, tensor<2x2xi32>) -> tensor<2x2x2x3xi64>
  return
}

func.func @gather_5(%x0: tensor<5x6xi1>, %x1: tensor<3xi64> {rules.range = [0, 4]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = 0 : si64} : (tensor<5x6xi1>, tensor<3xi64>) -> tensor<3x6xi1>
  return
}

func.func @gather_6(%x0: tensor<8x6xbf16>, %x1: tensor<1x3xi64> {rules.range = [0, 7]}) {
  %0 = "onnx.Gather"(%x0, %x1) {axis = 0 : si64} : (tensor<8x6xbf16>, tensor<1x3xi64>) -> tensor<1x3x6xbf16>
  return
}

func.func @gather_elements(%x0: tensor<5x6xf32>, %x1: tensor<5x3xi64> {rules.range = [-6, 5]}) {
  %0 = "onnx.GatherElements"(%x0, %x1) {axis = 1 : si64} : (tensor<5x6xf32>, tensor<5x3xi64>) -> tensor<5x3xf32>
  return
}

func.func @gather_elements_1(%x0: tensor<5x6xf32>, %x1: tensor<3x6xi64> {rules.range = [0, 4]}) {
  %0 = "onnx.GatherElements"(%x0, %x1) {axis = 0 : si64} : (tensor<5x6xf32>, tensor<3x6xi64>) -> tensor<3x6xf32>
  return
}

func.func @gather_elements_2(%x0: tensor<5x6xf32>, %x1: tensor<3x2xi64> {rules.range = [0, 4]}) {
  %0 = "onnx.GatherElements"(%x0, %x1) {axis = 0 : si64} : (tensor<5x6xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  return
}

func.func @gathernd(%x0: tensor<5x6x3xf32>, %x1: tensor<4x1xi64> {rules.range = [0, 4]}) {
  %0 = "onnx.GatherND"(%x0, %x1) : (tensor<5x6x3xf32>, tensor<4x1xi64>) -> tensor<4x6x3xf32>
  return
}

func.func @gathernd_1(%x0: tensor<5x6x3xf32>, %x1: tensor<2x4x2xi64> {rules.range = [-5, 4]}) {
  %0 = "onnx.GatherND"(%x0, %x1) : (tensor<5x6x3xf32>, tensor<2x4x2xi64>) -> tensor<2x4x3xf32>
  return
}

func.func @gathernd_2(%x0: tensor<2x5x6xf32>, %x1: tensor<2x3x1xi64> {rules.range = [0, 4]}) {
  %0 = "onnx.GatherND"(%x0, %x1) {batch_dims = 1 : si64} : (tensor<2x5x6xf32>, tensor<2x3x1xi64>) -> tensor<2x3x6xf32>
  return
}

func.func @gathernd_3(%x0: tensor<3x5x6xf32>, %x1: tensor<3x2xi64> {rules.range = [0, 4]}) {
  %0 = "onnx.GatherND"(%x0, %x1) {batch_dims = 1 : si64} : (tensor<3x5x6xf32>, tensor<3x2xi64>) -> tensor<3xf32>
  return
}

func.func @scatter_elements(%x0: tensor<5x6xf32>, %x2: tensor<5x2xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[[0, 2], [1, 5], [3, 4], [2, 1], [5, 0]]> : tensor<5x2xi64>} : () -> tensor<5x2xi64>
  %0 = "onnx.ScatterElements"(%x0, %c1, %x2) {axis = 1 : si64} : (tensor<5x6xf32>, tensor<5x2xi64>, tensor<5x2xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatter_elements_1(%x0: tensor<5x6xf32>, %x1: tensor<3x6xi64> {rules.range = [0, 4]}, %x2: tensor<3x6xf32>) {
  %0 = "onnx.ScatterElements"(%x0, %x1, %x2) {axis = 0 : si64, reduction = "add"} : (tensor<5x6xf32>, tensor<3x6xi64>, tensor<3x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatter_elements_2(%x0: tensor<5x6xf32>, %x1: tensor<3x2xi64> {rules.range = [0, 4]}, %x2: tensor<3x2xf32>) {
  %0 = "onnx.ScatterElements"(%x0, %x1, %x2) {axis = 0 : si64, reduction = "add"} : (tensor<5x6xf32>, tensor<3x2xi64>, tensor<3x2xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatter_elements_3(%x0: tensor<5x6xf32>, %x1: tensor<5x3xi64> {rules.range = [0, 5]}, %x2: tensor<5x3xf32>) {
  %0 = "onnx.ScatterElements"(%x0, %x1, %x2) {axis = 1 : si64, reduction = "max"} : (tensor<5x6xf32>, tensor<5x3xi64>, tensor<5x3xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatter_elements_4(%x0: tensor<5x6xf32>, %x1: tensor<5x3xi64> {rules.range = [0, 5]}, %x2: tensor<5x3xf32>) {
  %0 = "onnx.ScatterElements"(%x0, %x1, %x2) {axis = 1 : si64, reduction = "mul"} : (tensor<5x6xf32>, tensor<5x3xi64>, tensor<5x3xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatternd(%x0: tensor<5x6xf32>, %x2: tensor<2x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[[3], [0]]> : tensor<2x1xi64>} : () -> tensor<2x1xi64>
  %0 = "onnx.ScatterND"(%x0, %c1, %x2) : (tensor<5x6xf32>, tensor<2x1xi64>, tensor<2x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatternd_1(%x0: tensor<5x6xf32>, %x1: tensor<4x1xi64> {rules.range = [0, 4]}, %x2: tensor<4x6xf32>) {
  %0 = "onnx.ScatterND"(%x0, %x1, %x2) {reduction = "add"} : (tensor<5x6xf32>, tensor<4x1xi64>, tensor<4x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @scatternd_2(%x0: tensor<5x6x3xf32>, %x1: tensor<2x2xi64> {rules.range = [0, 4]}, %x2: tensor<2x3xf32>) {
  %0 = "onnx.ScatterND"(%x0, %x1, %x2) {reduction = "min"} : (tensor<5x6x3xf32>, tensor<2x2xi64>, tensor<2x3xf32>) -> tensor<5x6x3xf32>
  return
}

func.func @scatternd_3(%x0: tensor<5x3xf32>, %x2: tensor<2xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[[3, 1], [0, 2]]> : tensor<2x2xi64>} : () -> tensor<2x2xi64>
  %0 = "onnx.ScatterND"(%x0, %c1, %x2) : (tensor<5x3xf32>, tensor<2x2xi64>, tensor<2xf32>) -> tensor<5x3xf32>
  return
}

func.func @tensor_scatter(%x0: tensor<2x3x5x4xf32>, %x1: tensor<2x3x2x4xf32>, %x2: tensor<2xi64> {rules.range = [0, 3]}) {
  %0 = "onnx.TensorScatter"(%x0, %x1, %x2) {axis = 2 : si64} : (tensor<2x3x5x4xf32>, tensor<2x3x2x4xf32>, tensor<2xi64>) -> tensor<2x3x5x4xf32>
  return
}

func.func @tensor_scatter_1(%x0: tensor<3x5x4xf32>, %x1: tensor<3x1x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.TensorScatter"(%x0, %x1, %none) : (tensor<3x5x4xf32>, tensor<3x1x4xf32>, none) -> tensor<3x5x4xf32>
  return
}

func.func @tensor_scatter_2(%x0: tensor<3x5x4xf32>, %x1: tensor<3x2x4xf32>, %x2: tensor<3xi64> {rules.range = [2, 4]}) {
  %0 = "onnx.TensorScatter"(%x0, %x1, %x2) {mode = "circular"} : (tensor<3x5x4xf32>, tensor<3x2x4xf32>, tensor<3xi64>) -> tensor<3x5x4xf32>
  return
}

func.func @topk(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0:2 = "onnx.TopK"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> (tensor<5x2xf32>, tensor<5x2xi64>)
  return
}

func.func @topk_1(%x0: tensor<5x2x3xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[3]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0:2 = "onnx.TopK"(%x0, %c1) {axis = 0 : si64, largest = 0 : si64} : (tensor<5x2x3xf32>, tensor<1xi64>) -> (tensor<3x2x3xf32>, tensor<3x2x3xi64>)
  return
}

func.func @topk_2(%x0: tensor<1x7xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0:2 = "onnx.TopK"(%x0, %c1) : (tensor<1x7xf32>, tensor<1xi64>) -> (tensor<1x1xf32>, tensor<1x1xi64>)
  return
}

func.func @arg_max(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ArgMax"(%x0) {axis = 1 : si64} : (tensor<5x6xf32>) -> tensor<5x1xi64>
  return
}

func.func @arg_max_1(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ArgMax"(%x0) {axis = 0 : si64, keepdims = 0 : si64, select_last_index = 1 : si64} : (tensor<5x6xf32>) -> tensor<6xi64>
  return
}

func.func @arg_max_2(%x0: tensor<1x2x7xf32>) {
  %0 = "onnx.ArgMax"(%x0) {axis = -1 : si64, keepdims = 0 : si64} : (tensor<1x2x7xf32>) -> tensor<1x2xi64>
  return
}

func.func @arg_min(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ArgMin"(%x0) {axis = 1 : si64} : (tensor<5x6xf32>) -> tensor<5x1xi64>
  return
}

func.func @arg_min_1(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ArgMin"(%x0) {axis = 0 : si64, keepdims = 0 : si64, select_last_index = 1 : si64} : (tensor<5x6xf32>) -> tensor<6xi64>
  return
}

func.func @arg_min_2(%x0: tensor<1x2x7xf32>) {
  %0 = "onnx.ArgMin"(%x0) {axis = -1 : si64, keepdims = 0 : si64} : (tensor<1x2x7xf32>) -> tensor<1x2xi64>
  return
}

func.func @one_hot(%x0: tensor<5xi64> {rules.range = [-4, 3]}, %x2: tensor<2xf32>) {
  %c1 = "onnx.Constant"() {value = dense<4> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.OneHot"(%x0, %c1, %x2) : (tensor<5xi64>, tensor<i64>, tensor<2xf32>) -> tensor<5x4xf32>
  return
}

func.func @one_hot_1(%x0: tensor<2x5xi64> {rules.range = [-4, 3]}, %x2: tensor<2xf32>) {
  %c1 = "onnx.Constant"() {value = dense<4> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.OneHot"(%x0, %c1, %x2) {axis = 1 : si64} : (tensor<2x5xi64>, tensor<i64>, tensor<2xf32>) -> tensor<2x4x5xf32>
  return
}

func.func @trilu(%x0: tensor<3x5x5xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Trilu"(%x0, %none) : (tensor<3x5x5xf32>, none) -> tensor<3x5x5xf32>
  return
}

func.func @trilu_1(%x0: tensor<2x3x4x5xf32>) {
  %c1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.Trilu"(%x0, %c1) {upper = 0 : si64} : (tensor<2x3x4x5xf32>, tensor<i64>) -> tensor<2x3x4x5xf32>
  return
}

func.func @reverse_sequence(%x0: tensor<4x6x5xf32>) {
  %c0 = "onnx.Constant"() {value = dense<[4, 1, 3, 2, 4, 0]> : tensor<6xi64>} : () -> tensor<6xi64>
  %0 = "onnx.ReverseSequence"(%x0, %c0) {batch_axis = 1 : si64, time_axis = 0 : si64} : (tensor<4x6x5xf32>, tensor<6xi64>) -> tensor<4x6x5xf32>
  return
}
