//===- RtBufferization.cpp - One-shot bufferization of rt -----------------===//
//
// Every destination-style operation bufferizes alike: operands become buffers,
// the results are the buffers of the outs. Outs are never read: what an
// operation of this dialect writes, it writes completely.
//
//===----------------------------------------------------------------------===//

#include "dialects/Rt/Rt.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tpo::rt;

namespace {

template <typename OpTy>
struct DestinationStyleModel : DstBufferizableOpInterfaceExternalModel<DestinationStyleModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto dpsOp = cast<DestinationStyleOpInterface>(op);
    if (dpsOp.hasPureBufferSemantics())
      return success();
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands, results;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType())) {
        operands.push_back(operand.get());
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand.get(), options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
      if (dpsOp.isDpsInit(&operand))
        results.push_back(*buffer);
    }
    OperationState newState(op->getLoc(), op->getName(), operands, TypeRange(),
                            llvm::to_vector(op->getDiscardableAttrs()));
    newState.propertiesAttr = op->getPropertiesAsAttribute();
    rewriter.create(newState);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

/// The contiguous buffer type of a tensor.
MemRefType getContiguousType(Type tensorType) {
  auto type = cast<RankedTensorType>(tensorType);
  return MemRefType::get(type.getShape(), type.getElementType());
}

struct WeightModel : BufferizableOpInterface::ExternalModel<WeightModel, WeightOp> {
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }

  FailureOr<BufferLikeType> getBufferType(Operation *, Value value, const BufferizationOptions &,
                                          const BufferizationState &, SmallVector<Value> &) const {
    return cast<BufferLikeType>(getContiguousType(value.getType()));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &,
                          BufferizationState &) const {
    auto weight = cast<WeightOp>(op);
    replaceOpWithNewBufferizedOp<WeightOp>(rewriter, op, getContiguousType(weight.getResult().getType()),
                                           weight.getIndex(), weight.getSizes());
    return success();
  }
};

struct ReshapeModel : BufferizableOpInterface::ExternalModel<ReshapeModel, ReshapeOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const { return false; }

  AliasingValueList getAliasingValues(Operation *op, OpOperand &, const AnalysisState &) const {
    return {{op->getResult(0), BufferRelation::Equivalent}};
  }

  FailureOr<BufferLikeType> getBufferType(Operation *, Value value, const BufferizationOptions &,
                                          const BufferizationState &, SmallVector<Value> &) const {
    return cast<BufferLikeType>(getContiguousType(value.getType()));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto reshape = cast<ReshapeOp>(op);
    FailureOr<Value> source = getBuffer(rewriter, reshape.getSource(), options, state);
    if (failed(source))
      return failure();
    if (!cast<MemRefType>(source->getType()).getLayout().isIdentity())
      return op->emitError() << "reshapes memory that is not contiguous: " << source->getType();
    replaceOpWithNewBufferizedOp<ReshapeOp>(rewriter, op, getContiguousType(reshape.getResult().getType()), *source,
                                            reshape.getSizes());
    return success();
  }
};

} // namespace

void tpo::rt::registerBufferizationModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RtDialect *) {
    MatmulOp::attachInterface<DestinationStyleModel<MatmulOp>>(*context);
    AttentionOp::attachInterface<DestinationStyleModel<AttentionOp>>(*context);
    GatherOp::attachInterface<DestinationStyleModel<GatherOp>>(*context);
    ScatterOp::attachInterface<DestinationStyleModel<ScatterOp>>(*context);
    TopKOp::attachInterface<DestinationStyleModel<TopKOp>>(*context);
    CacheAppendOp::attachInterface<DestinationStyleModel<CacheAppendOp>>(*context);
    CollectiveOp::attachInterface<DestinationStyleModel<CollectiveOp>>(*context);
    CopyOp::attachInterface<DestinationStyleModel<CopyOp>>(*context);
    LaunchOp::attachInterface<DestinationStyleModel<LaunchOp>>(*context);
    WeightOp::attachInterface<WeightModel>(*context);
    ReshapeOp::attachInterface<ReshapeModel>(*context);
  });
}
