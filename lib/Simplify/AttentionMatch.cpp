//===- AttentionMatch.cpp - Decomposed attention --------------------------===//

#include "AttentionMatch.h"

#include <cmath>

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// Follows the scores from Softmax to the product of query and key. What it
/// meets on the way is collected in `scores`, which is only meaningful after
/// success.
bool follow(Value value, AttentionScores &scores, unsigned depth);

bool hasMasks(const AttentionScores &scores) {
  return !scores.boolMasks.empty() || !scores.hiddenMasks.empty() ||
         !scores.floatMasks.empty() || !scores.replacedMasks.empty();
}

/// q k^T, with constant factors on either side.
bool followProduct(onnx::MatMulOp matmul, AttentionScores &scores) {
  Value query = matmul.getA(), key = matmul.getB();
  if (getRank(query) != 4 || getRank(key) != 4)
    return false;
  Value x;
  double factor;
  while (matchScaled(query, x, factor)) {
    scores.scale *= factor;
    query = x;
  }
  while (matchScaled(key, x, factor)) {
    scores.scale *= factor;
    key = x;
  }
  scores.query = query;
  scores.transposedKey = key;
  return true;
}

/// cap * tanh(x / cap).
bool followSoftcap(Value value, AttentionScores &scores, unsigned depth) {
  Value bounded, scaled;
  double cap, inverse;
  if (!matchScaled(value, bounded, cap) || cap <= 0)
    return false;
  auto tanh = bounded.getDefiningOp<onnx::TanhOp>();
  if (!tanh || !matchScaled(tanh.getInput(), scaled, inverse) ||
      std::abs(inverse * cap - 1) > 1e-5)
    return false;
  AttentionScores inner;
  // ONNX caps before it masks.
  if (!follow(scaled, inner, depth) || inner.softcap != 0 || hasMasks(inner))
    return false;
  inner.widened |= scores.widened;
  scores = inner;
  scores.softcap = cap;
  return true;
}

bool followScale(Value value, AttentionScores &scores, unsigned depth) {
  Value x;
  double factor;
  if (!matchScaled(value, x, factor))
    return false;
  AttentionScores inner;
  if (!follow(x, inner, depth) || inner.softcap != 0 || !inner.replacedMasks.empty() ||
      (hasMasks(inner) && factor <= 0))
    return false;
  scores = inner;
  scores.scale *= factor;
  // What was added within is scaled, too.
  for (AttentionScores::FloatMask &mask : scores.floatMasks)
    mask.factor *= factor;
  return true;
}

/// scores + mask.
bool followMask(Value value, AttentionScores &scores, unsigned depth) {
  return matchCommutative<onnx::AddOp>(value, [&](Value lhs, Value rhs) {
    AttentionScores inner;
    if (lhs.getType() != value.getType() || !follow(lhs, inner, depth))
      return false;
    scores = inner;
    // What is left of a mask that hides nothing.
    if (!isScalar(rhs, 0, /*tolerance=*/0))
      scores.floatMasks.push_back({rhs});
    return true;
  });
}

/// Where(visible, scores, hidden) or Where(invisible, hidden, scores).
bool followWhere(onnx::WhereOp op, AttentionScores &scores, unsigned depth) {
  for (unsigned i : {1, 2}) {
    Value kept = op->getOperand(i), other = op->getOperand(3 - i);
    std::optional<double> number = getScalar(other);
    if (!number || *number > kHidingNumber || kept.getType() != op.getType())
      continue;
    AttentionScores inner;
    if (!follow(kept, inner, depth))
      continue;
    scores = inner;
    Value condition = op->getOperand(0);
    if (std::isinf(*number))
      (i == 1 ? scores.boolMasks : scores.hiddenMasks).push_back(condition);
    else
      scores.replacedMasks.push_back({condition, other, i == 2});
    return true;
  }
  return false;
}

bool follow(Value value, AttentionScores &scores, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0 || getRank(value) != 4)
    return false;
  --depth;
  if (auto matmul = dyn_cast<onnx::MatMulOp>(op))
    return followProduct(matmul, scores);
  if (auto where = dyn_cast<onnx::WhereOp>(op))
    return followWhere(where, scores, depth);
  if (auto cast = dyn_cast<onnx::CastOp>(op)) {
    if (!getElementType(value).isF32() ||
        !isa<FloatType>(getElementType(cast.getInput())))
      return false;
    if (!follow(cast.getInput(), scores, depth))
      return false;
    scores.widened = true;
    return true;
  }
  return followSoftcap(value, scores, depth) || followScale(value, scores, depth) ||
         followMask(value, scores, depth);
}

} // namespace

std::optional<AttentionScores> tpo::simplify::matchScores(Value value) {
  AttentionScores scores;
  // Masks are few; without a bound, sums of sums would be tried in all orders.
  if (!follow(value, scores, /*depth=*/8))
    return std::nullopt;
  return scores;
}

AttentionWeights tpo::simplify::matchWeights(Value value) {
  AttentionWeights weights;
  while (Operation *op = value.getDefiningOp()) {
    if (isa<onnx::SoftmaxOp>(op)) {
      weights.softmax = op;
      return weights;
    }
    if (auto cast = dyn_cast<onnx::CastOp>(op)) {
      if (!isa<FloatType>(getElementType(cast.getInput())) ||
          !isa<FloatType>(getElementType(value)))
        return {};
      weights.narrowed = true;
      value = cast.getInput();
      continue;
    }
    // Where(condition, 0, p) or Where(condition, p, 0)
    auto where = dyn_cast<onnx::WhereOp>(op);
    if (!where)
      return {};
    bool whereTrue = isScalar(where->getOperand(1), 0);
    Value condition = where->getOperand(0), kept = where->getOperand(whereTrue ? 2 : 1);
    if ((!whereTrue && !isScalar(where->getOperand(2), 0)) || kept.getType() != value.getType())
      return {};
    auto isNaN = condition.getDefiningOp<onnx::IsNaNOp>();
    if (!isNaN || isNaN->getOperand(0) != kept || !whereTrue) {
      if (weights.zeroed)
        return {};
      weights.zeroed = condition;
      weights.zeroedWhereTrue = whereTrue;
    }
    value = kept;
  }
  return {};
}

bool tpo::simplify::hideZeroed(AttentionScores &scores, const AttentionWeights &weights) {
  if (!weights.zeroed)
    return true;
  SmallVector<Value> &hiding = weights.zeroedWhereTrue ? scores.hiddenMasks : scores.boolMasks;
  if (scores.replacedMasks.empty())
    return llvm::is_contained(hiding, weights.zeroed);
  // Beside another number that hides, rows without a visible key would differ.
  const AttentionScores::ReplacedMask &mask = scores.replacedMasks.front();
  if (scores.replacedMasks.size() != 1 || mask.condition != weights.zeroed ||
      mask.hidesWhereTrue != weights.zeroedWhereTrue)
    return false;
  hiding.push_back(mask.condition);
  scores.replacedMasks.clear();
  return true;
}
