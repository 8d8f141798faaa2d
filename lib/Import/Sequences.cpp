//===- Sequences.cpp - Sequences of tensors -------------------------------===//
//
// A program has no sequences. Those whose length is known while importing, as
// in what exporters write for torch.hstack, chunk and stack, are lists of
// values here, and their operators are bookkeeping.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "dialects/Tp/Dims.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;
using ::onnx::AttributeProto;
using ::onnx::NodeProto;

// How many tensors a sequence may have; bounds what a hostile file costs.
static constexpr size_t kMaxLength = 4096;

bool GraphImporter::isSequenceOperator(StringRef opType) {
  return llvm::StringSwitch<bool>(opType)
      .Cases({"SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceErase"}, true)
      .Cases({"SequenceAt", "SequenceLength", "ConcatFromSequence", "SplitToSequence"}, true)
      .Case("SequenceMap", true)
      .Default(false);
}

const GraphImporter::Values *GraphImporter::Scope::lookupSequence(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (auto found = scope->sequences.find(name); found != scope->sequences.end())
      return &found->second;
  return nullptr;
}

LogicalResult GraphImporter::defineSequence(StringRef name, Values tensors, Scope &scope, Location loc) {
  if (tensors.size() > kMaxLength)
    return emitError(loc) << "a sequence of more than " << kMaxLength << " tensors is not supported";
  if (scope.values.contains(name) || scope.sequences.contains(name))
    return emitError(loc) << "defines '" << name << "' a second time";
  scope.sequences[name] = std::move(tensors);
  return success();
}

LogicalResult GraphImporter::failSequenceOutput(StringRef name, const ::onnx::GraphProto &graph, const Scope &scope) {
  Location loc = fileLoc;
  for (const NodeProto &node : graph.node())
    if (llvm::is_contained(node.output(), name))
      loc = getLocation(node, scope);
  return emitError(loc) << "output '" << name << "' is a sequence of tensors, which a program does not return";
}

// The position in a sequence that an operand gives.
static FailureOr<size_t> getPosition(ImportedValue &operand, size_t length, bool isInsertion, Location loc) {
  std::optional<int64_t> position;
  if (operand.allIntegersKnown() && operand.integers->size() == 1)
    position = tp::getConst(operand.integers->front());
  if (!position)
    return emitError(loc) << "its position is only known when the model runs";
  int64_t count = length, last = isInsertion ? count : count - 1;
  int64_t counted = *position < 0 ? *position + count : *position;
  if (counted < 0 || counted > last)
    return emitError(loc) << "position " << *position << " is outside of a sequence of " << count << " tensors";
  return static_cast<size_t>(counted);
}

static int64_t getIntAttribute(const NodeProto &proto, StringRef name, int64_t otherwise) {
  for (const AttributeProto &attribute : proto.attribute())
    if (attribute.name() == name && attribute.has_i())
      return attribute.i();
  return otherwise;
}

LogicalResult GraphImporter::concatSequence(const NodeProto &proto, Values tensors, Scope &scope, Location loc) {
  if (tensors.empty())
    return emitError(loc) << "joins a sequence of no tensors";
  Node node(*tpo::onnx::lookupOp("", "Concat"), loc, tpo::onnx::getNewestOpset(), symbols);
  int64_t axis = getIntAttribute(proto, "axis", 0);
  if (getIntAttribute(proto, "new_axis", 0))
    for (ImportedValue *&tensor : tensors) {
      FailureOr<ImportedValue *> wider = addNode(node, "Unsqueeze", {tensor, constants({axis})});
      if (failed(wider))
        return failure();
      tensor = *wider;
    }
  NamedAttrList attributes;
  attributes.set("axis", getSignedAttr(context, axis));
  FailureOr<ImportedValue *> joined = addNode(node, "Concat", tensors, attributes);
  return failed(joined) ? failure() : defineOutputs(proto, {*joined}, scope, loc);
}

// The sizes of the parts; an error where their number is not known.
static FailureOr<Dims> getPartSizes(Node &node, AffineExpr whole) {
  std::optional<int64_t> size = tp::getConst(whole);
  int64_t each = 1;
  if (node.has(1)) {
    if (!node.operand(1).allIntegersKnown())
      return node.emitError() << "the sizes of its parts are only known when the model runs";
    if (node.rank(1) != 0)
      return *node.operand(1).integers;
    std::optional<SmallVector<int64_t>> value = node.constants(1);
    if (!value || value->front() <= 0)
      return node.emitError() << "its parts must be of a known size above zero";
    each = value->front();
  }
  if (!size)
    return node.emitError() << "splits a dimension whose size is not known, so that the number of its parts is not; "
                               "fix the size with --dim";
  if (*size / each > static_cast<int64_t>(kMaxLength))
    return node.emitError() << "a sequence of more than " << kMaxLength << " tensors is not supported";
  Dims sizes;
  for (int64_t start = 0; start < *size; start += each)
    sizes.push_back(node.constant(std::min(each, *size - start)));
  return sizes;
}

LogicalResult GraphImporter::splitToSequence(const NodeProto &proto, Values operands, Scope &scope, Location loc) {
  if (operands.empty() || !operands[0])
    return emitError(loc) << "lacks the input 'input'";
  Node node(*tpo::onnx::lookupOp("", "Split"), loc, tpo::onnx::getNewestOpset(), symbols);
  node.operands = std::move(operands);
  FailureOr<int64_t> axis = node.normalizeAxis(getIntAttribute(proto, "axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  AffineExpr whole = node.dims(0)[*axis], end = node.constant(0);
  FailureOr<Dims> sizes = getPartSizes(node, whole);
  if (failed(sizes))
    return failure();
  Values parts;
  bool keeps = node.has(1) || getIntAttribute(proto, "keepdims", 1);
  for (AffineExpr size : *sizes) {
    auto bound = [&](AffineExpr value) {
      return factory.integers(builder.getI64Type(), {value}, /*isScalar=*/false, symbols);
    };
    AffineExpr start = end;
    end = tp::simplify(end + size);
    FailureOr<ImportedValue *> part =
        addNode(node, "Slice", {node.operands[0], bound(start), bound(end), constants({*axis})});
    if (succeeded(part) && !keeps)
      part = addNode(node, "Squeeze", {*part, constants({*axis})});
    if (failed(part))
      return failure();
    parts.push_back(*part);
  }
  if (failed(node.unify(end, whole, "the sum of its parts and the size of what it splits")))
    return failure();
  return defineSequence(proto.output(0), parts, scope, loc);
}

LogicalResult GraphImporter::importSequenceMap(const NodeProto &proto, Scope &scope, Location loc) {
  const ::onnx::GraphProto *body = nullptr;
  for (const AttributeProto &attribute : proto.attribute())
    if (attribute.name() == "body" && attribute.has_g())
      body = &attribute.g();
  if (!body)
    return emitError(loc) << "lacks body";
  const Values *first = proto.input_size() ? scope.lookupSequence(proto.input(0)) : nullptr;
  if (!first)
    return emitError(loc) << "lacks the input 'input_sequence'";
  if (body->input_size() != proto.input_size() || body->output_size() != proto.output_size())
    return emitError(loc) << "has " << proto.input_size() << " inputs and " << proto.output_size()
                          << " outputs, its body " << body->input_size() << " and " << body->output_size();
  size_t length = first->size();
  SmallVector<Values> results(proto.output_size());
  for (size_t step = 0; step < length; ++step) {
    Scope inner;
    if (failed(enterSubgraph(*body, scope, inner, loc)))
      return failure();
    for (auto [name, parameter] : llvm::zip(proto.input(), body->input())) {
      const Values *sequence = scope.lookupSequence(name);
      if (sequence && sequence->size() != length)
        return emitError(loc) << "its sequences have " << length << " and " << sequence->size() << " tensors";
      ImportedValue *operand = sequence ? (*sequence)[step] : scope.lookup(name);
      if (!operand)
        return failUndefined(name, proto, scope, loc);
      if (failed(define(inner, parameter.name(), operand, loc)))
        return failure();
    }
    if (failed(importInitializers(*body, inner)) || failed(importNodes(body->node(), inner)))
      return failure();
    for (auto [list, output] : llvm::zip(results, body->output())) {
      list.push_back(inner.lookup(output.name()));
      if (!list.back())
        return emitError(loc) << "output '" << output.name() << "' of its body is computed by no node";
    }
  }
  for (auto [name, list] : llvm::zip(proto.output(), results))
    if (failed(defineSequence(name, list, scope, loc)))
      return failure();
  return success();
}

LogicalResult GraphImporter::importSequenceOperator(const NodeProto &proto, Scope &scope, Location loc) {
  StringRef op = proto.op_type();
  if (op == "SequenceMap")
    return importSequenceMap(proto, scope, loc);
  if (proto.output_size() != 1)
    return emitError(loc) << "has " << proto.output_size() << " outputs, expects 1";
  bool makes = op == "SequenceConstruct" || op == "SequenceEmpty" || op == "SplitToSequence";
  Values sequence, operands;
  for (auto [i, name] : llvm::enumerate(proto.input())) {
    if (i == 0 && !makes) {
      const Values *found = scope.lookupSequence(name);
      if (!found)
        return emitError(loc) << "input '" << name << "' is not a sequence that a node before it makes";
      sequence = *found;
      continue;
    }
    operands.push_back(name.empty() ? nullptr : scope.lookup(name));
    if (!name.empty() && !operands.back() && !scope.knows(name))
      return failUndefined(name, proto, scope, loc);
  }
  if (proto.input_size() == 0 && op != "SequenceEmpty")
    return emitError(loc) << "has no inputs";
  if (op == "SplitToSequence")
    return splitToSequence(proto, operands, scope, loc);
  if (op == "ConcatFromSequence")
    return concatSequence(proto, sequence, scope, loc);
  if (op == "SequenceLength") {
    Dims length{symbols.constant(sequence.size())};
    return defineOutputs(proto, {factory.integers(builder.getI64Type(), length, /*isScalar=*/true, symbols)}, scope,
                         loc);
  }
  if (makes) {
    if (llvm::is_contained(operands, nullptr))
      return emitError(loc) << "one of its inputs is empty";
    return defineSequence(proto.output(0), operands, scope, loc);
  }

  // What is left has a position, the last where it is absent.
  bool inserts = op == "SequenceInsert";
  if (operands.size() < (op == "SequenceErase" ? 0u : 1u) ||
      (!operands.empty() && !operands[0] && op != "SequenceErase"))
    return emitError(loc) << "lacks the input '" << (inserts ? "tensor" : "position") << "'";
  size_t position = inserts ? sequence.size() : sequence.size() - 1;
  if (ImportedValue *given = operands.size() > (inserts ? 1u : 0u) ? operands.back() : nullptr) {
    FailureOr<size_t> found = getPosition(*given, sequence.size(), inserts, loc);
    if (failed(found))
      return failure();
    position = *found;
  }
  if (!inserts && sequence.empty())
    return emitError(loc) << "takes a tensor from a sequence of none";
  if (op == "SequenceAt")
    return defineOutputs(proto, {sequence[position]}, scope, loc);
  if (inserts)
    sequence.insert(sequence.begin() + position, operands[0]);
  else
    sequence.erase(sequence.begin() + position);
  return defineSequence(proto.output(0), sequence, scope, loc);
}
