//===- HostBuilder.cpp - Builds the host functions ------------------------===//

#include "HostBuilder.h"

#include "tp-opt/Lowering/Sizes.h"
#include "tprt/abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tpo;

/// tprt_view as an LLVM type.
static Type getViewType(MLIRContext *context) {
  Type i32 = IntegerType::get(context, 32), i64 = IntegerType::get(context, 64);
  Type array = LLVM::LLVMArrayType::get(i64, TPRT_MAX_RANK);
  return LLVM::LLVMStructType::getLiteral(context, {LLVM::LLVMPointerType::get(context), i32, i32, array, array});
}
// Fields of tprt_view.
enum { kData, kDtype, kRank, kSizes, kStrides };

static int32_t getFloatDtype(Type type) {
  return llvm::TypeSwitch<Type, int32_t>(type)
      .Case<Float32Type>([](Type) { return TPRT_F32; })
      .Case<Float64Type>([](Type) { return TPRT_F64; })
      .Case<Float16Type>([](Type) { return TPRT_F16; })
      .Case<BFloat16Type>([](Type) { return TPRT_BF16; })
      .Case<Float8E4M3FNType>([](Type) { return TPRT_F8E4M3FN; })
      .Case<Float8E4M3FNUZType>([](Type) { return TPRT_F8E4M3FNUZ; })
      .Case<Float8E5M2Type>([](Type) { return TPRT_F8E5M2; })
      .Case<Float8E5M2FNUZType>([](Type) { return TPRT_F8E5M2FNUZ; })
      .Case<Float8E8M0FNUType>([](Type) { return TPRT_F8E8M0; })
      .Case<Float6E2M3FNType>([](Type) { return TPRT_F6E2M3; })
      .Case<Float6E3M2FNType>([](Type) { return TPRT_F6E3M2; })
      .Case<Float4E2M1FNType>([](Type) { return TPRT_F4E2M1; })
      .Default([](Type) { return 0; });
}

int32_t tpo::getRuntimeDtype(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return getFloatDtype(type);
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return TPRT_BOOL;
  case 2:
    return isUnsigned ? TPRT_U2 : TPRT_I2;
  case 4:
    return isUnsigned ? TPRT_U4 : TPRT_I4;
  case 8:
    return isUnsigned ? TPRT_U8 : TPRT_I8;
  case 16:
    return isUnsigned ? TPRT_U16 : TPRT_I16;
  case 32:
    return isUnsigned ? TPRT_U32 : TPRT_I32;
  case 64:
    return isUnsigned ? TPRT_U64 : TPRT_I64;
  default:
    return 0;
  }
}

HostBuilder::HostBuilder(ModuleOp module, func::FuncOp host, StringRef name, ArrayRef<HostArg> argList)
    : module(module), host(host), builder(module.getContext()), entryBuilder(module.getContext()), loc(host.getLoc()),
      ptr(LLVM::LLVMPointerType::get(module.getContext())), i64Type(builder.getI64Type()),
      viewType(getViewType(module.getContext())) {
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(module.getContext()),
                                          SmallVector<Type>(argList.size(), ptr));
  function = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  // A straight line of calls: optimising it costs time and gains nothing.
  function.setPassthroughAttr(builder.getStrArrayAttr({"noinline", "optnone"}));
  Block *entry = function.addEntryBlock(builder);
  for (auto [index, arg] : llvm::enumerate(argList))
    args[arg] = entry->getArgument(index);
  // Everything of the body goes into a second block: the first one collects
  // constants and stack slots.
  Block *body = builder.createBlock(&function.getBody());
  entryBuilder.setInsertionPointToEnd(entry);
  auto branch = LLVM::BrOp::create(entryBuilder, loc, ValueRange(), body);
  entryBuilder.setInsertionPoint(branch);
  builder.setInsertionPointToEnd(body);
}

void HostBuilder::finish() { LLVM::ReturnOp::create(builder, loc, ValueRange()); }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value HostBuilder::constant(Type type, Attribute value) {
  Value &result = constants[value];
  if (!result)
    result = LLVM::ConstantOp::create(entryBuilder, loc, type, value);
  return result;
}

Value HostBuilder::i32(int32_t value) { return constant(builder.getI32Type(), builder.getI32IntegerAttr(value)); }
Value HostBuilder::i64(int64_t value) { return constant(i64Type, builder.getI64IntegerAttr(value)); }
Value HostBuilder::f32(float value) { return constant(builder.getF32Type(), builder.getF32FloatAttr(value)); }

Value HostBuilder::null() {
  if (!nullPointer)
    nullPointer = LLVM::ZeroOp::create(entryBuilder, loc, ptr);
  return nullPointer;
}

Value HostBuilder::toValue(OpFoldResult value) {
  if (auto attr = dyn_cast<Attribute>(value))
    return i64(cast<IntegerAttr>(attr).getInt());
  return cast<Value>(value);
}

OpFoldResult HostBuilder::multiply(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return fold(*x * *y);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return LLVM::MulOp::create(builder, loc, toValue(a), toValue(b)).getResult();
}

SmallVector<OpFoldResult> HostBuilder::getSizes(MemRefType type, ValueRange dynamic) {
  SmallVector<OpFoldResult> sizes;
  unsigned next = 0;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? OpFoldResult(get(dynamic[next++])) : fold(size));
  return sizes;
}

SmallVector<OpFoldResult> HostBuilder::contiguousStrides(ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(sizes.size());
  OpFoldResult stride = fold(1);
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    if (i > 0)
      stride = multiply(stride, sizes[i]);
  }
  return strides;
}

void HostBuilder::define(Value value, Value data, SmallVector<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides = contiguousStrides(sizes);
  buffers[value] = {data, cast<MemRefType>(value.getType()).getElementType(), std::move(sizes), std::move(strides)};
}

Value HostBuilder::element(Value base, Type elementType, int64_t index) {
  return LLVM::GEPOp::create(builder, loc, ptr, elementType, base, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
}

Value HostBuilder::load(Type type, HostArg array, int64_t index) {
  return LLVM::LoadOp::create(builder, loc, type, element(args.lookup(array), type, index));
}

Value HostBuilder::field(Value view, ArrayRef<int32_t> path) {
  SmallVector<LLVM::GEPArg> indices{0};
  for (int32_t step : path)
    indices.push_back(step);
  return LLVM::GEPOp::create(builder, loc, ptr, viewType, view, indices);
}

void HostBuilder::store(Value value, Value pointer) { LLVM::StoreOp::create(builder, loc, value, pointer); }

Value HostBuilder::stackSlot(StringRef kind, unsigned index, Type type) {
  Value &slot = stackSlots[(kind + llvm::Twine(index)).str()];
  if (!slot)
    slot = LLVM::AllocaOp::create(entryBuilder, loc, ptr, type, i64(1), /*alignment=*/8);
  return slot;
}

//===----------------------------------------------------------------------===//
// Operations that define values
//===----------------------------------------------------------------------===//

bool HostBuilder::convertIndexOp(Operation *op) {
  if (auto symbol = dyn_cast<rt::SymbolOp>(op)) {
    Value &value = symbols[symbol.getIndex()];
    if (!value)
      value = load(i64Type, HostArg::Symbols, symbol.getIndex());
    mapping.map(symbol.getResult(), value);
    return true;
  }
  if (auto constantOp = dyn_cast<arith::ConstantIndexOp>(op)) {
    mapping.map(constantOp.getResult(), i64(constantOp.value()));
    return true;
  }
  if (!isa<arith::ArithDialect>(op->getDialect()) || op->getNumResults() != 1 || !op->getResult(0).getType().isIndex())
    return false;
  Operation *clone = builder.clone(*op, mapping);
  clone->getResult(0).setType(i64Type);
  mapping.map(op->getResult(0), clone->getResult(0));
  return true;
}

bool HostBuilder::convertBufferOp(Operation *op) {
  if (auto weight = dyn_cast<rt::WeightOp>(op)) {
    define(weight.getResult(), load(ptr, HostArg::Weights, weight.getIndex()),
           getSizes(cast<MemRefType>(weight.getResult().getType()), weight.getSizes()));
    return true;
  }
  if (auto slot = dyn_cast<rt::SlotOp>(op)) {
    Value offset = load(i64Type, HostArg::SlotOffsets, slot.getIndex());
    Value data = LLVM::GEPOp::create(builder, loc, ptr, builder.getI8Type(), args.lookup(HostArg::Arena),
                                     ArrayRef<LLVM::GEPArg>{offset});
    define(slot.getResult(), data, getSizes(cast<MemRefType>(slot.getResult().getType()), slot.getSizes()));
    return true;
  }
  if (auto reshape = dyn_cast<rt::ReshapeOp>(op)) {
    define(reshape.getResult(), buffers.lookup(reshape.getSource()).data,
           getSizes(cast<MemRefType>(reshape.getResult().getType()), reshape.getSizes()));
    return true;
  }
  if (auto cast = dyn_cast<memref::CastOp>(op)) {
    buffers[cast.getDest()] = buffers.lookup(cast.getSource());
    return true;
  }
  return false;
}

void HostBuilder::bindArguments() {
  int64_t input = 0;
  for (BlockArgument argument : host.getArguments()) {
    auto output = host.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), rt::RtDialect::kOutputAttr);
    Value view = output ? element(args.lookup(HostArg::Outputs), viewType, output.getInt())
                        : element(args.lookup(HostArg::Inputs), viewType, input++);
    auto type = cast<MemRefType>(argument.getType());
    auto loadField = [&](Type fieldType, ArrayRef<int32_t> path) -> Value {
      return LLVM::LoadOp::create(builder, loc, fieldType, field(view, path));
    };
    SmallVector<OpFoldResult> sizes;
    for (int32_t i = 0; i < type.getRank(); ++i)
      sizes.push_back(type.isDynamicDim(i) ? OpFoldResult(loadField(i64Type, {kSizes, i})) : fold(type.getDimSize(i)));
    define(argument, loadField(ptr, {kData}), sizes);
    if (!type.getLayout().isIdentity())
      for (int32_t i = 0; i + 1 < type.getRank(); ++i)
        buffers[argument].strides[i] = loadField(i64Type, {kStrides, i});
  }
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

template <typename T>
static SmallVector<T> permute(ArrayRef<T> values, ArrayRef<int64_t> perm) {
  if (perm.empty())
    return llvm::to_vector(values);
  SmallVector<T> result;
  for (int64_t dim : perm)
    result.push_back(values[dim]);
  return result;
}

SmallVector<OpFoldResult> HostBuilder::getLogicalSizes(Operation *op, unsigned operand) {
  return permute<OpFoldResult>(buffers[op->getOperand(operand)].sizes, rt::getOperandPerm(op, operand));
}

Value HostBuilder::view(Operation *op, unsigned operand) {
  const Buffer &buffer = buffers[op->getOperand(operand)];
  Value view = stackSlot("view", operand, viewType);
  ArrayRef<int64_t> perm = rt::getOperandPerm(op, operand);
  store(buffer.data, field(view, {kData}));
  store(i32(getRuntimeDtype(buffer.elementType)), field(view, {kDtype}));
  store(i32(buffer.sizes.size()), field(view, {kRank}));
  for (auto [index, size] : llvm::enumerate(permute<OpFoldResult>(buffer.sizes, perm)))
    store(toValue(size), field(view, {kSizes, static_cast<int32_t>(index)}));
  for (auto [index, stride] : llvm::enumerate(permute<OpFoldResult>(buffer.strides, perm)))
    store(toValue(stride), field(view, {kStrides, static_cast<int32_t>(index)}));
  return view;
}

Value HostBuilder::storeArray(ValueRange indices) {
  Value array = stackSlot("array", indices.size(), LLVM::LLVMArrayType::get(i64Type, indices.size()));
  for (auto [index, value] : llvm::enumerate(indices))
    store(get(value), element(array, i64Type, index));
  return array;
}

Value HostBuilder::storeAttentionParams(rt::AttentionOp op) {
  Type i32Type = builder.getI32Type(), f32Type = builder.getF32Type();
  Type type = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {f32Type, f32Type, i32Type, i32Type, i64Type, i64Type, i64Type, i64Type});
  Value params = stackSlot("attention", 0, type);
  auto indexOr0 = [&](Value index) { return index ? get(index) : i64(0); };
  Value fields[] = {f32(op.getScale().convertToFloat()),
                    f32(op.getSoftcap().convertToFloat()),
                    i32(op.getCausal()),
                    i32(static_cast<int32_t>(op.getGroup())),
                    indexOr0(op.getCausalOffset()),
                    i64(op.getWindow()),
                    indexOr0(op.getQHeadOffset()),
                    indexOr0(op.getKvHeadOffset())};
  for (auto [index, value] : llvm::enumerate(fields))
    store(value, LLVM::GEPOp::create(builder, loc, ptr, type, params,
                                     ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)}));
  return params;
}

void HostBuilder::storeSlotBytes(int64_t slot, OpFoldResult bytes) {
  store(toValue(bytes), element(args.lookup(HostArg::SlotBytes), i64Type, slot));
}

void HostBuilder::call(StringRef name, Operation *op, ArrayRef<Value> callArgs) {
  SmallVector<Value> operands{args.lookup(HostArg::Context),
                              i32(op->getAttrOfType<IntegerAttr>(rt::RtDialect::kOpAttr).getInt())};
  llvm::append_range(operands, callArgs);
  OpBuilder::InsertionGuard guard(builder);
  FailureOr<LLVM::LLVMFuncOp> callee = LLVM::lookupOrCreateFn(
      builder, module, name, llvm::to_vector(ValueRange(operands).getTypes()),
      LLVM::LLVMVoidType::get(builder.getContext()));
  LLVM::CallOp::create(builder, loc, *callee, operands);
}

LogicalResult HostBuilder::callKernel(rt::LaunchOp op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (!isa<MemRefType>(operand.getType())) {
      operands.push_back(get(operand));
      continue;
    }
    // The expanded memref descriptor: allocated and aligned pointer, offset,
    // sizes, strides.
    const Buffer &buffer = buffers[operand];
    operands.append({buffer.data, buffer.data, i64(0)});
    for (OpFoldResult size : buffer.sizes)
      operands.push_back(toValue(size));
    for (OpFoldResult stride : buffer.strides)
      operands.push_back(toValue(stride));
  }
  if (op->hasAttr(rt::RtDialect::kKernelIndexAttr)) {
    // GPU kernels that check take the number of their first checking operator.
    if (auto base = op->getAttrOfType<IntegerAttr>(rt::RtDialect::kCheckBaseAttr))
      operands.push_back(i64(base.getInt()));
    launchKernel(op, operands);
    return success();
  }
  auto kernel = module.lookupSymbol<LLVM::LLVMFuncOp>(op.getKernel());
  if (!kernel)
    return op.emitError() << "kernel " << op.getKernelAttr() << " is not compiled";
  if (kernel->hasAttr(rt::RtDialect::kCheckedAttr)) {
    auto base = op->getAttrOfType<IntegerAttr>(rt::RtDialect::kCheckBaseAttr);
    operands.append({args.lookup(HostArg::Context), i32(base ? base.getInt() : 0)});
  }
  LLVM::CallOp::create(builder, loc, kernel, operands);
  return success();
}

void HostBuilder::launchKernel(rt::LaunchOp op, ArrayRef<Value> operands) {
  constexpr int64_t kBlockSize = 256;
  auto array = [&](StringRef name, ArrayRef<Value> values) {
    Value slot = stackSlot(name, values.size(), LLVM::LLVMArrayType::get(i64Type, values.size()));
    for (auto [index, value] : llvm::enumerate(values))
      store(value, element(slot, value.getType(), index));
    return slot;
  };
  OpFoldResult total = fold(1);
  for (OpFoldResult size : buffers[op.getOuts().front()].sizes)
    total = multiply(total, size);
  Value padded = LLVM::AddOp::create(builder, loc, toValue(total), i64(kBlockSize - 1));
  Value blocks = LLVM::UDivOp::create(builder, loc, padded, i64(kBlockSize));
  // Every parameter is 8 bytes: a pointer or an i64.
  Value values = array("values", operands);
  SmallVector<Value> addresses;
  for (size_t index = 0; index < operands.size(); ++index)
    addresses.push_back(element(values, i64Type, index));
  auto number = op->getAttrOfType<IntegerAttr>(rt::RtDialect::kKernelIndexAttr);
  call("tprt_op_launch", op,
       {i32(number.getInt()), array("grid", {blocks, i64(1), i64(1)}), array("block", {i64(kBlockSize), i64(1), i64(1)}),
        array("addresses", addresses), i32(operands.size())});
}

//===----------------------------------------------------------------------===//
// One of several functions
//===----------------------------------------------------------------------===//

void HostBuilder::clearSlotBytes(int64_t count) {
  Value zero = LLVM::ConstantOp::create(entryBuilder, loc, builder.getI8Type(), builder.getI8IntegerAttr(0));
  LLVM::MemsetOp::create(builder, loc, args.lookup(HostArg::SlotBytes), zero, i64(count * 8), /*isVolatile=*/false);
}

void HostBuilder::forward(StringRef callee) {
  LLVM::CallOp::create(builder, loc, module.lookupSymbol<LLVM::LLVMFuncOp>(callee),
                       ValueRange(function.getArguments()));
}

void HostBuilder::forwardWhere(tp::DimsAttr when, StringRef callee) {
  // Without expressions it holds everywhere.
  Value holds = LLVM::ConstantOp::create(entryBuilder, loc, builder.getI1Type(), builder.getBoolAttr(true));
  for (AffineExpr expr : when.getExprs()) {
    Block scratch;
    OpBuilder index(builder.getContext());
    index.setInsertionPointToEnd(&scratch);
    Value value = materialize(index, loc, expr);
    for (Operation &op : scratch)
      (void)convertIndexOp(&op);
    Value isZero = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, mapping.lookup(value), i64(0));
    holds = LLVM::AndOp::create(builder, loc, holds, isZero);
  }
  Block *current = builder.getInsertionBlock();
  Block *then = builder.createBlock(&function.getBody());
  forward(callee);
  finish();
  Block *others = builder.createBlock(&function.getBody());
  builder.setInsertionPointToEnd(current);
  LLVM::CondBrOp::create(builder, loc, holds, then, others);
  builder.setInsertionPointToEnd(others);
}
