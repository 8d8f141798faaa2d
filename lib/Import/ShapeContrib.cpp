//===- ShapeContrib.cpp - Operators of com.microsoft ----------------------===//
//
// Shapes as documented in ONNX Runtime's docs/ContribOperators.md.
//
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

static LogicalResult inferSame(Node &node) {
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

static LogicalResult inferBiasSame(Node &node) {
  for (size_t i = 1; i < node.operands.size(); ++i)
    if (node.has(i) && failed(node.broadcast({node.dims(0), node.dims(i)})))
      return failure();
  return inferSame(node);
}

// Skip*Normalization: results output, mean, inverse deviation, input + skip.
static LogicalResult inferSkipNorm(Node &node) {
  FailureOr<Dims> sum = node.broadcast({node.dims(0), node.dims(1)});
  if (failed(sum) || failed(node.requireRankAtLeast(0, 1)))
    return failure();
  Dims stats = *sum;
  stats.back() = node.constant(1);
  Type f32 = Float32Type::get(node.context());
  node.setResult(0, node.elem(0), *sum);
  node.setResult(1, f32, stats);
  node.setResult(2, f32, stats);
  node.setResult(3, node.elem(0), *sum);
  return success();
}

static LogicalResult inferEmbedLayerNorm(Node &node) {
  if (failed(node.requireRank(0, 2)) || failed(node.requireRank(2, 2)))
    return failure();
  Dims result = node.dims(0);
  result.push_back(node.dims(2)[1]);
  node.setResult(0, node.elem(2), result);
  node.setResult(1, IntegerType::get(node.context(), 32), {node.dims(0)[0]});
  node.setResult(2, node.elem(2), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static FailureOr<AffineExpr> headSize(Node &node, AffineExpr hidden,
                                      int64_t heads) {
  AffineExpr size = heads > 0 ? tp::divideExactly(hidden, node.constant(heads))
                              : AffineExpr();
  if (size)
    return size;
  return node.emitError() << "hidden size " << node.symbols.toString(hidden)
                          << " is no multiple of " << heads << " heads";
}

// A padding mask with a column for every key, [B, T] or [B, S, T], and a bias
// [B or 1, H or 1, S, T] say how many keys there are.
static LogicalResult unifyMask(Node &node, size_t mask, AffineExpr batch,
                               AffineExpr queries, AffineExpr keys) {
  if (!node.has(mask) || node.rank(mask) < 2)
    return success();
  Dims dims = node.dims(mask);
  if (failed(node.unify(dims.back(), keys, "lengths of the mask and the keys")))
    return failure();
  if (dims.size() == 2)
    return node.unify(dims[0], batch, "batch sizes of the mask and the query");
  return node.unify(dims[dims.size() - 2], queries,
                    "lengths of the mask and the query");
}

// com.microsoft Attention: input [B, S, D], weights [D, 3 * hidden], past and
// present [2, B, H, T, head size].
static LogicalResult inferPackedAttention(Node &node) {
  if (failed(node.requireRank(0, 3)) || failed(node.requireRank(1, 2)))
    return failure();
  Dims input = node.dims(0);
  int64_t heads = node.getInt("num_heads", 0);
  AffineExpr hidden;
  if (auto sizes = node.getInts("qkv_hidden_sizes");
      sizes && sizes->size() == 3)
    hidden = node.constant((*sizes)[2]);
  else
    hidden = tp::divideExactly(node.dims(1)[1], node.constant(3));
  if (!hidden)
    return node.emitError() << "the weights' columns are not q, k and v";
  FailureOr<AffineExpr> size = headSize(node, hidden, heads);
  if (failed(size))
    return failure();
  node.setResult(0, node.elem(0), {input[0], input[1], hidden});
  AffineExpr total = input[1];
  if (node.has(4)) {
    if (failed(node.requireRank(4, 5)))
      return failure();
    total = node.getInt("past_present_share_buffer", 0)
                ? node.dims(4)[3]
                : node.dims(4)[3] + input[1];
  }
  node.setResult(
      1, node.elem(0),
      {node.constant(2), input[0], node.constant(heads), total, *size});
  if (failed(unifyMask(node, 3, input[0], input[1], total)))
    return failure();
  return unifyMask(node, 5, input[0], input[1], total);
}

// Results 1 to 3: the caches, of past and new tokens, and the scores. The
// operands `masks` have a column for every key.
static LogicalResult setPresent(Node &node, size_t past, AffineExpr batch,
                                int64_t heads, AffineExpr length,
                                AffineExpr keySize, AffineExpr valueSize,
                                ArrayRef<size_t> masks) {
  AffineExpr total = length;
  if (node.has(past)) {
    if (failed(node.requireRank(past, 4)) ||
        failed(node.unify(node.dims(past)[0], batch,
                          "batch sizes of the past and the query")))
      return failure();
    total = node.dims(past)[2] + length;
  }
  Type elem = node.has(past) ? node.elem(past) : node.elem(0);
  node.setResult(1, elem, {batch, node.constant(heads), total, keySize});
  node.setResult(2, elem, {batch, node.constant(heads), total, valueSize});
  AffineExpr queries = node.dims(0)[1];
  node.setResult(3, node.elem(0),
                 {batch, node.constant(node.getInt("num_heads", 0)), queries,
                  total});
  for (size_t mask : masks)
    if (failed(unifyMask(node, mask, batch, queries, total)))
      return failure();
  return success();
}

// com.microsoft GroupQueryAttention: query [B, S, H * d], or packed with key
// and value as [B, S, (H + 2 * KV) * d].
static LogicalResult inferGroupQueryAttention(Node &node) {
  if (failed(node.requireRank(0, 3)))
    return failure();
  Dims query = node.dims(0);
  int64_t heads = node.getInt("num_heads", 0);
  int64_t kvHeads = node.getInt("kv_num_heads", 0);
  FailureOr<AffineExpr> size =
      headSize(node, query[2], node.has(1) ? heads : heads + 2 * kvHeads);
  if (failed(size))
    return failure();
  if (kvHeads <= 0 || heads % kvHeads != 0)
    return node.emitError()
           << "number of query heads " << heads
           << " is no multiple of number of key heads " << kvHeads;
  node.setResult(0, node.elem(0), {query[0], query[1], *size * heads});
  AffineExpr length = node.has(1) ? node.dims(1)[1] : query[1];
  return setPresent(node, 3, query[0], kvHeads, length, *size, *size, {10});
}

// com.microsoft MultiHeadAttention: 3-D operands, packed [B, S, H, 3, d] or
// key/value of cross attention as [B, H, T, d].
static LogicalResult inferMultiHeadAttention(Node &node) {
  Dims query = node.dims(0);
  int64_t heads = node.getInt("num_heads", 0);
  if (query.size() == 5) {
    node.setResult(0, node.elem(0), {query[0], query[1], query[2] * query[4]});
    return setPresent(node, 6, query[0], heads, query[1], query[4], query[4],
                      {4, 5});
  }
  if (failed(node.requireRank(0, 3)) || !node.has(1))
    return node.emitError() << "operands are neither 3-D nor packed";
  FailureOr<AffineExpr> size = headSize(node, query[2], heads);
  if (failed(size))
    return failure();
  Dims key = node.dims(1);
  if (key.size() == 5) {
    node.setResult(0, node.elem(0), query);
    return setPresent(node, 6, query[0], heads, key[1], *size, *size, {4, 5});
  }
  if (key.size() != 3 && key.size() != 4)
    return node.emitError() << "operand 'key' must have rank 3, 4 or 5";
  if (!node.has(2) || (node.rank(2) != 3 && node.rank(2) != 4))
    return node.emitError() << "operand 'value' must have rank 3 or 4";
  Dims value = node.dims(2);
  FailureOr<AffineExpr> valueSize = value.size() == 3
                                        ? headSize(node, value[2], heads)
                                        : FailureOr<AffineExpr>(value[3]);
  if (failed(valueSize))
    return failure();
  node.setResult(0, node.elem(0), {query[0], query[1], *valueSize * heads});
  AffineExpr length = key.size() == 4 ? key[2] : key[1];
  return setPresent(node, 6, query[0], heads, length, *size, *valueSize,
                    {4, 5});
}

// LinearAttention: packed operands; the state is [B, heads, key size, value size].
static LogicalResult inferLinearAttention(Node &node) {
  for (size_t i : {0, 1, 2})
    if (failed(node.requireRank(i, 3)))
      return failure();
  int64_t queryHeads = node.getInt("q_num_heads", 0);
  int64_t heads = node.getInt("kv_num_heads", 0);
  FailureOr<AffineExpr> keySize = headSize(node, node.dims(1)[2], heads);
  FailureOr<AffineExpr> valueSize = headSize(node, node.dims(2)[2], heads);
  if (failed(keySize) || failed(valueSize))
    return failure();
  Dims query = node.dims(0);
  node.setResult(0, node.elem(0), {query[0], query[1], *valueSize * queryHeads});
  node.setResult(1, node.has(3) ? node.elem(3) : node.elem(0),
                 {query[0], node.constant(heads), *keySize, *valueSize});
  return success();
}

// CausalConvWithState: input [B, C, L], weight [C, 1, taps].
static LogicalResult inferCausalConv(Node &node) {
  if (failed(node.requireRank(0, 3)) || failed(node.requireRank(1, 3)))
    return failure();
  Dims input = node.dims(0);
  node.setResult(0, node.elem(0), input);
  node.setResult(1, node.elem(0),
                 {input[0], input[1], node.dims(1)[2] - 1});
  return success();
}

static LogicalResult inferGatherBlockQuantized(Node &node) {
  Dims data = node.dims(0);
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.getInt("gather_axis", 0), data.size());
  FailureOr<int64_t> quantized =
      node.normalizeAxis(node.getInt("quantize_axis", 1), data.size());
  if (failed(axis) || failed(quantized))
    return failure();
  // Bytes hold several elements of fewer bits.
  unsigned width = node.elem(0).getIntOrFloatBitWidth();
  int64_t bits = node.getInt("bits", 4);
  if (width == 8 && bits > 0 && bits < 8)
    data.back() = data.back() * (8 / bits);
  Dims result(data.begin(), data.begin() + *axis);
  llvm::append_range(result, node.dims(1));
  result.append(data.begin() + *axis + 1, data.end());
  node.setResult(0, node.elem(2), result);
  return success();
}

void tpo::importer::addContribInference(InferTable &table) {
  for (StringRef name : {"RotaryEmbedding", "Gelu", "QuickGelu", "MoE", "QMoE"})
    table[("onnx.ms." + name).str()] = inferSame;
  for (StringRef name : {"BiasGelu", "FastGelu", "BiasAdd"})
    table[("onnx.ms." + name).str()] = inferBiasSame;
  table["onnx.ms.SkipLayerNormalization"] = inferSkipNorm;
  table["onnx.ms.SkipSimplifiedLayerNormalization"] = inferSkipNorm;
  table["onnx.ms.EmbedLayerNormalization"] = inferEmbedLayerNorm;
  table["onnx.ms.Attention"] = inferPackedAttention;
  table["onnx.ms.GroupQueryAttention"] = inferGroupQueryAttention;
  table["onnx.ms.MultiHeadAttention"] = inferMultiHeadAttention;
  for (StringRef domain : {"onnx.", "onnx.ms."}) {
    table[(domain + "LinearAttention").str()] = inferLinearAttention;
    table[(domain + "CausalConvWithState").str()] = inferCausalConv;
  }
  table["onnx.ms.GatherBlockQuantized"] = inferGatherBlockQuantized;
}
