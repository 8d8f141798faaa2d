//===- LowerToRt.cpp - Turn local operators into runtime operations -------===//

#include "HostFunctions.h"
#include "Operators/RtLowering.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tpo {
#define GEN_PASS_DEF_LOWERTORTPASS
#include "tp-opt/Lowering/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;

static LogicalResult lowerOperator(RtLowering &lowering, Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](onnx::MatMulOp matmul) { return lowering.lowerMatMul(matmul); })
      .Case([&](onnx::GemmOp gemm) { return lowering.lowerGemm(gemm); })
      .Case([&](onnx::AttentionOp attention) { return lowering.lowerAttention(attention); })
      .Case([&](onnx::GatherOp gather) { return lowering.lowerGather(gather); })
      .Case([&](onnx::ScatterElementsOp scatter) { return lowering.lowerScatterElements(scatter); })
      .Case([&](onnx::ScatterNDOp scatter) { return lowering.lowerScatterND(scatter); })
      .Case([&](onnx::TopKOp topK) { return lowering.lowerTopK(topK); })
      .Case([&](onnx::ConcatOp concat) {
        return WeightTable::isWeight(concat.getConcatResult()) ? success() : lowering.lowerConcat(concat);
      })
      .Case<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::IdentityOp>(
          [&](Operation *reshape) { return lowering.lowerReshape(reshape, reshape->getOperand(0)); })
      .Default([&](Operation *other) { return lowering.lowerCollective(other); });
}

/// Lifetimes of buffers are those of a straight line.
static LogicalResult checkNoControlFlow(func::FuncOp func) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("cannot be lowered: has control flow between blocks");
  for (Operation &op : func.front())
    if (isa_and_nonnull<scf::SCFDialect>(op.getDialect()))
      return op.emitError("cannot be lowered: programs of a rank have no control flow");
  return success();
}

/// Lowers the operators in program order. Lowering one erases it, and some that
/// follow, but nothing before it.
static LogicalResult lowerFunction(RtLowering &lowering, func::FuncOp func) {
  Block &body = func.front();
  Operation *previous = nullptr;
  for (Operation *op = &body.front(); op;) {
    if (failed(lowerOperator(lowering, op)))
      return failure();
    Operation *next = previous ? previous->getNextNode() : &body.front();
    if (next == op) {
      previous = op;
      next = op->getNextNode();
    }
    op = next;
  }
  return success();
}

/// Transposes that operations absorbed, shape operands of reshapes.
static void eraseDead(func::FuncOp func) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(func.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

namespace {
struct LowerToRt : tpo::impl::LowerToRtPassBase<LowerToRt> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    OpBuilder builder(&getContext());
    RtLowering lowering(module, builder);
    // One table of weights and one of groups for all functions.
    for (func::FuncOp func : getHostFunctions(module))
      if (failed(checkNoControlFlow(func)) || failed(lowerFunction(lowering, func)))
        return signalPassFailure();
    if (failed(lowering.lowerRemainingWeights()))
      return signalPassFailure();
    for (auto func : module.getOps<func::FuncOp>())
      eraseDead(func);
    lowering.finish();
  }
};
} // namespace
