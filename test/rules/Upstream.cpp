//===- Upstream.cpp - Upstream operations, executed -----------------------===//

#include "Upstream.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpo::test {

namespace {

/// Replaces one operation.
class Speller {
public:
  explicit Speller(Operation *op) : op(op), builder(op), loc(op->getLoc()) {}

  LogicalResult run();

private:
  Value create(StringRef name, Type type, ValueRange operands, ArrayRef<NamedAttribute> attributes = {}) {
    OperationState state(loc, ("onnx." + name).str(), operands, type, attributes);
    return builder.create(state)->getResult(0);
  }
  Value integers(ArrayRef<int64_t> values) {
    return onnx::ConstantOp::create(builder, loc, builder.getI64TensorAttr(values));
  }
  NamedAttribute flag(StringRef name, int64_t value) {
    return builder.getNamedAttr(name, IntegerAttr::get(builder.getIntegerType(64, true), value));
  }
  Value shapeOf(Type type) {
    SmallVector<AffineExpr> dims = tp::getDims(cast<ShapedType>(type));
    auto shape = RankedTensorType::get({int64_t(dims.size())}, builder.getI64Type());
    return onnx::SymbolicConstantOp::create(builder, loc, shape, tp::DimsAttr::get(builder.getContext(), dims));
  }
  /// A tensor of `type` full of `scalar`.
  Value fill(TypedAttr scalar, Type type) {
    auto scalarType = RankedTensorType::get({}, scalar.getType());
    Value constant = onnx::ConstantOp::create(builder, loc, DenseElementsAttr::get(scalarType, Attribute(scalar)));
    return create("Expand", type, {constant, shapeOf(type)});
  }
  Value product();
  Value reduction(linalg::ReduceOp reduce);
  Value convert();

  Operation *op;
  OpBuilder builder;
  Location loc;
};

StringRef elementwiseName(StringRef name) {
  return llvm::StringSwitch<StringRef>(name)
      .Cases({"arith.addf", "arith.addi"}, "Add")
      .Cases({"arith.subf", "arith.subi"}, "Sub")
      .Cases({"arith.mulf", "arith.muli"}, "Mul")
      .Case("arith.divf", "Div")
      .Case("arith.negf", "Neg")
      .Cases({"arith.maximumf", "arith.maxsi"}, "Max")
      .Cases({"arith.minimumf", "arith.minsi"}, "Min")
      .Case("arith.select", "Where")
      .Case("math.absf", "Abs")
      .Case("math.exp", "Exp")
      .Case("math.tanh", "Tanh")
      .Case("math.sqrt", "Sqrt")
      .Default("");
}

/// The sum of a product and its initial value.
Value Speller::product() {
  Type type = op->getResult(0).getType();
  Value product = create("MatMul", type, {op->getOperand(0), op->getOperand(1)});
  return create("Add", type, {op->getOperand(2), product});
}

Value Speller::reduction(linalg::ReduceOp reduce) {
  Type type = op->getResult(0).getType();
  StringRef combiner = reduce.getCombiner().front().front().getName().getStringRef();
  StringRef name = elementwiseName(combiner);
  StringRef over = name == "Add" ? "ReduceSum" : name == "Max" ? "ReduceMax" : name == "Min" ? "ReduceMin" : "";
  if (over.empty())
    return nullptr;
  Value reduced = create(over, type, {op->getOperand(0), integers(reduce.getDimensions())}, flag("keepdims", 0));
  return create(name, type, {op->getOperand(1), reduced});
}

Value Speller::convert() {
  Type type = op->getResult(0).getType();
  StringRef name = elementwiseName(op->getName().getStringRef());
  if (!name.empty()) {
    SmallVector<Value> operands(op->getOperands());
    // The condition is the element of a tensor of one.
    if (auto extract = operands.front().getDefiningOp<tensor::ExtractOp>())
      operands.front() = extract.getTensor();
    return create(name, type, operands);
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return onnx::ConstantOp::create(builder, loc, cast<DenseElementsAttr>(constant.getValue()));
  if (isa<tensor::EmptyOp>(op))
    return fill(cast<TypedAttr>(builder.getZeroAttr(getElementTypeOrSelf(type))), type);
  if (isa<tensor::CastOp>(op))
    return create("Reshape", type, {op->getOperand(0), shapeOf(type)}, flag("allowzero", 1));
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return create("Concat", type, op->getOperands(), flag("axis", concat.getDim()));
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ReshapeOp>(op))
    return create("Reshape", type, {op->getOperand(0), shapeOf(type)}, flag("allowzero", 1));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<int64_t> ends, axes;
    for (auto [dim, offset] : llvm::enumerate(slice.getStaticOffsets())) {
      ends.push_back(offset + (slice.getStaticSizes()[dim] - 1) * slice.getStaticStrides()[dim] + 1);
      axes.push_back(dim);
    }
    auto slicedType = RankedTensorType::get(slice.getStaticSizes(), getElementTypeOrSelf(type));
    Value sliced = create("Slice", slicedType,
                          {op->getOperand(0), integers(slice.getStaticOffsets()), integers(ends), integers(axes),
                           integers(slice.getStaticStrides())});
    if (slicedType == type)
      return sliced;
    return create("Reshape", type, {sliced, shapeOf(type)}, flag("allowzero", 1));
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    auto scalar = pad.getConstantPaddingValue().getDefiningOp<arith::ConstantOp>();
    SmallVector<int64_t> pads(pad.getStaticLow());
    llvm::append_range(pads, pad.getStaticHigh());
    TypedAttr value = scalar.getValue();
    auto scalarType = RankedTensorType::get({}, value.getType());
    Value constant = onnx::ConstantOp::create(builder, loc, DenseElementsAttr::get(scalarType, Attribute(value)));
    Value none = onnx::NoValueOp::create(builder, loc);
    return create("Pad", type, {op->getOperand(0), integers(pads), constant, none});
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return fill(splat.getInput().getDefiningOp<arith::ConstantOp>().getValue(), type);
  if (isa<linalg::MatmulOp, linalg::BatchMatmulOp>(op))
    return product();
  if (auto reduce = dyn_cast<linalg::ReduceOp>(op))
    return reduction(reduce);
  if (auto filled = dyn_cast<linalg::FillOp>(op)) {
    auto scalar = filled.getInputs().front().getDefiningOp<arith::ConstantOp>();
    return scalar ? fill(scalar.getValue(), type) : Value();
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return create("Transpose", type, op->getOperand(0),
                  builder.getNamedAttr("perm", builder.getI64ArrayAttr(transpose.getPermutation())));
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op)) {
    SmallVector<AffineExpr> dims = tp::getDims(cast<ShapedType>(type));
    for (int64_t dim : broadcast.getDimensions())
      dims[dim] = builder.getAffineConstantExpr(1);
    Type thin = tp::makeTensorType(dims, getElementTypeOrSelf(type));
    Value value = create("Reshape", thin, {op->getOperand(0), shapeOf(thin)}, flag("allowzero", 1));
    return create("Expand", type, {value, shapeOf(type)});
  }
  return nullptr;
}

LogicalResult Speller::run() {
  // Scalars, which their users look through.
  if (!isa<RankedTensorType>(op->getResult(0).getType()))
    return success();
  Value value = convert();
  if (!value)
    return op->emitError("the test cannot execute this operation");
  op->getResult(0).replaceAllUsesWith(value);
  return success();
}

} // namespace

LogicalResult spellInOnnx(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    SmallVector<Operation *> upstream;
    for (Operation &op : function.getBody().front())
      if (llvm::is_contained({"linalg", "tensor", "arith", "math"}, op.getName().getDialectNamespace()))
        upstream.push_back(&op);
    for (Operation *op : upstream)
      if (failed(Speller(op).run()))
        return failure();
    for (Operation *op : llvm::reverse(upstream))
      op->erase();
  }
  return success();
}

} // namespace tpo::test
