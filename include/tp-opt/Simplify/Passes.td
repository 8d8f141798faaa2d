//===- Passes.td - Raising exporter spellings --------------*- tablegen -*-===//

#ifndef TP_OPT_SIMPLIFY_PASSES_TD
#define TP_OPT_SIMPLIFY_PASSES_TD

include "mlir/Pass/PassBase.td"

class SimplifyPass<string flag> : Pass<flag, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::tpo::onnx::OnnxDialect", "::tpo::tp::TpDialect"];
}

def RaiseContribPass : SimplifyPass<"tp-raise-contrib"> {
  let summary = "Express com.microsoft's operators by ONNX's";
  let description = [{
    The fused operators of ONNX Runtime (attention with packed projections, with a
    cache or with rotary embedding inside, norms with a residual, products with
    factors and activations, mixtures of experts), and ONNX's LinearAttention and
    CausalConvWithState, become current ONNX operators
    with the same results, so that later passes know one form. What a rewrite does
    not cover is an error that names it.

    Input:
    ```mlir
    %0:2 = "onnx.ms.Attention"(%x, %w, %b, ...) {num_heads = 4 : si64} ...
    ```
    Output:
    ```mlir
    %wq = "onnx.Slice"(%w, ...) ...
    %q = "onnx.MatMul"(%x, %wq) ...
    ...
    %y = "onnx.Attention"(%q4, %k4, %v4, ...) ...
    ```
  }];
}

def RaiseExpertsPass : SimplifyPass<"tp-raise-experts"> {
  let summary = "Bring products with gathered expert weights into one form";
  let description = [{
    Exporters gather one matrix per row and chosen expert and multiply it by the
    row: with GatherND or Gather, from matrices stored either way. The form is
    MatMul(Gather(weights, experts), column) on weights `[experts, N, K]`, which
    lowering computes without a copy of the matrices. A range of the rows of such a
    product (gate, up) becomes a product with a range of the weights.

    Input:
    ```mlir
    %w = "onnx.GatherND"(%table, %e) : (tensor<4x16x8xf32>, tensor<6x1xi64>) -> tensor<6x16x8xf32>
    %y = "onnx.MatMul"(%w, %x) : (tensor<6x16x8xf32>, tensor<6x8x1xf32>) -> tensor<6x16x1xf32>
    %g = "onnx.Slice"(%y, ...) : ... -> tensor<6x8x1xf32>
    ```
    Output:
    ```mlir
    %t = "onnx.Slice"(%table, ...) : ... -> tensor<4x8x8xf32>
    %w = "onnx.Gather"(%t, %e1) {axis = 0 : si64} : (tensor<4x8x8xf32>, tensor<6xi64>) -> tensor<6x8x8xf32>
    %g = "onnx.MatMul"(%w, %x) : (tensor<6x8x8xf32>, tensor<6x8x1xf32>) -> tensor<6x8x1xf32>
    ```
  }];
}

def RaiseNonZeroPass : Pass<"tp-raise-nonzero", "::mlir::ModuleOp"> {
  let dependentDialects = ["::tpo::onnx::OnnxDialect", "::tpo::tp::TpDialect"];
  let summary = "Work on all rows instead of those that a mask chooses";
  let description = [{
    Experts that are visited one after the other read the rows that NonZero finds in
    their mask and add their results back at these rows. Its size depends on data;
    import calls it by a symbol. The same sum comes from all rows: what the mask does
    not choose is read as zero and multiplied by zero before it is added. Uses of
    NonZero that are not of this kind are errors.

    Input:
    ```mlir
    %p = "onnx.NonZero"(%mask) : (tensor<6xi1>) -> tensor<1x?xi64, #tp.dims<[1, s0]>>
    ...
    %h = "onnx.Gather"(%x, %i) : (tensor<6x8xf32>, tensor<?xi64, ...>) -> tensor<?x8xf32, #tp.dims<[s0, 8]>>
    %y = "onnx.MatMul"(%h, %w) ...
    %s = "onnx.ScatterND"(%sum, %i1, %y) {reduction = "add"} ...
    ```
    Output:
    ```mlir
    %h = "onnx.Gather"(%x, %all) : (tensor<6x8xf32>, tensor<6xi64>) -> tensor<6x8xf32>
    %z = "onnx.Where"(%mask1, %h, %zero) ...
    %y = "onnx.MatMul"(%z, %w) ...
    %m = "onnx.Mul"(%y, %mask2) ...
    %s = "onnx.Add"(%sum, %m) : (tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<6x8xf32>
    ```
  }];
}

def FoldConstantsPass : SimplifyPass<"tp-fold-constants"> {
  let summary = "Compute operations on small constants";
  let description = [{
    Arithmetic, comparisons, casts and reshapes whose operands are all
    `onnx.Constant` are computed, and identities that hold exactly are applied:
    `x * 1`, `x / 1`, `x ** 1`, `And(x, true)`, `Where(true, x, y)`. Comparisons
    of positions that cannot fail (`Range(0, n) >= 0`) are true.

    Input:
    ```mlir
    %0 = "onnx.Sqrt"(%c4) : (tensor<f32>) -> tensor<f32>
    %1 = "onnx.Mul"(%x, %0) ...
    ```
    Output:
    ```mlir
    %0 = "onnx.Constant"() {value = dense<2.0> : tensor<f32>} ...
    %1 = "onnx.Mul"(%x, %0) ...
    ```
  }];
}

def SimplifyMovementPass : SimplifyPass<"tp-simplify-movement"> {
  let summary = "Bring data movement into few operators and remove no-ops";
  let description = [{
    Unsqueeze, Squeeze and Flatten become Reshape, Split becomes Slice, Gather
    at one constant position becomes Slice and Reshape. Chains of Reshape and of
    Transpose are merged; a batched transpose spelled by merging and restoring
    dimensions around it becomes one Transpose. Identity, Cast to the same type,
    and Reshape, Transpose, Expand and Slice that change nothing disappear. An
    Expand whose user broadcasts anyway is bypassed.

    Input:
    ```mlir
    %0 = "onnx.Reshape"(%k, %s0) : ... -> tensor<?x?x16xf32, #tp.dims<[s0 * 8, s1, 16]>>
    %1 = "onnx.Transpose"(%0) {perm = [0, 2, 1]} ...
    %2 = "onnx.Reshape"(%1, %s1) : ... -> tensor<?x8x16x?xf32, #tp.dims<[s0, 8, 16, s1]>>
    ```
    Output:
    ```mlir
    %2 = "onnx.Transpose"(%k) {perm = [0, 1, 3, 2]} ...
    ```
  }];
}

def ExpandQuantizedPass : SimplifyPass<"tp-expand-quantized"> {
  let summary = "Express fused quantised operators by simple ones";
  let description = [{
    `MatMulInteger`, `QLinearMatMul`, `DynamicQuantizeLinear`, and ONNX
    Runtime's `MatMulNBits` and `GatherBlockQuantized` become products, lookups,
    `QuantizeLinear` and `DequantizeLinear`, which have sharding rules: a weight
    quantised in blocks is split at borders of blocks. Bytes that hold several
    elements are seen as a weight of `ui4` or `ui2`, whose view counts bits.

    Input:
    ```mlir
    %b = tp.weight "b" {view = #tp.view<elem = ui8, offset = 64, strides = [64, 16, 1]>} : tensor<96x4x16xui8>
    %y = "onnx.ms.MatMulNBits"(%x, %b, %s, ...) {K = 128, N = 96, bits = 4, block_size = 32}
    ```
    Output:
    ```mlir
    %b = tp.weight "b" {view = #tp.view<elem = ui4, offset = 512, strides = [128, 1]>} : tensor<96x128xui4>
    %d = "onnx.DequantizeLinear"(%b, %s, %eight) {axis = 1, block_size = 32}
    %t = "onnx.Transpose"(%d) {perm = [1, 0]}
    %y = "onnx.MatMul"(%x, %t)
    ```
  }];
}

def FoldWeightViewsPass : SimplifyPass<"tp-fold-weight-views"> {
  let summary = "Fold Transpose, Slice, Reshape and Cast of weights into views";
  let description = [{
    A weight is a strided reference into a file, so moving its elements is a
    matter of strides and offset. A Reshape that needs more than one stride per
    dimension stays; a Cast is folded once, where loading can convert.

    Input:
    ```mlir
    %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [128, 1]>} : tensor<512x128xf32>
    %0 = "onnx.Transpose"(%w) {perm = [1, 0]} : (tensor<512x128xf32>) -> tensor<128x512xf32>
    ```
    Output:
    ```mlir
    %0 = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1, 128]>} : tensor<128x512xf32>
    ```
  }];
}

def RaisePositionGathersPass
    : Pass<"tp-raise-position-gathers", "::mlir::ModuleOp"> {
  let dependentDialects = ["::tpo::onnx::OnnxDialect", "::tpo::tp::TpDialect"];
  let summary = "Turn gathers at consecutive positions into Reshape";
  let description = [{
    Exporters index a padding mask with grids made of Range. Values that are
    affine in their own element index are followed through Reshape, Expand, Cast,
    Add and Mul; a Gather or GatherND that reads every element once and in order
    is a Reshape. Where it reads the first n of m positions, and m >= n is not
    known, it is a Slice, and the module requires m - n not to be negative
    (`tp.requires`).

    Input:
    ```mlir
    // %rows[b, 0, 0, t] = b, %columns[b, 0, 0, t] = t
    %i = "onnx.Concat"(%rows, %columns) {axis = -1 : si64} ...
    %m = "onnx.GatherND"(%mask, %i) ...
    ```
    Output:
    ```mlir
    %m = "onnx.Reshape"(%mask, %shape) : ... -> tensor<?x1x1x?xi1, #tp.dims<[s0, 1, 1, s1]>>
    ```
  }];
}

def RaiseMatMulPass : SimplifyPass<"tp-raise-matmul"> {
  let summary = "Bring linear layers into MatMul and Add on the whole activation";
  let description = [{
    Gemm becomes MatMul and Add, with alpha, beta and the transpositions made
    explicit (and folded, on weights). A linear layer on flattened rows,
    Reshape to [rows, K], MatMul, Add, Reshape back, works on the activation's
    own shape. A bias is the second operand of its Add.

    Input:
    ```mlir
    %0 = "onnx.Reshape"(%x, %flat) : ... -> tensor<?x128xf32, #tp.dims<[s0 * s1, 128]>>
    %1 = "onnx.Gemm"(%0, %w, %b) ...
    %2 = "onnx.Reshape"(%1, %full) : ... -> tensor<?x?x384xf32, #tp.dims<[s0, s1, 384]>>
    ```
    Output:
    ```mlir
    %1 = "onnx.MatMul"(%x, %w) : ... -> tensor<?x?x384xf32, #tp.dims<[s0, s1, 384]>>
    %2 = "onnx.Add"(%1, %b) ...
    ```
  }];
}

def UnfuseProjectionsPass : SimplifyPass<"tp-unfuse-projections"> {
  let summary = "Replace column slices of a fused projection by projections";
  let description = [{
    Where a MatMul with a weight (and its bias) is only used through constant
    ranges of columns, also ranges of the major factor after a Reshape, each
    range becomes a MatMul with that view of the weight: query, key and value of
    GPT-2 and phi3, gate and up. Where the heads are the major factor
    ([heads, 3, head_dim]) the projection splits by heads as it is and is left.

    Input:
    ```mlir
    %0 = "onnx.MatMul"(%x, %w) : ... -> tensor<4x384xf32>
    %q = "onnx.Slice"(%0, ...) : ... -> tensor<4x128xf32>
    %k = "onnx.Slice"(%0, ...) : ... -> tensor<4x128xf32>
    ```
    Output:
    ```mlir
    %q = "onnx.MatMul"(%x, %wq) : ... -> tensor<4x128xf32>
    %k = "onnx.MatMul"(%x, %wk) : ... -> tensor<4x128xf32>
    ```
  }];
}

def RaiseContractionsPass : SimplifyPass<"tp-raise-contractions"> {
  let summary = "Turn Conv and Einsum into MatMul";
  let description = [{
    A Conv is the product of its input's windows, as rows, with the filters as a
    matrix: a patch embedding is a Reshape, Transpose and MatMul. Windows that
    overlap are gathered. Several groups are a batch of products. Depthwise
    convolutions stay, and so do integers. An Einsum of two operands that sums
    over subscripts of both is a batched product.

    Input:
    ```mlir
    %0 = "onnx.Conv"(%x, %w, %b) {kernel_shape = [16, 16], strides = [16, 16]}
        : (tensor<1x3x224x224xf32>, tensor<768x3x16x16xf32>, tensor<768xf32>) -> tensor<1x768x14x14xf32>
    ```
    Output:
    ```mlir
    %0 = "onnx.Reshape"(%x, %s0) ... -> tensor<1x3x14x16x14x16xf32>
    %1 = "onnx.Transpose"(%0) {perm = [0, 2, 4, 1, 3, 5]} ...
    %2 = "onnx.Reshape"(%1, %s1) ... -> tensor<1x196x768xf32>
    %3 = "onnx.MatMul"(%2, %filters) ... -> tensor<1x196x768xf32>
    ...
    ```
  }];
}

def RaiseNormsPass : SimplifyPass<"tp-raise-norms"> {
  let summary = "Raise decomposed and contrib norms";
  let description = [{
    RMSNorm (`x * rsqrt(mean(x^2) + eps) * w` in its spellings, with casts) and
    decomposed LayerNorm become RMSNormalization and LayerNormalization.
    SimplifiedLayerNormalization is RMSNormalization.

    Input:
    ```mlir
    %0 = "onnx.Pow"(%x, %c2) ...
    %1 = "onnx.ReduceMean"(%0, %axes) ...
    %2 = "onnx.Add"(%1, %eps) ...
    %3 = "onnx.Sqrt"(%2) ...
    %4 = "onnx.Reciprocal"(%3) ...
    %5 = "onnx.Mul"(%x, %4) ...
    %6 = "onnx.Mul"(%w, %5) ...
    ```
    Output:
    ```mlir
    %6 = "onnx.RMSNormalization"(%x, %w) {epsilon = ...} ...
    ```
  }];
}

def RaiseActivationsPass : SimplifyPass<"tp-raise-activations"> {
  let summary = "Raise decomposed and contrib activations";
  let description = [{
    GELU spelled with Erf or with Tanh becomes Gelu, `x * Sigmoid(a * x)` becomes
    Swish. BiasGelu, FastGelu and QuickGelu become Add and one of those.

    Input:
    ```mlir
    %0 = "onnx.Sigmoid"(%x) ...
    %1 = "onnx.Mul"(%x, %0) ...
    ```
    Output:
    ```mlir
    %1 = "onnx.Swish"(%x) ...
    ```
  }];
}

def RaiseRotaryPass : SimplifyPass<"tp-raise-rotary"> {
  let summary = "Raise decomposed rotary embeddings";
  let description = [{
    `x * cos + rotate_half(x) * sin` on [batch, heads, seq, head_dim] becomes
    RotaryEmbedding where both halves of cos and sin are shown to be equal
    (`Concat(f, f)` behind elementwise operators); the interleaved spelling
    likewise. A rotation of the leading part of the head dimension becomes
    `rotary_embedding_dim`.

    Input:
    ```mlir
    %0 = "onnx.Mul"(%x, %cos) ...
    %1 = "onnx.Slice"(%x, ...) ...  // second half
    %2 = "onnx.Slice"(%x, ...) ...  // first half
    %3 = "onnx.Neg"(%1) ...
    %4 = "onnx.Concat"(%3, %2) {axis = -1 : si64} ...
    %5 = "onnx.Mul"(%4, %sin) ...
    %6 = "onnx.Add"(%0, %5) ...
    ```
    Output:
    ```mlir
    %6 = "onnx.RotaryEmbedding"(%x, %cos_half, %sin_half, %none) ...
    ```
  }];
}

def RaiseAttentionPass : SimplifyPass<"tp-raise-attention"> {
  let summary = "Raise decomposed scaled-dot-product attention";
  let description = [{
    MatMul, scale, mask, Softmax, MatMul on [batch, heads, seq, head_dim] becomes
    Attention with an explicit mask, `is_causal = 0` and the key-value cache
    concatenated before it. Keys and values repeated for grouped queries are read
    where they were repeated. The operands of an Attention that was there already
    are brought into the same form.

    Masks. A mask `Where(m, 0, -inf)` is passed as the boolean m. In ONNX a query
    that sees no key has zero as result, which is what exporters make of such a
    row with `Where(IsNaN(p), 0, p)`; without that guard the decomposition has NaN
    there, and the raised operator still has zero. With a finite value instead of
    -inf (`finfo.min`) such a row is the mean of all values, so the mask stays a
    float mask that is added, and the guard, which then never applies to finite
    scores, is dropped.

    Input:
    ```mlir
    %0 = "onnx.Transpose"(%k) {perm = [0, 1, 3, 2]} ...
    %1 = "onnx.MatMul"(%q, %0) ...
    %2 = "onnx.Mul"(%1, %scale) ...
    %3 = "onnx.Where"(%m, %zero, %minus_infinity) ...
    %4 = "onnx.Add"(%2, %3) ...
    %5 = "onnx.Softmax"(%4) ...
    %6 = "onnx.MatMul"(%5, %v) ...
    ```
    Output:
    ```mlir
    %6 = "onnx.Attention"(%q, %k, %v, %m, ...) {scale = ...} ...
    ```
  }];
}

def CloneSharedWeightsPass : SimplifyPass<"tp-clone-shared-weights"> {
  let summary = "Give every use of a weight or constant its own reference";
  let description = [{
    Exporters store identical initializers once, so one tensor may be a norm's
    scale here and another layer's there, or embedding and output projection. A
    layout belongs to a use: references are cloned per use (they cost nothing),
    and stand right before it.

    Input:
    ```mlir
    %w = tp.weight "w" ...
    %0 = "onnx.Gather"(%w, %ids) ...
    %1 = "onnx.MatMul"(%x, %w) ...
    ```
    Output:
    ```mlir
    %w = tp.weight "w" ...
    %0 = "onnx.Gather"(%w, %ids) ...
    %w_0 = tp.weight "w" ...
    %1 = "onnx.MatMul"(%x, %w_0) ...
    ```
  }];
}

def ListUnraisedPass : SimplifyPass<"tp-list-unraised"> {
  let summary = "Remark on attention, norms, rotations and GELU left spelled out";
  let description = [{
    A spelling that no raise knows stays as it is, which is right but slow. What
    all spellings have in common gives it away: a Softmax between two products of
    activations, a value over the root of a mean, products with a cosine and a sine
    added, a product with `Erf` or `Tanh` plus one. Changes nothing; the report's
    section `unraised` lists the same.

    Input:
    ```mlir
    %0 = "onnx.MatMul"(%q, %k) ...
    %1 = "onnx.Softmax"(%0) {axis = 1 : si64} ...
    %2 = "onnx.MatMul"(%1, %v) ...
    ```
    Output:
    ```
    remark: Attention is left spelled out
    ```
  }];
}

#endif // TP_OPT_SIMPLIFY_PASSES_TD
