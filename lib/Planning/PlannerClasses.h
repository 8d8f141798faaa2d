//===- PlannerClasses.h - Operations that are planned alike -----*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_PLANNING_PLANNERCLASSES_H
#define TP_OPT_LIB_PLANNING_PLANNERCLASSES_H

#include "tp-opt/Planning/Planner.h"

namespace tpo {

/// All that tells classes apart: uniqued pointers and small numbers.
using ClassKey = llvm::SmallVector<const void *, 0>;
inline const void *asKey(int64_t number) { return reinterpret_cast<const void *>(intptr_t(number)); }

/// The layout once pending reductions are finished.
inline tp::LayoutAttr withoutPartial(tp::LayoutAttr layout) {
  return tp::LayoutAttr::get(layout.getContext(), layout.getMesh(), layout.getDims(), tp::ReductionKind::Sum, {});
}

inline bool isReturn(mlir::OpOperand *use) { return use->getOwner()->hasTrait<mlir::OpTrait::IsTerminator>(); }

struct Planner::OpClass {
  std::vector<Strategy> strategies;
  std::vector<PointTimes> times; ///< One per strategy.
  /// What a device holds of the weights that are read, one per strategy.
  std::vector<double> weightBytes;
  CostNetwork::Table cost = 0;
};

/// A value with its producer and readers.
struct Planner::ValueClass {
  /// In which it may be delivered to several readers; empty for a single one.
  llvm::SmallVector<tp::LayoutAttr> layouts;
  /// From the producer's state to the delivered layout, or to the only reader's
  /// state. Of one variable where the other end is the function's.
  std::optional<CostNetwork::Table> fromProducer;
  llvm::SmallVector<CostNetwork::Table> toUses; ///< From the delivered layout.
};

struct Planner::Classes {
  std::map<ClassKey, std::unique_ptr<OpClass>> ops;
  std::map<ClassKey, std::unique_ptr<ValueClass>> values;
};

/// How a value gets from its producer to its readers.
struct Planner::Delivery {
  struct Reshard {
    tp::LayoutAttr from, to;
    mlir::Operation *user; ///< The first one.
  };
  struct Use {
    mlir::OpOperand *use;
    tp::LayoutAttr layout;
  };
  tp::LayoutAttr own;    ///< The producer's.
  tp::LayoutAttr common; ///< That all readers' start from.
  llvm::SmallVector<Reshard> reshards;
  llvm::SmallVector<Use> uses;
};

} // namespace tpo

#endif // TP_OPT_LIB_PLANNING_PLANNERCLASSES_H
