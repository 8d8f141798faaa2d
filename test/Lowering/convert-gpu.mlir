// RUN: tp-opt %s -split-input-file -verify-diagnostics -rt-convert-gpu-kernels -rt-convert-host | FileCheck %s

// One thread for each element; the host launches kernel 0 of the manifest.
module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<?x4xf32>, %o: memref<?x4xf32> {rt.output = 0 : i64}) {
  rt.launch @k ins(%x : memref<?x4xf32>) outs(%o : memref<?x4xf32>) {rt.op = 0 : i64}
  return
}
func.func private @k(%x: memref<?x4xf32>, %o: memref<?x4xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x4xf32>) outs(%o : memref<?x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = math.atan %a : f32
    linalg.yield %0 : f32
  }
  return
}
}

// CHECK: module @gpu_kernels
// CHECK: llvm.func @k(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias}, {{.*}}) attributes {nvvm.kernel
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: llvm.icmp "ult"
// CHECK: llvm.cond_br
// CHECK: llvm.call @__nv_atanf(
// CHECK: llvm.func @tp_run(
// CHECK: llvm.call @tprt_op_launch(

// -----

module {
func.func @main(%x: memref<4xf32>, %o: memref<f32> {rt.output = 0 : i64}) {
  rt.launch @sum ins(%x : memref<4xf32>) outs(%o : memref<f32>) {rt.op = 0 : i64}
  return
}
// expected-error @+1 {{a GPU kernel computes every element of one tensor independently}}
func.func private @sum(%x: memref<4xf32>, %o: memref<f32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<4xf32>) outs(%o : memref<f32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}
}
