//===- OnnxBase.td - The onnx dialect -------------------------*- tablegen -*-===//

#ifndef TPOPT_DIALECTS_ONNX_ONNXBASE
#define TPOPT_DIALECTS_ONNX_ONNXBASE

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::tpo::onnx";
  let summary = "ONNX operators in their current semantics";
  let description = [{
    The imported graph. One operation per ONNX operator, in the newest version
    of the ONNX library the compiler is built with; importing lifts models of
    older opsets. `onnx.NAME` is an operator of the default domain,
    `onnx.ms.NAME` one of the domain `com.microsoft`.

    Conventions:
    - Operands and results are those of the operator's schema, under the
      schema's names (`A` -> `getA()`, `past_key` -> `getPastKey()`); attributes
      keep their ONNX spelling.
    - An optional operand that is absent is the value of `onnx.NoValue`; an
      optional result that nobody uses has type `none`.
    - Symbolic sizes are the tensor types' `#tp.dims` encoding. Operands that
      are shapes are `onnx.Constant` or `onnx.SymbolicConstant`.
    - Signed integers are signless in types (int64 is `i64`), unsigned ones are
      not (uint8 is `ui8`), bool is `i1`.
    - All operations are pure. What they need for sharding is attached by
      external models from the libraries.
  }];
  // 200 operations: attributes in the dictionary need a third of the C++.
  let usePropertiesForAttributes = 0;
  let hasConstantMaterializer = 1;
}

def Onnx_OptionalTensor : AnyTypeOf<[AnyTensor, NoneType], "tensor, or none where absent">;

class Onnx_Op<string mnemonic, list<Trait> traits = []> : Op<Onnx_Dialect, mnemonic, !listconcat([Pure], traits)>;

// An operator defined by its schema: `numOperands`, `numResults` count those
// before a variadic tail. The one builder fills up what is left out at the end
// with onnx.NoValue operands and `none` results.
class Onnx_SchemaOp<string mnemonic, int numOperands, int numResults> : Onnx_Op<mnemonic> {
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::TypeRange":$types, "::mlir::ValueRange":$values,
                   CArg<"::llvm::ArrayRef<::mlir::NamedAttribute>", "{}">:$attributes),
      "::tpo::onnx::detail::buildSchemaOp($_builder, $_state, types, values, attributes, "
        # numOperands # ", " # numResults # ");">
  ];
}

#endif // TPOPT_DIALECTS_ONNX_ONNXBASE
