//===- Rt.cpp - The rt dialect and its verifiers --------------------------===//

#include "dialects/Rt/Rt.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tpo::rt;

#include "dialects/Rt/RtDialect.cpp.inc"
#include "dialects/Rt/RtEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Rt/RtAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Rt/RtOps.cpp.inc"

void RtDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Rt/RtAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Rt/RtOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Shared by the destination-style operations
//===----------------------------------------------------------------------===//

ArrayRef<int64_t> tpo::rt::getOperandPerm(Operation *op, unsigned operand) {
  auto perms = op->getAttrOfType<ArrayAttr>("perms");
  if (!perms || operand >= perms.size())
    return {};
  auto perm = dyn_cast<DenseI64ArrayAttr>(perms[operand]);
  return perm ? perm.asArrayRef() : ArrayRef<int64_t>();
}

void tpo::rt::getDestinationStyleEffects(
    Operation *op, SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  auto dpsOp = cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (dpsOp.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand, SideEffects::DefaultResource::get());
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand, SideEffects::DefaultResource::get());
  }
}

static LogicalResult verifyPerms(Operation *op) {
  auto perms = op->getAttrOfType<ArrayAttr>("perms");
  if (!perms)
    return success();
  if (perms.size() > op->getNumOperands())
    return op->emitOpError() << "has " << perms.size() << " perms for " << op->getNumOperands() << " operands";
  for (auto [index, attr] : llvm::enumerate(perms)) {
    auto perm = dyn_cast<DenseI64ArrayAttr>(attr);
    if (!perm)
      return op->emitOpError("perms must be arrays of i64");
    if (perm.empty())
      continue;
    auto type = dyn_cast<ShapedType>(op->getOperand(index).getType());
    if (!type || !isPermutationVector(perm.asArrayRef()) || perm.size() != type.getRank())
      return op->emitOpError() << "perm " << index << " is not a permutation of the operand's dimensions";
  }
  return success();
}

/// The shape of operand `index` as the operation sees it.
static SmallVector<int64_t> getLogicalShape(Operation *op, unsigned index) {
  auto type = cast<ShapedType>(op->getOperand(index).getType());
  ArrayRef<int64_t> perm = getOperandPerm(op, index);
  if (perm.empty())
    return llvm::to_vector(type.getShape());
  SmallVector<int64_t> shape;
  for (int64_t dim : perm)
    shape.push_back(type.getDimSize(dim));
  return shape;
}

static bool mayBeEqual(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

static bool mayBroadcastTo(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  if (from.size() > to.size())
    return false;
  return llvm::all_of(llvm::zip(llvm::reverse(from), llvm::reverse(to)), [](auto pair) {
    return std::get<0>(pair) == 1 || mayBeEqual(std::get<0>(pair), std::get<1>(pair));
  });
}

static bool haveSameShape(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip(a, b), [](auto pair) { return mayBeEqual(std::get<0>(pair), std::get<1>(pair)); });
}

//===----------------------------------------------------------------------===//
// Values: weight, reshape, slot
//===----------------------------------------------------------------------===//

static LogicalResult verifySizes(Operation *op, ValueRange sizes, Type type) {
  auto shaped = cast<ShapedType>(type);
  if (int64_t(sizes.size()) != int64_t(shaped.getNumDynamicDims()))
    return op->emitOpError() << "has " << sizes.size() << " sizes for " << shaped.getNumDynamicDims()
                             << " dynamic dimensions";
  return success();
}

LogicalResult WeightOp::verify() { return verifySizes(*this, getSizes(), getResult().getType()); }
LogicalResult SlotOp::verify() { return verifySizes(*this, getSizes(), getResult().getType()); }

LogicalResult ReshapeOp::verify() {
  auto source = cast<ShapedType>(getSource().getType());
  auto result = cast<ShapedType>(getResult().getType());
  if (source.getElementType() != result.getElementType())
    return emitOpError("changes the element type");
  if (isa<MemRefType>(source) != isa<MemRefType>(result))
    return emitOpError("mixes tensor and memref");
  for (ShapedType type : {source, result})
    if (auto memref = dyn_cast<MemRefType>(type); memref && !memref.getLayout().isIdentity())
      return emitOpError() << "needs contiguous memory, got " << memref;
  if (source.hasStaticShape() && result.hasStaticShape() && source.getNumElements() != result.getNumElements())
    return emitOpError() << "changes the number of elements";
  return verifySizes(*this, getSizes(), result);
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getSource().getType() == getResult().getType() &&
      cast<ShapedType>(getSource().getType()).getNumDynamicDims() <= 1)
    return getSource();
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Destination-style operations
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  SmallVector<int64_t> a = getLogicalShape(*this, 0), b = getLogicalShape(*this, 1);
  unsigned outIndex = getOutMutable().getOperandNumber();
  SmallVector<int64_t> out = getLogicalShape(*this, outIndex);
  if (a.size() < 2 || b.size() < 2 || out.size() < 2)
    return emitOpError("operands need at least two dimensions");
  if (!mayBeEqual(a.back(), b[b.size() - 2]) || !mayBeEqual(a[a.size() - 2], out[out.size() - 2]) ||
      !mayBeEqual(b.back(), out.back()))
    return emitOpError("shapes do not match: a [.., m, k], b [.., k, n], out [.., m, n]");
  ArrayRef<int64_t> batch = ArrayRef(out).drop_back(2);
  if (!mayBroadcastTo(ArrayRef(a).drop_back(2), batch) || !mayBroadcastTo(ArrayRef(b).drop_back(2), batch))
    return emitOpError("leading dimensions do not broadcast to the result's");
  unsigned next = 2;
  if (getBias() && !mayBroadcastTo(getLogicalShape(*this, next++), out))
    return emitOpError("bias does not broadcast to the result");
  if (getResidual() && !haveSameShape(getLogicalShape(*this, next), out))
    return emitOpError("residual has another shape than the result");
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  SmallVector<int64_t> q = getLogicalShape(*this, 0), k = getLogicalShape(*this, 1), v = getLogicalShape(*this, 2);
  SmallVector<int64_t> out = getLogicalShape(*this, getOutMutable().getOperandNumber());
  if (q.size() != 4 || k.size() != 4 || v.size() != 4 || out.size() != 4)
    return emitOpError("operands need four dimensions: batch, heads, sequence, channels");
  if (!mayBeEqual(q[3], k[3]) || !mayBeEqual(k[1], v[1]) || !mayBeEqual(k[2], v[2]) ||
      !haveSameShape(out, {q[0], q[1], q[2], v[3]}))
    return emitOpError("shapes of q, k, v and the result do not match");
  if (getMask() && !mayBroadcastTo(getLogicalShape(*this, 3), {q[0], q[1], q[2], k[2]}))
    return emitOpError("mask does not broadcast to [batch, heads, queries, keys]");
  if (getGroup() < 1)
    return emitOpError("group must be positive");
  return success();
}

LogicalResult GatherOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  SmallVector<int64_t> table = getLogicalShape(*this, 0), indices = getLogicalShape(*this, 1);
  SmallVector<int64_t> out = getLogicalShape(*this, 2);
  int64_t axis = getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(table.size()))
    return emitOpError("axis is not a dimension of the table");
  SmallVector<int64_t> expected(table.begin(), table.begin() + axis);
  llvm::append_range(expected, indices);
  expected.append(table.begin() + axis + 1, table.end());
  if (!haveSameShape(expected, out))
    return emitOpError("the result's shape is not the table's with the axis replaced by the indices' shape");
  return success();
}

LogicalResult ScatterOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  SmallVector<int64_t> data = getLogicalShape(*this, 0), indices = getLogicalShape(*this, 1);
  SmallVector<int64_t> updates = getLogicalShape(*this, 2), out = getLogicalShape(*this, 3);
  if (!haveSameShape(data, out))
    return emitOpError("data and result have different shapes");
  if (std::optional<uint64_t> axis = getAxis()) {
    if (*axis >= data.size() || indices.size() != data.size() || !haveSameShape(indices, updates))
      return emitOpError("indices and updates need one shape, of the data's rank, and axis a dimension of it");
    return success();
  }
  int64_t depth = indices.empty() ? ShapedType::kDynamic : indices.back();
  if (ShapedType::isDynamic(depth) || depth > static_cast<int64_t>(data.size()))
    return emitOpError("the indices' last dimension does not index the data's");
  SmallVector<int64_t> expected(indices.begin(), indices.end() - 1);
  expected.append(data.begin() + depth, data.end());
  if (!haveSameShape(updates, expected))
    return emitOpError("the updates' shape is not that of the indexed blocks");
  return success();
}

LogicalResult TopKOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  SmallVector<int64_t> data = getLogicalShape(*this, 0), values = getLogicalShape(*this, 1);
  if (getAxis() >= data.size())
    return emitOpError("axis is not a dimension of the data");
  data[getAxis()] = ShapedType::kDynamic;
  if (!haveSameShape(data, values) || !haveSameShape(values, getLogicalShape(*this, 2)))
    return emitOpError("results need the data's shape beside the axis");
  return success();
}

LogicalResult CacheAppendOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  SmallVector<int64_t> past = getLogicalShape(*this, 0), fresh = getLogicalShape(*this, 1);
  SmallVector<int64_t> out = getLogicalShape(*this, 2);
  int64_t axis = getAxis();
  if (axis < 0 || axis >= static_cast<int64_t>(out.size()))
    return emitOpError("axis is not a dimension of the result");
  if (past.size() != out.size() || fresh.size() != out.size())
    return emitOpError("operands and result have different ranks");
  past[axis] = fresh[axis] = out[axis] = ShapedType::kDynamic;
  if (!haveSameShape(past, out) || !haveSameShape(fresh, out))
    return emitOpError("operands and result differ beside the axis");
  return success();
}

LogicalResult CollectiveOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  int64_t rank = cast<ShapedType>(getInput().getType()).getRank();
  bool usesDim = getKind() == CollectiveKind::AllGather || getKind() == CollectiveKind::ReduceScatter ||
                 getKind() == CollectiveKind::AllToAll;
  if (usesDim && (static_cast<int64_t>(getDim()) >= rank || static_cast<int64_t>(getDim2()) >= rank))
    return emitOpError("dim is not a dimension of the operand");
  if (!usesDim && !haveSameShape(getLogicalShape(*this, 0), getLogicalShape(*this, 1)))
    return emitOpError("operand and result have different shapes");
  return success();
}

LogicalResult CopyOp::verify() {
  if (failed(verifyPerms(*this)))
    return failure();
  if (!haveSameShape(getLogicalShape(*this, 0), getLogicalShape(*this, 1)))
    return emitOpError("operand and result have different shapes");
  if (getElementTypeOrSelf(getInput().getType()) != getElementTypeOrSelf(getOut().getType()))
    return emitOpError("changes the element type");
  return success();
}

LogicalResult LaunchOp::verify() { return verifyPerms(*this); }

/// Whether a kernel may take elements of `actual` as `formal`: kernels know no
/// signs, and elements of 8 bits or less (but bool) as bytes.
static bool fitsKernel(Type actual, Type formal) {
  if (actual == formal)
    return true;
  if (!actual.isIntOrFloat() || !formal.isSignlessInteger())
    return false;
  unsigned width = actual.getIntOrFloatBitWidth();
  if (width > 1 && width <= 8)
    return formal.isInteger(8);
  return isa<IntegerType>(actual) && formal.isInteger(width);
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "kernel " << getKernelAttr() << " does not exist";
  // Compiled kernels (LLVM functions) have another calling convention.
  if (!isa<func::FuncOp>(kernel.getOperation()))
    return success();
  if (kernel.getNumArguments() != getNumOperands())
    return emitOpError() << "passes " << getNumOperands() << " operands to kernel " << getKernelAttr() << " of "
                         << kernel.getNumArguments() << " arguments";
  for (auto [operand, type] : llvm::zip(getOperands(), kernel.getArgumentTypes())) {
    auto actual = dyn_cast<ShapedType>(operand.getType()), formal = dyn_cast<ShapedType>(type);
    if (bool(actual) != bool(formal) ||
        (actual && (!fitsKernel(actual.getElementType(), formal.getElementType()) ||
                    actual.getRank() != formal.getRank())))
      return emitOpError() << "operand of type " << operand.getType() << " does not fit argument of type " << type;
  }
  return success();
}
