//===- RtAttrs.td - Attributes of the rt dialect -----------*- tablegen -*-===//

#ifndef DIALECTS_RT_RTATTRS_TD
#define DIALECTS_RT_RTATTRS_TD

include "dialects/Rt/RtDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Rt_Activation : I32EnumAttr<"Activation", "what a matmul applies to its result", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Relu", 1, "relu">,
    I32EnumAttrCase<"GeluErf", 2, "gelu_erf">, I32EnumAttrCase<"GeluTanh", 3, "gelu_tanh">,
    I32EnumAttrCase<"Silu", 4, "silu">]> {
  let cppNamespace = "::tpo::rt";
}

def Rt_Reduction : I32EnumAttr<"Reduction", "how a collective combines", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">, I32EnumAttrCase<"Min", 2, "min">]> {
  let cppNamespace = "::tpo::rt";
}

// Numbered as tprt_scatter_reduction.
def Rt_ScatterReduction : I32EnumAttr<"ScatterReduction", "how updates join the data", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Mul", 2, "mul">,
    I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Max", 4, "max">]> {
  let cppNamespace = "::tpo::rt";
}

// Numbered as tprt_collective.
def Rt_CollectiveKind : I32EnumAttr<"CollectiveKind", "kind of a collective", [
    I32EnumAttrCase<"AllReduce", 0, "all_reduce">, I32EnumAttrCase<"AllGather", 1, "all_gather">,
    I32EnumAttrCase<"ReduceScatter", 2, "reduce_scatter">, I32EnumAttrCase<"AllToAll", 3, "all_to_all">,
    I32EnumAttrCase<"Broadcast", 4, "broadcast">, I32EnumAttrCase<"Permute", 5, "permute">]> {
  let cppNamespace = "::tpo::rt";
}

def Rt_WeightPartAttr : AttrDef<Rt_Dialect, "WeightPart"> {
  let mnemonic = "part";
  let summary = "A strided view of a file that fills a box of a weight";
  let description = [{
    The view of file `file` of the module's `tp.files`, of shape `sizes`, fills
    the box of that size at `start` of the weight. Expressions are over
    constants and rank coordinates.
  }];
  let parameters = (ins "int32_t":$file, "::tpo::tp::ViewAttr":$view, "::tpo::tp::DimsAttr":$start,
                        "::tpo::tp::DimsAttr":$sizes);
  let assemblyFormat = "`<` `file` `=` $file `,` `view` `=` $view `,` `start` `=` $start `,` `sizes` `=` $sizes `>`";
}

def Rt_WeightAttr : AttrDef<Rt_Dialect, "Weight"> {
  let mnemonic = "weight";
  let summary = "An entry of the weight table";
  let description = [{
    The program gets a contiguous row-major tensor of this element type and of
    `sizes` (which may depend on the rank); its parts tile it.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::Type":$elem, "::tpo::tp::DimsAttr":$sizes,
                        ArrayRefParameter<"::tpo::rt::WeightPartAttr">:$parts);
  let assemblyFormat = "`<` $name `,` $elem `,` $sizes `,` `[` $parts `]` `>`";
}

#endif // DIALECTS_RT_RTATTRS_TD
