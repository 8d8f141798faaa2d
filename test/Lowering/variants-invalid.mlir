// RUN: tp-opt %s -rt-convert-host -split-input-file -verify-diagnostics

module {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{a program has one function}}
func.func @other(%x: memref<4xf32>) { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
// expected-error @below {{a variant of no function: all functions have 'tp.when'}}
func.func @a(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[s0]>} { return }
func.func @b(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[s0 - 1]>} { return }
}

// -----

// expected-error @below {{the program has no function}}
module {
func.func private @k(memref<4xf32>) attributes {rt.kernel}
}

// -----

module {
// expected-error @below {{'tp.when' is no #tp.dims}}
func.func @main(%x: memref<4xf32>) attributes {tp.when = 1 : i64} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{'tp.when' has a size that is not known}}
func.func @variant(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[?]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{'tp.when' has the symbol s1, which the module does not have: s1 - 1}}
func.func @variant(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[s0, s1 - 1]>} { return }
}

// -----

module attributes {tp.symbols = ["n", "%tp"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{'tp.when' depends on the rank, by the symbol '%tp': %tp - 1}}
func.func @variant(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[s1 - 1]>} { return }
}

// -----

module attributes {tp.symbols = ["n", "m"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{'tp.when' divides by what may be zero: n floordiv m}}
func.func @variant(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[s0 floordiv s1]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{this variant of @main has other arguments and results: 2 instead of 1}}
func.func @variant(%x: memref<4xf32>, %y: memref<4xf32>) attributes {tp.when = #tp.dims<[s0]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{the type of input 0 is 'memref<8xf32>', not 'memref<4xf32>'}}
func.func @variant(%x: memref<8xf32>) attributes {tp.when = #tp.dims<[s0]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
tp.mesh @mesh <["tp"=2]>
func.func @main(%x: memref<2xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>, tp.global_type = tensor<4xf32>}) { return }
// expected-error @below {{'tp.global_type' of input 0 is tensor<2xf32>, not tensor<4xf32>}}
func.func @variant(%x: memref<2xf32> {tp.layout = #tp.layout<@mesh, [{}]>, tp.global_type = tensor<2xf32>})
    attributes {tp.when = #tp.dims<[s0]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
tp.mesh @mesh <["tp"=2]>
func.func @main(%x: memref<2xf32> {tp.layout = #tp.layout<@mesh, [{"tp"}]>}) { return }
// expected-error @below {{'tp.layout' of input 0 is #tp.layout<@mesh, [{}]>, not #tp.layout<@mesh, [{"tp"}]>}}
func.func @variant(%x: memref<2xf32> {tp.layout = #tp.layout<@mesh, [{}]>}) attributes {tp.when = #tp.dims<[s0]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<4xf32> {onnx.name = "x"}) { return }
// expected-error @below {{'onnx.name' of input 0 is absent, not "x"}}
func.func @variant(%x: memref<4xf32>) attributes {tp.when = #tp.dims<[s0]>} { return }
}

// -----

module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<4xf32>) { return }
// expected-error @below {{'rt.output' of input 0 is 0 : i64, not absent}}
func.func @variant(%x: memref<4xf32> {rt.output = 0 : i64}) attributes {tp.when = #tp.dims<[s0]>} { return }
}
