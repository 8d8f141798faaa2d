//===- ConvertGpuKernels.cpp - Kernels on memrefs to NVVM -----------------===//
//
// One thread computes one element of a kernel's output: thin, but every kernel
// runs. Threads are numbered along the output's elements, so that neighbours
// access neighbouring memory.
//
//===----------------------------------------------------------------------===//

#include "KernelArithmetic.h"
#include "KernelPipeline.h"
#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tpo {
#define GEN_PASS_DEF_RTCONVERTGPUKERNELSPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// The number of the executing thread.
static Value createThreadNumber(OpBuilder &builder, Location loc) {
  Type i32 = builder.getI32Type();
  auto toIndex = [&](Value value) -> Value {
    return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), value);
  };
  Value block = toIndex(NVVM::BlockIdXOp::create(builder, loc, i32));
  Value blockSize = toIndex(NVVM::BlockDimXOp::create(builder, loc, i32));
  Value thread = toIndex(NVVM::ThreadIdXOp::create(builder, loc, i32));
  return arith::AddIOp::create(builder, loc, arith::MulIOp::create(builder, loc, block, blockSize), thread);
}

/// Replaces a loop nest by the iteration that the executing thread does.
static void distribute(scf::ParallelOp loop) {
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  Value number = createThreadNumber(builder, loc);
  Value total = arith::ConstantIndexOp::create(builder, loc, 1);
  for (Value size : loop.getUpperBound())
    total = arith::MulIOp::create(builder, loc, total, size);
  Value isInside = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, number, total);
  auto guard = scf::IfOp::create(builder, loc, isInside, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(guard.thenBlock());
  SmallVector<Value> indices(loop.getNumLoops());
  for (size_t dim = indices.size(); dim-- > 0;) {
    Value size = loop.getUpperBound()[dim];
    indices[dim] = dim == 0 ? number : arith::RemUIOp::create(builder, loc, number, size).getResult();
    if (dim > 0)
      number = arith::DivUIOp::create(builder, loc, number, size);
  }
  Block *body = loop.getBody();
  body->getTerminator()->erase();
  for (auto [argument, index] : llvm::zip(body->getArguments(), indices))
    argument.replaceAllUsesWith(index);
  Block *target = guard.thenBlock();
  target->getOperations().splice(target->getTerminator()->getIterator(), body->getOperations());
  loop.erase();
}

/// A kernel computes each element of its output by itself.
static LogicalResult mapToThreads(func::FuncOp kernel) {
  SmallVector<linalg::LinalgOp> loops;
  kernel.walk([&](linalg::LinalgOp op) { loops.push_back(op); });
  if (loops.size() != 1 || loops.front().getNumReductionLoops() != 0 || loops.front().getNumDpsInits() != 1 ||
      !loops.front().getIndexingMapsArray().back().isIdentity())
    return kernel.emitError("a GPU kernel computes every element of one tensor independently");
  IRRewriter rewriter(kernel.getContext());
  rewriter.setInsertionPoint(loops.front());
  FailureOr<linalg::LinalgLoops> nest = linalg::linalgOpToParallelLoops(rewriter, loops.front());
  if (failed(nest))
    return kernel.emitError("has no loops");
  rewriter.eraseOp(loops.front());
  SmallVector<scf::ParallelOp> parallel;
  kernel.walk([&](scf::ParallelOp op) { parallel.push_back(op); });
  // A scalar has no loop: every thread stores the same value.
  for (scf::ParallelOp loop : parallel)
    distribute(loop);
  return success();
}

/// sin or cos of an f32, by reduction to a quarter turn in f64: within one ulp of 1 for
/// any position a rotary table may ask for, and needs no library.
static Value createSinOrCos(OpBuilder &builder, Location loc, Value angle, bool isCos) {
  Type f64 = builder.getF64Type();
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(value));
  };
  auto polynomial = [&](Value x, ArrayRef<double> coefficients) {
    Value result = constant(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      result = math::FmaOp::create(builder, loc, result, x, constant(coefficient));
    return result;
  };
  Value x = arith::ExtFOp::create(builder, loc, f64, angle);
  Value turns = arith::MulFOp::create(builder, loc, x, constant(0.63661977236758134308)); // 2 / pi
  Value quarter = math::RoundEvenOp::create(builder, loc, turns);
  // pi / 2 in two parts.
  Value rest = math::FmaOp::create(builder, loc, quarter, constant(-1.57079632679489655800), x);
  rest = math::FmaOp::create(builder, loc, quarter, constant(-6.12323399573676603587e-17), rest);
  Value square = arith::MulFOp::create(builder, loc, rest, rest);
  Value sin = arith::MulFOp::create(
      builder, loc, rest, polynomial(square, {1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0}));
  Value cos = polynomial(square, {-1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1.0});
  // Which quarter, 0 to 3; odd ones swap the functions, the third and fourth
  // negate.
  auto modulo = [&](Value value, double size) -> Value {
    Value whole = arith::MulFOp::create(builder, loc, value, constant(1 / size));
    whole = math::FloorOp::create(builder, loc, whole);
    return math::FmaOp::create(builder, loc, whole, constant(-size), value);
  };
  Value turn = isCos ? arith::AddFOp::create(builder, loc, quarter, constant(1)).getResult() : quarter;
  Value isOdd = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, modulo(turn, 2), constant(1));
  Value isNegative = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, modulo(turn, 4), constant(2));
  Value result = arith::SelectOp::create(builder, loc, isOdd, cos, sin);
  Value negated = arith::NegFOp::create(builder, loc, result);
  result = arith::SelectOp::create(builder, loc, isNegative, negated, result);
  return arith::TruncFOp::create(builder, loc, builder.getF32Type(), result);
}

constexpr StringLiteral kErrorFlag = "tprt_device_error";

/// The flag of failed checks: set, op, got, limit (DeviceError of the runtime).
static LLVM::LLVMStructType getErrorType(MLIRContext *context) {
  Type i32 = IntegerType::get(context, 32), i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(context, {i32, i32, i64, i64});
}

/// Turns the checks of a kernel into writes of the flag, by the first that
/// fails. The kernel gets the number of its first checking operator.
static void flagFailures(func::FuncOp kernel, ModuleOp kernels) {
  SmallVector<rt::CheckOp> checks;
  kernel.walk([&](rt::CheckOp check) { checks.push_back(check); });
  if (checks.empty())
    return;
  Location loc = kernel.getLoc();
  MLIRContext *context = kernel.getContext();
  OpBuilder builder(context);
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  LLVM::LLVMStructType flagType = getErrorType(context);
  constexpr unsigned kGlobalMemory = 1;
  if (!kernels.lookupSymbol(kErrorFlag)) {
    builder.setInsertionPointToStart(kernels.getBody());
    auto global = LLVM::GlobalOp::create(builder, loc, flagType, /*isConstant=*/false, LLVM::Linkage::External,
                                         kErrorFlag, Attribute(), /*alignment=*/8, kGlobalMemory);
    builder.createBlock(&global.getInitializerRegion());
    Value zero = LLVM::ZeroOp::create(builder, loc, flagType);
    LLVM::ReturnOp::create(builder, loc, zero);
  }
  SmallVector<Type> arguments(kernel.getArgumentTypes());
  arguments.push_back(i64);
  kernel.setFunctionType(builder.getFunctionType(arguments, {}));
  Value base = kernel.front().addArgument(i64, loc);
  if (ArrayAttr attrs = kernel.getArgAttrsAttr()) {
    SmallVector<Attribute> all(attrs.getValue());
    all.push_back(builder.getDictionaryAttr({}));
    kernel.setArgAttrsAttr(builder.getArrayAttr(all));
  }
  for (rt::CheckOp check : checks) {
    builder.setInsertionPoint(check);
    Value yes = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
    Value failed = arith::XOrIOp::create(builder, loc, check.getCondition(), yes);
    auto branch = scf::IfOp::create(builder, loc, failed, /*withElseRegion=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value flag =
        LLVM::AddressOfOp::create(builder, loc, LLVM::LLVMPointerType::get(context, kGlobalMemory), kErrorFlag);
    Value zero = LLVM::ConstantOp::create(builder, loc, i32, builder.getI32IntegerAttr(0));
    Value one = LLVM::ConstantOp::create(builder, loc, i32, builder.getI32IntegerAttr(1));
    Value exchange = LLVM::AtomicCmpXchgOp::create(builder, loc, flag, zero, one, LLVM::AtomicOrdering::monotonic,
                                                   LLVM::AtomicOrdering::monotonic);
    Value isFirst = LLVM::ExtractValueOp::create(builder, loc, exchange, ArrayRef<int64_t>{1});
    auto first = scf::IfOp::create(builder, loc, isFirst, /*withElseRegion=*/false);
    builder.setInsertionPointToStart(first.thenBlock());
    Value site = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(check.getSite()));
    Value op = arith::TruncIOp::create(builder, loc, i32, arith::AddIOp::create(builder, loc, base, site));
    Value fields[] = {op, arith::IndexCastOp::create(builder, loc, i64, check.getGot()),
                      arith::IndexCastOp::create(builder, loc, i64, check.getLimit())};
    for (auto [index, value] : llvm::enumerate(fields)) {
      Value field = LLVM::GEPOp::create(builder, loc, flag.getType(), flagType, flag,
                                        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index + 1)});
      LLVM::StoreOp::create(builder, loc, value, field);
    }
    check.erase();
  }
}

/// Functions of libdevice, by the name of the operation.
static StringRef getDeviceFunction(Operation *op) {
  return llvm::StringSwitch<StringRef>(op->getName().getStringRef())
      .Case("math.sin", "sin")
      .Case("math.cos", "cos")
      .Case("math.tan", "tan")
      .Case("math.asin", "asin")
      .Case("math.acos", "acos")
      .Case("math.atan", "atan")
      .Case("math.atan2", "atan2")
      .Case("math.sinh", "sinh")
      .Case("math.cosh", "cosh")
      .Case("math.asinh", "asinh")
      .Case("math.acosh", "acosh")
      .Case("math.atanh", "atanh")
      .Case("math.exp", "exp")
      .Case("math.exp2", "exp2")
      .Case("math.expm1", "expm1")
      .Case("math.log", "log")
      .Case("math.log2", "log2")
      .Case("math.log10", "log10")
      .Case("math.log1p", "log1p")
      .Case("math.powf", "pow")
      .Case("math.tanh", "tanh")
      .Case("math.erf", "erf")
      .Case("math.erfc", "erfc")
      .Case("math.cbrt", "cbrt")
      .Default("");
}

/// Calls libdevice for what has neither an instruction nor a polynomial.
static void callDeviceFunctions(func::FuncOp kernel, ModuleOp kernels) {
  kernel.walk([&](Operation *op) {
    if (isa<math::SinOp, math::CosOp>(op) && op->getResult(0).getType().isF32()) {
      OpBuilder builder(op);
      op->replaceAllUsesWith(
          ValueRange(createSinOrCos(builder, op->getLoc(), op->getOperand(0), isa<math::CosOp>(op))));
      op->erase();
      return;
    }
    StringRef name = getDeviceFunction(op);
    if (name.empty() || !(op->getResult(0).getType().isF32() || op->getResult(0).getType().isF64()))
      return;
    std::string function = ("__nv_" + name + (op->getResult(0).getType().isF32() ? "f" : "")).str();
    OpBuilder builder = OpBuilder::atBlockEnd(kernels.getBody());
    auto declaration = kernels.lookupSymbol<func::FuncOp>(function);
    if (!declaration) {
      auto type = builder.getFunctionType(op->getOperandTypes(), op->getResultTypes());
      declaration = func::FuncOp::create(builder, op->getLoc(), function, type);
      declaration.setPrivate();
    }
    builder.setInsertionPoint(op);
    auto call = func::CallOp::create(builder, op->getLoc(), declaration, op->getOperands());
    op->replaceAllUsesWith(call);
    op->erase();
  });
}

namespace {
struct RtConvertGpuKernels : tpo::impl::RtConvertGpuKernelsPassBase<RtConvertGpuKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder builder(&getContext());
    // Launches refer to kernels by their place in the manifest's list.
    llvm::StringMap<int64_t> numbers;
    for (auto func : module.getOps<func::FuncOp>())
      if (func->hasAttr(rt::RtDialect::kKernelAttr))
        numbers.try_emplace(func.getName(), numbers.size());
    module.walk([&](rt::LaunchOp launch) {
      launch->setAttr(rt::RtDialect::kKernelIndexAttr, builder.getI64IntegerAttr(numbers.lookup(launch.getKernel())));
    });
    ModuleOp kernels = extractKernels(module, rt::RtDialect::kGpuModuleName);
    OpBuilder declarations(kernels);
    llvm::StringMap<SmallVector<unsigned>> pointers;
    for (auto func : llvm::to_vector(kernels.getOps<func::FuncOp>())) {
      pointers[func.getName()] = getPointerArguments(func);
      auto declaration = func::FuncOp::create(declarations, func.getLoc(), func.getName(), func.getFunctionType());
      declaration.setPrivate();
      prepareArithmetic(func);
      if (failed(mapToThreads(func)))
        return signalPassFailure();
      callDeviceFunctions(func, kernels);
      flagFailures(func, kernels);
    }
    OpPassManager pipeline(ModuleOp::getOperationName());
    buildKernelPipeline(pipeline, /*lanes=*/1);
    if (failed(runPipeline(pipeline, kernels)))
      return signalPassFailure();
    for (auto function : kernels.getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue;
      function.setLinkage(LLVM::Linkage::External);
      function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
      for (unsigned index : pointers[function.getName()])
        function.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    }
  }
};
} // namespace
