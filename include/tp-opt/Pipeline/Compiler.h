//===- Compiler.h - From an ONNX model to an artifact -----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The whole compiler as one call, and the phases it consists of. Everything that
// is wrong with a model is said through the context's diagnostics.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PIPELINE_COMPILER_H
#define TP_OPT_PIPELINE_COMPILER_H

#include "tp-opt/Import/Import.h"
#include "tp-opt/Lowering/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/StringMap.h"

#include <functional>
#include <string>
#include <vector>

namespace mlir {
class MLIRContext;
class OpPassManager;
} // namespace mlir

namespace tpo {

/// One axis of the mesh that a program is compiled for.
struct MeshAxisOption {
  std::string name;
  int64_t size = 1;
};

/// Devices of one mesh axis, and of the mesh: enough for any machine there is.
inline constexpr int64_t kMaxDevices = 4096;

/// Parses "dp=1,tp=4"; the error is for people.
llvm::Expected<std::vector<MeshAxisOption>> parseMesh(llvm::StringRef text);

/// Where compilation stops and prints (`--emit`).
enum class Emit { Artifact, Imported, Simplified, Planned, Sdy, ONNX, Partitioned, Lowered, LLVM, PTX };

struct CompileOptions {
  std::string model;                ///< The .onnx file.
  std::string output;               ///< The artifact, or the printed text ("-" is stdout).
  std::string report;               ///< A .json or .html file; empty: none.
  std::vector<MeshAxisOption> mesh; ///< Empty: one device.
  uint64_t maxWeightBytes = 0;      ///< What the weights of a rank may take; 0: as much as they want.
  std::string cluster;              ///< A preset's name or a file; empty: links and devices by default.
  int64_t devices = 0;              ///< To rank configurations of; 0: none.
  bool chooseTp = false;            ///< Take the fastest tp that fits instead of `mesh`; needs a cluster.
  std::vector<std::string> assume;  ///< name=size, for plan and report.
  std::vector<std::string> shard;   ///< PATTERN=LAYOUT: layouts to demand.
  std::string sequenceParallel = "auto"; ///< Or "always", "off" (TpPlanPass).
  std::string planFile;             ///< Layouts to demand, as `savePlan` writes them.
  std::string savePlan;             ///< Where to write the plan; empty: nowhere.
  std::vector<std::string> explain; ///< Names or patterns of tensors to explain, on stdout.
  ImportOptions import;             ///< Sizes and contents of inputs to fix.
  bool packWeights = false;
  Emit emit = Emit::Artifact;
  LoweringOptions lowering;
  /// Called when a phase begins, for progress; with nothing before output.
  std::function<void(llvm::StringRef phase)> onPhase;
};

/// Compiles a model. Writes nothing unless it succeeds.
mlir::LogicalResult compileModel(const CompileOptions &options, mlir::MLIRContext &context);

/// Adds the passes from the simplified module to the plan, the program of one
/// rank, and its collectives. Of the options planning takes what is for it.
void buildPlanningPipeline(mlir::OpPassManager &passes, const CompileOptions &options);
void buildPartitionPipeline(mlir::OpPassManager &passes);

/// Registers every dialect and external model of the project.
void registerAllTpOptDialects(mlir::DialectRegistry &registry);
/// Registers every pass and pipeline of the project.
void registerAllTpOptPasses();

} // namespace tpo

#endif // TP_OPT_PIPELINE_COMPILER_H
