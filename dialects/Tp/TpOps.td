//===- TpOps.td - Operations of the tp dialect -------------*- tablegen -*-===//

#ifndef DIALECTS_TP_TPOPS_TD
#define DIALECTS_TP_TPOPS_TD

include "dialects/Tp/TpAttrs.td"
include "dialects/Tp/TpCollectiveInterface.td"
include "dialects/Tp/TpTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Tp_Op<string opMnemonic, list<Trait> traits = []>
    : Op<Tp_Dialect, opMnemonic, traits>;

def Tp_MeshOp : Tp_Op<"mesh", [Symbol]> {
  let summary = "A named mesh of devices";
  let description = [{
    ```mlir
    tp.mesh @mesh <["dp"=1, "tp"=4 {bandwidth = 300.0, latency = 5.0} ]>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Tp_MeshAttr:$axes);
  let assemblyFormat = "$sym_name $axes attr-dict";
}

def Tp_WeightOp : Tp_Op<"weight", [Pure]> {
  let summary = "A tensor stored in a file, by reference";
  let description = [{
    The tensor is never loaded by the compiler: `file` indexes the module
    attribute `tp.files` and `view` says where its elements lie.

    ```mlir
    %w = tp.weight "wte" {file = 0 : i32,
        view = #tp.view<elem = f32, offset = 64, strides = [384, 1]>}
        : tensor<512x384xf32>
    ```

    **Constraints**
    - the view has one stride per dimension;
    - `file` is an index into `tp.files` of the enclosing module.
  }];
  let arguments = (ins StrAttr:$name, I32Attr:$file, Tp_ViewAttr:$view);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Layouts of global tensors
//===----------------------------------------------------------------------===//

class Tp_LayoutOp<string opMnemonic, list<Trait> traits = []>
    : Tp_Op<opMnemonic, traits # [Pure, SameOperandsAndResultType]> {
  let arguments = (ins AnyRankedTensor:$input, Tp_LayoutAttr:$layout);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `to` $layout attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tp_ConstrainOp : Tp_LayoutOp<"constrain"> {
  let summary = "Demands a layout of a tensor";
  let description = [{
    The tensor is distributed as `layout` says; the planner and propagation
    choose everything else around it. It is not optional: a constraint that
    cannot be met is an error that names this operation's location.

    ```mlir
    %y = tp.constrain %x to <@mesh, [{}, {"tp"} ]> : tensor<4x8xf32>
    ```
  }];
}

def Tp_ReshardOp : Tp_LayoutOp<"reshard"> {
  let summary = "Brings a tensor into another layout";
  let description = [{
    The same global tensor, distributed as `layout`. Partitioning replaces it
    by the collectives that `planReshard` finds.

    ```mlir
    %y = tp.reshard %x to <@mesh, [{}, {} ]> : tensor<4x8xf32>
    ```
  }];
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Collectives on local tensors
//===----------------------------------------------------------------------===//

/// Every rank of a group along `axes` executes the operation on its piece of a
/// tensor of type `global_type`; `in_layout` and `out_layout` say how the tensor
/// is distributed before and after.
class Tp_CollectiveOp<string opMnemonic, list<Trait> traits = []>
    : Tp_Op<opMnemonic, traits # [
        DeclareOpInterfaceMethods<CollectiveOpInterface,
                                  ["getCollectiveKind"]>]> {
  dag commonArguments = (ins AnyRankedTensor:$input, Tp_AxesAttr:$axes,
                             Tp_LayoutAttr:$in_layout, Tp_LayoutAttr:$out_layout,
                             TypeAttrOf<AnyRankedTensor>:$global_type);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
  string commonFormat =
      "`over` $axes attr-dict `:` type($input) `->` type($result) "
      "`layout` $in_layout `->` $out_layout `of` $global_type";
}

def Tp_AllReduceOp : Tp_CollectiveOp<"all_reduce", [NoMemoryEffect]> {
  let summary = "Combines the terms of a partial tensor on every device";
  let description = [{
    ```mlir
    %y = tp.all_reduce %x sum over <["tp"]>
        : tensor<4x8xf32> -> tensor<4x8xf32>
        layout <@mesh, [{}, {} ], partial = sum{"tp"}> -> <@mesh, [{}, {} ]>
        of tensor<4x8xf32>
    ```

    **Constraints**
    - the input is partial along `axes` with the same reduction;
    - the output layout is the input's without that.
  }];
  let arguments = !con((ins Tp_ReductionKind:$reduction), commonArguments);
  let assemblyFormat = "$input $reduction " # commonFormat;
  let extraClassDeclaration = [{
    std::optional<ReductionKind> getReductionKind() { return getReduction(); }
  }];
}

def Tp_AllGatherOp : Tp_CollectiveOp<"all_gather", [NoMemoryEffect]> {
  let summary = "Puts the pieces of a split dimension together on every device";
  let description = [{
    **Constraints**
    - dimension `dim` is split over `axes` at its minor end;
    - the output layout is the input's without them.
  }];
  let arguments = !con((ins I64Attr:$dim), commonArguments);
  let assemblyFormat = "$input `dim` $dim " # commonFormat;
  let extraClassDeclaration = "std::optional<int64_t> getDimension() { return getDim(); }";
}

def Tp_ReduceScatterOp : Tp_CollectiveOp<"reduce_scatter", [NoMemoryEffect]> {
  let summary = "Combines partial terms, every device keeping one piece";
  let description = [{
    **Constraints**
    - the input is partial along `axes` with the same reduction;
    - the output layout has them at the minor end of dimension `dim` instead.
  }];
  let arguments = !con((ins Tp_ReductionKind:$reduction, I64Attr:$dim),
                       commonArguments);
  let assemblyFormat = "$input $reduction `dim` $dim " # commonFormat;
  let extraClassDeclaration = [{
    std::optional<ReductionKind> getReductionKind() { return getReduction(); }
    std::optional<int64_t> getDimension() { return getDim(); }
  }];
}

def Tp_AllToAllOp : Tp_CollectiveOp<"all_to_all", [NoMemoryEffect]> {
  let summary = "Moves a split from one dimension to another";
  let description = [{
    **Constraints**
    - dimension `gather_dim` is split over `axes` at its minor end;
    - the output layout has them at the minor end of `split_dim` instead.
  }];
  let arguments = !con((ins I64Attr:$gather_dim, I64Attr:$split_dim),
                       commonArguments);
  let assemblyFormat =
      "$input `gather` $gather_dim `split` $split_dim " # commonFormat;
  let extraClassDeclaration = [{
    std::optional<int64_t> getDimension() { return getGatherDim(); }
    std::optional<int64_t> getSplitDimension() { return getSplitDim(); }
  }];
}

def Tp_SliceOp : Tp_CollectiveOp<"slice", [Pure]> {
  let summary = "Keeps the device's piece of a replicated dimension";
  let description = [{
    Nothing moves.

    **Constraints**
    - the input is replicated along `axes`;
    - the output layout has them at the minor end of dimension `dim`.
  }];
  let arguments = !con((ins I64Attr:$dim), commonArguments);
  let assemblyFormat = "$input `dim` $dim " # commonFormat;
  let extraClassDeclaration = "std::optional<int64_t> getDimension() { return getDim(); }";
}

def Tp_PermuteOp : Tp_CollectiveOp<"permute", [NoMemoryEffect]> {
  let summary = "Moves whole pieces to other devices";
  let description = [{
    Every rank sends its piece to one rank and gets one: `getPermuteSources`
    says which.

    **Constraints**
    - every dimension has the same pieces in both layouts, dealt to devices
      differently; `axes` are all axes in which the layouts differ.
  }];
  let arguments = commonArguments;
  let assemblyFormat = "$input " # commonFormat;
}

def Tp_BroadcastOp : Tp_CollectiveOp<"broadcast", [NoMemoryEffect]> {
  let summary = "Replaces every device's tensor by one device's";
  let description = [{
    The group's device of index `root` along `axes` sends its tensor to the
    others, which ignore their own.

    **Constraints**
    - both layouts are the same, replicated along `axes`;
    - `root` is an index along `axes`.
  }];
  let arguments = !con((ins I64Attr:$root), commonArguments);
  let assemblyFormat = "$input `from` $root " # commonFormat;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Point to point
//===----------------------------------------------------------------------===//

def Tp_SendOp : Tp_Op<"send", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Sends a local tensor to another position along an axis";
  let description = [{
    To the device whose index along `axis` is `peer`, its other coordinates
    being the sender's. `channel` matches it with the peer's `tp.recv`.

    ```mlir
    tp.send %x to 1 along <["pp"]> channel 0 on @mesh : tensor<4x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$peer, Tp_AxesAttr:$axes,
                       I64Attr:$channel, FlatSymbolRefAttr:$mesh);
  let assemblyFormat = [{
    $input `to` $peer `along` $axes `channel` $channel `on` $mesh attr-dict
    `:` type($input)
  }];
  let hasVerifier = 1;
}

def Tp_RecvOp : Tp_Op<"recv", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Receives a local tensor from another position along an axis";
  let description = [{
    ```mlir
    %x = tp.recv from 0 along <["pp"]> channel 0 on @mesh : tensor<4x8xf32>
    ```
  }];
  let arguments = (ins I64Attr:$peer, Tp_AxesAttr:$axes, I64Attr:$channel,
                       FlatSymbolRefAttr:$mesh);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    `from` $peer `along` $axes `channel` $channel `on` $mesh attr-dict
    `:` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

def Tp_YieldOp : Tp_Op<"yield", [Pure, Terminator,
    ParentOneOf<["StartOp", "ManualOp"]>]> {
  let summary = "Ends a region of the tp dialect";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def Tp_StartOp : Tp_Op<"start", [RecursiveMemoryEffects]> {
  let summary = "Starts a collective without waiting for it";
  let description = [{
    The region holds one collective; what follows may run beside it until a
    `tp.wait` needs the result.

    ```mlir
    %p = tp.start {
      %r = tp.all_reduce %x sum over <["tp"]> ...
      tp.yield %r : tensor<4x8xf32>
    } : !tp.pending<tensor<4x8xf32>>
    %y = tp.wait %p : !tp.pending<tensor<4x8xf32>>
    ```

    **Constraints**
    - the region is one collective and the yield of its result.
  }];
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Tp_PendingType:$result);
  let assemblyFormat = "$body attr-dict `:` type($result)";
  let hasRegionVerifier = 1;
}

def Tp_WaitOp : Tp_Op<"wait", [NoMemoryEffect, TypesMatchWith<
    "result is the pending tensor", "pending", "result",
    "::llvm::cast<::tpo::tp::PendingType>($_self).getTensor()">]> {
  let summary = "Waits for a collective and returns its result";
  let arguments = (ins Tp_PendingType:$pending);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$pending attr-dict `:` type($pending)";
}

def Tp_LayoutArrayAttr : TypedArrayAttrBase<Tp_LayoutAttr, "array of layouts">;

def Tp_ManualOp : Tp_Op<"manual", [IsolatedFromAbove, RecursiveMemoryEffects]> {
  let summary = "A region written for one rank";
  let description = [{
    Operands and results are global tensors distributed as `in_layouts` and
    `out_layouts`; the region sees one rank's pieces and may contain
    collectives.

    ```mlir
    %y = tp.manual (%x) in [#tp.layout<@mesh, [{"tp"} ]>]
        out [#tp.layout<@mesh, [{"tp"} ]>] {
    ^bb0(%piece: tensor<2xf32>):
      tp.yield %piece : tensor<2xf32>
    } : (tensor<8xf32>) -> tensor<8xf32>
    ```

    **Constraints**
    - one layout per operand and result;
    - block arguments and yielded values have the local types.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs,
                       Tp_LayoutArrayAttr:$in_layouts,
                       Tp_LayoutArrayAttr:$out_layouts);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `(` $inputs `)` `in` $in_layouts `out` $out_layouts attr-dict-with-keyword $body
    `:` functional-type($inputs, $results)
  }];
  let hasRegionVerifier = 1;
}

#endif // DIALECTS_TP_TPOPS_TD
