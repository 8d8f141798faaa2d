//===- ShapeAttention.cpp - Attention of the default domain ---------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

namespace {

/// An operand of attention as [batch, heads, sequence, head size].
struct Heads {
  AffineExpr batch, heads, sequence, size;
};

} // namespace

// 3-D operands are [batch, sequence, heads * size] and need the head count.
static FailureOr<Heads> readHeads(Node &node, size_t i, StringRef attribute) {
  Dims dims = node.dims(i);
  if (dims.size() == 4)
    return Heads{dims[0], dims[1], dims[2], dims[3]};
  if (dims.size() != 3)
    return node.emitError() << "operand '" << node.info->operands[i].name
                            << "' has rank " << dims.size() << ", need 3 or 4";
  int64_t heads = node.getInt(attribute, 0);
  if (heads <= 0)
    return node.emitError() << attribute << " is needed with operands of rank "
                            << "3";
  AffineExpr size = tp::divideExactly(dims[2], node.constant(heads));
  if (!size)
    return node.emitError() << "hidden size " << node.symbols.toString(dims[2])
                            << " is no multiple of " << heads << " heads";
  return Heads{dims[0], node.constant(heads), dims[1], size};
}

static LogicalResult inferAttention(Node &node) {
  FailureOr<Heads> q = readHeads(node, 0, "q_num_heads");
  FailureOr<Heads> k = readHeads(node, 1, "kv_num_heads");
  FailureOr<Heads> v = readHeads(node, 2, "kv_num_heads");
  if (failed(q) || failed(k) || failed(v))
    return failure();
  if (failed(node.unify(q->batch, k->batch, "batch sizes of Q and K")) ||
      failed(node.unify(q->batch, v->batch, "batch sizes of Q and V")) ||
      failed(node.unify(q->size, k->size, "head sizes of Q and K")) ||
      failed(node.unify(k->heads, v->heads, "head counts of K and V")) ||
      failed(node.unify(k->sequence, v->sequence, "lengths of K and V")))
    return failure();
  if (!tp::divideExactly(q->heads, k->heads))
    return node.emitError()
           << "number of query heads " << node.symbols.toString(q->heads)
           << " is no multiple of number of key heads "
           << node.symbols.toString(k->heads);
  AffineExpr total = k->sequence;
  if (node.has(4) != node.has(5))
    return node.emitError() << "past_key and past_value are needed together";
  if (node.has(4)) {
    if (failed(node.requireRank(4, 4)) || failed(node.requireRank(5, 4)))
      return failure();
    if (failed(node.unify(node.dims(4)[2], node.dims(5)[2],
                          "lengths of past_key and past_value")) ||
        failed(node.unify(node.dims(4)[0], q->batch,
                          "batch sizes of past_key and Q")))
      return failure();
    total = node.dims(4)[2] + k->sequence;
  }
  // The mask broadcasts to [batch, heads, sequence, total]; a last dimension
  // shorter than total is padded with -inf.
  if (node.has(3)) {
    Dims mask = node.dims(3);
    Dims scores{q->batch, q->heads, q->sequence, total};
    if (failed(node.requireRankAtLeast(3, 1)))
      return failure();
    if (auto length = tp::getConst(mask.back());
        length && tp::getConst(node.symbols.canonicalize(total)) &&
        *length <= *tp::getConst(node.symbols.canonicalize(total)))
      mask.back() = node.constant(1);
    if (failed(node.broadcast({scores, mask})))
      return failure();
  }
  if (node.rank(0) == 4)
    node.setResult(0, node.elem(0), {q->batch, q->heads, q->sequence, v->size});
  else
    node.setResult(0, node.elem(0),
                   {q->batch, q->sequence, q->heads * v->size});
  if (node.wants(1))
    node.setResult(1, node.elem(1), {q->batch, k->heads, total, k->size});
  if (node.wants(2))
    node.setResult(2, node.elem(2), {q->batch, v->heads, total, v->size});
  if (node.wants(3))
    node.setResult(3, node.elem(0), {q->batch, q->heads, q->sequence, total});
  return success();
}

static LogicalResult inferRotaryEmbedding(Node &node) {
  if (node.rank(0) != 3 && node.rank(0) != 4)
    return node.emitError()
           << "operand 'X' has rank " << node.rank(0) << ", need 3 or 4";
  if (node.rank(0) == 3 && node.getInt("num_heads", 0) <= 0)
    return node.emitError() << "num_heads is needed with an operand of rank 3";
  // Caches per position, or, with no position ids, per batch and position.
  if (failed(node.broadcast({node.dims(1), node.dims(2)})))
    return failure();
  if (!node.has(3)) {
    AffineExpr sequence = node.dims(0)[node.rank(0) == 4 ? 2 : 1];
    if (failed(node.requireRank(1, 3)) ||
        failed(node.unify(node.dims(1)[1], sequence,
                          "lengths of X and the caches")))
      return failure();
  }
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

static LogicalResult inferSwiGLU(Node &node) {
  FailureOr<Dims> dims = node.broadcast({node.dims(0), node.dims(1)});
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), *dims);
  return success();
}

void tpo::importer::addAttentionInference(InferTable &table) {
  table["onnx.Attention"] = inferAttention;
  table["onnx.RotaryEmbedding"] = inferRotaryEmbedding;
  table["onnx.SwiGLU"] = inferSwiGLU;
}
