//===- Main.cpp - Execute a program with variants -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunVariants.h"

#include "tp-opt/Artifact/Artifact.h"
#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tpo;

static LogicalResult compile(StringRef file, const std::string &output) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect>();
  registerAllTpOptDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto module = parseSourceFile<ModuleOp>(file, &context);
  if (!module)
    return failure();
  PassManager passes(&context);
  buildPartitionPipeline(passes);
  LoweringOptions options;
  options.optimise = false;
  Program program;
  if (failed(passes.run(*module)) || failed(lowerToProgram(*module, options, program)))
    return failure();
  ArtifactOptions artifact;
  artifact.output = output;
  artifact.modelPath = artifact.modelName = "variants";
  return writeArtifact(module->getLoc(), std::move(program), artifact);
}

int main(int argc, char **argv) {
  llvm::SmallString<128> folder;
  if (argc != 2 || llvm::sys::fs::createUniqueDirectory("tpopt-variants", folder)) {
    llvm::errs() << "usage: tpopt-variant-tests <.mlir file>, with a folder for temporary files\n";
    return 2;
  }
  llvm::SmallString<128> artifact(folder);
  llvm::sys::path::append(artifact, "program.tpx");
  bool isCompiled = succeeded(compile(argv[1], artifact.str().str()));
  std::string error = isCompiled ? runVariants(artifact.str().str()) : "does not compile";
  llvm::sys::fs::remove_directories(folder);
  if (!error.empty())
    llvm::errs() << "FAILED: " << error << "\n";
  return error.empty() ? 0 : 1;
}
