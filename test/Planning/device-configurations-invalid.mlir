// RUN: tp-opt %s --split-input-file --tp-plan --verify-diagnostics

// Shardings that are no layout on the mesh.
module attributes {onnx.shardings = [{name = "two", devices = 4 : i64, shardings = [
    {node = "a", tensor = "x", output, holders = [array<i64: 0, 1, 2, 3>], dims = [{axis = 5 : i64, sizes = array<i64: -1>, shards = array<i64: 2>}]},
    {node = "b", tensor = "x", output, holders = [array<i64: 0, 1>, array<i64: 2>], dims = [{axis = 0 : i64, sizes = array<i64: -1>, shards = array<i64: 2>}]},
    {node = "c", tensor = "x", output, holders = [], dims = [{axis = 0 : i64, sizes = array<i64: -1>, shards = array<i64: 2>}]},
    {node = "d", tensor = "x", output, holders = [array<i64: 0>, array<i64: 2>, array<i64: 1>, array<i64: 3>], dims = [{axis = 0 : i64, sizes = array<i64: -1>, shards = array<i64: 4>}]},
    {node = "e", tensor = "x", output, holders = [], dims = [{axis = 1 : i64, sizes = array<i64: 16, 16>, shards = array<i64: 2, 2>}]},
    {node = "f", tensor = "x", output, holders = [], dims = [{axis = 1 : i64, sizes = array<i64: 16, 8>, shards = array<i64: 4, 1>}]},
    {node = "g", tensor = "x", output, holders = [], dims = [{axis = 1 : i64, sizes = array<i64: 16, 16>, shards = array<i64: 1, 4>}]},
    {node = "h", tensor = "x", output, holders = [], dims = [{axis = 1 : i64, sizes = array<i64: -1, 16>, shards = array<i64: 4, 1>}]},
    {node = "i", tensor = "x", output, holders = [], dims = [{axis = 1 : i64, sizes = array<i64: -1>, shards = array<i64: 2>}, {axis = -1 : i64, sizes = array<i64: -1>, shards = array<i64: 2>}]}
  ]}]} {
tp.mesh @mesh <["tp"=4]>
// expected-error @unknown {{'two' of node 'a': tensor 'x': dimension 5 is out of range: the tensor has 2 dimensions}}
// expected-error @unknown {{'two' of node 'b': tensor 'x': not every device has a shard or a copy of one}}
// expected-error @unknown {{'two' of node 'c': tensor 'x': not every device has a shard or a copy of one}}
// expected-error @unknown {{'two' of node 'd': tensor 'x': its devices are in no order of a mesh of 4}}
// expected-error @unknown {{'two' of node 'e': tensor 'x': two factors of dimension 1 are split, which no layout is}}
// expected-error @unknown {{'two' of node 'f': tensor 'x': dimension 1 has 256 elements, not 128}}
// expected-error @unknown {{'two' of node 'g': tensor 'x': each of 16 blocks of dimension 1 is split, which no layout is}}
// expected-error @unknown {{'two' of node 'h': tensor 'x': the factors of dimension 1 have no sizes}}
// expected-error @unknown {{'two' of node 'i': tensor 'x': dimension 1 is split twice}}
func.func @wrong(%x: tensor<64x256xf32> {onnx.name = "x"}) -> tensor<64x256xf32> {
  %y = "onnx.Relu"(%x) : (tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
}

// -----

// expected-error @below {{'onnx.shardings' has a malformed entry}}
module attributes {onnx.shardings = [{name = "two", devices = 4 : i64, shardings = [{node = "a"}]}]} {
tp.mesh @mesh <["tp"=4]>
func.func @malformed(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
  return %x : tensor<64x256xf32>
}
}

// -----

// Dimensions split over parts of the axis; a second configuration is not used.
// expected-warning @below {{the model has several device configurations for 4 devices: 'one' is used, 'two' is not}}
module attributes {onnx.shardings = [{name = "one", devices = 4 : i64, shardings = [
    {node = "a", tensor = "x", output, holders = [array<i64: 0>, array<i64: 1>, array<i64: 2>, array<i64: 3>], dims = [{axis = 1 : i64, sizes = array<i64: -1>, shards = array<i64: 2>}, {axis = 0 : i64, sizes = array<i64: 64>, shards = array<i64: 2>}]}
  ]}, {name = "two", devices = 4 : i64, shardings = []}]} {
tp.mesh @mesh <["tp"=4]>
func.func @parts(%x: tensor<64x256xf32> {onnx.name = "x"}) -> tensor<64x256xf32> {
  %y = "onnx.Relu"(%x) : (tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
}
