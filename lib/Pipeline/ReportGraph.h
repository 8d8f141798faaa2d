//===- ReportGraph.h - The planned graph for the report ---------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The "graph" section of the report: operations and collectives in dataflow
// order, repeated layers once. docs/report.md describes its keys.
//
//===----------------------------------------------------------------------===//

#ifndef LIB_PIPELINE_REPORTGRAPH_H
#define LIB_PIPELINE_REPORTGRAPH_H

#include "dialects/Tp/Reshard.h"
#include "tp-opt/Collectives/CollectiveSummary.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace tpo {

/// The name of the node that an operation came from, else the operation's. Names
/// are whatever bytes a file contains; this is UTF-8, as JSON needs.
std::string getReportName(mlir::Operation *op);
/// As `#tp.layout` prints it, without the mesh.
std::string getLayoutText(tp::LayoutAttr attr, const tp::Mesh &mesh);

/// Built in two steps: what is computed from the last module that has layouts
/// and whole tensors, what moves from the program of one rank, since passes
/// behind the partitioning still merge collectives.
class ReportGraph {
public:
  void addGlobal(mlir::ModuleOp module, llvm::ArrayRef<mlir::func::FuncOp> functions);
  /// `entries` are those of `summarizeCollectives` of the functions.
  void addCollectives(llvm::ArrayRef<mlir::func::FuncOp> partitioned, llvm::ArrayRef<CollectiveEntry> entries);
  llvm::json::Object toJSON() const;

private:
  struct Tensor {
    std::string name; ///< Weights only.
    llvm::json::Value shape = nullptr;
    std::string dtype, layout;
  };
  struct Node {
    std::string name, op, reason;
    std::optional<int64_t> layer;
    std::vector<size_t> inputs;
    std::vector<Tensor> results, weights;
    std::vector<std::string> outputs; ///< Names of the model's outputs that it computes.
    std::vector<size_t> users;
    /// Of the "collectives" section: the one that a collective is; what
    /// partitioning added inside of an operation.
    std::vector<size_t> collectives;
    const void *location = nullptr;            ///< Unique: identifies the node after partitioning.
    const void *from = nullptr, *to = nullptr; ///< The layouts between which a collective goes.
  };
  /// Nodes outside of the layers, or one layer.
  using Group = std::vector<size_t>;
  /// One part of the network: what is outside of layers, or a run of layers.
  struct Section {
    bool isLayers = false;
    std::vector<std::pair<std::optional<int64_t>, Group>> groups;
  };

  void addFunction(mlir::func::FuncOp function, const tp::Mesh &mesh);
  void addOperation(mlir::Operation *op, const tp::Mesh &mesh);
  void addReshard(mlir::Operation *op, mlir::Value input, tp::LayoutAttr target, const tp::Mesh &mesh);
  Tensor describe(mlir::Value value, tp::LayoutAttr layout, const tp::Mesh &mesh) const;
  std::vector<Section> getSections() const;
  std::vector<size_t> getSources(const Group &group) const;
  std::string getSignature(const Group &group) const;
  llvm::json::Object toJSON(size_t number) const;
  llvm::json::Object toJSON(llvm::ArrayRef<std::pair<std::optional<int64_t>, Group>> same) const;

  std::vector<Node> nodes;
  std::optional<tp::ReshardPlans> reshards; ///< Of the function that is being added.
  std::vector<CollectiveEntry> entries;
  llvm::SmallVector<llvm::StringRef> symbols; ///< Valid while a module is being added.
  /// Of values: the node that computes them, or the weight that they are.
  llvm::DenseMap<mlir::Value, size_t> producers;
  llvm::DenseMap<mlir::Value, Tensor> weights;
};

} // namespace tpo

#endif // LIB_PIPELINE_REPORTGRAPH_H
