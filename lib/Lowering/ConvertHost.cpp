//===- ConvertHost.cpp - The host program as calls of the runtime's ABI ---===//

#include "HostBuilder.h"
#include "HostFunctions.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Variants.h"
#include "tp-opt/Lowering/Passes.h"
#include "tprt/abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tpo {
#define GEN_PASS_DEF_RTCONVERTHOSTPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

/// tp_abi_version.
static void createAbiVersion(ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Type i32 = builder.getI32Type();
  auto func = LLVM::LLVMFuncOp::create(builder, module.getLoc(), "tp_abi_version", LLVM::LLVMFunctionType::get(i32, {}));
  builder.setInsertionPointToStart(func.addEntryBlock(builder));
  Value version = LLVM::ConstantOp::create(builder, func.getLoc(), i32, builder.getI32IntegerAttr(TPRT_ABI_VERSION));
  LLVM::ReturnOp::create(builder, func.getLoc(), version);
}

constexpr HostArg kSizesArgs[] = {HostArg::Symbols, HostArg::SlotBytes};
constexpr HostArg kRunArgs[] = {HostArg::Context, HostArg::Symbols, HostArg::Inputs,     HostArg::Outputs,
                                HostArg::Weights, HostArg::Arena,   HostArg::SlotOffsets};

/// Function `name`: what every slot that `host` uses needs.
static void createSizes(ModuleOp module, func::FuncOp host, StringRef name, bool isInternal) {
  HostBuilder builder(module, host, name, kSizesArgs);
  if (isInternal)
    builder.makeInternal();
  for (Operation &op : host.front()) {
    if (builder.convertIndexOp(&op))
      continue;
    auto slot = dyn_cast<rt::SlotOp>(op);
    if (!slot)
      continue;
    auto type = cast<MemRefType>(slot.getResult().getType());
    OpFoldResult bytes = builder.fold((type.getElementTypeBitWidth() + 7) / 8);
    for (OpFoldResult size : builder.getSizes(type, slot.getSizes()))
      bytes = builder.multiply(bytes, size);
    builder.storeSlotBytes(slot.getIndex(), bytes);
  }
  builder.finish();
}

static void convertAttention(HostBuilder &builder, rt::AttentionOp op) {
  Value params = builder.storeAttentionParams(op);
  unsigned outIndex = op.getOutMutable().getOperandNumber();
  builder.call("tprt_op_attention", op,
               {builder.view(op, 0), builder.view(op, 1), builder.view(op, 2),
                op.getMask() ? builder.view(op, 3) : builder.null(), builder.view(op, outIndex), params});
}

static void convertMatmul(HostBuilder &builder, rt::MatmulOp op) {
  unsigned next = 2;
  Value bias = op.getBias() ? builder.view(op, next++) : builder.null();
  Value residual = op.getResidual() ? builder.view(op, next++) : builder.null();
  Value a = builder.view(op, 0), b = builder.view(op, 1), out = builder.view(op, next);
  builder.call("tprt_op_matmul", op,
               {a, b, bias, residual, out, builder.f32(op.getAlpha().convertToFloat()),
                builder.i32(static_cast<int32_t>(op.getActivation()))});
}

static void convertGather(HostBuilder &builder, rt::GatherOp op) {
  Value offset = op.getOffset() ? builder.get(op.getOffset()) : builder.i64(0);
  Value globalSize = op.getGlobalSize() ? builder.get(op.getGlobalSize())
                                        : builder.toValue(builder.getLogicalSizes(op, 0)[op.getAxis()]);
  builder.call("tprt_op_gather", op,
               {builder.view(op, 0), builder.view(op, 1), builder.view(op, 2),
                builder.i32(static_cast<int32_t>(op.getAxis())), offset, globalSize});
}

static void convertScatter(HostBuilder &builder, rt::ScatterOp op) {
  int32_t axis = op.getAxis() ? static_cast<int32_t>(*op.getAxis()) : -1;
  builder.call("tprt_op_scatter", op,
               {builder.view(op, 0), builder.view(op, 1), builder.view(op, 2), builder.view(op, 3), builder.i32(axis),
                builder.i32(static_cast<int32_t>(op.getReduction()))});
}

static void convertTopK(HostBuilder &builder, rt::TopKOp op) {
  builder.call("tprt_op_topk", op,
               {builder.view(op, 0), builder.view(op, 1), builder.view(op, 2),
                builder.i32(static_cast<int32_t>(op.getAxis())), builder.i32(!op.getSmallest())});
}

static void convertCollective(HostBuilder &builder, rt::CollectiveOp op) {
  Value members = op.getMemberSizes().empty() ? builder.null() : builder.storeArray(op.getMemberSizes());
  auto i32 = [&](auto value) { return builder.i32(static_cast<int32_t>(value)); };
  builder.call("tprt_op_collective", op,
               {i32(op.getKind()), i32(op.getGroup()), i32(op.getReduction()), i32(op.getDim()), i32(op.getDim2()),
                members, builder.view(op, 0), builder.view(op, 1)});
}

static LogicalResult convertOp(HostBuilder &builder, Operation *op) {
  if (builder.convertIndexOp(op) || builder.convertBufferOp(op))
    return success();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](rt::MatmulOp matmul) { return convertMatmul(builder, matmul), success(); })
      .Case([&](rt::AttentionOp attention) { return convertAttention(builder, attention), success(); })
      .Case([&](rt::GatherOp gather) { return convertGather(builder, gather), success(); })
      .Case([&](rt::ScatterOp scatter) { return convertScatter(builder, scatter), success(); })
      .Case([&](rt::TopKOp topK) { return convertTopK(builder, topK), success(); })
      .Case([&](rt::CollectiveOp collective) { return convertCollective(builder, collective), success(); })
      .Case([&](rt::CacheAppendOp append) {
        builder.call("tprt_op_cache_append", append,
                     {builder.view(append, 0), builder.view(append, 1), builder.view(append, 2),
                      builder.i32(static_cast<int32_t>(append.getAxis()))});
        return success();
      })
      .Case([&](rt::CopyOp copy) {
        builder.call("tprt_op_copy", copy, {builder.view(copy, 0), builder.view(copy, 1)});
        return success();
      })
      .Case([&](rt::LaunchOp launch) { return builder.callKernel(launch); })
      .Case([](func::ReturnOp) { return success(); })
      .Default([](Operation *other) { return other->emitError("has no lowering to the runtime"); });
}

/// Views hold at most TPRT_MAX_RANK dimensions.
static LogicalResult checkRanks(func::FuncOp host) {
  WalkResult result = host.walk([](Operation *op) {
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<MemRefType>(operand.getType()); type && type.getRank() > TPRT_MAX_RANK) {
        op->emitError() << "tensors of more than " << TPRT_MAX_RANK << " dimensions are not supported";
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Function `name`: what `host` does.
static LogicalResult createRun(ModuleOp module, func::FuncOp host, StringRef name, bool isInternal) {
  HostBuilder builder(module, host, name, kRunArgs);
  if (isInternal)
    builder.makeInternal();
  builder.bindArguments();
  for (Operation &op : host.front())
    if (failed(convertOp(builder, &op)))
      return failure();
  builder.finish();
  return success();
}

/// The name of the function that `number` is of several.
static std::string getPartName(StringRef function, size_t number) {
  return (function + "_" + llvm::Twine(number)).str();
}

/// tp_sizes or tp_run of several functions: calls the first variant whose sizes
/// these are, else `main`. `prepare` builds what comes before.
static void createDispatch(ModuleOp module, ArrayRef<func::FuncOp> hosts, func::FuncOp main, StringRef name,
                           ArrayRef<HostArg> args, llvm::function_ref<void(HostBuilder &)> prepare) {
  HostBuilder builder(module, main, name, args);
  prepare(builder);
  std::string mainName;
  for (auto [number, host] : llvm::enumerate(hosts))
    if (tp::DimsAttr when = tp::getWhen(host))
      builder.forwardWhere(when, getPartName(name, number));
    else
      mainName = getPartName(name, number);
  builder.forward(mainName);
  builder.finish();
}

/// tp_sizes and tp_run of functions of which each run takes one. Slots of the
/// others have no bytes.
static LogicalResult createVariants(ModuleOp module, ArrayRef<func::FuncOp> hosts, func::FuncOp main) {
  int64_t numSlots = 0;
  for (size_t number = 0; number < hosts.size(); ++number) {
    func::FuncOp host = hosts[number];
    createSizes(module, host, getPartName("tp_sizes", number), /*isInternal=*/true);
    if (failed(createRun(module, host, getPartName("tp_run", number), /*isInternal=*/true)))
      return failure();
    for (auto slot : host.getOps<rt::SlotOp>())
      numSlots = std::max<int64_t>(numSlots, slot.getIndex() + 1);
  }
  createDispatch(module, hosts, main, "tp_sizes", kSizesArgs,
                 [&](HostBuilder &builder) { builder.clearSlotBytes(numSlots); });
  createDispatch(module, hosts, main, "tp_run", kRunArgs, [](HostBuilder &) {});
  return success();
}

static LogicalResult createFunctions(ModuleOp module, ArrayRef<func::FuncOp> hosts, func::FuncOp main) {
  for (func::FuncOp host : hosts)
    if (failed(checkRanks(host)))
      return failure();
  if (hosts.size() > 1)
    return createVariants(module, hosts, main);
  createSizes(module, main, "tp_sizes", /*isInternal=*/false);
  return createRun(module, main, "tp_run", /*isInternal=*/false);
}

namespace {
struct RtConvertHost : tpo::impl::RtConvertHostPassBase<RtConvertHost> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<func::FuncOp> main = findMainFunction(module);
    SmallVector<func::FuncOp> hosts = getHostFunctions(module);
    if (failed(main) || failed(createFunctions(module, hosts, *main)))
      return signalPassFailure();
    createAbiVersion(module);
    for (func::FuncOp host : hosts)
      host.erase();
    // What is left are declarations of GPU kernels, and the mesh.
    for (auto declaration : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      declaration.erase();
    for (auto mesh : llvm::make_early_inc_range(module.getOps<tp::MeshOp>()))
      mesh.erase();
  }
};
} // namespace
