//===- FunctionBodies.cpp - Operators that are defined by others ----------===//
//
// The standard defines many operators by a function of simpler ones. Those that
// no later phase knows as a whole are imported as that function.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "SchemaCheck.h"
#include "ShapeInference.h"
#include "dialects/Tp/Dims.h"

#include "onnx/defs/schema.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;
using ::onnx::AttributeProto;
using ::onnx::OpSchema;

// An operator that the importer infers has a lowering.
const OpSchema *GraphImporter::findBody(StringRef opType, int opset) const {
  if (hasInference(("onnx." + opType).str()))
    return nullptr;
  const OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(opType.str(), opset, "");
  if (!schema || schema->deprecated() || (!schema->HasFunction() && !schema->HasContextDependentFunction()))
    return nullptr;
  return schema;
}

// What the ONNX library wants to know about an operand.
static ::onnx::TypeProto describe(ImportedValue *value, Symbols &symbols) {
  ::onnx::TypeProto type;
  if (!value)
    return type;
  auto *tensor = type.mutable_tensor_type();
  tensor->set_elem_type(getDataType(value->elem));
  auto *shape = tensor->mutable_shape();
  for (AffineExpr dim : value->dims) {
    auto *proto = shape->add_dim();
    dim = symbols.canonicalize(dim);
    if (std::optional<int64_t> size = tp::getConst(dim))
      proto->set_dim_value(*size);
    else
      proto->set_dim_param(symbols.toString(dim));
  }
  return type;
}

// The body of a call, in the operators of `opset` or, where it is written in
// later ones, of those: they are what counts inside. False if there is none.
static bool buildBody(const OpSchema &schema, int opset, const ::onnx::FunctionBodyBuildContext &call,
                      ::onnx::FunctionProto &body) {
  for (int version = opset; version <= tpo::onnx::getNewestOpset(); ++version) {
    if (schema.HasFunction()) {
      if (const ::onnx::FunctionProto *function = schema.GetFunction(version)) {
        body = *function;
        return true;
      }
    } else if (schema.BuildContextDependentFunction(call, body, version)) {
      return true;
    }
  }
  return false;
}

LogicalResult GraphImporter::expandOperator(const OpSchema &schema, int opset, const ::onnx::NodeProto &proto,
                                            Scope &scope, Location loc) {
  FailureOr<Values> operands = getOperands(proto, scope, loc);
  if (failed(operands))
    return failure();
  std::vector<int> elements;
  for (ImportedValue *operand : *operands)
    elements.push_back(operand ? getDataType(operand->elem) : 0);
  std::string objection = checkOperands(proto, opset, elements);
  if (!objection.empty())
    return emitError(loc) << objection;
  OperatorBody &body = bodies.emplace_back();
  body.call = proto;
  body.call.clear_attribute();
  for (const AttributeProto &attribute : proto.attribute()) {
    const AttributeProto *value = &attribute;
    if (!attribute.ref_attr_name().empty())
      value = scope.findAttribute(attribute.ref_attr_name());
    if (!value)
      continue;
    AttributeProto &copy = *body.call.add_attribute();
    copy = *value;
    copy.set_name(attribute.name());
    if (!schema.attributes().count(attribute.name()))
      return emitError(loc) << "has the unknown attribute '" << attribute.name() << "'";
  }
  std::vector<::onnx::TypeProto> types;
  for (ImportedValue *operand : *operands)
    types.push_back(describe(operand, symbols));
  try {
    ::onnx::FunctionBodyBuildContextImpl call(body.call, types);
    if (!buildBody(schema, opset, call, body.function))
      return emitError(loc) << "operator " << schema.Name() << " (opset " << opset
                            << ") is not supported with these operands";
  } catch (const std::exception &error) {
    return emitError(loc) << "operator " << schema.Name() << " (opset " << opset << "): " << error.what();
  }
  // A body refers to all attributes, the call gives some.
  for (const auto &[name, attribute] : schema.attributes()) {
    bool given = llvm::any_of(body.call.attribute(),
                              [&name = name](const AttributeProto &other) { return other.name() == name; });
    if (given || !attribute.default_value.has_type())
      continue;
    AttributeProto &value = *body.function.add_attribute_proto();
    value = attribute.default_value;
    value.set_name(name);
  }
  body.opsets[""] = opset;
  for (const auto &import : body.function.opset_import())
    body.opsets[import.domain() == "ai.onnx" ? "" : import.domain()] = import.version();
  return inlineFunction(body.function, body.opsets, body.call, scope, loc);
}
