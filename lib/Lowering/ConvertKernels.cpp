//===- ConvertKernels.cpp - Kernels on memrefs to the LLVM dialect --------===//

#include "KernelArithmetic.h"
#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace tpo {
#define GEN_PASS_DEF_RTCONVERTKERNELSPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// From loops to the LLVM dialect.
static void buildPipeline(OpPassManager &passes) {
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createConvertLinalgToLoopsPass());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(createLoopInvariantCodeMotionPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createSCFToControlFlowPass());
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  functions.addPass(arith::createArithExpandOpsPass(expand));
  functions.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

/// The positions of the pointers among a kernel's expanded arguments.
static SmallVector<unsigned> getPointerArguments(func::FuncOp kernel) {
  SmallVector<unsigned> pointers;
  unsigned position = 0;
  for (Type type : kernel.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      ++position;
      continue;
    }
    pointers.push_back(position + 1);
    position += 3 + 2 * memref.getRank();
  }
  return pointers;
}

namespace {
struct RtConvertKernels : tpo::impl::RtConvertKernelsPassBase<RtConvertKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    // Kernels and their constants go through standard passes in a module of
    // their own, so that those do not touch the host program.
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto kernels = ModuleOp::create(builder, module.getLoc(), "kernels");
    llvm::StringMap<SmallVector<unsigned>> pointers;
    for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
      auto func = dyn_cast<func::FuncOp>(op);
      if (func && func->hasAttr(rt::RtDialect::kKernelAttr)) {
        pointers[func.getName()] = getPointerArguments(func);
        prepareArithmetic(func);
      } else if (!isa<memref::GlobalOp>(op)) {
        continue;
      }
      op.moveBefore(kernels.getBody(), kernels.getBody()->end());
    }
    OpPassManager pipeline(ModuleOp::getOperationName());
    buildPipeline(pipeline);
    if (failed(runPipeline(pipeline, kernels)))
      return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(*kernels.getBody())) {
      op.moveBefore(kernels);
      auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (!function || function.isExternal())
        continue;
      function.setLinkage(LLVM::Linkage::Internal);
      // Buffers are slots of the arena, arguments or weights: what a kernel
      // writes it reads through no other argument.
      for (unsigned index : pointers[function.getName()])
        function.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    }
    kernels.erase();
  }
};
} // namespace
