//===- ModelMutator.cpp - Damage to ONNX models ---------------------------===//

#include "ModelMutator.h"

#include <algorithm>
#include <limits>

using namespace tpo::fuzz;
using namespace onnx;

uint64_t tpo::fuzz::moveWeightsOut(ModelProto &model, const std::string &location, uint64_t keep) {
  uint64_t offset = 0;
  for (TensorProto &tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.raw_data().size() <= keep)
      continue;
    uint64_t length = tensor.raw_data().size();
    tensor.clear_raw_data();
    tensor.set_data_location(TensorProto::EXTERNAL);
    auto add = [&](const char *key, const std::string &value) {
      StringStringEntryProto *entry = tensor.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", location);
    add("offset", std::to_string(offset));
    add("length", std::to_string(length));
    offset = (offset + length + 63) / 64 * 64;
  }
  return offset;
}

int64_t ModelMutator::oddNumber() {
  constexpr int64_t numbers[] = {0,  1,  -1, 2,  3,   4,   7,     8,          16,          63,
                                 64, -2, -3, 65, 128, 255, 65536, 2147483647, -2147483648, 4294967296};
  switch (pick(4)) {
  case 0:
    return std::numeric_limits<int64_t>::max() - static_cast<int64_t>(pick(2));
  case 1:
    return std::numeric_limits<int64_t>::min() + static_cast<int64_t>(pick(2));
  default:
    return numbers[pick(std::size(numbers))];
  }
}

namespace {

/// All names of values in the graph that a node can read; where there are none, one that dangles.
std::vector<std::string> valueNames(const GraphProto &graph) {
  std::vector<std::string> names;
  for (const NodeProto &node : graph.node())
    names.insert(names.end(), node.output().begin(), node.output().end());
  for (const ValueInfoProto &input : graph.input())
    names.push_back(input.name());
  for (const TensorProto &tensor : graph.initializer())
    names.push_back(tensor.name());
  if (names.empty())
    names.push_back("nothing");
  return names;
}

} // namespace

void ModelMutator::changeNode(GraphProto &graph) {
  if (!graph.node_size())
    return;
  NodeProto &node = *graph.mutable_node(pick(graph.node_size()));
  switch (pick(6)) {
  case 0: {
    const NodeProto &other = graph.node(pick(graph.node_size()));
    note("operator " + node.op_type() + " becomes " + other.op_type());
    node.set_op_type(other.op_type());
    break;
  }
  case 1:
    note("node " + node.op_type() + " is gone");
    graph.mutable_node()->DeleteSubrange(pick(graph.node_size()), 1);
    break;
  case 2: {
    int a = pick(graph.node_size()), b = pick(graph.node_size());
    note("nodes " + std::to_string(a) + " and " + std::to_string(b) + " swap places");
    graph.mutable_node()->SwapElements(a, b);
    break;
  }
  case 3:
    note("node " + node.op_type() + " is doubled");
    *graph.add_node() = NodeProto(node);
    break;
  case 4:
    note("domain of " + node.op_type());
    node.set_domain(pick(2) ? "com.microsoft" : "nowhere");
    break;
  default:
    note("operator " + node.op_type() + " is unknown");
    node.set_op_type(pick(2) ? "Nonsense" : "");
  }
}

void ModelMutator::changeEdge(GraphProto &graph) {
  if (!graph.node_size())
    return;
  NodeProto &node = *graph.mutable_node(pick(graph.node_size()));
  std::vector<std::string> names = valueNames(graph);
  switch (pick(5)) {
  case 0: // Another value, maybe a later one: a cycle.
  case 1:
    if (node.input_size()) {
      std::string name = names[pick(names.size())];
      int index = pick(node.input_size());
      note("input " + std::to_string(index) + " of " + node.op_type() + " becomes " + name);
      node.set_input(index, name);
    }
    break;
  case 2:
    note("one more input of " + node.op_type());
    node.add_input(pick(3) ? names[pick(names.size())] : "");
    break;
  case 3:
    if (node.input_size()) {
      note("an input of " + node.op_type() + " is gone");
      if (pick(2))
        node.mutable_input()->RemoveLast();
      else
        node.set_input(pick(node.input_size()), "");
    }
    break;
  default:
    if (node.output_size()) {
      note("an output of " + node.op_type() + " is renamed");
      node.set_output(pick(node.output_size()), pick(3) ? names[pick(names.size())] : "");
    }
  }
}

void ModelMutator::changeAttribute(GraphProto &graph) {
  std::vector<NodeProto *> candidates;
  for (NodeProto &node : *graph.mutable_node())
    if (node.attribute_size())
      candidates.push_back(&node);
  if (candidates.empty())
    return;
  NodeProto &node = *candidates[pick(candidates.size())];
  AttributeProto &attribute = *node.mutable_attribute(pick(node.attribute_size()));
  note("attribute " + attribute.name() + " of " + node.op_type());
  switch (pick(6)) {
  case 0:
  case 1:
    if (attribute.ints_size())
      attribute.set_ints(pick(attribute.ints_size()), oddNumber());
    else if (attribute.has_t() && attribute.t().dims_size())
      attribute.mutable_t()->set_dims(0, oddNumber());
    else
      attribute.set_i(oddNumber());
    break;
  case 2:
    if (attribute.ints_size() && pick(2))
      attribute.mutable_ints()->RemoveLast();
    else
      attribute.add_ints(oddNumber());
    break;
  case 3:
    node.mutable_attribute()->RemoveLast();
    break;
  case 4:
    attribute.set_type(static_cast<AttributeProto::AttributeType>(1 + pick(14)));
    break;
  default:
    if (attribute.has_f())
      attribute.set_f(pick(2) ? std::numeric_limits<float>::quiet_NaN() : 1e38f);
    else if (attribute.has_s())
      attribute.set_s(pick(2) ? "" : "nonsense");
    else
      attribute.set_name(pick(2) ? "nonsense" : "");
  }
}

void ModelMutator::changeType(GraphProto &graph) {
  int type = pick(28);
  if (pick(2) && graph.initializer_size()) {
    TensorProto &tensor = *graph.mutable_initializer(pick(graph.initializer_size()));
    note("element type of " + tensor.name() + " becomes " + std::to_string(type));
    tensor.set_data_type(type);
    return;
  }
  auto *values = pick(3) ? graph.mutable_input() : graph.mutable_output();
  if (values->size()) {
    ValueInfoProto &value = *values->Mutable(pick(values->size()));
    note("element type of " + value.name() + " becomes " + std::to_string(type));
    value.mutable_type()->mutable_tensor_type()->set_elem_type(type);
  }
}

void ModelMutator::changeShape(GraphProto &graph) {
  auto *values = pick(2) ? graph.mutable_input() : pick(2) ? graph.mutable_output() : graph.mutable_value_info();
  if (!values->size())
    return;
  ValueInfoProto &value = *values->Mutable(pick(values->size()));
  note("shape of " + value.name());
  TensorShapeProto &shape = *value.mutable_type()->mutable_tensor_type()->mutable_shape();
  switch (pick(5)) {
  case 0:
    shape.add_dim()->set_dim_value(oddNumber());
    break;
  case 1:
    if (shape.dim_size())
      shape.mutable_dim()->RemoveLast();
    break;
  case 2:
    value.mutable_type()->mutable_tensor_type()->clear_shape();
    break;
  case 3:
    if (shape.dim_size())
      shape.mutable_dim(pick(shape.dim_size()))->set_dim_param(pick(2) ? "batch" : "s + -1 * (");
    break;
  default:
    if (shape.dim_size())
      shape.mutable_dim(pick(shape.dim_size()))->set_dim_value(oddNumber());
  }
}

void ModelMutator::changeInitializer(GraphProto &graph) {
  if (!graph.initializer_size())
    return;
  TensorProto &tensor = *graph.mutable_initializer(pick(graph.initializer_size()));
  note("initializer " + tensor.name());
  switch (pick(6)) {
  case 0:
    if (tensor.dims_size())
      tensor.set_dims(pick(tensor.dims_size()), oddNumber());
    break;
  case 1:
    tensor.add_dims(oddNumber());
    break;
  case 2:
    if (tensor.raw_data().size())
      tensor.mutable_raw_data()->resize(pick(tensor.raw_data().size() + 8));
    break;
  case 3:
  case 4:
    if (tensor.external_data_size()) {
      StringStringEntryProto &entry = *tensor.mutable_external_data(pick(tensor.external_data_size()));
      constexpr const char *values[] = {"",
                                        "-1",
                                        "18446744073709551615",
                                        "9223372036854775807",
                                        "../x",
                                        "/x",
                                        "weights.bin\n",
                                        "1e3",
                                        "missing",
                                        ".",
                                        "4096",
                                        "1"};
      entry.set_value(values[pick(std::size(values))]);
    } else if (tensor.raw_data().size()) {
      std::string &raw = *tensor.mutable_raw_data();
      raw[pick(raw.size())] = static_cast<char>(random());
    }
    break;
  default:
    tensor.set_data_location(pick(2) ? TensorProto::EXTERNAL : TensorProto::DEFAULT);
  }
}

void ModelMutator::changeName(GraphProto &graph) {
  std::vector<std::string> names = valueNames(graph);
  std::string name = pick(3) ? names[pick(names.size())] : pick(2) ? "" : std::string("a\0b\n\xff", 5);
  switch (pick(4)) {
  case 0:
    if (graph.input_size()) {
      note("name of an input");
      graph.mutable_input(pick(graph.input_size()))->set_name(name);
    }
    break;
  case 1:
    if (graph.output_size()) {
      note("name of an output");
      graph.mutable_output(pick(graph.output_size()))->set_name(name);
    }
    break;
  case 2:
    if (graph.initializer_size()) {
      note("name of an initializer");
      graph.mutable_initializer(pick(graph.initializer_size()))->set_name(name);
    }
    break;
  default:
    if (graph.node_size()) {
      note("name of a node");
      graph.mutable_node(pick(graph.node_size()))->set_name(name);
    }
  }
}

void ModelMutator::changeOpset(ModelProto &model) {
  note("opset");
  if (model.opset_import_size() && pick(4))
    model.mutable_opset_import(pick(model.opset_import_size()))->set_version(pick(3) ? pick(30) : oddNumber());
  else if (pick(2))
    model.clear_opset_import();
  else
    model.set_ir_version(pick(2) ? pick(20) : oddNumber());
}

void ModelMutator::changeBytes(std::string &bytes) {
  note("bytes");
  switch (pick(4)) {
  case 0:
    bytes.resize(pick(bytes.size() + 1));
    break;
  case 1: {
    size_t from = pick(bytes.size()), count = pick(64);
    bytes.erase(from, count);
    break;
  }
  case 2: {
    size_t from = pick(bytes.size()), count = pick(64), to = pick(bytes.size());
    bytes.insert(to, bytes.substr(from, count));
    break;
  }
  default:
    for (uint64_t edits = 1 + pick(8); edits > 0 && !bytes.empty(); --edits)
      bytes[pick(bytes.size())] = static_cast<char>(random());
  }
}

void ModelMutator::change(ModelProto &model) {
  GraphProto &graph = *model.mutable_graph();
  switch (pick(8)) {
  case 0:
    return changeNode(graph);
  case 1:
    return changeEdge(graph);
  case 2:
    return changeAttribute(graph);
  case 3:
    return changeType(graph);
  case 4:
    return changeShape(graph);
  case 5:
    return changeInitializer(graph);
  case 6:
    return changeName(graph);
  default:
    return changeOpset(model);
  }
}

std::string ModelMutator::mutate(const ModelProto &original) {
  done.clear();
  ModelProto model(original);
  for (uint64_t changes = pick(3) + (pick(5) != 0); changes > 0; --changes)
    change(model);
  std::string bytes;
  model.SerializeToString(&bytes);
  if (done.empty() || pick(8) == 0)
    changeBytes(bytes);
  return bytes;
}
