//===- ShapeIndexing.cpp - Operators that select elements -----------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"
#include <cmath>

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

// A bound of a slice with positive step as an offset into [0, size]: negative
// bounds count from the end, bounds outside are clamped. Where the symbols
// leave open which applies, the bound is taken to be inside, and that becomes a
// requirement.
static AffineExpr normalizeBound(Node &node, AffineExpr bound,
                                 AffineExpr size) {
  Symbols &symbols = node.symbols;
  AffineExpr zero = node.constant(0);
  Interval interval = symbols.bounds(bound);
  // `-s` counts from the end, unless s is 0.
  bool negative =
      interval.high && *interval.high <= 0 && tp::getConst(bound) != 0;
  // INT64_MAX and INT32_MAX stand for the end; sums with them would overflow.
  constexpr int64_t kEnd = std::numeric_limits<int32_t>::max();
  if (interval.low && *interval.low >= kEnd)
    return size;
  if (interval.high && *interval.high <= -kEnd)
    return zero;
  if (negative) {
    symbols.require(bound * -1 - 1);
    bound = symbols.canonicalize(bound + size);
    if (symbols.provablyNegative(bound))
      return zero;
  }
  if (symbols.provablyNonNegative(bound - size))
    return size;
  symbols.require(bound);
  symbols.require(size - bound);
  return bound;
}

static FailureOr<AffineExpr> sliceSize(Node &node, AffineExpr start,
                                       AffineExpr end, AffineExpr step,
                                       AffineExpr size) {
  std::optional<int64_t> stride = tp::getConst(step);
  if (!stride || *stride == 0)
    return node.emitError() << "the step of a slice must be a constant other "
                               "than 0";
  if (*stride > 0) {
    AffineExpr length = tp::simplify(normalizeBound(node, end, size) -
                                     normalizeBound(node, start, size));
    if (node.symbols.provablyNegative(length))
      return node.constant(0);
    node.symbols.require(length);
    return tp::simplify(length.ceilDiv(*stride));
  }
  // Backwards: of use, and expressible, from the last element to the first or
  // between constants.
  std::optional<int64_t> from = tp::getConst(start), to = tp::getConst(end),
                         fixed = tp::getConst(size);
  if (fixed && from && to) {
    auto normalize = [&](int64_t bound, int64_t low, int64_t high) {
      if (bound < 0)
        bound = bound < -*fixed ? -1 : bound + *fixed;
      return std::min(std::max(bound, low), high);
    };
    int64_t first = normalize(*from, 0, *fixed - 1);
    int64_t last = normalize(*to, -1, *fixed - 1);
    return node.constant(
        std::max<int64_t>(0, (first - last - *stride - 1) / -*stride));
  }
  if (from && to && (*from == -1 || *from >= INT32_MAX) && *to <= INT32_MIN)
    return tp::simplify(size.ceilDiv(-*stride));
  return node.emitError() << "a slice with negative step needs constant bounds";
}

static LogicalResult inferSlice(Node &node) {
  Dims result = node.dims(0);
  FailureOr<Dims> starts = node.requireIntegers(1);
  if (failed(starts))
    return failure();
  FailureOr<Dims> ends = node.requireIntegers(2);
  if (failed(ends))
    return failure();
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (node.has(3)) {
    std::optional<SmallVector<int64_t>> given = node.constants(3);
    if (!given)
      return node.failUnknown(3);
    axes = *given;
  }
  Dims steps(starts->size(), node.constant(1));
  if (node.has(4)) {
    FailureOr<Dims> given = node.requireIntegers(4);
    if (failed(given))
      return failure();
    steps = *given;
  }
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    return node.emitError() << "starts, ends, axes and steps differ in length";
  for (auto [i, axis] : llvm::enumerate(axes)) {
    FailureOr<int64_t> index = node.normalizeAxis(axis, result.size());
    if (failed(index))
      return failure();
    FailureOr<AffineExpr> size =
        sliceSize(node, (*starts)[i], (*ends)[i], steps[i], result[*index]);
    if (failed(size))
      return failure();
    result[*index] = *size;
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Gather and scatter
//===----------------------------------------------------------------------===//

// Positions [first, first + count * step) of the known elements of operand 1 must
// exist in a dimension of `size`; those that depend on data are checked when they
// are read.
static LogicalResult requirePositions(Node &node, AffineExpr size, size_t first = 0, size_t step = 1) {
  const Dims *indices = node.integers(1);
  if (!indices)
    return success();
  Symbols &symbols = node.symbols;
  for (size_t i = first; i < indices->size(); i += step) {
    AffineExpr index = symbols.canonicalize((*indices)[i]), last = size - 1;
    AffineExpr room = symbols.provablyNegative(index) ? index + size : last - index;
    if (symbols.provablyNegative(room))
      return node.emitError() << "index " << symbols.toString(index) << " is out of range of a dimension of size "
                              << symbols.toString(size);
    if (symbols.provablyNegative(index) || symbols.provablyNonNegative(index))
      symbols.require(room);
  }
  return success();
}

static LogicalResult inferGather(Node &node) {
  Dims data = node.dims(0);
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.getInt("axis", 0), data.size());
  if (failed(axis))
    return failure();
  if (failed(requirePositions(node, data[*axis])))
    return failure();
  Dims result(data.begin(), data.begin() + *axis);
  llvm::append_range(result, node.dims(1));
  result.append(data.begin() + *axis + 1, data.end());
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferGatherElements(Node &node) {
  if (failed(node.requireRank(1, node.rank(0))))
    return failure();
  node.setResult(0, node.elem(0), node.dims(1));
  return success();
}

static LogicalResult inferGatherND(Node &node) {
  if (failed(node.requireRankAtLeast(0, 1)) ||
      failed(node.requireRankAtLeast(1, 1)))
    return failure();
  Dims data = node.dims(0), indices = node.dims(1);
  int64_t batch = node.getInt("batch_dims", 0);
  std::optional<int64_t> depth = tp::getConst(indices.back());
  if (!depth)
    return node.emitError() << "the last size of the indices must be known";
  if (batch < 0 || batch >= static_cast<int64_t>(indices.size()) ||
      *depth < 1 || batch + *depth > static_cast<int64_t>(data.size()))
    return node.emitError()
           << "indices of depth " << *depth << " with " << batch
           << " batch dimensions do not fit rank " << data.size();
  for (int64_t i = 0; i < batch; ++i)
    if (failed(node.unify(data[i], indices[i], "batch sizes")))
      return failure();
  for (int64_t i = 0; i < *depth; ++i)
    if (failed(requirePositions(node, data[batch + i], i, *depth)))
      return failure();
  Dims result(indices.begin(), indices.end() - 1);
  result.append(data.begin() + batch + *depth, data.end());
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferSame(Node &node) {
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

// CumSum and CumProd along the axis that operand 1 is.
static LogicalResult inferCumulative(Node &node) {
  std::optional<SmallVector<int64_t>> axis = node.constants(1);
  if (!axis)
    return node.emitError() << "the axis depends on the contents of operand "
                               "'axis', which are only known when the model "
                               "runs";
  if (axis->size() != 1)
    return node.emitError() << "axis must be one number";
  if (failed(node.normalizeAxis(axis->front(), node.rank(0))))
    return failure();
  return inferSame(node);
}

//===----------------------------------------------------------------------===//
// Values from shapes
//===----------------------------------------------------------------------===//

static LogicalResult inferShape(Node &node) {
  int64_t rank = node.rank(0);
  auto clamp = [&](int64_t bound) {
    return std::min(std::max<int64_t>(bound < 0 ? bound + rank : bound, 0),
                    rank);
  };
  int64_t start = clamp(node.getInt("start", 0));
  int64_t end = clamp(node.getInt("end", rank));
  node.setResult(0, IntegerType::get(node.context(), 64),
                 {node.constant(std::max<int64_t>(0, end - start))});
  return success();
}

static LogicalResult inferSize(Node &node) {
  node.setResult(0, IntegerType::get(node.context(), 64), {});
  return success();
}

static LogicalResult inferRange(Node &node) {
  Type elem = node.elem(0);
  for (size_t i = 0; i < 3; ++i)
    if (node.rank(i) != 0)
      emitWarning(node.loc) << "operand '" << node.info->operands[i].name << "' has shape "
                            << node.symbols.toString(node.dims(i)) << "; it should be a scalar";
  if (!isa<IntegerType>(elem) && node.operand(0).scalar &&
      node.operand(1).scalar && node.operand(2).scalar) {
    double start = *node.operand(0).scalar, limit = *node.operand(1).scalar,
           delta = *node.operand(2).scalar;
    double count = std::ceil((limit - start) / delta);
    if (!(count < 1e9))
      return node.emitError() << "range without end";
    node.setResult(0, elem, {node.constant(std::max(0.0, count))});
    return success();
  }
  FailureOr<Dims> start = node.requireIntegers(0);
  if (failed(start))
    return failure();
  FailureOr<Dims> limit = node.requireIntegers(1);
  if (failed(limit))
    return failure();
  std::optional<SmallVector<int64_t>> delta = node.constants(2);
  if (!delta)
    return node.failUnknown(2);
  if (start->size() != 1 || limit->size() != 1 || delta->size() != 1)
    return node.emitError() << "operands must be scalars";
  int64_t step = delta->front();
  if (step == 0)
    return node.emitError() << "delta is 0";
  AffineExpr span = tp::simplify(step > 0 ? limit->front() - start->front()
                                          : start->front() - limit->front());
  if (node.symbols.provablyNegative(span))
    span = node.constant(0);
  node.symbols.require(span);
  node.setResult(0, elem, {span.ceilDiv(std::abs(step))});
  return success();
}

static LogicalResult inferConstantOfShape(Node &node) {
  FailureOr<Dims> shape = node.requireIntegers(0);
  if (failed(shape))
    return failure();
  Type elem = Float32Type::get(node.context());
  if (auto value = dyn_cast_or_null<ElementsAttr>(node.attributes.get("value")))
    elem = value.getElementType();
  node.setResult(0, elem, *shape);
  return success();
}

static LogicalResult inferEyeLike(Node &node) {
  if (failed(node.requireRank(0, 2)))
    return failure();
  Type elem = node.elem(0);
  if (int64_t dataType = node.getInt("dtype", 0)) {
    FailureOr<Type> named = resolveElementType(node, dataType);
    if (failed(named))
      return failure();
    elem = *named;
  }
  node.setResult(0, elem, node.dims(0));
  return success();
}

static LogicalResult inferOneHot(Node &node) {
  // The depth may be of any numeric type.
  FailureOr<Dims> depth = Dims{};
  if (node.has(1) && node.operand(1).scalar)
    depth->push_back(
        node.constant(static_cast<int64_t>(*node.operand(1).scalar)));
  else
    depth = node.requireIntegers(1);
  if (failed(depth))
    return failure();
  if (depth->size() != 1)
    return node.emitError() << "depth must be a scalar";
  Dims result = node.dims(0);
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.getInt("axis", -1), result.size() + 1);
  if (failed(axis))
    return failure();
  result.insert(result.begin() + *axis, depth->front());
  node.setResult(0, node.elem(2), result);
  return success();
}

static LogicalResult inferTopK(Node &node) {
  FailureOr<Dims> k = node.requireIntegers(1);
  if (failed(k))
    return failure();
  Dims result = node.dims(0);
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.getInt("axis", -1), result.size());
  if (failed(axis))
    return failure();
  if (k->size() != 1)
    return node.emitError() << "k must be one number";
  node.symbols.require(result[*axis] - k->front());
  result[*axis] = k->front();
  node.setResult(0, node.elem(0), result);
  node.setResult(1, IntegerType::get(node.context(), 64), result);
  return success();
}

static LogicalResult inferDataDependent(Node &node) {
  return node.emitError() << "operator " << node.opType()
                          << ": the size of its result depends on data, on the contents of '"
                          << node.info->operands[0].name << "', which are only known when the model runs";
}

// The positions of what is not zero. How many there are depends on data, unless
// it is a constant's: simplification has to do without the symbol that stands for
// it (tp-raise-nonzero).
static LogicalResult inferNonZero(Node &node) {
  AffineExpr count;
  if (std::optional<SmallVector<int64_t>> elements = node.constants(0))
    count = node.constant(llvm::count_if(*elements, [](int64_t x) { return x != 0; }));
  else
    count = node.symbols.get(("count of NonZero " + Twine(node.symbols.size())).str());
  node.setResult(0, IntegerType::get(node.context(), 64),
                 {node.constant(std::max<int64_t>(node.rank(0), 1)), count});
  return success();
}

// What a constant condition keeps.
static LogicalResult inferCompress(Node &node) {
  std::optional<SmallVector<int64_t>> condition = node.constants(1);
  if (!condition)
    return node.emitError() << "operator Compress: the size of its result depends on data, on "
                               "the contents of 'condition', which are only known when the "
                               "model runs";
  int64_t count = llvm::count_if(*condition, [](int64_t x) { return x != 0; });
  std::optional<int64_t> last;
  for (auto [i, holds] : llvm::enumerate(*condition))
    if (holds)
      last = i;
  std::optional<int64_t> given = node.getInt("axis");
  Dims dims = node.dims(0), result{node.constant(count)};
  AffineExpr extent = tp::product(dims, node.context());
  if (given) {
    FailureOr<int64_t> axis = node.normalizeAxis(*given, dims.size());
    if (failed(axis))
      return failure();
    extent = dims[*axis];
    result = dims;
    result[*axis] = node.constant(count);
  }
  if (last) {
    std::optional<int64_t> size = tp::getConst(extent);
    if (size && *last >= *size)
      return node.emitError() << "the condition selects element " << *last << " of " << *size;
    node.symbols.require(extent - *last - 1);
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

void tpo::importer::addIndexingInference(InferTable &table) {
  table["onnx.Slice"] = inferSlice;
  table["onnx.Gather"] = inferGather;
  table["onnx.GatherElements"] = inferGatherElements;
  table["onnx.GatherND"] = inferGatherND;
  for (StringRef name : {"ScatterElements", "ScatterND", "TensorScatter"})
    table[("onnx." + name).str()] = inferSame;
  table["onnx.CumSum"] = inferCumulative;
  table["onnx.CumProd"] = inferCumulative;
  table["onnx.Shape"] = inferShape;
  table["onnx.Size"] = inferSize;
  table["onnx.Range"] = inferRange;
  table["onnx.ConstantOfShape"] = inferConstantOfShape;
  table["onnx.EyeLike"] = inferEyeLike;
  table["onnx.OneHot"] = inferOneHot;
  table["onnx.TopK"] = inferTopK;
  table["onnx.NonZero"] = inferNonZero;
  table["onnx.Compress"] = inferCompress;
  for (StringRef name : {"Unique", "NonMaxSuppression"})
    table[("onnx." + name).str()] = inferDataDependent;
}
