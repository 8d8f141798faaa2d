//===- FindLayers.cpp - Number the repeated blocks of a network -----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Partition/Passes.h"

namespace tpo {
#define GEN_PASS_DEF_FINDLAYERSPASS
#include "tp-opt/Partition/Passes.h.inc"

namespace {
struct FindLayers : impl::FindLayersPassBase<FindLayers> {
  void runOnOperation() override { assignLayers(getOperation()); }
};
} // namespace
} // namespace tpo
