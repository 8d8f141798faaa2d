// The result's initial value is added on one device only.
func.func @matmul(%a: tensor<5x6xf32>, %b: tensor<6x7xf32>, %c: tensor<5x7xf32>) {
  %0 = linalg.matmul ins(%a, %b : tensor<5x6xf32>, tensor<6x7xf32>) outs(%c : tensor<5x7xf32>) -> tensor<5x7xf32>
  return
}

func.func @batch_matmul(%a: tensor<2x3x5xf32>, %b: tensor<2x5x4xf32>, %c: tensor<2x3x4xf32>) {
  %0 = linalg.batch_matmul ins(%a, %b : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%c : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

func.func @reduce_sum(%x: tensor<5x6xf32>, %c: tensor<6xf32>) {
  %0 = linalg.reduce { arith.addf } ins(%x : tensor<5x6xf32>) outs(%c : tensor<6xf32>) dimensions = [0]
  return
}

func.func @reduce_max(%x: tensor<5x6xf32>, %c: tensor<5xf32>) {
  %0 = linalg.reduce { arith.maximumf } ins(%x : tensor<5x6xf32>) outs(%c : tensor<5xf32>) dimensions = [1]
  return
}

func.func @transpose(%x: tensor<5x6xf32>, %c: tensor<6x5xf32>) {
  %0 = linalg.transpose ins(%x : tensor<5x6xf32>) outs(%c : tensor<6x5xf32>) permutation = [1, 0]
  return
}

func.func @broadcast(%x: tensor<5xf32>, %c: tensor<5x6xf32>) {
  %0 = linalg.broadcast ins(%x : tensor<5xf32>) outs(%c : tensor<5x6xf32>) dimensions = [1]
  return
}

func.func @expand_shape(%x: tensor<4x12xf32>) {
  %0 = tensor.expand_shape %x [[0], [1, 2]] output_shape [4, 4, 3] : tensor<4x12xf32> into tensor<4x4x3xf32>
  return
}

func.func @collapse_shape(%x: tensor<4x4x3xf32>) {
  %0 = tensor.collapse_shape %x [[0], [1, 2]] : tensor<4x4x3xf32> into tensor<4x12xf32>
  return
}

func.func @extract_slice(%x: tensor<4x12xf32>) {
  %0 = tensor.extract_slice %x[0, 2] [4, 5] [1, 2] : tensor<4x12xf32> to tensor<4x5xf32>
  return
}

// Partitioned only: the test cannot execute it.
func.func @insert_slice(%x: tensor<4x5xf32>, %y: tensor<4x12xf32>) {
  %0 = tensor.insert_slice %x into %y[0, 2] [4, 5] [1, 2] : tensor<4x5xf32> into tensor<4x12xf32>
  return
}

func.func @extract_row(%x: tensor<3x12xf32>) {
  %0 = tensor.extract_slice %x[1, 0] [1, 12] [1, 1] : tensor<3x12xf32> to tensor<12xf32>
  return
}

func.func @pad(%x: tensor<4x6xf32>) {
  %zero = arith.constant 2.0 : f32
  %0 = tensor.pad %x low[1, 0] high[2, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x6xf32> to tensor<7x6xf32>
  return
}

// Types that differ in what they know; those of the operand and result here do not.
func.func @cast(%x: tensor<4x6xf32>) {
  %0 = tensor.cast %x : tensor<4x6xf32> to tensor<4x6xf32>
  return
}

func.func @concat(%x: tensor<5x3xf32>, %y: tensor<5x4xf32>, %z: tensor<5x1xf32>) {
  %0 = tensor.concat dim(1) %x, %y, %z : (tensor<5x3xf32>, tensor<5x4xf32>, tensor<5x1xf32>) -> tensor<5x8xf32>
  return
}

func.func @concat_rows(%x: tensor<3x6x2xi32>, %y: tensor<2x6x2xi32>) {
  %0 = tensor.concat dim(0) %x, %y : (tensor<3x6x2xi32>, tensor<2x6x2xi32>) -> tensor<5x6x2xi32>
  return
}

func.func @reshape(%x: tensor<4x12xf32>) {
  %shape = arith.constant dense<[4, 4, 3]> : tensor<3xi64>
  %0 = tensor.reshape %x(%shape) : (tensor<4x12xf32>, tensor<3xi64>) -> tensor<4x4x3xf32>
  return
}

func.func @reshape_regroup(%x: tensor<8x6xf32>) {
  %shape = arith.constant dense<[2, 12, 2]> : tensor<3xi32>
  %0 = tensor.reshape %x(%shape) : (tensor<8x6xf32>, tensor<3xi32>) -> tensor<2x12x2xf32>
  return
}

func.func @splat() {
  %one = arith.constant 1.0 : f32
  %0 = tensor.splat %one : tensor<4x6xf32>
  return
}

func.func @constant() {
  %0 = arith.constant dense<3.0> : tensor<4x6xf32>
  return
}

func.func @add(%x: tensor<5x6xf32>, %y: tensor<5x6xf32>) {
  %0 = arith.addf %x, %y : tensor<5x6xf32>
  return
}

func.func @mul(%x: tensor<5x6xf32>, %y: tensor<5x6xf32>) {
  %0 = arith.mulf %x, %y : tensor<5x6xf32>
  return
}

func.func @div(%x: tensor<5x6xf32>, %y: tensor<5x6xf32> {rules.range = [1, 3]}) {
  %0 = arith.divf %x, %y : tensor<5x6xf32>
  return
}

func.func @max(%x: tensor<5x6xf32>, %y: tensor<5x6xf32>) {
  %0 = arith.maximumf %x, %y : tensor<5x6xf32>
  return
}

func.func @min(%x: tensor<5x6xi32>, %y: tensor<5x6xi32>) {
  %0 = arith.minsi %x, %y : tensor<5x6xi32>
  return
}

func.func @select(%c: tensor<5x6xi1>, %x: tensor<5x6xf32>, %y: tensor<5x6xf32>) {
  %0 = arith.select %c, %x, %y : tensor<5x6xi1>, tensor<5x6xf32>
  return
}

func.func @exp(%x: tensor<5x6xf32>) {
  %0 = math.exp %x : tensor<5x6xf32>
  return
}

func.func @tanh(%x: tensor<5x6xf32>) {
  %0 = math.tanh %x : tensor<5x6xf32>
  return
}
