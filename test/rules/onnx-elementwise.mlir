func.func @add(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Add"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @add_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Add"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @sub(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Sub"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sub_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Sub"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @mul(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Mul"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @mul_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Mul"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @max(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Max"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @max_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Max"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @min(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Min"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @min_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Min"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @sum(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Sum"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sum_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Sum"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @mean(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Mean"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @mean_1(%x0: tensor<2x5x1xf32>, %x1: tensor<5x7xf32>) {
  %0 = "onnx.Mean"(%x0, %x1) : (tensor<2x5x1xf32>, tensor<5x7xf32>) -> tensor<2x5x7xf32>
  return
}

func.func @max_2(%x0: tensor<6xf32>) {
  %0 = "onnx.Max"(%x0) : (tensor<6xf32>) -> tensor<6xf32>
  return
}

func.func @max_3(%x0: tensor<3x6xf32>, %x1: tensor<f32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Max"(%x0, %x1, %x2) : (tensor<3x6xf32>, tensor<f32>, tensor<6xf32>) -> tensor<3x6xf32>
  return
}

func.func @min_2(%x0: tensor<6xf32>) {
  %0 = "onnx.Min"(%x0) : (tensor<6xf32>) -> tensor<6xf32>
  return
}

func.func @min_3(%x0: tensor<3x6xf32>, %x1: tensor<f32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Min"(%x0, %x1, %x2) : (tensor<3x6xf32>, tensor<f32>, tensor<6xf32>) -> tensor<3x6xf32>
  return
}

func.func @sum_2(%x0: tensor<6xf32>) {
  %0 = "onnx.Sum"(%x0) : (tensor<6xf32>) -> tensor<6xf32>
  return
}

func.func @sum_3(%x0: tensor<3x6xf32>, %x1: tensor<f32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Sum"(%x0, %x1, %x2) : (tensor<3x6xf32>, tensor<f32>, tensor<6xf32>) -> tensor<3x6xf32>
  return
}

func.func @mean_2(%x0: tensor<6xf32>) {
  %0 = "onnx.Mean"(%x0) : (tensor<6xf32>) -> tensor<6xf32>
  return
}

func.func @mean_3(%x0: tensor<3x6xf32>, %x1: tensor<f32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Mean"(%x0, %x1, %x2) : (tensor<3x6xf32>, tensor<f32>, tensor<6xf32>) -> tensor<3x6xf32>
  return
}

func.func @add_2(%x0: tensor<6xf32>, %x1: tensor<5x1xf32>) {
  %0 = "onnx.Add"(%x0, %x1) : (tensor<6xf32>, tensor<5x1xf32>) -> tensor<5x6xf32>
  return
}

func.func @add_3(%x0: tensor<5x6xf32>, %x1: tensor<f32>) {
  %0 = "onnx.Add"(%x0, %x1) : (tensor<5x6xf32>, tensor<f32>) -> tensor<5x6xf32>
  return
}

// A value added to itself is partial twice.
func.func @add_4(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Add"(%x0, %x0) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

// A square is linear in neither of its operands.
func.func @mul_2(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Mul"(%x0, %x0) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @add_5(%x0: tensor<5x6xi64>, %x1: tensor<6xi64>) {
  %0 = "onnx.Add"(%x0, %x1) : (tensor<5x6xi64>, tensor<6xi64>) -> tensor<5x6xi64>
  return
}

func.func @mul_3(%x0: tensor<5x6xi32>, %x1: tensor<1x6xi32>) {
  %0 = "onnx.Mul"(%x0, %x1) : (tensor<5x6xi32>, tensor<1x6xi32>) -> tensor<5x6xi32>
  return
}

func.func @sub_2(%x0: tensor<f32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.Sub"(%x0, %x1) : (tensor<f32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @add_6(%x0: tensor<5x6xbf16>, %x1: tensor<6xbf16>) {
  %0 = "onnx.Add"(%x0, %x1) : (tensor<5x6xbf16>, tensor<6xbf16>) -> tensor<5x6xbf16>
  return
}

func.func @div(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32> {rules.range = [1, 3]}) {
  %0 = "onnx.Div"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @div_1(%x0: tensor<5x1xf32>, %x1: tensor<6xf32> {rules.range = [1, 3]}) {
  %0 = "onnx.Div"(%x0, %x1) : (tensor<5x1xf32>, tensor<6xf32>) -> tensor<5x6xf32>
  return
}

func.func @pow(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32> {rules.range = [1, 3]}) {
  %0 = "onnx.Pow"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @pow_1(%x0: tensor<5x1xf32>, %x1: tensor<6xf32> {rules.range = [1, 3]}) {
  %0 = "onnx.Pow"(%x0, %x1) : (tensor<5x1xf32>, tensor<6xf32>) -> tensor<5x6xf32>
  return
}

func.func @div_2(%x0: tensor<5x6xi64> {rules.range = [-9, 9]}, %x1: tensor<6xi64> {rules.range = [2, 3]}) {
  %0 = "onnx.Div"(%x0, %x1) : (tensor<5x6xi64>, tensor<6xi64>) -> tensor<5x6xi64>
  return
}

func.func @mod(%x0: tensor<5x6xi64> {rules.range = [-9, 9]}, %x1: tensor<6xi64> {rules.range = [2, 4]}) {
  %0 = "onnx.Mod"(%x0, %x1) : (tensor<5x6xi64>, tensor<6xi64>) -> tensor<5x6xi64>
  return
}

func.func @mod_1(%x0: tensor<5x6xf32> {rules.range = [-9, 9]}, %x1: tensor<f32> {rules.range = [4, 4]}) {
  %0 = "onnx.Mod"(%x0, %x1) {fmod = 1 : si64} : (tensor<5x6xf32>, tensor<f32>) -> tensor<5x6xf32>
  return
}

func.func @p_relu(%x0: tensor<2x3x5xf32>, %x1: tensor<3x1xf32>) {
  %0 = "onnx.PRelu"(%x0, %x1) : (tensor<2x3x5xf32>, tensor<3x1xf32>) -> tensor<2x3x5xf32>
  return
}

func.func @p_relu_1(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.PRelu"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xf32>
  return
}

func.func @and(%x0: tensor<5x6xi1>, %x1: tensor<6xi1>) {
  %0 = "onnx.And"(%x0, %x1) : (tensor<5x6xi1>, tensor<6xi1>) -> tensor<5x6xi1>
  return
}

func.func @or(%x0: tensor<5x6xi1>, %x1: tensor<6xi1>) {
  %0 = "onnx.Or"(%x0, %x1) : (tensor<5x6xi1>, tensor<6xi1>) -> tensor<5x6xi1>
  return
}

func.func @xor(%x0: tensor<5x6xi1>, %x1: tensor<6xi1>) {
  %0 = "onnx.Xor"(%x0, %x1) : (tensor<5x6xi1>, tensor<6xi1>) -> tensor<5x6xi1>
  return
}

func.func @bitwise_and(%x0: tensor<5x6xi32>, %x1: tensor<5x1xi32>) {
  %0 = "onnx.BitwiseAnd"(%x0, %x1) : (tensor<5x6xi32>, tensor<5x1xi32>) -> tensor<5x6xi32>
  return
}

func.func @bitwise_or(%x0: tensor<5x6xi32>, %x1: tensor<5x1xi32>) {
  %0 = "onnx.BitwiseOr"(%x0, %x1) : (tensor<5x6xi32>, tensor<5x1xi32>) -> tensor<5x6xi32>
  return
}

func.func @bitwise_xor(%x0: tensor<5x6xi32>, %x1: tensor<5x1xi32>) {
  %0 = "onnx.BitwiseXor"(%x0, %x1) : (tensor<5x6xi32>, tensor<5x1xi32>) -> tensor<5x6xi32>
  return
}

func.func @bit_shift(%x0: tensor<5x6xui32> {rules.range = [0, 9]}, %x1: tensor<6xui32> {rules.range = [0, 3]}) {
  %0 = "onnx.BitShift"(%x0, %x1) {direction = "LEFT"} : (tensor<5x6xui32>, tensor<6xui32>) -> tensor<5x6xui32>
  return
}

func.func @equal(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.Equal"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xi1>
  return
}

func.func @greater(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.Greater"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xi1>
  return
}

func.func @greater_or_equal(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.GreaterOrEqual"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xi1>
  return
}

func.func @less(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.Less"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xi1>
  return
}

func.func @less_or_equal(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.LessOrEqual"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xi1>
  return
}

func.func @equal_1(%x0: tensor<5x6xi64>, %x1: tensor<i64>) {
  %0 = "onnx.Equal"(%x0, %x1) : (tensor<5x6xi64>, tensor<i64>) -> tensor<5x6xi1>
  return
}

func.func @where(%x0: tensor<5x6xi1>, %x1: tensor<5x6xf32>, %x2: tensor<5x6xf32>) {
  %0 = "onnx.Where"(%x0, %x1, %x2) : (tensor<5x6xi1>, tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @where_1(%x0: tensor<5x1xi1>, %x1: tensor<6xf32>, %x2: tensor<f32>) {
  %0 = "onnx.Where"(%x0, %x1, %x2) : (tensor<5x1xi1>, tensor<6xf32>, tensor<f32>) -> tensor<5x6xf32>
  return
}

func.func @where_2(%x0: tensor<1x7xi1>, %x1: tensor<3x1xi64>, %x2: tensor<3x7xi64>) {
  %0 = "onnx.Where"(%x0, %x1, %x2) : (tensor<1x7xi1>, tensor<3x1xi64>, tensor<3x7xi64>) -> tensor<3x7xi64>
  return
}
