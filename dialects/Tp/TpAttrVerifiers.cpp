//===- TpAttrVerifiers.cpp - Discardable attributes of tp -----------------===//

#include "dialects/Tp/Layout.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace tpo::tp;

static LogicalResult verifyStrings(Operation *op, NamedAttribute attribute) {
  auto array = dyn_cast<ArrayAttr>(attribute.getValue());
  if (!array || !llvm::all_of(array, llvm::IsaPred<StringAttr>))
    return op->emitOpError() << '\'' << attribute.getName().getValue()
                             << "' must be an array of strings";
  return success();
}

static LogicalResult verifyLayouts(Operation *op, NamedAttribute attribute) {
  auto layouts = dyn_cast<ArrayAttr>(attribute.getValue());
  if (!layouts || !llvm::all_of(layouts, llvm::IsaPred<LayoutAttr>))
    return op->emitOpError() << '\'' << TpDialect::kLayoutsAttr
                             << "' must be an array of layouts";
  if (layouts.size() != op->getNumResults())
    return op->emitOpError()
           << '\'' << TpDialect::kLayoutsAttr << "' has " << layouts.size()
           << " layouts for " << op->getNumResults() << " results";
  for (auto [index, layout] : llvm::enumerate(layouts))
    if (failed(verifyLayoutAttr(cast<LayoutAttr>(layout), op->getResult(index).getType(), op,
                                [&, index = index] { return op->emitOpError() << "result #" << index << ": "; })))
      return failure();
  return success();
}

LogicalResult TpDialect::verifyOperationAttribute(Operation *op,
                                                  NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (name == kSymbolsAttr || name == kFilesAttr) {
    if (!isa<ModuleOp>(op))
      return op->emitOpError() << '\'' << name << "' belongs on a module";
    return verifyStrings(op, attribute);
  }
  if (name == kReasonsAttr)
    return verifyStrings(op, attribute);
  if (name == kLayoutsAttr)
    return verifyLayouts(op, attribute);
  return success();
}

/// Checks `tp.layout` of a function argument or result. Once the function is
/// written for one rank, `tp.global_type` is the tensor that the layout is of.
static LogicalResult verifySignatureLayout(Operation *op,
                                           NamedAttribute attribute, Type type,
                                           Attribute globalType,
                                           const Twine &what) {
  if (attribute.getName() != TpDialect::kLayoutAttr)
    return success();
  auto layout = dyn_cast<LayoutAttr>(attribute.getValue());
  if (!layout)
    return op->emitOpError()
           << what << ": '" << TpDialect::kLayoutAttr << "' must be a layout";
  if (auto attr = dyn_cast_or_null<TypeAttr>(globalType))
    type = attr.getValue();
  return verifyLayoutAttr(layout, type, op,
                          [&] { return op->emitOpError() << what << ": "; });
}

LogicalResult TpDialect::verifyRegionArgAttribute(Operation *op,
                                                  unsigned regionIndex,
                                                  unsigned argIndex,
                                                  NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || regionIndex != 0)
    return success();
  return verifySignatureLayout(op, attribute,
                               function.getArgumentTypes()[argIndex],
                               function.getArgAttr(argIndex, kGlobalTypeAttr),
                               "argument #" + Twine(argIndex));
}

LogicalResult TpDialect::verifyRegionResultAttribute(Operation *op,
                                                     unsigned regionIndex,
                                                     unsigned resultIndex,
                                                     NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || regionIndex != 0)
    return success();
  return verifySignatureLayout(
      op, attribute, function.getResultTypes()[resultIndex],
      function.getResultAttr(resultIndex, kGlobalTypeAttr),
      "result #" + Twine(resultIndex));
}
