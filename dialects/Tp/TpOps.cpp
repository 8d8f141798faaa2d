//===- TpOps.cpp - Operations of the tp dialect ---------------------------===//

#include "dialects/Tp/Tp.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace tpo::tp;

#include "dialects/Tp/TpCollectiveInterface.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Tp/TpOps.cpp.inc"

void TpDialect::registerOperations() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Tp/TpOps.cpp.inc"
      >();
}
