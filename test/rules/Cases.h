//===- Cases.h - Operators to place, and their placements -------*- C++ -*-===//

#ifndef TPOPT_TEST_RULES_CASES_H
#define TPOPT_TEST_RULES_CASES_H

#include "dialects/Tp/ShardingRule.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace tpo::test {

/// One placement of a mesh on the operator of a case.
struct Placement {
  tp::OpLayouts layouts;
  std::string text;
};

/// The operator under test is the last one of its function; the operations
/// before it make its constants. An argument holds integers in [-3, 3], or in
/// `rules.range = [low, high]`. `rules.mesh = [8]` on the function adds a mesh.
mlir::Operation *getOperator(mlir::func::FuncOp function);

/// The meshes that a case is placed on.
std::vector<tp::Mesh> getMeshes(mlir::func::FuncOp function);

/// Placements of a mesh on the operator, at most `limit` of them chosen by a
/// fixed seed (0: all). Those that leave an axis unused are not among them:
/// a smaller mesh has them. `skipped` counts those whose operands cannot be
/// made: partial sums of booleans.
mlir::FailureOr<std::vector<Placement>> getPlacements(mlir::Operation *op, const tp::Mesh &mesh, unsigned limit);

} // namespace tpo::test

#endif // TPOPT_TEST_RULES_CASES_H
