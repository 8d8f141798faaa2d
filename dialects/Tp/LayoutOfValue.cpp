//===- LayoutOfValue.cpp - Layouts recorded in the IR ---------------------===//

#include "dialects/Tp/Layout.h"
#include "dialects/Tp/Regions.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace tpo::tp {

LayoutAttr getLayoutAttr(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (Value carried = getCarriedResult(argument))
      return getLayoutAttr(carried);
    auto function = dyn_cast_or_null<FunctionOpInterface>(
        argument.getOwner()->getParentOp());
    if (!function || !argument.getOwner()->isEntryBlock())
      return nullptr;
    return function.getArgAttrOfType<LayoutAttr>(argument.getArgNumber(),
                                                 TpDialect::kLayoutAttr);
  }
  auto result = cast<OpResult>(value);
  if (auto reshard = dyn_cast<ReshardOp>(result.getOwner()))
    return reshard.getLayout();
  if (auto constrain = dyn_cast<ConstrainOp>(result.getOwner()))
    return constrain.getLayout();
  if (auto collective = dyn_cast<CollectiveOpInterface>(result.getOwner()))
    return collective.getOutLayout();
  if (auto manual = dyn_cast<ManualOp>(result.getOwner()))
    return cast<LayoutAttr>(manual.getOutLayouts()[result.getResultNumber()]);
  auto layouts =
      result.getOwner()->getAttrOfType<ArrayAttr>(TpDialect::kLayoutsAttr);
  if (!layouts || result.getResultNumber() >= layouts.size())
    return nullptr;
  return dyn_cast<LayoutAttr>(layouts[result.getResultNumber()]);
}

void setLayoutAttr(Value value, LayoutAttr layout) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (Value carried = getCarriedResult(argument))
      return setLayoutAttr(carried, layout);
    auto function =
        cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
    function.setArgAttr(argument.getArgNumber(), TpDialect::kLayoutAttr,
                        layout);
    return;
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (isa<ReshardOp, ConstrainOp, CollectiveOpInterface, ManualOp>(op))
    return;
  SmallVector<Attribute> layouts;
  if (auto existing = op->getAttrOfType<ArrayAttr>(TpDialect::kLayoutsAttr))
    layouts.append(existing.begin(), existing.end());
  for (unsigned i = layouts.size(); i < op->getNumResults(); ++i) {
    auto type = dyn_cast<ShapedType>(op->getResult(i).getType());
    layouts.push_back(LayoutAttr::getReplicated(
        layout.getMesh(), type && type.hasRank() ? type.getRank() : 0));
  }
  layouts[result.getResultNumber()] = layout;
  op->setAttr(TpDialect::kLayoutsAttr,
              ArrayAttr::get(op->getContext(), layouts));
}

LogicalResult verifyLayoutAttr(LayoutAttr attr, Type type, Operation *from,
                               ErrorFn emitError) {
  auto op = SymbolTable::lookupNearestSymbolFrom<MeshOp>(from, attr.getMesh());
  if (!op)
    return emitError() << "layout names " << attr.getMesh()
                       << ", which is no tp.mesh";
  Mesh mesh = Mesh::get(op);
  FailureOr<Layout> layout = resolveLayout(attr, mesh, emitError);
  if (failed(layout))
    return failure();
  SmallVector<AffineExpr> dims;
  if (auto shaped = dyn_cast<ShapedType>(type))
    dims = getDims(shaped);
  if (failed(verifyLayout(*layout, mesh, dims, emitError)))
    return failure();
  canonicalise(*layout, dims);
  if (LayoutAttr canonical = toAttr(*layout, mesh, attr.getContext());
      canonical != attr)
    return emitError() << "layout " << attr << " is not canonical, need "
                       << canonical;
  return success();
}

} // namespace tpo::tp
