//===- FoldConstants.cpp - Compute operations on small constants ----------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"
#include "Positions.h"

#include <cmath>

namespace tpo {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// The largest constant that is computed here, in elements: what import keeps
/// as a value rather than as a reference.
constexpr int64_t kMaxElements = 4096;

/// The elements of a small constant; integers only where a double holds them.
std::optional<SmallVector<double>> getElements(Value value) {
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!elements || elements.getNumElements() > kMaxElements)
    return std::nullopt;
  Type type = elements.getElementType();
  SmallVector<double> result;
  if (isa<FloatType>(type)) {
    for (APFloat number : elements.getValues<APFloat>()) {
      bool losesInfo;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
      result.push_back(number.convertToDouble());
    }
    return result;
  }
  if (!type.isSignlessInteger())
    return std::nullopt;
  for (const APInt &number : elements.getValues<APInt>()) {
    if (number.getBitWidth() == 1) {
      result.push_back(number.getBoolValue());
      continue;
    }
    int64_t integer = number.getSExtValue();
    if (std::abs(static_cast<double>(integer)) > 9007199254740991.0)
      return std::nullopt;
    result.push_back(static_cast<double>(integer));
  }
  return result;
}

/// A constant of `type` with these elements.
Value makeElements(OpBuilder &builder, Location loc, RankedTensorType type,
                   ArrayRef<double> values) {
  Type element = type.getElementType();
  if (auto floatType = dyn_cast<FloatType>(element)) {
    SmallVector<APFloat> numbers;
    for (double value : values) {
      APFloat &number = numbers.emplace_back(value);
      bool losesInfo;
      number.convert(floatType.getFloatSemantics(),
                     APFloat::rmNearestTiesToEven, &losesInfo);
    }
    return onnx::ConstantOp::create(builder, loc,
                                    DenseElementsAttr::get(type, numbers));
  }
  SmallVector<APInt> numbers;
  for (double value : values)
    numbers.emplace_back(element.getIntOrFloatBitWidth(),
                         static_cast<uint64_t>(static_cast<int64_t>(value)),
                         /*isSigned=*/true, /*implicitTrunc=*/true);
  return onnx::ConstantOp::create(builder, loc,
                                  DenseElementsAttr::get(type, numbers));
}

/// One element of an elementwise operation; none where it is not computed here.
std::optional<double> evaluate(Operation *op, ArrayRef<double> x) {
  bool isInteger = !isa<FloatType>(getElementType(op->getOperand(0)));
  auto divide = [&]() -> std::optional<double> {
    if (!isInteger)
      return x[0] / x[1];
    if (x[1] == 0)
      return std::nullopt;
    return std::trunc(x[0] / x[1]);
  };
  return TypeSwitch<Operation *, std::optional<double>>(op)
      .Case<onnx::AddOp>([&](auto) { return x[0] + x[1]; })
      .Case<onnx::SubOp>([&](auto) { return x[0] - x[1]; })
      .Case<onnx::MulOp>([&](auto) { return x[0] * x[1]; })
      .Case<onnx::DivOp>([&](auto) { return divide(); })
      .Case<onnx::PowOp>([&](auto) { return std::pow(x[0], x[1]); })
      .Case<onnx::NegOp>([&](auto) { return -x[0]; })
      .Case<onnx::AbsOp>([&](auto) { return std::abs(x[0]); })
      .Case<onnx::SqrtOp>([&](auto) { return std::sqrt(x[0]); })
      .Case<onnx::ReciprocalOp>([&](auto) { return 1 / x[0]; })
      .Case<onnx::NotOp>([&](auto) { return x[0] == 0; })
      .Case<onnx::AndOp>([&](auto) { return x[0] != 0 && x[1] != 0; })
      .Case<onnx::OrOp>([&](auto) { return x[0] != 0 || x[1] != 0; })
      .Case<onnx::EqualOp>([&](auto) { return x[0] == x[1]; })
      .Case<onnx::LessOp>([&](auto) { return x[0] < x[1]; })
      .Case<onnx::LessOrEqualOp>([&](auto) { return x[0] <= x[1]; })
      .Case<onnx::GreaterOp>([&](auto) { return x[0] > x[1]; })
      .Case<onnx::GreaterOrEqualOp>([&](auto) { return x[0] >= x[1]; })
      .Case<onnx::WhereOp>([&](auto) { return x[0] != 0 ? x[1] : x[2]; })
      .Case<onnx::CastOp>([&](auto cast) -> std::optional<double> {
        Type to = getElementType(cast.getOutput());
        if (to.isSignlessInteger(1))
          return x[0] != 0;
        // Narrow floats have rounding modes and saturation: left to kernels.
        if (isa<FloatType>(to))
          return to.getIntOrFloatBitWidth() < 16 ? std::nullopt
                                                 : std::optional(x[0]);
        // So is what does not fit.
        if (!to.isSignlessInteger() || !std::isfinite(x[0]) ||
            std::abs(x[0]) >= std::ldexp(1.0, to.getIntOrFloatBitWidth() - 1))
          return std::nullopt;
        return std::trunc(x[0]);
      })
      .Default([](Operation *) { return std::nullopt; });
}

/// Computes an elementwise operation whose operands have the result's shape or
/// one element.
struct FoldElementwise : RewritePattern {
  FoldElementwise(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || op->getNumOperands() == 0)
      return failure();
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape() || type.getNumElements() > kMaxElements)
      return failure();
    SmallVector<SmallVector<double>> operands;
    for (Value operand : op->getOperands()) {
      std::optional<SmallVector<double>> elements = getElements(operand);
      if (!elements ||
          (elements->size() != 1 &&
           cast<ShapedType>(operand.getType()).getShape() != type.getShape()))
        return failure();
      operands.push_back(std::move(*elements));
    }
    SmallVector<double> results;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      SmallVector<double> elements;
      for (ArrayRef<double> operand : operands)
        elements.push_back(operand.size() == 1 ? operand[0] : operand[i]);
      std::optional<double> result = evaluate(op, elements);
      if (!result)
        return failure();
      results.push_back(*result);
    }
    rewriter.replaceOp(op, makeElements(rewriter, op->getLoc(), type, results));
    return success();
  }
};

struct FoldReshape : OpRewritePattern<onnx::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getData().getDefiningOp<onnx::ConstantOp>();
    auto type = dyn_cast<RankedTensorType>(op.getReshaped().getType());
    if (!constant || !type || !type.hasStaticShape() || type.getEncoding())
      return failure();
    auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!elements || elements.getNumElements() != type.getNumElements())
      return failure();
    rewriter.replaceOpWithNewOp<onnx::ConstantOp>(op, elements.reshape(type));
    return success();
  }
};

/// A constant where the shape is static, else one element expanded.
struct FoldConstantOfShape : OpRewritePattern<onnx::ConstantOfShapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConstantOfShapeOp op,
                                PatternRewriter &rewriter) const override {
    Value output = op->getResult(0);
    auto type = dyn_cast<RankedTensorType>(output.getType());
    if (!type || !allKnown(getDims(output)))
      return failure();
    auto scalarType = RankedTensorType::get({}, type.getElementType());
    Value scalar;
    if (auto value = op->getAttrOfType<DenseElementsAttr>("value")) {
      if (value.getNumElements() != 1 ||
          value.getElementType() != type.getElementType())
        return failure();
      scalar = onnx::ConstantOp::create(rewriter, op.getLoc(),
                                        value.reshape(scalarType));
    } else {
      scalar = makeScalar(rewriter, op.getLoc(), 0, type.getElementType());
    }
    if (type.getRank() == 0)
      rewriter.replaceOp(op, scalar);
    else
      replaceByNew(rewriter, op,
                   makeExpand(rewriter, op.getLoc(), scalar, getDims(output)));
    return success();
  }
};

/// Whether every element of a boolean is `expected`.
bool isUniformly(Value value, bool expected) {
  while (auto expand = value.getDefiningOp<onnx::ExpandOp>())
    value = expand.getInput();
  return isScalar(value, expected);
}

/// Replaces `op` by `value`, expanded if `op` broadcast it.
LogicalResult replaceByOperand(PatternRewriter &rewriter, Operation *op,
                               Value value) {
  Value result = op->getResult(0);
  if (value.getType() != result.getType()) {
    if (!allKnown(getDims(result)) || getRank(result) < 0)
      return failure();
    Type type = result.getType();
    value = makeExpand(rewriter, op->getLoc(), value, getDims(result));
    value.setType(type);
  }
  rewriter.replaceOp(op, value);
  return success();
}

template <typename OpT> struct RemoveNeutral : OpRewritePattern<OpT> {
  RemoveNeutral(MLIRContext *context, bool neutral)
      : OpRewritePattern<OpT>(context), neutral(neutral) {}
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    for (unsigned i : {0, 1})
      if (isUniformly(op->getOperand(1 - i), neutral))
        return replaceByOperand(rewriter, op, op->getOperand(i));
    return failure();
  }
  bool neutral;
};

/// x * 1, x / 1, x ** 1, x + 0, x - 0. The last two may change the sign of a
/// zero, which nothing downstream divides by.
struct RemoveUnit : RewritePattern {
  RemoveUnit(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<onnx::MulOp, onnx::DivOp, onnx::PowOp, onnx::AddOp, onnx::SubOp>(
            op))
      return failure();
    bool commutes = isa<onnx::MulOp, onnx::AddOp>(op);
    double neutral = isa<onnx::AddOp, onnx::SubOp>(op) ? 0 : 1;
    for (unsigned i : {0, 1}) {
      Value x = op->getOperand(i);
      if ((i == 1 && !commutes) ||
          !isScalar(op->getOperand(1 - i), neutral, /*tolerance=*/0) ||
          x.getType() != op->getResult(0).getType())
        continue;
      rewriter.replaceOp(op, x);
      return success();
    }
    return failure();
  }
};

struct FoldWhere : OpRewritePattern<onnx::WhereOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::WhereOp op,
                                PatternRewriter &rewriter) const override {
    for (bool condition : {true, false})
      if (isUniformly(op->getOperand(0), condition))
        return replaceByOperand(rewriter, op,
                                op->getOperand(condition ? 1 : 2));
    return failure();
  }
};

/// Positions from a constant on are never less than it.
struct FoldPositionComparison : OpRewritePattern<onnx::GreaterOrEqualOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GreaterOrEqualOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Positions> positions = getPositions(op->getOperand(0));
    std::optional<SmallVector<int64_t>> bound = getInts(op->getOperand(1));
    Value result = op->getResult(0);
    if (!positions || !bound || bound->size() != 1 || getRank(result) < 0 ||
        !allKnown(getDims(result)))
      return failure();
    // Symbols are sizes, and sizes are not negative.
    std::optional<int64_t> offset = tp::getConst(positions->offset);
    if (!offset || *offset < bound->front())
      return failure();
    for (AffineExpr stride : positions->strides)
      if (tp::getConst(stride).value_or(-1) < 0)
        return failure();
    Value scalar = makeScalar(rewriter, op.getLoc(), 1, getElementType(result));
    return replaceByOperand(rewriter, op, scalar);
  }
};

/// A part of known size of a table of consecutive numbers (position ids kept
/// as a buffer) is a Range.
struct SliceOfPositions : OpRewritePattern<onnx::SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto table = op.getData().getDefiningOp<onnx::ConstantOp>();
    Dims dims = getDims(op.getOutput());
    std::optional<Positions> positions =
        table ? getPositions(op.getData()) : std::nullopt;
    std::optional<SmallVector<int64_t>> starts = getInts(op.getStarts());
    if (!positions || !starts || !llvm::all_equal(*starts) || starts->empty() ||
        starts->front() != 0 ||
        (!onnx::isNoValue(op.getSteps()) && !isScalar(op.getSteps(), 1)))
      return failure();
    // All dimensions but one have size one, and that one counts by one.
    AffineExpr size;
    for (auto [dim, stride] : llvm::zip(dims, positions->strides)) {
      if (tp::getConst(dim) == 1)
        continue;
      if (!dim || size || tp::getConst(stride) != 1)
        return failure();
      size = dim;
    }
    if (!size || tp::getConst(size))
      return failure();
    Location loc = op.getLoc();
    Type element = getElementType(op.getOutput());
    auto scalar = [&](AffineExpr value) -> Value {
      auto type = RankedTensorType::get({}, element);
      return onnx::SymbolicConstantOp::create(
          rewriter, loc, type, tp::DimsAttr::get(getContext(), {value}));
    };
    Value range =
        onnx::RangeOp::create(
            rewriter, loc, TypeRange{tp::makeTensorType({size}, element)},
            ValueRange{scalar(positions->offset),
                       scalar(tp::simplify(positions->offset + size)),
                       makeScalar(rewriter, loc, 1, element)})
            ->getResult(0);
    replaceByNew(rewriter, op, makeReshape(rewriter, loc, range, dims));
    return success();
  }
};

struct FoldConstants : tpo::impl::FoldConstantsPassBase<FoldConstants> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldElementwise, FoldReshape, FoldConstantOfShape, RemoveUnit,
                 FoldWhere, FoldPositionComparison, SliceOfPositions>(
        &getContext());
    patterns.add<RemoveNeutral<onnx::AndOp>>(&getContext(), true);
    patterns.add<RemoveNeutral<onnx::OrOp>>(&getContext(), false);
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
