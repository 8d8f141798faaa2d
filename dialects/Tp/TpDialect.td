//===- TpDialect.td - The tensor-parallel dialect ----------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPDIALECT_TD
#define DIALECTS_TP_TPDIALECT_TD

include "mlir/IR/DialectBase.td"

def Tp_Dialect : Dialect {
  let name = "tp";
  let cppNamespace = "::tpo::tp";
  let summary = "The sharding language: meshes, layouts, collectives, weights";
  let description = [{
    Types, attributes and operations that describe how the tensors of any other
    dialect are distributed over a mesh of devices, and how they move between
    distributions. `docs/sharding-model.md` defines the algebra.

    Discardable attributes of this dialect:

    - `tp.symbols` (module): names of the symbols `s0, s1, ...` that size
      expressions use; a name starting with `%` is the coordinate of the
      executing rank along that mesh axis.
    - `tp.files` (module): paths of weight files, relative to the model.
    - `tp.layouts` (operation): one layout per result.
    - `tp.layout` (function argument or result): the layout of that value.
    - `tp.reasons` (operation): why each result is laid out as it is.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Names of the discardable attributes.
    static constexpr ::llvm::StringLiteral kSymbolsAttr = "tp.symbols";
    static constexpr ::llvm::StringLiteral kFilesAttr = "tp.files";
    static constexpr ::llvm::StringLiteral kLayoutsAttr = "tp.layouts";
    static constexpr ::llvm::StringLiteral kLayoutAttr = "tp.layout";
    static constexpr ::llvm::StringLiteral kReasonsAttr = "tp.reasons";
    static constexpr ::llvm::StringLiteral kGlobalTypeAttr = "tp.global_type";

  private:
    void registerAttributes();
    void registerTypes();
    void registerOperations();
  }];
}

#endif // DIALECTS_TP_TPDIALECT_TD
