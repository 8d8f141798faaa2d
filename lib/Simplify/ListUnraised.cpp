//===- ListUnraised.cpp - What the raises have left spelled out -----------===//

#include "tp-opt/Simplify/Passes.h"
#include "tp-opt/Simplify/Unraised.h"

#include "Match.h"

namespace tpo {
#define GEN_PASS_DEF_LISTUNRAISEDPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// How far values are followed. Spellings are short; a bound keeps the search
/// of a whole model linear.
constexpr unsigned kDepth = 8;

bool isMovement(Operation *op) {
  return isa<onnx::ReshapeOp, onnx::TransposeOp, onnx::ExpandOp, onnx::SliceOp,
             onnx::ConcatOp, onnx::CastOp, onnx::GatherOp>(op);
}

bool isArithmetic(Operation *op) {
  return isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::NegOp,
             onnx::WhereOp, onnx::MaxOp, onnx::ClipOp, onnx::TanhOp>(op);
}

/// An operation for which `wanted` holds, reached from `value` upwards through
/// operations for which `passes` holds; null where there is none.
template <typename Wanted, typename Passes>
Operation *findAbove(Value value, Wanted wanted, Passes passes,
                     unsigned depth = kDepth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return nullptr;
  if (wanted(op))
    return op;
  if (!passes(op))
    return nullptr;
  for (Value operand : op->getOperands())
    if (Operation *found = findAbove(operand, wanted, passes, depth - 1))
      return found;
  return nullptr;
}

template <typename OpT> bool isOp(Operation *op) { return isa<OpT>(op); }

bool isEither(Operation *op) { return isMovement(op) || isArithmetic(op); }

/// A product of two activations.
bool isDataProduct(Operation *op) {
  return isa<onnx::MatMulOp>(op) &&
         !findAbove(op->getOperand(1), isOp<tp::WeightOp>, isMovement);
}

/// Whether a product of activations reads `value` as its left operand, perhaps
/// after a guard against empty rows, a cast, or a scale.
bool isReadByProduct(Value value, unsigned depth = kDepth) {
  if (depth == 0)
    return false;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (isDataProduct(user) && use.getOperandNumber() == 0)
      return true;
    if (isEither(user) && isReadByProduct(user->getResult(0), depth - 1))
      return true;
  }
  return false;
}

bool isAttention(Operation *op) {
  return isa<onnx::SoftmaxOp>(op) &&
         findAbove(op->getOperand(0), isDataProduct, isEither) &&
         isReadByProduct(op->getResult(0));
}

/// The root of a mean by which something is divided.
bool isNormalization(Operation *op) {
  auto pow = dyn_cast<onnx::PowOp>(op);
  bool isRoot =
      isa<onnx::SqrtOp>(op) ||
      (pow && (isScalar(pow.getY(), 0.5) || isScalar(pow.getY(), -0.5)));
  if (!isRoot)
    return false;
  auto passes = [](Operation *o) {
    return isa<onnx::AddOp, onnx::SubOp, onnx::MaxOp, onnx::ClipOp,
               onnx::CastOp, onnx::ReciprocalOp>(o);
  };
  Operation *mean =
      findAbove(op->getOperand(0), isOp<onnx::ReduceMeanOp>, passes);
  return mean && getStaticDim(mean->getResult(0), -1) == 1;
}

/// a * cos + b * sin, in whichever order, with a minus sign on either.
bool isRotary(Operation *op) {
  if (!isa<onnx::AddOp, onnx::SubOp>(op))
    return false;
  auto passes = [](Operation *o) {
    return isMovement(o) || isa<onnx::MulOp, onnx::NegOp>(o);
  };
  auto isProductWith = [&](Value value, auto isFunction) {
    auto mul = value.getDefiningOp<onnx::MulOp>();
    return mul && (findAbove(mul.getA(), isFunction, passes) ||
                   findAbove(mul.getB(), isFunction, passes));
  };
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  return (isProductWith(lhs, isOp<onnx::CosOp>) &&
          isProductWith(rhs, isOp<onnx::SinOp>)) ||
         (isProductWith(lhs, isOp<onnx::SinOp>) &&
          isProductWith(rhs, isOp<onnx::CosOp>));
}

bool isGelu(Operation *op) {
  auto mul = dyn_cast<onnx::MulOp>(op);
  auto isGate = [](Value value) {
    Value gate;
    double one;
    return matchOffset(value, gate, one) && one == 1 &&
           isa_and_nonnull<onnx::ErfOp, onnx::TanhOp>(gate.getDefiningOp());
  };
  return mul && (isGate(mul.getA()) || isGate(mul.getB()));
}

struct ListUnraised : tpo::impl::ListUnraisedPassBase<ListUnraised> {
  void runOnOperation() override {
    for (const Unraised &part : findUnraised(getOperation()))
      part.op->emitRemark() << part.kind << " is left spelled out";
  }
};

} // namespace

std::vector<Unraised> tpo::findUnraised(func::FuncOp function) {
  std::vector<Unraised> found;
  function.walk([&](Operation *op) {
    if (isAttention(op))
      found.push_back({"Attention", op});
    else if (isNormalization(op))
      found.push_back({"Normalization", op});
    else if (isRotary(op))
      found.push_back({"RotaryEmbedding", op});
    else if (isGelu(op))
      found.push_back({"Gelu", op});
  });
  return found;
}
