// RUN: tp-opt %s --tp-print-rules --split-input-file --verify-diagnostics > /dev/null

func.func @named(%a: tensor<8x16xf32>, %b: tensor<16x32xf32>, %c: tensor<8x32xf32>,
                 %x: tensor<2x8x?xf32>, %y: tensor<2x?x4xf32>, %z: tensor<2x8x4xf32>) {
  // The initial value is added once, not on every device.
  // expected-remark @+1 {{([i, k], [k, j], [i, j]) -> ([i, j]) {i=8 parallel, j=32 parallel, k=16 reduction(sum)} linear {0} linear {1} addends {2}}}
  %0 = linalg.matmul ins(%a, %b : tensor<8x16xf32>, tensor<16x32xf32>) outs(%c : tensor<8x32xf32>) -> tensor<8x32xf32>
  // Sizes need not be known.
  // expected-remark @+1 {{([i, j, l], [i, l, k], [i, j, k]) -> ([i, j, k]) {i=2 parallel, j=8 parallel, k=4 parallel, l=? reduction(sum)}}}
  %1 = linalg.batch_matmul ins(%x, %y : tensor<2x8x?xf32>, tensor<2x?x4xf32>) outs(%z : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#rows = affine_map<(d0, d1) -> (d0)>
#columns = affine_map<(d0, d1) -> (d1)>

func.func @generic(%x: tensor<8x16xf32>, %bias: tensor<16xf32>, %out: tensor<8x16xf32>, %row: tensor<8xf32>) {
  // (x + bias) * 2 is linear in both together.
  %two = arith.constant 2.0 : f32
  // expected-remark @+1 {{([i, j], [j], [i, j]) -> ([i, j]) {i=8 parallel, j=16 parallel} linear {0, 1}}}
  %0 = linalg.generic {indexing_maps = [#id, #columns, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %bias : tensor<8x16xf32>, tensor<16xf32>) outs(%out : tensor<8x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    %m = arith.mulf %s, %two : f32
    linalg.yield %m : f32
  } -> tensor<8x16xf32>
  // A maximum may see its initial value any number of times.
  // expected-remark @+1 {{([i, j], [i]) -> ([i]) {i=8 parallel, j=16 reduction(max)}}}
  %1 = linalg.generic {indexing_maps = [#id, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<8x16xf32>) outs(%row : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %o : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  // A product over a row does not combine in any way a layout knows.
  // expected-remark @+1 {{j=16 whole}}}
  %2 = linalg.generic {indexing_maps = [#id, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<8x16xf32>) outs(%row : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %o : f32
    linalg.yield %m : f32
  } -> tensor<8xf32>
  // A body that looks at an index counts from the first row of the whole.
  // expected-remark @+1 {{([i, j]) -> ([i, j]) {i=8 whole, j=16 parallel}}}
  %3 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%out : tensor<8x16xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %v = arith.index_cast %i : index to i32
    %f = arith.sitofp %v : i32 to f32
    linalg.yield %f : f32
  } -> tensor<8x16xf32>
  return
}

// -----

// Windows overlap where their input would be split.
func.func @window(%x: tensor<10xf32>, %k: tensor<3xf32>, %y: tensor<8xf32>) {
  // expected-remark @+1 {{([k], [j], [i]) -> ([i]) {i=8 whole, j=3 whole, k=10 whole}}}
  %0 = linalg.conv_1d ins(%x, %k : tensor<10xf32>, tensor<3xf32>) outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @tensors(%x: tensor<8x?x16xf32>, %y: tensor<8x4xf32>, %z: tensor<8x16xf32>, %n: index) {
  // expected-remark @+1 {{([i, j, k*l], []) -> ([i, j, k, l]) {i=8 parallel even, j=? parallel even, k=4 parallel even, l=4 parallel even}}}
  %0 = tensor.expand_shape %x [[0], [1], [2, 3]] output_shape [8, %n, 4, 4] : tensor<8x?x16xf32> into tensor<8x?x4x4xf32>
  // expected-remark @+1 {{([i, j, k, l]) -> ([i, j, k*l])}}
  %1 = tensor.collapse_shape %0 [[0], [1], [2, 3]] : tensor<8x?x4x4xf32> into tensor<8x?x16xf32>
  // expected-remark @+1 {{([i, j]) -> ([i, k]) {i=8 parallel even, j=16 whole, k=4 whole}}}
  %2 = tensor.extract_slice %z[0, 4] [8, 4] [1, 1] : tensor<8x16xf32> to tensor<8x4xf32>
  // expected-remark @+1 {{([i, j], [i, k]) -> ([i, l]) {i=8 parallel even, j=4 whole, k=16 whole, l=16 whole} linear {0, 1}}}
  %3 = tensor.insert_slice %y into %z[0, 0] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x16xf32>
  // expected-remark @+1 {{([i, j], [i, j]) -> ([i, j]) {i=8 parallel, j=16 parallel} linear {0, 1}}}
  %4 = arith.addf %z, %z : tensor<8x16xf32>
  // expected-remark @+1 {{([i, j]) -> ([i, j]) {i=8 parallel, j=16 parallel}}}
  %5 = math.exp %z : tensor<8x16xf32>
  // expected-remark @+1 {{() -> ([i]) {i=4 parallel even}}}
  %6 = arith.constant dense<1.0> : tensor<4xf32>
  // expected-remark @+1 {{() -> ([i]) {i=2 whole}}}
  %7 = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return
}
