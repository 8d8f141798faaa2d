func.func @dequantize(%x: tensor<5x6xi8>, %s: tensor<f32>, %z: tensor<i8>) {
  %0 = "onnx.DequantizeLinear"(%x, %s, %z) {axis = 1 : si64} : (tensor<5x6xi8>, tensor<f32>, tensor<i8>) -> tensor<5x6xf32>
  return
}

func.func @dequantize_columns(%x: tensor<5x6xui8>, %s: tensor<6xf32>, %z: tensor<6xui8>) {
  %0 = "onnx.DequantizeLinear"(%x, %s, %z) {axis = 1 : si64} : (tensor<5x6xui8>, tensor<6xf32>, tensor<6xui8>) -> tensor<5x6xf32>
  return
}

func.func @dequantize_blocks(%x: tensor<12x5xi8>, %s: tensor<3x5xf32>, %z: tensor<3x5xi8>) {
  %0 = "onnx.DequantizeLinear"(%x, %s, %z) {axis = 0 : si64, block_size = 4 : si64} : (tensor<12x5xi8>, tensor<3x5xf32>, tensor<3x5xi8>) -> tensor<12x5xf32>
  return
}

func.func @dequantize_one_block(%x: tensor<4x10xi8>, %s: tensor<4x1xf32>, %z: tensor<4x1xi8>) {
  %0 = "onnx.DequantizeLinear"(%x, %s, %z) {axis = 1 : si64, block_size = 10 : si64} : (tensor<4x10xi8>, tensor<4x1xf32>, tensor<4x1xi8>) -> tensor<4x10xf32>
  return
}

func.func @dequantize_odd_blocks(%x: tensor<4x10xi8>, %s: tensor<4x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.DequantizeLinear"(%x, %s, %none) {axis = 1 : si64, block_size = 4 : si64} : (tensor<4x10xi8>, tensor<4x3xf32>, none) -> tensor<4x10xf32>
  return
}

func.func @quantize_rows(%x: tensor<4x7xf32>, %s: tensor<4xf32>, %z: tensor<4xi8>) {
  %0 = "onnx.QuantizeLinear"(%x, %s, %z) {axis = 0 : si64} : (tensor<4x7xf32>, tensor<4xf32>, tensor<4xi8>) -> tensor<4x7xi8>
  return
}

func.func @quantize_blocks(%x: tensor<3x8xf32>, %s: tensor<3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.QuantizeLinear"(%x, %s, %none) {axis = 1 : si64, block_size = 2 : si64} : (tensor<3x8xf32>, tensor<3x4xf32>, none) -> tensor<3x8xui8>
  return
}
