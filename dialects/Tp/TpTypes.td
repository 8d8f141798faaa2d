//===- TpTypes.td - Types of the tp dialect ----------------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPTYPES_TD
#define DIALECTS_TP_TPTYPES_TD

include "dialects/Tp/TpDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Tp_PendingType : TypeDef<Tp_Dialect, "Pending"> {
  let mnemonic = "pending";
  let summary = "The result of a collective that may still be under way";
  let description = [{
    What `tp.start` returns and `tp.wait` turns into the tensor itself.

    ```mlir
    !tp.pending<tensor<4x8xf32>>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$tensor);
  let assemblyFormat = "`<` $tensor `>`";
}

#endif // DIALECTS_TP_TPTYPES_TD
