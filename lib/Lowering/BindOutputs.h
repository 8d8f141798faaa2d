//===- BindOutputs.h - Results become destination arguments -----*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_BINDOUTPUTS_H
#define TPOPT_LIB_LOWERING_BINDOUTPUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace tpo {

/// Replaces the results of the host function by destination arguments (marked
/// `rt.output`, with the results' attributes): the operation that computes a
/// result writes it directly; what no operation computes is copied.
void bindOutputs(mlir::func::FuncOp func);

/// Finds the states: inputs that a cache append extends to an output, in each of
/// the program's `functions`. Both become strided (`rt.strided`) everywhere and
/// are listed in the module's `rt.states`.
void markStates(mlir::ModuleOp module, llvm::ArrayRef<mlir::func::FuncOp> functions);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_BINDOUTPUTS_H
