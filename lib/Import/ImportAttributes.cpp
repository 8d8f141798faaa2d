//===- ImportAttributes.cpp - Attributes of nodes -------------------------===//

#include "GraphImporter.h"
#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;
using ::onnx::AttributeProto;

// Files of IR version 1 may leave out the type: the field that is set tells.
static AttributeProto::AttributeType typeOf(const AttributeProto &proto) {
  if (proto.type() != AttributeProto::UNDEFINED)
    return proto.type();
  if (proto.has_f())
    return AttributeProto::FLOAT;
  if (proto.has_i())
    return AttributeProto::INT;
  if (proto.has_s())
    return AttributeProto::STRING;
  if (proto.has_t())
    return AttributeProto::TENSOR;
  if (proto.has_g())
    return AttributeProto::GRAPH;
  if (proto.floats_size())
    return AttributeProto::FLOATS;
  if (proto.ints_size())
    return AttributeProto::INTS;
  return proto.strings_size() ? AttributeProto::STRINGS
                              : AttributeProto::UNDEFINED;
}

// Whether a field is set that the type does not name: which of them was meant?
static bool isAmbiguous(const AttributeProto &proto) {
  const std::pair<bool, AttributeProto::AttributeType> fields[] = {{proto.has_f(), AttributeProto::FLOAT},
                                                                   {proto.has_i(), AttributeProto::INT},
                                                                   {proto.has_s(), AttributeProto::STRING},
                                                                   {proto.has_t(), AttributeProto::TENSOR},
                                                                   {proto.has_g(), AttributeProto::GRAPH},
                                                                   {proto.floats_size() > 0, AttributeProto::FLOATS},
                                                                   {proto.ints_size() > 0, AttributeProto::INTS},
                                                                   {proto.strings_size() > 0, AttributeProto::STRINGS},
                                                                   {proto.tensors_size() > 0, AttributeProto::TENSORS},
                                                                   {proto.graphs_size() > 0, AttributeProto::GRAPHS}};
  return llvm::any_of(fields,
                      [type = typeOf(proto)](const auto &field) { return field.first && field.second != type; });
}

FailureOr<Attribute>
GraphImporter::convertAttribute(const AttributeProto &proto, Node &node) {
  if (!proto.has_type() && file.getModel().ir_version() > 1)
    return node.emitError() << "attribute '" << proto.name() << "' has no type";
  if (isAmbiguous(proto))
    return node.emitError() << "attribute '" << proto.name() << "' contains another value than its type says";
  switch (typeOf(proto)) {
  case AttributeProto::FLOAT:
    return Attribute(builder.getF32FloatAttr(proto.f()));
  case AttributeProto::INT:
    return Attribute(getSignedAttr(context, proto.i()));
  case AttributeProto::STRING:
    return Attribute(builder.getStringAttr(proto.s()));
  case AttributeProto::FLOATS:
    return Attribute(builder.getF32ArrayAttr(
        SmallVector<float>(proto.floats().begin(), proto.floats().end())));
  case AttributeProto::INTS:
    return Attribute(builder.getI64ArrayAttr(
        SmallVector<int64_t>(proto.ints().begin(), proto.ints().end())));
  case AttributeProto::STRINGS:
    return Attribute(builder.getStrArrayAttr(SmallVector<StringRef>(
        proto.strings().begin(), proto.strings().end())));
  case AttributeProto::TENSOR: {
    const ::onnx::TensorProto &tensor = proto.t();
    Type elem = convertElementType(tensor.data_type(), context);
    if (!elem || !elem.isIntOrFloat())
      return node.emitError()
             << "attribute '" << proto.name() << "' has the element type "
             << elementTypeName(tensor.data_type());
    llvm::Expected<TensorContents> contents = file.locate(
        tensor, elem.isInteger(1) ? 8 : elem.getIntOrFloatBitWidth());
    if (!contents)
      return node.emitError() << llvm::toString(contents.takeError());
    SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
    FailureOr<DenseElementsAttr> elements = readElements(
        tensor, RankedTensorType::get(shape, elem), *contents, node.loc);
    if (failed(elements))
      return failure();
    return Attribute(*elements);
  }
  default:
    return node.emitError() << "attribute '" << proto.name()
                            << "' has a type that is not supported";
  }
}

static bool hasKind(Attribute attribute, tpo::onnx::AttrKind kind) {
  auto array = dyn_cast<ArrayAttr>(attribute);
  switch (kind) {
  case tpo::onnx::AttrKind::Int:
    return isa<IntegerAttr>(attribute);
  case tpo::onnx::AttrKind::Float:
    return isa<FloatAttr>(attribute);
  case tpo::onnx::AttrKind::String:
    return isa<StringAttr>(attribute);
  case tpo::onnx::AttrKind::Tensor:
    return isa<DenseElementsAttr>(attribute);
  case tpo::onnx::AttrKind::Ints:
    return array && llvm::all_of(array, llvm::IsaPred<IntegerAttr>);
  case tpo::onnx::AttrKind::Floats:
    return array && llvm::all_of(array, llvm::IsaPred<FloatAttr>);
  case tpo::onnx::AttrKind::Strings:
    return array && llvm::all_of(array, llvm::IsaPred<StringAttr>);
  case tpo::onnx::AttrKind::Type:
    return false;
  }
  return false;
}

LogicalResult GraphImporter::importAttributes(const ::onnx::NodeProto &proto,
                                              const Scope &scope, Node &node) {
  for (const AttributeProto &attribute : proto.attribute()) {
    const AttributeProto *value = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      value = scope.findAttribute(attribute.ref_attr_name());
      // The call does not set it, and the function has no default for it.
      if (!value)
        continue;
    }
    FailureOr<Attribute> converted = convertAttribute(*value, node);
    if (failed(converted))
      return failure();
    // An attribute that lifting consumes has its kind of old.
    const tpo::onnx::AttrInfo *info =
        node.info->findAttribute(attribute.name());
    if (info && !hasKind(*converted, info->kind))
      return node.emitError()
             << "attribute '" << attribute.name() << "' has the wrong type";
    node.attributes.set(attribute.name(), *converted);
  }
  return success();
}

// After lifting: what is left must be the current operator's.
LogicalResult GraphImporter::checkAttributes(Node &node) {
  for (NamedAttribute attribute : node.attributes)
    if (!node.info->findAttribute(attribute.getName()))
      return node.emitError() << "has the unknown attribute '"
                              << attribute.getName().getValue() << "'";
  for (const tpo::onnx::AttrInfo &attribute : node.info->attributes)
    if (attribute.required && !node.attributes.get(attribute.name))
      return node.emitError()
             << "lacks the attribute '" << attribute.name << "'";
  for (auto [i, operand] : llvm::enumerate(node.info->operands))
    if (!operand.optional && !operand.variadic && !node.has(i))
      return node.emitError() << "lacks the input '" << operand.name << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// Constant
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importConstant(const ::onnx::NodeProto &proto,
                                            Scope &scope, Location loc) {
  const AttributeProto *attribute =
      proto.attribute_size() == 1 ? &proto.attribute(0) : nullptr;
  if (attribute && !attribute->ref_attr_name().empty())
    attribute = scope.findAttribute(attribute->ref_attr_name());
  if (!attribute || proto.output_size() != 1)
    return emitError(loc) << "needs one attribute, its value, and one output";
  ImportedValue *value = nullptr;
  StringRef form = proto.attribute(0).name();
  switch (typeOf(*attribute)) {
  case AttributeProto::TENSOR: {
    FailureOr<ImportedValue *> tensor =
        importTensor(attribute->t(), scope.prefix + proto.output(0), loc);
    if (failed(tensor))
      return failure();
    value = *tensor;
    break;
  }
  case AttributeProto::INT:
  case AttributeProto::INTS: {
    Dims elements;
    if (form == "value_int")
      elements.push_back(symbols.constant(attribute->i()));
    for (int64_t element : attribute->ints())
      elements.push_back(symbols.constant(element));
    value = factory.integers(builder.getI64Type(), elements,
                             form == "value_int", symbols);
    break;
  }
  case AttributeProto::FLOAT:
    value = factory.make();
    value->elem = builder.getF32Type();
    value->scalar = attribute->f();
    break;
  case AttributeProto::FLOATS: {
    value = factory.make();
    value->elem = builder.getF32Type();
    value->dims.push_back(symbols.constant(attribute->floats_size()));
    SmallVector<float> elements(attribute->floats().begin(),
                                attribute->floats().end());
    value->constant = DenseElementsAttr::get(
        RankedTensorType::get({attribute->floats_size()}, value->elem),
        ArrayRef<float>(elements));
    break;
  }
  default:
    return emitError(loc) << "attribute '" << form << "' is not supported";
  }
  return define(scope, proto.output(0), value, loc);
}
