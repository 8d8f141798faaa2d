//===- Execution.cpp - What of an operation touches memory ----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Execution.h"

#include "dialects/Tp/Tp.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tpo {

namespace {

bool isOneOf(Operation *op, const llvm::StringSet<> &names) { return names.contains(op->getName().stripDialect()); }

/// An element of the result needs a few elements of the operands.
bool isPointwise(Operation *op) {
  static const llvm::StringSet<> names = {"Abs",         "Add",
                                          "And",         "Cast",
                                          "Ceil",        "Clip",
                                          "Concat",      "Cos",
                                          "Div",         "Elu",
                                          "Equal",       "Erf",
                                          "Exp",         "Expand",
                                          "Floor",       "Gelu",
                                          "Greater",     "GreaterOrEqual",
                                          "HardSigmoid", "HardSwish",
                                          "IsNaN",       "LeakyRelu",
                                          "Less",        "LessOrEqual",
                                          "Log",         "Max",
                                          "Min",         "Mod",
                                          "Mul",         "Neg",
                                          "Not",         "Or",
                                          "Pad",         "Pow",
                                          "Range",       "Reciprocal",
                                          "Relu",        "RotaryEmbedding",
                                          "Round",       "Sigmoid",
                                          "Sign",        "Sin",
                                          "Slice",       "Softplus",
                                          "Sqrt",        "Sub",
                                          "Swish",       "Tanh",
                                          "Tile",        "Transpose",
                                          "Trilu",       "Where",
                                          "Xor",         "DequantizeLinear"};
  return isOneOf(op, names);
}

/// Kernels in which what they read may be computed.
bool takesComputedOperands(Operation *op) {
  static const llvm::StringSet<> names = {
      "Softmax",    "LogSoftmax", "RMSNormalization", "LayerNormalization",
      "ReduceSum",  "ReduceMean", "ReduceMax",        "ReduceMin",
      "ReduceProd", "ArgMax",     "ArgMin",           "SimplifiedLayerNormalization"};
  return isPointwise(op) || isOneOf(op, names);
}

/// Calls that take operands with any strides.
bool takesStrides(Operation *op) {
  static const llvm::StringSet<> names = {"MatMul", "Gemm", "Attention"};
  return isOneOf(op, names);
}

/// The only reader behind views; null where there are several, or the value is
/// returned.
Operation *getOnlyReader(Value value) {
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    if (user->hasTrait<OpTrait::IsTerminator>())
      return nullptr;
    if (!isView(user) || user->getNumResults() != 1)
      return user;
    value = user->getResult(0);
  }
  return nullptr;
}

/// A permutation that a call reads through.
bool isReadPermuted(Operation *op) {
  if (op->getName().stripDialect() != "Transpose")
    return false;
  Operation *reader = getOnlyReader(op->getResult(0));
  return reader && takesStrides(reader);
}

/// Computed in its reader, which reads what `op` reads.
bool isFused(Operation *op) {
  if (!isPointwise(op) || op->getNumResults() != 1 || getUpdatedArgument(op))
    return false;
  Operation *reader = getOnlyReader(op->getResult(0));
  return reader && takesComputedOperands(reader) && !isReadPermuted(reader) && !getUpdatedArgument(reader);
}

/// Products that share their left operand are joined: only the first one is a call.
bool isJoined(Operation *op) {
  if (op->getName().stripDialect() != "MatMul" || !op->getOperand(1).getDefiningOp<tp::WeightOp>())
    return false;
  return llvm::any_of(op->getOperand(0).getUsers(), [&](Operation *other) {
    return other != op && other->getName() == op->getName() && other->getBlock() == op->getBlock() &&
           other->getOperand(0) == op->getOperand(0) && other->getOperand(1).getDefiningOp<tp::WeightOp>() &&
           other->isBeforeInBlock(op);
  });
}

Traffic getOperandTraffic(Operation *op, OpOperand &operand, BlockArgument updated) {
  static const llvm::StringSet<> selects = {"Gather", "GatherND", "GatherElements", "Slice"};
  if (!isa<RankedTensorType>(operand.get().getType()) || (updated && operand.get() == updated))
    return Traffic::None;
  if (operand.getOperandNumber() == 0 && isOneOf(op, selects))
    return Traffic::AsResult;
  Operation *producer = operand.get().getDefiningOp();
  while (producer && isView(producer) && producer->getNumOperands() > 0)
    producer = producer->getOperand(0).getDefiningOp();
  if (producer && (isFused(producer) || (isView(producer) && producer->getNumOperands() == 0)))
    return Traffic::None;
  return Traffic::Whole;
}

} // namespace

bool isView(Operation *op) {
  static const llvm::StringSet<> names = {"Constant",  "SymbolicConstant", "NoValue",  "Reshape", "Squeeze",
                                          "Unsqueeze", "Flatten",          "Identity", "Shape",   "Size"};
  return isOneOf(op, names);
}

BlockArgument getUpdatedArgument(Operation *op) {
  static const llvm::StringSet<> names = {"Concat", "ScatterND", "ScatterElements", "TensorScatter"};
  if (!isOneOf(op, names))
    return nullptr;
  bool isReturned = llvm::any_of(op->getResult(0).getUsers(),
                                 [](Operation *user) { return user->hasTrait<OpTrait::IsTerminator>(); });
  return isReturned ? dyn_cast<BlockArgument>(op->getOperand(0)) : nullptr;
}

Execution getExecution(Operation *op) {
  Execution execution;
  execution.operands.assign(op->getNumOperands(), Traffic::None);
  execution.results.assign(op->getNumResults(), Traffic::None);
  if (isView(op) || isReadPermuted(op)) {
    execution.launches = false;
    return execution;
  }
  BlockArgument updated = getUpdatedArgument(op);
  for (OpOperand &operand : op->getOpOperands())
    execution.operands[operand.getOperandNumber()] = getOperandTraffic(op, operand, updated);
  if (isFused(op) || isJoined(op))
    execution.launches = false;
  if (isFused(op))
    return execution;
  // Attention appends to its caches, too.
  bool isAttention = op->getName().stripDialect() == "Attention";
  for (OpResult result : op->getResults())
    if (!result.use_empty() && !(isAttention && result.getResultNumber() > 0))
      execution.results[result.getResultNumber()] = updated ? Traffic::AsRead : Traffic::Whole;
  return execution;
}

} // namespace tpo
