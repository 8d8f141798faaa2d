//===- Passes.td - Export passes ---------------------------*- tablegen -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_EXPORT_PASSES_TD
#define TP_OPT_EXPORT_PASSES_TD

include "mlir/Pass/PassBase.td"

def ExportShardPass : Pass<"tp-export-shard", "::mlir::ModuleOp"> {
  let summary = "Write layouts and collectives in MLIR's shard dialect";
  let description = [{
    `tp.mesh` becomes `shard.grid`. A function with layouts (after `tp-plan` or
    `tp-propagate`) gets a `shard.shard` behind every tensor and, with
    `annotate_for_users`, in front of every use of one: what `shard-partition`
    expects. A partitioned function (after `tp-partition`) gets `shard`'s
    collectives instead, which `convert-shard-to-mpi` can take on; `tp.start`
    and `tp.wait` become collectives that block. Variants for some sizes
    (`tp.when`) are erased.

    Uneven pieces of a dimension of static size are written as
    `sharded_dims_offsets`. A pending sum is a layout here but not there: it is
    written where every use of the tensor completes it, and `shard-partition`
    puts the reduction behind the operation that makes it.

    An error that names the tensor is reported for what `shard` cannot say: parts
    of mesh axes, a pending sum that other operations read, pending maxima and
    minima, uneven pieces of unknown size or in a collective, permutations, and
    point-to-point transfers.

    Input:
    ```mlir
    tp.mesh @mesh <["tp"=4]>
    func.func @f(%x: tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"} ]>}) {
      %y = math.exp %x {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"} ]>]} : tensor<8x16xf32>
    ```
    Output:
    ```mlir
    shard.grid @mesh(shape = 4)
    func.func @f(%x: tensor<8x16xf32>) {
      %s = shard.sharding @mesh split_axes = [[], [0]] : !shard.sharding
      %0 = shard.shard %x to %s : tensor<8x16xf32>
      %1 = shard.shard %0 to %s annotate_for_users : tensor<8x16xf32>
      %2 = math.exp %1 : tensor<8x16xf32>
      %3 = shard.shard %2 to %s : tensor<8x16xf32>
    ```

    Input (partitioned):
    ```mlir
    %r = tp.all_reduce %p sum over <["tp"]> : tensor<8x16xf32> -> tensor<8x16xf32> ...
    ```
    Output:
    ```mlir
    %r = shard.all_reduce %p on @mesh grid_axes = [0] : tensor<8x16xf32> -> tensor<8x16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::shard::ShardDialect"];
}

def ExportSdyPass : Pass<"tp-export-sdy", "::mlir::ModuleOp"> {
  let summary = "Print a planned module as StableHLO with Shardy's annotations";
  let description = [{
    Prints text for Shardy, which this project does not link: `tp.mesh` as
    `sdy.mesh`, layouts as `#sdy.sharding` on arguments, results and operations
    (parts of axes included), changes of layout as `sdy.sharding_constraint`,
    weights as further arguments, and the operators of dense transformer blocks
    as StableHLO. Variants for some sizes (`tp.when`) are left out. The module
    itself does not change.

    A pending sum is not written: the operation has the layout of its split
    dimensions, and Shardy finds the all-reduce.

    Fails, naming the operation, on operators without a StableHLO form here, on
    sizes that are not static (`--dim` fixes them), and on uneven pieces.

    Input:
    ```mlir
    tp.mesh @mesh <["tp"=8]>
    func.func @main(%x: tensor<8x16xf32>) -> tensor<8x32xf32> {
      %w = tp.weight "w" {..., tp.layouts = [#tp.layout<@mesh, [{}, {"tp":(1)4} ]>]} : tensor<16x32xf32>
      %y = "onnx.MatMul"(%x, %w) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp":(1)4} ]>]} ...
    ```
    Output:
    ```mlir
    sdy.mesh @mesh = <["tp"=8]>
    func.func public @main(%arg0: tensor<8x16xf32>, %arg1: tensor<16x32xf32>
        {sdy.sharding = #sdy.sharding<@mesh, [{}, {"tp":(1)4} ]>}) -> ... {
      %0 = "stablehlo.dot_general"(%arg0, %arg1) {...,
          sdy.sharding = #sdy.sharding_per_value<[<@mesh, [{}, {"tp":(1)4} ]>]>} : ...
    ```
  }];
  let options = [
    Option<"output", "output", "std::string", "\"-\"", "File to write, or - for standard output">
  ];
}

#endif // TP_OPT_EXPORT_PASSES_TD
