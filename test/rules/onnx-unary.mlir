func.func @abs(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Abs"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @ceil(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Ceil"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @exp(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Exp"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @floor(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Floor"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @neg(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Neg"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @reciprocal(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Reciprocal"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @round(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Round"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sign(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Sign"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @acos(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Acos"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @acosh(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Acosh"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @asin(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Asin"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @asinh(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Asinh"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @atan(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Atan"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @atanh(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Atanh"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @cos(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Cos"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @cosh(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Cosh"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @erf(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Erf"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sin(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Sin"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sinh(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Sinh"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @tan(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Tan"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @tanh(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Tanh"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @celu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Celu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @elu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Elu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @gelu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Gelu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @hard_sigmoid(%x0: tensor<5x6xf32>) {
  %0 = "onnx.HardSigmoid"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @hard_swish(%x0: tensor<5x6xf32>) {
  %0 = "onnx.HardSwish"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @leaky_relu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.LeakyRelu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @mish(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Mish"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @relu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Relu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @selu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Selu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @shrink(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Shrink"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sigmoid(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Sigmoid"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @softplus(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Softplus"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @softsign(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Softsign"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @swish(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Swish"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @thresholded_relu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ThresholdedRelu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @ms_gelu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ms.Gelu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @ms_quick_gelu(%x0: tensor<5x6xf32>) {
  %0 = "onnx.ms.QuickGelu"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @identity(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Identity"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @log(%x0: tensor<5x6xf32> {rules.range = [1, 9]}) {
  %0 = "onnx.Log"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @sqrt(%x0: tensor<5x6xf32> {rules.range = [1, 9]}) {
  %0 = "onnx.Sqrt"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @is_inf(%x0: tensor<5x6xf32>) {
  %0 = "onnx.IsInf"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xi1>
  return
}

func.func @is_nan(%x0: tensor<5x6xf32>) {
  %0 = "onnx.IsNaN"(%x0) : (tensor<5x6xf32>) -> tensor<5x6xi1>
  return
}

func.func @not(%x0: tensor<5x6xi1>) {
  %0 = "onnx.Not"(%x0) : (tensor<5x6xi1>) -> tensor<5x6xi1>
  return
}

func.func @bitwise_not(%x0: tensor<5x6xi32>) {
  %0 = "onnx.BitwiseNot"(%x0) : (tensor<5x6xi32>) -> tensor<5x6xi32>
  return
}

func.func @relu_1(%x0: tensor<2x1x7xf32>) {
  %0 = "onnx.Relu"(%x0) : (tensor<2x1x7xf32>) -> tensor<2x1x7xf32>
  return
}

func.func @neg_1(%x0: tensor<7xi64>) {
  %0 = "onnx.Neg"(%x0) : (tensor<7xi64>) -> tensor<7xi64>
  return
}

func.func @identity_1(%x0: tensor<2x3x5xi64>) {
  %0 = "onnx.Identity"(%x0) : (tensor<2x3x5xi64>) -> tensor<2x3x5xi64>
  return
}

func.func @identity_2(%x0: tensor<6xi1>) {
  %0 = "onnx.Identity"(%x0) : (tensor<6xi1>) -> tensor<6xi1>
  return
}

func.func @cast(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Cast"(%x0) {to = 11 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf64>
  return
}

func.func @cast_1(%x0: tensor<5x6xf16>) {
  %0 = "onnx.Cast"(%x0) {to = 1 : si64} : (tensor<5x6xf16>) -> tensor<5x6xf32>
  return
}

func.func @cast_2(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Cast"(%x0) {to = 10 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf16>
  return
}

func.func @cast_3(%x0: tensor<5x6xf16>) {
  %0 = "onnx.Cast"(%x0) {to = 16 : si64} : (tensor<5x6xf16>) -> tensor<5x6xbf16>
  return
}

func.func @cast_4(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Cast"(%x0) {to = 7 : si64} : (tensor<5x6xf32>) -> tensor<5x6xi64>
  return
}

func.func @cast_5(%x0: tensor<5x6xi32>) {
  %0 = "onnx.Cast"(%x0) {to = 1 : si64} : (tensor<5x6xi32>) -> tensor<5x6xf32>
  return
}

func.func @cast_6(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Cast"(%x0) {to = 9 : si64} : (tensor<5x6xf32>) -> tensor<5x6xi1>
  return
}

func.func @cast_like(%x0: tensor<5x6xf32>, %x1: tensor<1xi32>) {
  %0 = "onnx.CastLike"(%x0, %x1) : (tensor<5x6xf32>, tensor<1xi32>) -> tensor<5x6xi32>
  return
}

func.func @dropout(%x0: tensor<5x6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:2 = "onnx.Dropout"(%x0, %none, %none) : (tensor<5x6xf32>, none, none) -> (tensor<5x6xf32>, none)
  return
}

func.func @dropout_1(%x0: tensor<5x6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:2 = "onnx.Dropout"(%x0, %none, %none) : (tensor<5x6xf32>, none, none) -> (tensor<5x6xf32>, tensor<5x6xi1>)
  return
}

func.func @clip(%x0: tensor<5x6xf32>, %x1: tensor<f32> {rules.range = [-1, -1]}, %x2: tensor<f32> {rules.range = [2, 2]}) {
  %0 = "onnx.Clip"(%x0, %x1, %x2) : (tensor<5x6xf32>, tensor<f32>, tensor<f32>) -> tensor<5x6xf32>
  return
}

func.func @clip_1(%x0: tensor<5x6xf32>, %x2: tensor<f32> {rules.range = [2, 2]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Clip"(%x0, %none, %x2) : (tensor<5x6xf32>, none, tensor<f32>) -> tensor<5x6xf32>
  return
}

func.func @ms_fast_gelu(%x0: tensor<5x6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.FastGelu"(%x0, %none) : (tensor<5x6xf32>, none) -> tensor<5x6xf32>
  return
}

func.func @ms_fast_gelu_1(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.ms.FastGelu"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xf32>
  return
}

func.func @ms_bias_gelu(%x0: tensor<2x5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.ms.BiasGelu"(%x0, %x1) : (tensor<2x5x6xf32>, tensor<6xf32>) -> tensor<2x5x6xf32>
  return
}

func.func @ms_bias_add(%x0: tensor<2x5x6xf32>, %x1: tensor<6xf32>, %x2: tensor<2x5x6xf32>) {
  %0 = "onnx.ms.BiasAdd"(%x0, %x1, %x2) : (tensor<2x5x6xf32>, tensor<6xf32>, tensor<2x5x6xf32>) -> tensor<2x5x6xf32>
  return
}

func.func @swiglu(%x0: tensor<5x6xf32>, %x1: tensor<5x6xf32>) {
  %0 = "onnx.SwiGLU"(%x0, %x1) : (tensor<5x6xf32>, tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @swiglu_1(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.SwiGLU"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5x6xf32>
  return
}
