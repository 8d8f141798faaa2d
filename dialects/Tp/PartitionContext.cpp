//===- PartitionContext.cpp - What building a local op needs --------------===//

#include "dialects/Tp/PartitionContext.h"

#include "mlir/IR/Operation.h"

using namespace mlir;

namespace tpo::tp {

PartitionContext::PartitionContext(Operation *op, const Mesh &mesh,
                                   RankCoordinates coordinates,
                                   ShardingRule rule,
                                   FactorAssignment assignment,
                                   OpLayouts layouts)
    : op(op), mesh(mesh), coordinates(std::move(coordinates)),
      rule(std::move(rule)), assignment(std::move(assignment)),
      layouts(std::move(layouts)) {}

LayoutAttr PartitionContext::getOperandLayoutAttr(unsigned i) const {
  return toAttr(layouts.operands[i], mesh, op->getContext());
}

LayoutAttr PartitionContext::getResultLayoutAttr(unsigned i) const {
  return toAttr(layouts.results[i], mesh, op->getContext());
}

Type PartitionContext::getOperandGlobalType(unsigned i) const {
  return op->getOperand(i).getType();
}

Type PartitionContext::getResultGlobalType(unsigned i) const {
  return op->getResult(i).getType();
}

Type PartitionContext::getLocalType(Type globalType,
                                    const Layout &layout) const {
  auto tensor = dyn_cast<RankedTensorType>(globalType);
  return tensor ? tp::getLocalType(tensor, layout, mesh, coordinates)
                : globalType;
}

Type PartitionContext::getOperandLocalType(unsigned i) const {
  return getLocalType(getOperandGlobalType(i), layouts.operands[i]);
}

Type PartitionContext::getResultLocalType(unsigned i) const {
  return getLocalType(getResultGlobalType(i), layouts.results[i]);
}

SmallVector<Type> PartitionContext::getResultLocalTypes() const {
  SmallVector<Type> types;
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    types.push_back(getResultLocalType(i));
  return types;
}

SymbolicRange PartitionContext::getFactorRange(unsigned factor) const {
  const AxisRefs &axes = assignment.factorAxes[factor];
  return getLocalRange(rule.factors[factor].size,
                       assignment.factorUnits[factor], getNumShards(axes),
                       getIndexAlong(axes), op->getContext());
}

AffineExpr PartitionContext::getIndexAlong(ArrayRef<AxisRef> axes) const {
  return getIndex(axes, mesh, coordinates, op->getContext());
}

} // namespace tpo::tp
