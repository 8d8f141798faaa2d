// RUN: tp-opt %s -rt-convert-gpu-kernels | FileCheck %s

// One thread per element of the output, numbered along it; threads beyond the
// last element do nothing. Launches get the kernel's place in the manifest.
module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<?x4xbf16>, %o: memref<?x4xbf16> {rt.output = 0 : i64}) {
  %n = rt.symbol 0
  rt.launch @gather ins(%x : memref<?x4xbf16>) sizes(%n) outs(%o : memref<?x4xbf16>) {rt.op = 0 : i64}
  rt.launch @wave ins(%x : memref<?x4xbf16>) sizes(%n) outs(%o : memref<?x4xbf16>) {rt.op = 1 : i64}
  return
}
memref.global "private" constant @order : memref<4xi64> = dense<[3, 2, 1, 0]>
func.func private @wave(%x: memref<?x4xbf16>, %n: index, %o: memref<?x4xbf16>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x4xbf16>) outs(%o : memref<?x4xbf16>) {
  ^bb0(%a: bf16, %b: bf16):
    %0 = math.atan %a : bf16
    %1 = math.exp %0 : bf16
    linalg.yield %1 : bf16
  }
  return
}
func.func private @gather(%x: memref<?x4xbf16>, %n: index, %o: memref<?x4xbf16>) attributes {rt.kernel} {
  %table = memref.get_global @order : memref<4xi64>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} outs(%o : memref<?x4xbf16>) {
  ^bb0(%b: bf16):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %0 = memref.load %table[%j] : memref<4xi64>
    %1 = arith.index_cast %0 : i64 to index
    %2 = memref.load %x[%i, %1] : memref<?x4xbf16>
    linalg.yield %2 : bf16
  }
  return
}
}

// CHECK: rt.launch @gather {{.*}}rt.kernel_index = 1
// CHECK: rt.launch @wave {{.*}}rt.kernel_index = 0
// CHECK: module @gpu_kernels
// The table lives in the kernels' memory.
// CHECK: llvm.mlir.global private constant @order

// Functions without an instruction and without a polynomial are libdevice's;
// narrow floats are computed in f32.
// CHECK-LABEL: llvm.func @wave(
// CHECK-SAME: !llvm.ptr {llvm.noalias}
// CHECK-SAME: nvvm.kernel
// CHECK-DAG: %[[BLOCK:.*]] = nvvm.read.ptx.sreg.ctaid.x : i32
// CHECK-DAG: %[[SIZE:.*]] = nvvm.read.ptx.sreg.ntid.x : i32
// CHECK-DAG: %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x : i32
// CHECK: %[[NUMBER:.*]] = llvm.add
// CHECK: %[[IN:.*]] = llvm.icmp "ult" %[[NUMBER]]
// CHECK: llvm.cond_br %[[IN]]
// CHECK: llvm.urem %[[NUMBER]]
// CHECK: llvm.udiv %[[NUMBER]]
// CHECK: llvm.call @__nv_atanf(%{{.*}}) : (f32) -> f32
// CHECK-NOT: math.exp
// CHECK-LABEL: llvm.func @gather(
// CHECK: llvm.mlir.addressof @order
