//===- TpAttrs.td - Attributes of the tp dialect -----------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPATTRS_TD
#define DIALECTS_TP_TPATTRS_TD

include "dialects/Tp/TpDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"

class Tp_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Tp_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Tp_DimsAttr : Tp_Attr<"Dims", "dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Symbolic sizes of a tensor's dimensions";
  let description = [{
    One size expression per dimension, over the symbols `s0, s1, ...` named by
    the module attribute `tp.symbols`. Sums, products of symbols, `floordiv`,
    `ceildiv` and `mod` are allowed; `?` is a size nothing is known about.

    ```mlir
    tensor<?x?x128xf32, #tp.dims<[s0, s0 * s1 + 1, 128]>>
    ```

    **Constraints** as a tensor encoding
    - there are as many expressions as dimensions;
    - a static dimension has its own size as expression;
    - a dynamic dimension does not have a constant.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::AffineExpr">:$exprs);
  let hasCustomAssemblyFormat = 1;
}

def Tp_ViewAttr : Tp_Attr<"View", "view"> {
  let summary = "A strided view of a weight file";
  let description = [{
    Element `(i0, i1, ...)` of the tensor is the element of type `elem` stored
    at byte `offset + (i0 * strides[0] + i1 * strides[1] + ...) * sizeof(elem)`
    of the file. The sizes are those of the tensor. `offset` may use rank
    coordinates, so that every rank reads its own part; a stride of zero
    repeats. Where `elem` differs from the tensor's element type, loading
    converts.

    ```mlir
    #tp.view<elem = f32, offset = 4096, strides = [1, 384]>
    ```

    **Constraints**
    - `offset` is not a negative constant.
  }];
  let parameters = (ins "::mlir::Type":$elem, "::mlir::AffineExpr":$offset,
                        ArrayRefParameter<"int64_t">:$strides);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // DIALECTS_TP_TPATTRS_TD
