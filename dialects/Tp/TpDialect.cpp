//===- TpDialect.cpp - The tp dialect -------------------------------------===//

#include "dialects/Tp/Tp.h"

using namespace mlir;
using namespace tpo::tp;

#include "dialects/Tp/TpDialect.cpp.inc"

void TpDialect::initialize() {
  registerAttributes();
  registerTypes();
  registerOperations();
}
