//===- KernelPipeline.cpp - What kernels of all targets share -------------===//

#include "KernelPipeline.h"

#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tpo;

ModuleOp tpo::extractKernels(ModuleOp module, StringRef name) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto kernels = ModuleOp::create(builder, module.getLoc(), name);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
    bool isKernel = isa<func::FuncOp>(op) && op.hasAttr(rt::RtDialect::kKernelAttr);
    if (isKernel || isa<memref::GlobalOp>(op))
      op.moveBefore(kernels.getBody(), kernels.getBody()->end());
  }
  return kernels;
}

void tpo::buildKernelPipeline(OpPassManager &passes, int64_t lanes) {
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createConvertLinalgToLoopsPass());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(createLoopInvariantCodeMotionPass());
  functions.addPass(createRtOrderReductionsPass(RtOrderReductionsPassOptions{lanes}));
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

SmallVector<unsigned> tpo::getPointerArguments(func::FuncOp kernel) {
  SmallVector<unsigned> pointers;
  unsigned position = 0;
  for (Type type : kernel.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref) {
      ++position;
      continue;
    }
    // Allocated and aligned pointer, offset, sizes, strides.
    pointers.push_back(position + 1);
    position += 3 + 2 * memref.getRank();
  }
  return pointers;
}
