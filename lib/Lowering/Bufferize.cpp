//===- Bufferize.cpp - Bufferize the host program and its kernels ---------===//

#include "BindOutputs.h"
#include "HostFunctions.h"
#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tpo {
#define GEN_PASS_DEF_RTBUFFERIZEPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// The layout of a strided argument: innermost stride 1, the others dynamic.
static StridedLayoutAttr getStridedLayout(MLIRContext *context, int64_t rank) {
  SmallVector<int64_t> strides(rank, ShapedType::kDynamic);
  strides.back() = 1;
  return StridedLayoutAttr::get(context, 0, strides);
}

/// Whether the buffer of a host value will be strided.
static bool isStrided(func::FuncOp host, Value value) {
  if (auto append = value.getDefiningOp<rt::CacheAppendOp>())
    value = append.getOut();
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && host.getArgAttr(argument.getArgNumber(), rt::RtDialect::kStridedAttr);
}

/// Kernels take contiguous tensors. Launches with strided ones get a copy of
/// their kernel for these strides; `copies` are those made so far.
static void specialiseKernels(func::FuncOp host, SymbolTable &symbols, llvm::StringMap<func::FuncOp> &copies) {
  StringRef layoutName = bufferization::BufferizationDialect::kBufferLayoutAttrName;
  for (auto launch : host.getOps<rt::LaunchOp>()) {
    std::string name = launch.getKernel().str() + "_strided";
    SmallVector<unsigned> strided;
    for (OpOperand &operand : launch->getOpOperands())
      if (isStrided(host, operand.get())) {
        strided.push_back(operand.getOperandNumber());
        name += "_" + std::to_string(operand.getOperandNumber());
      }
    if (strided.empty())
      continue;
    func::FuncOp &copy = copies[name];
    if (!copy) {
      auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
      copy = kernel.clone();
      copy.setName(name);
      symbols.insert(copy, std::next(Block::iterator(kernel)));
      for (unsigned index : strided) {
        auto type = cast<RankedTensorType>(copy.getArgumentTypes()[index]);
        copy.setArgAttr(index, layoutName, getStridedLayout(host.getContext(), type.getRank()));
      }
    }
    launch.setKernel(copy.getName());
  }
}

/// Bufferization's own copies: rt.copy in the host, a loop in a kernel.
static LogicalResult createCopy(OpBuilder &builder, Location loc, Value from, Value to) {
  auto func = builder.getInsertionBlock()->getParentOp()->getParentOfType<func::FuncOp>();
  if (!func)
    func = dyn_cast<func::FuncOp>(builder.getInsertionBlock()->getParentOp());
  if (func && func->hasAttr(rt::RtDialect::kKernelAttr))
    linalg::CopyOp::create(builder, loc, from, to);
  else
    rt::CopyOp::create(builder, loc, TypeRange(), from, to, ArrayAttr());
  return success();
}

static LogicalResult bufferizeModule(ModuleOp module) {
  bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.setFunctionBoundaryTypeConversion(bufferization::LayoutMapOption::IdentityLayoutMap);
  options.memCpyFn = createCopy;
  bufferization::BufferizationState state;
  if (failed(bufferization::runOneShotModuleBufferize(module, options, state)))
    return failure();
  bufferization::removeBufferizationAttributesInModule(module);
  return success();
}

/// A kernel returns its destinations: nothing that its caller does not know.
static LogicalResult dropKernelResults(func::FuncOp kernel) {
  auto returnOp = cast<func::ReturnOp>(kernel.front().getTerminator());
  unsigned numResults = kernel.getNumResults();
  OpBuilder builder(returnOp);
  for (auto [value, destination] :
       llvm::zip(returnOp.getOperands(), kernel.getArguments().take_back(numResults)))
    if (value != destination)
      linalg::CopyOp::create(builder, returnOp.getLoc(), value, destination);
  returnOp->setOperands({});
  BitVector all(numResults, true);
  (void)kernel.eraseResults(all);
  WalkResult result = kernel.walk([](memref::AllocOp alloc) {
    // Straight-line scratch of a known, small size lives on the stack.
    constexpr int64_t kMaxStackBytes = 16384;
    auto type = alloc.getType();
    if (!type.hasStaticShape() || type.getNumElements() * 8 > kMaxStackBytes) {
      alloc.emitError("a kernel needs a temporary of a size that is not known");
      return WalkResult::interrupt();
    }
    OpBuilder builder(alloc);
    alloc.replaceAllUsesWith(memref::AllocaOp::create(builder, alloc.getLoc(), type).getResult());
    alloc.erase();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

namespace {
struct RtBufferize : tpo::impl::RtBufferizePassBase<RtBufferize> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<func::FuncOp> hosts = getHostFunctions(module);
    llvm::for_each(hosts, bindOutputs);
    markStates(module, hosts);
    llvm::StringMap<func::FuncOp> copies;
    for (func::FuncOp func : hosts) {
      for (BlockArgument argument : func.getArguments())
        if (func.getArgAttr(argument.getArgNumber(), rt::RtDialect::kStridedAttr))
          func.setArgAttr(argument.getArgNumber(), bufferization::BufferizationDialect::kBufferLayoutAttrName,
                          getStridedLayout(&getContext(), cast<RankedTensorType>(argument.getType()).getRank()));
      specialiseKernels(func, symbols, copies);
    }
    if (failed(bufferizeModule(module)))
      return signalPassFailure();
    for (auto func : module.getOps<func::FuncOp>())
      if (func->hasAttr(rt::RtDialect::kKernelAttr) && failed(dropKernelResults(func)))
        return signalPassFailure();
  }
};
} // namespace
