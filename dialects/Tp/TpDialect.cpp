//===- TpDialect.cpp - The tp dialect -------------------------------------===//

#include "dialects/Tp/Tp.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace tpo::tp;

#include "dialects/Tp/TpDialect.cpp.inc"

void TpDialect::initialize() {
  registerAttributes();
  registerTypes();
  registerOperations();
}

static LogicalResult verifyStrings(Operation *op, NamedAttribute attribute) {
  auto array = dyn_cast<ArrayAttr>(attribute.getValue());
  if (!array || !llvm::all_of(array, llvm::IsaPred<StringAttr>))
    return op->emitOpError() << '\'' << attribute.getName().getValue()
                             << "' must be an array of strings";
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
  return success();
}

LogicalResult TpDialect::verifyRegionArgAttribute(Operation *op,
                                                  unsigned regionIndex,
                                                  unsigned argIndex,
                                                  NamedAttribute attribute) {
  return success();
}

LogicalResult TpDialect::verifyRegionResultAttribute(Operation *op,
                                                     unsigned regionIndex,
                                                     unsigned resultIndex,
                                                     NamedAttribute attribute) {
  return success();
}
