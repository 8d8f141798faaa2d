//===- Patterns.h - The rewrite families of this library --------*- C++ -*-===//
//
// A family is applied by the pass of its name, and by passes whose own rewrites
// depend on it.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_SIMPLIFY_PATTERNS_H
#define TP_OPT_LIB_SIMPLIFY_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace tpo::simplify {

void populateMovementPatterns(mlir::RewritePatternSet &patterns);
void populateReshapePatterns(mlir::RewritePatternSet &patterns);
void populateUnmergeHeadsPatterns(mlir::RewritePatternSet &patterns);
/// What populateUnmergeHeadsPatterns left: to be tried after them.
void populateAddBatchPatterns(mlir::RewritePatternSet &patterns);
void populateWeightViewPatterns(mlir::RewritePatternSet &patterns);

/// Applies `patterns` to everything below `op` until nothing changes.
mlir::LogicalResult applyPatterns(mlir::Operation *op,
                                  mlir::RewritePatternSet patterns);

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_PATTERNS_H
