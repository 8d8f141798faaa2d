//===- Onnx.cpp - The onnx dialect ----------------------------------------===//

#include "dialects/Onnx/Onnx.h"

#include "mlir/Support/LLVM.h"

using namespace mlir;
using namespace tpo::onnx;

#include "dialects/Onnx/OnnxDialect.cpp.inc"

void OnnxDialect::initialize() { registerOnnxDialectOperations(this); }

Operation *OnnxDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

void tpo::onnx::detail::buildSchemaOp(OpBuilder &builder, OperationState &state,
                                      TypeRange types, ValueRange values,
                                      ArrayRef<NamedAttribute> attributes,
                                      unsigned numOperands,
                                      unsigned numResults) {
  state.addOperands(values);
  if (values.size() < numOperands) {
    Value none = NoValueOp::create(builder, state.location);
    for (size_t i = values.size(); i < numOperands; ++i)
      state.operands.push_back(none);
  }
  state.addTypes(types);
  for (size_t i = types.size(); i < numResults; ++i)
    state.addTypes(builder.getNoneType());
  state.addAttributes(attributes);
}

void ConstantOp::build(OpBuilder &, OperationState &state, ElementsAttr value) {
  state.addAttribute(getValueAttrName(state.name), value);
  state.addTypes(value.getType());
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

void NoValueOp::build(OpBuilder &builder, OperationState &state) {
  state.addTypes(builder.getNoneType());
}

void SymbolicConstantOp::build(OpBuilder &, OperationState &state, Type type,
                               tp::DimsAttr value) {
  state.addAttribute(getValueAttrName(state.name), value);
  state.addTypes(type);
}

LogicalResult SymbolicConstantOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (type.getRank() > 1)
    return emitOpError("expects a scalar or a vector, got ") << type;
  if (!type.getElementType().isSignlessInteger())
    return emitOpError("expects signed integer elements, got ") << type;
  size_t size = getValue().getExprs().size();
  if (size != static_cast<size_t>(type.getNumElements()))
    return emitOpError("has ") << size << " expressions for " << type;
  return success();
}
