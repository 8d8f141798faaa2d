//===- Registration.cpp - Everything the project registers ----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Pipeline/Compiler.h"

#include "dialects/Onnx/Onnx.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Collectives/Passes.h"
#include "tp-opt/Export/Passes.h"
#include "tp-opt/Lowering/Passes.h"
#include "tp-opt/Partition/Passes.h"
#include "tp-opt/Planning/Passes.h"
#include "tp-opt/Sharding/Passes.h"
#include "tp-opt/Simplify/Passes.h"

namespace tpo {

void registerAllTpOptDialects(mlir::DialectRegistry &registry) {
  registry.insert<onnx::OnnxDialect, rt::RtDialect, tp::TpDialect>();
  registerShardingExternalModels(registry);
  registerPartitionExternalModels(registry);
  registerLoweringExternalModels(registry);
}

void registerAllTpOptPasses() {
  registerSimplifyPasses();
  registerShardingPasses();
  registerPlanningPasses();
  registerPartitionPasses();
  registerCollectivePasses();
  registerExportPasses();
  registerLoweringPasses();
}

} // namespace tpo
