//===- ScalarEmitter.cpp - Tensor operators as scalar code ----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tpo::kernels {

EmitFn lookupEmitter(StringRef name) {
  static const llvm::StringMap<EmitFn> table = [] {
    llvm::StringMap<EmitFn> result;
    registerElementwise(result);
    registerDataMovement(result);
    registerReductions(result);
    registerConvolution(result);
    registerPooling(result);
    registerResize(result);
    registerSampling(result);
    registerSignal(result);
    registerSpatialMovement(result);
    registerEinsum(result);
    registerActivations(result);
    registerSelection(result);
    registerConversions(result);
    return result;
  }();
  return table.lookup(name);
}

Type getMemoryType(Type type) {
  if (!type.isIntOrFloat())
    return type;
  unsigned width = type.getIntOrFloatBitWidth();
  if (width > 1 && width <= 8)
    return IntegerType::get(type.getContext(), 8);
  return isa<IntegerType>(type) ? IntegerType::get(type.getContext(), width) : type;
}

Type getComputeType(Type type) {
  if (type.isF16() || type.isBF16())
    return Float32Type::get(type.getContext());
  return getMemoryType(type);
}

StringRef getOpName(Operation *op) { return op->getName().stripDialect(); }

Value ScalarEmitter::unsupported(Operation *op, const Twine &why) {
  op->emitError() << getOpName(op) << ": " << why;
  return Value();
}

Type ScalarEmitter::computeTypeOf(Value tensor) { return getComputeType(getElementTypeOrSelf(tensor.getType())); }

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

Value ScalarEmitter::index(int64_t value) {
  Value &known = indexConstants[value];
  if (!known) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(entry);
    known = arith::ConstantIndexOp::create(b, loc, value);
  }
  return known;
}

// Null operands, after an error, give null.
Value ScalarEmitter::add(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return Value();
  if (lhs == index(0))
    return rhs;
  if (rhs == index(0))
    return lhs;
  return arith::AddIOp::create(b, loc, lhs, rhs);
}

Value ScalarEmitter::sub(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return Value();
  if (rhs == index(0))
    return lhs;
  return arith::SubIOp::create(b, loc, lhs, rhs);
}

Value ScalarEmitter::mul(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return Value();
  if (lhs == index(1))
    return rhs;
  if (rhs == index(1))
    return lhs;
  if (lhs == index(0) || rhs == index(0))
    return index(0);
  return arith::MulIOp::create(b, loc, lhs, rhs);
}

Value ScalarEmitter::less(Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, lhs, rhs);
}

Value ScalarEmitter::constant(Type type, double value) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(integer, static_cast<int64_t>(value)));
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value ScalarEmitter::symbol(unsigned index) {
  for (auto [known, argument] : llvm::zip(symbols, symbolArguments))
    if (known == index)
      return argument;
  symbols.push_back(index);
  symbolArguments.push_back(entry->addArgument(b.getIndexType(), loc));
  return symbolArguments.back();
}

Value ScalarEmitter::materialize(AffineExpr expr) {
  if (!expr)
    return Value();
  if (std::optional<int64_t> known = tp::getConst(expr))
    return index(*known);
  if (Value known = materialized.lookup(expr))
    return known;
  SmallVector<Value> symbolValues(tp::getNumSymbols(expr), index(0));
  expr.walk([&](AffineExpr part) {
    if (auto used = dyn_cast<AffineSymbolExpr>(part))
      symbolValues[used.getPosition()] = symbol(used.getPosition());
  });
  OpBuilder::InsertionGuard guard(b);
  // After the constants, before the loop nest: sizes are loop invariant.
  Operation *last = nullptr;
  for (Operation &op : *entry)
    if (isa<arith::ArithDialect>(op.getDialect()))
      last = &op;
    else
      break;
  if (last)
    b.setInsertionPointAfter(last);
  else
    b.setInsertionPointToStart(entry);
  Value result = affine::expandAffineExpr(b, loc, expr, {}, symbolValues);
  materialized[expr] = result;
  return result;
}

Value ScalarEmitter::size(Value tensor, unsigned dim) {
  AffineExpr expr = tp::getDims(cast<ShapedType>(tensor.getType()))[dim];
  if (!expr) {
    mlir::emitError(tensor.getLoc()) << "the size of dimension " << dim << " of " << tensor.getType()
                                     << " is not known";
    return Value();
  }
  return materialize(expr);
}

void ScalarEmitter::check(Operation *op, Value condition, Value got, Value limit) {
  auto site = llvm::find(checkSites, op);
  int64_t number = site - checkSites.begin();
  if (site == checkSites.end())
    checkSites.push_back(op);
  rt::CheckOp::create(b, loc, condition, got, limit, number);
}

Value ScalarEmitter::wrapIndex(Operation *op, Value indices, Value element, Value data, unsigned dim) {
  Value extent = size(data, dim);
  if (!extent || !element)
    return Value();
  Key key{op, {element.getAsOpaquePointer(), extent.getAsOpaquePointer()}};
  for (auto &scope : llvm::reverse(scopes))
    if (auto known = scope.find(key); known != scope.end())
      return known->second;
  AffineExpr extentExpr = tp::getDims(cast<ShapedType>(data.getType()))[dim];
  if (std::optional<int64_t> fixed = tp::getConst(extentExpr))
    if (std::optional<SmallVector<int64_t>> known = getConstantInts(indices))
      for (int64_t value : *known)
        if (value < -*fixed || value >= *fixed)
          return unsupported(op, "index " + Twine(value) + " is out of range for " + Twine(*fixed) + " elements");
  Value position = element.getType().isIndex() ? element
                                               : arith::IndexCastOp::create(b, loc, b.getIndexType(), element);
  Value negative = less(position, index(0));
  Value wrapped = arith::AddIOp::create(b, loc, position, extent);
  Value result = arith::SelectOp::create(b, loc, negative, wrapped, position);
  if (!isProvablyInRange(indices, extentExpr)) {
    // One unsigned comparison checks both ends.
    Value inRange = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, result, extent);
    check(op, inRange, position, extent);
    Value last = arith::SubIOp::create(b, loc, extent, index(1));
    result = arith::MinSIOp::create(b, loc, result, last);
    result = arith::MaxSIOp::create(b, loc, result, index(0));
  }
  scopes.back()[key] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Value ScalarEmitter::choose(Value condition, Type type, llvm::function_ref<Value()> then,
                            llvm::function_ref<Value()> otherwise) {
  if (!condition)
    return Value();
  bool failed = false;
  auto fill = [&](llvm::function_ref<Value()> emit) {
    return [&, emit](OpBuilder &, Location) {
      scopes.emplace_back();
      Value value = emit();
      scopes.pop_back();
      if (!value) {
        failed = true;
        value = constant(type, 0);
      }
      scf::YieldOp::create(b, loc, value);
    };
  };
  // The builders below work at b's own insertion point.
  auto ifOp = scf::IfOp::create(b, loc, TypeRange{type}, condition, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifOp.thenBlock());
    fill(then)(b, loc);
    b.setInsertionPointToStart(ifOp.elseBlock());
    fill(otherwise)(b, loc);
  }
  return failed ? Value() : ifOp.getResult(0);
}

SmallVector<Value> ScalarEmitter::reduce(Value count, ValueRange init,
                                         llvm::function_ref<SmallVector<Value>(ValueRange, Value)> step) {
  if (!count || llvm::is_contained(init, Value()))
    return {};
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scopes.emplace_back();
  SmallVector<Value> next = step(loop.getRegionIterArgs(), loop.getInductionVar());
  scopes.pop_back();
  if (next.empty() || llvm::is_contained(next, Value()))
    return {};
  scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

BlockArgument ScalarEmitter::inputArgument(Value value) {
  for (auto [known, argument] : llvm::zip(inputs, inputArguments))
    if (known == value)
      return argument;
  auto type = cast<RankedTensorType>(value.getType());
  inputs.push_back(value);
  inputArguments.push_back(
      entry->addArgument(RankedTensorType::get(type.getShape(), getMemoryType(type.getElementType())), loc));
  return inputArguments.back();
}

Value ScalarEmitter::element(Value value, ValueRange indices) {
  if (llvm::is_contained(indices, Value()))
    return Value();
  Key key{value.getAsOpaquePointer(), {}};
  for (Value position : indices)
    key.second.push_back(position.getAsOpaquePointer());
  for (auto &scope : llvm::reverse(scopes))
    if (auto known = scope.find(key); known != scope.end())
      return known->second;
  Value result;
  Operation *op = value.getDefiningOp();
  if (op && isInlined(op)) {
    result = compute(op, cast<OpResult>(value).getResultNumber(), indices);
  } else {
    BlockArgument argument = inputArgument(value);
    result = tensor::ExtractOp::create(b, loc, argument, indices);
    Type computeType = getComputeType(result.getType());
    if (computeType != result.getType())
      result = arith::ExtFOp::create(b, loc, computeType, result);
  }
  if (result)
    scopes.back()[key] = result;
  return result;
}

Value ScalarEmitter::broadcastElement(Value value, ValueRange indices) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() > static_cast<int64_t>(indices.size())) {
    emitError(loc) << "an operand of " << type.getRank() << " dimensions is broadcast to " << indices.size();
    return nullptr;
  }
  unsigned skipped = indices.size() - type.getRank();
  SmallVector<Value> own;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    own.push_back(type.getDimSize(dim) == 1 ? index(0) : indices[skipped + dim]);
  return element(value, own);
}

Value ScalarEmitter::compute(Operation *op, unsigned result, ValueRange indices) {
  EmitFn emit = lookupEmitter(getOpName(op));
  if (!emit)
    return unsupported(op, "this operator cannot be compiled yet");
  Location outer = loc;
  loc = op->getLoc();
  Value value = emit(*this, op, result, indices);
  loc = outer;
  return value;
}

//===----------------------------------------------------------------------===//
// Constants and attributes
//===----------------------------------------------------------------------===//

std::optional<SmallVector<AffineExpr>> getSizeExprs(Value value) {
  Operation *op = value ? value.getDefiningOp() : nullptr;
  if (!op)
    return std::nullopt;
  if (auto dims = op->getAttrOfType<tp::DimsAttr>("value"))
    return SmallVector<AffineExpr>(dims.getExprs());
  if (std::optional<SmallVector<int64_t>> ints = getConstantInts(value)) {
    SmallVector<AffineExpr> exprs;
    for (int64_t element : *ints)
      exprs.push_back(getAffineConstantExpr(element, op->getContext()));
    return exprs;
  }
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> getConstantInts(Value value) {
  Operation *op = value ? value.getDefiningOp() : nullptr;
  if (!op)
    return std::nullopt;
  if (auto dims = op->getAttrOfType<tp::DimsAttr>("value")) {
    SmallVector<int64_t> ints;
    for (AffineExpr expr : dims.getExprs()) {
      std::optional<int64_t> known = tp::getConst(expr);
      if (!known)
        return std::nullopt;
      ints.push_back(*known);
    }
    return ints;
  }
  if (getOpName(op) != "Constant")
    return std::nullopt;
  auto elements = op->getAttrOfType<DenseIntElementsAttr>("value");
  if (!elements)
    return std::nullopt;
  SmallVector<int64_t> ints;
  for (const APInt &element : elements.getValues<APInt>())
    ints.push_back(element.getSExtValue());
  return ints;
}

int64_t getInt(Operation *op, StringRef name, int64_t otherwise) {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

double getFloat(Operation *op, StringRef name, double otherwise) {
  auto attr = op->getAttrOfType<FloatAttr>(name);
  return attr ? attr.getValueAsDouble() : otherwise;
}

StringRef getString(Operation *op, StringRef name, StringRef otherwise) {
  auto attr = op->getAttrOfType<StringAttr>(name);
  return attr ? attr.getValue() : otherwise;
}

std::optional<SmallVector<int64_t>> getInts(Operation *op, StringRef name) {
  auto array = op->getAttrOfType<ArrayAttr>(name);
  if (!array)
    return std::nullopt;
  SmallVector<int64_t> ints;
  for (Attribute element : array)
    ints.push_back(cast<IntegerAttr>(element).getValue().getSExtValue());
  return ints;
}

bool hasOperand(Operation *op, unsigned i) {
  return i < op->getNumOperands() && !isa<NoneType>(op->getOperand(i).getType());
}

} // namespace tpo::kernels
