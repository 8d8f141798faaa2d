// RUN: tp-opt %s -rt-plan-arena | FileCheck %s

// Operations and slots of all functions are numbered together, operations that
// may fail inside of kernels too.
// CHECK: rt.ops = [{name = "a", type = "launch"}, {name = "b", type = "copy"}, {name = "inside", type = "Gather"},
// CHECK-SAME: {name = "c", type = "launch"}, {name = "d", type = "launch"}, {name = "e", type = "copy"}, {name = "other", type = "Gather"}]
// CHECK-SAME: rt.slots = [array<i64: 0, 1>, array<i64: 3, 4>, array<i64: 4, 5>]
module attributes {tp.symbols = ["n"]} {
// CHECK-LABEL: func @main
func.func @main(%x: memref<8xf32>, %o: memref<8xf32> {rt.output = 0 : i64}) {
  // CHECK: rt.slot 0
  %a = memref.alloc() : memref<8xf32>
  // CHECK: rt.launch {{.*}}rt.check_base = 2 : i64, {{.*}}rt.op = 0 : i64
  rt.launch @k ins(%x : memref<8xf32>) outs(%a : memref<8xf32>) {rt.checks = [{loc = loc("inside"), type = "Gather"}]} loc("a")
  // CHECK: rt.copy {{.*}}rt.op = 1 : i64
  rt.copy ins(%a : memref<8xf32>) outs(%o : memref<8xf32>) loc("b")
  return
}
// CHECK-LABEL: func @variant
func.func @variant(%x: memref<8xf32>, %o: memref<8xf32> {rt.output = 0 : i64}) attributes {tp.when = #tp.dims<[s0 - 1]>} {
  // CHECK: rt.slot 1
  // CHECK: rt.launch {{.*}}rt.op = 3 : i64
  %a = memref.alloc() : memref<8xf32>
  rt.launch @k ins(%x : memref<8xf32>) outs(%a : memref<8xf32>) loc("c")
  // CHECK: rt.slot 2
  // CHECK: rt.launch {{.*}}rt.check_base = 6 : i64, {{.*}}rt.op = 4 : i64
  %b = memref.alloc() : memref<8xf32>
  rt.launch @k ins(%a : memref<8xf32>) outs(%b : memref<8xf32>) {rt.checks = [{loc = loc("other"), type = "Gather"}]} loc("d")
  // CHECK: rt.copy {{.*}}rt.op = 5 : i64
  rt.copy ins(%b : memref<8xf32>) outs(%o : memref<8xf32>) loc("e")
  return
}
func.func private @k(memref<8xf32>, memref<8xf32>) attributes {rt.kernel}
}
