//===- FoldWeight.cpp - Views of weights ----------------------------------===//
//
// A weight is a reference: what only rearranges it changes the view and costs
// nothing, neither here nor when the program runs.
//
//===----------------------------------------------------------------------===//

#include "Fold.h"

#include "dialects/Tp/View.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

static SmallVector<int64_t> staticSizes(const Dims &dims) {
  SmallVector<int64_t> sizes;
  for (AffineExpr dim : dims)
    sizes.push_back(tp::getConst(dim).value_or(-1));
  return sizes;
}

// Strides of the same elements in shape `to`, if there are any: runs of `from`
// dimensions that lie contiguously are regrouped into `to` dimensions.
static std::optional<SmallVector<int64_t>>
reshapeStrides(ArrayRef<int64_t> from, ArrayRef<int64_t> strides,
               ArrayRef<int64_t> to) {
  SmallVector<int64_t> oldSizes, oldStrides;
  for (auto [size, stride] : llvm::zip_equal(from, strides)) {
    if (size == 0)
      return std::nullopt;
    if (size != 1) {
      oldSizes.push_back(size);
      oldStrides.push_back(stride);
    }
  }
  SmallVector<int64_t> result(to.size(), 0);
  size_t oldBegin = 0, newBegin = 0;
  while (oldBegin < oldSizes.size()) {
    size_t oldEnd = oldBegin + 1, newEnd = newBegin;
    int64_t oldCount = oldSizes[oldBegin], newCount = 1;
    while (newEnd < to.size() && newCount < oldCount)
      newCount *= to[newEnd++];
    while (oldCount != newCount) {
      if (oldCount < newCount) {
        if (oldEnd == oldSizes.size())
          return std::nullopt;
        oldCount *= oldSizes[oldEnd++];
      } else {
        if (newEnd == to.size())
          return std::nullopt;
        newCount *= to[newEnd++];
      }
    }
    for (size_t i = oldBegin; i + 1 < oldEnd; ++i)
      if (oldStrides[i] != oldStrides[i + 1] * oldSizes[i + 1])
        return std::nullopt;
    int64_t stride = oldStrides[oldEnd - 1];
    for (size_t i = newEnd; i-- > newBegin;) {
      result[i] = stride;
      stride *= to[i];
    }
    oldBegin = oldEnd;
    newBegin = newEnd;
  }
  return result;
}

namespace {

class WeightFolder {
public:
  WeightFolder(Node &node, MutableArrayRef<ImportedValue> results)
      : node(node), results(results), input(node.operand(0)) {}

  void run() {
    StringRef op = node.opType();
    if (op == "Transpose")
      return transpose();
    if (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" ||
        op == "Flatten")
      return reshape();
    if (op == "Cast" || op == "CastLike")
      return cast();
    if (op == "Slice")
      return slice();
    if (op == "Split")
      return split();
    if (op == "Gather")
      return gather();
  }

private:
  int64_t elementUnits() const {
    return tp::getOffsetUnits(input.weight->elem);
  }
  WeightReference shifted(int64_t axis, int64_t elements) const {
    WeightReference view = *input.weight;
    view.offset += elements * view.strides[axis] * elementUnits();
    return view;
  }

  void transpose() {
    WeightReference view = *input.weight;
    for (auto [d, axis] : llvm::enumerate(*node.getInts("perm")))
      view.strides[d] = input.weight->strides[axis];
    results[0].weight = view;
  }

  void reshape() {
    std::optional<SmallVector<int64_t>> strides =
        reshapeStrides(staticSizes(input.dims), input.weight->strides,
                       staticSizes(results[0].dims));
    if (!strides)
      return;
    results[0].weight = *input.weight;
    results[0].weight->strides = *strides;
  }

  // Between floats: loading converts. From a wider type through a narrower one
  // rounds twice, so only the first conversion folds. Narrow floats are decoded
  // where they are used: as bytes they are read faster.
  void cast() {
    auto isLoaded = [](Type type) {
      return isa<Float32Type, Float16Type, BFloat16Type>(type);
    };
    if (isLoaded(input.elem) && isLoaded(results[0].elem) &&
        input.elem == input.weight->elem)
      results[0].weight = *input.weight;
  }

  void slice() {
    std::optional<SmallVector<int64_t>> starts = node.constants(1);
    std::optional<SmallVector<int64_t>> ends = node.constants(2);
    std::optional<SmallVector<int64_t>> axes = node.constants(3);
    std::optional<SmallVector<int64_t>> steps = node.constants(4);
    if (!starts || !ends || (node.has(3) && !axes) || (node.has(4) && !steps))
      return;
    SmallVector<int64_t> sizes = staticSizes(input.dims);
    WeightReference view = *input.weight;
    for (size_t i = 0; i < starts->size(); ++i) {
      int64_t axis = axes ? (*axes)[i] : i, step = steps ? (*steps)[i] : 1;
      if (axis < 0)
        axis += sizes.size();
      if (step < 1)
        return;
      int64_t start = (*starts)[i];
      if (start < 0)
        start = std::max<int64_t>(
            0, start < -sizes[axis] ? 0 : start + sizes[axis]);
      start = std::min(start, sizes[axis]);
      // An empty result has no first element.
      if (tp::getConst(results[0].dims[axis]) == 0)
        return;
      view.offset += start * input.weight->strides[axis] * elementUnits();
      view.strides[axis] *= step;
    }
    results[0].weight = view;
  }

  void split() {
    int64_t axis = node.getInt("axis", 0), begin = 0;
    if (axis < 0)
      axis += input.rank();
    for (ImportedValue &result : results) {
      std::optional<int64_t> size = tp::getConst(result.dims[axis]);
      if (!size || *size == 0)
        return;
      result.weight = shifted(axis, begin);
      begin += *size;
    }
  }

  void gather() {
    std::optional<SmallVector<int64_t>> index = node.constants(1);
    if (!index || node.rank(1) != 0)
      return;
    int64_t axis = node.getInt("axis", 0);
    if (axis < 0)
      axis += input.rank();
    int64_t size = tp::getConst(input.dims[axis]).value_or(0);
    int64_t selected =
        index->front() < 0 ? index->front() + size : index->front();
    if (selected < 0 || selected >= size)
      return;
    WeightReference view = shifted(axis, selected);
    view.strides.erase(view.strides.begin() + axis);
    results[0].weight = view;
  }

  Node &node;
  MutableArrayRef<ImportedValue> results;
  ImportedValue &input;
};

} // namespace

void tpo::importer::foldWeight(Node &node,
                               MutableArrayRef<ImportedValue> results) {
  if (!node.has(0) || !node.operand(0).weight || !node.info->domain.empty())
    return;
  if (!node.operand(0).weight->elem.isIntOrFloat())
    return;
  WeightFolder(node, results).run();
}

//===----------------------------------------------------------------------===//
// Nodes that do nothing
//===----------------------------------------------------------------------===//

std::optional<size_t> tpo::importer::findForwardedOperand(Node &node) {
  if (!node.info->domain.empty() || !node.has(0) || node.resultTypes.empty())
    return std::nullopt;
  StringRef op = node.opType();
  if (op == "Identity" || op == "Dropout")
    return 0;
  bool keepsElements =
      op == "Cast" || op == "CastLike" || op == "Reshape" || op == "Expand" ||
      op == "Flatten" || op == "Squeeze" || (op == "Slice" && !node.has(4)) ||
      (op == "Slice" &&
       llvm::all_of(node.constants(4).value_or(SmallVector<int64_t>{0}),
                    [](int64_t step) { return step == 1; })) ||
      (op == "Concat" && node.operands.size() == 1);
  const Node::ResultType &result = node.resultTypes[0];
  if (!keepsElements || result.elem != node.elem(0) ||
      result.dims.size() != node.dims(0).size())
    return std::nullopt;
  for (auto [from, to] : llvm::zip_equal(node.dims(0), result.dims))
    if (!node.symbols.equal(from, to))
      return std::nullopt;
  return 0;
}
