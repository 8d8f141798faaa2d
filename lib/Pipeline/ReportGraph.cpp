//===- ReportGraph.cpp - The planned graph for the report -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReportGraph.h"

#include "tp-opt/Partition/Blocks.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"

#include <deque>
#include <map>
#include <set>

using namespace mlir;

namespace tpo {

std::string getReportName(Operation *op) {
  if (auto weight = dyn_cast<tp::WeightOp>(op))
    return llvm::json::fixUTF8(weight.getName());
  std::string name;
  op->getLoc()->walk([&](Location loc) {
    if (auto named = dyn_cast<NameLoc>(loc); named && name.empty())
      name = named.getName().str();
    return WalkResult::advance();
  });
  return name.empty() ? op->getName().getStringRef().str() : llvm::json::fixUTF8(name);
}

std::string getLayoutText(tp::LayoutAttr attr, const tp::Mesh &mesh) {
  auto layout = tp::resolveLayout(attr, mesh, nullptr);
  return failed(layout) ? "?" : tp::toString(*layout, mesh);
}

//===----------------------------------------------------------------------===//
// From the module with layouts
//===----------------------------------------------------------------------===//

ReportGraph::Tensor ReportGraph::describe(Value value, tp::LayoutAttr layout, const tp::Mesh &mesh) const {
  Tensor tensor;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return tensor;
  llvm::json::Array shape;
  for (AffineExpr size : tp::getDims(type)) {
    if (std::optional<int64_t> known = size ? tp::getConst(size) : std::nullopt)
      shape.push_back(*known);
    else
      shape.push_back(tp::toString(size, symbols));
  }
  tensor.shape = std::move(shape);
  llvm::raw_string_ostream(tensor.dtype) << type.getElementType();
  if (layout)
    tensor.layout = getLayoutText(layout, mesh);
  return tensor;
}

void ReportGraph::addGlobal(ModuleOp module, ArrayRef<func::FuncOp> functions) {
  auto meshes = module.getOps<tp::MeshOp>();
  if (meshes.empty())
    return;
  symbols = tp::getSymbolNames(module);
  tp::Mesh mesh = tp::Mesh::get(*meshes.begin());
  for (func::FuncOp function : functions)
    addFunction(function, mesh);
  symbols.clear();
  producers.clear();
  weights.clear();
  for (size_t i = 0; i < nodes.size(); ++i)
    for (size_t input : nodes[i].inputs)
      nodes[input].users.push_back(i);
  // An input that only one layer reads, such as its cache, is drawn there.
  for (Node &node : nodes) {
    if (node.op != "input" || node.users.empty())
      continue;
    node.layer = nodes[node.users.front()].layer;
    for (size_t user : node.users)
      if (nodes[user].layer != node.layer)
        node.layer = std::nullopt;
  }
}

void ReportGraph::addFunction(func::FuncOp function, const tp::Mesh &mesh) {
  reshards.emplace(mesh);
  for (BlockArgument argument : function.getArguments()) {
    if (argument.use_empty() || !isa<RankedTensorType>(argument.getType()))
      continue;
    Node node;
    node.op = "input";
    if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "onnx.name"))
      node.name = llvm::json::fixUTF8(name.getValue());
    node.results.push_back(describe(argument, tp::getLayoutAttr(argument), mesh));
    producers[argument] = nodes.size();
    nodes.push_back(std::move(node));
  }
  for (Operation &op : function.getBody().front()) {
    if (auto reshard = dyn_cast<tp::ReshardOp>(op))
      addReshard(&op, reshard.getInput(), reshard.getLayout(), mesh);
    else if (auto constrain = dyn_cast<tp::ConstrainOp>(op))
      addReshard(&op, constrain.getInput(), constrain.getLayout(), mesh);
    else if (op.hasTrait<OpTrait::IsTerminator>())
      for (OpOperand &operand : op.getOpOperands()) {
        auto producer = producers.find(operand.get());
        if (producer == producers.end())
          continue;
        auto name = function.getResultAttrOfType<StringAttr>(operand.getOperandNumber(), "onnx.name");
        nodes[producer->second].outputs.push_back(name ? llvm::json::fixUTF8(name.getValue()) : "");
      }
    else
      addOperation(&op, mesh);
  }
}

void ReportGraph::addOperation(Operation *op, const tp::Mesh &mesh) {
  if (isa<tp::WeightOp>(op)) {
    Tensor weight = describe(op->getResult(0), tp::getLayoutAttr(op->getResult(0)), mesh);
    weight.name = getReportName(op);
    weights[op->getResult(0)] = std::move(weight);
    return;
  }
  Node node;
  for (Value operand : op->getOperands()) {
    if (auto producer = producers.find(operand); producer != producers.end()) {
      if (!llvm::is_contained(node.inputs, producer->second))
        node.inputs.push_back(producer->second);
    } else if (auto weight = weights.find(operand); weight != weights.end()) {
      node.weights.push_back(weight->second);
    }
  }
  // Constants and what is computed from them say nothing about the plan.
  if (node.inputs.empty() && node.weights.empty())
    return;
  node.name = getReportName(op);
  node.op = op->getName().stripDialect().str();
  node.layer = getLayer(op);
  node.location = op->getLoc().getAsOpaquePointer();
  if (auto reasons = op->getAttrOfType<ArrayAttr>(tp::TpDialect::kReasonsAttr); reasons && !reasons.empty())
    if (auto reason = dyn_cast<StringAttr>(reasons[0]))
      node.reason = llvm::json::fixUTF8(reason.getValue());
  for (OpResult result : op->getResults()) {
    producers[result] = nodes.size();
    // The first stands for results that nobody reads, too.
    if (isa<RankedTensorType>(result.getType()) && (result.getResultNumber() == 0 || !result.use_empty()))
      node.results.push_back(describe(result, tp::getLayoutAttr(result), mesh));
  }
  nodes.push_back(std::move(node));
}

/// A collective for each step; the numbers come from the program of one rank.
void ReportGraph::addReshard(Operation *op, Value input, tp::LayoutAttr target, const tp::Mesh &mesh) {
  Value result = op->getResult(0);
  // A rank reads its part of a weight from the file: nothing moves.
  if (auto weight = weights.find(input); weight != weights.end()) {
    Tensor view = weight->second;
    view.layout = getLayoutText(target, mesh);
    weights[result] = std::move(view);
    return;
  }
  auto producer = producers.find(input);
  if (producer == producers.end())
    return;
  size_t last = producer->second;
  auto type = cast<RankedTensorType>(input.getType());
  auto resolve = [&](tp::LayoutAttr attr) -> FailureOr<tp::Layout> {
    if (!attr)
      return tp::Layout::replicated(type.getRank());
    FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, nullptr);
    if (succeeded(layout))
      tp::canonicalise(*layout, tp::getDims(type));
    return layout;
  };
  FailureOr<tp::Layout> from = resolve(tp::getLayoutAttr(input)), to = resolve(target);
  if (succeeded(from) && succeeded(to)) {
    const tp::ReshardSteps *steps = reshards->get(tp::getDims(type), *from, *to, nullptr);
    // Where there is no way, partitioning says so.
    if (!steps)
      return;
    Operation *source = input.getDefiningOp();
    for (const tp::ReshardStep &step : *steps) {
      tp::LayoutAttr in = tp::toAttr(step.in, mesh, op->getContext()),
                     out = tp::toAttr(step.out, mesh, op->getContext());
      // Equal movements of a value happen once.
      auto same = llvm::find_if(nodes, [&](const Node &node) {
        return node.to == out.getAsOpaquePointer() && node.from == in.getAsOpaquePointer() && node.inputs[0] == last;
      });
      if (same != nodes.end()) {
        last = same - nodes.begin();
        continue;
      }
      Node node;
      node.op = tp::stringifyCollectiveKind(step.collective.kind).str();
      node.name = nodes[last].name;
      node.layer = getLayer(source && !op->hasAttr(kLayerAttr) ? source : op);
      node.inputs.push_back(last);
      node.location = (source ? source : op)->getLoc().getAsOpaquePointer();
      node.from = in.getAsOpaquePointer();
      node.to = out.getAsOpaquePointer();
      node.results.push_back(describe(result, out, mesh));
      last = nodes.size();
      nodes.push_back(std::move(node));
    }
  }
  producers[result] = last;
}

//===----------------------------------------------------------------------===//
// From the program of one rank
//===----------------------------------------------------------------------===//

void ReportGraph::addCollectives(ArrayRef<func::FuncOp> partitioned, ArrayRef<CollectiveEntry> summary) {
  entries.assign(summary.begin(), summary.end());
  using Key = std::tuple<const void *, const void *, const void *>;
  std::map<Key, std::deque<size_t>> movements;
  std::map<const void *, size_t> operations;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].to)
      movements[{nodes[i].location, nodes[i].from, nodes[i].to}].push_back(i);
    else if (nodes[i].location)
      operations.emplace(nodes[i].location, i);
  }
  size_t index = 0;
  auto place = [&](tp::CollectiveOpInterface op) {
    if (op.getCollectiveKind() == tp::CollectiveKind::Slice || index == entries.size())
      return;
    size_t entry = index++;
    const void *location = op->getLoc().getAsOpaquePointer();
    auto &waiting =
        movements[{location, op.getInLayout().getAsOpaquePointer(), op.getOutLayout().getAsOpaquePointer()}];
    if (!waiting.empty()) {
      nodes[waiting.front()].collectives.push_back(entry);
      waiting.pop_front();
    } else if (auto operation = operations.find(location); operation != operations.end()) {
      nodes[operation->second].collectives.push_back(entry);
    }
  };
  for (func::FuncOp function : partitioned)
    function.walk(place);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Before the layers, the layers, behind them; more where there are several
/// stacks of layers with something in between.
std::vector<ReportGraph::Section> ReportGraph::getSections() const {
  // Behind how many layers a node is.
  std::vector<int64_t> depths(nodes.size());
  std::map<int64_t, Group> outside, layers;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node &node = nodes[i];
    if (node.layer) {
      depths[i] = *node.layer + 1;
      layers[*node.layer].push_back(i);
      continue;
    }
    for (size_t input : node.inputs)
      depths[i] = std::max(depths[i], depths[input]);
    outside[depths[i]].push_back(i);
  }
  std::set<int64_t> cuts;
  for (auto &[depth, group] : outside)
    cuts.insert(depth);
  for (auto &[layer, group] : layers)
    cuts.insert(layer + 1);
  std::vector<Section> sections;
  for (int64_t depth : cuts) {
    if (auto layer = layers.find(depth - 1); layer != layers.end()) {
      if (sections.empty() || !sections.back().isLayers)
        sections.emplace_back().isLayers = true;
      sections.back().groups.push_back({layer->first, layer->second});
    }
    if (auto group = outside.find(depth); group != outside.end())
      sections.emplace_back().groups.push_back({std::nullopt, group->second});
  }
  return sections;
}

/// The nodes of other groups that a group reads, in the order it does.
std::vector<size_t> ReportGraph::getSources(const Group &group) const {
  std::set<size_t> own(group.begin(), group.end()), seen;
  std::vector<size_t> sources;
  for (size_t number : group)
    for (size_t input : nodes[number].inputs)
      if (!own.count(input) && seen.insert(input).second)
        sources.push_back(input);
  return sources;
}

/// Everything but names: layers with equal ones are the same.
std::string ReportGraph::getSignature(const Group &group) const {
  std::map<size_t, std::string> ids;
  std::string text;
  llvm::raw_string_ostream os(text);
  auto print = [&](const Tensor &tensor) { os << tensor.shape << tensor.dtype << tensor.layout << ";"; };
  for (size_t number : getSources(group)) {
    ids[number] = "x" + std::to_string(ids.size());
    for (const Tensor &result : nodes[number].results)
      print(result);
  }
  for (size_t i = 0; i < group.size(); ++i) {
    const Node &node = nodes[group[i]];
    ids[group[i]] = std::to_string(i);
    os << "\n" << node.op << "(";
    for (size_t input : node.inputs)
      os << ids[input] << ",";
    os << ")";
    for (const Tensor &weight : node.weights)
      print(weight);
    os << "->";
    for (const Tensor &result : node.results)
      print(result);
    for (size_t index : node.collectives)
      os << entries[index].kind << entries[index].axis << entries[index].bytes << ",";
    os << node.outputs.size();
  }
  return text;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

llvm::json::Object ReportGraph::toJSON(size_t number) const {
  const Node &node = nodes[number];
  auto tensors = [](ArrayRef<Tensor> list) {
    llvm::json::Array array;
    for (const Tensor &tensor : list) {
      llvm::json::Object object{{"shape", tensor.shape}, {"dtype", tensor.dtype}, {"layout", tensor.layout}};
      if (!tensor.name.empty())
        object["name"] = tensor.name;
      array.push_back(std::move(object));
    }
    return array;
  };
  llvm::json::Object object{{"id", int64_t(number)},
                            {"name", node.name},
                            {"op", node.op},
                            {"layer", node.layer ? llvm::json::Value(*node.layer) : llvm::json::Value(nullptr)},
                            {"inputs", llvm::json::Array(node.inputs)},
                            {"results", tensors(node.results)}};
  if (!node.reason.empty())
    object["reason"] = node.reason;
  if (!node.weights.empty())
    object["weights"] = tensors(node.weights);
  if (!node.outputs.empty()) {
    llvm::json::Array outputs;
    for (const std::string &output : node.outputs)
      outputs.push_back(output);
    object["outputs"] = std::move(outputs);
  }
  if (node.to)
    object["moves"] = true;
  if (!node.collectives.empty())
    object["collectives"] = llvm::json::Array(node.collectives);
  return object;
}

/// Layers that are the same, or one group outside of them.
llvm::json::Object ReportGraph::toJSON(ArrayRef<std::pair<std::optional<int64_t>, Group>> same) const {
  const Group &group = same.front().second;
  llvm::json::Array layers, list, sources;
  for (const auto &[layer, others] : same)
    if (layer)
      layers.push_back(*layer);
  std::set<size_t> own(group.begin(), group.end());
  for (size_t number : group) {
    llvm::json::Object object = toJSON(number);
    if (llvm::any_of(nodes[number].users, [&](size_t user) { return !own.count(user); }))
      object["leaves"] = true;
    list.push_back(std::move(object));
  }
  // The second layer tells what comes from the layer before: the first one's
  // input comes from an embedding.
  const auto &[second, secondGroup] = same[same.size() > 1 ? 1 : 0];
  for (auto [number, origin] : llvm::zip(getSources(group), getSources(secondGroup))) {
    llvm::json::Object object = toJSON(number);
    object["previous_layer"] = second && nodes[origin].layer == *second - 1;
    sources.push_back(std::move(object));
  }
  return llvm::json::Object{{"layers", std::move(layers)}, {"sources", std::move(sources)}, {"nodes", std::move(list)}};
}

llvm::json::Object ReportGraph::toJSON() const {
  llvm::json::Array sections;
  for (const Section &section : getSections()) {
    llvm::MapVector<StringRef, std::vector<std::pair<std::optional<int64_t>, Group>>> classes;
    std::deque<std::string> signatures;
    for (const auto &group : section.groups)
      classes[signatures.emplace_back(getSignature(group.second))].push_back(group);
    llvm::json::Array array;
    for (auto &[signature, same] : classes)
      array.push_back(toJSON(same));
    sections.push_back(
        llvm::json::Object{{"kind", section.isLayers ? "layers" : "outside"}, {"classes", std::move(array)}});
  }
  return llvm::json::Object{{"sections", std::move(sections)}};
}

} // namespace tpo
