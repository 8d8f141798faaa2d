//===- Cases.cpp - Operators to place, and their placements ---------------===//

#include "Cases.h"

#include "dialects/Tp/Interfaces.h"
#include "tp-opt/Sharding/Placements.h"

#include <random>

using namespace mlir;

namespace tpo::test {

Operation *getOperator(func::FuncOp function) { return function.getBody().front().getTerminator()->getPrevNode(); }

static tp::Mesh makeMesh(ArrayRef<int64_t> sizes) {
  SmallVector<tp::MeshAxis> axes;
  for (auto [index, size] : llvm::enumerate(sizes)) {
    tp::MeshAxis axis;
    axis.name = std::string(1, char('a' + index));
    axis.size = size;
    axes.push_back(axis);
  }
  return tp::Mesh("mesh", axes);
}

std::vector<tp::Mesh> getMeshes(func::FuncOp function) {
  std::vector<tp::Mesh> meshes = {makeMesh({2}), makeMesh({3}), makeMesh({4}), makeMesh({2, 2}), makeMesh({2, 3})};
  if (auto extra = function->getAttrOfType<ArrayAttr>("rules.mesh")) {
    SmallVector<int64_t> sizes;
    for (auto size : extra.getAsRange<IntegerAttr>())
      sizes.push_back(size.getInt());
    meshes.push_back(makeMesh(sizes));
  }
  return meshes;
}

/// Whether every axis of the mesh, all of it, is somewhere.
static bool usesAll(const tp::FactorAssignment &assignment, const tp::Mesh &mesh) {
  int64_t devices = 1;
  for (const tp::AxisRefs &axes : assignment.factorAxes)
    devices *= tp::getNumShards(axes);
  for (const tp::AxisRefs &axes : assignment.linearAxes)
    devices *= tp::getNumShards(axes);
  // Half an axis of four splits as an axis of two does, but on other devices.
  return devices == mesh.getNumDevices() || (mesh.getAxes().size() == 1 && devices > 1);
}

static bool hasPartialBooleans(Operation *op, const tp::OpLayouts &layouts) {
  for (auto [operand, layout] : llvm::zip_equal(op->getOperands(), layouts.operands))
    if (layout.isPartial() && getElementTypeOrSelf(operand.getType()).isInteger(1))
      return true;
  return false;
}

FailureOr<std::vector<Placement>> getPlacements(Operation *op, const tp::Mesh &mesh, unsigned limit) {
  auto ruleOp = dyn_cast<tp::ShardingRuleOpInterface>(op);
  if (!ruleOp)
    return op->emitError("has no sharding rule");
  FailureOr<tp::ShardingRule> rule = ruleOp.getShardingRule();
  if (failed(rule))
    return failure();
  std::vector<Placement> placements;
  forEachPlacement(*rule, mesh, [&](const tp::FactorAssignment &assignment, const tp::OpLayouts &layouts) {
    if (usesAll(assignment, mesh) && !hasPartialBooleans(op, layouts))
      placements.push_back({layouts, assignment.toString(*rule, mesh)});
  });
  if (limit && placements.size() > limit) {
    std::mt19937 random(11);
    for (size_t i = 0; i < limit; ++i)
      std::swap(placements[i], placements[i + random() % (placements.size() - i)]);
    placements.resize(limit);
  }
  return placements;
}

} // namespace tpo::test
