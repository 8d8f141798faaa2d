//===- Passes.td - Partition passes ------------------------*- tablegen -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PARTITION_PASSES_TD
#define TP_OPT_PARTITION_PASSES_TD

include "mlir/Pass/PassBase.td"

def FindLayersPass : Pass<"tp-find-layers", "::mlir::func::FuncOp"> {
  let summary = "Number the repeated blocks of a network";
  let description = [{
    Finds the longest repetition in the sequence of operations that read
    weights and sets `tp.layer` on everything that belongs to one of its
    blocks. Names are not looked at.

    Input:
    ```mlir
    %n = "onnx.LayerNormalization"(%x, %w0, %b0) ...
    %m = "onnx.MatMul"(%n, %w1) ...
    ```
    Output:
    ```mlir
    %n = "onnx.LayerNormalization"(%x, %w0, %b0) {tp.layer = 0 : i64} ...
    %m = "onnx.MatMul"(%n, %w1) {tp.layer = 0 : i64} ...
    ```
  }];
}

def PartitionPass : Pass<"tp-partition", "::mlir::ModuleOp"> {
  let summary = "Turn a program with layouts into the program of one rank";
  let description = [{
    Every value gets the type of the piece that one rank holds, every operation
    its local form, and every `tp.reshard` the collectives that move data
    between the two layouts. Weights are not moved: a rank's piece is a view
    whose offset is an expression in the rank's mesh coordinates (`%axis` in
    `tp.symbols`). Arguments and results keep their layout and their global type
    as attributes.

    Functions without layouts are left alone. Fails where an operation's layouts
    are not legal for it, or where it has no rule.

    Input:
    ```mlir
    tp.mesh @mesh <["tp"=4]>
    func.func @main(%x: tensor<8x16xf32>) -> tensor<8x32xf32> {
      %w = tp.weight "w" {file = 0 : i32, view = ...,
          tp.layouts = [#tp.layout<@mesh, [{"tp"}, {} ]>]} : tensor<16x32xf32>
      %s = tp.reshard %x {layout = #tp.layout<@mesh, [{}, {"tp"} ]>} ...
      %p = "onnx.MatMul"(%s, %w)
          {tp.layouts = [#tp.layout<@mesh, [{}, {} ], partial = sum{"tp"}> ]} ...
      %r = tp.reshard %p {layout = #tp.layout<@mesh, [{}, {} ]>} ...
      return %r
    }
    ```
    Output:
    ```mlir
    func.func @main(%x: tensor<8x16xf32>) -> tensor<8x32xf32> {
      %w = tp.weight "w" {... offset = s0 * 512 ...} : tensor<4x32xf32>
      %s = tp.slice %x ... : tensor<8x16xf32> -> tensor<8x4xf32>
      %p = "onnx.MatMul"(%s, %w) : ... -> tensor<8x32xf32>
      %r = tp.all_reduce %p ...
      return %r
    }
    ```
  }];
  let dependentDialects = ["::tpo::tp::TpDialect"];
}

def MergeMatMulsPass : Pass<"tp-merge-matmuls", "::mlir::func::FuncOp"> {
  let summary = "Merge products of one value with several weights";
  let description = [{
    `MatMul`s with the same left operand and weights on the right (query, key
    and value projections; gate and up projections) become one `MatMul` with the
    concatenated weight, which is packed when weights are loaded, and a `Slice`
    per product.

    Input:
    ```mlir
    %q = "onnx.MatMul"(%x, %wq) : (tensor<?x64xf32>, tensor<64x32xf32>) -> ...
    %k = "onnx.MatMul"(%x, %wk) : (tensor<?x64xf32>, tensor<64x16xf32>) -> ...
    ```
    Output:
    ```mlir
    %w = "onnx.Concat"(%wq, %wk) {axis = -1 : si64} : ... -> tensor<64x48xf32>
    %m = "onnx.MatMul"(%x, %w) : ...
    %q = "onnx.Slice"(%m, %c0, %c32, %axis, ...)
    %k = "onnx.Slice"(%m, %c32, %c48, %axis, ...)
    ```
  }];
}

#endif // TP_OPT_PARTITION_PASSES_TD
