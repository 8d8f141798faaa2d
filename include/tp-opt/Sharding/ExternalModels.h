//===- ExternalModels.h - Sharding rules of all dialects --------*- C++ -*-===//

#ifndef TP_OPT_SHARDING_EXTERNALMODELS_H
#define TP_OPT_SHARDING_EXTERNALMODELS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace tpo {

/// Attach ShardingRuleOpInterface to the operations of the tp dialect, of the
/// onnx dialect, and of linalg, tensor, arith and math.
void registerTpShardingModels(mlir::DialectRegistry &registry);
void registerOnnxShardingModels(mlir::DialectRegistry &registry);
void registerUpstreamShardingModels(mlir::DialectRegistry &registry);

/// All of the above.
void registerShardingExternalModels(mlir::DialectRegistry &registry);

} // namespace tpo

#endif // TP_OPT_SHARDING_EXTERNALMODELS_H
