//===- Placements.h - All ways to split an operation ------------*- C++ -*-===//

#ifndef TP_OPT_SHARDING_PLACEMENTS_H
#define TP_OPT_SHARDING_PLACEMENTS_H

#include "dialects/Tp/ShardingRule.h"

namespace tpo {

/// Calls `callback` with every legal assignment of the mesh to a rule, and the
/// layouts it means: each axis, whole or cut in two sub-axes in every way, goes
/// to a factor, to a linear group (a partial sum that passes through), or to
/// nothing. The first one replicates everything. For tests that execute rules:
/// the number grows as (factors + groups)^axes.
void forEachPlacement(const tp::ShardingRule &rule, const tp::Mesh &mesh,
                      llvm::function_ref<void(const tp::FactorAssignment &, const tp::OpLayouts &)> callback);

} // namespace tpo

#endif // TP_OPT_SHARDING_PLACEMENTS_H
