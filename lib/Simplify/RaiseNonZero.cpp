//===- RaiseNonZero.cpp - Rows chosen by a mask, as all rows and the mask -===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The number of positions that NonZero finds depends on data; import calls it by
// a symbol. Where those positions pick rows, the rows are worked on one by one,
// and the results are added back at the positions (a mixture of experts that
// visits its experts in turn), the same sum comes from all positions: the symbol
// is replaced by their number, rows that the mask does not choose are read as
// zero, and their results are multiplied by zero before they are added. Zero rows
// cannot overflow, so the product is zero.
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Match.h"

#include "dialects/Onnx/GraphBuilder.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

namespace tpo {
#define GEN_PASS_DEF_RAISENONZEROPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// Rows that are added to a tensor, or put into it at positions of which ONNX
/// says that they differ: ScatterND, or ScatterElements along dimension 0.
struct RowSum {
  Operation *op;
  Value data, indices, updates;
  bool adds;
};

/// Whether all elements are zero.
bool isZero(Value value) {
  if (auto expand = value.getDefiningOp<onnx::ExpandOp>())
    value = expand.getInput();
  return isScalar(value, 0, 0);
}

/// Puts `values` in the place of the symbols in all types and sizes of the module.
void substitute(ModuleOp module, ArrayRef<AffineExpr> values) {
  auto replace = [&](Dims exprs) {
    for (AffineExpr &expr : exprs)
      if (expr)
        expr = tp::simplify(expr.replaceSymbols(values));
    return exprs;
  };
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](RankedTensorType type) -> std::optional<std::pair<Type, WalkResult>> {
    if (type.hasStaticShape())
      return std::pair(Type(type), WalkResult::skip());
    return std::pair(Type(tp::makeTensorType(replace(tp::getDims(type)), type.getElementType())), WalkResult::skip());
  });
  replacer.addReplacement([&](tp::DimsAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
    Attribute replaced = tp::DimsAttr::get(attr.getContext(), replace(Dims(attr.getExprs())));
    return std::pair(replaced, WalkResult::skip());
  });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}

/// The values that leave every symbol of the module as it is.
Dims getSymbols(ModuleOp module) {
  Dims symbols;
  for (size_t i = 0; i < tp::getSymbolNames(module).size(); ++i)
    symbols.push_back(getAffineSymbolExpr(i, module.getContext()));
  return symbols;
}

class NonZeroRaiser {
public:
  explicit NonZeroRaiser(onnx::NonZeroOp op) : op(op) {}

  LogicalResult run();
  /// The symbol that is no longer needed; none where the operator has none.
  std::optional<unsigned> getSymbol() const {
    if (!symbol)
      return std::nullopt;
    return cast<AffineSymbolExpr>(symbol).getPosition();
  }

private:
  LogicalResult follow();
  LogicalResult visit(Operation *user);
  std::optional<unsigned> resultAxis(Operation *user);
  std::optional<RowSum> matchRowSum(Operation *user);
  std::optional<unsigned> findAxis(Value value) const;
  std::optional<int64_t> component(Value value) const;
  bool isRow(Value value) const { return rows.contains(value); }

  Value enumerate(onnx::GraphBuilder &g, AffineExpr count);
  void maskGathers(Value valid);
  LogicalResult replaceSums(Value valid);

  LogicalResult fail(Operation *at) {
    return op.emitError() << "operator NonZero: the size of its result depends on data, on the contents of 'X', "
                             "which are only known when the model runs, and "
                          << at->getName().stripDialect() << " needs more than rows at its positions";
  }

  onnx::NonZeroOp op;
  AffineExpr symbol;                     ///< A plain symbol.
  llvm::MapVector<Value, unsigned> rows; ///< Values with the symbol's dimension, and which it is.
  SmallVector<RowSum> sums;
  SmallVector<Value> gathered; ///< Float rows picked from other tensors.
};

/// The dimension of `value` that is the symbol; none where there is none, or
/// more than one, or the symbol is part of a larger size.
std::optional<unsigned> NonZeroRaiser::findAxis(Value value) const {
  std::optional<unsigned> axis;
  for (auto [i, dim] : llvm::enumerate(getDims(value))) {
    bool uses = false;
    if (dim)
      dim.walk([&](AffineExpr part) { uses |= part == symbol; });
    if (!uses)
      continue;
    if (axis || dim != symbol)
      return std::nullopt;
    axis = i;
  }
  return axis;
}

/// Which coordinate of the positions `value` holds, one per row.
std::optional<int64_t> NonZeroRaiser::component(Value value) const {
  Operation *def = value.getDefiningOp();
  if (isa_and_nonnull<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::ExpandOp, onnx::CastOp,
                      onnx::IdentityOp>(def))
    return component(def->getOperand(0));
  std::optional<ConstantSlice> slice;
  if (isa_and_nonnull<onnx::SliceOp>(def))
    slice = matchConstantSlice(value);
  if (slice && slice->size == 1) {
    if (std::optional<int64_t> whole = component(slice->source))
      return whole;
    // Of [rank, rows] or, turned, [rows, rank].
    Value source = slice->source;
    int64_t axis = slice->axis;
    if (auto transpose = source.getDefiningOp<onnx::TransposeOp>()) {
      axis = getPerm(transpose)[axis];
      source = transpose.getData();
    }
    if (source == op->getResult(0) && axis == 0)
      return slice->start;
    return std::nullopt;
  }
  // The positions of a vector have one coordinate.
  if (def == op && getRank(op->getOperand(0)) == 1)
    return 0;
  if (auto transpose = dyn_cast_or_null<onnx::TransposeOp>(def))
    return component(transpose.getData());
  return std::nullopt;
}

std::optional<RowSum> NonZeroRaiser::matchRowSum(Operation *user) {
  if (!isa<onnx::ScatterNDOp, onnx::ScatterElementsOp>(user))
    return std::nullopt;
  auto reduction = user->getAttrOfType<StringAttr>("reduction");
  Value data = user->getOperand(0), indices = user->getOperand(1), updates = user->getOperand(2);
  bool adds = reduction && reduction.getValue() == "add";
  bool puts = !reduction || reduction.getValue() == "none";
  if ((!adds && !puts) || isRow(data) || !isRow(indices) || !isRow(updates))
    return std::nullopt;
  if (auto elements = dyn_cast<onnx::ScatterElementsOp>(user)) {
    if (elements.getAxis() != 0)
      return std::nullopt;
  } else if (getStaticDim(indices, -1) != 1 || getRank(indices) != 2) {
    return std::nullopt;
  }
  return RowSum{user, data, indices, updates, adds};
}

/// The symbol's dimension in the result of an operator that works on rows one
/// by one; none for any other.
std::optional<unsigned> NonZeroRaiser::resultAxis(Operation *user) {
  std::optional<unsigned> axis = findAxis(user->getResult(0));
  if (!axis)
    return std::nullopt;
  Dims result = getDims(user->getResult(0));
  int64_t fromEnd = result.size() - *axis;
  auto alignedFromEnd = [&](Value value) { return !isRow(value) || getRank(value) - int64_t(rows[value]) == fromEnd; };
  StringRef name = user->getName().stripDialect();
  if (isa<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::FlattenOp>(user)) {
    Dims from = getDims(user->getOperand(0));
    ArrayRef<AffineExpr> before = ArrayRef(from).take_front(rows[user->getOperand(0)]);
    return tp::provablyEqual(tp::product(before, op.getContext()),
                             tp::product(ArrayRef(result).take_front(*axis), op.getContext()))
               ? axis
               : std::nullopt;
  }
  if (isa<onnx::TransposeOp, onnx::IdentityOp>(user))
    return axis;
  if (auto slice = dyn_cast<onnx::SliceOp>(user)) {
    std::optional<ConstantSlice> range = matchConstantSlice(user->getResult(0));
    return range && range->axis != *axis && alignedFromEnd(user->getOperand(0)) ? axis : std::nullopt;
  }
  if (auto concat = dyn_cast<onnx::ConcatOp>(user)) {
    int64_t along = concat.getAxis() < 0 ? concat.getAxis() + int64_t(result.size()) : concat.getAxis();
    bool all = llvm::all_of(user->getOperands(), [&](Value v) { return isRow(v) && alignedFromEnd(v); });
    return all && along != *axis ? axis : std::nullopt;
  }
  // Positions pick from other tensors.
  if (isa<onnx::GatherOp, onnx::GatherNDOp>(user))
    return isRow(user->getOperand(1)) != isRow(user->getOperand(0)) ? axis : std::nullopt;
  if (isa<onnx::MatMulOp>(user) || name == "Gemm") {
    bool turned = name == "Gemm" && cast<onnx::GemmOp>(user).getTransA();
    Value lhs = user->getOperand(0);
    bool onlyLhs = isRow(lhs) && llvm::none_of(user->getOperands().drop_front(), [&](Value v) { return isRow(v); });
    return onlyLhs && !turned && fromEnd > 1 && alignedFromEnd(lhs) ? axis : std::nullopt;
  }
  if (isa<onnx::SoftmaxOp, onnx::LayerNormalizationOp, onnx::RMSNormalizationOp>(user))
    return fromEnd > 1 && alignedFromEnd(user->getOperand(0)) ? axis : std::nullopt;
  // Elementwise operators and Expand: broadcasting aligns from the end.
  static const llvm::StringSet<> elementwise{
      "Add", "Sub", "Mul",  "Div",   "Neg",         "Relu",           "Sigmoid",    "Tanh",
      "Erf", "Exp", "Sqrt", "Pow",   "Gelu",        "Swish",          "Cast",       "Where",
      "Min", "Max", "Clip", "Equal", "Less",        "Greater",        "Abs",        "Expand",
      "Log", "Not", "And",  "Or",    "LessOrEqual", "GreaterOrEqual", "Reciprocal", "Mod"};
  if (!elementwise.contains(name) || !llvm::all_of(user->getOperands(), alignedFromEnd))
    return std::nullopt;
  return axis;
}

LogicalResult NonZeroRaiser::visit(Operation *user) {
  if (std::optional<RowSum> sum = matchRowSum(user)) {
    if (llvm::none_of(sums, [&](const RowSum &other) { return other.op == user; }))
      sums.push_back(*sum);
    return success();
  }
  if (user->getNumResults() != 1)
    return fail(user);
  std::optional<unsigned> axis = resultAxis(user);
  if (!axis)
    return fail(user);
  Value result = user->getResult(0);
  if (rows.insert({result, *axis}).second && isa<onnx::GatherOp, onnx::GatherNDOp>(user) &&
      !isRow(user->getOperand(0)) && isa<FloatType>(getElementType(result)))
    gathered.push_back(result);
  return success();
}

/// Collects everything that has the symbol's dimension, in program order: an
/// operator is looked at when all its operands are known.
LogicalResult NonZeroRaiser::follow() {
  rows.insert({op->getResult(0), 1});
  for (Operation *user = op->getNextNode(); user; user = user->getNextNode())
    if (llvm::any_of(user->getOperands(), [&](Value v) { return isRow(v); }) && failed(visit(user)))
      return failure();
  for (const RowSum &sum : sums)
    if (!component(sum.indices))
      return fail(sum.op);
  return success();
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// All positions of the mask, [rank, count], row-major.
Value NonZeroRaiser::enumerate(onnx::GraphBuilder &g, AffineExpr count) {
  Dims dims = getDims(op->getOperand(0));
  Type i64 = g.builder().getI64Type();
  SmallVector<Value> coordinates;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    // Range along one dimension, repeated along the others.
    Dims along(dims.size(), g.size(1));
    along[i] = dim;
    Value grid = g.expand(g.reshape(g.range(dim, i64), along), dims);
    coordinates.push_back(g.reshape(grid, {g.size(1), count}));
  }
  return coordinates.size() == 1 ? coordinates.front() : g.concat(coordinates, 0);
}

/// `valid` [count] with its dimension at `axis` of `rank`.
Value alignRows(onnx::GraphBuilder &g, Value valid, unsigned axis, unsigned rank) {
  Dims dims(rank, g.size(1));
  dims[axis] = getDims(valid)[0];
  return g.reshape(valid, dims);
}

/// Rows that the mask does not choose are read as zero.
void NonZeroRaiser::maskGathers(Value valid) {
  for (Value value : gathered) {
    OpBuilder builder(op.getContext());
    builder.setInsertionPointAfter(value.getDefiningOp());
    onnx::GraphBuilder g(builder, value.getLoc());
    Value condition = alignRows(g, valid, rows[value], getRank(value));
    Value masked = g.map<onnx::WhereOp>({condition, value, g.scalar(0, getElementType(value))}, getElementType(value));
    masked.setType(value.getType());
    value.replaceAllUsesExcept(masked, masked.getDefiningOp());
    rows.insert({masked, rows[value]});
    for (RowSum &sum : sums)
      if (sum.updates == value)
        sum.updates = masked;
  }
}

/// A sum at coordinate d of all positions is a reduction over the others.
LogicalResult NonZeroRaiser::replaceSums(Value valid) {
  for (const RowSum &sum : sums) {
    OpBuilder builder(sum.op);
    onnx::GraphBuilder g(builder, sum.op->getLoc());
    int64_t d = *component(sum.indices);
    Dims positions = getDims(op->getOperand(0)), data = getDims(sum.data), updates = getDims(sum.updates);
    if (!tp::provablyEqual(positions[d], data[0]) || data.size() != updates.size())
      return fail(sum.op);
    Type element = getElementType(sum.updates);
    Value factor = g.convert(alignRows(g, valid, 0, updates.size()), element);
    Value y = g.map<onnx::MulOp>({sum.updates, factor});
    Dims split = positions, rest(updates.begin() + 1, updates.end());
    split.append(rest);
    SmallVector<int64_t> others;
    for (int64_t i = 0; i < int64_t(positions.size()); ++i)
      if (i != d)
        others.push_back(i);
    auto perRow = [&](Value value, ArrayRef<AffineExpr> dims) {
      Value grid = g.reshape(value, dims);
      return others.empty() ? grid : g.reduce<onnx::ReduceSumOp>(grid, others);
    };
    y = g.reshape(perRow(y, split), data);
    if (sum.adds) {
      y = g.map<onnx::AddOp>({sum.data, y});
    } else if (!isZero(sum.data)) {
      Value count = perRow(g.convert(valid, element), positions);
      Dims row(data.size(), g.size(1));
      row[0] = data[0];
      Value chosen = g.compare<onnx::GreaterOp>(g.reshape(count, row), g.scalar(0, element));
      y = g.where(chosen, y, sum.data);
    }
    y.setType(sum.op->getResult(0).getType());
    sum.op->getResult(0).replaceAllUsesWith(y);
    sum.op->erase();
  }
  return success();
}

LogicalResult NonZeroRaiser::run() {
  symbol = dyn_cast_or_null<AffineSymbolExpr>(getDims(op->getResult(0))[1]);
  if (!symbol)
    return success();
  Value mask = op->getOperand(0);
  if (!allKnown(getDims(mask)) || getRank(mask) < 1)
    return fail(op);
  if (failed(follow()))
    return failure();
  AffineExpr count = tp::product(getDims(mask), op.getContext());
  auto module = op->getParentOfType<ModuleOp>();
  Dims values = getSymbols(module);
  values[*getSymbol()] = count;
  substitute(module, values);
  OpBuilder builder(op);
  onnx::GraphBuilder g(builder, op.getLoc());
  Value valid = g.convert(g.reshape(mask, {count}), builder.getI1Type());
  maskGathers(valid);
  if (failed(replaceSums(valid)))
    return failure();
  Value positions = enumerate(g, count);
  positions.setType(op->getResult(0).getType());
  op->getResult(0).replaceAllUsesWith(positions);
  op.erase();
  return success();
}

/// Takes symbols that nothing mentions any more from the module.
void dropSymbols(ModuleOp module, ArrayRef<unsigned> dropped) {
  if (dropped.empty())
    return;
  Dims values;
  SmallVector<StringRef> names;
  for (auto [i, name] : llvm::enumerate(tp::getSymbolNames(module))) {
    values.push_back(getAffineSymbolExpr(names.size(), module.getContext()));
    if (!llvm::is_contained(dropped, i))
      names.push_back(name);
  }
  substitute(module, values);
  module->setAttr(tp::TpDialect::kSymbolsAttr, Builder(module.getContext()).getStrArrayAttr(names));
}

struct RaiseNonZero : tpo::impl::RaiseNonZeroPassBase<RaiseNonZero> {
  void runOnOperation() override {
    SmallVector<onnx::NonZeroOp> ops;
    getOperation().walk([&](onnx::NonZeroOp op) { ops.push_back(op); });
    SmallVector<unsigned> dropped;
    for (onnx::NonZeroOp op : ops) {
      NonZeroRaiser raiser(op);
      if (failed(raiser.run()))
        return signalPassFailure();
      if (std::optional<unsigned> symbol = raiser.getSymbol())
        dropped.push_back(*symbol);
    }
    dropSymbols(getOperation(), dropped);
  }
};

} // namespace
