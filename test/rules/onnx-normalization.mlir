func.func @layer_normalization(%x0: tensor<2x3x6xf32>, %x1: tensor<6xf32>, %x2: tensor<6xf32>) {
  %0:3 = "onnx.LayerNormalization"(%x0, %x1, %x2) {axis = -1 : si64} : (tensor<2x3x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x3x6xf32>, none, none)
  return
}

func.func @layer_normalization_1(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:3 = "onnx.LayerNormalization"(%x0, %x1, %none) {axis = -1 : si64} : (tensor<5x6xf32>, tensor<6xf32>, none) -> (tensor<5x6xf32>, tensor<5x1xf32>, tensor<5x1xf32>)
  return
}

func.func @layer_normalization_2(%x0: tensor<3x2x5xf32>, %x1: tensor<2x5xf32>, %x2: tensor<2x5xf32>) {
  %0:3 = "onnx.LayerNormalization"(%x0, %x1, %x2) {axis = 1 : si64} : (tensor<3x2x5xf32>, tensor<2x5xf32>, tensor<2x5xf32>) -> (tensor<3x2x5xf32>, none, none)
  return
}

func.func @rms_normalization(%x0: tensor<2x3x6xf32>, %x1: tensor<6xf32>) {
  %0 = "onnx.RMSNormalization"(%x0, %x1) : (tensor<2x3x6xf32>, tensor<6xf32>) -> tensor<2x3x6xf32>
  return
}

func.func @rms_normalization_1(%x0: tensor<5x7xf32>, %x1: tensor<7xf32>) {
  %0 = "onnx.RMSNormalization"(%x0, %x1) {axis = -1 : si64} : (tensor<5x7xf32>, tensor<7xf32>) -> tensor<5x7xf32>
  return
}

func.func @ms_simplified_layer_normalization(%x0: tensor<5x6xf32>, %x1: tensor<6xf32>) {
  %0:2 = "onnx.ms.SimplifiedLayerNormalization"(%x0, %x1) : (tensor<5x6xf32>, tensor<6xf32>) -> (tensor<5x6xf32>, none)
  return
}

func.func @ms_skip_layer_normalization(%x0: tensor<2x3x6xf32>, %x1: tensor<2x3x6xf32>, %x2: tensor<6xf32>, %x3: tensor<6xf32>, %x4: tensor<6xf32>) {
  %0:4 = "onnx.ms.SkipLayerNormalization"(%x0, %x1, %x2, %x3, %x4) : (tensor<2x3x6xf32>, tensor<2x3x6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x3x6xf32>, none, none, none)
  return
}

func.func @ms_skip_layer_normalization_1(%x0: tensor<2x3x6xf32>, %x1: tensor<2x3x6xf32>, %x2: tensor<6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.SkipLayerNormalization"(%x0, %x1, %x2, %none, %none) : (tensor<2x3x6xf32>, tensor<2x3x6xf32>, tensor<6xf32>, none, none) -> (tensor<2x3x6xf32>, none, none, tensor<2x3x6xf32>)
  return
}

func.func @ms_skip_layer_normalization_2(%x0: tensor<2x3x6xf32>, %x1: tensor<3x6xf32>, %x2: tensor<6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.SkipLayerNormalization"(%x0, %x1, %x2, %none, %none) : (tensor<2x3x6xf32>, tensor<3x6xf32>, tensor<6xf32>, none, none) -> (tensor<2x3x6xf32>, none, none, tensor<2x3x6xf32>)
  return
}

func.func @ms_skip_simplified_layer_normalization(%x0: tensor<2x5x6xf32>, %x1: tensor<2x5x6xf32>, %x2: tensor<6xf32>, %x3: tensor<6xf32>) {
  %0:4 = "onnx.ms.SkipSimplifiedLayerNormalization"(%x0, %x1, %x2, %x3) : (tensor<2x5x6xf32>, tensor<2x5x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2x5x6xf32>, none, none, tensor<2x5x6xf32>)
  return
}

func.func @ms_skip_simplified_layer_normalization_1(%x0: tensor<2x5x6xf32>, %x1: tensor<1x5x6xf32>, %x2: tensor<6xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.SkipSimplifiedLayerNormalization"(%x0, %x1, %x2, %none) : (tensor<2x5x6xf32>, tensor<1x5x6xf32>, tensor<6xf32>, none) -> (tensor<2x5x6xf32>, none, none, none)
  return
}

func.func @softmax(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Softmax"(%x0) {axis = -1 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @softmax_1(%x0: tensor<2x5x3xf32>) {
  %0 = "onnx.Softmax"(%x0) {axis = 1 : si64} : (tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @softmax_2(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Softmax"(%x0) {axis = 0 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @log_softmax(%x0: tensor<5x6xf32>) {
  %0 = "onnx.LogSoftmax"(%x0) {axis = -1 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @log_softmax_1(%x0: tensor<2x5x3xf32>) {
  %0 = "onnx.LogSoftmax"(%x0) {axis = 1 : si64} : (tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @log_softmax_2(%x0: tensor<5x6xf32>) {
  %0 = "onnx.LogSoftmax"(%x0) {axis = 0 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @hardmax(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Hardmax"(%x0) {axis = -1 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @hardmax_1(%x0: tensor<2x5x3xf32>) {
  %0 = "onnx.Hardmax"(%x0) {axis = 1 : si64} : (tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @hardmax_2(%x0: tensor<5x6xf32>) {
  %0 = "onnx.Hardmax"(%x0) {axis = 0 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @lp_normalization(%x0: tensor<5x6xf32>) {
  %0 = "onnx.LpNormalization"(%x0) {axis = -1 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @lp_normalization_1(%x0: tensor<2x5x3xf32>) {
  %0 = "onnx.LpNormalization"(%x0) {axis = 1 : si64} : (tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @lp_normalization_2(%x0: tensor<5x6xf32>) {
  %0 = "onnx.LpNormalization"(%x0) {axis = 0 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @lp_normalization_3(%x0: tensor<5x6xf32>) {
  %0 = "onnx.LpNormalization"(%x0) {axis = 0 : si64, p = 1 : si64} : (tensor<5x6xf32>) -> tensor<5x6xf32>
  return
}

func.func @cum_sum(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumSum"(%x0, %c1) : (tensor<5x6xf32>, tensor<i64>) -> tensor<5x6xf32>
  return
}

func.func @cum_sum_1(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<-2> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumSum"(%x0, %c1) {exclusive = 1 : si64} : (tensor<5x6xf32>, tensor<i64>) -> tensor<5x6xf32>
  return
}

func.func @cum_sum_2(%x0: tensor<2x3x5xf32>) {
  %c1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumSum"(%x0, %c1) {reverse = 1 : si64} : (tensor<2x3x5xf32>, tensor<i64>) -> tensor<2x3x5xf32>
  return
}

func.func @cum_prod(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumProd"(%x0, %c1) : (tensor<5x6xf32>, tensor<i64>) -> tensor<5x6xf32>
  return
}

func.func @cum_prod_1(%x0: tensor<5x6xf32>) {
  %c1 = "onnx.Constant"() {value = dense<-2> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumProd"(%x0, %c1) {exclusive = 1 : si64} : (tensor<5x6xf32>, tensor<i64>) -> tensor<5x6xf32>
  return
}

func.func @cum_prod_2(%x0: tensor<2x3x5xf32>) {
  %c1 = "onnx.Constant"() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.CumProd"(%x0, %c1) {reverse = 1 : si64} : (tensor<2x3x5xf32>, tensor<i64>) -> tensor<2x3x5xf32>
  return
}

func.func @reducel1(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceL1"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reducel1_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceL1"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reducel1_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceL1"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reducel1_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceL1"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reducel2(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceL2"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reducel2_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceL2"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reducel2_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceL2"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reducel2_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceL2"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_log_sum(%x0: tensor<5x6xf32> {rules.range = [1, 4]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceLogSum"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_log_sum_1(%x0: tensor<2x3x5xf32> {rules.range = [1, 4]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceLogSum"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_log_sum_2(%x0: tensor<5x7xf32> {rules.range = [1, 4]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceLogSum"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_log_sum_3(%x0: tensor<5x3xf32> {rules.range = [1, 4]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceLogSum"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_log_sum_exp(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceLogSumExp"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_log_sum_exp_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceLogSumExp"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_log_sum_exp_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceLogSumExp"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_log_sum_exp_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceLogSumExp"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_max(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_max_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_max_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceMax"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_max_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceMax"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_mean(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMean"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_mean_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceMean"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_mean_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceMean"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_mean_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceMean"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_min(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMin"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_min_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceMin"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_min_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceMin"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_min_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceMin"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_prod(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceProd"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_prod_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceProd"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_prod_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceProd"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_prod_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceProd"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_sum(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceSum"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_sum_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceSum"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_sum_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceSum"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_sum_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceSum"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_sum_square(%x0: tensor<5x6xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[1]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceSumSquare"(%x0, %c1) : (tensor<5x6xf32>, tensor<1xi64>) -> tensor<5x1xf32>
  return
}

func.func @reduce_sum_square_1(%x0: tensor<2x3x5xf32> {rules.range = [-3, 3]}) {
  %c1 = "onnx.Constant"() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %0 = "onnx.ReduceSumSquare"(%x0, %c1) {keepdims = 0 : si64} : (tensor<2x3x5xf32>, tensor<2xi64>) -> tensor<3xf32>
  return
}

func.func @reduce_sum_square_2(%x0: tensor<5x7xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceSumSquare"(%x0, %none) {keepdims = 0 : si64} : (tensor<5x7xf32>, none) -> tensor<f32>
  return
}

func.func @reduce_sum_square_3(%x0: tensor<5x3xf32> {rules.range = [-3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.ReduceSumSquare"(%x0, %none) {noop_with_empty_axes = 1 : si64} : (tensor<5x3xf32>, none) -> tensor<5x3xf32>
  return
}

func.func @reduce_max_4(%x0: tensor<5x3xi64>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) {keepdims = 0 : si64} : (tensor<5x3xi64>, tensor<1xi64>) -> tensor<3xi64>
  return
}

func.func @reduce_min_4(%x0: tensor<5x3xi32>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMin"(%x0, %c1) {keepdims = 0 : si64} : (tensor<5x3xi32>, tensor<1xi64>) -> tensor<3xi32>
  return
}

func.func @reduce_sum_4(%x0: tensor<5x3xi64>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceSum"(%x0, %c1) {keepdims = 0 : si64} : (tensor<5x3xi64>, tensor<1xi64>) -> tensor<3xi64>
  return
}

func.func @reduce_max_5(%x0: tensor<5x3xf16>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) : (tensor<5x3xf16>, tensor<1xi64>) -> tensor<1x3xf16>
  return
}

func.func @reduce_max_6(%x0: tensor<5x3xi1>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) : (tensor<5x3xi1>, tensor<1xi64>) -> tensor<1x3xi1>
  return
}

func.func @reduce_min_5(%x0: tensor<5x3xi1>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMin"(%x0, %c1) : (tensor<5x3xi1>, tensor<1xi64>) -> tensor<1x3xi1>
  return
}

func.func @reduce_max_7(%x0: tensor<5x3xui8> {rules.range = [0, 250]}) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) : (tensor<5x3xui8>, tensor<1xi64>) -> tensor<1x3xui8>
  return
}

func.func @reduce_max_8(%x0: tensor<5x3xi8>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMax"(%x0, %c1) : (tensor<5x3xi8>, tensor<1xi64>) -> tensor<1x3xi8>
  return
}

func.func @reduce_mean_4(%x0: tensor<5x3xi64>) {
  %c1 = "onnx.Constant"() {value = dense<[0]> : tensor<1xi64>} : () -> tensor<1xi64>
  %0 = "onnx.ReduceMean"(%x0, %c1) : (tensor<5x3xi64>, tensor<1xi64>) -> tensor<1x3xi64>
  return
}

func.func @batch_normalization(%x0: tensor<2x5x3xf32>, %x1: tensor<5xf32>, %x2: tensor<5xf32>, %x3: tensor<5xf32>, %x4: tensor<5xf32> {rules.range = [1, 4]}) {
  %0:3 = "onnx.BatchNormalization"(%x0, %x1, %x2, %x3, %x4) : (tensor<2x5x3xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> (tensor<2x5x3xf32>, none, none)
  return
}

func.func @batch_normalization_1(%x0: tensor<6x5xf32>, %x1: tensor<5xf32>, %x2: tensor<5xf32>, %x3: tensor<5xf32>, %x4: tensor<5xf32> {rules.range = [1, 4]}) {
  %0:3 = "onnx.BatchNormalization"(%x0, %x1, %x2, %x3, %x4) : (tensor<6x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> (tensor<6x5xf32>, none, none)
  return
}

func.func @instance_normalization(%x0: tensor<2x5x4xf32>, %x1: tensor<5xf32>, %x2: tensor<5xf32>) {
  %0 = "onnx.InstanceNormalization"(%x0, %x1, %x2) : (tensor<2x5x4xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<2x5x4xf32>
  return
}

func.func @average_pool(%x0: tensor<2x5x6xf32>) {
  %0 = "onnx.AveragePool"(%x0) {kernel_shape = [2 : i64], strides = [2 : i64]} : (tensor<2x5x6xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @average_pool_1(%x0: tensor<1x3x5x5xf32>) {
  %0 = "onnx.AveragePool"(%x0) {kernel_shape = [3 : i64, 3 : i64], pads = [1 : i64, 1 : i64, 1 : i64, 1 : i64], count_include_pad = 1 : si64} : (tensor<1x3x5x5xf32>) -> tensor<1x3x5x5xf32>
  return
}

func.func @global_average_pool(%x0: tensor<2x5x3x3xf32>) {
  %0 = "onnx.GlobalAveragePool"(%x0) : (tensor<2x5x3x3xf32>) -> tensor<2x5x1x1xf32>
  return
}

func.func @global_max_pool(%x0: tensor<2x5x3x3xf32>) {
  %0 = "onnx.GlobalMaxPool"(%x0) : (tensor<2x5x3x3xf32>) -> tensor<2x5x1x1xf32>
  return
}

func.func @global_lp_pool(%x0: tensor<2x5x3x3xf32>) {
  %0 = "onnx.GlobalLpPool"(%x0) : (tensor<2x5x3x3xf32>) -> tensor<2x5x1x1xf32>
  return
}

func.func @lp_pool(%x0: tensor<2x5x6xf32>) {
  %0 = "onnx.LpPool"(%x0) {kernel_shape = [2 : i64], strides = [2 : i64]} : (tensor<2x5x6xf32>) -> tensor<2x5x3xf32>
  return
}

func.func @max_pool(%x0: tensor<2x5x6xf32>) {
  %0:2 = "onnx.MaxPool"(%x0) {kernel_shape = [2 : i64]} : (tensor<2x5x6xf32>) -> (tensor<2x5x5xf32>, none)
  return
}

// Indices count from the start of the whole tensor.
func.func @max_pool_1(%x0: tensor<2x5x6xf32>) {
  %0:2 = "onnx.MaxPool"(%x0) {kernel_shape = [2 : i64], strides = [2 : i64]} : (tensor<2x5x6xf32>) -> (tensor<2x5x3xf32>, tensor<2x5x3xi64>)
  return
}
