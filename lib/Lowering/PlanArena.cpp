//===- PlanArena.cpp - Slots and lifetimes of temporaries -----------------===//

#include "HostFunctions.h"
#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace tpo {
#define GEN_PASS_DEF_RTPLANARENAPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

namespace {
struct Lifetime {
  int64_t first, last;
};
} // namespace

/// The name of a node from its location: the first name found inside.
static StringRef getNodeName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().getValue();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = getNodeName(part); !name.empty())
        return name;
  return "";
}

/// Numbers the destination-style operations of `func`: these are the steps.
/// Numbers go on from those in `table`.
static void numberSteps(func::FuncOp func, SmallVectorImpl<Attribute> &table, DenseMap<Operation *, int64_t> &steps) {
  Builder builder(func.getContext());
  for (Operation &op : func.front()) {
    if (!isa<DestinationStyleOpInterface>(op))
      continue;
    int64_t index = table.size();
    steps[&op] = index;
    auto type = op.getAttrOfType<StringAttr>(rt::RtDialect::kOpTypeAttr);
    SmallVector<NamedAttribute> entry;
    entry.emplace_back("name", builder.getStringAttr(getNodeName(op.getLoc())));
    entry.emplace_back("type", type ? type : builder.getStringAttr(op.getName().stripDialect()));
    if (auto layer = op.getAttrOfType<IntegerAttr>("tp.layer"))
      entry.emplace_back("layer", builder.getI64IntegerAttr(layer.getInt()));
    table.push_back(builder.getDictionaryAttr(entry));
    op.setAttr(rt::RtDialect::kOpAttr, builder.getI64IntegerAttr(index));
  }
  // After the steps: the operators inside kernels that may fail.
  for (auto launch : func.getOps<rt::LaunchOp>()) {
    auto checks = launch->getAttrOfType<ArrayAttr>(rt::RtDialect::kChecksAttr);
    if (!checks)
      continue;
    launch->setAttr(rt::RtDialect::kCheckBaseAttr, builder.getI64IntegerAttr(table.size()));
    for (auto check : checks.getAsRange<DictionaryAttr>()) {
      StringRef name = getNodeName(check.getAs<LocationAttr>("loc"));
      SmallVector<NamedAttribute> entry{{"name", builder.getStringAttr(name)}, {"type", check.get("type")}};
      if (auto layer = launch->getAttrOfType<IntegerAttr>("tp.layer"))
        entry.emplace_back("layer", builder.getI64IntegerAttr(layer.getInt()));
      table.push_back(builder.getDictionaryAttr(entry));
    }
  }
}

/// The steps between which `buffer` or a view of it is used.
static FailureOr<Lifetime> getLifetime(Value buffer, const DenseMap<Operation *, int64_t> &steps) {
  std::optional<Lifetime> lifetime;
  SmallVector<Value> aliases{buffer};
  while (!aliases.empty())
    for (Operation *user : aliases.pop_back_val().getUsers()) {
      if (auto found = steps.find(user); found != steps.end()) {
        int64_t step = found->second;
        lifetime = lifetime ? Lifetime{std::min(lifetime->first, step), std::max(lifetime->last, step)}
                            : Lifetime{step, step};
      } else if (isa<rt::ReshapeOp>(user) || isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(aliases, user->getResults());
      } else if (!isa<memref::DeallocOp>(user)) {
        return user->emitError("uses a temporary in a way that the arena planner does not know");
      }
    }
  // A buffer that nobody uses.
  return lifetime.value_or(Lifetime{0, 0});
}

/// Adds the operations of `func` to `ops` and its temporaries to `slots`.
static LogicalResult planFunction(func::FuncOp func, SmallVectorImpl<Attribute> &ops,
                                  SmallVectorImpl<Attribute> &slots) {
  DenseMap<Operation *, int64_t> steps;
  numberSteps(func, ops, steps);
  OpBuilder builder(func.getContext());
  for (auto alloc : llvm::make_early_inc_range(func.getOps<memref::AllocOp>())) {
    FailureOr<Lifetime> lifetime = getLifetime(alloc, steps);
    if (failed(lifetime))
      return failure();
    for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    builder.setInsertionPoint(alloc);
    auto slot = rt::SlotOp::create(builder, alloc.getLoc(), alloc.getType(), slots.size(), alloc.getDynamicSizes());
    slots.push_back(builder.getDenseI64ArrayAttr({lifetime->first, lifetime->last}));
    alloc.replaceAllUsesWith(slot.getResult());
    alloc.erase();
  }
  return success();
}

namespace {
struct RtPlanArena : tpo::impl::RtPlanArenaPassBase<RtPlanArena> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<Attribute> ops, slots;
    for (func::FuncOp func : getHostFunctions(module))
      if (failed(planFunction(func, ops, slots)))
        return signalPassFailure();
    module->setAttr(rt::RtDialect::kOpsAttr, ArrayAttr::get(&getContext(), ops));
    module->setAttr(rt::RtDialect::kSlotsAttr, ArrayAttr::get(&getContext(), slots));
  }
};
} // namespace
