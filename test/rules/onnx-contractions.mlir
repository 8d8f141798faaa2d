func.func @mat_mul(%x0: tensor<5x6xf32>, %x1: tensor<6x7xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<5x6xf32>, tensor<6x7xf32>) -> tensor<5x7xf32>
  return
}

func.func @mat_mul_1(%x0: tensor<2x3x6xf32>, %x1: tensor<6x5xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<2x3x6xf32>, tensor<6x5xf32>) -> tensor<2x3x5xf32>
  return
}

func.func @mat_mul_2(%x0: tensor<2x3x5xf32>, %x1: tensor<2x5x4xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<2x3x5xf32>, tensor<2x5x4xf32>) -> tensor<2x3x4xf32>
  return
}

func.func @mat_mul_3(%x0: tensor<2x1x3x5xf32>, %x1: tensor<3x5x4xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<2x1x3x5xf32>, tensor<3x5x4xf32>) -> tensor<2x3x3x4xf32>
  return
}

func.func @mat_mul_4(%x0: tensor<6xf32>, %x1: tensor<6x5xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<6xf32>, tensor<6x5xf32>) -> tensor<5xf32>
  return
}

func.func @mat_mul_5(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> tensor<5xf32>
  return
}

func.func @mat_mul_6(%x0: tensor<6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<6xf32>, tensor<6xf32>) -> tensor<f32>
  return
}

func.func @mat_mul_7(%x0: tensor<1x7xf32>, %x1: tensor<7x1xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<1x7xf32>, tensor<7x1xf32>) -> tensor<1x1xf32>
  return
}

func.func @mat_mul_8(%x0: tensor<6xf32>, %x1: tensor<3x6x5xf32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<6xf32>, tensor<3x6x5xf32>) -> tensor<3x5xf32>
  return
}

func.func @mat_mul_9(%x0: tensor<3x5xi32>, %x1: tensor<5x4xi32>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<3x5xi32>, tensor<5x4xi32>) -> tensor<3x4xi32>
  return
}

func.func @mat_mul_10(%x0: tensor<1x1x33xbf16>, %x1: tensor<33x40xbf16>) {
  %0 = "onnx.MatMul"(%x0, %x1) : (tensor<1x1x33xbf16>, tensor<33x40xbf16>) -> tensor<1x1x40xbf16>
  return
}

func.func @ms_fused_mat_mul(%x0: tensor<2x5x6xf32>, %x1: tensor<2x6x3xf32>) {
  %0 = "onnx.ms.FusedMatMul"(%x0, %x1) {transA = 0 : si64, transB = 0 : si64, alpha = 2.000000e+00 : f32, transBatchA = 0 : si64, transBatchB = 0 : si64} : (tensor<2x5x6xf32>, tensor<2x6x3xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @gemm(%x0: tensor<5x6xf32>, %x1: tensor<6x3xf32>, %x2: tensor<5x3xf32>) {
  %0 = "onnx.Gemm"(%x0, %x1, %x2) {transA = 0 : si64, transB = 0 : si64, alpha = 2.000000e+00 : f32, beta = 3.000000e+00 : f32} : (tensor<5x6xf32>, tensor<6x3xf32>, tensor<5x3xf32>) -> tensor<5x3xf32>
  return
}

func.func @ms_fused_mat_mul_1(%x0: tensor<2x5x6xf32>, %x1: tensor<2x3x6xf32>) {
  %0 = "onnx.ms.FusedMatMul"(%x0, %x1) {transA = 0 : si64, transB = 1 : si64, alpha = 2.000000e+00 : f32, transBatchA = 0 : si64, transBatchB = 0 : si64} : (tensor<2x5x6xf32>, tensor<2x3x6xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @gemm_1(%x0: tensor<5x6xf32>, %x1: tensor<3x6xf32>, %x2: tensor<5x3xf32>) {
  %0 = "onnx.Gemm"(%x0, %x1, %x2) {transA = 0 : si64, transB = 1 : si64, alpha = 2.000000e+00 : f32, beta = 3.000000e+00 : f32} : (tensor<5x6xf32>, tensor<3x6xf32>, tensor<5x3xf32>) -> tensor<5x3xf32>
  return
}

func.func @ms_fused_mat_mul_2(%x0: tensor<2x6x5xf32>, %x1: tensor<2x6x3xf32>) {
  %0 = "onnx.ms.FusedMatMul"(%x0, %x1) {transA = 1 : si64, transB = 0 : si64, alpha = 2.000000e+00 : f32, transBatchA = 0 : si64, transBatchB = 0 : si64} : (tensor<2x6x5xf32>, tensor<2x6x3xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @gemm_2(%x0: tensor<6x5xf32>, %x1: tensor<6x3xf32>, %x2: tensor<3xf32>) {
  %0 = "onnx.Gemm"(%x0, %x1, %x2) {transA = 1 : si64, transB = 0 : si64, alpha = 2.000000e+00 : f32, beta = 3.000000e+00 : f32} : (tensor<6x5xf32>, tensor<6x3xf32>, tensor<3xf32>) -> tensor<5x3xf32>
  return
}

func.func @ms_fused_mat_mul_3(%x0: tensor<2x6x5xf32>, %x1: tensor<2x3x6xf32>) {
  %0 = "onnx.ms.FusedMatMul"(%x0, %x1) {transA = 1 : si64, transB = 1 : si64, alpha = 2.000000e+00 : f32, transBatchA = 0 : si64, transBatchB = 0 : si64} : (tensor<2x6x5xf32>, tensor<2x3x6xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @gemm_3(%x0: tensor<6x5xf32>, %x1: tensor<3x6xf32>, %x2: tensor<3xf32>) {
  %0 = "onnx.Gemm"(%x0, %x1, %x2) {transA = 1 : si64, transB = 1 : si64, alpha = 2.000000e+00 : f32, beta = 3.000000e+00 : f32} : (tensor<6x5xf32>, tensor<3x6xf32>, tensor<3xf32>) -> tensor<5x3xf32>
  return
}

func.func @gemm_4(%x0: tensor<5x6xf32>, %x1: tensor<6x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Gemm"(%x0, %x1, %none) : (tensor<5x6xf32>, tensor<6x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @gemm_5(%x0: tensor<5x6xf32>, %x1: tensor<6x3xf32>, %x2: tensor<5x1xf32>) {
  %0 = "onnx.Gemm"(%x0, %x1, %x2) : (tensor<5x6xf32>, tensor<6x3xf32>, tensor<5x1xf32>) -> tensor<5x3xf32>
  return
}

func.func @gemm_6(%x0: tensor<5x6xf32>, %x1: tensor<6x3xf32>, %x2: tensor<f32>) {
  %0 = "onnx.Gemm"(%x0, %x1, %x2) : (tensor<5x6xf32>, tensor<6x3xf32>, tensor<f32>) -> tensor<5x3xf32>
  return
}

func.func @ms_fused_gemm(%x0: tensor<5x6xf32>, %x1: tensor<6x3xf32>, %x2: tensor<3xf32>) {
  %0 = "onnx.ms.FusedGemm"(%x0, %x1, %x2) {activation = "Relu", alpha = 1.000000e+00 : f32, beta = 1.000000e+00 : f32, transA = 0 : si64, transB = 0 : si64} : (tensor<5x6xf32>, tensor<6x3xf32>, tensor<3xf32>) -> tensor<5x3xf32>
  return
}

func.func @ms_fused_gemm_1(%x0: tensor<5x6xf32>, %x1: tensor<6x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.FusedGemm"(%x0, %x1, %none) {alpha = 1.000000e+00 : f32, beta = 1.000000e+00 : f32, transA = 0 : si64, transB = 0 : si64} : (tensor<5x6xf32>, tensor<6x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @ms_mat_muln_bits(%x0: tensor<3x64xf32>, %x1: tensor<6x4x8xui8> {rules.range = [0, 255]}, %x2: tensor<6x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %none, %none, %none) {K = 64 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x64xf32>, tensor<6x4x8xui8>, tensor<6x4xf32>, none, none, none) -> tensor<3x6xf32>
  return
}

func.func @ms_mat_muln_bits_1(%x0: tensor<3x48xf32>, %x1: tensor<5x3x8xui8> {rules.range = [0, 255]}, %x2: tensor<5x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %none, %none, %none) {K = 48 : si64, N = 5 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x48xf32>, tensor<5x3x8xui8>, tensor<5x3xf32>, none, none, none) -> tensor<3x5xf32>
  return
}

func.func @ms_mat_muln_bits_2(%x0: tensor<3x64xf32>, %x1: tensor<8x2x16xui8> {rules.range = [0, 255]}, %x2: tensor<8x2xf32>, %x5: tensor<8xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %none, %none, %x5) {K = 64 : si64, N = 8 : si64, bits = 4 : si64, block_size = 32 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, none, tensor<8xf32>) -> tensor<3x8xf32>
  return
}

func.func @ms_mat_muln_bits_3(%x0: tensor<3x32xf32>, %x1: tensor<6x2x16xui8> {rules.range = [0, 255]}, %x2: tensor<6x2xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %none, %none, %none) {K = 32 : si64, N = 6 : si64, bits = 8 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x32xf32>, tensor<6x2x16xui8>, tensor<6x2xf32>, none, none, none) -> tensor<3x6xf32>
  return
}

func.func @ms_mat_muln_bits_4(%x0: tensor<3x64xf32>, %x1: tensor<6x4x8xui8> {rules.range = [0, 255]}, %x2: tensor<6x4xf32>, %x3: tensor<12xui8> {rules.range = [0, 255]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %x3, %none, %none) {K = 64 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x64xf32>, tensor<6x4x8xui8>, tensor<6x4xf32>, tensor<12xui8>, none, none) -> tensor<3x6xf32>
  return
}

func.func @ms_mat_muln_bits_5(%x0: tensor<3x64xf32>, %x1: tensor<6x4x8xui8> {rules.range = [0, 255]}, %x2: tensor<6x4xf32>, %x3: tensor<6x2xui8> {rules.range = [0, 255]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %x3, %none, %none) {K = 64 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x64xf32>, tensor<6x4x8xui8>, tensor<6x4xf32>, tensor<6x2xui8>, none, none) -> tensor<3x6xf32>
  return
}

func.func @ms_mat_muln_bits_6(%x0: tensor<3x48xf32>, %x1: tensor<7x3x8xui8> {rules.range = [0, 255]}, %x2: tensor<7x3xf32>, %x3: tensor<7x2xui8> {rules.range = [0, 255]}, %x5: tensor<7xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %x3, %none, %x5) {K = 48 : si64, N = 7 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x48xf32>, tensor<7x3x8xui8>, tensor<7x3xf32>, tensor<7x2xui8>, none, tensor<7xf32>) -> tensor<3x7xf32>
  return
}

func.func @ms_mat_muln_bits_7(%x0: tensor<3x64xf32>, %x1: tensor<6x4x8xui8> {rules.range = [0, 255]}, %x2: tensor<24xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %none, %none, %none) {K = 64 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<3x64xf32>, tensor<6x4x8xui8>, tensor<24xf32>, none, none, none) -> tensor<3x6xf32>
  return
}

func.func @ms_mat_muln_bits_8(%x0: tensor<1x1x16xf32>, %x1: tensor<6x1x8xui8> {rules.range = [0, 255]}, %x2: tensor<6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ms.MatMulNBits"(%x0, %x1, %x2, %none, %none, %none) {K = 16 : si64, N = 6 : si64, bits = 4 : si64, block_size = 16 : si64, accuracy_level = 0 : si64, weight_prepacked = 0 : si64} : (tensor<1x1x16xf32>, tensor<6x1x8xui8>, tensor<6xf32>, none, none, none) -> tensor<1x1x6xf32>
  return
}

func.func @conv(%x0: tensor<2x3x7xf32>, %x1: tensor<5x3x3xf32>, %x2: tensor<5xf32>) {
  %0 = "onnx.Conv"(%x0, %x1, %x2) : (tensor<2x3x7xf32>, tensor<5x3x3xf32>, tensor<5xf32>) -> tensor<2x5x5xf32>
  return
}

func.func @conv_1(%x0: tensor<2x4x5x5xf32>, %x1: tensor<6x4x3x3xf32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Conv"(%x0, %x1, %x2) {pads = [1 : i64, 1 : i64, 1 : i64, 1 : i64], kernel_shape = [3 : i64, 3 : i64]} : (tensor<2x4x5x5xf32>, tensor<6x4x3x3xf32>, tensor<6xf32>) -> tensor<2x6x5x5xf32>
  return
}

func.func @conv_2(%x0: tensor<2x4x5x5xf32>, %x1: tensor<6x2x3x3xf32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Conv"(%x0, %x1, %x2) {group = 2 : si64} : (tensor<2x4x5x5xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<2x6x3x3xf32>
  return
}

func.func @conv_3(%x0: tensor<1x6x9xf32>, %x1: tensor<6x1x3xf32>, %x2: tensor<6xf32>) {
  %0 = "onnx.Conv"(%x0, %x1, %x2) {group = 6 : si64} : (tensor<1x6x9xf32>, tensor<6x1x3xf32>, tensor<6xf32>) -> tensor<1x6x7xf32>
  return
}

func.func @conv_4(%x0: tensor<1x5x9xf32>, %x1: tensor<5x1x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.Conv"(%x0, %x1, %none) {group = 5 : si64, strides = [2 : i64]} : (tensor<1x5x9xf32>, tensor<5x1x3xf32>, none) -> tensor<1x5x4xf32>
  return
}

func.func @conv_5(%x0: tensor<2x8x6xf32>, %x1: tensor<4x4x2xf32>, %x2: tensor<4xf32>) {
  %0 = "onnx.Conv"(%x0, %x1, %x2) {group = 2 : si64} : (tensor<2x8x6xf32>, tensor<4x4x2xf32>, tensor<4xf32>) -> tensor<2x4x5xf32>
  return
}
