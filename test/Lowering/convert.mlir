// RUN: tp-opt %s -rt-convert-kernels -rt-convert-host | FileCheck %s

// The host program is calls of the ABI with views on the stack; kernels are
// called directly, and their pointers do not alias.
module attributes {tp.symbols = ["n"]} {
func.func @main(%x: memref<?x4xf32>, %o: memref<4x?xf32, strided<[?, 1]>> {rt.output = 0 : i64}) {
  %n = rt.symbol 0
  %s = rt.slot 0[%n] : memref<?x4xf32>
  rt.launch @k ins(%x : memref<?x4xf32>) sizes(%n) outs(%s : memref<?x4xf32>) {rt.op = 0 : i64}
  %w = rt.weight 2 : memref<4x4xf32>
  rt.matmul ins(%w, %s : memref<4x4xf32>, memref<?x4xf32>) outs(%o : memref<4x?xf32, strided<[?, 1]>>)
      {perms = [array<i64>, array<i64: 1, 0>, array<i64>], rt.op = 1 : i64}
  return
}
func.func private @k(%x: memref<?x4xf32>, %n: index, %o: memref<?x4xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x4xf32>) outs(%o : memref<?x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = math.exp %a : f32
    linalg.yield %0 : f32
  }
  return
}
}

// CHECK-DAG: llvm.func @tprt_op_matmul(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, f32, i32)
// CHECK: llvm.func internal @k(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64
// CHECK-NOT: math.exp
// CHECK: llvm.intr.fma

// Four bytes for each of n * 4 elements.
// CHECK: llvm.func @tp_sizes(%[[SYMBOLS:.*]]: !llvm.ptr, %[[SLOTS:.*]]: !llvm.ptr)
// CHECK-DAG: %[[C4:.*]] = llvm.mlir.constant(4 : i64)
// CHECK-DAG: %[[S0:.*]] = llvm.getelementptr %[[SYMBOLS]][0]
// CHECK: %[[N:.*]] = llvm.load %[[S0]]
// CHECK: %[[A:.*]] = llvm.mul %[[C4]], %[[N]]
// CHECK: %[[B:.*]] = llvm.mul %[[A]], %[[C4]]
// CHECK: llvm.store %[[B]]

// CHECK: llvm.func @tp_run(
// CHECK-SAME: passthrough = ["noinline", "optnone"]
// CHECK: llvm.call @k(
// CHECK: llvm.call @tprt_op_matmul(
// CHECK: llvm.func @tp_abi_version() -> i32
