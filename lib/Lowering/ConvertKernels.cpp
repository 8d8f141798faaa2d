//===- ConvertKernels.cpp - Kernels on memrefs to the LLVM dialect --------===//

#include "KernelArithmetic.h"
#include "KernelPipeline.h"
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
    OpPassManager pipeline(ModuleOp::getOperationName());
    buildKernelPipeline(pipeline);
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
