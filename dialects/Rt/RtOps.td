//===- RtOps.td - Operations of the rt dialect -------------*- tablegen -*-===//

#ifndef DIALECTS_RT_RTOPS_TD
#define DIALECTS_RT_RTOPS_TD

include "dialects/Rt/RtAttrs.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Rt_Buffer : AnyTypeOf<[AnyRankedTensor, AnyMemRef], "ranked tensor or memref">;

class Rt_Op<string mnemonic, list<Trait> traits = []> : Op<Rt_Dialect, mnemonic, traits>;

// An operation that reads its inputs and writes all of its outs. `perms` holds,
// for each operand in order, how its dimensions are stored: dimension i of the
// operation's operand is dimension perm[i] of the value; an empty list is the
// identity. Absent: all identities. So transposes become strides of a view.
class Rt_DpsOp<string mnemonic, list<Trait> traits = []>
    : Rt_Op<mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
  code dpsDeclaration = [{
    /// The permutation of operand `index`; empty for the identity.
    ::llvm::ArrayRef<int64_t> getPerm(unsigned index) {
      return ::tpo::rt::getOperandPerm(getOperation(), index);
    }
  }];
  let extraClassDeclaration = dpsDeclaration # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getOutMutable().getOperandNumber(), 1);
    }
  }];
  let extraClassDefinition = [{
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::SideEffects::EffectInstance<::mlir::MemoryEffects::Effect>> &effects) {
      ::tpo::rt::getDestinationStyleEffects(getOperation(), effects);
    }
  }];
}

def Rt_SymbolOp : Rt_Op<"symbol", [Pure]> {
  let summary = "The value of a symbol of the module";
  let description = [{
    Symbol `index` of `tp.symbols`: the size of a dynamic dimension, or a
    coordinate of the executing rank.
  }];
  let arguments = (ins I64Attr:$index);
  let results = (outs Index:$result);
  let assemblyFormat = "$index attr-dict";
}

def Rt_WeightOp : Rt_Op<"weight", [Pure]> {
  let summary = "Entry of the weight table";
  let description = [{
    Entry `index` of the module's `rt.weights`, contiguous. `sizes` are the
    values of the type's dynamic dimensions.
  }];
  let arguments = (ins I64Attr:$index, Variadic<Index>:$sizes);
  let results = (outs Rt_Buffer:$result);
  let assemblyFormat = "$index (`[` $sizes^ `]`)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rt_ReshapeOp : Rt_Op<"reshape", [Pure]> {
  let summary = "The same contiguous elements in another shape";
  let description = [{
    A view: no element moves. `sizes` are the values of the result's dynamic
    dimensions. Both types are contiguous.
  }];
  let arguments = (ins Rt_Buffer:$source, Variadic<Index>:$sizes);
  let results = (outs Rt_Buffer:$result);
  let assemblyFormat = "$source (`[` $sizes^ `]`)? attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Rt_CheckOp : Rt_Op<"check", [MemoryEffects<[MemWrite]>]> {
  let summary = "Fails the run where a condition does not hold";
  let description = [{
    Inside kernels. `got` and `limit` are what the message says; `site` is the
    position of the checking operator in `rt.checks` of the kernel's launches.
    The kernel goes on: what it computes is not used.
  }];
  let arguments = (ins I1:$condition, Index:$got, Index:$limit, I64Attr:$site);
  let assemblyFormat = "$condition `,` $got `,` $limit `site` $site attr-dict";
}

def Rt_SlotOp : Rt_Op<"slot", [MemoryEffects<[MemAlloc]>]> {
  let summary = "A temporary in the arena";
  let description = [{
    Slot `index` of the arena (what `rt-plan-arena` makes of a `memref.alloc`).
  }];
  let arguments = (ins I64Attr:$index, Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$index (`[` $sizes^ `]`)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Rt_MatmulOp : Rt_DpsOp<"matmul", [AttrSizedOperandSegments]> {
  let summary = "activation(alpha * a x b + bias) + residual";
  let description = [{
    `out[..., m, n]` from `a[..., m, k]` and `b[..., k, n]`; leading dimensions
    broadcast. `bias` is broadcastable to the result, `residual` has its shape.

    ```mlir
    %r = rt.matmul ins(%a, %b : tensor<?x128xf32>, tensor<384x128xf32>) bias(%c : tensor<384xf32>)
        outs(%o : tensor<?x384xf32>) {perms = [[], [1, 0], [], []]} -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Rt_Buffer:$a, Rt_Buffer:$b, Optional<Rt_Buffer>:$bias, Optional<Rt_Buffer>:$residual,
                       Rt_Buffer:$out, DefaultValuedAttr<F32Attr, "1.0f">:$alpha,
                       DefaultValuedAttr<Rt_Activation, "::tpo::rt::Activation::None">:$activation,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $a `,` $b `:` type($a) `,` type($b) `)` (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`residual` `(` $residual^ `:` type($residual) `)`)? `outs` `(` $out `:` type($out) `)` attr-dict
    (`->` type($results)^)?
  }];
}

def Rt_AttentionOp : Rt_DpsOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "Scaled dot product attention with grouped queries";
  let description = [{
    `q [B, Hq, S, D]`, `k [B, Hkv, T, D]`, `v [B, Hkv, T, E]` -> `out [B, Hq, S,
    E]` after their `perms`: operands stored as `[B, S, H, D]` have permutation
    `[0, 2, 1, 3]`. See tprt_op_attention for the semantics of the parameters.
  }];
  let arguments = (ins Rt_Buffer:$q, Rt_Buffer:$k, Rt_Buffer:$v, Optional<Rt_Buffer>:$mask, Rt_Buffer:$out,
                       Optional<Index>:$causal_offset, Optional<Index>:$q_head_offset,
                       Optional<Index>:$kv_head_offset, F32Attr:$scale,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap, UnitAttr:$causal,
                       DefaultValuedAttr<I64Attr, "1">:$group, DefaultValuedAttr<I64Attr, "0">:$window,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `,` $v `:` type($q) `,` type($k) `,` type($v) `)` (`mask` `(` $mask^ `:` type($mask) `)`)?
    `outs` `(` $out `:` type($out) `)` (`causal_offset` $causal_offset^)? (`q_head_offset` $q_head_offset^)?
    (`kv_head_offset` $kv_head_offset^)? attr-dict (`->` type($results)^)?
  }];
}

def Rt_GatherOp : Rt_DpsOp<"gather", [AttrSizedOperandSegments]> {
  let summary = "Slices of a table along an axis";
  let description = [{
    The table holds the rows `[offset, offset + size)` of `global_size` rows
    along `axis` (defaults: 0 and the table's size). Rows of other ranks give 0.
  }];
  let arguments = (ins Rt_Buffer:$table, Rt_Buffer:$indices, Rt_Buffer:$out, Optional<Index>:$offset,
                       Optional<Index>:$global_size, DefaultValuedAttr<I64Attr, "0">:$axis,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $table `,` $indices `:` type($table) `,` type($indices) `)` `outs` `(` $out `:` type($out) `)`
    (`offset` $offset^)? (`global_size` $global_size^)? attr-dict (`->` type($results)^)?
  }];
}

def Rt_ScatterOp : Rt_DpsOp<"scatter"> {
  let summary = "Data with updates at indices";
  let description = [{
    With `axis` ONNX's ScatterElements along it, without its ScatterND. Updates
    of one element happen in row-major order.
  }];
  let arguments = (ins Rt_Buffer:$data, Rt_Buffer:$indices, Rt_Buffer:$updates, Rt_Buffer:$out,
                       OptionalAttr<I64Attr>:$axis,
                       DefaultValuedAttr<Rt_ScatterReduction, "::tpo::rt::ScatterReduction::None">:$reduction,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $data `,` $indices `,` $updates `:` type($data) `,` type($indices) `,` type($updates) `)`
    `outs` `(` $out `:` type($out) `)` attr-dict (`->` type($results)^)?
  }];
}

def Rt_TopKOp : Rt_DpsOp<"topk"> {
  let summary = "The largest elements along an axis, and where they are";
  let description = [{
    In descending order (ascending with `smallest`), equal ones in order of
    their index. How many is the results' size.
  }];
  let arguments = (ins Rt_Buffer:$data, Rt_Buffer:$values, Rt_Buffer:$indices, I64Attr:$axis, UnitAttr:$smallest,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $data `:` type($data) `)` `outs` `(` $values `,` $indices `:` type($values) `,` type($indices) `)`
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOperation(), getValuesMutable().getOperandNumber(), 2);
    }
  }];
}

def Rt_CacheAppendOp : Rt_DpsOp<"cache_append"> {
  let summary = "present = past ++ fresh along an axis";
  let description = [{
    Where past and present are the same memory only `fresh` is written.
  }];
  let arguments = (ins Rt_Buffer:$past, Rt_Buffer:$fresh, Rt_Buffer:$out, I64Attr:$axis,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $past `,` $fresh `:` type($past) `,` type($fresh) `)` `outs` `(` $out `:` type($out) `)`
    attr-dict (`->` type($results)^)?
  }];
}

def Rt_CollectiveOp : Rt_DpsOp<"collective"> {
  let summary = "A collective over a group of ranks";
  let description = [{
    `group` indexes the module's `rt.groups`. `member_sizes`: one size along
    `dim` per member, in group order, or none when all are equal; of an
    all-to-all then one along `dim2` each; of a permute the members' sources.
  }];
  let arguments = (ins Rt_Buffer:$input, Rt_Buffer:$out, Variadic<Index>:$member_sizes,
                       Rt_CollectiveKind:$kind, I64Attr:$group,
                       DefaultValuedAttr<Rt_Reduction, "::tpo::rt::Reduction::Sum">:$reduction,
                       DefaultValuedAttr<I64Attr, "0">:$dim, DefaultValuedAttr<I64Attr, "0">:$dim2,
                       OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    $kind `ins` `(` $input `:` type($input) `)` `outs` `(` $out `:` type($out) `)`
    (`member_sizes` `(` $member_sizes^ `)`)? `group` $group attr-dict (`->` type($results)^)?
  }];
}

def Rt_CopyOp : Rt_DpsOp<"copy"> {
  let summary = "out = input";
  let description = [{With `perms` a transposition.}];
  let arguments = (ins Rt_Buffer:$input, Rt_Buffer:$out, OptionalAttr<ArrayAttr>:$perms);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` `outs` `(` $out `:` type($out) `)` attr-dict (`->` type($results)^)?
  }];
}

def Rt_LaunchOp : Rt_DpsOp<"launch", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a compiled kernel";
  let description = [{
    The kernel is a `func.func` with the attribute `rt.kernel`, taking the ins,
    the sizes and the outs, in this order, and returning the outs.

    ```mlir
    %r = rt.launch @kernel_0 ins(%x : tensor<?x128xf32>) sizes(%n) outs(%o : tensor<?x128xf32>) -> tensor<?x128xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Rt_Buffer>:$inputs, Variadic<Index>:$sizes,
                       Variadic<Rt_Buffer>:$outs);
  let assemblyFormat = [{
    $kernel (`ins` `(` $inputs^ `:` type($inputs) `)`)? (`sizes` `(` $sizes^ `)`)?
    `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration # [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

#endif // DIALECTS_RT_RTOPS_TD
