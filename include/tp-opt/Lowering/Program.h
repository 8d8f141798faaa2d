//===- Program.h - A lowered program ----------------------------*- C++ -*-===//
//
// From the partitioned module to the compiled program of an artifact.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LOWERING_PROGRAM_H
#define TPOPT_LOWERING_PROGRAM_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tpo {

/// Where lowering may stop (`--emit`).
enum class LoweringStage { Lowered, LLVM, Program };

struct LoweringOptions {
  enum class Target { CPU, CUDA };
  Target target = Target::CPU;
  /// LLVM's name of the processor; "native" is this machine's.
  std::string cpu = "native";
  /// Architectures of the cubins, for CUDA.
  std::vector<std::string> gpuArchs = {"sm_80", "sm_90"};
  /// Whether kernels are made fast. Tests that compile thousands and run each
  /// once on a few elements say no.
  bool optimise = true;
};

/// What an artifact contains beside its weights.
struct Program {
  /// The bytes of `program.so` and `kernels.fatbin` (empty on the CPU).
  std::string sharedObject, kernels;
  /// Members of the manifest that follow from the lowered module: weights,
  /// states, groups, arena, ops, kernels.
  llvm::json::Object manifest;
};

/// Appends the passes that lower a partitioned module up to bufferized rt
/// operations with a planned arena (`--emit=lowered`).
void buildLoweringPipeline(mlir::OpPassManager &passes, const LoweringOptions &options);

/// Appends the passes from there to the LLVM dialect.
void buildCodegenPipeline(mlir::OpPassManager &passes, const LoweringOptions &options);

/// Lowers the partitioned `module` in place and compiles it.
mlir::LogicalResult lowerToProgram(mlir::ModuleOp module, const LoweringOptions &options, Program &program);

/// The LLVM IR of a module in the LLVM dialect, optimised (`--emit=llvm`).
mlir::FailureOr<std::string> emitLLVMIR(mlir::ModuleOp module, const LoweringOptions &options);

/// The PTX of the kernels of a module lowered for CUDA (`--emit=ptx`).
mlir::FailureOr<std::string> emitPTX(mlir::ModuleOp module, const LoweringOptions &options);

/// program.so of a module in the LLVM dialect: optimised, compiled, linked.
mlir::FailureOr<std::string> compileToSharedObject(mlir::ModuleOp module, const LoweringOptions &options);

} // namespace tpo

#endif // TPOPT_LOWERING_PROGRAM_H
