//===- SplitSelections.cpp - Choose among the devices' best ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Selections.h"

#include "dialects/Onnx/GraphBuilder.h"
#include "tp-opt/Planning/Strategies.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tpo {

namespace {

/// What is chosen from one part must be much less than the part.
constexpr int64_t kLeastShare = 4;

/// Whether `value` is a product with a weight, but for what works on elements or
/// picks rows.
bool isProduct(Value value) {
  static const llvm::StringSet<> passed = {"Add",     "Cast",  "Div",     "Gather", "Identity", "Mul",
                                           "Reshape", "Slice", "Squeeze", "Sub",    "Tanh",     "Unsqueeze"};
  while (Operation *op = value.getDefiningOp()) {
    StringRef name = op->getName().stripDialect();
    if (name == "MatMul" || name == "Gemm")
      return isWeightExpression(op->getOperand(1));
    if (!passed.contains(name) || op->getNumOperands() == 0)
      return false;
    value = op->getOperand(0);
  }
  return false;
}

/// Rewrites one selection along the last dimension of `data`.
class Selection {
public:
  Selection(Operation *op, int64_t parts, int64_t size)
      : op(op), builder(op), g(builder, op->getLoc()), parts(parts), share(size / parts) {
    outer = onnx::GraphBuilder::dims(op->getOperand(0));
    outer.pop_back();
  }

  void argReduce();
  void topK(int64_t count);

private:
  SmallVector<AffineExpr> with(ArrayRef<int64_t> sizes) {
    SmallVector<AffineExpr> result = outer;
    for (int64_t size : sizes)
      result.push_back(g.size(size));
    return result;
  }
  /// [..., parts, share]: every device's part is a row of its own.
  Value getParts() { return g.reshape(op->getOperand(0), with({parts, share})); }

  /// The operator itself along the last dimension of another tensor.
  Operation *select(Value data, int64_t count, ValueRange rest) {
    SmallVector<AffineExpr> sizes = onnx::GraphBuilder::dims(data);
    sizes.back() = g.size(count);
    SmallVector<Type> types;
    for (Value result : op->getResults())
      types.push_back(tp::makeTensorType(sizes, onnx::GraphBuilder::elementType(result)));
    OperationState state(op->getLoc(), op->getName().getStringRef(), {data}, types, op->getAttrs());
    llvm::append_range(state.operands, rest);
    Operation *made = builder.create(state);
    made->setAttr("axis", g.intAttr("axis", -1).getValue());
    if (made->getNumResults() == 1)
      made->setAttr("keepdims", g.intAttr("keepdims", 1).getValue());
    return made;
  }
  /// Positions in the whole dimension of those in the parts, [..., parts, n].
  Value getPositions(Value indices) {
    SmallVector<int64_t> starts;
    for (int64_t part = 0; part < parts; ++part)
      starts.push_back(part * share);
    Value offsets = g.reshape(g.ints(starts), {g.size(parts), g.size(1)});
    return g.map<onnx::AddOp>({indices, offsets});
  }

  Operation *op;
  OpBuilder builder;
  onnx::GraphBuilder g;
  int64_t parts, share;
  SmallVector<AffineExpr> outer;
};

void Selection::argReduce() {
  Value data = getParts();
  Value local = select(data, 1, {})->getResult(0);
  Value values = g.reshape(g.gatherElements(data, local, -1), with({parts}));
  Value positions = g.reshape(getPositions(local), with({parts}));
  Value winner = select(values, 1, {})->getResult(0);
  Value result = g.gatherElements(positions, winner, -1);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getRank() == static_cast<int64_t>(outer.size()))
    result = g.reshape(result, outer);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
}

void Selection::topK(int64_t count) {
  Operation *local = select(getParts(), count, op->getOperand(1));
  Value values = g.reshape(local->getResult(0), with({parts * count}));
  Value positions = g.reshape(getPositions(local->getResult(1)), with({parts * count}));
  Operation *winners = select(values, count, op->getOperand(1));
  op->getResult(0).replaceAllUsesWith(winners->getResult(0));
  op->getResult(1).replaceAllUsesWith(g.gatherElements(positions, winners->getResult(1), -1));
  op->erase();
}

std::optional<int64_t> getCount(Value value) {
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  auto elements = constant ? dyn_cast_or_null<DenseIntElementsAttr>(constant->getAttr("value")) : nullptr;
  if (!elements || elements.getNumElements() != 1)
    return std::nullopt;
  return (*elements.getValues<APInt>().begin()).getSExtValue();
}

} // namespace

void splitSelections(func::FuncOp function, int64_t devices) {
  if (devices == 1)
    return;
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    StringRef name = op.getName().getStringRef();
    bool isTopK = name == "onnx.TopK";
    if (!isTopK && name != "onnx.ArgMax" && name != "onnx.ArgMin")
      continue;
    auto type = dyn_cast<RankedTensorType>(op.getOperand(0).getType());
    if (!type || !onnx::GraphBuilder::hasKnownDims(op.getOperand(0)) || type.getRank() == 0)
      continue;
    auto axis = op.getAttrOfType<IntegerAttr>("axis");
    int64_t along = axis ? axis.getValue().getSExtValue() : (isTopK ? -1 : 0);
    std::optional<int64_t> count = isTopK ? getCount(op.getOperand(1)) : 1;
    int64_t size = type.getShape().back();
    if ((along != -1 && along != type.getRank() - 1) || !count || ShapedType::isDynamic(size) || size % devices != 0 ||
        *count * kLeastShare > size / devices || !isProduct(op.getOperand(0)))
      continue;
    Selection selection(&op, devices, size);
    if (isTopK)
      selection.topK(*count);
    else
      selection.argReduce();
  }
}

} // namespace tpo
