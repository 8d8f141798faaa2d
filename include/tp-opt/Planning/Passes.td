//===- Passes.td - Planning passes -------------------------*- tablegen -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_PASSES_TD
#define TP_OPT_PLANNING_PASSES_TD

include "mlir/Pass/PassBase.td"

def TpPlanPass : Pass<"tp-plan", "::mlir::ModuleOp"> {
  let summary = "Choose the layout of every tensor";
  let description = [{
    Chooses for every operation which of its factors the mesh axis `tp` splits,
    so that modelled time (arithmetic, memory and wire) is minimal: an exact
    minimum by variable elimination. No annotation is needed. Every large weight
    is divided where its operation allows that.

    What `tp.constrain`s and the module's `tp.constraints` (docs/constraints.md)
    demand holds in the plan; the rest is the best that they leave. Demands that
    nothing satisfies are errors that name them.

    The mesh is the module's `tp.mesh`. Writes `tp.layouts` and `tp.reasons` on
    operations, `tp.layout` on the function's arguments and results, and
    `tp.reshard` wherever an operation needs another layout than its operand has.

    Input:
    ```mlir
    tp.mesh @mesh <["tp"=4]>
    %y = "onnx.MatMul"(%x, %w) : (tensor<?x128xf32>, tensor<128x512xf32>) -> tensor<?x512xf32>
    ```
    Output:
    ```mlir
    %y = "onnx.MatMul"(%x, %w) {tp.layouts = [#tp.layout<@mesh, [{}, {"tp"} ]>], tp.reasons = [...]} : ...
    ```
  }];
  let options = [
    ListOption<"assume", "assume", "std::string",
               "Values of symbolic sizes that the plan is made for, as name=value">,
    Option<"writeNetwork", "write-network", "std::string", /*default=*/"",
           "Write the cost network and its minimum to this JSON file, for other solvers to check">,
    Option<"cluster", "cluster", "std::string", "",
           "Plan for the devices of this cluster, a preset or a file (docs/planning.md)">,
    Option<"maxWeightBytes", "max-weight-bytes", "uint64_t", "0",
           "What the weights of a rank may take; 0: as much as they want">,
    Option<"sequenceParallel", "sequence-parallel", "std::string", "\"auto\"",
           "Split rows between products where that costs less (auto), at every normalization (always), or never (off)">,
    Option<"planFile", "plan", "std::string", "",
           "A plan file whose layouts are demanded">,
    Option<"savePlan", "save-plan", "std::string", "",
           "Write the plan to this file">,
    Option<"alternatives", "alternatives", "bool", "false",
           "Leave what the next best layout of each value costs more in `tp.alternatives`">,
    Option<"recordShardings", "record-shardings", "bool", "false",
           "Leave the plan in the terms of ONNX's multi-device fields in `onnx.shardings`">,
    ListOption<"explain", "explain", "std::string",
               "Print why the tensors of these names or patterns are laid out as they are">
  ];
  let dependentDialects = ["::tpo::tp::TpDialect"];
}

#endif // TP_OPT_PLANNING_PASSES_TD
