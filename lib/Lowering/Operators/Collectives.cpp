//===- Collectives.cpp - tp collectives -> rt.collective ------------------===//

#include "RtLowering.h"

#include "dialects/Tp/Reshard.h"
#include "tp-opt/Lowering/Sizes.h"

using namespace mlir;
using namespace tpo;

static std::optional<rt::CollectiveKind> getRtKind(tp::CollectiveKind kind) {
  switch (kind) {
  case tp::CollectiveKind::AllReduce:
    return rt::CollectiveKind::AllReduce;
  case tp::CollectiveKind::AllGather:
    return rt::CollectiveKind::AllGather;
  case tp::CollectiveKind::ReduceScatter:
    return rt::CollectiveKind::ReduceScatter;
  case tp::CollectiveKind::AllToAll:
    return rt::CollectiveKind::AllToAll;
  case tp::CollectiveKind::Broadcast:
    return rt::CollectiveKind::Broadcast;
  case tp::CollectiveKind::Permute:
    return rt::CollectiveKind::Permute;
  case tp::CollectiveKind::Slice:
    return std::nullopt;
  }
  llvm_unreachable("unknown collective");
}

/// The coordinates of member `member` of the executing rank's group: the
/// rank's own with the digits along `axes` replaced.
static tp::RankCoordinates getMemberCoordinates(const tp::RankCoordinates &own, ArrayRef<tp::AxisRef> axes,
                                                const tp::Mesh &mesh, int64_t member) {
  tp::RankCoordinates coordinates = own;
  for (const tp::AxisRef &ref : llvm::reverse(axes)) {
    int64_t digit = member % ref.size;
    member /= ref.size;
    AffineExpr &coordinate = coordinates[ref.axis];
    if (!coordinate)
      continue;
    int64_t rest = mesh.getAxes()[ref.axis].size / (ref.preSize * ref.size);
    coordinate = tp::simplify(coordinate.floorDiv(ref.size * rest) * (ref.size * rest) + digit * rest +
                              coordinate % rest);
  }
  return coordinates;
}

/// What each member of the group holds of dimension `dim` in `layout`.
static SmallVector<AffineExpr> getMemberSizes(tp::CollectiveOpInterface op, const tp::Collective &collective,
                                              tp::LayoutAttr attr, const tp::Mesh &mesh, int64_t dim) {
  FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, [&] { return op->emitError(); });
  if (failed(layout))
    return {};
  SmallVector<AffineExpr> dims = tp::getDims(cast<ShapedType>(op.getGlobalType()));
  tp::RankCoordinates own = tp::lookupRankCoordinates(op, mesh);
  SmallVector<AffineExpr> sizes;
  for (int64_t member = 0, end = tp::getNumShards(collective.axes); member < end; ++member)
    sizes.push_back(tp::getLocalRanges(*layout, mesh, dims, getMemberCoordinates(own, collective.axes, mesh, member),
                                       op.getContext())[dim]
                        .size);
  return sizes;
}

static bool isUniform(ArrayRef<AffineExpr> sizes) {
  return llvm::all_of(sizes, [&](AffineExpr size) { return tp::provablyEqual(size, sizes.front()); });
}

/// The member of its group whose piece each member gets.
static FailureOr<SmallVector<AffineExpr>> getMemberSources(tp::CollectiveOpInterface op,
                                                           const tp::Collective &collective, const tp::Mesh &mesh) {
  auto resolve = [&](tp::LayoutAttr attr) { return tp::resolveLayout(attr, mesh, [&] { return op->emitError(); }); };
  FailureOr<tp::Layout> in = resolve(op.getInLayout()), out = resolve(op.getOutLayout());
  if (failed(in) || failed(out))
    return failure();
  SmallVector<int64_t> sources = tp::getPermuteSources(*in, *out, mesh);
  std::optional<SmallVector<int64_t>> common;
  for (const SmallVector<int64_t> &group : tp::getGroups(collective.axes, mesh)) {
    SmallVector<int64_t> members;
    for (int64_t rank : group)
      members.push_back(llvm::find(group, sources[rank]) - group.begin());
    if (common && *common != members)
      return op.emitError("a permute that differs between groups of ranks is not supported by the runtime");
    common = members;
  }
  SmallVector<AffineExpr> exprs;
  for (int64_t member : *common)
    exprs.push_back(getAffineConstantExpr(member, op.getContext()));
  return exprs;
}

/// What rt.collective says of the members; empty where all pieces are equal.
static FailureOr<SmallVector<AffineExpr>> getMembers(tp::CollectiveOpInterface op, const tp::Collective &collective,
                                                     const tp::Mesh &mesh) {
  auto sizesOf = [&](tp::LayoutAttr layout, int64_t dim) { return getMemberSizes(op, collective, layout, mesh, dim); };
  SmallVector<AffineExpr> sizes;
  switch (collective.kind) {
  case tp::CollectiveKind::Permute:
    return getMemberSources(op, collective, mesh);
  case tp::CollectiveKind::AllGather:
    sizes = sizesOf(op.getInLayout(), collective.dim);
    break;
  case tp::CollectiveKind::ReduceScatter:
    sizes = sizesOf(op.getOutLayout(), collective.dim);
    break;
  case tp::CollectiveKind::AllToAll: {
    sizes = sizesOf(op.getOutLayout(), collective.splitDim);
    SmallVector<AffineExpr> joined = sizesOf(op.getInLayout(), collective.dim);
    if (isUniform(sizes) && isUniform(joined))
      return SmallVector<AffineExpr>();
    llvm::append_range(sizes, joined);
    return sizes;
  }
  default:
    break;
  }
  return isUniform(sizes) ? SmallVector<AffineExpr>() : sizes;
}

/// A vector of one element.
static Value createVector(OpBuilder &builder, Location loc, AffineExpr value) {
  auto type = RankedTensorType::get({1}, builder.getI64Type());
  if (std::optional<int64_t> constant = tp::getConst(value))
    return onnx::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, *constant));
  return onnx::SymbolicConstantOp::create(builder, loc, type, tp::DimsAttr::get(builder.getContext(), value));
}

/// Nothing moves: an onnx.Slice whose bounds depend on the rank.
static LogicalResult lowerSlice(OpBuilder &builder, tp::CollectiveOpInterface op, const tp::Mesh &mesh) {
  auto resolve = [&](tp::LayoutAttr attr) { return tp::resolveLayout(attr, mesh, [&] { return op->emitError(); }); };
  FailureOr<tp::Layout> in = resolve(op.getInLayout()), out = resolve(op.getOutLayout());
  if (failed(in) || failed(out))
    return failure();
  int64_t dim = *op.getDimension();
  SmallVector<AffineExpr> dims = tp::getDims(cast<ShapedType>(op.getGlobalType()));
  tp::RankCoordinates own = tp::lookupRankCoordinates(op, mesh);
  tp::SymbolicRange from = tp::getLocalRanges(*in, mesh, dims, own, op.getContext())[dim];
  tp::SymbolicRange to = tp::getLocalRanges(*out, mesh, dims, own, op.getContext())[dim];
  if (!from.offset || !to.offset || !to.size)
    return op.emitError("the rank's piece of this dimension is not known");
  AffineExpr start = tp::simplify(to.offset - from.offset), end = tp::simplify(start + to.size);
  Location loc = op.getLoc();
  Value starts = createVector(builder, loc, start), ends = createVector(builder, loc, end);
  Value axes = createVector(builder, loc, builder.getAffineConstantExpr(dim));
  auto slice = onnx::SliceOp::create(builder, loc, TypeRange(op.getLocalResult().getType()),
                                     ValueRange{op.getLocalInput(), starts, ends, axes});
  op.getLocalResult().replaceAllUsesWith(slice->getResult(0));
  op->erase();
  return success();
}

LogicalResult RtLowering::lowerCollective(Operation *operation) {
  auto op = dyn_cast<tp::CollectiveOpInterface>(operation);
  if (!op)
    return success();
  FailureOr<tp::Mesh> mesh = tp::Mesh::lookup(op, op.getInLayout().getMesh());
  if (failed(mesh))
    return failure();
  FailureOr<tp::Collective> collective = tp::getCollective(op, *mesh);
  if (failed(collective))
    return failure();
  builder.setInsertionPoint(op);
  if (collective->kind == tp::CollectiveKind::Slice)
    return lowerSlice(builder, op, *mesh);
  std::optional<rt::CollectiveKind> kind = getRtKind(collective->kind);
  if (!kind)
    return op.emitError() << tp::stringifyCollectiveKind(collective->kind) << " is not supported by the runtime";

  SmallVector<Value> memberSizes;
  FailureOr<SmallVector<AffineExpr>> members = getMembers(op, *collective, *mesh);
  if (failed(members))
    return failure();
  for (AffineExpr member : *members)
    memberSizes.push_back(materialize(builder, op.getLoc(), member));
  auto type = cast<RankedTensorType>(op.getLocalResult().getType());
  Value empty = createEmpty(builder, op.getLoc(), type), input = getPlain(op.getLocalInput());
  if (!empty || !input)
    return failure();
  MLIRContext *context = builder.getContext();
  // rt.collective scatters along `dim` and gathers along `dim`; an all_to_all
  // splits along `dim` and concatenates along `dim2`.
  bool isAllToAll = collective->kind == tp::CollectiveKind::AllToAll;
  int64_t dim = isAllToAll ? collective->splitDim : collective->dim;
  if (auto broadcast = dyn_cast<tp::BroadcastOp>(operation))
    dim = broadcast.getRoot();
  auto result = rt::CollectiveOp::create(
      builder, op.getLoc(), TypeRange(type), input, empty, memberSizes, rt::CollectiveKindAttr::get(context, *kind),
      builder.getI64IntegerAttr(getGroup(tp::getGroups(collective->axes, *mesh))),
      rt::ReductionAttr::get(context, static_cast<rt::Reduction>(collective->reduction)),
      builder.getI64IntegerAttr(dim), builder.getI64IntegerAttr(isAllToAll ? collective->dim : 0), ArrayAttr());
  annotate(result, op);
  op.getLocalResult().replaceAllUsesWith(result.getResult(0));
  op->erase();
  return success();
}
