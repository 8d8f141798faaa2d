// RUN: tp-opt %s -rt-order-reductions -split-input-file | FileCheck %s
// RUN: tp-opt %s -rt-order-reductions=lanes=1 -split-input-file | FileCheck %s --check-prefix=INORDER
// RUN: not tp-opt %s -rt-order-reductions=lanes=3 -split-input-file 2>&1 | FileCheck %s --check-prefix=BAD
// BAD: error: rt-order-reductions: the number of lanes must be a power of two, not 3

// A sum whose order is free gets lanes, a pairwise sum of them, and a rest.
// CHECK-LABEL: func.func @sum
// CHECK-DAG: %[[BUFFER:.*]] = memref.alloca() : memref<16xf32>
// CHECK: %[[REST:.*]] = arith.remsi %[[N:.*]], %c16
// CHECK: %[[WHOLE:.*]] = arith.subi %[[N]], %[[REST]]
// CHECK: %[[FIRST:.*]] = scf.if
// CHECK:   scf.for %[[BLOCK:.*]] = %{{.*}} to %[[WHOLE]]
// CHECK:     scf.for %[[LANE:.*]] =
// CHECK:       %[[I:.*]] = arith.addi %[[BLOCK]], %[[LANE]]
// CHECK:       %[[X:.*]] = memref.load %{{.*}}[%[[I]]] : memref<?xf32>
// CHECK:       %[[ACC:.*]] = memref.load %[[BUFFER]][%[[LANE]]]
// CHECK:       %[[S:.*]] = arith.addf %[[ACC]], %[[X]] : f32
// CHECK:       memref.store %[[S]], %[[BUFFER]][%[[LANE]]]
// CHECK:     {llvm.loop_annotation
// CHECK: scf.for %{{.*}} = %[[WHOLE]] to %[[N]] {{.*}} iter_args(%{{.*}} = %[[FIRST]])
// INORDER-LABEL: func.func @sum
// INORDER-NOT: memref.alloca
// INORDER: arith.addf %{{[^ ]*}}, %{{[^ ]*}} : f32
func.func @sum(%a: memref<?xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> f32 {
    %x = memref.load %a[%i] : memref<?xf32>
    %s = arith.addf %acc, %x fastmath<reassoc> : f32
    scf.yield %s : f32
  }
  return %sum : f32
}

// -----

// A sum in memory is taken out of it.
// CHECK-LABEL: func.func @in_memory
// CHECK: %[[INIT:.*]] = memref.load %[[O:.*]][%[[ROW:.*]]] : memref<4xf32>
// CHECK: %[[REDUCED:.*]] = scf.if
// CHECK: arith.addf %[[INIT]]
// CHECK: %[[SUM:.*]] = scf.for
// CHECK: memref.store %[[SUM]], %[[O]][%[[ROW]]]
func.func @in_memory(%a: memref<4x?xf32>, %o: memref<4xf32>, %row: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %x = memref.load %a[%row, %i] : memref<4x?xf32>
    %acc = memref.load %o[%row] : memref<4xf32>
    %s = arith.addf %x, %acc fastmath<reassoc> : f32
    memref.store %s, %o[%row] : memref<4xf32>
  }
  return
}

// -----

// Extrema start from the neutral element.
// CHECK-LABEL: func.func @maximum
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
// CHECK: memref.store %[[LOWEST]]
// CHECK: arith.maximumf
func.func @maximum(%a: memref<64xf32>, %init: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %max = scf.for %i = %c0 to %c64 step %c1 iter_args(%acc = %init) -> f32 {
    %x = memref.load %a[%i] : memref<64xf32>
    %m = arith.maximumf %acc, %x fastmath<reassoc> : f32
    scf.yield %m : f32
  }
  return %max : f32
}

// -----

// Left in order: fewer elements than lanes; an order that is not free; a term
// that depends on what was accumulated; a difference. No flags stay.
// CHECK-LABEL: func.func @in_order
// CHECK-NOT: memref.alloca
// CHECK-NOT: fastmath
func.func @in_order(%a: memref<?xf32>, %n: index) -> (f32, f32, f32, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %zero = arith.constant 0.0 : f32
  %few = scf.for %i = %c0 to %c7 step %c1 iter_args(%acc = %zero) -> f32 {
    %x = memref.load %a[%i] : memref<?xf32>
    %s = arith.addf %acc, %x fastmath<reassoc> : f32
    scf.yield %s : f32
  }
  %ordered = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> f32 {
    %x = memref.load %a[%i] : memref<?xf32>
    %s = arith.addf %acc, %x : f32
    scf.yield %s : f32
  }
  %recurrence = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> f32 {
    %x = memref.load %a[%i] : memref<?xf32>
    %p = arith.mulf %acc, %x : f32
    %s = arith.addf %acc, %p fastmath<reassoc,contract> : f32
    scf.yield %s : f32
  }
  %difference = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> f32 {
    %x = memref.load %a[%i] : memref<?xf32>
    %s = arith.subf %acc, %x fastmath<reassoc> : f32
    scf.yield %s : f32
  }
  return %few, %ordered, %recurrence, %difference : f32, f32, f32, f32
}
