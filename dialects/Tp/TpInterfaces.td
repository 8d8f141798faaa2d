//===- TpInterfaces.td - Interfaces of the tp dialect ------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPINTERFACES_TD
#define DIALECTS_TP_TPINTERFACES_TD

include "mlir/IR/OpBase.td"

def ShardingRuleOpInterface : OpInterface<"ShardingRuleOpInterface"> {
  let cppNamespace = "::tpo::tp";
  let description = [{
    An operation that knows how it may be split. There is no default: an
    operation without it stays replicated or is an error, as the pass decides.
    External models implement it for operations of other dialects.
  }];
  let methods = [
    InterfaceMethod<[{
        The factors of this operation (`dialects/Tp/ShardingRule.h`). Emits an
        error and fails where the operation cannot be described.
      }],
      "::mlir::FailureOr<::tpo::tp::ShardingRule>", "getShardingRule">,
  ];
}

def PartitionOpInterface : OpInterface<"PartitionOpInterface"> {
  let cppNamespace = "::tpo::tp";
  let description = [{
    An operation that can be written for one rank.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds at `builder` the operation that one rank executes, from that
        rank's pieces of the operands, and returns its pieces of the results.
        Their types are `context.getResultLocalType(i)`. Results that are
        partial in their layout are left partial: no collectives here. Emits an
        error and fails where the split is not supported.
      }],
      "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "partition",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$localOperands,
           "const ::tpo::tp::PartitionContext &":$context)>,
  ];
}

#endif // DIALECTS_TP_TPINTERFACES_TD
