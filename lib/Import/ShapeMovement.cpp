//===- ShapeMovement.cpp - Operators that rearrange elements --------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

//===----------------------------------------------------------------------===//
// Reshape and its kin
//===----------------------------------------------------------------------===//

// Sizes that both lists have cancel in the quotient of their products.
static void cancelCommon(Node &node, Dims &lhs, Dims &rhs) {
  for (AffineExpr *factor = lhs.begin(); factor != lhs.end();) {
    AffineExpr *same = llvm::find_if(rhs, [&](AffineExpr other) {
      return node.symbols.equal(*factor, other);
    });
    if (same == rhs.end()) {
      ++factor;
      continue;
    }
    rhs.erase(same);
    factor = lhs.erase(factor);
  }
}

// The size that makes both products of sizes equal.
static FailureOr<AffineExpr> inferMissingSize(Node &node, Dims from, Dims to) {
  Dims input = from, others = to;
  cancelCommon(node, from, to);
  AffineExpr total = tp::product(from, node.context());
  AffineExpr known = tp::product(to, node.context());
  if (AffineExpr quotient = tp::divideExactly(total, known))
    return quotient;
  if (tp::getConst(total) && tp::getConst(known))
    return node.emitError()
           << "cannot reshape " << node.symbols.toString(input) << " into "
           << node.symbols.toString(others) << " and one more size";
  AffineExpr quotient = tp::simplify(total.floorDiv(known));
  node.symbols.require(quotient * known - total);
  return quotient;
}

static LogicalResult checkSameSize(Node &node, Dims from, Dims to) {
  Dims input = from, output = to;
  cancelCommon(node, from, to);
  AffineExpr total = tp::product(from, node.context());
  AffineExpr wanted = tp::product(to, node.context());
  // [s, b, 64] into [6, b * 4, 16]: b and 64 are in both products, s is 6.
  for (AffineExpr factor : llvm::concat<AffineExpr>(from, to)) {
    // Every size divides 0, which then says nothing of the others.
    if (tp::getConst(factor) == 0 || tp::getConst(total) == 0 || tp::getConst(wanted) == 0)
      break;
    AffineExpr lhs = tp::divideExactly(total, factor);
    AffineExpr rhs = tp::divideExactly(wanted, factor);
    if (lhs && rhs) {
      total = lhs;
      wanted = rhs;
    }
  }
  if (node.symbols.equal(total, wanted) || node.symbols.unify(total, wanted))
    return success();
  if (tp::getConst(node.symbols.canonicalize(total - wanted)))
    return node.emitError() << "cannot reshape " << node.symbols.toString(input)
                            << " into " << node.symbols.toString(output);
  node.symbols.require(total - wanted);
  node.symbols.require(wanted - total);
  return success();
}

// A number of elements that does not fit 64 bits is no size of anything.
static LogicalResult checkElementCount(Node &node, ArrayRef<AffineExpr> sizes) {
  int64_t count = 1;
  for (AffineExpr size : sizes) {
    std::optional<int64_t> value = tp::getConst(size);
    if (value == 0)
      return success();
    if (value && *value > 0 && __builtin_mul_overflow(count, *value, &count))
      return node.emitError() << "cannot reshape into " << node.symbols.toString(sizes) << ": too many elements";
  }
  return success();
}

static LogicalResult inferReshape(Node &node) {
  if (failed(node.requireRank(1, 1)))
    return failure();
  if (!node.operand(1).integers)
    return node.failUnknown(1);
  Dims target = *node.operand(1).integers, input = node.dims(0);
  bool allowZero = node.getInt("allowzero", 0);
  std::optional<size_t> missing;
  for (auto [i, size] : llvm::enumerate(target)) {
    std::optional<int64_t> value = tp::getConst(size);
    // At most one size that depends on data follows from the others.
    if (!size || value == -1) {
      if (missing)
        return !size ? node.failUnknown(1)
                     : LogicalResult(node.emitError()
                                     << "more than one size is -1");
      missing = i;
    } else if (value == 0 && !allowZero) {
      if (i >= input.size())
        return node.emitError()
               << "size 0 at " << i << " has no dimension to copy in "
               << node.symbols.toString(input);
      size = input[i];
    } else if (value && *value < -1) {
      return node.emitError() << "invalid size " << *value;
    } else if (!value && !allowZero && node.symbols.dependsOnData(size)) {
      // A 0 that an input gives would mean the operand's own size.
      node.symbols.require(size - 1);
    }
  }
  if (failed(checkElementCount(node, target)))
    return failure();
  if (missing) {
    Dims others = target;
    others.erase(others.begin() + *missing);
    FailureOr<AffineExpr> size = inferMissingSize(node, input, others);
    if (failed(size))
      return failure();
    target[*missing] = *size;
  } else if (failed(checkSameSize(node, input, target))) {
    return failure();
  }
  node.setResult(0, node.elem(0), target);
  return success();
}

static LogicalResult inferFlatten(Node &node) {
  Dims input = node.dims(0);
  int64_t rank = input.size(), axis = node.getInt("axis", 1);
  if (axis < -rank || axis > rank)
    return node.emitError()
           << "axis " << axis << " is out of range for rank " << rank;
  if (axis < 0)
    axis += rank;
  ArrayRef<AffineExpr> all(input);
  node.setResult(0, node.elem(0),
                 {tp::product(all.take_front(axis), node.context()),
                  tp::product(all.drop_front(axis), node.context())});
  return success();
}

static LogicalResult inferSqueeze(Node &node) {
  Dims input = node.dims(0), result;
  int64_t rank = input.size();
  SmallVector<bool> removed(rank, false);
  if (node.has(1)) {
    std::optional<SmallVector<int64_t>> axes = node.constants(1);
    if (!axes)
      return node.failUnknown(1);
    for (int64_t axis : *axes) {
      FailureOr<int64_t> index = node.normalizeAxis(axis, rank);
      if (failed(index) || failed(node.unify(input[*index], node.constant(1),
                                             "a squeezed size and 1")))
        return failure();
      removed[*index] = true;
    }
  } else {
    // Without axes: what is 1. A symbolic size is taken not to be, as in the
    // shapes the exporter saw.
    for (int64_t i = 0; i < rank; ++i)
      removed[i] = tp::getConst(input[i]) == 1;
  }
  for (int64_t i = 0; i < rank; ++i)
    if (!removed[i])
      result.push_back(input[i]);
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferUnsqueeze(Node &node) {
  std::optional<SmallVector<int64_t>> axes = node.constants(1);
  if (!axes)
    return node.failUnknown(1);
  int64_t rank = node.rank(0) + axes->size();
  SmallVector<bool> added(rank, false);
  for (int64_t axis : *axes) {
    FailureOr<int64_t> index = node.normalizeAxis(axis, rank);
    if (failed(index))
      return failure();
    if (added[*index])
      return node.emitError() << "axis " << axis << " is given twice";
    added[*index] = true;
  }
  Dims result;
  const AffineExpr *next = node.dims(0).begin();
  for (int64_t i = 0; i < rank; ++i)
    result.push_back(added[i] ? node.constant(1) : *next++);
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferTranspose(Node &node) {
  Dims input = node.dims(0), result;
  int64_t rank = input.size();
  std::optional<SmallVector<int64_t>> perm = node.getInts("perm");
  if (!perm) {
    perm.emplace();
    for (int64_t i = rank; i-- > 0;)
      perm->push_back(i);
    node.setInts("perm", *perm);
  }
  SmallVector<bool> seen(rank, false);
  for (int64_t axis : *perm) {
    if (axis < 0 || axis >= rank || seen[axis])
      return node.emitError()
             << "perm is not a permutation of " << rank << " axes";
    seen[axis] = true;
    result.push_back(input[axis]);
  }
  if (result.size() != input.size())
    return node.emitError()
           << "perm is not a permutation of " << rank << " axes";
  node.setResult(0, node.elem(0), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Putting together and taking apart
//===----------------------------------------------------------------------===//

static LogicalResult inferConcat(Node &node) {
  int64_t rank = node.rank(0);
  FailureOr<int64_t> axis = node.normalizeAxis(node.getInt("axis", 0), rank);
  if (failed(axis))
    return failure();
  Dims result = node.dims(0);
  for (size_t i = 1; i < node.operands.size(); ++i) {
    if (node.elem(i) != node.elem(0))
      return node.emitError()
             << "operands have different element types: " << node.elem(0)
             << " and " << node.elem(i);
    if (node.rank(i) != rank)
      return node.emitError() << "operands have different ranks: " << rank
                              << " and " << node.rank(i);
    Dims dims = node.dims(i);
    for (int64_t d = 0; d < rank; ++d) {
      if (d == *axis)
        result[d] = result[d] + dims[d];
      else if (failed(node.unify(result[d], dims[d],
                                 "sizes beside the concatenated one")))
        return failure();
    }
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

// The sizes of the parts where no list gives them: equal, the last one smaller.
static LogicalResult splitEvenly(Node &node, AffineExpr size, int64_t parts,
                                 Dims &sizes) {
  if (parts <= 0)
    return node.emitError() << "splits into " << parts << " parts";
  AffineExpr part = tp::divideExactly(size, node.constant(parts));
  std::optional<int64_t> fixed = tp::getConst(size);
  if (!part && !fixed)
    return node.emitError() << "cannot split " << node.symbols.toString(size)
                            << " into " << parts << " parts";
  for (int64_t i = 0; i < parts; ++i) {
    if (part) {
      sizes.push_back(part);
      continue;
    }
    int64_t chunk = (*fixed + parts - 1) / parts;
    sizes.push_back(node.constant(
        std::max<int64_t>(0, std::min(chunk, *fixed - i * chunk))));
  }
  return success();
}

static LogicalResult inferSplit(Node &node) {
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.getInt("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  Dims input = node.dims(0), sizes;
  // Outputs that nothing uses may be left out; a number beyond reason is none.
  constexpr int64_t kMaxUnused = 1024;
  int64_t parts = node.getInt("num_outputs", node.results.size());
  if (parts < 1 || parts > static_cast<int64_t>(node.results.size()) + kMaxUnused)
    return node.emitError() << "splits into " << parts << " parts but has "
                            << node.results.size() << " outputs";
  if (node.has(1)) {
    FailureOr<Dims> given = node.requireIntegers(1);
    if (failed(given))
      return failure();
    sizes = *given;
    AffineExpr sum = node.constant(0);
    for (AffineExpr size : sizes)
      sum = sum + size;
    if (failed(node.unify(sum, input[*axis], "the parts' sum and the size")))
      return failure();
  } else if (failed(splitEvenly(node, input[*axis], parts, sizes))) {
    return failure();
  }
  if (sizes.size() < node.results.size())
    return node.emitError()
           << "splits into " << sizes.size() << " parts but has "
           << node.results.size() << " outputs";
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Dims result = input;
    result[*axis] = size;
    node.setResult(i, node.elem(0), result);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Repeating and padding
//===----------------------------------------------------------------------===//

static LogicalResult inferExpand(Node &node) {
  FailureOr<Dims> shape = node.requireIntegers(1);
  if (failed(shape))
    return failure();
  if (node.rank(1) != 1)
    return node.emitError() << "its shape has " << node.rank(1) << " dimensions, need 1";
  FailureOr<Dims> dims = node.broadcast({node.dims(0), *shape});
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), *dims);
  return success();
}

static LogicalResult inferTile(Node &node) {
  FailureOr<Dims> repeats = node.requireIntegers(1);
  if (failed(repeats))
    return failure();
  Dims result = node.dims(0);
  if (repeats->size() != result.size())
    return node.emitError()
           << repeats->size() << " repeats for rank " << result.size();
  for (auto [dim, repeat] : llvm::zip_equal(result, *repeats))
    dim = dim * repeat;
  node.setResult(0, node.elem(0), result);
  return success();
}

// What the padding is taken from must exist: `pad` elements beside the border
// that reflects them, one to repeat.
static LogicalResult requirePadSource(Node &node, AffineExpr size,
                                      AffineExpr pad) {
  StringRef mode = node.getString("mode", "constant");
  if (mode == "constant" || node.symbols.provablyNonNegative(pad * -1))
    return success();
  AffineExpr least = node.constant(1);
  return node.requireSize(size, mode == "reflect" ? pad + 1 : least,
                          "the size of a dimension to pad");
}

static LogicalResult inferPad(Node &node) {
  FailureOr<Dims> pads = node.requireIntegers(1);
  if (failed(pads))
    return failure();
  Dims result = node.dims(0);
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, result.size()));
  if (node.has(3)) {
    std::optional<SmallVector<int64_t>> given = node.constants(3);
    if (!given)
      return node.failUnknown(3);
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return node.emitError()
           << pads->size() << " pads for " << axes.size() << " axes";
  for (auto [i, axis] : llvm::enumerate(axes)) {
    FailureOr<int64_t> index = node.normalizeAxis(axis, result.size());
    if (failed(index))
      return failure();
    AffineExpr begin = (*pads)[i], end = (*pads)[i + axes.size()];
    for (AffineExpr pad : {begin, end})
      if (failed(requirePadSource(node, result[*index], pad)))
        return failure();
    result[*index] = result[*index] + begin + end;
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferDepthToSpace(Node &node) {
  if (failed(node.requireRank(0, 4)))
    return failure();
  AffineExpr block = node.constant(node.getInt("blocksize", 1));
  Dims in = node.dims(0);
  AffineExpr depth = tp::divideExactly(in[1], tp::simplify(block * block));
  if (!depth)
    return node.emitError() << "channels are no multiple of the block";
  node.setResult(0, node.elem(0), {in[0], depth, in[2] * block, in[3] * block});
  return success();
}

static LogicalResult inferSpaceToDepth(Node &node) {
  if (failed(node.requireRank(0, 4)))
    return failure();
  AffineExpr block = node.constant(node.getInt("blocksize", 1));
  Dims in = node.dims(0);
  AffineExpr height = tp::divideExactly(in[2], block);
  AffineExpr width = tp::divideExactly(in[3], block);
  if (!height || !width)
    return node.emitError() << "sizes are no multiple of the block";
  node.setResult(0, node.elem(0),
                 {in[0], in[1] * block * block, height, width});
  return success();
}

static LogicalResult inferSame(Node &node) {
  node.setResult(0, node.elem(0), node.dims(0));
  return success();
}

void tpo::importer::addMovementInference(InferTable &table) {
  table["onnx.Reshape"] = inferReshape;
  table["onnx.Flatten"] = inferFlatten;
  table["onnx.Squeeze"] = inferSqueeze;
  table["onnx.Unsqueeze"] = inferUnsqueeze;
  table["onnx.Transpose"] = inferTranspose;
  table["onnx.Concat"] = inferConcat;
  table["onnx.Split"] = inferSplit;
  table["onnx.Expand"] = inferExpand;
  table["onnx.Tile"] = inferTile;
  table["onnx.Pad"] = inferPad;
  table["onnx.DepthToSpace"] = inferDepthToSpace;
  table["onnx.SpaceToDepth"] = inferSpaceToDepth;
  table["onnx.Trilu"] = inferSame;
  table["onnx.ReverseSequence"] = inferSame;
}
