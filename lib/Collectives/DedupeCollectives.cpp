//===- DedupeCollectives.cpp - Do every collective once -------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tp/Tp.h"
#include "tp-opt/Collectives/Passes.h"
#include "tp-opt/Partition/Blocks.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_DEDUPECOLLECTIVESPASS
#include "tp-opt/Collectives/Passes.h.inc"

namespace {

/// What makes two collectives the same; the layer they are for does not.
using Key = std::tuple<const void *, const void *, const void *>;

Key getKey(tp::CollectiveOpInterface op) {
  NamedAttrList attributes(op->getAttrDictionary());
  attributes.erase(kLayerAttr);
  return {op->getName().getAsOpaquePointer(),
          op.getLocalInput().getAsOpaquePointer(),
          attributes.getDictionary(op->getContext()).getAsOpaquePointer()};
}

struct DedupeCollectives : impl::DedupeCollectivesPassBase<DedupeCollectives> {
  void runOnOperation() override {
    getOperation().walk([](Block *block) {
      llvm::DenseMap<Key, tp::CollectiveOpInterface> known;
      for (Operation &op : llvm::make_early_inc_range(*block)) {
        auto collective = dyn_cast<tp::CollectiveOpInterface>(op);
        if (!collective || !isMemoryEffectFree(&op))
          continue;
        auto [it, isNew] = known.try_emplace(getKey(collective), collective);
        if (isNew)
          continue;
        collective.getLocalResult().replaceAllUsesWith(
            it->second.getLocalResult());
        collective->erase();
      }
    });
  }
};

} // namespace
} // namespace tpo
