//===- TensorTable.cpp - The ONNX file's tensors in the program -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/TensorTable.h"

#include "tp-opt/Import/Import.h"

#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/MD5.h"

using namespace mlir;

namespace tpo {

StringRef getNodeName(Operation *op) {
  StringRef name;
  op->getLoc()->walk([&](Location loc) {
    if (auto named = dyn_cast<NameLoc>(loc)) {
      name = named.getName().getValue();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

std::string describeNode(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  if (StringRef name = getNodeName(op); !name.empty())
    text += " '" + name.str() + "'";
  return text;
}

bool isPattern(StringRef text) { return text.find_first_of("*?[{") != StringRef::npos; }

TensorTable::TensorTable(func::FuncOp function) : function(function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, kOnnxNameAttr);
    auto type = dyn_cast<RankedTensorType>(function.getArgument(i).getType());
    if (name && type)
      tensors[add(name.getValue(), NamedTensor::Kind::Input, type)].values = {function.getArgument(i)};
  }
  if (auto recorded = function->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(kTensorsAttr))
    addRecorded(recorded);
  else
    addUnrecorded();
  findValues();
  Operation *terminator = function.getBody().front().getTerminator();
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto name = function.getResultAttrOfType<StringAttr>(i, kOnnxNameAttr);
    auto type = dyn_cast<RankedTensorType>(terminator->getOperand(i).getType());
    // An output that is a weight is known as that.
    if (name && type && !terminator->getOperand(i).getDefiningOp<tp::WeightOp>())
      tensors[add(name.getValue(), NamedTensor::Kind::Computed, type)].values = {terminator->getOperand(i)};
  }
}

unsigned TensorTable::add(StringRef name, NamedTensor::Kind kind, RankedTensorType type) {
  auto [entry, isNew] = byName.try_emplace(name, tensors.size());
  if (isNew) {
    NamedTensor tensor;
    tensor.name = name.str();
    tensor.kind = kind;
    tensor.type = type;
    tensors.push_back(std::move(tensor));
  }
  return entry->second;
}

/// The importer writes the attribute, but anything can be in an .mlir.
void TensorTable::addRecorded(ArrayAttr recorded) {
  for (Attribute attr : recorded) {
    auto entry = dyn_cast<DictionaryAttr>(attr);
    auto name = entry ? entry.getAs<StringAttr>("name") : nullptr;
    auto type = entry ? entry.getAs<TypeAttr>("type") : nullptr;
    auto tensorType = type ? dyn_cast<RankedTensorType>(type.getValue()) : nullptr;
    if (!name || !tensorType || byName.contains(name.getValue()))
      continue;
    auto node = entry.getAs<StringAttr>("node");
    if (!node && !tensorType.hasStaticShape())
      continue;
    unsigned index = add(name.getValue(), node ? NamedTensor::Kind::Computed : NamedTensor::Kind::Weight, tensorType);
    auto result = entry.getAs<IntegerAttr>("result");
    if (node)
      tensors[index].node = node.str();
    if (node && !node.empty())
      byNode[node.getValue()].push_back({index, result ? result.getValue().getLimitedValue() : 0});
    if (auto aliases = entry.getAs<ArrayAttr>("aliases"))
      for (Attribute alias : aliases)
        if (auto text = dyn_cast<StringAttr>(alias))
          tensors[index].aliases.push_back(text.str());
  }
}

void TensorTable::addUnrecorded() {
  for (Operation &op : function.getBody().front()) {
    if (auto weight = dyn_cast<tp::WeightOp>(op)) {
      add(weight.getName(), NamedTensor::Kind::Weight, cast<RankedTensorType>(weight.getType()));
      continue;
    }
    StringRef name = getNodeName(&op);
    auto type = op.getNumResults() > 0 ? dyn_cast<RankedTensorType>(op.getResult(0).getType()) : nullptr;
    if (!name.empty() && type && op.getNumOperands() > 0 && !isa<tp::ReshardOp, tp::ConstrainOp>(op))
      byNode[name].assign(1, {add(name, NamedTensor::Kind::Computed, type), 0});
  }
}

/// Whether a value of type `now` can be what had the type `then`: simplification
/// may know more about sizes, no less.
static bool canBe(RankedTensorType now, RankedTensorType then) {
  if (now.getRank() != then.getRank() || now.getElementType() != then.getElementType())
    return false;
  SmallVector<AffineExpr> nowDims = tp::getDims(now), thenDims = tp::getDims(then);
  for (auto [a, b] : llvm::zip_equal(nowDims, thenDims)) {
    std::optional<int64_t> first = a ? tp::getConst(a) : std::nullopt, second = b ? tp::getConst(b) : std::nullopt;
    bool differs = second ? first != second : !first && a && b && !tp::provablyEqual(a, b);
    if (differs)
      return false;
  }
  return true;
}

/// The value of a node's result is what the last operation made from the node
/// computes, if it is of the result's type: rewrites keep the location of what
/// they replace.
void TensorTable::findValues() {
  for (Operation &op : function.getBody().front()) {
    if (auto weight = dyn_cast<tp::WeightOp>(op)) {
      auto known = byName.find(weight.getName());
      if (known != byName.end() && tensors[known->second].kind == NamedTensor::Kind::Weight)
        tensors[known->second].values.push_back(weight.getResult());
      continue;
    }
    if (op.getNumResults() == 0 || isa<tp::ReshardOp, tp::ConstrainOp>(op))
      continue;
    auto known = byNode.find(getNodeName(&op));
    if (known == byNode.end())
      continue;
    for (auto [index, result] : known->second) {
      NamedTensor &tensor = tensors[index];
      if (op.getNumOperands() == 0 || result >= op.getNumResults())
        continue;
      auto type = dyn_cast<RankedTensorType>(op.getResult(result).getType());
      if (type && canBe(type, tensor.type))
        tensor.values.assign(1, op.getResult(result));
    }
  }
}

llvm::Expected<SmallVector<unsigned>> TensorTable::match(StringRef pattern, bool isName) const {
  SmallVector<unsigned> found;
  // Names may contain what patterns are made of.
  if (auto exact = byName.find(pattern); exact != byName.end())
    return SmallVector<unsigned>{exact->second};
  auto glob = llvm::GlobPattern::create(pattern);
  if (!glob) {
    if (isName) {
      llvm::consumeError(glob.takeError());
      return found;
    }
    return glob.takeError();
  }
  auto fits = [&](StringRef name) { return isName ? name == pattern : glob->match(name); };
  for (auto [index, tensor] : llvm::enumerate(tensors))
    if (fits(tensor.name) || llvm::any_of(tensor.aliases, fits))
      found.push_back(index);
  return found;
}

std::string TensorTable::getNearest(StringRef pattern) const {
  constexpr size_t kShown = 3;
  std::string core;
  for (char c : pattern)
    if (c != '*' && c != '?')
      core += c;
  std::vector<std::pair<unsigned, StringRef>> ranked;
  auto rank = [&](StringRef name) {
    unsigned distance = ~0u;
    for (StringRef part : {name, name.take_back(core.size()), name.take_front(core.size())})
      distance =
          std::min(distance, part.edit_distance(core, /*AllowReplacements=*/true, distance == ~0u ? 0 : distance));
    ranked.push_back({distance, name});
  };
  for (const NamedTensor &tensor : tensors) {
    rank(tensor.name);
    for (StringRef alias : tensor.aliases)
      rank(alias);
  }
  llvm::stable_sort(ranked, [](const auto &a, const auto &b) { return a.first < b.first; });
  std::string text;
  for (const auto &[distance, name] : ArrayRef(ranked).take_front(kShown))
    text += (text.empty() ? "'" : ", '") + name.str() + "'";
  return text;
}

std::string TensorTable::getFingerprint() const {
  if (auto recorded = function->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(kFingerprintAttr))
    return recorded.str();
  llvm::MD5 hash;
  for (const NamedTensor &tensor : tensors) {
    std::string line;
    llvm::raw_string_ostream os(line);
    os << tensor.name << '\0' << tensor.type << '\n';
    hash.update(line);
  }
  return std::string(hash.final().digest());
}

} // namespace tpo
