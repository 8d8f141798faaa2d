// RUN: tp-opt %s --tp-print-rules --split-input-file --verify-diagnostics > /dev/null

module attributes {tp.symbols = ["batch", "seq", "past"]} {
// Two key/value heads, four queries each: the query's heads are their product,
// as a dimension of its own or as the major part of the packed one.
func.func @grouped(
    %q: tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>,
    %k: tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s1, 16]>>,
    %past: tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s2, 16]>>,
    %mask: tensor<?x1x?x?xf32, #tp.dims<[s0, 1, s1, s1 + s2]>>) {
  %none = "onnx.NoValue"() : () -> none
  // expected-remark @+1 {{([i, j*k, l, m], [i, j, n, o], [i, j, p, q], [i, 1, l, r], [i, j, s, t], [i, j, u, v], []) -> ([i, j*k, l, w], [i, j, x, y], [i, j, z, z1], []) {i=s0 parallel batch, j=2 parallel heads, k=4 parallel heads, l=s1 parallel sequence,}}
  %0:4 = "onnx.Attention"(%q, %k, %k, %mask, %past, %past, %none) : (tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>, tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s1, 16]>>, tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s1, 16]>>, tensor<?x1x?x?xf32, #tp.dims<[s0, 1, s1, s1 + s2]>>, tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s2, 16]>>, tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s2, 16]>>, none) -> (tensor<?x8x?x16xf32, #tp.dims<[s0, 8, s1, 16]>>, tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s1 + s2, 16]>>, tensor<?x2x?x16xf32, #tp.dims<[s0, 2, s1 + s2, 16]>>, none)
  return
}

func.func @packed(%q: tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>,
                  %k: tensor<?x?x32xf32, #tp.dims<[s0, s1, 32]>>) {
  %none = "onnx.NoValue"() : () -> none
  // A causal mask counts rows: the sequence stays whole.
  // expected-remark @+1 {{([i, l, j*k*m], [i, o, j*n], [i, q, j*p], [], [], [], []) -> ([i, l, j*k*r], [], [], []) {i=s0 parallel batch, j=2 parallel heads, k=4 parallel heads, l=s1 whole sequence, m=16 whole,}}
  %0:4 = "onnx.Attention"(%q, %k, %k, %none, %none, %none, %none) {q_num_heads = 8 : si64, kv_num_heads = 2 : si64, is_causal = 1 : si64} : (tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>, tensor<?x?x32xf32, #tp.dims<[s0, s1, 32]>>, tensor<?x?x32xf32, #tp.dims<[s0, s1, 32]>>, none, none, none, none) -> (tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>, none, none, none)
  return
}

func.func @rotary(%x: tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>,
                  %cos: tensor<64x8xf32>,
                  %ids: tensor<?x?xi64, #tp.dims<[s0, s1]>>) {
  // expected-remark @+1 {{([i, k, j*l], [m, n], [o, p], [i, k]) -> ([i, k, j*l]) {i=s0 parallel batch, j=8 parallel heads, k=s1 parallel sequence, l=16 whole, m=64 whole,}}
  %0 = "onnx.RotaryEmbedding"(%x, %cos, %cos, %ids) {num_heads = 8 : si64} : (tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>, tensor<64x8xf32>, tensor<64x8xf32>, tensor<?x?xi64, #tp.dims<[s0, s1]>>) -> tensor<?x?x128xf32, #tp.dims<[s0, s1, 128]>>
  return
}
}

// -----

func.func @heads_do_not_divide(%q: tensor<1x3x4x16xf32>, %k: tensor<1x2x4x16xf32>) {
  %none = "onnx.NoValue"() : () -> none
  // expected-error @+1 {{has 3 query heads for 2 key/value heads; needs a multiple}}
  %0:4 = "onnx.Attention"(%q, %k, %k, %none, %none, %none, %none) : (tensor<1x3x4x16xf32>, tensor<1x2x4x16xf32>, tensor<1x2x4x16xf32>, none, none, none, none) -> (tensor<1x3x4x16xf32>, none, none, none)
  return
}
