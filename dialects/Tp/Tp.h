//===- Tp.h - The tp dialect ------------------------------------*- C++ -*-===//
//
// Everything generated for the tp dialect: dialect, attributes, types,
// interfaces and operations.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_TP_H
#define DIALECTS_TP_TP_H

#include "dialects/Tp/Dims.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tp/TpDialect.h.inc"

#include "dialects/Tp/TpEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tp/TpAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Tp/TpTypes.h.inc"

namespace tpo::tp {
/// The verifier of every collective.
mlir::LogicalResult verifyCollectiveOp(mlir::Operation *op);
} // namespace tpo::tp

#include "dialects/Tp/TpCollectiveInterface.h.inc"

#define GET_OP_CLASSES
#include "dialects/Tp/TpOps.h.inc"

#endif // DIALECTS_TP_TP_H
