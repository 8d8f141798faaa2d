//===- Report.h - What the compiler did with a model ------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PIPELINE_REPORT_H
#define TP_OPT_PIPELINE_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <utility>
#include <vector>

namespace tpo {

/// Collects the sections of `--report` while a module passes the phases.
class Report {
public:
  /// What no raise recognised, from the simplified module.
  void addSimplified(mlir::ModuleOp simplified);
  /// Layouts and their reasons, from the planned module.
  void addPlan(mlir::ModuleOp planned);
  /// Mesh, weights, arithmetic and collectives, from the program of one rank;
  /// sizes at these symbol values.
  mlir::LogicalResult addPartitioned(mlir::ModuleOp partitioned, llvm::ArrayRef<int64_t> symbols);
  void addTiming(llvm::StringRef phase, double milliseconds);
  /// The report with the process's peak memory so far.
  llvm::json::Object take();

private:
  llvm::json::Object root;
  llvm::json::Object timings;
};

} // namespace tpo

#endif // TP_OPT_PIPELINE_REPORT_H
