//===- RaiseActivations.cpp - Gelu and Swish ------------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

#include <cmath>

namespace tpo {
#define GEN_PASS_DEF_RAISEACTIVATIONSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// Half-precision exports round the constants of GELU.
constexpr double kTolerance = 2e-3;

/// Collects the factors of a product: its constants into `factor`, what is not
/// a product (or is `stop`) into `leaves`.
void collectFactors(Value value, Value stop, double &factor,
                    SmallVectorImpl<Value> &leaves, unsigned depth = 8) {
  Value x;
  double number;
  if (value != stop && depth > 0) {
    if (matchScaled(value, x, number)) {
      factor *= number;
      return collectFactors(x, stop, factor, leaves, depth - 1);
    }
    if (auto mul = value.getDefiningOp<onnx::MulOp>()) {
      collectFactors(mul.getA(), stop, factor, leaves, depth - 1);
      return collectFactors(mul.getB(), stop, factor, leaves, depth - 1);
    }
  }
  leaves.push_back(value);
}

bool isNear(double number, double expected) {
  return std::abs(number - expected) <= kTolerance * std::abs(expected);
}

/// `value` is sqrt(2 / pi) * (x + 0.044715 * x ** 3), in one of the ways to
/// take factors out.
bool matchTanhArgument(Value value, Value &x) {
  double outer = 1;
  SmallVector<Value> leaves;
  collectFactors(value, nullptr, outer, leaves);
  if (!isNear(outer, std::sqrt(2 / M_PI)))
    return false;
  // Either one leaf x + c x^3 or two, x and 1 + c x^2.
  if (leaves.size() == 1) {
    return matchCommutative<onnx::AddOp>(leaves[0], [&](Value lhs, Value rhs) {
      x = lhs;
      double factor = 1;
      SmallVector<Value> cube;
      collectFactors(rhs, x, factor, cube);
      if (!isNear(factor, 0.044715))
        return false;
      if (cube.size() == 1) {
        auto pow = cube[0].getDefiningOp<onnx::PowOp>();
        return pow && pow.getX() == x && isScalar(pow.getY(), 3);
      }
      Value squared;
      if (cube.size() == 2) {
        for (unsigned i : {0, 1})
          if (cube[i] == x && matchSquare(cube[1 - i], squared) && squared == x)
            return true;
        return false;
      }
      return cube.size() == 3 && llvm::all_equal(cube) && cube[0] == x;
    });
  }
  if (leaves.size() != 2)
    return false;
  for (unsigned i : {0, 1}) {
    Value scaledSquare, squared;
    double one, factor = 1;
    SmallVector<Value> square;
    x = leaves[i];
    if (!matchOffset(leaves[1 - i], scaledSquare, one) || !isNear(one, 1))
      continue;
    collectFactors(scaledSquare, x, factor, square);
    bool isSquare = square.size() == 2
                        ? square[0] == x && square[1] == x
                        : square.size() == 1 &&
                              matchSquare(square[0], squared) && squared == x;
    if (isSquare && isNear(factor, 0.044715))
      return true;
  }
  return false;
}

/// `value` is 1 + tanh(...) or 1 + erf(...) of GELU at x.
bool matchGate(Value value, Value &x, bool &isTanh) {
  Value gate;
  double one;
  if (!matchOffset(value, gate, one) || one != 1)
    return false;
  if (auto tanh = gate.getDefiningOp<onnx::TanhOp>()) {
    isTanh = true;
    return matchTanhArgument(tanh.getInput(), x);
  }
  isTanh = false;
  auto erf = gate.getDefiningOp<onnx::ErfOp>();
  double factor;
  return erf && matchScaled(erf.getInput(), x, factor) &&
         isNear(factor, M_SQRT1_2);
}

/// 0.5 * x * (1 + tanh(...)), the factors in any order.
struct RaiseGelu : OpRewritePattern<onnx::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MulOp op,
                                PatternRewriter &rewriter) const override {
    // The gate tells what x is, and x may be a product itself: find the gate
    // first, then take the product apart down to x.
    double factor = 1;
    SmallVector<Value> all, leaves;
    collectFactors(op.getC(), nullptr, factor, all);
    Value x;
    bool isTanh = false;
    auto gate = llvm::find_if(
        all, [&](Value leaf) { return matchGate(leaf, x, isTanh); });
    if (gate == all.end())
      return failure();
    factor = 1;
    collectFactors(op.getC(), x, factor, leaves);
    if (leaves.size() != 2 || !isNear(factor, 0.5) ||
        !llvm::is_contained(leaves, x) || !llvm::is_contained(leaves, *gate) ||
        x.getType() != op.getC().getType())
      return failure();
    NamedAttribute approximate = rewriter.getNamedAttr(
        "approximate", rewriter.getStringAttr(isTanh ? "tanh" : "none"));
    rewriter.replaceOp(op, makeLike<onnx::GeluOp>(rewriter, op.getLoc(), x, {x},
                                                  {approximate}));
    return success();
  }
};

/// x * sigmoid(alpha * x).
struct RaiseSwish : OpRewritePattern<onnx::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MulOp op,
                                PatternRewriter &rewriter) const override {
    Value x;
    double alpha = 1;
    bool matched =
        matchCommutative<onnx::MulOp>(op.getC(), [&](Value lhs, Value rhs) {
          auto sigmoid = rhs.getDefiningOp<onnx::SigmoidOp>();
          if (!sigmoid)
            return false;
          x = lhs;
          Value scaled;
          alpha = 1;
          return sigmoid.getX() == x ||
                 (matchScaled(sigmoid.getX(), scaled, alpha) && scaled == x);
        });
    if (!matched || x.getType() != op.getC().getType())
      return failure();
    rewriter.replaceOp(
        op, makeLike<onnx::SwishOp>(rewriter, op.getLoc(), x, {x},
                                    {floatAttr(rewriter, "alpha", alpha)}));
    return success();
  }
};

/// com.microsoft's Gelu variants: Add of the bias, if any, and Gelu.
template <typename OpT> struct LowerGelu : OpRewritePattern<OpT> {
  LowerGelu(MLIRContext *context, StringRef approximate)
      : OpRewritePattern<OpT>(context), approximate(approximate) {}
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Value x = op->getOperand(0), y = op->getResult(0);
    if (op->getNumOperands() > 1 && !onnx::isNoValue(op->getOperand(1)))
      x = makeLike<onnx::AddOp>(rewriter, op.getLoc(), y,
                                {x, op->getOperand(1)});
    NamedAttribute attribute = rewriter.getNamedAttr(
        "approximate", rewriter.getStringAttr(approximate));
    rewriter.replaceOp(
        op, makeLike<onnx::GeluOp>(rewriter, op.getLoc(), y, {x}, {attribute}));
    return success();
  }
  StringRef approximate;
};

struct LowerQuickGelu : OpRewritePattern<onnx::MsQuickGeluOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MsQuickGeluOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOp(
        op,
        makeLike<onnx::SwishOp>(
            rewriter, op.getLoc(), op->getResult(0), {op->getOperand(0)},
            {floatAttr(rewriter, "alpha", op.getAlpha().convertToFloat())}));
    return success();
  }
};

struct RaiseActivations
    : tpo::impl::RaiseActivationsPassBase<RaiseActivations> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseGelu, RaiseSwish, LowerQuickGelu>(&getContext());
    patterns.add<LowerGelu<onnx::MsGeluOp>, LowerGelu<onnx::MsBiasGeluOp>>(
        &getContext(), "none");
    patterns.add<LowerGelu<onnx::MsFastGeluOp>>(&getContext(), "tanh");
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
