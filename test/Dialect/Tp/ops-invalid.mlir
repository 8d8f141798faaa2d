// RUN: tp-opt %s --split-input-file --verify-diagnostics -o /dev/null

func.func @f() {
  // expected-error@+1 {{view has 1 strides for a tensor of rank 2}}
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<2x2xf32>
  return
}

// -----

module attributes {tp.files = ["a"]} {
func.func @f() {
  // expected-error@+1 {{file index 1 is out of range: the module has 1 files}}
  %w = tp.weight "w" {file = 1 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<2xf32>
  return
}
}

// -----

// expected-error@+1 {{view offset -4 is negative}}
func.func private @f() attributes {test.view = #tp.view<elem = f32, offset = -4, strides = []>}

// -----

// expected-error@+1 {{view elements must be integers or floats, got 'index'}}
func.func private @f() attributes {test.view = #tp.view<elem = index, offset = 0, strides = []>}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{mesh @mesh has no axis "dp"}}
  %0 = tp.constrain %x to <@mesh, [{"dp"}]> : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{layout names @mesh, which is no tp.mesh}}
  %0 = tp.reshard %x to <@mesh, [{}]> : tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{the input is not partial(sum) over "tp"}}
  %0 = tp.all_reduce %x sum over <["tp"]> : tensor<4xf32> -> tensor<4xf32> layout <@mesh, [{}]> -> <@mesh, [{}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{the input is not partial(max) over "tp"}}
  %0 = tp.all_reduce %x max over <["tp"]> : tensor<4xf32> -> tensor<4xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["dp"=2, "tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{output layout is [{}], need [{}], partial = sum{"dp"}}}
  %0 = tp.all_reduce %x sum over <["tp"]> : tensor<4xf32> -> tensor<4xf32> layout <@mesh, [{}], partial = sum{"dp", "tp"}> -> <@mesh, [{}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["dp"=2, "tp"=4]>
func.func @f(%x: tensor<1xf32>) {
  // Only the minor axis can be gathered: the others' pieces are not contiguous.
  // expected-error@+1 {{dimension 0 is not split over "dp" at its minor end}}
  %0 = tp.all_gather %x dim 0 over <["dp"]> : tensor<1xf32> -> tensor<2xf32> layout <@mesh, [{"dp", "tp"}]> -> <@mesh, [{"tp"}]> of tensor<8xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<1xf32>) {
  // expected-error@+1 {{dimension 1 is out of range for rank 1}}
  %0 = tp.all_gather %x dim 1 over <["tp"]> : tensor<1xf32> -> tensor<4xf32> layout <@mesh, [{"tp"}]> -> <@mesh, [{}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{result has type 'tensor<2xf32>', a rank's piece of 'tensor<4xf32>' with layout [{"tp"}] is 'tensor<1xf32>'}}
  %0 = tp.slice %x dim 0 over <["tp"]> : tensor<4xf32> -> tensor<2xf32> layout <@mesh, [{}]> -> <@mesh, [{"tp"}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf16>) {
  // expected-error@+1 {{input has type 'tensor<4xf16>'}}
  %0 = tp.slice %x dim 0 over <["tp"]> : tensor<4xf16> -> tensor<1xf16> layout <@mesh, [{}]> -> <@mesh, [{"tp"}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{the input is not replicated over "tp"}}
  %0 = tp.slice %x dim 0 over <["tp"]> : tensor<4xf32> -> tensor<1xf32> layout <@mesh, [{}], partial = sum{"tp"}> -> <@mesh, [{"tp"}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{names axis "tp" twice}}
  %0 = tp.broadcast %x from 0 over <["tp", "tp"]> : tensor<4xf32> -> tensor<4xf32> layout <@mesh, [{}]> -> <@mesh, [{}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{root 4 is out of range for 4 devices along "tp"}}
  %0 = tp.broadcast %x from 4 over <["tp"]> : tensor<4xf32> -> tensor<4xf32> layout <@mesh, [{}]> -> <@mesh, [{}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<1x4xf32>) {
  // expected-error@+1 {{an all_to_all needs two different dimensions}}
  %0 = tp.all_to_all %x gather 0 split 0 over <["tp"]> : tensor<1x4xf32> -> tensor<1x4xf32> layout <@mesh, [{"tp"}, {}]> -> <@mesh, [{"tp"}, {}]> of tensor<4x4xf32>
  return
}

// -----

tp.mesh @mesh <["dp"=2, "tp"=4]>
func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{layouts [{"dp"}] and [{"tp"}] do not have the same pieces}}
  %0 = tp.permute %x over <["dp", "tp"]> : tensor<2xf32> -> tensor<1xf32> layout <@mesh, [{"dp"}]> -> <@mesh, [{"tp"}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["dp"=2, "tp"=2]>
func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{rank 1 needs the piece of rank 2, which is not along "tp"}}
  %0 = tp.permute %x over <["tp"]> : tensor<2xf32> -> tensor<2xf32> layout <@mesh, [{"dp"}]> -> <@mesh, [{"tp"}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @a <["tp"=4]>
tp.mesh @b <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{layouts are of different meshes}}
  %0 = tp.slice %x dim 0 over <["tp"]> : tensor<4xf32> -> tensor<1xf32> layout <@a, [{}]> -> <@b, [{"tp"}]> of tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{peer 4 is out of range for 4 devices along "tp"}}
  tp.send %x to 4 along <["tp"]> channel 0 on @mesh : tensor<4xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f() {
  // expected-error@+1 {{names @other, which is no tp.mesh}}
  %0 = tp.recv from 0 along <["tp"]> channel 0 on @other : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{region must be one collective and the yield of its result}}
  %p = tp.start {
    tp.yield %x : tensor<4xf32>
  } : <tensor<4xf32>>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<8xf32>) {
  // expected-error@+1 {{local operand #0 has type 'tensor<8xf32>', a rank's piece of 'tensor<8xf32>' with layout [{"tp"}] is 'tensor<2xf32>'}}
  %y = tp.manual(%x) in [#tp.layout<@mesh, [{"tp"}]>] out [#tp.layout<@mesh, [{"tp"}]>] {
  ^bb0(%piece: tensor<8xf32>):
    tp.yield %piece : tensor<8xf32>
  } : (tensor<8xf32>) -> tensor<8xf32>
  return
}

// -----

tp.mesh @mesh <["tp"=4]>
func.func @f(%x: tensor<8xf32>) {
  // expected-error@+1 {{has 1 operands, 0 layouts for them and 1 local values}}
  %y = tp.manual(%x) in [] out [#tp.layout<@mesh, [{"tp"}]>] {
  ^bb0(%piece: tensor<2xf32>):
    tp.yield %piece : tensor<2xf32>
  } : (tensor<8xf32>) -> tensor<8xf32>
  return
}
