// RUN: tp-opt %s -rt-convert-kernels -rt-convert-host | FileCheck %s

// An addition swallows no product: which one would depend on the loop. LLVM may
// reorder nothing.
// CHECK: llvm.func internal @square
// CHECK: %[[P:.*]] = llvm.fmul %{{[^ ]*}}, %{{[^ ]*}} : f32
// CHECK: %[[Q:.*]] = llvm.fmul %{{[^ ]*}}, %{{[^ ]*}} : f32
// CHECK: %[[S:.*]] = llvm.fadd %[[P]], %[[Q]] : f32
// CHECK: llvm.fadd %{{[^ ]*}}, %[[S]] : f32
// CHECK-NOT: fastmathFlags
module {
func.func @main(%x: memref<4x8xf32>, %o: memref<4xf32> {rt.output = 0 : i64}) {
  rt.launch @square ins(%x : memref<4x8xf32>) outs(%o : memref<4xf32>) {rt.op = 0 : i64}
  return
}
func.func private @square(%x: memref<4x8xf32>, %o: memref<4xf32>) attributes {rt.kernel} {
  %c = arith.constant 3.0 : f32
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
      iterator_types = ["parallel", "reduction"]} ins(%x : memref<4x8xf32>) outs(%o : memref<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.mulf %a, %c : f32
    %2 = arith.addf %0, %1 : f32
    %3 = arith.addf %acc, %2 : f32
    linalg.yield %3 : f32
  }
  return
}
}
