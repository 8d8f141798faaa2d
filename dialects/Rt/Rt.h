//===- Rt.h - The rt dialect ------------------------------------*- C++ -*-===//
//
// The execution level: see RtDialect.td. Everything generated for the dialect.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_RT_RT_H
#define DIALECTS_RT_RT_H

#include "dialects/Tp/Tp.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tpo::rt {

/// The attribute `perms` of destination-style operations, for one operand:
/// dimension i of the operation's operand is dimension perm[i] of the value.
/// Empty for the identity.
llvm::ArrayRef<int64_t> getOperandPerm(mlir::Operation *op, unsigned operand);

/// Reads of all inputs and writes of all inits that are memrefs.
void getDestinationStyleEffects(
    mlir::Operation *op,
    llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects);

/// One-shot bufferization of every operation of the dialect.
void registerBufferizationModels(mlir::DialectRegistry &registry);

} // namespace tpo::rt

#include "dialects/Rt/RtDialect.h.inc"

#include "dialects/Rt/RtEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Rt/RtAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Rt/RtOps.h.inc"

#endif // DIALECTS_RT_RT_H
