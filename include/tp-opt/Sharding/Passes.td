//===- Passes.td - Sharding passes -------------------------*- tablegen -*-===//

#ifndef TP_OPT_SHARDING_PASSES_TD
#define TP_OPT_SHARDING_PASSES_TD

include "mlir/Pass/PassBase.td"

def PropagatePass : Pass<"tp-propagate", "::mlir::ModuleOp"> {
  let summary = "Complete the layouts of a program from those given";
  let description = [{
    Starts from the layouts that are given, as `tp.layout` of function arguments
    and results, as `tp.layouts` of operations and by `tp.constrain`, and splits
    the factors of every operation as its operands and results are split, forward
    and backward, until nothing changes. Splitting a reduction makes a result
    partial. Nothing is invented: what no given layout reaches stays replicated.
    Two given layouts that want one axis for two factors of an operation are an
    error that names both.

    Every tensor then has a layout, and every operand the one its operation
    needs, by `tp.reshard` where its value has another (once per value and
    layout). `tp.constrain` becomes a reshard or disappears. Function results
    without a layout keep theirs with pending sums done. An operation without a
    rule is replicated.

    Input:
    ```mlir
    tp.mesh @mesh <["tp"=4]>
    func.func @main(%x: tensor<8x16xf32>,
        %w: tensor<16x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"} ]>})
        -> tensor<8x32xf32> {
      %y = "onnx.MatMul"(%x, %w) ...
      %z = "onnx.Relu"(%y) ...
      return %z : tensor<8x32xf32>
    }
    ```
    Output:
    ```mlir
    func.func @main(
        %x: tensor<8x16xf32> {tp.layout = #tp.layout<@mesh, [{}, {} ]>},
        %w: tensor<16x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"} ]>})
        -> (tensor<8x32xf32> {tp.layout = #tp.layout<@mesh, [{}, {"tp"} ]>}) {
      %y = "onnx.MatMul"(%x, %w)
          {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"} ]>], ...} ...
      ...
    }
    ```
  }];
  let dependentDialects = ["::tpo::tp::TpDialect"];
}

def PrintRulesPass : Pass<"tp-print-rules", "::mlir::ModuleOp"> {
  let summary = "Print the sharding rule of every operation as a remark";
  let description = [{
    For tests. Input: `"onnx.MatMul"(%x, %w) : (tensor<8x16xf32>,
    tensor<16x32xf32>) -> tensor<8x32xf32>`. Output, as a remark:
    `([i, k], [k, j]) -> ([i, j]) {i=8 parallel, j=32 parallel, k=16
    reduction(sum)} linear {0} linear {1}`.
  }];
}

#endif // TP_OPT_SHARDING_PASSES_TD
