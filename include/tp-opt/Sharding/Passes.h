//===- Passes.h - Sharding passes -------------------------------*- C++ -*-===//

#ifndef TP_OPT_SHARDING_PASSES_H
#define TP_OPT_SHARDING_PASSES_H

#include "tp-opt/Sharding/ExternalModels.h"

#include "dialects/Tp/Tp.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Sharding/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Sharding/Passes.h.inc"

/// Registers the passes of this library.
inline void registerShardingPasses() { registerTpShardingPasses(); }

} // namespace tpo

#endif // TP_OPT_SHARDING_PASSES_H
