//===- TpOps.td - Operations of the tp dialect -------------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPOPS_TD
#define DIALECTS_TP_TPOPS_TD

include "dialects/Tp/TpAttrs.td"
include "dialects/Tp/TpTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Tp_Op<string opMnemonic, list<Trait> traits = []>
    : Op<Tp_Dialect, opMnemonic, traits>;

def Tp_MeshOp : Tp_Op<"mesh", [Symbol]> {
  let summary = "A named mesh of devices";
  let description = [{
    ```mlir
    tp.mesh @mesh <["dp"=1, "tp"=4 {bandwidth = 300.0, latency = 5.0} ]>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Tp_MeshAttr:$axes);
  let assemblyFormat = "$sym_name $axes attr-dict";
}

def Tp_WeightOp : Tp_Op<"weight", [Pure]> {
  let summary = "A tensor stored in a file, by reference";
  let description = [{
    The tensor is never loaded by the compiler: `file` indexes the module
    attribute `tp.files` and `view` says where its elements lie.

    ```mlir
    %w = tp.weight "wte" {file = 0 : i32,
        view = #tp.view<elem = f32, offset = 64, strides = [384, 1]>}
        : tensor<512x384xf32>
    ```

    **Constraints**
    - the view has one stride per dimension;
    - `file` is an index into `tp.files` of the enclosing module.
  }];
  let arguments = (ins StrAttr:$name, I32Attr:$file, Tp_ViewAttr:$view);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif // DIALECTS_TP_TPOPS_TD
