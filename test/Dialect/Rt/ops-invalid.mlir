// RUN: tp-opt %s -split-input-file -verify-diagnostics

func.func @matmul_shapes(%a: memref<4x8xf32>, %b: memref<4x8xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{shapes do not match: a [.., m, k], b [.., k, n], out [.., m, n]}}
  rt.matmul ins(%a, %b : memref<4x8xf32>, memref<4x8xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @matmul_perm(%a: memref<4x8xf32>, %b: memref<4x8xf32>, %o: memref<4x4xf32>) {
  // expected-error @+1 {{perm 1 is not a permutation of the operand's dimensions}}
  rt.matmul ins(%a, %b : memref<4x8xf32>, memref<4x8xf32>) outs(%o : memref<4x4xf32>)
      {perms = [array<i64>, array<i64: 1, 1>]}
  return
}

// -----

func.func @matmul_bias(%a: memref<4x8xf32>, %b: memref<8x4xf32>, %c: memref<3xf32>, %o: memref<4x4xf32>) {
  // expected-error @+1 {{bias does not broadcast to the result}}
  rt.matmul ins(%a, %b : memref<4x8xf32>, memref<8x4xf32>) bias(%c : memref<3xf32>) outs(%o : memref<4x4xf32>)
  return
}

// -----

func.func @attention_rank(%q: memref<4x8xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{operands need four dimensions}}
  rt.attention ins(%q, %q, %q : memref<4x8xf32>, memref<4x8xf32>, memref<4x8xf32>) outs(%o : memref<4x8xf32>)
      {scale = 1.0 : f32}
  return
}

// -----

func.func @gather_shape(%t: memref<16x8xf32>, %i: memref<3xi64>, %o: memref<8x3xf32>) {
  // expected-error @+1 {{the result's shape is not the table's with the axis replaced}}
  rt.gather ins(%t, %i : memref<16x8xf32>, memref<3xi64>) outs(%o : memref<8x3xf32>)
  return
}

// -----

func.func @append_shape(%p: memref<1x4x2x16xf32>, %f: memref<1x5x1x16xf32>, %o: memref<1x4x3x16xf32>) {
  // expected-error @+1 {{operands and result differ beside the axis}}
  rt.cache_append ins(%p, %f : memref<1x4x2x16xf32>, memref<1x5x1x16xf32>) outs(%o : memref<1x4x3x16xf32>)
      {axis = 2 : i64}
  return
}

// -----

func.func @all_reduce_shape(%x: memref<4xf32>, %o: memref<8xf32>) {
  // expected-error @+1 {{operand and result have different shapes}}
  rt.collective all_reduce ins(%x : memref<4xf32>) outs(%o : memref<8xf32>) group 0
  return
}

// -----

func.func @reshape_strided(%x: memref<4x8xf32, strided<[16, 1]>>) {
  // expected-error @+1 {{needs contiguous memory}}
  %r = rt.reshape %x : memref<4x8xf32, strided<[16, 1]>> -> memref<32xf32>
  return
}

// -----

func.func @weight_sizes(%n: index) {
  // expected-error @+1 {{has 0 sizes for 1 dynamic dimensions}}
  %w = rt.weight 0 : tensor<?xf32>
  return
}

// -----

func.func @launch_unknown(%o: memref<4xf32>) {
  // expected-error @+1 {{kernel @k does not exist}}
  rt.launch @k outs(%o : memref<4xf32>)
  return
}

// -----

func.func private @k(memref<4xi64>) attributes {rt.kernel}
func.func @launch_type(%o: memref<4xf32>) {
  // expected-error @+1 {{operand of type 'memref<4xf32>' does not fit argument of type 'memref<4xi64>'}}
  rt.launch @k outs(%o : memref<4xf32>)
  return
}

// -----

func.func @scatter_tuples(%x: memref<4x8xf32>, %i: memref<3x3xi64>, %u: memref<3xf32>) {
  // expected-error @+1 {{the indices' last dimension does not index the data's}}
  rt.scatter ins(%x, %i, %u : memref<4x8xf32>, memref<3x3xi64>, memref<3xf32>) outs(%x : memref<4x8xf32>)
  return
}

// -----

func.func @scatter_blocks(%x: memref<4x8xf32>, %i: memref<3x1xi64>, %u: memref<3x4xf32>) {
  // expected-error @+1 {{the updates' shape is not that of the indexed blocks}}
  rt.scatter ins(%x, %i, %u : memref<4x8xf32>, memref<3x1xi64>, memref<3x4xf32>) outs(%x : memref<4x8xf32>)
  return
}

// -----

func.func @topk(%x: memref<4x8xf32>, %v: memref<3x2xf32>, %i: memref<3x2xi64>) {
  // expected-error @+1 {{results need the data's shape beside the axis}}
  rt.topk ins(%x : memref<4x8xf32>) outs(%v, %i : memref<3x2xf32>, memref<3x2xi64>) {axis = 1 : i64}
  return
}
