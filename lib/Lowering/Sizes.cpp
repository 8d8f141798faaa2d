//===- Sizes.cpp - Symbolic sizes as values -------------------------------===//

#include "tp-opt/Lowering/Sizes.h"

#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

Value tpo::materialize(OpBuilder &builder, Location loc, AffineExpr expr) {
  if (!expr)
    return nullptr;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantIndexOp::create(builder, loc, constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return rt::SymbolOp::create(builder, loc, builder.getIndexType(), symbol.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = materialize(builder, loc, binary.getLHS());
  Value rhs = materialize(builder, loc, binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::Mod: {
    // Affine mod is not negative: lhs - floordiv(lhs, rhs) * rhs.
    Value quotient = arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
    Value product = arith::MulIOp::create(builder, loc, quotient, rhs);
    return arith::SubIOp::create(builder, loc, lhs, product);
  }
  default:
    llvm_unreachable("sizes have no dimensions");
  }
}

FailureOr<SmallVector<Value>> tpo::materializeDynamicSizes(OpBuilder &builder, Location loc, RankedTensorType type) {
  SmallVector<Value> sizes;
  for (auto [index, expr] : llvm::enumerate(tp::getDims(type))) {
    if (!type.isDynamicDim(index))
      continue;
    if (!expr)
      return emitError(loc) << "the size of dimension " << index << " of " << type << " is not known";
    sizes.push_back(materialize(builder, loc, expr));
  }
  return sizes;
}

Value tpo::createEmpty(OpBuilder &builder, Location loc, RankedTensorType type) {
  FailureOr<SmallVector<Value>> sizes = materializeDynamicSizes(builder, loc, type);
  if (failed(sizes))
    return nullptr;
  return tensor::EmptyOp::create(builder, loc, type, *sizes);
}
