//===- Toy.h - A dialect of another compiler --------------------*- C++ -*-===//

#ifndef TOY_TOY_H
#define TOY_TOY_H

#include "dialects/Tp/Interfaces.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ToyDialect.h.inc"
#define GET_OP_CLASSES
#include "ToyOps.h.inc"

#endif // TOY_TOY_H
