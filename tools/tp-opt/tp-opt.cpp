//===- tp-opt.cpp - The compiler's command --------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two commands in one: given an .onnx file, the compiler from model to
// artifact; given anything else, the project's mlir-opt.
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  if (tpo::isCompilerCommand(argc, argv))
    return tpo::runCompiler(argc, argv);
  // mlir-opt's own help under another name: --help is the compiler's.
  for (int i = 1; i < argc; ++i)
    if (llvm::StringRef(argv[i]) == "--help-passes")
      argv[i] = const_cast<char *>("--help");
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  tpo::registerAllTpOptDialects(registry);
  tpo::registerAllTpOptPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "tp-opt: the tensor-parallel compiler's passes\n", registry));
}
