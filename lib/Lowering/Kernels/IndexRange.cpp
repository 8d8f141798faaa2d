//===- IndexRange.cpp - What is known of indices --------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bounds of the elements of integer tensors, for as much as exporters write:
// positions are ranges that are moved, shifted and clipped. Where the bounds
// prove that an index is in range, a kernel need not check it.
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "dialects/Tp/Tp.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// All elements are in [low, high].
struct Bounds {
  AffineExpr low, high;
};

constexpr unsigned kMaxDepth = 16;

/// Symbols are sizes and coordinates, and not negative.
bool isNonNegative(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() >= 0;
  if (isa<AffineSymbolExpr>(expr))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return binary && isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS());
}

bool isAtMost(AffineExpr lhs, AffineExpr rhs) { return isNonNegative(tp::simplify(rhs - lhs)); }

std::optional<Bounds> boundsOf(Value value, unsigned depth);

/// Of several values together; none where they cannot be compared.
std::optional<Bounds> join(ArrayRef<Value> values, unsigned depth) {
  std::optional<Bounds> result;
  for (Value value : values) {
    std::optional<Bounds> bounds = boundsOf(value, depth);
    if (!bounds)
      return std::nullopt;
    if (!result) {
      result = bounds;
      continue;
    }
    if (isAtMost(bounds->low, result->low))
      result->low = bounds->low;
    else if (!isAtMost(result->low, bounds->low))
      return std::nullopt;
    if (isAtMost(result->high, bounds->high))
      result->high = bounds->high;
    else if (!isAtMost(bounds->high, result->high))
      return std::nullopt;
  }
  return result;
}

std::optional<Bounds> boundsOfRange(Operation *op) {
  std::optional<SmallVector<AffineExpr>> start = getSizeExprs(op->getOperand(0));
  std::optional<SmallVector<int64_t>> delta = getConstantInts(op->getOperand(2));
  AffineExpr count = tp::getDims(cast<ShapedType>(op->getResult(0).getType()))[0];
  if (!start || start->size() != 1 || !start->front() || !delta || delta->size() != 1 || !count)
    return std::nullopt;
  AffineExpr last = tp::simplify(start->front() + (count - 1) * delta->front());
  return delta->front() >= 0 ? Bounds{start->front(), last} : Bounds{last, start->front()};
}

std::optional<Bounds> boundsOfSum(Operation *op, unsigned depth, bool subtract) {
  std::optional<Bounds> a = boundsOf(op->getOperand(0), depth), b = boundsOf(op->getOperand(1), depth);
  if (!a || !b)
    return std::nullopt;
  if (subtract)
    b = Bounds{-b->high, -b->low};
  return Bounds{tp::simplify(a->low + b->low), tp::simplify(a->high + b->high)};
}

std::optional<Bounds> boundsOf(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return std::nullopt;
  MLIRContext *context = op->getContext();
  if (std::optional<SmallVector<AffineExpr>> elements = getSizeExprs(value)) {
    std::optional<Bounds> result;
    for (AffineExpr element : *elements) {
      if (!element)
        return std::nullopt;
      if (!result)
        result = Bounds{element, element};
      else if (isAtMost(element, result->low))
        result->low = element;
      else if (isAtMost(result->high, element))
        result->high = element;
      else if (!isAtMost(result->low, element) || !isAtMost(element, result->high))
        return std::nullopt;
    }
    return result;
  }
  StringRef name = getOpName(op);
  if (name == "Range")
    return boundsOfRange(op);
  if (name == "ArgMax" || name == "ArgMin" || name == "TopK") {
    auto data = cast<RankedTensorType>(op->getOperand(0).getType());
    if (name == "TopK" && value != op->getResult(1))
      return std::nullopt;
    int64_t axis = normalizeAxis(getInt(op, "axis", name == "TopK" ? -1 : 0), data.getRank());
    AffineExpr size = tp::getDims(data)[axis];
    return size ? std::optional<Bounds>({getAffineConstantExpr(0, context), size - 1}) : std::nullopt;
  }
  if (name == "Add" || name == "Sub")
    return boundsOfSum(op, depth - 1, name == "Sub");
  if (name == "Concat")
    return join(llvm::to_vector(op->getOperands()), depth - 1);
  if (name == "Where")
    return join({op->getOperand(1), op->getOperand(2)}, depth - 1);
  bool moves = llvm::StringSwitch<bool>(name)
                   .Cases({"Reshape", "Expand", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity"}, true)
                   .Cases({"Slice", "Split", "Tile", "Gather", "GatherElements", "GatherND"}, true)
                   .Default(false);
  // A conversion to a type that holds them all.
  bool widens = name == "Cast" && getElementTypeOrSelf(op->getOperand(0).getType()).isInteger() &&
                getElementTypeOrSelf(value.getType()).isInteger(64);
  return moves || widens ? boundsOf(op->getOperand(0), depth - 1) : std::nullopt;
}

} // namespace

bool isProvablyInRange(Value indices, AffineExpr extent) {
  std::optional<Bounds> bounds = extent ? boundsOf(indices, kMaxDepth) : std::nullopt;
  return bounds && isAtMost(-extent, bounds->low) && isAtMost(bounds->high, extent - 1);
}

} // namespace tpo::kernels
