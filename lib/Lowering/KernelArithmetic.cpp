//===- KernelArithmetic.cpp - Floating point in kernels -------------------===//

#include "KernelArithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace tpo;

static bool isNarrow(Type type) { return type.isF16() || type.isBF16(); }

/// Computes `op` in f32 where it is on narrow floats.
static void widen(Operation *op) {
  if (!isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
      isa<arith::ExtFOp, arith::TruncFOp, arith::ConstantOp, arith::BitcastOp, arith::SelectOp>(op))
    return;
  OpBuilder builder(op);
  Type f32 = builder.getF32Type();
  for (OpOperand &operand : op->getOpOperands())
    if (isNarrow(operand.get().getType()))
      operand.set(arith::ExtFOp::create(builder, op->getLoc(), f32, operand.get()));
  builder.setInsertionPointAfter(op);
  for (Value result : op->getResults()) {
    Type type = result.getType();
    if (!isNarrow(type))
      continue;
    result.setType(f32);
    auto narrow = arith::TruncFOp::create(builder, op->getLoc(), type, result);
    result.replaceAllUsesExcept(narrow, narrow);
  }
}

namespace {
/// ext(trunc(x)) -> x: one rounding, when the value is stored. A rounding that
/// the program asks for (a Cast) names its mode and stays.
struct DropRounding : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    auto truncate = op.getIn().getDefiningOp<arith::TruncFOp>();
    if (!truncate || truncate.getRoundingmode() || truncate.getIn().getType() != op.getType())
      return failure();
    rewriter.replaceOp(op, truncate.getIn());
    return success();
  }
};
} // namespace

/// Lets the sums of a reduction be taken in any order.
static void allowReordering(linalg::GenericOp generic) {
  if (generic.getNumReductionLoops() == 0)
    return;
  for (BlockArgument accumulator : generic.getRegionOutputArgs())
    for (Operation *user : accumulator.getUsers())
      if (auto math = dyn_cast<arith::ArithFastMathInterface>(user)) {
        auto flags = math.getFastMathFlagsAttr();
        auto merged = (flags ? flags.getValue() : arith::FastMathFlags::none) | arith::FastMathFlags::reassoc;
        user->setAttr(math.getFastMathAttrName(), arith::FastMathFlagsAttr::get(user->getContext(), merged));
      }
}

void tpo::prepareArithmetic(func::FuncOp kernel) {
  kernel.walk([](Operation *op) {
    widen(op);
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      allowReordering(generic);
  });
  RewritePatternSet patterns(kernel.getContext());
  patterns.add<DropRounding>(kernel.getContext());
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return llvm::is_contained({"math.exp", "math.tanh", "math.erf", "math.log"}, name);
  });
  (void)applyPatternsGreedily(kernel, std::move(patterns));
  kernel.walk([](arith::TruncFOp op) { op.removeRoundingmodeAttr(); });
}
