//===- DeviceConfigurations.h - Plans in ONNX's own terms -------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX describes a sharding by the list of devices that hold the shards and by
// the number of shards of (factors of) dimensions; a mesh axis that splits a
// dimension is one such list. Both ways go through the module attribute
// `onnx.shardings` (tp-opt/Import/Import.h).
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_DEVICECONFIGURATIONS_H
#define TP_OPT_PLANNING_DEVICECONFIGURATIONS_H

#include "tp-opt/Planning/Planner.h"

namespace tpo {

/// Demands what the module's `onnx.shardings` say for as many devices as the
/// mesh has, and removes them. A warning where there are only others; an error
/// for a sharding that no layout on the mesh is.
mlir::LogicalResult addDeviceConstraints(mlir::func::FuncOp function, const tp::Mesh &mesh);

/// Whether `onnx.shardings` are read and written for a mesh: of one axis only.
bool hasDeviceConfiguration(const tp::Mesh &mesh);

/// A plan, not applied yet, as an entry of `onnx.shardings`. What its terms
/// cannot express is left out: pending sums, unequal parts of fused weights.
mlir::DictionaryAttr makeDeviceConfiguration(const TensorTable &table, const Planner &planner, const Plan &plan,
                                             const tp::Mesh &mesh, mlir::MLIRContext *context);

} // namespace tpo

#endif // TP_OPT_PLANNING_DEVICECONFIGURATIONS_H
