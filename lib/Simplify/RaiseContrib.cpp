//===- RaiseContrib.cpp - Operators of com.microsoft as ONNX's ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Contrib.h"

namespace tpo {
#define GEN_PASS_DEF_RAISECONTRIBPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

Value contrib::getOperand(Operation *op, unsigned i) {
  if (i >= op->getNumOperands() || onnx::isNoValue(op->getOperand(i)))
    return {};
  return op->getOperand(i);
}

int64_t contrib::getInt(Operation *op, StringRef name, int64_t otherwise) {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

double contrib::getFloat(Operation *op, StringRef name, double otherwise) {
  auto attr = op->getAttrOfType<FloatAttr>(name);
  return attr ? attr.getValueAsDouble() : otherwise;
}

StringRef contrib::getString(Operation *op, StringRef name, StringRef otherwise) {
  auto attr = op->getAttrOfType<StringAttr>(name);
  return attr ? attr.getValue() : otherwise;
}

bool contrib::isUsed(Operation *op, unsigned i) {
  return i < op->getNumResults() && isa<RankedTensorType>(op->getResult(i).getType()) && !op->getResult(i).use_empty();
}

void contrib::replaceResult(Operation *op, unsigned i, Value value) {
  OpResult result = op->getResult(i);
  // The same sizes may be spelled differently; a value that others read keeps
  // its spelling.
  if (value.getDefiningOp() && value.use_empty())
    value.setType(result.getType());
  result.replaceAllUsesWith(value);
}

LogicalResult contrib::rejectOperands(Operation *op, ArrayRef<std::pair<unsigned, StringRef>> operands) {
  for (auto [i, name] : operands)
    if (getOperand(op, i))
      return op->emitError() << op->getName().stripDialect().drop_front(3) << " with " << name << " is not supported";
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

void contrib::emitAttention(GraphBuilder &g, AttentionCall &call) {
  OpBuilder &b = g.builder();
  GraphBuilder::Dims q = GraphBuilder::dims(call.q), k = GraphBuilder::dims(call.k), v = GraphBuilder::dims(call.v);
  auto orNone = [&](Value value) { return value ? value : g.none(); };
  SmallVector<Value> operands{
      call.q, call.k, call.v, orNone(call.mask), orNone(call.pastKey), orNone(call.pastValue), orNone(call.lengths)};
  if (call.pastKey) {
    k[2] = tp::simplify(k[2] + GraphBuilder::dims(call.pastKey)[2]);
    v[2] = k[2];
  }
  Type element = GraphBuilder::elementType(call.q), none = b.getNoneType();
  SmallVector<Type> types{tp::makeTensorType({q[0], q[1], q[2], v[3]}, element), none, none, none};
  if (call.pastKey) {
    types[1] = tp::makeTensorType(k, element);
    types[2] = tp::makeTensorType(v, element);
  }
  if (call.wantsScores)
    types[3] = tp::makeTensorType({q[0], q[1], q[2], k[2]}, element);
  SmallVector<NamedAttribute> attributes;
  if (call.scale != 0)
    attributes.push_back(g.floatAttr("scale", call.scale));
  if (call.softcap != 0)
    attributes.push_back(g.floatAttr("softcap", call.softcap));
  if (call.isCausal)
    attributes.push_back(g.intAttr("is_causal", 1));
  if (call.leftWindow >= 0)
    attributes.push_back(g.intAttr("left_window_size", call.leftWindow));
  if (call.wantsScores)
    attributes.push_back(g.intAttr("qk_matmul_output_mode", 2));
  auto attention = onnx::AttentionOp::create(b, g.location(), types, operands, attributes);
  call.y = attention.getY();
  call.presentKey = call.pastKey ? Value(attention.getPresentKey()) : call.k;
  call.presentValue = call.pastKey ? Value(attention.getPresentValue()) : call.v;
  if (call.wantsScores)
    call.scores = attention.getQkMatmulOutput();
}

Value contrib::splitHeads(Operation *op, GraphBuilder &g, Value value, int64_t heads) {
  GraphBuilder::Dims dims = GraphBuilder::dims(value);
  AffineExpr size = dims.size() == 3 && heads > 0 ? tp::divideExactly(dims[2], g.size(heads)) : AffineExpr();
  if (!size) {
    op->emitError() << "cannot split " << value.getType() << " into " << heads << " heads";
    return {};
  }
  return g.transpose(g.reshape(value, {dims[0], dims[1], g.size(heads), size}), {0, 2, 1, 3});
}

Value contrib::mergeHeads(GraphBuilder &g, Value value) {
  GraphBuilder::Dims dims = GraphBuilder::dims(value);
  return g.reshape(g.transpose(value, {0, 2, 1, 3}), {dims[0], dims[2], tp::simplify(dims[1] * dims[3])});
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

/// What ONNX's own operators become that nothing else knows.
const Rewrites &getStandardRewrites() {
  static const Rewrites rewrites = [] {
    Rewrites result;
    addRecurrentRewrites(result);
    return result;
  }();
  return rewrites;
}

const Rewrites &getRewrites() {
  static const Rewrites rewrites = [] {
    Rewrites result = getStandardRewrites();
    addAttentionRewrites(result);
    addGroupQueryAttentionRewrites(result);
    addMatMulRewrites(result);
    addNormRewrites(result);
    addMoERewrites(result);
    return result;
  }();
  return rewrites;
}

LogicalResult rewrite(Operation *op) {
  StringRef name = op->getName().stripDialect();
  bool isContrib = name.consume_front("ms.");
  Rewrite function = (isContrib ? getRewrites() : getStandardRewrites()).lookup(name);
  if (!function)
    return success();
  for (Value operand : op->getOperands())
    if (!onnx::isNoValue(operand) && !GraphBuilder::hasKnownDims(operand))
      return op->emitError() << name << " with an operand of unknown size is not supported: " << operand.getType();
  OpBuilder builder(op);
  GraphBuilder graph(builder, op->getLoc());
  if (failed(function(op, graph)))
    return failure();
  for (OpResult result : op->getResults())
    if (!result.use_empty())
      return op->emitError() << name << ": result " << result.getResultNumber() << " is not supported";
  op->erase();
  return success();
}

struct RaiseContrib : tpo::impl::RaiseContribPassBase<RaiseContrib> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      if (isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()) && failed(rewrite(op)))
        return signalPassFailure();
  }
};

} // namespace
