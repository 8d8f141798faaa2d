//===- RtDialect.td - The execution dialect ----------------*- tablegen -*-===//

#ifndef DIALECTS_RT_RTDIALECT_TD
#define DIALECTS_RT_RTDIALECT_TD

include "mlir/IR/DialectBase.td"

def Rt_Dialect : Dialect {
  let name = "rt";
  let cppNamespace = "::tpo::rt";
  let summary = "The execution level: what one rank runs";
  let description = [{
    The program of one rank as a straight line of operations in
    destination-passing style, first on tensors, after bufferization on memrefs.
    Each becomes a call of the runtime (`tprt/abi.h`) or of a compiled kernel.

    Discardable attributes of this dialect:

    - `rt.kernel` (function): a compiled kernel, called by `rt.launch`.
    - `rt.op_type` (operation): the operator an operation came from.
    - `rt.op` (operation): index into the manifest's `ops`.
    - `rt.weights` (module): the weight table, one `#rt.weight` per entry.
    - `rt.groups` (module): for each group id the partition of all ranks into
      member lists.
    - `rt.states` (module): `[input, output, axis]` for each state.
    - `rt.slots`, `rt.ops` (module): arena lifetimes, operation names.
    - `rt.checks` (launch): for each checking operator of the kernel its
      location and type; `rt.check_base`: their first index in `rt.ops`.
    - `rt.checked` (function): a compiled kernel that takes the context and that
      index after its other arguments.
    - `rt.kernel_index` (launch): the kernel's place among the GPU's kernels.
    - `rt.strided` (argument): the innermost dimension has stride 1, the others
      any stride.
    - `rt.output` (argument): the destination of that function result.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral kKernelAttr = "rt.kernel";
    static constexpr ::llvm::StringLiteral kOpTypeAttr = "rt.op_type";
    static constexpr ::llvm::StringLiteral kOpAttr = "rt.op";
    static constexpr ::llvm::StringLiteral kWeightsAttr = "rt.weights";
    static constexpr ::llvm::StringLiteral kGroupsAttr = "rt.groups";
    static constexpr ::llvm::StringLiteral kStatesAttr = "rt.states";
    static constexpr ::llvm::StringLiteral kSlotsAttr = "rt.slots";
    static constexpr ::llvm::StringLiteral kOpsAttr = "rt.ops";
    static constexpr ::llvm::StringLiteral kStridedAttr = "rt.strided";
    static constexpr ::llvm::StringLiteral kKernelIndexAttr = "rt.kernel_index";
    /// The nested module of compiled GPU kernels.
    static constexpr ::llvm::StringLiteral kGpuModuleName = "gpu_kernels";
    static constexpr ::llvm::StringLiteral kChecksAttr = "rt.checks";
    static constexpr ::llvm::StringLiteral kCheckBaseAttr = "rt.check_base";
    static constexpr ::llvm::StringLiteral kCheckedAttr = "rt.checked";
    static constexpr ::llvm::StringLiteral kOutputAttr = "rt.output";
  }];
}

#endif // DIALECTS_RT_RTDIALECT_TD
