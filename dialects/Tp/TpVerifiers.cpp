//===- TpVerifiers.cpp - Verifiers of tp operations -----------------------===//

#include "dialects/Tp/Reshard.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace tpo::tp;

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  size_t strides = getView().getStrides().size();
  if (strides != static_cast<size_t>(type.getRank()))
    return emitOpError() << "view has " << strides
                         << " strides for a tensor of rank " << type.getRank();
  int64_t file = static_cast<int32_t>(getFile());
  if (file < 0)
    return emitOpError() << "file index " << file << " is negative";
  if (auto module = (*this)->getParentOfType<ModuleOp>())
    if (auto files = module->getAttrOfType<ArrayAttr>(TpDialect::kFilesAttr))
      if (file >= static_cast<int64_t>(files.size()))
        return emitOpError() << "file index " << file << " is out of range: "
                             << "the module has " << files.size() << " files";
  return success();
}

LogicalResult ConstrainOp::verify() {
  return verifyLayoutAttr(getLayout(), getResult().getType(), *this,
                          [&] { return emitOpError(); });
}

LogicalResult ReshardOp::verify() {
  return verifyLayoutAttr(getLayout(), getResult().getType(), *this,
                          [&] { return emitOpError(); });
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

/// Checks that `type` is the piece that a rank holds of a `globalType` tensor;
/// sizes that are unknown on one side fit.
static LogicalResult verifyLocalType(Operation *op, Type type,
                                     RankedTensorType globalType,
                                     const Layout &layout, const Mesh &mesh,
                                     const Twine &what) {
  auto local = dyn_cast<RankedTensorType>(type);
  RankedTensorType expected =
      getLocalType(globalType, layout, mesh, lookupRankCoordinates(op, mesh));
  bool fits = local && local.getRank() == expected.getRank() &&
              local.getElementType() == expected.getElementType();
  if (fits)
    for (auto [have, need] : llvm::zip_equal(getDims(local), getDims(expected)))
      fits &= !have || !need || provablyEqual(have, need);
  if (fits)
    return success();
  return op->emitOpError() << what << " has type " << type
                           << ", a rank's piece of " << globalType
                           << " with layout " << toString(layout, mesh)
                           << " is " << expected;
}

static LogicalResult verifyPermute(Operation *op, const Collective &collective,
                                   const Layout &in, const Layout &out,
                                   const Mesh &mesh) {
  if (!isPermutation(in, out, mesh))
    return op->emitOpError()
           << "layouts " << toString(in, mesh) << " and " << toString(out, mesh)
           << " do not have the same pieces";
  SmallVector<int64_t> sources = getPermuteSources(in, out, mesh);
  for (const SmallVector<int64_t> &group : getGroups(collective.axes, mesh))
    for (int64_t rank : group)
      if (!llvm::is_contained(group, sources[rank]))
        return op->emitOpError()
               << "rank " << rank << " needs the piece of rank "
               << sources[rank] << ", which is not along "
               << toString(collective.axes, mesh);
  return success();
}

static LogicalResult verifyDisjoint(Operation *op, ArrayRef<AxisRef> axes,
                                    const Mesh &mesh) {
  for (auto [index, ref] : llvm::enumerate(axes))
    if (overlap(axes.take_front(index), {ref}))
      return op->emitOpError()
             << "names axis " << toString({ref}, mesh) << " twice";
  return success();
}

LogicalResult tpo::tp::verifyCollectiveOp(Operation *operation) {
  auto op = cast<CollectiveOpInterface>(operation);
  auto emitError = [&] { return operation->emitOpError(); };
  LayoutAttr inAttr = op.getInLayout(), outAttr = op.getOutLayout();
  if (inAttr.getMesh() != outAttr.getMesh())
    return emitError() << "layouts are of different meshes";
  auto globalType = cast<RankedTensorType>(op.getGlobalType());
  if (failed(verifyLayoutAttr(inAttr, globalType, operation, emitError)) ||
      failed(verifyLayoutAttr(outAttr, globalType, operation, emitError)))
    return failure();
  FailureOr<Mesh> mesh = Mesh::lookup(operation, inAttr.getMesh());
  if (failed(mesh))
    return failure();
  FailureOr<Layout> in = resolveLayout(inAttr, *mesh, emitError);
  FailureOr<Layout> out = resolveLayout(outAttr, *mesh, emitError);
  FailureOr<Collective> collective = getCollective(op, *mesh);
  if (failed(in) || failed(out) || failed(collective) ||
      failed(verifyDisjoint(operation, collective->axes, *mesh)))
    return failure();

  if (collective->kind == CollectiveKind::Permute) {
    if (failed(verifyPermute(operation, *collective, *in, *out, *mesh)))
      return failure();
  } else {
    // Only the output knows in which units a dimension becomes split.
    int64_t pushed = collective->kind == CollectiveKind::AllToAll
                         ? collective->splitDim
                         : collective->dim;
    AffineExpr units;
    if (pushed >= 0 && pushed < static_cast<int64_t>(out->getRank()))
      units = out->dims[pushed].units;
    FailureOr<Layout> expected =
        apply(*collective, *in, getDims(globalType), units, *mesh, emitError);
    if (failed(expected))
      return failure();
    if (*expected != *out)
      return emitError() << "output layout is " << toString(*out, *mesh)
                         << ", need " << toString(*expected, *mesh);
  }
  if (failed(verifyLocalType(operation, op.getLocalInput().getType(),
                             globalType, *in, *mesh, "input")))
    return failure();
  return verifyLocalType(operation, op.getLocalResult().getType(), globalType,
                         *out, *mesh, "result");
}

/// Checks an index along axes of a mesh.
static LogicalResult verifyIndex(Operation *op, int64_t index, AxesAttr axes,
                                 FlatSymbolRefAttr symbol, StringRef what) {
  FailureOr<Mesh> mesh = Mesh::lookup(op, symbol);
  if (failed(mesh))
    return failure();
  FailureOr<AxisRefs> refs =
      resolveAxes(axes.getAxes(), *mesh, [&] { return op->emitOpError(); });
  if (failed(refs) || failed(verifyDisjoint(op, *refs, *mesh)))
    return failure();
  int64_t count = getNumShards(*refs);
  if (index < 0 || index >= count)
    return op->emitOpError()
           << what << ' ' << index << " is out of range for " << count
           << " devices along " << toString(*refs, *mesh);
  return success();
}

LogicalResult BroadcastOp::verify() {
  return verifyIndex(*this, getRoot(), getAxes(), getInLayout().getMesh(),
                     "root");
}

LogicalResult SendOp::verify() {
  return verifyIndex(*this, getPeer(), getAxes(), getMeshAttr(), "peer");
}

LogicalResult RecvOp::verify() {
  return verifyIndex(*this, getPeer(), getAxes(), getMeshAttr(), "peer");
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

LogicalResult StartOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 0)
    return emitOpError() << "region must have no arguments";
  auto yield =
      dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield || block.getOperations().size() != 2 ||
      !isa<CollectiveOpInterface>(block.front()) ||
      yield->getOperands() != block.front().getResults())
    return emitOpError()
           << "region must be one collective and the yield of its result";
  Type yielded = yield.getOperand(0).getType();
  if (yielded != getResult().getType().getTensor())
    return emitOpError() << "yields " << yielded << ", its result is "
                         << getResult().getType();
  return success();
}

/// Checks the local values on one side of a `tp.manual`.
static LogicalResult verifyManualSide(ManualOp op, StringRef what,
                                      ArrayAttr layouts, TypeRange globalTypes,
                                      TypeRange localTypes) {
  if (layouts.size() != globalTypes.size() ||
      localTypes.size() != globalTypes.size())
    return op.emitOpError()
           << "has " << globalTypes.size() << ' ' << what << "s, "
           << layouts.size() << " layouts for them and " << localTypes.size()
           << " local values";
  for (auto [index, globalType] : llvm::enumerate(globalTypes)) {
    auto layoutAttr = cast<LayoutAttr>(layouts[index]);
    auto emitError = [&, index = index] { return op.emitOpError() << what << " #" << index << ": "; };
    if (failed(verifyLayoutAttr(layoutAttr, globalType, op, emitError)))
      return failure();
    FailureOr<Mesh> mesh = Mesh::lookup(op, layoutAttr.getMesh());
    FailureOr<Layout> layout = resolveLayout(layoutAttr, *mesh, emitError);
    if (failed(verifyLocalType(op, localTypes[index],
                               cast<RankedTensorType>(globalType), *layout,
                               *mesh, "local " + what + " #" + Twine(index))))
      return failure();
  }
  return success();
}

LogicalResult ManualOp::verifyRegions() {
  Block &block = getBody().front();
  auto yield =
      dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield)
    return emitOpError() << "region must end in tp.yield";
  if (failed(verifyManualSide(*this, "operand", getInLayouts(),
                              getInputs().getTypes(),
                              block.getArgumentTypes())))
    return failure();
  return verifyManualSide(*this, "result", getOutLayouts(),
                          getResults().getTypes(), yield.getOperandTypes());
}
