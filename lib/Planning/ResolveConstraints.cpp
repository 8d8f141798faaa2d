//===- ResolveConstraints.cpp - From names to values ----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Constraints.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpo {

namespace {

class Resolver {
public:
  Resolver(func::FuncOp function, const tp::Mesh &mesh)
      : function(function), mesh(mesh), set(function->getParentOfType<ModuleOp>().getLoc()) {}

  FailureOr<ConstraintSet> run() {
    removeConstrainOps();
    WalkResult inside = function.walk([](tp::ConstrainOp op) {
      op.emitError() << "is inside of a region, whose tensors are not planned one by one";
      return WalkResult::interrupt();
    });
    if (inside.wasInterrupted())
      return failure();
    if (!constrained.empty() && failed(addConstrained()))
      return failure();
    auto given = function->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(kConstraintsAttr);
    if (!given)
      return std::move(set);
    table.emplace(function);
    bool isValid = true;
    for (Attribute attr : given) {
      FailureOr<Constraint> constraint = Constraint::fromAttr(attr);
      if (failed(constraint))
        return emitError(set.fallback) << "'" << kConstraintsAttr << "' has an entry without tensor and layout";
      set.constraints.push_back(std::move(*constraint));
      // All that is wrong at once: constraints are written by hand.
      isValid &= succeeded(resolve(set.constraints.size() - 1));
    }
    if (!isValid)
      return failure();
    return std::move(set);
  }

private:
  InFlightDiagnostic report(unsigned index) {
    const Constraint &constraint = set.constraints[index];
    return emitError(constraint.getLocation(set.fallback)) << constraint.source << ": ";
  }

  void removeConstrainOps();
  LogicalResult addConstrained();
  LogicalResult resolve(unsigned index);
  LogicalResult resolveTensor(unsigned index, const NamedTensor &tensor, const LayoutSpec &spec);
  LogicalResult resolveReader(unsigned index, const NamedTensor &tensor, const DemandedLayout &demanded);
  LogicalResult demand(ValueConstraint constraint);

  func::FuncOp function;
  const tp::Mesh &mesh;
  ConstraintSet set;
  std::optional<TensorTable> table;
  SmallVector<std::tuple<Value, tp::LayoutAttr, Location>> constrained;
  llvm::DenseMap<std::pair<Value, OpOperand *>, unsigned> known; ///< In set.values.
};

/// `tp.constrain` says something about its operand; readers take that.
void Resolver::removeConstrainOps() {
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front()))
    if (auto constrain = dyn_cast<tp::ConstrainOp>(op)) {
      constrained.push_back({constrain.getInput(), constrain.getLayout(), op.getLoc()});
      constrain.getResult().replaceAllUsesWith(constrain.getInput());
      constrain.erase();
    }
}

LogicalResult Resolver::addConstrained() {
  for (auto [value, attr, loc] : constrained) {
    auto type = cast<RankedTensorType>(value.getType());
    auto onError = [&, loc = loc] { return emitError(loc); };
    if (attr.getMesh().getValue() != mesh.getName())
      return emitError(loc) << "'tp.constrain' has a layout on @" << attr.getMesh().getValue() << ", the mesh is @"
                            << mesh.getName();
    FailureOr<tp::Layout> layout = tp::resolveLayout(attr, mesh, onError);
    if (failed(layout) || failed(tp::verifyLayout(*layout, mesh, tp::getDims(type), onError)))
      return failure();
    tp::canonicalise(*layout, tp::getDims(type));
    Constraint constraint;
    constraint.layout = tp::toString(*layout, mesh);
    constraint.source = "'tp.constrain' to " + constraint.layout;
    constraint.location = loc;
    set.constraints.push_back(constraint);
    ValueConstraint demanded;
    demanded.value = value;
    demanded.demanded.layout = *layout;
    demanded.constraint = set.constraints.size() - 1;
    if (auto weight = value.getDefiningOp<tp::WeightOp>())
      demanded.tensor = weight.getName().str();
    else if (Operation *op = value.getDefiningOp())
      demanded.tensor = getNodeName(op).str();
    if (failed(demand(std::move(demanded))))
      return failure();
  }
  return success();
}

LogicalResult Resolver::resolve(unsigned index) {
  const Constraint &constraint = set.constraints[index];
  llvm::Expected<LayoutSpec> spec = LayoutSpec::parse(constraint.layout);
  if (!spec)
    return report(index) << llvm::toString(spec.takeError());
  auto matches = table->match(constraint.tensor, constraint.isName);
  if (!matches)
    return report(index) << "'" << constraint.tensor << "' is no pattern: " << llvm::toString(matches.takeError());
  if (matches->empty()) {
    InFlightDiagnostic error = report(index);
    error << (isPattern(constraint.tensor) && !constraint.isName ? "no tensor of the model matches '"
                                                                 : "the model has no tensor '")
          << constraint.tensor << "'";
    if (std::string nearest = table->getNearest(constraint.tensor); !nearest.empty())
      error << "; the most similar names are " << nearest;
    return error;
  }
  bool any = false, isValid = true;
  for (unsigned match : *matches) {
    const NamedTensor &tensor = table->getTensors()[match];
    any |= !tensor.values.empty();
    if (!tensor.values.empty())
      isValid &= succeeded(resolveTensor(index, tensor, *spec));
  }
  if (!any)
    return report(index) << "tensor '" << table->getTensors()[matches->front()].name
                         << "' does not exist when the program runs: its node was folded into others or computed at "
                            "compile time";
  return success(isValid);
}

LogicalResult Resolver::resolveTensor(unsigned index, const NamedTensor &tensor, const LayoutSpec &spec) {
  const Constraint &constraint = set.constraints[index];
  auto fail = [&](llvm::Error error) {
    return report(index) << "tensor '" << tensor.name << "': " << llvm::toString(std::move(error));
  };
  bool isWeight = tensor.kind == NamedTensor::Kind::Weight;
  if (constraint.use && (*constraint.use < 0 || *constraint.use >= int64_t(tensor.values.size())))
    return report(index) << "tensor '" << tensor.name << "' has " << tensor.values.size() << " uses, not "
                         << *constraint.use + 1;
  auto type = isWeight && !constraint.use ? tensor.type
                                          : cast<RankedTensorType>(tensor.values[constraint.use.value_or(0)].getType());
  llvm::Expected<DemandedLayout> demanded = interpret(spec, constraint.isExact, type, mesh);
  if (!demanded)
    return fail(demanded.takeError());
  if (!isWeight) {
    if (!constraint.reader.empty())
      return resolveReader(index, tensor, *demanded);
    return demand({tensor.values[0], nullptr, *demanded, index, tensor.name});
  }
  if (constraint.use)
    return demand({tensor.values[*constraint.use], nullptr, *demanded, index, tensor.name});
  // A node that was folded into another one reads nothing any more; then its
  // demand is taken for all uses.
  auto isReader = [&](Value value) {
    return constraint.reader.empty() ||
           llvm::any_of(value.getUsers(), [&](Operation *user) { return getNodeName(user) == constraint.reader; });
  };
  bool anyReader = llvm::any_of(tensor.values, isReader);
  for (Value value : tensor.values) {
    if (anyReader && !isReader(value))
      continue;
    llvm::Expected<DemandedLayout> mapped =
        mapToView(*demanded, tensor.type.getShape(), value.getDefiningOp<tp::WeightOp>(), mesh);
    if (!mapped) {
      InFlightDiagnostic error = fail(mapped.takeError());
      if (!value.use_empty())
        error.attachNote(value.user_begin()->getLoc()) << "used here";
      return error;
    }
    if (failed(demand({value, nullptr, *mapped, index, tensor.name})))
      return failure();
  }
  return success();
}

/// Where the node was folded into others, nothing reads the tensor as it did.
LogicalResult Resolver::resolveReader(unsigned index, const NamedTensor &tensor, const DemandedLayout &demanded) {
  Value value = tensor.values[0];
  for (OpOperand &use : value.getUses())
    if (getNodeName(use.getOwner()) == set.constraints[index].reader)
      if (failed(demand({value, &use, demanded, index, tensor.name})))
        return failure();
  return success();
}

/// Adds a demand; a second one on the same value must agree with the first.
LogicalResult Resolver::demand(ValueConstraint constraint) {
  bool isGiven = isa<BlockArgument>(constraint.value) || constraint.value.getDefiningOp<tp::WeightOp>();
  if (constraint.demanded.layout.isPartial() && isGiven)
    return report(constraint.constraint) << "tensor '" << constraint.tensor
                                         << "' is stored or given: it is no pending sum";
  auto [entry, isNew] = known.try_emplace({constraint.value, constraint.use}, set.values.size());
  if (isNew) {
    set.values.push_back(std::move(constraint));
    return success();
  }
  ValueConstraint &first = set.values[entry->second];
  auto isPlanned = [&](const ValueConstraint &value) { return set.constraints[value.constraint].isPlanned; };
  if (first.demanded.accepts(constraint.demanded.layout)) {
    // The narrower one of the two.
    bool isFixed = !isPlanned(first) || !isPlanned(constraint);
    unsigned fixed = isPlanned(first) ? constraint.constraint : first.constraint;
    if (first.demanded.anyUnits)
      first = std::move(constraint);
    if (isFixed && isPlanned(first))
      first.constraint = fixed;
    return success();
  }
  if (constraint.demanded.accepts(first.demanded.layout)) {
    if (isPlanned(first))
      first.constraint = constraint.constraint;
    return success();
  }
  InFlightDiagnostic error = report(constraint.constraint)
                             << "tensor '" << constraint.tensor << "' cannot be laid out as "
                             << tp::toString(constraint.demanded.layout, mesh);
  error << ": " << set.getSource(first) << " demands " << tp::toString(first.demanded.layout, mesh);
  error.attachNote(set.getLocation(first)) << "in conflict with " << set.getSource(first);
  return error;
}

} // namespace

FailureOr<ConstraintSet> resolveConstraints(func::FuncOp function, const tp::Mesh &mesh) {
  return Resolver(function, mesh).run();
}

} // namespace tpo
