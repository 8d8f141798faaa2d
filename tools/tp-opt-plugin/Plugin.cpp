//===- Plugin.cpp - The project's passes inside another mlir-opt ----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dialect plugin (tp, onnx, rt; sharding rules and local forms of linalg,
// tensor, arith and math) and a pass plugin (everything between import and
// lowering). MLIR itself is the host's: nothing of it may be linked in here, or
// every type would have two identities.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Collectives/Passes.h"
#include "tp-opt/Export/Passes.h"
#include "tp-opt/Partition/Passes.h"
#include "tp-opt/Planning/Passes.h"
#include "tp-opt/Sharding/Passes.h"
#include "tp-opt/Simplify/Passes.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Compiler.h"

static void registerDialects(mlir::DialectRegistry *registry) {
  registry->insert<tpo::onnx::OnnxDialect, tpo::rt::RtDialect,
                   tpo::tp::TpDialect>();
  tpo::registerShardingExternalModels(*registry);
  tpo::registerPartitionExternalModels(*registry);
  tpo::rt::registerBufferizationModels(*registry);
}

static void registerPasses() {
  tpo::registerSimplifyPasses();
  tpo::registerShardingPasses();
  tpo::registerPlanningPasses();
  tpo::registerPartitionPasses();
  tpo::registerCollectivePasses();
  tpo::registerExportPasses();
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "TpOpt", LLVM_VERSION_STRING,
          registerDialects};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "TpOpt", LLVM_VERSION_STRING,
          registerPasses};
}
