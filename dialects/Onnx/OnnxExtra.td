//===- OnnxExtra.td - Operations beside the ONNX schemas ------*- tablegen -*-===//

#ifndef TPOPT_DIALECTS_ONNX_ONNXEXTRA
#define TPOPT_DIALECTS_ONNX_ONNXEXTRA

include "dialects/Onnx/OnnxBase.td"

// #tp.dims; named by its C++ class so that this dialect's TableGen does not
// depend on the tp dialect's.
def Onnx_DimsAttr : Attr<CPred<"::llvm::isa<::tpo::tp::DimsAttr>($_self)">, "#tp.dims attribute"> {
  let storageType = "::tpo::tp::DimsAttr";
  let returnType = "::tpo::tp::DimsAttr";
  let convertFromStorage = "$_self";
}

def Onnx_ConstantOp : Onnx_Op<"Constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A small constant";
  let description = [{
    ONNX's Constant with its `value` form alone. Import makes it for scalars and
    for small integer and bool tensors; everything larger is a `tp.weight`.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyTensor:$result);
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value)>];
  let hasFolder = 1;
}

def Onnx_SymbolicConstantOp : Onnx_Op<"SymbolicConstant"> {
  let summary = "Integers that depend on the symbolic sizes";
  let description = [{
    A vector (or, with one expression, a scalar) whose elements are expressions
    over the module's `tp.symbols`: what the exporter's shape arithmetic folds to.

    ```mlir
    %shape = "onnx.SymbolicConstant"() {value = #tp.dims<[s0, 8, s1 + s2]>} : () -> tensor<3xi64>
    ```
  }];
  let arguments = (ins Onnx_DimsAttr:$value);
  let results = (outs AnyStaticShapeTensor:$result);
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::tpo::tp::DimsAttr":$value)>];
  let hasVerifier = 1;
}

def Onnx_NoValueOp : Onnx_Op<"NoValue"> {
  let summary = "Stands for an optional operand that is absent";
  let results = (outs NoneType:$result);
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins)>];
}

#endif // TPOPT_DIALECTS_ONNX_ONNXEXTRA
