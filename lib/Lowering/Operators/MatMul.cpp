//===- MatMul.cpp - MatMul and Gemm with their epilogue -> rt.matmul ------===//

#include "RtLowering.h"

#include "tp-opt/Lowering/Sizes.h"

using namespace mlir;
using namespace tpo;

namespace {
/// What follows a product and joins it: activation(product + bias) + residual.
struct Epilogue {
  Value bias, residual;
  rt::Activation activation = rt::Activation::None;
  SmallVector<Operation *> absorbed;
  Value result;

  Operation *getLast() const { return result.getDefiningOp(); }
};
} // namespace

static bool haveSameDims(Type a, Type b) {
  SmallVector<AffineExpr> x = tp::getDims(cast<ShapedType>(a)), y = tp::getDims(cast<ShapedType>(b));
  return x.size() == y.size() &&
         llvm::all_of(llvm::zip(x, y), [](auto pair) { return tp::provablyEqual(std::get<0>(pair), std::get<1>(pair)); });
}

static bool broadcastsTo(Type from, Type to) {
  SmallVector<AffineExpr> x = tp::getDims(cast<ShapedType>(from)), y = tp::getDims(cast<ShapedType>(to));
  if (x.size() > y.size())
    return false;
  for (auto [a, b] : llvm::zip(llvm::reverse(x), llvm::reverse(y)))
    if (tp::getConst(a) != std::optional<int64_t>(1) && !tp::provablyEqual(a, b))
      return false;
  return true;
}

static std::optional<rt::Activation> getActivation(Operation *op) {
  if (isa<onnx::ReluOp>(op))
    return rt::Activation::Relu;
  if (auto gelu = dyn_cast<onnx::GeluOp>(op))
    return gelu.getApproximate() == "tanh" ? rt::Activation::GeluTanh : rt::Activation::GeluErf;
  if (auto swish = dyn_cast<onnx::SwishOp>(op); swish && swish.getAlpha().convertToFloat() == 1.0f)
    return rt::Activation::Silu;
  return std::nullopt;
}

/// Follows single uses of a product: Add of a bias, an activation, Add of a
/// residual, each at most once and in this order.
static Epilogue findEpilogue(Value product) {
  Epilogue epilogue;
  epilogue.result = product;
  while (epilogue.result.hasOneUse()) {
    Operation *user = *epilogue.result.getUsers().begin();
    if (user->getBlock() != product.getDefiningOp()->getBlock() || user->getNumResults() != 1 ||
        user->getResult(0).getType() != product.getType())
      break;
    if (auto add = dyn_cast<onnx::AddOp>(user)) {
      Value other = add.getA() == epilogue.result ? add.getB() : add.getA();
      // A constant is not memory; the kernel former embeds it.
      if (epilogue.residual || other.getDefiningOp<onnx::ConstantOp>())
        break;
      bool isWholeSize = haveSameDims(other.getType(), product.getType());
      if (!epilogue.bias && epilogue.activation == rt::Activation::None && !isWholeSize &&
          broadcastsTo(other.getType(), product.getType()))
        epilogue.bias = other;
      else if (isWholeSize)
        epilogue.residual = other;
      else
        break;
    } else if (std::optional<rt::Activation> activation = getActivation(user);
               activation && !epilogue.residual && epilogue.activation == rt::Activation::None) {
      epilogue.activation = *activation;
    } else {
      break;
    }
    epilogue.absorbed.push_back(user);
    epilogue.result = user->getResult(0);
  }
  return epilogue;
}

/// Creates the rt.matmul at the end of the epilogue and erases what it replaces.
static LogicalResult emitMatmul(RtLowering &lowering, Operation *op, Stored a, Stored b, Epilogue epilogue,
                                float alpha) {
  OpBuilder &builder = lowering.builder;
  Location loc = op->getLoc();
  FailureOr<RtLowering::Destination> destination = lowering.createDestination(loc, epilogue.result);
  if (failed(destination) || !a.value || !b.value)
    return failure();
  Stored bias, residual;
  SmallVector<ArrayRef<int64_t>> perms{a.perm, b.perm};
  if (epilogue.bias) {
    bias.value = lowering.getPlain(epilogue.bias);
    perms.push_back(bias.perm);
  }
  if (epilogue.residual) {
    residual = lowering.getStored(epilogue.residual);
    perms.push_back(residual.perm);
  }
  perms.push_back(destination->perm);
  auto matmul = rt::MatmulOp::create(builder, loc, TypeRange(destination->empty.getType()), a.value, b.value,
                                     bias.value, residual.value, destination->empty, builder.getF32FloatAttr(alpha),
                                     rt::ActivationAttr::get(builder.getContext(), epilogue.activation),
                                     lowering.makePerms(perms));
  lowering.annotate(matmul, op);
  destination->replaced.replaceAllUsesWith(matmul.getResult(0));
  if (destination->replaced != epilogue.result)
    destination->replaced.getDefiningOp()->erase();
  for (Operation *absorbed : llvm::reverse(epilogue.absorbed))
    absorbed->erase();
  op->erase();
  return success();
}

static bool isSupportedFloat(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  return type.isF32() || type.isF16() || type.isBF16() || type.isF64();
}

/// A matrix of a table for each row, times a column: kernels read the matrix in
/// place, a library call would need a copy of it per row (see tp-raise-experts).
bool tpo::isExpertGather(onnx::GatherOp op) {
  auto table = cast<RankedTensorType>(op.getData().getType());
  if (op.getAxis() != 0 || table.getRank() != 3 || cast<RankedTensorType>(op.getIndices().getType()).getRank() != 1 ||
      !op.getOutput().hasOneUse() || op->hasAttr("tp.gather_offset"))
    return false;
  auto matmul = dyn_cast<onnx::MatMulOp>(*op.getOutput().user_begin());
  auto columns = matmul ? dyn_cast<RankedTensorType>(matmul.getB().getType()) : nullptr;
  return columns && matmul.getA() == op.getOutput() && columns.getRank() == 3 && columns.getDimSize(2) == 1;
}

LogicalResult RtLowering::lowerMatMul(onnx::MatMulOp op) {
  if (auto gather = op.getA().getDefiningOp<onnx::GatherOp>(); gather && isExpertGather(gather))
    return success();
  auto aType = dyn_cast<RankedTensorType>(op.getA().getType());
  auto bType = dyn_cast<RankedTensorType>(op.getB().getType());
  // Integers and vectors: a kernel.
  if (!aType || !bType || !isSupportedFloat(op.getA()) || aType.getRank() < 2 || bType.getRank() < 2)
    return success();
  Epilogue epilogue = findEpilogue(op.getY());
  builder.setInsertionPoint(epilogue.getLast());
  return emitMatmul(*this, op, getStored(op.getA()), getStored(op.getB()), epilogue, 1.0f);
}

LogicalResult RtLowering::lowerGemm(onnx::GemmOp op) {
  if (!isSupportedFloat(op.getA()))
    return success(); // a kernel
  auto swap = [](Stored stored) {
    if (stored.perm.empty())
      stored.perm = {1, 0};
    else
      stored.perm.clear();
    return stored;
  };
  float beta = op.getBeta().convertToFloat();
  bool hasBias = !onnx::isNoValue(op.getC()) && beta != 0.0f;
  Value bias = op.getC();
  if (hasBias && beta != 1.0f) {
    Type type = getElementTypeOrSelf(bias.getType());
    builder.setInsertionPoint(op);
    Value factor = onnx::ConstantOp::create(
        builder, op.getLoc(),
        DenseElementsAttr::get(RankedTensorType::get({}, type), builder.getFloatAttr(type, beta)));
    bias = onnx::MulOp::create(builder, op.getLoc(), bias.getType(), ValueRange{bias, factor})->getResult(0);
  }
  Epilogue epilogue;
  epilogue.result = op.getY();
  // A bias of the product's own keeps others from joining.
  if (!hasBias || broadcastsTo(bias.getType(), op.getY().getType())) {
    epilogue = findEpilogue(op.getY());
    if (hasBias && epilogue.bias) {
      epilogue = Epilogue();
      epilogue.result = op.getY();
    }
    if (hasBias)
      epilogue.bias = bias;
  }
  builder.setInsertionPoint(epilogue.getLast());
  Stored a = getStored(op.getA()), b = getStored(op.getB());
  return emitMatmul(*this, op, op.getTransA() ? swap(a) : a, op.getTransB() ? swap(b) : b, epilogue,
                    op.getAlpha().convertToFloat());
}
