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

#include <memory>
#include <string>

namespace tpo {

struct ConfigurationTable;
class ReportGraph;

/// Collects the sections of `--report` while a module passes the phases.
/// docs/report.md describes them.
class Report {
public:
  Report();
  ~Report();
  void addModel(llvm::StringRef name) { root["model"] = llvm::json::fixUTF8(name); }
  /// What no raise recognised, from the simplified module.
  void addSimplified(mlir::ModuleOp simplified);
  /// What follows is about the functions that run for these symbol values, and
  /// sizes are at these: layouts and their reasons, from the planned module;
  void addPlan(mlir::ModuleOp planned, llvm::ArrayRef<int64_t> symbols = {});
  /// the graph, from the last module with whole tensors and their layouts;
  void addGlobal(mlir::ModuleOp global, llvm::ArrayRef<int64_t> symbols = {});
  /// mesh, weights, arithmetic and collectives, from the program of one rank.
  mlir::LogicalResult addPartitioned(mlir::ModuleOp partitioned, llvm::ArrayRef<int64_t> symbols);
  /// Which function runs for which sizes and what it moves at these ones, where
  /// the program has several.
  mlir::LogicalResult addVariants(mlir::ModuleOp partitioned, llvm::ArrayRef<llvm::SmallVector<int64_t>> points);
  /// What the cost model predicts of a cluster's configurations; `tp` and `ep` are what is
  /// compiled.
  void addConfigurations(const ConfigurationTable &table, int64_t tp, int64_t ep);
  void addTiming(llvm::StringRef phase, double milliseconds);
  /// The report with the process's peak memory so far.
  llvm::json::Object take();

private:
  llvm::json::Object root;
  llvm::json::Object timings;
  std::unique_ptr<ReportGraph> graph;
};

/// The report as the text of a file of this name: a page for people where it
/// ends in .html, JSON else.
std::string formatReport(llvm::json::Object report, llvm::StringRef path);

} // namespace tpo

#endif // TP_OPT_PIPELINE_REPORT_H
