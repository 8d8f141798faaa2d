//===- ConvertKernels.cpp - Kernels on memrefs to the LLVM dialect --------===//

#include "KernelArithmetic.h"
#include "KernelPipeline.h"
#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace tpo {
#define GEN_PASS_DEF_RTCONVERTKERNELSPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// Turns the checks of a kernel into calls of the runtime, for which it gets the
/// context and the number of its first checking operator.
static void callOnFailure(func::FuncOp kernel, ModuleOp kernels) {
  SmallVector<rt::CheckOp> checks;
  kernel.walk([&](rt::CheckOp check) { checks.push_back(check); });
  if (checks.empty())
    return;
  Location loc = kernel.getLoc();
  OpBuilder builder(kernel.getContext());
  Type pointer = LLVM::LLVMPointerType::get(kernel.getContext()), i32 = builder.getI32Type(),
       i64 = builder.getI64Type();
  constexpr StringLiteral kCallee = "tprt_op_fail";
  if (!kernels.lookupSymbol(kCallee)) {
    builder.setInsertionPointToEnd(kernels.getBody());
    auto callee = func::FuncOp::create(builder, loc, kCallee, builder.getFunctionType({pointer, i32, i64, i64}, {}));
    callee.setPrivate();
  }
  kernel.setFunctionType(builder.getFunctionType(
      llvm::to_vector(llvm::concat<const Type>(kernel.getArgumentTypes(), ArrayRef<Type>{pointer, i32})), {}));
  Value context = kernel.front().addArgument(pointer, loc), base = kernel.front().addArgument(i32, loc);
  if (ArrayAttr attrs = kernel.getArgAttrsAttr()) {
    SmallVector<Attribute> all(attrs.getValue());
    all.append(2, builder.getDictionaryAttr({}));
    kernel.setArgAttrsAttr(builder.getArrayAttr(all));
  }
  kernel->setAttr(rt::RtDialect::kCheckedAttr, builder.getUnitAttr());
  for (rt::CheckOp check : checks) {
    builder.setInsertionPoint(check);
    Value yes = arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true));
    Value failed = arith::XOrIOp::create(builder, loc, check.getCondition(), yes);
    auto branch = scf::IfOp::create(builder, loc, failed, /*withElseRegion=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value site = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(check.getSite()));
    Value op = arith::AddIOp::create(builder, loc, base, site);
    Value got = arith::IndexCastOp::create(builder, loc, i64, check.getGot());
    Value limit = arith::IndexCastOp::create(builder, loc, i64, check.getLimit());
    func::CallOp::create(builder, loc, kCallee, TypeRange(), ValueRange{context, op, got, limit});
    check.erase();
  }
}

/// A failure is recorded in the context and nowhere else: what a loop loads may
/// still leave it.
static void describeFailure(LLVM::LLVMFuncOp function) {
  using LLVM::ModRefInfo;
  function.setMemoryEffectsAttr(
      LLVM::MemoryEffectsAttr::get(function.getContext(), ModRefInfo::NoModRef, ModRefInfo::ModRef, ModRefInfo::ModRef,
                                   ModRefInfo::NoModRef, ModRefInfo::NoModRef, ModRefInfo::NoModRef));
  function.setNoUnwind(true);
  function.setPassthroughAttr(ArrayAttr::get(function.getContext(), StringAttr::get(function.getContext(), "cold")));
}

/// What loops say of themselves, where the translation to LLVM IR looks for it.
static void annotateLoops(LLVM::LLVMFuncOp function) {
  StringRef name = "llvm.loop_annotation";
  function.walk([&](LLVM::BrOp branch) {
    if (auto annotation = branch->getAttrOfType<LLVM::LoopAnnotationAttr>(name)) {
      branch->removeAttr(name);
      branch.setLoopAnnotationAttr(annotation);
    }
  });
}

namespace {
struct RtConvertKernels : tpo::impl::RtConvertKernelsPassBase<RtConvertKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder builder(&getContext());
    ModuleOp kernels = extractKernels(module, "kernels");
    llvm::StringMap<SmallVector<unsigned>> pointers;
    for (auto func : kernels.getOps<func::FuncOp>()) {
      pointers[func.getName()] = getPointerArguments(func);
      prepareArithmetic(func);
    }
    for (auto func : llvm::to_vector(kernels.getOps<func::FuncOp>()))
      callOnFailure(func, kernels);
    OpPassManager pipeline(ModuleOp::getOperationName());
    buildKernelPipeline(pipeline, /*lanes=*/16);
    if (failed(runPipeline(pipeline, kernels)))
      return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(*kernels.getBody())) {
      op.moveBefore(kernels);
      auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (function && function.getName() == "tprt_op_fail")
        describeFailure(function);
      if (!function || function.isExternal())
        continue;
      function.setLinkage(LLVM::Linkage::Internal);
      annotateLoops(function);
      // Buffers are slots of the arena, arguments or weights: what a kernel
      // writes it reads through no other argument.
      for (unsigned index : pointers[function.getName()])
        function.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    }
    kernels.erase();
  }
};
} // namespace
