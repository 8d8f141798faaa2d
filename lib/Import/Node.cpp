//===- Node.cpp - One ONNX node while importing ---------------------------===//

#include "Node.h"

#include "dialects/Tp/Dims.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

std::optional<int64_t> tpo::importer::countElements(const Dims &dims) {
  int64_t count = 1;
  for (AffineExpr dim : dims) {
    std::optional<int64_t> size = tp::getConst(dim);
    if (!size || __builtin_mul_overflow(count, *size, &count))
      return std::nullopt;
  }
  return count;
}

ImportedValue *ValueFactory::integers(Type elem, Dims elements, bool isScalar,
                                      Symbols &symbols) {
  ImportedValue *value = make();
  value->elem = elem;
  if (!isScalar)
    value->dims.push_back(symbols.constant(elements.size()));
  value->integers = std::move(elements);
  return value;
}

void Origin::addSize(AffineExpr size) {
  if (size && !isa<AffineConstantExpr>(size) &&
      !llvm::is_contained(sizes, size))
    sizes.push_back(size);
}

void Origin::merge(const Origin &from) {
  other |= from.other;
  for (AffineExpr size : from.sizes)
    addSize(size);
  for (const std::string &input : from.inputs)
    if (!llvm::is_contained(inputs, input))
      inputs.push_back(input);
  for (const std::string &minimum : from.minima)
    if (!llvm::is_contained(minima, minimum))
      minima.push_back(minimum);
}

IntegerAttr tpo::importer::getSignedAttr(MLIRContext *context, int64_t value) {
  return IntegerAttr::get(IntegerType::get(context, 64, IntegerType::Signed),
                          value);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

ImportedValue &Node::operand(size_t i) {
  ImportedValue &value = *operands[i];
  if (value.generation != symbols.getGeneration()) {
    for (AffineExpr &dim : value.dims)
      dim = symbols.canonicalize(dim);
    if (value.integers)
      for (AffineExpr &element : *value.integers)
        element = symbols.canonicalize(element);
    value.generation = symbols.getGeneration();
  }
  return value;
}

const Dims *Node::integers(size_t i) {
  if (!has(i) || !operand(i).allIntegersKnown())
    return nullptr;
  return &*operand(i).integers;
}

std::optional<SmallVector<int64_t>> Node::constants(size_t i) {
  const Dims *elements = integers(i);
  return elements ? tp::getConsts(*elements) : std::nullopt;
}

FailureOr<Dims> Node::requireIntegers(size_t i) {
  if (const Dims *elements = integers(i))
    return *elements;
  return failUnknown(i);
}

LogicalResult Node::failUnknown(size_t i) {
  const Origin &origin = operand(i).origin;
  if (!origin.other) {
    for (const std::string &input : origin.inputs)
      if (symbols.dataInputs.contains(input))
        symbols.needed.dataInputs.insert(input);
    symbols.needed.minima.insert_range(origin.minima);
    if (!symbols.needed.empty())
      return failure();
  }
  StringRef name = i < info->operands.size() ? info->operands[i].name : "";
  return emitError() << "the shape of the result depends on the contents of "
                        "operand '"
                     << name << "', which are only known when the model runs";
}

void Node::setOperand(size_t i, ImportedValue *value) {
  if (operands.size() <= i)
    operands.resize(i + 1);
  operands[i] = value;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

std::optional<int64_t> Node::getInt(StringRef name) const {
  if (auto attr = dyn_cast_or_null<IntegerAttr>(attributes.get(name)))
    return attr.getValue().getSExtValue();
  return std::nullopt;
}

int64_t Node::getInt(StringRef name, int64_t defaultValue) const {
  return getInt(name).value_or(defaultValue);
}

std::optional<SmallVector<int64_t>> Node::getInts(StringRef name) const {
  auto array = dyn_cast_or_null<ArrayAttr>(attributes.get(name));
  if (!array)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (Attribute element : array)
    values.push_back(cast<IntegerAttr>(element).getInt());
  return values;
}

double Node::getFloat(StringRef name, double defaultValue) const {
  if (auto attr = dyn_cast_or_null<FloatAttr>(attributes.get(name)))
    return attr.getValueAsDouble();
  return defaultValue;
}

StringRef Node::getString(StringRef name, StringRef defaultValue) const {
  if (auto attr = dyn_cast_or_null<StringAttr>(attributes.get(name)))
    return attr.getValue();
  return defaultValue;
}

void Node::setInt(StringRef name, int64_t value) {
  attributes.set(name, getSignedAttr(context(), value));
}

void Node::setInts(StringRef name, ArrayRef<int64_t> values) {
  Builder builder(context());
  attributes.set(name, builder.getI64ArrayAttr(values));
}

FailureOr<int64_t> Node::normalizeAxis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank)
    return emitError() << "axis " << axis << " is out of range for rank "
                       << rank;
  return axis < 0 ? axis + rank : axis;
}

//===----------------------------------------------------------------------===//
// Results and sizes
//===----------------------------------------------------------------------===//

void Node::setResult(size_t i, Type elem, Dims dims) {
  if (resultTypes.size() <= i)
    resultTypes.resize(i + 1);
  for (AffineExpr &dim : dims)
    dim = symbols.canonicalize(dim);
  resultTypes[i] = {elem, std::move(dims)};
}

LogicalResult Node::unify(AffineExpr lhs, AffineExpr rhs, StringRef what) {
  if (symbols.equal(lhs, rhs) || symbols.unify(lhs, rhs))
    return success();
  if (lhs && rhs && tp::getConst(symbols.canonicalize(lhs - rhs)))
    return emitError() << what << " must be equal, got "
                       << symbols.toString(lhs) << " and "
                       << symbols.toString(rhs);
  if (lhs && rhs) {
    // No expression solves it: left to be checked when the sizes are known.
    symbols.require(lhs - rhs);
    symbols.require(rhs - lhs);
    return success();
  }
  return emitError() << what << ": a size is not known";
}

FailureOr<Dims> Node::broadcast(ArrayRef<Dims> shapes) {
  size_t rank = 0;
  for (const Dims &shape : shapes)
    rank = std::max(rank, shape.size());
  Dims result(rank, constant(1));
  for (const Dims &shape : shapes) {
    for (size_t i = 0; i < shape.size(); ++i) {
      AffineExpr &dim = result[rank - shape.size() + i];
      AffineExpr size = symbols.canonicalize(shape[i]);
      dim = symbols.canonicalize(dim);
      if (tp::getConst(size) == 1 || dim == size)
        continue;
      if (tp::getConst(dim) == 1) {
        dim = size;
        continue;
      }
      if (!symbols.equal(dim, size) && !symbols.unify(dim, size)) {
        if (tp::getConst(symbols.canonicalize(dim - size)))
          return emitError()
                 << "shapes " << symbols.toString(shapes.front()) << " and "
                 << symbols.toString(shape) << " do not broadcast";
        symbols.require(dim - size);
        symbols.require(size - dim);
      }
      dim = symbols.canonicalize(dim);
    }
  }
  return result;
}

LogicalResult Node::requireRank(size_t i, int64_t expected) {
  if (rank(i) == expected)
    return success();
  return emitError() << "operand '" << info->operands[i].name << "' has rank "
                     << rank(i) << ", need " << expected;
}

LogicalResult Node::requireSize(AffineExpr size, AffineExpr least,
                                StringRef what) {
  if (symbols.provablyNegative(size - least))
    return emitError() << what << " is " << symbols.toString(size)
                       << ", need at least " << symbols.toString(least);
  symbols.require(size - least);
  return success();
}

LogicalResult Node::requireRankAtLeast(size_t i, int64_t minimum) {
  if (rank(i) >= minimum)
    return success();
  return emitError() << "operand '" << info->operands[i].name << "' has rank "
                     << rank(i) << ", need at least " << minimum;
}
