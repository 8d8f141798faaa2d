//===- RecordTensors.cpp - The names of the file's tensors ----------------===//
//
// Passes replace operations, not names: what a node computes is found again by
// the name in its location, what a weight is by the name in its reference.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/MD5.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

/// The name of the node that made an operation, as getNodeLocation placed it.
static StringRef getNodeName(Operation *op) {
  auto fused = dyn_cast<FusedLoc>(op->getLoc());
  auto name = fused && !fused.getLocations().empty() ? dyn_cast<NameLoc>(fused.getLocations()[0]) : nullptr;
  return name ? name.getName().getValue() : "";
}

std::vector<GraphImporter::RecordedResult> GraphImporter::collectResults(const Scope &scope) {
  llvm::DenseSet<Value> alive;
  for (Operation &op : function.getBody().front())
    if (!isa<tpo::onnx::ConstantOp, tpo::onnx::SymbolicConstantOp, tp::WeightOp>(op))
      alive.insert(op.result_begin(), op.result_end());
  std::vector<RecordedResult> results;
  for (const ::onnx::ValueInfoProto &input : file.getModel().graph().input())
    if (options.inputValues.contains(input.name()))
      results.push_back({input.name(), Value()});
  for (const ::onnx::NodeProto &node : file.getModel().graph().node())
    for (const std::string &name : node.output()) {
      if (name.empty())
        continue;
      // Sequences of tensors and absent results have no value.
      ImportedValue *value = scope.values.lookup(name);
      results.push_back({name, value && alive.contains(value->value) ? value->value : Value()});
    }
  return results;
}

namespace {

/// What a file says about its graph, as a hash. Each string goes in with its
/// length, each list with its size: no two graphs give the same bytes.
class GraphHash {
public:
  std::string finish() { return std::string(hash.final().digest()); }

  void add(int64_t number) {
    char bytes[sizeof(uint64_t)];
    llvm::support::endian::write64le(bytes, number);
    hash.update(StringRef(bytes, sizeof(bytes)));
  }
  void add(StringRef text) {
    add(int64_t(text.size()));
    hash.update(text);
  }
  template <typename Names> void addNames(const Names &names) {
    add(int64_t(names.size()));
    for (const std::string &name : names)
      add(StringRef(name));
  }
  void add(const ::onnx::ValueInfoProto &value) {
    add(StringRef(value.name()));
    const auto &type = value.type().tensor_type();
    add(int64_t(type.elem_type()));
    add(type.has_shape() ? int64_t(type.shape().dim_size()) : -1);
    for (const auto &dim : type.shape().dim()) {
      add(dim.has_dim_value() ? dim.dim_value() : -1);
      add(StringRef(dim.dim_param()));
    }
  }
  template <typename Nodes> void addNodes(const Nodes &nodes) {
    add(int64_t(nodes.size()));
    for (const ::onnx::NodeProto &node : nodes) {
      add(StringRef(node.domain()));
      add(StringRef(node.op_type()));
      addNames(node.input());
      addNames(node.output());
      // Numbers of heads, axes and branches; other attributes move no layout.
      for (const ::onnx::AttributeProto &attribute : node.attribute()) {
        if (!attribute.has_i() && !attribute.ints_size() && !attribute.has_g())
          continue;
        add(StringRef(attribute.name()));
        add(attribute.i());
        add(int64_t(attribute.ints_size()));
        for (int64_t number : attribute.ints())
          add(number);
        add(attribute.g());
      }
    }
  }
  void add(const ::onnx::GraphProto &graph) {
    add(int64_t(graph.initializer_size()));
    for (const ::onnx::TensorProto &tensor : graph.initializer()) {
      add(StringRef(tensor.name()));
      add(int64_t(tensor.data_type()));
      add(int64_t(tensor.dims_size()));
      for (int64_t size : tensor.dims())
        add(size);
    }
    for (const auto *values : {&graph.input(), &graph.output()}) {
      add(int64_t(values->size()));
      for (const ::onnx::ValueInfoProto &value : *values)
        add(value);
    }
    addNodes(graph.node());
  }

private:
  llvm::MD5 hash;
};

} // namespace

/// Of the file alone. Fields that `--emit=onnx` writes are left out: its plan
/// is one for the same model.
static std::string getFingerprint(const ::onnx::ModelProto &model) {
  GraphHash hash;
  hash.add(model.graph());
  for (const ::onnx::FunctionProto &function : model.functions()) {
    hash.add(StringRef(qualifiedName(function.domain(), function.name())));
    hash.addNames(function.input());
    hash.addNames(function.output());
    hash.addNodes(function.node());
  }
  return hash.finish();
}

/// "model.layers.0.self_attn.q_proj" for the node that multiplies with that
/// module's weight: by the exporter's metadata or by the node's path.
static std::string getModuleName(Operation *op) {
  auto fused = dyn_cast<FusedLoc>(op->getLoc());
  if (fused && fused.getLocations().size() > 1)
    if (auto scope = dyn_cast<NameLoc>(fused.getLocations()[1]))
      return scope.getName().str();
  StringRef path = getNodeName(op);
  if (!path.consume_front("/"))
    return "";
  std::string name = path.rsplit('/').first.str();
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

void GraphImporter::recordTensors(ArrayRef<RecordedResult> results) {
  // Names of weights that exporters made up: who multiplies with them tells.
  llvm::StringMap<std::string> aliases;
  llvm::StringMap<unsigned> numAliases;
  for (Operation &op : function.getBody().front()) {
    StringRef kind = op.getName().stripDialect();
    if (kind != "MatMul" && kind != "Gemm" && kind != "Conv")
      continue;
    auto weight = op.getOperand(1).getDefiningOp<tp::WeightOp>();
    std::string module = getModuleName(&op);
    if (!weight || module.empty() || !aliases.try_emplace(weight.getName(), module + ".weight").second)
      continue;
    ++numAliases[module + ".weight"];
  }
  SmallVector<Attribute> entries;
  auto add = [&](StringRef name, Type type, ArrayRef<NamedAttribute> rest) {
    SmallVector<NamedAttribute> attributes(rest);
    attributes.push_back(builder.getNamedAttr("name", builder.getStringAttr(name)));
    attributes.push_back(builder.getNamedAttr("type", TypeAttr::get(type)));
    entries.push_back(builder.getDictionaryAttr(attributes));
  };
  for (const ::onnx::TensorProto &tensor : file.getModel().graph().initializer()) {
    Type elem = convertElementType(tensor.data_type(), context);
    if (!elem || !RankedTensorType::isValidElementType(elem))
      continue;
    SmallVector<NamedAttribute> rest;
    auto alias = aliases.find(tensor.name());
    if (alias != aliases.end() && alias->second != tensor.name() && numAliases.lookup(alias->second) == 1)
      rest.push_back(builder.getNamedAttr("aliases", builder.getStrArrayAttr({alias->second})));
    add(tensor.name(), RankedTensorType::get(SmallVector<int64_t>(tensor.dims().begin(), tensor.dims().end()), elem),
        rest);
  }
  // Nodes of one name cannot be told apart later.
  llvm::StringMap<unsigned> numNodes;
  for (const ::onnx::NodeProto &node : file.getModel().graph().node())
    ++numNodes[node.name()];
  for (const RecordedResult &result : results) {
    Type type = RankedTensorType::get({}, builder.getI1Type());
    StringRef node;
    unsigned number = 0;
    if (Operation *op = result.value ? result.value.getDefiningOp() : nullptr) {
      node = getNodeName(op);
      number = cast<OpResult>(result.value).getResultNumber();
      type = result.value.getType();
    }
    if (numNodes.lookup(node) > 1)
      node = "";
    if (isa<RankedTensorType>(type))
      add(result.name, type,
          {builder.getNamedAttr("node", builder.getStringAttr(node)),
           builder.getNamedAttr("result", builder.getI64IntegerAttr(number))});
  }
  (*module)->setAttr(kTensorsAttr, builder.getArrayAttr(entries));
  (*module)->setAttr(kFingerprintAttr, builder.getStringAttr(getFingerprint(file.getModel())));
}
