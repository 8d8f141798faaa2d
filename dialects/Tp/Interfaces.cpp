//===- Interfaces.cpp - What operations tell the sharding passes ----------===//

#include "dialects/Tp/Interfaces.h"

#include "dialects/Tp/TpInterfaces.cpp.inc"
