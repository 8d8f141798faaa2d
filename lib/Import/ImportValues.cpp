//===- ImportValues.cpp - Tensors and constants ---------------------------===//

#include "GraphImporter.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Dims.h"
#include "dialects/Tp/Tp.h"
#include "dialects/Tp/View.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

//===----------------------------------------------------------------------===//
// From the file
//===----------------------------------------------------------------------===//

// Bits of an element as stored: bool takes a byte.
static unsigned storedBits(Type elem) {
  if (auto complex = dyn_cast<ComplexType>(elem))
    return 2 * complex.getElementType().getIntOrFloatBitWidth();
  return elem.isInteger(1) ? 8 : elem.getIntOrFloatBitWidth();
}

FailureOr<DenseElementsAttr>
GraphImporter::readElements(const ::onnx::TensorProto &tensor,
                            RankedTensorType type,
                            const TensorContents &contents, Location loc) {
  llvm::Expected<std::string> bytes = file.read(contents);
  if (!bytes)
    return emitError(loc) << llvm::toString(bytes.takeError());
  Type elem = type.getElementType();
  if (elem.isInteger(1)) {
    SmallVector<bool> values;
    for (char byte : *bytes)
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, values);
  }
  unsigned bits = storedBits(elem);
  if (bits < 8) {
    // Packed from the low bits of each byte up; MLIR wants one byte each.
    std::string unpacked;
    int64_t count = type.getNumElements();
    for (int64_t i = 0; i < count; ++i) {
      auto byte = [&](size_t at) -> unsigned {
        return at < bytes->size() ? static_cast<uint8_t>((*bytes)[at]) : 0;
      };
      size_t first = i * bits / 8;
      unsigned pair = byte(first) | byte(first + 1) << 8;
      unpacked += static_cast<char>(pair >> (i * bits % 8) & ((1 << bits) - 1));
    }
    *bytes = std::move(unpacked);
  }
  ArrayRef<char> buffer(bytes->data(), bytes->size());
  bool isSplat = false;
  if (bytes->empty() ||
      !DenseElementsAttr::isValidRawBuffer(type, buffer, isSplat)) {
    if (type.getNumElements() == 0)
      return DenseElementsAttr::get(type, ArrayRef<Attribute>());
    return emitError(loc) << "tensor '" << tensor.name()
                          << "' cannot be a constant of type " << type;
  }
  // A buffer of one element would be taken for a splat, which is the same.
  return DenseElementsAttr::getFromRawBuffer(type, buffer);
}

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// The elements of a small integer or bool constant as tracked expressions;
// false where one does not fit.
static bool trackIntegers(DenseElementsAttr elements, ImportedValue &value,
                          Symbols &symbols) {
  Dims integers;
  bool isUnsigned = value.elem.isUnsignedInteger() || value.elem.isInteger(1);
  for (const APInt &element : elements.getValues<APInt>()) {
    if (isUnsigned && element.getActiveBits() > 63)
      return false;
    integers.push_back(symbols.constant(isUnsigned ? element.getZExtValue()
                                                   : element.getSExtValue()));
  }
  value.integers = std::move(integers);
  return true;
}

FailureOr<ImportedValue *>
GraphImporter::importTensor(const ::onnx::TensorProto &tensor, StringRef name,
                            Location loc) {
  Type elem = convertElementType(tensor.data_type(), context);
  if (!elem)
    return emitError(loc) << "tensor '" << name << "' has the element type "
                          << elementTypeName(tensor.data_type())
                          << ", which is not supported";
  llvm::Expected<TensorContents> contents =
      file.locate(tensor, storedBits(elem));
  if (!contents)
    return emitError(loc) << llvm::toString(contents.takeError());
  ImportedValue *value = factory.make();
  value->elem = elem;
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  for (int64_t size : shape)
    value->dims.push_back(symbols.constant(size));
  auto type = RankedTensorType::get(shape, elem);
  int64_t count = type.getNumElements();
  bool isSmallInteger = isa<IntegerType>(elem) && count <= kMaxTrackedConstants;
  bool isScalar = elem.isIntOrFloat() && count <= 1;
  // As many as a Resize has scales.
  bool isResizeScales = elem.isF32() && shape.size() == 1 && count <= 8;
  // Typed fields that are not stored as the tensor's bytes have no place in
  // the file that a weight could refer to.
  if (!contents->file || isSmallInteger || isScalar) {
    FailureOr<DenseElementsAttr> elements =
        readElements(tensor, type, *contents, loc);
    if (failed(elements))
      return failure();
    if (isa<FloatType>(elem) && count == 1)
      value->scalar = elements->getValues<APFloat>()[0].convertToDouble();
    else if (!isSmallInteger || !trackIntegers(*elements, *value, symbols))
      value->constant = *elements;
    if (isResizeScales)
      llvm::append_range(value->floats, elements->getValues<float>());
    return value;
  }
  WeightReference weight;
  weight.name = name.str();
  weight.file = *contents->file;
  weight.elem = elem;
  weight.offset = contents->range.offset;
  if (elem.isIntOrFloat() && tp::isPacked(elem))
    weight.offset *= 8; // the unit of packed types' views
  weight.strides = rowMajorStrides(shape);
  value->weight = std::move(weight);
  if (isResizeScales) {
    FailureOr<DenseElementsAttr> elements =
        readElements(tensor, type, *contents, loc);
    if (failed(elements))
      return failure();
    llvm::append_range(value->floats, elements->getValues<float>());
  }
  return value;
}

//===----------------------------------------------------------------------===//
// To operations
//===----------------------------------------------------------------------===//

Value GraphImporter::getNoValue(Location loc) {
  if (!noValue) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    noValue = tpo::onnx::NoValueOp::create(builder, fileLoc);
  }
  return noValue;
}

// Expressions are a scalar or a vector; more dimensions are a view of that.
Value GraphImporter::makeSymbolic(ArrayRef<AffineExpr> elements,
                                  RankedTensorType type, Location loc) {
  RankedTensorType stored = type;
  if (type.getRank() > 1)
    stored =
        RankedTensorType::get({type.getNumElements()}, type.getElementType());
  Value result = tpo::onnx::SymbolicConstantOp::create(
      builder, loc, stored, tp::DimsAttr::get(context, elements));
  if (type == stored)
    return result;
  Value shape = tpo::onnx::ConstantOp::create(
      builder, loc, builder.getI64TensorAttr(type.getShape()));
  return tpo::onnx::ReshapeOp::create(
             builder, loc, TypeRange{type}, ValueRange{result, shape},
             {builder.getNamedAttr("allowzero", getSignedAttr(context, 1))})
      ->getResult(0);
}

Value GraphImporter::materializeIntegers(ImportedValue &value, Location loc) {
  Dims elements;
  SmallVector<APInt> numbers;
  auto integer = dyn_cast<IntegerType>(value.elem);
  // Other types are converted from int64: floats, which hold no expressions,
  // and unsigned sizes.
  auto stored =
      integer && integer.isSignless() ? integer : builder.getI64Type();
  for (AffineExpr element : *value.integers) {
    elements.push_back(symbols.canonicalize(element));
    if (std::optional<int64_t> number = tp::getConst(elements.back()))
      numbers.push_back(APInt(64, *number).trunc(stored.getWidth()));
  }
  SmallVector<int64_t> shape;
  for (AffineExpr dim : value.dims)
    shape.push_back(*tp::getConst(dim));
  auto type = RankedTensorType::get(shape, stored);
  Value result;
  if (numbers.size() == elements.size() && integer) {
    for (APInt &number : numbers)
      number = number.sextOrTrunc(integer.getWidth());
    return tpo::onnx::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(RankedTensorType::get(shape, value.elem),
                               numbers));
  }
  if (numbers.size() == elements.size())
    result = tpo::onnx::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, numbers));
  else
    result = makeSymbolic(elements, type, loc);
  if (stored == value.elem)
    return result;
  int64_t dataType = getDataType(value.elem);
  return tpo::onnx::CastOp::create(
             builder, loc, Type(RankedTensorType::get(shape, value.elem)),
             result,
             builder.getNamedAttr("to", getSignedAttr(context, dataType)))
      ->getResult(0);
}

Value GraphImporter::materialize(ImportedValue &value, Location loc) {
  if (value.value)
    return value.value;
  for (AffineExpr &dim : value.dims)
    dim = symbols.canonicalize(dim);
  if (value.allIntegersKnown())
    return value.value = materializeIntegers(value, loc);
  RankedTensorType type = tp::makeTensorType(value.dims, value.elem);
  if (value.scalar) {
    APFloat number(*value.scalar);
    bool losesInfo;
    number.convert(cast<FloatType>(value.elem).getFloatSemantics(),
                   APFloat::rmNearestTiesToEven, &losesInfo);
    return value.value = tpo::onnx::ConstantOp::create(
               builder, loc, DenseElementsAttr::get(type, number));
  }
  if (value.constant)
    return value.value =
               tpo::onnx::ConstantOp::create(builder, loc, value.constant);
  const WeightReference &weight = *value.weight;
  auto view = tp::ViewAttr::get(
      context, weight.elem, symbols.constant(weight.offset), weight.strides);
  return value.value = tp::WeightOp::create(
             builder, NameLoc::get(builder.getStringAttr(weight.name)), type,
             weight.name, weight.file, view);
}
