//===- TpTypes.cpp - Types of the tp dialect ------------------------------===//

#include "dialects/Tp/Tp.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tpo::tp;

#define GET_TYPEDEF_CLASSES
#include "dialects/Tp/TpTypes.cpp.inc"

void TpDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tp/TpTypes.cpp.inc"
      >();
}
