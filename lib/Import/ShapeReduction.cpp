//===- ShapeReduction.cpp - Reductions and normalisations -----------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

static LogicalResult inferSame(Node &node) {
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

static LogicalResult inferReduce(Node &node) {
  Dims input = node.dims(0), result;
  int64_t rank = input.size();
  SmallVector<bool> reduced(rank, true);
  if (node.has(1)) {
    std::optional<SmallVector<int64_t>> axes = node.constants(1);
    if (!axes)
      return node.failUnknown(1);
    // No axes are all axes, unless asked otherwise.
    if (!axes->empty() || node.getInt("noop_with_empty_axes", 0))
      reduced.assign(rank, false);
    for (int64_t axis : *axes) {
      FailureOr<int64_t> index = node.normalizeAxis(axis, rank);
      if (failed(index))
        return failure();
      reduced[*index] = true;
    }
  } else if (node.getInt("noop_with_empty_axes", 0)) {
    reduced.assign(rank, false);
  }
  if (int64_t keepdims = node.getInt("keepdims", 1);
      keepdims != 0 && keepdims != 1)
    return node.emitError() << "keepdims must be 0 or 1, got " << keepdims;
  bool keep = node.getInt("keepdims", 1);
  for (int64_t i = 0; i < rank; ++i) {
    if (!reduced[i])
      result.push_back(input[i]);
    else if (keep)
      result.push_back(node.constant(1));
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferArgReduce(Node &node) {
  Dims result = node.dims(0);
  FailureOr<int64_t> axis = node.normalizeAxis(node.getInt("axis", 0), result.size());
  if (failed(axis) || failed(node.requireSize(result[*axis], node.constant(1), "the size of the dimension to search")))
    return failure();
  if (node.getInt("keepdims", 1))
    result[*axis] = node.constant(1);
  else
    result.erase(result.begin() + *axis);
  node.setResult(0, IntegerType::get(node.context(), 64), result);
  return success();
}

static LogicalResult inferAlongAxis(Node &node) {
  // A scalar has no axis, but softmax of one is legal in old models.
  if (failed(node.normalizeAxis(node.getInt("axis", -1), std::max<int64_t>(1, node.rank(0)))))
    return failure();
  return inferSame(node);
}

// The statistics of a normalisation over [axis, rank): those sizes are 1.
static LogicalResult inferLayerNorm(Node &node) {
  Dims stats = node.dims(0);
  FailureOr<int64_t> axis = node.normalizeAxis(node.getInt("axis", -1), stats.size());
  if (failed(axis))
    return failure();
  // Scale and bias broadcast to the operand, and not the other way round.
  for (size_t i = 1; i < node.info->operands.size(); ++i) {
    if (!node.has(i))
      continue;
    FailureOr<Dims> common = node.broadcast({node.dims(0), node.dims(i)});
    if (failed(common))
      return failure();
    bool grows = common->size() != stats.size();
    for (size_t dim = 0; !grows && dim < stats.size(); ++dim)
      grows = tp::getConst(stats[dim]) == 1 && tp::getConst((*common)[dim]) != 1;
    if (grows)
      return node.emitError() << "operand '" << node.info->operands[i].name << "' does not broadcast to the shape of '"
                              << node.info->operands[0].name << "'";
  }
  std::fill(stats.begin() + *axis, stats.end(), node.constant(1));
  FailureOr<Type> statsType = resolveElementType(node, node.getInt("stash_type", 1));
  if (failed(statsType))
    return failure();
  if (!isa<FloatType>(*statsType))
    return node.emitError() << "stash_type " << *statsType << " is no floating-point type";
  node.setResult(0, node.elem(1), node.dims(0));
  for (size_t i = 1; i < node.info->results.size(); ++i)
    node.setResult(i, *statsType, stats);
  return success();
}

static LogicalResult inferBatchNorm(Node &node) {
  if (node.getInt("training_mode", 0))
    return node.emitError() << "training mode is not supported";
  node.setResult(0, node.elem(0), node.dims(0));
  for (size_t i : {1, 2})
    if (node.wants(i))
      node.setResult(i, node.elem(3), node.dims(3));
  return success();
}

// Scale and bias are per channel; before opset 21 they were per group, which
// their size tells.
static LogicalResult inferGroupNorm(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)))
    return failure();
  AffineExpr groups = node.constant(node.getInt("num_groups", 0));
  if (node.getInt("num_groups", 0) < 1 || !tpo::tp::divideExactly(node.dims(0)[1], groups))
    return node.emitError() << "channels are no multiple of num_groups";
  for (size_t i : {1, 2}) {
    if (failed(node.requireRank(i, 1)))
      return failure();
    bool perGroup = node.opset < 21 && node.symbols.equal(node.dims(i)[0], groups);
    if (!perGroup && failed(node.unify(node.dims(i)[0], node.dims(0)[1], "channels")))
      return failure();
  }
  return inferSame(node);
}

void tpo::importer::addReductionInference(InferTable &table) {
  for (StringRef name : {"L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"})
    table[("onnx.Reduce" + name).str()] = inferReduce;
  table["onnx.ArgMax"] = inferArgReduce;
  table["onnx.ArgMin"] = inferArgReduce;
  for (StringRef name : {"Softmax", "LogSoftmax", "Hardmax"})
    table[("onnx." + name).str()] = inferAlongAxis;
  for (StringRef name : {"InstanceNormalization", "LRN", "MeanVarianceNormalization", "LpNormalization"})
    table[("onnx." + name).str()] = inferSame;
  table["onnx.LayerNormalization"] = inferLayerNorm;
  table["onnx.RMSNormalization"] = inferLayerNorm;
  table["onnx.ms.SimplifiedLayerNormalization"] = inferLayerNorm;
  table["onnx.GroupNormalization"] = inferGroupNorm;
  table["onnx.BatchNormalization"] = inferBatchNorm;
}
