//===- TpCollectiveInterface.td - What collectives share ---*- tablegen -*-===//

#ifndef DIALECTS_TP_TPCOLLECTIVEINTERFACE_TD
#define DIALECTS_TP_TPCOLLECTIVEINTERFACE_TD

include "mlir/IR/OpBase.td"

def CollectiveOpInterface : OpInterface<"CollectiveOpInterface"> {
  let cppNamespace = "::tpo::tp";
  let description = [{
    An operation that brings one rank's piece of a tensor from one layout to
    another. The verifier recomputes the output layout and both local types.
  }];
  let methods = [
    InterfaceMethod<"What moves.", "::tpo::tp::CollectiveKind",
                    "getCollectiveKind">,
    InterfaceMethod<"The axes along which devices communicate.",
                    "::tpo::tp::AxesAttr", "getAxes">,
    InterfaceMethod<"The layout before.", "::tpo::tp::LayoutAttr",
                    "getInLayout">,
    InterfaceMethod<"The layout after.", "::tpo::tp::LayoutAttr",
                    "getOutLayout">,
    InterfaceMethod<"The tensor of which ranks hold pieces.", "::mlir::Type",
                    "getGlobalType">,
    InterfaceMethod<"The rank's piece before.", "::mlir::Value",
                    "getLocalInput", (ins), "",
                    "return $_op->getOperand(0);">,
    InterfaceMethod<"The rank's piece after.", "::mlir::Value",
                    "getLocalResult", (ins), "",
                    "return $_op->getResult(0);">,
    InterfaceMethod<"How terms combine, for collectives that reduce.",
                    "::std::optional<::tpo::tp::ReductionKind>",
                    "getReductionKind", (ins), "", "return std::nullopt;">,
    InterfaceMethod<[{
        The dimension that is gathered, scattered or sliced, where there is one.
      }], "::std::optional<int64_t>", "getDimension", (ins), "",
      "return std::nullopt;">,
    InterfaceMethod<"The dimension that an all_to_all splits.",
                    "::std::optional<int64_t>", "getSplitDimension", (ins), "",
                    "return std::nullopt;">,
  ];
  let verify = "return ::tpo::tp::verifyCollectiveOp($_op);";
}

#endif // DIALECTS_TP_TPCOLLECTIVEINTERFACE_TD
