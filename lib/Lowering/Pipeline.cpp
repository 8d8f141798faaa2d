//===- Pipeline.cpp - From the partitioned module to the program ----------===//

#include "Gpu/Fatbin.h"
#include "Manifest.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Lowering/Passes.h"
#include "tp-opt/Lowering/Program.h"

#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace tpo;

void tpo::registerLoweringExternalModels(DialectRegistry &registry) {
  registry.insert<tp::TpDialect, onnx::OnnxDialect, rt::RtDialect>();
  rt::registerBufferizationModels(registry);
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
}

void tpo::buildLoweringPipeline(OpPassManager &passes, const LoweringOptions &options) {
  passes.addPass(createTpDecomposeAttentionPass());
  passes.addPass(createLowerToRtPass());
  passes.addPass(createTpDecomposeForKernelsPass());
  passes.addPass(createTpFormKernelsPass());
  passes.addPass(createRtBufferizePass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createRtPlanArenaPass());
}

void tpo::buildCodegenPipeline(OpPassManager &passes, const LoweringOptions &options) {
  if (options.target == LoweringOptions::Target::CUDA)
    passes.addPass(createRtConvertGpuKernelsPass());
  else
    passes.addPass(createRtConvertKernelsPass());
  passes.addPass(createRtConvertHostPass());
  passes.addPass(arith::createArithExpandOpsPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

FailureOr<std::string> tpo::emitPTX(ModuleOp module, const LoweringOptions &options) {
  auto kernels = module.lookupSymbol<ModuleOp>(rt::RtDialect::kGpuModuleName);
  if (!kernels)
    return module.emitError("this program has no GPU kernels: PTX needs --target=cuda");
  return compileToPTX(kernels, options);
}

LogicalResult tpo::lowerToProgram(ModuleOp module, const LoweringOptions &options, Program &program) {
  PassManager lowering(module.getContext());
  buildLoweringPipeline(lowering, options);
  if (failed(lowering.run(module)))
    return failure();
  FailureOr<llvm::json::Object> manifest = buildProgramManifest(module);
  if (failed(manifest))
    return failure();
  program.manifest = std::move(*manifest);
  bool isGpu = options.target == LoweringOptions::Target::CUDA;
  program.manifest["target"] = isGpu ? "cuda" : "cpu";
  PassManager codegen(module.getContext());
  buildCodegenPipeline(codegen, options);
  if (failed(codegen.run(module)))
    return failure();
  if (isGpu) {
    FailureOr<std::string> ptx = emitPTX(module, options);
    FailureOr<std::string> fatbin = failed(ptx) ? FailureOr<std::string>(failure()) : assembleFatbin(module.getLoc(), *ptx, options);
    if (failed(fatbin))
      return failure();
    program.kernels = std::move(*fatbin);
    module.lookupSymbol(rt::RtDialect::kGpuModuleName)->erase();
  }
  FailureOr<std::string> sharedObject = compileToSharedObject(module, options);
  if (failed(sharedObject))
    return failure();
  program.sharedObject = std::move(*sharedObject);
  return success();
}
