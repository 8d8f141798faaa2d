//===- Upstream.h - Upstream operations, executed ---------------*- C++ -*-===//

#ifndef TPOPT_TEST_RULES_UPSTREAM_H
#define TPOPT_TEST_RULES_UPSTREAM_H

#include "mlir/IR/BuiltinOps.h"

namespace tpo::test {

/// Spells the linalg, tensor, arith and math operations of a partitioned
/// program as onnx operators, which are what this project lowers. Fails with a
/// diagnostic at one that it does not know.
mlir::LogicalResult spellInOnnx(mlir::ModuleOp module);

} // namespace tpo::test

#endif // TPOPT_TEST_RULES_UPSTREAM_H
