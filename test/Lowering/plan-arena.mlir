// RUN: tp-opt %s -rt-plan-arena | FileCheck %s

// The second temporary is read through a view at the end; the third is dead
// before it is written.
// CHECK: rt.ops = [{name = "first", type = "Gelu"}, {layer = 1 : i64, name = "", type = "launch"}, {name = "", type = "copy"}]
// CHECK-SAME: rt.slots = [array<i64: 0, 1>, array<i64: 1, 2>, array<i64: 0, 0>]
// CHECK-LABEL: func @main
func.func @main(%x: memref<?xf32>, %o: memref<?x1xf32>, %n: index) {
  // CHECK: %[[A:.*]] = rt.slot 0[%{{.*}}] : memref<?xf32>
  %a = memref.alloc(%n) : memref<?xf32>
  // CHECK: rt.launch @k ins(%{{.*}}) outs(%[[A]] : memref<?xf32>) {rt.op = 0 : i64
  rt.launch @k ins(%x : memref<?xf32>) outs(%a : memref<?xf32>) {rt.op_type = "Gelu"} loc("first")
  // CHECK: %[[B:.*]] = rt.slot 1
  %b = memref.alloc(%n) : memref<?xf32>
  // CHECK: rt.launch @k ins(%[[A]] : memref<?xf32>) outs(%[[B]] : memref<?xf32>)
  rt.launch @k ins(%a : memref<?xf32>) outs(%b : memref<?xf32>) {tp.layer = 1 : i64}
  %v = rt.reshape %b[%n] : memref<?xf32> -> memref<?x1xf32>
  rt.copy ins(%v : memref<?x1xf32>) outs(%o : memref<?x1xf32>)
  // CHECK: rt.slot 2
  %c = memref.alloc() : memref<7xf32>
  return
}
func.func private @k(memref<?xf32>, memref<?xf32>) attributes {rt.kernel}
