//===- Onnx.h - The onnx dialect ------------------------------*- C++ -*-===//
//
// Operations of the imported graph: see OnnxBase.td for the conventions. The
// classes are generated from the ONNX library's operator schemas.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_DIALECTS_ONNX_ONNX_H
#define TPOPT_DIALECTS_ONNX_ONNX_H

#include "dialects/Tp/Tp.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tpo::onnx::detail {
/// Builds an operation of a schema with `numOperands` operands and
/// `numResults` results before its variadic tail: what `types` and `values`
/// leave out at the end becomes `none` and onnx.NoValue.
void buildSchemaOp(mlir::OpBuilder &builder, mlir::OperationState &state,
                   mlir::TypeRange types, mlir::ValueRange values,
                   llvm::ArrayRef<mlir::NamedAttribute> attributes,
                   unsigned numOperands, unsigned numResults);
} // namespace tpo::onnx::detail

#include "dialects/Onnx/OnnxDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/Onnx/OnnxOps.h.inc"

namespace tpo::onnx {

/// True for the value of an absent optional operand.
inline bool isNoValue(mlir::Value value) {
  return llvm::isa<mlir::NoneType>(value.getType());
}

} // namespace tpo::onnx

#endif // TPOPT_DIALECTS_ONNX_ONNX_H
