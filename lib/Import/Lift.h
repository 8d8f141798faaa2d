//===- Lift.h - Operators of older opsets in current form ------*- C++ -*-===//

#ifndef TPOPT_LIB_IMPORT_LIFT_H
#define TPOPT_LIB_IMPORT_LIFT_H

#include "Node.h"

namespace tpo::importer {

/// The opset from which on models are understood.
inline constexpr int kOldestOpset = 7;

/// Changes operands and attributes of a node of opset `node.opset` into those
/// of the newest version of its operator. An error where the operator's
/// meaning has changed since in a way that has no current form.
mlir::LogicalResult liftNode(Node &node, ValueFactory &values);

/// The current name of an operator that was renamed.
llvm::StringRef currentName(llvm::StringRef opType);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_LIFT_H
