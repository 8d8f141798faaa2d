//===- Codegen.cpp - LLVM dialect to machine code -------------------------===//

#include "Link.h"
#include "Optimise.h"
#include "tp-opt/Lowering/Program.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <mutex>

using namespace mlir;
using namespace tpo;

static std::unique_ptr<llvm::TargetMachine> createTargetMachine(Location loc, StringRef cpu,
                                                                llvm::CodeGenOptLevel level) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target) {
    emitError(loc) << "no code generator for " << triple.str() << ": " << message;
    return nullptr;
  }
  llvm::SubtargetFeatures features;
  std::string name = cpu.str();
  if (cpu == "native") {
    name = llvm::sys::getHostCPUName().str();
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature.first(), feature.second);
  }
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, name, features.getString(), llvm::TargetOptions(), llvm::Reloc::PIC_,
                                  std::nullopt, level));
  if (!machine || !machine->getMCSubtargetInfo()->isCPUStringValid(name)) {
    emitError(loc) << "unknown processor '" << cpu << "' for " << triple.str();
    return nullptr;
  }
  return machine;
}

void tpo::optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopInterleaving = tuning.LoopUnrolling = true;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

/// Keeps LLVM quiet about loops that it does not vectorise.
static void reportErrorsOnly(const llvm::DiagnosticInfo *info, void *) {
  if (info->getSeverity() != llvm::DS_Error)
    return;
  llvm::DiagnosticPrinterRawOStream printer(llvm::errs() << "error: ");
  info->print(printer);
  llvm::errs() << "\n";
}

static std::unique_ptr<llvm::Module> translate(ModuleOp module, llvm::LLVMContext &context,
                                               llvm::TargetMachine &machine) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context, "program");
  if (!result) {
    module.emitError("translation to LLVM IR failed");
    return nullptr;
  }
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *result)
    if (!function.isDeclaration()) {
      function.addFnAttr("target-cpu", machine.getTargetCPU());
      function.addFnAttr("target-features", machine.getTargetFeatureString());
      function.addFnAttr(llvm::Attribute::NoUnwind);
    }
  return result;
}

static FailureOr<std::string> emitObject(Location loc, llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::ObjectFile))
    return emitError(loc) << "this target cannot emit object files";
  passes.run(module);
  return std::string(object.begin(), object.end());
}

/// Moves the host functions to a module of their own: a straight line of
/// thousands of calls, for which everything but the simplest code generation
/// takes quadratic time and gains nothing.
static std::unique_ptr<llvm::Module> splitHost(llvm::Module &module) {
  auto isHost = [](const llvm::GlobalValue &value) { return value.getName().starts_with("tp_"); };
  for (llvm::Function &function : module)
    if (function.hasInternalLinkage()) {
      function.setLinkage(llvm::GlobalValue::ExternalLinkage);
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
  llvm::ValueToValueMapTy map;
  std::unique_ptr<llvm::Module> host =
      llvm::CloneModule(module, map, [&](const llvm::GlobalValue *value) { return isHost(*value); });
  for (llvm::Function &function : module)
    if (isHost(function))
      function.deleteBody();
  return host;
}

FailureOr<std::string> tpo::emitLLVMIR(ModuleOp module, const LoweringOptions &options) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(module.getLoc(), options.cpu, llvm::CodeGenOptLevel::Aggressive);
  if (!machine)
    return failure();
  llvm::LLVMContext context;
  context.setDiagnosticHandlerCallBack(reportErrorsOnly);
  std::unique_ptr<llvm::Module> ir = translate(module, context, *machine);
  if (!ir)
    return failure();
  optimise(*ir, *machine);
  std::string text;
  llvm::raw_string_ostream(text) << *ir;
  return text;
}

FailureOr<std::string> tpo::compileToSharedObject(ModuleOp module, const LoweringOptions &options) {
  Location loc = module.getLoc();
  auto level = options.optimise ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::None;
  auto machine = createTargetMachine(loc, options.cpu, level);
  auto hostMachine = createTargetMachine(loc, options.cpu, llvm::CodeGenOptLevel::None);
  if (!machine || !hostMachine)
    return failure();
  llvm::LLVMContext context;
  context.setDiagnosticHandlerCallBack(reportErrorsOnly);
  std::unique_ptr<llvm::Module> kernels = translate(module, context, *machine);
  if (!kernels)
    return failure();
  std::unique_ptr<llvm::Module> host = splitHost(*kernels);
  if (options.optimise)
    optimise(*kernels, *machine);
  llvm::Module empty("empty", context);
  empty.setTargetTriple(machine->getTargetTriple());
  empty.setDataLayout(machine->createDataLayout());
  FailureOr<std::string> kernelObject = emitObject(loc, *kernels, *machine);
  FailureOr<std::string> hostObject = emitObject(loc, *host, *hostMachine);
  FailureOr<std::string> emptyObject = emitObject(loc, empty, *machine);
  if (failed(kernelObject) || failed(hostObject) || failed(emptyObject))
    return failure();
  return linkSharedObject(loc, {*hostObject, *kernelObject}, *emptyObject);
}
