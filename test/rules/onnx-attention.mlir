func.func @attention(%x0: tensor<2x4x3x4xf32>, %x1: tensor<2x4x5x4xf32>, %x2: tensor<2x4x5x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 0 : si64} : (tensor<2x4x3x4xf32>, tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>, none, none, none, none) -> (tensor<2x4x3x4xf32>, none, none, none)
  return
}

func.func @attention_1(%x0: tensor<2x4x3x4xf32>, %x1: tensor<2x2x3x4xf32>, %x2: tensor<2x2x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 1 : si64} : (tensor<2x4x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, none, none, none, none) -> (tensor<2x4x3x4xf32>, none, none, none)
  return
}

func.func @attention_fifteen_heads(%x0: tensor<1x15x3x4xf32>, %x1: tensor<1x5x3x4xf32>, %x2: tensor<1x5x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 1 : si64} : (tensor<1x15x3x4xf32>, tensor<1x5x3x4xf32>, tensor<1x5x3x4xf32>, none, none, none, none) -> (tensor<1x15x3x4xf32>, none, none, none)
  return
}

func.func @attention_fifteen_heads_packed(%x0: tensor<1x3x60xf32>, %x1: tensor<1x3x20xf32>, %x2: tensor<1x3x20xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 1 : si64, q_num_heads = 15 : si64, kv_num_heads = 5 : si64} : (tensor<1x3x60xf32>, tensor<1x3x20xf32>, tensor<1x3x20xf32>, none, none, none, none) -> (tensor<1x3x60xf32>, none, none, none)
  return
}

func.func @attention_four_kv_heads_on_eight(%x0: tensor<1x8x3x4xf32>, %x1: tensor<1x4x3x4xf32>, %x2: tensor<1x4x3x4xf32>) attributes {rules.mesh = [8]} {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 0 : si64} : (tensor<1x8x3x4xf32>, tensor<1x4x3x4xf32>, tensor<1x4x3x4xf32>, none, none, none, none) -> (tensor<1x8x3x4xf32>, none, none, none)
  return
}

func.func @attention_four_kv_heads_on_eight_packed(%x0: tensor<1x2x32xf32>, %x1: tensor<1x2x16xf32>, %x2: tensor<1x2x16xf32>) attributes {rules.mesh = [8]} {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 1 : si64, q_num_heads = 8 : si64, kv_num_heads = 4 : si64} : (tensor<1x2x32xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>, none, none, none, none) -> (tensor<1x2x32xf32>, none, none, none)
  return
}

func.func @attention_2(%x0: tensor<2x6x3x4xf32>, %x1: tensor<2x3x4x4xf32>, %x2: tensor<2x3x4x4xf32>, %x3: tensor<3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %x3, %none, %none, %none) {is_causal = 0 : si64} : (tensor<2x6x3x4xf32>, tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>, tensor<3x4xf32>, none, none, none) -> (tensor<2x6x3x4xf32>, none, none, none)
  return
}

func.func @attention_3(%x0: tensor<2x6x3x4xf32>, %x1: tensor<2x3x4x4xf32>, %x2: tensor<2x3x4x4xf32>, %x3: tensor<2x1x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %x3, %none, %none, %none) {is_causal = 0 : si64} : (tensor<2x6x3x4xf32>, tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>, tensor<2x1x3x4xf32>, none, none, none) -> (tensor<2x6x3x4xf32>, none, none, none)
  return
}

func.func @attention_4(%x0: tensor<2x6x3x4xf32>, %x1: tensor<2x3x4x4xf32>, %x2: tensor<2x3x4x4xf32>, %x3: tensor<2x6x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %x3, %none, %none, %none) {is_causal = 0 : si64} : (tensor<2x6x3x4xf32>, tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>, tensor<2x6x3x4xf32>, none, none, none) -> (tensor<2x6x3x4xf32>, none, none, none)
  return
}

func.func @attention_5(%x0: tensor<2x6x3x4xf32>, %x1: tensor<2x3x4x4xf32>, %x2: tensor<2x3x4x4xf32>, %x3: tensor<1x6x1x4xi1>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %x3, %none, %none, %none) {is_causal = 0 : si64} : (tensor<2x6x3x4xf32>, tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32>, tensor<1x6x1x4xi1>, none, none, none) -> (tensor<2x6x3x4xf32>, none, none, none)
  return
}

func.func @attention_6(%x0: tensor<2x3x24xf32>, %x1: tensor<2x3x8xf32>, %x2: tensor<2x3x12xf32>, %x3: tensor<3x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %x3, %none, %none, %none) {is_causal = 0 : si64, q_num_heads = 6 : si64, kv_num_heads = 2 : si64} : (tensor<2x3x24xf32>, tensor<2x3x8xf32>, tensor<2x3x12xf32>, tensor<3x3xf32>, none, none, none) -> (tensor<2x3x36xf32>, none, none, none)
  return
}

func.func @attention_7(%x0: tensor<2x6x1x4xf32>, %x1: tensor<2x2x1x4xf32>, %x2: tensor<2x2x1x4xf32>, %x4: tensor<2x2x4x4xf32>, %x5: tensor<2x2x4x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %x4, %x5, %none) {is_causal = 0 : si64} : (tensor<2x6x1x4xf32>, tensor<2x2x1x4xf32>, tensor<2x2x1x4xf32>, none, tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, none) -> (tensor<2x6x1x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, none)
  return
}

func.func @attention_8(%x0: tensor<1x6x2x4xf32>, %x1: tensor<1x2x2x4xf32>, %x2: tensor<1x2x2x4xf32>, %x4: tensor<1x2x3x4xf32>, %x5: tensor<1x2x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %x4, %x5, %none) {is_causal = 1 : si64} : (tensor<1x6x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, none, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, none) -> (tensor<1x6x2x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, none)
  return
}

func.func @attention_9(%x0: tensor<1x2x24xf32>, %x1: tensor<1x2x8xf32>, %x2: tensor<1x2x8xf32>, %x3: tensor<2x5xf32>, %x4: tensor<1x2x3x4xf32>, %x5: tensor<1x2x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %x3, %x4, %x5, %none) {is_causal = 0 : si64, q_num_heads = 6 : si64, kv_num_heads = 2 : si64} : (tensor<1x2x24xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<2x5xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, none) -> (tensor<1x2x24xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, none)
  return
}

func.func @attention_10(%x0: tensor<2x4x3x4xf32>, %x1: tensor<2x4x3x4xf32>, %x2: tensor<2x4x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 0 : si64, qk_matmul_output_mode = 0 : si64} : (tensor<2x4x3x4xf32>, tensor<2x4x3x4xf32>, tensor<2x4x3x4xf32>, none, none, none, none) -> (tensor<2x4x3x4xf32>, none, none, tensor<2x4x3x3xf32>)
  return
}

func.func @attention_multi_query(%x0: tensor<2x6x3x4xf32>, %x1: tensor<2x1x3x4xf32>, %x2: tensor<2x1x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 1 : si64} : (tensor<2x6x3x4xf32>, tensor<2x1x3x4xf32>, tensor<2x1x3x4xf32>, none, none, none, none) -> (tensor<2x6x3x4xf32>, none, none, none)
  return
}

func.func @attention_multi_query_packed(%x0: tensor<2x3x24xf32>, %x1: tensor<2x3x4xf32>, %x2: tensor<2x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 0 : si64, q_num_heads = 6 : si64, kv_num_heads = 1 : si64} : (tensor<2x3x24xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>, none, none, none, none) -> (tensor<2x3x24xf32>, none, none, none)
  return
}

func.func @attention_11(%x0: tensor<2x5x3x4xf32>, %x1: tensor<2x5x3x4xf32>, %x2: tensor<2x5x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %none) {is_causal = 0 : si64, softcap = 2.000000e+00 : f32, scale = 5.000000e-01 : f32} : (tensor<2x5x3x4xf32>, tensor<2x5x3x4xf32>, tensor<2x5x3x4xf32>, none, none, none, none) -> (tensor<2x5x3x4xf32>, none, none, none)
  return
}

func.func @attention_12(%x0: tensor<2x4x2x4xf32>, %x1: tensor<2x2x4x4xf32>, %x2: tensor<2x2x4x4xf32>, %x6: tensor<2xi64> {rules.range = [2, 4]}) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.Attention"(%x0, %x1, %x2, %none, %none, %none, %x6) {is_causal = 0 : si64} : (tensor<2x4x2x4xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, none, none, none, tensor<2xi64>) -> (tensor<2x4x2x4xf32>, none, none, none)
  return
}

func.func @ms_group_query_attention(%x0: tensor<2x1x16xf32>, %x1: tensor<2x1x8xf32>, %x2: tensor<2x1x8xf32>, %x3: tensor<2x2x3x4xf32>, %x4: tensor<2x2x3x4xf32>, %x5: tensor<2xi32> {rules.range = [3, 3]}, %x6: tensor<i32> {rules.range = [4, 4]}) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 4 : si64, kv_num_heads = 2 : si64, do_rotary = 0 : si64, local_window_size = -1 : si64} : (tensor<2x1x16xf32>, tensor<2x1x8xf32>, tensor<2x1x8xf32>, tensor<2x2x3x4xf32>, tensor<2x2x3x4xf32>, tensor<2xi32>, tensor<i32>, none, none, none, none, none, none, none, none, none, none) -> (tensor<2x1x16xf32>, tensor<2x2x4x4xf32>, tensor<2x2x4x4xf32>, none)
  return
}

func.func @ms_group_query_attention_1(%x0: tensor<1x3x24xf32>, %x1: tensor<1x3x8xf32>, %x2: tensor<1x3x8xf32>, %x3: tensor<1x2x0x4xf32>, %x4: tensor<1x2x0x4xf32>, %x5: tensor<1xi32> {rules.range = [2, 2]}, %x6: tensor<i32> {rules.range = [3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 6 : si64, kv_num_heads = 2 : si64, do_rotary = 0 : si64, local_window_size = -1 : si64} : (tensor<1x3x24xf32>, tensor<1x3x8xf32>, tensor<1x3x8xf32>, tensor<1x2x0x4xf32>, tensor<1x2x0x4xf32>, tensor<1xi32>, tensor<i32>, none, none, none, none, none, none, none, none, none, none) -> (tensor<1x3x24xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, none)
  return
}

func.func @ms_group_query_attention_2(%x0: tensor<1x2x24xf32>, %x1: tensor<1x2x12xf32>, %x2: tensor<1x2x12xf32>, %x3: tensor<1x3x2x4xf32>, %x4: tensor<1x3x2x4xf32>, %x5: tensor<1xi32> {rules.range = [3, 3]}, %x6: tensor<i32> {rules.range = [4, 4]}, %x7: tensor<6x2xf32>, %x8: tensor<6x2xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %x7, %x8, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 6 : si64, kv_num_heads = 3 : si64, do_rotary = 1 : si64, local_window_size = -1 : si64} : (tensor<1x2x24xf32>, tensor<1x2x12xf32>, tensor<1x2x12xf32>, tensor<1x3x2x4xf32>, tensor<1x3x2x4xf32>, tensor<1xi32>, tensor<i32>, tensor<6x2xf32>, tensor<6x2xf32>, none, none, none, none, none, none, none, none) -> (tensor<1x2x24xf32>, tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>, none)
  return
}

func.func @ms_group_query_attention_fifteen_heads(%x0: tensor<1x1x60xf32>, %x1: tensor<1x1x20xf32>, %x2: tensor<1x1x20xf32>, %x3: tensor<1x5x2x4xf32>, %x4: tensor<1x5x2x4xf32>, %x5: tensor<1xi32> {rules.range = [2, 2]}, %x6: tensor<i32> {rules.range = [3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 15 : si64, kv_num_heads = 5 : si64, do_rotary = 0 : si64, local_window_size = -1 : si64} : (tensor<1x1x60xf32>, tensor<1x1x20xf32>, tensor<1x1x20xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1xi32>, tensor<i32>, none, none, none, none, none, none, none, none, none, none) -> (tensor<1x1x60xf32>, tensor<1x5x3x4xf32>, tensor<1x5x3x4xf32>, none)
  return
}

func.func @ms_group_query_attention_four_kv_heads_on_eight(%x0: tensor<1x1x32xf32>, %x1: tensor<1x1x16xf32>, %x2: tensor<1x1x16xf32>, %x3: tensor<1x4x2x4xf32>, %x4: tensor<1x4x2x4xf32>, %x5: tensor<1xi32> {rules.range = [2, 2]}, %x6: tensor<i32> {rules.range = [3, 3]}) attributes {rules.mesh = [8]} {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 8 : si64, kv_num_heads = 4 : si64, do_rotary = 0 : si64, local_window_size = -1 : si64} : (tensor<1x1x32xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x4x2x4xf32>, tensor<1x4x2x4xf32>, tensor<1xi32>, tensor<i32>, none, none, none, none, none, none, none, none, none, none) -> (tensor<1x1x32xf32>, tensor<1x4x3x4xf32>, tensor<1x4x3x4xf32>, none)
  return
}

func.func @ms_group_query_attention_3(%x0: tensor<1x1x32xf32>, %x3: tensor<1x2x2x4xf32>, %x4: tensor<1x2x2x4xf32>, %x5: tensor<1xi32> {rules.range = [2, 2]}, %x6: tensor<i32> {rules.range = [3, 3]}) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %none, %none, %x3, %x4, %x5, %x6, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 4 : si64, kv_num_heads = 2 : si64, do_rotary = 0 : si64, local_window_size = -1 : si64} : (tensor<1x1x32xf32>, none, none, tensor<1x2x2x4xf32>, tensor<1x2x2x4xf32>, tensor<1xi32>, tensor<i32>, none, none, none, none, none, none, none, none, none, none) -> (tensor<1x1x16xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, none)
  return
}

func.func @ms_group_query_attention_4(%x0: tensor<1x2x16xf32>, %x1: tensor<1x2x16xf32>, %x2: tensor<1x2x16xf32>, %x3: tensor<1x4x2x4xf32>, %x4: tensor<1x4x2x4xf32>, %x5: tensor<1xi32> {rules.range = [3, 3]}, %x6: tensor<i32> {rules.range = [4, 4]}) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.GroupQueryAttention"(%x0, %x1, %x2, %x3, %x4, %x5, %x6, %none, %none, %none, %none, %none, %none, %none, %none, %none, %none) {num_heads = 4 : si64, kv_num_heads = 4 : si64, do_rotary = 0 : si64, local_window_size = 2 : si64} : (tensor<1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>, tensor<1x4x2x4xf32>, tensor<1x4x2x4xf32>, tensor<1xi32>, tensor<i32>, none, none, none, none, none, none, none, none, none, none) -> (tensor<1x2x16xf32>, tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>, none)
  return
}

func.func @ms_multi_head_attention(%x0: tensor<2x3x16xf32>, %x1: tensor<2x5x16xf32>, %x2: tensor<2x5x16xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %none, %none, %none, %none, %none) {num_heads = 4 : si64, unidirectional = 0 : si64} : (tensor<2x3x16xf32>, tensor<2x5x16xf32>, tensor<2x5x16xf32>, none, none, none, none, none, none, none) -> (tensor<2x3x16xf32>, none, none, none)
  return
}

func.func @ms_multi_head_attention_1(%x0: tensor<1x3x24xf32>, %x1: tensor<1x3x24xf32>, %x2: tensor<1x3x24xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %none, %none, %none, %none, %none) {num_heads = 6 : si64, unidirectional = 1 : si64} : (tensor<1x3x24xf32>, tensor<1x3x24xf32>, tensor<1x3x24xf32>, none, none, none, none, none, none, none) -> (tensor<1x3x24xf32>, none, none, none)
  return
}

func.func @ms_multi_head_attention_five_heads(%x0: tensor<2x3x20xf32>, %x1: tensor<2x3x20xf32>, %x2: tensor<2x3x20xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %none, %none, %none, %none, %none) {num_heads = 5 : si64, unidirectional = 0 : si64} : (tensor<2x3x20xf32>, tensor<2x3x20xf32>, tensor<2x3x20xf32>, none, none, none, none, none, none, none) -> (tensor<2x3x20xf32>, none, none, none)
  return
}

func.func @ms_multi_head_attention_2(%x0: tensor<2x3x16xf32>, %x1: tensor<2x3x16xf32>, %x2: tensor<2x3x16xf32>, %x3: tensor<48xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %x3, %none, %none, %none, %none, %none, %none) {num_heads = 4 : si64, unidirectional = 0 : si64} : (tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<48xf32>, none, none, none, none, none, none) -> (tensor<2x3x16xf32>, none, none, none)
  return
}

func.func @ms_multi_head_attention_3(%x0: tensor<2x3x16xf32>, %x1: tensor<2x3x16xf32>, %x2: tensor<2x3x16xf32>, %x5: tensor<1x4x3x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %x5, %none, %none, %none, %none) {num_heads = 4 : si64, unidirectional = 0 : si64} : (tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, none, none, tensor<1x4x3x3xf32>, none, none, none, none) -> (tensor<2x3x16xf32>, none, none, none)
  return
}

func.func @ms_multi_head_attention_4(%x0: tensor<2x3x16xf32>, %x1: tensor<2x3x16xf32>, %x2: tensor<2x3x16xf32>, %x5: tensor<2x1x3x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %x5, %none, %none, %none, %none) {num_heads = 4 : si64, unidirectional = 0 : si64} : (tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, none, none, tensor<2x1x3x3xf32>, none, none, none, none) -> (tensor<2x3x16xf32>, none, none, none)
  return
}

func.func @ms_multi_head_attention_5(%x0: tensor<2x1x16xf32>, %x1: tensor<2x1x16xf32>, %x2: tensor<2x1x16xf32>, %x6: tensor<2x4x3x4xf32>, %x7: tensor<2x4x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %none, %x6, %x7, %none, %none) {num_heads = 4 : si64, unidirectional = 0 : si64} : (tensor<2x1x16xf32>, tensor<2x1x16xf32>, tensor<2x1x16xf32>, none, none, none, tensor<2x4x3x4xf32>, tensor<2x4x3x4xf32>, none, none) -> (tensor<2x1x16xf32>, tensor<2x4x4x4xf32>, tensor<2x4x4x4xf32>, none)
  return
}

func.func @ms_multi_head_attention_6(%x0: tensor<2x2x16xf32>, %x1: tensor<2x4x3x4xf32>, %x2: tensor<2x4x3x4xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0:4 = "onnx.ms.MultiHeadAttention"(%x0, %x1, %x2, %none, %none, %none, %none, %none, %none, %none) {num_heads = 4 : si64, unidirectional = 0 : si64} : (tensor<2x2x16xf32>, tensor<2x4x3x4xf32>, tensor<2x4x3x4xf32>, none, none, none, none, none, none, none) -> (tensor<2x2x16xf32>, none, none, none)
  return
}

func.func @rotary_embedding(%x0: tensor<2x4x3x6xf32>, %x1: tensor<2x3x3xf32>, %x2: tensor<2x3x3xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.RotaryEmbedding"(%x0, %x1, %x2, %none) {num_heads = 0 : si64} : (tensor<2x4x3x6xf32>, tensor<2x3x3xf32>, tensor<2x3x3xf32>, none) -> tensor<2x4x3x6xf32>
  return
}

func.func @rotary_embedding_1(%x0: tensor<2x5x3x4xf32>, %x1: tensor<7x2xf32>, %x2: tensor<7x2xf32>, %x3: tensor<2x3xi64> {rules.range = [0, 6]}) {
  %0 = "onnx.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 0 : si64} : (tensor<2x5x3x4xf32>, tensor<7x2xf32>, tensor<7x2xf32>, tensor<2x3xi64>) -> tensor<2x5x3x4xf32>
  return
}

func.func @rotary_embedding_2(%x0: tensor<2x3x24xf32>, %x1: tensor<7x2xf32>, %x2: tensor<7x2xf32>, %x3: tensor<2x3xi64> {rules.range = [0, 6]}) {
  %0 = "onnx.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 6 : si64} : (tensor<2x3x24xf32>, tensor<7x2xf32>, tensor<7x2xf32>, tensor<2x3xi64>) -> tensor<2x3x24xf32>
  return
}

func.func @rotary_embedding_3(%x0: tensor<2x3x20xf32>, %x1: tensor<2x3x2xf32>, %x2: tensor<2x3x2xf32>) {
  %none = "onnx.NoValue"() : () -> none
  %0 = "onnx.RotaryEmbedding"(%x0, %x1, %x2, %none) {num_heads = 5 : si64} : (tensor<2x3x20xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32>, none) -> tensor<2x3x20xf32>
  return
}

func.func @rotary_embedding_4(%x0: tensor<2x4x3x6xf32>, %x1: tensor<7x2xf32>, %x2: tensor<7x2xf32>, %x3: tensor<2x3xi64> {rules.range = [0, 6]}) {
  %0 = "onnx.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 0 : si64, rotary_embedding_dim = 4 : si64} : (tensor<2x4x3x6xf32>, tensor<7x2xf32>, tensor<7x2xf32>, tensor<2x3xi64>) -> tensor<2x4x3x6xf32>
  return
}

func.func @rotary_embedding_5(%x0: tensor<1x3x60xf32>, %x1: tensor<7x2xf32>, %x2: tensor<7x2xf32>, %x3: tensor<1x3xi64> {rules.range = [0, 6]}) {
  %0 = "onnx.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 15 : si64, interleaved = 1 : si64} : (tensor<1x3x60xf32>, tensor<7x2xf32>, tensor<7x2xf32>, tensor<1x3xi64>) -> tensor<1x3x60xf32>
  return
}

func.func @ms_rotary_embedding(%x0: tensor<2x4x3x6xf32>, %x1: tensor<2x3xi64> {rules.range = [0, 6]}, %x2: tensor<7x3xf32>, %x3: tensor<7x3xf32>) {
  %0 = "onnx.ms.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 0 : si64, interleaved = 0 : si64} : (tensor<2x4x3x6xf32>, tensor<2x3xi64>, tensor<7x3xf32>, tensor<7x3xf32>) -> tensor<2x4x3x6xf32>
  return
}

func.func @ms_rotary_embedding_1(%x0: tensor<2x3x24xf32>, %x1: tensor<2x3xi64> {rules.range = [0, 6]}, %x2: tensor<7x2xf32>, %x3: tensor<7x2xf32>) {
  %0 = "onnx.ms.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 0 : si64, interleaved = 0 : si64} : (tensor<2x3x24xf32>, tensor<2x3xi64>, tensor<7x2xf32>, tensor<7x2xf32>) -> tensor<2x3x24xf32>
  return
}

func.func @ms_rotary_embedding_2(%x0: tensor<2x3x20xf32>, %x1: tensor<1xi64> {rules.range = [2, 2]}, %x2: tensor<7x2xf32>, %x3: tensor<7x2xf32>) {
  %0 = "onnx.ms.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 5 : si64, interleaved = 0 : si64} : (tensor<2x3x20xf32>, tensor<1xi64>, tensor<7x2xf32>, tensor<7x2xf32>) -> tensor<2x3x20xf32>
  return
}

func.func @ms_rotary_embedding_3(%x0: tensor<2x3x20xf32>, %x1: tensor<2x3xi64> {rules.range = [0, 6]}, %x2: tensor<7x2xf32>, %x3: tensor<7x2xf32>) {
  %0 = "onnx.ms.RotaryEmbedding"(%x0, %x1, %x2, %x3) {num_heads = 0 : si64, interleaved = 0 : si64} : (tensor<2x3x20xf32>, tensor<2x3xi64>, tensor<7x2xf32>, tensor<7x2xf32>) -> tensor<2x3x20xf32>
  return
}
