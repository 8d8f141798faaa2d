//===- Configurations.h - Ways to use the devices of a cluster --*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All dp x pp x ep x tp that use the devices of a cluster, with the time and memory
// that the cost model predicts. docs/planning.md has the formulas.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_CONFIGURATIONS_H
#define TP_OPT_PLANNING_CONFIGURATIONS_H

#include "tp-opt/Planning/Assumptions.h"
#include "tp-opt/Planning/Cluster.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tpo {

/// Bytes that one rank needs, on the rank that needs most.
struct RankMemory {
  double weights = 0;
  double caches = 0;      ///< And other inputs of this size.
  double activations = 0; ///< At the point of the step that needs most.

  double total() const { return weights + caches + activations; }
};

struct Configuration {
  int64_t dp = 1, pp = 1, tp = 1;
  int64_t ep = 1;                     ///< More than 1 only where experts are divided.
  std::vector<int64_t> layersOfStage; ///< Of places in the chain of layers; one entry per stage.
  double prefillMs = 0;               ///< Of one request, alone.
  std::optional<double> decodeMs;     ///< One step; none for models without a cache.
  double prefillsPerSecond = 0;       ///< All stages and replicas busy.
  std::optional<double> tokensPerSecond;
  double communication = 0; ///< Part of the time that is spent in collectives and between stages.
  RankMemory memory;
  bool isPredicted = true; ///< False: no plan; `reason` says why, and the figures mean nothing.
  bool fits = true;
  bool isChosen = false; ///< The fastest for one request.
  std::string reason;
  double objectiveMs = 0; ///< One prefill and the decode steps behind it.
};

struct ConfigurationTable {
  std::string cluster;
  int64_t devices = 1;
  double memoryBytes = 0; ///< That a device has.
  double decodeSteps = 0; ///< Per prefill in the objective.
  std::string sizes;      ///< What is assumed, as "batch=1, seq=512".
  bool hasDecode = false;
  std::vector<Configuration> rows;  ///< The best first, what does not fit last.
  std::vector<std::string> reasons; ///< Sentences about what wins and why.

  const Configuration *getChosen() const;
};

/// The fastest of `table`'s configurations that `tp` alone makes: dp and pp are
/// predictions only, an axis for experts is asked for as a mesh. Null where none fits.
const Configuration *getBestTensorParallel(const ConfigurationTable &table);

/// Ranks the configurations of one function; with `tensorParallel` only those of
/// these sizes, pp, dp and ep being 1. The function gets its `tp.layer`s and is not
/// changed otherwise. Fails with an error at the function.
mlir::FailureOr<ConfigurationTable> rankConfigurations(mlir::func::FuncOp function, const Cluster &cluster,
                                                       int64_t devices, const Assumptions &assumptions,
                                                       llvm::ArrayRef<int64_t> tensorParallel = {});

/// The table as text for people: aligned columns.
void printTable(const ConfigurationTable &table, llvm::raw_ostream &os);
/// "7.1 ms", "141.1 GB": figures in sentences.
std::string formatMilliseconds(double milliseconds);
std::string formatGigabytes(double bytes);
/// Fills in every row's and the table's reasons.
void explainTable(ConfigurationTable &table);

/// Operating points that plans are made for: a prefill, and the decode steps that
/// follow it.
std::vector<OperatingPoint> getOperatingPoints(const Assumptions &assumptions, mlir::ModuleOp module);

} // namespace tpo

#endif // TP_OPT_PLANNING_CONFIGURATIONS_H
