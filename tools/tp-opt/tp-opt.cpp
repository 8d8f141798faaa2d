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

#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Tp.h"
#if __has_include("dialects/Rt/Rt.h")
#include "dialects/Rt/Rt.h"
#endif
#if __has_include("tp-opt/Simplify/Passes.h")
#include "tp-opt/Simplify/Passes.h"
#endif
#if __has_include("tp-opt/Sharding/Passes.h")
#include "tp-opt/Sharding/Passes.h"
#endif
#if __has_include("tp-opt/Partition/Passes.h")
#include "tp-opt/Partition/Passes.h"
#endif
#if __has_include("tp-opt/Collectives/Passes.h")
#include "tp-opt/Collectives/Passes.h"
#endif
#if __has_include("tp-opt/Lowering/Passes.h")
#include "tp-opt/Lowering/Passes.h"
#endif
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registry.insert<tpo::tp::TpDialect, tpo::onnx::OnnxDialect>();
#if __has_include("tp-opt/Simplify/Passes.h")
  tpo::registerSimplifyPasses();
#endif
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "tp-opt: tensor-parallel compiler passes\n", registry));
}
