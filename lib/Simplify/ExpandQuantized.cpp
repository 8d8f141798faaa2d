//===- ExpandQuantized.cpp - Quantised operators in simple ones -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX Runtime's fused quantised operators pack several numbers into a byte.
// A packed weight needs no code: it is the same bytes seen as a tensor of a
// narrower type.
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "PackedWeights.h"
#include "Patterns.h"

namespace tpo {
#define GEN_PASS_DEF_EXPANDQUANTIZEDPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

/// onnx.TensorProto.DataType of the types that are cast to here.
int64_t getDataType(Type type) {
  if (type.isF16())
    return 10;
  if (type.isBF16())
    return 16;
  if (type.isF64())
    return 11;
  return type.isInteger(32) ? 6 : 1;
}

Value makeCast(OpBuilder &builder, Location loc, Value value, Type elem) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == elem)
    return value;
  return onnx::CastOp::create(builder, loc, TypeRange{type.clone(elem)}, ValueRange{value},
                              {intAttr(builder, "to", getDataType(elem))})
      ->getResult(0);
}

/// An elementwise operation on `wide` and something that broadcasts to it.
template <typename OpT> Value makeBinary(OpBuilder &builder, Location loc, Value wide, Value other) {
  return makeLike<OpT>(builder, loc, wide, {wide, other});
}

/// The product of operands that broadcast to each other; null where their sizes
/// leave the result's open.
Value makeProduct(OpBuilder &builder, Location loc, Value lhs, Value rhs) {
  std::optional<Dims> dims = broadcastDims({lhs, rhs});
  if (!dims)
    return nullptr;
  return onnx::MulOp::create(builder, loc, TypeRange{tp::makeTensorType(*dims, getElementType(lhs))},
                             ValueRange{lhs, rhs})
      ->getResult(0);
}

bool isZero(Value value) {
  auto constant = value.getDefiningOp<onnx::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue()) : nullptr;
  return elements && llvm::all_of(elements.getValues<APInt>(), [](const APInt &x) { return x.isZero(); });
}

//===----------------------------------------------------------------------===//
// Products of integers
//===----------------------------------------------------------------------===//

/// x - zero point as i32. A vector of zero points of the left operand has one
/// for each row.
Value makeCentred(OpBuilder &builder, Location loc, Value x, Value zero, bool perRow) {
  Type i32 = builder.getI32Type();
  Value wide = makeCast(builder, loc, x, i32);
  if (onnx::isNoValue(zero) || isZero(zero))
    return wide;
  if (perRow && getRank(zero) == 1 && getStaticDim(zero, 0) != 1)
    zero = makeReshape(builder, loc, zero, {getDims(zero)[0], builder.getAffineConstantExpr(1)});
  return makeBinary<onnx::SubOp>(builder, loc, wide, makeCast(builder, loc, zero, i32));
}

/// A scale of the left operand with one number for each row, as a column.
Value makeColumn(OpBuilder &builder, Location loc, Value scale) {
  if (getRank(scale) != 1 || getStaticDim(scale, 0) == 1)
    return scale;
  return makeReshape(builder, loc, scale, {getDims(scale)[0], builder.getAffineConstantExpr(1)});
}

struct ExpandMatMulInteger : OpRewritePattern<onnx::MatMulIntegerOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulIntegerOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value a = makeCentred(rewriter, loc, op->getOperand(0), op->getOperand(2),
                          /*perRow=*/true);
    Value b = makeCentred(rewriter, loc, op->getOperand(1), op->getOperand(3),
                          /*perRow=*/false);
    rewriter.replaceOp(op, makeLike<onnx::MatMulOp>(rewriter, loc, op->getResult(0), {a, b}));
    return success();
  }
};

/// (a - za) (b - zb) * (sa sb / sy), rounded and moved by zy.
struct ExpandQLinearMatMul : OpRewritePattern<onnx::QLinearMatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::QLinearMatMulOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    Value yScale = op->getOperand(6), yZero = op->getOperand(7);
    std::optional<int64_t> size = getRank(yScale) == 0 ? 1 : getStaticDim(yScale, 0);
    if (getRank(yScale) > 1 || size != 1)
      return op.emitError("a scale of the result for each of its rows is not "
                          "supported");
    Type f32 = rewriter.getF32Type();
    Value a = makeCentred(rewriter, loc, op->getOperand(0), op->getOperand(2),
                          /*perRow=*/true);
    Value b = makeCentred(rewriter, loc, op->getOperand(3), op->getOperand(5),
                          /*perRow=*/false);
    Value sum = onnx::MatMulOp::create(rewriter, loc, TypeRange{type.clone(rewriter.getI32Type())}, ValueRange{a, b})
                    ->getResult(0);
    auto scale = [&](unsigned i) { return makeCast(rewriter, loc, op->getOperand(i), f32); };
    Value factor = makeProduct(rewriter, loc, makeColumn(rewriter, loc, scale(1)), scale(4));
    if (!factor)
      return op.emitError("its scales have sizes that do not fit each other");
    factor = makeBinary<onnx::DivOp>(rewriter, loc, factor, scale(6));
    Value scaled = makeBinary<onnx::MulOp>(rewriter, loc, makeCast(rewriter, loc, sum, f32), factor);
    Value one = makeScalar(rewriter, loc, 1, f32);
    rewriter.replaceOp(op, makeLike<onnx::QuantizeLinearOp>(rewriter, loc, op->getResult(0), {scaled, one, yZero}));
    return success();
  }
};

/// y = quantize(x) to uint8 over the range of x and 0. A range of one number
/// has the scale 1, as in ONNX Runtime.
struct ExpandDynamicQuantize : OpRewritePattern<onnx::DynamicQuantizeLinearOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::DynamicQuantizeLinearOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value x = op->getOperand(0);
    Type f32 = getElementType(x);
    Type scalar = RankedTensorType::get({}, f32);
    Value zero = makeScalar(rewriter, loc, 0, f32);
    NamedAttribute keepdims = intAttr(rewriter, "keepdims", 0);
    Value largest =
        onnx::ReduceMaxOp::create(rewriter, loc, TypeRange{scalar}, ValueRange{x}, {keepdims})->getResult(0);
    Value least = onnx::ReduceMinOp::create(rewriter, loc, TypeRange{scalar}, ValueRange{x}, {keepdims})->getResult(0);
    largest = makeBinary<onnx::MaxOp>(rewriter, loc, largest, zero);
    least = makeBinary<onnx::MinOp>(rewriter, loc, least, zero);
    Value range = makeBinary<onnx::SubOp>(rewriter, loc, largest, least);
    Value steps = makeScalar(rewriter, loc, 255, f32);
    Value spread = makeBinary<onnx::DivOp>(rewriter, loc, range, steps);
    Type flag = RankedTensorType::get({}, rewriter.getI1Type());
    Value isPoint = onnx::EqualOp::create(rewriter, loc, TypeRange{flag}, ValueRange{range, zero})->getResult(0);
    Value one = makeScalar(rewriter, loc, 1, f32);
    Value scale = makeLike<onnx::WhereOp>(rewriter, loc, spread, {isPoint, one, spread});
    Value start = makeBinary<onnx::DivOp>(rewriter, loc, makeBinary<onnx::SubOp>(rewriter, loc, zero, least), scale);
    // The clipping and rounding are those of a quantisation with scale 1.
    Value zeroPoint =
        onnx::QuantizeLinearOp::create(rewriter, loc, TypeRange{op->getResult(2).getType()}, ValueRange{start, one})
            ->getResult(0);
    Value y = makeLike<onnx::QuantizeLinearOp>(rewriter, loc, op->getResult(0), {x, scale, zeroPoint});
    rewriter.replaceOp(op, {y, scale, zeroPoint});
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Packed weights
//===----------------------------------------------------------------------===//

/// A times the transpose of B, quantised in blocks along its rows.
struct ExpandMatMulNBits : OpRewritePattern<onnx::MsMatMulNBitsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MsMatMulNBitsOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto attr = [&](StringRef name, int64_t otherwise) {
      auto value = op->getAttrOfType<IntegerAttr>(name);
      return value ? value.getValue().getSExtValue() : otherwise;
    };
    int64_t bits = attr("bits", 4), block = attr("block_size", 0);
    int64_t rows = attr("N", 0), inner = attr("K", 0);
    if (bits != 2 && bits != 4 && bits != 8)
      return op.emitError() << "elements of " << bits << " bits are not "
                            << "supported";
    if (attr("weight_prepacked", 0) != 0)
      return op.emitError("a weight packed for one processor is not supported");
    if (!onnx::isNoValue(op->getOperand(4)))
      return op.emitError("'g_idx' (reordered columns) is not supported");
    if (block <= 0 || inner <= 0)
      return op.emitError("K and block_size must be positive");
    int64_t blocks = llvm::divideCeil(inner, block);
    Value a = op->getOperand(0), zeros = op->getOperand(3);
    Type elem = getElementType(a);
    Value quantized = unpackRows(rewriter, op->getOperand(1), bits, rows, inner);
    Value scales = makeBlockMatrix(rewriter, op->getOperand(2), rows, blocks);
    if (onnx::isNoValue(zeros))
      zeros = quantized ? makeScalar(rewriter, loc, 1 << (bits - 1), getElementType(quantized)) : Value();
    else if (isa<FloatType>(getElementType(zeros)))
      zeros = makeBlockMatrix(rewriter, zeros, rows, blocks);
    else
      zeros = unpackRows(rewriter, zeros, bits, rows, blocks);
    if (!quantized || !scales || !zeros)
      return op.emitError("the sizes of B, scales or zero points do not fit "
                          "N, K, bits and block_size");
    auto type = RankedTensorType::get({rows, inner}, elem);
    Value weight =
        onnx::DequantizeLinearOp::create(rewriter, loc, TypeRange{type}, ValueRange{quantized, scales, zeros},
                                         {intAttr(rewriter, "axis", 1), intAttr(rewriter, "block_size", block)})
            ->getResult(0);
    weight = makeTranspose(rewriter, loc, weight, {1, 0});
    Value y = makeLike<onnx::MatMulOp>(rewriter, loc, op->getResult(0), {a, weight});
    if (!onnx::isNoValue(op->getOperand(5)))
      y = makeBinary<onnx::AddOp>(rewriter, loc, y, op->getOperand(5));
    rewriter.replaceOp(op, y);
    return success();
  }
};

/// Rows of a table that is quantised in blocks: the rows of its parts are
/// gathered, then dequantised.
struct ExpandGatherBlockQuantized : OpRewritePattern<onnx::MsGatherBlockQuantizedOp> {
  using OpRewritePattern::OpRewritePattern;

  static int64_t getAxis(Operation *op, StringRef name, int64_t otherwise, int64_t rank) {
    auto value = op->getAttrOfType<IntegerAttr>(name);
    int64_t axis = value ? value.getValue().getSExtValue() : otherwise;
    return axis < 0 ? axis + rank : axis;
  }

  /// `bytes` with each one's elements along the last dimension.
  static Value unpackLast(OpBuilder &builder, Value bytes, unsigned bits, int64_t size) {
    auto type = dyn_cast<RankedTensorType>(bytes.getType());
    if (!type || !type.hasStaticShape() || type.getRank() == 0)
      return nullptr;
    int64_t rows = 1;
    for (int64_t dim : type.getShape().drop_back())
      rows *= dim;
    Value matrix = unpackRows(builder, bytes, bits, rows, size);
    if (!matrix)
      return nullptr;
    Dims dims = getDims(bytes);
    dims.back() = builder.getAffineConstantExpr(size);
    return makeReshape(builder, bytes.getLoc(), matrix, dims);
  }

  static Value gather(OpBuilder &builder, Value table, Value indices, int64_t axis) {
    Dims from = getDims(table), dims(from.begin(), from.begin() + axis);
    llvm::append_range(dims, getDims(indices));
    dims.append(from.begin() + axis + 1, from.end());
    Type type = tp::makeTensorType(dims, getElementType(table));
    return onnx::GatherOp::create(builder, table.getLoc(), TypeRange{type}, ValueRange{table, indices},
                                  {intAttr(builder, "axis", axis)})
        ->getResult(0);
  }

  LogicalResult matchAndRewrite(onnx::MsGatherBlockQuantizedOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value data = op->getOperand(0), indices = op->getOperand(1);
    Value scales = op->getOperand(2), zeros = op->getOperand(3);
    int64_t rank = getRank(data);
    int64_t axis = getAxis(op, "gather_axis", 0, rank);
    int64_t quantized = getAxis(op, "quantize_axis", 1, rank);
    int64_t block = getAxis(op, "block_size", 128, 0);
    int64_t bits = getAxis(op, "bits", 4, 0);
    if (bits != 2 && bits != 4 && bits != 8)
      return op.emitError() << "elements of " << bits << " bits are not "
                            << "supported";
    if (axis == quantized)
      return op.emitError("a lookup along the quantised axis is not supported");
    if (getElementType(data).isUnsignedInteger(8)) {
      std::optional<int64_t> bytes = getStaticDim(data, -1);
      std::optional<int64_t> blocks = getStaticDim(scales, -1);
      if (!bytes || !blocks)
        return op.emitError("the size of the table is not known");
      int64_t size = *bytes * (8 / bits);
      data = bits == 8 ? data : unpackLast(rewriter, data, bits, size);
      if (onnx::isNoValue(zeros))
        zeros = data ? makeScalar(rewriter, loc, 1 << (bits - 1), getElementType(data)) : Value();
      else if (bits < 8)
        zeros = unpackLast(rewriter, zeros, bits, *blocks);
      if (!data || !zeros)
        return op.emitError("the sizes of the table and its zero points do not "
                            "fit each other");
    }
    SmallVector<Value> operands{gather(rewriter, data, indices, axis), gather(rewriter, scales, indices, axis)};
    if (!onnx::isNoValue(zeros))
      operands.push_back(getRank(zeros) == 0 ? zeros : gather(rewriter, zeros, indices, axis));
    if (quantized > axis)
      quantized += getRank(indices) - 1;
    rewriter.replaceOp(op, makeLike<onnx::DequantizeLinearOp>(
                               rewriter, loc, op->getResult(0), operands,
                               {intAttr(rewriter, "axis", quantized), intAttr(rewriter, "block_size", block)}));
    return success();
  }
};

struct ExpandQuantized : tpo::impl::ExpandQuantizedPassBase<ExpandQuantized> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandMatMulInteger, ExpandQLinearMatMul, ExpandDynamicQuantize, ExpandMatMulNBits,
                 ExpandGatherBlockQuantized>(&getContext());
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
