// RUN: tp-opt %s -rt-convert-gpu-kernels -rt-convert-host | FileCheck %s

// A launch passes the address of each parameter (pointer, pointer, offset,
// sizes, strides of every buffer, and sizes), and blocks of 256 threads for the
// elements of the output; no kernel is called.
module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<?x4xf32>, %o: memref<?x4xf32> {rt.output = 0 : i64}) {
  %n = rt.symbol 0
  rt.launch @k ins(%x : memref<?x4xf32>) sizes(%n) outs(%o : memref<?x4xf32>) {rt.op = 7 : i64}
  return
}
func.func private @k(%x: memref<?x4xf32>, %n: index, %o: memref<?x4xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x4xf32>) outs(%o : memref<?x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}
}

// CHECK: llvm.func @tprt_op_launch(!llvm.ptr, i32, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32)
// CHECK-LABEL: llvm.func @tp_run(
// CHECK-DAG: %[[C15:.*]] = llvm.mlir.constant(15 : i32)
// CHECK-DAG: %[[OP:.*]] = llvm.mlir.constant(7 : i32)
// CHECK-DAG: %[[KERNEL:.*]] = llvm.mlir.constant(0 : i32)
// CHECK-DAG: %[[C255:.*]] = llvm.mlir.constant(255 : i64)
// CHECK-DAG: %[[C256:.*]] = llvm.mlir.constant(256 : i64)
// CHECK: %[[TOTAL:.*]] = llvm.mul
// CHECK: %[[PADDED:.*]] = llvm.add %[[TOTAL]], %[[C255]]
// CHECK: %[[BLOCKS:.*]] = llvm.udiv %[[PADDED]], %[[C256]]
// CHECK: llvm.store %[[BLOCKS]], %
// CHECK: llvm.call @tprt_op_launch(%{{.*}}, %[[OP]], %[[KERNEL]], %{{.*}}, %{{.*}}, %{{.*}}, %[[C15]])
// CHECK-NOT: llvm.call @k
