//===- ShapeInference.h - Symbolic result types of ONNX operators -*- C++
//-*-===//
//
// One function per operator family sets the element type and the symbolic
// sizes of a node's results from its operands and attributes. The ONNX
// library's own inference knows symbols as opaque names only.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_IMPORT_SHAPEINFERENCE_H
#define TPOPT_LIB_IMPORT_SHAPEINFERENCE_H

#include "Node.h"

namespace tpo::importer {

using InferFn = mlir::LogicalResult (*)(Node &);
using InferTable = llvm::StringMap<InferFn>;

/// Sets node.resultTypes for every result that the operator always has and
/// every one that is wanted.
mlir::LogicalResult inferShapes(Node &node);

/// Whether `inferShapes` knows the operation ("onnx.MatMul").
bool hasInference(llvm::StringRef mlirName);

/// The families, by operation name ("onnx.MatMul").
void addElementwiseInference(InferTable &table);
void addMovementInference(InferTable &table);
void addIndexingInference(InferTable &table);
void addReductionInference(InferTable &table);
void addContractionInference(InferTable &table);
void addConvolutionInference(InferTable &table);
void addImageInference(InferTable &table);
void addSignalInference(InferTable &table);
void addAttentionInference(InferTable &table);
void addContribInference(InferTable &table);

/// The element type that the ONNX type number `dataType` names; an error if
/// there is none.
mlir::FailureOr<mlir::Type> resolveElementType(Node &node, int64_t dataType);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_SHAPEINFERENCE_H
