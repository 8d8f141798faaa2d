//===- Passes.h - Raising exporter spellings --------------------*- C++ -*-===//
//
// Passes that bring an imported graph into the one form the planner knows:
// current ONNX operators, few data movements, projections on weight views.
// Passes.td documents each of them.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_SIMPLIFY_PASSES_H
#define TP_OPT_SIMPLIFY_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace tpo {

#define GEN_PASS_DECL
#include "tp-opt/Simplify/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tp-opt/Simplify/Passes.h.inc"

/// The pipeline `tp-simplify` over a module of onnx operations: every pass of
/// this library, in the order in which one raise prepares the next.
void buildSimplifyPipeline(mlir::OpPassManager &pm);

/// Registers the passes of this library and the pipeline.
void registerSimplifyPasses();

} // namespace tpo

#endif // TP_OPT_SIMPLIFY_PASSES_H
