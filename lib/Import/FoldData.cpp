//===- FoldData.cpp - Known elements of results ---------------------------===//

#include "Fold.h"

#include "dialects/Tp/Dims.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

using Shape = SmallVector<int64_t>;

static std::optional<Shape> staticShape(const Dims &dims) {
  Shape shape;
  for (AffineExpr dim : dims) {
    std::optional<int64_t> size = tp::getConst(dim);
    if (!size || *size < 0)
      return std::nullopt;
    shape.push_back(*size);
  }
  return shape;
}

static int64_t product(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

static Shape delinearize(int64_t linear, ArrayRef<int64_t> shape) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    index[d] = linear % shape[d];
    linear /= shape[d];
  }
  return index;
}

static int64_t linearize(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t linear = 0;
  for (auto [i, size] : llvm::zip_equal(index, shape))
    linear = linear * size + i;
  return linear;
}

// The element of an operand of `shape` that broadcasts to `index`.
static int64_t broadcastIndex(ArrayRef<int64_t> index,
                              ArrayRef<int64_t> shape) {
  int64_t linear = 0;
  size_t offset = index.size() - shape.size();
  for (auto [d, size] : llvm::enumerate(shape))
    linear = linear * size + (size == 1 ? 0 : index[offset + d]);
  return linear;
}

namespace {

/// Folds one node: its first result's shape is static and small.
class DataFolder {
public:
  DataFolder(Node &node, MutableArrayRef<ImportedValue> results, Shape shape)
      : node(node), symbols(node.symbols), results(results),
        shape(std::move(shape)), op(node.opType()),
        isFloat(isa<FloatType>(results[0].elem)) {}

  void run() {
    if (op == "Shape" || op == "Size")
      return foldShape();
    if (op == "ConstantOfShape")
      return foldFill();
    if (op == "Range")
      return foldRange();
    if (op == "NonZero")
      return foldNonZero();
    if (op == "OneHot")
      return foldOneHot();
    if (foldScalar())
      return;
    if (op == "Cast" || op == "CastLike")
      return foldCast();
    if (op.starts_with("Reduce"))
      return foldReduce();
    if (op == "Where")
      return foldWhere();
    if (op == "Concat")
      return foldConcat();
    if (op == "Split")
      return foldSplit();
    if (!tracked(0))
      return;
    if (foldSelection())
      return;
    foldElementwise();
  }

private:
  bool tracked(size_t i) {
    return node.has(i) && node.operand(i).integers &&
           staticShape(node.dims(i)).has_value();
  }
  AffineExpr element(size_t operand, int64_t linear) {
    return (*node.operand(operand).integers)[linear];
  }

  // Sets the elements of result 0, computed by index.
  void fill(llvm::function_ref<AffineExpr(ArrayRef<int64_t>)> compute) {
    Dims elements;
    int64_t count = product(shape);
    for (int64_t linear = 0; linear < count; ++linear)
      elements.push_back(compute(delinearize(linear, shape)));
    store(0, std::move(elements));
  }

  void store(size_t result, Dims elements) {
    bool symbolic = llvm::any_of(elements, [](AffineExpr element) {
      return !element || !isa<AffineConstantExpr>(element);
    });
    bool anyKnown =
        elements.empty() || llvm::any_of(elements, [](AffineExpr e) {
          return static_cast<bool>(e);
        });
    if (!anyKnown || (symbolic && elements.size() > kMaxTrackedExprs))
      return;
    results[result].integers = std::move(elements);
  }

  void foldShape();
  void foldFill();
  void foldRange();
  void foldNonZero();
  void foldOneHot();
  bool foldScalar();
  void foldCast();
  /// Whether result 0, of an integer type, has this value.
  bool fits(int64_t number) const;
  void foldReduce();
  void foldWhere();
  void foldConcat();
  void foldSplit();
  bool foldSelection();
  void foldGather();
  void foldSlice();
  void foldElementwise();
  AffineExpr foldMinimum(AffineExpr lhs, AffineExpr rhs);

  Node &node;
  Symbols &symbols;
  MutableArrayRef<ImportedValue> results;
  Shape shape;
  StringRef op;
  bool isFloat;
};

void DataFolder::foldShape() {
  const Dims &dims = node.dims(0);
  if (op == "Size")
    return store(0, {tp::product(dims, node.context())});
  int64_t rank = dims.size();
  int64_t start = node.getInt("start", 0);
  start =
      std::min(std::max<int64_t>(start < 0 ? start + rank : start, 0), rank);
  store(0, Dims(dims.begin() + start, dims.begin() + start + shape[0]));
}

void DataFolder::foldFill() {
  auto value =
      dyn_cast_or_null<DenseElementsAttr>(node.attributes.get("value"));
  int64_t count = product(shape);
  if (isFloat && count == 1) {
    results[0].scalar =
        value ? value.getValues<APFloat>()[0].convertToDouble() : 0.0;
  } else if (!isFloat && value && value.getElementType().isIntOrIndex()) {
    APInt element = value.getValues<APInt>()[0];
    int64_t number = value.getElementType().isInteger(1) ||
                             value.getElementType().isUnsignedInteger()
                         ? element.getZExtValue()
                         : element.getSExtValue();
    store(0, Dims(count, symbols.constant(number)));
  }
}

void DataFolder::foldRange() {
  if (isFloat || !node.integers(0) || !node.integers(2))
    return;
  AffineExpr start = element(0, 0), delta = element(2, 0);
  fill([&](ArrayRef<int64_t> index) {
    return symbols.canonicalize(start + delta * index[0]);
  });
}

void DataFolder::foldNonZero() {
  std::optional<SmallVector<int64_t>> elements = node.constants(0);
  std::optional<Shape> input = staticShape(node.dims(0));
  if (!elements || !input)
    return;
  // A scalar counts as one row of one.
  if (input->empty())
    input->push_back(1);
  SmallVector<Shape> found;
  for (auto [linear, element] : llvm::enumerate(*elements))
    if (element)
      found.push_back(delinearize(linear, *input));
  fill([&](ArrayRef<int64_t> index) { return symbols.constant(found[index[1]][index[0]]); });
}

// The repetitions of a Tile are spelled so for torch.repeat_interleave.
void DataFolder::foldOneHot() {
  std::optional<SmallVector<int64_t>> positions = node.constants(0);
  if (isFloat || !positions || !tracked(0) || !tracked(2))
    return;
  int64_t rank = shape.size(), axis = node.getInt("axis", -1);
  axis = axis < 0 ? axis + rank : axis;
  Shape outer = *staticShape(node.dims(0));
  fill([&](ArrayRef<int64_t> index) {
    Shape position(index);
    position.erase(position.begin() + axis);
    int64_t hot = (*positions)[linearize(position, outer)];
    hot = hot < 0 ? hot + shape[axis] : hot;
    return element(2, hot == index[axis] ? 1 : 0);
  });
}

// Float arithmetic on numbers with one element.
bool DataFolder::foldScalar() {
  if (!isFloat || product(shape) != 1 ||
      (op == "Cast" && results[0].elem.getIntOrFloatBitWidth() < 16))
    return false;
  SmallVector<double> operands;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!node.has(i))
      return false;
    const ImportedValue &value = node.operand(i);
    if (i > 0 && (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" ||
                  op == "Expand"))
      break;
    if (value.scalar)
      operands.push_back(*value.scalar);
    else if (auto numbers = node.constants(i);
             numbers && numbers->size() == 1 && isa<FloatType>(value.elem))
      operands.push_back((*numbers)[0]);
    else
      return false;
  }
  StringRef function = op;
  if (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" ||
      op == "Expand" || op == "Flatten" || op == "Transpose" || op == "Cast")
    function = "Identity";
  std::optional<double> value = foldFloat(function, operands);
  if (value)
    results[0].scalar = roundTo(*value, cast<FloatType>(results[0].elem));
  return value.has_value();
}

bool DataFolder::fits(int64_t number) const {
  auto integer = cast<IntegerType>(results[0].elem);
  unsigned bits = integer.getWidth();
  if (integer.isUnsigned())
    return number >= 0 && (bits >= 64 || llvm::isUIntN(bits, number));
  return bits >= 64 || llvm::isIntN(bits, number);
}

void DataFolder::foldCast() {
  // What these types round and saturate to is computed by kernels alone.
  if (isFloat && results[0].elem.getIntOrFloatBitWidth() < 16)
    return;
  ImportedValue &input = node.operand(0);
  bool toBool = results[0].elem.isInteger(1);
  if (input.scalar && !isFloat && std::isfinite(*input.scalar) &&
      std::fabs(*input.scalar) < 9e18) {
    int64_t number = static_cast<int64_t>(*input.scalar);
    if (toBool || fits(number))
      store(0, {symbols.constant(toBool ? *input.scalar != 0 : number)});
    return;
  }
  if (!tracked(0) || isa<ComplexType>(results[0].elem))
    return;
  if (isFloat && product(shape) == 1)
    if (auto number = tp::getConst(element(0, 0))) {
      results[0].scalar = roundTo(*number, cast<FloatType>(results[0].elem));
      return;
    }
  unsigned bits = results[0].elem.getIntOrFloatBitWidth();
  Dims elements;
  for (AffineExpr element : *input.integers) {
    std::optional<int64_t> number = tp::getConst(element);
    if (toBool)
      element = number ? symbols.constant(*number != 0) : AffineExpr();
    // What does not fit wraps or rounds: left to be computed.
    else if (number && isFloat && std::abs(*number) > 256)
      element =
          bits >= 32 && std::abs(*number) < (1 << 24) ? element : AffineExpr();
    else if (number && !isFloat && !fits(*number))
      element = {};
    else if (!number && bits < 32)
      element = {};
    elements.push_back(element);
  }
  store(0, std::move(elements));
}

void DataFolder::foldReduce() {
  StringRef function = llvm::StringSwitch<StringRef>(op)
                           .Case("ReduceSum", "Add")
                           .Case("ReduceProd", "Mul")
                           .Case("ReduceMax", "Max")
                           .Case("ReduceMin", "Min")
                           .Default("");
  // To one element: the form that sizes take.
  if (function.empty() || product(shape) != 1 || !tracked(0) ||
      node.operand(0).integers->empty())
    return;
  const Dims &input = *node.operand(0).integers;
  AffineExpr result = input.front();
  for (AffineExpr element : ArrayRef<AffineExpr>(input).drop_front())
    result = foldBinary(symbols, function, result, element, isFloat);
  store(0, {result});
}

void DataFolder::foldWhere() {
  if (!tracked(0) || !tracked(1) || !tracked(2))
    return;
  Shape shapes[3];
  for (size_t i = 0; i < 3; ++i)
    shapes[i] = *staticShape(node.dims(i));
  fill([&](ArrayRef<int64_t> index) -> AffineExpr {
    AffineExpr then = element(1, broadcastIndex(index, shapes[1]));
    AffineExpr otherwise = element(2, broadcastIndex(index, shapes[2]));
    AffineExpr condition = element(0, broadcastIndex(index, shapes[0]));
    if (then && otherwise && symbols.equal(then, otherwise))
      return then;
    std::optional<int64_t> known =
        condition ? tp::getConst(condition) : std::nullopt;
    return !known ? AffineExpr() : *known ? then : otherwise;
  });
}

void DataFolder::foldConcat() {
  int64_t axis = node.getInt("axis", 0);
  if (axis < 0)
    axis += shape.size();
  SmallVector<Shape> shapes;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    std::optional<Shape> operand = staticShape(node.dims(i));
    if (!operand)
      return;
    shapes.push_back(*operand);
  }
  fill([&](ArrayRef<int64_t> index) -> AffineExpr {
    Shape local(index);
    size_t i = 0;
    while (local[axis] >= shapes[i][axis])
      local[axis] -= shapes[i++][axis];
    // Operands that are not tracked have unknown elements.
    return node.operand(i).integers ? element(i, linearize(local, shapes[i]))
                                    : AffineExpr();
  });
}

void DataFolder::foldSplit() {
  if (!tracked(0))
    return;
  Shape input = *staticShape(node.dims(0));
  int64_t axis = node.getInt("axis", 0);
  if (axis < 0)
    axis += input.size();
  int64_t begin = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    std::optional<Shape> part = staticShape(results[i].dims);
    if (!part)
      return;
    Dims elements;
    for (int64_t linear = 0; linear < product(*part); ++linear) {
      Shape index = delinearize(linear, *part);
      index[axis] += begin;
      elements.push_back(element(0, linearize(index, input)));
    }
    begin += (*part)[axis];
    store(i, std::move(elements));
  }
}

void DataFolder::foldGather() {
  std::optional<SmallVector<int64_t>> indices = node.constants(1);
  if (!indices)
    return;
  Shape input = *staticShape(node.dims(0));
  int64_t axis = node.getInt("axis", 0);
  if (axis < 0)
    axis += input.size();
  int64_t inner = node.rank(1);
  std::optional<Shape> indexShape = staticShape(node.dims(1));
  if (!indexShape)
    return;
  fill([&](ArrayRef<int64_t> index) -> AffineExpr {
    Shape source(index.take_front(axis));
    int64_t selected =
        (*indices)[linearize(index.slice(axis, inner), *indexShape)];
    source.push_back(selected < 0 ? selected + input[axis] : selected);
    source.append(index.begin() + axis + inner, index.end());
    if (source[axis] < 0 || source[axis] >= input[axis])
      return {};
    return element(0, linearize(source, input));
  });
}

void DataFolder::foldSlice() {
  Shape input = *staticShape(node.dims(0));
  std::optional<SmallVector<int64_t>> starts = node.constants(1);
  std::optional<SmallVector<int64_t>> axes = node.constants(3);
  std::optional<SmallVector<int64_t>> steps = node.constants(4);
  if (!starts || (node.has(3) && !axes) || (node.has(4) && !steps))
    return;
  Shape first(input.size(), 0), stride(input.size(), 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (*axes)[i] : i;
    if (axis < 0)
      axis += input.size();
    stride[axis] = steps ? (*steps)[i] : 1;
    int64_t start = (*starts)[i];
    int64_t last = stride[axis] > 0 ? input[axis] : input[axis] - 1;
    if (start < 0)
      start = start < -input[axis] ? 0 : start + input[axis];
    first[axis] = std::min(start, last);
  }
  fill([&](ArrayRef<int64_t> index) {
    Shape source(index);
    for (size_t d = 0; d < source.size(); ++d)
      source[d] = first[d] + source[d] * stride[d];
    return element(0, linearize(source, input));
  });
}

// Operators whose result elements are elements of operand 0.
bool DataFolder::foldSelection() {
  Shape input = *staticShape(node.dims(0));
  if (op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" ||
      op == "Flatten" || op == "Identity") {
    store(0, *node.operand(0).integers);
  } else if (op == "Gather") {
    foldGather();
  } else if (op == "Slice") {
    foldSlice();
  } else if (op == "Expand") {
    fill([&](ArrayRef<int64_t> index) {
      return element(0, broadcastIndex(index, input));
    });
  } else if (op == "Tile") {
    fill([&](ArrayRef<int64_t> index) {
      Shape source(index);
      for (auto [i, size] : llvm::zip_equal(source, input))
        i %= size;
      return element(0, linearize(source, input));
    });
  } else if (op == "Transpose") {
    SmallVector<int64_t> perm = *node.getInts("perm");
    fill([&](ArrayRef<int64_t> index) {
      Shape source(index.size());
      for (auto [d, axis] : llvm::enumerate(perm))
        source[axis] = index[d];
      return element(0, linearize(source, input));
    });
  } else {
    return false;
  }
  return true;
}

// A size under a limit, `min(128, total)`, as exporters write the end of a
// slice of a table. Where a shape depends on it, the size is taken to be within
// the limit, as a slice's bounds are, and that becomes a requirement.
AffineExpr DataFolder::foldMinimum(AffineExpr lhs, AffineExpr rhs) {
  if (!lhs || !rhs || tp::getConst(lhs).has_value() == tp::getConst(rhs).has_value())
    return {};
  AffineExpr limit = tp::getConst(lhs) ? lhs : rhs;
  AffineExpr size = tp::getConst(lhs) ? rhs : lhs;
  if (!symbols.provablyNonNegative(size))
    return {};
  std::string name;
  llvm::raw_string_ostream(name) << node.loc;
  if (symbols.getAssumed().minima.contains(name)) {
    symbols.require(limit - size);
    return size;
  }
  results[0].origin.minima.push_back(name);
  return {};
}

void DataFolder::foldElementwise() {
  static const llvm::StringSet<> unary{"Neg",   "Abs",  "Not",
                                       "Floor", "Ceil", "Round"};
  static const llvm::StringSet<> binary{
      "Add",     "Sub",   "Mul",           "Div", "Mod", "Pow",  "Max",
      "Min",     "Sum",   "And",           "Or",  "Xor", "Less", "LessOrEqual",
      "Greater", "Equal", "GreaterOrEqual"};
  if (unary.contains(op)) {
    fill([&](ArrayRef<int64_t> index) {
      return foldUnary(symbols, op, element(0, linearize(index, shape)),
                       isFloat);
    });
    return;
  }
  if (!binary.contains(op))
    return;
  SmallVector<Shape> shapes;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!tracked(i))
      return;
    shapes.push_back(*staticShape(node.dims(i)));
  }
  bool floatOperands = isa<FloatType>(node.elem(0));
  StringRef name = op == "Mod" && node.getInt("fmod", 0) == 0 ? "FloorMod" : op;
  fill([&](ArrayRef<int64_t> index) {
    AffineExpr value = element(0, broadcastIndex(index, shapes[0]));
    for (size_t i = 1; i < shapes.size(); ++i) {
      AffineExpr other = element(i, broadcastIndex(index, shapes[i]));
      AffineExpr folded = foldBinary(symbols, name, value, other, floatOperands);
      if (!folded && op == "Min" && !floatOperands)
        folded = foldMinimum(value, other);
      value = folded;
    }
    return value;
  });
}

} // namespace

void tpo::importer::foldData(Node &node,
                             MutableArrayRef<ImportedValue> results) {
  if (results.empty() || !node.info->domain.empty() || !results[0].elem)
    return;
  if (!results[0].elem.isIntOrFloat())
    return;
  std::optional<Shape> shape = staticShape(results[0].dims);
  std::optional<int64_t> count = countElements(results[0].dims);
  if (shape && count && *count <= kMaxTrackedConstants)
    DataFolder(node, results, *shape).run();
}
