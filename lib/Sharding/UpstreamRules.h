//===- UpstreamRules.h - Sharding rules of upstream dialects ----*- C++ -*-===//

#ifndef TPOPT_LIB_SHARDING_UPSTREAMRULES_H
#define TPOPT_LIB_SHARDING_UPSTREAMRULES_H

#include "dialects/Tp/ShardingRule.h"

namespace tpo::rules {

using Rule = mlir::FailureOr<tp::ShardingRule>;

// LinalgRules.cpp
/// Any structured operation, from its indexing maps and iterators.
Rule linalgStructured(mlir::Operation *op);

// TensorRules.cpp
Rule expandShape(mlir::Operation *op);
Rule collapseShape(mlir::Operation *op);
Rule extractSlice(mlir::Operation *op);
Rule insertSlice(mlir::Operation *op);
Rule tensorPad(mlir::Operation *op);
Rule tensorCast(mlir::Operation *op);
Rule tensorConcat(mlir::Operation *op);
Rule tensorReshape(mlir::Operation *op);
/// All elements alike or undefined: tensor.empty, tensor.splat.
Rule uniform(mlir::Operation *op);
Rule arithConstant(mlir::Operation *op);
/// arith and math operations on tensors.
Rule tensorElementwise(mlir::Operation *op);

} // namespace tpo::rules

#endif // TPOPT_LIB_SHARDING_UPSTREAMRULES_H
