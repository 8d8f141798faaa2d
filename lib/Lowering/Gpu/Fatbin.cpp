//===- Fatbin.cpp - GPU kernels to PTX and cubins -------------------------===//

#include "Fatbin.h"

#include "Optimise.h"
#include "TemporaryDirectory.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"

#include <mutex>

using namespace mlir;
using namespace tpo;

/// Folders where a CUDA toolkit may be: the environment's or the usual one,
/// then that of the ptxas on the PATH.
static SmallVector<std::string> getToolkitFolders() {
  SmallVector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (std::optional<std::string> folder = llvm::sys::Process::GetEnv(variable))
      folders.push_back(*folder);
  if (folders.empty())
    folders.push_back("/usr/local/cuda");
  if (auto assembler = llvm::sys::findProgramByName("ptxas"))
    folders.push_back(llvm::sys::path::parent_path(llvm::sys::path::parent_path(*assembler)).str());
  return folders;
}

static std::string findInToolkit(StringRef file) {
  for (const std::string &folder : getToolkitFolders()) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, file);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  return "";
}

/// Links what the kernels call of libdevice, CUDA's library of functions.
static LogicalResult linkDeviceLibrary(Location loc, llvm::Module &module) {
  const llvm::Function *missing = nullptr;
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && function.getName().starts_with("__nv_"))
      missing = &function;
  if (!missing)
    return success();
  std::string path = findInToolkit("nvvm/libdevice/libdevice.10.bc");
  if (path.empty())
    return emitError(loc) << "a kernel needs " << missing->getName()
                          << " of CUDA's libdevice, and no CUDA toolkit is found (CUDA_HOME, /usr/local/cuda)";
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> library = llvm::parseIRFile(path, diagnostic, module.getContext());
  if (!library)
    return emitError(loc) << "cannot read " << path << ": " << diagnostic.getMessage();
  library->setDataLayout(module.getDataLayout());
  library->setTargetTriple(module.getTargetTriple());
  llvm::StringSet<> exported;
  for (const llvm::Function &function : module)
    if (!function.isDeclaration())
      exported.insert(function.getName());
  bool isBroken = llvm::Linker::linkModules(
      module, std::move(library), llvm::Linker::Flags::LinkOnlyNeeded, [&](llvm::Module &linked, const llvm::StringSet<> &) {
        llvm::internalizeModule(linked, [&](const llvm::GlobalValue &value) {
          return exported.contains(value.getName()) || value.isDeclaration();
        });
      });
  if (isBroken)
    return emitError(loc) << "cannot link " << path;
  return success();
}

FailureOr<std::string> tpo::compileToPTX(ModuleOp kernels, const LoweringOptions &options) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  Location loc = kernels.getLoc();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return emitError(loc) << "this LLVM has no code generator for NVIDIA GPUs: " << message;
  // PTX 8.0 is CUDA 12.0, the oldest driver that the runtime supports.
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, options.gpuArchs.front(), "+ptx80", llvm::TargetOptions(), std::nullopt,
                                  std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  registerBuiltinDialectTranslation(*kernels.getContext());
  registerLLVMDialectTranslation(*kernels.getContext());
  registerNVVMDialectTranslation(*kernels.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(kernels, context, "kernels");
  if (!module)
    return emitError(loc) << "translation of the kernels to LLVM IR failed";
  module->setTargetTriple(triple);
  module->setDataLayout(machine->createDataLayout());
  if (failed(linkDeviceLibrary(loc, *module)))
    return failure();
  module->addModuleFlag(llvm::Module::Override, "nvvm-reflect-ftz", uint32_t(0));
  optimise(*module, *machine);
  llvm::SmallString<0> ptx;
  llvm::raw_svector_ostream os(ptx);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return emitError(loc) << "this LLVM cannot emit PTX";
  passes.run(*module);
  return ptx.str().str();
}

/// Runs a tool of the toolkit; what it says becomes the error.
static LogicalResult runTool(Location loc, StringRef name, ArrayRef<std::string> args,
                             const TemporaryDirectory &directory) {
  std::string program = findInToolkit(("bin/" + name).str());
  if (program.empty())
    if (auto found = llvm::sys::findProgramByName(name))
      program = *found;
  if (program.empty())
    return emitError(loc) << name << " of the CUDA toolkit is not found (CUDA_HOME or /usr/local/cuda, PATH): without it "
                          << "--target=cuda stops at PTX (--emit=ptx); install NVIDIA's toolkit, or its wheel "
                          << "nvidia-cuda-nvcc, and set CUDA_HOME to it";
  SmallVector<StringRef> argv{program};
  llvm::append_range(argv, args);
  std::string output = directory.file("output"), message;
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(output), StringRef(output)};
  if (llvm::sys::ExecuteAndWait(program, argv, std::nullopt, redirects, 0, 0, &message) != 0) {
    FailureOr<std::string> text = directory.read(loc, "output");
    return emitError(loc) << name << " failed: " << message << (succeeded(text) ? *text : "");
  }
  return success();
}

FailureOr<std::string> tpo::assembleFatbin(Location loc, StringRef ptx, const LoweringOptions &options) {
  TemporaryDirectory directory;
  if (failed(directory.create(loc)) || failed(directory.write(loc, "kernels.ptx", ptx)))
    return failure();
  std::string ptxFile = directory.file("kernels.ptx"), result = directory.file("kernels.fatbin");
  std::vector<std::string> bundle{"-64", "--compress=false", "--create", result};
  for (const std::string &arch : options.gpuArchs) {
    std::string cubin = directory.file(arch + ".cubin");
    if (failed(runTool(loc, "ptxas", {"-arch=" + arch, "-O3", ptxFile, "-o", cubin}, directory)))
      return failure();
    bundle.push_back("--image3=kind=elf,sm=" + StringRef(arch).drop_front(3).str() + ",file=" + cubin);
  }
  bundle.push_back("--image3=kind=ptx,sm=" + StringRef(options.gpuArchs.front()).drop_front(3).str() +
                   ",file=" + ptxFile);
  if (failed(runTool(loc, "fatbinary", bundle, directory)))
    return failure();
  return directory.read(loc, "kernels.fatbin");
}
