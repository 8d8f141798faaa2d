//===- Blocks.cpp - Repeated blocks of a graph ----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Partition/Blocks.h"

#include "dialects/Tp/Tp.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/StringSwitch.h"

#include <limits>

using namespace mlir;

namespace tpo {

namespace {

/// Blocks of fewer anchors than this are not layers but repeated small things
/// (two dense layers of a head).
constexpr size_t kMinAnchors = 3;

/// Layer numbers while they are computed: `kNone` for what depends on inputs
/// and constants alone, `kBefore` for what anchors outside of all blocks begin
/// (embeddings), `kAfter` for what comes behind the last block.
using LayerMap = llvm::DenseMap<Operation *, int64_t>;
constexpr int64_t kNone = -2;
constexpr int64_t kBefore = -1;
constexpr int64_t kAfter = std::numeric_limits<int64_t>::max();

/// What values are known from weights and constants alone.
enum class Source : uint8_t { Data, Constant, Weight };

/// Additions and the like do not tell layers apart: the bias of a product goes
/// with the product, and a bias by position (T5, ALiBi) is often added to a
/// mask once, for all layers.
bool isElementwise(Operation &op) {
  return llvm::StringSwitch<bool>(op.getName().stripDialect())
      .Cases({"Add", "Sub", "Mul", "Div", "Where"}, true)
      .Default(false);
}

class Anchors {
public:
  explicit Anchors(Block &block) {
    for (Operation &op : block.without_terminator())
      visit(op);
  }

  std::vector<Operation *> ops;
  std::vector<uint64_t> hashes;

private:
  Source sourceOf(Value value) const {
    Operation *def = value.getDefiningOp();
    auto it = def ? sources.find(def) : sources.end();
    return it == sources.end() ? Source::Data : it->second;
  }

  void visit(Operation &op) {
    if (isa<tp::WeightOp>(op)) {
      sources[&op] = Source::Weight;
      return;
    }
    bool anyData = false, anyWeight = false;
    llvm::hash_code hash = llvm::hash_value(op.getName().getStringRef());
    for (Value operand : op.getOperands()) {
      Source source = sourceOf(operand);
      anyData |= source == Source::Data;
      if (source != Source::Weight)
        continue;
      anyWeight = true;
      hash = llvm::hash_combine(hash, operand.getType().getAsOpaquePointer());
    }
    if (!anyData) {
      sources[&op] = anyWeight ? Source::Weight : Source::Constant;
    } else if (anyWeight && !isElementwise(op)) {
      ops.push_back(&op);
      hashes.push_back(hash);
    }
  }

  llvm::DenseMap<Operation *, Source> sources;
};

/// The highest layer that the operands of `op` belong to.
int64_t layerOfOperands(Operation *op, const LayerMap &layers) {
  int64_t layer = kNone;
  for (Value operand : op->getOperands())
    if (Operation *def = operand.getDefiningOp())
      if (auto it = layers.find(def); it != layers.end())
        layer = std::max(layer, it->second);
  return layer;
}

/// Gives every operation that is not fixed the highest layer it depends on.
void propagateForward(Block &block, const LayerMap &fixed, LayerMap &layers) {
  layers = fixed;
  for (Operation &op : block.without_terminator()) {
    int64_t inherited = layerOfOperands(&op, layers);
    auto it = layers.find(&op);
    if (it == layers.end())
      layers[&op] = inherited;
  }
}

/// Whether each block of `rep` uses what the block before it computes.
bool isChain(Block &block, ArrayRef<Operation *> anchors,
             const Repetition &rep) {
  LayerMap fixed, layers;
  for (size_t i = 0; i < rep.period * rep.count; ++i)
    fixed[anchors[rep.start + i]] = i / rep.period;
  propagateForward(block, fixed, layers);
  std::vector<bool> linked(rep.count);
  for (auto [op, layer] : fixed)
    if (layer > 0 && layerOfOperands(op, layers) >= layer - 1)
      linked[layer] = true;
  for (size_t layer = 1; layer < rep.count; ++layer)
    if (!linked[layer])
      return false;
  return true;
}

/// Numbers the blocks in anchors [begin, end), also several series of them (an
/// encoder and a decoder), in order.
void numberBlocks(Block &block, const Anchors &anchors, size_t begin,
                  size_t end, LayerMap &fixed, int64_t &next) {
  std::optional<Repetition> rep = findRepetition(
      anchors.hashes, begin, end, kMinAnchors,
      [&](const Repetition &r) { return isChain(block, anchors.ops, r); });
  if (!rep)
    return;
  numberBlocks(block, anchors, begin, rep->start, fixed, next);
  size_t stop = rep->start + rep->period * rep->count;
  for (size_t i = rep->start; i < stop; ++i)
    fixed[anchors.ops[i]] = next + (i - rep->start) / rep->period;
  next += rep->count;
  numberBlocks(block, anchors, stop, end, fixed, next);
}

/// Operations that depend on nothing but are used in one block alone belong to
/// it.
void claimPrivateInputs(Block &block, LayerMap &layers) {
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (layers[&op] != kNone || op.use_empty())
      continue;
    int64_t user = kNone;
    bool unique = true;
    for (Operation *use : op.getUsers()) {
      Operation *ancestor = block.findAncestorOpInBlock(*use);
      auto it = layers.find(ancestor);
      int64_t layer = it == layers.end() ? kNone : it->second;
      unique &=
          layer >= 0 && layer != kAfter && (user == kNone || user == layer);
      user = layer;
    }
    if (unique)
      layers[&op] = user;
  }
}

} // namespace

std::optional<Repetition>
findRepetition(ArrayRef<uint64_t> sequence, size_t begin, size_t end,
               size_t minPeriod,
               llvm::function_ref<bool(const Repetition &)> accept) {
  std::optional<Repetition> best;
  for (size_t period = minPeriod; begin + 2 * period <= end; ++period) {
    // Runs of positions that agree with the one a period later.
    for (size_t i = begin; i + period < end;) {
      size_t run = 0;
      while (i + run + period < end &&
             sequence[i + run] == sequence[i + run + period])
        ++run;
      Repetition rep{i, period, (run + period) / period};
      size_t covered = rep.count * rep.period;
      if (rep.count >= 2 && (!best || covered > best->count * best->period) &&
          accept(rep))
        best = rep;
      i += run + 1;
    }
  }
  return best;
}

unsigned assignLayers(func::FuncOp func) {
  func.walk([](Operation *op) { op->removeAttr(kLayerAttr); });
  if (!func.getBody().hasOneBlock())
    return 0;
  Block &block = func.getBody().front();
  Anchors anchors(block);
  LayerMap fixed, layers;
  int64_t count = 0;
  numberBlocks(block, anchors, 0, anchors.ops.size(), fixed, count);
  if (count == 0)
    return 0;
  // Anchors between and behind the blocks end what they depend on; what those
  // before them begin is no part of the first block.
  propagateForward(block, fixed, layers);
  for (Operation *op : anchors.ops)
    if (!fixed.count(op))
      fixed[op] = layers[op] >= 0 ? kAfter : kBefore;
  propagateForward(block, fixed, layers);
  claimPrivateInputs(block, layers);

  auto type = IntegerType::get(func.getContext(), 64);
  for (auto [op, layer] : layers)
    if (layer >= 0 && layer != kAfter && op->getNumOperands() != 0)
      op->setAttr(kLayerAttr, IntegerAttr::get(type, layer));
  return count;
}

std::optional<int64_t> getLayer(Operation *op) {
  if (auto attr = op->getAttrOfType<IntegerAttr>(kLayerAttr))
    return attr.getInt();
  return std::nullopt;
}

} // namespace tpo
