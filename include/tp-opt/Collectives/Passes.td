//===- Passes.td - Passes on collectives -------------------*- tablegen -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_COLLECTIVES_PASSES_TD
#define TP_OPT_COLLECTIVES_PASSES_TD

include "mlir/Pass/PassBase.td"

def SinkPartialSumsPass : Pass<"tp-sink-partial-sums", "::mlir::func::FuncOp"> {
  let summary = "Let partial sums meet before they are reduced";
  let description = [{
    Runs on a program with layouts and explicit reshards, before partitioning.
    Where a chain of additions has several addends that are reduced from the
    same kind of partial sum, possibly behind operations that are linear in
    them, the partial sums are added first and reduced once: parallel attention
    and MLP cost one all-reduce. Replicated addends are added behind it. A
    single partial sum stays where it is: moving it would gain nothing.

    Input:
    ```mlir
    %a1 = tp.reshard %a0 to <@mesh, [{}, {} ]>  // a0, b0 partial = sum{"tp"}
    %b1 = tp.reshard %b0 to <@mesh, [{}, {} ]>
    %x1 = "onnx.Add"(%x, %a1)
    %x2 = "onnx.Add"(%x1, %b1)
    ```
    Output:
    ```mlir
    %s0 = "onnx.Add"(%a0, %b0)                 // partial = sum{"tp"}
    %s1 = tp.reshard %s0 to <@mesh, [{}, {} ]>
    %x2 = "onnx.Add"(%x, %s1)
    ```
  }];
}

def DedupeCollectivesPass : Pass<"tp-dedupe-collectives", "::mlir::func::FuncOp"> {
  let summary = "Do every collective once";
  let description = [{
    Runs on a partitioned program. Collectives of the same value with the same
    layouts are the same, whichever layer or node they are for.

    Input:
    ```mlir
    %a = tp.all_gather %x dim 1 over <["tp"]> ... {tp.layer = 0 : i64}
    %b = tp.all_gather %x dim 1 over <["tp"]> ... {tp.layer = 1 : i64}
    ```
    Output:
    ```mlir
    %a = tp.all_gather %x dim 1 over <["tp"]> ... {tp.layer = 0 : i64}
    ```
  }];
}

def CombineCollectivesPass : Pass<"tp-combine-collectives", "::mlir::func::FuncOp"> {
  let summary = "Join small independent all-reduces";
  let description = [{
    Runs on a partitioned program. All-reduces with the same axes, reduction
    and element type, none of which depends on another one, become one on the
    concatenation of their operands if each of them is at most `max-bytes`
    large: below that the latency of a collective costs more than its data.

    Input:
    ```mlir
    %a1 = tp.all_reduce sum %a ... : tensor<4x8xf32>
    %b1 = tp.all_reduce sum %b ... : tensor<16xf32>
    ```
    Output:
    ```mlir
    %c = "onnx.Concat"(%fa, %fb) {axis = 0 : si64}   // flattened a and b
    %c1 = tp.all_reduce sum %c ... : tensor<48xf32>
    %a1 = "onnx.Reshape"(...) // of the Slice [0, 32) of %c1
    %b1 = "onnx.Reshape"(...) // of the Slice [32, 48) of %c1
    ```
  }];
  let options = [
    Option<"maxBytes", "max-bytes", "int64_t", "65536",
           "Largest tensor that is combined, at the assumed sizes">,
  ];
  let dependentDialects = ["::tpo::onnx::OnnxDialect"];
}

#endif // TP_OPT_COLLECTIVES_PASSES_TD
