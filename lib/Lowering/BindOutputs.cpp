//===- BindOutputs.cpp - Results become destination arguments -------------===//

#include "BindOutputs.h"

#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tpo;

/// Makes the operation that computes `value` write to `destination`. False if
/// there is none whose destination is free to choose.
static bool redirect(Value value, Value destination) {
  while (auto reshape = value.getDefiningOp<rt::ReshapeOp>())
    value = reshape.getSource();
  auto result = dyn_cast<OpResult>(value);
  auto dpsOp = result ? dyn_cast<DestinationStyleOpInterface>(result.getOwner()) : nullptr;
  if (!dpsOp)
    return false;
  OpOperand *init = dpsOp.getTiedOpOperand(result);
  auto empty = init->get().getDefiningOp<tensor::EmptyOp>();
  if (!empty)
    return false;
  if (empty.getType() != destination.getType()) {
    OpBuilder builder(dpsOp);
    destination =
        rt::ReshapeOp::create(builder, dpsOp.getLoc(), empty.getType(), destination, empty.getDynamicSizes());
  }
  init->set(destination);
  if (empty->use_empty())
    empty.erase();
  return true;
}

/// Gives every destination a tensor.empty of its own (CSE merges them), so that
/// bufferization has nothing to decide.
static void separateDestinations(func::FuncOp func) {
  for (auto empty : llvm::make_early_inc_range(func.getOps<tensor::EmptyOp>())) {
    OpBuilder builder(empty);
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses()))
      if (!empty->hasOneUse())
        use.set(builder.clone(*empty)->getResult(0));
  }
}

void tpo::bindOutputs(func::FuncOp func) {
  separateDestinations(func);
  auto returnOp = cast<func::ReturnOp>(func.front().getTerminator());
  OpBuilder builder(returnOp);
  StringRef globalType = tp::TpDialect::kGlobalTypeAttr;
  for (BlockArgument argument : func.getArguments())
    if (!func.getArgAttr(argument.getArgNumber(), globalType))
      func.setArgAttr(argument.getArgNumber(), globalType, TypeAttr::get(argument.getType()));
  unsigned numInputs = func.getNumArguments();
  for (auto [index, value] : llvm::enumerate(llvm::to_vector(returnOp.getOperands()))) {
    NamedAttrList attrs(func.getResultAttrDict(index));
    attrs.set(rt::RtDialect::kOutputAttr, builder.getI64IntegerAttr(index));
    if (!attrs.get(globalType))
      attrs.set(globalType, TypeAttr::get(value.getType()));
    (void)func.insertArgument(numInputs + index, value.getType(), attrs.getDictionary(func.getContext()),
                              value.getLoc());
    BlockArgument destination = func.getArgument(numInputs + index);
    if (!redirect(value, destination))
      rt::CopyOp::create(builder, returnOp.getLoc(), TypeRange(value.getType()), value, destination, ArrayAttr());
  }
  returnOp->setOperands({});
  BitVector all(func.getNumResults(), true);
  (void)func.eraseResults(all);
}

/// Whether every user of `value` takes any strides.
static bool allowsStrides(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    return isa<DestinationStyleOpInterface>(user) && !isa<rt::CollectiveOp>(user);
  });
}

/// `[input, output, axis]` of every append that could be a state's.
static SmallVector<DenseI64ArrayAttr> findStates(func::FuncOp func) {
  Builder builder(func.getContext());
  SmallVector<DenseI64ArrayAttr> states;
  for (auto append : func.getOps<rt::CacheAppendOp>()) {
    auto past = dyn_cast<BlockArgument>(append.getPast()), present = dyn_cast<BlockArgument>(append.getOut());
    if (!past || !present || !append.getPerm(0).empty() || !append.getPerm(2).empty())
      continue;
    auto output = func.getArgAttrOfType<IntegerAttr>(present.getArgNumber(), rt::RtDialect::kOutputAttr);
    auto rank = cast<RankedTensorType>(present.getType()).getRank();
    if (!output || static_cast<int64_t>(append.getAxis()) == rank - 1 || !allowsStrides(past) ||
        !allowsStrides(append.getResult(0)))
      continue;
    states.push_back(builder.getDenseI64ArrayAttr({past.getArgNumber(), output.getInt(), int64_t(append.getAxis())}));
  }
  return states;
}

/// The argument that is the destination of result `output`.
static std::optional<unsigned> findOutput(func::FuncOp func, int64_t output) {
  for (unsigned index = 0; index < func.getNumArguments(); ++index)
    if (auto attr = func.getArgAttrOfType<IntegerAttr>(index, rt::RtDialect::kOutputAttr);
        attr && attr.getInt() == output)
      return index;
  return std::nullopt;
}

void tpo::markStates(ModuleOp module, ArrayRef<func::FuncOp> functions) {
  SmallVector<SmallVector<DenseI64ArrayAttr>> possible;
  for (func::FuncOp func : functions)
    possible.push_back(findStates(func));
  SmallVector<Attribute> states;
  DenseSet<int64_t> inputs;
  for (DenseI64ArrayAttr state : possible.empty() ? SmallVector<DenseI64ArrayAttr>() : possible.front()) {
    bool isShared = llvm::all_of(possible, [&](const auto &other) { return llvm::is_contained(other, state); });
    // An input grows to one output only.
    if (!isShared || !inputs.insert(state[0]).second)
      continue;
    states.push_back(state);
    for (func::FuncOp func : functions)
      for (unsigned index : {static_cast<unsigned>(state[0]), *findOutput(func, state[1])})
        func.setArgAttr(index, rt::RtDialect::kStridedAttr, UnitAttr::get(func.getContext()));
  }
  module->setAttr(rt::RtDialect::kStatesAttr, ArrayAttr::get(module.getContext(), states));
}
