//===- Toy.td - A dialect of another compiler --------------*- tablegen -*-===//

include "dialects/Tp/TpInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Toy_Dialect : Dialect {
  let name = "toy";
  let cppNamespace = "::toy";
}

// [operator]
def Toy_ScaledProductOp : Op<Toy_Dialect, "scaled_product",
    [Pure, DeclareOpInterfaceMethods<ShardingRuleOpInterface>, DeclareOpInterfaceMethods<PartitionOpInterface>]> {
  let summary = "The product of rows and a weight, every column scaled";
  let arguments = (ins AnyRankedTensor:$rows, AnyRankedTensor:$weight, AnyRankedTensor:$scale);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$rows `,` $weight `,` $scale attr-dict `:` functional-type(operands, results)";
}
// [/operator]
