// Operators whose rules WrongRules.cpp replaces: each must be found wrong.

func.func @softmax(%x: tensor<4x6xf32>) {
  %0 = "onnx.Softmax"(%x) {axis = -1 : si64} : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}
func.func @relu(%x: tensor<4x6xf32>) {
  %0 = "onnx.Relu"(%x) : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}
func.func @reduce_l1(%x: tensor<4x6xf32>) {
  %axes = "onnx.Constant"() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceL1"(%x, %axes) {keepdims = 0 : si64} : (tensor<4x6xf32>, tensor<1xi64>) -> tensor<4xf32>
  return
}
