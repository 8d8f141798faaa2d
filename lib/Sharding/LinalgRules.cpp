//===- LinalgRules.cpp - Rules of linalg operations -----------------------===//
//
// Read off the operation: factors are iterators, dimensions the results of the
// indexing maps, the kind of a reduction its combiner. In which operands the
// operation is linear follows from its body.
//
//===----------------------------------------------------------------------===//

#include "RuleHelpers.h"
#include "UpstreamRules.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tpo::rules {

namespace {

using tp::ReductionKind;

std::optional<ReductionKind> kindOf(Operation *combiner) {
  if (isa<arith::AddFOp, arith::AddIOp>(combiner))
    return ReductionKind::Sum;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp, arith::MaxUIOp>(combiner))
    return ReductionKind::Max;
  if (isa<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp, arith::MinUIOp>(combiner))
    return ReductionKind::Min;
  return std::nullopt;
}

/// How all results combine partial reductions; none if they disagree or do
/// something else than accumulate.
std::optional<ReductionKind> combinerOf(linalg::LinalgOp op) {
  std::optional<ReductionKind> kind;
  for (auto [index, init] : llvm::enumerate(op.getRegionOutputArgs())) {
    SmallVector<Operation *> combiners;
    if (!matchReduction(op.getRegionOutputArgs(), index, combiners) || combiners.size() != 1)
      return std::nullopt;
    std::optional<ReductionKind> own = kindOf(combiners.front());
    if (!own || (kind && *kind != *own))
      return std::nullopt;
    kind = own;
  }
  return kind;
}

/// Whether a scalar of the body is linear in, independent of, or otherwise
/// related to a set of block arguments.
enum class Dependence { Independent, Linear, Other };

class BodyLinearity {
public:
  BodyLinearity(Block *body, ArrayRef<BlockArgument> set) : body(body), set(set.begin(), set.end()) {}

  /// Whether every yielded value is linear.
  bool run() {
    for (Operation &op : body->without_terminator())
      for (Value result : op.getResults())
        known[result] = visit(&op);
    return llvm::all_of(body->getTerminator()->getOperands(),
                        [&](Value value) { return get(value) == Dependence::Linear; });
  }

private:
  Dependence get(Value value) const {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return llvm::is_contained(set, argument) ? Dependence::Linear : Dependence::Independent;
    auto it = known.find(value);
    return it == known.end() ? Dependence::Independent : it->second;
  }

  Dependence visit(Operation *op) const {
    auto is = [&](unsigned operand, Dependence what) { return get(op->getOperand(operand)) == what; };
    if (llvm::all_of(op->getOperands(), [&](Value value) { return get(value) == Dependence::Independent; }))
      return Dependence::Independent;
    bool linear = false;
    if (isa<arith::AddFOp, arith::AddIOp, arith::SubFOp, arith::SubIOp>(op))
      linear = is(0, Dependence::Linear) && is(1, Dependence::Linear);
    else if (isa<arith::MulFOp, arith::MulIOp>(op))
      linear = (is(0, Dependence::Linear) && is(1, Dependence::Independent)) ||
               (is(0, Dependence::Independent) && is(1, Dependence::Linear));
    else if (isa<arith::DivFOp>(op))
      linear = is(0, Dependence::Linear) && is(1, Dependence::Independent);
    else if (isa<arith::NegFOp, arith::ExtFOp>(op))
      linear = is(0, Dependence::Linear);
    else if (isa<arith::SelectOp>(op))
      linear = is(0, Dependence::Independent) && is(1, Dependence::Linear) && is(2, Dependence::Linear);
    return linear ? Dependence::Linear : Dependence::Other;
  }

  Block *body;
  SmallVector<BlockArgument> set;
  DenseMap<Value, Dependence> known;
};

/// The minimal sets of operands in which the body is jointly linear. Initial
/// values of a reduction are addends and belong to no set.
void addLinearGroups(tp::ShardingRuleBuilder &builder, linalg::LinalgOp op, ArrayRef<unsigned> addends) {
  // More operands than this are no arithmetic worth the enumeration.
  constexpr unsigned kMaxOperands = 6;
  SmallVector<BlockArgument> candidates;
  for (BlockArgument argument : op.getBlock()->getArguments())
    if (!argument.use_empty() && rankOf(op->getOperand(argument.getArgNumber())) > 0 &&
        !llvm::is_contained(addends, argument.getArgNumber()))
      candidates.push_back(argument);
  if (candidates.empty() || candidates.size() > kMaxOperands)
    return;
  SmallVector<BlockArgument> always;
  for (unsigned addend : addends)
    always.push_back(op.getBlock()->getArgument(addend));
  for (unsigned mask = 1; mask < (1u << candidates.size()); ++mask) {
    SmallVector<BlockArgument> set(always);
    SmallVector<unsigned> operands;
    for (auto [bit, argument] : llvm::enumerate(candidates))
      if (mask & (1u << bit)) {
        set.push_back(argument);
        operands.push_back(argument.getArgNumber());
      }
    if (BodyLinearity(op.getBlock(), set).run())
      builder.linear(operands);
  }
}

/// Iterators and operand dimensions are matched by the indexing maps; a
/// dimension indexed by an expression of iterators (the window of a
/// convolution) makes those whole.
class StructuredRule {
public:
  explicit StructuredRule(linalg::LinalgOp op) : op(op), builder(op) {}

  Rule run() {
    findWindows();
    if (failed(makeFactors()))
      return failure();
    for (OpOperand &operand : op->getOpOperands())
      mapOperand(operand);
    for (auto [index, result] : llvm::enumerate(op->getResults()))
      mapDims(op.getMatchingIndexingMap(op.getDpsInitOperand(index)), dimsOf(result),
              [&, index = index](unsigned dim, unsigned f) { builder.resultDim(index, dim, f); });
    SmallVector<unsigned> addends;
    if (combinerOf(op) == ReductionKind::Sum && op.getNumReductionLoops() > 0)
      for (OpOperand &init : op.getDpsInitsMutable())
        if (op.payloadUsesValueFromOperand(&init)) {
          addends.push_back(init.getOperandNumber());
          builder.addend(init.getOperandNumber());
        }
    if (!usesIndices() && isSum())
      addLinearGroups(builder, op, addends);
    return builder.build();
  }

private:
  bool usesIndices() {
    bool found = false;
    op.getBlock()->walk([&](linalg::IndexOp) { found = true; });
    return found;
  }

  bool isSum() { return op.getNumReductionLoops() == 0 || combinerOf(op) == ReductionKind::Sum; }

  void findWindows() {
    inWindow.resize(op.getNumLoops(), false);
    for (AffineMap map : op.getIndexingMapsArray())
      for (AffineExpr expr : map.getResults())
        if (!isa<AffineDimExpr, AffineConstantExpr>(expr))
          for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
            if (expr.isFunctionOfDim(loop))
              inWindow[loop] = true;
    // A body that looks at an index counts from the corner of the whole.
    op.getBlock()->walk([&](linalg::IndexOp index) { inWindow[index.getDim()] = true; });
  }

  LogicalResult makeFactors() {
    SmallVector<AffineExpr> sizes(op.getNumLoops());
    for (OpOperand &operand : op->getOpOperands()) {
      AffineExprs dims = dimsOf(operand.get());
      if (dims.empty())
        continue;
      for (auto [expr, size] : llvm::zip(op.getMatchingIndexingMap(&operand).getResults(), dims))
        if (auto loop = dyn_cast<AffineDimExpr>(expr))
          if (!sizes[loop.getPosition()])
            sizes[loop.getPosition()] = size;
    }
    std::optional<ReductionKind> kind = combinerOf(op);
    for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
      bool reduction = iterator == utils::IteratorType::reduction;
      factorOf.push_back(std::nullopt);
      if (isOne(sizes[loop]))
        continue;
      factorOf.back() = builder.getRule().factors.size();
      if (inWindow[loop] || (reduction && !kind) || (!reduction && iterator != utils::IteratorType::parallel))
        builder.whole(sizes[loop]);
      else if (reduction)
        builder.reduction(sizes[loop], *kind);
      else
        builder.parallel(sizes[loop]);
    }
    return success();
  }

  void mapDims(AffineMap map, ArrayRef<AffineExpr> sizes, function_ref<void(unsigned, unsigned)> assign) {
    for (auto [dim, size] : llvm::enumerate(sizes)) {
      auto loop = dyn_cast<AffineDimExpr>(map.getResult(dim));
      if (isOne(size))
        continue;
      std::optional<unsigned> factor = loop ? factorOf[loop.getPosition()] : std::nullopt;
      assign(dim, factor ? *factor : builder.whole(size));
    }
  }

  void mapOperand(OpOperand &operand) {
    AffineExprs sizes = dimsOf(operand.get());
    if (sizes.empty())
      return;
    mapDims(op.getMatchingIndexingMap(&operand), sizes,
            [&](unsigned dim, unsigned factor) { builder.operandDim(operand.getOperandNumber(), dim, factor); });
  }

  linalg::LinalgOp op;
  tp::ShardingRuleBuilder builder;
  SmallVector<bool> inWindow;
  /// The factor of every loop of more than one iteration.
  SmallVector<std::optional<unsigned>> factorOf;
};

} // namespace

Rule linalgStructured(Operation *op) {
  auto structured = cast<linalg::LinalgOp>(op);
  if (!structured.hasPureTensorSemantics())
    return op->emitOpError("has a sharding rule on tensors only");
  return StructuredRule(structured).run();
}

} // namespace tpo::rules
