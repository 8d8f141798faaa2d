//===- SchemaCheck.cpp - Nodes against the schemas they claim -------------===//
//
// The checker speaks in exceptions: this file alone of the import is compiled
// for them (see CMakeLists.txt).
//
//===----------------------------------------------------------------------===//

#include "SchemaCheck.h"

#include "onnx/checker.h"
#include "onnx/defs/data_type_utils.h"
#include "onnx/defs/schema.h"

#include <map>

using namespace ::onnx;

namespace {

const OpSchema *findSchema(const NodeProto &node, int opset) {
  std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  return OpSchemaRegistry::Schema(node.op_type(), opset, domain);
}

bool isKnown(const NodeProto &node) {
  std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
  return OpSchemaRegistry::Schema(node.op_type(), domain) != nullptr;
}

std::string describeAbsence(const NodeProto &node, int opset) {
  return "opset " + std::to_string(opset) + " has no operator " + node.op_type();
}

bool hasSubgraph(const NodeProto &node) {
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.has_g() || attribute.graphs_size())
      return true;
  return false;
}

/// The node with nothing but what a schema speaks of. The contents of tensors
/// have been stripped; an empty tensor of the same type stands for them.
NodeProto makeBareNode(const NodeProto &node) {
  NodeProto bare;
  bare.set_op_type(node.op_type());
  bare.set_domain(node.domain() == "ai.onnx" ? "" : node.domain());
  *bare.mutable_input() = node.input();
  *bare.mutable_output() = node.output();
  for (const AttributeProto &attribute : node.attribute()) {
    if (!attribute.ref_attr_name().empty())
      continue;
    AttributeProto &copy = *bare.add_attribute();
    copy = attribute;
    copy.clear_doc_string();
    if (!attribute.has_t())
      continue;
    copy.mutable_t()->Clear();
    copy.mutable_t()->set_data_type(attribute.t().data_type());
    copy.mutable_t()->add_dims(0);
  }
  return bare;
}

/// "tensor(float)" of a data type.
std::string typeString(int type) {
  TypeProto proto;
  proto.mutable_tensor_type()->set_elem_type(type);
  return *Utils::DataTypeUtils::ToType(proto);
}

} // namespace

std::string tpo::importer::checkNodeSchema(const NodeProto &node, int opset, int ir) {
  if (!isKnown(node) || hasSubgraph(node))
    return "";
  // An attribute that refers to a function's may be any required one.
  for (const AttributeProto &attribute : node.attribute())
    if (!attribute.ref_attr_name().empty())
      return "";
  const OpSchema *schema = findSchema(node, opset);
  if (!schema)
    return describeAbsence(node, opset);
  // Files have deprecated operators (GroupNormalization of opset 18) all the same.
  if (schema->Deprecated())
    return "";
  try {
    NodeProto bare = makeBareNode(node);
    checker::CheckerContext context;
    context.set_ir_version(ir);
    context.set_opset_imports({{bare.domain(), opset}});
    context.set_is_main_graph(false);
    checker::check_node(bare, context, checker::LexicalScopeContext());
    return "";
  } catch (const std::exception &error) {
    // Its first line; what follows is the node, which the location names.
    std::string text = error.what();
    return text.substr(0, text.find('\n'));
  }
}

std::string tpo::importer::checkOperands(const NodeProto &node, int opset, const std::vector<int> &types) {
  const OpSchema *schema = findSchema(node, opset);
  if (!schema)
    return isKnown(node) ? describeAbsence(node, opset) : "";
  for (size_t i = 0; i < schema->inputs().size(); ++i) {
    bool given = static_cast<int>(i) < node.input_size() && !node.input(i).empty();
    if (!given && schema->inputs()[i].GetOption() == OpSchema::Single)
      return "lacks the input '" + schema->inputs()[i].GetName() + "'";
  }
  if (schema->inputs().empty())
    return "";
  std::map<std::string, int> bound;
  for (size_t i = 0; i < types.size(); ++i) {
    bool variadic = i + 1 >= schema->inputs().size() && schema->inputs().back().GetOption() == OpSchema::Variadic;
    if (!types[i] || (i >= schema->inputs().size() && !variadic))
      continue;
    const OpSchema::FormalParameter &parameter = schema->inputs()[std::min(i, schema->inputs().size() - 1)];
    auto allows = [&](int type) {
      return parameter.GetTypes().count(Utils::DataTypeUtils::ToType(typeString(type))) != 0;
    };
    bool narrow = types[i] == TensorProto::FLOAT16 || types[i] == TensorProto::BFLOAT16;
    if (!allows(types[i]) && !(narrow && allows(TensorProto::FLOAT)))
      return "input '" + parameter.GetName() + "' has the type " + typeString(types[i]) +
             ", which the operator does not take";
    if (!parameter.GetIsHomogeneous())
      continue;
    auto [known, fresh] = bound.try_emplace(parameter.GetTypeStr(), types[i]);
    if (!fresh && known->second != types[i])
      return "input '" + parameter.GetName() + "' has the type " + typeString(types[i]) + ", another input " +
             typeString(known->second) + "; they must be the same";
  }
  return "";
}
