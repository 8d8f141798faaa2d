//===- OrderReductions.cpp - The order in which kernels add ---------------===//
//
// Floating-point addition is not associative, and a sum in order does not
// vectorise. Left to reorder it (`reassoc`), LLVM picks an order by what it
// knows of the loop, so that a program compiled for known sizes would differ in
// the last bits from one that is not. Here the order is part of the program:
// element i of a reduction belongs to lane i mod L, whose elements are combined
// in order, then the lanes, pairwise; the rest of less than L elements comes
// last, in order. The loop over the lanes carries nothing from one iteration to
// the next, which is all that LLVM needs to vectorise it.
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace tpo {
#define GEN_PASS_DEF_RTORDERREDUCTIONSPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// The element that `op`, which combines two floats, leaves as they are; none
/// when this is no reduction that lanes can take.
static std::optional<APFloat> getNeutral(Operation *op) {
  auto type = dyn_cast<FloatType>(op->getResult(0).getType());
  if (!type)
    return std::nullopt;
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  return llvm::TypeSwitch<Operation *, std::optional<APFloat>>(op)
      .Case<arith::AddFOp>([&](Operation *) { return APFloat::getZero(semantics); })
      .Case<arith::MulFOp>([&](Operation *) { return APFloat::getOne(semantics); })
      .Case<arith::MaximumFOp>([&](Operation *) { return APFloat::getInf(semantics, /*Negative=*/true); })
      .Case<arith::MinimumFOp>([&](Operation *) { return APFloat::getInf(semantics, /*Negative=*/false); })
      .Default([](Operation *) { return std::nullopt; });
}

/// What combines the loop's accumulator with a term that does not depend on it,
/// if that is all it accumulates and the order is free; null otherwise.
static Operation *getCombiner(scf::ForOp loop) {
  if (loop.getNumRegionIterArgs() != 1 || !matchPattern(loop.getLowerBound(), m_Zero()) ||
      !matchPattern(loop.getStep(), m_One()))
    return nullptr;
  Operation *combiner = loop.getYieldedValues().front().getDefiningOp();
  BlockArgument acc = loop.getRegionIterArg(0);
  if (!combiner || combiner->getBlock() != loop.getBody() || !combiner->hasOneUse() || !acc.hasOneUse() ||
      *acc.getUsers().begin() != combiner || !getNeutral(combiner))
    return nullptr;
  auto flags = cast<arith::ArithFastMathInterface>(combiner).getFastMathFlagsAttr();
  return flags && bitEnumContainsAny(flags.getValue(), arith::FastMathFlags::reassoc) ? combiner : nullptr;
}

/// The store of a loop that accumulates in one element of memory, which it
/// writes and does nothing else to memory.
static memref::StoreOp getAccumulatingStore(scf::ForOp loop) {
  if (loop.getNumRegionIterArgs() != 0)
    return nullptr;
  memref::StoreOp store;
  for (Operation &op : loop.getBody()->without_terminator())
    if (auto candidate = dyn_cast<memref::StoreOp>(op); candidate && !store)
      store = candidate;
    else if (!isMemoryEffectFree(&op) && !isa<memref::LoadOp>(op))
      return nullptr;
  if (!store || !llvm::all_of(store->getOperands().drop_front(),
                              [&](Value operand) { return loop.isDefinedOutsideOfLoop(operand); }))
    return nullptr;
  return store;
}

/// Keeps what a loop accumulates in memory in a value; the loop that does. A
/// kernel's buffers do not alias.
static scf::ForOp carryInValue(scf::ForOp loop) {
  memref::StoreOp store = getAccumulatingStore(loop);
  if (!store)
    return loop;
  SmallVector<memref::LoadOp> loads;
  for (auto load : loop.getBody()->getOps<memref::LoadOp>())
    if (load.getMemRef() == store.getMemRef())
      loads.push_back(load);
  if (loads.size() != 1 || !llvm::equal(loads.front().getIndices(), store.getIndices()))
    return loop;
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  Value init = memref::LoadOp::create(b, loc, store.getMemRef(), store.getIndices());
  auto carried = scf::ForOp::create(b, loc, loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), init);
  IRMapping map;
  map.map(loop.getInductionVar(), carried.getInductionVar());
  map.map(loads.front().getResult(), carried.getRegionIterArg(0));
  b.setInsertionPointToStart(carried.getBody());
  for (Operation &op : loop.getBody()->without_terminator())
    if (&op != loads.front() && &op != store)
      b.clone(op, map);
  scf::YieldOp::create(b, loc, map.lookupOrDefault(store.getValue()));
  b.setInsertionPointAfter(carried);
  memref::StoreOp::create(b, loc, carried.getResult(0), store.getMemRef(), store.getIndices());
  loop.erase();
  return carried;
}

/// Tells LLVM to make vectors of a loop of `count` iterations, and not to unroll
/// it into scalars before it comes to that.
static LLVM::LoopAnnotationAttr vectorAnnotation(OpBuilder &b, int64_t count) {
  constexpr int64_t kWidest = 8;
  MLIRContext *context = b.getContext();
  int64_t width = std::min(count, kWidest);
  auto vectorize = LLVM::LoopVectorizeAttr::get(context, nullptr, nullptr, nullptr, b.getI32IntegerAttr(width),
                                                nullptr, nullptr, nullptr);
  auto interleave = LLVM::LoopInterleaveAttr::get(context, b.getI32IntegerAttr(count / width));
  auto unroll = LLVM::LoopUnrollAttr::get(context, /*disable=*/b.getBoolAttr(true), nullptr, nullptr, nullptr,
                                          nullptr, nullptr, nullptr);
  return LLVM::LoopAnnotationAttr::get(context, nullptr, vectorize, interleave, unroll, nullptr, nullptr, nullptr,
                                       nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, {});
}

namespace {
/// Splits the reduction of one loop into lanes.
class LaneSplitter {
public:
  LaneSplitter(scf::ForOp loop, Operation *combiner, int64_t lanes)
      : loop(loop), combiner(combiner), lanes(lanes), b(loop), loc(loop.getLoc()),
        type(cast<FloatType>(combiner->getResult(0).getType())) {}

  void split();

private:
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  void overLanes(int64_t count, llvm::function_ref<void(Value lane)> body);
  Value load(Value lane) { return memref::LoadOp::create(b, loc, buffer, lane); }
  void store(Value value, Value lane) { memref::StoreOp::create(b, loc, value, buffer, lane); }
  Value combine(Value acc, Value term);
  /// The term at `position`, computed where `b` is.
  Value termAt(Value position);
  /// The reduction of the first `whole` elements.
  Value reduceInLanes(Value whole);

  scf::ForOp loop;
  Operation *combiner;
  int64_t lanes;
  OpBuilder b;
  Location loc;
  FloatType type;
  Value buffer;
};
} // namespace

void LaneSplitter::overLanes(int64_t count, llvm::function_ref<void(Value)> body) {
  auto lane = scf::ForOp::create(b, loc, index(0), index(count), index(1));
  lane->setAttr("llvm.loop_annotation", vectorAnnotation(b, count));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(lane.getBody());
  body(lane.getInductionVar());
}

Value LaneSplitter::combine(Value acc, Value term) {
  return b.create(loc, combiner->getName().getIdentifier(), {acc, term}, type)->getResult(0);
}

Value LaneSplitter::termAt(Value position) {
  IRMapping map;
  map.map(loop.getInductionVar(), position);
  for (Operation &op : loop.getBody()->without_terminator())
    if (&op != combiner)
      b.clone(op, map);
  unsigned term = combiner->getOperand(0) == loop.getRegionIterArg(0) ? 1 : 0;
  return map.lookupOrDefault(combiner->getOperand(term));
}

Value LaneSplitter::reduceInLanes(Value whole) {
  Value neutral = arith::ConstantOp::create(b, loc, b.getFloatAttr(type, *getNeutral(combiner)));
  overLanes(lanes, [&](Value lane) { store(neutral, lane); });
  auto blocks = scf::ForOp::create(b, loc, index(0), whole, index(lanes));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(blocks.getBody());
    overLanes(lanes, [&](Value lane) {
      Value position = arith::AddIOp::create(b, loc, blocks.getInductionVar(), lane);
      Value term = termAt(position);
      store(combine(load(lane), term), lane);
    });
  }
  for (int64_t half = lanes / 2; half > 1; half /= 2)
    overLanes(half, [&](Value lane) {
      Value upper = load(arith::AddIOp::create(b, loc, lane, index(half)));
      store(combine(load(lane), upper), lane);
    });
  Value first = load(index(0)), second = load(index(1));
  return combine(first, second);
}

void LaneSplitter::split() {
  Value init = loop.getInitArgs().front(), count = loop.getUpperBound();
  // Fewer elements than lanes are taken in order.
  if (std::optional<int64_t> known = getConstantIntValue(count); known && *known < lanes)
    return;
  {
    // One buffer of each call, however deep in loops the reduction is.
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&loop->getParentOfType<func::FuncOp>().front());
    buffer = memref::AllocaOp::create(b, loc, MemRefType::get({lanes}, type));
  }
  Value rest = arith::RemSIOp::create(b, loc, count, index(lanes));
  Value whole = arith::SubIOp::create(b, loc, count, rest);
  Value any = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, count, index(lanes));
  auto branch = scf::IfOp::create(b, loc, TypeRange{type}, any, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    Value reduced = reduceInLanes(whole);
    scf::YieldOp::create(b, loc, combine(init, reduced));
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, loc, init);
  }
  auto tail = scf::ForOp::create(b, loc, whole, count, index(1), branch.getResult(0));
  b.setInsertionPointToStart(tail.getBody());
  Value term = termAt(tail.getInductionVar());
  scf::YieldOp::create(b, loc, combine(tail.getRegionIterArg(0), term));
  loop.replaceAllUsesWith(tail.getResults());
  loop.erase();
}

namespace {
struct RtOrderReductions : tpo::impl::RtOrderReductionsPassBase<RtOrderReductions> {
  using RtOrderReductionsPassBase::RtOrderReductionsPassBase;

  void runOnOperation() override {
    if (lanes < 1 || !llvm::isPowerOf2_64(lanes)) {
      getOperation().emitError("rt-order-reductions: the number of lanes must be a power of two, not ")
          << lanes.getValue();
      return signalPassFailure();
    }
    if (lanes > 1)
      for (scf::ForOp loop : getInnermostLoops()) {
        loop = carryInValue(loop);
        if (Operation *combiner = getCombiner(loop))
          LaneSplitter(loop, combiner, lanes).split();
      }
    auto none = arith::FastMathFlagsAttr::get(&getContext(), arith::FastMathFlags::none);
    getOperation().walk([&](arith::ArithFastMathInterface op) { op->setAttr(op.getFastMathAttrName(), none); });
  }

private:
  SmallVector<scf::ForOp> getInnermostLoops() {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (!loop.getBody()->walk([](LoopLikeOpInterface) { return WalkResult::interrupt(); }).wasInterrupted())
        loops.push_back(loop);
    });
    return loops;
  }
};
} // namespace
