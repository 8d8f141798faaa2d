func.func @reshape(%x0: tensor<4x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[24]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<4x6xf32>, tensor<1xi64>) -> tensor<24xf32>
  return
}

func.func @reshape_1(%x0: tensor<24xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[4, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<24xf32>, tensor<2xi64>) -> tensor<4x6xf32>
  return
}

func.func @reshape_2(%x0: tensor<2x3x8xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 3, 2, 4]> : tensor<4xi64>} : () -> tensor<4xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<2x3x8xf32>, tensor<4xi64>) -> tensor<2x3x2x4xf32>
  return
}

func.func @reshape_3(%x0: tensor<2x3x2x4xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 3, 8]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<2x3x2x4xf32>, tensor<3xi64>) -> tensor<2x3x8xf32>
  return
}

func.func @reshape_4(%x0: tensor<6x4xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[4, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<6x4xf32>, tensor<2xi64>) -> tensor<4x6xf32>
  return
}

func.func @reshape_5(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[5, 2, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<5x6xf32>, tensor<3xi64>) -> tensor<5x2x3xf32>
  return
}

func.func @reshape_6(%x0: tensor<5x2x3xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[5, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<5x2x3xf32>, tensor<2xi64>) -> tensor<5x6xf32>
  return
}

func.func @reshape_7(%x0: tensor<2x15x4xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 60]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<2x15x4xf32>, tensor<2xi64>) -> tensor<2x60xf32>
  return
}

func.func @reshape_8(%x0: tensor<2x60xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 15, 4]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<2x60xf32>, tensor<3xi64>) -> tensor<2x15x4xf32>
  return
}

func.func @reshape_9(%x0: tensor<1x7xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[7, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<1x7xf32>, tensor<2xi64>) -> tensor<7x1xf32>
  return
}

func.func @reshape_10(%x0: tensor<4x3x2xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[12, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<4x3x2xf32>, tensor<2xi64>) -> tensor<12x2xf32>
  return
}

func.func @reshape_11(%x0: tensor<12xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 3, 2]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<12xf32>, tensor<3xi64>) -> tensor<2x3x2xf32>
  return
}

func.func @reshape_12(%x0: tensor<3x5xi64>) {
  %c1 = "onnx.Constant"() {value = dense<[15]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<3x5xi64>, tensor<1xi64>) -> tensor<15xi64>
  return
}

func.func @reshape_13(%x0: tensor<3x5xi1>) {
  %c1 = "onnx.Constant"() {value = dense<[5, 3]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<3x5xi1>, tensor<2xi64>) -> tensor<5x3xi1>
  return
}

func.func @reshape_14(%x0: tensor<8x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 4, 3, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<8x6xf32>, tensor<4xi64>) -> tensor<2x4x3x2xf32>
  return
}

func.func @reshape_15(%x0: tensor<4x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1, 2]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Reshape"(%x0, %c1) : (tensor<4x6xf32>, tensor<3xi64>) -> tensor<4x3x2xf32>
  return
}

func.func @squeeze(%x0: tensor<5x1x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Squeeze"(%x0, %c1) : (tensor<5x1x6xf32>, tensor<1xi64>) -> tensor<5x6xf32>
  return
}

func.func @squeeze_1(%x0: tensor<1x5x1xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Squeeze"(%x0, %none) : (tensor<1x5x1xf32>, none) -> tensor<5xf32>
  return
}

func.func @unsqueeze(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[0, 3]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Unsqueeze"(%x0, %c1) : (tensor<5x6xf32>, tensor<2xi64>) -> tensor<1x5x6x1xf32>
  return
}

func.func @unsqueeze_1(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[-2]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Unsqueeze"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1x6xf32>
  return
}

func.func @flatten(%x0: tensor<2x3x5xf32>) {
  %0 = "onnx.Flatten"(%x0) {axis = 1 : si64} : (tensor<2x3x5xf32>) -> tensor<2x15xf32>
  return
}

func.func @flatten_1(%x0: tensor<2x3x5xf32>) {
  %0 = "onnx.Flatten"(%x0) {axis = 2 : si64} : (tensor<2x3x5xf32>) -> tensor<6x5xf32>
  return
}

func.func @flatten_2(%x0: tensor<2x5xf32>) {
  %0 = "onnx.Flatten"(%x0) {axis = 0 : si64} : (tensor<2x5xf32>) -> tensor<1x10xf32>
  return
}

func.func @transpose(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Transpose"(%x0) : (tensor<5x6xf32>) -> tensor<6x5xf32>
  return
}

func.func @transpose_1(%x0: tensor<2x3x5xf32>) {
  %0 = "onnx.Transpose"(%x0) {perm = [1 : i64, 2 : i64, 0 : i64]} : (tensor<2x3x5xf32>) -> tensor<3x5x2xf32>
  return
}

func.func @transpose_2(%x0: tensor<2x3x5x4xi64>) {
  %0 = "onnx.Transpose"(%x0) {perm = [0 : i64, 2 : i64, 1 : i64, 3 : i64]} : (tensor<2x3x5x4xi64>) -> tensor<2x5x3x4xi64>
  return
}

func.func @concat(%x0: tensor<5x6xf32>, %x1: tensor<5x3xf32>) {
  %0 = "onnx.Concat"(%x0, %x1) {axis = 1 : si64} : (tensor<5x6xf32>, tensor<5x3xf32>) -> tensor<5x9xf32>
  return
}

func.func @concat_1(%x0: tensor<2x6xf32>, %x1: tensor<3x6xf32>, %x2: tensor<1x6xf32>) {
  %0 = "onnx.Concat"(%x0, %x1, %x2) {axis = 0 : si64} : (tensor<2x6xf32>, tensor<3x6xf32>, tensor<1x6xf32>) -> tensor<6x6xf32>
  return
}

func.func @concat_2(%x0: tensor<5x1xi64>, %x1: tensor<5x1xi64>) {
  %0 = "onnx.Concat"(%x0, %x1) {axis = -1 : si64} : (tensor<5x1xi64>, tensor<5x1xi64>) -> tensor<5x2xi64>
  return
}

func.func @split(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0:2 = "onnx.Split"(%x0, %c1) {axis = 1 : si64} : (tensor<5x6xf32>, tensor<2xi64>) -> (tensor<5x2xf32>, tensor<5x4xf32>)
  return
}

func.func @split_1(%x0: tensor<6x5xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:3 = "onnx.Split"(%x0, %none) {axis = 0 : si64, num_outputs = 3 : si64} : (tensor<6x5xf32>, none) -> (tensor<2x5xf32>, tensor<2x5xf32>, tensor<2x5xf32>)
  return
}

func.func @split_2(%x0: tensor<5x7xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:2 = "onnx.Split"(%x0, %none) {axis = -1 : si64, num_outputs = 2 : si64} : (tensor<5x7xf32>, none) -> (tensor<5x4xf32>, tensor<5x3xf32>)
  return
}

func.func @slice(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c2 = "onnx.Constant"() {value = dense<[4]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c3 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Slice"(%x0, %c1, %c2, %c3, %none) : (tensor<5x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, none) -> tensor<5x3xf32>
  return
}

func.func @slice_1(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[-1, 0]> : tensor<2xi64>} : () -> tensor<2xi64>
  %c2 = "onnx.Constant"() {value = dense<[-10, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %c3 = "onnx.Constant"() {value = dense<[0, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %c4 = "onnx.Constant"() {value = dense<[-1, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Slice"(%x0, %c1, %c2, %c3, %c4) : (tensor<5x6xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<5x3xf32>
  return
}

func.func @slice_2(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[0, 0]> : tensor<2xi64>} : () -> tensor<2xi64>
  %c2 = "onnx.Constant"() {value = dense<[9, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Slice"(%x0, %c1, %c2, %none, %none) : (tensor<5x6xf32>, tensor<2xi64>, tensor<2xi64>, none, none) -> tensor<5x4xf32>
  return
}

// Backwards over all of a dimension.
func.func @slice_3(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[-1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c2 = "onnx.Constant"() {value = dense<[-9]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c3 = "onnx.Constant"() {value = dense<[-1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c4 = "onnx.Constant"() {value = dense<[-1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Slice"(%x0, %c1, %c2, %c3, %c4) : (tensor<5x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<5x6xf32>
  return
}

// Every third element, from the second on.
func.func @slice_4(%x0: tensor<12x4xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c2 = "onnx.Constant"() {value = dense<[11]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c3 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %c4 = "onnx.Constant"() {value = dense<[3]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Slice"(%x0, %c1, %c2, %c3, %c4) : (tensor<12x4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x4xf32>
  return
}

func.func @expand(%x0: tensor<5x1xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[5, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Expand"(%x0, %c1) : (tensor<5x1xf32>, tensor<2xi64>) -> tensor<5x6xf32>
  return
}

func.func @expand_1(%x0: tensor<6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[5, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Expand"(%x0, %c1) : (tensor<6xf32>, tensor<2xi64>) -> tensor<5x6xf32>
  return
}

func.func @expand_2(%x0: tensor<3x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 1, 6]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Expand"(%x0, %c1) : (tensor<3x6xf32>, tensor<3xi64>) -> tensor<2x3x6xf32>
  return
}

func.func @expand_3(%x0: tensor<f32>) {
  %c1 = "onnx.Constant"() {value = dense<[5]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Expand"(%x0, %c1) : (tensor<f32>, tensor<1xi64>) -> tensor<5xf32>
  return
}

func.func @pad(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[0, 1, 0, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Pad"(%x0, %c1, %none, %none) : (tensor<5x6xf32>, tensor<4xi64>, none, none) -> tensor<5x9xf32>
  return
}

func.func @pad_1(%x0: tensor<5x6xf32>, %x2: tensor<f32> {rules.range = [2, 2]}) {
  %c1 = "onnx.Constant"() {value = dense<[1, 0]> : tensor<2xi64>} : () -> tensor<2xi64>
  %c3 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.Pad"(%x0, %c1, %x2, %c3) : (tensor<5x6xf32>, tensor<2xi64>, tensor<f32>, tensor<1xi64>) -> tensor<6x6xf32>
  return
}

func.func @pad_2(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[2, 0, 1, 0]> : tensor<4xi64>} : () -> tensor<4xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Pad"(%x0, %c1, %none, %none) {mode = "reflect"} : (tensor<5x6xf32>, tensor<4xi64>, none, none) -> tensor<8x6xf32>
  return
}

func.func @pad_3(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[0, 2, 0, 1]> : tensor<4xi64>} : () -> tensor<4xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Pad"(%x0, %c1, %none, %none) {mode = "edge"} : (tensor<5x6xf32>, tensor<4xi64>, none, none) -> tensor<5x9xf32>
  return
}

// A dimension that is cropped and padded keeps its size only.
func.func @pad_4(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1, 0, 1]> : tensor<4xi64>} : () -> tensor<4xi64>
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Pad"(%x0, %c1, %none, %none) : (tensor<5x6xf32>, tensor<4xi64>, none, none) -> tensor<5x6xf32>
  return
}

func.func @tile(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[1, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Tile"(%x0, %c1) : (tensor<5x6xf32>, tensor<2xi64>) -> tensor<5x12xf32>
  return
}

func.func @tile_1(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[3, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Tile"(%x0, %c1) : (tensor<5x6xf32>, tensor<2xi64>) -> tensor<15x6xf32>
  return
}

func.func @tile_2(%x0: tensor<1x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<[4, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.Tile"(%x0, %c1) : (tensor<1x6xf32>, tensor<2xi64>) -> tensor<4x6xf32>
  return
}

func.func @constant_of_shape() {
  %c0 = "onnx.Constant"() {value = dense<[5, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ConstantOfShape"(%c0) {value = dense<2.0> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<5x6xf32>
  return
}

func.func @constant_of_shape_1() {
  %c0 = "onnx.Constant"() {value = dense<[7]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ConstantOfShape"(%c0) : (tensor<1xi64>) -> tensor<7xf32>
  return
}

func.func @constant() {
  %0 = "onnx.Constant"() {value = dense<3.0> : tensor<5x6xf32>} : () -> tensor<5x6xf32>
  return
}

func.func @constant_1() {
  %0 = "onnx.Constant"() {value = dense<3> : tensor<4xi64>} : () -> tensor<4xi64>
  return
}

func.func @constant_2() {
  %0 = "onnx.Constant"() {value = dense<[3, 1, 2, 5]> : tensor<4xi64>} : () -> tensor<4xi64>
  return
}
