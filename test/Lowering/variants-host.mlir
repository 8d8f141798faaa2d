// RUN: tp-opt %s -rt-convert-kernels -rt-convert-host | FileCheck %s
// RUN: tp-opt %s -rt-convert-gpu-kernels -rt-convert-host | FileCheck %s --check-prefix=GPU

// Each function has its own code; tp_sizes and tp_run choose among them by the
// sizes of the run, the first variant first. Slots that the chosen one does not
// set are empty.
module attributes {tp.symbols = ["n", "m"]} {
// CHECK: llvm.func internal @tp_sizes_0(
// CHECK-NOT: rt.
// CHECK: llvm.func internal @tp_run_0(
// CHECK: llvm.call @k(
// GPU: llvm.func internal @tp_run_0(
// GPU: llvm.call @tprt_op_launch(
func.func @first(%x: memref<?xf32>, %o: memref<?xf32> {rt.output = 0 : i64}) attributes {tp.when = #tp.dims<[s0 - 1]>} {
  %n = rt.symbol 0
  %s = rt.slot 0[%n] : memref<?xf32>
  rt.launch @k ins(%x : memref<?xf32>) outs(%s : memref<?xf32>) {rt.op = 0 : i64}
  rt.copy ins(%s : memref<?xf32>) outs(%o : memref<?xf32>) {rt.op = 1 : i64}
  return
}
// CHECK: llvm.func internal @tp_sizes_1(
// CHECK: llvm.func internal @tp_run_1(
// CHECK: llvm.call @tprt_op_copy(
// GPU: llvm.func internal @tp_run_1(
func.func @main(%x: memref<?xf32>, %o: memref<?xf32> {rt.output = 0 : i64}) {
  rt.copy ins(%x : memref<?xf32>) outs(%o : memref<?xf32>) {rt.op = 2 : i64}
  return
}
// CHECK: llvm.func internal @tp_sizes_2(
// CHECK: llvm.func internal @tp_run_2(
// CHECK: llvm.call @k(
// GPU: llvm.func internal @tp_run_2(
func.func @second(%x: memref<?xf32>, %o: memref<?xf32> {rt.output = 0 : i64})
    attributes {tp.when = #tp.dims<[s1, s0 mod 2]>} {
  %n = rt.symbol 0
  %s = rt.slot 1[%n] : memref<?xf32>
  rt.launch @k ins(%x : memref<?xf32>) outs(%s : memref<?xf32>) {rt.op = 3 : i64}
  rt.copy ins(%s : memref<?xf32>) outs(%o : memref<?xf32>) {rt.op = 4 : i64}
  return
}
func.func private @k(%x: memref<?xf32>, %o: memref<?xf32>) attributes {rt.kernel} {
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x : memref<?xf32>) outs(%o : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}
}

// CHECK: llvm.func @tp_sizes(%[[SYMBOLS:.*]]: !llvm.ptr, %[[SLOTS:.*]]: !llvm.ptr)
// CHECK-DAG: %[[BYTES:.*]] = llvm.mlir.constant(16 : i64)
// CHECK-DAG: %[[ZERO:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: "llvm.intr.memset"(%[[SLOTS]], %{{.*}}, %[[BYTES]]) <{isVolatile = false}>
// CHECK: %[[N:.*]] = llvm.load
// CHECK: %[[DIFFERENCE:.*]] = arith.addi %[[N]], %{{.*}} : i64
// CHECK: %[[IS_ONE:.*]] = llvm.icmp "eq" %[[DIFFERENCE]], %[[ZERO]]
// CHECK: %[[FIRST:.*]] = llvm.and %{{.*}}, %[[IS_ONE]]
// CHECK: llvm.cond_br %[[FIRST]], ^[[RUN_FIRST:bb[0-9]+]], ^[[ELSE:bb[0-9]+]]
// CHECK: ^[[RUN_FIRST]]:
// CHECK-NEXT: llvm.call @tp_sizes_0(%[[SYMBOLS]], %[[SLOTS]])
// CHECK-NEXT: llvm.return
// CHECK: ^[[ELSE]]:
// CHECK-COUNT-2: llvm.and
// CHECK: llvm.cond_br
// CHECK: llvm.call @tp_sizes_2(
// CHECK-NEXT: llvm.return
// CHECK: llvm.call @tp_sizes_1(
// CHECK-NEXT: llvm.return
// CHECK: llvm.func @tp_run(
// CHECK-NOT: llvm.intr.memset
// CHECK: llvm.call @tp_run_0(
// CHECK: llvm.call @tp_run_2(
// CHECK: llvm.call @tp_run_1(
// CHECK: llvm.func @tp_abi_version
// GPU: llvm.func @tp_run(
// GPU: llvm.call @tp_run_0(
// GPU: llvm.call @tp_run_2(
// GPU: llvm.call @tp_run_1(
