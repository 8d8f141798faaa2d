//===- ShapeInference.cpp - Symbolic result types of ONNX operators -------===//

#include "ShapeInference.h"

#include "ModelFile.h"

using namespace mlir;
using namespace tpo::importer;

static const InferTable &getTable() {
  static const InferTable table = [] {
    InferTable table;
    addElementwiseInference(table);
    addMovementInference(table);
    addIndexingInference(table);
    addReductionInference(table);
    addContractionInference(table);
    addConvolutionInference(table);
    addImageInference(table);
    addSignalInference(table);
    addAttentionInference(table);
    addContribInference(table);
    return table;
  }();
  return table;
}

bool tpo::importer::hasInference(StringRef mlirName) {
  return getTable().contains(mlirName);
}

LogicalResult tpo::importer::inferShapes(Node &node) {
  InferFn infer = getTable().lookup(node.info->mlirName);
  if (!infer)
    return node.emitError() << "operator " << node.opType() << " (opset "
                            << node.opset << ") is not supported";
  return infer(node);
}

FailureOr<Type> tpo::importer::resolveElementType(Node &node,
                                                  int64_t dataType) {
  if (Type type = convertElementType(dataType, node.context()))
    return type;
  return node.emitError() << "element type " << elementTypeName(dataType)
                          << " is not supported";
}
