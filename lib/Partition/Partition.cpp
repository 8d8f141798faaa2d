//===- Partition.cpp - From layouts to the program of one rank ------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Local operations are built beside the global ones, which are erased at the
// end: until then layouts are read from them. Nothing is decided here; where
// operands, operation and results do not agree, that is an error.
//
//===----------------------------------------------------------------------===//

#include "LocalWeights.h"
#include "dialects/Tp/Interfaces.h"
#include "dialects/Tp/Regions.h"
#include "dialects/Tp/Reshard.h"
#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Partition/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_PARTITIONPASS
#include "tp-opt/Partition/Passes.h.inc"

namespace {

/// Partitions one function.
class FunctionPartitioner {
public:
  FunctionPartitioner(func::FuncOp func, const tp::Mesh &mesh,
                      tp::RankCoordinates coordinates)
      : func(func), mesh(mesh), coordinates(std::move(coordinates)),
        builder(func.getContext()), weights(this->mesh, this->coordinates),
        reshards(this->mesh) {}

  LogicalResult run();

private:
  /// The layout that the IR records, replicated where it records none. Rank 0
  /// for anything but tensors.
  FailureOr<tp::Layout> getLayout(Value value, Operation *user);
  FailureOr<tp::Layout> resolve(tp::LayoutAttr attr, Type type,
                                Operation *user);
  Type getLocalType(Type type, const tp::Layout &layout) const;

  LogicalResult addLocalArguments();
  /// Builds the local forms of a block's operations at the end of `local`, or,
  /// where that is the same block, each in front of its operation.
  LogicalResult partitionBlock(Block &block, Block &local);
  LogicalResult partition(Operation &op);
  LogicalResult partitionByRule(Operation &op, tp::OpLayouts layouts);
  LogicalResult partitionReshard(Operation &op, Value input,
                                 tp::LayoutAttr target);
  LogicalResult partitionManual(tp::ManualOp op);
  LogicalResult partitionReturn(func::ReturnOp op);
  LogicalResult checkCarried(Operation &op);
  LogicalResult partitionTransparent(Operation &op);
  LogicalResult checkOpaque(Operation &op);
  /// Calls `visit` for the operations that were built behind `previous` (null:
  /// the block's begin) and up to the insertion point.
  void forEachBuilt(Operation *previous, llvm::function_ref<void(Operation &)> visit);
  Operation *getLastBuilt();
  LogicalResult checkTypes(Operation &op, ArrayRef<Value> results,
                           const tp::PartitionContext &context);
  void mapCaptured(Operation *previous);
  void cloneReplicated(Operation &op);
  void finish();

  func::FuncOp func;
  const tp::Mesh &mesh;
  tp::RankCoordinates coordinates;
  OpBuilder builder;
  LocalWeights weights;
  tp::ReshardPlans reshards;
  /// From global values to the rank's pieces of them.
  IRMapping pieces;
  SmallVector<Type> localResultTypes;
};

FailureOr<tp::Layout> FunctionPartitioner::resolve(tp::LayoutAttr attr,
                                                   Type type, Operation *user) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return tp::Layout::replicated(0);
  if (!attr)
    return tp::Layout::replicated(tensor.getRank());
  if (attr.getMesh().getValue() != mesh.getName())
    return user->emitError("layout on mesh @")
           << attr.getMesh().getValue() << " in a function on mesh @"
           << mesh.getName();
  auto emitError = [&] { return user->emitError(); };
  FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, emitError);
  if (failed(layout) ||
      failed(tp::verifyLayout(*layout, mesh, tp::getDims(tensor), emitError)))
    return failure();
  tp::canonicalise(*layout, tp::getDims(tensor));
  return layout;
}

FailureOr<tp::Layout> FunctionPartitioner::getLayout(Value value,
                                                     Operation *user) {
  Operation *def = value.getDefiningOp();
  return resolve(tp::getLayoutAttr(value), value.getType(), def ? def : user);
}

Type FunctionPartitioner::getLocalType(Type type,
                                       const tp::Layout &layout) const {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tp::getLocalType(tensor, layout, mesh, coordinates) : type;
}

LogicalResult FunctionPartitioner::addLocalArguments() {
  Block &entry = func.getBody().front();
  unsigned count = entry.getNumArguments();
  for (unsigned i = 0; i < count; ++i) {
    BlockArgument global = entry.getArgument(i);
    FailureOr<tp::Layout> layout = getLayout(global, func);
    if (failed(layout))
      return failure();
    if (layout->isPartial())
      return func.emitError("argument #")
             << i << " is partial; arguments are tensors, not terms of one";
    pieces.map(global,
               entry.addArgument(getLocalType(global.getType(), *layout),
                                 global.getLoc()));
  }
  return success();
}

void FunctionPartitioner::cloneReplicated(Operation &op) {
  Operation *local = builder.clone(op, pieces);
  local->removeAttr(tp::TpDialect::kLayoutsAttr);
  local->removeAttr(tp::TpDialect::kReasonsAttr);
}

LogicalResult FunctionPartitioner::partitionReshard(Operation &op, Value input,
                                                    tp::LayoutAttr target) {
  FailureOr<tp::Layout> from = getLayout(input, &op);
  FailureOr<tp::Layout> to = resolve(target, input.getType(), &op);
  if (failed(from) || failed(to))
    return failure();
  // A rank reads its part of a weight from the file: nothing moves.
  if (Value view = weights.getPiece(builder, input, *to)) {
    pieces.map(op.getResult(0), view);
    return success();
  }
  auto type = cast<RankedTensorType>(input.getType());
  const tp::ReshardSteps *steps = reshards.get(
      tp::getDims(type), *from, *to, [&] { return op.emitError(); });
  if (!steps)
    return failure();
  // The report names the operation that made the movement necessary.
  Operation *producer = input.getDefiningOp();
  Location loc = producer ? producer->getLoc() : op.getLoc();
  pieces.map(op.getResult(0),
             tp::buildReshard(builder, loc, pieces.lookup(input), type, *steps,
                              mesh, coordinates));
  return success();
}

LogicalResult FunctionPartitioner::partitionManual(tp::ManualOp op) {
  auto check = [&](Value value, Attribute expected,
                   StringRef what) -> LogicalResult {
    FailureOr<tp::Layout> actual = getLayout(value, op);
    FailureOr<tp::Layout> wanted =
        resolve(cast<tp::LayoutAttr>(expected), value.getType(), op);
    if (failed(actual) || failed(wanted))
      return failure();
    if (*actual != *wanted)
      return op.emitError("needs ")
             << what << " as " << tp::toString(*wanted, mesh) << ", got "
             << tp::toString(*actual, mesh);
    return success();
  };
  for (auto [input, layout] : llvm::zip(op.getInputs(), op.getInLayouts()))
    if (failed(check(input, layout, "an operand")))
      return failure();
  Block &body = op.getBody().front();
  for (auto [input, argument] : llvm::zip(op.getInputs(), body.getArguments()))
    pieces.map(argument, pieces.lookup(input));
  for (Operation &inner : body.without_terminator())
    builder.clone(inner, pieces);
  for (auto [result, value] :
       llvm::zip(op.getResults(), body.getTerminator()->getOperands()))
    pieces.map(result, pieces.lookupOrDefault(value));
  return success();
}

LogicalResult FunctionPartitioner::partitionReturn(func::ReturnOp op) {
  SmallVector<Value> values;
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    auto attr =
        func.getResultAttrOfType<tp::LayoutAttr>(i, tp::TpDialect::kLayoutAttr);
    FailureOr<tp::Layout> declared = resolve(attr, value.getType(), op);
    FailureOr<tp::Layout> actual = getLayout(value, op);
    if (failed(declared) || failed(actual))
      return failure();
    if (*declared != *actual)
      return op.emitError("result #")
             << i << " is laid out as " << tp::toString(*actual, mesh)
             << ", the function returns " << tp::toString(*declared, mesh);
    if (actual->isPartial())
      return op.emitError("result #") << i << " is partial";
    values.push_back(pieces.lookup(value));
    localResultTypes.push_back(values.back().getType());
  }
  func::ReturnOp::create(builder, op.getLoc(), values);
  return success();
}

LogicalResult
FunctionPartitioner::checkTypes(Operation &op, ArrayRef<Value> results,
                                const tp::PartitionContext &context) {
  for (auto [i, value] : llvm::enumerate(results))
    if (value.getType() != context.getResultLocalType(i))
      return op.emitError("local form has result #")
             << i << " of type " << value.getType() << ", its layout means "
             << context.getResultLocalType(i);
  return success();
}

Operation *FunctionPartitioner::getLastBuilt() {
  Block::iterator position = builder.getInsertionPoint();
  return position == builder.getInsertionBlock()->begin() ? nullptr : &*std::prev(position);
}

void FunctionPartitioner::forEachBuilt(Operation *previous, llvm::function_ref<void(Operation &)> visit) {
  Block::iterator position = previous ? std::next(Block::iterator(previous)) : builder.getInsertionBlock()->begin();
  for (; position != builder.getInsertionPoint(); ++position)
    visit(*position);
}

/// Lets regions of the local operations behind `previous` use the local form of
/// what they capture.
void FunctionPartitioner::mapCaptured(Operation *previous) {
  forEachBuilt(previous, [&](Operation &local) {
    local.walk([&](Operation *inner) {
      if (inner == &local)
        return;
      for (OpOperand &operand : inner->getOpOperands())
        if (Value piece = pieces.lookupOrNull(operand.get()))
          operand.set(piece);
    });
  });
}

//===----------------------------------------------------------------------===//
// Operations with regions
//===----------------------------------------------------------------------===//

/// A region that is cloned computes with whole tensors and knows no layouts.
LogicalResult FunctionPartitioner::checkOpaque(Operation &op) {
  for (OpOperand *operand : tp::getCapturedTensors(&op)) {
    FailureOr<tp::Layout> layout = getLayout(operand->get(), &op);
    if (failed(layout))
      return failure();
    if (!layout->isReplicated())
      return op.emitError("cannot be partitioned: its region uses a tensor "
                          "that is laid out as ")
             << tp::toString(*layout, mesh);
  }
  for (Region &region : op.getRegions()) {
    WalkResult result = region.walk([&](Operation *inner) {
      bool hasLayouts = isa<tp::ReshardOp, tp::ConstrainOp>(inner) || inner->hasAttr(tp::TpDialect::kLayoutsAttr);
      if (!hasLayouts)
        return WalkResult::advance();
      inner->emitError("has a layout in a region of '") << op.getName() << "', which is not partitioned";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

/// What is carried into, around and out of regions has one layout.
LogicalResult FunctionPartitioner::checkCarried(Operation &op) {
  for (tp::CarriedTensor &tensor : tp::getCarriedTensors(&op)) {
    OpResult result = cast<OpResult>(tensor.values.front());
    FailureOr<tp::Layout> layout = getLayout(result, &op);
    if (failed(layout))
      return failure();
    if (layout->isPartial())
      return op.emitError("result #") << result.getResultNumber()
                                      << " is partial; regions carry tensors, not terms of one";
    for (OpOperand *source : tensor.sources) {
      FailureOr<tp::Layout> actual = getLayout(source->get(), &op);
      if (failed(actual))
        return failure();
      if (*actual != *layout)
        return op.emitError("result #") << result.getResultNumber() << " is laid out as " << tp::toString(*layout, mesh)
                                        << ", "
                                        << (source->getOwner() == &op ? "its initial value as "
                                                                      : "what its region yields as ")
                                        << tp::toString(*actual, mesh);
    }
  }
  return success();
}

LogicalResult FunctionPartitioner::partitionTransparent(Operation &op) {
  if (failed(checkCarried(op)))
    return failure();
  Operation *local = builder.cloneWithoutRegions(op, pieces);
  local->removeAttr(tp::TpDialect::kLayoutsAttr);
  local->removeAttr(tp::TpDialect::kReasonsAttr);
  for (auto [global, result] : llvm::zip(op.getResults(), local->getResults()))
    result.setType(getLocalType(global.getType(), *getLayout(global, &op)));
  OpBuilder::InsertionGuard guard(builder);
  for (auto [global, region] : llvm::zip(op.getRegions(), local->getRegions())) {
    if (global.empty())
      continue;
    Block &body = region.emplaceBlock();
    for (BlockArgument argument : global.getArguments()) {
      FailureOr<tp::Layout> layout = getLayout(argument, &op);
      if (failed(layout))
        return failure();
      pieces.map(argument, body.addArgument(getLocalType(argument.getType(), *layout), argument.getLoc()));
    }
    if (failed(partitionBlock(global.front(), body)))
      return failure();
  }
  return success();
}

LogicalResult FunctionPartitioner::partitionByRule(Operation &op,
                                                   tp::OpLayouts layouts) {
  auto ruleOp = dyn_cast<tp::ShardingRuleOpInterface>(op);
  auto localOp = dyn_cast<tp::PartitionOpInterface>(op);
  if (!ruleOp || !localOp)
    return op.emitError("cannot be split: ")
           << op.getName()
           << (ruleOp ? " has no local form" : " has no sharding rule");
  FailureOr<tp::ShardingRule> rule = ruleOp.getShardingRule();
  if (failed(rule))
    return failure();
  FailureOr<tp::FactorAssignment> assignment =
      tp::getAssignment(*rule, layouts.operands, layouts.results, mesh,
                        [&] { return op.emitError(); });
  if (failed(assignment))
    return failure();
  tp::PartitionContext context(&op, mesh, coordinates, *rule, *assignment,
                               layouts);
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(pieces.lookup(operand));
  Operation *previous = getLastBuilt();
  FailureOr<SmallVector<Value>> results =
      localOp.partition(builder, operands, context);
  if (failed(results) || failed(checkTypes(op, *results, context)))
    return failure();
  mapCaptured(previous);
  for (auto [global, local] : llvm::zip(op.getResults(), *results))
    pieces.map(global, local);
  return success();
}

LogicalResult FunctionPartitioner::partition(Operation &op) {
  if (auto reshard = dyn_cast<tp::ReshardOp>(op))
    return partitionReshard(op, reshard.getInput(), reshard.getLayout());
  if (auto constrain = dyn_cast<tp::ConstrainOp>(op))
    return partitionReshard(op, constrain.getInput(), constrain.getLayout());
  if (auto manual = dyn_cast<tp::ManualOp>(op))
    return partitionManual(manual);
  if (auto ret = dyn_cast<func::ReturnOp>(op))
    return partitionReturn(ret);
  if (tp::isTransparent(&op))
    return partitionTransparent(op);
  if (op.hasTrait<OpTrait::IsTerminator>()) {
    // What a transparent region yields, checked with what it carries.
    builder.clone(op, pieces);
    return success();
  }
  if (failed(checkOpaque(op)))
    return failure();

  tp::OpLayouts layouts;
  bool replicated = true;
  for (Value operand : op.getOperands()) {
    FailureOr<tp::Layout> layout = getLayout(operand, &op);
    if (failed(layout))
      return failure();
    replicated &= layout->isReplicated();
    layouts.operands.push_back(std::move(*layout));
  }
  for (Value result : op.getResults()) {
    FailureOr<tp::Layout> layout = getLayout(result, &op);
    if (failed(layout))
      return failure();
    replicated &= layout->isReplicated();
    layouts.results.push_back(std::move(*layout));
  }
  if (isa<tp::WeightOp>(op)) {
    Value piece =
        weights.getPiece(builder, op.getResult(0), layouts.results[0]);
    if (!piece)
      return op.emitError("a weight cannot be partial");
    pieces.map(op.getResult(0), piece);
    return success();
  }
  if (replicated) {
    // The same computation on every rank, whatever it is.
    cloneReplicated(op);
    return success();
  }
  return partitionByRule(op, std::move(layouts));
}

void FunctionPartitioner::finish() {
  Block &entry = func.getBody().front();
  unsigned count = entry.getNumArguments() / 2;
  MLIRContext *context = func.getContext();
  auto note = [&](Type global, auto getAttr, auto setAttr) {
    auto tensor = dyn_cast<RankedTensorType>(global);
    if (!tensor)
      return;
    setAttr(tp::TpDialect::kGlobalTypeAttr, TypeAttr::get(global));
    if (!getAttr(tp::TpDialect::kLayoutAttr))
      setAttr(tp::TpDialect::kLayoutAttr,
              tp::LayoutAttr::getReplicated(mesh.getSymbol(context),
                                            tensor.getRank()));
  };
  for (unsigned i = 0; i < count; ++i)
    note(
        func.getArgumentTypes()[i],
        [&](StringRef name) { return func.getArgAttr(i, name); },
        [&](StringRef name, Attribute attr) {
          func.setArgAttr(i, name, attr);
        });
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    note(
        func.getResultTypes()[i],
        [&](StringRef name) { return func.getResultAttr(i, name); },
        [&](StringRef name, Attribute attr) {
          func.setResultAttr(i, name, attr);
        });
  entry.eraseArguments(0, count);
  func.setType(
      FunctionType::get(context, entry.getArgumentTypes(), localResultTypes));
}

LogicalResult FunctionPartitioner::partitionBlock(Block &block, Block &local) {
  SmallVector<Operation *> globals;
  for (Operation &op : block)
    globals.push_back(&op);
  for (Operation *op : globals) {
    if (&block == &local)
      builder.setInsertionPoint(op);
    else
      builder.setInsertionPointToEnd(&local);
    Operation *previous = getLastBuilt();
    if (failed(partition(*op)))
      return failure();
    // What replaces an operation belongs to its layer; a reshard's collectives
    // to that of the value they complete.
    Operation *source = op;
    if (isa<tp::ReshardOp, tp::ConstrainOp>(op) && !op->hasAttr(kLayerAttr))
      if (Operation *producer = op->getOperand(0).getDefiningOp())
        source = producer;
    if (Attribute layer = source->getAttr(kLayerAttr))
      forEachBuilt(previous, [&](Operation &built) {
        if (!built.hasAttr(kLayerAttr))
          built.setAttr(kLayerAttr, layer);
      });
  }
  return success();
}

LogicalResult FunctionPartitioner::run() {
  if (!func.getBody().hasOneBlock())
    return func.emitError("cannot be partitioned: has control flow between "
                          "blocks");
  Block &entry = func.getBody().front();
  SmallVector<Operation *> globals;
  for (Operation &op : entry)
    globals.push_back(&op);
  if (failed(addLocalArguments()) || failed(partitionBlock(entry, entry)))
    return failure();
  for (Operation *op : llvm::reverse(globals))
    op->erase();
  // Whole weights of which only pieces are read.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry)))
    if (isOpTriviallyDead(&op))
      op.erase();
  finish();
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// The meshes that layouts in `func` name.
llvm::SmallSetVector<StringRef, 2> getMeshNames(func::FuncOp func) {
  llvm::SmallSetVector<StringRef, 2> names;
  auto visit = [&](Attribute attr) {
    if (auto layout = dyn_cast_or_null<tp::LayoutAttr>(attr))
      names.insert(layout.getMesh().getValue());
  };
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    visit(func.getArgAttr(i, tp::TpDialect::kLayoutAttr));
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    visit(func.getResultAttr(i, tp::TpDialect::kLayoutAttr));
  func.walk([&](Operation *op) {
    for (Value result : op->getResults())
      visit(tp::getLayoutAttr(result));
  });
  return names;
}

bool isPartitioned(func::FuncOp func) {
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (func.getArgAttr(i, tp::TpDialect::kGlobalTypeAttr))
      return true;
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    if (func.getResultAttr(i, tp::TpDialect::kGlobalTypeAttr))
      return true;
  return false;
}

struct Partition : impl::PartitionPassBase<Partition> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto meshes = llvm::to_vector(module.getOps<tp::MeshOp>());
    if (meshes.empty()) {
      module.emitError("cannot be partitioned: has no tp.mesh");
      return signalPassFailure();
    }
    for (auto func :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (func.isExternal() || isPartitioned(func))
        continue;
      auto names = getMeshNames(func);
      if (names.empty() && meshes.size() == 1)
        names.insert(meshes.front().getSymName());
      if (names.size() != 1) {
        func.emitError(names.empty()
                           ? "cannot be partitioned: nothing says on which of "
                             "the module's meshes it runs"
                           : "cannot be partitioned: has layouts on several "
                             "meshes");
        return signalPassFailure();
      }
      FailureOr<tp::Mesh> mesh = tp::Mesh::lookup(
          func, FlatSymbolRefAttr::get(&getContext(), names.front()));
      if (failed(mesh))
        return signalPassFailure();
      FunctionPartitioner partitioner(func, *mesh,
                                      tp::addRankCoordinates(module, *mesh));
      if (failed(partitioner.run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace tpo
