//===- FormKernels.cpp - Group operators into kernels ---------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decides which tensors of the local program exist in memory; each of them is
// computed by one kernel, one loop nest, into which the operators between it and
// the other tensors in memory are pulled (ScalarEmitter). Kernels that print the
// same are one kernel, so repeated layers are compiled once.
//
//===----------------------------------------------------------------------===//

#include "ScalarEmitter.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Lowering/Passes.h"
#include "tp-opt/Lowering/Sizes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_TPFORMKERNELSPASS
#include "tp-opt/Lowering/Passes.h.inc"

namespace {

using namespace kernels;

bool isOnnx(Operation *op) { return op && isa<onnx::OnnxDialect>(op->getDialect()); }

bool isLeaf(Operation *op) { return isa<onnx::ConstantOp, onnx::SymbolicConstantOp, onnx::NoValueOp>(op); }

/// Arithmetic per element of the result, in units of an addition. Moving and
/// comparing data counts nothing: it is a load wherever it happens.
unsigned elementCost(Operation *op) {
  return llvm::StringSwitch<unsigned>(getOpName(op))
      .Cases({"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Expand", "Slice", "Split"}, 0)
      .Cases({"Range", "Cast", "Shape", "Gather", "GatherND", "GatherElements"}, 0)
      .Cases({"Compress", "EyeLike", "ReverseSequence"}, 0)
      .Cases({"Exp", "Log", "Sin", "Cos", "Tan", "Tanh", "Erf", "Pow", "Gelu", "Sigmoid", "Swish"}, 16)
      .Cases({"Celu", "Mish", "Selu", "SwiGLU"}, 16)
      .Cases({"Softplus", "Elu", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"}, 16)
      .Cases({"Sqrt", "Reciprocal", "Div", "Mod"}, 4)
      .Default(1);
}

/// Whether an element of the result takes a loop over elements of operands that
/// other elements read, too.
bool readsRepeatedly(Operation *op) {
  static const llvm::StringSet<> names{
      "CumSum",   "CumProd",     "MatMul",  "Gemm",   "Conv",      "ConvInteger", "QLinearConv", "ConvTranspose",
      "Col2Im",   "AveragePool", "MaxPool", "LpPool", "MaxUnpool", "LRN",         "Resize",      "GridSample",
      "RoiAlign", "DeformConv",  "DFT",     "STFT",   "Einsum",    "Det"};
  return names.contains(getOpName(op));
}

bool isReduction(Operation *op) {
  StringRef name = getOpName(op);
  return name.starts_with("Reduce") || name == "ArgMax" || name == "ArgMin" || readsRepeatedly(op);
}

/// The tensors that exist in memory.
class MaterializationPlan {
public:
  explicit MaterializationPlan(func::FuncOp function) {
    SmallVector<Operation *> ops;
    for (Operation &op : function.getBody().front())
      if (isOnnx(&op) && !isLeaf(&op))
        ops.push_back(&op);
    for (Operation *op : ops)
      costs[op] = costOf(op);
    for (Operation *op : llvm::reverse(ops))
      for (Value result : op->getResults())
        decide(op, result);
  }
  bool isMaterialized(Value value) const { return materialized.contains(value); }

private:
  unsigned costOf(Operation *op) {
    unsigned cost = elementCost(op);
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp(); producer && costs.count(producer) && !isReduction(producer))
        cost += costs[producer];
    return std::min(cost, 1000u);
  }

  /// The tensors in memory into whose kernels `value` would be pulled.
  void decide(Operation *op, Value value) {
    if (value.use_empty())
      return;
    llvm::SmallSetVector<Value, 4> roots;
    bool inMemory = isReduction(op);
    for (Operation *user : value.getUsers()) {
      if (!isOnnx(user)) {
        inMemory = true;
        continue;
      }
      for (Value result : user->getResults()) {
        if (materialized.contains(result))
          roots.insert(result);
        else if (auto known = rootsOf.find(result); known != rootsOf.end())
          roots.insert(known->second.begin(), known->second.end());
      }
    }
    if (!inMemory && costs[op] > 0)
      inMemory = roots.size() > 1 || llvm::any_of(roots, [&](Value root) { return repeats(value, root, costs[op]); });
    if (inMemory)
      materialized.insert(value);
    else
      rootsOf[value] = std::move(roots);
  }

  /// Whether pulling `value` into the kernel of `root` computes its elements
  /// several times, and that costs more than storing them.
  static bool repeats(Value value, Value root, unsigned cost) {
    Operation *op = root.getDefiningOp();
    Value space = isReduction(op) ? op->getOperand(0) : root;
    if (readsRepeatedly(op))
      return true;
    if (cost < 4)
      return false;
    auto count = [](Value tensor) {
      return tp::product(tp::getDims(cast<RankedTensorType>(tensor.getType())), tensor.getContext());
    };
    AffineExpr own = count(value), all = count(space);
    return !tp::provablyEqual(own, all);
  }

  DenseMap<Operation *, unsigned> costs;
  DenseSet<Value> materialized;
  DenseMap<Value, llvm::SmallSetVector<Value, 4>> rootsOf;
};

/// Builds kernels and the launches that replace operators.
class KernelBuilder {
public:
  explicit KernelBuilder(ModuleOp module) : module(module), symbols(module) {}

  LogicalResult replace(OpResult root);

private:
  func::FuncOp build(OpResult root, SmallVectorImpl<Value> &inputs, SmallVectorImpl<unsigned> &sizes,
                     SmallVectorImpl<Attribute> &checks);
  FlatSymbolRefAttr intern(func::FuncOp kernel);

  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<FlatSymbolRefAttr> known;
};

RankedTensorType storageType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), getMemoryType(tensor.getElementType()));
}

/// The loop nest over `out` whose body `emit` computes the element.
Value buildLoopNest(OpBuilder &b, Location loc, Value out, llvm::function_ref<Value(ValueRange)> emit) {
  auto type = cast<RankedTensorType>(out.getType());
  unsigned rank = type.getRank();
  bool failed = false;
  auto generic = linalg::GenericOp::create(
      b, loc, TypeRange{type}, ValueRange{}, ValueRange{out}, ArrayRef<AffineMap>{b.getMultiDimIdentityMap(rank)},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &, Location, ValueRange) {});
  OpBuilder::InsertionGuard guard(b);
  Block &body = generic.getRegion().front();
  b.setInsertionPointToStart(&body);
  SmallVector<Value> indices;
  for (unsigned dim = 0; dim < rank; ++dim)
    indices.push_back(linalg::IndexOp::create(b, loc, dim));
  Value element = emit(indices);
  failed = !element;
  if (failed)
    return Value();
  if (element.getType() != type.getElementType())
    element = arith::TruncFOp::create(b, loc, type.getElementType(), element);
  linalg::YieldOp::create(b, loc, element);
  return generic.getResult(0);
}

func::FuncOp KernelBuilder::build(OpResult root, SmallVectorImpl<Value> &inputs, SmallVectorImpl<unsigned> &sizes,
                                  SmallVectorImpl<Attribute> &checks) {
  OpBuilder b(module.getContext());
  Location loc = root.getLoc();
  RankedTensorType outType = storageType(root.getType());
  auto kernel = func::FuncOp::create(loc, "kernel", b.getFunctionType({}, {outType}));
  kernel.setPrivate();
  kernel->setAttr("rt.kernel", b.getUnitAttr());
  Block *entry = kernel.addEntryBlock();
  Value out = entry->addArgument(outType, loc);
  b.setInsertionPointToStart(entry);

  ScalarEmitter emitter(b, loc, entry, isOnnx);
  Value result = buildLoopNest(b, loc, out, [&](ValueRange indices) {
    SmallVector<Value> positions;
    for (auto [dim, index] : llvm::enumerate(indices))
      positions.push_back(outType.getDimSize(dim) == 1 ? emitter.index(0) : index);
    return emitter.compute(root.getOwner(), root.getResultNumber(), positions);
  });
  if (!result) {
    kernel.erase();
    return nullptr;
  }
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc, result);

  // Arguments were made in order of use: now inputs, sizes, result.
  SmallVector<BlockArgument> order(emitter.getInputArguments());
  llvm::append_range(order, emitter.getSymbolArguments());
  order.push_back(cast<BlockArgument>(out));
  unsigned count = order.size();
  for (BlockArgument argument : order)
    argument.replaceAllUsesWith(entry->addArgument(argument.getType(), loc));
  entry->eraseArguments(0, count);
  kernel.setType(b.getFunctionType(entry->getArgumentTypes(), {outType}));
  inputs.assign(emitter.getInputs().begin(), emitter.getInputs().end());
  sizes.assign(emitter.getSymbols().begin(), emitter.getSymbols().end());
  for (Operation *site : emitter.getCheckSites())
    checks.push_back(b.getDictionaryAttr({b.getNamedAttr("loc", LocationAttr(site->getLoc())),
                                          b.getNamedAttr("type", b.getStringAttr(getOpName(site)))}));
  return kernel;
}

FlatSymbolRefAttr KernelBuilder::intern(func::FuncOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel.print(stream);
  FlatSymbolRefAttr &name = known[text];
  if (name) {
    kernel.erase();
    return name;
  }
  kernel.setName(("kernel_" + Twine(known.size() - 1)).str());
  symbols.insert(kernel);
  name = FlatSymbolRefAttr::get(kernel);
  return name;
}

LogicalResult KernelBuilder::replace(OpResult root) {
  Operation *op = root.getOwner();
  for (AffineExpr size : tp::getDims(cast<RankedTensorType>(root.getType())))
    if (!size)
      return op->emitError() << getOpName(op) << ": the shape of the result depends on data: " << root.getType();
  SmallVector<Value> inputs;
  SmallVector<unsigned> sizes;
  SmallVector<Attribute> checks;
  func::FuncOp kernel = build(root, inputs, sizes, checks);
  if (!kernel)
    return failure();
  FlatSymbolRefAttr name = intern(kernel);
  OpBuilder b(op);
  Location loc = op->getLoc();
  SmallVector<Value> sizeValues;
  for (unsigned symbol : sizes)
    sizeValues.push_back(materialize(b, loc, getAffineSymbolExpr(symbol, op->getContext())));
  Value empty = createEmpty(b, loc, cast<RankedTensorType>(root.getType()));
  if (!empty)
    return failure();
  auto launch =
      rt::LaunchOp::create(b, loc, TypeRange{root.getType()}, name, inputs, sizeValues, ValueRange{empty});
  if (!checks.empty())
    launch->setAttr(rt::RtDialect::kChecksAttr, b.getArrayAttr(checks));
  for (NamedAttribute attribute : op->getDiscardableAttrs())
    if (attribute.getName() == "tp.layer")
      launch->setAttr(attribute.getName(), attribute.getValue());
  root.replaceAllUsesWith(launch->getResult(0));
  return success();
}

/// Replaces every onnx operator of the host program. Constants that the host
/// itself needs (a result, an operand of a runtime operation) become kernels of
/// their own.
LogicalResult formKernels(func::FuncOp function, KernelBuilder &kernels) {
  MaterializationPlan plan(function);
  SmallVector<Operation *> ops;
  for (Operation &op : function.getBody().front())
    if (isOnnx(&op))
      ops.push_back(&op);
  for (Operation *op : ops) {
    if (isa<onnx::NoValueOp>(op))
      continue;
    for (OpResult result : op->getResults()) {
      bool needed = isLeaf(op) ? llvm::any_of(result.getUsers(), [](Operation *user) { return !isOnnx(user); })
                               : plan.isMaterialized(result);
      if (!needed)
        continue;
      if (isLeaf(op)) {
        // Kernels go on folding the constant: only the host's uses change.
        OpBuilder b(op->getContext());
        b.setInsertionPointAfter(op);
        Operation *copy = b.clone(*op);
        result.replaceUsesWithIf(copy->getResult(result.getResultNumber()),
                                 [](OpOperand &use) { return !isOnnx(use.getOwner()); });
        if (failed(kernels.replace(copy->getResult(result.getResultNumber()))))
          return failure();
        copy->erase();
      } else if (failed(kernels.replace(result))) {
        return failure();
      }
    }
  }
  for (Operation *op : llvm::reverse(ops))
    if (op->use_empty())
      op->erase();
    else if (!isa<onnx::NoValueOp>(op))
      return op->emitError() << getOpName(op) << ": the operator could not be placed in a kernel";
  return success();
}

struct FormKernelsPass : impl::TpFormKernelsPassBase<FormKernelsPass> {
  void runOnOperation() override {
    // Functions share kernels, too.
    KernelBuilder kernels(getOperation());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (!function->hasAttr("rt.kernel") && !function.isExternal() && failed(formKernels(function, kernels)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace tpo
