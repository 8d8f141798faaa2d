func.func @resize(%x0: tensor<2x3x4x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %c2 = "onnx.Constant"() {value = dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>} : () -> tensor<4xf32>
  %0 = "onnx.Resize"(%x0, %none, %c2, %none) : (tensor<2x3x4x4xf32>, none, tensor<4xf32>, none) -> tensor<2x3x8x8xf32>
  return
}

func.func @resize_1(%x0: tensor<2x5x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %c3 = "onnx.Constant"() {value = dense<[2, 5, 7]> : tensor<3xi64>} : () -> tensor<3xi64>
  %0 = "onnx.Resize"(%x0, %none, %none, %c3) {mode = "linear"} : (tensor<2x5x4xf32>, none, none, tensor<3xi64>) -> tensor<2x5x7xf32>
  return
}

// A size that stays the same is no scale of one.
func.func @resize_2(%x0: tensor<3x2x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %c2 = "onnx.Constant"() {value = dense<[1.0, 1.2, 2.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %0 = "onnx.Resize"(%x0, %none, %c2, %none) {mode = "linear"} : (tensor<3x2x4xf32>, none, tensor<3xf32>, none) -> tensor<3x2x8xf32>
  return
}

func.func @resize_3(%x0: tensor<5x6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %c2 = "onnx.Constant"() {value = dense<[2.0]> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = "onnx.Resize"(%x0, %none, %c2, %none) {axes = [1 : i64]} : (tensor<5x6xf32>, none, tensor<1xf32>, none) -> tensor<5x12xf32>
  return
}

func.func @grid_sample(%x0: tensor<2x5x4x4xf32>, %x1: tensor<2x3x2x2xf32> {rules.range = [-1, 1]}) {
  %0 = "onnx.GridSample"(%x0, %x1) : (tensor<2x5x4x4xf32>, tensor<2x3x2x2xf32>) -> tensor<2x5x3x2xf32>
  return
}

func.func @grid_sample_1(%x0: tensor<3x2x4x4xf32>, %x1: tensor<3x3x2x2xf32> {rules.range = [-1, 1]}) {
  %0 = "onnx.GridSample"(%x0, %x1) {padding_mode = "border", align_corners = 1 : si64} : (tensor<3x2x4x4xf32>, tensor<3x3x2x2xf32>) -> tensor<3x2x3x2xf32>
  return
}

func.func @conv_transpose(%x0: tensor<2x3x5xf32>, %x1: tensor<3x5x3xf32>, %x2: tensor<5xf32>) {
  %0 = "onnx.ConvTranspose"(%x0, %x1, %x2) : (tensor<2x3x5xf32>, tensor<3x5x3xf32>, tensor<5xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @conv_transpose_1(%x0: tensor<2x4x5xf32>, %x1: tensor<4x3x3xf32>, %x2: tensor<6xf32>) {
  %0 = "onnx.ConvTranspose"(%x0, %x1, %x2) {group = 2 : si64, strides = [2 : i64]} : (tensor<2x4x5xf32>, tensor<4x3x3xf32>, tensor<6xf32>) -> tensor<2x6x11xf32>
  return
}

func.func @conv_transpose_2(%x0: tensor<1x5x5xf32>, %x1: tensor<5x1x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ConvTranspose"(%x0, %x1, %none) {group = 5 : si64} : (tensor<1x5x5xf32>, tensor<5x1x3xf32>, none) -> tensor<1x5x7xf32>
  return
}

func.func @conv_transpose_3(%x0: tensor<2x4x3x3xf32>, %x1: tensor<4x5x2x2xf32>, %x2: tensor<5xf32>) {
  %0 = "onnx.ConvTranspose"(%x0, %x1, %x2) : (tensor<2x4x3x3xf32>, tensor<4x5x2x2xf32>, tensor<5xf32>) -> tensor<2x5x4x4xf32>
  return
}

func.func @group_normalization(%x0: tensor<2x6x4xf32>, %x1: tensor<6xf32>, %x2: tensor<6xf32>) {
  %0 = "onnx.GroupNormalization"(%x0, %x1, %x2) {num_groups = 3 : si64} : (tensor<2x6x4xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x4xf32>
  return
}

func.func @group_normalization_1(%x0: tensor<3x10x2x2xf32>, %x1: tensor<10xf32>, %x2: tensor<10xf32>) {
  %0 = "onnx.GroupNormalization"(%x0, %x1, %x2) {num_groups = 5 : si64} : (tensor<3x10x2x2xf32>, tensor<10xf32>, tensor<10xf32>) -> tensor<3x10x2x2xf32>
  return
}

func.func @depth_to_space(%x0: tensor<3x8x2x3xf32>) {
  %0 = "onnx.DepthToSpace"(%x0) {blocksize = 2 : si64} : (tensor<3x8x2x3xf32>) -> tensor<3x2x4x6xf32>
  return
}

func.func @depth_to_space_1(%x0: tensor<3x8x2x3xf32>) {
  %0 = "onnx.DepthToSpace"(%x0) {blocksize = 2 : si64, mode = "CRD"} : (tensor<3x8x2x3xf32>) -> tensor<3x2x4x6xf32>
  return
}

func.func @space_to_depth(%x0: tensor<3x2x4x6xf32>) {
  %0 = "onnx.SpaceToDepth"(%x0) {blocksize = 2 : si64} : (tensor<3x2x4x6xf32>) -> tensor<3x8x2x3xf32>
  return
}

func.func @lrn(%x0: tensor<3x5x4xf32>) {
  %0 = "onnx.LRN"(%x0) {size = 3 : si64} : (tensor<3x5x4xf32>) -> tensor<3x5x4xf32>
  return
}

func.func @mean_variance_normalization(%x0: tensor<2x5x3x3xf32>) {
  %0 = "onnx.MeanVarianceNormalization"(%x0) : (tensor<2x5x3x3xf32>) -> tensor<2x5x3x3xf32>
  return
}

func.func @mean_variance_normalization_1(%x0: tensor<5x6xf32>) {
  %0 = "onnx.MeanVarianceNormalization"(%x0) {axes = [1 : i64]} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}
