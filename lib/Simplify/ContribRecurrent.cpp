//===- ContribRecurrent.cpp - LinearAttention, CausalConvWithState --------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LinearAttention is a recurrence over the sequence, written out step by step:
// the number of steps must be static and small (one, in a decoding program).
// CausalConvWithState is a sum over the few taps of its window.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"

#include <cmath>

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

using Dims = GraphBuilder::Dims;

namespace {

/// As many steps are written out; the program grows with each.
constexpr int64_t kMaxSteps = 64;

class LinearAttention {
public:
  LinearAttention(Operation *op, GraphBuilder &g)
      : op(op), g(g), rule(getString(op, "update_rule", "gated_delta")), queryHeads(getInt(op, "q_num_heads", 0)),
        heads(getInt(op, "kv_num_heads", 0)), f32(g.builder().getF32Type()) {}

  LogicalResult run();

private:
  LogicalResult readOperands();
  Value step(int64_t t);
  /// Row t of [B, heads, T, size] as [B, heads, 1, size].
  Value at(Value value, int64_t t) { return g.slice(value, 2, t, 1); }
  Value unpack(Value value, int64_t count) {
    Value split = splitHeads(op, g, value, count);
    return split ? g.convert(split, f32) : Value();
  }

  Operation *op;
  GraphBuilder &g;
  StringRef rule;
  int64_t queryHeads, heads, steps = 0;
  Type f32;
  Value q, k, v, decay, beta;
  Value state; ///< [B, heads, key size, value size], f32
  AffineExpr batch;
  int64_t keySize = 0;
};

LogicalResult LinearAttention::readOperands() {
  bool gated = rule == "gated" || rule == "gated_delta", delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear")
    return op->emitError() << "LinearAttention with update_rule '" << rule << "' is not supported";
  if (getInt(op, "state_window", 0))
    return op->emitError("LinearAttention with state_window is not supported");
  if (heads <= 0 || queryHeads <= 0 || queryHeads % heads != 0)
    return op->emitError() << "LinearAttention with " << queryHeads << " query heads for " << heads
                           << " key heads is not supported";
  Value gates = getOperand(op, 4), rates = getOperand(op, 5);
  if (gated != bool(gates) || delta != bool(rates))
    return op->emitError() << "LinearAttention with update_rule '" << rule << "' "
                           << (gated != bool(gates) ? (gated ? "needs" : "has no") : (delta ? "needs" : "has no"))
                           << (gated != bool(gates) ? " decay" : " beta");
  Dims dims = GraphBuilder::dims(op->getOperand(0));
  std::optional<int64_t> length = dims.size() == 3 ? tp::getConst(dims[1]) : std::nullopt;
  if (!length || *length > kMaxSteps)
    return op->emitError() << "LinearAttention is only supported for a static sequence of up to " << kMaxSteps
                           << " positions, not for " << op->getOperand(0).getType();
  steps = *length;
  batch = dims[0];
  q = unpack(op->getOperand(0), queryHeads);
  k = unpack(op->getOperand(1), heads);
  v = unpack(op->getOperand(2), heads);
  if (!q || !k || !v)
    return failure();
  std::optional<int64_t> size = tp::getConst(GraphBuilder::dims(k)[3]);
  if (!size)
    return op->emitError("LinearAttention needs a static head size");
  keySize = *size;
  // [B, T, heads] or [B, T, heads * key size]; beta also [B, T, 1].
  if (gates && !(decay = unpack(gates, heads)))
    return failure();
  if (rates) {
    bool shared = tp::getConst(GraphBuilder::dims(rates)[2]) == 1;
    if (!(beta = unpack(rates, shared ? 1 : heads)))
      return failure();
  }
  Value past = getOperand(op, 3);
  Dims stateDims{batch, g.size(heads), g.size(keySize), GraphBuilder::dims(v)[3]};
  state = past ? g.convert(past, f32) : g.filled(0, stateDims, f32);
  return success();
}

/// Updates the state by position t; its result is [B, 1, queryHeads * size].
Value LinearAttention::step(int64_t t) {
  Value key = at(k, t), value = at(v, t);
  if (decay)
    state = g.map<onnx::MulOp>({state, g.transpose(g.map<onnx::ExpOp>({at(decay, t)}), {0, 1, 3, 2})});
  if (beta)
    value = g.map<onnx::MulOp>({g.map<onnx::SubOp>({value, g.matmul(key, state)}), at(beta, t)});
  state = g.map<onnx::AddOp>({state, g.map<onnx::MulOp>({g.transpose(key, {0, 1, 3, 2}), value})});
  // Query heads of one key head are rows of one product.
  int64_t group = queryHeads / heads;
  Value query = g.reshape(at(q, t), {batch, g.size(heads), g.size(group), g.size(keySize)});
  Value y = g.matmul(query, state);
  Dims dims = GraphBuilder::dims(y);
  return g.reshape(y, {batch, g.size(1), tp::simplify(dims[3] * queryHeads)});
}

LogicalResult LinearAttention::run() {
  if (failed(readOperands()))
    return failure();
  SmallVector<Value> rows;
  for (int64_t t = 0; t < steps; ++t)
    rows.push_back(step(t));
  if (rows.empty())
    return op->emitError("LinearAttention over an empty sequence is not supported");
  Value y = rows.size() == 1 ? rows.front() : g.concat(rows, 1);
  double scale = getFloat(op, "scale", 0);
  y = g.withScalar<onnx::MulOp>(y, scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(keySize)));
  replaceResult(op, 0, g.convert(y, GraphBuilder::elementType(op->getOperand(0))));
  if (isUsed(op, 1))
    replaceResult(op, 1, g.convert(state, getElementTypeOrSelf(op->getResult(1).getType())));
  return success();
}

LogicalResult rewriteLinearAttention(Operation *op, GraphBuilder &g) { return LinearAttention(op, g).run(); }

/// input [B, C, L], weight [C, 1, taps], past_state [B, C, taps - 1]: each channel
/// by itself, over the past and the input.
LogicalResult rewriteCausalConv(Operation *op, GraphBuilder &g) {
  for (auto [name, only] : {std::pair("channels_last", 0),
                            {"dilation", 1},
                            {"ndim", 1},
                            {"input_channel_offset", 0},
                            {"input_channels", 0},
                            {"state_length", 0},
                            {"state_update_capacity", 0},
                            {"state_window", 0}})
    if (getInt(op, name, only) != only)
      return op->emitError() << "CausalConvWithState with " << name << " is not supported";
  Value input = op->getOperand(0), weight = op->getOperand(1), bias = getOperand(op, 2), past = getOperand(op, 3);
  Dims dims = GraphBuilder::dims(input), window = GraphBuilder::dims(weight);
  std::optional<int64_t> taps = window.size() == 3 ? tp::getConst(window[2]) : std::nullopt;
  if (dims.size() != 3 || !taps || *taps < 1 || *taps > kMaxSteps)
    return op->emitError() << "CausalConvWithState of " << input.getType() << " with weights " << weight.getType()
                           << " is not supported";
  Type element = GraphBuilder::elementType(input);
  Dims pastDims{dims[0], dims[1], g.size(*taps - 1)};
  Value padded = input;
  if (*taps > 1)
    padded = g.concat({past ? past : g.filled(0, pastDims, element), input}, 2);
  Value rows = g.reshape(weight, {dims[1], window[2]}), y;
  for (int64_t tap = 0; tap < *taps; ++tap) {
    Value factor = g.slice(rows, 1, tap, 1);
    Value term = g.map<onnx::MulOp>({g.slice(padded, 2, g.size(tap), dims[2]), factor});
    y = y ? g.map<onnx::AddOp>({y, term}) : term;
  }
  if (bias)
    y = g.map<onnx::AddOp>({y, g.reshape(bias, {dims[1], g.size(1)})});
  StringRef activation = getString(op, "activation", "none");
  if (activation == "silu" || activation == "swish")
    y = g.map<onnx::SwishOp>({y}, {}, g.floatAttr("alpha", 1));
  else if (activation != "none")
    return op->emitError() << "CausalConvWithState with activation '" << activation << "' is not supported";
  replaceResult(op, 0, y);
  if (isUsed(op, 1))
    replaceResult(op, 1, g.slice(padded, 2, dims[2], g.size(*taps - 1)));
  return success();
}

} // namespace

void contrib::addRecurrentRewrites(Rewrites &rewrites) {
  rewrites["LinearAttention"] = rewriteLinearAttention;
  rewrites["CausalConvWithState"] = rewriteCausalConv;
}
