//===- Interfaces.h - What operations tell the sharding passes --*- C++ -*-===//

#ifndef DIALECTS_TP_INTERFACES_H
#define DIALECTS_TP_INTERFACES_H

#include "dialects/Tp/PartitionContext.h"
#include "dialects/Tp/ShardingRule.h"

#include "mlir/IR/Builders.h"

#include "dialects/Tp/TpInterfaces.h.inc"

#endif // DIALECTS_TP_INTERFACES_H
